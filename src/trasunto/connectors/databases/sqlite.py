"""SQLite: a file, read in one transaction and written in one; dates are texts, booleans are 0 and 1."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote as percent

import polars as pl

from trasunto.connectors.databases.address import Address
from trasunto.connectors.databases.definitions import (
    Defined,
    check_listed,
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
from trasunto.data.schema import ForeignKey, Format, Schema
from trasunto.errors import DataError, FileError

quote = quoter('"')


@dataclass(frozen=True)
class Link:
    """A connection to a file, in a transaction."""

    connection: sqlite3.Connection

    def quote(self, name: str) -> str:
        """A name as SQL spells it."""
        return quote(name)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """What a query gives."""
        return self.connection.execute(sql, tuple(values)).fetchall()

    def names(self) -> list[str]:
        """The tables, without views."""
        return self._listed("table")

    def views(self) -> list[str]:
        """What else can be read by name."""
        return self._listed("view")

    def _listed(self, kind: str) -> list[str]:
        sql = "SELECT name FROM sqlite_master WHERE type = ? AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
        return [name for (name,) in self.rows(sql, (kind,))]

    def place(self, name: str) -> str:
        """A table as SQL names it."""
        return quote(name)

    def hold(self, names: Sequence[str]) -> None:
        """The transaction sees one moment from its first query on."""

    def found(self, name: str) -> FoundTable:
        """A table as the file tells of it."""
        text = str((self.rows("SELECT sql FROM sqlite_master WHERE name = ?", (name,)) or [("",)])[0][0])
        info = self.rows(f"PRAGMA table_xinfo({quote(name)})")
        comments = dict(_comments(text))
        columns = [
            replace(
                self._typed(column, kind, quote(name)),
                nullable=not (notnull or (key and kind.upper() == "INTEGER")),
                given=default is not None or (bool(key) and kind.upper() == "INTEGER"),
                generated=hidden in (2, 3),
                comment=comments.get(column, ""),
            )
            for _, column, kind, notnull, default, key, hidden in info
            if hidden != 1
        ]
        primary = tuple(row[1] for row in sorted((row for row in info if row[5]), key=lambda row: int(row[5])))
        return FoundTable(
            name, quote(name), tuple(columns), primary, self._keys(name), _checks(text), self._unique(name)
        )

    def found_query(self, sql: str, name: str) -> FoundTable:
        """What a query gives."""
        source = f"({sql.rstrip().rstrip(';')})"
        described = self.connection.execute(f"SELECT * FROM {source} LIMIT 0").description
        return FoundTable(name, source, tuple(self._typed(each[0], "", source) for each in described))

    def frames(self, table: FoundTable, size: int, *, where: str = "", limit: int | None = None) -> Frames:
        """The rows, in frames of at most `size`, as they stream out."""
        cursor = self.connection.execute(table.select(where, limit))
        while found := cursor.fetchmany(size):
            columns = zip(*found, strict=True)
            made = [_series(values, column, table.name) for values, column in zip(columns, table.columns, strict=True)]
            frame = pl.DataFrame([each.alias(f"c{place}") for place, each in enumerate(made)])
            yield values_of(frame, table)

    def drop(self, names: Sequence[str]) -> None:
        """Drop tables; references of tables that stay hold by name."""
        for name in names:
            self.rows(f"DROP TABLE {quote(name)}")

    def create(self, schema: Schema, name: str, rows: pl.DataFrame) -> Target:
        """A table with all its keys: they are verified at the end."""
        table = schema.tables[name]
        columns = defined(table, dict(rows.schema), "sqlite", keyed(schema, name))
        lines = [_line(each, table) for each in columns]
        rest = [f"PRIMARY KEY ({listed(table.primary_key, quote)})"] if table.primary_key else []
        rest += constraints_of(table, quote, referred(schema, name))
        rest += [reference(k, quote, quote(k.table)) for k in table.foreign_keys if k.table in schema.tables]
        body = [(line, each.comment) for line, each in zip(lines, columns, strict=True)] + [(each, "") for each in rest]
        # The text of a definition is kept as it is, and with it what stands between /* and */.
        written = []
        for place, (line, note) in enumerate(body):
            told = f" /* {note.replace('*/', '* /')} */" if note else ""
            written.append(f"  {line}{',' if place < len(body) - 1 else ''}{told}")
        self.rows("CREATE TABLE {} (\n{}\n)".format(quote(name), "\n".join(written)))
        required = frozenset(c.name for c in table.columns if not c.nullable or c.name in table.primary_key)
        return Target(name, quote(name), tuple((each.column, each.family) for each in columns), required)

    def tie(self, schema: Schema, targets: Sequence[Target]) -> None:
        """Keys come with the tables."""

    def load(self, target: Target, parts: Iterator[Table]) -> int:
        """Rows through INSERT; how many."""
        marks = ", ".join("?" * len(target.names))
        into = f"INSERT INTO {target.place} ({listed(target.names, quote)}) VALUES ({marks})"
        count = 0
        for part in parts:
            frame = encoded(part, target, booleans=(1, 0))
            self.connection.executemany(into, frame.iter_rows())
            count += frame.height
        return count

    def finish(self, schema: Schema, targets: Sequence[Target]) -> None:
        """References are verified."""
        for target in targets:
            lost = self.rows(f"PRAGMA foreign_key_check({quote(target.name)})")
            if lost:
                raise DataError(
                    f"{len(lost)} rows in {target.name} refer to rows of {lost[0][2]} that are not there, the first of "
                    f"them row {lost[0][1]}; nothing was written.",
                    "Write the table it refers to with it, or before it.",
                )

    def greatest(self, name: str, column: str) -> int | None:
        """The greatest value of a whole-number column."""
        found: int | None = self.rows(f"SELECT max({quote(column)}) FROM {quote(name)}")[0][0]
        return found

    def _typed(self, name: str, kind: str, source: str) -> Found:
        """A column by the affinity of its declared type; one that declares none by what it holds."""
        column, said = quote(name), kind.upper()
        plain = Found(name, kind.lower() or "no declared type", "text", column, family="text")
        if not said:
            return self._untyped(plain, source)
        if "BOOL" in said:
            return replace(plain, held="boolean", family="boolean")
        if "INT" in said:
            return replace(plain, held="integer", family="integer")
        if "CHAR" in said or "CLOB" in said or "TEXT" in said or said in ("JSON", "UUID", "TIME", "STRING"):
            return replace(plain, kind="id") if said == "UUID" else plain
        if "REAL" in said or "FLOA" in said or "DOUB" in said:
            return replace(plain, held="number", family="number")
        if "DEC" in said or "NUM" in said:
            digits = [int(each) for each in re.findall(r"\d+", said)]
            decimals = digits[1] if len(digits) > 1 else None
            if len(digits) == 1 or decimals == 0:
                return replace(plain, held="integer", family="integer")
            return replace(plain, held="number", family="decimal", format=Format(decimals=decimals))
        if said == "DATE":
            return replace(plain, held="date", format=Format(date_only=True), family="date")
        if said.startswith(("DATETIME", "TIMESTAMP")):
            return replace(plain, held="moment", family="moment")
        return replace(plain, held=None)

    def _untyped(self, plain: Found, source: str) -> Found:
        sql = f"SELECT DISTINCT typeof({plain.sql}) FROM {source}"
        there = {kind for (kind,) in self.rows(sql)} - {"null"}
        if there == {"integer"}:
            return replace(plain, held="integer", family="integer")
        if there and there <= {"integer", "real"}:
            return replace(plain, held="number", family="number")
        return plain if there <= {"text"} else replace(plain, held=None, type="of " + " and ".join(sorted(there)))

    def _keys(self, name: str) -> tuple[ForeignKey, ...]:
        found: dict[int, list[tuple[Any, ...]]] = {}
        for row in self.rows(f"PRAGMA foreign_key_list({quote(name)})"):
            found.setdefault(row[0], []).append(row)
        made = []
        for rows in found.values():
            rows.sort(key=lambda row: int(row[1]))
            parent = rows[0][2]
            info = self.rows(f"PRAGMA table_info({quote(parent)})")
            primary = [row[1] for row in sorted((row for row in info if row[5]), key=lambda row: int(row[5]))]
            references = tuple(row[4] or primary[place] for place, row in enumerate(rows))
            made.append(ForeignKey(tuple(row[3] for row in rows), parent, references))
        return tuple(reversed(made))

    def _unique(self, name: str) -> tuple[tuple[str, ...], ...]:
        groups = []
        for _, index, unique, origin, *_ in self.rows(f"PRAGMA index_list({quote(name)})"):
            if unique and origin == "u":
                groups.append(tuple(row[2] for row in self.rows(f"PRAGMA index_info({quote(index)})")))
        return tuple(sorted(groups))


@contextmanager
def reading(address: Address) -> Iterator[Link]:
    """A transaction that reads only, of one moment of the file."""
    path = Path(address.path)
    if not path.is_file():
        raise FileError(
            f"There is no file {str(path)!r}.", "A path from the root has four slashes: sqlite:////tmp/a.db."
        )
    with _connected(address, "ro") as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()
        yield Link(connection)


@contextmanager
def writing(address: Address) -> Iterator[Link]:
    """A transaction that ends with the block, or leaves nothing behind: no new file either."""
    path = Path(address.path)
    if not address.path or not path.parent.is_dir():
        raise FileError(f"There is no folder {str(path.parent)!r} for {address.shown}.", "Make it first.")
    new = not path.exists()
    try:
        with _connected(address, "rwc") as connection:
            connection.execute("PRAGMA foreign_keys = OFF")
            connection.execute("BEGIN IMMEDIATE")
            yield Link(connection)
            connection.execute("COMMIT")
    except BaseException:
        if new:
            path.unlink(missing_ok=True)
            path.with_name(f"{path.name}-journal").unlink(missing_ok=True)
        else:
            # On a full disk it is not taken back when it fails, but by whoever opens the file next and may write.
            with suppress(sqlite3.Error), _connected(address, "rw") as connection:
                connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()
        raise


@contextmanager
def _connected(address: Address, mode: str) -> Iterator[sqlite3.Connection]:
    place = f"file:{percent(str(Path(address.path).absolute()))}?mode={mode}"
    connection = sqlite3.connect(place, uri=True, timeout=address.timeout, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


def _line(each: Defined, table: Any) -> str:
    column = each.column
    null = "" if column.nullable and column.name not in table.primary_key else " NOT NULL"
    listed_ = column.kind == "category" and column.declared and column.categories
    return f"{quote(column.name)} {each.type or 'TEXT'}{null}{' ' + check_listed(column, quote) if listed_ else ''}"


def _series(values: Sequence[Any], column: Found, table: str) -> pl.Series:
    """SQLite keeps any value in any column: what its type does not say is an error."""
    if column.held == "boolean":
        values = [None if each is None else bool(each) if each in (0, 1) else each for each in values]
    dtype = pl.String() if column.held in ("date", "moment") else column.dtype
    try:
        return pl.Series("", values, dtype=dtype, strict=column.held != "number")
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError) as error:
        kinds = {int: "integer", float: "number", str: "text", bool: "boolean"}
        odd = next((v for v in values if v is not None and kinds.get(type(v)) != column.held), None)
        raise DataError(
            f"Column {column.name!r} of table {table!r} is {column.type} and holds {odd!r}.",
            f"Mend it, or leave the column out with ?skip={table}.{column.name}.",
        ) from error


def _checks(text: str) -> tuple[tuple[str, str], ...]:
    """The conditions behind CHECK in the text of a definition."""
    found = []
    for match in re.finditer(r"(?i)(?:CONSTRAINT\s+(\"[^\"]+\"|\w+)\s+)?\bCHECK\s*\(", text):
        depth, end, inside = 1, match.end(), False
        while depth and end < len(text):
            mark = text[end]
            inside ^= mark == "'"
            depth += 0 if inside else {"(": 1, ")": -1}.get(mark, 0)
            end += 1
        found.append(((match[1] or "").strip('"'), text[match.end() : end - 1]))
    return tuple(found)


def _comments(text: str) -> Iterator[tuple[str, str]]:
    for match in re.finditer(r'(?m)^\s*"((?:[^"]|"")+)" .*?/\* (.*) \*/$', text):
        yield match[1].replace('""', '"'), match[2].replace("* /", "*/")
