"""The wide table that a row model of ordered rows learns: what is told of owner and past, then its own columns."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from trasunto.data.dataset import Table
from trasunto.data.schema import TableSchema
from trasunto.synthesizers.children_forms import Forms
from trasunto.synthesizers.children_past import Past, Told, beside, known_of_owners, table_of


def kept(rows: int, most: int, seed: int) -> np.ndarray:
    """(rows,) bool: which rows are learnt from."""
    keep = np.ones(rows, dtype=bool)
    if rows > most:
        keep[:] = False
        keep[np.random.default_rng([seed, 13]).choice(rows, most, replace=False)] = True
    return keep


@dataclass
class _Part:
    """What is gathered round by round of one wide table. who, at: owner and position of each row. told, since: by
    column, what is told, and what a value is measured from (None where it stands for itself)."""

    who: list[np.ndarray] = field(default_factory=list)
    at: list[np.ndarray] = field(default_factory=list)
    told: list[list[Told]] = field(default_factory=list)
    since: dict[str, list[np.ndarray | None]] = field(default_factory=dict)


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
    numbers = {name: form.numbers(events.rows[name]) for name, form in forms.forms.items()}
    parts: dict[tuple[str, str], _Part] = {}
    for place in range(int(counts.max(initial=0))):
        who = np.flatnonzero(counts > place)
        at = start[who] + place
        some, seen = who[keep[at]], at[keep[at]]
        for what in ("time", "values") if some.size else ():
            names = forms.drawn(what, first=not place)
            if not names:
                continue
            when = numbers[forms.order][seen] if forms.order is not None and what == "values" else None
            part = parts.setdefault(("next" if place else "first", what), _Part())
            part.who.append(some)
            part.at.append(seen)
            part.told.append(past.told(some, when, first=not place))
            for name in names:
                origin = past.origin(forms.forms[name], some, when, first=not place)
                part.since.setdefault(name, []).append(origin)
        past.push(who, {name: each[at] for name, each in numbers.items()})
    owners = known_of_owners(context, frozenset(events.schema.names))
    return {key: _wide(part, owners, events, forms, numbers, key[1] == "values") for key, part in parts.items()}


def _wide(
    part: _Part, owners: Table, events: Table, forms: Forms, numbers: dict[str, np.ndarray], ruled: bool
) -> Table:
    """The gathered rows as a table. ruled: whether the rules that a row model holds are its rules."""
    who, at = np.concatenate(part.who), np.concatenate(part.at)
    columns = zip(*part.told, strict=True)
    told = [replace(each[0], values=np.concatenate([one.values for one in each])) for each in columns]
    known = table_of(told, frozenset(events.schema.names))
    own, rows = [], []
    for name, since in part.since.items():
        form = forms.forms[name]
        if since[0] is None:
            own.append(replace(form.column, role=None))
            rows.append(events.rows[name][at])
        else:
            own.append(form.restated)
            rows.append(form.apart(numbers[name][at], np.concatenate([each for each in since if each is not None])))
    schema = TableSchema(
        (*owners.schema.columns, *known.schema.columns, *own), constraints=forms.rules.row if ruled else ()
    )
    return Table(schema, beside(owners.rows, who, known.rows).hstack(pl.DataFrame(rows)))
