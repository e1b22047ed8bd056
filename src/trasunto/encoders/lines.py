"""Table rows as text and back: "age is 63 (high); sex is male". What a language model can read.

A number is followed by where it stands among the others (very low … very high): small language models compare
words far better than digits. The words are cut at quantiles of the table the encoder was fitted to. Of a yes-no
column only the rarer answer is written: most rows of a wide table say "no" to most questions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from trasunto.data.dataset import DTYPES, Table
from trasunto.data.schema import Column, Schema, TableSchema
from trasunto.data.written import parse, write
from trasunto.encoders.codes import as_floats

WORDS = ("very low", "low", "medium", "high", "very high")
CUTS = (0.05, 0.25, 0.75, 0.95)
# Signs that would end a part too early, and what stands for them.
_MARKS = str.maketrans({"\\": "\\b", ";": "\\s"})
_BACK = {"b": "\\", "s": ";", "i": "is"}


@dataclass(frozen=True)
class Lines:
    """An encoder of rows to lines.

    columns: those that are written, in order. cuts: values between the words. usual: the answer of a yes-no column
    without gaps that goes without saying.
    """

    schema: TableSchema
    columns: tuple[str, ...]
    cuts: dict[str, tuple[float, ...]]
    usual: dict[str, bool]

    def encode(self, table: Table) -> list[str]:
        """One line a row: "column is value; …", missing values left out."""
        parts = [self._part(self.schema[name], table.rows[name]) for name in self.columns]
        rows = zip(*parts, strict=True) if parts else ((),) * len(table)
        return ["; ".join(part for part in row if part) for row in rows]

    def decode(self, lines: Sequence[str]) -> Table:
        """The rows of lines that `encode` wrote; a column that a line does not name is missing there."""
        found: dict[str, list[str | None]] = {name: [None] * len(lines) for name in self.columns}
        for number, line in enumerate(lines):
            for part in line.split("; "):
                name, _, value = part.partition(" is ")
                name = _unescaped(name)
                if name in found:
                    found[name][number] = value
        columns = [self._values(self.schema[name], values) for name, values in found.items()]
        schema = TableSchema(tuple(self.schema[name] for name in self.columns))
        return Table(schema, pl.DataFrame(columns))

    def parts(self, line: str) -> dict[str, str] | None:
        """By column its value as it stands in a line; None for a line with an unknown column, or with one twice."""
        found: dict[str, str] = {}
        for part in line.split("; "):
            name, mark, value = part.partition(" is ")
            name = _unescaped(name)
            if not mark or name not in self.columns or name in found:
                return None
            found[name] = _unescaped(value.rpartition(" (")[0] if name in self.cuts else value)
        return found

    def _part(self, column: Column, values: pl.Series) -> list[str]:
        written = [_escaped(text) for text in write(values, column).to_list()]
        if column.name in self.usual:
            known = (values != self.usual[column.name]).fill_null(False).to_list()
        else:
            known = values.is_not_null().to_list()
        name = f"{_escaped(column.name)} ".replace(" is ", " \\i ")[:-1]
        if column.name not in self.cuts:
            return [f"{name} is {text}" if there else "" for text, there in zip(written, known, strict=True)]
        numbers = np.nan_to_num(as_floats(values.fill_null(strategy="zero")))
        places = np.searchsorted(np.array(self.cuts[column.name]), numbers, side="left")
        rows = zip(written, places.tolist(), known, strict=True)
        return [f"{name} is {text} ({WORDS[place]})" if there else "" for text, place, there in rows]

    def _values(self, column: Column, values: list[str | None]) -> pl.Series:
        if column.name in self.cuts:
            values = [None if each is None else each.rpartition(" (")[0] for each in values]
        plain = [None if each is None else _unescaped(each) for each in values]
        text = pl.Series(column.name, plain, dtype=pl.String)
        if column.kind in ("category", "text", "id"):
            return text.cast(DTYPES[column.kind])
        parsed = parse(text, column)
        return parsed.fill_null(self.usual[column.name]) if column.name in self.usual else parsed

    def to_dict(self) -> dict[str, Any]:
        return {
            "schema": Schema({"rows": self.schema}).to_dict(),
            "columns": list(self.columns),
            "cuts": {name: list(cuts) for name, cuts in self.cuts.items()},
            "usual": self.usual,
        }

    @staticmethod
    def from_dict(document: dict[str, Any]) -> Lines:
        cuts = {name: tuple(each) for name, each in document["cuts"].items()}
        return Lines(Schema.from_dict(document["schema"]).only, tuple(document["columns"]), cuts, document["usual"])


def fit_lines(table: Table, *, exclude: Sequence[str] = ()) -> Lines:
    """An encoder for tables like this one, without identifiers and the columns to exclude."""
    columns = tuple(c.name for c in table.schema.columns if c.name not in exclude and c.kind != "id")
    cuts: dict[str, tuple[float, ...]] = {}
    for name in columns:
        values = table.rows[name].drop_nulls()
        if table.schema[name].kind in ("integer", "number") and values.n_unique() > len(WORDS):
            cuts[name] = tuple(float(cut) for cut in np.quantile(as_floats(values), CUTS))
    yes_no = [name for name in columns if table.schema[name].kind == "boolean" and not table.rows[name].null_count()]
    usual = {name: bool(table.rows[name].mean() > 0.5) for name in yes_no}  # type: ignore[operator]
    return Lines(table.schema, columns, cuts, usual)


def _escaped(text: str) -> str:
    return text.translate(_MARKS)


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: _BACK.get(found.group(1), found.group(0)), text) if "\\" in text else text
