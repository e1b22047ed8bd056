"""What a recipe does to the columns of a table before anything learns from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from trasunto.data.dataset import Table
from trasunto.data.schema import TableSchema
from trasunto.errors import EmptyDataError, RecipeError
from trasunto.pipeline.recipe import Public


def without(table: Table, drop: Sequence[str]) -> Table:
    """The table less these columns, and less what was tied by them. EmptyDataError when none is left."""
    kept = tuple(column for column in table.schema.columns if column.name not in drop)
    if not kept:
        raise EmptyDataError("data.drop leaves no column.", "Keep at least one.")
    whole = all(name not in drop for name in table.schema.primary_key)
    ties = tuple(key for key in table.schema.foreign_keys if not set(key.columns) & set(drop))
    sequence = None if table.schema.sequence and set(table.schema.sequence) & set(drop) else table.schema.sequence
    schema = replace(
        table.schema,
        columns=kept,
        primary_key=table.schema.primary_key if whole else (),
        foreign_keys=ties,
        sequence=sequence,
    )
    return Table(schema, table.rows.drop(list(drop)))


def recoded(table: Table, recode: Mapping[str, Mapping[str, str]]) -> Table:
    """The table with values respelt by column; `*` stands for every other value."""
    schema: TableSchema = table.schema
    rows = table.rows
    for name, spellings in recode.items():
        other = spellings.get("*")
        exact = {old: new for old, new in spellings.items() if old != "*"}
        old = rows[name].cast(pl.String)
        new = old.replace_strict(exact, default=old if other is None else other, return_dtype=pl.String)
        new = pl.select(pl.when(old.is_null()).then(None).otherwise(new)).to_series()
        rows = rows.with_columns(new.alias(name))
        known = schema[name].categories if schema[name].declared else None
        seen = new.drop_nulls().unique().to_list()
        if known is not None:
            # What a public domain becomes is public, and tells nothing of the rows.
            seen = [exact.get(value, value if other is None else other) for value in known]
        categories = tuple(sorted(set(seen)))
        reason = f"Recoded by the recipe to {len(categories)} values."
        changed = replace(schema[name], kind="category", categories=categories, bounds=None, reason=reason)
        schema = schema.with_column(replace(changed, declared=known is not None))
    return Table(schema, rows)


def declared(table: Table, public: Mapping[str, Public]) -> Table:
    """The table with what the recipe says is public of its columns. RecipeError for what does not suit a kind."""
    schema = table.schema
    for name, known in public.items():
        column = schema[name]
        lacking = {"category": known.categories, "boolean": True}.get(column.kind, known.bounds)
        if lacking is None:
            raise RecipeError(
                f"data.public says nothing that helps of {name!r}, a column of kind {column.kind}.",
                "Give `categories` of a category, `bounds` of a number or a date.",
            )
        schema = schema.with_column(
            replace(
                column,
                categories=known.categories if column.kind == "category" else column.categories,
                bounds=known.bounds if column.kind != "category" else column.bounds,
                nullable=known.nullable,
                declared=True,
                reason="Declared in the recipe.",
            )
        )
    return Table(schema, table.rows)


def ordered(table: Table, entity: str, order: str) -> Table:
    """The table as events: `entity` names whom they befall and is an identifier, `order` orders them."""
    _ = table.schema[order]
    whose = table.schema[entity]
    rows = table.rows
    if rows[entity].dtype not in (pl.Int64, pl.String):
        rows = rows.with_columns(pl.col(entity).cast(pl.String))
    named = replace(whose, kind="id", categories=None, bounds=None, reason="Names whom the events befall.")
    return Table(replace(table.schema.with_column(named), sequence=(entity, order)), rows)


def told(table: Table, prefix: str = "") -> list[dict[str, Any]]:
    """Each column for the report: what it is, how much of it is missing, and how many values it takes."""
    return [
        {
            "name": prefix + column.name,
            "kind": column.kind,
            "role": column.role or "",
            "missing": table.rows[column.name].null_count(),
            "distinct": table.rows[column.name].n_unique(),
            "reason": column.reason,
        }
        for column in table.schema.columns
    ]
