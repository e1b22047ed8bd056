"""Columns of many codes drawn coarse to fine."""

import numpy as np
import polars as pl
import pytest

import trasunto as tr
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, TableSchema
from trasunto.synthesizers.coarse import GROUPS, groups_of, of, spread, told
from trasunto.synthesizers.joint import Evidence


def test_few_codes_have_no_groups():
    assert groups_of(np.arange(GROUPS), GROUPS, ordered=True) is None


@pytest.mark.parametrize("ordered", [True, False])
def test_every_code_has_a_group_and_every_group_a_code(ordered):
    codes = np.random.default_rng(0).zipf(1.5, 5_000).clip(1, 60) - 1
    group = groups_of(codes, 60, ordered=ordered)
    assert set(group) == set(range(group.max() + 1))
    assert GROUPS / 2 <= group.max() + 1 <= 2 * GROUPS


def test_groups_of_an_ordered_column_are_runs_and_a_heavy_code_stands_alone():
    codes = np.concatenate([np.full(900, 20), np.repeat(np.arange(100), 5)])
    group = groups_of(codes, 100, ordered=True)
    assert (np.diff(group) >= 0).all()
    assert (group == group[20]).sum() == 1
    weight = np.bincount(group, np.bincount(codes, minlength=100))
    assert np.sort(weight)[-2] < 1.6 * len(codes) / GROUPS


def test_frequent_codes_of_an_unordered_column_stand_alone():
    codes = np.concatenate([np.repeat(np.arange(7), 100), np.arange(7, 50)])
    group = groups_of(codes, 50, ordered=False)
    assert len(set(group[:7])) == 7
    assert len(set(group[7:])) == 1


def test_codes_that_never_occur_do_no_harm():
    assert groups_of(np.full(10, -1), 40, ordered=True) is not None
    assert groups_of(np.full(10, -1), 40, ordered=False) is not None


def test_groups_stand_before_their_column():
    assert spread(("a", "b"), {"b": np.zeros(9)}) == ("a", of("b"), "b")


def test_evidence_says_of_groups_what_it_says_of_codes():
    group = np.array([0, 0, 1, 1, 2])
    allowed = np.array([False, False, False, True, False])
    found = told(Evidence(3, {"a": np.array([4, -1, 0])}, {"a": allowed}), {"a": group})
    assert found.known[of("a")].tolist() == [2, -1, 0]
    assert found.allowed[of("a")].tolist() == [False, True, False]


def waves(rows=3_000, seed=0):
    """A category, and a number of many values whose last digit hangs on it."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 3, rows)
    number = 10 * rng.integers(0, 12, rows) + 3 * kind + rng.integers(0, 2, rows)
    frame = pl.DataFrame({"kind": [f"k{each}" for each in kind], "number": number})
    schema = TableSchema((Column("kind", "category", role="target"), Column("number", "integer")))
    return Dataset.of(Table(schema, frame))


def test_what_lies_inside_a_group_is_learnt_too():
    made = tr.fit(waves(), "tree", seed=0).sample(3_000, seed=1).rows
    # The last digit is 0 or 1, 3 or 4, 6 or 7, by kind: nothing of it shows in groups of ten and more values.
    digit = made["number"].to_numpy() % 10
    kind = made["kind"].str.slice(1).cast(pl.Int64).to_numpy()
    assert (digit // 3 == kind).mean() > 0.9
    alone = tr.fit(waves(), "independent", seed=0).sample(3_000, seed=1).rows
    assert (alone["number"].to_numpy() % 10 // 3 == alone["kind"].str.slice(1).cast(pl.Int64).to_numpy()).mean() < 0.5


def test_conditions_reach_inside_groups():
    model = tr.fit(waves(), "tree", seed=0)
    made = model.sample(400, seed=1, where='number >= 23 and number < 25 and kind == "k1"').rows
    assert set(made["number"].unique()) == {23, 24}
    assert set(made["kind"].unique()) == {"k1"}


def test_columns_that_say_nothing_of_each_other_are_not_split():
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({f"c{each}": rng.integers(0, 2 + each, 4_000) for each in range(7)})
    schema = TableSchema(tuple(Column(name, "integer") for name in frame.columns))
    model = tr.fit(Dataset.of(Table(schema, frame)), "tree", seed=0, settings={"penalty": 2.0})
    columns = model.describe()["columns"]
    assert max(column["leaves"] for column in columns.values()) == 1
