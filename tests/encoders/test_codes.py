"""Columns as codes: wide and narrow types, and long columns in pieces."""

import numpy as np
import polars as pl
import pytest

from trasunto.data.dataset import Table
from trasunto.data.schema import Column, TableSchema
from trasunto.encoders import codes


def table(rows=3_000):
    rng = np.random.default_rng(0)
    numbers = pl.Series("x", rng.normal(size=rows))
    numbers = numbers.scatter(np.arange(0, rows, 7), None)
    # 126 categories and the missing one just go into a byte beside -1; 128 and it do not.
    byte = pl.Series("byte", [f"c{at}" for at in np.arange(rows) % 127]).replace("c126", None)
    short = pl.Series("short", [f"c{at}" for at in np.arange(rows) % 129]).replace("c128", None)
    rare = pl.Series("rare", np.where(np.arange(rows) == 5, "once", "often"))
    columns = [Column("x", "number"), *(Column(name, "category") for name in ("byte", "short", "rare"))]
    return Table(TableSchema(tuple(columns)), pl.DataFrame([numbers, byte, short, rare]))


def test_narrow_codes_are_the_same_codes_in_the_smallest_type():
    real = table()
    fitted = codes.fit_codes(real)
    wide, narrow = fitted.encode(real), fitted.encode(real, narrow=True)
    assert {name: each.dtype for name, each in narrow.items()} == {
        "x": np.int16,
        "byte": np.int8,
        "short": np.int16,
        "rare": np.int8,
    }
    for name, each in wide.items():
        assert each.dtype == np.int32
        assert (narrow[name] == each).all()
    assert narrow["rare"][5] == -1
    assert narrow["byte"].max() == 126
    assert narrow["short"].max() == 128


@pytest.mark.parametrize("block", [1, 999, 3_000])
def test_a_column_coded_in_pieces_has_the_codes_of_the_whole(block, monkeypatch):
    real = table()
    fitted = codes.fit_codes(real)
    whole = fitted.encode(real)["x"]
    monkeypatch.setattr(codes, "BLOCK", block)
    assert (fitted.encode(real)["x"] == whole).all()
    assert (whole[::7] == len(fitted.columns["x"].low)).all()


def test_of_few_rows_no_number_is_passed_on_that_one_row_has():
    real = np.random.default_rng(1).normal(size=30).round(6)
    fitted = codes.fit_codes(Table(TableSchema((Column("x", "number"),)), pl.DataFrame({"x": real})))
    assert fitted.columns["x"].atoms == 0
    made = fitted.decode({"x": np.arange(300) % fitted.columns["x"].size}, rows=300, rng=np.random.default_rng(2))
    assert not np.isin(made.rows["x"].to_numpy(), real).any()


def test_an_outlier_beside_repeated_numbers_is_not_passed_on():
    ages = pl.DataFrame({"age": [*np.arange(1_000) % 5, 97]})
    real = Table(TableSchema((Column("age", "integer"),)), ages)
    fitted = codes.fit_codes(real)
    assert fitted.columns["age"].low.tolist() == [0, 1, 2, 3, 4]
    assert fitted.encode(real)["age"][-1] == 4
