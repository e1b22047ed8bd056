"""MySQL and MariaDB: rows stream out as lines, LOAD DATA takes them in; tables are made aside, and renamed at once."""

from __future__ import annotations

import contextlib
import os
import secrets
import ssl
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
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
from trasunto.connectors.databases.mysql_catalog import columns_of, query_columns, table_facts
from trasunto.data.dataset import Table
from trasunto.data.schema import Schema
from trasunto.errors import DataError, StoreError

quote = quoter("`")
CHUNK = 50_000
# Rows of one INSERT, where the server takes no LOAD DATA LOCAL.
INSERTED = 500


@dataclass(frozen=True)
class Link:
    """A connection to a server. space: the database. aside: names of tables that are made → where they stand for now.
    replaced: tables that go when those come."""

    connection: Any
    space: str
    timeout: int
    aside: dict[str, str] = field(default_factory=dict)
    replaced: list[str] = field(default_factory=list)

    def quote(self, name: str) -> str:
        """A name as SQL spells it."""
        return quote(name)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """What a query gives."""
        with self.connection.cursor() as cursor:
            cursor.execute(sql, tuple(values) or None)
            return list(cursor.fetchall())

    def names(self) -> list[str]:
        """The tables, without views."""
        return self._listed("BASE TABLE")

    def views(self) -> list[str]:
        """What else can be read by name."""
        return self._listed("VIEW")

    def _listed(self, kind: str) -> list[str]:
        sql = "SELECT table_name FROM information_schema.tables WHERE table_schema = %s AND table_type = %s ORDER BY 1"
        found = [name for (name,) in self.rows(sql, (self.space, kind))]
        return [name for name in found if name not in self.aside.values()]

    def place(self, name: str) -> str:
        """A table as SQL names it, where it stands for now."""
        return f"{quote(self.space)}.{quote(self.aside.get(name, name))}"

    def hold(self, names: Sequence[str]) -> None:
        """From now on, and until the end of the transaction, nobody alters these tables; all see one moment."""
        self.rows("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        for name in names:
            self.rows(f"SELECT 1 FROM {self.place(name)} LIMIT 1")

    def found(self, name: str) -> FoundTable:
        """A table as the catalog tells of it."""
        facts = table_facts(self, name)
        return FoundTable(name, self.place(name), columns_of(self, name), *facts)

    def found_query(self, sql: str, name: str) -> FoundTable:
        """What a query gives."""
        self.rows("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        source = f"({sql.rstrip().rstrip(';')}) AS trasunto"
        return FoundTable(name, source, query_columns(self, source))

    def frames(self, table: FoundTable, size: int, *, where: str = "", limit: int | None = None) -> Frames:
        """The rows, in frames of at most `size`, as they stream in: each as one line that the server puts together."""
        from pymysql.cursors import SSCursor

        parts = [column.sql for column in table.columns]
        line = f"CONCAT_WS(',', {', '.join(parts if len(parts) > 1 else [*parts, '1'])})"
        end = f" LIMIT {limit}" if limit is not None else ""
        with self.connection.cursor(SSCursor) as cursor:
            cursor.execute(f"SELECT CONVERT({line} USING binary) FROM {table.source}{where}{end}")
            while found := cursor.fetchmany(size):
                lines = [row[0] for row in found]
                if None in lines:
                    raise DataError(
                        f"A row of table {table.name!r} is longer than the server sends (max_allowed_packet).",
                        "Raise max_allowed_packet there, or leave the long column out with ?skip=.",
                    )
                yield frame_of(b"\n".join(lines) + b"\n", table)

    def drop(self, names: Sequence[str]) -> None:
        """These tables go when the new ones come. StoreError when a table that stays refers to one of them."""
        marks = ", ".join(["%s"] * len(names))
        tied = self.rows(
            "SELECT referenced_table_name, table_name FROM information_schema.key_column_usage WHERE "
            f"referenced_table_schema = %s AND referenced_table_name IN ({marks}) AND NOT (table_schema = %s AND "
            f"table_name IN ({marks}))",
            (self.space, *names, self.space, *names),
        )
        if tied:
            raise StoreError(
                f"Table {tied[0][0]!r} is referred to by {tied[0][1]!r}, which stays; nothing was written.",
                "Write that table too, or use ?if_exists=append.",
            )
        self.replaced.extend(names)

    def create(self, schema: Schema, name: str, rows: pl.DataFrame) -> Target:
        """A table under another name, which becomes its own when all are filled."""
        table = schema.tables[name]
        columns = defined(table, dict(rows.schema), "mysql", keyed(schema, name))
        lines = [f"{quote(each.column.name)} {_type(each)}{_not_null(each, table)}{_comment(each)}" for each in columns]
        if table.primary_key:
            lines.append(f"PRIMARY KEY ({listed(table.primary_key, quote)})")
        lines += constraints_of(table, quote, referred(schema, name))
        self.aside[name] = f"trasunto_{secrets.token_hex(4)}_{name}"[:64]
        body = ",\n  ".join(lines)
        # Letters that differ in case or accent are different values, as everywhere else.
        self.rows(
            f"CREATE TABLE {self.place(name)} (\n  {body}\n) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
        )
        required = frozenset(c.name for c in table.columns if not c.nullable or c.name in table.primary_key)
        return Target(name, self.place(name), tuple((each.column, each.family) for each in columns), required)

    def load(self, target: Target, parts: Iterator[Table]) -> int:
        """Rows through LOAD DATA LOCAL INFILE, or INSERT where the server takes none; how many."""
        if not target.created:
            self._transactional(target)
        quick = bool(self.rows("SELECT @@local_infile")[0][0])
        count = 0
        self.rows("SET foreign_key_checks = 0")
        for part in parts:
            frame = encoded(part, target, booleans=(1, 0))
            for start in range(0, frame.height, CHUNK):
                (self._load if quick else self._insert)(target, frame[start : start + CHUNK])
            count += frame.height
        return count

    def _load(self, target: Target, frame: pl.DataFrame) -> None:
        handle, path = tempfile.mkstemp(prefix="trasunto-", suffix=".csv")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(lines_of(frame, missing="NULL"))
            names = listed(target.names, quote)
            with self.connection.cursor() as cursor:
                cursor.execute(
                    f"LOAD DATA LOCAL INFILE {text(path)} INTO TABLE {target.place} CHARACTER SET utf8mb4 FIELDS "
                    f"TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' ESCAPED BY '' LINES TERMINATED BY 0x0A ({names})"
                )
                # LOCAL makes errors warnings and goes on: each of them is an error again here.
                if cursor.warning_count:
                    _refuse(self.rows("SHOW WARNINGS LIMIT 1")[0])
        except OSError as error:
            raise StoreError(f"Rows cannot be put aside in {path}: {error.strerror}.", "Free space there.") from error
        finally:
            Path(path).unlink(missing_ok=True)

    def _insert(self, target: Target, frame: pl.DataFrame) -> None:
        one = f"({', '.join(['%s'] * len(target.names))})"
        rows = frame.rows()
        for start in range(0, len(rows), INSERTED):
            some = rows[start : start + INSERTED]
            into = f"INSERT INTO {target.place} ({listed(target.names, quote)}) VALUES {', '.join([one] * len(some))}"
            self.rows(into, [value for row in some for value in row])

    def _transactional(self, target: Target) -> None:
        sql = "SELECT engine FROM information_schema.tables WHERE table_schema = %s AND table_name = %s"
        engine = self.rows(sql, (self.space, target.name))[0][0]
        if engine != "InnoDB":
            raise StoreError(
                f"Table {target.name!r} is kept by {engine}, which cannot take rows back; nothing was written.",
                "Make it InnoDB (ALTER TABLE … ENGINE=InnoDB), or use ?if_exists=replace.",
            )

    def tie(self, schema: Schema, targets: Sequence[Target]) -> None:
        """Keys to other tables, while the tables are empty: later they would end the transaction."""
        for target in targets:
            for key in schema.tables[target.name].foreign_keys if target.created else ():
                if key.table in schema.tables:
                    self.rows(f"ALTER TABLE {target.place} ADD {reference(key, quote, self.place(key.table))}")

    def finish(self, schema: Schema, targets: Sequence[Target]) -> None:
        """References are verified, then all names change at once, or the transaction ends."""
        for target in targets:
            for key in schema.tables[target.name].foreign_keys:
                if key.table in schema.tables:
                    self._resolved(target, key)
        self.rows("SET foreign_key_checks = 1")
        self._renamed()

    def _resolved(self, target: Target, key: Any) -> None:
        on = " AND ".join(f"c.{quote(a)} = p.{quote(b)}" for a, b in zip(key.columns, key.references, strict=True))
        full = " AND ".join(f"c.{quote(each)} IS NOT NULL" for each in key.columns)
        lost = self.rows(
            f"SELECT {', '.join(f'c.{quote(each)}' for each in key.columns)} FROM {target.place} c LEFT JOIN "
            f"{self.place(key.table)} p ON {on} WHERE {full} AND p.{quote(key.references[0])} IS NULL LIMIT 1"
        )
        if lost:
            value = ", ".join(map(str, lost[0]))
            raise DataError(
                f"A row in {target.name} refers by {', '.join(key.columns)} = {value} to a row of {key.table} that is "
                "not there; nothing was written.",
                "Write the table it refers to with it, or before it.",
            )

    def _renamed(self) -> None:
        moves = []
        old = {name: f"trasunto_{secrets.token_hex(4)}_{name}"[:64] for name in self.replaced}
        for name, gone in old.items():
            moves.append(f"{quote(self.space)}.{quote(name)} TO {quote(self.space)}.{quote(gone)}")
        for name, now in self.aside.items():
            moves.append(f"{quote(self.space)}.{quote(now)} TO {quote(self.space)}.{quote(name)}")
        if moves:
            self.rows(f"RENAME TABLE {', '.join(moves)}")
        self.aside.clear()
        if old:
            self.rows("SET foreign_key_checks = 0")
            self.rows(f"DROP TABLE {', '.join(f'{quote(self.space)}.{quote(each)}' for each in old.values())}")

    def greatest(self, name: str, column: str) -> int | None:
        """The greatest value of a whole-number column."""
        found: int | None = self.rows(f"SELECT max({quote(column)}) FROM {self.place(name)}")[0][0]
        return found

    def undo(self) -> None:
        """What was made aside goes."""
        self.connection.rollback()
        self.rows("SET foreign_key_checks = 0")
        for name in list(self.aside.values()):
            self.rows(f"DROP TABLE IF EXISTS {quote(self.space)}.{quote(name)}")


@contextmanager
def reading(address: Address) -> Iterator[Link]:
    """A transaction that reads only, of one moment of the database."""
    with _connected(address) as connection:
        yield Link(connection, address.schema or address.path, address.timeout)


@contextmanager
def writing(address: Address) -> Iterator[Link]:
    """A transaction that ends with the block; tables that are made stand aside until then, and go when it fails."""
    with _connected(address, writing=True) as connection:
        link = Link(connection, address.schema or address.path, address.timeout)
        try:
            yield link
            connection.commit()
        except BaseException:
            # A server that is gone keeps what stands aside, under a name that begins with trasunto_.
            with contextlib.suppress(_complaints()), _another(address, link) as other:
                other.undo()
            raise


@contextmanager
def _another(address: Address, link: Link) -> Iterator[Link]:
    """A link to clean up with: a new connection where the first one broke or is in the middle of an answer."""
    with contextlib.suppress(Exception):
        link.connection.close()
    with _connected(address) as connection:
        yield Link(connection, link.space, link.timeout, link.aside)


def _complaints() -> type[Exception]:
    import pymysql

    return pymysql.MySQLError


def databases(address: Address) -> list[str]:
    """The databases of the server, as far as we may look."""
    import pymysql

    hidden = ("information_schema", "mysql", "performance_schema", "sys")
    try:
        with (
            contextlib.closing(pymysql.connect(**_facts(address), read_timeout=address.timeout)) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("SHOW DATABASES")
            return [name for (name,) in cursor.fetchall() if name not in hidden]
    except pymysql.MySQLError:
        return []


@contextmanager
def _connected(address: Address, *, writing: bool = False) -> Iterator[Any]:
    import pymysql

    if not address.path:
        raise DataError(f"{address.shown} names no database.", "Write it behind the host: mysql://user@host/NAME.")
    # A server that takes the connection and says nothing is waited for no longer than one that does not answer.
    connection = pymysql.connect(
        **_facts(address), database=address.path, local_infile=writing, read_timeout=address.timeout
    )
    connection._read_timeout = None
    try:
        with connection.cursor() as cursor:
            # Strict: what does not fit is an error. A backslash stands for itself in texts.
            cursor.execute("SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES,NO_ENGINE_SUBSTITUTION'")
            # Notes, such as of a number that is rounded, are no warnings.
            cursor.execute("SET SESSION sql_notes = 0")
            cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("SET SESSION time_zone = '+00:00'")
            cursor.execute(f"SET SESSION lock_wait_timeout = {address.timeout}")
            cursor.execute(f"SET SESSION innodb_lock_wait_timeout = {address.timeout}")
        yield connection
    finally:
        with contextlib.suppress(pymysql.MySQLError):
            connection.close()


def _facts(address: Address) -> dict[str, Any]:
    facts = connection_facts(address)
    if "socket" in address.options:
        facts["unix_socket"] = address.options["socket"]
    facts |= {"connect_timeout": address.timeout, "charset": "utf8mb4", "autocommit": False}
    if address.tls:
        authority = ssl.create_default_context(cafile=address.options.get("ssl_ca"))
        if "ssl_cert" in address.options:
            authority.load_cert_chain(address.options["ssl_cert"], address.options.get("ssl_key"))
        facts["ssl"] = authority
    elif address.tls is False:
        facts["ssl_disabled"] = True
    return facts


def _type(each: Defined) -> str:
    if each.labels is None:
        return each.type
    return f"ENUM({', '.join(text(label) for label in each.labels)})"


def _not_null(each: Defined, table: Any) -> str:
    # A TIMESTAMP or the like that may be missing must be said to be so.
    return " NULL" if each.column.nullable and each.column.name not in table.primary_key else " NOT NULL"


def _comment(each: Defined) -> str:
    return f" COMMENT {text(each.comment[:1024])}" if each.comment else ""


def _refuse(warning: tuple[Any, ...]) -> None:
    """A warning as the error that it would be without LOCAL."""
    import pymysql

    raise pymysql.err.DataError(int(warning[1]), str(warning[2]))
