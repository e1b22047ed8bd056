"""What is known of each owner's rows so far: told to the row model as columns that are given.

One piece of code reads the past when learning and when drawing: real rows are pushed round by round just as drawn ones
are, so that the two cannot differ.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from trasunto.data.dataset import Table
from trasunto.data.schema import Column, Kind, TableSchema
from trasunto.encoders.codes import as_floats
from trasunto.synthesizers.children_forms import NOW, Form, Forms

# How what is told of a column's own last value is called: the first of these that there is.
OWN_PAST = ("change", "apart", "gap", "previous")
DAY = 86_400_000_000


@dataclass(frozen=True)
class Told:
    """One column that is told. values: (rows,) numbers, or places among `levels`."""

    name: str
    values: np.ndarray
    form: Form | None = None


class Past:
    """The rows of each owner so far. Arrays are by owner; lags come last first."""

    def __init__(self, forms: Forms, context: Table, counts: np.ndarray, lags: int) -> None:
        self.forms, self.context, self.counts, self.lags = forms, context, counts, lags
        owners = len(counts)
        self.place = np.zeros(owners)
        self.first = {n: np.full(owners, np.nan) for n in forms.forms}
        self.last = {n: np.full((lags, owners), np.nan) for n in forms.forms}
        self.moves = {n: np.full((lags, owners), np.nan) for n, f in forms.forms.items() if f.how in ("change", "gap")}
        self.total = {n: np.zeros(owners) for n, f in forms.forms.items() if f.levels is None and f.how != "gap"}
        self.since = {f.base: as_floats(context.rows[f.base]) for f in forms.forms.values() if f.base and f.base != NOW}

    def push(self, who: np.ndarray, values: dict[str, np.ndarray]) -> None:
        """Add a row to each of these owners. values: by column, (len(who),) numbers as of `Form.numbers`."""
        fresh = self.place[who] == 0
        for name, new in values.items():
            last = self.last[name]
            if name in self.moves:
                move = self.moves[name]
                move[1:, who] = move[:-1, who]
                move[0, who] = np.where(fresh, np.nan, new - last[0, who])
            last[1:, who] = last[:-1, who]
            last[0, who] = new
            self.first[name][who[fresh]] = new[fresh]
            if name in self.total:
                self.total[name][who] += np.nan_to_num(new)
        self.place[who] += 1

    def told(self, who: np.ndarray, now: np.ndarray | None, *, first: bool) -> list[Told]:
        """What is told of the next row of each of these owners. now: its value of the order column, once drawn. first:
        whether nothing is told of rows before."""
        place, counts = self.place[who], self.counts[who]
        if first:
            found = [Told("rows", counts)]
        else:
            found = [Told("rows", counts), Told("place", place), Told("rows left", counts - 1 - place)]
        order = self.forms.order
        if order is not None:
            found += self._time(order, who, now, first)
        if first:
            return found
        for name in self.forms.values:
            form, last = self.forms.forms[name], self.last[name][:, who]
            if form.how == "offset":
                continue
            deep = 1 if form.how == "change" else self.lags
            found += [Told(_label("previous", lag, name), last[lag], form) for lag in range(deep)]
            if form.how == "change":
                moves = self.moves[name][:, who]
                found += [Told(_label("change", lag, name), moves[lag]) for lag in range(self.lags)]
            if form.levels is None:
                mean = self.total[name][who] / np.maximum(place, 1)
                found.append(Told(f"mean:{name}", mean))
                found += [Told(f"apart:{name}", last[0] - mean)] if form.how == "level" else []
        return found

    def _time(self, order: str, who: np.ndarray, now: np.ndarray | None, first: bool) -> list[Told]:
        form = self.forms.forms[order]
        found: list[Told] = []
        if not first:
            last = self.last[order][0, who]
            gaps = form.steps(self.moves[order][:, who])
            elapsed = form.steps(last - self.first[order][who])
            found += [Told(f"previous:{order}", last, form), Told(f"elapsed:{order}", elapsed)]
            found += [Told(_label("gap", lag, order), gaps[lag]) for lag in range(self.lags)]
            found.append(Told(f"mean gap:{order}", elapsed / np.maximum(self.place[who] - 1, 1)))
            found += _calendar(form, "previous", last)
        if now is not None:
            found.append(Told(f"now:{order}", now, form))
            found += _calendar(form, "now", now)
            if not first:
                found.append(Told(f"now gap:{order}", form.steps(now - last)))
        return found

    def origin(self, form: Form, who: np.ndarray, now: np.ndarray | None, *, first: bool) -> np.ndarray | None:
        """(len(who),) what the next value of a column is measured from; None when it stands for itself."""
        if form.base == NOW:
            assert now is not None
            return now
        if form.base and (form.how == "offset" or first):
            return self.since[form.base][who]
        if first or form.how == "value":
            return None
        last = self.last[form.name][0, who]
        if form.how != "level":
            return last
        # As many whole steps away from the last value as come nearest to the mean.
        apart = form.steps(self.total[form.name][who] / np.maximum(self.place[who], 1) - last)
        origin: np.ndarray = last + (apart * form.unit if form.unit else apart)
        return origin


def _label(what: str, lag: int, name: str) -> str:
    return f"{what}:{name}" if lag == 0 else f"{what} {lag + 1}:{name}"


def _calendar(form: Form, when: str, values: np.ndarray) -> list[Told]:
    """Where dates lie in the week, the month, the year and the day; nothing for numbers."""
    if form.column.kind != "datetime":
        return []
    known = np.where(np.isfinite(values), values, 0.0).astype(np.int64)
    dates = pl.Series(known).cast(pl.Datetime("us"))
    parts = {"weekday": dates.dt.weekday(), "day": dates.dt.day(), "month": dates.dt.month()}
    parts["days to month's end"] = dates.dt.month_end().dt.day() - dates.dt.day()
    if form.unit % DAY:
        parts["hour"] = dates.dt.hour()
    return [Told(f"{when} {part}", each.cast(pl.Float64).to_numpy()) for part, each in parts.items()]


def known_columns(context: TableSchema) -> tuple[Column, ...]:
    """The owners' columns that can be told."""
    return tuple(c for c in context.columns if c.kind not in ("id", "text") and not c.format.nested)


def known_of_owners(context: Table, taken: frozenset[str]) -> Table:
    """The owners' columns that a row model is told, under names that no column of `taken` has."""
    columns = known_columns(context.schema)
    named = [replace(c, name=_free(f"owner:{c.name}", taken), role="context", nullable=True) for c in columns]
    rows = [context.rows[c.name].alias(new.name) for c, new in zip(columns, named, strict=True)]
    return Table(TableSchema(tuple(named)), pl.DataFrame(rows))


def table_of(told: list[Told], taken: frozenset[str]) -> Table:
    """What is told as a table, under names that no column of `taken` has."""
    columns, rows = [], []
    for each in told:
        kind: Kind = "number" if each.form is None else each.form.column.kind
        column = Column(name_of(each, taken), kind, True, "context")
        plain = pl.Series(each.values).fill_nan(None) if each.form is None else each.form.series(each.values)
        columns.append(column)
        rows.append(plain.alias(column.name))
    return Table(TableSchema(tuple(columns)), pl.DataFrame(rows))


def name_of(told: Told, taken: frozenset[str]) -> str:
    """What a column that is told is called: a name that no column of `taken` has."""
    return _free(told.name, taken)


def beside(owners: pl.DataFrame, who: np.ndarray, told: pl.DataFrame) -> pl.DataFrame:
    """The columns of these owners, and what is told beside them."""
    return pl.concat([owners[who], told], how="horizontal") if owners.width else told


def _free(name: str, taken: frozenset[str]) -> str:
    while name in taken:
        name += "'"
    return name
