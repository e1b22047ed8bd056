"""Texts drawn from an n-gram model, thousands side by side, a piece a step.

A piece that would end a run of eight words of a training text is drawn again from shorter contexts; a text that copies
even so is given up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trasunto.language.ngram import Ngrams, starts_of
from trasunto.language.ngram_copies import RUN, Copies
from trasunto.language.ngram_words import BEGIN, END

# Times that a piece is drawn again before a text that copies is given up.
AGAIN = 4


@dataclass(frozen=True)
class Ready:
    """A level made ready to draw from. starts: (contexts + 1,) where its pairs begin. heap: (pairs + 1,) float64
    running sums of weights. stop: as in the level."""

    starts: np.ndarray
    heap: np.ndarray
    stop: np.ndarray


def ready(model: Ngrams, temperature: float = 1.0) -> tuple[Ready, ...]:
    """Levels to draw from. temperature: below 1 what is likely after a context becomes likelier; how often it backs
    off stays."""
    made = []
    contexts = model.roots
    for level in model.levels:
        weights = level.weights if temperature == 1.0 else level.weights ** (1 / temperature)
        starts = starts_of(level.pairs, contexts, len(model.words))
        made.append(Ready(starts, np.concatenate([[0.0], np.cumsum(weights)]), level.stop))
        contexts = len(level.pairs)
    return tuple(made)


def draw(
    model: Ngrams,
    levels: Sequence[Ready],
    roots: np.ndarray,
    mix: np.ndarray,
    copies: Copies,
    *,
    longest: int,
    rng: np.random.Generator,
) -> tuple[list[list[int]], dict[str, int]]:
    """One text for each row of roots, as numbers of pieces; [] for one that had to be given up.

    roots: (n, k) int64 roots of each text; the last one is the root of all texts. mix: (k,) how often each is drawn
    from. longest: pieces. Also how many were given up, by reason: "verbatim", "unfinished".
    """
    drawing = _Drawing(model, tuple(levels), roots, mix, copies, rng)
    return drawing.texts(longest)


class _Drawing:
    """Texts that grow side by side, a piece a step; those that end are taken out."""

    def __init__(
        self,
        model: Ngrams,
        levels: tuple[Ready, ...],
        roots: np.ndarray,
        mix: np.ndarray,
        copies: Copies,
        rng: np.random.Generator,
    ) -> None:
        self.model, self.levels, self.roots, self.copies, self.rng = model, levels, roots, copies, rng
        self.mix = np.cumsum(mix / mix.sum())
        count, kinds = roots.shape
        # contexts[length][kind]: where each text stands, -1 where its context never occurred.
        self.contexts = np.full((model.order, kinds, count), -1, dtype=np.int64)
        self.contexts[0] = roots.T
        if model.order > 1:
            self.contexts[1] = model.levels[0].find(roots.T * len(model.words) + BEGIN)
        self.window = np.zeros((count, RUN), dtype=np.uint64)
        self.rows = np.arange(count)

    def texts(self, longest: int) -> tuple[list[list[int]], dict[str, int]]:
        count = len(self.rows)
        written = np.full((longest, count), END, dtype=np.int64)
        given_up = {"verbatim": 0, "unfinished": 0}
        bad = np.zeros(count, dtype=bool)
        for step in range(longest):
            if not len(self.rows):
                break
            piece, copied = self._piece()
            written[step, self.rows] = piece
            ended = piece == END
            copied |= ended & self.copies.texts(self.window)
            bad[self.rows[copied]] = True
            given_up["verbatim"] += int(copied.sum())
            self._forward(piece, ~(ended | copied))
        bad[self.rows] = True
        given_up["unfinished"] += len(self.rows)
        ends = np.where((written == END).any(axis=0), (written == END).argmax(axis=0), longest)
        columns = np.ascontiguousarray(written.T)
        return [[] if bad[n] else columns[n, : ends[n]].tolist() for n in range(count)], given_up

    def _piece(self) -> tuple[np.ndarray, np.ndarray]:
        """(the next piece of each text, whether it would still copy after all tries)."""
        places = np.arange(len(self.rows))
        kind = np.searchsorted(self.mix, self.rng.random(len(places)), side="right")
        kind = np.minimum(kind, len(self.mix) - 1)
        # A label that is missing has no root of its own.
        kind = np.where(self.roots[self.rows, kind] < 0, len(self.mix) - 1, kind)
        piece = self._drawn(places, kind, self.model.order - 1)
        hashes = self.model.words.hashes
        copied = np.zeros(len(places), dtype=bool)
        for again in range(AGAIN + 1):
            look = places if again == 0 else places[copied]
            told = hashes[piece[look]]
            grown = np.concatenate([self.window[look, 1:], told[:, None]], axis=1)
            copied[look] = (told != 0) & self.copies.among(grown)
            if again == AGAIN or not copied.any():
                break
            stuck = np.flatnonzero(copied)
            piece[stuck] = self._drawn(stuck, kind[stuck], max(self.model.order - 2 - again, 0))
        return piece, copied

    def _drawn(self, places: np.ndarray, kind: np.ndarray, longest: int) -> np.ndarray:
        """A piece for each of these texts, from contexts of at most `longest` pieces of the root of its kind."""
        piece = np.zeros(len(places), dtype=np.int64)
        size = len(self.model.words)
        waiting = np.arange(len(places))
        for length in range(longest, -1, -1):
            context = self.contexts[length][kind[waiting], places[waiting]]
            self._take(length, context, waiting, piece, size, force=False)
            waiting = waiting[piece[waiting] == 0]
            if not len(waiting):
                break
        # What no root had to say is drawn from all texts together.
        everyone = self.roots[self.rows[places[waiting]], -1]
        self._take(0, everyone, waiting, piece, size, force=True)
        return piece - 1

    def _take(
        self, length: int, context: np.ndarray, waiting: np.ndarray, piece: np.ndarray, size: int, *, force: bool
    ) -> None:
        """Set the piece, plus one, of those that are drawn at this length."""
        level = self.levels[length]
        known = context >= 0
        lucky = self.rng.random(len(waiting)) < (1.0 if force else level.stop[np.maximum(context, 0)])
        here = np.flatnonzero(known & lucky)
        at = context[here]
        low, high = level.heap[level.starts[at]], level.heap[level.starts[at + 1]]
        aim = low + self.rng.random(len(here)) * (high - low)
        found = np.searchsorted(level.heap, aim, side="right") - 1
        found = np.clip(found, level.starts[at], level.starts[at + 1] - 1)
        piece[waiting[here]] = self.model.levels[length].pairs[found] % size + 1

    def _forward(self, piece: np.ndarray, goes_on: np.ndarray) -> None:
        """Take the texts that go on a piece further."""
        size = len(self.model.words)
        piece, self.rows = piece[goes_on], self.rows[goes_on]
        contexts = self.contexts[:, :, goes_on]
        found = np.full_like(contexts, -1)
        found[0] = contexts[0]
        for length in range(1, self.model.order):
            before = contexts[length - 1]
            known = self.model.levels[length - 1].find(np.maximum(before, 0) * size + piece)
            found[length] = np.where(before >= 0, known, -1)
        self.contexts = found
        told = self.model.words.hashes[piece]
        window = self.window[goes_on]
        self.window = np.where((told != 0)[:, None], np.concatenate([window[:, 1:], told[:, None]], axis=1), window)
