"""Keys made anew: identifiers in the shape of the real ones, counters within an owner, and keys taken from parents."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import polars as pl

from trasunto.data.dataset import Table
from trasunto.encoders.ids import Ids, fit_ids

Keys = Literal["again", "continue"]
DAY, SECOND = 86_400_000_000, 1_000_000


@dataclass(frozen=True)
class Maker:
    """How one column is made. ids: anew, each once; None for a counter that begins anew for equal values of `within`.
    start: of a counter. unit: microseconds from one date to the next, 0 for what is no date. text: whether whole
    numbers are held as texts."""

    ids: Ids | None
    within: tuple[str, ...] = ()
    start: int = 0
    unit: int = 0
    text: bool = False

    def to_dict(self) -> dict[str, Any]:
        ids = self.ids.to_dict() if self.ids else None
        return {"ids": ids, "within": list(self.within), "start": self.start, "unit": self.unit, "text": self.text}

    @staticmethod
    def from_dict(document: dict[str, Any]) -> Maker:
        ids = Ids.from_dict(document["ids"]) if document["ids"] else None
        return Maker(ids, tuple(document["within"]), document["start"], document["unit"], document["text"])

    def make(self, rows: int, keys: pl.DataFrame, dtype: Any, *, seed: int, first: int) -> pl.Series:
        """(rows,) the column. keys: what it counts within. first: rows made before with this seed."""
        if self.ids is None:
            place = keys.select(pl.int_range(pl.len()).over(self.within)).to_series() + self.start
            return place.cast(dtype)
        made = self.ids.make(rows, np.random.default_rng([seed, first]), first=first, key=seed)
        return (made * self.unit).cast(pl.Int64).cast(dtype) if self.unit else made.cast(dtype)


def fit_makers(table: Table, referenced: Iterable[tuple[str, ...]], keys: Keys) -> dict[str, Maker]:
    """How the columns of a table that are not learnt are made: those of its keys that are no foreign keys, and ids.

    referenced: columns that other tables refer to. keys: "again" for whole numbers that begin where the real ones do,
    "continue" for numbers after them.
    """
    foreign = {column for key in table.schema.foreign_keys for column in key.columns}
    made: dict[str, Maker] = {}
    for key in dict.fromkeys([table.schema.primary_key, *referenced]):
        own = [column for column in key if column not in foreign]
        if not own or any(column in made for column in own):
            continue
        last = max(own, key=lambda column: table.rows[column].n_unique())
        within = tuple(column for column in key if column in foreign)
        start = _counted(table, last, within) if within and len(own) == 1 else None
        made[last] = Maker(None, within, start) if start is not None else _maker(table.rows[last], table, last, keys)
    for column in table.schema.of_kind("id"):
        if column.name not in made and column.name not in foreign:
            made[column.name] = _maker(table.rows[column.name], table, column.name, keys)
    return made


def _maker(values: pl.Series, table: Table, name: str, keys: Keys) -> Maker:
    unit, text = 0, False
    if values.dtype == pl.String and bool(values.drop_nulls().str.contains(r"^(0|[1-9]\d{0,17})$").all()):
        values, text = values.cast(pl.Int64), True
    if values.dtype == pl.Datetime("us"):
        unit = DAY if table.schema[name].format.date_only else SECOND
        values = values.cast(pl.Int64) // unit
    elif values.dtype == pl.Float64:
        values = values.round(0).cast(pl.Int64)
    ids = fit_ids(values)
    if keys == "again" and ids.start is not None and name in table.schema.primary_key:
        ids = replace(ids, start=int(values.min() or 0))  # type: ignore[arg-type]
    return Maker(ids, unit=unit, text=text)


def _counted(table: Table, name: str, within: tuple[str, ...]) -> int | None:
    """The first number of a column that counts 1, 2, 3 … within equal values of other columns; None for any other."""
    values = table.rows[name]
    if not values.dtype.is_integer() or values.null_count() or not len(values):
        return None
    start = int(values.min())  # type: ignore[arg-type]
    frame = table.rows.sort(*within, name)
    place = frame.select(pl.int_range(pl.len()).over(within)).to_series()
    return start if bool((frame[name] - start == place).all()) else None
