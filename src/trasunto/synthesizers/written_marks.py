"""What stands for free text while the rest of a row is drawn: a word of its own for a text that is written afterwards.

A missing text stays missing, a blank one as it is, and a stock phrase that ten owners or more have is a category like
any other: it is told again, not written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from trasunto.data.dataset import Table
from trasunto.data.schema import Column, Schema, TableSchema
from trasunto.errors import FitError
from trasunto.language.layouts import SAID

WRITTEN = "written anew"
# Rows, and owners of rows, that have a phrase; fewer texts than LEAST are nothing to learn from.
OFTEN, LEAST = 10, 8


@dataclass(frozen=True)
class Marks:
    """texts: the columns of free text. phrases: of each, the texts that are told again as they are. drawn: those of
    which a category is drawn, as not every row has a text that is written; in all others every row has."""

    texts: tuple[Column, ...]
    phrases: Mapping[str, tuple[str, ...]]
    drawn: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.texts)

    def schema(self, whole: TableSchema) -> TableSchema:
        """The columns that are drawn, and the rules that speak of no text."""
        columns = []
        for column in whole.columns:
            if column.name in self.drawn:
                columns.append(replace(column, kind="category", role=None, categories=None, bounds=None))
            elif column.name not in self.names:
                columns.append(column)
        rules = tuple(each for each in whole.constraints if not any(_names(each.rule, name) for name in self.names))
        return replace(whole, columns=tuple(columns), constraints=rules)

    def table(self, whole: Table) -> Table:
        """Rows with marks in the place of texts."""
        schema = self.schema(whole.schema)
        return Table(schema, self.marked(whole.rows).select(schema.names))

    def marked(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The same columns, with marks for the texts among them; those that are not drawn are left out."""
        names = [name for name in self.names if name in rows.columns]
        marks = [self._mark(rows[name]) for name in names if name in self.drawn]
        return rows.drop(names).with_columns(marks) if marks or names else rows

    def waiting(self, name: str, bare: pl.DataFrame) -> pl.Series:
        """(n,) bool: rows whose text is to be written."""
        if name not in self.drawn:
            return pl.Series(name, [True] * bare.height, dtype=pl.Boolean)
        return (bare[name] == WRITTEN).fill_null(False)

    def said(self, name: str, bare: pl.DataFrame) -> pl.Series:
        """(n,) the texts that are told as they are; missing where one is to be written."""
        if name not in self.drawn:
            return pl.Series(name, [None] * bare.height, dtype=pl.String)
        return bare.select(pl.when(pl.col(name) != WRITTEN).then(pl.col(name)).alias(name)).to_series()

    def _mark(self, values: pl.Series) -> pl.Series:
        plain = values.is_in(list(self.phrases[values.name])) | ~values.str.contains(SAID)
        marks = pl.select(pl.when(plain).then(values).when(values.is_not_null()).then(pl.lit(WRITTEN))).to_series()
        return marks.alias(values.name)

    def to_dict(self) -> dict[str, Any]:
        columns = Schema({"texts": TableSchema(self.texts)}).to_dict()
        phrases = {name: list(each) for name, each in self.phrases.items()}
        return {"texts": columns, "phrases": phrases, "drawn": list(self.drawn)}

    @staticmethod
    def from_dict(document: dict[str, Any]) -> Marks:
        phrases = {name: tuple(each) for name, each in document["phrases"].items()}
        return Marks(Schema.from_dict(document["texts"]).only.columns, phrases, tuple(document["drawn"]))


def fit_marks(table: Table, name: str) -> Marks | None:
    """The marks of a table; None without free text. FitError for a column with a few texts only."""
    texts = table.schema.of_kind("text")
    if not texts:
        return None
    owner = _owner(table)
    phrases, drawn = {}, []
    for column in texts:
        values = table.rows[column.name]
        phrases[column.name] = _phrases(values, owner)
        plain = values.is_in(list(phrases[column.name])) | ~values.str.contains(SAID)
        written = int((~plain).sum())
        if written < len(values):
            drawn.append(column.name)
        if 0 < written < LEAST:
            raise FitError(
                f"Column {name}.{column.name} holds {written} texts; {LEAST} are the least to learn from.",
                "Drop the column, or declare it a category when its texts repeat.",
            )
    return Marks(texts, phrases, tuple(drawn))


def _phrases(values: pl.Series, owner: pl.Series | None) -> tuple[str, ...]:
    """Texts of ten rows, and of ten owners where rows have one."""
    frame = pl.DataFrame({"text": values, "owner": owner if owner is not None else pl.arange(len(values), eager=True)})
    counts = frame.drop_nulls("text").group_by("text").agg(pl.len().alias("rows"), pl.col("owner").n_unique())
    often = counts.filter((pl.col("rows") >= OFTEN) & (pl.col("owner") >= OFTEN) & (pl.col("text") != WRITTEN))
    return tuple(often["text"].sort().to_list())


def _owner(table: Table) -> pl.Series | None:
    """Whose rows they are: the entity of a sequence, else the parent of the key that leads to most of them."""
    rows, schema = table.rows, table.schema
    if schema.sequence is not None:
        return rows[schema.sequence[0]]
    keys = [rows.select(pl.struct(key.columns)).to_series() for key in schema.foreign_keys]
    return max(keys, key=lambda each: each.n_unique(), default=None)


def _names(rule: str, column: str) -> bool:
    """Whether the text of a rule names a column."""
    return bool(re.search(rf"(?<![\w`]){re.escape(column)}(?![\w`])|`{re.escape(column)}`", rule))
