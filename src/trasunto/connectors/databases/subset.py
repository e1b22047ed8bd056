"""The first rows of related tables: so many of each that refers to no other, and of the rest what hangs from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from trasunto.connectors.databases.found import FoundTable
from trasunto.data.dataset import Dataset, Table
from trasunto.data.relations import links, places
from trasunto.data.schema import Schema

LOST = -2


def conditions_for(
    tables: Sequence[FoundTable], rows: int, link: Any, *, narrow: bool
) -> dict[str, tuple[str, int | None]]:
    """(WHERE …, LIMIT) of each table, so that what does not hang from the first rows need not be read.

    narrow: whether the database is asked so; one of another tongue sends the children whole.
    """
    by_name = {table.name: table for table in tables}
    made: dict[str, tuple[str, int | None]] = {}

    def condition(name: str, above: tuple[str, ...]) -> str:
        table = by_name[name]
        parts = []
        for key in table.foreign_keys:
            # A cycle ends here: `whole_families` sees to the rest.
            if key.table in by_name and key.table not in (name, *above) and len(key.columns) == 1:
                child, parent = link.quote(key.columns[0]), link.quote(key.references[0])
                inner = condition(key.table, (*above, name))
                limit = "" if inner else f" LIMIT {rows}"
                chosen = f"SELECT {parent} FROM {by_name[key.table].source}{inner}{limit}"
                # MySQL takes no LIMIT in IN (…), but in a table that is derived.
                parts.append(f"({child} IS NULL OR {child} IN (SELECT * FROM ({chosen}) AS first_rows))")
        return f" WHERE {' AND '.join(parts)}" if parts else ""

    for name in by_name:
        where = condition(name, ())
        made[name] = (where if narrow else "", None if where else rows)
    return made


def whole_families(dataset: Dataset) -> Dataset:
    """Without the rows that refer to a row that was not read."""
    tables = {name: table.rows for name, table in dataset.tables.items()}
    while True:
        lost = False
        for tie in links(dataset.schema):
            current = Dataset(dataset.schema, {n: Table(dataset.schema.tables[n], rows) for n, rows in tables.items()})
            kept = places(current, tie) != LOST
            if not kept.all():
                tables[tie.child] = tables[tie.child].filter(np.asarray(kept))
                lost = True
        if not lost:
            break
    made = {name: Table(dataset.schema.tables[name], rows) for name, rows in tables.items()}
    return replace(dataset, schema=Schema(dict(dataset.schema.tables)), tables=made)
