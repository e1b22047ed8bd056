"""Where datasets leave for other libraries."""

from __future__ import annotations

from typing import Any

import polars as pl

from trasunto import registry
from trasunto.data.dataset import Table
from trasunto.data.written import write


def to_pandas(table: Table) -> Any:
    """A pandas frame: Int64 and boolean (nullable) where values are missing, NaN and NaT elsewhere."""
    try:
        import pandas
    except ImportError as error:
        raise registry.missing(error, "to_pandas") from error
    columns: dict[str, Any] = {}
    for column in table.schema.columns:
        values = table.rows[column.name]
        if values.dtype == pl.Int64 and values.null_count():
            columns[column.name] = pandas.array(values.to_list(), dtype="Int64")
        elif values.dtype == pl.Boolean and values.null_count():
            columns[column.name] = pandas.array(values.to_list(), dtype="boolean")
        elif values.dtype == pl.String:
            columns[column.name] = pandas.Series(values.to_list(), dtype="object")
        else:
            columns[column.name] = values.to_numpy()
    return pandas.DataFrame(columns)


def to_text(table: Table) -> pl.DataFrame:
    """Every value as it is written in a text file."""
    return pl.DataFrame([write(table.rows[column.name], column) for column in table.schema.columns])
