"""What DuckDB answers to a query, as a source: `duckdb:?query=SELECT …` over files and lakes, `duckdb:file.db?query=…`.

All that follows `query=` is the query, as it is written, without any %-spelling: one SELECT, which reads only. It may
read files (`read_parquet('x/*.parquet')`, `'x.csv'`), also in stores, and any table of a lake by `lake('delta:folder')`
with an address of ours. DuckDB installs no extension by itself, for that would go to the network unasked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from trasunto import registry
from trasunto.connectors.address import open_source
from trasunto.connectors.lake import PART, only
from trasunto.connectors.lake_address import STORES, Place, place_of
from trasunto.connectors.lake_types import arrow, plain
from trasunto.connectors.parts import Parts, part_of, typed_parts
from trasunto.connectors.remote import files, reaching
from trasunto.data.dataset import Dataset
from trasunto.data.infer import infer
from trasunto.data.schema import Schema
from trasunto.errors import EmptyDataError, FileError

_LAKE = re.compile(r"\b(lake|delta_scan|iceberg_scan)\s*\(\s*'((?:[^']|'')*)'\s*\)", re.I)
_READ_ONLY = "Write one SELECT (WITH … SELECT); what it reads is left as it is."


@dataclass(frozen=True)
class Query:
    """The rows of one SELECT, called `query`."""

    address: str

    def read(self, *, rows: int | None = None, schema: Schema | None = None) -> Dataset:
        found: list[pl.DataFrame] = []
        count = 0
        for frame in self.frames(PART if rows is None else max(1, min(PART, rows))):
            found.append(frame)
            count += frame.height
            if rows is not None and count >= rows:
                break
        if not count:
            raise EmptyDataError("The query answers no rows.", "Mend its conditions.")
        whole = pl.concat(found, rechunk=True)
        return Dataset.of(infer(whole if rows is None else whole.head(rows), schema=part_of(schema, "query")), "query")

    def batches(self, size: int, *, schema: Schema | None = None) -> Iterator[Dataset]:
        """Parts of the answer, as DuckDB makes it."""
        yield from typed_parts(self.parts(), size, schema)

    def parts(self) -> Parts:
        """The answer, open for reading in parts; its size is not known before."""
        return Parts("query", self.frames, lambda frame, schema: infer(frame, schema=schema))

    def frames(self, size: int) -> Iterator[pl.DataFrame]:
        """The values of the answer as DuckDB has them."""
        try:
            import duckdb
        except ImportError as error:
            raise registry.missing(error, "duckdb: addresses") from error
        database, query = self._parted()
        with _connected(duckdb, database) as connection:
            try:
                asked = _checked(connection, _resolved(connection, query))
                with reaching(Place("", "file", "the query")):
                    for batch in connection.sql(asked).to_arrow_reader(size):
                        if batch.num_rows:
                            yield from plain(batch, "the query").iter_slices(size)
            except duckdb.Error as error:
                raise FileError(f"DuckDB cannot answer the query: {_first(error)}.", "Mend the query.") from error

    def _parted(self) -> tuple[str, str]:
        """The file of the database ("" for none), and the query."""
        before, _, query = self.address.partition("query=")
        path = before.partition(":")[2].rstrip("?&")
        # As in SQLAlchemy: three slashes before a relative path, four before an absolute one; none is ours.
        path = path.removeprefix("///") if path.startswith("///") else path.removeprefix("//")
        if "?" in path:
            raise FileError(f"{path.partition('?')[2]!r} is no setting of a query.", "Only query= follows the ?.")
        if not query.strip():
            raise FileError("The query of the address is empty.", "Write duckdb:?query=SELECT * FROM 'x.parquet'.")
        return ("" if path == ":memory:" else path), query


@contextmanager
def _connected(duckdb: Any, database: str) -> Iterator[Any]:
    if database and not Path(database).is_file():
        raise FileError(f"There is no database {database!r}.", "Check the path; without one, write duckdb:?query=….")
    try:
        connection = duckdb.connect(
            database or ":memory:", read_only=bool(database), config={"autoinstall_known_extensions": "false"}
        )
    except duckdb.Error as error:
        raise FileError(f"DuckDB cannot open {database!r}: {_first(error)}.", "Is it a database of DuckDB?") from error
    try:
        yield connection
    finally:
        connection.close()


def _resolved(connection: Any, query: str) -> str:
    """The query with a name in place of each table of a lake, and with the stores it reads made known."""
    for store in STORES:
        if f"{store}://" in _LAKE.sub("", query):
            connection.register_filesystem(files(Place("", store, "")))

    def name(match: re.Match[str]) -> str:
        form, address = match[1].lower(), match[2].replace("''", "'")
        if form != "lake" and not address.startswith((form.partition("_")[0], *STORES)):
            address = f"{form.partition('_')[0]}:{address}"
        called = f"lake_{len(seen)}"
        seen.append(called)
        connection.register(called, _table(address))
        return called

    seen: list[str] = []
    return _LAKE.sub(name, query)


def _table(address: str) -> Any:
    """A table of a lake as DuckDB takes it: what can leave out columns and files, else rows as they come."""
    source: Any = open_source(address)
    tables = getattr(source, "tables", None)
    if tables is None:
        return source.read().only.rows.to_arrow()
    opened = only(tables(), place_of(address))
    if opened.dataset is not None:
        return opened.dataset
    batches = (batch for batch in opened.scan(list(opened.schema.names), (), PART))
    return arrow().RecordBatchReader.from_batches(opened.schema, batches)


def _checked(connection: Any, query: str) -> str:
    """The query. FileError when it does more than read."""
    statements = connection.extract_statements(query)
    if len(statements) != 1 or str(statements[0].type).rpartition(".")[2] not in ("SELECT", "SELECT_STATEMENT"):
        raise FileError("The query does more than one SELECT.", _READ_ONLY)
    return query


def _first(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")
