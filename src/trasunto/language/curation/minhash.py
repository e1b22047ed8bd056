"""Which texts of many share most of their word runs: MinHash signatures in bands, whole arrays at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trasunto.metrics.words import Vocabulary, among

SHINGLE = 3
# Runs a text must have (six words) to be compared at all.
LEAST = 4
SIGNS = 128
# A pair that is alike enough is proposed with this chance.
RECALL = 0.999
# Texts of a band's bucket that later ones are compared with: a thousand texts of one form are not a million pairs.
LEADERS = 16
_CHUNK = 2_000_000


@dataclass(frozen=True, eq=False)
class Shingles:
    """The different runs of three words of each text. hashes: (runs,) uint64, ordered within a text; starts: (n + 1,)
    where each text's begin."""

    hashes: np.ndarray
    starts: np.ndarray

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def sizes(self) -> np.ndarray:
        """(n,) runs of each text."""
        return np.diff(self.starts)

    @staticmethod
    def none() -> Shingles:
        return Shingles(np.empty(0, dtype=np.uint64), np.zeros(1, dtype=np.int64))

    def joined(self, other: Shingles) -> Shingles:
        return Shingles(
            np.concatenate([self.hashes, other.hashes]),
            np.concatenate([self.starts, other.starts[1:] + self.starts[-1]]),
        )

    def take(self, rows: np.ndarray) -> Shingles:
        sizes = self.sizes[rows]
        starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        places = np.repeat(self.starts[:-1][rows] - starts[:-1], sizes) + np.arange(starts[-1])
        return Shingles(self.hashes[places], starts)


def shingled(texts: Sequence[str], vocabulary: Vocabulary) -> Shingles:
    """The runs of texts; none of a text below six words. vocabulary: the same for all texts that are compared."""
    stream = vocabulary.stream([[text] for text in texts])
    if not len(stream.words):
        return Shingles(np.empty(0, dtype=np.uint64), np.zeros(len(texts) + 1, dtype=np.int64))
    hashes, rows = stream.runs(SHINGLE, stream.sums())
    order = np.lexsort((hashes, rows))
    hashes, rows = hashes[order], rows[order]
    new = np.ones(len(hashes), dtype=bool)
    new[1:] = (hashes[1:] != hashes[:-1]) | (rows[1:] != rows[:-1])
    new &= np.bincount(rows, minlength=len(texts))[rows] >= LEAST
    sizes = np.bincount(rows[new], minlength=len(texts))
    return Shingles(hashes[new], np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64))


def signatures(shingles: Shingles) -> np.ndarray:
    """(n, 128) uint32: the smallest of a text's runs under each of 128 orders (multiply-shift hashing, Dietzfelbinger
    et al. 1997). Texts without runs get the largest number."""
    # The orders are fixed: they decide nothing but which pairs are looked at.
    rng = np.random.default_rng(7)
    factors = rng.integers(0, 2**63, SIGNS, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    found = np.full((len(shingles), SIGNS), np.iinfo(np.uint32).max, dtype=np.uint32)
    rows = np.flatnonzero(shingles.sizes)
    # A text's runs are never cut apart.
    cuts = np.searchsorted(shingles.starts[rows], np.arange(_CHUNK, len(shingles.hashes), _CHUNK))
    for part in np.split(rows, np.unique(cuts)):
        if not len(part):
            continue
        begin, end = shingles.starts[part[0]], shingles.starts[part[-1] + 1]
        hashes, starts = shingles.hashes[begin:end], shingles.starts[part] - begin
        for sign, factor in enumerate(factors):
            with np.errstate(over="ignore"):
                mixed = ((hashes * factor) >> np.uint64(32)).astype(np.uint32)
            found[part, sign] = np.minimum.reduceat(mixed, starts)
    return found


def rows_of_a_band(least: float) -> int:
    """Signs that a band holds: as many as let pairs of this overlap be proposed with a chance of 0.999."""
    for rows in range(8, 1, -1):
        if 1 - (1 - least**rows) ** (SIGNS // rows) >= RECALL:
            return rows
    return 1


def candidates(signs: np.ndarray, least: float, *, first: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Pairs (earlier, later), each once, that share a band; later is `first` or more. signs: (n, 128)."""
    rows = rows_of_a_band(least)
    there = np.flatnonzero((signs != np.iinfo(np.uint32).max).any(axis=1))
    pairs: list[np.ndarray] = []
    for start in range(0, SIGNS - rows + 1, rows):
        keys = _keys(signs[there, start : start + rows])
        order = np.argsort(keys, kind="stable")
        ordered = keys[order]
        new = np.ones(len(ordered), dtype=bool)
        new[1:] = ordered[1:] != ordered[:-1]
        begins = np.flatnonzero(new)[np.cumsum(new) - 1] if len(new) else np.empty(0, dtype=np.int64)
        # The place of each text within its bucket; it is compared with the leaders before it.
        inside = np.arange(len(ordered)) - begins
        for leader in range(LEADERS):
            later = np.flatnonzero(inside > leader)
            if not len(later):
                break
            earlier, mine = there[order[begins[later] + leader]], there[order[later]]
            fresh = mine >= first
            pairs.append(earlier[fresh] * len(signs) + mine[fresh])
    if not pairs:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    once = np.unique(np.concatenate(pairs))
    return once // len(signs), once % len(signs)


def jaccard(shingles: Shingles, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(pairs,) runs that both texts hold over runs that either does, counted exactly."""
    # A run and its text as one number, ordered: text first.
    values, numbers = np.unique(shingles.hashes, return_inverse=True)
    rows = np.repeat(np.arange(len(shingles)), shingles.sizes)
    held = rows * len(values) + numbers
    shared = np.zeros(len(one), dtype=np.int64)
    sizes = shingles.sizes
    step = max(1, _CHUNK // max(int(sizes.max(initial=1)), 1))
    for start in range(0, len(one), step):
        mine, theirs = one[start : start + step], other[start : start + step]
        counts = sizes[mine]
        pair = np.repeat(np.arange(len(mine)), counts)
        offset = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        asked = theirs[pair] * len(values) + numbers[shingles.starts[mine][pair] + offset]
        shared[start : start + step] = np.bincount(pair[among(asked, held)], minlength=len(mine))
    union = sizes[one] + sizes[other] - shared
    return np.asarray(shared / np.maximum(union, 1))


def _keys(band: np.ndarray) -> np.ndarray:
    """(n,) uint64: the signs of a band as one number."""
    keys = np.zeros(len(band), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for column in band.T:
            keys = (keys ^ column.astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
            keys ^= keys >> np.uint64(29)
    return keys
