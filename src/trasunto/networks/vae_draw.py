"""Rows drawn from a variational autoencoder: a latent vector, then every column by itself.

Of what is asked, the latent vector is chosen: among many, by how likely it makes what is known and what is allowed
(sampling importance resampling; Rubin 1988), so that a rare case costs no more than a common one. Where there are odds
(networks/odds.py), each row has several candidates, and one of them is drawn by its odds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from trasunto.networks.device import threads
from trasunto.networks.normals import Normals
from trasunto.networks.odds import BELIEVED, logits
from trasunto.networks.vae import Layout, decoded, drawn_inside
from trasunto.networks.vae_loss import CERTAIN

# Latent vectors that are weighed for each row of which something is asked, and numbers held at once.
POOL, HELD = 2048, 2**22
# A chance of which nothing is left.
LEAST = 1e-30


@dataclass(frozen=True)
class Source:
    """What rows are drawn from.

    weights, odds: tensors by name, on the processor; no odds: an empty mapping. prior: of the latent vectors.
    candidates: for each row, where there are odds.
    """

    layout: Layout
    weights: Mapping[str, Any]
    prior: Normals
    odds: Mapping[str, Any]
    candidates: int

    def draw(
        self, known: np.ndarray, allowed: Mapping[int, np.ndarray], temperature: float, rng: np.random.Generator
    ) -> np.ndarray:
        """(n, columns) int32 codes.

        known: (n, columns) codes, -1 where free. allowed: by column, (size,) bool, at least one of them True.
        temperature: logits are divided by it, and the variance of latent vectors and the spread inside a mode are
        multiplied with it.
        """
        import torch

        each = self.candidates if self.odds else 1
        asked = bool(allowed) or bool((known >= 0).any())
        most = max(1, min(HELD // (each * self.layout.said), HELD // POOL if asked else HELD))
        parts = [np.empty((0, len(self.layout.starts)), dtype=np.int32)]
        # One thread: how sums are split among several would show in what is drawn.
        with threads(1), torch.no_grad():
            for start in range(0, len(known), most):
                block = Block(self, known[start : start + most], allowed, temperature, rng)
                latent = block.fitting(each) if asked else self.prior.draw(len(block.known) * each, temperature, rng)
                parts.append(block.codes(*block.chosen(*block.values(latent, each), each)))
        return np.concatenate(parts)

    def said(self, latent: np.ndarray) -> np.ndarray:
        """(n, said) of (n, latent) vectors, logits cut as in training."""
        import torch

        found = decoded(self.weights, torch.from_numpy(latent)).numpy()
        hot = self.layout.vectors.hot
        found[:, :hot] = found[:, :hot].clip(-CERTAIN, CERTAIN)
        return np.asarray(found)


@dataclass(frozen=True)
class Block:
    """Rows on their way. known: (n, columns) codes, -1 where free; allowed: by column, (size,) bool."""

    source: Source
    known: np.ndarray
    allowed: Mapping[int, np.ndarray]
    temperature: float
    rng: np.random.Generator

    def fitting(self, each: int) -> np.ndarray:
        """(n * each, latent) vectors, drawn by how likely they make what is known and allowed."""
        source, layout = self.source, self.source.layout
        pool = source.prior.draw(POOL, self.temperature, self.rng)
        scores = np.zeros((len(self.known), POOL), dtype=np.float32)
        said = source.said(pool)
        for at, (span, modes) in enumerate(zip(layout.vectors.spans, layout.vectors.columns.values(), strict=True)):
            codes = self.known[:, at]
            if (codes < 0).all() and at not in self.allowed:
                continue
            chances = self._chances(said, span.start, span.stop)
            likely = np.log(np.maximum(chances, LEAST)).T
            scores += np.where(codes[:, None] >= 0, likely[modes.of[codes]], 0.0)
            if at in self.allowed:
                open_ = np.log(np.maximum(chances @ self._open(at), LEAST))
                scores += np.where(codes[:, None] >= 0, 0.0, open_)
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
        return pool[np.stack([_drawn(shares, self.rng) for _ in range(each)], axis=1).ravel()]

    def values(self, latent: np.ndarray, each: int) -> tuple[np.ndarray, np.ndarray]:
        """(n * each, columns) modes and (n * each, scalars) scalars."""
        layout = self.source.layout
        vectors, said = layout.vectors, self.source.said(latent)
        known = np.repeat(vectors.modes(dict(zip(vectors.names, self.known.T, strict=True))), each, axis=0)
        modes = np.empty_like(known)
        for at, span in enumerate(vectors.spans):
            chances = self._chances(said, span.start, span.stop)
            if at in self.allowed:
                chances = np.maximum(chances, LEAST) * self._open(at)
            modes[:, at] = np.where(known[:, at] >= 0, known[:, at], _drawn(chances, self.rng))
        inside = drawn_inside(said[:, vectors.hot :], modes[:, layout.places], self.temperature, self.rng)
        given = np.repeat(vectors.scalars(dict(zip(vectors.names, self.known.T, strict=True)), self.rng), each, axis=0)
        return modes, np.where(known[:, layout.places] >= 0, given, inside)

    def chosen(self, modes: np.ndarray, scalars: np.ndarray, each: int) -> tuple[np.ndarray, np.ndarray]:
        """Of `each` candidates of every row one, by its odds."""
        import torch

        if each == 1:
            return modes, scalars
        flat = torch.from_numpy(modes + self.source.layout.starts)
        odds = logits(self.source.odds, flat, torch.from_numpy(scalars)).clamp(-BELIEVED, BELIEVED).exp().numpy()
        best = np.arange(len(self.known)) * each + _drawn(odds.reshape(-1, each), self.rng)
        return modes[best], scalars[best]

    def codes(self, modes: np.ndarray, scalars: np.ndarray) -> np.ndarray:
        """(n, columns) int32 codes, as asked."""
        made = np.empty_like(self.known)
        place = 0
        for at, column in enumerate(self.source.layout.vectors.columns.values()):
            inside = scalars[:, place] if column.scalar else None
            place += column.scalar
            codes = column.codes(modes[:, at], inside, self.rng)
            if at in self.allowed:
                self._mend(codes, modes[:, at], at)
            made[:, at] = np.where(self.known[:, at] >= 0, self.known[:, at], codes)
        return made

    def _chances(self, said: np.ndarray, start: int, stop: int) -> np.ndarray:
        """(n, modes) probabilities of a column."""
        part = said[:, start:stop] / np.float32(self.temperature)
        shares = np.exp(part - part.max(axis=1, keepdims=True))
        return np.asarray(shares / shares.sum(axis=1, keepdims=True))

    def _open(self, at: int) -> np.ndarray:
        """(modes,) the share of the rows of each mode of a column whose codes are allowed."""
        column = list(self.source.layout.vectors.columns.values())[at]
        whole = np.bincount(column.of, column.shares)
        return np.asarray(np.bincount(column.of, column.shares * self.allowed[at]) / whole, dtype=np.float32)

    def _mend(self, codes: np.ndarray, modes: np.ndarray, at: int) -> None:
        """Put an allowed code of the same mode, by its share, in the place of every other."""
        column = list(self.source.layout.vectors.columns.values())[at]
        wrong = np.flatnonzero(~self.allowed[at][codes])
        for mode in np.unique(modes[wrong]):
            here = wrong[modes[wrong] == mode]
            able = np.flatnonzero(self.allowed[at] & (column.of == mode))
            shares = column.shares[able]
            codes[here] = self.rng.choice(able, len(here), p=shares / shares.sum())


def _drawn(shares: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(n,) which of the (n, k) shares, that need not add up to 1, is drawn; never one of nothing."""
    summed = shares.cumsum(axis=1, dtype=np.float64)
    place = (summed <= rng.random((len(shares), 1)) * summed[:, -1:]).sum(axis=1)
    last = shares.shape[1] - 1 - (shares[:, ::-1] > 0).argmax(axis=1)
    return np.asarray(np.minimum(place, last))
