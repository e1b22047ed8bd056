"""How the rules of a table are held while its rows are drawn one after another.

Rules over columns that stand as they are go to the row model. A computed column is computed; one that never falls or
rises moves one way by construction; nothing comes after what ends a sequence; what is left holds by drawing again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import polars as pl

from trasunto.data.constraints import Rule, computed, read_rule
from trasunto.data.dataset import held
from trasunto.data.expressions import before
from trasunto.data.schema import Constraint, TableSchema


@dataclass(frozen=True)
class Held:
    """The confirmed rules of a table, by how they are held.

    row: left to the row model. computed: columns made from others, in order; running: those that need the row before,
    and are drawn in first rows. ends: values of columns after which nothing comes. again: rules that rows are drawn
    again for.
    """

    row: tuple[Constraint, ...]
    computed: tuple[Rule, ...]
    running: frozenset[str]
    ends: tuple[Rule, ...]
    again: tuple[Rule, ...]

    @property
    def made(self) -> frozenset[str]:
        """Columns that are computed in every row."""
        return frozenset(rule.columns[0] for rule in self.computed) - self.running

    @property
    def open(self) -> str:
        """The condition that keeps out what ends a sequence; "" for none."""
        return " and ".join(f"(`{r.columns[0]}` != {_spelt(r.value)} or missing(`{r.columns[0]}`))" for r in self.ends)

    def compute(self, rows: pl.DataFrame, schema: TableSchema) -> pl.DataFrame:
        """Rows with their computed columns. rows: with the values of the rows before beside (`before` names them)."""
        for rule in self.computed:
            column = schema[rule.columns[0]]
            value = computed(rule, rows)
            if column.kind == "integer" and value.dtype.is_float():
                value = value.round(0)
            value = value.cast(held(column), strict=False).alias(column.name)
            if column.name in rows.columns:
                # The first row of an owner keeps what was drawn.
                value = pl.select(pl.coalesce(value, rows[column.name])).to_series()
            rows = rows.with_columns(value)
        return rows

    def kept(self, rows: pl.DataFrame, left: np.ndarray) -> np.ndarray:
        """(n,) bool: rows that keep the rules that the row model does not hold. left: rows that follow each."""
        good = np.ones(rows.height, dtype=bool)
        for rule in self.again:
            assert rule.expression is not None
            good &= rule.expression.holds(rows, unknown=not rule.strict).to_numpy()
        return good & ~(self.ended(rows) & (left > 0))

    def ended(self, rows: pl.DataFrame) -> np.ndarray:
        """(n,) bool: rows that nothing may come after."""
        found = np.zeros(rows.height, dtype=bool)
        for rule in self.ends:
            found |= (rows[rule.columns[0]] == rule.value).fill_null(False).to_numpy()
        return found


def one_way(schema: TableSchema) -> dict[str, int]:
    """1 for columns that never fall, -1 for those that never rise."""
    ways = {"increasing": 1, "decreasing": -1}
    return {rule.columns[0]: ways[rule.along] for rule in _read(schema) if rule.along in ways}


def tied(schema: TableSchema) -> frozenset[str]:
    """Columns that a rule ties so that they must be drawn as they are: of combinations, groups and steps."""
    families = ("combination", "one_hot", "increment", "unique")
    return frozenset(name for rule in _read(schema) if rule.family in families for name in rule.columns)


def held_rules(schema: TableSchema, plain: frozenset[str]) -> Held:
    """The confirmed rules of rows. plain: columns that are drawn as they are."""
    row, again, functions, running, ends = [], [], [], set(), []
    for each in schema.constraints:
        if not each.confirmed:
            continue
        rule = read_rule(each.rule, schema)
        if rule.along == "running":
            functions.append(rule)
            running.add(rule.columns[0])
        elif rule.along == "nothing_after":
            ends.append(rule)
        elif rule.family == "function" and not set(rule.columns) <= plain:
            functions.append(rule)
        elif rule.along == "expression" or (rule.family == "expression" and not set(rule.columns) <= plain):
            again.append(rule)
        elif rule.family != "along" and set(rule.columns) <= plain:
            row.append(each)
    made = {rule.columns[0] for rule in functions}
    # What speaks of a computed column can be seen only when that is there.
    late = [each for each in row if made & set(read_rule(each.rule, schema).columns)]
    again += [rule for rule in (read_rule(each.rule, schema) for each in late) if rule.family == "expression"]
    kept = tuple(each for each in row if each not in late)
    return Held(kept, _in_order(functions), frozenset(running), tuple(ends), tuple(again))


def beside(rows: pl.DataFrame, earlier: dict[str, pl.Series]) -> pl.DataFrame:
    """Rows with the values of the rows before beside."""
    return rows.with_columns(values.alias(before(name)) for name, values in earlier.items())


def _read(schema: TableSchema) -> tuple[Rule, ...]:
    return tuple(read_rule(each.rule, schema) for each in schema.constraints if each.confirmed)


def _in_order(functions: list[Rule]) -> tuple[Rule, ...]:
    """Computed columns so that each comes after those it needs in the same row; of a circle and of two rules for one
    column the first is kept."""
    found: list[Rule] = []
    waiting = list({rule.columns[0]: rule for rule in reversed(functions)}.values())
    while waiting:
        names = {rule.columns[0] for rule in waiting}
        ready = [rule for rule in waiting if not names & _same_row(rule)] or waiting[:1]
        found += ready
        waiting = [rule for rule in waiting if rule not in ready]
    return tuple(found)


def _same_row(rule: Rule) -> set[str]:
    assert rule.expression is not None
    return set(rule.columns[1:]) - set(rule.expression.before)


def _spelt(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
