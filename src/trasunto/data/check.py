"""Rows against their schema: every breach at once, with row numbers."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from trasunto.data.constraints import across, breaks, rules_of
from trasunto.data.dataset import Dataset, Table
from trasunto.data.relations import hops, late, places
from trasunto.data.schema import Column, Schema
from trasunto.data.written import moments
from trasunto.errors import BreachError, SchemaError, near

SHOWN = 20
_KEEPS: dict[str, Callable[[pl.Series, pl.Series], pl.Series]] = {
    "<=": operator.le,
    "<": operator.lt,
    ">=": operator.ge,
    ">": operator.gt,
    "==": operator.eq,
}


@dataclass(frozen=True)
class Breach:
    """One rule that some rows break. rows: the first row numbers, counted from 0; count: how many in all."""

    table: str
    column: str
    rule: str
    count: int
    rows: tuple[int, ...] = ()

    @property
    def message(self) -> str:
        where = f" (rows {', '.join(map(str, self.rows))}{', …' if self.count > len(self.rows) else ''})"
        return f"{self.table}.{self.column}: {self.count} {self.rule}{where if self.rows else ''}"


def check(dataset: Dataset, schema: Schema | None = None) -> tuple[Breach, ...]:
    """Every breach of `schema` (the dataset's own when None) by the rows."""
    known = schema or dataset.schema
    found: list[Breach] = []
    for name, table in dataset.tables.items():
        if name not in known.tables:
            found.append(Breach(name, "*", "rows of a table that is not in the schema", len(table)))
            continue
        rules = known.tables[name]
        for column in rules.columns:
            if column.name not in table.schema:
                found.append(Breach(name, column.name, "rows without the column", len(table)))
            else:
                found += _of_column(name, table.rows[column.name], column)
        found += [
            Breach(name, extra, "values of a column that is not in the schema", len(table))
            for extra in table.schema.names
            if extra not in rules
        ]
        if rules.primary_key and all(key in table.schema for key in rules.primary_key):
            keys = table.rows.select(rules.primary_key)
            found += _breach(name, " + ".join(rules.primary_key), "repeated keys", keys.is_duplicated())
        if all(column in table.schema for column in rules.names):
            found += [
                Breach(
                    name, rule.columns[0], f"rows that break the rule {rule.text}", int(broken.sum()), _first(broken)
                )
                for rule in rules_of(rules)
                if (broken := breaks(rule, table)).any()
            ]
    return tuple(found + _references(dataset, known) + _cycles(known) + _across(dataset, known))


def require(dataset: Dataset, schema: Schema | None = None) -> None:
    """BreachError that lists every breach, when there is one."""
    breaches = check(dataset, schema)
    if breaches:
        listed = "\n".join(f"  {breach.message}" for breach in breaches)
        raise BreachError(f"The rows break their schema:\n{listed}\n", "Mend the rows or the schema.", breaches)


def _of_column(table: str, values: pl.Series, column: Column) -> list[Breach]:
    found: list[Breach] = []
    if not column.nullable:
        found += _breach(table, column.name, "missing values", values.is_null())
    if column.categories is not None and values.dtype == pl.String:
        outside = ~values.is_in(list(column.categories)) & values.is_not_null()
        found += _breach(table, column.name, "values outside the categories", outside)
    if column.bounds is not None and not values.is_null().all():
        low, high = (_bound(bound, values.dtype) for bound in column.bounds)
        outside = ((values < low) | (values > high)).fill_null(False)
        found += _breach(table, column.name, f"values outside {column.bounds[0]} to {column.bounds[1]}", outside)
    return found


def _bound(bound: Any, dtype: Any) -> Any:
    """A bound as a value of such a column; one of dates is held as ISO text."""
    return moments([str(bound)])[0] if dtype == pl.Datetime("us") else pl.Series([bound]).cast(dtype)[0]


def _references(dataset: Dataset, schema: Schema) -> list[Breach]:
    found: list[Breach] = []
    for name, rules in schema.tables.items():
        for key in rules.foreign_keys:
            if name not in dataset.tables or key.table not in dataset.tables:
                continue
            child: Table = dataset.tables[name]
            every = dataset.tables[key.table].rows.select(key.references)
            if tuple(key.references) != schema.tables[key.table].primary_key:
                # Repeats of a primary key are told above.
                rule = f"repeated keys that {name} refers to"
                found += _breach(key.table, " + ".join(key.references), rule, every.is_duplicated())
            parents = every.unique()
            rows = child.rows.select(key.columns).with_row_index("__row")
            lost = rows.drop_nulls().join(parents, left_on=key.columns, right_on=key.references, how="anti")
            if len(lost):
                first = tuple(sorted(lost["__row"].to_list())[:SHOWN])
                found.append(
                    Breach(name, " + ".join(key.columns), f"references to no row of {key.table}", len(lost), first)
                )
    return found


def _cycles(schema: Schema) -> list[Breach]:
    """A cycle of keys that may not be missing: no row could be the first."""
    try:
        late(schema)
    except SchemaError as error:
        return [Breach("*", "*", f"cycle of keys: {error.problem}", 1)]
    return []


def _across(dataset: Dataset, schema: Schema) -> list[Breach]:
    """Rows that break a rule across tables. SchemaError for a rule that names a table they do not refer to."""
    found = []
    for name, rules in schema.tables.items():
        for rule in across(rules):
            paths = [
                path for n in range(1, len(schema.tables) + 1) for path in hops(schema, n) if path[0].child == name
            ]
            path = next((path for path in paths if path[-1].parent == rule.table), None)
            if path is None:
                raise SchemaError(
                    f"The rule {rule.text!r} of table {name!r} names {rule.table!r}, which it does not refer to.",
                    near(rule.table, {each[-1].parent for each in paths}),
                )
            at = places(dataset, path[0])
            for link in path[1:]:
                further = places(dataset, link)
                at = np.where(at >= 0, further[np.maximum(at, 0)], -1)
            _ = schema.tables[rule.table][rule.column]
            there = dataset.tables[rule.table].rows[rule.column][np.maximum(at, 0)]
            mine = dataset.tables[name].rows[rule.mine]
            kept = _KEEPS[rule.op](there, mine)
            broken = (~kept).fill_null(False) & pl.Series(at >= 0)
            found += _breach(name, rule.mine, f"rows that break the rule {rule.text}", broken)
    return found


def _first(broken: np.ndarray) -> tuple[int, ...]:
    return tuple(np.flatnonzero(broken)[:SHOWN].tolist())


def _breach(table: str, column: str, rule: str, mask: pl.Series) -> list[Breach]:
    count = int(mask.sum())
    return [Breach(table, column, rule, count, tuple(mask.arg_true().head(SHOWN).to_list()))] if count else []
