"""Data that is in memory already: pandas, Polars, Arrow, Hugging Face, NumPy, dicts and lists of records."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import polars as pl

from trasunto.data.dataset import Dataset
from trasunto.data.infer import infer
from trasunto.data.schema import Schema
from trasunto.errors import DataError, EmptyDataError


def read_frame(data: Any, *, name: str = "data", schema: Schema | None = None) -> Dataset:
    """A dataset from a table of another library, a dict of columns, a dict of tables, or a list of records.

    Raises DataError for a type that is none of these, EmptyDataError without rows or columns.
    """
    if isinstance(data, Dataset):
        return data
    if isinstance(data, Mapping) and data and all(_is_table(each) for each in data.values()):
        parts = {
            str(key): read_frame(each, name=str(key), schema=_part(schema, str(key))).only for key, each in data.items()
        }
        return Dataset.holding(parts)
    frame = _polars(data)
    if frame.width == 0 or frame.height == 0:
        raise EmptyDataError(f"The table has {frame.height} rows and {frame.width} columns.", "Give at least one row.")
    known = (schema.tables.get(name) or schema.only) if schema else None
    return Dataset.of(infer(frame, schema=known), name)


def _polars(data: Any) -> pl.DataFrame:
    """Any table as a polars frame. Libraries are looked up among the loaded modules, never imported."""
    if isinstance(data, pl.LazyFrame):
        return data.collect()
    if isinstance(data, pl.DataFrame):
        return data
    try:
        if _is(data, "pandas", "DataFrame"):
            return _from_pandas(data)
        if _is(data, "pyarrow", "Table"):
            return pl.DataFrame(pl.from_arrow(data))
        if _is(data, "datasets", "Dataset"):
            from trasunto.connectors.hub import frame_of

            return frame_of(data)
        if _is(data, "numpy", "ndarray"):
            return _from_numpy(data)
        if isinstance(data, Mapping):
            return pl.DataFrame(dict(data), strict=False)
        if isinstance(data, list | tuple) and data and all(isinstance(each, Mapping) for each in data):
            return pl.DataFrame(list(data), infer_schema_length=None, strict=False)
    except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
        raise DataError(f"This {type(data).__name__} cannot be read as a table: {error}.", READABLE) from error
    raise DataError(f"A {type(data).__name__} cannot be read as a table.", READABLE)


READABLE = "Give a path, a pandas, Polars, Arrow or Hugging Face table, a dict of columns, or a list of records."


def _from_pandas(data: Any) -> pl.DataFrame:
    """Column by column: an object column of mixed types becomes text instead of an error."""
    columns: list[pl.Series] = []
    for position, label in enumerate(data.columns):
        values = data.iloc[:, position]
        try:
            columns.append(pl.Series(str(label), pl.from_pandas(values, nan_to_null=True)))
        except (pl.exceptions.PolarsError, TypeError, ValueError, ImportError):
            missing = values.isna()
            texts = [None if gap else str(value) for value, gap in zip(values.tolist(), missing, strict=True)]
            columns.append(pl.Series(str(label), texts, dtype=pl.String))
    from trasunto.connectors.delimited import distinct_names

    names = distinct_names([series.name for series in columns])
    return pl.DataFrame([series.alias(new) for series, new in zip(columns, names, strict=True)])


def _from_numpy(data: Any) -> pl.DataFrame:
    if data.dtype.names:
        return pl.DataFrame({name: data[name] for name in data.dtype.names})
    if data.ndim != 2:
        raise DataError(f"An array of {data.ndim} dimensions is no table.", "Give rows × columns.")
    return pl.DataFrame(data, schema=[f"column_{each + 1}" for each in range(data.shape[1])], orient="row")


def _is_table(data: Any) -> bool:
    return (
        isinstance(data, pl.DataFrame | pl.LazyFrame | Dataset)
        or _is(data, "pandas", "DataFrame")
        or _is(data, "pyarrow", "Table")
        or _is(data, "datasets", "Dataset")
    )


def _is(data: Any, library: str, name: str) -> bool:
    module = sys.modules.get(library)
    kind = getattr(module, name, None) if module else None
    return kind is not None and isinstance(data, kind)


def _part(schema: Schema | None, name: str) -> Schema | None:
    return Schema({name: schema.tables[name]}) if schema and name in schema.tables else None
