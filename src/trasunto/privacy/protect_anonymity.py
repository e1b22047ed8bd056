"""k-anonymity, l-diversity and t-closeness brought about in one table, and checked by counting anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from trasunto.data.dataset import Table
from trasunto.data.schema import Column
from trasunto.errors import FitError, RecipeError, SchemaError, near
from trasunto.privacy.anonymity import Anonymity, measured
from trasunto.privacy.generalize import Hierarchy, hierarchy
from trasunto.privacy.generalize_local import Axis, parted, told
from trasunto.privacy.generalize_search import Sensitive, Wanted, nodes_of, reachable, searched
from trasunto.privacy.identifiers_words import told_by_name
from trasunto.privacy.policy import Anonymise

# More combinations of levels than this, and rows are parted locally instead.
MOST_NODES = 100_000
TRIES = 6


@dataclass(frozen=True)
class Reached:
    """A table that keeps what was wanted. keep: (n,) bool rows of the table before. levels: column → what was done.
    loss: mean NCP of the cells, 0 to 1. discernibility: sum of squared class sizes, suppressed rows counting all."""

    table: Table
    keep: np.ndarray
    levels: dict[str, str]
    loss: float
    discernibility: float
    method: str
    measured: Anonymity


def reached(
    table: Table, rule: Anonymise, quasi: Sequence[str], sensitive: Sequence[str], language: str = "en"
) -> Reached:
    """The table with quasi-identifiers told coarsely enough, with the least loss. FitError when there is no way."""
    for name in (*quasi, *sensitive, *rule.hierarchies):
        if name not in table.schema:
            raise SchemaError(f"`anonymity` names a column {name!r} that is not there.", near(name, table.schema.names))
    if not quasi:
        raise RecipeError("`anonymity` has no quasi-identifiers: none named and none found.", "Name them in `quasi`.")
    asked = rule.l > 1 or rule.t is not None
    if asked and not sensitive:
        raise RecipeError("l and t need a sensitive column: none named and none found.", "Name it in `sensitive`.")
    coded = [_sensitive(table.rows[name]) for name in sensitive] if asked else []
    ways = [_hierarchy(table, name, rule.hierarchies.get(name), language) for name in quasi]
    local = rule.method == "local" or (rule.method == "auto" and nodes_of(ways) > MOST_NODES)
    wanted = Wanted(rule.k, rule.l, rule.entropy, rule.t, rule.suppression)
    for turn in range(TRIES):
        # Rows left out move what all rows are like, and with it t: then a little less is asked for.
        strict = replace(wanted, t=None if wanted.t is None else wanted.t * 0.97**turn)
        found = _locally(table, quasi, coded, strict) if local else _by_levels(table, ways, coded, strict)
        if found is None:
            break
        counted = measured(found.table.rows, quasi, sensitive)
        if _kept(counted, wanted, asked):
            return replace(found, measured=counted)
    codes = np.column_stack([way.codes(table.rows[way.column]) for way in ways])
    best = reachable(ways, codes, coded or [_sensitive(table.rows[name]) for name in sensitive], wanted)
    raise FitError(
        f"{_said(rule)} cannot be reached with {', '.join(quasi)}: the coarsest levels give {best}.",
        "Ask for less, allow more suppression, or give coarser hierarchies.",
    )


def _kept(counted: Anonymity, wanted: Wanted, asked: bool) -> bool:
    if counted.k < wanted.k:
        return False
    if not asked:
        return True
    return all(
        (each.entropy if wanted.entropy else each.distinct) >= wanted.l - 1e-9
        and (wanted.t is None or each.t <= wanted.t + 1e-9)
        for each in counted.diversity.values()
    )


def _by_levels(table: Table, ways: Sequence[Hierarchy], coded: Sequence[Sensitive], wanted: Wanted) -> Reached | None:
    codes = np.column_stack([way.codes(table.rows[way.column]) for way in ways])
    choice = searched(ways, codes, coded, wanted)
    if choice is None:
        return None
    rows, schema = table.rows, table.schema
    levels: dict[str, str] = {}
    for way, level in zip(ways, choice.levels, strict=True):
        values, column = way.applied(level, rows[way.column], schema[way.column])
        rows, schema = rows.with_columns(values), schema.with_column(column)
        levels[way.column] = way.names[level]
    kept = Table(schema, rows.filter(pl.Series(choice.keep)))
    return Reached(_used(kept, levels), choice.keep, levels, choice.loss, choice.discernibility, "levels", _NOTHING)


def _locally(table: Table, quasi: Sequence[str], coded: Sequence[Sensitive], wanted: Wanted) -> Reached | None:
    axes = [Axis.of(table.rows[name], table.schema[name]) for name in quasi]
    parts = parted(axes, coded, wanted)
    if parts is None:
        return None
    rows, schema = table.rows, table.schema
    levels: dict[str, str] = {}
    losses = []
    for axis in axes:
        values, column, loss = told(axis, parts)
        rows, schema = rows.with_columns(values), schema.with_column(column)
        losses.append(loss)
        levels[axis.column.name] = f"{values.n_unique():,} ranges"
    sizes = np.array([len(part) for part in parts], dtype=float)
    everyone = np.ones(len(table), dtype=bool)
    return Reached(
        Table(schema, rows), everyone, levels, float(np.mean(losses)), float((sizes**2).sum()), "local", _NOTHING
    )


def _used(table: Table, levels: dict[str, str]) -> Table:
    """Categories that no row has any more are no categories."""
    schema = table.schema
    for name in levels:
        column: Column = schema[name]
        if column.categories is not None:
            there = set(table.rows[name].drop_nulls().cast(pl.String).unique().to_list())
            schema = schema.with_column(replace(column, categories=tuple(c for c in column.categories if c in there)))
    return Table(schema, table.rows)


def _hierarchy(table: Table, name: str, given: Any, language: str) -> Hierarchy:
    other = {"en": "other", "es": "otros"}[language]
    values, column = table.rows[name], table.schema[name]
    if given is None and values.dtype == pl.Int64:
        said = {kind for _, kind, _ in told_by_name(name)}
        # A postcode or a day (YYMMDD) that was read as a number: its last digits go, as they do from text.
        if "postcode" in said:
            return hierarchy(values, column, widths=(10, 100, 1000, 10000))
        if "date_of_birth" in said and int(values.max() or 0) > 9999:  # type: ignore[arg-type]
            return hierarchy(values, column, widths=(100, 10_000, 50_000, 100_000, 200_000, 500_000))
    if given is None:
        return hierarchy(values, column, other=other)
    if isinstance(given, list):
        groups = [{str(group): [str(each) for each in members] for group, members in level.items()} for level in given]
        return hierarchy(values, column, groups=groups)
    body = dict(given)
    if set(body) == {"bands"} and column.kind in ("integer", "number"):
        return hierarchy(values, column, widths=[float(width) for width in body["bands"]])
    if set(body) == {"prefix"}:
        return hierarchy(values, column, prefix=[int(kept) for kept in body["prefix"]])
    raise RecipeError(
        f"The hierarchy of {name!r} is {given!r}.", "Write {bands: [5, 10, 20]}, {prefix: [3, 2]} or a list of groups."
    )


def _sensitive(values: pl.Series) -> Sensitive:
    ordered = values.dtype.is_numeric() or values.dtype.is_temporal()
    codes = values.rank("dense").cast(pl.Int64) - 1
    size = int(codes.max() if codes.null_count() < len(codes) else -1) + 1  # type: ignore[arg-type]
    # A missing value is a value of its own, the last.
    return Sensitive(codes.fill_null(size).to_numpy(), size + (codes.null_count() > 0), ordered)


def _said(rule: Anonymise) -> str:
    parts = [f"k = {rule.k}"]
    parts += [f"{'entropy ' if rule.entropy else ''}l = {rule.l:g}"] if rule.l > 1 else []
    parts += [f"t = {rule.t:g}"] if rule.t is not None else []
    return ", ".join(parts)


_NOTHING = Anonymity((), 0, 0, 0, 0)
