"""Language models under a budget: gradients of single texts, heads, adapters, and what they promise."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import trasunto as tr
from trasunto.data.dataset import Dataset, Table
from trasunto.errors import BudgetError
from trasunto.language import finetune as adapters
from trasunto.language.classify import ClassifySettings, load_classifier, train_on
from trasunto.language.head import Head
from trasunto.language.pretrained import load_encoder
from trasunto.language.private import PRETRAINED, clipped_sums, descend, fit_head_private, granted, single_gradients
from trasunto.language.tuned_private import tune_private
from trasunto.networks.course import Curves
from trasunto.networks.private import Descent
from trasunto.privacy.accountant import dpsgd_epsilon
from trasunto.privacy.budget import Budget
from trasunto.privacy.mechanisms import injected
from trasunto.synthesizers.lm_finetune import LmFinetune
from trasunto.synthesizers.model import load_model

torch = pytest.importorskip("torch")
pytest.importorskip("opacus")


def declared(table):
    """The same dataset, with the labels of its category column taken as public."""
    dataset = tr.read(table)
    columns = tuple(
        replace(each, declared=True, categories=("bad", "good")) if each.name == "label" else each
        for each in dataset.only.schema.columns
    )
    return Dataset.of(Table(replace(dataset.only.schema, columns=columns), dataset.rows), dataset.name)


@pytest.fixture(scope="module")
def reviews(texts):
    return declared(pl.DataFrame({"text": [t for t, _ in texts], "label": [each for _, each in texts]}))


@pytest.fixture(scope="module")
def budget(reviews):
    return Budget(8.0, 1e-5, rows=len(reviews))


def adapted(decoder):
    """(network, weights that learn, loss of examples) of a small decoder with an adapter that says something."""
    tokenizer, network, device = adapters.load_decoder(decoder, "float32")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = adapters.adapted(network, 2, 4)
        weights = {name: each for name, each in network.named_parameters() if each.requires_grad}
        with torch.no_grad():
            for each in weights.values():
                each.copy_(torch.randn_like(each) * 0.1)
    said = ["the room was lovely", "the food was awful and we want our money back", "the bar"]
    coded = [adapters._coded(tokenizer, adapters.Prompted("good:", f" {text}"), 20) for text in said]

    def loss_of(batch):
        return adapters._loss(network, [coded[place] for place in batch], tokenizer.pad_token_id, device)[0]

    return network.train(), weights, loss_of


def test_clipped_sums_of_an_adapter_are_those_of_texts_taken_one_by_one(decoder, monkeypatch):
    # In bfloat16 sums over a batch and over one text differ in the third digit.
    monkeypatch.setattr(adapters, "halves", lambda device: torch.autocast("cpu", enabled=False))
    network, weights, loss_of = adapted(decoder)
    alone = [
        dict(zip(weights, torch.autograd.grad(loss_of([row]), list(weights.values())), strict=True)) for row in range(3)
    ]
    norms = [sum(float(each.square().sum()) for each in found.values()) ** 0.5 for found in alone]
    clip = sorted(norms)[1] * 1.0
    with single_gradients(network):
        found = clipped_sums(weights, loss_of, np.arange(3), Descent(1.0, 1, clip, 1.0, 3.0))
    for name in weights:
        expected = sum(each[name] * min(1.0, clip / size) for each, size in zip(alone, norms, strict=True))
        assert torch.allclose(found[name], expected, atol=1e-3, rtol=1e-2), name
    assert all(not hasattr(each, "grad_sample") or each.grad_sample is None for each in weights.values())


def test_an_empty_sample_of_texts_is_noise_alone(decoder):
    network, weights, loss_of = adapted(decoder)
    with single_gradients(network):
        assert clipped_sums(weights, loss_of, np.arange(0), Descent(1.0, 1, 1.0, 1.0, 3.0)) == {}


def test_a_private_head_learns_and_is_held_to_its_clip():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 2000)
    vectors = np.eye(2)[truth] + rng.normal(0, 0.3, (2000, 2))
    with injected(rng):
        head, curves = fit_head_private(vectors, truth, 2, Descent(0.2, 40, 1.0, 2.0, 400.0), 0.1)
    assert (head.probabilities(vectors).argmax(axis=1) == truth).mean() > 0.9
    assert curves.steps == 40 and curves.train == ()
    # Labels that are none of those declared teach nothing: what is left is noise.
    with injected(np.random.default_rng(1)):
        lost, _ = fit_head_private(vectors, np.full(2000, -1), 2, Descent(0.2, 1, 1.0, 1e-6, 400.0), 0.1)
        none, _ = fit_head_private(vectors[:1], np.full(1, -1), 2, Descent(0.2, 1, 1.0, 1e-6, 400.0), 0.1)
    assert np.abs(lost.weight).max() <= 0.11 and np.abs(none.weight).max() <= 0.11


@pytest.fixture(scope="module")
def classifier(reviews, encoder, budget):
    with injected(np.random.default_rng(0)):
        return train_on(reviews, settings=ClassifySettings(base=str(encoder), steps=30), budget=budget)


def test_a_private_classifier_keeps_its_guarantee(classifier, budget, reviews, tmp_path):
    promised = classifier.guarantee
    assert promised.spent == budget and promised.unit == "row" and PRETRAINED in promised.assumptions
    noise = float(promised.spending[-1].note.split("noise multiplier ")[1].split(",")[0])
    exact = dpsgd_epsilon(noise, rate=0.2, steps=30, delta=1e-5)[0]
    assert promised.spending[-1].epsilon == pytest.approx(exact, rel=2e-3) and exact <= 8.01
    classifier.save(tmp_path / "lm")
    again = load_classifier(tmp_path / "lm")
    assert again.guarantee == promised and "prepare" not in again.facts
    said = reviews.rows["text"][:20].to_list()
    assert again.predict(said) == classifier.predict(said)
    assert (np.array(classifier.predict(reviews.rows["text"])) == reviews.rows["label"].to_numpy()).mean() > 0.6


def test_labels_and_rows_must_be_public_or_paid(reviews, encoder):
    plain = tr.read(reviews.rows)
    settings = ClassifySettings(base=str(encoder), steps=2)
    with pytest.raises(BudgetError, match=r"values of the label 'label', the number of rows"):
        train_on(plain, settings=settings, budget=Budget(1.0, 1e-5))
    with injected(np.random.default_rng(0)):
        paid = train_on(plain, settings=settings, budget=Budget(8.0, 1e-5, domain_share=0.3))
    assert set(paid.labels) == {"good", "bad"} and len(paid.guarantee.spending) == 3
    assert paid.facts["texts"] != 0 and paid.guarantee.spending[-1].epsilon <= 0.7 * 8.0


@pytest.fixture(scope="module")
def tuned(reviews, encoder, budget):
    chosen = ClassifySettings("finetune", str(encoder), steps=12, adapter_steps=6, adapter_rate=1e-2)
    with injected(np.random.default_rng(0)):
        return train_on(reviews, settings=chosen, budget=replace(budget, epsilon=30.0))


def test_a_private_adapter_and_its_head_are_paid_from_one_plan(tuned, reviews, encoder, tmp_path):
    promised = tuned.guarantee
    assert promised.spent.epsilon == 30.0 and PRETRAINED in promised.assumptions and len(promised.spending) == 1
    assert "18 of 18 steps" in promised.spending[-1].note and tuned.facts["steps"] == 18
    noise = float(promised.spending[-1].note.split("noise multiplier ")[1].split(",")[0])
    assert dpsgd_epsilon(noise, rate=0.2, steps=18, delta=1e-5)[0] == pytest.approx(30.0, rel=5e-3)
    # Nothing was measured on the texts: no loss, no count of theirs.
    assert not {"curves", "prepare", "cut"} & set(tuned.facts) and tuned.facts["texts"] == len(reviews)
    said = reviews.rows["text"]
    assert (np.array(tuned.predict(said)) == reviews.rows["label"].to_numpy()).mean() > 0.8
    before = adapters_of(encoder, tuned.network.encoder)
    assert before["attention.self.query"] > 0 and before["pooler"] == 0 and before["embeddings"] == 0
    tuned.save(tmp_path / "lm")
    again = load_classifier(tmp_path / "lm")
    assert again.guarantee == promised and again.predict(said[:20]) == tuned.predict(said[:20])


def adapters_of(folder, network):
    """How far some parts of an encoder are from where they started."""
    before = dict(load_encoder(folder)[1].named_parameters())
    moved = {
        name: float((each.detach() - before[name].detach()).abs().max()) for name, each in network.named_parameters()
    }
    parts = ("attention.self.query", "pooler", "embeddings")
    return {part: max(size for name, size in moved.items() if part in name) for part in parts}


def test_gradients_of_single_texts_hold_through_an_encoder_that_draws(encoder, monkeypatch):
    monkeypatch.setattr("trasunto.language.tuned_private.halves", lambda device: torch.autocast("cpu", enabled=False))
    seen = {}

    def watched(network, loss_of, lengths, plan, loop, *, seed, progress):
        # The small encoder has dropout; what a text gives must not hang on the seed or on its neighbours.
        assert any(isinstance(each, torch.nn.Dropout) and each.p > 0 for each in network.modules())
        weights = {name: each for name, each in network.named_parameters() if each.requires_grad}

        def sums(batch):
            network.train()
            found = {}

            def release(self, weights, sums):
                found.update(sums)
                return torch.zeros(())

            with monkeypatch.context() as patch, injected(np.random.default_rng(0)):
                patch.setattr(Descent, "release", release)
                everyone = replace(plan, rate=1.0, steps=1)
                descend(network, lambda rows: loss_of(batch[rows]), lengths[batch], everyone, loop, seed=seed)
            return found

        alone = [sums(np.array([row])) for row in range(3)]
        together = sums(np.arange(3))
        for name in weights:
            expected = sum(each[name] for each in alone)
            assert torch.allclose(together[name], expected, atol=1e-5, rtol=1e-3), name
        seen["norms"] = [sum(float(each.square().sum()) for each in found.values()) ** 0.5 for found in alone]
        return Curves((), (), 1, 1, 0.0, "")

    monkeypatch.setattr("trasunto.language.tuned_private.descend", watched)
    rng = np.random.default_rng(0)
    head = Head(rng.normal(0, 1, (2, 32)), np.zeros(2))
    texts = ("the room was lovely", "the food was awful and we want our money back", "the bar")
    chosen = ClassifySettings("finetune", str(encoder))
    tune_private(texts, np.array([0, 1, 1]), head, encoder, chosen, Descent(1.0, 1, 0.5, 1.0, 3.0))
    assert max(seen["norms"]) <= 0.5 and max(seen["norms"]) == pytest.approx(0.5, rel=1e-3)


def test_rows_as_text_are_spelt_by_what_is_public(encoder, budget):
    frame = pl.DataFrame({"age": [20, 80] * 60, "free": [1.5, 2.5] * 60, "label": ["good", "bad"] * 60})
    plain = declared(frame)
    columns = tuple(
        replace(each, declared=True, bounds=(0, 100)) if each.name == "age" else each
        for each in plain.only.schema.columns
    )
    table = Dataset.of(Table(replace(plain.only.schema, columns=columns), frame), "rows")
    chosen = ClassifySettings(base=str(encoder), steps=20)
    with injected(np.random.default_rng(0)):
        trained = train_on(table, label="label", settings=chosen, budget=replace(budget, rows=120))
    assert trained.texts_of(table).texts[:2] == ("age is 20 (low); free is 1.5", "age is 80 (high); free is 2.5")
    assert trained.lines.cuts == {"age": (5.0, 25.0, 75.0, 95.0)} and trained.guarantee is not None
    # A row that nobody else is like changes no other row's text.
    more = Dataset.of(
        Table(table.only.schema, pl.concat([frame, pl.DataFrame({"age": [99], "free": [1e9], "label": ["bad"]})]))
    )
    assert trained.texts_of(more).texts[:120] == trained.texts_of(table).texts


def test_texts_of_a_person_are_bounded(reviews, budget):
    people = declared(reviews.rows.with_columns(pl.Series("who", np.arange(len(reviews)) // 3)))
    bounded, grant = granted(people, replace(budget, person="who", contributions=2), "label")
    assert bounded.rows["who"].value_counts()["count"].max() == 2
    assert grant.rest.epsilon == 4.0 and grant.labels == ("bad", "good")


def quick(decoder, **more):
    return LmFinetune(base=str(decoder), **{"rate": 0.1, "steps": 2, "longest": 24, **more})


@pytest.fixture(scope="module")
def writer(reviews, decoder, budget):
    # So much that the noise leaves what this small a model needs to end its sentences.
    with injected(np.random.default_rng(0)):
        model = quick(decoder, rate=0.3, steps=30, longest=48, private_rate=1e-2, private_rank=8)
        return model.fit(reviews, seed=0, budget=replace(budget, epsilon=300.0))


def test_a_private_writer_promises_and_comes_back(writer, reviews, budget, tmp_path):
    promised = writer.guarantee
    assert promised.spent == replace(budget, epsilon=300.0) and "single texts" in promised.mechanism
    assert "30 of 30 steps" in promised.spending[-1].note and promised.spending[0].rho is not None
    assert promised.spending[-1].epsilon <= 0.9 * 300.0 and writer.fitted_to == len(reviews)
    writer.save(tmp_path / "m")
    document = json.loads((tmp_path / "m" / "model.json").read_text(encoding="utf-8"))
    assert not {"tokens", "cut"} & set(document["facts"])
    assert list(document["facts"]["curves"]) == ["norm of the noisy gradient"]
    again = load_model(tmp_path / "m")
    assert again.guarantee == promised and again.describe()["labels"] == ["bad", "good"]
    made = again.sample(6, seed=1)
    assert made.rows.columns == ["text", "label"] and len(made) == 6
    with np.load(tmp_path / "m" / "sieve.npz") as stored:
        assert all(each.size == 0 for each in (stored[name] for name in stored.files))


def test_texts_alone_need_a_number_of_rows(reviews, decoder):
    alone = tr.read(reviews.rows.select("text"))
    with pytest.raises(BudgetError, match="the number of rows") as raised:
        quick(decoder).fit(alone, seed=0, budget=Budget(8.0, 1e-5))
    assert "Give the number of rows" in raised.value.next_move and "categories" not in raised.value.next_move
    with injected(np.random.default_rng(0)):
        model = quick(decoder).fit(alone, seed=0, budget=Budget(8.0, 1e-5, rows=len(reviews)))
    assert model.attributes is None and len(model.guarantee.spending) == 1


def test_a_label_that_nobody_declared_is_refused_or_bought(reviews, decoder):
    plain = tr.read(reviews.rows)
    with pytest.raises(BudgetError, match="'label'"):
        quick(decoder).fit(plain, seed=0, budget=Budget(8.0, 1e-5))
    with injected(np.random.default_rng(0)):
        model = quick(decoder).fit(plain, seed=0, budget=Budget(8.0, 1e-5, domain_share=0.3))
    assert model.guarantee.spent.epsilon == 8.0 and model.guarantee.spending[-1].epsilon <= 0.63 * 8.0 + 0.01
