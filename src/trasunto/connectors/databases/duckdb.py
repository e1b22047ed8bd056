"""DuckDB: a file, read and written as Arrow, in one transaction."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from trasunto.connectors.databases.address import Address
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
from trasunto.connectors.databases.found import Found, FoundTable, Frames, values_of
from trasunto.data.dataset import Table
from trasunto.data.relations import late
from trasunto.data.schema import ForeignKey, Format, Schema
from trasunto.errors import FileError

quote = quoter('"')
_INTEGERS = frozenset(["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"])
_BIG = frozenset(["UBIGINT", "HUGEINT", "UHUGEINT"])
_WORDS = frozenset(["VARCHAR", "TIME", "TIMETZ", "TIME WITH TIME ZONE", "JSON", "BIT"])


@dataclass(frozen=True)
class Link:
    """A connection to a file, in a transaction. space: the schema (namespace) that tables lie in."""

    connection: Any
    space: str

    def quote(self, name: str) -> str:
        """A name as SQL spells it."""
        return quote(name)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """What a query gives."""
        found: list[tuple[Any, ...]] = self.connection.execute(sql, list(values)).fetchall()
        return found

    def names(self) -> list[str]:
        """The tables, without views."""
        sql = (
            "SELECT table_name FROM duckdb_tables() WHERE schema_name = ? AND database_name = current_database() "
            "AND NOT internal ORDER BY 1"
        )
        return [name for (name,) in self.rows(sql, (self.space,))]

    def views(self) -> list[str]:
        """What else can be read by name."""
        sql = "SELECT view_name FROM duckdb_views() WHERE schema_name = ? AND NOT internal ORDER BY 1"
        return [name for (name,) in self.rows(sql, (self.space,))]

    def place(self, name: str) -> str:
        """A table as SQL names it."""
        return f"{quote(self.space)}.{quote(name)}"

    def hold(self, names: Sequence[str]) -> None:
        """The transaction sees one moment."""

    def found(self, name: str) -> FoundTable:
        """A table as the catalog tells of it."""
        found = self.rows(
            "SELECT column_name, data_type, is_nullable, comment, column_default FROM duckdb_columns() "
            "WHERE schema_name = ? AND table_name = ? AND database_name = current_database() ORDER BY column_index",
            (self.space, name),
        )
        columns = tuple(
            replace(
                self._typed(column, kind, self.place(name)),
                nullable=bool(nullable),
                comment=comment or "",
                given=default is not None,
            )
            for column, kind, nullable, comment, default in found
        )
        return FoundTable(name, self.place(name), columns, *self._facts(name))

    def found_query(self, sql: str, name: str) -> FoundTable:
        """What a query gives."""
        source = f"({sql.rstrip().rstrip(';')})"
        described = self.rows(f"DESCRIBE SELECT * FROM {source}")
        return FoundTable(name, source, tuple(self._typed(row[0], row[1], source) for row in described))

    def frames(self, table: FoundTable, size: int, *, where: str = "", limit: int | None = None) -> Frames:
        """The rows, in frames of at most `size`, as they stream out."""
        reader = self.connection.sql(table.select(where, limit)).to_arrow_reader(size)
        for batch in reader:
            frame = pl.from_arrow(batch)
            if isinstance(frame, pl.DataFrame) and frame.height:
                yield values_of(frame, table)

    def drop(self, names: Sequence[str]) -> None:
        """Drop tables, children first; other tables that refer to them are an error."""
        left = list(names)
        tied = {name: {key.table for key in self._facts(name)[1]} - {name} for name in left}
        while left:
            free = next((n for n in left if not any(n in tied[other] for other in left if other != n)), left[0])
            self.rows(f"DROP TABLE {self.place(free)}")
            left.remove(free)

    def create(self, schema: Schema, name: str, rows: pl.DataFrame) -> Target:
        """A table with its keys; those that would close a cycle of tables are left out, for DuckDB adds none later."""
        table = schema.tables[name]
        columns = defined(table, dict(rows.schema), "duckdb", keyed(schema, name))
        lines = [f"{quote(each.column.name)} {_type(each)}{_not_null(each, table)}" for each in columns]
        if table.primary_key:
            lines.append(f"PRIMARY KEY ({listed(table.primary_key, quote)})")
        lines += constraints_of(table, quote, referred(schema, name))
        inside = [key for key in table.foreign_keys if key.table in schema.tables]
        closing = {(each.child, each.key) for each in late(schema)} if inside else set()
        lines += [reference(k, quote, self.place(k.table)) for k in inside if (name, k) not in closing]
        body = ",\n  ".join(lines)
        self.rows(f"CREATE TABLE {self.place(name)} (\n  {body}\n)")
        for each in columns:
            if each.comment:
                self.rows(f"COMMENT ON COLUMN {self.place(name)}.{quote(each.column.name)} IS {text(each.comment)}")
        required = frozenset(c.name for c in table.columns if not c.nullable or c.name in table.primary_key)
        return Target(name, self.place(name), tuple((each.column, each.family) for each in columns), required)

    def tie(self, schema: Schema, targets: Sequence[Target]) -> None:
        """Keys come with the tables."""

    def load(self, target: Target, parts: Iterator[Table]) -> int:
        """Rows as Arrow; how many."""
        count = 0
        names = listed(target.names, quote)
        for part in parts:
            frame = encoded(part, target)
            self.connection.register("trasunto_rows", frame.to_arrow())
            self.rows(f"INSERT INTO {target.place} ({names}) SELECT * FROM trasunto_rows")
            self.connection.unregister("trasunto_rows")
            count += frame.height
        return count

    def finish(self, schema: Schema, targets: Sequence[Target]) -> None:
        """DuckDB verifies references as rows come."""

    def greatest(self, name: str, column: str) -> int | None:
        """The greatest value of a whole-number column."""
        found: int | None = self.rows(f"SELECT max({quote(column)}) FROM {self.place(name)}")[0][0]
        return found

    def _facts(self, name: str) -> tuple[Any, ...]:
        found = self.rows(
            "SELECT constraint_type, expression, constraint_column_names, referenced_table, referenced_column_names, "
            "constraint_name FROM duckdb_constraints() WHERE schema_name = ? AND table_name = ? "
            "AND database_name = current_database() ORDER BY constraint_index",
            (self.space, name),
        )
        primary: tuple[str, ...] = ()
        keys, checks, unique = [], [], []
        for kind, expression, columns, table, references, called in found:
            if kind == "PRIMARY KEY":
                primary = tuple(columns)
            elif kind == "FOREIGN KEY" and table:
                keys.append(ForeignKey(tuple(columns), table, tuple(references)))
            elif kind == "CHECK":
                checks.append((called or "", expression))
            elif kind == "UNIQUE":
                unique.append(tuple(columns))
        return primary, tuple(keys), tuple(checks), tuple(unique)

    def _typed(self, name: str, kind: str, source: str) -> Found:
        column, said = quote(name), kind.upper()
        plain = Found(name, kind.lower(), "text", f"CAST({column} AS VARCHAR)", family="text")
        if said.startswith("ENUM("):
            return replace(plain, categories=_labels(kind), family="enum")
        if said in _INTEGERS:
            return replace(plain, held="integer", sql=f"CAST({column} AS BIGINT)", family="integer")
        if said in _BIG:
            return self._big(plain, column, source)
        if said in ("FLOAT", "DOUBLE"):
            # A float of 32 bits by its shortest spelling, so that 0.1 stays 0.1.
            inner = column if said == "DOUBLE" else f"CAST({column} AS VARCHAR)"
            return replace(plain, held="number", sql=f"CAST({inner} AS DOUBLE)", family="number")
        if said.startswith("DECIMAL"):
            precision, scale = (int(each) for each in re.findall(r"\d+", said))
            if scale:
                form = Format(decimals=scale)
                return replace(plain, held="number", sql=f"CAST({column} AS DOUBLE)", format=form, family="decimal")
            if precision > 18:
                return self._big(plain, column, source)
            return replace(plain, held="integer", sql=f"CAST({column} AS BIGINT)", family="integer")
        if said == "BOOLEAN":
            return replace(plain, held="boolean", sql=column, family="boolean")
        if said == "DATE":
            return replace(plain, held="date", format=Format(date_only=True), family="date")
        if said.startswith("TIMESTAMP"):
            zoned = "WITH TIME ZONE" in said
            moment = f"timezone('UTC', {column})" if zoned else column
            return replace(plain, held="moment", sql=f"CAST({moment} AS VARCHAR)", family="moment")
        if said == "INTERVAL":
            seconds = f"epoch({column})"
            return replace(plain, held="number", sql=seconds, type="interval, in seconds", family="interval")
        if said == "UUID":
            return replace(plain, kind="id")
        if said.endswith("]") and said.partition("[")[0].partition("(")[0] in _INTEGERS | _WORDS | {"DOUBLE", "DATE"}:
            return replace(plain, sql=f"CAST(to_json({column}) AS VARCHAR)", family="list")
        return plain if said in _WORDS else replace(plain, held=None)

    def _big(self, plain: Found, column: str, source: str) -> Found:
        held = "-9223372036854775808 AND 9223372036854775807"
        sql = f"SELECT EXISTS (SELECT 1 FROM {source} WHERE {column} NOT BETWEEN {held})"
        if self.rows(sql)[0][0]:
            return replace(plain, type=f"{plain.type}, some values beyond 64 bits")
        return replace(plain, held="integer", sql=f"CAST({column} AS BIGINT)", family="integer")


@contextmanager
def reading(address: Address) -> Iterator[Link]:
    """A transaction that reads only, of one moment of the file; duckdb:// without a file answers to a ?query=."""
    if address.path and not Path(address.path).is_file():
        raise FileError(
            f"There is no file {address.path!r}.", "A path from the root has four slashes: duckdb:////tmp/a.db."
        )
    with _connected(address, read_only=bool(address.path)) as link:
        yield link


@contextmanager
def writing(address: Address) -> Iterator[Link]:
    """A transaction that ends with the block, or leaves nothing behind: no new file either."""
    path = Path(address.path)
    if not address.path or not path.parent.is_dir():
        raise FileError(f"There is no folder {str(path.parent)!r} for {address.shown}.", "Make it first.")
    new = not path.exists()
    try:
        with _connected(address, read_only=False) as link:
            yield link
            link.connection.execute("COMMIT")
    except BaseException:
        if new:
            path.unlink(missing_ok=True)
            path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
        raise


@contextmanager
def _connected(address: Address, *, read_only: bool) -> Iterator[Link]:
    import duckdb

    # Nothing is fetched from the network unasked.
    quiet: dict[str, Any] = {"autoinstall_known_extensions": "false"}
    connection = duckdb.connect(address.path or ":memory:", read_only=read_only, config=quiet)
    try:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("BEGIN TRANSACTION")
        yield Link(connection, address.schema or "main")
    finally:
        connection.close()


def _type(each: Defined) -> str:
    if each.labels is None:
        return each.type
    return f"ENUM({', '.join(text(label) for label in each.labels)})"


def _not_null(each: Defined, table: Any) -> str:
    return "" if each.column.nullable and each.column.name not in table.primary_key else " NOT NULL"


def _labels(kind: str) -> tuple[str, ...]:
    return tuple(each.replace("''", "'") for each in re.findall(r"'((?:[^']|'')*)'", kind))
