"""Is a table worth training on whatever the learner? Train on synthetic, test on real, with four ways to learn.

One learner can be lucky, and boosted trees, which `tstr` asks, forgive what linear models and neighbours do not. The
mean over learners of different kinds is what Xu et al. 2019 ("Modeling tabular data using conditional GAN") and
Kotelnikov et al. 2023 (TabDDPM) report.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from trasunto.executors import Local, current
from trasunto.metrics.answers import CLASSES, NUMBERS, Answers, Learner, Measured, Task, answered, known, task_of
from trasunto.metrics.frames import Arrays, arrays, at_most, least_in_leaf
from trasunto.metrics.interval import around
from trasunto.metrics.score import Comparison, Score
from trasunto.metrics.utility import ARMS, BOOSTED

# Rows to train on and rows to ask: the slowest learner of the four takes a second for so many.
MOST_ROWS = 10_000
# Axes in all that categories take, and that one of them may take: frequent values have one each, the others one.
MOST_AXES = 1_000
AXES_EACH = 40
TREES = 50
NEIGHBOURS = 15
# A number further than so many spreads from the middle stands there.
FAR = 5.0

AFTER = (
    " Mean over a linear model, random trees, boosted trees and nearest neighbours. The control is the same learners "
    "trained on real rows, the baseline on columns drawn by themselves."
)
READINGS = {
    "auc": "Area under the curve that learners trained on synthetic rows reach on unseen real rows; 1 is perfect.",
    "accuracy": "Share of unseen real rows that learners trained on synthetic rows get right.",
    "precision": "Share of the answers of a class that are right, mean over the classes, on unseen real rows.",
    "recall": "Share of the rows of a class that are answered right, mean over the classes, on unseen real rows.",
    "f1": "Mean over the classes of F1 that learners trained on synthetic rows reach on unseen real rows.",
    "r2": "Share of the target's variance in unseen real rows that learners trained on synthetic rows explain.",
    "rmse": "Root of the mean squared error on unseen real rows, in the units of the target.",
    "mae": "Mean absolute error on unseen real rows, in the units of the target.",
}


def learners(comparison: Comparison) -> tuple[Score, ...]:
    """utility.learners (area under the curve, the mean of one class against the rest when there are more than two; R²
    for a number), then for a class utility.learners_accuracy, _precision, _recall and _f1 (means over the classes), for
    a number utility.learners_rmse and _mae (in the target's units); each the mean over four learners, then each learner
    by itself.

    Logistic or ridge regression, extremely randomised trees (Geurts, Ernst and Wehenkel 2006), boosted trees, and
    nearest neighbours, each with fixed settings, on at most 10,000 rows, tested on at most 10,000 of the holdout; each
    training is a part of its own for an executor of processes. () without target or holdout, for a target of text or
    identifiers, and where it never varies in the holdout.
    """
    given = arrays(comparison)
    task = task_of(comparison, given)
    if task is None:
        return ()
    rng = np.random.default_rng(comparison.seed)
    test = at_most(task.test, MOST_ROWS, rng)
    if len(np.unique(test[:, task.place])) > 1:
        task = replace(task, test=test)
    rows = {arm: at_most(known(given.parts[arm], task.place), MOST_ROWS, rng) for arm in ARMS}
    measures = CLASSES if task.classes else NUMBERS
    found: dict[str, dict[str, list[Measured]]] = {name: {arm: [] for arm in ARMS} for name in measures}
    executor = current() if current().apart else Local(1)
    jobs = [(number, arm) for number in range(len(LEARNERS)) for arm in ARMS]
    # Of the parts of the table a training takes but its own rows.
    about = (replace(given, parts={}), task, rows, comparison.seed)
    for (_, arm), answers in zip(jobs, executor.map(_trained, jobs, shared=about), strict=True):
        for name, measure in measures.items():
            found[name][arm].append(measure(answers))
    headlines, each = [], []
    for place, (name, arms) in enumerate(found.items()):
        metric = f"utility.learners_{name}" if place else "utility.learners"
        whole = {arm: _mean(values) for arm, values in arms.items()}
        headlines.append(_score(metric, name, whole, "", READINGS[name] + AFTER))
        for number, learner in enumerate(LEARNERS):
            one = {arm: values[number] for arm, values in arms.items()}
            each.append(_score(metric, name, one, learner.name, ""))
    return headlines[0], *headlines[1:], *each


def _trained(job: tuple[int, str], about: tuple[Arrays, Task, dict[str, np.ndarray], int]) -> Answers:
    """What one learner answers after training on one part. job: its number and the part."""
    number, arm = job
    given, task, rows, seed = about
    return answered(given, task, rows[arm], LEARNERS[number], seed)


def _mean(values: list[Measured]) -> Measured:
    """All are tested on the same rows, so the influence of a row on the mean is the mean of its influences."""
    return float(np.mean([value for value, _ in values])), np.mean([influence for _, influence in values], axis=0)


def _score(metric: str, name: str, value: dict[str, Measured], subject: str, reading: str) -> Score:
    error = name in ("rmse", "mae")
    low = -np.inf if name == "r2" else 0.0
    made, influence = value["synthetic"]
    interval = around(made, influence, low, np.inf if error else 1.0)
    goal = 0.0 if error else 1.0
    return Score(metric, made, goal, interval, value["independent"][0], value["real"][0], subject, reading)


@contextmanager
def _one_thread() -> Iterator[None]:
    """One thread, so that sums are added up in one order; a model that has not quite converged is good enough."""
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def _axes(x: np.ndarray, questions: np.ndarray, category: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows as points: numbers standardised as the training rows are, missing ones in the middle and marked; an axis a
    frequent category, one for the rare ones and one for a missing value."""
    most = int(np.clip(MOST_AXES // max(1, int(category.sum())), 2, AXES_EACH))
    points: list[list[np.ndarray]] = [[], []]
    for place in range(x.shape[1]):
        column = x[:, place]
        if category[place]:
            # Codes go by frequency over all rows, so the low ones are the frequent ones.
            values = [*range(min(most, int(np.nanmax(column)) + 1))]
            for found, rows in zip(points, (column, questions[:, place]), strict=True):
                rare = rows >= len(values)
                found.append(np.column_stack([rows[:, None] == np.array(values), rare, np.isnan(rows)]))
            continue
        # In units of the largest number, so that no square overflows.
        unit = max(float(np.nanmax(np.abs(column))), np.finfo(float).tiny)
        middle, spread = float(np.nanmean(column / unit)), float(np.nanstd(column / unit))
        for found, rows in zip(points, (column, questions[:, place]), strict=True):
            missing = np.isnan(rows)
            away = np.where(missing, middle, rows / unit) - middle
            scaled = np.clip(away / spread, -FAR, FAR) if spread > 0 else np.zeros(len(rows))
            found.append(np.column_stack([scaled, missing]))
    one, other = (np.concatenate(found, axis=1).astype(np.float64) for found in points)
    return one, other


def _linear_chances(x: np.ndarray, y: np.ndarray, questions: np.ndarray, category: np.ndarray, seed: int) -> np.ndarray:
    from sklearn.linear_model import LogisticRegression

    one, other = _axes(x, questions, category)
    with _one_thread():
        return LogisticRegression(max_iter=200, tol=1e-3).fit(one, y).predict_proba(other)


def _linear_numbers(x: np.ndarray, y: np.ndarray, questions: np.ndarray, category: np.ndarray, seed: int) -> np.ndarray:
    from sklearn.linear_model import Ridge

    one, other = _axes(x, questions, category)
    with _one_thread():
        return Ridge(alpha=1.0, solver="cholesky").fit(one, y).predict(other)


def _trees_chances(x: np.ndarray, y: np.ndarray, questions: np.ndarray, category: np.ndarray, seed: int) -> np.ndarray:
    from sklearn.ensemble import ExtraTreesClassifier

    one, other = _axes(x, questions, category)
    model = ExtraTreesClassifier(TREES, min_samples_leaf=_leaf(len(y)), random_state=seed)
    with _one_thread():
        return model.fit(one, y).predict_proba(other)


def _trees_numbers(x: np.ndarray, y: np.ndarray, questions: np.ndarray, category: np.ndarray, seed: int) -> np.ndarray:
    from sklearn.ensemble import ExtraTreesRegressor

    one, other = _axes(x, questions, category)
    model = ExtraTreesRegressor(TREES, min_samples_leaf=_leaf(len(y)), max_features=0.5, random_state=seed)
    with _one_thread():
        return model.fit(one, y).predict(other)


def _leaf(rows: int) -> int:
    return max(1, least_in_leaf(rows) // 4)


def _near_chances(x: np.ndarray, y: np.ndarray, questions: np.ndarray, category: np.ndarray, seed: int) -> np.ndarray:
    from sklearn.neighbors import KNeighborsClassifier

    one, other = _axes(x, questions, category)
    with _one_thread():
        return KNeighborsClassifier(min(NEIGHBOURS, len(y)), algorithm="brute").fit(one, y).predict_proba(other)


def _near_numbers(x: np.ndarray, y: np.ndarray, questions: np.ndarray, category: np.ndarray, seed: int) -> np.ndarray:
    from sklearn.neighbors import KNeighborsRegressor

    one, other = _axes(x, questions, category)
    with _one_thread():
        return KNeighborsRegressor(min(NEIGHBOURS, len(y)), algorithm="brute").fit(one, y).predict(other)


LEARNERS = (
    Learner("linear model", _linear_chances, _linear_numbers),
    Learner("random trees", _trees_chances, _trees_numbers),
    BOOSTED,
    Learner("nearest neighbours", _near_chances, _near_numbers),
)
