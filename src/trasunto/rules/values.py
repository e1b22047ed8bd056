"""The values of one column in one block, in the form that is cheapest to make and to write."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from trasunto import registry
from trasunto.data.schema import Column

try:
    import pyarrow as pa
    import pyarrow.compute as pc
except ImportError as error:
    raise registry.missing(error, "rules") from error

# Arrow's own pools hand memory back to the system between blocks, and a quarter of the time goes into paging it in.
POOL = pa.system_memory_pool()


@dataclass(frozen=True)
class Drawn:
    """Values of n rows.

    data: (n,) numpy array of bool, int64, float64, datetime64[D] or datetime64[us]; or an Arrow string array; or, when
    `words` is given, (n,) int32 places in it. valid: (n,) bool, False where the value is missing; None when all are
    there. words: Arrow string array without nulls.
    """

    data: Any
    valid: np.ndarray | None = None
    words: Any = None

    def __len__(self) -> int:
        return len(self.data)

    @property
    def is_text(self) -> bool:
        return self.words is not None or isinstance(self.data, pa.Array)

    def texts(self) -> Any:
        """The values as an Arrow string array (missing ones hold anything)."""
        return self.data if self.words is None else take(self.words, self.data)

    def numbers(self) -> np.ndarray:
        """The values as a numpy array; texts as objects."""
        return np.asarray(self.texts().to_pylist(), dtype=object) if self.is_text else self.data

    def also(self, valid: np.ndarray | None) -> Drawn:
        """The same values, missing wherever `valid` says so too."""
        if valid is None:
            return self
        return replace(self, valid=valid if self.valid is None else self.valid & valid)

    def take(self, rows: np.ndarray) -> Drawn:
        """The values at these places."""
        data = take(self.data, rows) if isinstance(self.data, pa.Array) else self.data[rows]
        return Drawn(data, None if self.valid is None else self.valid[rows], self.words)


def take(values: Any, places: np.ndarray) -> Any:
    """Arrow values at places known to be inside."""
    return pc.take(values, pa.array(places), boundscheck=False, memory_pool=POOL)


def words(values: Any) -> Any:
    """An Arrow string array of Python texts."""
    return pa.array([str(value) for value in values], pa.string())


def scattered(parts: list[tuple[np.ndarray, Drawn]], rows: int) -> Drawn:
    """Values of several groups of rows put in row order. parts: (places, values); together they cover all rows."""
    parts = [(places, drawn) for places, drawn in parts if len(places)] or parts[:1]
    if len(parts) == 1:
        return parts[0][1]
    valid = None
    if any(drawn.valid is not None for _, drawn in parts):
        valid = np.ones(rows, dtype=bool)
        for places, drawn in parts:
            if drawn.valid is not None:
                valid[places] = drawn.valid
    if any(drawn.is_text for _, drawn in parts):
        back = np.empty(rows, dtype=np.int32)
        back[np.concatenate([places for places, _ in parts])] = np.arange(rows, dtype=np.int32)
        return Drawn(take(pa.concat_arrays([drawn.texts() for _, drawn in parts]), back), valid)
    data = np.empty(rows, dtype=np.result_type(*(drawn.data for _, drawn in parts)))
    for places, drawn in parts:
        data[places] = drawn.data
    return Drawn(data, valid)


def mixed(told: Drawn, drawn: Drawn) -> Drawn:
    """What was told, and what was drawn where nothing was."""
    if told.valid is None:
        return told
    known, free = np.flatnonzero(told.valid), np.flatnonzero(~told.valid)
    return scattered([(known, Drawn(told.data, None, told.words).take(known)), (free, drawn.take(free))], len(drawn))


def arrow_type(column: Column) -> Any:
    """The Arrow type a column is written in: categories as a dictionary, days as dates."""
    if column.kind == "datetime":
        return pa.date32() if column.format.date_only else pa.timestamp("us")
    plain = {"integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_()}
    return plain.get(column.kind, pa.string())


def to_arrow(drawn: Drawn, column: Column) -> Any:
    """An Arrow array of the column; texts that repeat are a dictionary array."""
    gaps = None if drawn.valid is None else ~drawn.valid
    if drawn.words is not None:
        return pa.DictionaryArray.from_arrays(pa.array(drawn.data, mask=gaps), drawn.words, safe=False)
    if drawn.is_text:
        return (
            drawn.data if gaps is None else pc.if_else(pa.array(drawn.valid), drawn.data, pa.scalar(None, pa.string()))
        )
    data = drawn.data
    if column.kind == "datetime":
        unit = "D" if column.format.date_only else "us"
        data = data.astype(f"datetime64[{unit}]", copy=False)
        if unit == "D":
            days = data.view(np.int64).astype(np.int32)
            return pa.array(days, mask=gaps).cast(pa.date32())
    return pa.array(data, type=arrow_type(column), mask=gaps)


def to_polars(drawn: Drawn, column: Column) -> pl.Series:
    """The series a dataset holds for the column."""
    from trasunto.data.dataset import DTYPES

    series: Any = pl.from_arrow(to_arrow(drawn, column))
    return series.cast(DTYPES[column.kind]).alias(column.name)


def from_polars(series: pl.Series, column: Column) -> Drawn:
    """Values that were given for a column."""
    valid = None if not series.null_count() else series.is_not_null().to_numpy()
    if column.kind in ("category", "text", "id") and series.dtype == pl.String:
        filled: Any = series.fill_null("").to_arrow()
        return Drawn(filled.cast(pa.string()), valid)
    if column.kind == "datetime":
        unit = "D" if column.format.date_only else "us"
        moments = series.cast(pl.Datetime("us")).fill_null(strategy="zero").to_numpy()
        return Drawn(moments.astype(f"datetime64[{unit}]"), valid)
    filled_plain = series if valid is None else series.fill_null(False if series.dtype == pl.Boolean else 0)
    return Drawn(filled_plain.to_numpy().copy(), valid)
