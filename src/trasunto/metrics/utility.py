"""Is a model that was trained on synthetic rows worth as much on real ones? Train on synthetic, test on real
(Esteban, Hyland and Rätsch 2017)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trasunto.metrics.frames import WIDE, Arrays, arrays, at_most, for_trees, least_in_leaf, threads
from trasunto.metrics.interval import around, auc_influence
from trasunto.metrics.score import Comparison, Score

ARMS = ("synthetic", "real", "independent")
# More rows than this make the trees slower and hardly better.
MOST_ROWS = 100_000
# Trees to grow in all, a class a round; with few rounds each takes a longer step.
MOST_TREES = 500
MOST_ROUNDS = 100
FEW_ROUNDS = 30
# A column of whole numbers with more values than this is predicted as a number.
MOST_GRADES = 20
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


@dataclass(frozen=True)
class _Answers:
    """truth: (n,) codes or numbers. called: (n,) the answer. chances: (n, classes) in the order of `classes`; no
    columns for numbers."""

    truth: np.ndarray
    called: np.ndarray
    chances: np.ndarray
    classes: np.ndarray


# A measurement and the influence of each of the n rows tested on.
Measured = tuple[float, np.ndarray]


def tstr(comparison: Comparison) -> tuple[Score, ...]:
    """utility.tstr (area under the curve, the mean of one class against the rest when there are more than two; R²
    for a number), utility.tstr_accuracy and utility.tstr_f1 for a class, and utility.tstr_ratio (synthetic / real).

    Gradient boosted trees (fewer rounds for more than five classes) on at most 100,000 rows, tested on the holdout.
    () without target or holdout, for a target of text or identifiers, and where the target never varies in the holdout.
    """
    given = arrays(comparison)
    if comparison.holdout is None or comparison.target not in given.names:
        return ()
    place = given.names.index(comparison.target)
    test = _known(given.parts["holdout"], place)
    kind = comparison.real.only.schema[comparison.target].kind
    values = np.unique(test[:, place])
    classes = bool(given.category[place]) or (kind == "integer" and len(values) <= MOST_GRADES)
    if len(given.names) < 2 or len(values) < 2:
        return ()
    answers = {arm: _answers(given, arm, place, test, classes, comparison.seed) for arm in ARMS}
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


def _known(rows: np.ndarray, place: int) -> np.ndarray:
    return rows[~np.isnan(rows[:, place])]


def _answers(given: Arrays, arm: str, place: int, test: np.ndarray, classes: bool, seed: int) -> _Answers:
    """What a model trained on one part answers to the test rows."""
    train = at_most(_known(given.parts[arm], place), MOST_ROWS, np.random.default_rng(seed))
    y, truth = train[:, place], test[:, place]
    rest = np.arange(len(given.names)) != place
    # A column without a single value in the training rows is none the trees can take.
    rest &= ~np.isnan(train).all(axis=0) if len(train) else False
    x, questions = for_trees(given, train)[:, rest], for_trees(given, test)[:, rest]
    category = given.category[rest]
    if not classes:
        called = _called_numbers(x, y, questions, category, seed) if len(y) else np.zeros(len(truth))
        return _Answers(truth, called, np.empty((len(truth), 0)), np.empty(0))
    known = np.unique(y)
    labels = np.unique(np.concatenate([known, truth]))
    chances = np.zeros((len(truth), len(labels)))
    if len(known) > 1 and rest.any():
        chances[:, np.searchsorted(labels, known)] = _chances(x, y, questions, category, seed)
    elif len(known):
        most = known[np.unique(y, return_counts=True)[1].argmax()]
        chances[:, np.searchsorted(labels, most)] = 1.0
    return _Answers(truth, labels[chances.argmax(axis=1)], chances, labels)


def _called_numbers(x: np.ndarray, y: np.ndarray, questions: np.ndarray, category: np.ndarray, seed: int) -> np.ndarray:
    from sklearn.ensemble import HistGradientBoostingRegressor

    if len(y) < 2 or y.min() == y.max() or not x.shape[1]:
        return np.full(len(questions), y.mean())
    # Standardised, so that neither dates in microseconds nor the greatest numbers outgrow what the trees add up.
    unit = np.abs(y).max()
    middle, spread = (y / unit).mean(), (y / unit).std()
    if spread == 0:
        return np.full(len(questions), y.mean())
    model = HistGradientBoostingRegressor(
        categorical_features=category, min_samples_leaf=least_in_leaf(len(y)), random_state=seed
    )
    with threads(x):
        return (model.fit(x, (y / unit - middle) / spread).predict(questions) * spread + middle) * unit


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
    )
    with threads(x):
        return model.fit(x, y).predict_proba(questions)


def _auc(answers: _Answers) -> Measured:
    """Mean over the classes that are met among the truth (of two, the second stands for both)."""
    wanted = [1] if len(answers.classes) == 2 else range(len(answers.classes))
    total, influence, met = 0.0, np.zeros(len(answers.truth)), 0
    for place in wanted:
        inside = answers.truth == answers.classes[place]
        if inside.any() and not inside.all():
            area, pull = auc_influence(answers.chances[:, place], inside)
            total, influence, met = total + area, influence + pull, met + 1
    return total / met, influence / met


def _accuracy(answers: _Answers) -> Measured:
    right = (answers.truth == answers.called).astype(float)
    return float(right.mean()), right - right.mean()


def _f1(answers: _Answers) -> Measured:
    """Mean F1 of the classes that occur in the truth."""
    present = np.unique(answers.truth)
    total, influence = 0.0, np.zeros(len(answers.truth))
    for label in present:
        is_so, said_so = answers.truth == label, answers.called == label
        both = float(is_so.mean() + said_so.mean())
        score = 2.0 * float((is_so & said_so).mean()) / both
        total += score
        influence += (2.0 * (is_so & said_so) - score * (is_so.astype(float) + said_so)) / both
    return total / len(present), influence / len(present)


def _r2(answers: _Answers) -> Measured:
    # In units of the truth's range, so that no square overflows or vanishes.
    unit = float(np.ptp(answers.truth))
    truth, called = answers.truth / unit, answers.called / unit
    # Answers beyond all bounds give an error beyond all numbers, which `measure` refuses.
    with np.errstate(over="ignore", invalid="ignore"):
        wrong, apart = (truth - called) ** 2, (truth - truth.mean()) ** 2
        left = float(wrong.mean() / apart.mean())
        return 1.0 - left, -(wrong - left * apart) / float(apart.mean())
