"""Rules found in data, each with the share of rows that keep it, to be confirmed by a person.

What is looked for: computed columns (sums, differences, products, ratios), order between columns, fixed combinations,
one-hot groups, steps, uniqueness, and implications (what a value of one column says of another). A rule is proposed
only where chance would hardly make it: see the thresholds below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations, permutations

import numpy as np
import polars as pl

from trasunto.data.constraints import read_rule
from trasunto.data.dataset import Dataset, Table
from trasunto.data.discover_along import discovered_along
from trasunto.data.schema import Column, Constraint, TableSchema

# A rule must be kept by this share of the rows in which it can be seen, and be seen in so many.
LEAST_SHARE, LEAST_ROWS = 0.995, 30
# Two columns are ordered by a rule, not by their nature, when they overlap at least so much.
OVERLAP = 0.2
# Rows looked at: enough to tell a rule, few enough to try many.
LOOKED = 20_000
# Columns of numbers beyond this many are not tried three at a time.
WIDEST = 40


def discovered(table: Table, *, seed: int = 0) -> tuple[Constraint, ...]:
    """Rules that the rows keep, unconfirmed, with their support, the surest families first.

    At most 20,000 rows are looked at, drawn with `seed`. Identifiers and free text are left out.
    """
    rows = table.rows
    if rows.height > LOOKED:
        picked = np.sort(np.random.default_rng(seed).choice(rows.height, LOOKED, replace=False))
        rows = rows[picked.tolist()]
    if rows.height < LEAST_ROWS:
        return ()
    schema = table.schema
    numbers = [c for c in schema.columns if c.kind in ("integer", "number") and rows[c.name].n_unique() > 2]
    days = [c for c in schema.columns if c.kind == "datetime"]
    computed = list(_computed(rows, numbers[:WIDEST]))
    made = {rule.rule.partition(" == ")[0] for rule in computed}
    ordered = list(_ordered(rows, numbers, made)) + list(_ordered(rows, days, set()))
    switches = [c for c in schema.columns if _is_switch(rows[c.name])]
    groups = list(_one_hot(rows, switches))
    tied = list(_combinations(rows, schema))
    linked = [set(read_rule(each.rule, schema).columns) for each in (*groups, *tied)]
    said = (each for each in _implications(rows, schema) if not _follows(each, schema, linked))
    along = discovered_along(table, seed=seed)
    return (*computed, *ordered, *groups, *tied, *_steps(rows, numbers), *said, *along)


def _follows(rule: Constraint, schema: TableSchema, linked: list[set[str]]) -> bool:
    """Whether a rule says no more than a combination or a group does."""
    columns = set(read_rule(rule.rule, schema).columns)
    return any(columns <= each for each in linked)


def with_proposals(dataset: Dataset) -> Dataset:
    """The dataset whose tables' schemas propose the rules that their rows keep."""
    tables = {n: Table(proposed(t.schema, discovered(t)), t.rows) for n, t in dataset.tables.items()}
    return Dataset.holding(tables)


def proposed(schema: TableSchema, found: tuple[Constraint, ...]) -> TableSchema:
    """The schema with rules that it does not have yet."""
    known = {each.rule for each in schema.constraints}
    return replace(schema, constraints=(*schema.constraints, *(each for each in found if each.rule not in known)))


def name_of(column: str) -> str:
    """A column's name as it stands in a rule."""
    return column if column.isidentifier() else f"`{column}`"


def _computed(rows: pl.DataFrame, columns: list[Column]) -> Iterator[Constraint]:
    """c == a + b or a * b, then a - b or a / b: tried on 200 rows, then held against all."""
    values = {c.name: rows[c.name].cast(pl.Float64).fill_null(np.nan).to_numpy() for c in columns}
    done: set[str] = set()
    told: set[frozenset[str]] = set()
    few = slice(0, 200)
    for direct, goal in ((direct, goal) for direct in (True, False) for goal in columns if goal.name not in done):
        target = values[goal.name]
        others = [c.name for c in columns if c.name != goal.name and c.name not in done]
        for text, names, value in _formulas(values, others, direct):
            if frozenset((goal.name, *names)) in told:
                continue
            quick = _equal(target[few], value(few))
            if quick[1] < LEAST_ROWS // 2 or quick[0] < LEAST_SHARE * quick[1]:
                continue
            kept, seen = _equal(target, value(slice(None)))
            if seen >= LEAST_ROWS and kept >= LEAST_SHARE * seen:
                done.add(goal.name)
                told.add(frozenset((goal.name, *names)))
                yield Constraint(
                    f"{name_of(goal.name)} == {text}", False, kept / seen, f"Kept by {kept:,} of {seen:,} rows."
                )
                break


def _formulas(
    values: dict[str, np.ndarray], names: list[str], direct: bool
) -> Iterator[tuple[str, tuple[str, str], Callable[[slice], np.ndarray]]]:
    """(text, columns, value of a part of the rows) of every formula of two columns."""
    ways = (("+", np.add), ("*", np.multiply)) if direct else (("-", np.subtract), ("/", _ratio))
    for a, b in combinations(names, 2) if direct else permutations(names, 2):
        for sign, way in ways:
            text = f"{name_of(a)} {sign} {name_of(b)}"
            yield text, (a, b), lambda part, a=a, b=b, way=way: way(values[a][part], values[b][part])  # type: ignore[misc]


def _ratio(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.divide(a, b, out=np.full(len(a), np.nan), where=b != 0)


def _equal(target: np.ndarray, value: np.ndarray) -> tuple[int, int]:
    """Rows in which both are known and differ from zero, and how many of them are equal but for rounding."""
    seen = ~np.isnan(target) & ~np.isnan(value) & ((target != 0) | (value != 0))
    close = np.abs(target[seen] - value[seen]) <= 1e-6 * np.maximum(1.0, np.abs(target[seen]))
    return int(close.sum()), int(seen.sum())


def _ordered(rows: pl.DataFrame, columns: list[Column], made: set[str]) -> Iterator[Constraint]:
    """a <= b where the two overlap, so that it says something."""
    values = {c.name: rows[c.name].cast(pl.Int64 if c.kind == "datetime" else pl.Float64) for c in columns}
    for a, b in permutations([c.name for c in columns if name_of(c.name) not in made], 2):
        both = pl.DataFrame([values[a].alias("a"), values[b].alias("b")]).drop_nulls()
        if both.height < LEAST_ROWS or both["a"].n_unique() < 5 or both["b"].n_unique() < 5:
            continue
        first, second = both["a"].to_numpy(), both["b"].to_numpy()
        kept = int((first <= second).sum())
        if kept < both.height * LEAST_SHARE or (first == second).all():
            continue
        # If chance alone would order shuffled rows so too, the rule says nothing.
        if (first <= np.roll(second, both.height // 2)).mean() > 1 - OVERLAP:
            continue
        yield Constraint(
            f"{name_of(a)} <= {name_of(b)}", False, kept / both.height, f"Kept by {kept:,} of {both.height:,} rows."
        )


def _is_switch(values: pl.Series) -> bool:
    if values.dtype == pl.Boolean:
        return values.null_count() == 0 and values.n_unique() == 2
    return values.dtype == pl.Int64 and values.null_count() == 0 and set(values.unique().to_list()) == {0, 1}


def _one_hot(rows: pl.DataFrame, columns: list[Column]) -> Iterator[Constraint]:
    """Groups of three switches or more of which at most one is on, and most rows have one on."""
    left = [c.name for c in columns]
    on = {name: rows[name].cast(pl.Boolean).to_numpy() for name in left}
    while left:
        group = [left.pop(0)]
        any_on = on[group[0]].copy()
        for name in list(left):
            if not (any_on & on[name]).any():
                group.append(name)
                any_on |= on[name]
                left.remove(name)
        if len(group) >= 3 and any_on.mean() > 0.9:
            names = ", ".join(name_of(name) for name in group)
            yield Constraint(
                f"one_hot({names})", False, 1.0, f"Never two on; one is on in {any_on.mean():.0%} of the rows."
            )


def _combinations(rows: pl.DataFrame, schema: TableSchema) -> Iterator[Constraint]:
    """Columns of which one tells the other: as many pairs of values as values of the finer column."""
    names = [
        c.name
        for c in schema.columns
        if c.kind in ("category", "integer", "boolean") and 3 <= rows[c.name].n_unique() <= max(3, rows.height // 20)
    ]
    sizes = {name: rows[name].n_unique() for name in names}
    taken: set[str] = set()
    for a, b in combinations(sorted(names, key=lambda name: -sizes[name]), 2):
        if a in taken or b in taken:
            continue
        pairs = rows.select(a, b).n_unique()
        # A column with hardly more than one value on most rows is told by anything.
        if pairs == sizes[a] and _spread(rows[b]) and _spread(rows[a]):
            taken |= {a, b}
            reason = f"{pairs} combinations of {sizes[a]} and {sizes[b]} values: {a} tells {b}."
            yield Constraint(f"combination({name_of(a)}, {name_of(b)})", False, 1.0, reason)


def _spread(values: pl.Series) -> bool:
    return float(values.value_counts(sort=True)["count"][0]) < 0.8 * len(values)


def _steps(rows: pl.DataFrame, columns: list[Column]) -> Iterator[Constraint]:
    for column in columns:
        values = rows[column.name].drop_nulls()
        if column.kind != "integer" or values.n_unique() < 5:
            continue
        step = int(np.gcd.reduce(values.to_numpy()))
        if step > 1:
            reason = f"Every one of {len(values):,} values is a multiple of {step}."
            yield Constraint(f"increment({name_of(column.name)}, {step})", False, 1.0, reason)


def _implications(rows: pl.DataFrame, schema: TableSchema) -> Iterator[Constraint]:
    """What one value of a category or boolean says of another column: that it is missing, or one fixed value."""
    causes = [c for c in schema.columns if c.kind in ("category", "boolean") and 2 <= rows[c.name].n_unique() <= 12]
    for cause in causes:
        for value, part in rows.partition_by(cause.name, as_dict=True).items():
            if value[0] is None or part.height < LEAST_ROWS or part.height > 0.98 * rows.height:
                continue
            for other in schema.columns:
                if other.name == cause.name or other.kind in ("id", "text"):
                    continue
                said = _said(rows[other.name], part[other.name])
                if said is not None:
                    text = f"implies({name_of(cause.name)} == {value[0]!r}, {name_of(other.name)}{said})"
                    yield Constraint(text, False, 1.0, f"Kept by all {part.height:,} rows with that value.")


def _said(everywhere: pl.Series, here: pl.Series) -> str | None:
    """What a column always is here, and is not in a tenth of the rows at large: " is None" or " == value"."""
    if here.null_count() == len(here):
        return " is None" if everywhere.null_count() < 0.9 * len(everywhere) else None
    if here.n_unique() != 1 or everywhere.dtype == pl.Datetime("us"):
        return None
    value = here[0]
    return f" == {value!r}" if float((everywhere == value).fill_null(False).mean()) < 0.9 else None
