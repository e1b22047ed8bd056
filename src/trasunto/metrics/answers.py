"""What a model answers to real test rows, and how good the answers are.

Every measure gives its value and the influence of each of the n rows tested on (see `interval`), so that it comes with
an interval, and so that two models tested on the same rows can be compared row by row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from trasunto.metrics.frames import Arrays, for_trees
from trasunto.metrics.interval import auc_influence
from trasunto.metrics.score import Comparison

# A column of whole numbers with more values than this is predicted as a number.
MOST_GRADES = 20

# A measurement and the influence of each of the n rows tested on.
Measured = tuple[float, np.ndarray]


@dataclass(frozen=True)
class Answers:
    """truth: (n,) codes or numbers. called: (n,) the answer. chances: (n, classes) in the order of `classes`; no
    columns for numbers."""

    truth: np.ndarray
    called: np.ndarray
    chances: np.ndarray
    classes: np.ndarray


@dataclass(frozen=True)
class Task:
    """The column to predict: its place, the (n, columns) real rows to test on, and whether it is a class."""

    place: int
    test: np.ndarray
    classes: bool


@dataclass(frozen=True)
class Learner:
    """A way to learn. Both take (m, columns) training rows, their (m,) targets, (n, columns) questions, which columns
    are categories, and a seed.

    chances: gives (n, classes of the targets) chances; at least two classes are given, at least one column.
    numbers: gives (n,) numbers; the targets vary, with mean 0 and spread 1.
    """

    name: str
    chances: Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray, int], np.ndarray]
    numbers: Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray, int], np.ndarray]


def task_of(comparison: Comparison, given: Arrays) -> Task | None:
    """None without target or holdout, for a target of text or identifiers, where the target is the only column, and
    where it never varies in the holdout."""
    if comparison.holdout is None or comparison.target not in given.names:
        return None
    place = given.names.index(comparison.target)
    test = known(given.parts["holdout"], place)
    kind = comparison.real.only.schema[comparison.target].kind
    values = np.unique(test[:, place])
    if len(given.names) < 2 or len(values) < 2:
        return None
    return Task(place, test, bool(given.category[place]) or (kind == "integer" and len(values) <= MOST_GRADES))


def known(rows: np.ndarray, place: int) -> np.ndarray:
    """The rows whose target is not missing."""
    return rows[~np.isnan(rows[:, place])]


def answered(given: Arrays, task: Task, train: np.ndarray, learner: Learner, seed: int) -> Answers:
    """What a learner answers to the test rows after training on (m, columns) rows whose target is known."""
    y, truth = train[:, task.place], task.test[:, task.place]
    rest = np.arange(len(given.names)) != task.place
    # A column without a single value in the training rows is none that can be learned from.
    rest &= ~np.isnan(train).all(axis=0) if len(train) else False
    x, questions = for_trees(given, train)[:, rest], for_trees(given, task.test)[:, rest]
    category = given.category[rest]
    if not task.classes:
        called = _called(learner, x, y, questions, category, seed) if len(y) else np.zeros(len(truth))
        return Answers(truth, called, np.empty((len(truth), 0)), np.empty(0))
    seen = np.unique(y)
    labels = np.unique(np.concatenate([seen, truth]))
    chances = np.zeros((len(truth), len(labels)))
    if len(seen) > 1 and rest.any():
        chances[:, np.searchsorted(labels, seen)] = learner.chances(x, y, questions, category, seed)
    elif len(seen):
        most = seen[np.unique(y, return_counts=True)[1].argmax()]
        chances[:, np.searchsorted(labels, most)] = 1.0
    return Answers(truth, labels[chances.argmax(axis=1)], chances, labels)


def _called(
    learner: Learner, x: np.ndarray, y: np.ndarray, questions: np.ndarray, category: np.ndarray, seed: int
) -> np.ndarray:
    if len(y) < 2 or y.min() == y.max() or not x.shape[1]:
        return np.full(len(questions), y.mean())
    # Standardised, so that neither dates in microseconds nor the greatest numbers outgrow what a model adds up.
    unit = np.abs(y).max()
    middle, spread = (y / unit).mean(), (y / unit).std()
    if spread == 0:
        return np.full(len(questions), y.mean())
    return (learner.numbers(x, (y / unit - middle) / spread, questions, category, seed) * spread + middle) * unit


def auc(answers: Answers) -> Measured:
    """Area under the ROC curve: mean over the classes that are met among the truth, each against the rest (of two, the
    second stands for both)."""
    wanted = [1] if len(answers.classes) == 2 else range(len(answers.classes))
    total, influence, met = 0.0, np.zeros(len(answers.truth)), 0
    for place in wanted:
        inside = answers.truth == answers.classes[place]
        if inside.any() and not inside.all():
            area, pull = auc_influence(answers.chances[:, place], inside)
            total, influence, met = total + area, influence + pull, met + 1
    return total / met, influence / met


def accuracy(answers: Answers) -> Measured:
    """Share of right answers."""
    right = (answers.truth == answers.called).astype(float)
    return float(right.mean()), right - right.mean()


def f1(answers: Answers) -> Measured:
    """Mean F1 of the classes that occur in the truth."""
    return _over_classes(answers, lambda is_so, said_so: (2.0 * (is_so & said_so), is_so.astype(float) + said_so))


def precision(answers: Answers) -> Measured:
    """Mean over the classes that occur in the truth of the share of answers of a class that are right; 0 for a class
    that is never the answer."""
    return _over_classes(answers, lambda is_so, said_so: ((is_so & said_so).astype(float), said_so.astype(float)))


def recall(answers: Answers) -> Measured:
    """Mean over the classes that occur in the truth of the share of rows of a class that are answered right."""
    return _over_classes(answers, lambda is_so, said_so: ((is_so & said_so).astype(float), is_so.astype(float)))


def r2(answers: Answers) -> Measured:
    """Share of the variance explained; 0 is what the mean does, below 0 is worse."""
    # In units of the truth's range, so that no square overflows or vanishes.
    unit = float(np.ptp(answers.truth))
    truth, called = answers.truth / unit, answers.called / unit
    # Answers beyond all bounds give an error beyond all numbers, which `measure` refuses.
    with np.errstate(over="ignore", invalid="ignore"):
        wrong, apart = (truth - called) ** 2, (truth - truth.mean()) ** 2
        left = float(wrong.mean() / apart.mean())
        return 1.0 - left, -(wrong - left * apart) / float(apart.mean())


def rmse(answers: Answers) -> Measured:
    """Root of the mean squared error, in the units of the target."""
    unit = float(np.ptp(answers.truth))
    with np.errstate(over="ignore", invalid="ignore"):
        wrong = ((answers.truth - answers.called) / unit) ** 2
        mean = float(wrong.mean())
        value = mean**0.5
        return value * unit, (wrong - mean) / (2.0 * value) * unit if value > 0 else np.zeros(len(wrong))


def mae(answers: Answers) -> Measured:
    """Mean absolute error, in the units of the target."""
    with np.errstate(over="ignore", invalid="ignore"):
        wrong = np.abs(answers.truth - answers.called)
        value = float(wrong.mean())
        return value, wrong - value


CLASSES: Mapping[str, Callable[[Answers], Measured]] = {
    "auc": auc,
    "accuracy": accuracy,
    "precision": precision,
    "recall": recall,
    "f1": f1,
}
NUMBERS: Mapping[str, Callable[[Answers], Measured]] = {"r2": r2, "rmse": rmse, "mae": mae}


def _over_classes(
    answers: Answers, counted: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
) -> Measured:
    """Mean over the classes of the truth of a ratio of two sums over rows; 0 where the second is 0."""
    present = np.unique(answers.truth)
    total, influence = 0.0, np.zeros(len(answers.truth))
    for label in present:
        above, below = counted(answers.truth == label, answers.called == label)
        whole = float(below.mean())
        if whole > 0:
            ratio = float(above.mean()) / whole
            total += ratio
            influence += (above - ratio * below) / whole
    return total / len(present), influence / len(present)
