"""How the columns of ordered rows are restated so that what ties a row to the one before it holds by construction.

A number that moves in small steps is its change since the row before; the order column is its gap since the row before
(so that order is kept, ties too); a date is its distance from the row's place in time, or from a date of the owner.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import polars as pl

from trasunto.data.dataset import Table, held
from trasunto.data.schema import Column, Kind, TableSchema
from trasunto.encoders.codes import Codes, Levels, Steps, as_floats, fit_codes
from trasunto.encoders.ids import Ids
from trasunto.errors import FitError
from trasunto.synthesizers.children_rules import Held, held_rules, one_way, tied

How = Literal["value", "change", "gap", "offset"]
# A number is restated as its change when changes vary by less than this share of what values vary by.
CALM = 0.3
# So many pairs of neighbouring rows are needed to judge that.
PAIRS = 30
# What stands for the row's own place in time among the dates that a date can be measured from.
NOW = "\x1enow"


@dataclass(frozen=True)
class Form:
    """How one column is restated.

    how: as it is; as its change since the row before; as the gap of the order column since the row before; or as an
    offset from `base`. base: the owner's column it is measured from in the first row; "" where it stands for itself.
    unit: size of one step of a gap or offset (microseconds of a datetime); 0 for no grid. least, most: what a gap or a
    change is never below or above. low, high: the published range of the values. levels: of a category or boolean, the
    published values.
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
        if self.how == "change":
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
    """Every column of ordered rows, restated. ids: columns that are made anew. order: the order column, or None."""

    schema: TableSchema
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
        return held_rules(self.schema, self.plain)

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
    def of(document: dict[str, Any], schema: TableSchema) -> Forms:
        """Back from `to_dict`."""
        forms = {each["name"]: Form.of(each, schema) for each in document["forms"]}
        ids = {name: Ids.from_dict(each) for name, each in document["ids"].items()}
        return Forms(schema, forms, ids, document["order"])


def fit_forms(context: Table, events: Table, owner: np.ndarray, order: str | None) -> Forms:
    """How to restate these rows. owner: (n,) positions in `context`; rows of one owner stand together, in order."""
    codes = fit_codes(events)
    same = np.flatnonzero(owner[1:] == owner[:-1]) + 1
    head = np.flatnonzero(np.append(True, owner[1:] != owner[:-1])[: len(owner)])
    dates = {c.name: as_floats(context.rows[c.name]) for c in context.schema.of_kind("datetime")}
    forms: dict[str, Form] = {}
    ways, fixed = one_way(events.schema), tied(events.schema)
    running = held_rules(events.schema, frozenset()).running
    for column in codes.schema.columns:
        if column.name in (running | fixed) - {order}:
            found = codes.columns.get(column.name)
            if found is not None:
                levels = found.values if isinstance(found, Levels) else None
                forms[column.name] = Form(column, "value", levels=levels)
        elif column.name in codes.columns:
            values = events.rows[column.name]
            own = {name: each[owner] for name, each in dates.items()}
            if column.name != order and order is not None and events.schema[order].kind == "datetime":
                own[NOW] = as_floats(events.rows[order])
            way = ways.get(column.name, 0)
            forms[column.name] = _form(column, values, codes, same, head, own, column.name == order, way)
    return Forms(codes.schema, forms, codes.ids, order)


def _form(
    column: Column,
    values: pl.Series,
    codes: Codes,
    same: np.ndarray,
    head: np.ndarray,
    dates: dict[str, np.ndarray],
    is_order: bool,
    way: int,
) -> Form:
    found = codes.columns[column.name]
    if isinstance(found, Levels):
        return Form(column, "value", levels=found.values)
    low, high = _range(found)
    plain = Form(column, "value", low=low, high=high)
    numbers = as_floats(values)
    change = numbers[same] - numbers[same - 1]
    if is_order:
        base = _nearest(numbers[head], {n: each[head] for n, each in dates.items()}) if head.size else ""
        offsets = numbers[head] - dates[base][head] if base else np.empty(0)
        unit = _unit(np.concatenate([change, offsets]), column.kind)
        return Form(
            column, "gap", base, unit, float(change.min(initial=np.inf)) if change.size else 0.0, low=low, high=high
        )
    if column.kind == "datetime" and not way:
        base = _nearest(numbers, dates)
        return Form(column, "offset", base, _unit(numbers - dates[base], column.kind)) if base else plain
    whole = not np.isnan(numbers).any()
    if way and not whole:
        raise FitError(
            f"Column {column.name!r} is to go one way along the rows and has missing values.",
            "Fill them, or drop the rule.",
        )
    if way or (column.kind in ("integer", "number") and whole and change.size >= PAIRS):
        spread = float(numbers.var())
        least = 0.0 if way > 0 or (change >= 0).all() else -np.inf
        most = 0.0 if way < 0 or (change <= 0).all() else np.inf
        if way or (spread > 0 and (0.0 in (least, most) or float(np.mean(change**2)) < CALM * spread)):
            return Form(column, "change", "", found.grid, least, most, low=low, high=high)
    return plain


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
    best, least = "", 0.9 * float(np.std(values[known])) if known.any() else 0.0
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
