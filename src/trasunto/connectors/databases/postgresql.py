"""PostgreSQL: one transaction for all that is read or written, COPY both ways."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import polars as pl

from trasunto.connectors.databases.address import Address, connection_facts
from trasunto.connectors.databases.conditions import text
from trasunto.connectors.databases.definitions import (
    Defined,
    constraints_of,
    defined,
    keyed,
    listed,
    quoter,
    reference,
    referred,
)
from trasunto.connectors.databases.encoded import Target, encoded
from trasunto.connectors.databases.found import FoundTable, Frames
from trasunto.connectors.databases.lines import frame_of, lines_of
from trasunto.connectors.databases.postgresql_catalog import columns_of, query_columns, table_facts
from trasunto.data.dataset import Table
from trasunto.data.schema import Schema

quote = quoter('"')
CHUNK = 50_000


@dataclass(frozen=True)
class Link:
    """A transaction with a server. space: the schema (namespace) that tables lie in."""

    connection: Any
    space: str

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """What a query gives."""
        found: list[tuple[Any, ...]] = self.connection.execute(sql, values or None).fetchall()
        return found

    def quote(self, name: str) -> str:
        """A name as SQL spells it."""
        return quote(name)

    def names(self) -> list[str]:
        """The tables, without views, parts of tables and those of extensions."""
        found = self.rows(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s "
            "AND c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition AND NOT EXISTS (SELECT 1 FROM pg_depend d "
            "WHERE d.objid = c.oid AND d.deptype = 'e') ORDER BY c.relname",
            (self.space,),
        )
        return [name for (name,) in found]

    def views(self) -> list[str]:
        """What else can be read by name."""
        found = self.rows(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = %s AND (c.relkind IN ('v', 'm') OR c.relispartition) ORDER BY 1",
            (self.space,),
        )
        return [name for (name,) in found]

    def place(self, name: str) -> str:
        """A table as SQL names it."""
        return f"{quote(self.space)}.{quote(name)}"

    def hold(self, names: Sequence[str]) -> None:
        """From now on, and until the end of the transaction, nobody alters these tables; all see one moment."""
        held = [name for name in names if name in set(self.names())]
        self.connection.rollback()
        if held:
            self.connection.execute(f"LOCK TABLE {', '.join(map(self.place, held))} IN ACCESS SHARE MODE")

    def found(self, name: str) -> FoundTable:
        """A table as the catalog tells of it."""
        facts = table_facts(self, name)
        return FoundTable(name, self.place(name), columns_of(self, name), *facts)

    def found_query(self, sql: str, name: str) -> FoundTable:
        """What a query gives."""
        source = f"({sql.rstrip().rstrip(';')}) AS trasunto"
        return FoundTable(name, source, query_columns(self, source))

    def frames(self, table: FoundTable, size: int, *, where: str = "", limit: int | None = None) -> Frames:
        """The rows, in frames of at most `size`, as they stream in."""
        query = table.select(where, limit)
        if len(table.columns) == 1:
            query = f"SELECT c0, 1 FROM ({query}) AS one"
        buffer, count = bytearray(), 0
        with self.connection.cursor().copy(f"COPY ({query}) TO STDOUT WITH (FORMAT csv)") as copy:
            for line in copy:
                buffer += line
                count += 1
                if count == size:
                    yield frame_of(bytes(buffer), table)
                    buffer, count = bytearray(), 0
        if count:
            yield frame_of(bytes(buffer), table)

    def drop(self, names: Sequence[str]) -> None:
        """Drop tables; other tables that refer to them are an error."""
        self.connection.execute(f"DROP TABLE {', '.join(map(self.place, names))}")

    def create(self, schema: Schema, name: str, rows: pl.DataFrame) -> Target:
        """A table without its keys, which come when it is filled: that is quicker, and the order of rows is free."""
        table = schema.tables[name]
        columns = defined(table, dict(rows.schema), "postgresql", keyed(schema, name))
        lines = [f"{quote(each.column.name)} {self._type(each, name)}{_not_null(each, table)}" for each in columns]
        lines += [each for each in constraints_of(table, quote) if each.startswith("CHECK")]
        body = ",\n  ".join(lines)
        self.connection.execute(f"CREATE TABLE {self.place(name)} (\n  {body}\n)")
        for each in columns:
            if each.comment:
                column = f"{self.place(name)}.{quote(each.column.name)}"
                self.connection.execute(f"COMMENT ON COLUMN {column} IS {text(each.comment)}")
        required = frozenset(c.name for c in table.columns if not c.nullable or c.name in table.primary_key)
        return Target(name, self.place(name), tuple((each.column, each.family) for each in columns), required)

    def tie(self, schema: Schema, targets: Sequence[Target]) -> None:
        """Keys come when the tables are filled: see `finish`."""

    def load(self, target: Target, parts: Iterator[Table]) -> int:
        """Rows through one COPY; how many."""
        count = 0
        names = listed(target.names, quote)
        with self.connection.cursor().copy(f"COPY {target.place} ({names}) FROM STDIN WITH (FORMAT csv)") as copy:
            for part in parts:
                frame = encoded(part, target)
                for start in range(0, frame.height, CHUNK):
                    copy.write(lines_of(frame[start : start + CHUNK]))
                count += frame.height
        return count

    def finish(self, schema: Schema, targets: Sequence[Target]) -> None:
        """Keys of the tables that were made; counters of the others are moved behind the greatest key."""
        made = [target for target in targets if target.created]
        for target in made:
            table = schema.tables[target.name]
            if table.primary_key:
                self._add(target, f"PRIMARY KEY ({listed(table.primary_key, quote)})")
            for each in constraints_of(table, quote, referred(schema, target.name)):
                if each.startswith("UNIQUE"):
                    self._add(target, each)
        for target in made:
            for key in schema.tables[target.name].foreign_keys:
                if key.table in schema.tables:
                    self._add(target, reference(key, quote, self.place(key.table)))
        for target in targets:
            if not target.created:
                self._count_on(target)

    def greatest(self, name: str, column: str) -> int | None:
        """The greatest value of a whole-number column."""
        found: int | None = self.rows(f"SELECT max({quote(column)}) FROM {self.place(name)}")[0][0]
        return found

    def _add(self, target: Target, constraint: str) -> None:
        self.connection.execute(f"ALTER TABLE {target.place} ADD {constraint}")

    def _type(self, each: Defined, table: str) -> str:
        """The type of a column; an enumeration is made, or taken when one of that name has the same values."""
        if each.labels is None:
            return each.type
        number = 1
        while True:
            name = f"{table}_{each.column.name}"[:55] + (f"_{number}" if number > 1 else "")
            there = self.rows(
                "SELECT t.typtype::text, array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_type t "
                "JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_enum e ON e.enumtypid = t.oid "
                "WHERE n.nspname = %s AND t.typname = %s GROUP BY 1",
                (self.space, name),
            )
            if not there:
                labels = ", ".join(text(label) for label in each.labels)
                self.connection.execute(f"CREATE TYPE {self.place(name)} AS ENUM ({labels})")
            if not there or (there[0][0] == "e" and tuple(there[0][1]) == each.labels):
                return self.place(name)
            number += 1

    def _count_on(self, target: Target) -> None:
        for column in columns_of(self, target.name):
            if column.sequence and column.name in target.names:
                self.rows(
                    f"SELECT setval(%s::regclass, greatest(max({quote(column.name)}), "
                    f"(SELECT last_value FROM {column.sequence}))) FROM {target.place} "
                    f"HAVING max({quote(column.name)}) IS NOT NULL",
                    (column.sequence,),
                )


@contextmanager
def reading(address: Address) -> Iterator[Link]:
    """A transaction that reads only, of one moment of the database."""
    from psycopg import IsolationLevel

    with _connected(address) as connection:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        # Parallel workers and scans that join others would bring the same rows in another order.
        for setting in ("max_parallel_workers_per_gather = 0", "synchronize_seqscans = off"):
            connection.execute(f"SET {setting}")
        connection.commit()
        yield Link(connection, _space(connection, address))
        connection.rollback()


@contextmanager
def writing(address: Address) -> Iterator[Link]:
    """A transaction that ends with the block, or leaves nothing behind."""
    with _connected(address) as connection:
        yield Link(connection, _space(connection, address))
        connection.commit()


def databases(address: Address) -> list[str]:
    """The databases of the server, as far as we may look."""
    import psycopg

    try:
        with psycopg.connect(**{**_facts(address), "dbname": "postgres"}) as connection:
            return [name for (name,) in connection.execute("SELECT datname FROM pg_database WHERE NOT datistemplate")]
    except psycopg.Error:
        return []


@contextmanager
def _connected(address: Address) -> Iterator[Any]:
    import psycopg

    connection = psycopg.connect(**_facts(address))
    try:
        settings = ("timezone = 'UTC'", "datestyle = 'ISO'", "extra_float_digits = 1", "client_encoding = 'UTF8'")
        for setting in (*settings, f"lock_timeout = '{address.timeout}s'", "standard_conforming_strings = on"):
            connection.execute(f"SET {setting}")
        connection.commit()
        yield connection
    finally:
        # Whatever was not committed is undone.
        connection.close()


def _facts(address: Address) -> dict[str, Any]:
    facts = connection_facts(address)
    if "socket" in address.options:
        facts["host"] = re.sub(r"/\.s\.PGSQL\.\d+$", "", address.options["socket"])
    facts |= {"dbname": address.path or None, "connect_timeout": address.timeout, "application_name": "trasunto"}
    if address.tls:
        facts |= {"sslmode": "verify-full", "sslrootcert": address.options.get("ssl_ca", "system")}
    elif address.tls is False:
        facts["sslmode"] = "disable"
    named = {"ssl_cert": "sslcert", "ssl_key": "sslkey"}
    facts |= {theirs: address.options[ours] for ours, theirs in named.items() if ours in address.options}
    return {name: value for name, value in facts.items() if value is not None}


def _space(connection: Any, address: Address) -> str:
    if address.schema:
        return address.schema
    found = connection.execute("SELECT current_schema()").fetchone()[0]
    connection.commit()
    return str(found or "public")


def _not_null(each: Defined, table: Any) -> str:
    return "" if each.column.nullable and each.column.name not in table.primary_key else " NOT NULL"
