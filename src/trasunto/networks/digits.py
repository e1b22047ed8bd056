"""Columns as short rows of digits: a column of many codes is a coarse digit, and finer ones inside it.

A network then chooses among few branches at a time, however many codes a column has. Branches of one place have about
even shares of the rows, as in a hierarchical softmax (Morin and Bengio 2005); neighbours in order, or categories that
are about as frequent, share a branch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

# Halvings of the interval in which the size of a branch is looked for.
HALVINGS = 14


@dataclass(frozen=True)
class Digits:
    """One column.

    paths: (size, levels) the digits of each code, coarse ones first; shares: (size,) of the rows, above 0 and adding
    up to 1. A code that is alone after its first digits has zeros behind them.
    """

    paths: np.ndarray
    shares: np.ndarray

    @property
    def levels(self) -> int:
        return int(self.paths.shape[1])

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """How many branches a level has at most."""
        return tuple(int(digits.max()) + 1 for digits in self.paths.T)

    @cached_property
    def nodes(self) -> np.ndarray:
        """(size, levels + 1) the number of the node at which each code is before each level, then the code itself."""
        found = np.zeros((len(self.paths), self.levels + 1), dtype=np.int32)
        for level in range(1, self.levels):
            key = found[:, level - 1].astype(np.int64) * self.widths[level - 1] + self.paths[:, level - 1]
            found[:, level] = np.unique(key, return_inverse=True)[1].ravel()
        found[:, -1] = np.arange(len(self.paths))
        return found

    @cached_property
    def below(self) -> tuple[np.ndarray, ...]:
        """By level, (nodes, width) the node behind each branch, the code after the last level; -1 for no branch."""
        made = []
        for level, width in enumerate(self.widths):
            table = np.full((int(self.nodes[:, level].max()) + 1, width), -1, dtype=np.int32)
            table[self.nodes[:, level], self.paths[:, level]] = self.nodes[:, level + 1]
            made.append(table)
        return tuple(made)

    def open(self, mask: np.ndarray | None) -> list[np.ndarray]:
        """By level, (nodes, width) the share of the rows of a branch whose codes are in `mask`; None: all are.

        mask: (size,) bool. Where there is no branch, 0.
        """
        if mask is None:
            return [(table >= 0).astype(np.float32) for table in self.below]
        made = []
        for level, table in enumerate(self.below):
            place = self.nodes[:, level], self.paths[:, level]
            whole, kept = np.zeros(table.shape), np.zeros(table.shape)
            np.add.at(whole, place, self.shares)
            np.add.at(kept, place, self.shares * mask)
            made.append((kept / np.maximum(whole, 1e-300)).astype(np.float32))
        return made

    def of(self, codes: np.ndarray) -> np.ndarray:
        """(n, levels) int16 digits of (n,) codes; -1 of a code below 0."""
        return np.where(codes[:, None] >= 0, self.paths[codes], np.int16(-1))


def digits_of(counts: np.ndarray, *, ordered: bool, base: int) -> Digits:
    """The digits of a column. counts: (size,) rows of each code. base: most branches of one place."""
    order = np.arange(len(counts)) if ordered else np.argsort(-counts, kind="stable")
    weight = (counts + 0.5) / (counts + 0.5).sum()
    levels: list[np.ndarray] = []
    groups = [order]
    while groups or not levels:
        digit, after = np.zeros(len(counts), dtype=np.int16), []
        for group in groups:
            branch = _branches(weight[group], base)
            digit[group] = branch
            after += [part for part in np.split(group, np.flatnonzero(np.diff(branch)) + 1) if len(part) > 1]
        levels.append(digit)
        groups = after
    return Digits(np.stack(levels, axis=1), weight)


def _branches(weight: np.ndarray, base: int) -> np.ndarray:
    """(n,) rising numbers of at most `base` runs of about even weight; what weighs more is alone."""
    count = len(weight)
    if count <= base:
        return np.arange(count)
    summed = np.concatenate([[0.0], np.cumsum(weight)])
    low, high = summed[-1] / base / 2, summed[-1]
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _starts(summed, middle, base) is None else (low, middle)
    starts = _starts(summed, high, base)
    assert starts is not None
    return np.searchsorted(starts, np.arange(count), side="right") - 1


def _starts(summed: np.ndarray, most: float, base: int) -> Sequence[int] | None:
    """Where runs of at most this weight, or of one, begin; None when there are more than `base`."""
    found, at, count = [0], 0, len(summed) - 1
    while True:
        at = max(int(np.searchsorted(summed, summed[at] + most * (1 + 1e-9), side="right")) - 1, at + 1)
        if at >= count:
            return found
        if len(found) == base:
            return None
        found.append(at)
