"""Fairness of answers in two classes, as arithmetic on counts: what the figures mean, and how sure they are.

The definitions are those of Fairlearn ("worst case between groups"): a difference is the greatest rate of a group less
the smallest, a ratio the smallest divided by the greatest, and equalised odds the worse of the true and the false
positive rates (Hardt, Price and Srebro 2016). Two differences: a group without rows of a class has no rate there and
is left out, where Fairlearn takes it as 0; and rates that are all 0 have the ratio 1, where Fairlearn has none.

Counts are (..., groups, 2, 2) arrays: group, what is true, what was said. Leading axes are resamples.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

RESAMPLES = 1_000

# From counts to one figure a resample.
Figure = Callable[[np.ndarray], np.ndarray]


def tables(group: np.ndarray, groups: int, *marks: np.ndarray) -> np.ndarray:
    """(groups, 2, ...) how many rows have each combination of (rows,) bool marks in each group; -1: in no group."""
    place = group.astype(np.int64)
    for mark in marks:
        place = 2 * place + mark.astype(np.int64)
    shape = (groups, *(2 for _ in marks))
    return np.bincount(place[group >= 0], minlength=int(np.prod(shape))).reshape(shape)


def selection(counts: np.ndarray) -> np.ndarray:
    """(..., groups) share of the rows that are given the favourable answer."""
    return _share(counts[..., :, 1].sum(axis=-1), counts.sum(axis=(-2, -1)))


def true_positives(counts: np.ndarray) -> np.ndarray:
    """(..., groups) share of the favourable rows that are given the favourable answer."""
    return _share(counts[..., 1, 1], counts[..., 1, :].sum(axis=-1))


def false_positives(counts: np.ndarray) -> np.ndarray:
    """(..., groups) share of the other rows that are given the favourable answer."""
    return _share(counts[..., 0, 1], counts[..., 0, :].sum(axis=-1))


def precision(counts: np.ndarray) -> np.ndarray:
    """(..., groups) share of the favourable answers that are right."""
    return _share(counts[..., 1, 1], counts[..., :, 1].sum(axis=-1))


def gap(rates: np.ndarray) -> np.ndarray:
    """(...) the greatest rate of a group less the smallest; NaN with fewer than two known rates."""
    known = ~np.isnan(rates)
    high = np.where(known, rates, -np.inf).max(axis=-1)
    low = np.where(known, rates, np.inf).min(axis=-1)
    few = known.sum(axis=-1) < 2
    return np.where(few, np.nan, np.where(few, 0.0, high) - np.where(few, 0.0, low))


def ratio(rates: np.ndarray) -> np.ndarray:
    """(...) the smallest rate of a group divided by the greatest; 1 where all are 0; NaN with fewer than two known."""
    known = ~np.isnan(rates)
    high = np.where(known, rates, -np.inf).max(axis=-1)
    low = np.where(known, rates, np.inf).min(axis=-1)
    found = np.where(high > 0, np.where(known.any(axis=-1), low, 0.0) / np.where(high > 0, high, 1.0), 1.0)
    return np.where(known.sum(axis=-1) < 2, np.nan, found)


def parity_gap(counts: np.ndarray) -> np.ndarray:
    """Demographic parity difference."""
    return gap(selection(counts))


def parity_ratio(counts: np.ndarray) -> np.ndarray:
    """Demographic parity ratio: below 0.8 breaks the four-fifths rule (US Uniform Guidelines 1978, § 1607.4 D)."""
    return ratio(selection(counts))


def odds_gap(counts: np.ndarray) -> np.ndarray:
    """Equalised odds difference."""
    return _worse(np.fmax, gap, counts)


def odds_ratio(counts: np.ndarray) -> np.ndarray:
    """Equalised odds ratio."""
    return _worse(np.fmin, ratio, counts)


def opportunity_gap(counts: np.ndarray) -> np.ndarray:
    """Equal opportunity difference: that of the true positive rates."""
    return gap(true_positives(counts))


def precision_gap(counts: np.ndarray) -> np.ndarray:
    """Predictive parity difference."""
    return gap(precision(counts))


def resampled(counts: np.ndarray, seed: int) -> np.ndarray:
    """(1000, ...) counts of as many rows drawn with replacement: the bootstrap of all that is computed from counts."""
    total = int(counts.sum())
    shares = counts.ravel() / total
    return np.random.default_rng(seed).multinomial(total, shares, RESAMPLES).reshape(RESAMPLES, *counts.shape)


def interval(value: float, drawn: np.ndarray, low: float, high: float) -> tuple[float, float]:
    """95 % interval of a value from its (resamples,) bootstrap, within [low, high].

    The greatest gap between groups grows with chance alone, so resamples of equal groups differ more than the groups
    do: reflected about the value (the "basic" bootstrap, Davison and Hinkley 1997, section 5.2.1) they reach 0 there,
    and as they are (the percentile bootstrap) they do not end at the value. The interval holds both.
    """
    known = drawn[~np.isnan(drawn)]
    if not known.size:
        return low, high
    below, above = (float(edge) for edge in np.quantile(known, [0.025, 0.975]))
    ends = (below, above, 2 * value - above, 2 * value - below, value)
    return max(low, min(ends)), min(high, max(ends))


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1), np.nan)


def _worse(of: Callable[..., np.ndarray], measure: Figure, counts: np.ndarray) -> np.ndarray:
    return of(measure(true_positives(counts)), measure(false_positives(counts)))
