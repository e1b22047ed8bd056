"""Files hold the rows that sampling gives, whatever the number of threads."""

import gzip

import polars as pl
import pyarrow.parquet as parquet
import pytest

from trasunto.errors import FileError, SampleError
from trasunto.rules.document import read_rules
from trasunto.rules.draws import BLOCK
from trasunto.rules.stream import GROUP, ordered, write_rows

COLUMNS = {
    "n": {"sequence": 1},
    "c": {"choices": ["a", "b,c", 'd"e'], "missing": 0.1},
    "d": {"date": ["2020-01-01", "2021-01-01"]},
    "t": {"datetime": ["2020-01-01", "2021-01-01"]},
    "x": {"normal": [0, 1], "decimals": 2},
    "code": {"regex": "[A-Z]{3}", "missing": 0.1},
    "old": {"boolean": 0.5},
    "twice": {"expression": "x * 2 if old else None"},
}
PLAN = read_rules({"columns": COLUMNS})


def test_parquet_holds_the_rows_with_days_as_days(tmp_path):
    rows = BLOCK + 100
    write_rows(PLAN, rows, tmp_path / "x.parquet", seed=3)
    found, wanted = pl.read_parquet(tmp_path / "x.parquet"), PLAN.rows(0, rows, 3)
    assert found.equals(wanted.with_columns(pl.col("d").cast(pl.Date)))
    file = parquet.ParquetFile(tmp_path / "x.parquet")
    assert file.metadata.num_row_groups == -(-rows // (GROUP * BLOCK))


@pytest.mark.parametrize("name", ["x.parquet", "x.csv", "x.tsv", "x.csv.gz"])
def test_the_file_is_the_same_for_any_number_of_threads(name, tmp_path):
    made = []
    for threads in (1, 2, 4):
        write_rows(PLAN, 2 * BLOCK + 7, tmp_path / name, seed=1, threads=threads)
        content = (tmp_path / name).read_bytes()
        made.append(gzip.decompress(content) if name.endswith(".gz") else content)
    assert made[0] == made[1] == made[2]


def test_csv_reads_back(tmp_path):
    write_rows(PLAN, 500, tmp_path / "x.csv", seed=1)
    found, wanted = pl.read_csv(tmp_path / "x.csv", try_parse_dates=True), PLAN.rows(0, 500, 1)
    assert found["c"].equals(wanted["c"]) and found["code"].equals(wanted["code"]) and found["n"].equals(wanted["n"])
    assert (found["x"] - wanted["x"]).abs().max() < 1e-9


@pytest.mark.parametrize("name", ["x.parquet", "x.csv", "x.jsonl"])
def test_no_rows_leave_a_file_with_its_columns(name, tmp_path):
    write_rows(PLAN, 0, tmp_path / name, seed=1)
    if name == "x.csv":
        assert (tmp_path / name).read_text().strip() == ",".join(COLUMNS)
    elif name == "x.parquet":
        assert pl.read_parquet(tmp_path / name).columns == list(COLUMNS)
    assert (tmp_path / name).is_file()


def test_other_formats_are_written_whole(tmp_path):
    write_rows(PLAN, 50, tmp_path / "x.jsonl", seed=1)
    assert pl.read_ndjson(tmp_path / "x.jsonl")["n"].to_list() == list(range(1, 51))
    with pytest.raises(FileError, match=r"Write \.parquet or \.csv"):
        write_rows(PLAN, 10_000_000, tmp_path / "y.jsonl", seed=1)


def test_refuses_before_anything_is_written(tmp_path):
    with pytest.raises(SampleError, match="-1 rows"):
        write_rows(PLAN, -1, tmp_path / "x.csv", seed=1)
    with pytest.raises(FileError):
        write_rows(PLAN, 5, tmp_path / "x.wav", seed=1)
    unique = read_rules({"columns": {"x": {"integer": [1, 9], "unique": True}}})
    with pytest.raises(SampleError, match="allow 9 rows"):
        write_rows(unique, 10, tmp_path / "x.csv", seed=1)
    assert not list(tmp_path.iterdir())


def test_progress_counts_all_rows(tmp_path):
    told = []
    write_rows(PLAN, 3 * BLOCK, tmp_path / "x.csv", seed=1, progress=lambda name, done, of: told.append((done, of)))
    assert told[0] == (0, 3 * BLOCK) and told[-1] == (3 * BLOCK, 3 * BLOCK) and told == sorted(told)


def test_work_comes_in_order_and_a_failure_comes_out():
    assert list(ordered(lambda n: n * n, iter(range(50)), 3)) == [n * n for n in range(50)]
    with pytest.raises(ZeroDivisionError):
        list(ordered(lambda n: 1 // (5 - n), iter(range(50)), 3))
