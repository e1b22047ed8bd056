"""Columns as small whole numbers and back: atoms, categories and bins; a missing value is a code of its own.

The codes of a column are ordered as its values are, so that a tree may cut between them. A continuous value
is drawn inside its bin, on the column's own grid, so that no real value is passed on; values that repeat are
kept as atoms; rare categories and the few most extreme values are not passed on at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from trasunto.data.dataset import Table, held
from trasunto.data.schema import Column, TableSchema
from trasunto.encoders.ids import Ids, fit_ids

# A value is an atom when it occurs this often or more: fewer people than this never share a published value.
REPEATED = 5
# How many of the most extreme values are averaged to the published extreme.
EXTREME = 5
# No value is drawn where none lies over so many times the distance between NEAR neighbours on either side.
HOLE, NEAR = 20, 10
# Numbers turned to codes at a time: what is needed on the way is as wide as an address.
BLOCK = 500_000


@dataclass(frozen=True)
class Levels:
    """Codes of a category or boolean column. values: the published spellings, code by position; a rare
    category has no code: its rows are coded as missing from the vocabulary (-1) and are never drawn."""

    values: tuple[Any, ...]
    null: bool
    rare: int

    @property
    def size(self) -> int:
        return len(self.values) + self.null


@dataclass(frozen=True)
class Steps:
    """Codes of a number or datetime column, in order of value.

    low, high: (k,) edges of each code, both published; an atom has low == high. null: whether code k stands
    for a missing value. grid: the distance between neighbouring values. offset: a value on the grid.
    """

    low: np.ndarray
    high: np.ndarray
    null: bool
    grid: float
    offset: float

    @property
    def size(self) -> int:
        return len(self.low) + self.null

    @property
    def atoms(self) -> int:
        return int((self.low == self.high).sum())


@dataclass(frozen=True)
class Codes:
    """An encoder of tables to codes. Columns of kind id have none: they are made anew when decoding."""

    schema: TableSchema
    columns: dict[str, Levels | Steps]
    ids: dict[str, Ids]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.columns)

    def sizes(self) -> dict[str, int]:
        return {name: each.size for name, each in self.columns.items()}

    def encode(self, table: Table, *, narrow: bool = False) -> dict[str, np.ndarray]:
        """(n,) int32 codes by column; -1 for a value that is not published (a rare or new category).

        narrow: codes of each column in the smallest signed type that holds them, int8 or int16 more often than not.
        """
        return {
            name: _encode(table.rows[name], each, _signed(each.size) if narrow else np.int32)
            for name, each in self.columns.items()
        }

    def decode(
        self,
        codes: Mapping[str, np.ndarray],
        *,
        rows: int,
        rng: np.random.Generator,
        place: tuple[int, int] = (0, 0),
        limits: Mapping[str, tuple[np.ndarray, np.ndarray]] | None = None,
    ) -> Table:
        """Codes as a table; the place inside a bin is drawn with `rng`. Codes must be 0 or above.

        place: (key, rows made before), so that identifiers of several parts of one key never repeat. limits: by
        column, (low, high) of each code, narrower than its bin: values are drawn between them, both included.
        """
        made: dict[str, pl.Series] = {}
        for column in self.schema.columns:
            if column.name in self.ids:
                made[column.name] = self.ids[column.name].make(rows, rng, first=place[1], key=place[0])
            else:
                narrow = (limits or {}).get(column.name)
                made[column.name] = _decode(column, self.columns[column.name], codes[column.name], rng, narrow)
        return Table(self.schema, pl.DataFrame([each.alias(name) for name, each in made.items()]))


def fit_codes(table: Table, *, bins: int = 300) -> Codes:
    """Codes for every column of a table but free text, which is left out (see `Codes.names`).

    bins: most quantile bins for the continuous part of a column.
    """
    columns: dict[str, Levels | Steps] = {}
    ids: dict[str, Ids] = {}
    for column in table.schema.columns:
        values = table.rows[column.name]
        if column.kind == "id":
            ids[column.name] = fit_ids(values)
        elif column.kind in ("category", "boolean"):
            levels = _levels(values)
            if levels.values or values.null_count() == len(values):
                columns[column.name] = levels
            else:
                # No value repeats: each may be one person's own, so that new ones are made in their shape.
                ids[column.name] = fit_ids(values)
        elif column.kind != "text":
            columns[column.name] = _steps(values, bins)
    # What was read from private rows is not passed on with the schema: it would name the rare and the extreme.
    public = tuple(c if c.declared else replace(c, bounds=None) for c in table.schema.columns)
    return Codes(replace(table.schema, columns=public), columns, ids)


def _levels(values: pl.Series) -> Levels:
    counts = values.drop_nulls().value_counts(sort=True)
    spelt, times = counts[values.name].to_list(), counts["count"].to_list()
    kept = [value for value, count in zip(spelt, times, strict=True) if count >= _least(len(values))]
    return Levels(tuple(sorted(kept)), values.null_count() > 0, len(spelt) - len(kept))


def _least(rows: int) -> int:
    """How often a value must occur to be passed on. Of a handful of rows nothing would be left; from 20 on, what one
    row alone has is its own."""
    return min(REPEATED, max(2 if rows >= 20 else 1, rows // 50))


def _steps(values: pl.Series, bins: int) -> Steps:
    numbers = as_floats(values.drop_nulls())
    null = values.null_count() > 0
    if numbers.size == 0:
        return Steps(np.empty(0), np.empty(0), True, 1.0, 0.0)
    distinct, counts = np.unique(numbers, return_counts=True)
    grid, offset = _grid(distinct)
    least = _least(numbers.size)
    # A value is a spike when it is far more frequent than a value of its bin would be.
    width = max(numbers.size / bins, 1.0)
    spike = counts >= max(least, 0.0 if len(distinct) <= bins else 0.5 * width)
    rest = np.repeat(distinct[~spike], counts[~spike])
    if spike.any() and rest.size < least:
        # The outliers of too few rows to be averaged: they are coded as what lies nearest.
        rest = rest[:0]
    low, high = _bins(rest, distinct[spike], min(bins, max(1, int(rest.size / (2 * EXTREME)))))
    order = np.argsort(np.concatenate([distinct[spike], low]), kind="stable")
    lows = np.concatenate([distinct[spike], low])[order]
    highs = np.concatenate([distinct[spike], high])[order]
    return Steps(lows, highs, null, grid, offset)


def _bins(rest: np.ndarray, atoms: np.ndarray, bins: int) -> tuple[np.ndarray, np.ndarray]:
    """Quantile bins over sorted values, cut where an atom stands between them; ends drawn in from the extremes."""
    if rest.size == 0:
        return np.empty(0), np.empty(0)
    edges = np.unique(np.quantile(rest, np.linspace(0, 1, bins + 1)))
    few = min(EXTREME, rest.size)
    edges[0], edges[-1] = max(edges[0], rest[:few].mean()), min(edges[-1], rest[-few:].mean())
    edges = np.unique(edges) if len(edges) > 2 else np.sort(edges)
    inside = atoms[(atoms > edges[0]) & (atoms < edges[-1])]
    # Bins as wide as the gaps between spikes would spill over them; cut there, as long as values lie on each side.
    cuts = np.unique(np.concatenate([edges, inside])) if inside.size <= bins else edges
    if cuts.size == 1:
        return cuts, cuts
    held_by = np.histogram(np.clip(rest, cuts[0], cuts[-1]), cuts)[0] > 0
    return _without_holes(cuts[:-1][held_by], cuts[1:][held_by], rest)


def _without_holes(low: np.ndarray, high: np.ndarray, rest: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bins that end where a hole in the sorted values begins, and begin where it ends, half a usual distance off."""
    distinct = np.unique(rest)
    gaps = np.diff(distinct)
    if gaps.size <= 2 * NEAR:
        return low, high
    usual = np.convolve(gaps, np.full(NEAR, 1 / NEAR), mode="valid")
    around = np.maximum(usual[: gaps.size - 2 * NEAR], usual[NEAR + 1 :])
    for at in np.flatnonzero(gaps[NEAR:-NEAR] > HOLE * around):
        begin, end = distinct[at + NEAR] + around[at] / 2, distinct[at + NEAR + 1] - around[at] / 2
        # Edges inside the hole move to its ends; a bin over all of it becomes two.
        over = np.flatnonzero((low < begin) & (high > end))
        low, high = np.insert(low, over + 1, end), np.insert(high, over, begin)
        low, high = (
            np.where((low > begin) & (low < end), end, low),
            np.where((high > begin) & (high < end), begin, high),
        )
        low, high = low[high > low], high[high > low]
    return low, high


def _grid(distinct: np.ndarray) -> tuple[float, float]:
    """The distance of neighbouring values: a whole number for integers, a power of ten for decimals, else 0."""
    if (distinct == np.round(distinct)).all() and np.abs(distinct).max() < 2**62:
        steps = np.diff(distinct).astype(np.int64)
        step = int(np.gcd.reduce(steps)) if steps.size else 1
        # A value on the grid, and no real one: the lowest would be someone's.
        return float(step), float(int(distinct[0]) % step)
    for places in range(1, 9):
        if np.allclose(distinct, np.round(distinct, places), rtol=0, atol=10.0 ** -(places + 4)):
            return 10.0**-places, 0.0
    return 0.0, 0.0


def as_floats(values: pl.Series) -> np.ndarray:
    """Numbers, or microseconds of a datetime, as float64."""
    if values.dtype == pl.Datetime("us"):
        values = values.cast(pl.Int64)
    return values.cast(pl.Float64).to_numpy()


def _signed(size: int) -> type:
    """The smallest type of whole numbers that holds codes below `size`, and -1."""
    return np.int8 if size <= 2**7 else np.int16 if size <= 2**15 else np.int32


def _encode(values: pl.Series, codes: Levels | Steps, kind: type) -> np.ndarray:
    if isinstance(codes, Levels):
        places = {value: place for place, value in enumerate(codes.values)}
        found = (
            values.replace_strict(places, default=-1, return_dtype=pl.Int32)
            if places
            else pl.Series(values.name, [-1] * len(values), dtype=pl.Int32)
        )
        result: np.ndarray = found.to_numpy().astype(kind)
        result[values.is_null().to_numpy()] = len(codes.values) if codes.null else -1
        return result
    missing = values.is_null().to_numpy()
    numbers = as_floats(values.fill_null(strategy="zero") if values.dtype != pl.Datetime("us") else _no_nulls(values))
    result = np.empty(len(numbers), dtype=kind)
    for at in range(0, len(numbers), BLOCK):
        result[at : at + BLOCK] = place_of(numbers[at : at + BLOCK], codes)
    result[missing] = len(codes.low) if codes.null else -1
    return result


def place_of(numbers: np.ndarray, steps: Steps) -> np.ndarray:
    """The code whose range holds each number: an atom when it is one, else the nearest bin."""
    if steps.low.size == 0:
        return np.full(numbers.shape, -1)
    atom = steps.low == steps.high
    result = np.full(numbers.shape, -1)
    spikes, bins = np.flatnonzero(atom), np.flatnonzero(~atom)
    if spikes.size:
        at = np.clip(np.searchsorted(steps.low[spikes], numbers), 0, spikes.size - 1)
        hit = steps.low[spikes][at] == numbers
        result[hit] = spikes[at[hit]]
    free = result < 0
    if bins.size:
        at = np.clip(np.searchsorted(steps.low[bins], numbers[free], side="right") - 1, 0, bins.size - 1)
        result[free] = bins[at]
    elif spikes.size:
        at = np.clip(np.searchsorted(steps.low[spikes], numbers[free]), 0, spikes.size - 1)
        result[free] = spikes[at]
    return result


def _decode(
    column: Column,
    codes: Levels | Steps,
    drawn: np.ndarray,
    rng: np.random.Generator,
    narrow: tuple[np.ndarray, np.ndarray] | None,
) -> pl.Series:
    if isinstance(codes, Levels):
        kind = held(column)
        return pl.Series(column.name, [*codes.values, None], dtype=kind).gather(drawn)
    size = len(codes.low)
    missing = drawn >= size
    place = np.where(missing, 0, drawn)
    if size == 0:
        return pl.Series(column.name, [None] * len(drawn), dtype=held(column))
    low, high = codes.low[place], codes.high[place]
    inside = low + (high - low) * rng.random(len(drawn))
    if narrow is not None:
        low, high = narrow[0][place], narrow[1][place]
        # Both ends of a narrowed bin are its own.
        inside = low + np.minimum((high - low + codes.grid) * rng.random(len(drawn)), high - low)
    if codes.grid:
        # Values of a bin lie in [low, high): floor keeps the upper edge for the next bin.
        snapped = codes.offset + np.floor((inside - codes.offset) / codes.grid + 1e-9) * codes.grid
        # An edge may lie between two values of the grid: the next one up is the first inside.
        snapped = np.where(snapped < low, snapped + codes.grid, snapped)
        inside = np.where(low == high, low, snapped)
        if codes.grid < 1:
            inside = np.round(inside, round(-np.log10(codes.grid)))
    whole = pl.Series(column.name, inside)
    if column.kind == "integer":
        whole = whole.round(0).cast(pl.Int64)
    elif column.kind == "datetime":
        whole = whole.round(0).cast(pl.Int64).cast(pl.Datetime("us"))
    return whole.scatter(np.flatnonzero(missing), None) if missing.any() else whole


def _no_nulls(values: pl.Series) -> pl.Series:
    return values.cast(pl.Int64).fill_null(0)
