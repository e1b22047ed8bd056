"""Tables of ours as definitions in SQL: types, NOT NULL, keys, checks, enumerations and comments."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from trasunto.connectors.databases.conditions import Quote, conditions, text, uniques
from trasunto.connectors.databases.described import comment_of, mark_of
from trasunto.data.schema import Column, ForeignKey, Schema, TableSchema

# How each database calls what our values are. `key`: texts that an index is made of.
TYPES: dict[str, dict[str, str]] = {
    "postgresql": {
        "integer": "BIGINT", "number": "DOUBLE PRECISION", "decimal": "NUMERIC(38, {})", "boolean": "BOOLEAN",
        "date": "DATE", "moment": "TIMESTAMP", "text": "TEXT", "key": "TEXT", "json": "JSON",
    },
    "mysql": {
        "integer": "BIGINT", "number": "DOUBLE", "decimal": "DECIMAL(38, {})", "boolean": "TINYINT(1)",
        "date": "DATE", "moment": "DATETIME(6)", "text": "LONGTEXT", "key": "VARCHAR(255)", "json": "LONGTEXT",
    },
    "sqlite": {
        "integer": "INTEGER", "number": "REAL", "decimal": "NUMERIC(38, {})", "boolean": "BOOLEAN",
        "date": "DATE", "moment": "TIMESTAMP", "text": "TEXT", "key": "TEXT", "json": "TEXT",
    },
    "duckdb": {
        "integer": "BIGINT", "number": "DOUBLE", "decimal": "DECIMAL(38, {})", "boolean": "BOOLEAN",
        "date": "DATE", "moment": "TIMESTAMP", "text": "VARCHAR", "key": "VARCHAR", "json": "VARCHAR",
    },
}  # fmt: skip


@dataclass(frozen=True)
class Defined:
    """A column as it is written. type: in SQL, "" for an enumeration that the database names. family: what its values
    must be made into (see `encoded.py`). comment: what stands beside it."""

    column: Column
    type: str
    family: str
    comment: str

    @property
    def labels(self) -> tuple[str, ...] | None:
        """The values of an enumeration."""
        return self.column.categories if self.family == "enum" else None


def defined(schema: TableSchema, dtypes: Mapping[str, pl.DataType], dialect: str, keyed: set[str]) -> list[Defined]:
    """The columns of a table. dtypes: of its rows. keyed: columns that other tables refer to, or that are indexed."""
    names = TYPES[dialect]
    tied = {name for key in schema.foreign_keys for name in key.columns}
    single = set(schema.primary_key) if len(schema.primary_key) == 1 else set()
    found = []
    for column in schema.columns:
        whole = dtypes[column.name] == pl.Int64()
        family = _family(column, whole)
        if family == "enum" and not _listable(column, dialect):
            family = "text"
        indexed = column.name in tied | keyed | set(schema.primary_key)
        sqlite_list = family == "enum" and dialect == "sqlite"
        if sqlite_list:
            family = "text"
        kind = "key" if family == "text" and indexed else family
        type_ = names[kind].format(column.format.decimals) if kind in names else ""
        mark = mark_of(column, key=column.name in tied | single, whole=whole, listed=family == "enum" or sqlite_list)
        found.append(Defined(column, type_, family, comment_of(column, mark, schema.sequence)))
    return found


def constraints_of(schema: TableSchema, quote: Quote, unique: tuple[tuple[str, ...], ...] = ()) -> list[str]:
    """UNIQUE and CHECK of a table, and CHECK … IN of categories that are public."""
    single = [tuple(each) for each in uniques(schema)]
    groups = [each for each in dict.fromkeys([*single, *unique]) if set(each) != set(schema.primary_key)]
    return [f"UNIQUE ({listed(each, quote)})" for each in groups] + [f"CHECK {each}" for each in _checks(schema, quote)]


def check_listed(column: Column, quote: Quote) -> str:
    """A condition that holds a column to its public categories."""
    return f"CHECK ({quote(column.name)} IN ({', '.join(text(each) for each in column.categories or ())}))"


def reference(key: ForeignKey, quote: Quote, parent: str) -> str:
    """A foreign key. parent: the quoted table."""
    return f"FOREIGN KEY ({listed(key.columns, quote)}) REFERENCES {parent} ({listed(key.references, quote)})"


def referred(schema: Schema, name: str) -> tuple[tuple[str, ...], ...]:
    """Groups of columns of a table that other tables refer to and that are not its primary key."""
    keys = [key for table in schema.tables.values() for key in table.foreign_keys if key.table == name]
    own = schema.tables[name].primary_key
    return tuple(dict.fromkeys(key.references for key in keys if set(key.references) != set(own)))


def keyed(schema: Schema, name: str) -> set[str]:
    """Columns of a table that a key or a rule of uniqueness holds."""
    groups = [*referred(schema, name), *uniques(schema.tables[name])]
    return {column for group in groups for column in group}


def listed(names: tuple[str, ...], quote: Quote) -> str:
    """Columns with commas."""
    return ", ".join(quote(name) for name in names)


def quoter(mark: str) -> Callable[[str], str]:
    """Names in quotation marks."""
    return lambda name: f"{mark}{name.replace(mark, mark * 2)}{mark}"


def _family(column: Column, whole: bool) -> str:
    if column.kind == "datetime":
        return "date" if column.format.date_only else "moment"
    if column.kind == "number":
        return "decimal" if column.format.decimals and column.format.decimals <= 15 else "number"
    if whole:
        return "integer"
    if column.kind in ("integer", "boolean"):
        return column.kind
    if _listed(column):
        return "enum"
    return "json" if column.format.nested or column.format.messages else "text"


def _listed(column: Column) -> bool:
    return column.kind == "category" and column.declared and bool(column.categories)


def _listable(column: Column, dialect: str) -> bool:
    """Whether the database can hold these labels: PostgreSQL takes 63 bytes of each; the catalog of MySQL and MariaDB
    has three bytes a letter, and no space at the end."""
    labels = column.categories or ()
    if dialect == "postgresql":
        return all(len(each.encode()) <= 63 for each in labels)
    if dialect == "mysql":
        return all(each == each.rstrip() and ord(max(each, default=" ")) <= 0xFFFF for each in labels)
    return True


def _checks(schema: TableSchema, quote: Quote) -> list[str]:
    """A condition that only lists the values of an enumeration says nothing new."""
    lists = [quote(column.name) for column in schema.columns if _listed(column)]
    return [
        each
        for each in conditions(schema, quote)
        if not any(re.fullmatch(rf"\({re.escape(name)} IN \([^()]*\)\)", each) for name in lists)
    ]
