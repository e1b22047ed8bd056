"""Documents as rows: text, Markdown, HTML, PDF and Word files, or a folder of them.

`documents:PATH` gives parts of about 200 words, cut at headings and paragraphs; `texts:PATH` a row a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from trasunto.connectors.delimited import decode
from trasunto.connectors.document_files import READERS, Block
from trasunto.connectors.files import content_of
from trasunto.data.dataset import Dataset
from trasunto.data.infer import infer
from trasunto.data.schema import Column, Schema, TableSchema
from trasunto.errors import DataError, EmptyDataError, FileError
from trasunto.writing import aside

_SENTENCE = re.compile(r"(?<=[.!?…])\s+")


@dataclass(frozen=True)
class Documents:
    """Files as parts: `document` (its path), `part` (from 1), `heading` (those it stands under) and `text`.

    words: how long a part is at most, unless one sentence is longer; 20 or more. skip: leave out files that cannot
    be read, instead of refusing them all (`read_documents` says which).
    """

    path: Path
    words: int = 200
    skip: bool = False

    def __post_init__(self) -> None:
        if self.words < 20:
            raise DataError(f"A part of {self.words} words is too short; 20 or more.", "Try 200.")

    def read(self, *, rows: int | None = None, schema: Schema | None = None) -> Dataset:
        found, faults = read_documents(self.path)
        _refuse(found, faults, self.path, self.skip)
        lines = [
            (name, number, heading or None, text)
            for name, blocks in found.items()
            for number, (heading, text) in enumerate(parts(blocks, self.words), start=1)
        ]
        columns = (
            Column("document", "category", False, reason="The file it stands in."),
            Column("part", "integer", False, reason="The place in its document."),
            Column("heading", "category", True, reason="The headings it stands under."),
            Column("text", "text", False, reason="A part of a document."),
        )
        frame = pl.DataFrame(
            lines,
            schema={"document": pl.String, "part": pl.Int64, "heading": pl.String, "text": pl.String},
            orient="row",
        )
        return _dataset(frame, TableSchema(columns, sequence=("document", "part")), self.path, rows, schema)

    def write(self, dataset: Dataset) -> None:
        _write(self.path, dataset)


@dataclass(frozen=True)
class Texts:
    """Files as whole texts, a row each: `document` (its path) and `text`."""

    path: Path
    skip: bool = False

    def read(self, *, rows: int | None = None, schema: Schema | None = None) -> Dataset:
        found, faults = read_documents(self.path)
        _refuse(found, faults, self.path, self.skip)
        texts = ["\n\n".join(f"{'#' * b.level} {b.text}" if b.level else b.text for b in bs) for bs in found.values()]
        columns = (
            Column("document", "id", False, "identifier", reason="The file."),
            Column("text", "text", False, reason="The text of a document."),
        )
        frame = pl.DataFrame({"document": list(found), "text": texts})
        return _dataset(frame, TableSchema(columns, primary_key=("document",)), self.path, rows, schema)

    def write(self, dataset: Dataset) -> None:
        _write(self.path, dataset)


def read_documents(path: Path) -> tuple[dict[str, list[Block]], dict[str, str]]:
    """Blocks by document, and what is wrong with those that cannot be read.

    path: a file, or a folder that is searched with all its folders; what no reader knows is left alone. Names are
    paths within the folder. A document without any text (a scanned PDF, an empty file) is one of the faults.
    """
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.suffix.lower() in READERS)
    files = [file for file in files if not any(part.startswith(".") for part in file.relative_to(path).parts)]
    if not files:
        raise FileError(f"The folder {path} holds no documents.", f"Suffixes read: {', '.join(READERS)}.")
    found: dict[str, list[Block]] = {}
    faults: dict[str, str] = {}
    for file in files:
        name = file.name if path.is_file() else file.relative_to(path).as_posix()
        try:
            blocks = _blocks(file)
        except FileError as error:
            faults[name] = str(error)
            continue
        if blocks:
            found[name] = blocks
        else:
            scanned = " Its pages may be images." if file.suffix.lower() == ".pdf" else ""
            faults[name] = f"{file.name} holds no text.{scanned}"
    return found, faults


def parts(blocks: list[Block], words: int) -> Iterator[tuple[str, str]]:
    """(heading, text) of parts of at most `words` words, each under one heading; long paragraphs are cut at sentences.

    heading: the headings above, outermost first, joined by " > "; "" before the first.
    """
    above: dict[int, str] = {}
    held: list[str] = []
    count = 0
    heading = ""
    for block in blocks:
        if block.level:
            if held:
                yield heading, "\n\n".join(held)
            held, count = [], 0
            above = {level: text for level, text in above.items() if level < block.level} | {block.level: block.text}
            heading = " > ".join(above[level] for level in sorted(above))
            continue
        for piece in _pieces(block.text, words):
            length = len(piece.split())
            if held and count + length > words:
                yield heading, "\n\n".join(held)
                held, count = [], 0
            held.append(piece)
            count += length
    if held:
        yield heading, "\n\n".join(held)


def _pieces(text: str, words: int) -> Iterator[str]:
    """A paragraph, or runs of its sentences that are short enough."""
    if len(text.split()) <= words:
        yield text
        return
    held: list[str] = []
    count = 0
    for sentence in _SENTENCE.split(text):
        length = len(sentence.split())
        if held and count + length > words:
            yield " ".join(held)
            held, count = [], 0
        held.append(sentence)
        count += length
    yield " ".join(held)


def _blocks(file: Path) -> list[Block]:
    suffix = file.suffix.lower()
    if suffix not in READERS:
        raise FileError(f"{file.name} is no document we read.", f"There are: {', '.join(READERS)}.")
    content = content_of(file)
    reader = READERS[suffix]
    blocks = (
        reader(content, file.name) if suffix in (".pdf", ".docx") else reader(decode(content, file.name), file.name)
    )
    return [block for block in blocks if block.text.strip()]


def _refuse(found: dict[str, list[Block]], faults: dict[str, str], path: Path, skip: bool) -> None:
    if faults and (not skip or not found):
        shown = " ".join(list(faults.values())[:3])
        more = f" And {len(faults) - 3} more." if len(faults) > 3 else ""
        kind = FileError if found or len(faults) > 1 or "no text" not in shown else EmptyDataError
        whole = len(faults) + len(found)
        said = f"{len(faults)} of {whole} documents in {path} cannot be read: {shown}{more}" if whole > 1 else shown
        raise kind(said, "Mend them or move them out.")


def _write(path: Path, dataset: Dataset) -> None:
    """A folder with a text file a row; named by `document` where it names each row once, else by number."""
    table = dataset.only
    texts = [column.name for column in table.schema.of_kind("text")]
    if len(texts) != 1:
        raise DataError(f"Documents are written from one text column; there are {len(texts)}.", "Drop the others.")
    width = len(str(len(table)))
    named = table.rows["document"].to_list() if "document" in table.schema else []
    stems = [re.sub(r"[^\w.-]+", "_", str(each)).rpartition(".")[0] or str(each) for each in named]
    distinct = len(set(stems)) == len(table) and all(stems)
    with aside(path, folder=True) as folder:
        for number, text in enumerate(table.rows[texts[0]].to_list(), start=1):
            stem = stems[number - 1] if distinct else f"{number:0{width}d}"
            (folder / f"{stem}.txt").write_text((text or "") + "\n", encoding="utf-8")


def _dataset(frame: pl.DataFrame, found: TableSchema, path: Path, rows: int | None, schema: Schema | None) -> Dataset:
    """Rows under the schema that is known, or the one that the files have."""
    name = path.name.partition(".")[0] or "data"
    known = (schema.tables.get(name) or schema.only) if schema else found
    return Dataset.of(infer(frame if rows is None else frame.head(rows), schema=known), name)
