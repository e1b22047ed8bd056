"""Rows of a comparison as points, so that neighbours can be looked for among rows of mixed kinds."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from trasunto.metrics.frames import Arrays, arrays, at_most, for_trees
from trasunto.metrics.score import Comparison

# Rows a side: measures by neighbours change with it, so that more rows would not make them truer.
MOST_ROWS = 2_000
# Training rows among which the nearest is looked for.
MOST_TRAIN = 20_000
# Axes of the space held at a time.
BLOCK = 2_048
# Squared distances no further apart than this are equal: less is rounding.
SAME = 1e-9


@dataclass(frozen=True)
class Space:
    """Rows as points, so that the squared distance of two rows is a sum over columns.

    A category adds 1 where two rows differ (values beyond the 190 most frequent share 60 places), a number or date
    three times the squared difference of their ranks among the training rows, from 0 to 1: as much, on average, as
    the toss of a coin. A missing number lies half way between the ranks, and half a unit from every known one besides.
    numbers: (rows, axes) by part. codes: (rows, categories) by part, -1 for a missing value. Rows of a part in random
    order: any first few of them are a sample.
    """

    numbers: dict[str, np.ndarray]
    codes: dict[str, np.ndarray]

    def rows(self, part: str) -> int:
        return len(self.codes[part])

    def points(self, part: str, start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        return self.numbers[part][start:stop], self.codes[part][start:stop]


# Held as long as the comparison itself is, and no longer: these are private rows.
_KEPT: WeakKeyDictionary[Comparison, Space] = WeakKeyDictionary()


def space_of(comparison: Comparison) -> Space | None:
    """The parts as points, made once for a comparison; None without columns."""
    given = arrays(comparison)
    if not given.names:
        return None
    found = _KEPT.get(comparison)
    if found is None:
        found = _KEPT[comparison] = _points(given, comparison.seed)
    return found


def _points(given: Arrays, seed: int) -> Space:
    rng = np.random.default_rng(seed)
    real = given.parts["real"]
    parts = {
        part: rng.permutation(at_most(rows, MOST_TRAIN if part == "real" else MOST_ROWS, rng))
        for part, rows in given.parts.items()
    }
    codes = {
        part: np.nan_to_num(for_trees(given, rows)[:, given.category], nan=-1.0).astype(np.int64)
        for part, rows in parts.items()
    }
    axes: dict[str, list[np.ndarray]] = {part: [np.zeros(len(rows))] for part, rows in parts.items()}
    for place in np.flatnonzero(~given.category):
        known = np.sort(real[:, place][~np.isnan(real[:, place])])
        for part, rows in parts.items():
            column = rows[:, place]
            missing = np.isnan(column)
            below = np.searchsorted(known, column, "left") + np.searchsorted(known, column, "right")
            rank = np.where(missing, 0.5, below / (2.0 * max(len(known), 1)))
            axes[part] += [np.sqrt(3.0) * rank, np.where(missing, np.sqrt(0.5), 0.0)]
    return Space({part: np.column_stack(each) for part, each in axes.items()}, codes)


def squares(space: Space, one: tuple[str, int], other: tuple[str, int]) -> np.ndarray:
    """(rows, rows) squared distances of the first few rows of two parts; infinite from a row to itself."""
    first, second = space.points(one[0], 0, one[1]), space.points(other[0], 0, other[1])
    found = _between(first, second)
    if one == other:
        np.fill_diagonal(found, np.inf)
    return found


def _between(one: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    (numbers, codes), (numbers_other, codes_other) = one, other
    found = (numbers**2).sum(axis=1)[:, None] + (numbers_other**2).sum(axis=1)
    found -= 2.0 * (numbers @ numbers_other.T)
    np.maximum(found, 0.0, out=found)
    # Rows differ in as many categories as they do not agree in: a product of rows of zeros and ones counts these.
    found += codes.shape[1]
    for first, second in _axes(codes, codes_other):
        found -= first @ second.T
    return found


def _axes(codes: np.ndarray, other: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Categories as (rows, axes) of 0 and 1, an axis a value that both sides hold, in blocks of flat memory."""
    wanted = [
        (place, value)
        for place in range(codes.shape[1])
        for value in np.intersect1d(codes[:, place], other[:, place]).tolist()
    ]
    found = []
    for start in range(0, len(wanted), BLOCK):
        places = np.array([place for place, _ in wanted[start : start + BLOCK]])
        values = np.array([value for _, value in wanted[start : start + BLOCK]])
        found.append(((codes[:, places] == values).astype(np.float32), (other[:, places] == values).astype(np.float32)))
    return found


def nearest_train(space: Space, part: str, asked: np.ndarray, train: int) -> tuple[np.ndarray, np.ndarray]:
    """Position of the nearest of the first `train` training rows to each row asked, and the squared distance to it.

    A training row is not its own neighbour.
    """
    best, place = np.full(len(asked), np.inf), np.zeros(len(asked), dtype=np.int64)
    rows = (space.numbers[part][asked], space.codes[part][asked])
    for start in range(0, train, MOST_ROWS):
        stop = min(start + MOST_ROWS, train)
        apart = _between(rows, space.points("real", start, stop))
        if part == "real":
            inside = (asked >= start) & (asked < stop)
            apart[np.flatnonzero(inside), asked[inside] - start] = np.inf
        low = apart.argmin(axis=1)
        found = apart[np.arange(len(asked)), low]
        # What is nearer by no more than rounding does not count: the first of equals stands, however rows are cut.
        closer = found < best - SAME
        best, place = np.where(closer, found, best), np.where(closer, start + low, place)
    return place, best


@dataclass(frozen=True)
class Middle:
    """The mean point of some rows. shares: by category, the share of rows with each code from -1."""

    numbers: np.ndarray
    shares: tuple[np.ndarray, ...]

    def squares(self, space: Space, part: str, number: int) -> np.ndarray:
        """(number,) squared distances of the first rows of a part."""
        numbers, codes = space.points(part, 0, number)
        found = ((numbers - self.numbers) ** 2).sum(axis=1)
        for place, share in enumerate(self.shares):
            code = codes[:, place] + 1
            inside = np.where(code < len(share), share[np.minimum(code, len(share) - 1)], 0.0)
            # Half the squared distance of the axes of 0 and 1, so that two rows that differ lie 1 apart.
            found += 0.5 * (1.0 - 2.0 * inside + float((share**2).sum()))
        return found


def middle_of(space: Space, part: str, number: int) -> Middle:
    """The mean of the first rows of a part, a category as an axis of 0 and 1 a value."""
    numbers, codes = space.points(part, 0, number)
    shares = tuple(np.bincount(codes[:, place] + 1) / number for place in range(codes.shape[1]))
    return Middle(numbers.mean(axis=0), shares)
