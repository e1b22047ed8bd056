"""Confidence intervals: Wilson for shares, DeLong for areas under the curve, influence for the rest.

The influence of a row is what the measurement gains when the row weighs a little more (Hampel 1974; "infinitesimal
jackknife", Jaeckel 1972). Its spread over the rows gives the interval that the bootstrap would, without resampling:
the same figure in every run, at the price of one measurement. For an area under the curve it is DeLong's method.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import beta, binom, norm, rankdata

NORMAL = float(norm.ppf(0.975))


def wilson(successes: float, trials: int, z: float = NORMAL) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927). successes may be fractional (ties split). z: for another chance, the
    normal quantile of it."""
    if trials == 0:
        return 0.0, 1.0
    share, z2 = successes / trials, z**2
    middle = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = z * np.sqrt(max(share * (1 - share), 0.0) / trials + z2 / (4 * trials**2)) / (1 + z2 / trials)
    # The bounds hold the share itself, also where rounding would put them a hair beside it.
    return max(0.0, min(float(middle - half), share)), min(1.0, max(float(middle + half), share))


def clopper_pearson(successes: int, trials: int) -> tuple[float, float]:
    """95 % interval of a share that never holds the true share less often (Clopper and Pearson 1934)."""
    if trials == 0:
        return 0.0, 1.0
    low = float(beta.ppf(0.025, successes, trials - successes + 1)) if successes else 0.0
    high = float(beta.ppf(0.975, successes + 1, trials - successes)) if successes < trials else 1.0
    return low, high


def share_above(ours: np.ndarray, others: np.ndarray, exceeding: float) -> tuple[float, tuple[float, float]]:
    """The share of (m,) numbers above the limit that a share `exceeding` of all others would exceed (equals do not
    count), and its 95 % interval; the limit is taken from (n,) of the others.

    The interval holds both the chance of what is among ours (Clopper-Pearson) and the chance of where the limit lies,
    put together as the variances of independent chances are (Newcombe 1998). Where so few others are known that even
    the highest of them is exceeded too often, so much of the share counts as is left by a draw that makes up for it.
    """
    falling, m, n = np.sort(others)[::-1], len(ours), len(others)

    def above(place: int) -> int:
        return int((ours > falling[min(place, n - 1)]).sum())

    # All others exceed the k-th highest of n of them with a chance of k / (n + 1).
    whole = exceeding * (n + 1)
    count, room = above(max(0, int(whole) - 1)), min(1.0, whole)
    low, high = (room * end for end in clopper_pearson(count, m))
    share = room * count / m
    surely, hardly = int(binom.ppf(0.025, n, exceeding)), int(binom.ppf(0.975, n, exceeding))
    fewer = above(surely - 1) / m if surely else min(1.0, exceeding / (1.0 - 0.025 ** (1.0 / n))) * above(0) / m
    below = np.hypot(share - low, share - min(fewer, share))
    beyond = np.hypot(high - share, max(above(hardly) / m, share) - share)
    return share, (float(max(0.0, share - below)), float(min(1.0, share + beyond)))


def auc(positive: np.ndarray, negative: np.ndarray) -> float:
    """Area under the ROC curve: the chance that a positive scores above a negative, ties half."""
    ranks = rankdata(np.concatenate([positive, negative]))
    m, n = len(positive), len(negative)
    return float((ranks[:m].sum() - m * (m + 1) / 2) / (m * n))


def auc_interval(positive: np.ndarray, negative: np.ndarray) -> tuple[float, float]:
    """95 % interval of the area under the curve; (0, 1) with fewer than 2 rows on a side."""
    if len(positive) < 2 or len(negative) < 2:
        return 0.0, 1.0
    inside = np.concatenate([np.ones(len(positive), dtype=bool), np.zeros(len(negative), dtype=bool)])
    value, influence = auc_influence(np.concatenate([positive, negative]), inside)
    return around(value, influence, 0.0, 1.0)


def auc_influence(scores: np.ndarray, inside: np.ndarray) -> tuple[float, np.ndarray]:
    """The area under the curve of (n,) scores for the rows `inside` (n, bool; some but not all), and the (n,)
    influence of each row (DeLong, DeLong and Clarke-Pearson 1988, by ranks)."""
    m = int(inside.sum())
    n = len(inside) - m
    together = rankdata(scores)
    above = (together[inside] - rankdata(scores[inside])) / n
    below = 1.0 - (together[~inside] - rankdata(scores[~inside])) / m
    value = float(above.mean())
    influence = np.empty(len(scores))
    influence[inside] = (above - value) * (len(scores) / m)
    influence[~inside] = (below - value) * (len(scores) / n)
    return value, influence


def around(value: float, influence: np.ndarray, low: float, high: float) -> tuple[float, float]:
    """95 % interval of a measurement from the (n,) influences of its rows, kept within [low, high]."""
    if len(influence) < 2:
        return low, high
    half = NORMAL * float(influence.std(ddof=1)) / float(np.sqrt(len(influence)))
    return float(max(low, value - half)), float(min(high, value + half))
