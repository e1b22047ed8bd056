"""A new table, or several, of a lake that workers write at once: files for each part, and one commit at the end.

Until then nobody sees any of it. A file depends on its part alone, also by its name: a part that is written twice,
because the first worker was lost, is there once.
"""

from __future__ import annotations

import contextlib
import json
import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trasunto.connectors.delta import Delta
from trasunto.connectors.lake_address import Place
from trasunto.connectors.lake_types import KEPT, arrow, kept_text, to_arrow
from trasunto.connectors.origin import origin
from trasunto.connectors.partitions import Partitioned
from trasunto.connectors.remote import files, reaching
from trasunto.data.dataset import Dataset, Table
from trasunto.errors import StoreError


@dataclass(frozen=True)
class File:
    """A file that a worker has written. table: its folder, "" for the only one; kinds: the Arrow schema of its rows."""

    table: str
    name: str
    rows: int
    size: int
    kinds: Any


@dataclass(frozen=True)
class Landing:
    """A new table, or a folder of several, at a place that nothing lies at, of the form `parquet` or `delta`."""

    place: Place
    form: str
    mark: str = field(default_factory=lambda: uuid.uuid4().hex[:12])

    @property
    def here(self) -> bool:
        """Whether only this machine can write there."""
        return self.place.store == "file"

    @property
    def staged(self) -> str:
        """Where files are written: a Delta table knows what was committed; a folder of files is made aside."""
        if self.form == "delta":
            return self.place.path
        if self.here:
            path = Path(self.place.path)
            return str(path.parent / f".{path.name}.writing-{self.mark}")
        return f"{self.place.path}/_writing-{self.mark}"

    def write(self, number: int, dataset: Dataset) -> tuple[File, ...]:
        """The rows of part `number`, a file for each table, by whoever has drawn them."""
        several = len(dataset.tables) > 1
        return tuple(
            self._file(name if several else "", number, table)
            for name, table in dataset.tables.items()
            # The first part has every table, so that one without rows is there.
            if len(table) or not number
        )

    def commit(self, found: Iterable[tuple[File, ...]]) -> int:
        """Show all files at once, when they are all there; how many rows. Nothing is left of them when that fails."""
        written: list[File] = []
        with self._undone():
            for each in found:
                written.extend(each)
            with reaching(self.place, writing=True):
                self._committed(written) if self.form == "delta" else self._moved(written)
        return sum(each.rows for each in written)

    def _file(self, table: str, number: int, rows: Table) -> File:
        from pyarrow import parquet

        values = to_arrow(rows)
        kinds = values.schema.with_metadata({KEPT: kept_text(rows.schema)})
        store, folder = files(self.place), f"{self.staged}/{table}".rstrip("/")
        name = f"part-{number:07}-{self.mark}.parquet"
        with reaching(self.place, writing=True):
            store.makedirs(folder, exist_ok=True)
            with store.open(f"{folder}/{name}", "wb") as file:
                parquet.write_table(values.cast(kinds), file, compression="snappy")
            size = int(store.size(f"{folder}/{name}"))
        return File(table, name, len(values), size, kinds)

    def _committed(self, written: list[File]) -> None:
        """A commit for each table; those that were made are gone again when one fails."""
        made: list[Place] = []
        try:
            for table in dict.fromkeys(each.table for each in written):
                there = self.place.child(table) if table else self.place
                _create(there, [each for each in written if each.table == table])
                made.append(there)
        except BaseException:
            for there in made:
                files(there).rm(there.path, recursive=True)
            raise

    def _moved(self, written: list[File]) -> None:
        store = files(self.place)
        if self.here:
            Path(self.staged).rename(self.place.path)
            return
        for each in written:
            path = f"{each.table}/{each.name}".lstrip("/")
            store.mv(f"{self.staged}/{path}", f"{self.place.path}/{path}")

    @contextlib.contextmanager
    def _undone(self) -> Iterator[None]:
        """When the block fails nothing is left of what was written for it."""
        try:
            yield
        except BaseException:
            store = files(self.place)
            with contextlib.suppress(OSError):
                for folder in {self.staged, self.place.path}:
                    mine = [path for path in store.find(folder) if self.mark in path] if store.exists(folder) else []
                    if mine:
                        store.rm(mine)
                    if self.here:
                        _without_empty(Path(folder))
            raise


def _create(place: Place, written: list[File]) -> None:
    """A new Delta table of files that lie in its folder. StoreError when another was faster."""
    import deltalake
    from deltalake.exceptions import DeltaError
    from deltalake.transaction import AddAction, create_table_with_add_actions

    from trasunto.connectors.delta import storage_options

    now = int(time.time() * 1000)
    actions = [
        AddAction(each.name, each.size, {}, now, True, json.dumps({"numRecords": each.rows})) for each in written
    ]
    kinds = written[0].kinds
    # Tables of Delta keep what is said of columns: the first one carries our schema.
    first = kinds.field(0).with_metadata({KEPT: kinds.metadata[KEPT.encode()]})
    try:
        create_table_with_add_actions(
            place.uri,
            deltalake.Schema.from_arrow(arrow().schema([first, *list(kinds)[1:]])),
            actions,
            mode="error",
            storage_options=storage_options(place) or None,
            commit_properties=deltalake.CommitProperties(custom_metadata=origin()),
        )
    except (DeltaError, ValueError) as error:
        text = " ".join(str(error).split())
        raise StoreError(f"{place.shown} was not written: {text[:300]}.", "Nothing is left of it.") from error


def _without_empty(folder: Path) -> None:
    """Remove a folder of this machine, and those in it, where they hold nothing."""
    for path in [*sorted(folder.rglob("*"), reverse=True), folder]:
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def landing_of(sink: Any) -> Landing | None:
    """Where several workers can write what goes to a sink; None for what one writes: all but new tables in folders of
    Parquet files without partitions, or in Delta Lake."""
    if not isinstance(sink, Partitioned | Delta):
        return None
    place = sink.place
    if place.options or place.path.endswith((".parquet", ".pq")):
        return None
    store = files(place)
    with reaching(place):
        if store.exists(place.path):
            return None
    arrow()
    return Landing(place, "delta" if isinstance(sink, Delta) else "parquet")
