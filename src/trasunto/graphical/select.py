"""Which marginal to measure next: the one the model misses by most beyond what its noise would bring.

AIM (McKenna, Mullins, Sheldon and Miklau 2022, "AIM: an adaptive and iterative mechanism for differentially private
synthetic data", algorithm 2), with each marginal offered at several resolutions: a coarse one has less to tell, and
less noise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from trasunto.graphical.estimate import levels_of
from trasunto.graphical.junction import good_order, in_order, neighbours_of
from trasunto.graphical.scales import Scale

# Most groups of a column in a marginal of one, of two, of three and more columns.
FINEST = {1: 1_000_000, 2: 32, 3: 16}


@dataclass(frozen=True)
class Offer:
    """Columns whose marginal may be measured, at any of some levels.

    first: by column, the finest level offered. weight: worth of a row that it is off by. pairs: what the pairs in it
    weigh, together. real: (first levels) counts.
    """

    columns: tuple[int, ...]
    first: tuple[int, ...]
    weight: float
    pairs: float
    real: np.ndarray

    def moved(self, pair: float) -> float:
        """Most that a row more or less moves its score. pair: see `scored`."""
        return pair * self.pairs + (self.weight if len(self.columns) > 2 else 0.0)


def offers(
    coded: np.ndarray, scales: Sequence[Scale], *, degree: int, most: int, target: int | None, lift: float
) -> list[Offer]:
    """All sets of at most `degree` columns, or of fewer when there are more than `most` of them.

    coded: (rows, columns) finest groups. target: its marginals weigh `lift` times as much.
    """
    # A column of one group has nothing to tell of others.
    telling = [column for column, scale in enumerate(scales) if scale.size(0) > 1]
    found: list[Offer] = []
    for size in range(2, degree + 1):
        sets = list(combinations(telling, size))
        if size > 2 and len(found) + len(sets) > most:
            break
        for columns in sets:
            first = tuple(_finest(scales[column], size) for column in columns)
            lifted = lift if target in columns else 1.0
            # Of its pairs, those with the target are one fewer than its columns.
            pairs = math.comb(size, 2) + (lifted - 1) * (size - 1)
            found.append(Offer(columns, first, lifted, pairs, counted(coded, columns, first, scales)))
    return found


def _finest(scale: Scale, size: int) -> int:
    most = FINEST[min(size, 3)]
    return next((level for level in range(len(scale.starts)) if scale.size(level) <= most), len(scale.starts) - 1)


def counted(coded: np.ndarray, columns: Sequence[int], levels: Sequence[int], scales: Sequence[Scale]) -> np.ndarray:
    """Rows in each cell of a marginal, int64. coded: (rows, columns) finest groups."""
    shape = [scales[column].size(level) for column, level in zip(columns, levels, strict=True)]
    key = np.zeros(len(coded), dtype=np.int64)
    for column, level, size in zip(columns, levels, shape, strict=True):
        groups = coded[:, column]
        key *= size
        key += groups if level == 0 else scales[column].of_groups(level)[groups]
    return np.bincount(key, minlength=int(np.prod(shape))).reshape(shape)


@dataclass(frozen=True)
class Choices:
    """What may be measured now: by row, an offer, its levels, its score. sensitivity: most that a row moves one."""

    offer: np.ndarray
    levels: np.ndarray
    scores: np.ndarray
    sensitivity: float


def scored(
    offered: Sequence[Offer],
    made: np.ndarray,
    scales: Sequence[Scale],
    *,
    total: float,
    sigma: float,
    pair: float,
    forest: bool,
) -> Choices:
    """Every offer at every level, with how far the model is off beyond noise.

    made: (rows, columns) finest groups of rows drawn from the model. sigma: of the noise that a measurement would get.
    pair: what a pair in a larger marginal weighs beside it. forest: whether pairs alone matter, and no other.
    """
    rate, noise = total / len(made), np.sqrt(2 / np.pi) * sigma
    numbers, levels, scores = [], [], []
    degree = max(len(offer.columns) for offer in offered)
    pairs: dict[tuple[int, ...], tuple[Offer, np.ndarray]] = {}
    sensitivity = max(offer.moved(pair) for offer in offered)
    for number, offer in enumerate(offered):
        size = len(offer.columns)
        off = offer.real - rate * counted(made, offer.columns, offer.first, scales)
        lone, cells = _misses(off, offer, scales)
        if size == 2:
            pairs[offer.columns] = offer, lone
            score = pair * offer.weight * (lone - noise * cells)
            if min(off.shape) > 2 and not forest:
                # One column may tell the other: then only so many cells are not empty.
                astray = total - max(offer.real.max(axis=0).sum(), offer.real.max(axis=1).sum())
                tied = lone.flat[0] - noise * sum(off.shape) - 2 * astray
                score.flat[0] = max(score.flat[0], sensitivity / 3 * tied)
        else:
            score = offer.weight * (lone - noise * cells)
            for axes in combinations(range(size), 2):
                known = pairs[offer.columns[axes[0]], offer.columns[axes[1]]]
                score += pair * known[0].weight * _of_pair(known, offer, axes, noise, cells, scales)
        numbers.append(np.full(score.size, number))
        grid = np.indices(score.shape).reshape(size, -1).T + np.array(offer.first)
        levels.append(np.pad(grid, ((0, 0), (0, degree - size)), constant_values=-1))
        scores.append(score.ravel())
    return Choices(np.concatenate(numbers), np.concatenate(levels), np.concatenate(scores), sensitivity)


def _of_pair(
    pair: tuple[Offer, np.ndarray],
    offer: Offer,
    axes: tuple[int, int],
    noise: float,
    cells: np.ndarray,
    scales: Sequence[Scale],
) -> np.ndarray:
    """By level of each column of an offer, the rows that the model is off by in a pair of them, beyond noise."""
    known, lone = pair
    shape = [1] * cells.ndim
    counts = []
    for axis, column, first in zip(axes, known.columns, known.first, strict=True):
        skip = offer.first[axis] - first
        lone = lone[skip:] if axis == axes[0] else lone[:, skip:]
        shape[axis] = cells.shape[axis]
        counts.append([scales[column].size(level) for level in range(offer.first[axis], len(scales[column].starts))])
    both = np.multiply.outer(*counts).reshape(shape)
    found: np.ndarray = lone.reshape(shape) - noise * np.sqrt(both * cells)
    return found


def _misses(off: np.ndarray, offer: Offer, scales: Sequence[Scale]) -> tuple[np.ndarray, np.ndarray]:
    """By level of each column, the rows that a table is off by, and its cells."""
    shape = [len(scales[c].starts) - first for c, first in zip(offer.columns, offer.first, strict=True)]
    lone, cells = np.empty(shape), np.empty(shape)
    for place, table in _coarser(off, offer, scales, 0, ()):
        lone[place], cells[place] = np.abs(table).sum(), table.size
    return lone, cells


def _coarser(table, offer, scales, axis, done):  # type: ignore[no-untyped-def]
    """The table at all levels of the axes from this one on."""
    if axis == table.ndim:
        yield done, table
        return
    scale, first = scales[offer.columns[axis]], offer.first[axis]
    for level in range(first, len(scale.starts)):
        less = table if level == first else np.add.reduceat(table, scale.sums(first, level), axis=axis)
        yield from _coarser(less, offer, scales, axis + 1, (*done, level - first))


@dataclass(frozen=True)
class Room:
    """How large the tables of the model may become. levels: of each column now. order: in which columns are
    eliminated. joined: columns in a marginal of several."""

    neighbours: tuple[int, ...]
    sizes: tuple[int, ...]
    joined: frozenset[int]
    order: tuple[int, ...]
    cells: float

    @staticmethod
    def of(marginals: Sequence[tuple[tuple[int, ...], tuple[int, ...]]], scales: Sequence[Scale], cells: float) -> Room:
        """marginals: columns and levels of those measured."""
        levels = levels_of(scales, marginals)
        sizes = tuple(scale.size(level) for scale, level in zip(scales, levels, strict=True))
        neighbours = neighbours_of(len(scales), [columns for columns, _ in marginals])
        joined = frozenset(column for columns, _ in marginals if len(columns) > 1 for column in columns)
        return Room(tuple(neighbours), sizes, joined, tuple(good_order(neighbours, sizes)), cells)

    def parts(self) -> list[int]:
        """(columns,) a number for the part of the model that each column belongs to."""
        found = list(range(len(self.sizes)))
        for column, near in enumerate(self.neighbours):
            for other in range(len(self.sizes)):
                if near >> other & 1:
                    old, new = found[other], found[column]
                    found = [new if part == old else part for part in found]
        return found

    def fits(self, offer: Offer, scales: Sequence[Scale]) -> np.ndarray:
        """By level of each column, from the first offered on, whether all tables together would stay below `cells`."""
        wanted = sum(1 << column for column in offer.columns)
        neighbours = list(self.neighbours)
        for column in offer.columns:
            neighbours[column] |= wanted & ~(1 << column)
        fits = self._fit(offer, scales, in_order(neighbours, self.order))
        if not fits.flat[-1]:
            # Another order may do with smaller tables.
            fits = self._fit(offer, scales, in_order(neighbours, good_order(neighbours, self.sizes)))
        return fits

    def _fit(self, offer: Offer, scales: Sequence[Scale], cliques: list[int]) -> np.ndarray:
        became = []
        for at, (column, first) in enumerate(zip(offer.columns, offer.first, strict=True)):
            new = np.array([scales[column].size(level) for level in range(first, len(scales[column].starts))], float)
            new = np.maximum(new, self.sizes[column]) if column in self.joined else new
            became.append(new.reshape([-1 if axis == at else 1 for axis in range(len(offer.columns))]))
        cells: Any = 0.0
        for clique in cliques:
            part: Any = 1.0
            rest = clique
            while rest:
                low = rest & -rest
                rest ^= low
                column = low.bit_length() - 1
                part = part * (became[offer.columns.index(column)] if column in offer.columns else self.sizes[column])
            cells = cells + part
        found: np.ndarray = np.broadcast_to(cells <= self.cells, [each.size for each in became])
        return found
