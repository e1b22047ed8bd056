"""Can a classifier tell synthetic rows from real ones? The classifier two-sample test (C2ST).

Lopez-Paz and Oquab 2017, "Revisiting classifier two-sample tests": the area under the ROC curve of gradient
boosted trees, cross-fitted, synthetic rows against the holdout, in equal numbers; 0.5 is a coin flip. Against the
training rows a copy would look perfect, so the holdout is used wherever there is one.
"""

from __future__ import annotations

import numpy as np

from trasunto.errors import MetricError
from trasunto.metrics.frames import WIDE, Arrays, arrays, at_most, for_trees, least_in_leaf, threads
from trasunto.metrics.interval import around, auc, auc_influence, auc_interval
from trasunto.metrics.score import Comparison, Score

FOLDS = 5
SHOWN = 10
# More rows a side than this make the trees slower and the area no different.
MOST_ROWS = 50_000
# The baseline is plain to see: so many rows a side are enough to know it to a hundredth.
BASELINE_ROWS = 5_000
# A value met fewer times says nothing by itself.
LEAST_MET = 10


def c2st(comparison: Comparison) -> tuple[Score, ...]:
    """fidelity.c2st, then the 10 columns that alone tell most. () without columns but text and identifiers.

    At most 50,000 rows a side are drawn. Raises MetricError with fewer than 10 rows a side.
    """
    given = arrays(comparison)
    if not given.names:
        return ()
    unseen = "holdout" in given.parts
    against = given.parts["holdout" if unseen else "real"]
    made = given.parts["synthetic"]
    number = min(len(against), len(made), MOST_ROWS)
    if number < 2 * FOLDS:
        raise MetricError(f"fidelity.c2st needs {2 * FOLDS} rows a side and has {number}.", "Give more rows.")
    value, interval = told_apart(given, made, against, number, comparison.seed)
    baseline, _ = told_apart(given, given.parts["independent"], against, min(number, BASELINE_ROWS), comparison.seed)
    control = None
    if unseen and len(given.parts["real"]) >= 2 * FOLDS:
        real = given.parts["real"]
        control, _ = told_apart(given, real, against, min(number, len(real)), comparison.seed)
    reading = (
        "Chance that boosted trees score a synthetic row above an unseen real one; 0.5 means they cannot tell. The "
        "control puts training rows in the place of the synthetic ones, the baseline columns drawn by themselves."
        if unseen
        else "Chance that boosted trees score a synthetic row above a training row; 0.5 means they cannot tell. "
        "Without a holdout this rewards copying."
    )
    headline = Score("fidelity.c2st", value, 0.5, interval, baseline, control, reading=reading)
    return headline, *by_column(given, against, number, comparison.seed)


def told_apart(
    given: Arrays, rows: np.ndarray, against: np.ndarray, number: int, seed: int
) -> tuple[float, tuple[float, float]]:
    """Cross-fitted area under the curve of `number` rows of each, with its interval."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.model_selection import StratifiedKFold

    rng = np.random.default_rng(seed)
    table = for_trees(given, np.concatenate([at_most(rows, number, rng), at_most(against, number, rng)]))
    category = given.category
    # A column that does not vary tells nothing; one without a single value is none the trees can take.
    told = np.array([_varies(table[:, place]) for place in range(table.shape[1])])
    label = np.concatenate([np.ones(number), np.zeros(number)])
    if not told.any():
        return 0.5, (0.5, 0.5)
    table, category = table[:, told], category[told]
    scored = np.empty(len(label))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    for train, test in folds.split(table, label):
        # A column that only rows of the test fold know is none that can be learned from.
        known = ~np.isnan(table[train]).all(axis=0)
        if not known.any():
            scored[test] = 0.5
            continue
        stop = len(train) > 10_000 or table.shape[1] > WIDE
        model = HistGradientBoostingClassifier(
            categorical_features=category[known],
            early_stopping=stop,
            min_samples_leaf=least_in_leaf(len(train)),
            random_state=seed,
        )
        with threads(table):
            model.fit(table[train][:, known], label[train])
            scored[test] = model.predict_proba(table[test][:, known])[:, 1]
    return auc(scored[:number], scored[number:]), auc_interval(scored[:number], scored[number:])


def _varies(column: np.ndarray) -> bool:
    return bool(((column != column[0]) & ~(np.isnan(column) & np.isnan(column[0]))).any())


def by_column(given: Arrays, against: np.ndarray, number: int, seed: int) -> tuple[Score, ...]:
    """Columns by how far each alone tells the two apart."""
    rng = np.random.default_rng(seed)
    parts = {"synthetic": at_most(given.parts["synthetic"], number, rng), "against": at_most(against, number, rng)}
    if "holdout" in given.parts:
        parts["control"] = at_most(given.parts["real"], number, rng)
    # In random order: rows that come sorted would give the two halves different values.
    parts = {part: rng.permutation(rows) for part, rows in parts.items()}
    found = []
    for place, name in enumerate(given.names):
        other = parts["against"][:, place]
        ordered = not given.category[place]
        value, influence = _column_auc(parts["synthetic"][:, place], other, ordered)
        control = _column_auc(parts["control"][:, place], other, ordered)[0] if "control" in parts else None
        interval = around(value, influence, 0.0, 1.0)
        found.append(Score("fidelity.c2st", value, 0.5, interval, control=control, subject=name))
    return tuple(sorted(found, key=lambda score: -score.value)[:SHOWN])


def _column_auc(one: np.ndarray, other: np.ndarray, ordered: bool) -> tuple[float, np.ndarray]:
    """Area under the curve of one column, and the influences of its rows: by the values themselves (missing last) or,
    if that tells more, by how much more frequent a value is among `one`. Which, and which way round, is learned on
    half the rows and measured on the other half."""
    values, codes = np.unique(np.concatenate([one, other]), return_inverse=True, equal_nan=True)
    width = len(values)
    a, b = codes[: len(one)], codes[len(one) :]
    half_a, half_b = len(a) // 2, len(b) // 2
    best = _more_frequent(a[:half_a], b[:half_b], width)
    if ordered:
        # Frequencies are learned on a quarter to be judged on the next, as they are of use only if they last.
        quarter_a, quarter_b = half_a // 2, half_b // 2
        met = [np.bincount(each, minlength=width) for each in (a[quarter_a:half_a], b[quarter_b:half_b])]
        frequent = _auc_of_counts(_more_frequent(a[:quarter_a], b[:quarter_b], width), *met)
        rising = _auc_of_counts(np.arange(width), *met)
        if max(rising, 1.0 - rising) >= frequent:
            best = np.arange(width, dtype=float) if rising >= 0.5 else -np.arange(width, dtype=float)
    scores = np.concatenate([best[a[half_a:]], best[b[half_b:]]])
    inside = np.concatenate([np.ones(len(a) - half_a, dtype=bool), np.zeros(len(b) - half_b, dtype=bool)])
    return auc_influence(scores, inside)


def _more_frequent(one: np.ndarray, other: np.ndarray, width: int) -> np.ndarray:
    """(width,) the share of `one` in each code, both taken as equally many; 0.5 for a code seldom met."""
    met_one, met_other = np.bincount(one, minlength=width), np.bincount(other, minlength=width)
    share_one, share_other = met_one / len(one), met_other / len(other)
    share = (share_one + 1e-4) / (share_one + share_other + 2e-4)
    return np.where(met_one + met_other >= LEAST_MET, share, 0.5)


def _auc_of_counts(score: np.ndarray, one: np.ndarray, other: np.ndarray) -> float:
    """Area under the curve where each score is met so many times on either side."""
    _, place = np.unique(score, return_inverse=True)
    m, n = np.bincount(place, weights=one), np.bincount(place, weights=other)
    return float((m * (np.cumsum(n) - n / 2)).sum() / (m.sum() * n.sum()))
