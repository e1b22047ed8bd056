"""A table restated so that its rules hold by construction, and back.

Columns of a combination or a one-hot group become one category; a computed column is left out and computed again;
a column of JSON objects becomes a column for each of its fields. Rules that no restating can hold are left to
`synthesizers/repair.py`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl

from trasunto.data.constraints import Rule, breaks, computed, rules_of
from trasunto.data.dataset import Table, held
from trasunto.data.schema import Column, TableSchema
from trasunto.encoders.nested import Nested, fit_nested
from trasunto.errors import FitError

JOINED = " + "


@dataclass(frozen=True)
class Plain:
    """How a table is restated.

    whole: the table's own schema. schema: of the restated one. joined: name of a category that stands for several
    columns → those columns. functions: computed columns, in the order in which they can be computed. rules: those
    that are still to be held row by row. nested: columns of JSON objects. left_out: rows that broke a rule.
    """

    whole: TableSchema
    schema: TableSchema
    joined: dict[str, tuple[str, ...]] = field(default_factory=dict)
    functions: tuple[Rule, ...] = ()
    rules: tuple[Rule, ...] = ()
    nested: dict[str, Nested] = field(default_factory=dict)
    left_out: int = 0

    @property
    def same(self) -> bool:
        """Whether nothing is restated."""
        return not (self.joined or self.functions or self.nested)

    def home(self, name: str) -> str:
        """The restated column that holds a column of the table; its own name when it stands for itself."""
        for label, columns in self.joined.items():
            if name in columns:
                return label
        return name

    def restate(self, table: Table) -> Table:
        """The rows under the restated schema."""
        rows = table.rows
        for name, nested in self.nested.items():
            rows = nested.flatten(rows, name)
        made = [rows[c.name] if c.name in rows.columns else self._label(rows, c.name) for c in self.schema.columns]
        return Table(self.schema, pl.DataFrame(made))

    def back(self, plain: Table) -> Table:
        """Restated rows as rows of the table; computed columns are computed."""
        rows = plain.rows
        for label, names in self.joined.items():
            rows = parted(rows, label, names, self.whole)
        for name, nested in self.nested.items():
            rows = nested.restore(rows, name)
        return self.compute(rows)

    def compute(self, rows: pl.DataFrame) -> Table:
        """Rows with every computed column made anew from the others."""
        for rule in self.functions:
            column = self.whole[rule.columns[0]]
            value = computed(rule, rows)
            if column.kind == "integer" and value.dtype.is_float():
                value = value.round(0)
            rows = rows.with_columns(value.cast(held(column), strict=False).alias(column.name))
        return Table(self.whole, rows.select(self.whole.names))

    def _label(self, rows: pl.DataFrame, name: str) -> pl.Series:
        return labels(rows.select(self.joined[name])).alias(name)

    def to_dict(self) -> dict[str, Any]:
        return {
            "joined": {label: list(names) for label, names in self.joined.items()},
            "nested": {name: each.to_dict() for name, each in self.nested.items()},
            "left_out": self.left_out,
        }


def restated(table: Table) -> tuple[Plain, Table]:
    """How to restate a table, and the restated rows that keep its rules.

    Raises SchemaError for a rule that cannot be read, FitError when no row keeps them.
    """
    rules = rules_of(table.schema)
    broken = np.zeros(len(table), dtype=bool)
    for rule in rules:
        if rule.family not in ("unique", "along"):
            broken |= breaks(rule, table)
    if len(table) and broken.all():
        raise FitError(
            f"No row keeps the rules {', '.join(rule.text for rule in rules)}.", "Mend the rules in the schema."
        )
    kept = table.take(np.flatnonzero(~broken)) if broken.any() else table
    plan = plan_of(
        table.schema, {c.name: fit_nested(kept.rows[c.name]) for c in table.schema.columns if c.format.nested}
    )
    plan = replace(plan, left_out=int(broken.sum()))
    return plan, plan.restate(kept)


def plan_of(schema: TableSchema, nested: dict[str, Nested], left_out: int = 0) -> Plain:
    """How a table of this schema is restated."""
    joined: dict[str, tuple[str, ...]] = {}
    functions: list[Rule] = []
    rest: list[Rule] = []
    taken: set[str] = set()
    for rule in rules_of(schema):
        free = not taken & set(rule.columns) and not any(schema[c].kind in ("id", "text") for c in rule.columns)
        if rule.family in ("combination", "one_hot") and free:
            joined[JOINED.join(rule.columns)] = rule.columns
            taken |= set(rule.columns)
        elif rule.family == "function" and rule.columns[0] not in taken and not _circular(rule, functions):
            functions.append(rule)
            taken.add(rule.columns[0])
        else:
            rest.append(rule)
    left = {rule.columns[0] for rule in functions} | {name for names in joined.values() for name in names} | set(nested)
    columns = [column for column in schema.columns if column.name not in left]
    for label, names in joined.items():
        roles = {schema[name].role for name in names} & {"target", "label"}
        columns.append(Column(label, "category", role=next(iter(roles), None)))
    for each in nested.values():
        columns.extend(each.columns)
    plain = TableSchema(tuple(columns), tuple(k for k in schema.primary_key if k not in left))
    return Plain(schema, plain, joined, _in_order(functions), tuple(rest), nested, left_out)


def labels(values: pl.DataFrame) -> pl.Series:
    """One text for each row that tells its values apart and can be read back."""
    kinds, where = values.unique(maintain_order=True), values.with_row_index("__row")
    texts = [json.dumps([_plain(value) for value in row], ensure_ascii=False) for row in kinds.iter_rows()]
    spelt = kinds.with_columns(pl.Series("__label", texts, dtype=pl.String))
    found = where.join(spelt, on=values.columns, how="left", nulls_equal=True, maintain_order="left")
    return found["__label"]


def parted(rows: pl.DataFrame, label: str, names: tuple[str, ...], schema: TableSchema) -> pl.DataFrame:
    """The rows with the columns that a joined one stands for in its place."""
    kinds = rows[label].unique(maintain_order=True)
    parts = [json.loads(text) if text is not None else [None] * len(names) for text in kinds.to_list()]
    made: dict[str, pl.Series] = {label: kinds}
    for place, name in enumerate(names):
        values = pl.Series([part[place] for part in parts])
        if schema[name].kind == "datetime":
            values = values.cast(pl.Int64)
        made[name] = values.cast(held(schema[name]))
    found = rows.join(pl.DataFrame(made), on=label, how="left", nulls_equal=True, maintain_order="left")
    return found.drop(label)


def _plain(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return int(pl.Series([value], dtype=pl.Datetime("us")).cast(pl.Int64)[0])
    return value


def _circular(rule: Rule, functions: list[Rule]) -> bool:
    """Whether computing this column needs, in the end, the column itself."""
    needs = {each.columns[0]: set(each.columns[1:]) for each in functions} | {rule.columns[0]: set(rule.columns[1:])}
    seen: set[str] = set()
    waiting = list(rule.columns[1:])
    while waiting:
        name = waiting.pop()
        if name == rule.columns[0]:
            return True
        if name not in seen:
            seen.add(name)
            waiting.extend(needs.get(name, ()))
    return False


def _in_order(functions: list[Rule]) -> tuple[Rule, ...]:
    """Each computed column after those it needs."""
    waiting, done = list(functions), []
    while waiting:
        names = {rule.columns[0] for rule in waiting}
        ready = [rule for rule in waiting if not names & set(rule.columns[1:])]
        done.extend(ready)
        waiting = [rule for rule in waiting if rule not in ready]
    return tuple(done)
