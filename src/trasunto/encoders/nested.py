"""A column of JSON objects as a column for each field, and back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import polars as pl

from trasunto.data.dataset import held
from trasunto.data.infer import infer
from trasunto.data.schema import Column
from trasunto.data.written import json_object, parse, write

DOT = "."


@dataclass(frozen=True)
class Nested:
    """The fields of a column of JSON objects.

    columns: one a field, named column.field (fields of inner objects: column.field.inner). Lists, and values of
    mixed types, are kept as JSON text in a category. present: columns that say whether an object is there at all.
    """

    name: str
    columns: tuple[Column, ...]
    texts: frozenset[str]

    def flatten(self, rows: pl.DataFrame, name: str) -> pl.DataFrame:
        """The rows with the fields in place of the column."""
        fields = _fields(rows[name], name)
        made = []
        for column in self.columns:
            values = fields.get(column.name, [None] * rows.height)
            if column.name == self.there:
                values = [text is not None for text in rows[name].to_list()]
            elif column.name in self.texts:
                values = [None if value is None else json.dumps(value, ensure_ascii=False) for value in values]
            made.append(_cast(pl.Series(column.name, values, strict=False), column))
        return rows.drop(name).hstack(made)

    def restore(self, rows: pl.DataFrame, name: str) -> pl.DataFrame:
        """The rows with the column in place of its fields; a missing field is left out of its object."""
        names = [column.name for column in self.columns]
        told = [write(rows[c.name], c).set(rows[c.name].is_null(), None) for c in self.columns if c.kind == "datetime"]
        texts = []
        for row in rows.select(names).with_columns(told).iter_rows():
            values = dict(zip(names, row, strict=True))
            texts.append(self._object(values) if values.get(self.there, True) else None)
        return rows.drop(names).with_columns(pl.Series(name, texts, dtype=pl.String))

    @property
    def there(self) -> str:
        return f"{self.name}{DOT}(present)"

    def _object(self, values: dict[str, Any]) -> str:
        made: dict[str, Any] = {}
        for column in self.columns:
            value = values[column.name]
            if value is None or column.name == self.there:
                continue
            if column.name in self.texts:
                value = json.loads(value)
            *path, last = column.name.removeprefix(self.name + DOT).split(DOT)
            inner = made
            for step in path:
                inner = inner.setdefault(step, {})
            inner[last] = value
        return json.dumps(made, ensure_ascii=False)

    def to_dict(self) -> dict[str, Any]:
        from trasunto.data.schema import Schema, TableSchema

        columns = Schema({"fields": TableSchema(self.columns)}).to_dict()
        return {"name": self.name, "texts": sorted(self.texts), **columns}

    @staticmethod
    def from_dict(document: dict[str, Any]) -> Nested:
        from trasunto.data.schema import Schema

        columns = Schema.from_dict({"tables": document["tables"]}).only.columns
        return Nested(document["name"], columns, frozenset(document["texts"]))


def fit_nested(values: pl.Series) -> Nested:
    """The fields of a column of JSON objects, each with a kind of its own."""
    fields = _fields(values, values.name)
    columns, texts = [], set()
    for name, found in fields.items():
        kinds = {type(value) for value in found if value is not None}
        if kinds <= {int, float}:
            series = pl.Series(name, found, dtype=pl.Float64 if float in kinds else pl.Int64)
        elif kinds == {str} or kinds == {bool}:
            series = pl.Series(name, found)
        else:
            texts.add(name)
            series = pl.Series(name, [None if v is None else json.dumps(v, ensure_ascii=False) for v in found])
        column = Column(name, "category") if name in texts else infer(series.to_frame()).schema.columns[0]
        columns.append(Column(name, "category") if column.kind == "text" else column)
    if values.null_count():
        columns.insert(0, Column(f"{values.name}{DOT}(present)", "boolean", False))
    return Nested(values.name, tuple(columns), frozenset(texts))


def _fields(values: pl.Series, name: str) -> dict[str, list[Any]]:
    rows = len(values)
    found: dict[str, list[Any]] = {}
    for place, text in enumerate(values.to_list()):
        record = json_object(text) if text is not None else None
        for path, value in _leaves(record or {}, name):
            found.setdefault(path, [None] * rows)[place] = value
    return found


def _leaves(record: dict[str, Any], path: str) -> list[tuple[str, Any]]:
    made: list[tuple[str, Any]] = []
    for key, value in record.items():
        if isinstance(value, dict) and value:
            made.extend(_leaves(value, f"{path}{DOT}{key}"))
        else:
            made.append((f"{path}{DOT}{key}", value))
    return made


def _cast(values: pl.Series, column: Column) -> pl.Series:
    if values.dtype == pl.String and column.kind == "datetime":
        return parse(values, column)
    return values.cast(held(column), strict=False)
