"""Apache Iceberg tables: `iceberg:warehouse`, a folder with a catalog of its own (SQLite); `?catalog=NAME` for one that
the user's pyiceberg configuration names; a folder of one table without its catalog, to read.

`?table=a,b` names tables (`namespace.name`; the namespace is "default" where none is said), all that there are when
left out. `?version=` is a snapshot, `?timestamp=` a moment of UTC. Every write is one commit; an append that another
was faster than is committed again by pyiceberg, on top of what the other wrote.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from itertools import count as counter
from pathlib import Path
from typing import Any

from trasunto import registry
from trasunto.connectors.lake import Bound, Opened, only, read_tables, suits
from trasunto.connectors.lake_address import IF_EXISTS, READING, WRITING, Place, place_of
from trasunto.connectors.lake_types import KEPT, arrow, changes, fitted, kept_schema, kept_text, to_arrow
from trasunto.connectors.origin import origin
from trasunto.connectors.partitions import evolving
from trasunto.connectors.parts import Parts, typed_parts
from trasunto.connectors.remote import files, reaching
from trasunto.data.dataset import Dataset
from trasunto.data.schema import Schema, TableSchema
from trasunto.errors import FileError, StoreError, near

CATALOG = "catalog.sqlite"
NAMESPACE = "default"
# Bytes of rows in memory that make one file, and that are written at a time.
FILE, WAITING = 32 * 2**20, 64 * 2**20


@dataclass(frozen=True)
class Iceberg:
    """Iceberg tables of a catalog, whose keys are kept."""

    address: str

    @property
    def place(self) -> Place:
        return place_of(self.address).only({*READING, *WRITING, "version", "timestamp", "catalog", "table"})

    def read(self, *, rows: int | None = None, schema: Schema | None = None) -> Dataset:
        return read_tables(self.tables(), rows, schema)

    def batches(self, size: int, *, schema: Schema | None = None) -> Iterator[Dataset]:
        """Parts of the one table."""
        yield from typed_parts(self.parts(), size, schema)

    def parts(self) -> Parts:
        """The one table, open for reading in parts."""
        tables = self.tables()
        return only(tables, self.place).parts(next(iter(tables)))

    def facts(self) -> dict[str, Any]:
        """By table: which snapshot is read, and what has changed since, where it is not the last."""
        return {name: dict(opened.facts) for name, opened in self.tables().items()}

    def tables(self) -> dict[str, Opened]:
        """The tables of the catalog that the address names, open for reading."""
        place = self.place
        with _catalog(place) as catalog, _told(place):
            if catalog is None:
                return {place.name: _opened(place, _lone(place))}
            there = [".".join(each) for space in catalog.list_namespaces() for each in catalog.list_tables(space)]
            names = [_full(each) for each in place.names("table")] or there
            for name in names:
                if name not in there:
                    raise FileError(f"{place.shown} has no table {name!r}.", near(name, there))
            if not names:
                raise FileError(f"The catalog of {place.shown} has no tables.", "Write one first.")
            return {name.rpartition(".")[2]: _opened(place, catalog.load_table(name)) for name in names}

    def write(self, dataset: Dataset) -> None:
        """Several tables are committed one after the other; where one fails, those before it are put back."""
        done: list[tuple[Any, str, int | None]] = []
        with _catalog(self.place, write=True) as catalog:
            try:
                for name, table in dataset.tables.items():
                    full = self._named(name, len(dataset.tables))
                    stood = _snapshot(catalog, full)
                    _committed(self.place, catalog, full, iter([to_arrow(table)]), table.schema)
                    done.append((catalog, full, stood))
            except BaseException:
                for each in reversed(done):
                    _put_back(*each)
                raise

    def write_parts(self, parts: Iterable[Dataset]) -> int:
        """Rows are written as they come, and one commit at the end shows them; how many."""
        waiting = iter(parts)
        first = next(waiting)
        count = [0]

        def arrows() -> Iterator[Any]:
            for part in chain([first], waiting):
                count[0] += len(part)
                yield to_arrow(part.only)

        with _catalog(self.place, write=True) as catalog:
            name = self._named(first.name, 1)
            _committed(self.place, catalog, name, arrows(), first.only.schema)
        return count[0]

    def _named(self, name: str, tables: int) -> str:
        asked = self.place.names("table")
        if len(asked) > 1 or (asked and tables > 1):
            raise FileError(
                f"table={','.join(asked)!r} does not fit {tables} tables.", "Leave it out: tables keep their names."
            )
        return _full(asked[0] if asked else name)


def _full(name: str) -> str:
    return name if "." in name else f"{NAMESPACE}.{name}"


@contextmanager
def _catalog(place: Place, write: bool = False) -> Iterator[Any]:
    """The catalog of an address; None for a folder of one table without a catalog, which is only read."""
    try:
        from pyiceberg.catalog import load_catalog
        from pyiceberg.catalog.sql import SqlCatalog
    except ImportError as error:
        raise registry.missing(error, "Apache Iceberg") from error
    if name := place.options.get("catalog"):
        with _told(place):
            try:
                yield load_catalog(name)
            except ValueError as error:
                raise FileError(
                    f"pyiceberg knows no catalog {name!r}: {error}.", "Describe it in ~/.pyiceberg.yaml (its `uri`)."
                ) from error
        return
    folder = Path(place.path)
    if place.store != "file" or (not write and not (folder / CATALOG).exists()):
        if write:
            raise StoreError(
                f"{place.shown} needs a catalog to write to.",
                "Name one of your pyiceberg configuration: ?catalog=NAME.",
            )
        yield None
        return
    fresh = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"Cannot write {place.shown}: {error.strerror}.", "Pick another place.") from error
    held = SqlCatalog("default", uri=f"sqlite:///{folder / CATALOG}", warehouse=f"file://{folder}")
    try:
        yield held
    except BaseException:
        if fresh and not any(held.list_tables(each) for each in held.list_namespaces()):
            shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        held.close()


@contextmanager
def _told(place: Place) -> Iterator[None]:
    """What pyiceberg and its catalogs raise, as FileError."""
    from pyiceberg import exceptions

    named = [each for each in vars(exceptions).values() if isinstance(each, type) and issubclass(each, Exception)]
    with reaching(place):
        try:
            yield
        except tuple(named) as error:
            text = " ".join(str(error).split())
            raise FileError(f"{place.shown}: {text[:300]}.", "Check the catalog and the name of the table.") from error


def _lone(place: Place) -> Any:
    """The table whose metadata lies in a folder, at its last version."""
    from pyiceberg.table import StaticTable

    store = files(place)
    with reaching(place):
        found = sorted(store.glob(f"{place.path}/metadata/*.metadata.json"))
    if not found:
        raise FileError(f"{place.shown} holds neither a catalog ({CATALOG}) nor a table.", "Check the path.")
    return StaticTable.from_metadata(found[-1] if place.store == "file" else f"{place.store}://{found[-1]}")


def _opened(place: Place, table: Any) -> Opened:
    snapshot = _asked(place, table)
    held = table.snapshot_by_id(snapshot) if snapshot else table.current_snapshot()
    schema = table.schemas()[held.schema_id] if snapshot and held.schema_id is not None else table.schema()
    kinds = schema.as_arrow()

    def scan(columns: list[str], bounds: tuple[Bound, ...], size: int) -> Iterator[Any]:
        chosen = table.scan(_filter(bounds, kinds), tuple(columns), snapshot_id=held.snapshot_id if held else None)
        for batch in chosen.to_arrow_batch_reader():
            for start in range(0, batch.num_rows, size):
                yield batch.slice(start, size).select(columns)

    summary = held.summary.additional_properties if held is not None and held.summary else {}
    rows, size = summary.get("total-records"), summary.get("total-files-size")
    facts: dict[str, Any] = {"version": held.snapshot_id if held else None, "rows": int(rows) if rows else None}
    if snapshot:
        now = table.current_snapshot()
        later = [each for each in table.snapshots() if each.sequence_number > held.sequence_number]
        total = (now.summary.additional_properties if now.summary else {}).get("total-records")
        facts |= {
            "last_version": now.snapshot_id,
            "last_rows": int(total) if total else None,
            "since": {
                "commits": [each.summary.operation.value.upper() for each in later if each.summary],
                "columns": changes(kinds, table.schema().as_arrow()).told(),
            },
        }
    kept = kept_schema(table.properties.get(KEPT))
    return Opened(place, kinds, scan, kept, int(rows) if rows else None, int(size) if size else None, facts)


def _asked(place: Place, table: Any) -> int | None:
    """The snapshot that the address asks for. FileError when it is not there."""
    version = place.number("version")
    if version is not None and table.snapshot_by_id(version) is None:
        known = ", ".join(str(each.snapshot_id) for each in table.snapshots()[-5:])
        raise FileError(f"{place.shown} has no snapshot {version}.", f"The last are: {known}.")
    if "timestamp" not in place.options:
        return version
    text = place.options["timestamp"]
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise FileError(f"timestamp={text!r} is no moment.", "Write it as 2026-01-31T12:00, in UTC.") from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    found = table.snapshot_as_of_timestamp(int(moment.timestamp() * 1000))
    if found is None:
        raise FileError(f"{place.shown} had no snapshot at {text}.", "Ask for a later moment.")
    return int(found.snapshot_id)


def _filter(bounds: tuple[Bound, ...], schema: Any) -> Any:
    from pyiceberg import expressions as said

    made: dict[str, Callable[..., Any]] = {
        "==": said.EqualTo, "!=": said.NotEqualTo, "<": said.LessThan, "<=": said.LessThanOrEqual,
        ">": said.GreaterThan, ">=": said.GreaterThanOrEqual, "in": said.In,
    }  # fmt: skip
    whole: Any = said.AlwaysTrue()
    for each in bounds:
        if suits(each, schema.field(each.column).type):
            whole = said.And(whole, made[each.operator](each.column, each.value))
    return whole


def _snapshot(catalog: Any, name: str) -> int | None:
    """The last snapshot of a table, 0 for a table without any; None where there is no table."""
    if not catalog.table_exists(name):
        return None
    held = catalog.load_table(name).current_snapshot()
    return int(held.snapshot_id) if held else 0


def _put_back(catalog: Any, name: str, snapshot: int | None) -> None:
    if snapshot is None:
        catalog.drop_table(name)
    elif snapshot:
        catalog.load_table(name).manage_snapshots().rollback_to_snapshot(snapshot).commit()


def _committed(place: Place, catalog: Any, name: str, tables: Iterator[Any], schema: TableSchema) -> None:
    """Write rows as one commit. StoreError when the table is there, rows do not fit it, or another was faster."""
    from pyiceberg.exceptions import (
        CommitFailedException,
        CommitStateUnknownException,
        TableAlreadyExistsError,
        ValidationException,
    )

    how = place.one_of("if_exists", IF_EXISTS)
    stands = catalog.table_exists(name)
    if stands and how == "fail":
        raise StoreError(f"{name} is there already in {place.shown}.", "Say ?if_exists=append or ?if_exists=replace.")
    first = next(tables)
    for each in place.names("partition"):
        if each not in schema:
            raise FileError(f"partition={each!r} is no column.", near(each, schema.names))
    try:
        with reaching(place, writing=True):
            table = catalog.load_table(name) if stands else _made(place, catalog, name, first.schema, schema)
            try:
                _sent(place, table, chain([first], tables), how if stands else "append")
            except BaseException:
                if not stands:
                    catalog.purge_table(name)
                raise
    except (CommitFailedException, CommitStateUnknownException, TableAlreadyExistsError, ValidationException) as error:
        raise StoreError(
            f"Another writer committed to {name} of {place.shown} in the meantime.",
            "The table is as that writer left it; look at it, then write again.",
        ) from error


def _made(place: Place, catalog: Any, name: str, kinds: Any, schema: TableSchema) -> Any:
    """A new table without rows."""
    catalog.create_namespace_if_not_exists(name.rpartition(".")[0])
    properties = {KEPT: kept_text(schema), "write.target-file-size-bytes": str(FILE)}
    table = catalog.create_table(name, schema=kinds, properties=properties)
    if place.names("partition"):
        with table.update_spec() as spec:
            for each in place.names("partition"):
                spec.add_identity(each)
    return table


def _sent(place: Place, table: Any, tables: Iterator[Any], how: str) -> None:
    first = next(tables)
    there = table.schema().as_arrow()
    found = changes(there, first.schema)
    evolves = how == "append" and place.options.get("evolve") == "add" and not found.retyped
    if found and not evolves and how == "append":
        raise StoreError(f"The rows do not fit {place.shown}: {found.told()}.", evolving(found))
    if found and how == "replace":
        raise StoreError(
            f"The rows do not fit {place.shown}: {found.told()}.", "Drop the table, or write under another name."
        )
    said = origin()
    with table.transaction() as transaction:
        if found.new:
            with transaction.update_schema() as update:
                update.union_by_name(first.schema.empty_table().select(list(found.new)).schema)
        new = [first.schema.field(each) for each in found.new]
        kinds = arrow().schema([*(arrow().field(each.name, each.type) for each in there), *new])
        rows = (fitted(each, kinds, place.shown) for each in chain([first], tables))
        if how == "replace":
            transaction.delete("true", snapshot_properties=said)
        metadata, files = transaction.table_metadata, _DataFiles(table.io)
        with files:
            for each in _gathered(rows):
                files.add(metadata, each)
            with transaction.update_snapshot(snapshot_properties=said).fast_append() as append:
                for file in files.written:
                    append.append_data_file(file)


@dataclass(frozen=True)
class _DataFiles:
    """Files of rows before their commit, removed when the block fails.

    `Transaction.append` would take a stream as fast as it comes, whether or not its files are written, and rows of a
    partitioned table only in commits of their own; so files are made here, some rows at a time.
    """

    io: Any
    written: list[Any] = field(default_factory=list)
    number: counter[int] = field(default_factory=counter)

    def add(self, metadata: Any, rows: Any) -> None:
        from pyiceberg.io.pyarrow import _dataframe_to_data_files

        self.written.extend(_dataframe_to_data_files(metadata, rows, self.io, counter=self.number))

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for each in self.written if kind else ():
            with suppress(OSError):
                self.io.delete(each.file_path)


def _gathered(tables: Iterator[Any]) -> Iterator[Any]:
    """The same rows in tables of 64 MB, or a little more."""
    waiting: list[Any] = []
    for each in tables:
        waiting.append(each)
        if sum(table.nbytes for table in waiting) >= WAITING:
            yield arrow().concat_tables(waiting)
            waiting = []
    if waiting:
        yield arrow().concat_tables(waiting)
