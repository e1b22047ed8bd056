"""Texts as one long row of words, whose runs of any length are found by hash, without a loop over texts.

A run from i of n words has the hash (Q[i + n] - Q[i]) · B^-i modulo 2^64, with Q the running sum of h(word) · B^i
(Karp and Rabin 1987): one subtraction and one product a run, whatever its length.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# A word; each sign by itself in scripts that put no spaces between words (Chinese, Japanese).
WORD = re.compile(r"[぀-ヿ㐀-鿿]|[^\W぀-ヿ㐀-鿿]+")
_BASE = 0x9E3779B97F4A7C15
_BACK = pow(_BASE, -1, 2**64)
# Running sums and powers of 1/B, both one longer than the words.
Sums = tuple[np.ndarray, np.ndarray]


class Vocabulary:
    """Words to whole numbers in the order met; the same numbers for all streams made with it."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self.numbers)

    def stream(self, texts: Sequence[Sequence[str]]) -> Stream:
        """Rows, each of one text or more, as a stream. A text without a single word, such as "?!", is one word."""
        numbers = self.numbers
        ids: list[int] = []
        ends: list[int] = []
        rows: list[int] = []
        for row, pieces in enumerate(texts):
            for piece in pieces:
                words = WORD.findall(piece.lower())
                if not words:
                    words = [piece.strip()]
                ids += [numbers.setdefault(word, len(numbers)) for word in words]
                ends.append(len(ids))
                rows.append(row)
        ends_at = np.array(ends, dtype=np.int64)
        starts = np.concatenate([np.zeros(min(1, len(ends)), dtype=np.int64), ends_at[:-1]])
        return Stream(np.array(ids, dtype=np.int64), starts, ends_at, np.array(rows, dtype=np.int64), len(texts))


@dataclass(frozen=True, eq=False)
class Stream:
    """words: (n,) numbers. starts, ends, row: (texts,) where each text lies, and of which row it is."""

    words: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    row: np.ndarray
    rows: int

    @property
    def lengths(self) -> np.ndarray:
        """(texts,) words of each text."""
        return self.ends - self.starts

    def shuffled(self, like: Stream, rng: np.random.Generator) -> Stream:
        """As many texts as `like` has, of the lengths of these texts, of these words in random order."""
        if not len(self.lengths):
            return like
        ends = np.cumsum(rng.choice(self.lengths, len(like.lengths)))
        words = rng.choice(self.words, int(ends[-1]) if len(ends) else 0)
        return Stream(words, np.concatenate([[0], ends[:-1]]).astype(np.int64), ends, like.row, like.rows)

    def sums(self) -> Sums:
        """(n + 1,) running sums Q and (n + 1,) powers of 1/B."""
        length = len(self.words) + 1
        with np.errstate(over="ignore"):
            up = _powers(_BASE, length)
            running = np.zeros(length, dtype=np.uint64)
            np.cumsum(_mixed(self.words) * up[:-1], out=running[1:])
            return running, _powers(_BACK, length)

    def runs(self, length: int, sums: Sums) -> tuple[np.ndarray, np.ndarray]:
        """(runs,) hash of every run of `length` words within a text, and the row it is in."""
        first = np.arange(len(self.words) - length + 1)
        text = np.searchsorted(self.ends, first, side="right") if len(first) else first
        inside = first + length <= self.ends[text] if len(first) else np.zeros(0, dtype=bool)
        first, text = first[inside], text[inside]
        return _hashes(first, np.full(len(first), length), sums), self.row[text]

    def whole(
        self, least: int, below: int | None, sums: tuple[np.ndarray, np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        """(texts,) hash of every whole text of at least `least` words (and fewer than `below`), and its row."""
        lengths = self.lengths
        fit = (lengths >= least) & (lengths < below if below is not None else True)
        return _hashes(self.starts[fit], lengths[fit], sums), self.row[fit]


def longest_shared(one: Stream, other: Stream) -> int:
    """Words of the longest run that stands in a text of both: 0 when no word does.

    What shares a run shares all shorter runs within it, so the length is found by halving.
    """
    sums_one, sums_other = one.sums(), other.sums()
    low, high = 0, int(min(one.lengths.max(initial=0), other.lengths.max(initial=0)))
    while low < high:
        middle = (low + high + 1) // 2
        # In order of size they are found in each other ten times as fast.
        ordered = (np.sort(each.runs(middle, sums)[0]) for each, sums in ((one, sums_one), (other, sums_other)))
        shared = among(*ordered).any()
        low, high = (middle, high) if shared else (low, middle - 1)
    return low


def among(hashes: np.ndarray, ordered: np.ndarray) -> np.ndarray:
    """(n,) bool: whether each hash is one of the `ordered` ones, which are sorted."""
    if not len(ordered):
        return np.zeros(len(hashes), dtype=bool)
    places = np.searchsorted(ordered, hashes)
    return np.asarray(ordered[np.minimum(places, len(ordered) - 1)] == hashes)


def _hashes(first: np.ndarray, length: np.ndarray, sums: Sums) -> np.ndarray:
    running, back = sums
    with np.errstate(over="ignore"):
        found = (running[first + length] - running[first]) * back[first]
        # Runs of different lengths are never the same one.
        return found + _mixed(length)


def _powers(base: int, length: int) -> np.ndarray:
    powers = np.full(length, base, dtype=np.uint64)
    powers[:1] = 1
    return np.cumprod(powers, dtype=np.uint64)


def _mixed(numbers: np.ndarray) -> np.ndarray:
    """Whole numbers as well-mixed 64-bit ones (splitmix64: Steele, Lea and Flood 2014)."""
    with np.errstate(over="ignore"):
        z = numbers.astype(np.uint64) * np.uint64(_BASE) + np.uint64(_BASE)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))
