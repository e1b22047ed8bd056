"""What MySQL and MariaDB tell of a table: columns with their types, keys and checks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

from trasunto.connectors.databases.definitions import quoter
from trasunto.connectors.databases.found import Found
from trasunto.data.schema import ForeignKey, Format

quote = quoter("`")
_INTEGERS = frozenset(["tinyint", "smallint", "mediumint", "int", "integer", "bigint", "year"])
_WORDS = frozenset(
    ["char", "varchar", "tinytext", "text", "mediumtext", "longtext", "json", "set", "time", "inet4", "inet6"]
)


class Asked(Protocol):
    """Where queries go."""

    @property
    def space(self) -> str:
        """The database."""
        ...

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """What a query gives."""
        ...


def columns_of(link: Asked, name: str) -> tuple[Found, ...]:
    """The columns of a table, in order."""
    found = link.rows(
        "SELECT column_name, column_type, is_nullable, column_comment, column_default, extra "
        "FROM information_schema.columns WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position",
        (link.space, name),
    )
    source = f"{quote(link.space)}.{quote(name)}"
    made = []
    for column, kind, nullable, comment, default, extra in found:
        generated = "GENERATED" in extra.upper() and "DEFAULT_GENERATED" not in extra.upper()
        counted = "auto_increment" in extra.lower()
        made.append(
            replace(
                typed(link, column, _plain(kind), source),
                nullable=nullable == "YES",
                comment=_plain(comment or ""),
                given=default is not None or counted,
                generated=generated,
            )
        )
    return tuple(made)


def query_columns(link: Any, source: str) -> tuple[Found, ...]:
    """The columns that a query gives, by a table that is made of none of its rows and is gone at once."""
    from pymysql.constants import FIELD_TYPE

    names = {value: name for name, value in vars(FIELD_TYPE).items() if isinstance(value, int)}
    with link.connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {source} LIMIT 0")
        fields = cursor._result.fields
    made = []
    for each in fields:
        said = names.get(each.type_code, "").lower()
        kind = {"tiny": "tinyint", "short": "smallint", "long": "int", "int24": "mediumint", "longlong": "bigint",
                "newdecimal": f"decimal({each.length},{each.scale})", "decimal": f"decimal({each.length},{each.scale})",
                "var_string": "varchar", "string": "char", "newdate": "date"}.get(said, said)  # fmt: skip
        if "blob" in kind or kind in ("varchar", "char"):
            kind = "text" if each.charsetnr != 63 else "blob"
        # 32 is the flag of a number without a sign.
        made.append(typed(link, each.name, f"{kind} unsigned" if each.flags & 32 else kind, source))
    return tuple(made)


def table_facts(
    link: Asked, name: str
) -> tuple[tuple[str, ...], tuple[ForeignKey, ...], tuple[tuple[str, str], ...], tuple[tuple[str, ...], ...]]:
    """(primary key, foreign keys, checks, groups of columns that are unique)."""
    found = link.rows(
        "SELECT k.constraint_name, k.column_name, k.referenced_table_name, k.referenced_column_name, "
        "k.referenced_table_schema FROM information_schema.key_column_usage k WHERE k.table_schema = %s AND "
        "k.table_name = %s ORDER BY k.constraint_name, k.ordinal_position",
        (link.space, name),
    )
    groups: dict[str, list[tuple[Any, ...]]] = {}
    for called, *rest in found:
        groups.setdefault(called, []).append(tuple(rest))
    primary: tuple[str, ...] = ()
    keys, unique = [], []
    for called, parts in groups.items():
        columns = tuple(part[0] for part in parts)
        if called == "PRIMARY":
            primary = columns
        elif parts[0][1] is None:
            unique.append(columns)
        elif parts[0][3] == link.space:
            keys.append(ForeignKey(columns, parts[0][1], tuple(part[2] for part in parts)))
    return primary, tuple(keys), _checks(link, name), tuple(unique)


def _checks(link: Asked, name: str) -> tuple[tuple[str, str], ...]:
    """MariaDB says of which table a check is; MySQL in another place."""
    own = "information_schema.check_constraints"
    if "MariaDB" in str(link.rows("SELECT version()")[0][0]):
        sql = f"SELECT constraint_name, check_clause FROM {own} WHERE constraint_schema = %s AND table_name = %s"
    else:
        sql = (
            f"SELECT c.constraint_name, c.check_clause FROM {own} c JOIN information_schema.table_constraints t "
            "ON t.constraint_schema = c.constraint_schema AND t.constraint_name = c.constraint_name "
            "WHERE c.constraint_schema = %s AND t.table_name = %s AND t.constraint_type = 'CHECK'"
        )
    found = [(_plain(called), _plain(condition)) for called, condition in link.rows(sql, (link.space, name))]
    return tuple((called, condition.replace("\\'", "'")) for called, condition in found)


def typed(link: Asked, name: str, kind: str, source: str) -> Found:
    """A column by the spelling of its type."""
    column = quote(name)
    base = kind.lower().partition("(")[0].split()[0] if kind else ""
    number = f"IFNULL(CAST({column} AS CHAR), '')"
    plain = Found(name, kind, "text", _worded(column), family="text")
    if base == "enum" and "?" in kind:
        # The catalog has a question mark for letters of four bytes: what the values are is not known.
        return replace(plain, kind="category")
    if base == "enum":
        return replace(plain, categories=_labels(kind), family="enum")
    if base == "tinyint" and kind.lower().startswith("tinyint(1)"):
        odd = link.rows(f"SELECT EXISTS (SELECT 1 FROM {source} WHERE {column} NOT IN (0, 1))")[0][0]
        if not odd:
            logical = f"CASE WHEN {column} IS NULL THEN '' WHEN {column} THEN 'true' ELSE 'false' END"
            return replace(plain, held="boolean", sql=logical, family="boolean")
    if base == "bit":
        if kind.lower() == "bit(1)":
            logical = f"CASE WHEN {column} IS NULL THEN '' WHEN {column} THEN 'true' ELSE 'false' END"
            return replace(plain, held="boolean", sql=logical, family="boolean")
        return replace(plain, held="integer", sql=f"IFNULL(CAST({column} + 0 AS CHAR), '')", family="integer")
    if base == "bigint" and "unsigned" in kind.lower() and _beyond(link, column, source):
        return replace(plain, type=f"{kind}, some values beyond 64 bits")
    if base in _INTEGERS:
        return replace(plain, held="integer", sql=number, family="integer")
    if base in ("float", "double", "real"):
        return replace(plain, held="number", sql=number, family="number")
    if base in ("decimal", "numeric"):
        return _decimal(link, plain, number, source)
    if base == "date":
        sql = f"IFNULL(NULLIF(CAST({column} AS CHAR), '0000-00-00'), '')"
        return replace(plain, held="date", sql=sql, format=Format(date_only=True), family="date")
    if base in ("datetime", "timestamp"):
        # A date of noughts is how these databases once spelt a missing one.
        sql = f"IF(CAST({column} AS CHAR) LIKE '0000-00-00%', '', IFNULL(CAST({column} AS CHAR), ''))"
        return replace(
            plain, held="moment", sql=sql, type=f"{kind}{', in UTC' if base == 'timestamp' else ''}", family="moment"
        )
    if base == "uuid":
        return replace(plain, kind="id")
    return plain if base in _WORDS else replace(plain, held=None)


def _decimal(link: Asked, plain: Found, number: str, source: str) -> Found:
    digits = [int(each) for each in re.findall(r"\d+", plain.type)]
    precision, scale = digits[0] if digits else 10, digits[1] if len(digits) > 1 else 0
    if scale:
        return replace(plain, held="number", sql=number, format=Format(decimals=scale), family="decimal")
    if precision > 18 and _beyond(link, quote(plain.name), source):
        return replace(plain, type=f"{plain.type}, some values beyond 64 bits")
    return replace(plain, held="integer", sql=number, family="integer")


def _beyond(link: Asked, column: str, source: str) -> bool:
    sql = f"SELECT EXISTS (SELECT 1 FROM {source} WHERE ABS(CAST({column} AS DECIMAL(65))) > 9223372036854775807)"
    return bool(link.rows(sql)[0][0])


def _worded(column: str) -> str:
    """A text in quotation marks, as a line of delimited text has it; nothing when it is missing."""
    quoted = f"REPLACE(CAST({column} AS CHAR), '\"', '\"\"')"
    return f"IFNULL(CONCAT('\"', {quoted}, '\"'), '')"


def _labels(kind: str) -> tuple[str, ...]:
    return tuple(each.replace("''", "'") for each in re.findall(r"'((?:[^']|'')*)'", kind))


def _plain(value: Any) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)
