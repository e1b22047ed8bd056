"""Documents in parts that a model can read at a time, which overlap so that no sentence loses its neighbours."""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from trasunto.data.dataset import Dataset
from trasunto.errors import DataError, EmptyDataError, near
from trasunto.language.questions_words import COMMON

_SENTENCE = re.compile(r"(?<=[.!?…])[\"'»)\]]*\s+(?=[\"'«(\[¿¡]?[^\Wa-z_])|\n\s*\n")


@dataclass(frozen=True)
class Chunk:
    """A part of a document. document: its name; part: where it stood, as the connector numbers it; place: of the
    chunk in the document, from 0."""

    document: str
    part: int
    place: int
    text: str


def chunks_of(documents: Dataset, *, size: int, overlap: int, text: str = "text") -> list[Chunk]:
    """The texts of a table of documents in chunks of at most `size` characters, each beginning with what the last
    `overlap` characters of the one before hold in whole sentences. A sentence longer than `size` is cut at a blank.

    documents: a column of text, and `document`, `part` and `heading` where there are; a heading stands over its part.
    Raises DataError without the column, EmptyDataError without any text.
    """
    table = documents.only
    if text not in table.schema:
        raise DataError(f"The documents have no column {text!r}.", near(text, table.schema.names))
    rows = table.rows
    count = len(rows)
    names = rows["document"].cast(pl.String).fill_null("").to_list() if "document" in rows.columns else [""] * count
    parts = rows["part"].cast(pl.Int64, strict=False).to_list() if "part" in rows.columns else list(range(count))
    heads = rows["heading"].cast(pl.String).to_list() if "heading" in rows.columns else [None] * count
    found: list[Chunk] = []
    places: dict[str, int] = {}
    for name, part, head, whole in zip(names, parts, heads, rows[text].to_list(), strict=True):
        under = f"# {head}\n\n{whole}" if head and whole else whole or ""
        for piece in _pieces(under, size, overlap):
            place = places.get(name, 0)
            places[name] = place + 1
            found.append(Chunk(name, part or 0, place, piece))
    if not found:
        raise EmptyDataError("The documents hold no text.", "Check the column, and what was read.")
    return found


def sentences_of(text: str) -> list[str]:
    """The sentences of a text, by marks and capitals; a blank line ends one too."""
    return [each.strip() for each in _SENTENCE.split(text) if each and each.strip()]


def language_of(text: str) -> str:
    """ "en" or "es", whichever has more of its common words in the text."""
    words = re.findall(r"\w+", text.lower())
    shares = {language: sum(word in common for word in words) for language, common in COMMON.items()}
    return "es" if shares["es"] > shares["en"] else "en"


def _pieces(text: str, size: int, overlap: int) -> list[str]:
    units = [piece for sentence in _units(text) for piece in _cut(sentence, size)]
    pieces: list[str] = []
    under: list[str] = []
    for unit in units:
        if under and sum(map(len, under)) + len(under) + len(unit) > size:
            pieces.append(_joined(under))
            under = _tail(under, min(overlap, size - len(unit) - 1))
        under.append(unit)
    return [*pieces, _joined(under)] if under else pieces


def _units(text: str) -> list[str]:
    """Sentences, each with the line break that stands before it where a heading or a paragraph begins."""
    found: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text.replace("\r\n", "\n")):
        sentences = sentences_of(paragraph)
        found += [f"\n\n{sentence}" if place == 0 else sentence for place, sentence in enumerate(sentences)]
    return found


def _cut(sentence: str, size: int) -> list[str]:
    pieces = []
    while len(sentence) > size:
        place = sentence.rfind(" ", size // 2, size)
        place = place if place > 0 else size
        pieces.append(sentence[:place])
        sentence = sentence[place:].strip()
    return [*pieces, sentence] if sentence else pieces


def _tail(units: list[str], room: int) -> list[str]:
    kept: list[str] = []
    for unit in reversed(units[1:]):
        if sum(map(len, kept)) + len(kept) + len(unit) > room:
            break
        kept.insert(0, unit)
    return kept


def _joined(units: list[str]) -> str:
    text = ""
    for unit in units:
        text += unit if unit.startswith("\n\n") or not text else f" {unit}"
    return text.strip()
