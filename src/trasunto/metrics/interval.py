"""Confidence intervals: Wilson for shares, DeLong for areas under the curve, the bootstrap for the rest."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.stats import norm, rankdata

NORMAL = float(norm.ppf(0.975))
RESAMPLES = 300


def wilson(successes: float, trials: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927). successes may be fractional (ties split)."""
    if trials == 0:
        return 0.0, 1.0
    share, z2 = successes / trials, NORMAL**2
    middle = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = NORMAL * np.sqrt(share * (1 - share) / trials + z2 / (4 * trials**2)) / (1 + z2 / trials)
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def auc(positive: np.ndarray, negative: np.ndarray) -> float:
    """Area under the ROC curve: the chance that a positive scores above a negative, ties half."""
    ranks = rankdata(np.concatenate([positive, negative]))
    m, n = len(positive), len(negative)
    return float((ranks[:m].sum() - m * (m + 1) / 2) / (m * n))


def auc_interval(positive: np.ndarray, negative: np.ndarray) -> tuple[float, float]:
    """95 % interval of the area under the curve (DeLong, DeLong and Clarke-Pearson 1988, by ranks)."""
    m, n = len(positive), len(negative)
    if m < 2 or n < 2:
        return 0.0, 1.0
    value = auc(positive, negative)
    together = rankdata(np.concatenate([positive, negative]))
    above = (together[:m] - rankdata(positive)) / n
    below = 1.0 - (together[m:] - rankdata(negative)) / m
    deviation = float(np.sqrt(above.var(ddof=1) / m + below.var(ddof=1) / n))
    return max(0.0, value - NORMAL * deviation), min(1.0, value + NORMAL * deviation)


def bootstrap(
    rows: int, measure: Callable[[np.ndarray], float], rng: np.random.Generator, resamples: int = RESAMPLES
) -> tuple[float, float]:
    """95 % percentile interval (Efron 1979). measure takes (rows,) row numbers drawn with replacement."""
    values = [measure(rng.integers(0, rows, rows)) for _ in range(resamples)]
    found = np.array([value for value in values if np.isfinite(value)])
    if found.size == 0:
        return float("nan"), float("nan")
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)
