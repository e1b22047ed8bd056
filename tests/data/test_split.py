"""Rows are cut once, kept apart, and recorded by hash."""

import polars as pl
import pytest

from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, TableSchema
from trasunto.data.split import split, verify
from trasunto.errors import DataError, EmptyDataError, SchemaError


def people(rows=1000):
    frame = pl.DataFrame(
        {
            "n": pl.int_range(rows, eager=True),
            "family": pl.int_range(rows, eager=True) // 4,
            "y": ["rare" if i % 20 == 0 else "usual" for i in range(rows)],
        }
    )
    schema = TableSchema((Column("n", "integer"), Column("family", "integer"), Column("y", "category")))
    return Dataset.of(Table(schema, frame))


def test_parts_are_disjoint_whole_and_of_the_asked_size():
    parts = split(people(), holdout=0.3, validation=0.2, seed=1)
    numbers = [set(part.rows["n"]) for part in parts.parts().values()]
    assert sum(len(each) for each in numbers) == 1000
    assert set.union(*numbers) == set(range(1000))
    assert (len(parts.holdout), len(parts.validation), len(parts.train)) == (300, 200, 500)


def test_the_same_seed_gives_the_same_parts_and_another_others():
    one, again, other = (split(people(), seed=seed).record() for seed in (1, 1, 2))
    assert one == again
    assert one["parts"]["train"]["digest"] != other["parts"]["train"]["digest"]


def test_the_mix_of_a_column_is_kept():
    parts = split(people(), holdout=0.3, seed=0, stratify="y")
    assert (parts.holdout.rows["y"] == "rare").sum() == 15
    assert (parts.train.rows["y"] == "rare").sum() == 35


def test_families_stay_together():
    parts = split(people(), holdout=0.3, seed=0, group="family")
    assert not set(parts.train.rows["family"]) & set(parts.holdout.rows["family"])
    assert 250 < len(parts.holdout) < 350


def test_equal_rows_stay_together_when_asked():
    schema = TableSchema((Column("t", "text"),))
    texts = Dataset.of(Table(schema, pl.DataFrame({"t": [f"text {i % 50}" for i in range(200)]})))
    apart = split(texts, seed=0, keep_duplicates_together=True)
    assert apart.record()["shared_rows"] == 0
    assert split(texts, seed=0).record()["shared_rows"] > 0


def test_a_part_that_changed_is_found_out():
    parts = split(people(), seed=0)
    verify(parts.parts(), parts.record())
    with pytest.raises(DataError, match="another hash"):
        verify({"train": parts.holdout}, parts.record())


@pytest.mark.parametrize("shares", [{"holdout": 0.0}, {"holdout": 1.0}, {"holdout": 0.6, "validation": 0.4}])
def test_shares_that_leave_nothing_are_refused(shares):
    with pytest.raises(DataError):
        split(people(), seed=0, **shares)


def test_small_tables_and_wrong_columns():
    two = split(people(2), holdout=0.1, seed=0)
    assert (len(two.train), len(two.holdout)) == (1, 1)
    with pytest.raises(EmptyDataError):
        split(people(1), seed=0)
    with pytest.raises(SchemaError, match="'family'"):
        split(people(), seed=0, group="famly")


def test_a_label_with_one_example_can_be_stratified():
    schema = TableSchema((Column("y", "category"),))
    rows = Dataset.of(Table(schema, pl.DataFrame({"y": ["a"] * 10 + ["b"]})))
    parts = split(rows, holdout=0.5, seed=0, stratify="y")
    assert len(parts.train) + len(parts.holdout) == 11


def test_a_dataset_splits_itself():
    train, holdout = people().split(holdout=0.25, seed=0)
    assert (len(train), len(holdout)) == (750, 250)
    train, validation, holdout = people().split(holdout=0.25, validation=0.25, seed=0)
    assert (len(train), len(validation), len(holdout)) == (500, 250, 250)
