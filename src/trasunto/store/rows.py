"""Datasets inside a run: Parquet for the rows, JSON for the schema; what is read back is what was written."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Schema
from trasunto.errors import StoreError
from trasunto.writing import aside


def save_dataset(dataset: Dataset, folder: str | Path) -> None:
    """Write every table and the schema into `folder`, whole or not at all."""
    with aside(folder, folder=True, own=True) as place:
        dataset.schema.save(place / "schema.json")
        for name, table in dataset.tables.items():
            table.rows.write_parquet(place / f"{name}.parquet")


def load_dataset(folder: str | Path) -> Dataset:
    """The dataset that `save_dataset` wrote. StoreError when a file is missing or broken."""
    place = Path(folder)
    schema = Schema.load(place / "schema.json")
    try:
        tables = {name: Table(each, pl.read_parquet(place / f"{name}.parquet")) for name, each in schema.tables.items()}
    except (OSError, pl.exceptions.PolarsError) as error:
        raise StoreError(f"The rows in {place} cannot be read: {error}.", "Run the step again.") from error
    return Dataset(schema, tables)
