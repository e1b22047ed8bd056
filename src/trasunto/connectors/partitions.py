"""Parquet data sets of many files, with hive partitions (`year=2026/country=ES/part-0.parquet`), here or in a store.

`parquet:folder?partition=year,country` writes one; `?columns=`, `?where=` read a part of it, and leave out the files
that a condition on a partition rules out. Written whole or not at all: files are made aside and moved in at the end. In
an object store nothing is renamed, so a reader may see some of the new files before the others: Delta and Iceberg
commit.
"""

from __future__ import annotations

import contextlib
import re
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any
from urllib.parse import unquote

from trasunto.connectors.hive import write_folders
from trasunto.connectors.lake import Opened, only, read_tables, scan_of
from trasunto.connectors.lake_address import IF_EXISTS, READING, WRITING, Place, place_of
from trasunto.connectors.lake_types import KEPT, Changes, arrow, changes, fitted, kept_schema, kept_text, to_arrow
from trasunto.connectors.parts import Parts, typed_parts
from trasunto.connectors.remote import files, reaching, sending
from trasunto.data.dataset import Dataset
from trasunto.data.schema import Schema, TableSchema
from trasunto.errors import DataError, FileError, StoreError, near
from trasunto.writing import aside

_KEY = re.compile(r"^([^=/]+)=([^/]*)$")
_SUFFIXES = (".parquet", ".pq")


@dataclass(frozen=True)
class Partitioned:
    """A data set of Parquet files, partitioned or not; a folder of several such is a dataset of several tables.

    columns, where: what to read. evolve=add: files, or rows that are appended, may have columns that others lack.
    partition: columns to write folders of. if_exists: fail, append, replace.
    """

    address: str

    def read(self, *, rows: int | None = None, schema: Schema | None = None) -> Dataset:
        return read_tables(self.tables(), rows, schema)

    def batches(self, size: int, *, schema: Schema | None = None) -> Iterator[Dataset]:
        """Parts of the one table, in the order of its files."""
        yield from typed_parts(self.parts(), size, schema)

    def parts(self) -> Parts:
        """The one table, open for reading in parts."""
        tables = self.tables()
        return only(tables, self.place).parts(next(iter(tables)))

    @property
    def place(self) -> Place:
        return place_of(self.address).only({*READING, *WRITING})

    def tables(self) -> dict[str, Opened]:
        """The tables that lie here, open for reading."""
        place = self.place
        store = files(place)
        with reaching(place):
            found = [place.path] if store.isfile(place.path) else sorted(store.find(place.path))
        found = [each for each in found if each.endswith(_SUFFIXES) and not _hidden(each[len(place.path) :])]
        if not found:
            raise FileError(
                f"{place.shown} holds no Parquet files.", "Is it the right folder? An empty one has no rows."
            )
        folders: dict[str, list[str]] = {}
        for each in found:
            folders.setdefault(_table_of(each, place.path), []).append(each)
        if len(folders) == 1:
            return {place.name: opened(place, next(iter(folders.values())))}
        return {name or place.name: opened(place.child(name), each) for name, each in folders.items()}

    def write(self, dataset: Dataset) -> None:
        """Several tables go to a folder each. StoreError when it cannot be written; what stood there is as it was."""
        place = self.place
        tables = {"": dataset.only} if len(dataset.tables) == 1 else dict(dataset.tables)
        with contextlib.ExitStack() as undo:
            for name, table in tables.items():
                there = place.child(name) if name else place
                undo.enter_context(_landed(there, iter([to_arrow(table)]), table.schema))

    def write_parts(self, parts: Iterable[Dataset]) -> int:
        """Rows are written as they come; how many."""
        waiting = iter(parts)
        first = next(waiting)
        count = [0]

        def arrows() -> Iterator[Any]:
            for part in chain([first], waiting):
                count[0] += len(part)
                yield to_arrow(part.only)

        with _landed(self.place, arrows(), first.only.schema):
            pass
        return count[0]


def _hidden(path: str) -> bool:
    return any(part.startswith((".", "_")) for part in path.strip("/").split("/"))


def _table_of(path: str, root: str) -> str:
    """The folder of the table a file belongs to: the first below the root that is no partition, "" for the root."""
    inner = path[len(root) :].strip("/").split("/")[:-1]
    return inner[0] if inner and not _KEY.match(inner[0]) else ""


def opened(place: Place, paths: list[str]) -> Opened:
    """Parquet files as one table. FileError names a broken one, and one whose columns differ from the first's."""
    pa = arrow()
    from pyarrow import dataset

    store = files(place)
    with reaching(place), ThreadPoolExecutor(8) as pool:
        footers = list(pool.map(lambda path: _footer(store, path), paths))
    schemas = [footer.schema.to_arrow_schema() for footer in footers]
    whole = schemas[0].remove_metadata()
    for path, each in zip(paths[1:], schemas[1:], strict=True):
        found = Changes() if each.remove_metadata().equals(whole) else changes(whole, each)
        if found.retyped or (found and place.options.get("evolve") != "add"):
            move = (
                "Mend that file." if found.retyped else "?evolve=add takes columns that some files lack as empty there."
            )
            raise DataError(f"{path} has other columns than {paths[0]}: {found.told()}.", move)
        whole = pa.unify_schemas([whole, each.remove_metadata()], promote_options="permissive")
    keys = _partitions(place, paths)
    for name, kind in keys.items():
        if name not in whole.names:
            whole = whole.append(pa.field(name, kind))
    kept = kept_schema((schemas[0].metadata or {}).get(KEPT.encode()))

    partitioning = dataset.partitioning(pa.schema(list(keys.items())), flavor="hive") if keys else None
    held = dataset.dataset(
        paths, whole, "parquet", filesystem=None if place.store == "file" else store, partitioning=partitioning,
        partition_base_dir=place.path,
    )  # fmt: skip
    rows = sum(footer.num_rows for footer in footers)
    size = sum(footer.row_group(at).total_byte_size for footer in footers for at in range(footer.num_row_groups))
    return Opened(place, whole, scan_of(held, place), kept, rows, size, dataset=held)


def _footer(store: Any, path: str) -> Any:
    from pyarrow import ArrowException, parquet

    try:
        with store.open(path, "rb") as file:
            return parquet.read_metadata(file)
    except (ArrowException, ValueError) as error:
        raise FileError(
            f"{path} is a broken Parquet file: {str(error).partition('.')[0]}.", "Mend or remove it."
        ) from error


def _partitions(place: Place, paths: list[str]) -> dict[str, Any]:
    """Columns that stand in the names of folders: whole numbers where all are, without a leading zero; else text."""
    pa = arrow()
    values: dict[str, set[str]] = {}
    for path in paths:
        for part in path[len(place.path) :].split("/")[:-1]:
            if match := _KEY.match(part):
                values.setdefault(unquote(match[1]), set()).add(unquote(match[2]))
    whole = {
        name: all(re.fullmatch(r"-?(0|[1-9]\d{0,17})", v) for v in found - {_NONE}) for name, found in values.items()
    }
    return {name: pa.int64() if whole[name] and values[name] != {_NONE} else pa.string() for name in values}


_NONE = "__HIVE_DEFAULT_PARTITION__"


@contextlib.contextmanager
def _landed(place: Place, tables: Iterator[Any], schema: TableSchema) -> Iterator[None]:
    """The tables as files in place while the block goes well; taken back when it fails."""
    store = files(place)
    how = place.one_of("if_exists", IF_EXISTS)
    with reaching(place, writing=True):
        old = [
            each for each in (store.find(place.path) if store.exists(place.path) else []) if each.endswith(_SUFFIXES)
        ]
    if place.path.endswith(_SUFFIXES):
        if how == "append" or place.names("partition"):
            raise StoreError(f"{place.shown} is one file: nothing is added to it.", "Name a folder.")
        with _one_file(place, tables, schema):
            yield
        return
    if old and how == "fail":
        raise StoreError(f"{place.shown} is there already.", "Say ?if_exists=append or ?if_exists=replace.")
    target = None
    if old and how == "append":
        target = opened(replace(place, options={"evolve": "add"}), old).schema
    fresh = not store.exists(place.path)
    staged = f"{place.path}/_writing-{uuid.uuid4().hex[:12]}"
    moved: list[str] = []
    try:
        with reaching(place, writing=True):
            _written(store, staged, _checked(tables, target, place, schema), place, schema, len(old))
            for each in sorted(store.find(staged)):
                # What there is of a file when moving it fails is taken back, too.
                moved.append(f"{place.path}{each[each.index(staged) + len(staged) :]}")
                store.makedirs(moved[-1].rpartition("/")[0], exist_ok=True)
                store.mv(each, moved[-1])
        yield
        if how == "replace" and old:
            with reaching(place, writing=True):
                store.rm(old)
    except BaseException:
        with contextlib.suppress(OSError):
            store.rm([place.path] if fresh else [each for each in moved if store.exists(each)], recursive=fresh)
        raise
    finally:
        with contextlib.suppress(OSError):
            if store.exists(staged):
                store.rm(staged, recursive=True)


def _checked(tables: Iterator[Any], target: Any, place: Place, schema: TableSchema) -> Iterator[Any]:
    """Tables as they may go in: StoreError where columns differ from those of the rows that are there."""
    for name in place.names("partition"):
        if name not in schema:
            raise FileError(f"partition={name!r} is no column.", near(name, schema.names))
    if len(place.names("partition")) >= len(schema.names):
        raise FileError("Every column is in partition=.", "Leave at least one in the files.")
    first = next(tables)
    if target is not None:
        found = changes(target, first.schema)
        if found.retyped or (found and place.options.get("evolve") != "add"):
            raise StoreError(f"The rows do not fit {place.shown}: {found.told()}.", evolving(found))
    kinds = target if target is not None else first.schema
    schema_now = arrow().schema(
        [kinds.field(n) if n in kinds.names else first.schema.field(n) for n in first.column_names]
    )
    for each in chain([first], tables):
        yield fitted(each, schema_now, place.shown)


def evolving(found: Changes) -> str:
    """The next move when rows do not fit a table."""
    if found.retyped:
        return "Mend the rows, or write to a new table."
    return "?evolve=add adds new columns, and leaves missing ones empty."


def _written(store: Any, folder: str, tables: Iterator[Any], place: Place, schema: TableSchema, number: int) -> None:
    """Files numbered from `number` on, so that rows are read in the order in which they were written."""
    from pyarrow import parquet

    first = next(tables)
    kinds = first.schema.with_metadata({KEPT: kept_text(schema)})
    partition = place.names("partition")
    name = f"part-{number:05}-{uuid.uuid4().hex[:12]}"
    store.makedirs(folder, exist_ok=True)
    if not partition:
        # One file, written as rows come.
        path = f"{folder}/{name}.parquet"
        with store.open(path, "wb") as file, parquet.ParquetWriter(file, kinds, compression="snappy") as writer:
            for each in chain([first], tables):
                writer.write_table(each.cast(kinds))
        return
    write_folders(store, folder, chain([first], tables), kinds, partition, name, place.shown)


@contextlib.contextmanager
def _one_file(place: Place, tables: Iterator[Any], schema: TableSchema) -> Iterator[None]:
    """One Parquet file, written or sent as its rows come; as elsewhere a file that is there is replaced."""
    from pyarrow import parquet

    with contextlib.ExitStack() as opened_here:
        if place.store == "file":
            path = opened_here.enter_context(aside(place.path))
            file: Any = opened_here.enter_context(path.open("wb"))
        else:
            file = opened_here.enter_context(sending(place))
        first = next(tables)
        kinds = first.schema.with_metadata({KEPT: kept_text(schema)})
        with parquet.ParquetWriter(file, kinds, compression="snappy") as writer:
            for each in chain([first], tables):
                writer.write_table(each.cast(kinds))
        yield
