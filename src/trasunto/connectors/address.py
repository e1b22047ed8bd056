"""An address as text becomes a source or a sink: the suffix, the scheme, or the folder decides."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from trasunto import registry
from trasunto.data.dataset import Dataset
from trasunto.data.schema import Schema
from trasunto.errors import FileError, near

SUFFIXES = {
    ".csv": "csv", ".txt": "csv", ".data": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl",
    ".ndjson": "jsonl", ".json": "jsonl", ".parquet": "parquet", ".pq": "parquet", ".arrow": "arrow",
    ".feather": "arrow", ".ipc": "arrow", ".xlsx": "xlsx",
}  # fmt: skip


class Source(Protocol):
    """Where a dataset comes from."""

    def read(self, *, rows: int | None = None, schema: Schema | None = None) -> Dataset: ...


class Sink(Protocol):
    """Where a dataset goes: whole or not at all."""

    def write(self, dataset: Dataset) -> None: ...


def open_source(address: str | Path) -> Source:
    """The source at a path, a folder, or `packaged:NAME`. FileError when nothing is there, before any reading."""
    text = str(address)
    if text.startswith("packaged:"):
        source: Source = registry.load("connectors", "packaged")(text.partition(":")[2])
        return source
    path = Path(text)
    if path.is_dir():
        return _made("folder", path)
    if not path.exists():
        raise FileError(f"There is no file {text!r}.", _nearby(path))
    return _made(_connector(path), path)


def open_sink(address: str | Path) -> Sink:
    """The sink for a path: its suffix decides; no suffix means a folder of files."""
    path = Path(str(address))
    return _made("folder" if not path.suffixes else _connector(path), path)


def _made(name: str, path: Path) -> Any:
    return registry.load("connectors", name)(path)


def _connector(path: Path) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    suffix = suffixes[-1] if suffixes else ""
    if suffix not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        raise FileError(f"{path.name!r} has no format we know by its suffix {suffix!r}.", f"There are: {known}.")
    return SUFFIXES[suffix]


def _nearby(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f"The folder {str(folder)!r} does not exist either."
    names = [each.name for each in folder.iterdir() if not each.name.startswith(".")][:200]
    return near(path.name, names) if names else "The folder is empty."
