"""Datasets in one line, for the tests of metrics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest

from trasunto.data.dataset import DTYPES, Dataset, Table
from trasunto.data.schema import Column, TableSchema


def dataset(**columns: tuple[str, Any]) -> Dataset:
    """dataset(age=("integer", [1, 2]), sex=("category", ["f", None]))"""
    schema = TableSchema(tuple(Column(name, kind) for name, (kind, _) in columns.items()))
    rows = pl.DataFrame([pl.Series(n, list(v), dtype=DTYPES[k]) for n, (k, v) in columns.items()])
    return Dataset.of(Table(schema, rows))


def people(rows: int, seed: int, **columns: tuple[str, Any]) -> Dataset:
    """Rows whose columns hang together: income follows age and job, rich follows income."""
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 80, rows)
    job = rng.choice(["cook", "clerk", "judge"], rows, p=[0.5, 0.3, 0.2])
    income = 20.0 + 0.5 * age + 30.0 * (job == "judge") + rng.normal(0, 5, rows)
    known = {
        "id": ("id", [f"{seed}-{place}" for place in range(rows)]),
        "age": ("integer", age.tolist()),
        "job": ("category", job.tolist()),
        "income": ("number", [None if rng.random() < 0.05 else float(v) for v in income]),
        "rich": ("boolean", (income > 55).tolist()),
    }
    return dataset(**{**known, **columns})


@pytest.fixture(scope="session")
def build() -> Callable[..., Dataset]:
    return dataset


@pytest.fixture(scope="session")
def draw() -> Callable[..., Dataset]:
    return people
