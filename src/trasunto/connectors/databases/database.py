"""A database as a source and a sink: all its tables with their keys, in one moment; written in one step or not at all.

postgresql://ann@host/shop                        every table
mysql://ann@host/shop?table=orders,lines          some
sqlite:///shop.db?query=SELECT a, b FROM orders   what a query gives
postgresql://ann@host/shop?if_exists=append       as a sink: fail (the default), append or replace
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib import import_module
from itertools import chain
from typing import Any

import polars as pl

from trasunto import registry
from trasunto.connectors.databases.address import NATIVE, Address, read_address
from trasunto.connectors.databases.delivery import delivered
from trasunto.connectors.databases.described import SAMPLE, schema_of
from trasunto.connectors.databases.found import FoundTable, check_skipped, without
from trasunto.connectors.databases.problems import told
from trasunto.connectors.databases.subset import conditions_for, whole_families
from trasunto.data.dataset import DTYPES, Dataset, Table, held
from trasunto.data.schema import Schema, TableSchema
from trasunto.data.storage import clocks_told
from trasunto.errors import EmptyDataError, FileError, SchemaError, near

# Rows that are parsed at once while a whole table is read.
CHUNK = 100_000


@dataclass(frozen=True)
class Database:
    """address: of the database, with its options (see `address.OPTIONS`); a password in it is never shown."""

    address: str = field(repr=False)

    @property
    def asked(self) -> Address:
        """The address in its parts. FileError for an option that is not there."""
        return read_address(self.address)

    def __repr__(self) -> str:
        return f"Database({self.asked.shown!r})"

    def read(self, *, rows: int | None = None, schema: Schema | None = None) -> Dataset:
        """All tables that the address names, parents first, as they stood at one moment.

        rows: at most so many of a table that refers to no other; of the others, those that hang from them.
        schema: what is known already; its columns are taken as they say.
        Raises FileError for what cannot be reached or is not there, SchemaError for a type that nobody maps, DataError.
        """
        asked = self.asked
        with told(asked, "reading", near=_databases(asked)), _linked(asked, "reading") as link:
            tables = _tables(asked, link)
            frames: dict[str, pl.DataFrame] = {}
            narrow = asked.scheme in NATIVE
            limited = conditions_for(tables, rows, link, narrow=narrow) if rows is not None else {}
            for table in tables:
                with told(asked, f"reading {table.name}"):
                    where, limit = limited.get(table.name, ("", None))
                    parts = list(link.frames(table, CHUNK, where=where, limit=limit))
                    frames[table.name] = pl.concat(parts, rechunk=True) if parts else _empty(table)
        known = schema or schema_of(tables, frames)
        made = Dataset(known, {name: _table(frames, name, known) for name in _names(known, tables)})
        return whole_families(made) if rows is not None and len(tables) > 1 else made

    def batches(self, size: int, *, schema: Schema | None = None) -> Iterator[Dataset]:
        """Datasets of at most `size` rows of the one table, in order, in constant memory and of one moment.

        Raises SchemaError when the address names several tables, and what `read` raises.
        """
        asked = self.asked
        with told(asked, "reading", near=_databases(asked)), _linked(asked, "reading") as link:
            tables = _tables(asked, link)
            if len(tables) != 1:
                named = ", ".join(table.name for table in tables)
                raise SchemaError(f"{asked.shown} holds {len(tables)} tables: {named}.", "Name one with ?table=NAME.")
            table = tables[0]
            known = schema
            if known is None:
                first = list(link.frames(table, SAMPLE, limit=SAMPLE))
                known = schema_of(tables, {table.name: first[0] if first else _empty(table)})
            for frame in link.frames(table, size):
                made = _table({table.name: frame}, table.name, known)
                yield Dataset(known, {table.name: made})

    def write(self, dataset: Dataset) -> None:
        """Every table, in one step or not at all; what is there is left as it was when anything fails.

        Raises FileError for what cannot be reached, DataError for rows that the database refuses, StoreError.
        """
        asked = self.asked
        parts = {name: iter([table]) for name, table in dataset.tables.items()}
        self._deliver(asked, dataset, parts)

    def write_parts(self, parts: Iterable[Dataset]) -> int:
        """Datasets of one table, one after the other, in constant memory, in one step or not at all; how many rows."""
        waiting = iter(parts)
        first = next(waiting, None)
        if first is None:
            raise EmptyDataError("There are no rows to write.", "Draw at least one.")
        if len(first.tables) > 1:
            rest = list(waiting)
            whole = _joined([first, *rest]) if rest else first
            self.write(whole)
            return len(whole)
        tables = (part.only for part in chain([first], waiting))
        return self._deliver(self.asked, first, {first.name: tables})

    def _deliver(self, asked: Address, like: Dataset, parts: dict[str, Iterator[Table]]) -> int:
        if asked.query is not None:
            raise FileError("?query= is read, not written.", "Name the table with ?table=NAME.")
        like, parts = _renamed(asked, like, parts)
        like = Dataset.holding({name: clocks_told(table) for name, table in like.tables.items()})
        parts = {name: map(clocks_told, tables) for name, tables in parts.items()}
        with told(asked, "writing", near=_databases(asked)), _linked(asked, "writing") as link:
            return delivered(asked, link, like, parts)


def _linked(asked: Address, doing: str) -> AbstractContextManager[Any]:
    """The transaction of the database that an address names."""
    try:
        transaction: AbstractContextManager[Any] = getattr(_module(asked), doing)(asked)
    except ImportError as error:
        raise registry.missing(error, f"{asked.scheme}://") from error
    return transaction


def _module(asked: Address) -> Any:
    name = asked.scheme if asked.scheme in NATIVE else "generic"
    return import_module(f"trasunto.connectors.databases.{'mysql' if name == 'mariadb' else name}")


def _databases(asked: Address) -> Any:
    """A function that offers the databases nearest to the one that is not there."""

    def offer() -> str:
        if asked.scheme not in ("postgresql", "mysql", "mariadb"):
            return ""
        there = _module(asked).databases(asked)
        return near(asked.path, there) if there else ""

    return offer


def _tables(asked: Address, link: Any) -> list[FoundTable]:
    """The tables that an address names, held still."""
    if asked.query is not None:
        name = asked.tables[0] if asked.tables else "query"
        found = [link.found_query(asked.query, name)]
    else:
        there = link.names()
        names = list(dict.fromkeys(asked.tables)) or there
        if not names:
            raise EmptyDataError(f"{asked.shown} holds no table.", "Name its schema with ?schema=NAME.")
        lost = [name for name in names if name not in there]
        if lost and (unknown := [name for name in lost if name not in (views := link.views())]):
            where = f" in the schema {asked.schema!r}" if asked.schema else ""
            raise FileError(f"{asked.shown} has no table {unknown[0]!r}{where}.", near(unknown[0], [*there, *views]))
        link.hold(names)
        found = [link.found(name) for name in names]
    check_skipped(found, asked.skipped)
    return [without(table, asked.skipped) for table in found]


def _table(frames: dict[str, pl.DataFrame], name: str, schema: Schema) -> Table:
    """The rows of a table, held as the kinds of its columns say."""
    known, frame = schema.tables[name], frames[name]
    missing = [each for each in known.names if each not in frame.columns]
    if missing:
        raise SchemaError(
            f"The schema has a column {missing[0]!r}, the table {name!r} of the database none.",
            near(missing[0], frame.columns),
        )
    columns = []
    for column in known.columns:
        values = frame[column.name]
        kind = held(column, values.dtype) if column.kind in DTYPES else values.dtype
        cast = values.cast(kind, strict=False) if values.dtype != kind else values
        if cast.null_count() > values.null_count():
            raise SchemaError(
                f"{cast.null_count() - values.null_count()} values of column {column.name!r} of table {name!r} are "
                f"not of kind {column.kind} as the schema says.",
                "Mend the kind in the schema.",
            )
        columns.append(cast)
    return Table(known, pl.DataFrame(columns))


def _names(schema: Schema, tables: list[FoundTable]) -> list[str]:
    there = {table.name for table in tables}
    lost = [name for name in schema.tables if name not in there]
    if lost:
        raise SchemaError(f"The schema has a table {lost[0]!r}, the database none.", near(lost[0], there))
    return list(schema.tables)


def _empty(table: FoundTable) -> pl.DataFrame:
    return pl.DataFrame(schema={column.name: column.dtype for column in table.columns})


def _joined(parts: list[Dataset]) -> Dataset:
    first = parts[0]
    rows = {name: pl.concat([part.tables[name].rows for part in parts]) for name in first.tables}
    return Dataset(first.schema, {name: Table(first.tables[name].schema, rows[name]) for name in rows})


def _renamed(
    asked: Address, like: Dataset, parts: dict[str, Iterator[Table]]
) -> tuple[Dataset, dict[str, Iterator[Table]]]:
    """?table= gives the one table its name there; of several it must name each."""
    if not asked.tables:
        return like, parts
    if len(asked.tables) != len(like.tables):
        raise FileError(
            f"?table= names {len(asked.tables)} tables, and {len(like.tables)} are to be written.",
            f"Name {', '.join(like.tables)}, or leave ?table= out.",
        )
    if len(like.tables) > 1:
        if set(asked.tables) != set(like.tables):
            raise FileError(f"?table= names {', '.join(asked.tables)}.", f"The tables are {', '.join(like.tables)}.")
        return like, parts
    old, new = like.name, asked.tables[0]
    table = like.only
    keys = tuple(
        key if key.table != old else type(key)(key.columns, new, key.references) for key in table.schema.foreign_keys
    )
    schema = TableSchema(
        table.schema.columns, table.schema.primary_key, keys, table.schema.sequence, table.schema.constraints
    )
    return Dataset.of(Table(schema, table.rows), new), {new: parts[old]}
