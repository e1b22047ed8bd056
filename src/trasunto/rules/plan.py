"""Columns in the order they can be drawn, and blocks of rows drawn in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from trasunto.data.check import require
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, Schema, TableSchema
from trasunto.errors import RecipeError, SampleError, near
from trasunto.rules.attributes import GIVABLE, Attribute
from trasunto.rules.choices import Cases, settled
from trasunto.rules.draws import BLOCK
from trasunto.rules.expressions import Expression
from trasunto.rules.people import capacity
from trasunto.rules.residents import Crowd
from trasunto.rules.rule import Block, Rule, Unique
from trasunto.rules.values import Drawn, arrow_type, from_polars, mixed, pa, to_arrow, to_polars

TRIAL = 256
# A table of more words than this is written as plain texts.
MOST_WORDS = 1 << 14


@dataclass(frozen=True)
class Planned:
    """One column of a plan. missing: share of missing values, made last: expressions see what was underneath.

    hidden: drawn for others to use, and not given out. column, dictionary: known once a trial has been drawn.
    """

    rule: Rule
    missing: float = 0.0
    role: Any = None
    hidden: bool = False
    column: Column | None = None
    dictionary: bool = False

    @property
    def known(self) -> Column:
        assert self.column is not None
        return self.column


@dataclass(frozen=True)
class Plan:
    """A table's columns, and the order in which they are drawn."""

    table: str
    columns: Mapping[str, Planned]
    order: tuple[str, ...]
    schema: Schema

    @property
    def shown(self) -> tuple[str, ...]:
        """The columns that are given out, in the document's order."""
        return self.schema.only.names

    @property
    def arrow_schema(self) -> Any:
        """How blocks are written: texts that repeat as dictionaries."""
        fields = []
        for name in self.shown:
            planned = self.columns[name]
            kind = arrow_type(planned.known)
            # Whether an expression leaves gaps is known for certain only once it is computed.
            gaps = planned.known.nullable or isinstance(planned.rule, Expression | Cases)
            fields.append(pa.field(name, pa.dictionary(pa.int32(), kind) if planned.dictionary else kind, gaps))
        return pa.schema(fields)

    @property
    def most(self) -> int | None:
        """How many rows there can be before something that is unique runs out; None when nothing is."""
        sizes = [each.rule.size for each in self.columns.values() if isinstance(each.rule, Unique)]
        for each in self.columns.values():
            if isinstance(each.rule, Attribute):
                sizes += [capacity(each.rule.people, name) for name in each.rule.people.unique]
        return min(sizes) if sizes else None

    def draw(
        self, block: Block, given: Mapping[str, Drawn] | None = None, names: tuple[str, ...] | None = None
    ) -> dict[str, Drawn]:
        """Columns of a block of rows; what the block has already is kept.

        given: columns whose values are told, of (rows,); a missing one is free. names: the columns wanted, with those
        they need; all that are given out when None.
        """
        told = given or {}
        wanted = self.shown if names is None else names
        needed = set(self.order if names is None else self.needed(names))
        self._introduce(block, told)
        for name in self.order:
            if name in needed and name not in block.columns:
                block.columns[name] = self._drawn(block, name, told.get(name))
        return {name: self._with_gaps(block, name, told.get(name)) for name in wanted}

    def _drawn(self, block: Block, name: str, told: Drawn | None) -> Drawn:
        if told is not None and told.valid is None:
            return told
        drawn = self.columns[name].rule.draw(block, name)
        return drawn if told is None else mixed(told, drawn)

    def needed(self, names: tuple[str, ...]) -> set[str]:
        """These columns and all that they rest on."""
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self.columns[name].rule.needs
        return found

    def block(self, seed: int, number: int, given: Mapping[str, Drawn] | None = None) -> dict[str, Drawn]:
        """All columns of block `number`; what was drawn on the way is let go at once."""
        block = Block(seed, number)
        drawn = self.draw(block, given)
        # A block and its people hold each other: left alone, memory would grow until Python looks for such circles.
        block.people.clear()
        return drawn

    def batch(self, seed: int, number: int) -> Any:
        """Block `number` as an Arrow record batch."""
        drawn = self.block(seed, number)
        schema = self.arrow_schema
        arrays = []
        for name, field in zip(self.shown, schema, strict=True):
            array = to_arrow(drawn[name], self.columns[name].known)
            arrays.append(array if array.type == field.type else array.cast(field.type))
        return pa.RecordBatch.from_arrays(arrays, schema=schema)

    def frame(self, drawn: Mapping[str, Drawn]) -> pl.DataFrame:
        """Columns as a dataset holds them."""
        return pl.DataFrame([to_polars(each, self.columns[name].known) for name, each in drawn.items()])

    def table_of(self, drawn: Mapping[str, Drawn], first: int = 0, rows: int = BLOCK) -> pl.DataFrame:
        """Rows first..first+rows-1 of a block, as a dataset holds them."""
        if first == 0 and rows == BLOCK:
            return self.frame(drawn)
        places = np.arange(first, first + rows)
        return self.frame({name: each.take(places) for name, each in drawn.items()})

    def rows(self, start: int, rows: int, seed: int, given: Table | None = None) -> pl.DataFrame:
        """Rows start..start+rows-1 of all there could be. given: told columns, whose first row is row `start`."""
        parts = []
        for number, first, count in blocks(start, rows):
            # What is told is filled up to a whole block at both its ends.
            at = number * BLOCK - start
            told = told_of(self, given, np.clip(np.arange(at, at + BLOCK), 0, rows - 1))
            parts.append(self.table_of(self.block(seed, number, told), first, count))
        return pl.concat(parts) if parts else self.table_of(self.draw(Block(seed, 0, 1)), rows=0)

    def check(self, rows: int, given: Table | None = None, first: int = 0) -> None:
        """SampleError for a count or given values that cannot be. first: rows drawn before."""
        if rows < 0 or first < 0:
            raise SampleError(f"Cannot draw {rows} rows after {first}.", "Ask for 0 or more.")
        most = self.most
        if most is not None and first + rows > most:
            raise SampleError(
                f"The rules allow {most:,} rows with unique values, not {first + rows:,}.",
                "Widen them, or ask for fewer.",
            )
        if given is not None:
            self._check_given(rows, given)

    def _check_given(self, rows: int, table: Table) -> None:
        if len(table) != rows:
            raise SampleError(f"{len(table)} given rows, but {rows} are asked for.", "Give as many as you ask for.")
        for name in table.schema.names:
            rule = self.columns[name].rule
            if isinstance(rule, Attribute) and rule.attribute not in GIVABLE:
                beside = [n for n, each in self.columns.items() if n != name and self._same_person(each.rule, rule)]
                if beside:
                    raise SampleError(
                        f"The {rule.attribute} of a person cannot be given beside {', '.join(beside)}.",
                        f"What can be given of a person: {', '.join(GIVABLE)}.",
                    )
        known = TableSchema(tuple(replace(self.columns[name].known, nullable=True) for name in table.schema.names))
        require(Dataset.of(Table(known, table.rows), self.table))

    @staticmethod
    def _same_person(rule: Rule, other: Attribute) -> bool:
        return isinstance(rule, Attribute) and rule.people.name == other.people.name

    def _introduce(self, block: Block, told: Mapping[str, Drawn]) -> None:
        """Tell people what is given of them."""
        facts: dict[str, dict[str, Drawn]] = {}
        for name, drawn in told.items():
            rule = self.columns[name].rule
            if isinstance(rule, Attribute):
                facts.setdefault(rule.people.name, {})[rule.attribute] = drawn
        for each in self.columns.values():
            rule = each.rule
            if isinstance(rule, Attribute) and rule.people.name in facts and rule.people.name not in block.people:
                block.people[rule.people.name] = Crowd(rule.people, block, facts[rule.people.name])

    def _with_gaps(self, block: Block, name: str, told: Drawn | None) -> Drawn:
        drawn, share = block.columns[name], self.columns[name].missing
        known = None if told is None else told.valid
        if not share or (told is not None and known is None):
            return drawn
        there = block.rng(f"{name}\0missing").random(block.rows) >= share
        return drawn.also(there if known is None else there | known)


def told_of(plan: Plan, given: Table | None, places: np.ndarray) -> dict[str, Drawn]:
    """The given values at these places, by column."""
    if given is None:
        return {}
    rows = given.rows[places.tolist()]
    return {name: from_polars(rows[name], plan.columns[name].known) for name in rows.columns}


def blocks(start: int, rows: int) -> Iterator[tuple[int, int, int]]:
    """(block, first row within it, how many) that hold rows start..start+rows-1."""
    at = start
    while at < start + rows:
        number, first = divmod(at, BLOCK)
        count = min(BLOCK - first, start + rows - at)
        yield number, first, count
        at += count


def planned(table: str, columns: Mapping[str, Planned], key: tuple[str, ...]) -> Plan:
    """A plan of columns. RecipeError for columns that are not there, need each other, or cannot be drawn."""
    order = _ordered(columns)
    block = Block(0, 0, TRIAL)
    known: dict[str, Planned] = {}
    for name in order:
        each = columns[name]
        try:
            rule = settled(each.rule, block, name)
            block.columns[name] = drawn = rule.draw(block, name)
        except (SampleError, TypeError, ValueError) as error:
            problem = error.problem if isinstance(error, SampleError) else f"Column {name!r}: {error}."
            raise RecipeError(problem, "Mend the rule.") from error
        column = replace(rule.column(name), name=name)
        nullable = column.nullable or each.missing > 0 or any(known[n].known.nullable for n in rule.needs)
        column = replace(column, nullable=nullable, role=each.role or column.role)
        few = drawn.words is not None and len(drawn.words) <= MOST_WORDS and arrow_type(column) == pa.string()
        known[name] = replace(each, rule=rule, column=column, dictionary=few)
    shown = tuple(known[name].known for name in columns if not columns[name].hidden)
    if not shown:
        raise RecipeError("All columns are hidden.", "Show at least one.")
    schema = TableSchema(shown)
    for name in key:
        if name not in schema:
            raise RecipeError(f"The primary key names no column {name!r}.", near(name, schema.names))
        _check_key(name, known[name], len(key))
    return Plan(table, known, order, Schema({table: replace(schema, primary_key=key)}))


def _check_key(name: str, each: Planned, columns: int) -> None:
    from trasunto.rules.numbers import Sequence

    people = each.rule.people.unique if isinstance(each.rule, Attribute) else frozenset()
    unique = isinstance(each.rule, Sequence | Unique) or (
        isinstance(each.rule, Attribute) and each.rule.attribute in people
    )
    if each.missing or (columns == 1 and not unique):
        raise RecipeError(f"The primary key {name!r} can repeat or be missing.", "Make it a sequence, or unique: true.")


def _ordered(columns: Mapping[str, Planned]) -> tuple[str, ...]:
    """The columns so that each comes after those it needs."""
    done: dict[str, None] = {}
    path: list[str] = []

    def visit(name: str) -> None:
        if name in done:
            return
        if name in path:
            circle = " → ".join([*path[path.index(name) :], name])
            raise RecipeError(f"Columns need each other in a circle: {circle}.", "Let one of them not need the next.")
        path.append(name)
        for other in columns[name].rule.needs:
            if other not in columns:
                raise RecipeError(f"Column {name!r} needs {other!r}, which is not there.", near(other, columns))
            visit(other)
        done[path.pop()] = None

    for name in columns:
        visit(name)
    return tuple(done)
