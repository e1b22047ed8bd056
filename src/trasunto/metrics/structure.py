"""Can a classifier tell synthetic rows from real ones? The classifier two-sample test (C2ST).

Lopez-Paz and Oquab 2017, "Revisiting classifier two-sample tests": the area under the ROC curve of gradient
boosted trees, cross-fitted, synthetic rows against the holdout, in equal numbers; 0.5 is a coin flip. Against the
training rows a copy would look perfect, so the holdout is used wherever there is one.
"""

from __future__ import annotations

import numpy as np

from trasunto.errors import MetricError
from trasunto.metrics.frames import Arrays, arrays, at_most
from trasunto.metrics.interval import auc, auc_interval
from trasunto.metrics.score import Comparison, Score

FOLDS = 5
SHOWN = 10


def c2st(comparison: Comparison) -> tuple[Score, ...]:
    """The headline, then the columns that give synthetic rows away most. MetricError with fewer than 10 rows."""
    given = arrays(comparison)
    if not given.names:
        return ()
    against = given.parts.get("holdout", given.parts["real"])
    smallest = min(len(against), len(given.parts["synthetic"]))
    if smallest < 2 * FOLDS:
        raise MetricError(f"fidelity.c2st needs {2 * FOLDS} rows a side and has {smallest}.", "Give more rows.")
    value, interval = _told_apart(given, given.parts["synthetic"], against, comparison.seed)
    # The baseline is plain to see: 5,000 rows are enough to know it to a hundredth.
    baseline, _ = _told_apart(given, given.parts["independent"], against, comparison.seed, most=5_000)
    control = None
    if comparison.holdout is not None:
        control, _ = _told_apart(given, given.parts["real"], against, comparison.seed)
    reading = (
        "Chance that a classifier scores a synthetic row above an unseen real one; 0.5 means it cannot tell."
        if comparison.holdout is not None
        else "Chance that a classifier tells a synthetic row from a training row; without a holdout, copies look good."
    )
    headline = Score("fidelity.c2st", value, 0.5, interval, baseline, control, reading=reading)
    return headline, *_by_column(given, against)


def _told_apart(
    given: Arrays, rows: np.ndarray, against: np.ndarray, seed: int, most: int | None = None
) -> tuple[float, tuple[float, float]]:
    """Cross-fitted area under the curve of `rows` against as many rows of `against`, with its interval."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.model_selection import StratifiedKFold

    rng = np.random.default_rng(seed)
    number = min(len(rows), len(against), most or len(rows))
    one, other = at_most(rows, number, rng), at_most(against, number, rng)
    table = np.concatenate([one, other])
    label = np.concatenate([np.ones(number), np.zeros(number)])
    scored = np.empty(len(label))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    for train, test in folds.split(table, label):
        model = HistGradientBoostingClassifier(categorical_features=given.category, random_state=seed)
        scored[test] = model.fit(table[train], label[train]).predict_proba(table[test])[:, 1]
    return auc(scored[:number], scored[number:]), auc_interval(scored[:number], scored[number:])


def _by_column(given: Arrays, against: np.ndarray) -> tuple[Score, ...]:
    """Columns by how far each alone tells the two apart: the better of by value and by how frequent a value is."""
    made = given.parts["synthetic"]
    found = []
    for place, name in enumerate(given.names):
        one, other = made[:, place], against[:, place]
        value = _frequency_auc(one, other)
        if not given.category[place]:
            filled = [np.nan_to_num(each, nan=np.nanmin(against[:, place], initial=0.0) - 1.0) for each in (one, other)]
            by_value = auc(*filled)
            value = max(value, by_value, 1.0 - by_value)
        found.append(Score("fidelity.c2st", float(value), 0.5, subject=name))
    return tuple(sorted(found, key=lambda score: -score.value)[:SHOWN])


def _frequency_auc(one: np.ndarray, other: np.ndarray) -> float:
    """How well the value itself, looked up in half the rows, tells the other half apart."""
    half_one, half_other = len(one) // 2, len(other) // 2
    values, codes = np.unique(np.concatenate([one, other]), return_inverse=True)
    a, b = codes[: len(one)], codes[len(one) :]
    known = np.bincount(a[:half_one], minlength=len(values)) / max(half_one, 1)
    real = np.bincount(b[:half_other], minlength=len(values)) / max(half_other, 1)
    # Values met fewer than ten times say nothing by themselves: a generator should not repeat them.
    often = np.bincount(codes, minlength=len(values)) >= 10
    ratio = np.where(often, (known + 1e-4) / (known + real + 2e-4), 0.5)
    return auc(ratio[a[half_one:]], ratio[b[half_other:]])
