"""An address as text becomes a source or a sink: the suffix, the scheme, or the folder decides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol, runtime_checkable
from urllib.parse import quote

from trasunto import registry
from trasunto.data.dataset import Dataset
from trasunto.data.schema import Schema
from trasunto.errors import FileError, near

# What may stand before a path and a colon, and say how it is read and written.
SCHEMES = ("messages", "sharegpt", "chatml", "alpaca", "question-answer", "documents", "texts", "emails", "hub")
SUFFIXES = {
    ".csv": "csv", ".txt": "csv", ".data": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl",
    ".ndjson": "jsonl", ".json": "jsonl", ".parquet": "parquet", ".pq": "parquet", ".arrow": "arrow",
    ".feather": "arrow", ".ipc": "arrow", ".xlsx": "xlsx", ".md": "documents", ".markdown": "documents",
    ".html": "documents", ".htm": "documents", ".pdf": "documents", ".docx": "documents", ".eml": "emails",
    ".mbox": "emails",
}  # fmt: skip

# Forms of tables in lakes, before a path and a colon, or before a store (`delta+s3://`), and the connector of each.
LAKES = {"delta": "delta", "iceberg": "iceberg", "parquet": "partitions"}

# The suffixes of files that hold one table each.
TABLES = tuple(suffix for suffix, name in SUFFIXES.items() if name not in ("documents", "emails"))


class Source(Protocol):
    """Where a dataset comes from."""

    def read(self, *, rows: int | None = None, schema: Schema | None = None) -> Dataset: ...


class Sink(Protocol):
    """Where a dataset goes: whole or not at all."""

    def write(self, dataset: Dataset) -> None: ...


@runtime_checkable
class Streamed(Protocol):
    """A source that is read in parts, in constant memory."""

    def batches(self, size: int, *, schema: Schema | None = None) -> Iterator[Dataset]:
        """Datasets of at most `size` rows of the one table, in order; all have one schema."""
        ...


@runtime_checkable
class Streaming(Protocol):
    """A sink that takes one table in parts, in constant memory, whole or not at all."""

    def write_parts(self, parts: Iterable[Dataset]) -> int:
        """How many rows were written."""
        ...


def open_source(address: str | Path) -> Source:
    """The source at a path, a folder, `packaged:NAME`, a path with its form before it (`documents:FOLDER`,
    `chatml:FILE`: see `SCHEMES`), or a URL, whose scheme is the name of a connector. FileError when nothing is there,
    before any reading."""
    text = str(address)
    if own := _of_lake(text) or _of_url(text):
        held: Source = own
        return held
    if text.startswith("packaged:"):
        source: Source = registry.load("connectors", "packaged")(text.partition(":")[2])
        return source
    scheme, path = parted(text)
    if scheme:
        settings: dict[str, Any] = {}
        if scheme in ("documents", "texts") and "?" in path.name and not path.exists():
            bare, _, asked = str(path).partition("?")
            path, settings = Path(bare), _settings(scheme, asked)
        # A data set of the hub may be asked for by its name.
        if scheme != "hub" and not path.exists():
            raise FileError(f"There is no file {str(path)!r}.", _nearby(path))
        return _made(scheme, path, settings)
    if path.is_dir():
        kind = _kind_of_folder(path)
        if kind in LAKES:
            return registry.load("connectors", LAKES[kind])(f"{kind}:{quote(str(path))}")
        return _made(kind, path)
    if not path.exists():
        bare, mark, sheet = text.partition("?sheet=")
        if mark and _connector(Path(bare)) == "xlsx" and Path(bare).exists():
            return _made("xlsx", Path(bare), {"sheet": sheet})
        raise FileError(f"There is no file {text!r}.", _nearby(path))
    return _made(_connector(path), path)


def open_sink(address: str | Path) -> Sink:
    """The sink for a path: the form before it or its suffix decides; neither means a folder of files. A URL is written
    by the connector of its scheme."""
    if own := _of_lake(str(address)) or _of_url(str(address)):
        sink: Sink = own
        return sink
    scheme, path = parted(str(address))
    if scheme:
        return _made(scheme, path)
    name = "folder" if not path.suffixes else _connector(path)
    if name in ("documents", "emails"):
        raise FileError(f"{path.name}: {name} are read, not written.", f"There are: {', '.join(TABLES)}.")
    return _made(name, path)


def url_scheme(text: str) -> str:
    """The scheme of a URL, without the driver after a plus (`postgresql+psycopg://…` is postgresql); "" for a path."""
    scheme, mark, _ = text.partition("://")
    bare = scheme.partition("+")[0]
    return bare.lower() if mark and len(bare) > 1 and bare.replace("-", "").isalnum() else ""


def _of_lake(text: str) -> Any:
    """The connector of a table in a lake, or of a query that DuckDB answers; None for other addresses."""
    form, colon, rest = text.partition(":")
    form = form.lower().partition("+")[0]
    if not colon:
        return None
    if form in LAKES:
        return registry.load("connectors", LAKES[form])(text)
    if form == "duckdb" and "query=" in rest.partition("?")[2]:
        return registry.load("connectors", "query")(text)
    return None


def _of_url(text: str) -> Any:
    """The connector of a scheme; None for what is no URL."""
    scheme = url_scheme(text)
    if not scheme:
        return None
    if scheme not in registry.names("connectors"):
        raise FileError(f"{scheme}:// is no scheme that we read or write.", near(scheme, registry.names("connectors")))
    return registry.load("connectors", scheme)(text)


def parted(text: str) -> tuple[str, Path]:
    """The scheme of an address, "" when it has none, and its path. FileError for a scheme that is not known."""
    scheme, colon, rest = text.partition(":")
    if colon and scheme in SCHEMES:
        return scheme, Path(rest)
    # One letter is a drive, a separator before the colon a folder.
    if colon and len(scheme) > 1 and scheme.replace("-", "").isalnum() and not Path(text).exists():
        raise FileError(f"{text!r} begins with no form we know.", near(scheme, (*SCHEMES, *LAKES, "packaged")))
    return "", Path(text)


def _kind_of_folder(path: Path) -> str:
    """A saved data set of `datasets`, a table of a lake (or a folder of them), documents when it holds nothing else
    that we read, else files of rows."""
    if lake := _lake_at(path):
        return lake
    if (path / "dataset_info.json").exists() or (path / "dataset_dict.json").exists():
        return "hub"
    names = [each.name.lower().removesuffix(".gz") for each in path.iterdir() if each.is_file()]
    found = {SUFFIXES.get(Path(name).suffix, "") for name in names} - {""}
    return next(iter(found)) if len(found) == 1 and found <= {"documents", "emails"} else "folder"


def _lake_at(path: Path) -> str:
    """The form of the lake whose table, or tables, a folder holds; "" when it holds none."""
    inner = [each for each in path.iterdir() if not each.name.startswith((".", "_"))]
    if (path / "catalog.sqlite").exists() or any((path / "metadata").glob("*.metadata.json")):
        return "iceberg"
    if (path / "_delta_log").is_dir() or (inner and all((each / "_delta_log").is_dir() for each in inner)):
        return "delta"
    if any("=" in each.name and each.is_dir() for each in inner):
        return "parquet"
    numbered = [each.suffix in (".parquet", ".pq") and each.name.startswith("part-") for each in inner]
    return "parquet" if numbered and all(numbered) else ""


def _settings(scheme: str, asked: str) -> dict[str, Any]:
    """What stands behind the question mark of `documents:PATH?words=100&skip`."""
    found: dict[str, Any] = {}
    for part in asked.split("&"):
        name, _, value = part.partition("=")
        if name == "skip" and not value:
            found["skip"] = True
        elif name == "words" and scheme == "documents" and value.isdecimal():
            found["words"] = int(value)
        else:
            raise FileError(f"{part!r} is no setting of {scheme}:.", "There are: skip; words=NUMBER for documents.")
    return found


def _made(name: str, path: Path, settings: dict[str, Any] | None = None) -> Any:
    return registry.load("connectors", name)(path, **(settings or {}))


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
