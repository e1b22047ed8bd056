"""What the catalog of PostgreSQL tells of a table: columns with their types, keys and checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

from trasunto.connectors.databases.definitions import quoter
from trasunto.connectors.databases.found import Found
from trasunto.data.schema import ForeignKey, Format

quote = quoter('"')


class Asked(Protocol):
    """Where queries go."""

    @property
    def space(self) -> str:
        """The schema that tables lie in."""
        ...

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """What a query gives."""
        ...


_TYPE = """
WITH RECURSIVE base AS (
  SELECT t.oid AS start, t.oid, t.typtype, t.typbasetype, t.typtypmod, t.typname, t.typcategory, t.typelem
  FROM pg_type t WHERE t.oid = ANY(%s)
  UNION ALL
  SELECT b.start, t.oid, t.typtype, t.typbasetype, CASE WHEN b.typtypmod >= 0 THEN b.typtypmod ELSE t.typtypmod END,
         t.typname, t.typcategory, t.typelem
  FROM pg_type t JOIN base b ON b.typtype = 'd' AND t.oid = b.typbasetype
)
SELECT b.start, b.typname::text, b.typtype::text, b.typcategory::text, b.typtypmod, e.typname::text, e.typtype::text,
       ARRAY(SELECT enumlabel::text FROM pg_enum WHERE enumtypid = b.oid ORDER BY enumsortorder)
FROM base b LEFT JOIN pg_type e ON e.oid = b.typelem WHERE b.typtype <> 'd'
"""
_COLUMNS = """
SELECT a.attname::text, a.atttypid, a.atttypmod, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
       coalesce(col_description(a.attrelid, a.attnum), ''), pg_get_expr(d.adbin, d.adrelid), a.attidentity::text,
       a.attgenerated::text,
       pg_get_serial_sequence(quote_ident(n.nspname) || '.' || quote_ident(c.relname), a.attname),
       (SELECT s.oid::regclass::text FROM pg_depend p JOIN pg_class s ON s.oid = p.refobjid AND s.relkind = 'S'
        WHERE p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid LIMIT 1)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE n.nspname = %s AND c.relname = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
_CONSTRAINTS = """
SELECT k.conname::text, k.contype::text, pg_get_expr(k.conbin, k.conrelid), f.relname::text, fn.nspname::text,
       ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY u(num, place)
             JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num ORDER BY u.place),
       ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY u(num, place)
             JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.num ORDER BY u.place)
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_class f ON f.oid = k.confrelid LEFT JOIN pg_namespace fn ON fn.oid = f.relnamespace
WHERE n.nspname = %s AND c.relname = %s AND k.contype IN ('p', 'f', 'c', 'u') AND k.conparentid = 0 ORDER BY k.conname
"""
_INTEGERS = frozenset(["int2", "int4", "int8", "oid"])
# Spelt as COPY spells them.
_WORDS = frozenset(
    ["text", "varchar", "bpchar", "char", "name", "citext", "inet", "cidr", "macaddr", "macaddr8", "time", "timetz",
     "json", "jsonb", "bit", "varbit", "ltree"]
)  # fmt: skip


def columns_of(link: Asked, name: str) -> tuple[Found, ...]:
    """The columns of a table, in order."""
    found = link.rows(_COLUMNS, (link.space, name))
    plain = _typed(link, [(row[0], row[1], row[2], row[3]) for row in found], f"{quote(link.space)}.{quote(name)}")
    return tuple(
        replace(
            column,
            nullable=nullable,
            comment=comment,
            given=default is not None or identity != "",
            generated=generated != "",
            sequence=serial or counter or "",
        )
        for column, (*_, nullable, comment, default, identity, generated, serial, counter) in zip(
            plain, found, strict=True
        )
    )


def query_columns(link: Any, source: str) -> tuple[Found, ...]:
    """The columns that a query gives."""
    described = link.connection.execute(f"SELECT * FROM {source} LIMIT 0").description
    names = link.rows(
        "SELECT p.place, format_type(p.oid::oid, NULL) FROM unnest(%s::bigint[]) WITH ORDINALITY p(oid, place)",
        ([each.type_code for each in described],),
    )
    # Precision and scale, as the catalog packs them.
    mods = [(e.precision << 16 | (e.scale or 0)) + 4 if e.precision else -1 for e in described]
    facts = [(e.name, e.type_code, mod, said) for e, mod, (_, said) in zip(described, mods, names, strict=True)]
    return tuple(_typed(link, facts, source))


def table_facts(
    link: Asked, name: str
) -> tuple[tuple[str, ...], tuple[ForeignKey, ...], tuple[tuple[str, str], ...], tuple[tuple[str, ...], ...]]:
    """(primary key, foreign keys, checks, groups of columns that are unique)."""
    primary: tuple[str, ...] = ()
    keys, checks, unique = [], [], []
    for called, kind, condition, other, space, columns, references in link.rows(_CONSTRAINTS, (link.space, name)):
        if kind == "p":
            primary = tuple(columns)
        elif kind == "f" and space == link.space:
            keys.append(ForeignKey(tuple(columns), other, tuple(references)))
        elif kind == "c":
            checks.append((called, condition))
        elif kind == "u":
            unique.append(tuple(columns))
    return primary, tuple(keys), tuple(checks), tuple(unique)


def _typed(link: Asked, facts: list[tuple[str, int, int, str]], source: str) -> list[Found]:
    known = {row[0]: row[1:] for row in link.rows(_TYPE, ([fact[1] for fact in facts],))}
    return [
        _found(link, name, said, mod, known[oid], source) if oid in known else Found(name, said, None, quote(name))
        for name, oid, mod, said in facts
    ]


def _found(link: Asked, name: str, said: str, mod: int, facts: tuple[Any, ...], source: str) -> Found:
    base, kind, category, of_domain, element, element_kind, labels = facts
    column = quote(name)
    plain = Found(name, said, "text", f"{column}::text", family="text")
    if kind == "e":
        return replace(plain, categories=tuple(labels), family="enum")
    if category == "A":
        mapped = element in _INTEGERS | _WORDS | {"float4", "float8", "numeric", "bool", "uuid", "date"}
        array = replace(plain, sql=f"array_to_json({column})::text", family="array")
        return array if mapped or element_kind == "e" else replace(array, held=None)
    if base in _INTEGERS:
        return replace(plain, held="integer", sql=column, family="integer")
    if base in ("float4", "float8"):
        return replace(plain, held="number", sql=column, family="number")
    if base == "money":
        return replace(plain, held="number", sql=f"{column}::numeric", family="decimal", format=Format(decimals=2))
    if base == "numeric":
        return _numeric(link, plain, mod if mod >= 0 else of_domain, source)
    if base == "bool":
        return replace(plain, held="boolean", family="boolean")
    if base == "date":
        return replace(plain, held="date", sql=column, format=Format(date_only=True), family="date")
    if base == "timestamp":
        return replace(plain, held="moment", sql=column, family="moment")
    if base == "timestamptz":
        return replace(
            plain, held="moment", sql=f"{column} AT TIME ZONE 'UTC'", type=f"{said}, in UTC", family="moment"
        )
    if base == "interval":
        seconds = f"extract(epoch FROM {column})::float8"
        return replace(plain, held="number", sql=seconds, type="interval, in seconds", family="interval")
    if base == "uuid":
        return replace(plain, kind="id")
    if base in _WORDS and kind == "b":
        return plain
    return replace(plain, held=None)


def _numeric(link: Asked, plain: Found, mod: int, source: str) -> Found:
    """NUMERIC is a number; whole ones are integers, and kept as text where 64 bits do not hold them."""
    column = quote(plain.name)
    number = replace(plain, held="number", sql=column, family="decimal")
    if mod < 0:
        return number
    precision, scale = (mod - 4) >> 16 & 0xFFFF, (mod - 4) & 0x7FF
    if scale:
        return replace(number, format=Format(decimals=scale))
    whole = replace(plain, held="integer", sql=column, family="integer")
    if precision <= 18:
        return whole
    beyond = link.rows(f"SELECT EXISTS (SELECT 1 FROM {source} WHERE abs({column}) > 9223372036854775807)")[0][0]
    return replace(plain, type=f"{plain.type}, some values beyond 64 bits") if beyond else whole
