"""Rows as small whole numbers, so that distances of many rows of mixed kinds are quick to take.

The distance is Gower's (1971): a category adds 1 where two rows differ, a number or date the difference of its ranks
among the rows searched, from 0 to 1; a missing value differs by 1 from every known one. It is held in units of a few
thousandths, in 16 bits, which the processor takes sixteen or more at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from trasunto.metrics.frames import Arrays

# The finest unit, and what the columns together may add up to in 16 bits.
FINEST = 4_096
MOST = 65_535
# Codes beyond share places: no table tells so many categories of one column apart by chance.
OWN_CODES, SHARED_CODES = 30_000, 2_000
# Differences of one value held at a time: few enough to stay in the cache.
BLOCK = 65_536
# Differences of one value that one search may take: on wide tables fewer rows are looked at, but not fewer than these.
WORK = 1e10
LEAST = 500


def affordable(columns: int, searched: int, most: int) -> int:
    """For how many rows, `most` at most, the nearest of so many searched can be looked for."""
    return int(np.clip(WORK / max(1, columns * searched), min(LEAST, most), most))


@dataclass(frozen=True)
class Scale:
    """How rows become places.

    unit: what one category that differs adds. category: (columns,) whether a column has no order. known: by column, the
    sorted values of the rows searched, empty for categories. missing: (columns,) whether any value may be missing.
    """

    unit: int
    category: np.ndarray
    known: tuple[np.ndarray, ...]
    missing: np.ndarray

    def places(self, rows: np.ndarray) -> np.ndarray:
        """(columns, rows) int16 of (rows, columns) values."""
        found = np.empty(rows.shape[::-1], dtype=np.int16)
        for place, known in enumerate(self.known):
            column = rows[:, place]
            empty = np.isnan(column)
            if self.category[place]:
                codes = np.where(empty, -1.0, column)
                found[place] = np.where(codes < OWN_CODES, codes, OWN_CODES + codes % SHARED_CODES)
            else:
                below = np.searchsorted(known, column, "left") + np.searchsorted(known, column, "right")
                rank = np.round(below * (self.unit / (2.0 * max(len(known), 1))))
                found[place] = np.where(empty, -self.unit, rank)
        return found


def scale_of(given: Arrays, searched: np.ndarray, *others: np.ndarray) -> Scale:
    """The scale of (rows, columns) rows to be searched, for these and the other rows."""
    known = tuple(
        np.empty(0) if given.category[place] else np.sort(column[~np.isnan(column)])
        for place, column in enumerate(searched.T)
    )
    missing = np.any([np.isnan(rows).any(axis=0) for rows in (searched, *others)], axis=0)
    return Scale(max(1, min(FINEST, MOST // max(1, searched.shape[1]))), given.category, known, missing)


def apart(scale: Scale, asked: np.ndarray, searched: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Blocks of the rows asked, and (columns, block, searched) uint16 differences of theirs, column by column.

    The array is filled anew for each block.
    """
    columns, size = searched.shape
    height = max(1, BLOCK // max(1, size))
    each = np.empty((columns, height, size), dtype=np.uint16)
    unequal = np.empty((height, size), dtype=bool)
    for start in range(0, asked.shape[1], height):
        block = slice(start, min(start + height, asked.shape[1]))
        high = block.stop - block.start
        for place in range(columns):
            _column(scale, place, asked[place, block, None], searched[place], each[place, :high], unequal[:high])
        yield block, each[:, :high]


def totals(scale: Scale, asked: np.ndarray, searched: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Blocks of the rows asked, and their (block, searched) uint16 distances, filled anew for each block."""
    columns, size = searched.shape
    height = max(1, BLOCK // max(1, size))
    total = np.empty((height, size), dtype=np.uint16)
    one = np.empty_like(total)
    unequal = np.empty((height, size), dtype=bool)
    for start in range(0, asked.shape[1], height):
        block = slice(start, min(start + height, asked.shape[1]))
        high = block.stop - block.start
        total[:high] = 0
        for place in range(columns):
            _column(scale, place, asked[place, block, None], searched[place], one[:high], unequal[:high])
            total[:high] += one[:high]
        yield block, total[:high]


def nearest(scale: Scale, asked: np.ndarray, searched: np.ndarray) -> np.ndarray:
    """(asked,) distance to the nearest row searched, in units."""
    found = np.empty(asked.shape[1], dtype=np.int64)
    for block, total in totals(scale, asked, searched):
        found[block] = total.min(axis=1)
    return found


def equal(rows: np.ndarray, among: np.ndarray) -> np.ndarray:
    """(rows,) whether a row of values stands among the others, missing values equal to each other."""
    # Added to zero, so that minus nothing is nothing.
    plain = [np.ascontiguousarray(np.nan_to_num(each, nan=-1.5e300) + 0.0) for each in (rows, among)]
    one, other = ([row.tobytes() for row in each] for each in plain)
    seen = set(other)
    return np.fromiter((row in seen for row in one), dtype=bool, count=len(one))


def _column(
    scale: Scale, place: int, asked: np.ndarray, searched: np.ndarray, out: np.ndarray, unequal: np.ndarray
) -> None:
    if scale.category[place]:
        np.not_equal(asked, searched, out=unequal)
        np.multiply(unequal, np.uint16(scale.unit), out=out)
        return
    signed = out.view(np.int16)
    np.subtract(asked, searched, out=signed)
    np.abs(signed, out=signed)
    if scale.missing[place]:
        np.minimum(signed, np.int16(scale.unit), out=signed)
