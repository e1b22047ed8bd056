"""The graph of a schema: which table hangs from which, in what order they can be made, and where references lead.

A link is one foreign key of one table. Tables may refer to themselves (employee → manager), and a cycle may be closed
by a key that may be missing (department → its head, an employee): such keys are late, filled when all rows are there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from trasunto.data.dataset import Dataset
from trasunto.data.schema import ForeignKey, Schema
from trasunto.errors import SchemaError, near

# What `places` gives for a reference that is missing, and for one to no row.
MISSING, LOST = -1, -2


@dataclass(frozen=True)
class Link:
    """One foreign key: rows of `child` name rows of `parent`."""

    child: str
    key: ForeignKey

    @property
    def parent(self) -> str:
        return self.key.table

    @property
    def columns(self) -> tuple[str, ...]:
        """In the child."""
        return self.key.columns

    @property
    def references(self) -> tuple[str, ...]:
        """In the parent."""
        return self.key.references

    @property
    def itself(self) -> bool:
        """Whether the rows of a table refer to rows of the same table."""
        return self.child == self.parent

    def __str__(self) -> str:
        return f"{self.child}.{'+'.join(self.columns)} → {self.parent}"


def links(schema: Schema) -> tuple[Link, ...]:
    """Every foreign key, table by table. SchemaError for one that names a table or a column that is not there."""
    found = []
    for name, table in schema.tables.items():
        for key in table.foreign_keys:
            if key.table not in schema.tables:
                raise SchemaError(f"Table {name!r} refers to {key.table!r}.", near(key.table, schema.tables))
            if not key.columns or len(key.columns) != len(key.references):
                raise SchemaError(
                    f"A foreign key of table {name!r} has columns {list(key.columns)} "
                    f"for {list(key.references)} of {key.table!r}.",
                    "Give as many columns as references, one or more.",
                )
            for of, columns in ((name, key.columns), (key.table, key.references)):
                for column in columns:
                    if column not in schema.tables[of]:
                        raise SchemaError(
                            f"A foreign key of table {name!r} names {of}.{column}.",
                            near(column, schema.tables[of].names),
                        )
            found.append(Link(name, key))
    return tuple(found)


def parents(schema: Schema, table: str) -> tuple[Link, ...]:
    """The keys of a table to other tables."""
    return tuple(link for link in links(schema) if link.child == table and not link.itself)


def children(schema: Schema, table: str) -> tuple[Link, ...]:
    """The keys of other tables to a table."""
    return tuple(link for link in links(schema) if link.parent == table and not link.itself)


def itself(schema: Schema, table: str) -> tuple[Link, ...]:
    """The keys of a table to itself."""
    return tuple(link for link in links(schema) if link.child == table and link.itself)


def roots(schema: Schema) -> tuple[str, ...]:
    """Tables that refer to no other, late keys aside, in the order of the schema."""
    held = {link.child for link in _upward(schema)}
    return tuple(name for name in schema.tables if name not in held)


def optional(schema: Schema, link: Link) -> bool:
    """Whether a reference may be missing: a column of the key may."""
    return any(schema.tables[link.child][column].nullable for column in link.columns)


def late(schema: Schema) -> tuple[Link, ...]:
    """Keys that close a cycle of tables and may be missing. SchemaError for a cycle in which no key may be."""
    kept = [link for link in links(schema) if not link.itself]
    dropped: list[Link] = []
    while True:
        closing = [link for link in kept if _reaches(kept, link.parent, link.child)]
        if not closing:
            return tuple(dropped)
        free = [link for link in closing if optional(schema, link)]
        if not free:
            told = "; ".join(str(link) for link in closing)
            raise SchemaError(
                f"The tables {', '.join(sorted({link.child for link in closing}))} form a cycle of keys "
                f"that may not be missing: {told}.",
                "Allow one of these keys to be missing (nullable), or leave one out of the schema.",
            )
        kept.remove(free[0])
        dropped.append(free[0])


def order(schema: Schema) -> tuple[str, ...]:
    """Every table, parents before children. SchemaError names the tables of a cycle of mandatory keys."""
    upward = _upward(schema)
    made: list[str] = []
    while len(made) < len(schema.tables):
        for name in schema.tables:
            if name not in made and all(link.parent in made for link in upward if link.child == name):
                made.append(name)
                break
    return tuple(made)


def hops(schema: Schema, n: int) -> tuple[tuple[Link, ...], ...]:
    """Paths of n foreign keys, from a descendant up. No table is met twice, but a key to itself counts as a step."""
    every = links(schema)
    paths: list[tuple[Link, ...]] = [()]
    for _ in range(n):
        paths = [(*path, link) for path in paths for link in every if not path or _goes_on(path, link)]
    return tuple(path for path in paths if path)


def descendants(schema: Schema, table: str) -> tuple[str, ...]:
    """The tables that hang from one, directly or not, in the order of `order`."""
    upward = _upward(schema)
    return tuple(name for name in order(schema) if name != table and _reaches(upward, name, table))


def places(dataset: Dataset, link: Link) -> np.ndarray:
    """(child rows,) int64: the position of the row that each row refers to; MISSING (-1) or LOST (-2) where none is.

    A key of several columns is missing when one of them is. When several parents have the key, the first is taken.
    """
    parent, child = dataset.tables[link.parent].rows, dataset.tables[link.child].rows
    names = [f"k{place}" for place in range(len(link.columns))]
    there = parent.select(pl.col(link.references[i]).alias(name) for i, name in enumerate(names))
    wanted = child.select(
        pl.col(link.columns[i]).cast(there[name].dtype, strict=False).alias(name) for i, name in enumerate(names)
    )
    there = there.with_row_index("at").unique(names, keep="first", maintain_order=True)
    found = wanted.join(there, on=names, how="left", maintain_order="left")["at"].cast(pl.Int64)
    missing = child.select(pl.any_horizontal(pl.col(link.columns).is_null())).to_series().to_numpy()
    return np.where(missing, MISSING, found.fill_null(LOST).to_numpy())


def require_related(dataset: Dataset) -> None:
    """What learning related tables needs: raises before any long work.

    SchemaError for one table alone, a key to a table or column that is not there, a cycle of mandatory keys, and a
    reference to columns that do not tell rows apart; BreachError for references to rows that are not there.
    """
    from trasunto.errors import BreachError

    schema = dataset.schema
    if len(schema.tables) < 2 and not links(schema):
        raise SchemaError(
            f"There is one table, {next(iter(schema.tables))!r}, and nothing that it refers to.",
            "Give related tables, or fit it with a synthesizer of one table.",
        )
    late(schema)
    lost = []
    for link in links(schema):
        keys = dataset.tables[link.parent].rows.select(link.references)
        if keys.is_duplicated().any() or keys.select(pl.any_horizontal(pl.all().is_null())).to_series().any():
            raise SchemaError(
                f"{link} refers to {'+'.join(link.references)}, which is no key of {link.parent!r}: "
                "values are missing or repeat.",
                "Refer to columns whose values are there and differ, or leave the foreign key out.",
            )
        count = int((places(dataset, link) == LOST).sum())
        if count:
            lost.append(f"{link}: {count} of {len(dataset.tables[link.child])} rows")
    if lost:
        raise BreachError(
            f"References lead to rows that are not there: {'; '.join(lost)}.",
            "Add the missing parents, drop these rows, or leave the foreign key out of the schema.",
        )


def _upward(schema: Schema) -> tuple[Link, ...]:
    dropped = late(schema)
    return tuple(link for link in links(schema) if not link.itself and link not in dropped)


def _reaches(among: list[Link] | tuple[Link, ...], start: str, goal: str) -> bool:
    """Whether going up from `start` comes to `goal`."""
    seen, open_ = {start}, [start]
    while open_:
        here = open_.pop()
        if here == goal:
            return True
        for link in among:
            if link.child == here and link.parent not in seen:
                seen.add(link.parent)
                open_.append(link.parent)
    return False


def _goes_on(path: tuple[Link, ...], link: Link) -> bool:
    met = {each.child for each in path} | {path[-1].parent}
    if link.child != path[-1].parent:
        return False
    return link not in path if link.itself else link.parent not in met
