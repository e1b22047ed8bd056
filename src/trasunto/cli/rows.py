"""Tables of rows that are to be labelled, and the same with their labels."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from trasunto.data.dataset import Dataset


def read_rows(file: str, model: Any) -> Dataset:
    """The rows of a file, with the columns that a classifier reads in the kinds it knows them in."""
    from trasunto.data.schema import Schema, TableSchema
    from trasunto.pipeline.verbs import read

    found = read(file)
    if model.lines is None:
        return found
    known = [replace(c, nullable=True) for c in model.lines.schema.columns if c.name in model.lines.columns]
    mine = {column.name: column for column in known}
    columns = tuple(mine.get(column.name, column) for column in found.only.schema.columns)
    return read(file, schema=Schema({found.name: TableSchema(columns)}))


def labelled(rows: Dataset, values: list[Any], label: str) -> Dataset:
    """The rows with a column of labels: that of the model, or `…_predicted` where there is one of this name."""
    import polars as pl

    from trasunto.data.dataset import Table
    from trasunto.data.schema import Column, TableSchema

    table = rows.only
    name = label if label not in table.schema else f"{label}_predicted"
    column = pl.Series(name, [value["label"] for value in values], dtype=pl.String)
    schema = TableSchema((*table.schema.columns, Column(name, "category", False)))
    return rows.with_table(Table(schema, table.rows.with_columns(column)))
