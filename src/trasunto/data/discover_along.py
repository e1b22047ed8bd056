"""Rules found along the sequences of a table of events: columns that never fall, running totals, last events."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import polars as pl

from trasunto.data.dataset import Table
from trasunto.data.schema import Constraint

# A rule must be kept by this share of the steps from an event to the next, and be seen in so many.
LEAST_SHARE, LEAST_STEPS = 0.995, 30
# Events looked at, of whole entities.
LOOKED = 50_000


def discovered_along(table: Table, *, seed: int = 0) -> tuple[Constraint, ...]:
    """Rules that the events of entities keep, unconfirmed, with their support. () for a table without a sequence."""
    if table.schema.sequence is None or not all(name in table.schema for name in table.schema.sequence):
        return ()
    entity, order = table.schema.sequence
    rows = table.rows.drop_nulls([entity, order]).sort(entity, order, maintain_order=True)
    if rows.height > LOOKED:
        kinds = rows[entity].unique(maintain_order=True)
        share = LOOKED / rows.height
        kept = kinds.filter(pl.Series(np.random.default_rng(seed).random(len(kinds)) < share))
        rows = rows.filter(pl.col(entity).is_in(kept.implode()))
    same = (rows[entity] == rows[entity].shift(1)).fill_null(False).to_numpy()
    after = np.flatnonzero(same)
    if after.size < LEAST_STEPS:
        return ()
    numbers = [
        c.name for c in table.schema.columns if c.kind in ("integer", "number") and c.name not in (entity, order)
    ]
    values = {name: rows[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in numbers}
    return (*_running(values, after), *_one_way(values, after), *_last(rows, table, entity, same))


def _running(values: dict[str, np.ndarray], after: np.ndarray) -> Iterator[Constraint]:
    """balance == previous(balance) + amount, or - amount."""
    for total, part in product(values, values):
        if total == part:
            continue
        step = values[total][after] - values[total][after - 1]
        for sign, moved in (("+", values[part][after]), ("-", -values[part][after])):
            seen = ~np.isnan(step) & ~np.isnan(moved) & ((step != 0) | (moved != 0))
            close = np.abs(step - moved) <= 1e-6 * np.maximum(1.0, np.abs(values[total][after]))
            kept, of = int((close & seen).sum()), int(seen.sum())
            if of >= LEAST_STEPS and kept >= LEAST_SHARE * of:
                rule = f"{_named(total)} == previous({_named(total)}) {sign} {_named(part)}"
                yield Constraint(rule, False, kept / of, f"Kept by {kept:,} of {of:,} steps.")


def _one_way(values: dict[str, np.ndarray], after: np.ndarray) -> Iterator[Constraint]:
    for name, each in values.items():
        step = each[after] - each[after - 1]
        step = step[~np.isnan(step)]
        moves = int((step != 0).sum())
        for form, kept in (("increasing", int((step >= 0).sum())), ("decreasing", int((step <= 0).sum()))):
            if moves >= LEAST_STEPS and kept >= LEAST_SHARE * len(step):
                reason = f"Kept by {kept:,} of {len(step):,} steps, of which {moves:,} move."
                yield Constraint(f"{form}({_named(name)})", False, kept / len(step), reason)


def _last(rows: pl.DataFrame, table: Table, entity: str, same: np.ndarray) -> Iterator[Constraint]:
    """Values that stand at the end of a sequence alone, far oftener than chance would put them there."""
    ends = ~np.append(same[1:], False)
    long = ~(ends & ~same)
    usual = ends[long].mean() if long.any() else 1.0
    for column in table.schema.of_kind("category"):
        for value, count in rows.filter(pl.Series(long))[column.name].drop_nulls().value_counts().iter_rows():
            here = (rows[column.name] == value).fill_null(False).to_numpy() & long
            if count >= 10 and bool(ends[here].all()) and usual**count < 1e-6:
                reason = f"The {count:,} events of this kind are the last of their entity."
                yield Constraint(f'nothing_after({_named(column.name)}, "{value}")', False, 1.0, reason)


def _named(column: str) -> str:
    return column if column.isidentifier() else f"`{column}`"
