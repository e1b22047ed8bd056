"""Delta Lake tables: `delta:folder`, `delta+s3://bucket/table`; every write is one atomic commit.

`?version=3` or `?timestamp=2026-01-31T12:00` reads the table as it was. A commit says that its rows are synthetic and
what made them. A lost race for a commit is tried again when rows are appended, where that is safe; when the table is
replaced it is an error, and the table is as the other left it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from trasunto import registry
from trasunto.connectors.lake import Opened, only, read_tables, scan_of
from trasunto.connectors.lake_address import IF_EXISTS, READING, WRITING, Place, place_of
from trasunto.connectors.lake_types import KEPT, arrow, changes, fitted, kept_schema, kept_text, to_arrow
from trasunto.connectors.origin import origin
from trasunto.connectors.partitions import evolving
from trasunto.connectors.parts import Parts, typed_parts
from trasunto.connectors.remote import ANSWER, PATIENCE, TRIES, files, reaching, said
from trasunto.data.dataset import Dataset
from trasunto.data.schema import Schema, TableSchema
from trasunto.errors import FileError, StoreError, TrasuntoError, near

_LOG = "_delta_log"


@dataclass(frozen=True)
class Delta:
    """A Delta table, or a folder of several, whose keys are kept."""

    address: str

    @property
    def place(self) -> Place:
        return place_of(self.address).only({*READING, *WRITING, "version", "timestamp"})

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
        """By table: which version is read, and what has changed since, where it is not the last."""
        return {name: dict(opened.facts) for name, opened in self.tables().items()}

    def tables(self) -> dict[str, Opened]:
        """The tables that lie here, open for reading."""
        place = self.place
        place.number("version")
        names = _tables_in(place)
        return {name or place.name: _opened(place.child(name) if name else place) for name in names}

    def write(self, dataset: Dataset) -> None:
        """Several tables go to a folder each; where one fails, those before it are put back."""
        place = self.place
        if len(dataset.tables) == 1:
            _committed(place, iter([to_arrow(dataset.only)]), dataset.only.schema)
            return
        done: list[tuple[Place, int | None]] = []
        try:
            for name, table in dataset.tables.items():
                there = place.child(name)
                version = _version(there)
                _committed(there, iter([to_arrow(table)]), table.schema)
                done.append((there, version))
        except BaseException:
            for there, version in done:
                _put_back(there, version)
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

        _committed(self.place, arrows(), first.only.schema)
        return count[0]


def _library() -> Any:
    try:
        import deltalake
    except ImportError as error:
        raise registry.missing(error, "Delta Lake") from error
    return deltalake


def storage_options(place: Place) -> dict[str, str]:
    """What the library must be told: limits of time; and http where the environment names such a server."""
    if place.store == "file":
        return {}
    plain = os.environ.get("AWS_ENDPOINT_URL_S3", os.environ.get("AWS_ENDPOINT_URL", "")).startswith("http://")
    waits = {"connect_timeout": f"{PATIENCE}s", "timeout": f"{ANSWER}s", "max_retries": str(TRIES)}
    azure = _connection() if place.store == "az" else {}
    return {**waits, "retry_timeout": f"{ANSWER}s", **({"allow_http": "true"} if plain else {}), **azure}


def _connection() -> dict[str, str]:
    """What AZURE_STORAGE_CONNECTION_STRING says, which the library does not read."""
    pairs = (each.partition("=") for each in os.environ.get("AZURE_STORAGE_CONNECTION_STRING", "").split(";"))
    found = {name: value for name, _, value in pairs}
    names = {"AccountName": "account_name", "AccountKey": "account_key", "BlobEndpoint": "endpoint"}
    told = {f"azure_storage_{key}": found[name] for name, key in names.items() if found.get(name)}
    plain = told.get("azure_storage_endpoint", "").startswith("http://")
    return {**told, **({"allow_http": "true"} if plain else {})}


def _tables_in(place: Place) -> list[str]:
    """[""] for a table, else the names of the tables in a folder. FileError when there are none."""
    store = files(place)
    with reaching(place):
        if store.exists(f"{place.path}/{_LOG}"):
            return [""]
        found = store.ls(place.path, detail=False) if store.exists(place.path) else []
        names = sorted(str(each).rstrip("/").rpartition("/")[2] for each in found)
        tables = [name for name in names if store.exists(f"{place.path}/{name}/{_LOG}")]
    if not tables:
        hint = near(place.name, names) if names else "Check the path."
        raise FileError(f"No Delta table lies at {place.shown}.", hint)
    return tables


def _at(place: Place, version: int | str | None = None) -> Any:
    """The table at a version (None: the last). FileError when it is not there, or not any more."""
    from deltalake.exceptions import DeltaError, TableNotFoundError

    library = _library()
    with reaching(place):
        try:
            table = library.DeltaTable(place.uri, storage_options=storage_options(place) or None)
            if version is not None:
                last = table.version()
                if isinstance(version, int) and version > last:
                    raise FileError(f"{place.shown} has no version {version}.", f"Ask for 0 to {last}.")
                table.load_as_version(version)
                _check_moment(place, table, version)
        except TableNotFoundError as error:
            raise FileError(f"No Delta table lies at {place.shown}.", "Check the path.") from error
        except (DeltaError, ValueError) as error:
            text = " ".join(str(error).split())
            raise FileError(f"{place.shown} cannot be read as asked: {text[:300]}.", "Is its log whole?") from error
    return table


def _has_version(place: Place, version: int) -> bool:
    return bool(files(place).exists(f"{place.path}/{_LOG}/{version:020}.json"))


def _check_moment(place: Place, table: Any, asked: int | str) -> None:
    """FileError for a moment before the first version: the library gives the first one."""
    if isinstance(asked, str) and table.version() == 0:
        from datetime import datetime

        first = table.history()[-1].get("timestamp", 0)
        if datetime.fromisoformat(asked).timestamp() * 1000 < first:
            raise FileError(f"{place.shown} had no version at {asked}.", "Ask for a later moment.")


def _version(place: Place) -> int | None:
    """The last version of a table; None where there is none."""
    store = files(place)
    with reaching(place):
        there = store.exists(f"{place.path}/{_LOG}")
    return int(_at(place).version()) if there else None


def _opened(place: Place) -> Opened:
    asked: int | str | None = place.number("version")
    if "timestamp" in place.options:
        if asked is not None:
            raise FileError(f"{place.shown} is asked for a version and a timestamp.", "Ask for one of them.")
        asked = _moment(place.options["timestamp"])
    table = _at(place, asked)
    held = _dataset(place, table)
    kept = _kept(table)

    added = arrow().table(table.get_add_actions(flatten=True)).to_pydict()
    counts = added.get("num_records") or []
    rows = sum(counts) if counts and None not in counts else None
    facts: dict[str, Any] = {"version": table.version(), "rows": rows}
    if asked is not None:
        facts |= _since(place, table, held.schema)
    size = sum(added.get("size_bytes") or [0])
    return Opened(place, held.schema, scan_of(held, place), kept, rows, size, facts, held)


def _moment(text: str) -> str:
    from datetime import UTC, datetime

    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise FileError(f"timestamp={text!r} is no moment.", "Write it as 2026-01-31T12:00, in UTC.") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


def _dataset(place: Place, table: Any) -> Any:
    from deltalake.exceptions import DeltaError

    try:
        return table.to_pyarrow_dataset()
    except (DeltaError, ValueError) as error:
        raise FileError(
            f"{place.shown} uses a feature of Delta Lake that is not read here: {' '.join(str(error).split())[:200]}.",
            "Rewrite the table without it (deletion vectors, column mapping), or export it as Parquet.",
        ) from error


def _kept(table: Any) -> TableSchema | None:
    """The schema of ours: it lies with the first column that has one."""
    for each in table.schema().fields:
        if KEPT in (each.metadata or {}):
            return kept_schema(each.metadata[KEPT])
    return None


def _since(place: Place, table: Any, schema: Any) -> dict[str, Any]:
    """What was done to a table after the version that is read."""
    now = _at(place)
    steps = now.version() - table.version()
    held = _dataset(place, now)
    added = arrow().table(now.get_add_actions(flatten=True)).to_pydict().get("num_records") or []
    found = changes(schema, held.schema)
    done = [each.get("operation", "") for each in now.history(steps)] if steps else []
    return {
        "last_version": now.version(),
        "last_rows": sum(added) if None not in added else None,
        "since": {
            "commits": list(reversed(done)),
            "columns": found.told(),
        },
    }


def _committed(place: Place, tables: Iterator[Any], schema: TableSchema) -> None:
    """Write rows as one commit. StoreError when the table is there, rows do not fit it, or another was faster."""
    from deltalake.exceptions import CommitFailedError, DeltaError

    library = _library()
    how = place.one_of("if_exists", IF_EXISTS)
    partition = list(place.names("partition"))
    for name in partition:
        if name not in schema:
            raise FileError(f"partition={name!r} is no column.", near(name, schema.names))
    standing = _version(place)
    if standing is not None and how == "fail":
        raise StoreError(f"{place.shown} is there already.", "Say ?if_exists=append or ?if_exists=replace.")
    if standing is None and _holds_files(place):
        raise StoreError(f"{place.shown} holds other files, and no Delta table.", "Name a new or an empty folder.")
    table = _at(place) if standing is not None else None
    first = next(tables)
    kinds, mode = _fitting(place, table, first.schema, how)
    failed: list[BaseException] = []

    def batches() -> Iterator[Any]:
        try:
            for each in chain([first], tables):
                yield from fitted(each, kinds, place.shown).to_batches()
            # The library would take away the rows of another that it has not seen.
            if how == "replace" and standing is not None and _has_version(place, standing + 1):
                raise _lost(place)
        except BaseException as error:
            # The library would tell only its text.
            failed.append(error)
            raise

    described = _described(kinds, schema) if table is None or how == "replace" else kinds
    stream = arrow().RecordBatchReader.from_batches(described, (b.cast(described) for b in batches()))
    told = origin()
    with reaching(place, writing=True):
        try:
            library.write_deltalake(
                table if table is not None else place.uri,
                stream,
                partition_by=partition or (table.metadata().partition_columns if table is not None else None) or None,
                mode="error" if table is None else ("append" if how == "append" else "overwrite"),
                schema_mode=mode,
                storage_options=(storage_options(place) or None) if table is None else None,
                commit_properties=library.CommitProperties(custom_metadata=told),
            )
        except CommitFailedError as error:
            raise _lost(place) from error
        except (DeltaError, OSError, ValueError, arrow().ArrowException) as error:
            if "already exists" in str(error):
                raise _lost(place) from error
            if standing is None and _version(place) is None:
                _put_back(place, None)
            if failed:
                raise failed[0] from None
            raise StoreError(*said(place, error)) from error


def _holds_files(place: Place) -> bool:
    store = files(place)
    with reaching(place):
        return bool(store.exists(place.path) and store.ls(place.path, detail=False))


def _lost(place: Place) -> TrasuntoError:
    return StoreError(
        f"Another writer committed to {place.shown} in the meantime.",
        "The table is as that writer left it; look at it, then write again.",
    )


def _fitting(place: Place, table: Any, rows: Any, how: str) -> tuple[Any, Any]:
    """The Arrow schema to write with, and how the table's own takes it."""
    if table is None:
        return rows, None
    if how == "replace":
        return rows, "overwrite"
    there = _dataset(place, table).schema
    found = changes(there, rows)
    if not found:
        return arrow().schema([arrow().field(each.name, each.type) for each in there]), None
    if found.retyped or place.options.get("evolve") != "add":
        raise StoreError(f"The rows do not fit {place.shown}: {found.told()}.", evolving(found))
    new = [rows.field(name) for name in found.new]
    return arrow().schema([*(arrow().field(each.name, each.type) for each in there), *new]), "merge"


def _described(kinds: Any, schema: TableSchema) -> Any:
    """The Arrow schema whose first column carries ours: tables of Delta keep what is said of columns."""
    first = kinds.field(0).with_metadata({KEPT: kept_text(schema)})
    return arrow().schema([first, *list(kinds)[1:]])


def _put_back(place: Place, version: int | None) -> None:
    """A table as it was at a version; gone where it was not there (None)."""
    store = files(place)
    with reaching(place, writing=True):
        if version is not None:
            table = _at(place)
            if table.version() != version:
                table.restore(version)
        elif store.exists(place.path):
            store.rm(place.path, recursive=True)
