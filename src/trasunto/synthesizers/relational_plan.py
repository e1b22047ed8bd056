"""How related tables are taken apart: which key makes the rows of a table, which keys are matched, what is one unit.

A unit is a table and the tables folded into it: a parent of which every row has exactly one child (a client with
exactly one disposition) is learnt together with that child. The rows of a unit come from one parent, by the generating
key; its other keys are matched afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from trasunto.data import relations
from trasunto.data.dataset import Dataset
from trasunto.data.relations import Link, places
from trasunto.data.schema import Schema
from trasunto.encoders.codes import as_floats
from trasunto.errors import SchemaError


@dataclass(frozen=True)
class Unit:
    """Rows that are learnt together.

    name: the table whose rows they are. folded: its keys to tables that are learnt with it, row by row. generating: the
    key whose parent has the rows; None for a root. why: in words. links: the other keys of its tables, in the order in
    which they are filled. late: those of them that are filled when all tables are there.
    """

    name: str
    folded: tuple[Link, ...]
    generating: Link | None
    why: str
    links: tuple[Link, ...]
    late: tuple[Link, ...]

    @property
    def tables(self) -> tuple[str, ...]:
        return (self.name, *(link.parent for link in self.folded))


@dataclass(frozen=True)
class Plan:
    """Units in the order in which they are made, and the tables that are copied."""

    schema: Schema
    units: tuple[Unit, ...]
    copied: tuple[str, ...]

    def unit_of(self, table: str) -> Unit | None:
        """The unit that a table is made in; None for one that is copied."""
        return next((unit for unit in self.units if table in unit.tables), None)

    def __getitem__(self, name: str) -> Unit:
        return next(unit for unit in self.units if unit.name == name)

    def below(self, unit: Unit) -> tuple[tuple[Unit, Link], ...]:
        """Every key to a table of a unit, with the unit it is of."""
        found = []
        for other in self.units:
            for link in (*((other.generating,) if other.generating else ()), *other.links):
                if link.parent in unit.tables:
                    found.append((other, link))
        return tuple(found)


def copied_of(schema: Schema) -> tuple[str, ...]:
    """The tables that are copied. SchemaError for one that refers to a table that is not."""
    copied = tuple(name for name, table in schema.tables.items() if table.copied)
    for link in relations.links(schema):
        if link.child in copied and link.parent not in copied:
            raise SchemaError(
                f"Table {link.child!r} is marked as copied and refers to {link.parent!r}, which is not.",
                f"Mark {link.parent!r} as copied too, or {link.child!r} as not.",
            )
    return copied


def plan_of(dataset: Dataset) -> Plan:
    """Decide how related tables are taken apart. SchemaError for a copied table that refers to one that is not."""
    schema = dataset.schema
    copied = copied_of(schema)
    closing = relations.late(schema)
    free = [link for link in relations.links(schema) if link.child not in copied and link not in closing]
    ties = [link for link in free if not link.itself and link.parent not in copied]
    folds: list[Link] = []
    for link in ties:
        met = {name for fold in folds for name in (fold.child, fold.parent)}
        other = [each for each in ties if each.child == link.child and each.parent != link.parent]
        alone = link.parent not in met and link.child not in {fold.parent for fold in folds}
        if other and alone and _one_to_one(dataset, link) and _orders(schema, ties, [*folds, link], copied):
            folds.append(link)
    units = {}
    heads = [n for n in schema.tables if n not in copied and n not in {fold.parent for fold in folds}]
    for name in heads:
        ours = tuple(fold for fold in folds if fold.child == name)
        tables = {name, *(fold.parent for fold in ours)}
        own = [link for link in free if link.child in tables and link not in ours]
        generating, why = _generating(dataset, [link for link in own if link in ties and link.child == name])
        late = tuple(link for link in closing if link.child in tables)
        # Keys to itself come last: whom a row hangs under depends on all else.
        rest = sorted((link for link in own if link != generating), key=lambda link: link.itself)
        units[name] = Unit(name, ours, generating, why, (*rest, *late), late)
    sequence = _orders(schema, ties, folds, copied) or ()
    sizes = {name: len(dataset.tables[name]) for name in units}
    return Plan(schema, tuple(units[name] for name in _smaller_first(sequence, units, sizes)), copied)


def _one_to_one(dataset: Dataset, link: Link) -> bool:
    """Whether every row of the parent has exactly one child, and every child a parent."""
    rows = len(dataset.tables[link.parent])
    if rows != len(dataset.tables[link.child]) or rows < 2:
        return False
    at = places(dataset, link)
    return bool((at >= 0).all()) and len(np.unique(at)) == rows


def _orders(schema: Schema, ties: list[Link], folds: list[Link], copied: tuple[str, ...]) -> tuple[str, ...] | None:
    """Heads of units, parents before children; None when folding these would close a circle."""
    head = {fold.parent: fold.child for fold in folds}
    names = [name for name in schema.tables if name not in copied and name not in head]
    edges = {(head.get(link.child, link.child), head.get(link.parent, link.parent)) for link in ties}
    made: list[str] = []
    while len(made) < len(names):
        ready = [n for n in names if n not in made and all(b in made for a, b in edges if a == n and b != n)]
        if not ready:
            return None
        made.append(ready[0])
    return tuple(made)


def _smaller_first(sequence: tuple[str, ...], units: dict[str, Unit], sizes: dict[str, int]) -> list[str]:
    """Parents before children; among tables that could be next, the smaller: later ones are told of earlier ones."""
    head = {table: unit.name for unit in units.values() for table in unit.tables}
    needs = {
        name: {
            head[link.parent]
            for link in (*((unit.generating,) if unit.generating else ()), *unit.links)
            if link not in unit.late and head.get(link.parent, name) != name
        }
        for name, unit in units.items()
    }
    made: list[str] = []
    while len(made) < len(sequence):
        ready = [name for name in sequence if name not in made and needs[name] <= set(made)]
        made.append(min(ready, key=lambda name: sizes[name]))
    return made


def _generating(dataset: Dataset, among: list[Link]) -> tuple[Link | None, str]:
    """The key that makes the rows of a table, and why."""
    if not among:
        return None, "It refers to no table that is made."
    if len(among) == 1:
        return among[0], "It is the only key to a table that is made."
    must = [link for link in among if not relations.optional(dataset.schema, link)] or among
    names = [link for link in must if set(link.columns) <= set(dataset.schema.tables[link.child].primary_key)]
    if len(names) == 1:
        return names[0], "The primary key holds it, and no other key."
    likeness = {link: _likeness(dataset, link) for link in must}
    # Small differences are chance: then the parent with more rows, which leaves each fewer to tell apart.
    best = max(must, key=lambda link: (round(likeness[link] * 10), len(dataset.tables[link.parent])))
    told = ", ".join(f"{likeness[link]:.2f} under {link.parent}" for link in must)
    return best, f"How alike its rows are by parent (intraclass correlation): {told}; where even, of many parents."


def _likeness(dataset: Dataset, link: Link) -> float:
    """How alike rows of one parent are: the intraclass correlation of the own columns on average, 0 to 1
    (Donner 1986, "A review of inference procedures for the intraclass correlation coefficient")."""
    table = dataset.tables[link.child]
    keys = {name for key in table.schema.foreign_keys for name in key.columns} | set(table.schema.primary_key)
    at = places(dataset, link)
    known = at >= 0
    _, of = np.unique(at[known], return_inverse=True)
    size = np.bincount(of)
    rows, groups = len(of), len(size)
    if groups < 2 or rows <= groups:
        return 0.0
    usual = (rows - float((size**2).sum()) / rows) / (groups - 1)
    found = []
    for column in table.schema.columns:
        if column.name in keys or column.kind in ("id", "text"):
            continue
        x = _ranked(table.rows[column.name])[known]
        means = np.bincount(of, x) / size
        between = float((size * (means - x.mean()) ** 2).sum()) / (groups - 1)
        within = float(((x - means[of]) ** 2).sum()) / (rows - groups)
        whole = between + (usual - 1) * within
        found.append(max(0.0, (between - within) / whole) if whole > 0 else 0.0)
    return float(np.mean(found)) if found else 0.0


def _ranked(values: pl.Series) -> np.ndarray:
    """(n,) float: ranks of a column; the frequency order of categories."""
    if values.dtype == pl.String:
        counts = values.value_counts(sort=True, name="times").with_row_index("place")
        places = values.to_frame().join(counts, on=values.name, how="left", nulls_equal=True, maintain_order="left")
        return places["place"].cast(pl.Float64).to_numpy()
    numbers = np.nan_to_num(as_floats(values), nan=-np.inf)
    return pl.Series(numbers).rank("dense").cast(pl.Float64).to_numpy()
