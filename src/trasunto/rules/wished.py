"""Rows that meet a condition: what misses it is drawn again, in the same place of every count.

A row that is drawn again keeps its number, so sequences go on without holes and unique values stay unique. Only what
the condition rests on is drawn so often, the rest once: of people of whom it asks gender or age alone these are told to
the rest, of others all columns are drawn together.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from trasunto.data.dataset import Table
from trasunto.data.expressions import Expression, parse
from trasunto.data.schema import TableSchema
from trasunto.errors import SampleError
from trasunto.rules.attributes import GIVABLE, Attribute
from trasunto.rules.draws import BLOCK
from trasunto.rules.people import People
from trasunto.rules.plan import Plan, told_of
from trasunto.rules.residents import Crowd
from trasunto.rules.rule import Block
from trasunto.rules.values import Drawn, scattered

# Rows tried, for each that is wanted and in any case, before a condition is given up.
EACH, LEAST = 3_000, 3_000_000


def wished(plan: Plan, where: str, rows: int, seed: int, given: Table | None, first: int) -> pl.DataFrame:
    """`rows` rows that meet a condition over the columns of the plan, hidden ones too (see data/expressions.py).

    given: values that stay, missing where they are free. first: the number of the first row. The same call gives the
    same rows. Raises SchemaError for a condition that cannot be read, SampleError for one that too few rows meet.
    """
    condition = parse(where, TableSchema(tuple(each.known for each in plan.columns.values())))
    parts = [
        _some(plan, condition, np.arange(start, min(start + BLOCK, rows)), seed, given, first)
        for start in range(0, rows, BLOCK)
    ]
    return pl.concat(parts) if parts else plan.rows(0, 0, seed)


def _some(
    plan: Plan, condition: Expression, places: np.ndarray, seed: int, given: Table | None, first: int
) -> pl.DataFrame:
    """Rows at these places that meet the condition."""
    path = f"where {first + int(places[0])}\0"
    names, people = _resting(plan, condition.columns)
    found: list[np.ndarray] = []
    under: dict[str, list[Drawn]] = {name: [] for name in names}
    facts: dict[str, dict[str, list[Drawn]]] = {each.name: {fact: [] for fact in GIVABLE} for each in people}
    shown: dict[str, list[Drawn]] = {name: [] for name in condition.columns}
    waiting, tried, turn = places, 0, 0
    while len(waiting):
        if tried >= LEAST and (not found or tried >= EACH * len(places)):
            raise SampleError(
                f"{len(waiting):,} of {len(places):,} rows do not meet {condition.text!r} after {tried:,} tries.",
                "Loosen the condition, or write it into the rules: choices, min and max, cases.",
            )
        # Few rows that wait are tried many times at once.
        tries = np.tile(waiting, max(1, BLOCK // len(waiting)))
        block = Block(seed, turn, len(tries), at=(tries + first).astype(np.uint64), path=path)
        told = told_of(plan, given, tries)
        seen = plan.draw(block, told, condition.columns)
        met = np.flatnonzero(condition.holds(plan.frame(seen)).to_numpy())
        tried, turn = tried + len(tries), turn + 1
        if len(met):
            filled, which = np.unique(tries[met], return_index=True)
            found.append(filled)
            waiting = np.setdiff1d(waiting, filled, assume_unique=True)
            plan.draw(block, told, names)
            for name in names:
                under[name].append(block.columns[name].take(met[which]))
            for who, known in facts.items():
                for fact in GIVABLE:
                    known[fact].append(block.people[who].get(fact).take(met[which]))
            for name in condition.columns:
                shown[name].append(seen[name].take(met[which]))
    rest = Block(seed, 0, len(places), at=(places + first).astype(np.uint64), path=path + "rest\0")
    rest.columns.update(_placed(under, found, places))
    for each in people:
        rest.people[each.name] = Crowd(each, rest, _placed(facts[each.name], found, places))
    drawn = plan.draw(rest, told_of(plan, given, places))
    kept = {name: each for name, each in _placed(shown, found, places).items() if name in drawn}
    return plan.frame({**drawn, **kept})


def _resting(plan: Plan, names: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[People, ...]]:
    """Columns with all that they rest on and all columns of the people among them; people who need not be whole."""
    needed = plan.needed(names)
    about = {name: each.rule for name, each in plan.columns.items() if isinstance(each.rule, Attribute)}
    asked: dict[str, set[str]] = {}
    for name in needed & about.keys():
        asked.setdefault(about[name].people.name, set()).add(about[name].attribute)
    whole = {who for who, attributes in asked.items() if not attributes <= {*GIVABLE, "age"}}
    needed |= {name for name, rule in about.items() if rule.people.name in whole}
    told = {rule.people.name: rule.people for rule in about.values() if rule.people.name in asked.keys() - whole}
    return tuple(name for name in plan.order if name in needed), tuple(told.values())


def _placed(parts: Mapping[str, list[Drawn]], found: list[np.ndarray], places: np.ndarray) -> dict[str, Drawn]:
    """Values of several turns in the order of their places."""
    at = [part - places[0] for part in found]
    return {name: scattered(list(zip(at, each, strict=True)), len(places)) for name, each in parts.items()}
