"""What is kept of a unit besides its row model: its degrees, how its keys are matched, what it carries over."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from trasunto.data.relations import Link
from trasunto.data.schema import Schema, TableSchema
from trasunto.synthesizers.children import Children
from trasunto.synthesizers.model import Model
from trasunto.synthesizers.relational_cells import Cells
from trasunto.synthesizers.relational_keys import Maker
from trasunto.synthesizers.relational_plan import Unit
from trasunto.synthesizers.relational_rows import Path


@dataclass(frozen=True)
class Degree:
    """A column that counts the rows that point to a row by one key.

    least, most: in the real rows. spread: of few parents, how the counts lie: means of neighbours, rising; () for the
    counts as they are drawn.
    """

    name: str
    least: int
    most: int
    spread: tuple[float, ...] = ()

    def even(self, counts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Counts in the same order, laid out as the real ones: what few rows are drawn by chance would be far off."""
        if not self.spread or len(counts) < 2:
            return counts
        place = np.empty(len(counts))
        place[np.lexsort((rng.random(len(counts)), counts))] = (np.arange(len(counts)) + 0.5) / len(counts)
        known = (np.arange(len(self.spread)) + 0.5) / len(self.spread)
        laid: np.ndarray = np.round(np.interp(place, known, self.spread)).astype(np.int64)
        return np.clip(laid, self.least, self.most)


@dataclass(frozen=True)
class Label:
    """How a key that is matched is drawn.

    name: the column that says which rows it may point to: "same 0" is the row that the first of `same` leads to, "c3" a
    row of cell 3, "r5" row 5 of a copied table, "any" any row, "self" the row itself, a missing value no row. level:
    of a key to the same table, the column that says how deep a row hangs; "" for any other. popular: of a copied table,
    how often each row is pointed to, and missing: how often none is. most: how many rows at most point to one; None
    for no limit. apart: whether no two rows have this and the other keys alike. group: "owner" when both rows have one
    owner, "own" when the row pointed to points back. shared: columns of the key that another key of the row has too.
    optional: whether it may be missing. blind: whether nothing else is known of it, as under a budget: "r5" is row 5
    then, and "any" a row by chance.
    """

    name: str
    same: tuple[Path, ...]
    cells: Cells | None
    level: str
    popular: np.ndarray | None
    missing: float
    most: int | None
    apart: bool
    group: str
    shared: tuple[str, ...]
    optional: bool
    blind: bool = False


@dataclass(frozen=True)
class Carried:
    """A column that is equal to (op "=="), or never falls short of ("<=": source <= column, and so on), a column of a
    row that it hangs from. source: the column in that row's unit."""

    column: str
    op: str
    path: Path
    source: str


@dataclass(frozen=True)
class Part:
    """What is kept of a unit.

    own: columns that are drawn, degrees and labels among them. degrees: by key to the unit. makers: by table and
    column, how keys are made. order: the column that rows of one owner are in order of. alone: share of the rows
    without an owner. rows: that it was fitted to. given: the key of a root to a small copied table whose rows are dealt
    out first, each as often as in the real rows. loose: whether rows are drawn each by itself given their parent, and
    not one after another. model: of its rows; None when nothing is to be drawn.
    """

    unit: Unit
    own: TableSchema
    degrees: dict[Link, Degree]
    labels: dict[Link, Label]
    carried: tuple[Carried, ...]
    makers: dict[str, dict[str, Maker]]
    order: str | None
    alone: float
    rows: int
    given: Link | None = None
    loose: bool = False
    model: Model | Children | None = None

    def to_dict(self, schema: Schema) -> dict[str, Any]:
        """Everything but the model, as JSON values."""
        coded = Coder(schema)
        unit = self.unit
        return {
            "name": unit.name,
            "why": unit.why,
            "folded": [coded.link(link) for link in unit.folded],
            "generating": coded.link(unit.generating) if unit.generating else None,
            "links": [coded.link(link) for link in unit.links],
            "late": [coded.link(link) for link in unit.late],
            "own": Schema({"own": self.own}).to_dict()["tables"]["own"],
            "degrees": [[coded.link(link), asdict(degree)] for link, degree in self.degrees.items()],
            "labels": [[coded.link(link), _label(label, coded)] for link, label in self.labels.items()],
            "carried": [[c.column, c.op, coded.path(c.path), c.source] for c in self.carried],
            "makers": {t: {n: maker.to_dict() for n, maker in made.items()} for t, made in self.makers.items()},
            "order": self.order,
            "alone": self.alone,
            "rows": self.rows,
            "given": coded.link(self.given) if self.given else None,
            "loose": self.loose,
            "model": "children" if isinstance(self.model, Children) else "rows" if self.model is not None else None,
        }

    @staticmethod
    def from_dict(document: dict[str, Any], schema: Schema, model: Model | Children | None) -> Part:
        """Back from `to_dict`. KeyError, TypeError or ValueError for a document of another shape."""
        coded = Coder(schema)
        unit = Unit(
            document["name"],
            tuple(map(coded.back, document["folded"])),
            coded.back(document["generating"]) if document["generating"] else None,
            document["why"],
            tuple(map(coded.back, document["links"])),
            tuple(map(coded.back, document["late"])),
        )
        own = Schema.from_dict({"tables": {"own": document["own"]}}).only
        carried = tuple(Carried(n, op, tuple(map(coded.back, path)), s) for n, op, path, s in document["carried"])
        return Part(
            unit,
            own,
            {coded.back(link): Degree(**{**d, "spread": tuple(d["spread"])}) for link, d in document["degrees"]},
            {coded.back(link): _label_back(label, coded) for link, label in document["labels"]},
            carried,
            {t: {n: Maker.from_dict(each) for n, each in made.items()} for t, made in document["makers"].items()},
            document["order"],
            document["alone"],
            document["rows"],
            coded.back(document["given"]) if document["given"] else None,
            document["loose"],
            model,
        )


@dataclass(frozen=True)
class Coder:
    """Keys of a schema as pairs of a table and a number."""

    schema: Schema

    def link(self, link: Link) -> list[Any]:
        return [link.child, self.schema.tables[link.child].foreign_keys.index(link.key)]

    def path(self, path: Path) -> list[list[Any]]:
        return [self.link(link) for link in path]

    def back(self, document: list[Any]) -> Link:
        table, number = document
        return Link(table, self.schema.tables[table].foreign_keys[number])


def _label(label: Label, coded: Coder) -> dict[str, Any]:
    return {
        "name": label.name,
        "same": [coded.path(path) for path in label.same],
        "cells": label.cells.to_dict() if label.cells else None,
        "level": label.level,
        "popular": label.popular.tolist() if label.popular is not None else None,
        "missing": label.missing,
        "most": label.most,
        "apart": label.apart,
        "group": label.group,
        "shared": list(label.shared),
        "optional": label.optional,
        "blind": label.blind,
    }


def _label_back(document: dict[str, Any], coded: Coder) -> Label:
    body = dict(document)
    body["same"] = tuple(tuple(map(coded.back, path)) for path in body["same"])
    body["cells"] = Cells.from_dict(body["cells"]) if body["cells"] else None
    body["popular"] = np.asarray(body["popular"], dtype=float) if body["popular"] is not None else None
    body["shared"] = tuple(body["shared"])
    return Label(**body)
