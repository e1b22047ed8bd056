"""One reader a format: the bytes or the text of a document as headings and paragraphs, in order."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from trasunto import registry
from trasunto.errors import FileError


@dataclass(frozen=True)
class Block:
    """A paragraph (level 0) or a heading of that level (1 is the highest)."""

    text: str
    level: int = 0


def plain(text: str, name: str) -> list[Block]:
    """Paragraphs between blank lines; line breaks within one are blanks."""
    return [Block(" ".join(part.split())) for part in re.split(r"\n\s*\n", text.replace("\r\n", "\n"))]


def markdown(text: str, name: str) -> list[Block]:
    """Headings (# and underlined) and paragraphs; marks of emphasis, quotes, links and front matter are taken off.
    Code, lists and tables keep their lines."""
    blocks: list[Block] = []
    held: list[str] = []
    fenced = False
    body = re.sub(r"\A---\n.*?\n---\n", "", text.replace("\r\n", "\n"), flags=re.S)

    def close() -> None:
        if held:
            listed = any(re.match(r"\s*([-*+]|\d+[.)]|\|)\s?", line) for line in held)
            blocks.append(Block(("\n" if listed else " ").join(_unmarked(line.strip()) for line in held)))
            held.clear()

    for raw in body.split("\n"):
        line = raw if fenced else re.sub(r"^(?:> ?)+", "", raw)
        if line.lstrip().startswith(("```", "~~~")):
            if fenced:
                blocks.append(Block("\n".join(held)))
                held.clear()
            else:
                close()
            fenced = not fenced
        elif fenced:
            held.append(line)
        elif heading := re.match(r" {0,3}(#{1,6})[ \t](.*)", line):
            close()
            blocks.append(Block(_unmarked(heading.group(2).strip().rstrip("#").strip()), len(heading.group(1))))
        elif held and len(held) == 1 and re.match(r"(=+|-{2,})\s*$", line):
            blocks.append(Block(_unmarked(held.pop()), 1 if line[0] == "=" else 2))
        elif not line.strip():
            close()
        else:
            held.append(line)
    close()
    return blocks


def hypertext(text: str, name: str) -> list[Block]:
    """Headings h1 to h6 and the text between other tags of blocks; scripts, styles and navigation left out."""
    reader = _Html()
    reader.feed(text)
    reader.close()
    reader.end()
    return reader.blocks


def pdf(content: bytes, name: str) -> list[Block]:
    """Paragraphs of every page. FileError for one that is broken or needs a password."""
    try:
        from pypdf import PdfReader
        from pypdf.errors import PyPdfError
    except ImportError as error:
        raise registry.missing(error, "reading PDF") from error
    # It reports each mended fault of a file on its own logger.
    logger = logging.getLogger("pypdf")
    silent, logger.disabled = logger.disabled, True
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise FileError(f"{name} is encrypted.", "Save it without a password.")
        pages = [page.extract_text() or "" for page in reader.pages]
    except (PyPdfError, ValueError, KeyError, IndexError, TypeError, AttributeError, OSError, RecursionError) as error:
        raise FileError(f"{name} is no PDF that can be read: {error}.", "Open it and save it again.") from error
    except ImportError as error:
        raise FileError(f"{name} is encrypted: {error}.", "Save it without a password.") from error
    finally:
        logger.disabled = silent
    return [block for page in pages for block in plain(_unbroken(page), name)]


def word(content: bytes, name: str) -> list[Block]:
    """Headings (styles Title and Heading n), paragraphs and table rows of a .docx file, in order."""
    try:
        from docx import Document
        from docx.opc.exceptions import PackageNotFoundError
        from docx.table import Table
    except ImportError as error:
        raise registry.missing(error, "reading Word documents") from error
    from zipfile import BadZipFile

    try:
        document = Document(io.BytesIO(content))
        return [block for item in document.iter_inner_content() for block in _word_blocks(item, Table)]
    except (PackageNotFoundError, BadZipFile, KeyError, ValueError, SyntaxError) as error:
        raise FileError(f"{name} is no .docx file that can be read: {error}.", "Open it and save it again.") from error


READERS: dict[str, Callable[[Any, str], list[Block]]] = {
    ".txt": plain, ".md": markdown, ".markdown": markdown, ".html": hypertext, ".htm": hypertext, ".pdf": pdf,
    ".docx": word,
}  # fmt: skip


class _Html(HTMLParser):
    """Collects blocks while the standard library's parser walks over the tags."""

    _SKIPPED = frozenset(["script", "style", "nav", "template", "noscript", "title", "svg", "iframe"])
    _INLINE = frozenset(
        ["a", "abbr", "b", "bdi", "cite", "code", "del", "dfn", "em", "font", "i", "ins", "kbd", "label", "mark", "q",
         "s", "samp", "small", "span", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr"]
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self._held: list[str] = []
        self._level = 0
        self._skipped: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag in self._SKIPPED:
            self._skipped.append(tag)
        elif tag not in self._INLINE:
            self.end()
            self._level = int(tag[1]) if re.fullmatch("h[1-6]", tag) else 0

    def handle_endtag(self, tag: str) -> None:
        if tag in self._SKIPPED:
            while tag in self._skipped and self._skipped.pop() != tag:
                pass
        elif tag not in self._INLINE:
            self.end()
            self._level = 0

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self._held.append(data)

    def end(self) -> None:
        """The text so far is a block."""
        text = " ".join("".join(self._held).split())
        self._held.clear()
        if text:
            self.blocks.append(Block(text, self._level))


def _word_blocks(item: Any, table: Any) -> list[Block]:
    if isinstance(item, table):
        rows = [" | ".join(cell.text.strip() for cell in row.cells) for row in item.rows]
        return [Block("\n".join(row for row in rows if row.strip(" |")))]
    style = str(item.style.name if item.style is not None else "")
    found = re.search(r"(\d)$", style)
    level = 1 if style == "Title" else int(found.group(1)) if found and style.startswith("Heading") else 0
    return [Block(" ".join(item.text.split()), level)]


def _unmarked(line: str) -> str:
    line = re.sub(r"!?\[([^\[\]]{0,500})\]\([^()\s]{0,2000}\)", r"\1", line)
    return re.sub(r"(\*\*|__|`)(.+?)\1", r"\2", line)


def _unbroken(page: str) -> str:
    """Words cut at the end of a line are whole again."""
    return re.sub(r"(?<=[a-záéíóúüñ])-\n(?=[a-záéíóúüñ])", "", page)
