"""How far the values of a column lie from those of the real one: 0 is equal, 1 has nothing in common.

Each distance comes with the influence of every row on it (see `interval`), and so with its interval.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

# From the rows of one column to their distance from the real ones and the (n,) influences on it.
Distance = Callable[[np.ndarray], tuple[float, np.ndarray]]


def of_categories(real: np.ndarray, levels: int) -> Distance:
    """Total variation of (n,) codes below `levels` (NaN for a missing value, which counts as one more)."""
    truth = shares(whole(real, levels), levels + 1)

    def measure(other: np.ndarray) -> tuple[float, np.ndarray]:
        codes = whole(other, levels)
        gap = shares(codes, levels + 1) - truth
        influence = 0.5 * np.sign(gap)[codes]
        return min(1.0, 0.5 * float(np.abs(gap).sum())), influence - influence.mean()

    return measure


def of_numbers(real: np.ndarray) -> Distance:
    """Kolmogorov-Smirnov distance of the known among (n,) numbers, or the difference of the missing shares if that is
    greater."""
    known_real = np.sort(real[~np.isnan(real)])
    empty_real = float(np.isnan(real).mean())

    def measure(other: np.ndarray) -> tuple[float, np.ndarray]:
        missing = np.isnan(other)
        empty = float(missing.mean())
        known = np.sort(other[~missing])
        # Only missing values on one side: then their shares tell the whole difference.
        gap = empty - empty_real
        error, influence = abs(gap), np.sign(gap) * (missing - empty)
        if known.size and known_real.size:
            steps = np.unique(np.concatenate([known_real, known]))
            below = np.searchsorted(known, steps, "right") / known.size
            apart = below - np.searchsorted(known_real, steps, "right") / known_real.size
            at = int(np.abs(apart).argmax())
            if abs(apart[at]) > error:
                error = abs(float(apart[at]))
                inside = np.where(missing, 0.0, (other <= steps[at]) - below[at])
                influence = np.sign(apart[at]) * inside * (len(other) / known.size)
        return error, influence

    return measure


def whole(column: np.ndarray, missing: int) -> np.ndarray:
    """Codes as whole numbers, `missing` for a missing value."""
    return np.where(np.isnan(column), missing, column).astype(np.int64)


def shares(codes: np.ndarray, width: int) -> np.ndarray:
    """Share of each code from 0 to `width` among (n,) codes."""
    return np.bincount(codes, minlength=width) / len(codes)
