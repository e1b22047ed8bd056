"""`markov`: texts for labels, pairs, dialogues; nothing copied; counts under a budget."""

import subprocess
import sys

import numpy as np
import polars as pl
import pytest

import trasunto as tr
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, Format, TableSchema
from trasunto.errors import BudgetError, FitError, ModelError, SampleError
from trasunto.privacy.budget import Budget
from trasunto.privacy.mechanisms import injected
from trasunto.synthesizers.markov_private import threshold

THINGS = ("room", "bed", "food", "view", "pool", "bar", "staff", "lift")
GOOD, BAD = ("lovely", "clean", "superb", "quiet"), ("dirty", "broken", "awful", "noisy")
ENDS = ("we will come again", "at the sea", "in the morning", "said my wife", "for a week", "this time")


def reviews(rows=400, seed=0):
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(rows):
        good = rng.random() < 0.6
        words = rng.choice(GOOD if good else BAD, 2)
        made.append(
            (
                f"The {rng.choice(THINGS)} was {words[0]} and the {rng.choice(THINGS)} {words[1]} {rng.choice(ENDS)}.",
                "good" if good else "bad",
            )
        )
    made.append(("The room of Villaraíz 0123456789 was awful and dirty.", "bad"))
    return made


def dataset(made, **columns):
    schema = TableSchema(
        (Column("text", "text"), Column("label", "category", role="label", categories=("bad", "good"), declared=True))
    )
    return Dataset.of(Table(schema, pl.DataFrame(made, schema=["text", "label"], orient="row")))


@pytest.fixture(scope="module")
def real():
    return dataset(reviews())


@pytest.fixture(scope="module")
def model(real):
    return tr.fit(real, "markov", seed=0)


def test_writes_texts_to_labels_and_repeats_none(model, real):
    made, curation = model.sample_with_curation(300, seed=1)
    rows = made.rows
    assert len(rows) == 300 and rows["text"].null_count() == 0 and rows["text"].n_unique() == 300
    for text, label in rows.rows():
        words = set(text.lower().replace(".", "").split())
        own, other = (GOOD, BAD) if label == "good" else (BAD, GOOD)
        assert not (words & set(other)) or words & set(own)
    assert curation.written >= 300 and curation.kept == 300 and curation.rejected.get("disagrees", 0) > 0
    assert 0.5 < (rows["label"] == "good").mean() < 0.7
    assert not any("Villaraíz" in text or "0123456789" in text for text in rows["text"])


def test_words_of_one_text_are_written_when_asked(real):
    made = tr.fit(real, "markov", seed=0, settings={"least": 1, "agree": False}).sample(2000, seed=1)
    assert any("Villaraíz" in text for text in made.rows["text"])


def test_same_seed_same_texts_also_elsewhere_and_when_loaded(model, real, tmp_path):
    model.save(tmp_path / "model")
    here = model.sample(60, seed=5).digest()
    assert here == model.sample(60, seed=5).digest() != model.sample(60, seed=6).digest()
    code = f"import trasunto as tr; print(tr.load({str(tmp_path / 'model')!r}).sample(60, seed=5).digest())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == here
    loaded = tr.load(tmp_path / "model")
    assert loaded.describe()["labels"] == ["bad", "good"] and loaded.labeller is not None
    (tmp_path / "model" / "words.json").write_text("nothing")
    with pytest.raises(ModelError, match="broken"):
        tr.load(tmp_path / "model")


def test_parts_are_whole_and_given_labels_are_kept(model):
    parts = list(model.batches(50, seed=3, size=20))
    assert [len(part) for part in parts] == [20, 20, 10]
    given = pl.DataFrame({"label": ["bad"] * 30})
    assert set(model.sample(30, seed=1, given=given).rows["label"]) == {"bad"}
    assert set(model.sample(30, seed=1, where="label == 'good'").rows["label"]) == {"good"}
    assert len(model.sample(0, seed=1)) == 0
    with pytest.raises(SampleError, match="temperature is 0"):
        model.sample(1, seed=1, temperature=0)
    with pytest.raises(SampleError, match="-1 rows"):
        model.sample(-1, seed=1)


def test_plain_text_pairs_and_dialogues():
    texts = [text for text, _ in reviews(60)]
    alone = Dataset.of(Table(TableSchema((Column("text", "text"),)), pl.DataFrame({"text": texts})))
    assert tr.fit(alone, "markov", seed=0).sample(20, seed=1).rows.columns == ["text"]
    pairs = pl.DataFrame(
        {"q": [f"How was the {t}?" for t in THINGS] * 6, "a": [f"It was {w}." for w in (*GOOD, *BAD)] * 6}
    )
    schema = TableSchema((Column("q", "text", role="prompt"), Column("a", "text", role="response")))
    made = tr.fit(Dataset.of(Table(schema, pairs)), "markov", seed=0, settings={"order": 2}).sample(12, seed=1).rows
    assert made["q"].str.contains("How").any() and made["a"].str.contains("was").any()
    from trasunto.data.dialogues import Turn, messages, turns_of

    talks = [
        messages([Turn("user", f"Is the {t} {w}?"), Turn("assistant", f"Yes, the {t} is {w}.")])
        for t in THINGS
        for w in GOOD
    ]
    schema = TableSchema((Column("talk", "text", format=Format(messages=True)),))
    told = Dataset.of(Table(schema, pl.DataFrame({"talk": talks})))
    made = tr.fit(told, "markov", seed=0, settings={"order": 2}).sample(5, seed=1).rows["talk"]
    assert all(turns_of(talk)[0].role == "user" for talk in made)


def test_conditions_beside_the_label():
    made = [(text, label, "short" if number % 2 else "long") for number, (text, label) in enumerate(reviews(200))]
    made = [(f"{text} {'Bye.' if kind == 'short' else 'Many greetings.'}", label, kind) for text, label, kind in made]
    schema = TableSchema(
        (Column("text", "text"), Column("label", "category", role="label"), Column("kind", "category"))
    )
    real = Dataset.of(Table(schema, pl.DataFrame(made, schema=["text", "label", "kind"], orient="row")))
    rows = tr.fit(real, "markov", seed=0, settings={"conditions": ("kind",)}).sample(200, seed=1).rows
    by = rows.group_by("kind").agg(pl.col("text").str.contains("Bye").mean()).sort("kind")["text"]
    assert by[1] > by[0] + 0.15


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"order": 0}, "order is 0"),
        ({"pooled": 2.0}, "pooled is 2"),
        ({"attributed": 0.0}, "attributed is 0"),
        ({"longest": 0}, "longest is 0"),
    ],
)
def test_a_setting_out_of_range_is_refused(settings, problem, real):
    with pytest.raises(FitError, match=problem):
        tr.fit(real, "markov", settings=settings)


def test_what_it_cannot_learn_from_is_refused(real):
    few = dataset(reviews(3)[:3])
    with pytest.raises(FitError, match="3 texts; 8"):
        tr.fit(few, "markov")
    rows = Dataset.of(Table(TableSchema((Column("n", "integer"),)), pl.DataFrame({"n": range(20)})))
    with pytest.raises(FitError, match="no column of it"):
        tr.fit(rows, "markov")
    with pytest.raises(SampleError, match=r"are missing; thrown away: .*'duplicate'"):
        tr.fit(dataset([("a b", "good"), ("c d", "bad")] * 6), "markov", settings={"agree": False}).sample(900, seed=1)


def test_under_a_budget_only_what_many_texts_hold_is_told(real):
    more = dataset(reviews(1500)[:-1] + [("secretword was here", "bad")] * 2)
    with pytest.raises(BudgetError, match="rows"):
        tr.fit(more, "markov", budget=Budget(8.0, 1e-5))
    with injected(np.random.default_rng(0)):
        model = tr.fit(more, "markov", seed=0, budget=Budget(8.0, 1e-5, rows=1502))
    known = model.ngrams.words.pieces
    assert " lovely" in known and " secretword" not in known
    assert model.labeller is None and not model.copies.runs.size
    spent = model.guarantee.spending
    assert any("pairs of words" in each.what for each in spent) and model.guarantee.spent.epsilon == 8
    rows = model.sample(200, seed=1).rows
    good = rows.filter(pl.col("label") == "good")["text"].str.to_lowercase()
    assert good.str.contains("|".join(GOOD)).mean() > good.str.contains("|".join(BAD)).mean() + 0.3
    assert 5 < np.mean([len(text.split()) for text in rows["text"]]) < 20


def test_a_single_text_passes_the_threshold_hardly_ever():
    sigma, chance = 4.0, 1e-3
    least = threshold(sigma, chance)
    rng = np.random.default_rng(0)
    passed = np.mean(1 + np.rint(rng.normal(0, sigma, 400_000)) >= least)
    assert passed <= chance
    assert threshold(sigma, 1e-9) > least > threshold(1.0, chance)
