"""Related tables under a budget: families are the unit, and the budget is split over the tables.

Each unit's rows are learnt by marginals of their own columns, of how many rows hang from them and, for rows that hang
from others, of what stands above (private_studies.py). They are drawn as those of a fit without a budget are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from trasunto.data.constraints import across, read_across, read_rule
from trasunto.data.dataset import Dataset, Table
from trasunto.data.relations import Link
from trasunto.data.schema import Schema, TableSchema
from trasunto.errors import BudgetError, FitError, SchemaError, near
from trasunto.privacy.budget import Budget, Guarantee, guaranteed
from trasunto.privacy.domain import public_schema
from trasunto.privacy.mechanisms import noise
from trasunto.progress import Progress
from trasunto.synthesizers.children import ChildrenSettings
from trasunto.synthesizers.marginals import METHODS, Marginals
from trasunto.synthesizers.private import MADE_UP, NAMES, OPEN, OUTSIDE, RULES
from trasunto.synthesizers.private_domain import held_by
from trasunto.synthesizers.private_forms import forms_from
from trasunto.synthesizers.private_plan import Families, budget_for, families_of
from trasunto.synthesizers.private_studies import Hanging, Study, children_of, learnt, told_above
from trasunto.synthesizers.private_units import Held, makers_of
from trasunto.synthesizers.relational_draw import Drawing, Wanted
from trasunto.synthesizers.relational_parts import Carried, Part
from trasunto.synthesizers.relational_plan import Unit
from trasunto.synthesizers.relational_rows import Path, label_of

# Families drawn to tell about how many rows each table has.
SEEN = 1_000
UNIT = (
    "The rows of one family weigh as one row together in each table. Discrete Gaussian noise and the exponential "
    "mechanism, added up as zCDP."
)


@dataclass(frozen=True)
class Learnt:
    """What a fit under a budget gives. parts: by unit. sizes: about how many rows each table has, as the model says."""

    schema: Schema
    parts: tuple[Part, ...]
    copied: Mapping[str, Table]
    sizes: Mapping[str, int]
    guarantee: Guarantee


def marginals_of(row: object, name: str) -> Marginals:
    """The row synthesizer, where it has a private version for rows of families. BudgetError for any other."""
    if not isinstance(row, Marginals):
        raise BudgetError(
            f"Rows of related tables and of events cannot be learnt by {name!r} under a budget.",
            "Take 'marginals', and a delta well below 1 / families or entities beside epsilon.",
        )
    return row


def fit_families(real: Dataset, row: Marginals, budget: Budget, *, seed: int, progress: Progress) -> Learnt:
    """Learn related tables within a budget.

    Raises before any noise, so that nothing is spent: BudgetError for tables that no family covers, a domain neither
    declared nor paid for, a delta of 0; FitError for free text; SchemaError for a rule that cannot be read.
    """
    asked = budget_for(budget, real)
    families = families_of(real.schema, asked.person)
    if asked.delta == 0:
        raise BudgetError("delta is 0, and Gaussian noise is never that private.", "Give one well below 1 / families.")
    source = noise()
    held, count, rest, bought = held_by(real, families, asked, source)
    hanging = {unit.name: _hanging(real, held, unit) for unit in families.plan.units if unit.generating}
    forms = {
        name: forms_from(each.context.schema, each.events.schema, held.order_of(families.plan[name]), each.events.rows)
        for name, each in hanging.items()
    }
    studies: list[Study] = []
    for unit in families.plan.units:
        own = held.own[unit.name]
        if unit.generating is None and own.schema.columns:
            studies.append(Study(unit.name, None, _ruled(real, unit, own), 1))
        elif unit.generating is not None and own.schema.columns:
            studies += hanging[unit.name].studies(forms[unit.name], source)
    models, spending = learnt(tuple(studies), row, rest, families=count, seed=seed, noise=source, progress=progress)
    parts = []
    for unit in families.plan.units:
        part = _part(real, held, unit)
        if unit.name in hanging and held.own[unit.name].schema.columns:
            part = replace(part, model=children_of(hanging[unit.name], forms[unit.name], models, ChildrenSettings()))
        elif (unit.name, None) in models:
            part = replace(part, model=models[unit.name, None])
        parts.append(part)
    copied = {name: real.tables[name] for name in families.plan.copied}
    made = tuple(replace(part, rows=count) if part.unit.generating is None else part for part in parts)
    sizes = _sizes(families, made, copied, count, seed)
    made = tuple(replace(part, rows=sizes[part.unit.name]) for part in made)
    assumptions = (*_assumed(held, asked), *source.assumptions)
    guarantee = guaranteed(asked, f"{METHODS[row.method]} {UNIT}", (*bought, *spending), assumptions)
    schema = Schema({n: t if n in copied else public_schema(t) for n, t in real.schema.tables.items()})
    return Learnt(schema, made, copied, sizes, guarantee)


def _hanging(real: Dataset, held: Held, unit: Unit) -> Hanging:
    above = held.families.above(unit)
    mosts = [held.degrees[above[0].name][unit.generating].most] if unit.generating else []
    owners = 1
    for each in above:
        if each.generating is not None:
            up = held.families.above(each)[0]
            owners *= held.degrees[up.name][each.generating].most
    own = _ruled(real, unit, held.own[unit.name])
    order = held.order_of(unit)
    if order is not None and own.rows[order].null_count():
        raise FitError(f"Rows of {unit.name!r} have no place in the order: {order!r} is missing.", "Fill or drop them.")
    context = told_above(held.context(unit))
    return Hanging(unit.name, context, own, held.owner[unit.name], held.family[unit.name], mosts[0], owners)


def _ruled(real: Dataset, unit: Unit, own: Table) -> Table:
    """The rows under the rules of their table that speak of columns that are drawn."""
    schema = real.schema.tables[unit.name]
    found = [each for each in schema.constraints if each.confirmed and read_across(each.rule, schema) is None]
    rules = tuple(each for each in found if set(read_rule(each.rule, schema).columns) <= set(own.schema.names))
    return Table(replace(own.schema, constraints=rules), own.rows)


def _part(real: Dataset, held: Held, unit: Unit) -> Part:
    makers = {name: makers_of(real, name) for name in unit.tables}
    own = TableSchema(held.own[unit.name].schema.columns)
    own = _ruled(real, unit, Table(own, held.own[unit.name].rows)).schema
    carried = _carried(real, held, unit)
    order = held.order_of(unit)
    return Part(unit, own, held.degrees[unit.name], held.labels[unit.name], carried, makers, order, 0.0, 1)


def _carried(real: Dataset, held: Held, unit: Unit) -> tuple[Carried, ...]:
    """The rules that tie a column to one of a row that it hangs from."""
    ways: dict[str, Path] = {}
    path: tuple[Link, ...] = ()
    for each in (unit, *held.families.above(unit)):
        if each.generating is not None:
            path = (*path, each.generating)
            ways[each.generating.parent] = path
    found = []
    for name in unit.tables:
        for rule in across(real.schema.tables[name]):
            if rule.table not in ways:
                raise SchemaError(
                    f"The rule {rule.text!r} of table {name!r} names {rule.table!r}, which it does not hang from.",
                    near(rule.table, ways),
                )
            above = held.families.plan.unit_of(rule.table)
            assert above is not None
            source, mine = label_of(above, rule.table, rule.column), label_of(unit, name, rule.mine)
            for label, where in ((source, held.own[above.name].schema), (mine, held.own[unit.name].schema)):
                if label not in where:
                    raise SchemaError(f"The rule {rule.text!r} names {label!r}.", near(label, where.names))
            found.append(Carried(mine, rule.op, ways[rule.table], source))
    return tuple(found)


def _sizes(
    families: Families, parts: tuple[Part, ...], copied: Mapping[str, Table], count: int, seed: int
) -> dict[str, int]:
    """About how many rows each table has: as many as the model draws for so many families. It costs nothing."""
    wanted = Wanted({families.root: SEEN}, {}, {}, {}, seed)
    drawn = Drawing(families.plan, {part.unit.name: part for part in parts}, copied, wanted).draw()
    sizes = {name: round(len(table) * count / SEEN) for name, table in drawn.tables.items()}
    return {**sizes, **{name: len(table) for name, table in copied.items()}, families.root: count}


def _assumed(held: Held, budget: Budget) -> tuple[str, ...]:
    """What is taken as public, and what the claim leaves out."""
    families, schema = held.families, held.dataset.schema
    told = [
        f"A family is a row of {families.root!r} with all rows that hang from it; rows that hang from none are left "
        "out.",
        NAMES,
    ]
    if families.plan.copied:
        told.append(f"These tables are taken as public and are copied as they are: {', '.join(families.plan.copied)}.")
    columns = [f"{n}.{c.name}" for n, t in schema.tables.items() for c in t.columns if c.declared and c.kind != "id"]
    kept = [each for each in columns if each.partition(".")[0] not in families.plan.copied]
    if kept:
        told.append(f"What these columns may hold was declared and is taken as public: {', '.join(kept)}.")
    told.append(OUTSIDE)
    for unit in families.plan.units:
        told += [
            f"At most {degree.most} rows of {link.child!r} for one row of {link.parent!r} are learnt from."
            for link, degree in held.degrees[unit.name].items()
        ]
        told += [
            f"A row of {fold.parent!r} counts with each row of {fold.child!r} that refers to it."
            for fold in unit.folded
        ]
        told += [
            f"Which other rows {link} leads to is not learnt: new ones are picked at random."
            for link, label in held.labels[unit.name].items()
            if not label.same and held.own[unit.name].schema[label.name].categories == ("any",)
        ]
    if any(table.constraints for table in schema.tables.values()):
        told.append(RULES)
    told.append(MADE_UP)
    if budget.rows is not None:
        told.append(f"The number of rows of {families.root!r}, {budget.rows:,}, is taken as public.")
    told.append(OPEN)
    return tuple(told)
