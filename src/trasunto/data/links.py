"""Foreign keys found between tables that came without any: by the names of columns, and by values that all stand there.

A name alone or values alone prove nothing: small whole numbers lie within any key. Both are asked for. Why a key was
found stands in the `reason` of its first column.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations

import polars as pl

from trasunto.data.dataset import Table
from trasunto.data.schema import ForeignKey, TableSchema

# Names of keys that say nothing of the table they are of.
PLAIN = {"id", "key", "uuid", "guid", "code", "nr", "no", "num", "number", "index", "pk"}
# Names of columns that point to another row of the same table.
UPWARD = re.compile(
    r"parent|manager|boss|supervisor|superior|reports?_?to|repl(y|ies)|previous|referr|head|jefe|padre", re.IGNORECASE
)
# Columns that may make a key of two, and rows needed to see that they do.
CANDIDATES, ROWS = 12, 10


@dataclass(frozen=True)
class Found:
    """A foreign key and why it is one."""

    key: ForeignKey
    why: str


def linked(tables: Mapping[str, Table]) -> dict[str, Table]:
    """The tables with the foreign keys found, and with primary keys of two columns where those are referred to or are
    two foreign keys themselves. Keys that are there already are kept."""
    keyed = {name: _keyed(name, table, tables) for name, table in tables.items()}
    found = {name: _found(name, keyed) for name in keyed}
    made = {}
    for name, table in keyed.items():
        own = table.schema.primary_key
        foreign = {column for each in found[name] for column in each.key.columns}
        told = any(each.key.table == name and len(each.key.columns) > 1 for every in found.values() for each in every)
        if len(own) > 1 and not tables[name].schema.primary_key and not told and not set(own) <= foreign:
            own = ()
        columns = list(table.schema.columns)
        for each in found[name]:
            place = table.schema.names.index(each.key.columns[0])
            columns[place] = replace(columns[place], reason=f"{columns[place].reason} {each.why}".strip())
        keys = (*table.schema.foreign_keys, *(each.key for each in found[name]))
        schema = replace(table.schema, columns=tuple(columns), primary_key=own, foreign_keys=keys)
        made[name] = Table(schema, table.rows)
    return made


def _keyed(name: str, table: Table, tables: Mapping[str, Table]) -> Table:
    """A table with a key of two columns when it has none of one, and both stand in another table too."""
    if table.schema.primary_key or len(table) < ROWS:
        return table
    others = {column for other, each in tables.items() if other != name for column in each.schema.names}
    names = [
        c.name
        for c in table.schema.columns
        if c.name in others and c.kind in ("id", "integer", "category") and not table.rows[c.name].null_count()
    ]
    for pair in combinations(names[:CANDIDATES], 2):
        if not table.rows.select(pair).is_duplicated().any():
            return Table(replace(table.schema, primary_key=pair), table.rows)
    return table


def _found(name: str, tables: Mapping[str, Table]) -> list[Found]:
    table = tables[name]
    found: list[Found] = []
    taken = {column for key in table.schema.foreign_keys for column in key.columns}
    for parent, other in tables.items():
        key = other.schema.primary_key
        shared = len(key) > 1 and parent != name and all(column in table.schema for column in key)
        if shared and _stand_there(table, key, other, key):
            why = f"Together with {', '.join(key[1:])} its values are those of the key of {parent}: a foreign key."
            found.append(Found(ForeignKey(key, parent, key), why))
            taken |= set(key)
    for column in table.schema.names:
        if column in taken:
            continue
        fits = []
        for parent, other in tables.items():
            key = other.schema.primary_key
            if len(key) != 1:
                continue
            likeness = _named_for(table.schema, column, parent, key[0], parent == name)
            if likeness and _stand_there(table, (column,), other, key):
                fits.append((likeness, parent, key[0]))
        if fits:
            _, parent, key_column = max(fits, key=lambda each: each[0])
            why = f"It is named for {parent}.{key_column}, and all its values stand there: a foreign key."
            found.append(Found(ForeignKey((column,), parent, (key_column,)), why))
    return found


def _named_for(schema: TableSchema, column: str, parent: str, key: str, itself: bool) -> int:
    """How surely a column is named for the key of a table; 0 when it is not."""
    mine, theirs = column.lower(), key.lower()
    if itself:
        return 1 if column not in schema.primary_key and UPWARD.search(column) else 0
    if mine == theirs:
        # Every table may call its own key `id`.
        return 0 if theirs in PLAIN else 4
    plain = re.sub(r"[^a-z0-9]", "", mine)
    stems = {re.sub(r"[^a-z0-9]", "", parent.lower())}
    stems |= {stem[:-1] for stem in stems if stem.endswith("s")}
    stems |= {stem[:-2] for stem in stems if stem.endswith("es")}
    stems |= {f"{stem[:-3]}y" for stem in stems if stem.endswith("ies")}
    bare = re.sub(r"[^a-z0-9]", "", theirs)
    ends = {f"{stem}{end}" for stem in stems for end in ({bare} | PLAIN)}
    if plain in ends:
        return 3
    if theirs not in PLAIN and len(theirs) > 3 and mine.endswith(f"_{theirs}"):
        return 2
    return 1 if any(plain.endswith(end) for end in ends if len(end) > 4) else 0


def _stand_there(child: Table, columns: tuple[str, ...], parent: Table, key: tuple[str, ...]) -> bool:
    """Whether all values of columns stand in the key of another table."""
    mine, theirs = child.rows.select(columns).drop_nulls(), parent.rows.select(key)
    if not len(mine) or [mine[c].dtype for c in columns] != [theirs[c].dtype for c in key]:
        return False
    renamed = theirs.rename(dict(zip(key, columns, strict=True)))
    lost: pl.DataFrame = mine.join(renamed, on=list(columns), how="anti")
    return lost.is_empty()
