"""A table of events taken apart: the entities, with what is constant of each, and the events in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from trasunto.data.constraints import read_rule
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, Constraint, TableSchema
from trasunto.encoders.ids import Ids, fit_ids
from trasunto.errors import FitError


@dataclass(frozen=True)
class Apart:
    """A table of events, taken apart.

    schema: of the whole table. order: the column that events are in order of. identities: (m,) the entities, in the
    order met. entities: (m,) static columns and `length`, the number of events. known: (m,) the entity and its static
    columns. events: (n,) the other columns, entity by entity and in order. owner: (n,) position of the entity.
    sorted_rows: (n,) where each of these events stood.
    """

    schema: TableSchema
    order: str
    length: str
    identities: pl.Series
    entities: Table
    known: Table
    events: Table
    owner: np.ndarray
    sorted_rows: np.ndarray

    @property
    def static(self) -> tuple[str, ...]:
        return tuple(name for name in self.entities.schema.names if name != self.length)

    @property
    def names(self) -> Ids:
        """How to name new entities."""
        return fit_ids(self.identities)

    @property
    def most(self) -> int:
        """Events of the longest sequence."""
        return int(np.bincount(self.owner).max(initial=1))

    def facts(self) -> dict[str, Any]:
        """JSON values for the report."""
        counts = np.bincount(self.owner, minlength=len(self.known))
        return {
            "entities": len(self.known),
            "static": list(self.static),
            "length": self.length,
            "events_of_an_entity": {"mean": round(float(counts.mean()), 2), "median": float(np.median(counts))},
        }


def taken_apart(
    real: Dataset, method: str, *, static: tuple[str, ...] | None = None, length: str | None = None
) -> Apart:
    """Entities and events of the one table of a dataset.

    static: the columns that are constant within an entity; found when None. length: what to call the number of events.
    Raises FitError for what is no table of events.
    """
    table = require_sequence(real, method)
    entity, order = table.schema.sequence or ("", "")
    rows = table.rows
    met = rows.select(pl.col(entity).unique(maintain_order=True))[entity]
    position = {value: place for place, value in enumerate(met.to_list())}
    owner = rows[entity].replace_strict(position, return_dtype=pl.Int64).to_numpy()
    sorted_ = np.lexsort((rows[order].rank("dense").to_numpy(), owner))
    rows, owner = rows[sorted_.tolist()], owner[sorted_]
    start = np.flatnonzero(np.diff(owner, prepend=-1))
    fixed = _static(table.schema, rows, owner) if static is None else static
    changing = [c for c in table.schema.columns if c.name not in (entity, *fixed)]
    columns = tuple(c for c in table.schema.columns if c.name in fixed)
    name = length or _free("events", table.schema)
    counts = pl.Series(name, np.bincount(owner, minlength=len(met)))
    heads = rows[start.tolist()].select([c.name for c in columns])
    own = rules_within(table.schema, fixed)
    all_ = rules_within(table.schema, tuple(c.name for c in (*columns, *changing)))
    entities = TableSchema((*columns, Column(name, "integer", False)), constraints=own)
    events = TableSchema(
        tuple(changing), sequence=table.schema.sequence, constraints=tuple(each for each in all_ if each not in own)
    )
    known = TableSchema((table.schema[entity], *columns))
    return Apart(
        table.schema,
        order,
        name,
        met,
        Table(entities, heads.with_columns(counts) if columns else counts.to_frame()),
        Table(known, pl.DataFrame([met, *heads])),
        Table(events, rows.select([c.name for c in changing])),
        owner,
        sorted_,
    )


def require_sequence(real: Dataset, method: str) -> Table:
    """The one table of events. FitError for what is none."""
    if len(real.tables) != 1:
        raise FitError(
            f"{method} takes one table of events, not {len(real.tables)}.", "Use the synthesizer 'relational'."
        )
    table = real.only
    if table.schema.sequence is None:
        raise FitError(
            f"The schema of table {real.name!r} names no sequence.",
            "Say whose events these are and what they are in order of: `sequence: [customer, date]`.",
        )
    if not len(table):
        raise FitError(f"{method} cannot learn from 0 events.", "Give at least one.")
    for name, what in zip(table.schema.sequence, ("entity", "place in the order"), strict=True):
        gaps = table.rows[table.schema[name].name].null_count()
        if gaps:
            raise FitError(f"{gaps} events have no {what}: column {name!r} is missing.", "Fill or drop them.")
    if table.schema.sequence[0] == table.schema.sequence[1]:
        raise FitError(f"Column {table.schema.sequence[0]!r} is both entity and order.", "Name two columns.")
    return table


def _static(schema: TableSchema, rows: pl.DataFrame, owner: np.ndarray) -> tuple[str, ...]:
    """Columns that never change within an entity; none where no entity has two events."""
    same = np.flatnonzero(owner[1:] == owner[:-1]) + 1
    entity, order = schema.sequence or ("", "")
    if not same.size:
        return ()
    after, before = rows[same.tolist()], rows[(same - 1).tolist()]
    return tuple(
        c.name
        for c in schema.columns
        if c.name not in (entity, order) and bool(after[c.name].eq_missing(before[c.name]).all())
    )


def rules_within(schema: TableSchema, names: tuple[str, ...]) -> tuple[Constraint, ...]:
    """The confirmed rules that tie these columns alone."""
    kept = (each for each in schema.constraints if each.confirmed)
    return tuple(each for each in kept if set(read_rule(each.rule, schema).columns) <= set(names))


def _free(name: str, schema: TableSchema) -> str:
    while name in schema:
        name += "'"
    return name
