"""Events under a budget: an entity with all its events is the unit.

What is constant of an entity, and how many events it has, is one row of it; its events weigh as one row together in
each table that is learnt of them (private_studies.py). Which columns are constant is said beforehand, not looked for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, Schema, TableSchema
from trasunto.encoders.ids import Ids
from trasunto.encoders.private_codes import ids_from
from trasunto.errors import BudgetError, near
from trasunto.privacy.budget import Budget, Guarantee, Spending, guaranteed, small_enough
from trasunto.privacy.domain import public_schema
from trasunto.privacy.mechanisms import Noise, noise
from trasunto.progress import Progress
from trasunto.synthesizers.children import Children, ChildrenSettings
from trasunto.synthesizers.coded import CodedModel
from trasunto.synthesizers.marginals import METHODS, Marginals
from trasunto.synthesizers.private import MADE_UP, NAMES, OPEN, OUTSIDE, RULES
from trasunto.synthesizers.private_domain import opened, require_columns
from trasunto.synthesizers.private_forms import forms_from
from trasunto.synthesizers.private_plan import budget_for
from trasunto.synthesizers.private_relational import UNIT
from trasunto.synthesizers.private_studies import Hanging, Study, children_of, learnt
from trasunto.synthesizers.sequences_apart import Apart, taken_apart


@dataclass(frozen=True)
class LearntEvents:
    """What a fit under a budget gives: the fields of a model of sequences of the same names."""

    schema: Schema
    facts: dict[str, object]
    entities: CodedModel
    events: Children
    names: Ids
    most: int
    guarantee: Guarantee


def fit_entities(
    real: Dataset, row: Marginals, budget: Budget, static: tuple[str, ...], *, seed: int, progress: Progress
) -> LearntEvents:
    """Learn one table of events within a budget. static: columns that are constant within an entity.

    Raises before any noise, so that nothing is spent: BudgetError for a domain or a number of events neither declared
    nor paid for, and a delta of 0; FitError as a fit without a budget does.
    """
    asked = budget_for(budget, real)
    if asked.delta == 0:
        raise BudgetError("delta is 0, and Gaussian noise is never that private.", "Give one well below 1 / entities.")
    schema = real.only.schema
    strange = next((name for name in static if name not in schema or name in (schema.sequence or ())), None)
    if strange is not None:
        raise BudgetError(f"static names {strange!r}.", near(strange, schema.names))
    source = noise()
    apart = taken_apart(real, "sequences", static=static)
    apart, most, count, rest, bought = _known(apart, asked, source)
    owners = np.arange(len(apart.identities))
    hanging = Hanging("events", apart.known, apart.events, apart.owner, owners[apart.owner], most, 1)
    forms = forms_from(apart.known.schema, apart.events.schema, apart.order, apart.events.rows)
    studies = (Study("entities", None, apart.entities, 1), *hanging.studies(forms, source))
    models, spending = learnt(studies, row, rest, families=count, seed=seed, noise=source, progress=progress)
    assumptions = (*_assumed(apart.schema, asked, most), *source.assumptions)
    guarantee = guaranteed(asked, f"{METHODS[row.method]} {UNIT}", (*bought, *spending), assumptions)
    entity = (schema.sequence or ("", ""))[0]
    names = ids_from(schema[entity], apart.identities.dtype.is_integer())
    facts = {"entities": count, "static": list(static), "length": apart.length}
    events = children_of(hanging, forms, models, ChildrenSettings())
    whole = Schema({real.name: public_schema(schema)})
    return LearntEvents(whole, facts, models["entities", None], events, names, most, guarantee)


def _known(apart: Apart, budget: Budget, source: Noise) -> tuple[Apart, int, int, Budget, tuple[Spending, ...]]:
    """(the table with every column declared and no more events of an entity than `most`, most, about how many entities
    there are, what is left of the budget, what was spent)."""
    columns = {c.name: c for c in (*apart.entities.schema.columns, *apart.events.schema.columns) if c.kind != "id"}
    del columns[apart.length]
    require_columns(columns)
    told = "events of one entity"
    given = budget.contributions if budget.contributions > 1 else None
    till, rest = opened(budget, columns, [] if given else [told], "entities", source)
    counts, families = np.bincount(apart.owner), np.arange(len(apart.identities))
    most = given or till.most(told, counts, families)
    place = np.arange(len(apart.owner)) - apart.owner.searchsorted(apart.owner, side="left")
    kept = np.flatnonzero(place < most)
    events, owner = apart.events.take(kept), apart.owner[kept]

    def known(table: Table, family: np.ndarray) -> Table:
        made = [
            c if c.kind == "id" else till.known(c.name, c, table.rows[c.name], family) for c in table.schema.columns
        ]
        return Table(replace(table.schema, columns=tuple(made)), table.rows)

    length = pl.Series(apart.length, np.minimum(counts, most), dtype=pl.Int64)
    held = known(
        Table(TableSchema(apart.entities.schema.columns[:-1]), apart.entities.rows.drop(apart.length)), families
    )
    columns_ = (*held.schema.columns, Column(apart.length, "integer", False, bounds=(1, most), declared=True))
    rows = held.rows.with_columns(length) if held.rows.width else length.to_frame()
    entities = Table(replace(apart.entities.schema, columns=columns_), rows)
    above = replace(apart.known.schema, columns=(apart.known.schema.columns[0], *held.schema.columns))
    made = replace(
        apart, entities=entities, known=Table(above, apart.known.rows), events=known(events, owner), owner=owner
    )
    count = budget.rows or till.rows("entities", len(families))
    till.close()
    small_enough(budget.delta, count)
    return made, most, count, rest, tuple(till.spending)


def _assumed(schema: TableSchema, budget: Budget, most: int) -> tuple[str, ...]:
    """What is taken as public, and what the claim leaves out."""
    told = [NAMES]
    declared = [column.name for column in schema.columns if column.declared and column.kind != "id"]
    if declared:
        told.append(f"What these columns may hold was declared and is taken as public: {', '.join(declared)}.")
    told.append(OUTSIDE)
    told.append(f"Of each {budget.person!r} the first {most:,} events at most are learnt from.")
    if schema.constraints:
        told.append(RULES)
    told.append(MADE_UP)
    if budget.rows is not None:
        told.append(f"The number of entities, {budget.rows:,}, is taken as public.")
    told.append(OPEN)
    return tuple(told)
