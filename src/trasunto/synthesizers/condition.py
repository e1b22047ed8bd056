"""What a user asks of the rows to draw, as codes: `age > 60 and sex == "F"`, given values, gaps to fill."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from trasunto.data.dataset import Dataset, Table, held
from trasunto.data.expressions import Expression, parse
from trasunto.data.schema import Column, TableSchema
from trasunto.encoders.codes import Codes, Levels, Steps
from trasunto.errors import SampleError

# Values tried inside a bin, besides the constants of the expression, to see which part of it a condition leaves.
TRIED = 65


@dataclass(frozen=True)
class Condition:
    """A condition on rows, taken apart.

    allowed: by column, (size,) bool of the codes it leaves. limits: by column, (low, high) of each code inside which
    every value meets it. late: parts over several columns, which only whole rows can be held against.
    """

    text: str
    allowed: Mapping[str, np.ndarray]
    limits: Mapping[str, tuple[np.ndarray, np.ndarray]]
    late: tuple[Expression, ...]


NOTHING = Condition("", {}, {}, ())


def read_condition(text: str, codes: Codes) -> Condition:
    """The condition in terms of codes.

    Raises SchemaError for an expression that cannot be read, SampleError for one that no row of this model can meet.
    """
    schema = codes.schema
    whole = parse(text, schema)
    allowed: dict[str, np.ndarray] = {}
    limits: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    late: list[Expression] = []
    for part in (parse(each, schema) for each in whole.parts):
        names = part.columns
        if len(names) != 1 or names[0] not in codes.columns:
            late.append(part)
            continue
        name = names[0]
        mask, narrow = _of_column(part, schema[name], codes.columns[name], limits.get(name))
        allowed[name] = allowed[name] & mask if name in allowed else mask
        if narrow is not None:
            limits[name] = narrow
        if not allowed[name].any():
            raise SampleError(
                f"No row can meet {text!r}: column {name!r} {_known(codes.columns[name])}.",
                "Ask for values that the model has learnt.",
            )
    return Condition(text, allowed, limits, tuple(late))


def _of_column(
    part: Expression, column: Column, codes: Levels | Steps, before: tuple[np.ndarray, np.ndarray] | None
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray] | None]:
    """Which codes of a column a condition on it alone leaves, and which part of each bin."""
    if isinstance(codes, Levels):
        values = pl.Series(column.name, [*codes.values, *([None] if codes.null else [])], dtype=held(column))
        return part.holds(values.to_frame()).to_numpy(), None
    low, high = (codes.low, codes.high) if before is None else before
    first, last = low.copy(), high.copy()
    mask = np.zeros(codes.size, dtype=bool)
    if codes.null:
        mask[-1] = bool(part.holds(pl.DataFrame({column.name: pl.Series([None], dtype=held(column))}))[0])
    known = np.array([value for value in map(_as_number, part.constants) if value is not None], dtype=float)
    near = np.unique(np.concatenate([known, known - codes.grid, known + codes.grid, np.floor(known), np.ceil(known)]))
    inside = low[:, None] + (high - low)[:, None] * np.linspace(0, 1, TRIED)
    tried = np.concatenate([inside, np.clip(near[None, :], low[:, None], high[:, None])], axis=1)
    if codes.grid:
        # The upper edge of a bin belongs to the next one.
        snapped = codes.offset + np.round((tried - codes.offset) / codes.grid) * codes.grid
        top = np.where(high > low, high - codes.grid * (before is None), high)[:, None]
        tried = np.clip(snapped, low[:, None], np.maximum(top, low[:, None]))
    good = part.holds(pl.DataFrame({column.name: _as_series(tried.ravel(), column)})).to_numpy().reshape(tried.shape)
    for code in np.flatnonzero(good.any(axis=1)).tolist():
        mask[code] = True
        first[code], last[code] = _longest_run(tried[code], good[code])
    return mask, (first, last)


def _longest_run(values: np.ndarray, good: np.ndarray) -> tuple[float, float]:
    """The widest stretch of neighbouring values that are all good, so that what lies between them may be drawn."""
    order = np.argsort(values, kind="stable")
    values, good = values[order], good[order]
    edges = np.flatnonzero(np.diff(np.concatenate([[0], good.astype(int), [0]])))
    starts, stops = edges[::2], edges[1::2] - 1
    best = int(np.argmax(values[stops] - values[starts]))
    return float(values[starts[best]]), float(values[stops[best]])


def _as_number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, datetime):
        return float(pl.Series([value], dtype=pl.Datetime("us")).cast(pl.Int64)[0])
    return float(value) if isinstance(value, int | float) else None


def _as_series(numbers: np.ndarray, column: Column) -> pl.Series:
    made = pl.Series(column.name, numbers)
    if column.kind == "number":
        return made
    whole = made.round(0).cast(pl.Int64)
    return whole.cast(pl.Datetime("us")) if column.kind == "datetime" else whole


def _known(codes: Levels | Steps) -> str:
    if isinstance(codes, Levels):
        shown = ", ".join(repr(value) for value in codes.values[:8])
        more = f" and {len(codes.values) - 8} more" if len(codes.values) > 8 else ""
        return f"takes {shown}{more}" if shown else "holds no value"
    return f"lies between {codes.low[0]:g} and {codes.high[-1]:g}" if codes.low.size else "holds no value"


def known_only(given: Table, codes: Codes) -> tuple[Table, tuple[str, ...]]:
    """The given values without those that the model does not know, and the columns that held such."""
    names = [c.name for c in given.schema.columns if c.name in codes.columns and c.role != "context"]
    schema = TableSchema(tuple(given.schema[name] for name in names))
    coded = Codes(schema, {name: codes.columns[name] for name in names}, {}).encode(Table(schema, given.rows[names]))
    strange = {name: pl.Series(coded[name] < 0) & given.rows[name].is_not_null() for name in names}
    found = tuple(name for name in names if strange[name].any())
    blank = [pl.when(~strange[name]).then(pl.col(name)).alias(name) for name in found]
    return Table(given.schema, given.rows.with_columns(blank)), found


def known_codes(given: Table, codes: Codes) -> dict[str, np.ndarray]:
    """(rows,) codes of the given values, -1 where none is given.

    SampleError for a value the model does not know; in a context column such a value counts as none.
    """
    part = Codes(
        given.schema, {c.name: codes.columns[c.name] for c in given.schema.columns if c.name in codes.columns}, {}
    )
    found: dict[str, np.ndarray] = {}
    for name, coded in part.encode(given).items():
        if given.schema[name].role == "context":
            # What is known of others may be missing, or new: then it is drawn as a chain's first columns are.
            found[name] = coded
            continue
        missing = given.rows[name].is_null().to_numpy()
        strange = ~missing & (coded < 0)
        if strange.any():
            value = given.rows[name][int(np.flatnonzero(strange)[0])]
            raise SampleError(
                f"Column {name!r} is given {value!r}, which the model does not know: it {_known(codes.columns[name])}.",
                "Use values that the model has learnt.",
            )
        found[name] = np.where(missing, -1, coded).astype(np.int32)
    return found


def conform(given: Any, schema: TableSchema) -> Table:
    """Given columns as a table under the model's own columns. SampleError for a column or value that does not fit."""
    frame = given.rows if isinstance(given, Dataset | Table) else pl.DataFrame(given)
    columns = []
    for name in frame.columns:
        if name not in schema:
            raise SampleError(f"Given column {name!r} is not in the model.", f"It has {', '.join(schema.names)}.")
        columns.append(schema[name])
    try:
        cast = [frame[column.name].cast(held(column, frame[column.name].dtype)) for column in columns]
    except pl.exceptions.PolarsError as error:
        raise SampleError(f"The given values do not fit their columns: {str(error).partition(chr(10))[0]}.") from error
    return Table(TableSchema(tuple(columns)), pl.DataFrame(cast))
