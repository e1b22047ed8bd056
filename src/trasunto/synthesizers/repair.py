"""Rules that no restating can hold are held here: a row that breaks one gets other values, and no row is thrown away.

A value that breaks a rule is replaced by that of another row with which the rule holds; when no single column can
mend a row, it takes all columns of the rule from a row that keeps it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import polars as pl

from trasunto.data.constraints import Rule, breaks
from trasunto.data.dataset import Table
from trasunto.encoders.plain import Plain
from trasunto.errors import SampleError

# Other values tried for a column of a row that breaks a rule.
TRIED = 40
ROUNDS = 6


def repaired(
    table: Table,
    plan: Plain,
    rng: np.random.Generator,
    *,
    fixed: frozenset[str],
    wished: Rule | None,
    spare: Callable[[], Table],
) -> Table:
    """The rows, each keeping the rules of the plan.

    fixed: columns whose values were asked for and stay. wished: a condition that holds besides. spare: gives more
    rows to take values from, when needed.
    SampleError when a rule cannot be kept with the values that were asked for.
    """
    rules = tuple(rule for rule in plan.rules if rule.family == "expression")
    for rule in (rule for rule in plan.rules if rule.family == "increment"):
        table = _snapped(table, rule, fixed)
    if rules and len(table):
        table = _held(table, plan, (*rules, *([wished] if wished else [])), rng, fixed, spare)
    for rule in (rule for rule in plan.rules if rule.family == "unique"):
        table = _distinct(table, rule, rng, fixed)
    return table


def _held(
    table: Table,
    plan: Plain,
    rules: tuple[Rule, ...],
    rng: np.random.Generator,
    fixed: frozenset[str],
    spare: Callable[[], Table],
) -> Table:
    donors: Table | None = None
    made = frozenset(rule.columns[0] for rule in plan.functions)
    for turn in range(ROUNDS):
        broken = {rule: np.flatnonzero(breaks(rule, table)) for rule in rules}
        if not any(rows.size for rows in broken.values()):
            return table
        donors = donors or spare()
        for rule, rows in broken.items():
            touching = tuple(other for other in rules if set(other.columns) & set(rule.columns))
            free = [name for name in rule.columns if name not in fixed and name not in made]
            for name in reversed(free):
                if not rows.size:
                    break
                table, rows = _with_other(table, plan, rows, (name,), touching, donors, rng)
            if rows.size and free and turn:
                linked = tuple(
                    dict.fromkeys(n for o in touching for n in o.columns if n not in fixed and n not in made)
                )
                table, rows = _with_other(table, plan, rows, linked, touching, donors, rng)
    left = [rule for rule in rules if breaks(rule, table).any()]
    if left:
        count = int(breaks(left[0], table).sum())
        raise SampleError(
            f"{count} rows cannot keep the rule {left[0].text!r} with what was asked of them.",
            "Ask for other values, or mend the rule in the schema.",
        )
    return table


def _with_other(
    table: Table,
    plan: Plain,
    rows: np.ndarray,
    names: tuple[str, ...],
    rules: tuple[Rule, ...],
    donors: Table,
    rng: np.random.Generator,
) -> tuple[Table, np.ndarray]:
    """Rows with other values in some columns, taken together from one donor, where the rules then hold; the rows
    that are still broken."""
    picks = rng.integers(0, len(donors), (rows.size, TRIED))
    repeated = table.rows[np.repeat(rows, TRIED).tolist()]
    tried = repeated.with_columns(donors.rows[name][picks.ravel().tolist()].alias(name) for name in names)
    tried = plan.compute(tried).rows
    good = np.ones(len(tried), dtype=bool)
    trial = Table(table.schema, tried)
    for rule in rules:
        good &= ~breaks(rule, trial)
    by_row = good.reshape(rows.size, TRIED)
    mended = by_row.any(axis=1)
    chosen = np.flatnonzero(mended) * TRIED + by_row[mended].argmax(axis=1)
    at = rows[mended].tolist()
    changed = (*names, *(rule.columns[0] for rule in plan.functions))
    frame = table.rows.with_columns(
        table.rows[name].scatter(at, tried[name][chosen.tolist()]).alias(name) for name in dict.fromkeys(changed)
    )
    return Table(table.schema, frame), rows[~mended]


def _snapped(table: Table, rule: Rule, fixed: frozenset[str]) -> Table:
    name = rule.columns[0]
    if name in fixed:
        return table
    values = table.rows[name]
    snapped = ((values.cast(pl.Float64) / rule.step).round(0) * rule.step).cast(values.dtype)
    return Table(table.schema, table.rows.with_columns(snapped.alias(name)))


def _distinct(table: Table, rule: Rule, rng: np.random.Generator, fixed: frozenset[str]) -> Table:
    """No two rows alike in the columns of a rule: repeated ones take values of their own in its last free column."""
    free = [name for name in rule.columns if name not in fixed]
    for name in reversed(free):
        repeated = np.flatnonzero(
            ~table.rows.select(pl.struct(rule.columns).is_first_distinct()).to_series().to_numpy()
        )
        if not repeated.size:
            return table
        values = table.rows[name]
        if values.dtype == pl.Boolean:
            continue
        if values.dtype == pl.String:
            fresh = pl.Series([f"{values[int(row)]}-{number + 1}" for number, row in enumerate(repeated)])
        else:
            step = _step_of(values)
            top = values.max()
            fresh = pl.Series(np.arange(1, repeated.size + 1) * step).cast(
                pl.Int64 if not values.dtype.is_float() else pl.Float64
            )
            fresh = (fresh + pl.Series([top]).cast(fresh.dtype)[0]).cast(values.dtype)
        table = Table(table.schema, table.rows.with_columns(values.scatter(repeated.tolist(), fresh).alias(name)))
    return table


def _step_of(values: pl.Series) -> float:
    if values.dtype.is_float():
        gaps = np.diff(np.unique(values.drop_nulls().to_numpy()))
        return float(gaps.min()) if gaps.size else 1.0
    whole = values.cast(pl.Int64).drop_nulls().unique().sort().diff().drop_nulls()
    return float(whole.min() or 1) if len(whole) else 1.0  # type: ignore[arg-type]


def overwritten(table: Table, given: Mapping[str, pl.Series]) -> Table:
    """The rows with the given values wherever one is given."""
    columns = [
        pl.select(pl.when(values.is_not_null()).then(values).otherwise(table.rows[name])).to_series().alias(name)
        for name, values in given.items()
    ]
    return Table(table.schema, table.rows.with_columns(columns)) if columns else table
