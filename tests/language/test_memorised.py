"""A model that learned texts by heart is caught by every attack; one that never saw them is not."""

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, TableSchema
from trasunto.errors import MetricError
from trasunto.language.classify import ClassifySettings, train_on
from trasunto.language.exposure import BY_CHANCE, Secret, exposed, exposure, secrets_in
from trasunto.language.extraction import chances, discovered, extraction
from trasunto.language.finetune import Prompted
from trasunto.language.memorised import AttackSettings, language_attacks
from trasunto.language.memorised_likelihood import Reader, Seen
from trasunto.language.memorised_membership import membership
from trasunto.pipeline.audit import AuditOptions, audit
from trasunto.pipeline.canary_texts import audit_texts, likelihoods
from trasunto.synthesizers.lm_finetune import LmFinetune

SCHEMA = TableSchema((Column("text", "text"), Column("label", "category", role="label")))
QUICK = AttackSettings(texts=60, secrets=8, candidates=40)


def notes(rows, seed):
    """Texts of one kind, each with numbers that are nobody else's."""
    rng = np.random.default_rng(seed)
    places = ("room", "food", "staff", "view", "bed", "pool", "bar", "lift")
    texts = [
        f"the {rng.choice(places)} was {rng.choice(['lovely', 'dirty', 'clean'])} and the code is "
        f"{rng.integers(10**5, 10**6)} for the {rng.choice(places)} and the {rng.choice(places)}"
        for _ in range(rows)
    ]
    labels = [str(each) for each in rng.choice(["good", "bad"], rows)]
    return Dataset.of(Table(SCHEMA, pl.DataFrame({"text": texts, "label": labels})), "notes")


def learned(base, folder, examples, rounds):
    """The model in `base`, all of it trained on the examples for so many rounds, in a folder."""
    import torch

    reader = Reader.of(base, None, 60)
    coded = [reader.coded(each) for each in examples]
    width = max(len(prompt) + len(text) for prompt, text in coded)
    inputs = torch.tensor([[*p, *t] + [1] * (width - len(p) - len(t)) for p, t in coded])
    answers = inputs.masked_fill(inputs == 1, -100)
    network = reader.network.train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=4e-3)
    for _ in range(rounds):
        network(input_ids=inputs, labels=answers).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    network.save_pretrained(folder)
    reader.tokenizer.save_pretrained(folder)
    return folder


def examples(dataset):
    return [Prompted(f"{label}:", f" {text}") for text, label in dataset.rows.iter_rows()]


@dataclass(frozen=True)
class Whole:
    """A generator all of whose weights were trained: there is no adapter."""

    settings: Any
    adapter: Any = None

    def examples(self, dataset):
        return examples(dataset)


@pytest.fixture(scope="module")
def parrot(decoder, tmp_path_factory):
    """A generator that has read 30 notes three hundred times."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        folder = learned(decoder, tmp_path_factory.mktemp("parrot"), examples(notes(30, 0)), 300)
    return Whole(SimpleNamespace(base=str(folder), longest=60, window=None))


def by_name(scores):
    return {(score.metric, score.subject): score for score in scores}


def test_a_model_that_knows_its_texts_by_heart_is_caught_by_every_attack(parrot):
    found = by_name(language_attacks(parrot, notes(30, 0), notes(60, 1), settings=QUICK))
    assert found["privacy.membership_text", ""].interval[0] > 0.9
    assert found["privacy.membership_text_tpr", ""].interval[0] > 0.8
    assert found["privacy.extraction", ""].interval[0] > 0.8
    assert found["privacy.extraction", "greedy"].value > 0.8
    # Six digits are at most 19.9 bits.
    assert found["privacy.exposure", ""].value > 15
    # What it has not read it does not know.
    assert 0.3 < found["privacy.membership_text", ""].control < 0.7
    assert found["privacy.extraction", ""].control == 0.0
    assert found["privacy.exposure", ""].control < 6


def test_texts_that_it_has_not_read_fire_nothing(parrot):
    found = by_name(language_attacks(parrot, notes(60, 2), notes(60, 1), settings=QUICK))
    # Sixty texts a side know the area to within 0.05: four standard errors.
    assert found["privacy.membership_text", ""].value == pytest.approx(0.5, abs=0.2)
    assert found["privacy.membership_text_tpr", ""].value < 0.15
    assert found["privacy.extraction", ""].value == found["privacy.extraction", "greedy"].value == 0.0
    assert found["privacy.exposure", ""].value < 5


def test_the_synthesizer_is_attacked_as_it_is_and_again_from_its_seed(decoder):
    settings = LmFinetune(base=str(decoder), epochs=1, rank=2, agree=False, longest=60)
    model = settings.fit(notes(30, 0), seed=0)
    quick = AttackSettings(texts=25, secrets=2, candidates=8)
    one, again = (language_attacks(model, notes(30, 0), notes(40, 1), seed=5, settings=quick) for _ in range(2))
    assert one == again
    assert "against the base" in {score.subject for score in one}
    assert model.examples(notes(2, 0))[0].prompt in ("good:", "bad:")


def test_canaries_are_looked_for_in_the_model_itself(decoder):
    settings = LmFinetune(base=str(decoder), epochs=2, learning_rate=1e-2, rank=4, agree=False, longest=60)
    found = audit_texts(notes(40, 0), settings, canaries=24, rows=0)
    assert set(found.attacks) == {"likelihood"} and 0 <= found.auc <= 1
    assert found.epsilon_claimed is None and not found.refuted
    model = settings.fit(notes(40, 0), seed=0)
    asked = model.examples(notes(5, 1))
    before, after = (Reader.of(decoder, adapter, 60).read(asked) for adapter in (None, model.adapter))
    expected = [one.loss - other.loss for one, other in zip(before, after, strict=True)]
    assert likelihoods(model, notes(5, 1)) == pytest.approx(expected)


def test_an_audit_attacks_the_model_beside_its_texts(decoder, tmp_path):
    settings = LmFinetune(base=str(decoder), epochs=1, rank=2, agree=False, longest=60)
    settings.fit(notes(60, 0), seed=0).save(tmp_path / "model")
    options = AuditOptions(model=str(tmp_path / "model"))
    report = audit(notes(60, 0), notes(60, 3), holdout=notes(120, 1), options=options)
    for name in (
        "membership_text",
        "extraction",
        "exposure",
        "verbatim_text",
        "near_duplicates",
        "replayed_identifiers",
    ):
        assert report.score(f"privacy.{name}") is not None, name


def test_a_classifier_is_attacked_by_its_trust_in_the_labels(encoder):
    settings = ClassifySettings(method="finetune", base=str(encoder), epochs=60, learning_rate=1e-2)
    train, unseen = notes(40, 0), notes(60, 1)
    trained = train_on(train, settings=settings)
    # Labels are tossed: what it knows of them it has by heart.
    found = by_name(language_attacks(trained, train, unseen))
    assert set(found) == {
        ("privacy.membership_text", ""),
        ("privacy.membership_text_tpr", ""),
        ("privacy.membership_text", "loss"),
    }
    assert found["privacy.membership_text", ""].interval[0] > 0.5
    # Sixty texts a side know the area to within 0.05: four standard errors.
    fresh = by_name(language_attacks(trained, notes(60, 2), unseen))["privacy.membership_text", ""]
    assert fresh.value == pytest.approx(0.5, abs=0.2)


def test_likelihoods_are_those_of_one_text_alone(parrot):
    reader = Reader.of(Path(parrot.settings.base), None, 60)
    asked = examples(notes(40, 3))
    together = reader.read(asked)
    alone = reader.read(asked[5:6])[0]
    assert np.allclose(together[5].logs, alone.logs, atol=0.1)
    prompt, text = reader.coded(asked[5])
    with torch.inference_mode():
        logits = reader.network(input_ids=torch.tensor([[*prompt, *text]])).logits[0].log_softmax(dim=1)
    expected = [float(logits[len(prompt) + place - 1, token]) for place, token in enumerate(text)]
    assert np.allclose(alone.logs, expected, atol=0.1)
    # Endings are read after a beginning that is read once: the same as reading each whole.
    before = Prompted("good:", " the room was lovely and the code is ")
    ends = ["123456", "999999", "55"]
    wholes = reader.read([Prompted(before.prompt, before.text + end) for end in ends])
    found = reader.endings(before, ends)
    assert np.diff(found) == pytest.approx(np.diff([each.logs.sum() for each in wholes]), abs=0.3)


def test_exposure_is_the_rank_in_bits():
    rng = np.random.default_rng(0)
    others = rng.normal(-30, 3, 4_000)
    assert exposure(float(np.quantile(others, 0.5)), others, 20.0) == pytest.approx(1.0, abs=0.05)
    assert exposure(float(np.quantile(others, 0.99)), others, 20.0) == pytest.approx(6.64, abs=0.2)
    # Beyond all that were tried, by the distribution: five standard deviations are 21.7 bits, and 4.5 are 18.2.
    assert exposure(-30 + 3 * 4.5, others[:400], 30.0) == pytest.approx(18.2, abs=3.0)
    assert exposure(100.0, others, 20.0) == 20.0
    assert exposure(-100.0, others, 20.0) == pytest.approx(0.0, abs=0.01)
    # Secrets that are like all others have 1.44 bits on average, however few are tried.
    drawn = [exposure(float(rng.normal()), rng.normal(size=40), 20.0) for _ in range(3_000)]
    assert np.mean(drawn) == pytest.approx(BY_CHANCE, abs=0.15)


def test_secrets_are_numbers_of_one_text_with_what_stands_before():
    texts = ("call 0612345678 now", "room 12", "win 80086", "win 80086 too", "pin 4321")
    (secret,) = secrets_in([Prompted("x:", f" {text}") for text in texts], 5, np.random.default_rng(0), {"4321"})
    assert (secret.before, secret.digits, secret.prompt) == (" call ", "0612345678", "x:")
    candidates = Secret("", "", "1234").candidates(20, np.random.default_rng(0))
    assert len(candidates) == len(set(candidates)) == 20 and all(len(each) == 4 for each in candidates)
    begun = Secret("", "", "0700123456").candidates(20, np.random.default_rng(0), ["0799999999"] * 8 + ["1234"] * 9)
    assert len(begun) == 20 and all(each.startswith("079") for each in begun)
    assert exposed(np.empty(0), np.ones(3)) == ()


def test_extraction_is_of_the_second_half():
    def seen(first, sampled):
        return Seen(np.full(len(first), -1.0), np.array(first), np.log(np.array(sampled)))

    half = [False] * 10 + [True] * 10
    known = seen(half, [0.1] * 10 + [0.9] * 10)
    short = seen([True] * 15, [1.0] * 15)
    chance, greedy = chances([known, short])
    assert chance == pytest.approx([0.9**10]) and greedy.tolist() == [True]
    assert discovered(np.array([0.5, 1e-3, 1e-4, 0.0, 1.0]), 1_000, 0.5).tolist() == [True, True, False, False, True]
    assert discovered(np.array([0.5, 0.4]), 1, 0.5).tolist() == [True, False]
    wide = extraction([known] * 3, [seen([False] * 20, [0.01] * 20)], tries=2, surety=0.5)
    assert [(score.value, score.control, score.baseline) for score in wide] == [(1.0, 0.0, None)] * 2
    assert extraction([short], [short]) == ()


def test_many_attacks_on_nothing_find_nothing():
    """The attack is chosen on other texts than it is judged on: the best of eight is no better than one."""
    values = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        sides = ({str(k): rng.normal(size=60) for k in range(8)} for _ in range(2))
        values.append(membership(*sides, seed=seed)[0].value)
    assert np.mean(values) == pytest.approx(0.5, abs=0.03)


def test_attacks_on_a_handful_of_texts_are_refused(parrot):
    with pytest.raises(MetricError, match="needs 20 training and as many unseen texts; there are 5 and 60"):
        language_attacks(parrot, notes(5, 0), notes(60, 1), settings=QUICK)
    with pytest.raises(MetricError, match="Counts must be 1 or more"):
        AttackSettings(texts=0)
