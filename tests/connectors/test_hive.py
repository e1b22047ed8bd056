"""Rows into folders by value: what pyarrow and others read back, one file each, written as rows come."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

import trasunto as tr
from trasunto.connectors import hive, iceberg
from trasunto.connectors.stream import write_parts

pytest.importorskip("pyarrow")


def part(number, rows=400):
    values = [number * rows + each for each in range(rows)]
    return tr.read({"place": ["Lugo", "A/B = c%", "Ávila", None] * (rows // 4), "open": [True, False] * (rows // 2),
                    "value": values, "day": [date(2026, 1, 1 + each % 3) for each in values]})  # fmt: skip


def test_every_row_comes_back_from_the_folder_of_its_values(tmp_path, monkeypatch):
    import pyarrow.dataset
    import pyarrow.parquet

    monkeypatch.setattr(hive, "WAITING", 10_000)
    assert write_parts(f"parquet:{tmp_path}/v?partition=place,open", [part(each) for each in range(10)]) == 4_000
    files = sorted((tmp_path / "v").rglob("*.parquet"))
    folders = {str(each.parent.relative_to(tmp_path / "v")) for each in files}
    assert len(files) == len(folders) == 4
    assert "place=__HIVE_DEFAULT_PARTITION__/open=false" in folders and "place=Lugo/open=true" in folders
    assert all(pyarrow.parquet.read_metadata(each).num_row_groups > 1 for each in files)
    whole = pl.concat([part(each).rows.select("value", "place") for each in range(10)]).sort("value")
    again = tr.read(tmp_path / "v").rows.sort("value")
    assert again["value"].to_list() == whole["value"].to_list()
    assert again["place"].cast(pl.String).to_list() == whole["place"].cast(pl.String).to_list()
    theirs = pyarrow.dataset.dataset(tmp_path / "v", partitioning="hive").to_table(columns=["value", "place"])
    assert sorted(theirs["place"].to_pylist(), key=str) == sorted(whole["place"].cast(pl.String).to_list(), key=str)
    # Within a folder rows stand as they came.
    assert all(
        pyarrow.parquet.read_table(each)["value"].to_pylist()
        == sorted(pl.read_parquet(each, hive_partitioning=False)["value"])
        for each in files
    )


@pytest.mark.parametrize("form", ["parquet", "iceberg", "iceberg by place"])
def test_rows_do_not_wait_in_memory_for_those_that_come_later(form, tmp_path, monkeypatch):
    if form != "parquet":
        pytest.importorskip("pyiceberg")
    monkeypatch.setattr(hive, "WAITING", 50_000)
    monkeypatch.setattr(iceberg, "WAITING", 50_000)
    seen = []

    def parts():
        for number in range(8):
            seen.append(sum(each.stat().st_size > 4 for each in Path(tmp_path).rglob("*.parquet")))
            yield part(number, 8_000)

    name, _, divided = form.partition(" by ")
    options = {"parquet": "partition=place", "iceberg": f"table=v{'&partition=place' if divided else ''}"}[name]
    write_parts(f"{name}:{tmp_path}/v?{options}", parts())
    assert seen[-1] >= 4
    if name == "iceberg":
        # Files of a part are there before the next but one is asked for, and all are one snapshot.
        assert seen == sorted(seen) and seen[-1] >= 6
        facts = iceberg.Iceberg(f"iceberg:{tmp_path}/v?table=v").facts()["v"]
        assert facts["rows"] == 64_000
        (found,) = iceberg.Iceberg(f"iceberg:{tmp_path}/v?table=v&version={facts['version']}").facts().values()
        assert not found["since"]["commits"]


@pytest.mark.parametrize("partition", ["", "&partition=place"])
def test_an_append_to_iceberg_that_fails_leaves_no_file(partition, tmp_path, monkeypatch):
    pytest.importorskip("pyiceberg")
    monkeypatch.setattr(iceberg, "WAITING", 5_000)
    address = f"iceberg:{tmp_path}/v?table=v"
    part(0).write(f"{address}{partition}")
    there = sorted(tmp_path.rglob("*.parquet"))

    def broken():
        yield part(1)
        yield part(2)
        assert len(list(tmp_path.rglob("*.parquet"))) > len(there)
        raise RuntimeError("the model broke")

    with pytest.raises(RuntimeError, match="the model broke"):
        write_parts(f"{address}&if_exists=append", broken())
    assert sorted(tmp_path.rglob("*.parquet")) == there and len(tr.read(address)) == 400
