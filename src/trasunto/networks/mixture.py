"""Rows of a network that draws columns apart, given what a row is made from; under any conditions.

Such a network is a mixture of products: p(row) is the mean over noise of the product of its columns' probabilities.
Under evidence several proposals of noise are made for each row, and one is drawn by how probable it makes the evidence
(sampling-importance-resampling, Rubin 1987); the other columns are then drawn from it. However rare the evidence is,
rows meet it; the more proposals, the nearer they are to the distribution given it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from trasunto.encoders.vectors import Modes, Vectors

# Rows drawn at a time, and numbers that codes of conditioned columns may take at a time.
PART, HELD = 4_096, 2**23


@dataclass(frozen=True)
class Asked:
    """What is asked of rows. known: by column, (rows,) codes, -1 where free; allowed: by column, (size,) bool."""

    known: Mapping[str, np.ndarray]
    allowed: Mapping[str, np.ndarray]

    def take(self, places: np.ndarray) -> Asked:
        """Of the rows at these positions."""
        return Asked({name: codes[places] for name, codes in self.known.items()}, self.allowed)


@dataclass(frozen=True)
class Mixture:
    """vectors: of the rows, without scalars. logits: (rows, asked, rng) → (rows, hot) float32 unnormalised log
    probabilities of rows' modes, each from noise of its own. candidates: proposals for each row under evidence."""

    vectors: Vectors
    logits: Callable[[int, Asked, np.random.Generator], np.ndarray]
    candidates: int

    def draw(self, rows: int, asked: Asked, temperature: float, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """(rows,) int32 codes by column, as asked."""
        open_ = not asked.known and not asked.allowed
        widest = max((self.vectors.columns[name].of.size for name in asked.allowed), default=1)
        most = PART if open_ else max(1, min(PART // self.candidates, HELD // widest))
        parts = [np.arange(at, min(at + most, rows)) for at in range(0, rows, most)] or [np.arange(0)]
        made = [self._part(len(part), asked.take(part), temperature, rng) for part in parts]
        return {name: np.concatenate([part[name] for part in made]) for name in self.vectors.names}

    def _part(self, rows: int, asked: Asked, temperature: float, rng: np.random.Generator) -> dict[str, np.ndarray]:
        if not asked.known and not asked.allowed:
            chance = self._chances(self.logits(rows, asked, rng), temperature)
        else:
            among = np.repeat(np.arange(rows), self.candidates)
            proposed = self._chances(self.logits(len(among), asked.take(among), rng), temperature)
            score = self._agreement(proposed, asked.take(among)).reshape(rows, self.candidates)
            best = (score + rng.gumbel(size=score.shape)).argmax(axis=1) if rows else np.empty(0, dtype=np.int64)
            chance = proposed[np.arange(rows) * self.candidates + best]
        made = {}
        for span in self.vectors.spans:
            each = self.vectors.columns[span.name]
            found = _drawn(each, chance[:, span.start : span.stop], asked.allowed.get(span.name), rng)
            known = asked.known.get(span.name)
            made[span.name] = found if known is None else np.where(known >= 0, known, found).astype(np.int32)
        return made

    def _chances(self, logits: np.ndarray, temperature: float) -> np.ndarray:
        """(n, hot) probabilities: those of each column add up to 1."""
        made = np.empty_like(logits)
        for span in self.vectors.spans:
            part = logits[:, span.start : span.stop] / np.float32(temperature)
            part = np.exp(part - part.max(axis=1, keepdims=True))
            made[:, span.start : span.stop] = part / part.sum(axis=1, keepdims=True)
        return made

    def _agreement(self, chance: np.ndarray, asked: Asked) -> np.ndarray:
        """(n,) log probability of the evidence."""
        score = np.zeros(len(chance))
        for span in self.vectors.spans:
            each, known = self.vectors.columns[span.name], asked.known.get(span.name)
            part = chance[:, span.start : span.stop]
            free = np.ones(len(chance), dtype=bool)
            if known is not None:
                free = known < 0
                here = np.flatnonzero(~free)
                score[here] += np.log(part[here, each.of[known[here]]] + 1e-12)
            mask = asked.allowed.get(span.name)
            if mask is not None:
                left = np.bincount(each.of, inside(each) * mask, minlength=each.count)
                score[free] += np.log(part[free] @ left + 1e-12)
        return score


def inside(each: Modes) -> np.ndarray:
    """(size,) the share of each code among those of its mode."""
    found: np.ndarray = each.shares / np.bincount(each.of, each.shares)[each.of]
    return found


def chosen(weight: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(n,) places drawn by (n, k) weights, of which each row has one above 0."""
    summed = weight.cumsum(axis=1)
    # What is reached by rounding only at the end is never drawn: its sum is that of the one before.
    level = rng.random(len(weight)) * summed[:, -1]
    found: np.ndarray = (summed <= np.minimum(level, np.nextafter(summed[:, -1], 0))[:, None]).sum(axis=1)
    return found


def _drawn(each: Modes, chance: np.ndarray, mask: np.ndarray | None, rng: np.random.Generator) -> np.ndarray:
    if mask is None:
        return each.codes(chosen(chance.astype(np.float64), rng), None, rng)
    # The least that is not nothing, so that what is allowed can be drawn where it was thought to be impossible.
    weight = (chance[:, each.of].astype(np.float64) + 1e-30) * (inside(each) * mask)
    return chosen(weight, rng).astype(np.int32)
