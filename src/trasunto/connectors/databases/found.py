"""What is found in a database: tables, columns, keys and checks as the database tells of them, before our schema."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from trasunto.data.schema import ForeignKey, Format, Kind
from trasunto.errors import DataError, SchemaError, near

# How values come out of the database: date and moment as datetimes, all else as the word says.
Held = Literal["integer", "number", "boolean", "date", "moment", "text"]
DTYPES: dict[str, pl.DataType] = {
    "integer": pl.Int64(),
    "number": pl.Float64(),
    "boolean": pl.Boolean(),
    "date": pl.Datetime("us"),
    "moment": pl.Datetime("us"),
    "text": pl.String(),
}


@dataclass(frozen=True)
class Found:
    """One column.

    type: as the database spells it. held: how its values come out; None for a type that nobody maps. sql: the
    expression that brings them out. kind: ours, where the type tells it. categories: those of an enumeration.
    family: what a value must be made into before it goes in (`interval`, `array`, `integer`, …). given: the database
    fills it when it is left out. generated: nobody may write it. sequence: what counts its values up, if anything.
    """

    name: str
    type: str
    held: Held | None
    sql: str
    nullable: bool = True
    comment: str = ""
    kind: Kind | None = None
    categories: tuple[str, ...] | None = None
    format: Format = field(default_factory=Format)
    family: str = ""
    given: bool = False
    generated: bool = False
    sequence: str = ""

    @property
    def dtype(self) -> pl.DataType:
        assert self.held is not None
        return DTYPES[self.held]


@dataclass(frozen=True)
class FoundTable:
    """One table, or what a query gives. source: what stands behind FROM. checks: (name, condition in SQL). unique:
    groups of columns of which no two rows have the same values, beside the primary key."""

    name: str
    source: str
    columns: tuple[Found, ...]
    primary_key: tuple[str, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    checks: tuple[tuple[str, str], ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()

    def __getitem__(self, name: str) -> Found:
        return next(column for column in self.columns if column.name == name)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def select(self, where: str = "", limit: int | None = None) -> str:
        """The query that brings out its values."""
        parts = ", ".join(f"{column.sql} AS c{place}" for place, column in enumerate(self.columns))
        return f"SELECT {parts} FROM {self.source}{where}{f' LIMIT {limit}' if limit is not None else ''}"


Frames = Iterator[pl.DataFrame]


def without(table: FoundTable, skipped: Sequence[str]) -> FoundTable:
    """The table without the columns that are to be left out. SchemaError for a type that nobody maps in the rest."""
    left = tuple(c for c in table.columns if c.name not in skipped and f"{table.name}.{c.name}" not in skipped)
    for column in left:
        if column.held is None:
            raise SchemaError(
                f"Column {column.name!r} of table {table.name!r} is of type {column.type}, which nobody maps.",
                f"Leave it out with ?skip={table.name}.{column.name}, or cast it in a ?query=SELECT ….",
            )
    if not left:
        raise SchemaError(f"Table {table.name!r} has no column that is left.", "Skip fewer columns.")
    names = {column.name for column in left}
    return FoundTable(
        table.name,
        table.source,
        left,
        table.primary_key if names >= set(table.primary_key) else (),
        tuple(key for key in table.foreign_keys if names >= set(key.columns)),
        table.checks,
        tuple(group for group in table.unique if names >= set(group)),
    )


def check_skipped(tables: Sequence[FoundTable], skipped: Sequence[str]) -> None:
    """SchemaError for a column to be left out that is in no table."""
    known = {name for table in tables for column in table.names for name in (column, f"{table.name}.{column}")}
    for name in skipped:
        if name not in known:
            raise SchemaError(f"?skip={name} names no column.", near(name, known))


def values_of(frame: pl.DataFrame, table: FoundTable) -> pl.DataFrame:
    """A frame as it came out (columns in the order of the table), typed: dates parsed, NaN missing.

    DataError for infinities, and for dates that no calendar of ours has.
    """
    return pl.DataFrame([_typed(frame[:, place], column, table.name) for place, column in enumerate(table.columns)])


def _typed(values: pl.Series, column: Found, table: str) -> pl.Series:
    where = f"Column {column.name!r} of table {table!r}"
    if column.held in ("date", "moment") and values.dtype == pl.String:
        typed = _moments(values)
        lost = values.filter(typed.is_null() & values.is_not_null())
        if len(lost):
            raise DataError(
                f"{where} holds {len(lost)} value{'s' if len(lost) > 1 else ''} like {lost[0]!r}, no date from "
                "0001-01-01 to 9999-12-31.",
                f"Mend them, or leave the column out with ?skip={table}.{column.name}.",
            )
    else:
        typed = values.cast(column.dtype)
    if column.held == "number":
        typed = typed.fill_nan(None)
        infinite = int(typed.is_infinite().sum())
        if infinite:
            raise DataError(
                f"{where} holds {infinite} infinite value{'s' if infinite > 1 else ''}, which no distribution has.",
                "Replace them by a number or by NULL.",
            )
    return typed.alias(column.name)


def _moments(values: pl.Series) -> pl.Series:
    """Dates and times in ISO spelling; null for what is none."""
    text = values.str.replace("T", " ", literal=True)
    text = text.str.replace(r"(?:Z|\+00(?::?00)?)$", "")
    for pattern in ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d", "%Y-%m-%d %H:%M"):
        found = text.str.to_datetime(pattern, time_unit="us", strict=False)
        if found.null_count() == values.null_count():
            return found
    whole = text.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False)
    return whole.fill_null(text.str.to_datetime("%Y-%m-%d", time_unit="us", strict=False))
