"""Does adding synthetic rows to real ones make a better model? The gain, with few real rows and with all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from trasunto.metrics.answers import Measured, answered, auc, known, r2, task_of
from trasunto.metrics.frames import arrays, at_most
from trasunto.metrics.interval import around
from trasunto.metrics.score import Comparison, Score
from trasunto.metrics.utility import BOOSTED

# Shares of the real rows that there might have been, the whole first.
SHARES = (1.0, 0.1, 0.01)
LEAST_ROWS = 20
# Real rows, and as many added ones.
MOST_ROWS = 10_000
READING = (
    "What boosted trees gain on unseen real rows, in {what}, when synthetic rows are added to the real ones they "
    "learn from; above 0 they help. The control adds as many other unseen real rows, the baseline columns drawn by "
    "themselves."
)


def augmentation(comparison: Comparison) -> tuple[Score, ...]:
    """utility.augmentation: what the area under the curve (R² for a number) of boosted trees on unseen real rows gains
    when synthetic rows are added to the training rows, from -1 to 1 (R²: without bounds); then the same where only 10 %
    and 1 % of the training rows are at hand, if that leaves 20.

    As many synthetic rows are added as half the holdout has (at most 10,000, as of real rows), so that the control can
    add that half; all models are tested on the other half. The interval is paired: both models answer the same rows,
    so what is easy or hard in them falls out. goal: the gain that would leave nothing to gain. The synthetic rows were
    made from all training rows: the gain at 10 % is that of somebody who has few rows and is given the synthetic ones,
    not that of making more out of few. () as in `utility.tstr`, and with fewer than 20 training rows or 4 unseen ones.
    """
    given = arrays(comparison)
    task = task_of(comparison, given)
    if task is None:
        return ()
    rng = np.random.default_rng(comparison.seed)
    unseen = rng.permutation(task.test)
    test, spare = unseen[len(unseen) // 2 :], unseen[: len(unseen) // 2][:MOST_ROWS]
    real = rng.permutation(known(given.parts["real"], task.place))[:MOST_ROWS]
    if len(np.unique(test[:, task.place])) < 2 or len(spare) < 2 or len(real) < LEAST_ROWS:
        return ()
    task = replace(task, test=test)
    added = {"value": "synthetic", "baseline": "independent"}
    parts = {name: at_most(known(given.parts[part], task.place), len(spare), rng) for name, part in added.items()}
    parts["control"] = spare
    measure, what = (auc, "area under the curve") if task.classes else (r2, "R²")

    def reached(train: np.ndarray) -> Measured:
        return measure(answered(given, task, train, BOOSTED, comparison.seed))

    scores = []
    for share in SHARES:
        few = real[: round(share * len(real))]
        if len(few) < LEAST_ROWS:
            continue
        alone = reached(few)
        gain = {name: _less(reached(np.concatenate([few, rows])), alone) for name, rows in parts.items()}
        value, influence = gain["value"]
        low, high = (-1.0, 1.0) if task.classes else (-np.inf, np.inf)
        scores.append(
            Score(
                "utility.augmentation",
                value,
                1.0 - alone[0],
                around(value, influence, low, high),
                gain["baseline"][0],
                gain["control"][0],
                "" if share == 1.0 else f"{share:.0%} of the training rows",
                READING.format(what=what) if share == 1.0 else "",
            )
        )
    return tuple(scores)


def _less(one: Measured, other: Measured) -> Measured:
    return one[0] - other[0], one[1] - other[1]
