"""Do columns, and pairs of columns, look alike? Errors: 0 is a perfect likeness, 1 the greatest difference.

Shapes: Kolmogorov-Smirnov distance of numbers and dates, total variation of categories. Trends: half the difference
of Pearson correlations for two columns of numbers, total variation of the contingency table for all other pairs.
Both are those of SDMetrics' quality report, turned from scores into errors, with three differences: a missing value
counts as a value; numbers in a contingency table are cut at the real deciles and not into ten equal widths (one
outlier would put all rows into one cell); and every pair counts, not only the pairs that are related in the real rows.
"""

from __future__ import annotations

import numpy as np

from trasunto.metrics.distances import of_categories, of_numbers, shares, whole
from trasunto.metrics.frames import Arrays, arrays, at_most
from trasunto.metrics.interval import around
from trasunto.metrics.score import Comparison, Score

SHOWN_PAIRS = 20
# The mean over pairs is known well enough from so many, drawn at random: all pairs of a hundred columns.
MOST_PAIRS = 5_000
CHANCE = " The control is what as many unseen real rows differ by chance, the baseline columns drawn by themselves."


def shapes(comparison: Comparison) -> tuple[Score, ...]:
    """fidelity.shapes: mean error of the columns, then one score a column, worst first. () without such columns."""
    given = arrays(comparison)
    if not given.names:
        return ()
    parts = as_many(given, comparison.seed)
    width, rows = len(given.names), len(parts["synthetic"])
    errors = {part: np.empty(width) for part in parts if part != "real"}
    total, intervals = np.zeros(rows), []
    for place in range(width):
        real = parts["real"][:, place]
        measure = of_categories(real, int(given.levels[place])) if given.levels[place] else of_numbers(real)
        for part, found in errors.items():
            error, influence = measure(parts[part][:, place])
            found[place] = error
            if part == "synthetic":
                total += influence / width
                intervals.append(around(error, influence, 0.0, 1.0))
    reading = "Mean difference of the columns' distributions from those of the training rows; 0 is equal." + CHANCE
    headline = _score("fidelity.shapes", {part: float(found.mean()) for part, found in errors.items()}, reading, total)
    each = (
        _named("fidelity.shapes", _at(errors, place), interval=intervals[place], subject=name)
        for place, name in enumerate(given.names)
    )
    return headline, *sorted(each, key=lambda score: -score.value)


def trends(comparison: Comparison) -> tuple[Score, ...]:
    """fidelity.trends: mean error of the pairs of columns, then the 20 pairs that differ most. () without pairs.

    Of more than 5,000 pairs as many are drawn at random.
    """
    given = arrays(comparison)
    if len(given.names) < 2:
        return ()
    parts = as_many(given, comparison.seed)
    first, second = np.triu_indices(len(given.names), 1)
    if len(first) > MOST_PAIRS:
        chosen = np.sort(np.random.default_rng(comparison.seed).choice(len(first), MOST_PAIRS, replace=False))
        first, second = first[chosen], second[chosen]
    errors, total = pair_errors(given, parts, first, second)
    reading = (
        "Mean difference of the relations between two columns from those in the training rows; 0 is equal." + CHANCE
    )
    headline = _score("fidelity.trends", {part: float(found.mean()) for part, found in errors.items()}, reading, total)
    worst = np.argsort(-errors["synthetic"], kind="stable")[:SHOWN_PAIRS]
    each = (
        _named(
            "fidelity.trends", _at(errors, pair), subject=f"{given.names[first[pair]]} × {given.names[second[pair]]}"
        )
        for pair in worst
    )
    return headline, *each


def as_many(given: Arrays, seed: int) -> dict[str, np.ndarray]:
    """The parts, unseen rows cut to as many as there are synthetic ones: chance makes fewer rows differ more."""
    rng = np.random.default_rng(seed)
    most = len(given.parts["synthetic"])
    return {part: at_most(rows, most, rng) if part == "holdout" else rows for part, rows in given.parts.items()}


def _score(metric: str, value: dict[str, float], reading: str, influence: np.ndarray) -> Score:
    interval = around(value["synthetic"], influence, 0.0, 1.0)
    return _named(metric, value, interval=interval, reading=reading)


def _named(
    metric: str,
    value: dict[str, float],
    *,
    interval: tuple[float, float] | None = None,
    subject: str = "",
    reading: str = "",
) -> Score:
    made, alone, unseen = value["synthetic"], value["independent"], value.get("holdout")
    return Score(metric, made, 0.0, interval, alone, unseen, subject, reading)


def _at(errors: dict[str, np.ndarray], place: int | np.integer) -> dict[str, float]:
    return {part: float(found[place]) for part, found in errors.items()}


def pair_errors(
    given: Arrays, parts: dict[str, np.ndarray], first: np.ndarray, second: np.ndarray
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """(pairs,) errors by part, and the (synthetic rows,) influence on their mean."""
    others = [part for part in parts if part != "real"]
    errors = {part: np.zeros(len(first)) for part in others}
    total = np.zeros(len(parts["synthetic"]))
    both = ~given.category[first] & ~given.category[second]
    if both.any():
        numbers = np.unique(np.concatenate([first[both], second[both]]))
        a, b = np.searchsorted(numbers, first[both]), np.searchsorted(numbers, second[both])
        _, truth = _correlations(parts["real"][:, numbers])
        for part in others:
            scaled, found = _correlations(parts[part][:, numbers])
            gap = found - truth
            errors[part][both] = np.abs(gap[a, b]) / 2
            if part == "synthetic":
                wanted = np.zeros_like(gap)
                wanted[a, b] = np.sign(gap[a, b])
                total += _correlation_influence(scaled, found, wanted)
    codes, sizes = _coded(given, parts)
    for pair in np.flatnonzero(~both):
        i, j = int(first[pair]), int(second[pair])
        cells = {part: codes[part][i] * sizes[j] + codes[part][j] for part in parts}
        width = sizes[i] * sizes[j]
        if width > 4 * sum(len(rows) for rows in cells.values()):
            # Most cells of so wide a table are empty: count those that are met.
            _, packed = np.unique(np.concatenate(list(cells.values())), return_inverse=True)
            ends = np.cumsum([len(rows) for rows in cells.values()])[:-1]
            cells, width = dict(zip(cells, np.split(packed, ends), strict=True)), int(packed.max()) + 1
        real = shares(cells["real"], width)
        for part in others:
            gap = shares(cells[part], width) - real
            errors[part][pair] = min(1.0, 0.5 * float(np.abs(gap).sum()))
            if part == "synthetic":
                total += 0.5 * np.sign(gap)[cells[part]]
    return errors, (total - total.mean()) / len(first)


def _coded(given: Arrays, parts: dict[str, np.ndarray]) -> tuple[dict[str, list[np.ndarray]], list[int]]:
    """Columns of each part as whole numbers from 0, the last for a missing value; and how many each column has."""
    codes: dict[str, list[np.ndarray]] = {part: [] for part in parts}
    sizes = []
    for place, levels in enumerate(given.levels.tolist()):
        cuts = np.empty(0)
        if not levels:
            known = parts["real"][:, place]
            known = known[~np.isnan(known)]
            cuts = np.unique(np.quantile(known, np.linspace(0.1, 0.9, 9))) if known.size else cuts
        size = levels or len(cuts) + 1
        sizes.append(size + 1)
        for part, rows in parts.items():
            column = rows[:, place]
            if levels:
                codes[part].append(whole(column, size))
            else:
                codes[part].append(np.where(np.isnan(column), size, np.searchsorted(cuts, column, side="right")))
    return codes, sizes


def _correlations(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(rows, columns) standardised values, 0 where missing, and the Pearson correlations over rows where both
    columns are known; 0 where a column does not vary."""
    known = ~np.isnan(numbers)
    times = np.maximum(known.sum(axis=0), 1)
    filled = np.where(known, numbers, 0.0)
    # Scaled before squaring, so that no square overflows.
    filled /= np.maximum(np.abs(filled).max(axis=0, initial=0.0), np.finfo(float).tiny)
    filled = np.where(known, filled - filled.sum(axis=0) / times, 0.0)
    deviation = np.sqrt((filled**2).sum(axis=0) / times)
    varies = deviation > 1e-12
    scaled = np.where(varies, filled / np.where(varies, deviation, 1.0), 0.0)
    seen = known.astype(float)
    count = np.maximum(seen.T @ seen, 1.0)
    mean = (scaled.T @ seen) / count
    square = ((scaled**2).T @ seen) / count - mean**2
    cross = (scaled.T @ scaled) / count - mean * mean.T
    spread = square * square.T
    matrix = np.where(spread > 1e-12, cross / np.sqrt(np.where(spread > 1e-12, spread, 1.0)), 0.0)
    return scaled, np.clip(matrix, -1.0, 1.0)


def _correlation_influence(scaled: np.ndarray, found: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """(rows,) influence on the sum over pairs of wanted[i, j] · found[i, j] / 2.

    That of one correlation r of standardised x and y is xy - r (x² + y²) / 2 (Devlin, Gnanadesikan, Kettenring 1975).
    """
    weights = wanted * found
    pull = weights.sum(axis=0) + weights.sum(axis=1)
    return 0.5 * (((scaled @ wanted) * scaled).sum(axis=1) - 0.5 * (scaled**2) @ pull)
