"""Files and folders in object stores (S3 and what speaks like it, Google Cloud Storage, Azure), through fsspec.

Keys come from the environment, a profile or the role of the machine, as the store's own library reads them
(AWS_ACCESS_KEY_ID, AWS_PROFILE, AWS_ENDPOINT_URL for another server; GOOGLE_APPLICATION_CREDENTIALS;
AZURE_STORAGE_ACCOUNT_NAME and _KEY). What does not answer is given up: at once when it
refuses, else after `ANSWER` seconds and a few tries.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl

from trasunto import registry
from trasunto.connectors.address import SUFFIXES, open_sink, open_source
from trasunto.connectors.files import suffix_of
from trasunto.connectors.lake_address import Place, place_of
from trasunto.connectors.parts import Parted, Parts, typed_parts
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Schema
from trasunto.errors import FileError, MissingLibraryError, StoreError, TrasuntoError

# Seconds to wait for a connection and for an answer, and how often what fails is tried again.
PATIENCE, ANSWER, TRIES = 5, 20, 1
# Bytes that are sent as one piece of a large file.
PIECE = 16 * 2**20
_PACKAGES = {"s3": "s3fs", "gs": "gcsfs", "az": "adlfs"}


@dataclass(frozen=True)
class Remote:
    """`s3://bucket/path`, `gs://…`, `az://…`: a file by its suffix; else a table of a lake, a partitioned data set, or
    a folder of tables, by what lies there. Settings behind the question mark are those of what it is."""

    address: str

    def read(self, *, rows: int | None = None, schema: Schema | None = None) -> Dataset:
        source: Any = self._source()
        if isinstance(source, Path):
            with self._fetched(source) as path:
                return open_source(path).read(rows=rows, schema=schema)
        found: Dataset = source.read(rows=rows, schema=schema)
        return found

    def parts(self) -> Parts:
        """The one table, open for reading in parts; a file that is no Parquet file is fetched to the disk first."""
        source: Any = self._source()
        if not isinstance(source, Path):
            lake: Parts = source.parts()
            return lake
        opened: list[Parts] = []

        def frames(size: int) -> Iterator[pl.DataFrame]:
            with self._fetched(source) as path:
                held = open_source(path)
                opened[:] = [held.parts() if isinstance(held, Parted) else _whole(held.read())]
                yield from opened[0].frames(size)

        place = place_of(self.address)
        with reaching(place):
            size = int(files(place).size(place.path))
        return Parts(place.name, frames, lambda frame, schema: opened[0].typed(frame, schema), size)

    def batches(self, size: int, *, schema: Schema | None = None) -> Iterator[Dataset]:
        """Parts of a table, in constant memory."""
        yield from typed_parts(self.parts(), size, schema)

    def write(self, dataset: Dataset) -> None:
        sink: Any = self._sink()
        if not isinstance(sink, Path):
            sink.write(dataset)
            return
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / sink.name
            open_sink(path).write(dataset)
            self._sent(path)

    def write_parts(self, parts: Iterable[Dataset]) -> int:
        """Parquet goes out while it is made; other files are made on the disk and sent when they are whole."""
        from trasunto.connectors.stream import write_parts

        sink: Any = self._sink()
        if not isinstance(sink, Path):
            return int(sink.write_parts(parts))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / sink.name
            count = write_parts(path, parts)
            self._sent(path)
        return count

    def _source(self) -> Any:
        """The connector of what lies there; a path with the name of the file where it has none."""
        place = place_of(self.address)
        suffix = suffix_of(Path(place.path))
        if suffix and SUFFIXES.get(suffix) != "parquet":
            place.only(())
            return Path(place.path)
        return registry.load("connectors", form_of(place))(self.address)

    def _sink(self) -> Any:
        place = place_of(self.address)
        suffix = suffix_of(Path(place.path))
        if suffix and SUFFIXES.get(suffix) != "parquet":
            place.only(())
            return Path(place.path)
        return registry.load("connectors", "partitions")(self.address)

    @contextmanager
    def _fetched(self, named: Path) -> Iterator[Path]:
        place = place_of(self.address)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / named.name
            with reaching(place), files(place).open(place.path, "rb") as there, path.open("wb") as here:
                shutil.copyfileobj(there, here, PIECE)
            yield path

    def _sent(self, path: Path) -> None:
        place = place_of(self.address)
        with path.open("rb") as here, sending(place) as there:
            shutil.copyfileobj(here, there, PIECE)


def _whole(dataset: Dataset) -> Parts:
    """What is not read in parts, as one."""
    return Parts(
        dataset.name, lambda size: dataset.rows.iter_slices(size), lambda frame, _: Table(dataset.only.schema, frame)
    )


def form_of(place: Place) -> str:
    """The connector of a place in a store, by what lies there. FileError when nothing does."""
    store = files(place)
    with reaching(place):
        if suffix_of(Path(place.path)) in (".parquet", ".pq"):
            return "partitions"
        found = {each.rstrip("/").rpartition("/")[2] for each in store.ls(place.path, detail=False)}
    if "_delta_log" in found:
        return "delta"
    if not found:
        raise FileError(f"Nothing lies at {place.shown}.", "Check bucket and path.")
    return "partitions"


def files(place: Place) -> Any:
    """The file system of a store, as fsspec has it. MissingLibraryError when its library is not installed."""
    try:
        import fsspec
    except ImportError as error:
        raise registry.missing(error, f"{place.store}:// addresses") from error
    if place.store == "file":
        return fsspec.filesystem("file")
    try:
        with reaching(place):
            return _connected(place.store, hash(frozenset(os.environ.items())), PATIENCE, ANSWER)
    except ImportError as error:
        package = _PACKAGES[place.store]
        raise MissingLibraryError(
            f"{place.store}:// addresses need the library {package!r}, which is not installed.",
            'Install it: pip install "trasunto[lake]"' if package == "s3fs" else f"Install it: pip install {package}",
        ) from error


@lru_cache(maxsize=8)
def _connected(store: str, environment: int, patience: float, answer: float) -> Any:
    """One file system for all that is asked of a store while the environment (its hash), with its keys, is the same."""
    import fsspec

    settings: dict[str, Any] = {"use_listings_cache": False, "skip_instance_cache": True}
    if store == "s3":
        waits = {"connect_timeout": patience, "read_timeout": answer, "retries": {"max_attempts": TRIES}}
        settings |= {"config_kwargs": waits, "default_block_size": PIECE}
    if store == "gs" and os.environ.get("STORAGE_EMULATOR_HOST"):
        # A server that stands in for the real one knows nobody's account.
        settings["token"] = "anon"
    held = fsspec.filesystem(store, **settings)
    if store == "s3":
        # Beside the tries of its own library: else a server that is silent holds us up for minutes.
        held.retries = TRIES + 1
    return held


@contextmanager
def reaching(place: Place, writing: bool = False) -> Iterator[None]:
    """What goes wrong inside, in talking to a store, as FileError (StoreError when writing) that says what to do."""
    kind = StoreError if writing else FileError
    try:
        yield
    except TrasuntoError:
        raise
    except _faults() as error:
        problem, move = said(place, error)
        raise kind(problem, move) from error


_RAISED = (
    ("pyarrow.lib", "ArrowException"), ("botocore.exceptions", "BotoCoreError"), ("botocore.exceptions", "ClientError"),
    ("google.auth.exceptions", "GoogleAuthError"), ("azure.core.exceptions", "AzureError"),
    ("gcsfs.retry", "HttpError"), ("aiohttp", "ClientError"),
)  # fmt: skip


def _faults() -> tuple[type[Exception], ...]:
    """What the libraries of stores raise."""
    found: list[type[Exception]] = [OSError]
    for module, name in _RAISED:
        if module in sys.modules:
            found.append(getattr(sys.modules[module], name))
    return tuple(found)


_ENVIRONMENT = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or the role of the machine",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS, or the account of the machine",
    "az": "AZURE_STORAGE_ACCOUNT_NAME with _KEY or _SAS_TOKEN, or the identity of the machine",
    "file": "the rights of your user",
}
_ENDPOINT = {"s3": "AWS_ENDPOINT_URL", "gs": "STORAGE_EMULATOR_HOST", "az": "AZURE_STORAGE_CONNECTION_STRING"}


def said(place: Place, error: Exception) -> tuple[str, str]:
    """What is wrong, and what to do, of an error of a store's library: they say it in words of their own."""
    text = " ".join(re.sub(r"\x1b\[\d*m|↳", "", str(error)).split())
    told = f"{type(error).__name__} {text}".lower()
    keys = _ENVIRONMENT[place.store]
    if "no space left" in told or "file too large" in told:
        return f"Cannot write {place.shown}: the disk is full.", "Free space or pick another place."
    # The name of a file may hold such digits, too: in a store, the answer stands first.
    status = re.search(r"(?<![\w/-])(401|403|404)(?![\w-])", told) if place.store != "file" else None
    if any(word in told for word in ("nosuchbucket", "bucket does not exist", "containernotfound")):
        return f"There is no bucket {place.path.partition('/')[0]!r} for {place.shown}.", "Check its name."
    if any(word in told for word in ("nocredentials", "unable to locate credentials", "no credentials", "anonymous")):
        return f"{place.shown} needs credentials, and there are none.", f"Set {keys}."
    if any(word in told for word in ("accessdenied", "permissionerror", "forbidden", "invalidaccesskey",
                                     "signaturedoesnotmatch", "unauthorized", "access key id", "authentication",
                                     "access denied")) or (status and status[1] in ("401", "403")):  # fmt: skip
        return f"{place.shown} is closed to us: the key is wrong, or has no right to it.", f"Check {keys}."
    if (
        isinstance(error, FileNotFoundError)
        or "nosuchkey" in told
        or "not found" in told
        or (status and status[1] == "404")
    ):
        return f"Nothing lies at {place.shown}.", "Check bucket and path."
    if place.store != "file" and any(word in told for word in ("connect", "timeout", "timed out", "endpoint", "dns")):
        where = os.environ.get(_ENDPOINT[place.store], "its usual server")
        return (
            f"The store of {place.shown} does not answer at {_bare(where)}.",
            f"Check the network and {_ENDPOINT[place.store]}.",
        )
    return f"{place.shown}: {text[:300]}.", "Check the place and your rights to it."


def _bare(url: str) -> str:
    """A URL without what may be secret in it."""
    head = url.partition("?")[0].partition(";")[0]
    scheme, mark, rest = head.rpartition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}"


@contextmanager
def sending(place: Place) -> Iterator[Any]:
    """A file in a store, open for bytes, that appears when the block ends well and not at all when it does not."""
    store = files(place)
    with reaching(place, writing=True):
        there = store.open(place.path, "wb", block_size=PIECE)
    try:
        with reaching(place, writing=True):
            yield there
            there.close()
    except BaseException:
        # What was sent in pieces is thrown away, and the file is marked as closed: closing would complete it.
        with reaching(place, writing=True):
            there.discard()
        there.closed = True
        raise
