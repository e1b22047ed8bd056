"""One table in parts: raw rows as they are stored, and how they become typed rows. All that is bigger than memory."""

from __future__ import annotations

import codecs
import gzip
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast, runtime_checkable

import polars as pl

from trasunto.connectors.delimited import decode, delimiter_of, encoding_of, parse_delimited
from trasunto.data.dataset import Dataset, Table
from trasunto.data.infer import infer
from trasunto.data.schema import Schema, TableSchema
from trasunto.errors import DataError, EmptyDataError, FileError, SchemaError

# What types are found from, where a table is read in parts and no schema is known.
FIRST = 100_000
# Bytes of a text file that are read at a time, and characters that may wait for the end of a quoted value.
BLOCK, WAITING = 8 * 2**20, 64 * 2**20


@dataclass(frozen=True)
class Parts:
    """A table that can be read in parts.

    frames: raw rows, at most so many at a time, all with the same columns; values as they are stored, texts as they
    stand in a file. typed: raw rows as a table, by a schema or by inference. size: bytes on disk, None when not known.
    """

    name: str
    frames: Callable[[int], Iterator[pl.DataFrame]]
    typed: Callable[[pl.DataFrame, TableSchema | None], Table]
    size: int | None = None


@runtime_checkable
class Parted(Protocol):
    """A source of one table that can be read in parts."""

    def parts(self) -> Parts:
        """The table, open for reading. DataError when there are several."""
        ...


def part_of(schema: Schema | None, name: str, tables: int = 1) -> TableSchema | None:
    """What a schema says of a table: by its name, or as the only one beside the only one."""
    if schema is None:
        return None
    if name in schema.tables:
        return schema.tables[name]
    return schema.only if tables == 1 else None


def typed_parts(parts: Parts, size: int, schema: Schema | None) -> Iterator[Dataset]:
    """Datasets of at most `size` rows, all of one schema.

    schema: found from the first 100,000 rows when None; a column may then lack values, whatever those show. DataError
    for a later value that does not fit; EmptyDataError when there are no rows.
    """
    if size < 1:
        raise DataError(f"Parts of {size} rows cannot be read.", "Ask for 1 or more.")
    known = part_of(schema, parts.name)
    waiting = parts.frames(size)
    first: list[pl.DataFrame] = []
    if known is None:
        while sum(frame.height for frame in first) < FIRST and (frame := next(waiting, None)) is not None:
            first.append(frame)
        if not first:
            raise EmptyDataError(f"{parts.name} has no rows.", "Give at least one row.")
        found = parts.typed(pl.concat(first), None).schema
        known = replace(found, columns=tuple(replace(column, nullable=True) for column in found.columns))
    empty = True
    for frame in chain(first, waiting):
        empty = False
        yield Dataset.of(_later(parts, frame, known, said=schema is not None), parts.name)
    if empty:
        raise EmptyDataError(f"{parts.name} has no rows.", "Give at least one row.")


def _later(parts: Parts, frame: pl.DataFrame, schema: TableSchema, said: bool) -> Table:
    try:
        return parts.typed(frame, schema)
    except (DataError, SchemaError) as error:
        if said:
            raise
        raise DataError(
            f"{parts.name}: {error.problem} The types were found from its first {FIRST:,} rows.",
            "Give a schema (`trasunto inspect` writes one) that says what the column holds.",
        ) from error


def delimited_parts(path: Path, name: str, tabs: str | None) -> Parts:
    """A file of delimited text, in blocks of 8 MB that end where a row ends."""

    def frames(size: int) -> Iterator[pl.DataFrame]:
        header = mark = ""
        line = 1
        for text in _texts(path):
            if not header:
                # The first row may hold line breaks in quotes.
                end = _row_end(text)
                header, mark = text[:end], tabs or delimiter_of(text)
                text, line = text[end:], line + text[:end].count("\n")
            if text.strip():
                frame = parse_delimited(header + text, path.name, mark, line=line)
                yield from frame.iter_slices(size)
            line += text.count("\n")

    return Parts(name, frames, lambda frame, schema: infer(frame, schema=schema), _bytes(path))


def lines_parts(path: Path, name: str, parsed: Callable[[str], pl.DataFrame]) -> Parts:
    """A file of JSON lines: a raw row is the text of its line. parsed: from lines to columns."""

    def frames(size: int) -> Iterator[pl.DataFrame]:
        for text in _texts(path, quoted=False):
            lines = [line for line in text.split("\n") if line.strip()]
            if lines:
                yield from pl.DataFrame({"line": lines}, schema={"line": pl.String}).iter_slices(size)

    def typed(frame: pl.DataFrame, schema: TableSchema | None) -> Table:
        found = parsed("\n".join(frame["line"].to_list()))
        if schema is not None:
            # A column that these lines do not have is empty in them.
            lacking = [pl.lit(None, pl.String).alias(name) for name in schema.names if name not in found.columns]
            found = found.with_columns(lacking)
        return infer(found, schema=schema)

    return Parts(name, frames, typed, _bytes(path))


def scanned_parts(path: Path, name: str, scan: Callable[[Path], pl.LazyFrame]) -> Parts:
    """A Parquet or Arrow file, a few row groups at a time. FileError when it is broken."""

    def frames(size: int) -> Iterator[pl.DataFrame]:
        try:
            for frame in scan(path).collect_batches(chunk_size=size, maintain_order=True):
                yield from frame.iter_slices(size)
        except OSError as error:
            raise FileError(f"{path} cannot be read: {error}.", "Check the file and your rights to it.") from error
        except pl.exceptions.PolarsError as error:
            first = str(error).partition("\n")[0]
            raise FileError(
                f"{path.name} is not what its suffix says: {first}.", "Check how it was written."
            ) from error

    return Parts(name, frames, lambda frame, schema: infer(frame, schema=schema), _bytes(path))


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error}.", "Check the file and your rights to it.") from error


def _texts(path: Path, quoted: bool = True) -> Iterator[str]:
    """A text file in blocks that end with a row. quoted: a line break in quotes ends none."""
    try:
        decoder = codecs.getincrementaldecoder(_encoding(path))(errors="strict")
        rest = ""
        with _unpacked(path) as file:
            while block := file.read(BLOCK):
                rest += decode_block(decoder, block, path)
                end = _last_row_end(rest) if quoted and len(rest) < WAITING else rest.rfind("\n") + 1
                if end:
                    yield rest[:end]
                    rest = rest[end:]
        rest += decoder.decode(b"", True)
        if rest:
            yield rest
    except (OSError, EOFError) as error:
        raise FileError(f"{path} cannot be read: {error}.", "Check the file and your rights to it.") from error


def decode_block(decoder: Any, block: bytes, path: Path) -> str:
    """The next bytes of a file as text, without carriage returns. FileError for a NUL character."""
    text = cast(str, decoder.decode(block)).replace("\r\n", "\n")
    if "\0" in text:
        decode(text.encode("utf-8"), path.name)
    return text


def _encoding(path: Path) -> str:
    """The encoding of a file: UTF-8 where all of it is, else what its beginning says."""
    with _unpacked(path) as file:
        head = file.read(BLOCK)
        found = encoding_of(head)
        if found != "utf-8":
            return found
        decoder = codecs.getincrementaldecoder("utf-8")()
        block = head
        try:
            while block:
                decoder.decode(block)
                block = file.read(BLOCK)
            decoder.decode(b"", True)
        except UnicodeDecodeError:
            return encoding_of(block)
    return "utf-8"


def _unpacked(path: Path) -> BinaryIO:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return cast(BinaryIO, gzip.open(path, "rb")) if packed else io.BufferedReader(path.open("rb", buffering=0))


def _row_end(text: str) -> int:
    """Where the first row ends, its line break included."""
    end = text.find("\n") + 1
    while end and text.count('"', 0, end) % 2:
        end = text.find("\n", end) + 1
    return end or len(text)


def _last_row_end(text: str) -> int:
    """Where the last whole row ends: after a line break with an even number of quotes before it; 0 for none."""
    quotes = text.count('"')
    end = len(text)
    while (at := text.rfind("\n", 0, end)) >= 0:
        quotes -= text.count('"', at, end)
        if quotes % 2 == 0:
            return at + 1
        end = at
    return 0
