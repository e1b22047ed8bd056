"""What DuckDB answers, as a source."""

from datetime import datetime

import polars as pl
import pytest

import trasunto as tr
from trasunto.connectors.address import open_source
from trasunto.connectors.stream import write_parts
from trasunto.errors import DataError, EmptyDataError, FileError

duckdb = pytest.importorskip("duckdb")


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pl.DataFrame({"person": [1, 2, 3], "spent": [1.5, 2.5, 3.5]}).write_parquet("a.parquet")
    pl.DataFrame({"person": [3, 4], "spent": [4.5, 5.5]}).write_parquet("b.parquet")
    (tmp_path / "people.csv").write_text("person,town\n1,Lugo\n3,Vigo\n")
    with duckdb.connect("shop.duckdb") as connection:
        connection.execute("CREATE TABLE towns AS SELECT 'Lugo' AS town, 98 AS thousands")
    return tmp_path


def test_files_are_joined_and_read_whole_or_in_parts(files):
    address = (
        "duckdb:?query=SELECT person, town, spent FROM '*.parquet' JOIN 'people.csv' USING (person) ORDER BY spent"
    )
    whole = tr.read(address)
    assert whole.rows.rows() == [(1, "Lugo", 1.5), (3, "Vigo", 3.5), (3, "Vigo", 4.5)]
    assert len(tr.read(address, rows=2)) == 2
    assert [len(part) for part in open_source(address).batches(2)] == [2, 1]
    assert write_parts("out.csv", open_source(address).batches(1)) == 3


def test_a_database_is_asked_and_left_alone(files):
    before = (files / "shop.duckdb").read_bytes()
    for address in ("duckdb:shop.duckdb", "duckdb:///shop.duckdb", f"duckdb:///{files}/shop.duckdb"):
        assert tr.read(f"{address}?query=SELECT * FROM towns").rows.rows() == [("Lugo", 98)]
    with pytest.raises(FileError, match=r"no database 'none.db'"):
        tr.read("duckdb:none.db?query=SELECT 1")
    (files / "odd.db").write_text("no database at all")
    with pytest.raises(FileError, match=r"cannot open 'odd\.db'"):
        tr.read("duckdb:odd.db?query=SELECT 1")
    assert (files / "shop.duckdb").read_bytes() == before


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("SELECT 1; SELECT 2", "more than one SELECT"),
        ("COPY (SELECT 1) TO 'x.csv'", "more than one SELECT"),
        ("DROP TABLE x", "more than one SELECT"),
        ("SELEC 1", "syntax error"),
        ("SELECT * FROM 'none.csv'", "No files found"),
        ("SELECT * FROM lake('delta:none')", "No Delta table"),
        ("SELECT nothing FROM 'a.parquet'", "nothing"),
        (" ", "is empty"),
    ],
)
def test_what_cannot_be_answered_is_said(files, query, problem):
    with pytest.raises(FileError, match=problem):
        tr.read(f"duckdb:?query={query}")
    assert not (files / "x.csv").exists()


def test_no_rows_and_types_nobody_maps(files):
    with pytest.raises(EmptyDataError, match="no rows"):
        tr.read("duckdb:?query=SELECT * FROM 'a.parquet' WHERE spent > 100")
    with pytest.raises(DataError, match="'gap' of the query holds"):
        tr.read("duckdb:?query=SELECT INTERVAL 3 DAY AS gap")
    found = tr.read("duckdb:?query=SELECT 1.25::DECIMAL(9,2) AS price, TIME '10:00' AS at, {'x': 1} AS place")
    assert found.rows.rows() == [(1.25, datetime(1970, 1, 1, 10), '{"x":1}')]


def test_tables_of_lakes_are_found_by_their_addresses(files):
    pytest.importorskip("deltalake")
    tr.read("a.parquet").write("delta:t")
    tr.read("b.parquet").write("parquet:p?partition=person")
    joined = tr.read("duckdb:?query=SELECT t.person FROM lake('delta:t') t JOIN lake('parquet:p') p USING (person)")
    assert joined.rows["person"].to_list() == [3]
    told = tr.read(
        "duckdb:?query=SELECT a.spent FROM delta_scan('t') a JOIN lake('people.csv') b USING (person) ORDER BY 1"
    )
    assert told.rows["spent"].to_list() == [1.5, 3.5]
