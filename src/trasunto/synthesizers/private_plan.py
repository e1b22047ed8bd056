"""How related tables are taken apart under a budget: by the schema alone, which is public, and never by their rows.

A family is a row of the root table with every row that hangs from it. One key makes the rows of a table: its first that
may not be missing. A table of which each row is referred to once (`most: 1` of the key), and that hangs from no family
itself, is learnt with the row that refers to it. What is of no family has to be public, or it is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from trasunto.data import relations
from trasunto.data.dataset import Dataset
from trasunto.data.relations import Link
from trasunto.data.schema import Schema
from trasunto.errors import BudgetError, near
from trasunto.privacy.budget import Budget
from trasunto.synthesizers.relational_plan import Plan, Unit, copied_of


@dataclass(frozen=True)
class Families:
    """plan: the units, parents before children, the root first. root: the table whose rows are families."""

    plan: Plan
    root: str

    def above(self, unit: Unit) -> tuple[Unit, ...]:
        """The units that the rows of one hang from, nearest first."""
        found: list[Unit] = []
        while unit.generating is not None:
            above = self.plan.unit_of(unit.generating.parent)
            assert above is not None
            unit = above
            found.append(unit)
        return tuple(found)

    def below(self, unit: Unit) -> tuple[tuple[Unit, Link], ...]:
        """The units whose rows hang from those of one, and the key that says so."""
        return tuple((other, link) for other, link in self.plan.below(unit) if link == other.generating)


def budget_for(budget: Budget, real: Dataset) -> Budget:
    """The budget with its unit named: a family of related tables, the entity of a sequence, else as it is.

    BudgetError for what is of no family, and for another person than the entity of a sequence.
    """
    if real.tied:
        return replace(budget, person=families_of(real.schema, budget.person).root, family=True)
    sequence = next(iter(real.tables.values())).schema.sequence if len(real.tables) == 1 else None
    if sequence is None:
        return budget
    if budget.person not in (None, sequence[0]):
        raise BudgetError(
            f"The events are of {sequence[0]!r}, and the budget is to protect {budget.person!r}.",
            f"Name {sequence[0]!r} as `person`, or leave it out.",
        )
    return replace(budget, person=sequence[0])


def families_of(schema: Schema, root: str | None = None) -> Families:
    """The families of a schema. root: the table whose rows they are; the one that hangs from none when None.

    BudgetError, with what to change, for tables that no family covers; SchemaError for a copied table that refers to
    one that is not.
    """
    copied = copied_of(schema)
    ties = _ties(schema, copied)
    top = _root(schema, copied, ties, root)
    folded: dict[str, Link] = {}
    hanging = [top]
    while True:
        more = [link for link in ties if link.parent in hanging and link.child not in (*hanging, *folded)]
        if more:
            hanging.append(more[0].child)
            continue
        folds = [link for link in ties if link.child in hanging and _may_fold(link, ties, (*hanging, *folded))]
        if not folds:
            break
        folded[folds[0].parent] = folds[0]
    lost = [name for name in schema.tables if name not in copied and name not in (*hanging, *folded)]
    if lost:
        raise BudgetError(
            f"Table {lost[0]!r} is of no family: its rows hang from no row of {top!r}.",
            "Mark it as copied where it is public; say `most: 1` of the key to it where each of its rows is referred "
            "to once; or leave it out.",
        )
    units: dict[str, Unit] = {}
    for name in hanging:
        ours = tuple(link for link in folded.values() if link.child == name)
        up = [link for link in ties if link.child == name and link not in ours]
        must = [link for link in up if not relations.optional(schema, link)] or up
        tables = {name, *(link.parent for link in ours)}
        made_by = must[0] if must else None
        rest = [e for e in relations.links(schema) if e.child in tables and e not in ours and e != made_by]
        why = "It is the root: its rows are the families." if made_by is None else "Its first key to a family."
        units[name] = Unit(name, ours, made_by, why, tuple(rest), ())
    return Families(Plan(schema, tuple(units[name] for name in _in_order(units, ties)), copied), top)


def _ties(schema: Schema, copied: tuple[str, ...]) -> list[Link]:
    """The keys between tables that are made. BudgetError for keys whose rows no family holds together."""
    closing = relations.late(schema)
    free = [link for link in relations.links(schema) if link.child not in copied]
    strange = [link for link in free if link.itself or link in closing]
    if strange:
        what = "the same table" if strange[0].itself else "a table that hangs from it"
        raise BudgetError(
            f"The key {strange[0]} leads to {what}, and no budget covers that.", "Leave the key out of the schema."
        )
    return [link for link in free if link.parent not in copied]


def _root(schema: Schema, copied: tuple[str, ...], ties: list[Link], asked: str | None) -> str:
    made = [name for name in schema.tables if name not in copied]
    heads = [name for name in made if not any(link.child == name for link in ties)]
    if asked is not None:
        if asked not in heads:
            raise BudgetError(f"No families of {asked!r}: it is no table that hangs from none.", near(asked, heads))
        return asked
    rest = [name for name in heads if not any(link.parent == name and _may_fold(link, ties, ()) for link in ties)]
    if len(rest) != 1:
        told = ", ".join(repr(name) for name in rest or heads) or "none"
        raise BudgetError(
            f"Whose families are protected cannot be told: of tables that hang from no other there are {told}.",
            "Name one as `person` of the budget; mark public ones as copied; say `most: 1` of the key to one whose "
            "rows are referred to once each.",
        )
    return rest[0]


def _may_fold(link: Link, ties: list[Link], known: tuple[str, ...]) -> bool:
    """Whether a parent is learnt with the one row that refers to each of its rows: no other table hangs from it."""
    alone = all(each == link for each in ties if each.parent == link.parent)
    top = not any(each.child == link.parent for each in ties)
    other = any(each.child == link.child and each.parent != link.parent for each in ties)
    return link.key.most == 1 and link.parent not in known and alone and top and other


def _in_order(units: dict[str, Unit], ties: list[Link]) -> list[str]:
    """Units, parents before children, in the order of their finding."""
    made: list[str] = []
    needs = {name: {e.parent for e in ties if e.child == name and e.parent in units} for name in units}
    while len(made) < len(units):
        made.append(next(name for name in units if name not in made and needs[name] <= set(made)))
    return made
