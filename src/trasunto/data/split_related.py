"""Related tables cut so that families stay together: a consistent subset, and parts that learn and that judge.

A family is a row of the root table and every row that hangs from it. A table above the root, one marked as copied, and
one that many families point to (products, districts) is shared: it is of no family and goes with those who need it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl

from trasunto.data import relations
from trasunto.data.dataset import Dataset, Table
from trasunto.data.relations import Link, places
from trasunto.data.schema import Schema, TableSchema
from trasunto.errors import DataError, EmptyDataError, SchemaError, near

# Families that point to one row of another table are joined, unless one would come to hold this share of them all.
GLUED = 0.1
# A root table with fewer rows than this, and a child with ten times as many, is a dimension: families start below it.
SMALL = 100


@dataclass(frozen=True)
class RelatedSplit:
    """Disjoint parts of related tables. root: the table whose rows head the families. shared: tables on both sides.
    cut: references between families of different parts, made missing, and rows that had to go because theirs may not
    be missing, by foreign key."""

    train: Dataset
    validation: Dataset | None
    holdout: Dataset
    seed: int | None
    root: str
    shared: tuple[str, ...] = ()
    cut: dict[str, int] = field(default_factory=dict)

    def parts(self) -> dict[str, Dataset]:
        named = {"train": self.train, "validation": self.validation, "holdout": self.holdout}
        return {name: part for name, part in named.items() if part is not None}

    def record(self) -> dict[str, Any]:
        """How the parts were drawn and what is in them, by hash: proof of what was kept apart."""
        parts = {
            name: {
                "rows": len(part),
                "tables": {table: len(each) for table, each in part.tables.items()},
                "digest": part.digest(),
            }
            for name, part in self.parts().items()
        }
        return {
            "seed": self.seed,
            "root": self.root,
            "shared": list(self.shared),
            "cut": dict(self.cut),
            "parts": parts,
        }


def split_related(
    dataset: Dataset, *, holdout: float = 0.5, validation: float = 0.0, seed: int = 0, root: str | None = None
) -> RelatedSplit:
    """Cut related tables into train, validation (when its share is above 0) and holdout, by families.

    holdout, validation: shares of the rows of the root table. root: that table; when None the one from which most rows
    hang, small tables of dimensions aside. Same dataset and seed, same parts. Raises DataError, SchemaError.
    """
    if not 0 < holdout < 1 or not 0 <= validation < 1 or holdout + validation >= 1:
        raise DataError(
            f"holdout is {holdout} and validation {validation}; each is a share, and they must leave rows to train on.",
            "Try holdout 0.5.",
        )
    head = _root(dataset, root)
    rows = len(dataset.tables[head])
    if rows < 2:
        raise EmptyDataError(f"Table {head!r} has {rows} rows and cannot be cut.", "Give at least 2, or another root.")
    rng = np.random.default_rng(seed)
    families, shared = families_of(dataset, head)
    kinds, of = np.unique(families[head], return_inverse=True)
    shuffled = rng.permutation(len(kinds))
    weights = np.bincount(of)[shuffled]
    reached = (np.cumsum(weights) - weights / 2) / rows
    part = np.zeros(len(kinds), dtype=np.int8)
    part[shuffled[reached < holdout]] = 2
    part[shuffled[(reached >= holdout) & (reached < holdout + validation)]] = 1
    for wanted in (0, 2):
        if not (part == wanted).any():
            if len(kinds) < 2:
                raise EmptyDataError(f"All rows of {head!r} are one family.", "Name another root.")
            part[shuffled[0 if wanted == 2 else -1]] = wanted
    return _parted(dataset, head, families, shared, part[of], seed, bool(validation))


def cut_by(dataset: Dataset, root: str, side: np.ndarray) -> RelatedSplit:
    """Cut related tables by a rule of one's own. side: (rows of root,) 0 for train, 1 for holdout.

    A family joined from several root rows goes where its first row goes.
    """
    head = _root(dataset, root)
    families, shared = families_of(dataset, head)
    _, first, of = np.unique(families[head], return_index=True, return_inverse=True)
    return _parted(dataset, head, families, shared, (np.asarray(side)[first] * 2).astype(np.int8)[of], None, False)


def subset(
    dataset: Dataset, *, roots: int | None = None, share: float | None = None, seed: int, root: str | None = None
) -> Dataset:
    """A consistent part of related tables: some rows of the root table, all that hangs from them, all they refer to.

    roots: rows of the root table; or share: of its rows. root: the table, as for `split_related`. Tables marked as
    copied stay whole. Every reference resolves. Raises DataError for a count or share that is out of range.
    """
    head = _root(dataset, root)
    rows = len(dataset.tables[head])
    if (roots is None) == (share is None):
        raise DataError("A subset needs a number of roots or a share, one of them.", "Give roots=100 or share=0.1.")
    if share is not None and not 0 < share <= 1:
        raise DataError(f"The share is {share}; it must be above 0 and at most 1.")
    count = roots if roots is not None else max(1, round((share or 0) * rows))
    if not 1 <= count <= rows:
        raise DataError(f"{count} rows of {head!r} were asked; it has {rows}.", f"Ask for 1 to {rows}.")
    kept = {name: np.zeros(len(table), dtype=bool) for name, table in dataset.tables.items()}
    kept[head][np.random.default_rng(seed).choice(rows, count, replace=False)] = True
    schema = dataset.schema
    found = {link: places(dataset, link) for link in relations.links(schema)}
    below = set(relations.descendants(schema, head))
    for name in relations.order(schema):
        if name in below:
            for link in relations.parents(schema, name):
                if link.parent == head or link.parent in below:
                    kept[name] |= (found[link] >= 0) & kept[link.parent][found[link]]
        elif schema.tables[name].copied or not _connected(schema, head, name):
            kept[name][:] = True
    _close_upward(kept, found)
    return _taken(dataset, kept)


def families_of(dataset: Dataset, root: str) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """({table: (rows,) number of the family, -1 in a shared table}, shared tables).

    Rows that hang from no row of the root (their reference is missing) are families of their own.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    schema = dataset.schema
    below = set(relations.descendants(schema, root))
    start, total = {}, 0
    for name, table in dataset.tables.items():
        start[name], total = total, total + len(table)

    def joined(edges: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
        a, b = (np.concatenate([each[side] for each in edges] or [np.empty(0, int)]) for side in (0, 1))
        return connected_components(coo_array((np.ones(len(a)), (a, b)), shape=(total, total)), directed=False)[1]

    def edges_of(link: Link) -> tuple[np.ndarray, np.ndarray]:
        at = places(dataset, link)
        return start[link.child] + np.flatnonzero(at >= 0), start[link.parent] + at[at >= 0]

    inside: set[str] = {root}
    edges: list[tuple[np.ndarray, np.ndarray]] = []
    heads = slice(start[root], start[root] + len(dataset.tables[root]))

    def added(link: Link) -> bool:
        """Whether the edges of a link were added without gluing the families together."""
        more = [*edges, edges_of(link)]
        largest = np.bincount(joined(more)[heads]).max()
        if largest > max(GLUED * len(dataset.tables[root]), 2):
            return False
        edges.append(more[-1])
        return True

    for name in relations.order(schema):
        if name in below:
            inside.add(name)
            into = [link for link in relations.parents(schema, name) if link.parent == root or link.parent in below]
            edges.append(edges_of(into[0]))
            for link in into[1:]:
                added(link)
    above = {link.parent for link in _climb(schema, root)}
    for name in reversed(relations.order(schema)):
        for link in relations.children(schema, name):
            free = name not in inside and name not in above and not schema.tables[name].copied
            if free and link.child in inside and added(link):
                inside.add(name)
    for name in relations.order(schema):
        for link in relations.parents(schema, name):
            if name not in inside and link.parent in inside and not schema.tables[name].copied and added(link):
                inside.add(name)
    for link in relations.links(schema):
        if link.itself and link.child in inside:
            added(link)
    numbers = joined(edges)
    found = {
        name: numbers[start[name] : start[name] + len(table)] if name in inside else np.full(len(table), -1)
        for name, table in dataset.tables.items()
    }
    return found, tuple(name for name in dataset.tables if name not in inside)


def _parted(
    dataset: Dataset,
    root: str,
    families: dict[str, np.ndarray],
    shared: tuple[str, ...],
    part: np.ndarray,
    seed: int | None,
    three: bool,
) -> RelatedSplit:
    """part: (rows of root,) 0 train, 1 validation, 2 holdout."""
    size = max((int(each.max(initial=-1)) for each in families.values()), default=0) + 1
    shares = np.bincount(part, minlength=3) / len(part)
    # Rows that hang from no root row are dealt in the same proportions.
    place = np.random.default_rng([seed or 0, 1]).choice(3, size, p=shares).astype(np.int8)
    place[families[root]] = part
    cut: dict[str, int] = {}
    made = {}
    for number, name in ((0, "train"), (1, "validation"), (2, "holdout")):
        kept = {
            table: np.ones(len(of), dtype=bool) if table in shared else place[of] == number
            for table, of in families.items()
        }
        made[name] = _mended(dataset, kept, cut) if number != 1 or three else None
    assert made["train"] is not None and made["holdout"] is not None
    return RelatedSplit(made["train"], made["validation"], made["holdout"], seed, root, shared, cut)


def _mended(dataset: Dataset, kept: dict[str, np.ndarray], cut: dict[str, int]) -> Dataset:
    """The kept rows; references to rows that are not kept become missing, or their rows go too."""
    schema = dataset.schema
    found = {link: places(dataset, link) for link in relations.links(schema)}
    gone: dict[Link, np.ndarray] = {}
    changed = True
    while changed:
        changed = False
        for link, at in found.items():
            lost = kept[link.child] & (at >= 0)
            lost &= ~kept[link.parent][at]
            if lost.any() and relations.optional(schema, link):
                gone[link] = lost
            elif lost.any():
                kept[link.child] &= ~lost
                cut[str(link)] = cut.get(str(link), 0) + int(lost.sum())
                changed = True
    made = _taken(dataset, kept)
    tables = dict(made.tables)
    for link, lost in gone.items():
        mask = pl.Series(lost[kept[link.child]])
        cut[str(link)] = cut.get(str(link), 0) + int(mask.sum())
        table, free = tables[link.child], schema.tables[link.child]
        names = [name for name in link.columns if free[name].nullable]
        empty = [pl.when(mask).then(None).otherwise(pl.col(name)).alias(name) for name in names]
        tables[link.child] = Table(table.schema, table.rows.with_columns(empty))
    return Dataset(dataset.schema, tables)


def _root(dataset: Dataset, root: str | None) -> str:
    schema = dataset.schema
    relations.order(schema)
    if root is not None:
        if root not in schema.tables:
            raise SchemaError(f"No table called {root!r}.", near(root, schema.tables))
        return root
    left = {name: table for name, table in schema.tables.items() if not table.copied}
    if not left:
        raise SchemaError("Every table is marked as copied.", "Leave one to be synthesised.")
    while True:
        part = Schema({n: _without_links(t, set(left)) for n, t in left.items()})
        heads = relations.roots(part)
        small = [name for name in heads if _is_dimension(dataset, part, name)]
        if not small:
            hanging = {
                name: sum(len(dataset.tables[each]) for each in relations.descendants(part, name)) for name in heads
            }
            return max(heads, key=lambda name: (hanging[name], -len(dataset.tables[name])))
        left = {name: table for name, table in left.items() if name not in small}


def _is_dimension(dataset: Dataset, schema: Schema, name: str) -> bool:
    rows = len(dataset.tables[name])
    most = max((len(dataset.tables[link.child]) for link in relations.children(schema, name)), default=0)
    return rows < SMALL and most >= 10 * rows


def _without_links(table: TableSchema, known: set[str]) -> TableSchema:
    return replace(table, foreign_keys=tuple(key for key in table.foreign_keys if key.table in known))


def _climb(schema: Schema, table: str) -> tuple[Link, ...]:
    """Every link on the way up from a table."""
    found: list[Link] = []
    open_ = [table]
    while open_:
        for link in relations.parents(schema, open_.pop()):
            if link not in found:
                found.append(link)
                open_.append(link.parent)
    return tuple(found)


def _connected(schema: Schema, one: str, other: str) -> bool:
    seen, open_ = {one}, [one]
    while open_:
        here = open_.pop()
        for link in relations.links(schema):
            for a, b in ((link.child, link.parent), (link.parent, link.child)):
                if a == here and b not in seen:
                    seen.add(b)
                    open_.append(b)
    return other in seen


def _close_upward(kept: dict[str, np.ndarray], found: dict[Link, np.ndarray]) -> None:
    """Keep every row that a kept row refers to."""
    changed = True
    while changed:
        changed = False
        for link, at in found.items():
            wanted = at[kept[link.child] & (at >= 0)]
            if not kept[link.parent][wanted].all():
                kept[link.parent][wanted] = True
                changed = True


def _taken(dataset: Dataset, kept: dict[str, np.ndarray]) -> Dataset:
    tables = {name: table.take(np.flatnonzero(kept[name])) for name, table in dataset.tables.items()}
    return Dataset(dataset.schema, tables)
