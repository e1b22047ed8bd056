"""Is a model that was trained on synthetic rows worth as much on real ones? Train on synthetic, test on real."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trasunto.metrics.frames import arrays
from trasunto.metrics.interval import bootstrap
from trasunto.metrics.score import Comparison, Score

READING = (
    "What a model trained on synthetic rows reaches on unseen real rows; the control is the same model trained on "
    "real rows, the baseline on columns shuffled by themselves."
)


def tstr(comparison: Comparison) -> tuple[Score, ...]:
    """utility.tstr (area under the curve, or R²), accuracy and macro F1 for a class, and the share of real.

    Gradient boosted trees with default settings, tested on the holdout. () without target or holdout, for a
    text target, or when the holdout has one class only.
    """
    given = arrays(comparison)
    if comparison.holdout is None or comparison.target not in given.names:
        return ()
    place = given.names.index(comparison.target)
    rest = np.arange(len(given.names)) != place
    test = given.parts["holdout"]
    test = test[~np.isnan(test[:, place])]
    kind = comparison.real.only.schema[comparison.target].kind
    classes = bool(given.category[place]) or (kind == "integer" and len(np.unique(test[:, place])) <= 20)
    if not rest.any() or len(test) < 2 or len(np.unique(test[:, place])) < 2:
        return ()
    answers: dict[str, _Answers] = {}
    for arm in ("synthetic", "real", "independent"):
        train = given.parts[arm]
        train = train[~np.isnan(train[:, place])]
        answers[arm] = _answers(train, test, rest, place, given.category, classes, comparison.seed)
    rng = np.random.default_rng(comparison.seed)
    scores = []
    for name, measure in (_CLASS if classes else _NUMBER).items():
        value = {arm: measure(answer, np.arange(len(test))) for arm, answer in answers.items()}
        interval = bootstrap(len(test), lambda rows, m=measure: m(answers["synthetic"], rows), rng, 200)  # type: ignore[misc]
        metric = "utility.tstr" if name in ("auc", "r2") else f"utility.tstr_{name}"
        scores.append(
            Score(metric, value["synthetic"], 1.0, interval, value["independent"], value["real"], reading=READING)
        )
    return scores[0], *scores[1:], *_ratio(answers, classes, len(test), rng)


@dataclass(frozen=True)
class _Answers:
    """truth: (n,). called: (n,) the answer. chances: (n, classes) in the order of `classes`; empty for numbers."""

    truth: np.ndarray
    called: np.ndarray
    chances: np.ndarray
    classes: np.ndarray


def _answers(
    train: np.ndarray, test: np.ndarray, rest: np.ndarray, place: int, category: np.ndarray, classes: bool, seed: int
) -> _Answers:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    x, y, truth = train[:, rest], train[:, place], test[:, place]
    nothing = np.empty((len(truth), 0))
    if not classes:
        if len(y) < 2:
            return _Answers(
                truth, np.full(len(truth), y.mean() if len(y) else 0.0), np.empty((len(truth), 0)), np.empty(0)
            )
        numbers = HistGradientBoostingRegressor(categorical_features=category[rest], random_state=seed).fit(x, y)
        return _Answers(truth, numbers.predict(test[:, rest]), nothing, np.empty(0))
    known, counts = np.unique(y, return_counts=True)
    labels = np.unique(np.concatenate([known, truth]))
    chances = np.zeros((len(truth), len(labels)))
    if len(known) < 2:
        chances[:, np.searchsorted(labels, known)] = 1.0
    else:
        stop = "auto" if counts.min() >= 10 else False
        model = HistGradientBoostingClassifier(
            categorical_features=category[rest],
            random_state=seed,
            early_stopping=stop,
            max_iter=100 if len(known) < 10 else 40,
        ).fit(x, y)
        chances[:, np.searchsorted(labels, known)] = model.predict_proba(test[:, rest])
    return _Answers(truth, labels[chances.argmax(axis=1)], chances, labels)


def _auc(answers: _Answers, rows: np.ndarray) -> float:
    """Area under the curve; with more than two classes the mean of each against the rest (those with both sides)."""
    from trasunto.metrics.interval import auc

    truth, chances = answers.truth[rows], answers.chances[rows]
    wanted = range(1, 2) if len(answers.classes) == 2 else range(len(answers.classes))
    areas = []
    for place in wanted:
        inside = truth == answers.classes[place]
        if inside.any() and not inside.all():
            areas.append(auc(chances[inside, place], chances[~inside, place]))
    return float(np.mean(areas)) if areas else float("nan")


def _accuracy(answers: _Answers, rows: np.ndarray) -> float:
    return float((answers.truth[rows] == answers.called[rows]).mean())


def _f1(answers: _Answers, rows: np.ndarray) -> float:
    """Mean F1 of the classes that occur in the truth."""
    truth, called = answers.truth[rows], answers.called[rows]
    parts = []
    for label in np.unique(truth):
        hits = ((truth == label) & (called == label)).sum()
        parts.append(2 * hits / max((truth == label).sum() + (called == label).sum(), 1))
    return float(np.mean(parts))


def _r2(answers: _Answers, rows: np.ndarray) -> float:
    truth, called = answers.truth[rows], answers.called[rows]
    spread = ((truth - truth.mean()) ** 2).sum()
    return float(1 - ((truth - called) ** 2).sum() / spread) if spread else float("nan")


_CLASS = {"auc": _auc, "accuracy": _accuracy, "f1": _f1}
_NUMBER = {"r2": _r2}


def _ratio(answers: dict[str, _Answers], classes: bool, rows: int, rng: np.random.Generator) -> tuple[Score, ...]:
    """Synthetic over real, both on the same resampled holdout rows."""
    measure = _auc if classes else _r2

    def ratio(drawn: np.ndarray) -> float:
        real = measure(answers["real"], drawn)
        return measure(answers["synthetic"], drawn) / real if real > 0 else float("nan")

    value = ratio(np.arange(rows))
    if not np.isfinite(value):
        return ()
    reading = "What training on synthetic rows reaches, as a share of what training on real rows reaches."
    return (Score("utility.tstr_ratio", value, 1.0, bootstrap(rows, ratio, rng, 200), reading=reading),)
