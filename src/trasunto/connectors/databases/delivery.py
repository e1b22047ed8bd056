"""Tables into a database: what is there is checked, what is not is made, parents are filled before children."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from trasunto.connectors.databases.address import Address
from trasunto.connectors.databases.encoded import Target
from trasunto.connectors.databases.found import FoundTable
from trasunto.connectors.databases.problems import told
from trasunto.data.dataset import Dataset, Table
from trasunto.data.relations import order
from trasunto.data.schema import Schema, TableSchema
from trasunto.errors import SchemaError, StoreError, near


def delivered(asked: Address, link: Any, like: Dataset, parts: Mapping[str, Iterator[Table]]) -> int:
    """Write the parts of every table inside the transaction of a link; how many rows.

    like: a dataset with the schema and the types of all parts. SchemaError when a table that is there has other
    columns, StoreError when it is there and may not be.
    """
    schema = like.schema
    names = _ordered(schema)
    there = [name for name in names if name in {*link.names(), *link.views()}]
    if there and asked.if_exists == "fail":
        raise StoreError(
            f"{asked.shown} has a table {there[0]!r} already; nothing was written.",
            "Add ?if_exists=append or ?if_exists=replace, or name another with ?table=NAME.",
        )
    found: dict[str, FoundTable] = {}
    if asked.if_exists == "append":
        found = {name: link.found(name) for name in there}
    elif there:
        with told(asked, f"writing {', '.join(there)}"):
            link.drop(there)
    targets = []
    for name in names:
        with told(asked, f"writing {name}"):
            if name in found:
                targets.append(_appended(link.place(name), found[name], schema.tables[name]))
            else:
                targets.append(link.create(schema, name, like.tables[name].rows))
    with told(asked, "writing keys"):
        link.tie(schema, targets)
    if asked.keys_go_on:
        targets = _shifted(link, schema, like, targets, found)
    count = 0
    for target in targets:
        with told(asked, f"writing {target.name}"):
            count += link.load(target, _alike(parts[target.name], schema.tables[target.name], target.name))
    with told(asked, "writing keys"):
        link.finish(schema, targets)
    return count


def _ordered(schema: Schema) -> tuple[str, ...]:
    """Parents first; keys to tables that are not written with them do not count."""
    inside = {
        name: replace(table, foreign_keys=tuple(key for key in table.foreign_keys if key.table in schema.tables))
        for name, table in schema.tables.items()
    }
    return order(Schema(inside))


def _alike(parts: Iterator[Table], schema: TableSchema, name: str) -> Iterator[Table]:
    for part in parts:
        if part.schema.names != schema.names:
            raise SchemaError(f"A part of table {name!r} has other columns: {', '.join(part.schema.names)}.")
        yield part


def _appended(place: str, found: FoundTable, ours: TableSchema) -> Target:
    """A table that is there as a target: every column of ours must be in it, and none that it needs be missing."""
    columns: list[tuple[Any, str]] = []
    for column in ours.columns:
        if column.name not in found.names:
            raise SchemaError(
                f"Table {found.name!r} has no column {column.name!r}; nothing was written.",
                f"{near(column.name, found.names)} ?if_exists=replace makes the table anew.",
            )
        there = found[column.name]
        if not there.generated:
            columns.append((column, there.family))
    needed = [c for c in found.columns if not c.nullable and not c.given and not c.generated and c.name not in ours]
    if needed:
        raise SchemaError(
            f"Table {found.name!r} needs a value of {needed[0].name!r} (NOT NULL, no default), which is not given; "
            "nothing was written.",
            "Give that column, or allow NULL in it.",
        )
    required = frozenset(column.name for column, _ in columns if not found[column.name].nullable)
    return Target(found.name, place, tuple(columns), required, created=False)


def _shifted(
    link: Any, schema: Schema, like: Dataset, targets: Sequence[Target], found: Mapping[str, FoundTable]
) -> list[Target]:
    """Whole-number keys are moved behind the greatest that is there, and with them what refers to them."""
    moved: dict[str, tuple[str, int]] = {}
    for name, table in schema.tables.items():
        held = {column for key in table.foreign_keys for column in key.columns}
        if name in found and len(table.primary_key) == 1 and table.primary_key[0] not in held:
            key = table.primary_key[0]
            values = like.tables[name].rows[key]
            greatest = link.greatest(name, key) if values.dtype == pl.Int64 else None
            least = values.min()
            if greatest is not None and isinstance(least, int) and least <= greatest:
                moved[name] = (key, int(greatest) + 1 - min(least, 1))
    shifted = []
    for target in targets:
        shifts = dict([moved[target.name]]) if target.name in moved else {}
        for tie in schema.tables[target.name].foreign_keys:
            if tie.table in moved and moved[tie.table][0] in tie.references:
                shifts[tie.columns[tie.references.index(moved[tie.table][0])]] = moved[tie.table][1]
        shifted.append(replace(target, shifts=shifts))
    return shifted
