"""Rows in wanted numbers: exact counts under conditions, balanced columns, minorities topped up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column
from trasunto.encoders.codes import Levels, Steps
from trasunto.errors import SampleError, near
from trasunto.synthesizers.coded import CodedModel


def exactly(model: Any, counts: Mapping[str, int], *, seed: int, temperature: float = 1.0) -> Dataset:
    """As many rows as asked under each condition, in random order.

    counts: condition (see data/expressions.py) → rows. Raises SampleError for one that no row can meet.
    """
    parts, first = [], 0
    for where, rows in counts.items():
        parts.append(model.sample(rows, seed=seed, where=where or None, temperature=temperature, first=first))
        first += rows
    return _shuffled(parts, seed)


def balanced(
    model: Any,
    columns: Sequence[str],
    rows: int,
    *,
    seed: int,
    shares: Mapping[str, float] | None = None,
) -> Dataset:
    """Rows in which every combination of the values of these columns is as frequent as the next.

    columns: categories or booleans. shares: of the values of one column, by value as text, when they are to be
    unequal; they are divided by their sum. Raises SampleError for a column of another kind or unknown values.
    """
    wanted = _combinations(model, columns, shares)
    total = sum(wanted.values())
    exact = {where: rows * share / total for where, share in wanted.items()}
    whole = {where: int(np.floor(value)) for where, value in exact.items()}
    by_rest = sorted(exact, key=lambda where: whole[where] - exact[where])
    for where in by_rest[: rows - sum(whole.values())]:
        whole[where] += 1
    return exactly(model, {where: count for where, count in whole.items() if count}, seed=seed)


def topped_up(real: Dataset, model: Any, column: str, *, seed: int) -> Dataset:
    """The real rows, and synthetic ones of every rarer value of a column until all are as frequent as the first.

    Raises SampleError for a value that the model has not learnt, because too few rows hold it.
    """
    counts = real.rows[column].drop_nulls().value_counts(sort=True)
    most = int(counts["count"][0])
    missing = {_equals(column, value): most - int(count) for value, count in counts.iter_rows() if count < most}
    if not missing:
        return real
    return real.with_table(Table(real.only.schema, pl.concat([real.rows, exactly(model, missing, seed=seed).rows])))


def _combinations(model: Any, columns: Sequence[str], shares: Mapping[str, float] | None) -> dict[str, float]:
    schema = model.schema.only
    found: list[list[tuple[str, float]]] = []
    for name in columns:
        column = schema[name]
        values = _values(model, name) if column.kind in ("category", "boolean") else _few(model, column)
        if values is None:
            raise SampleError(
                f"Column {name!r} of kind {column.kind} cannot be balanced.",
                "Balance categories, booleans, whole numbers of few values; ask for ranges of numbers with conditions.",
            )
        if shares is not None:
            texts = {str(value): value for value in values}
            for text in shares:
                if text not in texts:
                    raise SampleError(f"Column {name!r} has no value {text!r}.", near(text, texts))
            found.append([(_equals(name, texts[text]), share) for text, share in shares.items()])
        else:
            found.append([(_equals(name, value), 1.0) for value in values])
    if shares is not None and len(columns) != 1:
        raise SampleError(f"Shares are for one column, not {len(columns)}.", "Give one column, or conditions.")
    made: dict[str, float] = {"": 1.0}
    for options in found:
        made = {f"{a} and {b}" if a else b: x * y for a, x in made.items() for b, y in options}
    return made


def _values(model: Any, name: str) -> list[Any]:
    """The values of a category that a model can draw."""
    codes = model.codes.columns.get(name) if isinstance(model, CodedModel) else None
    if isinstance(codes, Levels):
        return list(codes.values)
    # A column that stands in a combination, or comes from rules: its values among those drawn.
    return model.sample(5000, seed=0).rows[name].drop_nulls().unique().sort().to_list()


def _few(model: Any, column: Column) -> list[Any] | None:
    """The values of whole numbers that a model draws as such, not out of ranges; None where it does not."""
    codes = model.codes.columns.get(column.name) if isinstance(model, CodedModel) else None
    if column.kind != "integer" or not isinstance(codes, Steps) or not codes.low.size or (codes.low < codes.high).any():
        return None
    return [int(value) for value in codes.low]


def _equals(name: str, value: Any) -> str:
    return f"`{name}` == {value!r}"


def _shuffled(parts: list[Dataset], seed: int) -> Dataset:
    if not parts:
        raise SampleError("No condition was given.", "Give at least one, with a number of rows.")
    rows = pl.concat([part.rows for part in parts])
    order = np.random.default_rng([seed, 3]).permutation(rows.height)
    return parts[0].with_table(Table(parts[0].only.schema, rows[order.tolist()]))
