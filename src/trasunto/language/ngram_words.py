"""Texts as the pieces an n-gram model counts, and back: words with the blank before them, marks, line ends.

A word of few texts may name somebody: it is counted as its shape ("a word in small letters", "a number of 5 digits")
and, when the shape is drawn, spelt anew.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

_PIECE = re.compile(r"[ \n]?\w+(?:['’]\w+)*|[ \n]?[^\w\s]|\n")
_BLANKS = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\s*\n\s*")
_CONTROL = re.compile(r"[\x00-\x08]")
END, BEGIN = 0, 1
# Digits that a shape tells apart; longer numbers are spelt with so many.
MOST_DIGITS = 12
_HIDDEN = re.compile(r"\x00(\d*)([a-z]+)([ \n]?)$")


@dataclass(frozen=True)
class Words:
    """The vocabulary. pieces: by number; 0 ends a text, 1 begins one; shapes are written with a leading NUL.

    spelling: by number of a shape, the pieces that stand for it, those of fewest texts.
    """

    pieces: tuple[str, ...]

    @cached_property
    def number(self) -> dict[str, int]:
        return {piece: place for place, piece in enumerate(self.pieces)}

    def __len__(self) -> int:
        return len(self.pieces)

    @cached_property
    def spelt(self) -> dict[int, np.ndarray]:
        """By number of a shape of words, the pieces that have it, the rarest fifth of them, 20 or more."""
        # Pieces are in order of how many texts have them.
        found: dict[str, list[int]] = {}
        for place, piece in enumerate(self.pieces[2:], 2):
            if not piece.startswith("\0"):
                found.setdefault(shape(piece), []).append(place)
        every = np.array([place for places in found.values() for place in places] or [END], dtype=np.int64)
        spelt = {}
        for place, piece in enumerate(self.pieces):
            if piece.startswith("\0"):
                own = np.array(found.get(piece, ()), dtype=np.int64)
                spelt[place] = own[-max(len(own) // 5, 20) :] if len(own) else every[-20:]
        return spelt

    @cached_property
    def hashes(self) -> np.ndarray:
        """(pieces,) uint64 of each word in small letters, 0 for what is no word: what copies are known by."""
        return np.array([_hash(piece) for piece in self.pieces], dtype=np.uint64)

    def coded(self, texts: Iterable[str]) -> tuple[np.ndarray, np.ndarray]:
        """(pieces of all texts, each between BEGIN and END; (texts,) how many pieces each has). int64 both."""
        numbers: list[int] = []
        lengths: list[int] = []
        known = self.number
        for text in texts:
            before = len(numbers)
            numbers.append(BEGIN)
            numbers += [known[p] if p in known else known.get(shape(p), END + 2) for p in pieces(text)]
            numbers.append(END)
            lengths.append(len(numbers) - before)
        return np.array(numbers, dtype=np.int64), np.array(lengths, dtype=np.int64)

    def text(self, numbers: Sequence[int], rng: np.random.Generator) -> str:
        """Pieces joined; shapes are spelt anew: a number in random digits, a word by one of like shape."""
        made = []
        for place in numbers:
            piece = self.pieces[place]
            if piece.startswith("\0"):
                piece = self._spell(place, piece, rng)
            made.append(piece)
        return "".join(made).strip()

    def _spell(self, place: int, piece: str, rng: np.random.Generator) -> str:
        told = _HIDDEN.match(piece)
        if told is None or not told[1]:
            known = self.spelt[place]
            return self.pieces[int(known[rng.integers(len(known))])]
        digits = rng.integers(0, 10, int(told[1]))
        digits[0] = max(digits[0], 1)
        return told[3] + "".join(map(str, digits))


def pieces(text: str) -> list[str]:
    """The pieces of a text; joined and stripped they are the text with its white space put in order."""
    plain = _LINES.sub("\n", _BLANKS.sub(" ", _CONTROL.sub(" ", text).strip()))
    return _PIECE.findall(f" {plain}")


def fit_words(texts: Sequence[str], least: int) -> Words:
    """The pieces that stand in `least` texts or more, most frequent first, and the shapes of the others."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(set(pieces(text)))
    kept = sorted((p for p, n in counts.items() if n >= least), key=lambda p: (-counts[p], p))
    return words_of(kept, {shape(p) for p, n in counts.items() if n < least})


def words_of(kept: Sequence[str], shapes: Iterable[str]) -> Words:
    """A vocabulary of these pieces, in order of frequency."""
    return Words(("", "\x02", *sorted(shapes), *kept))


def shape(piece: str) -> str:
    """What is kept of a piece that may name somebody."""
    blank = piece[:1] if piece[:1] in " \n" else ""
    word = piece[len(blank) :]
    if word.isdigit():
        return f"\0{min(len(word), MOST_DIGITS)}digits{blank}"
    if not word[:1].isalnum():
        kind = "mark"
    elif any(letter.isdigit() for letter in word):
        kind = "mixed"
    elif word.isupper() and len(word) > 1:
        kind = "upper"
    else:
        kind = "capital" if word[:1].isupper() else "lower"
    return f"\0{kind}{blank}"


def _hash(piece: str) -> np.uint64:
    word = piece.strip().lower()
    if not word or not (word[0].isalnum() or word[0] in "\0_") or word.startswith("\0mark"):
        return np.uint64(0)
    return np.uint64(int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little") | 1)
