"""Columns at several resolutions, read off one noisy histogram: what is told of the fine codes, and nested groups.

Neighbouring codes whose noisy counts do not differ by more than noise are taken to be alike, by the piecewise constant
curve of least penalised squares (Jackson et al. 2005, "An algorithm for optimal partitioning of data on an interval").
Groups then hold like shares of the rows; each level merges groups of the one before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# Longest histogram whose curve is sought exactly; longer ones are first summed over runs of codes.
LONGEST = 600
# What a further piece of the curve costs, times log(codes).
PIECE = 1.5


@dataclass(frozen=True)
class Scale:
    """A column at several resolutions.

    groups: (codes,) the finest group of each code. starts: a level each, finest first: the first of the finest groups
    in each group of that level, so that groups are runs. counts: (codes,) rows of each code as told by the histogram,
    at least 0.
    """

    groups: np.ndarray
    starts: tuple[np.ndarray, ...]
    counts: np.ndarray

    def size(self, level: int) -> int:
        return len(self.starts[level])

    def sums(self, level: int, to: int) -> np.ndarray:
        """(size of `to`,) where the groups of a coarser level begin among those of a finer one."""
        return np.searchsorted(self.starts[level], self.starts[to])

    def of_groups(self, level: int, finer: int = 0) -> np.ndarray:
        """(size of `finer`,) the group at a level of each group of a finer one."""
        return np.searchsorted(self.starts[level], self.starts[finer], side="right") - 1

    def of_codes(self, level: int) -> np.ndarray:
        """(codes,) the group of each code at a level."""
        return self.of_groups(level)[self.groups]


def scale_of(noisy: np.ndarray, sigma: float, *, ordered: bool, null: bool, sizes: Sequence[int]) -> Scale:
    """Levels of about so many groups, finest first.

    noisy: (codes,) counts with noise of standard deviation sigma. ordered: whether neighbours are alike. null: whether
    the last code is a missing value, a group by itself.
    """
    body = noisy[:-1] if null and len(noisy) > 1 else noisy
    like = np.arange(len(body))
    if ordered and len(body) > sizes[0]:
        counts, like, piece = _levelled(body, sigma)
    elif ordered:
        counts, piece = np.maximum(body, 0.0), np.arange(len(body))
    else:
        counts, piece = np.maximum(body, 0.0), np.arange(len(body))
        # In order of how many rows they have, so that groups of rare codes are runs.
        order = np.argsort(-counts, kind="stable")
        piece = np.argsort(order, kind="stable")
    if len(body) < len(noisy):
        counts, piece = np.append(counts, max(noisy[-1], 0.0)), np.append(piece, piece.max() + 1)
        like = np.append(like, like.max() + 1)
    mass = np.bincount(piece, counts)
    alone = np.zeros(len(mass), dtype=bool)
    alone[-1] = len(body) < len(noisy)
    of_piece = like[np.unique(piece, return_index=True)[1]]
    nested = _nested(mass, alone, of_piece, sizes, neighbours=ordered)
    finest = np.searchsorted(nested[0], np.arange(len(mass)), side="right") - 1
    starts = tuple(np.searchsorted(nested[0], each) for each in nested)
    return Scale(finest[piece].astype(np.int32), starts, counts)


def _levelled(noisy: np.ndarray, sigma: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(codes,) counts made constant over runs of like ones, at least 0; the run of each code; its piece of a run."""
    length = len(noisy)
    step = -(-length // LONGEST)
    bounds = np.append(np.arange(0, length, step), length)
    held = np.add.reduceat(noisy, bounds[:-1])
    width = np.diff(bounds).astype(float)
    ends = pieces(held, width, sigma)
    piece = np.repeat(np.searchsorted(ends, np.arange(len(held)), side="right"), np.diff(bounds))
    mean = np.bincount(piece, noisy) / np.bincount(piece)
    counts = np.maximum(mean, 0.0)[piece]
    return counts, piece, _split(counts, piece)


def pieces(held: np.ndarray, width: np.ndarray, sigma: float) -> np.ndarray:
    """Where each piece of the piecewise constant curve ends (exclusive), the last excluded.

    held: (k,) noisy counts of cells. width: (k,) codes in each. sigma: of the noise of one code. Squares are weighed
    by noise and by the spread that counts have of themselves; a further piece costs 1.5 log(k).
    """
    k = len(held)
    total, codes = np.append(0.0, np.cumsum(held)), np.append(0.0, np.cumsum(width))
    spread = sigma**2 + max(float(np.median(held / width)), 0.0)
    squares = np.append(0.0, np.cumsum(held**2 / width))
    penalty = PIECE * np.log(max(k, 2))
    best, last = np.zeros(k + 1), np.zeros(k + 1, dtype=np.int64)
    for end in range(1, k + 1):
        sse = squares[end] - squares[:end] - (total[end] - total[:end]) ** 2 / (codes[end] - codes[:end])
        cost = best[:end] + sse / spread + penalty
        last[end] = int(np.argmin(cost))
        best[end] = cost[last[end]]
    ends, at = [], int(last[k])
    while at > 0:
        ends.append(at)
        at = int(last[at])
    return np.array(ends[::-1], dtype=np.int64)


def _split(counts: np.ndarray, piece: np.ndarray) -> np.ndarray:
    """Pieces cut so that none has more than a 64th of the rows, unless it is one code."""
    most = counts.sum() / 64
    if most <= 0:
        return piece
    before = np.cumsum(counts) - counts
    first = np.searchsorted(piece, piece)
    part = np.floor((before - before[first]) / most).astype(np.int64)
    new = np.append(0, (np.diff(piece) != 0) | (np.diff(part) != 0))
    return np.cumsum(new)


def _nested(
    mass: np.ndarray, alone: np.ndarray, like: np.ndarray, sizes: Sequence[int], *, neighbours: bool
) -> list[np.ndarray]:
    """Starts of groups of pieces at each size: neighbours that have least together are merged first.

    alone: pieces never merged. like: the run that each is a piece of; for the finest groups those of one run are
    merged before others. Unless `neighbours` matter, pieces come with the largest first and are merged from the end.
    """
    if not neighbours:
        # The largest but one by themselves, the rest together; what is never merged stays last.
        apart = int(alone.sum())
        body, last = len(mass) - apart, np.arange(len(mass) - apart, len(mass))
        whole = [np.append(np.arange(min(max(size - apart, 1), body)), last) for size in sizes]
        return [each for at, each in enumerate(whole) if not at or len(each) < len(whole[at - 1])]
    starts = list(range(len(mass)))
    held, fixed, run = mass.astype(float).tolist(), alone.tolist(), like.tolist()
    found: list[np.ndarray] = []
    for size in sizes:
        while len(starts) > max(size, 1):
            pairs = [
                (not found and run[at] != run[at + 1], held[at] + held[at + 1], at)
                for at in range(len(starts) - 1)
                if not (fixed[at] or fixed[at + 1])
            ]
            if not pairs:
                break
            at = min(pairs)[2]
            held[at] += held.pop(at + 1)
            fixed.pop(at + 1)
            run.pop(at + 1)
            starts.pop(at + 1)
        if not found or len(starts) < len(found[-1]):
            found.append(np.array(starts))
    return found
