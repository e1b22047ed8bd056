"""Samples of tables that are read in parts: uniform, seeded, the same with any size of the parts."""

import gzip
import resource
import subprocess
import sys

import numpy as np
import polars as pl
import pytest

import trasunto as tr
from trasunto.connectors import parts as in_parts
from trasunto.connectors import sampled as module
from trasunto.connectors.address import Streamed, open_source
from trasunto.connectors.sampled import is_large, sampled
from trasunto.errors import DataError, EmptyDataError, FileError, SchemaError

NAMES = ["t.csv", "t.tsv", "t.csv.gz", "t.jsonl", "t.json", "t.parquet", "t.arrow"]


def table(rows=1000):
    rng = np.random.default_rng(1)
    return tr.read(
        {
            "number": list(range(rows)),
            "text": [f'a "quoted", {place}\nsecond line' for place in range(rows)],
            "value": [None if place % 7 == 0 else float(x) for place, x in enumerate(rng.normal(size=rows).round(3))],
        }
    )


@pytest.mark.parametrize("name", NAMES)
def test_files_in_parts_are_the_whole_file(tmp_path, name, monkeypatch):
    monkeypatch.setattr(in_parts, "BLOCK", 4096)
    whole = table()
    whole.write(tmp_path / name)
    source = open_source(tmp_path / name)
    assert isinstance(source, Streamed)
    parts = list(source.batches(300, schema=whole.schema))
    assert max(len(part) for part in parts) <= 300 and {part.name for part in parts} == {"t"}
    assert pl.concat([part.rows for part in parts]).equals(tr.read(tmp_path / name, schema=whole.schema).rows)
    # Without a schema the types are found from the first rows, and any column may lack values.
    found = list(source.batches(400))
    assert sum(len(part) for part in found) == 1000 and len({str(part.schema) for part in found}) == 1
    assert [c.kind for c in found[0].only.schema.columns] == ["id", "text", "number"]


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_does_not_depend_on_the_size_of_the_parts(tmp_path, name, monkeypatch):
    whole = table()
    whole.write(tmp_path / name)
    drawn = sampled(str(tmp_path / name), 50, seed=3, schema=whole.schema)
    assert len(drawn.dataset) == 50 and drawn.of == 1000
    assert drawn.facts == {"rows": 50, "of": 1000, "seed": 3, "how": module.HOW}
    monkeypatch.setattr(module, "PART", 17)
    monkeypatch.setattr(in_parts, "BLOCK", 2048)
    again = sampled(str(tmp_path / name), 50, seed=3, schema=whole.schema)
    assert again.dataset.digest() == drawn.dataset.digest()
    assert sampled(str(tmp_path / name), 50, seed=4, schema=whole.schema).dataset.digest() != drawn.dataset.digest()
    # Rows are real ones, each once, in their order.
    numbers = drawn.dataset.rows["number"].cast(pl.Int64).to_list()
    assert numbers == sorted(set(numbers))
    assert drawn.dataset.rows["value"].to_list() == [whole.rows["value"][number] for number in numbers]


def test_every_row_is_equally_likely(tmp_path, monkeypatch):
    """3,000 draws of 5 of 40 rows: counts are binomial with mean 375 and deviation 18; five deviations are allowed."""
    monkeypatch.setattr(module, "PART", 7)
    tr.read({"number": list(range(40)), "x": [1.5] * 40}).write(tmp_path / "t.parquet")
    frame = tr.read(tmp_path / "t.parquet")
    counts = np.zeros(40)
    for seed in range(3000):
        drawn = module._lowest(iter(frame.rows.iter_slices(7)), 5, seed)[0]
        assert drawn.height == 5
        counts[drawn["number"].to_numpy()] += 1
    assert abs(counts - 375).max() < 5 * 18.2


def test_a_needed_column_has_a_value_in_every_drawn_row(tmp_path):
    whole = tr.read({"number": list(range(600)), "rare": [float(x) + 0.5 if x % 10 == 0 else None for x in range(600)]})
    whole.write(tmp_path / "t.parquet")
    drawn = sampled(str(tmp_path / "t.parquet"), 50, seed=0, needed="rare")
    assert len(drawn.dataset) == 50 and drawn.dataset.rows["rare"].null_count() == 0
    assert len(sampled(str(tmp_path / "t.parquet"), 500, seed=0, needed="rare").dataset) == 60
    # The smallest numbers win whatever else is drawn: a larger sample holds the smaller one.
    more = sampled(str(tmp_path / "t.parquet"), 55, seed=0, needed="rare").dataset
    assert set(drawn.dataset.rows["number"]) <= set(more.rows["number"])
    with pytest.raises(SchemaError, match="No column"):
        sampled(str(tmp_path / "t.parquet"), 5, seed=0, needed="none")


def test_what_cannot_be_read_in_parts_is_read_whole():
    drawn = sampled("packaged:thyroid", 30, seed=1)
    assert len(drawn.dataset) == 30 and drawn.of > 100
    assert drawn.dataset.digest() == sampled("packaged:thyroid", 30, seed=1).dataset.digest()
    assert not is_large(open_source("packaged:thyroid"))


def test_lakes_and_queries_are_sampled(tmp_path):
    pytest.importorskip("deltalake")
    pytest.importorskip("duckdb")
    whole = table()
    whole.write(f"delta:{tmp_path}/d")
    whole.write(tmp_path / "t.parquet")
    lake = sampled(f"delta:{tmp_path}/d", 40, seed=2)
    assert len(lake.dataset) == 40 and lake.of == 1000 and lake.dataset.name == "d"
    asked = sampled(f"duckdb:?query=SELECT * FROM '{tmp_path}/t.parquet' WHERE number < 500", 40, seed=2)
    assert len(asked.dataset) == 40 and asked.of == 500
    assert is_large(open_source("duckdb:?query=SELECT 1")) and not is_large(open_source(f"delta:{tmp_path}/d"))


def test_large_files_are_known_by_their_bytes(tmp_path, monkeypatch):
    table().write(tmp_path / "t.csv")
    assert not is_large(open_source(tmp_path / "t.csv"))
    monkeypatch.setattr(module, "LARGE", 1000)
    assert is_large(open_source(tmp_path / "t.csv"))


def test_text_of_other_encodings_and_odd_quotes(tmp_path, monkeypatch):
    monkeypatch.setattr(in_parts, "BLOCK", 300)
    lines = ["city;inches", *(f'Málaga {place};5" {place}' for place in range(50)), "Cádiz;1", *["Lugo;2"] * 20]
    (tmp_path / "t.csv").write_bytes("\r\n".join(lines).encode("cp1252"))
    parts = list(open_source(tmp_path / "t.csv").batches(1000))
    assert sum(len(part) for part in parts) == 71 and parts[0].rows["city"][0] == "Málaga 0"
    (tmp_path / "u.csv.gz").write_bytes(gzip.compress("\ufeffa,b\n1,x\n2,y\n".encode("utf-16-le")))
    assert [len(part) for part in open_source(tmp_path / "u.csv.gz").batches(1)] == [1, 1]


def test_faults_are_named_by_line_and_column(tmp_path, monkeypatch):
    monkeypatch.setattr(in_parts, "BLOCK", 512)
    good = [f"{place},x" for place in range(300)]
    (tmp_path / "t.csv").write_text("\n".join(["a,b", *good, "1,2,3", *good]) + "\n")
    with pytest.raises(FileError, match="line 302 has 3"):
        sampled(str(tmp_path / "t.csv"), 5, seed=0)
    monkeypatch.setattr(in_parts, "FIRST", 100)
    (tmp_path / "u.csv").write_text("\n".join(["a,b", *(f"{place % 9},x" for place in range(300)), "much,x"]) + "\n")
    with pytest.raises(DataError, match=r"not of kind integer.*first 100 rows"):
        list(open_source(tmp_path / "u.csv").batches(50))
    (tmp_path / "v.csv").write_text("a,b\n")
    with pytest.raises(EmptyDataError, match="no rows"):
        sampled(str(tmp_path / "v.csv"), 5, seed=0)
    with pytest.raises(EmptyDataError, match="no rows"):
        list(open_source(tmp_path / "v.csv").batches(5))
    with pytest.raises(DataError, match="Cannot draw 0 rows"):
        sampled(str(tmp_path / "t.csv"), 0, seed=0)
    with pytest.raises(DataError, match="Parts of 0 rows"):
        list(open_source(tmp_path / "t.csv").batches(0))
    for name in ("w.parquet", "w.arrow"):
        (tmp_path / name).write_bytes(b"nonsense" * 10)
        with pytest.raises(FileError, match="is not what its suffix says"):
            sampled(str(tmp_path / name), 5, seed=0)


def test_memory_does_not_grow_with_the_file(tmp_path):
    """A CSV file of 120 MB is sampled by a process whose memory grows by less than 120 MB beyond its libraries."""
    block = "\n".join(f"{place},{place * 7 % 1000 / 8},some words of {place % 50}" for place in range(100_000)) + "\n"
    with (tmp_path / "big.csv").open("w") as file:
        file.write("number,value,text\n")
        for _ in range(30):
            file.write(block)
    code = f"""
import resource, trasunto as tr
from trasunto.connectors.sampled import sampled
sampled("packaged:thyroid", 10, seed=0)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
drawn = sampled({str(tmp_path / "big.csv")!r}, 1000, seed=0)
assert len(drawn.dataset) == 1000 and drawn.of == 3_000_000, drawn.facts
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 120_000, done.stdout
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 0
