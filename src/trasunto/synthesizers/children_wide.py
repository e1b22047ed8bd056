"""The wide table that a row model of ordered rows learns: what is told of owner and past, then its own columns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from trasunto.data.dataset import Table
from trasunto.data.schema import TableSchema
from trasunto.synthesizers.children_forms import Forms
from trasunto.synthesizers.children_past import Past, beside, known_of_owners, table_of


def kept(rows: int, most: int, seed: int) -> np.ndarray:
    """(rows,) bool: which rows are learnt from."""
    keep = np.ones(rows, dtype=bool)
    if rows > most:
        keep[:] = False
        keep[np.random.default_rng([seed, 13]).choice(rows, most, replace=False)] = True
    return keep


def wide_tables(
    context: Table,
    events: Table,
    owner: np.ndarray,
    forms: Forms,
    lags: int,
    keep: np.ndarray,
) -> dict[tuple[str, str], Table]:
    """What the row models learn from: by ("first" or "next", "time" or "values")."""
    counts = np.bincount(owner, minlength=len(context))
    start = np.cumsum(counts) - counts
    past = Past(forms, context, counts, lags)
    taken = frozenset(events.schema.names)
    owners = known_of_owners(context, taken)
    numbers = {name: form.numbers(events.rows[name]) for name, form in forms.forms.items()}
    parts: dict[tuple[str, str], list[Table]] = {}
    for place in range(int(counts.max(initial=0))):
        who = np.flatnonzero(counts > place)
        at = start[who] + place
        some = keep[at]
        part = "next" if place else "first"
        now = numbers[forms.order][at] if forms.order is not None else None
        for what in ("time", "values"):
            names = forms.drawn(what, first=not place)
            if names and some.any():
                when = now[some] if now is not None and what == "values" else None
                told = table_of(past.told(who[some], when, first=not place), taken)
                own = _own(forms, names, past, who[some], at[some], events, numbers, when)
                rows = beside(owners.rows, who[some], told.rows).hstack(own.rows)
                schema = TableSchema((*owners.schema.columns, *told.schema.columns, *own.schema.columns))
                parts.setdefault((part, what), []).append(Table(schema, rows))
        past.push(who, {name: each[at] for name, each in numbers.items()})
    return {
        key: Table(
            replace(tables[0].schema, constraints=forms.rules.row if key[1] == "values" else ()),
            pl.concat([each.rows for each in tables]),
        )
        for key, tables in parts.items()
    }


def _own(
    forms: Forms,
    names: tuple[str, ...],
    past: Past,
    who: np.ndarray,
    at: np.ndarray,
    events: Table,
    numbers: dict[str, np.ndarray],
    now: np.ndarray | None,
) -> Table:
    """The rows' own columns, restated, at these positions."""
    first = not past.place[who].any()
    columns, rows = [], []
    for name in names:
        form = forms.forms[name]
        since = past.origin(form, who, now, first=first)
        column = form.column if since is None else form.restated
        columns.append(replace(column, role=None))
        rows.append(events.rows[name][at] if since is None else form.apart(numbers[name][at], since))
    return Table(TableSchema(tuple(columns)), pl.DataFrame(rows))
