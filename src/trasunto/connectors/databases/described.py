"""What was found in a database, as our schema: kinds, keys, categories, rules, and a reason for each column."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import get_args

import polars as pl

from trasunto.connectors.databases.checks import allowed_values, rules_of_checks, spelled
from trasunto.connectors.databases.found import Found, FoundTable
from trasunto.data.infer import of_words
from trasunto.data.relations import order
from trasunto.data.schema import Column, Constraint, Format, Kind, Schema, TableSchema
from trasunto.errors import SchemaError

# What we write behind a comment on a column whose type does not tell its kind: [trasunto: text].
_MARK = re.compile(r"\s*\[trasunto: (\w+)\]\s*$")
# And behind that, on the column that events are in order of: whose events they are.
_ORDER = re.compile(r"\s*\[trasunto: order of (.+)\]\s*$")
COMMENT = "Comment: "
# Texts are told apart (category, text, identifier, JSON) by so many first rows.
SAMPLE = 10_000


def schema_of(tables: Sequence[FoundTable], samples: Mapping[str, pl.DataFrame]) -> Schema:
    """samples: the first rows of each table, for what the types of its columns leave open. Parents come before
    children; a key to a table that is not among them is left out."""
    names = {table.name for table in tables}
    made = {}
    for table in tables:
        keys = tuple(key for key in table.foreign_keys if key.table in names)
        made[table.name] = _table(replace(table, foreign_keys=keys), samples[table.name])
    whole = Schema(made)
    try:
        placed = order(whole)
    except SchemaError:
        # A cycle of mandatory keys: whoever learns from it says so.
        placed = tuple(made)
    return Schema({name: made[name] for name in placed})


def mark_of(column: Column, *, key: bool, whole: bool, listed: bool) -> str:
    """What has to stand in a comment so that the column is read as it was; "" when its type tells.

    key: whether it belongs to a key. whole: whether its values are whole numbers. listed: whether it is an enumeration.
    """
    if column.kind in ("number", "boolean", "datetime") or listed:
        return ""
    if whole:
        return "" if (column.kind == "id") == key else f"[trasunto: {column.kind}]"
    if column.kind == "id" and key:
        return ""
    kind = "messages" if column.format.messages else "nested" if column.format.nested else column.kind
    return f"[trasunto: {kind}]"


def comment_of(column: Column, mark: str, sequence: tuple[str, str] | None) -> str:
    """The comment to write: that which the database had, and the mark. Reasons of ours tell of rows: they stay here.

    sequence: of its table; no database knows one, so that it is told beside the column of the order.
    """
    told = column.reason.removeprefix(COMMENT) if column.reason.startswith(COMMENT) else ""
    ordered = f"[trasunto: order of {sequence[0]}]" if sequence and sequence[1] == column.name else ""
    return " ".join(part for part in (told, mark, ordered) if part)


def _table(table: FoundTable, sample: pl.DataFrame) -> TableSchema:
    keys = {name for key in table.foreign_keys for name in key.columns}
    keys |= set(table.primary_key) if len(table.primary_key) == 1 else set()
    tied = {name for key in table.foreign_keys for name in key.columns}
    # A text that no two rows share names its row.
    keys |= {group[0] for group in table.unique if len(group) == 1 and table[group[0]].held == "text"}
    columns = [_column(found, sample[found.name], found.name in keys) for found in table.columns]
    if len(table.primary_key) == 1:
        alone = table.primary_key[0] not in tied
        columns = [
            replace(c, role="identifier") if alone and c.kind == "id" and c.name in table.primary_key else c
            for c in columns
        ]
    schema = TableSchema(tuple(columns), table.primary_key, table.foreign_keys, _sequence(table))
    rules = rules_of_checks(table.checks, schema)
    for rule in rules:
        allowed = allowed_values(rule.rule)
        if allowed and allowed[0] in schema and schema[allowed[0]].kind in ("category", "text"):
            listed = replace(schema[allowed[0]], kind="category", categories=allowed[1], declared=True)
            schema = schema.with_column(listed)
    return replace(schema, constraints=(*rules, *_proposals(table, schema)))


def _sequence(table: FoundTable) -> tuple[str, str] | None:
    """(entity, order) as we have told them; None where the entity is not there, or nothing is told."""
    marks = ((_ORDER.search(found.comment), found.name) for found in table.columns)
    told = ((mark[1], name) for mark, name in marks if mark)
    return next((each for each in told if each[0] in table.names), None)


def _proposals(table: FoundTable, schema: TableSchema) -> tuple[Constraint, ...]:
    """Groups of columns that the database holds unique: proposed, for few values leave few rows that keep it."""
    open_ = [group for group in table.unique if len(group) > 1 or schema[group[0]].kind != "id"]
    return tuple(
        Constraint(
            f"unique({', '.join(map(spelled, group))})", confirmed=False, support=1.0, reason="The database holds it."
        )
        for group in open_
    )


def _column(found: Found, sample: pl.Series, key: bool) -> Column:
    comment = _ORDER.sub("", found.comment)
    mark = _MARK.search(comment)
    told = _MARK.sub("", comment).strip()
    reason = f"{COMMENT}{told}" if told else f"It is stored as {found.type}."
    plain = Column(found.name, "text", found.nullable, format=found.format, reason=reason)
    if found.categories is not None:
        return replace(plain, kind="category", categories=found.categories, declared=True)
    if mark and mark[1] in ("nested", "messages"):
        form = Format(nested=mark[1] == "nested", messages=mark[1] == "messages")
        return replace(plain, kind="category" if mark[1] == "nested" else "text", format=form)
    if mark and mark[1] in get_args(Kind):
        return replace(plain, kind=_kind(mark[1]))
    if found.kind is not None:
        return replace(plain, kind=found.kind)
    if found.held in ("integer", "text") and key:
        return replace(plain, kind="id")
    if found.held == "text":
        return _of_words(plain, sample)
    kinds: dict[str, Kind] = {"date": "datetime", "moment": "datetime"}
    return replace(plain, kind=kinds.get(str(found.held)) or _kind(str(found.held)))


def _of_words(plain: Column, sample: pl.Series) -> Column:
    guess = of_words(sample.head(SAMPLE))
    reason = plain.reason if plain.reason.startswith(COMMENT) else f"{plain.reason[:-1]}. {guess.reason}"
    return replace(plain, kind=guess.kind, role=guess.role, format=guess.format, reason=reason)


def _kind(word: str) -> Kind:
    return next(each for each in get_args(Kind) if each == word)
