"""Real related tables as families: the rows of each unit, whose family each is of, and what is told of it.

What is read of a row depends on its own family, on what is public, and on the rows that it refers to; never on the
rows of another family. That is what the sensitivity of all that is counted afterwards rests on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from trasunto.data.dataset import Dataset, Table
from trasunto.data.relations import MISSING, Link, optional, places
from trasunto.data.schema import Column, Schema, TableSchema
from trasunto.encoders.codes import as_floats
from trasunto.encoders.private_codes import DAY, SECOND, ids_from
from trasunto.synthesizers.private_plan import Families
from trasunto.synthesizers.relational_keys import Maker
from trasunto.synthesizers.relational_parts import Degree, Label
from trasunto.synthesizers.relational_plan import Unit
from trasunto.synthesizers.relational_rows import Path, gathered_at, label_of, prefixed, spread, taken, together

# Rows of a copied table up to which it is learnt which of them is referred to; one of more is picked at random.
LISTED = 1_000


@dataclass
class Held:
    """The rows of families by unit, filled parents first.

    raw: by table, (rows,) the position of each row of its unit, below 0 for none. family, owner: by unit, (rows,) the
    family, and the row of the parent's unit (the root has none). led: by unit and key, (rows,) the raw position of the
    row referred to. own: the columns that are drawn. degrees, labels: as a `Part` has them.
    """

    dataset: Dataset
    families: Families
    raw: dict[str, np.ndarray] = field(default_factory=dict)
    family: dict[str, np.ndarray] = field(default_factory=dict)
    owner: dict[str, np.ndarray] = field(default_factory=dict)
    led: dict[str, dict[Link, np.ndarray]] = field(default_factory=dict)
    own: dict[str, Table] = field(default_factory=dict)
    degrees: dict[str, dict[Link, Degree]] = field(default_factory=dict)
    labels: dict[str, dict[Link, Label]] = field(default_factory=dict)

    def rows(self, unit: Unit, most: int | None) -> None:
        """Fill the rows of a unit: the first `most` under each parent row, in order."""
        if unit.generating is None:
            found = np.arange(len(self.dataset.tables[unit.name]))
            self.family[unit.name] = found
        else:
            above = self.families.above(unit)[0]
            owner = self._hung(unit.generating)
            found = np.flatnonzero(owner >= 0)
            found = found[np.lexsort((found, *self._order(unit, found), owner[found]))]
            owner = owner[found]
            place = np.arange(len(owner)) - owner.searchsorted(owner, side="left")
            kept = place < (len(owner) if most is None else most)
            found, self.owner[unit.name] = found[kept], owner[kept]
            self.family[unit.name] = self.family[above.name][owner[kept]]
        self.raw[unit.name] = found
        for fold in unit.folded:
            self.raw[fold.parent] = np.maximum(places(self.dataset, fold)[found], -1)

    def order_of(self, unit: Unit) -> str | None:
        """The column that the rows of one parent are in order of, as the schema says."""
        sequence = self.dataset.schema.tables[unit.name].sequence
        if sequence is None or unit.generating is None or sequence[0] not in unit.generating.columns:
            return None
        return sequence[1]

    def counts(self, unit: Unit, link: Link) -> np.ndarray:
        """(rows,) how many rows hang from each row of a unit by a key."""
        at = self._hung(link)
        return np.bincount(at[at >= 0], minlength=len(self.raw[unit.name]))

    def fill(self, unit: Unit, most: Mapping[Link, int]) -> None:
        """Fill the own columns of a unit: values, how many rows hang from each, and what is told of its other keys."""
        columns, series = [], []
        for name in unit.tables:
            rows, schema = self.dataset.tables[name].rows, self.dataset.schema.tables[name]
            for each in drawn_of(self.dataset.schema, name):
                label = label_of(unit, name, each)
                column = replace(schema[each], name=label, role=schema[each].role if name == unit.name else None)
                columns.append(column)
                series.append(gathered_at(rows[each], self.raw[name]).alias(label))
        degrees: dict[Link, Degree] = {}
        for other, link in self.families.below(unit):
            counts = np.minimum(self.counts(unit, link), most[link])
            name = _free(columns, f"rows of {other.name}")
            columns.append(Column(name, "integer", False, bounds=(0, most[link]), declared=True))
            series.append(pl.Series(name, counts, dtype=pl.Int64))
            degrees[link] = Degree(name, 0, most[link])
        self.degrees[unit.name], self.labels[unit.name], self.led[unit.name] = degrees, {}, {}
        for link in unit.links:
            column, values = self._label(unit, link, columns)
            columns.append(column)
            series.append(values)
        self.own[unit.name] = Table(TableSchema(tuple(columns)), pl.DataFrame(series))

    def context(self, unit: Unit) -> Table:
        """What is told of the owners of a unit's rows: columns of the row they hang from, and of those above."""
        above = self.families.above(unit)
        parts, at = [], np.arange(len(self.raw[above[0].name]))
        for each in above:
            parts.append(spread(prefixed(self.own[each.name], each.name), at))
            at = self.owner[each.name][at] if each.name in self.owner else at
        return together(parts, len(self.raw[above[0].name]))

    def _hung(self, link: Link) -> np.ndarray:
        """(raw child rows,) the row of the parent's unit that each hangs from, below 0 for none that is kept."""
        back = np.full(len(self.dataset.tables[link.parent]), -1, dtype=np.int64)
        back[self.raw[link.parent]] = np.arange(len(self.raw[link.parent]))
        return taken(back, places(self.dataset, link))

    def _order(self, unit: Unit, rows: np.ndarray) -> list[np.ndarray]:
        order = self.order_of(unit)
        return [] if order is None else [as_floats(self.dataset.tables[unit.name].rows[order])[rows]]

    def _label(self, unit: Unit, link: Link, columns: list[Column]) -> tuple[Column, pl.Series]:
        """The column that says which row a key leads to: that of another way up, row 5 of a copied table, or any."""
        at = taken(places(self.dataset, link), self.raw[link.child])
        rows = len(self.dataset.tables[link.parent])
        listed = link.parent in self.families.plan.copied and rows <= LISTED
        texts = np.full(len(at), None, dtype=object)
        if listed:
            texts[at >= 0] = [f"r{place}" for place in at[at >= 0]]
        else:
            # That a row names another is its own word; whether the other is there would be a word of its family.
            texts[at != MISSING] = "any"
        ways = [(path, other) for path, other in self._ways(unit) if path[-1].parent == link.parent]
        for number, (_, other) in reversed(list(enumerate(ways))):
            texts[(at >= 0) & (other == at)] = f"same {number}"
        self.led[unit.name][link] = at
        name, may = _free(columns, f"{'+'.join(link.columns)} to {link.parent}"), optional(self.dataset.schema, link)
        known = [f"same {number}" for number in range(len(ways))]
        known += [f"r{place}" for place in range(rows)] if listed else ["any"]
        same = tuple(path for path, _ in ways)
        self.labels[unit.name][link] = Label(name, same, None, "", None, 0.0, None, False, "", (), may, blind=True)
        return Column(name, "category", may, categories=tuple(known), declared=True), pl.Series(
            name, texts.tolist(), dtype=pl.String
        )

    def _ways(self, unit: Unit) -> list[tuple[Path, np.ndarray]]:
        """The rows that a row reaches on its way up inside its family, and from there by one key more.

        (rows,) raw positions. They are compared and nothing else: what stands in another family makes no difference.
        """
        found: list[tuple[Path, np.ndarray]] = []
        path: Path = ()
        at = np.arange(len(self.raw[unit.name]))
        while unit.generating is not None:
            at, path = self.owner[unit.name][at], (*path, unit.generating)
            found.append((path, self.raw[unit.generating.parent][at]))
            unit = self.families.above(unit)[0]
            found += [((*path, link), led[at]) for link, led in self.led[unit.name].items()]
        return found


def drawn_of(whole: Schema, name: str) -> list[str]:
    """The columns of a table that are drawn: no keys, and nothing that is made anew."""
    schema, keys = whole.tables[name], _keys(whole, name)
    return [c.name for c in schema.columns if c.name not in keys and c.kind != "id"]


def makers_of(dataset: Dataset, name: str) -> dict[str, Maker]:
    """How the keys and identifiers of a table are made, without a look at a real one: counters within a parent, whole
    numbers from 1 (or above declared bounds), texts of ten digits."""
    schema, rows = dataset.schema.tables[name], dataset.tables[name].rows
    foreign = {column for key in schema.foreign_keys for column in key.columns}
    made: dict[str, Maker] = {}
    own = [column for column in schema.primary_key if column not in foreign]
    within = tuple(column for column in schema.primary_key if column in foreign)
    for column in schema.columns:
        if column.name in foreign or not (column.name in _keys(dataset.schema, name) or column.kind == "id"):
            continue
        dtype = rows[column.name].dtype
        if within and own == [column.name] and dtype.is_integer():
            made[column.name] = Maker(None, within, 1)
        elif dtype == pl.Datetime("us"):
            unit = int(DAY if column.format.date_only else SECOND)
            made[column.name] = Maker(ids_from(replace(column, bounds=None), True), unit=unit)
        else:
            made[column.name] = Maker(ids_from(column, dtype.is_integer() or dtype.is_float()))
    return made


def _keys(whole: Schema, name: str) -> set[str]:
    """The columns of a table that are part of a key: its own, others' to it, and to others."""
    schema = whole.tables[name]
    foreign = {column for key in schema.foreign_keys for column in key.columns}
    named = {c for t in whole.tables.values() for k in t.foreign_keys if k.table == name for c in k.references}
    return foreign | named | set(schema.primary_key)


def _free(columns: list[Column], name: str) -> str:
    taken_ = {column.name for column in columns}
    while name in taken_:
        name += "'"
    return name
