import polars as pl
import pytest

import trasunto as tr
from trasunto.connectors.stream import write_parts
from trasunto.errors import FileError


@pytest.mark.parametrize("name", ["a.parquet", "a.csv", "a.tsv", "a.jsonl", "a.arrow", "a.json", "a.csv.gz", "a.xlsx"])
def test_parts_become_one_file_that_reads_as_the_whole(tmp_path, name):
    whole = tr.read("packaged:thyroid", rows=300)
    parts = [whole.with_table(whole.only.take(range(start, min(start + 70, 300)))) for start in range(0, 300, 70)]
    assert write_parts(tmp_path / name, parts) == 300
    again = tr.read(tmp_path / name, schema=whole.schema)
    # A text file does not say that an identifier is a whole number.
    assert again.rows.cast(pl.String).equals(whole.rows.cast(pl.String))
    assert [each.name for each in tmp_path.iterdir()] == [name]


def test_nothing_half_written_stays(tmp_path):
    whole = tr.read("packaged:thyroid", rows=50)

    def broken():
        yield whole
        raise RuntimeError("the model broke")

    with pytest.raises((RuntimeError, pl.exceptions.PolarsError), match="broke"):
        write_parts(tmp_path / "a.parquet", broken())
    assert not list(tmp_path.iterdir())
    with pytest.raises(FileError, match="no format"):
        write_parts(tmp_path / "a.abc", [whole])


def test_a_form_before_the_path_is_written_whole(tmp_path):
    part = tr.read({"question": ["What is it?", "Who?"], "answer": ["A cat", "Me"]})
    assert write_parts(f"messages:{tmp_path / 'x.jsonl'}", [part, part]) == 4
    assert [each.name for each in tmp_path.iterdir()] == ["x.jsonl"]
    assert len(tr.read(tmp_path / "x.jsonl")) == 4
