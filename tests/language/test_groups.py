"""Test rows by what they belong to, beside the texts that were taken of them."""

from datetime import datetime

import polars as pl
import pytest

from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, TableSchema
from trasunto.errors import DataError, MetricError
from trasunto.language.corpus import corpus_of
from trasunto.language.groups import groups_of


def rows():
    frame = pl.DataFrame(
        {
            "text": [None if i == 3 else "\u2003" if i == 4 else f"text {i}" for i in range(40)],
            "label": [None if i == 5 else "ab"[i % 2] for i in range(40)],
            "sex": [None if i == 7 else "fm"[i % 2] for i in range(40)],
            "age": list(range(40)),
            "day": [datetime(2020, 1, 1 + i % 3) for i in range(40)],
        }
    )
    kinds = ("text", "category", "category", "integer", "datetime")
    return Dataset.of(Table(TableSchema(tuple(Column(n, k) for n, k in zip(frame.columns, kinds, strict=True))), frame))


def test_groups_stand_beside_the_texts():
    dataset = rows()
    corpus = corpus_of(dataset, text="text", label="label")
    found = groups_of(dataset, corpus, ["sex", "age", "day"])
    assert {len(values) for values in found.values()} == {len(corpus)} == {37}
    for text, sex, age in zip(corpus.texts, found["sex"], found["age"], strict=True):
        number = int(text.split()[1])
        assert sex == (None if number == 7 else "fm"[number % 2])
        low, high = map(int, age.split(" to "))
        assert low <= number <= high
    assert len(set(found["age"])) == 4 and len(set(found["day"])) == 3


def test_columns_that_are_no_groups_are_refused():
    dataset = rows()
    corpus = corpus_of(dataset, text="text", label="label")
    with pytest.raises(DataError, match="'sex'"):
        groups_of(dataset, corpus, ["sexx"])
    with pytest.raises(MetricError, match="kind text"):
        groups_of(dataset, corpus, ["text"])
    with pytest.raises(MetricError, match="2 texts do not belong to 37 rows"):
        groups_of(dataset, corpus.take([0, 1]), ["sex"])
