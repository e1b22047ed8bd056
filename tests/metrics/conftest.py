"""Datasets in one line, for the tests of metrics."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from trasunto.data.dataset import DTYPES, Dataset, Table
from trasunto.data.schema import Column, ForeignKey, Schema, TableSchema


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


SCHEMA = Schema(
    {
        "region": TableSchema(
            (Column("code", "id"), Column("climate", "category"), Column("wealth", "number")), ("code",)
        ),
        "customer": TableSchema(
            (Column("key", "id"), Column("code", "id"), Column("age", "integer")),
            ("key",),
            (ForeignKey(("code",), "region", ("code",)),),
        ),
        "order": TableSchema(
            (
                Column("number", "id"),
                Column("key", "id", False),
                Column("amount", "number"),
                Column("paid", "category"),
            ),
            ("number",),
            (ForeignKey(("key",), "customer", ("key",)),),
        ),
        "item": TableSchema(
            (Column("number", "id"), Column("price", "number")), (), (ForeignKey(("number",), "order", ("number",)),)
        ),
    }
)


def shops(customers, seed, *, linked=True):
    """Wealthy regions have older customers, who order more and at higher amounts; prices follow the amounts.

    linked: False gives every customer, order and item to a parent at random.
    """
    rng = np.random.default_rng(seed)
    # The same regions for all: a dimension.
    wealth = np.linspace(-1.5, 1.5, 12)
    region = rng.integers(0, 12, customers)
    age = np.round(45 + 10 * wealth[region] + rng.normal(0, 5, customers)).astype(int)
    count = rng.poisson(np.clip((age - 20) / 15, 0.2, None))
    owner = np.repeat(np.arange(customers), count)
    amount = age[owner] + rng.normal(0, 4, len(owner))
    items = 1 + rng.integers(0, 3, len(owner))
    order = np.repeat(np.arange(len(owner)), items)
    price = amount[order] / 2 + rng.normal(0, 3, len(order))
    if not linked:
        region, owner = rng.integers(0, 12, customers), rng.integers(0, customers, len(owner))
        order = rng.integers(0, len(owner), len(order))
    return tables(
        region={
            "code": [f"r{n}" for n in range(12)],
            "climate": ["dry", "wet", "mild"] * 4,
            "wealth": wealth,
        },
        customer={"key": _keys("c", seed, customers), "code": [f"r{n}" for n in region], "age": age},
        order={
            "number": _keys("o", seed, len(owner)),
            "key": [f"c{seed}-{n}" for n in owner],
            "amount": amount,
            "paid": np.where(amount > 50, "card", "cash"),
        },
        item={"number": [f"o{seed}-{n}" for n in order], "price": price},
    )


def tables(**columns):
    """The shop's schema over these columns."""
    made = {}
    for name, table in SCHEMA.tables.items():
        rows = [pl.Series(c.name, list(columns[name][c.name]), dtype=DTYPES[c.kind]) for c in table.columns]
        made[name] = Table(table, pl.DataFrame(rows))
    return Dataset(SCHEMA, made)


def changed(data, name, **columns):
    """The same tables, these columns of one of them replaced."""
    table = data.tables[name]
    rows = table.rows.with_columns(pl.Series(c, list(v), dtype=table.rows[c].dtype) for c, v in columns.items())
    return Dataset(data.schema, {**data.tables, name: Table(table.schema, rows)})


def _keys(letter, seed, count):
    return [f"{letter}{seed}-{n}" for n in range(count)]


@pytest.fixture(scope="session")
def build() -> Callable[..., Dataset]:
    return dataset


@pytest.fixture(scope="session")
def draw() -> Callable[..., Dataset]:
    return people


@pytest.fixture(scope="session")
def shop() -> SimpleNamespace:
    """Related tables: `shops`, `tables`, `changed`, and their SCHEMA."""
    return SimpleNamespace(SCHEMA=SCHEMA, shops=shops, tables=tables, changed=changed)
