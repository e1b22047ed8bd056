"""Is a model that was trained on synthetic rows worth as much on real ones? Train on synthetic, test on real
(Esteban, Hyland and Rätsch 2017)."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np

from trasunto.metrics.answers import Answers as _Answers
from trasunto.metrics.answers import Learner, Measured, answered, task_of
from trasunto.metrics.answers import accuracy as _accuracy
from trasunto.metrics.answers import auc as _auc
from trasunto.metrics.answers import f1 as _f1
from trasunto.metrics.answers import known as _known
from trasunto.metrics.answers import r2 as _r2
from trasunto.metrics.frames import WIDE, arrays, at_most, least_in_leaf, threads
from trasunto.metrics.interval import around
from trasunto.metrics.score import Comparison, Score

ARMS = ("synthetic", "real", "independent")
# More rows than this make the trees slower and hardly better.
MOST_ROWS = 100_000
# Trees to grow in all, a class a round; with few rounds each takes a longer step.
MOST_TREES = 500
MOST_ROUNDS = 100
FEW_ROUNDS = 30
# Rows of a class below which boosting runs away with it: its chances are near 0, and so is what divides the leaves.
RARE = 100
AFTER = " The control is the same model trained on real rows, the baseline on columns drawn by themselves."
READINGS = {
    "auc": "Area under the curve that trees trained on synthetic rows reach on unseen real rows; 1 is perfect, 0.5 a "
    "guess." + AFTER,
    "accuracy": "Share of unseen real rows that trees trained on synthetic rows get right." + AFTER,
    "f1": "Mean over the classes of F1 that trees trained on synthetic rows reach on unseen real rows." + AFTER,
    "r2": "Share of the target's variance in unseen real rows that trees trained on synthetic rows explain; 0 is what "
    "the mean does." + AFTER,
    "ratio": "What training on synthetic rows reaches on unseen real rows, divided by what training on real rows "
    "reaches; 1 is as good.",
}

# Answers by part, held as long as the comparison itself is.
_KEPT: WeakKeyDictionary[Comparison, dict[str, _Answers]] = WeakKeyDictionary()


def tstr(comparison: Comparison) -> tuple[Score, ...]:
    """utility.tstr (area under the curve, the mean of one class against the rest when there are more than two; R²
    for a number), utility.tstr_accuracy and utility.tstr_f1 for a class, and utility.tstr_ratio (synthetic / real).

    Gradient boosted trees (fewer rounds for more than five classes) on at most 100,000 rows, tested on the holdout.
    () without target or holdout, for a target of text or identifiers, and where the target never varies in the holdout.
    """
    given = arrays(comparison)
    task = task_of(comparison, given)
    if task is None:
        return ()
    classes = task.classes
    answers = {arm: boosted_answers(comparison, arm) for arm in ARMS}
    measures = {"auc": _auc, "accuracy": _accuracy, "f1": _f1} if classes else {"r2": _r2}
    scores: list[Score] = []
    for name, measure in measures.items():
        value = {arm: measure(answer) for arm, answer in answers.items()}
        made, influence = value["synthetic"]
        interval = around(made, influence, 0.0 if classes else -np.inf, 1.0)
        metric = f"utility.tstr_{name}" if scores else "utility.tstr"
        scores.append(
            Score(metric, made, 1.0, interval, value["independent"][0], value["real"][0], reading=READINGS[name])
        )
    return scores[0], *scores[1:], *_ratio({arm: (_auc if classes else _r2)(each) for arm, each in answers.items()})


def _ratio(value: dict[str, Measured]) -> tuple[Score, ...]:
    """() where training on real rows reaches nothing: there is no share of it to reach."""
    (made, influence), (real, of_real) = value["synthetic"], value["real"]
    if real <= 0:
        return ()
    ratio = made / real
    # Both are tested on the same rows, so what is easy or hard in them falls out of the ratio.
    interval = around(ratio, (influence - ratio * of_real) / real, -np.inf, np.inf)
    baseline = value["independent"][0] / real
    return (Score("utility.tstr_ratio", ratio, 1.0, interval, baseline, 1.0, reading=READINGS["ratio"]),)


def boosted_answers(comparison: Comparison, arm: str) -> _Answers:
    """What boosted trees trained on one part answer to the holdout's rows whose target is known; trained once for a
    comparison, whoever asks. The comparison must have a task (see `task_of`)."""
    kept = _KEPT.setdefault(comparison, {})
    if arm not in kept:
        given = arrays(comparison)
        task = task_of(comparison, given)
        assert task is not None
        train = at_most(_known(given.parts[arm], task.place), MOST_ROWS, np.random.default_rng(comparison.seed))
        kept[arm] = answered(given, task, train, BOOSTED, comparison.seed)
    return kept[arm]


def _numbers(x: np.ndarray, y: np.ndarray, questions: np.ndarray, category: np.ndarray, seed: int) -> np.ndarray:
    from sklearn.ensemble import HistGradientBoostingRegressor

    model = HistGradientBoostingRegressor(
        categorical_features=category, min_samples_leaf=least_in_leaf(len(y)), random_state=seed
    )
    with threads(x):
        return model.fit(x, y).predict(questions)


def _chances(x: np.ndarray, y: np.ndarray, questions: np.ndarray, category: np.ndarray, seed: int) -> np.ndarray:
    """(n, classes of y) chances."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    counts = np.unique(y, return_counts=True)[1]
    rounds = int(np.clip(MOST_TREES // len(counts), 5, MOST_ROUNDS))
    model = HistGradientBoostingClassifier(
        categorical_features=category,
        random_state=seed,
        min_samples_leaf=least_in_leaf(len(y)),
        # Stopping early sets rows of every class aside, which a rare one cannot spare.
        early_stopping=counts.min() >= 10 and (len(y) > 10_000 or x.shape[1] > WIDE),
        max_iter=rounds,
        learning_rate=0.1 if rounds >= FEW_ROUNDS else 0.3,
        l2_regularization=1.0 if len(counts) > 2 or counts.min() < RARE else 0.0,
    )
    with threads(x):
        return model.fit(x, y).predict_proba(questions)


BOOSTED = Learner("boosted trees", _chances, _numbers)
