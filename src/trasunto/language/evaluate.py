"""Answers against the truth: accuracy, precision, recall, F1, with bootstrap intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from trasunto.errors import MetricError
from trasunto.language.evaluation import ClassScore, Evaluation

RESAMPLES = 1_000


def evaluate_predictions(
    arm: str,
    truth: Sequence[str],
    called: Sequence[str],
    *,
    trained_on: int,
    seed: int = 0,
    facts: dict[str, Any] | None = None,
) -> Evaluation:
    """Score answers. Labels are those of the truth and of the answers; macro means go over the labels of the truth.

    Raises MetricError without answers or with other numbers of answers than questions.
    """
    if not truth or len(truth) != len(called):
        raise MetricError(f"{len(called)} answers to {len(truth)} questions cannot be scored.", "Give one for each.")
    labels = tuple(sorted({*truth, *called}))
    number = {label: place for place, label in enumerate(labels)}
    pairs = np.array([number[a] * len(labels) + number[b] for a, b in zip(truth, called, strict=True)])
    confusion = np.bincount(pairs, minlength=len(labels) ** 2).reshape(1, len(labels), len(labels))
    whole = _scores(confusion)
    rng = np.random.default_rng(seed)
    # Drawing n answers again with replacement is drawing the cells of the confusion matrix: one multinomial each.
    cells = rng.multinomial(len(pairs), confusion.ravel() / len(pairs), size=RESAMPLES)
    spread = _scores(cells.reshape(RESAMPLES, len(labels), len(labels)))
    intervals = {name: _interval(values) for name, values in spread.items()}
    return Evaluation(
        arm=arm,
        trained_on=trained_on,
        tested_on=len(truth),
        accuracy=float(whole["accuracy"][0]),
        macro_precision=float(whole["macro_precision"][0]),
        macro_recall=float(whole["macro_recall"][0]),
        macro_f1=float(whole["macro_f1"][0]),
        intervals=intervals,
        per_class=_per_class(labels, confusion[0]),
        labels=labels,
        confusion=tuple(tuple(int(count) for count in row) for row in confusion[0]),
        facts=facts or {},
    )


def paired_difference(
    truth: Sequence[str], one: Sequence[str], other: Sequence[str], *, seed: int = 0
) -> tuple[float, float, float]:
    """(difference, low, high) of macro F1 of `one` less that of `other`, on the same resampled questions."""
    labels = sorted({*truth, *one, *other})
    number = {label: place for place, label in enumerate(labels)}
    wide = len(labels)
    codes = [np.array([number[each] for each in part]) for part in (truth, one, other)]
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(truth), (RESAMPLES, len(truth)))

    def f1(answers: np.ndarray, rows: np.ndarray) -> np.ndarray:
        pairs = codes[0][rows] * wide + answers[rows]
        offset = pairs + np.arange(len(rows))[:, None] * wide**2
        cells = np.bincount(offset.ravel(), minlength=len(rows) * wide**2)
        return _scores(cells.reshape(len(rows), wide, wide))["macro_f1"]

    everything = np.arange(len(truth))[None, :]
    value = float((f1(codes[1], everything) - f1(codes[2], everything))[0])
    low, high = _interval(f1(codes[1], drawn) - f1(codes[2], drawn))
    return value, low, high


def _scores(cells: np.ndarray) -> dict[str, np.ndarray]:
    """Scores of many confusion matrices (matrices, labels, labels) at once."""
    hits = np.diagonal(cells, axis1=1, axis2=2).astype(float)
    true, called = cells.sum(axis=2), cells.sum(axis=1)
    precision = hits / np.maximum(called, 1)
    recall = hits / np.maximum(true, 1)
    f1 = 2 * hits / np.maximum(true + called, 1)
    there = (true > 0).astype(float)
    classes = np.maximum(there.sum(axis=1), 1)
    return {
        "accuracy": hits.sum(axis=1) / np.maximum(cells.sum(axis=(1, 2)), 1),
        "macro_precision": (precision * there).sum(axis=1) / classes,
        "macro_recall": (recall * there).sum(axis=1) / classes,
        "macro_f1": (f1 * there).sum(axis=1) / classes,
    }


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


def _interval(values: np.ndarray) -> tuple[float, float]:
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
