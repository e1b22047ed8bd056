"""Word n-grams with interpolated Kneser-Ney back-off, counted and drawn from by whole arrays.

Chen and Goodman 1998, "An empirical study of smoothing techniques for language modeling" (modified Kneser-Ney,
interpolated). Interpolation is a mixture: with chance lambda of a context the next piece is drawn from the context
without its first piece, else from the discounted counts. So a draw looks at one context at a time, and thousands of
texts are drawn side by side.

A context belongs to a root: one for each label or attribute, and one for all texts together. A text is drawn from the
roots it is written to, mixed piece by piece (linear interpolation of the models).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from trasunto.language.ngram_words import BEGIN, Words


@dataclass(frozen=True)
class Level:
    """Contexts of one length. A context is numbered by its place among the pairs of the level below (by its root, for
    length 0); a pair is a context and the piece after it.

    pairs: (pairs,) int64 sorted, context * vocabulary + piece. weights: (pairs,) float64, 0 or more, in proportion to
    which a piece is drawn. stop: (contexts,) chance to draw here and not back off to a shorter context.
    """

    pairs: np.ndarray
    weights: np.ndarray
    stop: np.ndarray

    def find(self, keys: np.ndarray) -> np.ndarray:
        """The places of pairs, -1 for those that never occurred."""
        if not self.pairs.size:
            return np.full(keys.shape, -1, dtype=np.int64)
        places = np.minimum(np.searchsorted(self.pairs, keys), self.pairs.size - 1)
        return np.where(self.pairs[places] == keys, places, -1)


@dataclass(frozen=True)
class Ngrams:
    """A fitted model. levels: by length of context, from 0. roots: how many."""

    words: Words
    levels: tuple[Level, ...]
    roots: int

    @property
    def order(self) -> int:
        return len(self.levels)


@dataclass(frozen=True)
class _Counted:
    """pairs as in a level, and how often each was seen, (pairs,) int64."""

    pairs: np.ndarray
    counts: np.ndarray


def count(words: Words, coded: np.ndarray, lengths: np.ndarray, roots: np.ndarray, order: int) -> Ngrams:
    """Count n-grams up to `order`.

    coded, lengths: of `Words.coded`. roots: (texts, k) int64, the roots that each text is counted under; -1 for none.
    """
    size = len(words)
    begins = np.cumsum(lengths) - lengths
    inside = np.arange(len(coded)) - np.repeat(begins, lengths)
    parts = []
    for column in roots.T:
        own = np.repeat(column, lengths)
        parts.append((own, np.flatnonzero((inside > 0) & (own >= 0))))
    # Every position of a text once for each of its roots: the piece to predict, and where it stands.
    at = np.concatenate([places for _, places in parts])
    context = np.concatenate([own[places] for own, places in parts])
    piece, depth = coded[at], inside[at]
    # Where each position has its neighbour before it, in these arrays; a text's first piece has none.
    before = np.arange(len(at)) - 1
    levels: list[_Counted] = []
    alive = np.ones(len(at), dtype=bool)
    occurred: list[np.ndarray] = []
    for length in range(order):
        if length == 1:
            # The pair (root, BEGIN) is no prediction, but the context of a first piece.
            context, alive = _after_begin(levels[0], occurred[0], before, depth, roots, size)
        elif length > 1:
            context = np.where(depth >= length, _shift(occurred[-1], before), -1)
            alive = context >= 0
        keys = np.where(alive, context * size + piece, -1)
        pairs, counts = np.unique(keys[alive], return_counts=True)
        if length == 0:
            extra = np.unique(roots[roots >= 0]) * size + BEGIN
            pairs, counts = _with(pairs, counts, extra)
        found = np.where(alive, np.searchsorted(pairs, np.maximum(keys, 0)), -1)
        levels.append(_Counted(pairs, counts.astype(np.int64)))
        occurred.append(found)
    kinds = int(roots.max()) + 1
    return Ngrams(words, _discounted(_continued(levels, occurred), kinds, size), kinds)


def _shift(found: np.ndarray, before: np.ndarray) -> np.ndarray:
    return found[np.maximum(before, 0)]


def _with(pairs: np.ndarray, counts: np.ndarray, extra: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs with more of them that never are predicted."""
    whole = np.concatenate([pairs, extra])
    order = np.argsort(whole, kind="stable")
    return whole[order], np.concatenate([counts, np.zeros(len(extra), counts.dtype)])[order]


def _after_begin(
    level: _Counted, found: np.ndarray, before: np.ndarray, depth: np.ndarray, roots: np.ndarray, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Contexts of one piece: the piece before, or BEGIN under the root of the first."""
    root = level.pairs[found] // size
    first = np.searchsorted(level.pairs, root * size + BEGIN)
    return np.where(depth == 1, first, _shift(found, before)), np.ones(len(found), dtype=bool)


def _continued(levels: list[_Counted], occurred: list[np.ndarray]) -> list[_Counted]:
    """Counts of shorter contexts as how many different pieces stand before the pair (continuations); a pair at the
    beginning of a text has none before it and keeps its count."""
    made = []
    for length, level in enumerate(levels[:-1]):
        above, here = occurred[length + 1], occurred[length]
        inner = above >= 0
        _, first = np.unique(above[inner], return_index=True)
        counts = np.bincount(here[inner][first], minlength=len(level.pairs))
        # Contexts that reach back to BEGIN are not in the level above.
        only = np.bincount(here[(here >= 0) & ~inner], minlength=len(level.pairs))
        made.append(_Counted(level.pairs, counts + only))
    return [*made, levels[-1]]


def _discounted(levels: list[_Counted], contexts: int, size: int) -> tuple[Level, ...]:
    made = []
    for level in levels:
        weights = level.counts - _discounts(level.counts)
        starts = starts_of(level.pairs, contexts, size)
        whole = sums(level.counts.astype(np.float64), starts)
        stop = np.divide(sums(weights, starts), whole, out=np.zeros(contexts), where=whole > 0)
        made.append(Level(level.pairs, weights, stop))
        contexts = len(level.pairs)
    return tuple(made)


def _discounts(counts: np.ndarray) -> np.ndarray:
    """(pairs,) what modified Kneser-Ney takes from a count of 1, 2, and 3 or more (Chen and Goodman 1998, eq. 17)."""
    seen = np.bincount(np.minimum(counts, 5), minlength=6).astype(np.float64)
    share = seen[1] / max(seen[1] + 2 * seen[2], 1)
    given = [0.0]
    for number in (1, 2, 3):
        found = number - (number + 1) * share * seen[number + 1] / seen[number] if seen[number] else 0.75
        # Few counts estimate this badly; what was seen more often must keep more.
        given.append(float(np.clip(found, 0.1, min(given[-1] + 0.9, number - 0.05))))
    taken: np.ndarray = np.array(given)[np.minimum(counts, 3)]
    return taken


def starts_of(pairs: np.ndarray, contexts: int, size: int) -> np.ndarray:
    """(contexts + 1,) where the pairs of each context begin. size: of the vocabulary."""
    return np.searchsorted(pairs, np.arange(contexts + 1) * size)


def sums(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """(contexts,) sums of (pairs,) values."""
    heap = np.concatenate([[0.0], np.cumsum(values)])
    found: np.ndarray = heap[starts[1:]] - heap[starts[:-1]]
    return found


def to_arrays(model: Ngrams) -> dict[str, Any]:
    """Plain arrays of a model."""
    arrays: dict[str, Any] = {}
    for length, level in enumerate(model.levels):
        arrays |= {f"pairs{length}": level.pairs, f"weights{length}": level.weights, f"stop{length}": level.stop}
    return arrays


def from_arrays(words: Words, arrays: dict[str, Any], order: int, roots: int) -> Ngrams:
    """Back from `to_arrays`. KeyError when one is missing."""
    levels = tuple(
        Level(arrays[f"pairs{length}"], arrays[f"weights{length}"], arrays[f"stop{length}"]) for length in range(order)
    )
    return Ngrams(words, levels, roots)
