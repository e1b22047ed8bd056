"""Files and folders of files: CSV, TSV, JSON lines, Parquet, Arrow, Excel; gzip where it is text."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from trasunto import registry
from trasunto.connectors.address import TABLES, open_sink, open_source
from trasunto.connectors.delimited import decode, parse_delimited
from trasunto.connectors.parts import Parts, delimited_parts, lines_parts, scanned_parts, typed_parts
from trasunto.connectors.records import flat, nested, records_in
from trasunto.data.dataset import Dataset, Table
from trasunto.data.edges import to_text
from trasunto.data.infer import infer
from trasunto.data.links import linked
from trasunto.data.schema import Schema
from trasunto.data.storage import as_stored, clocks_told
from trasunto.errors import EmptyDataError, FileError, SchemaError, near
from trasunto.writing import aside, write_bytes

# Types that JSON has as well.
NESTED = ("Struct", "List", "Array")
# Rows of a sheet among which its header is looked for.
TITLES = 20
# What a folder says of its tables.
SCHEMA = "schema.json"


@dataclass(frozen=True)
class CsvFile:
    """Delimited text; .tsv means tabs, else the delimiter is found when reading and is a comma when writing."""

    path: Path

    def read(self, *, rows: int | None = None, schema: Schema | None = None) -> Dataset:
        tabs = "\t" if self.path.name.removesuffix(".gz").endswith((".tsv", ".tab")) else None
        try:
            frame = parse_delimited(decode(content_of(self.path), self.path.name), self.path.name, tabs)
        except FileError as error:
            prose = f" A text is read as documents:{self.path}." if suffix_of(self.path) == ".txt" else ""
            raise FileError(error.problem, error.next_move + prose) from error
        return dataset_of(frame, self.path, rows, schema)

    def parts(self) -> Parts:
        """The table, open for reading in parts."""
        tabs = "\t" if self.path.name.removesuffix(".gz").endswith((".tsv", ".tab")) else None
        return delimited_parts(self.path, _name(self.path), tabs)

    def batches(self, size: int, *, schema: Schema | None = None) -> Iterator[Dataset]:
        """Parts of at most `size` rows, in constant memory."""
        yield from typed_parts(self.parts(), size, schema)

    def write(self, dataset: Dataset) -> None:
        tabs = self.path.name.removesuffix(".gz").endswith((".tsv", ".tab"))
        # An empty field is written as nothing, not as a pair of quotes.
        written = to_text(dataset.only).with_columns(pl.all().replace("", None))
        text = written.write_csv(separator="\t" if tabs else ",", null_value="")
        deliver(self.path, text.encode("utf-8"))


@dataclass(frozen=True)
class JsonLinesFile:
    """One JSON object a line, or one list of objects in a .json file."""

    path: Path

    def read(self, *, rows: int | None = None, schema: Schema | None = None) -> Dataset:
        content = decode(content_of(self.path), self.path.name).strip()
        if not content:
            raise EmptyDataError(f"{self.path.name} is empty.", "Give a file with records.")
        return dataset_of(self._parsed(content), self.path, rows, schema)

    def parts(self) -> Parts:
        """The table, open for reading in parts; a list of objects in a .json file is one part."""
        name = _name(self.path)
        if suffix_of(self.path) == ".json":

            def whole(size: int) -> Iterator[pl.DataFrame]:
                yield from self._parsed(decode(content_of(self.path), self.path.name).strip()).iter_slices(size)

            return Parts(name, whole, lambda frame, schema: infer(frame, schema=schema))
        return lines_parts(self.path, name, self._parsed)

    def batches(self, size: int, *, schema: Schema | None = None) -> Iterator[Dataset]:
        """Parts of at most `size` rows, in constant memory."""
        yield from typed_parts(self.parts(), size, schema)

    def _parsed(self, content: str) -> pl.DataFrame:
        read: Callable[..., pl.DataFrame] = pl.read_json if content.startswith("[") else pl.read_ndjson
        try:
            frame = read(io.BytesIO(content.encode("utf-8")), infer_schema_length=None)
            lists = any(isinstance(kind, pl.List) for kind in frame.dtypes)
        except (pl.exceptions.PolarsError, ValueError):
            lists = True
        if lists:
            # Messages differ in their keys, and in the types of them: read one by one they stay as they were.
            frame = _tried(self.path, lambda: flat(records_in(content, self.path.name)))
        return frame

    def write(self, dataset: Dataset) -> None:
        frame = nested(dataset.only, typed_for_json(dataset.only))
        text = frame.write_json() if self.path.name.removesuffix(".gz").endswith(".json") else frame.write_ndjson()
        deliver(self.path, text.encode("utf-8"))


@dataclass(frozen=True)
class ParquetFile:
    """Parquet: a column is written in the type it was stored in, a date column as dates."""

    path: Path

    def read(self, *, rows: int | None = None, schema: Schema | None = None) -> Dataset:
        return dataset_of(_tried(self.path, lambda: pl.read_parquet(self.path)), self.path, rows, schema)

    def parts(self) -> Parts:
        """The table, open for reading in parts."""
        return scanned_parts(self.path, _name(self.path), pl.scan_parquet)

    def batches(self, size: int, *, schema: Schema | None = None) -> Iterator[Dataset]:
        """Parts of at most `size` rows, in constant memory."""
        yield from typed_parts(self.parts(), size, schema)

    def write(self, dataset: Dataset) -> None:
        with aside(self.path) as place:
            nested(dataset.only, stored(dataset.only, types=True)).write_parquet(place)


@dataclass(frozen=True)
class ArrowFile:
    """Arrow IPC, also called Feather version 2."""

    path: Path

    def read(self, *, rows: int | None = None, schema: Schema | None = None) -> Dataset:
        return dataset_of(_tried(self.path, lambda: pl.read_ipc(self.path)), self.path, rows, schema)

    def parts(self) -> Parts:
        """The table, open for reading in parts."""
        return scanned_parts(self.path, _name(self.path), pl.scan_ipc)

    def batches(self, size: int, *, schema: Schema | None = None) -> Iterator[Dataset]:
        """Parts of at most `size` rows, in constant memory."""
        yield from typed_parts(self.parts(), size, schema)

    def write(self, dataset: Dataset) -> None:
        with aside(self.path) as place:
            nested(dataset.only, stored(dataset.only, types=True)).write_ipc(place)


@dataclass(frozen=True)
class ExcelFile:
    """A sheet of a workbook: the first, or that of `file.xlsx?sheet=NAME`. Titles above the header are passed over."""

    path: Path
    sheet: str = ""

    def read(self, *, rows: int | None = None, schema: Schema | None = None) -> Dataset:
        try:
            import fastexcel  # noqa: F401
        except ImportError as error:
            raise registry.missing(error, "reading Excel") from error
        return dataset_of(_tried(self.path, self._frame), self.path, rows, schema)

    def told(self) -> str:
        """A sentence on the sheets that are not read where none was named; "" where nothing is left."""
        sheets = self._sheets()
        if self.sheet or len(sheets) == 1:
            return ""
        others = ", ".join(repr(name) for name in sheets[1:])
        return (
            f"{self.path.name} has {len(sheets)} sheets, and {sheets[0]!r} is read; not {others} "
            f"({self.path.name}?sheet=NAME)."
        )

    def _sheets(self) -> list[str]:
        """The names of the sheets, in order. FileError for what is no workbook."""
        import fastexcel

        try:
            return fastexcel.read_excel(self.path).sheet_names
        except fastexcel.FastExcelError as error:
            first = str(error).partition("\n")[0]
            raise FileError(f"{self.path.name} is no workbook: {first}.", "Check how it was written.") from error

    def _frame(self) -> pl.DataFrame:
        sheets = self._sheets()
        if self.sheet and self.sheet not in sheets:
            raise FileError(f"{self.path.name} has no sheet {self.sheet!r}.", near(self.sheet, sheets))
        sheet = self.sheet or sheets[0]
        top = pl.read_excel(self.path, sheet_name=sheet, has_header=False, infer_schema_length=0, drop_empty_rows=False)
        filled = [sum(cell not in (None, "") for cell in row) for row in top.head(TITLES).iter_rows()]
        header = next((place for place, cells in enumerate(filled) if cells > 1), 0)
        if header == 0 or filled[0] > 1:
            return pl.read_excel(self.path, sheet_name=sheet)
        return pl.read_excel(self.path, sheet_name=sheet, read_options={"header_row": header})

    def write(self, dataset: Dataset) -> None:
        buffer = io.BytesIO()
        try:
            stored(dataset.only).write_excel(buffer, worksheet=dataset.name[:31])
        except ImportError as error:
            raise registry.missing(error, "writing Excel") from error
        write_bytes(self.path, buffer.getvalue())


@dataclass(frozen=True)
class Folder:
    """A folder of files, one table each, named by the file; written as CSV, with what is known of them in schema.json.

    Of two files with one name the one that keeps types (Parquet, Arrow) is read.
    """

    path: Path

    def read(self, *, rows: int | None = None, schema: Schema | None = None) -> Dataset:
        files = sorted(p for p in self.path.iterdir() if p.is_file() and suffix_of(p) in TABLES and p.name[0] != ".")
        beside = _schema_in(self.path)
        known = schema or beside
        chosen = {
            _name(file): file
            for file in sorted(files, key=lambda file: suffix_of(file) in (".parquet", ".arrow"))
            if beside is None or file.name != SCHEMA
        }
        if not chosen:
            raise FileError(f"The folder {self.path} holds no data files.", f"Suffixes read: {', '.join(TABLES)}.")
        tables: dict[str, Table] = {}
        for name, file in sorted(chosen.items()):
            told = known.tables.get(name) if known else None
            tables[name] = open_source(file).read(rows=rows, schema=Schema({name: told}) if told else None).only
        if known is None:
            tables = linked(tables)
        return Dataset.holding(tables)

    def write(self, dataset: Dataset) -> None:
        with aside(self.path, folder=True) as place:
            for name, table in dataset.tables.items():
                open_sink(place / f"{name}.csv").write(Dataset.of(table, name))
            dataset.schema.save(place / SCHEMA)


def _schema_in(folder: Path) -> Schema | None:
    """What `write` left beside the tables; None when there is nothing, or a table of that name."""
    try:
        return Schema.load(folder / SCHEMA)
    except (FileError, SchemaError):
        return None


def dataset_of(frame: pl.DataFrame, path: Path, rows: int | None, schema: Schema | None) -> Dataset:
    """A raw frame as the dataset of a file: named after it, typed by the schema or by inference."""
    if frame.height == 0 or frame.width == 0:
        raise EmptyDataError(
            f"{path.name} has {frame.height} rows and {frame.width} columns.", "Give at least one row."
        )
    known = schema.tables.get(_name(path)) or schema.only if schema else None
    table = infer(frame if rows is None else frame.head(rows), schema=known)
    return Dataset.of(table, _name(path))


def content_of(path: Path) -> bytes:
    """The bytes of a file, unpacked when it is gzip. FileError when it cannot be read."""
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    except (OSError, EOFError) as error:
        raise FileError(f"{path} cannot be read: {error}.", "Check the file and your rights to it.") from error


def _tried(path: Path, read: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    try:
        return read()
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error}.", "Check the file and your rights to it.") from error
    except (pl.exceptions.PolarsError, ValueError) as error:
        first = str(error).partition("\n")[0]
        raise FileError(f"{path.name} is not what its suffix says: {first}.", "Check how it was written.") from error


def deliver(path: Path, content: bytes) -> None:
    """Bytes under a path, whole or not at all; packed where the name ends in .gz."""
    write_bytes(path, gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)


def stored(table: Table, *, types: bool = False) -> pl.DataFrame:
    """Typed rows for formats with types: a date column is stored as dates. types: and every column in the type it was
    once stored in, for formats that have them all; without, times of day are texts."""
    if not types:
        table = clocks_told(table)
    dates = [c.name for c in table.schema.columns if c.kind == "datetime" and c.format.date_only]
    rows = as_stored(table) if types else table.rows
    return rows.with_columns(pl.col(dates).cast(pl.Date)) if dates else rows


def typed_for_json(table: Table) -> pl.DataFrame:
    """Numbers, booleans and what was an object or a list as JSON has them; dates as they are written."""
    written = to_text(table)
    dates = [c.name for c in table.schema.columns if c.kind == "datetime"]
    changed: list[Any] = [
        pl.when(table.rows[name].is_null()).then(None).otherwise(written[name]).alias(name) for name in dates
    ]
    return as_stored(table, only=NESTED).with_columns(changed)


def _name(path: Path) -> str:
    return path.name.partition(".")[0] or "data"


def suffix_of(path: Path) -> str:
    """The suffix that says the format, in lower case: that before .gz, where the file is packed."""
    return Path(path.name.removesuffix(".gz")).suffix.lower()
