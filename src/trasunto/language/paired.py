"""Two models on the same questions: is one better, or was it luck?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from trasunto.errors import MetricError
from trasunto.language.evaluate import RESAMPLES, coded, macro_f1, percentiles


@dataclass(frozen=True)
class Paired:
    """How much better one model is than another.

    value: macro F1 of the one less that of the other; interval: 95 % bootstrap, both on the same resampled questions;
    p: two-sided, from the same bootstrap.
    one_right, other_right: questions that only the one, and only the other, answers right; mcnemar: the p-value of
    McNemar's exact test that both are equally many (McNemar 1947; Dietterich 1998).
    """

    value: float
    interval: tuple[float, float]
    p: float
    one_right: int
    other_right: int
    mcnemar: float

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "interval": list(self.interval)}


def paired_test(truth: Sequence[str], one: Sequence[str], other: Sequence[str], *, seed: int = 0) -> Paired:
    """Compare two models' answers to the same questions. MetricError when there are not as many of each."""
    if not truth or not len(truth) == len(one) == len(other):
        raise MetricError(
            f"{len(one)} and {len(other)} answers to {len(truth)} questions cannot be compared.", "Give one for each."
        )
    from scipy.stats import binomtest

    labels = sorted({*truth, *one, *other})
    asked, first, second = (coded(labels, part) for part in (truth, one, other))
    everything = np.arange(len(truth))[None, :]
    value = float((f1_of(asked, first, everything, len(labels)) - f1_of(asked, second, everything, len(labels)))[0])
    drawn = np.random.default_rng(seed).integers(0, len(truth), (RESAMPLES, len(truth)))
    differences = f1_of(asked, first, drawn, len(labels)) - f1_of(asked, second, drawn, len(labels))
    # Of so many resamples none can show a smaller p than one more would.
    tail = min((differences <= 0).sum(), (differences >= 0).sum())
    right = first == asked, second == asked
    alone, theirs = int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum())
    mcnemar = float(binomtest(alone, alone + theirs).pvalue) if alone + theirs else 1.0
    return Paired(
        value, percentiles(differences), min(1.0, 2 * (int(tail) + 1) / (RESAMPLES + 1)), alone, theirs, mcnemar
    )


def f1_of(truth: np.ndarray, answers: np.ndarray, rows: np.ndarray, labels: int) -> np.ndarray:
    """(draws,) macro F1 of answers to the questions drawn. truth, answers: (n,) codes; rows: (draws, m) places."""
    found = []
    for part in np.array_split(rows, max(1, rows.size // 2_000_000)):
        offset = np.arange(len(part))[:, None] * labels
        true, called = truth[part], answers[part]
        shape = (len(part), labels)
        hits = np.bincount((true + offset)[true == called], minlength=part.shape[0] * labels).reshape(shape)
        counts = [np.bincount((each + offset).ravel(), minlength=part.shape[0] * labels) for each in (true, called)]
        found.append(macro_f1(hits.astype(float), *(each.reshape(shape) for each in counts)))
    return np.concatenate(found)
