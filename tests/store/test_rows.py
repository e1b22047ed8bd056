"""Rows inside a run come back as they were."""

import datetime

import polars as pl
import pytest

from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, Format, TableSchema
from trasunto.errors import TrasuntoError
from trasunto.store.rows import load_dataset, save_dataset


def some_rows():
    schema = TableSchema(
        (
            Column("n", "integer"),
            Column("x", "number", format=Format(decimals=2, decimal_mark=",")),
            Column("when", "datetime", format=Format(pattern="%d/%m/%Y", date_only=True)),
            Column("c", "category", categories=("a", "b"), role="target"),
            Column("yes", "boolean"),
        )
    )
    rows = pl.DataFrame(
        {
            "n": [1, None, 3],
            "x": [0.5, None, -1.25],
            "when": pl.Series([datetime.datetime(2020, 1, 2), None, None], dtype=pl.Datetime("us")),
            "c": ["a", "b", None],
            "yes": [True, None, False],
        }
    )
    return Dataset.of(Table(schema, rows), "patients")


def test_saved_rows_come_back_with_the_same_digest_and_schema(tmp_path):
    dataset = some_rows()
    save_dataset(dataset, tmp_path / "rows")
    back = load_dataset(tmp_path / "rows")
    assert back.digest() == dataset.digest()
    assert back.schema == dataset.schema
    assert back.rows.equals(dataset.rows)


def test_a_missing_or_broken_file_is_one_clear_error(tmp_path):
    save_dataset(some_rows(), tmp_path / "rows")
    (tmp_path / "rows" / "patients.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(TrasuntoError, match="cannot be read"):
        load_dataset(tmp_path / "rows")
