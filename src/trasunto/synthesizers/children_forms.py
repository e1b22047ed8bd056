"""How the columns of ordered rows are restated so that what ties a row to the one before it holds by construction.

A number that moves in small steps is its change since the row before, one that keeps to a level of its owner's its
distance from the mean of the rows before; the order column is its gap since the row before
(so that order is kept, ties too); a date is its distance from the row's place in time, or from a date of the owner.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import polars as pl

from trasunto.data.dataset import Table, held
from trasunto.data.schema import Column, Kind, TableSchema
from trasunto.encoders.codes import Levels, Steps, as_floats, fit_codes
from trasunto.encoders.ids import Ids
from trasunto.errors import FitError
from trasunto.synthesizers.children_rules import Held, held_rules, one_way, tied

How = Literal["value", "change", "level", "gap", "offset"]
# A number is restated as its change, or as its distance from the mean so far, when that varies by less than this share
# of what values vary by, at the same time of the day, the week and the year.
CALM = 0.3
# So many pairs of neighbouring rows are needed to judge that.
PAIRS = 30
# What stands for the row's own place in time among the dates that a date can be measured from.
NOW = "\x1enow"


@dataclass(frozen=True)
class Form:
    """How one column is restated.

    how: as it is; as its change since the row before, or since the mean of the rows before ("level"); as the gap of the
    order column since the row before; or as an offset from `base`. base: the owner's column it is measured from in the
    first row; "" where it stands for itself. unit: size of one step of a gap or offset (microseconds of a datetime); 0
    for no grid. least, most: what a gap or a change is never below or above. low, high: the published range of the
    values. levels: of a category or boolean, the published values.
    """

    column: Column
    how: How
    base: str = ""
    unit: float = 0.0
    least: float = -np.inf
    most: float = np.inf
    low: float = -np.inf
    high: float = np.inf
    levels: tuple[Any, ...] | None = None

    @property
    def name(self) -> str:
        return self.column.name

    def numbers(self, values: pl.Series) -> np.ndarray:
        """(n,) float: numbers, microseconds, or the place of a category among the published; NaN for any other."""
        if self.levels is None:
            return as_floats(values)
        places = {value: place for place, value in enumerate(self.levels)}
        if not places:
            return np.full(len(values), np.nan)
        found = values.replace_strict(places, default=None, return_dtype=pl.Float64)
        return found.to_numpy()

    def series(self, numbers: np.ndarray) -> pl.Series:
        """The values of numbers that `numbers` gave."""
        kind = held(self.column)
        gaps = ~np.isfinite(numbers)
        if self.levels is not None:
            places = np.where(gaps, len(self.levels), numbers).astype(np.int64)
            return pl.Series(self.name, [*self.levels, None], dtype=kind).gather(places)
        made = pl.Series(self.name, np.where(gaps, 0.0, numbers))
        if self.column.kind in ("integer", "datetime"):
            made = made.round(0).cast(pl.Int64).cast(kind)
        return made.scatter(np.flatnonzero(gaps), None) if gaps.any() else made

    def steps(self, distance: np.ndarray) -> np.ndarray:
        """A distance in units."""
        return np.round(distance / self.unit) if self.unit else distance

    @property
    def restated(self) -> Column:
        """The column that a row model learns in its place."""
        kind: Kind = "integer" if self.unit else "number"
        return Column(self.name, kind, self.column.nullable)

    def apart(self, values: np.ndarray, since: np.ndarray) -> pl.Series:
        """What the row model learns: how far values are from where they are measured from, in steps."""
        steps = pl.Series(self.name, self.steps(values - since)).fill_nan(None)
        return steps.cast(pl.Int64) if self.unit else steps

    def moved(self, since: np.ndarray, drawn: pl.Series) -> np.ndarray:
        """Values from the steps that the row model has drawn; those of a change stay inside the published range."""
        steps = as_floats(drawn)
        way = np.clip(steps * self.unit if self.unit else steps, self.least, self.most)
        values = since + way
        if self.how in ("change", "level"):
            values = np.clip(values, self.low, self.high)
            if 0 < self.unit < 1:
                values = np.round(values, round(-np.log10(self.unit)))
        return values

    def to_dict(self) -> dict[str, Any]:
        document = {key: value for key, value in asdict(self).items() if key != "column"}
        for key in ("least", "most", "low", "high"):
            document[key] = document[key] if np.isfinite(document[key]) else None
        return {"name": self.name, **document}

    @staticmethod
    def of(document: dict[str, Any], schema: TableSchema) -> Form:
        """Back from `to_dict`."""
        body = {key: value for key, value in document.items() if key != "name"}
        for key, open_ in (("least", -np.inf), ("most", np.inf), ("low", -np.inf), ("high", np.inf)):
            body[key] = open_ if body[key] is None else body[key]
        body["levels"] = None if body["levels"] is None else tuple(body["levels"])
        return Form(schema[document["name"]], **body)


@dataclass(frozen=True)
class Forms:
    """Every column of ordered rows, restated. whole: their columns and those of their owners, and the rules of both.
    ids: columns that are made anew. order: the order column, or None."""

    schema: TableSchema
    whole: TableSchema
    forms: dict[str, Form]
    ids: dict[str, Ids]
    order: str | None

    @property
    def values(self) -> tuple[str, ...]:
        """The columns but the order column and the ids."""
        return tuple(name for name in self.forms if name != self.order)

    @property
    def plain(self) -> frozenset[str]:
        """The columns that are drawn as they are."""
        return frozenset(name for name in self.values if self.forms[name].how == "value")

    @cached_property
    def rules(self) -> Held:
        """How the rules of the table are held."""
        return held_rules(self.whole, self.plain)

    def drawn(self, what: str, *, first: bool) -> tuple[str, ...]:
        """The columns that a row model draws, of "time" or of "values". first: in first rows."""
        if what == "time":
            return (self.order,) if self.order is not None and self.order not in self.rules.made else ()
        made = self.rules.made if first else self.rules.made | self.rules.running
        return tuple(name for name in self.values if name not in made)

    def to_dict(self) -> dict[str, Any]:
        ids = {name: each.to_dict() for name, each in self.ids.items()}
        return {"forms": [each.to_dict() for each in self.forms.values()], "ids": ids, "order": self.order}

    @staticmethod
    def of(document: dict[str, Any], schema: TableSchema, context: TableSchema) -> Forms:
        """Back from `to_dict`."""
        forms = {each["name"]: Form.of(each, schema) for each in document["forms"]}
        ids = {name: Ids.from_dict(each) for name, each in document["ids"].items()}
        return Forms(schema, whole_of(schema, context), forms, ids, document["order"])


def whole_of(schema: TableSchema, context: TableSchema) -> TableSchema:
    """The columns of rows, and those of their owners that have no namesake among them."""
    others = tuple(c for c in context.columns if c.name not in schema)
    return replace(schema, columns=(*schema.columns, *others), primary_key=(), foreign_keys=())


@dataclass(frozen=True)
class _Rows:
    """Rows as arrays. same: (k,) positions of rows that follow one of their owner. head: (m,) those of first rows.
    dates: by name, (n,) dates that others can be measured from. clocks: (n,) where each stands in day, week and year.
    """

    same: np.ndarray
    head: np.ndarray
    dates: dict[str, np.ndarray]
    clocks: tuple[np.ndarray, ...]


def fit_forms(context: Table, events: Table, owner: np.ndarray, order: str | None) -> Forms:
    """How to restate these rows. owner: (n,) positions in `context`; rows of one owner stand together, in order."""
    codes = fit_codes(events)
    same = np.flatnonzero(owner[1:] == owner[:-1]) + 1
    head = np.flatnonzero(np.append(True, owner[1:] != owner[:-1])[: len(owner)])
    dates = {c.name: as_floats(context.rows[c.name])[owner] for c in context.schema.of_kind("datetime")}
    rows = _Rows(same, head, dates, ())
    if order is not None and events.schema[order].kind == "datetime":
        when = events.rows[order]
        clocks = tuple(each.to_numpy() for each in (when.dt.hour(), when.dt.weekday(), when.dt.month()))
        rows = _Rows(same, head, dates | {NOW: as_floats(when)}, clocks)
    forms: dict[str, Form] = {}
    whole = whole_of(codes.schema, context.schema)
    ways, fixed, running = one_way(whole), tied(whole), held_rules(whole, frozenset()).running
    for column in codes.schema.columns:
        found = codes.columns.get(column.name)
        values = events.rows[column.name]
        if isinstance(found, Levels):
            forms[column.name] = Form(column, "value", levels=found.values)
        elif found is not None and column.name == order:
            forms[column.name] = _time(column, values, found, replace(rows, dates=dates))
        elif found is not None and column.name in running | fixed:
            forms[column.name] = Form(column, "value")
        elif found is not None:
            forms[column.name] = _number(column, values, found, rows, ways.get(column.name, 0))
    return Forms(codes.schema, whole, forms, codes.ids, order)


def _time(column: Column, values: pl.Series, found: Steps, rows: _Rows) -> Form:
    """The order column."""
    numbers, (low, high) = as_floats(values), _range(found)
    gaps = numbers[rows.same] - numbers[rows.same - 1]
    base = _nearest(numbers[rows.head], {n: each[rows.head] for n, each in rows.dates.items()})
    offsets = (numbers - rows.dates[base])[rows.head] if base else np.empty(0)
    unit = _unit(np.concatenate([gaps, offsets]), column.kind)
    return Form(column, "gap", base, unit, float(gaps.min()) if gaps.size else 0.0, low=low, high=high)


def _number(column: Column, values: pl.Series, found: Steps, rows: _Rows, way: int) -> Form:
    """A number or a date that is not the order. way: 1 for one that never falls, -1 for one that never rises."""
    numbers, (low, high) = as_floats(values), _range(found)
    plain = Form(column, "value", low=low, high=high)
    if column.kind == "datetime" and not way:
        base = _nearest(numbers, rows.dates)
        return Form(column, "offset", base, _unit(numbers - rows.dates[base], column.kind)) if base else plain
    whole = not np.isnan(numbers).any()
    if way and not whole:
        raise FitError(
            f"Column {column.name!r} is to go one way along the rows and has missing values.",
            "Fill them, or drop the rule.",
        )
    change = numbers[rows.same] - numbers[rows.same - 1]
    if not way and (not whole or change.size < PAIRS or column.kind not in ("integer", "number")):
        return plain
    least = 0.0 if way > 0 or (change >= 0).all() else -np.inf
    most = 0.0 if way < 0 or (change <= 0).all() else np.inf
    moved = Form(column, "change", "", found.grid, least, most, low=low, high=high)
    clocks = [clock[rows.same] for clock in rows.clocks]
    spread = _left(numbers[rows.same], clocks)
    if way or (0.0 in (least, most) and spread > 0):
        return moved
    apart = numbers[rows.same] - _mean_so_far(numbers, rows)
    by_change, by_level = _left(change, clocks), _left(apart, clocks)
    if min(by_change, by_level) >= CALM * spread:
        return plain
    return moved if by_change <= by_level else replace(moved, how="level")


def _left(values: np.ndarray, clocks: list[np.ndarray]) -> float:
    """The variance that is left of values where it is known how they stand in the day, the week or the year."""
    least = float(values.var()) if values.size else 0.0
    for clock in clocks:
        size = np.bincount(clock)
        mean = np.bincount(clock, values) / np.maximum(size, 1)
        if (size > 0).sum() * PAIRS <= len(values):
            least = min(least, float(np.mean((values - mean[clock]) ** 2)))
    return least


def _mean_so_far(numbers: np.ndarray, rows: _Rows) -> np.ndarray:
    """(k,) of the rows `same`, the mean of their owner's rows before."""
    start = np.zeros(len(numbers), dtype=np.int64)
    start[rows.head] = rows.head
    start = np.maximum.accumulate(start)[rows.same]
    total = np.concatenate([[0.0], np.cumsum(numbers)])
    mean: np.ndarray = (total[rows.same] - total[start]) / (rows.same - start)
    return mean


def _range(steps: Steps) -> tuple[float, float]:
    """The published range, drawn in to the grid."""
    if not steps.low.size:
        return -np.inf, np.inf
    low, high = float(steps.low[0]), float(steps.high[-1])
    if steps.grid >= 1:
        low = steps.offset + np.ceil((low - steps.offset) / steps.grid) * steps.grid
        high = steps.offset + np.floor((high - steps.offset) / steps.grid) * steps.grid
    return low, max(low, high)


def _nearest(values: np.ndarray, dates: dict[str, np.ndarray]) -> str:
    """The name of the date that values lie nearest to, "" when none says more than values by themselves."""
    known = np.isfinite(values)
    best, least = "", (0.9 * float(np.std(values[known])) if known.any() else 0.0)
    for name, date in dates.items():
        both = known & np.isfinite(date)
        if both.sum() < 0.99 * known.sum() or not both.any():
            continue
        spread = float(np.std(values[both] - date[both]))
        if spread < least:
            best, least = name, spread
    return best


def _unit(distances: np.ndarray, kind: str) -> float:
    """The largest step of which all distances are multiples; 0 for numbers that have none."""
    kept = distances[np.isfinite(distances)]
    whole = np.unique(np.round(np.abs(kept)).astype(np.int64))
    if kind == "number" and not (kept == np.round(kept)).all():
        return 0.0
    step = int(np.gcd.reduce(whole)) if whole.size else 0
    return float(step or 1)
