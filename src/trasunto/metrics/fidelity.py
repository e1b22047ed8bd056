"""Do columns, and pairs of columns, look alike? Errors: 0 is a perfect likeness.

Shapes: Kolmogorov-Smirnov distance of numbers and dates, total variation of categories; missing values count as
one more value. Trends: half the difference of Pearson correlations for two numeric columns, total variation of
the contingency table for all other pairs, numbers cut at the real deciles. Both follow SDMetrics' quality report,
turned from scores into errors.
"""

from __future__ import annotations

import numpy as np

from trasunto.metrics.frames import Arrays, arrays
from trasunto.metrics.score import Comparison, Score

BINS = 10
SHOWN_PAIRS = 20
RESAMPLES = 100


def shapes(comparison: Comparison) -> tuple[Score, ...]:
    """Mean error of the columns, then one score a column, worst first."""
    given = arrays(comparison)
    if not given.names:
        return ()
    real = given.parts["real"]
    found = {part: _shape_errors(given, real, rows) for part, rows in given.parts.items() if part != "real"}
    control = found.get("holdout")
    low, high = _shape_interval(given, comparison.seed)
    headline = Score(
        "fidelity.shapes",
        float(found["synthetic"].mean()),
        0.0,
        (low, high),
        float(found["independent"].mean()),
        float(control.mean()) if control is not None else None,
        reading="Mean difference of the columns' distributions from the real ones; 0 is equal. The control is what "
        "unseen real rows differ by chance.",
    )
    each = [
        Score(
            "fidelity.shapes",
            float(found["synthetic"][place]),
            0.0,
            None,
            float(found["independent"][place]),
            float(control[place]) if control is not None else None,
            subject=given.names[place],
        )
        for place in np.argsort(-found["synthetic"], kind="stable")
    ]
    return headline, *each


def trends(comparison: Comparison) -> tuple[Score, ...]:
    """Mean error of all pairs of columns, then the pairs that differ most."""
    given = arrays(comparison)
    if len(given.names) < 2:
        return ()
    real = given.parts["real"]
    edges = _edges(given, real)
    truth = _tables(given, real, edges)
    found = {
        p: _trend_errors(given, truth, _tables(given, rows, edges)) for p, rows in given.parts.items() if p != "real"
    }
    first, second = np.triu_indices(len(given.names), 1)
    control = found.get("holdout")
    headline = Score(
        "fidelity.trends",
        float(found["synthetic"].mean()),
        0.0,
        _over_pairs(found["synthetic"], comparison.seed),
        float(found["independent"].mean()),
        float(control.mean()) if control is not None else None,
        reading="Mean difference of the relations between two columns from the real ones; 0 is equal. The baseline "
        "has lost every relation.",
    )
    worst = np.argsort(-found["synthetic"], kind="stable")[:SHOWN_PAIRS]
    each = [
        Score(
            "fidelity.trends",
            float(found["synthetic"][pair]),
            0.0,
            None,
            float(found["independent"][pair]),
            float(control[pair]) if control is not None else None,
            subject=f"{given.names[first[pair]]} × {given.names[second[pair]]}",
        )
        for pair in worst
    ]
    return headline, *each


def _shape_errors(given: Arrays, real: np.ndarray, other: np.ndarray) -> np.ndarray:
    columns = range(len(given.names))
    return np.array([_shape_error(real[:, c], other[:, c], bool(given.category[c])) for c in columns])


def _shape_error(real: np.ndarray, other: np.ndarray, category: bool) -> float:
    """Distance of two samples of one column, missing values as a value of their own."""
    if category:
        return 0.5 * float(np.abs(_shares(real) - _shares(other)).sum()) if _wide(real, other) else 0.0
    gaps = abs(float(np.isnan(real).mean()) - float(np.isnan(other).mean()))
    a, b = np.sort(real[~np.isnan(real)]), np.sort(other[~np.isnan(other)])
    if a.size == 0 or b.size == 0:
        return gaps
    steps = np.unique(np.concatenate([a, b]))
    distance = np.abs(np.searchsorted(a, steps, "right") / a.size - np.searchsorted(b, steps, "right") / b.size).max()
    return max(float(distance), gaps)


_WIDTH = 256


def _shares(codes: np.ndarray) -> np.ndarray:
    """Share of each code; the last place is for missing values."""
    filled = np.where(np.isnan(codes), _WIDTH - 1, codes).astype(np.int64)
    return np.bincount(filled, minlength=_WIDTH) / max(len(codes), 1)


def _wide(*parts: np.ndarray) -> bool:
    return all(len(part) for part in parts)


def _shape_interval(given: Arrays, seed: int) -> tuple[float, float]:
    """Bootstrap over synthetic rows, on at most 5,000 of them, around the value from all rows."""
    rng = np.random.default_rng(seed)
    real, made = given.parts["real"], given.parts["synthetic"]
    value = _shape_errors(given, real, made).mean()
    few = min(len(made), 5_000)
    base = made[rng.choice(len(made), few, replace=False)]
    drawn = [_shape_errors(given, real, base[rng.integers(0, few, few)]).mean() for _ in range(20)]
    # The spread over resamples of `few` rows is wider than over all rows by the root of their ratio.
    half = 1.96 * float(np.std(drawn, ddof=1)) * np.sqrt(few / len(made)) if len(made) > 1 else float(value)
    return max(0.0, float(value - half)), min(1.0, float(value + half))


def _over_pairs(errors: np.ndarray, seed: int) -> tuple[float, float]:
    """Bootstrap over pairs of columns: how much the mean leans on which columns the table has."""
    rng = np.random.default_rng(seed)
    means = errors[rng.integers(0, len(errors), (RESAMPLES, len(errors)))].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def _edges(given: Arrays, real: np.ndarray) -> list[np.ndarray | None]:
    """Where numbers are cut: the real deciles."""
    cuts: list[np.ndarray | None] = []
    for place, category in enumerate(given.category):
        known = real[:, place][~np.isnan(real[:, place])]
        cuts.append(
            None if category or known.size == 0 else np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1]))
        )
    return cuts


def _tables(given: Arrays, rows: np.ndarray, edges: list[np.ndarray | None]) -> tuple[np.ndarray, np.ndarray]:
    """(rows, columns) codes for contingency tables, and the correlation matrix of the numbers."""
    coded = np.empty(rows.shape, dtype=np.int64)
    for place, cuts in enumerate(edges):
        column = rows[:, place]
        codes = column if cuts is None else np.searchsorted(cuts, column, side="right").astype(float)
        coded[:, place] = np.where(np.isnan(column), _WIDTH - 1, np.nan_to_num(codes)).astype(np.int64)
    numbers = np.flatnonzero(~given.category)
    matrix = np.zeros((rows.shape[1], rows.shape[1]))
    matrix[np.ix_(numbers, numbers)] = _correlations(rows[:, numbers])
    return coded, matrix


def _correlations(numbers: np.ndarray) -> np.ndarray:
    """Pearson correlations over rows where both are known; 0 where a column does not vary."""
    known = ~np.isnan(numbers)
    count = known.T.astype(float) @ known
    filled = (
        np.where(known, numbers - np.nanmean(numbers, axis=0, where=known, keepdims=True), 0.0)
        if (numbers.size and known.any(axis=0).all())
        else np.zeros_like(numbers)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_i = (filled.T @ known) / count
        square = ((filled**2).T @ known) / count - mean_i**2
        cross = (filled.T @ filled) / count - mean_i * mean_i.T
        matrix = cross / np.sqrt(square * square.T)
    return np.clip(np.nan_to_num(matrix, nan=0.0, posinf=0.0, neginf=0.0), -1.0, 1.0)


def _trend_errors(
    given: Arrays, real: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """(pairs,) errors in the order of np.triu_indices."""
    (a, corr_a), (b, corr_b) = real, other
    width = len(given.names)
    # Codes are packed before pairs are counted, so that a pair's table is as small as it can be.
    packed = [np.unique(np.concatenate([a[:, c], b[:, c]]), return_inverse=True) for c in range(width)]
    sizes = [len(values) for values, _ in packed]
    left = [codes[: len(a)] for _, codes in packed]
    right = [codes[len(a) :] for _, codes in packed]
    errors: list[float] = []
    for i in range(width):
        for j in range(i + 1, width):
            if not given.category[i] and not given.category[j]:
                errors.append(abs(corr_a[i, j] - corr_b[i, j]) / 2)
                continue
            cells = sizes[i] * sizes[j]
            one = np.bincount(left[i] * sizes[j] + left[j], minlength=cells) / len(a)
            two = np.bincount(right[i] * sizes[j] + right[j], minlength=cells) / len(b)
            errors.append(0.5 * float(np.abs(one - two).sum()))
    return np.array(errors)
