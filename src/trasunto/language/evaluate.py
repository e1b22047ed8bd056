"""Answers against the truth: accuracy, precision, recall, F1, AUC, calibration, by class and by group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trasunto.errors import MetricError
from trasunto.language.evaluation import Bin, Calibration, ClassScore, Evaluation, GroupScore
from trasunto.metrics.interval import around, auc_influence

RESAMPLES = 1_000
# Resamples of what needs the rows themselves and not their counts.
ROW_RESAMPLES = 400
BINS = 15
MISSING = "(missing)"
Interval = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Chances:
    """What a model thinks of each text. labels: (k,). values: (n, k) float, rows add up to one."""

    labels: tuple[str, ...]
    values: np.ndarray

    def called(self) -> list[str]:
        """The likeliest label of each text."""
        return [self.labels[place] for place in self.values.argmax(axis=1)] if len(self.values) else []


def evaluate_predictions(
    arm: str,
    truth: Sequence[str],
    called: Sequence[str],
    *,
    trained_on: int,
    seed: int = 0,
    facts: dict[str, Any] | None = None,
    chances: Chances | None = None,
    groups: Mapping[str, Sequence[Any]] | None = None,
) -> Evaluation:
    """Score answers. Labels are those of the truth and of the answers; macro means go over the labels of the truth.

    chances: for AUC and calibration. groups: columns of the test rows, each value of which is scored by itself.
    Raises MetricError without answers, with other numbers of answers than questions, or of values in a group.
    """
    _refuse_unequal(truth, called, chances, groups or {})
    labels = tuple(sorted({*truth, *called}))
    codes = coded(labels, truth), coded(labels, called)
    confusion = _confusion(*codes, len(labels))
    whole = {name: float(values[0]) for name, values in scores(confusion[None]).items()}
    rng = np.random.default_rng(seed)
    intervals = _spread(confusion, rng)
    intervals["micro_f1"] = intervals["accuracy"]
    auc = calibration = None
    if chances is not None:
        auc, intervals["auc"] = _auc(truth, chances)
        calibration, found = _calibration(truth, chances, rng)
        intervals |= found
    return Evaluation(
        arm=arm,
        trained_on=trained_on,
        tested_on=len(truth),
        accuracy=whole["accuracy"],
        macro_precision=whole["macro_precision"],
        macro_recall=whole["macro_recall"],
        macro_f1=whole["macro_f1"],
        intervals=intervals,
        per_class=_per_class(labels, confusion),
        labels=labels,
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
        facts=facts or {},
        auc=auc,
        calibration=calibration,
        groups=_by_group(codes, len(labels), groups or {}, rng),
    )


def scores(cells: np.ndarray) -> dict[str, np.ndarray]:
    """Scores of many confusion matrices (matrices, labels, labels) at once, each (matrices,)."""
    hits = np.diagonal(cells, axis1=1, axis2=2).astype(float)
    true, called = cells.sum(axis=2), cells.sum(axis=1)
    precision, recall = hits / np.maximum(called, 1), hits / np.maximum(true, 1)
    there = (true > 0).astype(float)
    classes = np.maximum(there.sum(axis=1), 1)
    return {
        "accuracy": hits.sum(axis=1) / np.maximum(cells.sum(axis=(1, 2)), 1),
        "macro_precision": (precision * there).sum(axis=1) / classes,
        "macro_recall": (recall * there).sum(axis=1) / classes,
        "macro_f1": macro_f1(hits, true, called),
    }


def macro_f1(hits: np.ndarray, true: np.ndarray, called: np.ndarray) -> np.ndarray:
    """(m,) mean F1 over the labels of the truth, from (m, labels) counts of right answers, of truths and of answers."""
    there = true > 0
    f1 = 2.0 * hits / np.maximum(true + called, 1)
    return np.asarray((f1 * there).sum(axis=1) / np.maximum(there.sum(axis=1), 1))


def coded(labels: Sequence[str], values: Sequence[str]) -> np.ndarray:
    """(n,) places of the values among the labels."""
    places = {label: place for place, label in enumerate(labels)}
    return np.array([places[each] for each in values], dtype=np.int64)


def percentiles(values: np.ndarray) -> Interval:
    """The 95 % percentile interval of (resamples,) values."""
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def _refuse_unequal(
    truth: Sequence[str], called: Sequence[str], chances: Chances | None, groups: Mapping[str, Sequence[Any]]
) -> None:
    if not truth or len(truth) != len(called):
        raise MetricError(f"{len(called)} answers to {len(truth)} questions cannot be scored.", "Give one for each.")
    if chances is not None and chances.values.shape != (len(truth), len(chances.labels)):
        raise MetricError(
            f"Chances of shape {chances.values.shape} do not belong to {len(truth)} questions and "
            f"{len(chances.labels)} labels.",
            "Give a row for each question and a column for each label.",
        )
    for name, values in groups.items():
        if len(values) != len(truth):
            raise MetricError(
                f"The group column {name!r} has {len(values)} values for {len(truth)} questions.",
                "Give one for each test row.",
            )


def _confusion(truth: np.ndarray, called: np.ndarray, wide: int) -> np.ndarray:
    return np.bincount(truth * wide + called, minlength=wide**2).reshape(wide, wide)


def _spread(confusion: np.ndarray, rng: np.random.Generator) -> dict[str, Interval]:
    """Percentile bootstrap: drawing n answers with replacement is drawing the cells of the confusion matrix."""
    filled = np.flatnonzero(confusion.ravel())
    number, wide = int(confusion.sum()), len(confusion)
    drawn = rng.multinomial(number, confusion.ravel()[filled] / number, size=RESAMPLES)
    found: dict[str, list[np.ndarray]] = {}
    # So many matrices at a time as fit into memory.
    step = max(1, 4_000_000 // wide**2)
    for first in range(0, RESAMPLES, step):
        cells = np.zeros((len(drawn[first : first + step]), wide**2), dtype=np.int64)
        cells[:, filled] = drawn[first : first + step]
        for name, values in scores(cells.reshape(-1, wide, wide)).items():
            found.setdefault(name, []).append(values)
    return {name: percentiles(np.concatenate(values)) for name, values in found.items()}


def _auc(truth: Sequence[str], chances: Chances) -> tuple[float, Interval]:
    """Mean area over the labels of the truth, each against the rest; a label that the model does not know has 0.5.

    The interval is by the influence of each row (DeLong et al. 1988), which the bootstrap tends to.
    """
    known = np.array(truth, dtype=object)
    labels = sorted(set(truth))
    if len(labels) < 2:
        return 0.5, (0.0, 1.0)
    total, influence = 0.0, np.zeros(len(truth))
    for label in labels:
        if label in chances.labels:
            area, pull = auc_influence(chances.values[:, chances.labels.index(label)], known == label)
        else:
            area, pull = 0.5, np.zeros(len(truth))
        total, influence = total + area / len(labels), influence + pull / len(labels)
    return total, around(total, influence, 0.0, 1.0)


def _calibration(
    truth: Sequence[str], chances: Chances, rng: np.random.Generator
) -> tuple[Calibration, dict[str, Interval]]:
    number = len(truth)
    places = {label: place for place, label in enumerate(chances.labels)}
    at = np.array([places.get(each, -1) for each in truth])
    answer = chances.values.argmax(axis=1)
    sure, right = chances.values[np.arange(number), answer], (answer == at).astype(float)
    own = np.where(at >= 0, chances.values[np.arange(number), np.maximum(at, 0)], 0.0)
    # |p - e|² = |p|² - 2 p_truth + 1, also where the truth is a label that the model does not know.
    brier = 0.5 * ((chances.values**2).sum(axis=1) - 2 * own + 1.0)
    bins = np.minimum((sure * BINS).astype(np.int64), BINS - 1)
    gap = right - sure
    ece = float(np.abs(np.bincount(bins, weights=gap, minlength=BINS)).sum() / number)
    counts = np.bincount(bins, minlength=BINS)
    drawn = rng.integers(0, number, (ROW_RESAMPLES, number))
    cells = bins[drawn] + np.arange(ROW_RESAMPLES)[:, None] * BINS
    sums = np.bincount(cells.ravel(), weights=gap[drawn].ravel(), minlength=ROW_RESAMPLES * BINS)
    low, high = percentiles(np.abs(sums.reshape(-1, BINS)).sum(axis=1) / number)
    curve = tuple(
        Bin(float(sure[bins == b].mean()), float(right[bins == b].mean()), int(counts[b]))
        for b in np.flatnonzero(counts)
    )
    mean = float(brier.mean())
    # A sum of absolute values grows when rows are drawn again: the interval holds the value itself.
    return Calibration(ece, mean, curve), {
        "ece": (min(low, ece), max(high, ece)),
        "brier": percentiles(brier[drawn].mean(axis=1)),
    }


def _by_group(
    codes: tuple[np.ndarray, np.ndarray], wide: int, groups: Mapping[str, Sequence[Any]], rng: np.random.Generator
) -> tuple[GroupScore, ...]:
    found = []
    for column, values in groups.items():
        told = np.array([MISSING if value is None else str(value) for value in values], dtype=object)
        for group in sorted(set(told)):
            inside = told == group
            confusion = _confusion(codes[0][inside], codes[1][inside], wide)
            whole = scores(confusion[None])
            spread = _spread(confusion, rng)
            found.append(
                GroupScore(
                    column,
                    str(group),
                    int(inside.sum()),
                    float(whole["accuracy"][0]),
                    float(whole["macro_f1"][0]),
                    {name: spread[name] for name in ("accuracy", "macro_f1")},
                )
            )
    return tuple(found)


def _per_class(labels: tuple[str, ...], confusion: np.ndarray) -> tuple[ClassScore, ...]:
    hits, true, called = np.diagonal(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    return tuple(
        ClassScore(
            label,
            float(hits[i] / max(called[i], 1)),
            float(hits[i] / max(true[i], 1)),
            float(2 * hits[i] / max(true[i] + called[i], 1)),
            int(true[i]),
        )
        for i, label in enumerate(labels)
    )
