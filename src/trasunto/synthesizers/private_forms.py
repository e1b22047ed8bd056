"""How rows that belong to an owner are restated under a budget: from what was declared of their columns alone.

Values stand as they are; the order column is its gap since the row before, in bins that grow with the gap; what never
falls or never rises is its change. Which columns of the past are told is fixed: each costs a part of the budget.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from trasunto.data.dataset import Table, held
from trasunto.data.schema import Column, TableSchema
from trasunto.encoders.codes import Steps
from trasunto.encoders.private_codes import DAY, SECOND, ids_from
from trasunto.errors import BudgetError
from trasunto.privacy.domain import declared_domain
from trasunto.synthesizers.children_forms import Form, Forms, whole_of
from trasunto.synthesizers.children_past import Told, name_of
from trasunto.synthesizers.children_rules import one_way

# Whole steps that have a code each, and how much wider each bin is than the one before it.
SINGLE, WIDER = 8, 1.35
# Bins of gaps without a step of their own.
HALVINGS = 24


def forms_from(context: TableSchema, events: TableSchema, order: str | None, frame: pl.DataFrame) -> Forms:
    """The forms of rows whose columns are all declared. frame: for how identifiers are held. BudgetError for an order
    column that is no number or date."""
    forms: dict[str, Form] = {}
    whole = whole_of(events, context)
    ways = one_way(whole)
    ids = {c.name: ids_from(c, frame[c.name].dtype.is_integer()) for c in events.columns if c.kind == "id"}
    for column in events.columns:
        if column.kind == "id":
            continue
        known = declared_domain(column)
        assert known is not None
        if column.kind in ("category", "boolean"):
            forms[column.name] = Form(column, "value", levels=known.values)
            continue
        low, high = known.low, known.high
        if column.name == order:
            forms[column.name] = Form(column, "gap", unit=_unit(column), least=0.0, low=low, high=high)
        elif column.name in ways:
            least, most = (0.0, np.inf) if ways[column.name] > 0 else (-np.inf, 0.0)
            forms[column.name] = Form(column, "change", "", _unit(column), least, most, low=low, high=high)
        else:
            forms[column.name] = Form(column, "value", low=low, high=high)
    if order is not None and order not in forms:
        raise BudgetError(
            f"Rows in order of {order!r}, of kind {events[order].kind}, cannot be learnt.", "Name a date."
        )
    return Forms(events, whole, forms, ids, order)


def told_of(wide: Table, forms: Forms, what: str, *, first: bool, most: int) -> tuple[Table, dict[str, Steps]]:
    """(the columns of a wide table that are learnt, all of them declared; codes that differ from what is declared).

    wide: as `wide_tables` makes it. what: "time" or "values". most: rows that one owner has.
    """
    made: dict[str, Steps] = {}
    columns: list[Column] = []
    asked = _told(forms, what, first)
    for column in wide.schema.columns:
        if column.role != "context":
            form = forms.forms[column.name]
            if form.how in ("gap", "change") and not first:
                made[column.name] = distances(form)
                columns.append(replace(column, declared=True, bounds=_bounds(made[column.name])))
            else:
                columns.append(column)
        elif column.declared:
            columns.append(column)
        elif column.name in asked:
            how, since = asked[column.name]
            if since is not None and how == "value":
                columns.append(replace(since.column, name=column.name, role="context", nullable=True))
                continue
            made[column.name] = _counted(most) if since is None else replace(distances(since), null=True)
            columns.append(replace(column, declared=True, bounds=_bounds(made[column.name])))
    schema = TableSchema(tuple(columns), constraints=wide.schema.constraints)
    return Table(schema, wide.rows.select(schema.names)), made


def distances(form: Form) -> Steps:
    """Codes of how far a value may be from the one before: each of a few steps, then bins that grow."""
    span, unit = form.high - form.low, form.unit
    steps = int(np.ceil(span / unit)) if unit else 0
    low = high = np.arange(min(SINGLE, steps + 1), dtype=float)
    if unit and steps >= SINGLE:
        starts = [SINGLE]
        while (following := max(int(np.ceil(starts[-1] * WIDER)), starts[-1] + 1)) <= steps:
            starts.append(following)
        low, high = np.append(low, starts), np.append(high, [*starts[1:], steps + 1])
    elif span > 0 and not unit:
        ends = span * 2.0 ** -np.arange(HALVINGS, -1, -1.0)
        low, high = np.append(0.0, ends[:-1]), np.append(0.0, ends[1:])
    if form.most == 0.0:
        low, high = -high[::-1], -low[::-1]
    return Steps(low, high, form.column.nullable, 1.0 if unit else 0.0, 0.0)


def blank(events: TableSchema, frame: pl.DataFrame, order: str | None, rows: int) -> pl.DataFrame:
    """Rows that say nothing, of the domain's lowest place in the order: so that there are wide tables of every kind,
    whether or not anybody has such rows."""
    series = []
    for column in events.columns:
        dtype = held(column, frame[column.name].dtype)
        value = None
        if column.name == order:
            known = declared_domain(column)
            assert known is not None
            value = known.low
        cast = pl.Series(column.name, [value] * rows, dtype=pl.Float64)
        series.append(cast.cast(pl.Int64).cast(dtype) if dtype == pl.Datetime("us") else cast.cast(dtype))
    return pl.DataFrame(series)


def _told(forms: Forms, what: str, first: bool) -> dict[str, tuple[str, Form | None]]:
    """By name in the wide table, what is told of the past: (how, the form whose codes it has, None for a count)."""
    taken = frozenset(forms.schema.names)

    def named(name: str) -> str:
        return name_of(Told(name, np.empty(0)), taken)

    found: dict[str, tuple[str, Form | None]] = {named("rows"): ("count", None)}
    if first:
        return found
    found[named("place")] = ("count", None)
    order = forms.order
    if order is not None and what == "time":
        found[named(f"previous:{order}")] = ("value", forms.forms[order])
        found[named(f"gap:{order}")] = ("gap", forms.forms[order])
    elif order is not None:
        found[named(f"now gap:{order}")] = ("gap", forms.forms[order])
    if what == "values":
        found |= {named(f"previous:{name}"): ("value", forms.forms[name]) for name in forms.values}
    return found


def _counted(most: int) -> Steps:
    """Codes of a number of rows."""
    values = np.arange(0, most + 1, dtype=float)
    return Steps(values, values.copy(), False, 1.0, 0.0)


def _bounds(steps: Steps) -> tuple[float, float]:
    return float(steps.low[0]), float(steps.high[-1])


def _unit(column: Column) -> float:
    """The distance of neighbouring values, as kind and written format tell it; 0 for numbers of any length."""
    if column.kind == "integer":
        return 1.0
    if column.kind == "datetime":
        return DAY if column.format.date_only else SECOND
    return 0.0
