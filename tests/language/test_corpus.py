"""Texts are cleaned and counted; nothing is lost without a number."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, TableSchema
from trasunto.encoders.lines import Lines, fit_lines
from trasunto.errors import FitError
from trasunto.language.corpus import Corpus, clean, corpus_of, prepare, standard_labels, without_test_texts


@pytest.mark.parametrize(
    ("dirty", "expected"),
    [
        ("  two   words\n here ", "two words here"),
        ("<p>Dear <b>Ana</b>,</p>", "Dear Ana ,"),
        ("fish &amp; chips", "fish & chips"),
        ("a\x00b\u200bc\u202ed", "abcd"),
        ("EspaÃ±a", "España"),
        ("cafe\u0301", "café"),
        ("3 < 5 and 7 > 2", "3 < 5 and 7 > 2"),
        ("😀 مرحبا", "😀 مرحبا"),
    ],
)
def test_texts_are_cleaned(dirty, expected):
    assert clean(dirty) == expected


@settings(deadline=None)
@given(st.text())
def test_cleaning_twice_changes_nothing_more_than_once_did(text):
    once = clean(text)
    assert clean(clean(once)) == clean(once)


def test_every_step_is_counted():
    corpus = Corpus(
        ("Hello  there", "hello there", "", "x" * 50, "other", "other"),
        ("Spam", "spam ", "spam", "spam", "ham", "ham"),
    )
    from trasunto.language.corpus import Preparation

    kept, counts = prepare(corpus, Preparation(longest=40))
    assert counts == {"texts": 6, "cleaned": 1, "labels_respelt": 2, "empty": 1, "duplicates": 2, "cut": 1, "kept": 3}
    assert kept.labels == ("spam", "spam", "ham") or kept.labels == ("Spam", "spam", "ham")
    assert len(kept.texts[1]) == 40


def test_labels_that_differ_in_case_are_one():
    assert standard_labels(["Yes", "yes", "yes", " no"]) == {"Yes": "yes", "yes": "yes", " no": " no"}


def test_test_texts_are_kept_out_of_training():
    training = Corpus(("One two", "three"), ("a", "b"))
    kept, left_out = without_test_texts(training, Corpus(("one  TWO",), ("a",)))
    assert (kept.texts, left_out) == (("three",), 1)


def test_a_draw_keeps_the_mix_and_the_seed():
    corpus = Corpus(tuple(f"t{i}" for i in range(1000)), tuple("ab"[i % 10 == 0] for i in range(1000)))
    drawn = corpus.draw(100, seed=1)
    assert drawn.labels.count("b") == 10
    assert drawn == corpus.draw(100, seed=1) != corpus.draw(100, seed=2)
    assert corpus.draw(5000, seed=1) is corpus


def test_columns_are_found_by_role_kind_and_name():
    schema = TableSchema((Column("body", "text"), Column("kind", "category"), Column("n", "integer")))
    data = Dataset.of(Table(schema, pl.DataFrame({"body": ["a", "b"], "kind": ["x", "y"], "n": [1, 2]})))
    found = corpus_of(data)
    assert (found.text, found.label, found.texts) == ("body", "kind", ("a", "b"))
    two = TableSchema((Column("a", "category"), Column("b", "category")))
    with pytest.raises(FitError, match="These could: a, b"):
        corpus_of(Dataset.of(Table(two, pl.DataFrame({"a": ["x"], "b": ["y"]}))))


WIDE = TableSchema(
    (
        Column("age", "integer"),
        Column("dose", "number"),
        Column("ward; or is it?", "category"),
        Column("smokes", "boolean"),
        Column("asked", "boolean"),
    )
)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.integers(-(10**6), 10**6)),
            st.one_of(st.none(), st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: round(x, 3))),
            st.one_of(st.none(), st.sampled_from(["north", "a; b", "is it", "ñ\\", "x (low)"])),
            st.booleans(),
            st.one_of(st.none(), st.booleans()),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_rows_written_as_text_can_be_read_back(rows):
    types = {
        "age": pl.Int64,
        "dose": pl.Float64,
        "ward; or is it?": pl.String,
        "smokes": pl.Boolean,
        "asked": pl.Boolean,
    }
    table = Table(WIDE, pl.DataFrame(rows, schema=types, orient="row"))
    lines = fit_lines(table)
    assert Lines.from_dict(lines.to_dict()) == lines
    assert lines.decode(lines.encode(table)).rows.equals(table.rows)


def test_numbers_are_told_where_they_stand():
    schema = TableSchema((Column("x", "number"),))
    table = Table(schema, pl.DataFrame({"x": [float(i) for i in range(101)]}))
    lines = fit_lines(table).encode(table)
    assert lines[0] == "x is 0 (very low)" and lines[50] == "x is 50 (medium)" and lines[100] == "x is 100 (very high)"
