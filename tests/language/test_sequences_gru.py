"""The recurrent judge of sequences: half a chance on equals, certain where order is lost."""

import numpy as np
import polars as pl
import pytest

from trasunto import registry
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, TableSchema
from trasunto.errors import MetricError
from trasunto.language.sequences_gru import gru
from trasunto.metrics.measure import WHEN_ASKED, measure
from trasunto.metrics.score import Comparison


def walks(entities, seed, *, mixed=False):
    """Levels that go up step by step, or the same levels in any order."""
    rng = np.random.default_rng(seed)
    rows = []
    for one in range(entities):
        level = np.cumsum(rng.uniform(0.5, 1.5, rng.integers(5, 12)))
        level = rng.permutation(level) if mixed else level
        rows += [(one, at, float(value), "ab"[at % 2]) for at, value in enumerate(level)]
    frame = pl.DataFrame(rows, schema=["who", "turn", "level", "side"], orient="row")
    kinds = ("id", "integer", "number", "category")
    columns = tuple(Column(name, kind, False) for name, kind in zip(frame.columns, kinds, strict=True))
    return Dataset.of(Table(TableSchema(columns, sequence=("who", "turn")), frame))


def test_equals_are_not_told_apart_and_lost_order_is():
    real, unseen = walks(250, 0), walks(250, 1)
    (alike,) = gru(Comparison(real, walks(250, 2), unseen, seed=0))
    assert abs(alike.value - 0.5) < 0.2 and abs(alike.control - 0.5) < 0.2 and alike.baseline > 0.9
    (lost,) = gru(Comparison(real, walks(250, 3, mixed=True), unseen, seed=0))
    assert lost.value > 0.9 and lost.interval[0] > 0.5
    assert gru(Comparison(real, walks(250, 3, mixed=True), unseen, seed=0)) == (lost,)


def test_it_is_measured_when_asked_for():
    real = walks(40, 0)
    names = [score.metric for score in measure(Comparison(real, walks(40, 1), seed=0), ["sequences.gru"])]
    assert names == ["sequences.gru"] and "sequences.gru" in WHEN_ASKED
    assert registry.load("metrics", "sequences.gru") is gru


def test_what_cannot_be_measured():
    few = walks(10, 0)
    with pytest.raises(MetricError, match="20 entities"):
        gru(Comparison(few, few, seed=0))
    plain = Dataset.of(Table(TableSchema(few.only.schema.columns), few.rows))
    assert gru(Comparison(plain, plain, seed=0)) == ()
