"""Values made into what a column of a database takes: dates spelt, whole numbers whole, lists in its own brackets."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from trasunto.data.dataset import Table
from trasunto.data.schema import Column
from trasunto.data.written import write
from trasunto.errors import DataError


@dataclass(frozen=True)
class Target:
    """Where the rows of a table go. place: the quoted table that takes them, for now. columns: (ours, family of its
    type) of those that are written, in order. required: those that must not be missing. created: whether we made it.
    shifts: what is added to whole-number keys."""

    name: str
    place: str
    columns: tuple[tuple[Column, str], ...]
    required: frozenset[str] = frozenset()
    created: bool = True
    shifts: Mapping[str, int] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column, _ in self.columns)


def encoded(table: Table, target: Target, *, booleans: Sequence[object] = (True, False)) -> pl.DataFrame:
    """The rows for a target: whole numbers, numbers and texts. DataError for gaps where none may be.

    booleans: what true and false are in the database.
    """
    _no_gaps(table, target)
    series = [_made(table.rows[column.name], column, family, target, booleans) for column, family in target.columns]
    return pl.DataFrame(series)


def _no_gaps(table: Table, target: Target) -> None:
    for name in target.required:
        gaps = table.rows[name].is_null()
        if gaps.any():
            first = gaps.arg_true()[0]
            raise DataError(
                f"Column {name!r} of table {target.name!r} must not be missing (NOT NULL), and is in "
                f"{int(gaps.sum())} rows, the first of them row {first}; nothing was written.",
                "Fill the gaps, or allow NULL in that column.",
            )


def _made(values: pl.Series, column: Column, family: str, target: Target, booleans: Sequence[object]) -> pl.Series:
    name = column.name
    if values.dtype == pl.Float64:
        values = values.fill_nan(None)
        whole = values.drop_nulls()
        if family in ("integer", "boolean") and bool((whole == whole.round()).all()) and not whole.is_infinite().any():
            values = values.cast(pl.Int64, strict=False)
    if target.shifts and name in target.shifts and values.dtype == pl.Int64:
        values = values + target.shifts[name]
    if values.dtype == pl.Boolean:
        if family in ("boolean", "integer", "number", "decimal"):
            return values.replace_strict(dict(zip((True, False), booleans, strict=True)), default=None).alias(name)
        return _spelt(values, column)
    if values.dtype == pl.Datetime("us"):
        if family in ("date", "moment"):
            pattern = "%Y-%m-%d" if family == "date" else "%Y-%m-%d %H:%M:%S%.6f"
            return values.dt.strftime(pattern).alias(name)
        return _spelt(values, column)
    if family == "interval" and values.dtype.is_numeric():
        return (values.cast(pl.String) + " seconds").alias(name)
    if family == "array":
        return pl.Series(
            name, [None if each is None else _bracketed(each) for each in values.to_list()], dtype=pl.String
        )
    return values.alias(name)


def _spelt(values: pl.Series, column: Column) -> pl.Series:
    """As text files have them, but for gaps, which stay."""
    text = write(values, column)
    return pl.select(pl.when(values.is_null()).then(None).otherwise(text).alias(column.name)).to_series()


def _bracketed(cell: str) -> str:
    """A list in JSON as an array of PostgreSQL; what is none goes as it is, for the database to judge."""
    try:
        found = json.loads(cell)
    except ValueError:
        return cell
    return _array(found) if isinstance(found, list) else cell


def _array(values: list[object]) -> str:
    made = []
    for value in values:
        if isinstance(value, list):
            made.append(_array(value))
        elif value is None:
            made.append("NULL")
        else:
            text = value if isinstance(value, str) else json.dumps(value)
            made.append('"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"')
    return "{" + ",".join(made) + "}"
