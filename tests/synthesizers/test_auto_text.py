"""What `auto` takes for texts, and why."""

import importlib.util

import polars as pl
import pytest

import trasunto as tr
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, TableSchema
from trasunto.errors import FileError
from trasunto.synthesizers import auto_text
from trasunto.synthesizers.auto_text import english_share, text_choice, writes

LABELLED = TableSchema((Column("note", "text"), Column("kind", "category", role="label")))
SPANISH = [
    "La habitación estaba muy limpia y el desayuno era bueno.",
    "No me gustó nada el trato que nos dieron en recepción.",
]
ENGLISH = [
    "The room was very clean and there was a good breakfast.",
    "We did not like how they treated us at the desk.",
]


def table(texts, schema=LABELLED):
    return Table(schema, pl.DataFrame({"note": texts * 10, "kind": ["a", "b"] * 10}))


@pytest.fixture(autouse=True)
def installed(monkeypatch):
    """As if the base model were there."""
    monkeypatch.setattr(auto_text, "find", lambda base: base)


def test_english_goes_to_the_language_model_and_spanish_to_n_grams():
    english, spanish = text_choice(LABELLED, table(ENGLISH)), text_choice(LABELLED, table(SPANISH))
    assert english.chosen == "lm-finetune" and "mark English" in english.because[0] and "markov" in english.against
    assert spanish.chosen == "markov" and "has read English" in spanish.against["lm-finetune"]
    assert english_share(ENGLISH * 10) > 0.2 and english_share(SPANISH * 10) < 0.02
    assert english_share(["hola"]) == 1, "too few words to tell"


def test_without_what_it_needs_or_the_time_the_language_model_is_not_taken(monkeypatch):
    assert text_choice(LABELLED, table(ENGLISH), max_seconds=30).chosen == "markov"
    assert text_choice(LABELLED, table(ENGLISH), max_seconds=300).chosen == "lm-finetune"

    def missing(base):
        raise FileError("not there")

    monkeypatch.setattr(auto_text, "find", missing)
    assert "is not there" in text_choice(LABELLED, table(ENGLISH)).against["lm-finetune"]
    spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "torch" else spec(name))
    choice = text_choice(LABELLED, table(ENGLISH))
    assert choice.chosen == "markov" and "'torch' is not installed" in choice.because[0]


def test_under_a_budget_no_text_is_read_and_pairs_are_for_the_language_model():
    private = text_choice(LABELLED, private=True)
    assert private.chosen == "markov" and "budget" in private.because[0]
    pair = TableSchema((Column("note", "text", role="prompt"), Column("kind", "text", role="response")))
    assert text_choice(pair, table(SPANISH, pair)).chosen == text_choice(pair, private=True).chosen == "lm-finetune"


def test_which_tables_are_text():
    assert writes(LABELLED) and writes(TableSchema((Column("t", "text"),)))
    assert not writes(TableSchema((Column("n", "integer"), Column("m", "integer"))))
    assert not writes(TableSchema((Column("t", "text"), Column("n", "integer"))))


def test_auto_fits_what_it_chose_and_says_why():
    real = Dataset.of(table([f"{text} {n}" for n in "abcdefgh" for text in SPANISH][:2]))
    model = tr.fit(real, "auto", seed=0)
    told = model.describe()
    assert told["chosen"] == "markov" and "free text" in told["because"][0]
    assert set(told["passed_over"]) > {"lm-finetune", "tree", "rules"}
    assert len(model.sample(3, seed=1)) == 3
