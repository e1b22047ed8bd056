"""Rules that pick among given things: choices with weights, and tables of cases by another column's value."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trasunto.data.schema import Column
from trasunto.rules.draws import Weighted
from trasunto.rules.expressions import Expression
from trasunto.rules.rule import Block, Rule, Spec
from trasunto.rules.values import Drawn, pc, scattered, words

_NUMBER = r"\s*(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*"
_SPAN = re.compile(rf"^{_NUMBER}\.\.{_NUMBER}$|^\s*(<=|>=|<|>){_NUMBER}$")


@dataclass(frozen=True)
class Choices:
    """One of several values by weight. values: all of one type (bool, int, float or str); gap: weight of missing."""

    values: tuple[Any, ...]
    weights: Weighted
    gap: bool
    drawn: Drawn
    needs: tuple[str, ...] = ()

    @property
    def capacity(self) -> int | None:
        return len(self.values)

    def column(self, name: str) -> Column:
        known = {bool: "boolean", int: "integer", float: "number"}
        kind: Any = known.get(type(self.values[0]), "category")
        bounds = (min(self.values), max(self.values)) if kind in ("integer", "number") else None
        categories = self.values if kind == "category" else None
        return Column(name, kind, nullable=self.gap, categories=categories, bounds=bounds, declared=True)

    def draw(self, block: Block, name: str) -> Drawn:
        return self._valued(self.weights.draw(block.rng(name), block.rows))

    def nth(self, index: np.ndarray, block: Block, name: str) -> Drawn:
        return self._valued(index.astype(np.int32))

    def _valued(self, places: np.ndarray) -> Drawn:
        valid = places < len(self.values) if self.gap else None
        if self.drawn.words is not None:
            return Drawn(np.minimum(places, len(self.values) - 1) if self.gap else places, valid, self.drawn.words)
        return Drawn(self.drawn.data[np.minimum(places, len(self.values) - 1)], valid)


@dataclass(frozen=True)
class Cases:
    """A rule for each case of another column.

    cases: (test of that column's values, rule); the first that holds counts.
    """

    by: str
    cases: tuple[tuple[Callable[[Drawn], np.ndarray], Rule], ...]
    otherwise: Rule | None
    capacity: int | None = None

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rule of each case, and of all others when there is one."""
        return tuple(rule for _, rule in self.cases) + ((self.otherwise,) if self.otherwise else ())

    @property
    def needs(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys([self.by, *(name for rule in self.rules for name in rule.needs)]))

    def column(self, name: str) -> Column:
        """The column that holds all cases: their kind when they agree, else number or category."""
        parts = [rule.column(name) for rule in self.rules if not _nothing(rule)]
        if not parts:
            return Column(name, "category", declared=True)
        kinds = {part.kind for part in parts}
        numeric = kinds <= {"integer", "number"}
        kind: Any = parts[0].kind if len(kinds) == 1 else "number" if numeric else "category"
        nullable = self.otherwise is None or any(_nothing(r) for r in self.rules) or any(p.nullable for p in parts)
        categories = None
        if kind == "category" and all(part.categories is not None for part in parts):
            categories = tuple(dict.fromkeys(value for part in parts for value in part.categories or ()))
        bounds: Any = None
        if (numeric or kinds == {"datetime"}) and all(part.bounds is not None for part in parts):
            every = [part.bounds for part in parts if part.bounds]
            bounds = (min(low for low, _ in every), max(high for _, high in every))
        form = parts[0].format if len({part.format for part in parts}) == 1 else replace(parts[0].format, decimals=None)
        return replace(parts[0], kind=kind, nullable=nullable, categories=categories, bounds=bounds, format=form)

    def draw(self, block: Block, name: str) -> Drawn:
        deciding = block.columns[self.by]
        left = np.ones(block.rows, dtype=bool) if deciding.valid is None else deciding.valid.copy()
        parts: list[tuple[np.ndarray, Drawn]] = []
        for number, (test, rule) in enumerate(self.cases):
            mine = left & test(deciding)
            left &= ~mine
            parts.append(self._part(block, name, np.flatnonzero(mine), rule, number))
        rest = np.ones(block.rows, dtype=bool)
        for places, _ in parts:
            rest[places] = False
        parts.append(self._part(block, name, np.flatnonzero(rest), self.otherwise, len(self.cases)))
        return _alike(parts, block.rows, self.column(name))

    def nth(self, index: np.ndarray, block: Block, name: str) -> Drawn:
        raise NotImplementedError

    def _part(
        self, block: Block, name: str, places: np.ndarray, rule: Rule | None, number: int
    ) -> tuple[np.ndarray, Drawn]:
        if rule is None or _nothing(rule):
            return places, Drawn(np.zeros(len(places)), np.zeros(len(places), dtype=bool))
        return places, rule.draw(block.part(places, f"case {number}", rule.needs), name)


def settled(rule: Rule, block: Block, name: str) -> Rule:
    """A rule whose expressions know what they give, from a trial on some rows."""
    if isinstance(rule, Expression):
        return rule.settled(block, name)
    if isinstance(rule, Cases):
        inner = tuple((test, settled(each, block, name)) for test, each in rule.cases)
        return replace(rule, cases=inner, otherwise=rule.otherwise and settled(rule.otherwise, block, name))
    return rule


def _nothing(rule: Rule) -> bool:
    return getattr(rule, "value", "") is None


def _alike(parts: list[tuple[np.ndarray, Drawn]], rows: int, column: Column) -> Drawn:
    """Parts in row order; words of several tables become one table, and missing parts take the type of the column."""
    if column.kind not in ("category", "text", "id"):
        day = "datetime64[D]" if column.format.date_only else "datetime64[us]"
        kind = {"datetime": day, "integer": "int64", "boolean": "bool"}.get(column.kind, "float64")
        parts = [(p, Drawn(np.zeros(len(d), kind), d.valid) if _gaps(d) else d) for p, d in parts]
        return scattered(parts, rows)
    parts = [(p, d if d.is_text else _spelled(d)) for p, d in parts]
    if all(drawn.words is not None for _, drawn in parts):
        known: dict[str, int] = {}
        made = []
        for places, drawn in parts:
            own = [known.setdefault(word, len(known)) for word in drawn.words.to_pylist()]
            made.append((places, Drawn(np.array(own, dtype=np.int32)[drawn.data], drawn.valid)))
        together = scattered(made, rows)
        return Drawn(together.data, together.valid, words(known))
    return scattered(parts, rows)


def _gaps(drawn: Drawn) -> bool:
    """Whether nothing is there."""
    return drawn.valid is not None and not drawn.valid.any()


def _spelled(drawn: Drawn) -> Drawn:
    if _gaps(drawn):
        return Drawn(np.zeros(len(drawn), np.int32), drawn.valid, words([""]))
    found, places = np.unique(drawn.data, return_inverse=True)
    return Drawn(places.astype(np.int32), drawn.valid, words(found.tolist()))


def choices(spec: Spec) -> Rule:
    """`choices: [a, b]` or `choices: {a: 0.7, b: 0.3}`; null is a missing value."""
    given = paired(spec.value)
    if isinstance(given, list | tuple):
        given = dict.fromkeys(given, 1.0) if all(isinstance(v, int | float | str | None) for v in given) else None
    if not isinstance(given, dict) or not given:
        raise spec.wrong(f"choices is {spec.value!r}.", "Write [a, b] or {a: 0.7, b: 0.3}.")
    for value, weight in given.items():
        if spec.as_number(f"the weight of {value!r}", weight) < 0:
            raise spec.wrong(f"the weight of {value!r} is {weight}; it must be 0 or more.")
    if sum(given.values()) <= 0:
        raise spec.wrong("all weights are 0.", "Give one of the choices a weight above 0.")
    values = [value for value in given if value is not None]
    if not values:
        raise spec.wrong("the only choice is missing.", "Use constant: null.")
    values = _of_one_type(values)
    weights = [float(given[value]) for value in given if value is not None]
    if None in given:
        weights.append(float(given[None]))
    is_text = isinstance(values[0], str)
    drawn = Drawn(np.zeros(0, np.int32), words=words(values)) if is_text else Drawn(np.array(values))
    return Choices(tuple(values), Weighted.of(weights), None in given, drawn)


def paired(written: Any) -> Any:
    """A list of [key, value] pairs as a mapping: so JSON, whose keys are texts alone, can tell 1 from "1"."""
    pairs = isinstance(written, list) and all(isinstance(each, list | tuple) and len(each) == 2 for each in written)
    return dict(written) if pairs and written else written


def _of_one_type(values: list[Any]) -> list[Any]:
    kinds = {type(value) for value in values}
    if kinds <= {bool} or kinds <= {int} or kinds <= {str}:
        return values
    if kinds <= {int, float}:
        return [float(value) for value in values]
    return [("true" if value else "false") if isinstance(value, bool) else str(value) for value in values]


def cases(spec: Spec) -> Rule:
    """`by: column`, `cases: {value: rule or value}`, `otherwise`."""
    if not isinstance(spec.value, str):
        raise spec.wrong(f"by is {spec.value!r}.", "Give the name of a column.")
    table = paired(spec.option("cases"))
    if not isinstance(table, dict) or not table:
        raise spec.wrong("by needs cases.", "Write cases: {value: rule or value}.")
    made = tuple((_test(case), spec.read(f"case {case!r}", rule)) for case, rule in table.items())
    rest = spec.read("otherwise", spec.option("otherwise")) if "otherwise" in spec.options else None
    return Cases(spec.value, made, rest)


def _test(case: Any) -> Callable[[Drawn], np.ndarray]:
    """Whether each value is the case: the value itself, or "18..64", "< 18", ">= 65" for numbers."""
    span = _SPAN.match(case) if isinstance(case, str) else None

    def same(drawn: Drawn) -> np.ndarray:
        if drawn.words is not None:
            return np.asarray(pc.equal(drawn.words, _word(case)))[drawn.data]
        if drawn.is_text:
            return np.asarray(pc.equal(drawn.data, _word(case)))
        if isinstance(case, str):
            return within(drawn.data) if span and drawn.data.dtype.kind in "if" else np.zeros(len(drawn), dtype=bool)
        return np.asarray(drawn.data == case)

    def within(values: np.ndarray) -> np.ndarray:
        assert span is not None
        if span[3]:
            tests = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}
            return np.asarray(tests[span[3]](values, float(span[4])))
        return (values >= float(span[1])) & (values <= float(span[2]))

    return same


def _word(case: Any) -> str:
    return ("true" if case else "false") if isinstance(case, bool) else str(case)
