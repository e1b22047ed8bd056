"""How the values of a column were stored before we held them, so that formats with types get them back so."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import Any

import polars as pl

from trasunto.data.dataset import DTYPES, Table
from trasunto.data.schema import Column, Format
from trasunto.data.written import is_clock, write

# The types that our kinds are held in: nothing has to be kept of them.
_HELD = {str(kind) for kind in DTYPES.values()}
_NAMES = (
    *(f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)),
    *("Float32", "Float64", "String", "Boolean", "Date", "Time", "Null", "Decimal", "Datetime", "Duration"),
    *("Categorical", "List", "Array", "Struct", "Field"),
)
_UNITS = {"ms": 1e3, "us": 1e6, "ns": 1e9}


def spelt(kind: Any) -> str:
    """A type as text; "" where values of it are held as they are."""
    if isinstance(kind, pl.Categorical | pl.Enum):
        # The values of an enumeration were read from rows: they do not travel with the type.
        return "Categorical"
    return "" if str(kind) in _HELD else str(kind)


def type_of(text: str) -> Any:
    """The type that `spelt` wrote; None for a text that names none."""
    try:
        return _read(ast.parse(text, mode="eval").body)
    except (ValueError, TypeError, SyntaxError):
        return None


def _read(node: ast.AST) -> Any:
    if isinstance(node, ast.Name) and node.id in _NAMES:
        return getattr(pl, node.id)
    if isinstance(node, ast.Call):
        made = _read(node.func)
        return made(*map(_read, node.args), **{each.arg or "": _read(each.value) for each in node.keywords})
    if isinstance(node, ast.Dict):
        return {_read(key): _read(value) for key, value in zip(node.keys, node.values, strict=True) if key is not None}
    if isinstance(node, ast.Tuple | ast.List):
        return tuple(map(_read, node.elts))
    if isinstance(node, ast.Constant):
        return node.value
    raise ValueError(ast.dump(node))


def restored(values: pl.Series, column: Column) -> pl.Series:
    """Values in the type they were once stored in; as they are, where there was none, or it does not hold them."""
    kind = pl.Time if is_clock(column) else type_of(column.format.stored) if column.format.stored else None
    if kind is None:
        return values
    try:
        made = _cast(values, kind)
    except (pl.exceptions.PolarsError, TypeError, ValueError):
        return values
    return values if made is None or made.null_count() != values.null_count() else made.alias(values.name)


def _cast(values: pl.Series, kind: Any) -> pl.Series | None:
    """None where values of this type never come from values so held."""
    held = values.dtype
    if isinstance(kind, pl.Duration) and held.is_numeric():
        return (values.cast(pl.Float64) * _UNITS[kind.time_unit]).round(0).cast(pl.Int64).cast(kind)
    if isinstance(kind, pl.Datetime) and held == pl.Datetime("us"):
        zone = kind.time_zone
        moments = values.dt.replace_time_zone("UTC").dt.convert_time_zone(zone) if zone else values
        return moments.cast(kind)
    if kind in (pl.Date, pl.Time) and held == pl.Datetime("us"):
        return values.dt.date() if kind == pl.Date else values.dt.time()
    if held == pl.String:
        if kind == pl.Time:
            return values.str.to_time("%H:%M:%S%.f", strict=False)
        if isinstance(kind, pl.Struct | pl.List | pl.Array):
            return values.str.json_decode(kind)
        return values.cast(kind) if kind in (pl.Categorical, pl.UInt64) else None
    if isinstance(kind, pl.Decimal) and held.is_numeric():
        return values.round(kind.scale).cast(kind) if held.is_float() else values.cast(kind)
    return values.cast(kind, strict=False) if held.is_numeric() and kind.is_numeric() else None


def as_stored(table: Table, *, only: tuple[str, ...] = ()) -> pl.DataFrame:
    """Rows in the types they were once stored in. only: names of types, and no others."""
    columns = table.schema.columns
    asked = [c for c in columns if not only or c.format.stored.startswith(only)]
    return table.rows.with_columns([restored(table.rows[c.name], c) for c in asked if c.format.stored or is_clock(c)])


def clocks_told(table: Table) -> Table:
    """The table with its times of day as the texts they are written as, for what has no type for them."""
    clocks = [column for column in table.schema.columns if is_clock(column)]
    if not clocks:
        return table
    schema = table.schema
    for column in clocks:
        schema = schema.with_column(replace(column, kind="category", bounds=None, format=Format()))
    texts = [
        pl.select(pl.when(values.is_null()).then(None).otherwise(write(values, column))).to_series().alias(column.name)
        for column, values in ((column, table.rows[column.name]) for column in clocks)
    ]
    return Table(schema, table.rows.with_columns(texts))
