"""Known values in texts: every value of a column that names people is looked for wherever else it may stand.

Texts and values are compared in plain letters, marks and spaces told alike ("García, Ana" holds "ana garcia" in
another order); numbers also without what stands between their digits. All values are sought in one pass over the texts
(Aho and Corasick 1975, as Polars has it); only rows with a hit are then read for the places.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from trasunto.privacy.identifiers_near import near
from trasunto.privacy.recognize import Span

_MARKS = r"[^\p{L}\p{N}@_+]+"
# Shorter values stand in any text by chance.
LEAST, LEAST_DIGITS = 3, 5
# How sure a misspelt name is.
NEARLY = 0.8


@dataclass(frozen=True)
class Known:
    """What is looked for. spelt: plain spelling → kind. numbers: letters and digits alone → kind."""

    spelt: Mapping[str, str]
    numbers: Mapping[str, str]

    def __len__(self) -> int:
        return len(self.spelt) + len(self.numbers)


def known_of(values: Iterable[tuple[str, str]]) -> Known:
    """(kind, value) pairs as what is looked for: names of people in every order, with initials."""
    spelt: dict[str, str] = {}
    numbers: dict[str, str] = {}
    for kind, value in values:
        bare, _ = folded(value)
        bare = bare.strip()
        if kind == "person":
            for form in name_forms(bare):
                spelt.setdefault(form, kind)
            continue
        digits = sum(letter.isdigit() for letter in bare)
        if 2 * digits >= len(bare.replace(" ", "")) > 0:
            squeezed = re.sub(r"\W", "", bare)
            if len(squeezed) >= LEAST_DIGITS:
                numbers.setdefault(squeezed, kind)
        elif len(bare) >= LEAST:
            spelt.setdefault(bare, kind)
    return Known(spelt, numbers)


def name_forms(bare: str) -> list[str]:
    """Spellings of a name: in other orders, without the last family name, with an initial. bare: in plain letters."""
    words = bare.split()
    if len(words) == 1:
        return [bare] if len(bare) >= LEAST else []
    forms = [words, *(words[place:] + words[:place] for place in range(1, len(words)))]
    forms += [[words[0], words[1]], [words[0], words[-1]]] if len(words) > 2 else []
    forms += [[words[0][0], *words[1:]], [*words[1:], words[0][0]], [words[0][0], words[1]]]
    return [form for form in dict.fromkeys(" ".join(form) for form in forms) if len(form) > LEAST]


def swept(texts: pl.Series, known: Known, *, misspelt: bool = False) -> list[Span]:
    """Places of known values in texts, by row, confidence 1. texts: String series. misspelt: names of people also as
    they are misspelt (identifiers_near.py), confidence 0.8."""
    found: list[Span] = []
    if known.spelt:
        plain = folded_all(texts)
        if misspelt:
            for row, spots in near(plain, {f: k for f, k in known.spelt.items() if k == "person"}).items():
                places = folded(texts[row])[1]
                found += [Span(row, places[start], places[end - 1] + 1, kind, NEARLY) for start, end, kind in spots]
        held = plain.str.contains_any(pl.Series(list(known.spelt)).implode()).fill_null(False).arg_true()
        if len(held):
            met = plain.gather(held).str.extract_many(list(known.spelt), overlapping=True)
            for row, text, forms in zip(held.to_list(), texts.gather(held).to_list(), met.to_list(), strict=True):
                bare, places = folded(text)
                for form in set(forms):
                    pattern = rf"(?<![^\W_]){re.escape(form)}(?![^\W_])"
                    found += [
                        Span(row, places[m.start()], places[m.end() - 1] + 1, known.spelt[form], 1.0)
                        for m in re.finditer(pattern, bare)
                    ]
    if known.numbers:
        squeezed = texts.str.replace_all(r"[\s./()-]+", "").str.to_lowercase()
        held = squeezed.str.contains_any(pl.Series(list(known.numbers)).implode()).fill_null(False).arg_true()
        if len(held):
            met = squeezed.gather(held).str.extract_many(list(known.numbers), overlapping=True)
            for row, text, forms in zip(held.to_list(), texts.gather(held).to_list(), met.to_list(), strict=True):
                for form in set(forms):
                    joined = r"[\s./()-]*".join(map(re.escape, form))
                    found += [
                        Span(row, m.start(), m.end(), known.numbers[form], 1.0)
                        for m in re.finditer(rf"(?i)(?<![^\W_]){joined}(?![^\W_])", text)
                    ]
    return found


def folded_all(texts: pl.Series) -> pl.Series:
    """Texts in plain letters, whatever stands between words told as one space."""
    bare = texts.str.to_lowercase().str.normalize("NFKD").str.replace_all(r"\p{M}", "")
    return bare.str.replace_all(_MARKS, " ")


def folded(text: str) -> tuple[str, list[int]]:
    """(a text as `folded_all` tells it, for each of its letters the place in the text)."""
    letters: list[str] = []
    places: list[int] = []
    for place, letter in enumerate(text):
        for part in unicodedata.normalize("NFKD", letter.lower()):
            if unicodedata.combining(part) or unicodedata.category(part).startswith("M"):
                continue
            mark = part if part.isalnum() or part in "@_+" else " "
            if mark == " " and letters and letters[-1] == " ":
                continue
            letters.append(mark)
            places.append(place)
    return "".join(letters), places
