"""A score once more, and again: how much it changes when the rows are drawn anew with another seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from scipy.stats import t

from trasunto.data.dataset import Dataset
from trasunto.errors import MetricError
from trasunto.metrics.measure import measure
from trasunto.metrics.score import Comparison, Score
from trasunto.progress import Progress, quiet


@dataclass(frozen=True)
class Spread:
    """One score over repeats.

    values: one a repeat, in order. mean: of the values. spread: their standard deviation (n - 1); 0 for one repeat.
    interval: 95 % for the mean over all seeds (Student's t), None for one repeat. It holds the data fixed: it tells
    what drawing again changes, not what another table would; for that see the interval of each score.
    goal, baseline, control, reading: those of `Score`, the numbers as means over the repeats that have them.
    """

    metric: str
    subject: str
    values: tuple[float, ...]
    goal: float
    baseline: float | None = None
    control: float | None = None
    reading: str = ""

    @property
    def mean(self) -> float:
        return float(np.mean(self.values))

    @property
    def spread(self) -> float:
        return float(np.std(self.values, ddof=1)) if len(self.values) > 1 else 0.0

    @property
    def interval(self) -> tuple[float, float] | None:
        count = len(self.values)
        if count < 2:
            return None
        half = float(t.ppf(0.975, count - 1)) * self.spread / count**0.5
        return self.mean - half, self.mean + half

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "mean": self.mean, "spread": self.spread, "interval": self.interval}


def spreads(repeats: Sequence[tuple[Score, ...]]) -> tuple[Spread, ...]:
    """The scores of the same measurements over repeats, in the order of the first repeat that has each.

    Scores belong together by metric and subject; one that is missing in a repeat is averaged over the others.
    """
    together: dict[tuple[str, str], list[Score]] = {}
    for scores in repeats:
        for score in scores:
            together.setdefault((score.metric, score.subject), []).append(score)
    return tuple(
        Spread(
            metric,
            subject,
            tuple(score.value for score in found),
            found[0].goal,
            _mean([score.baseline for score in found]),
            _mean([score.control for score in found]),
            found[0].reading,
        )
        for (metric, subject), found in together.items()
    )


def repeated(
    draw: Callable[[int], Dataset],
    comparison: Comparison,
    seeds: Sequence[int],
    names: Sequence[str] | None = None,
    progress: Progress = quiet,
) -> list[tuple[Score, ...]]:
    """The scores of what `draw(seed)` gives for each seed, in place of the synthetic rows of `comparison`; `spreads`
    tells how far they lie apart.

    draw: such as `lambda seed: model.sample(1_000, seed=seed)`. names: metrics, as in `measure`; those that apply by
    default when None. Each seed is that of the measurement too. Raises MetricError without seeds, and as `measure`.
    """
    if not seeds:
        raise MetricError("Repeats need at least one seed.", "Give seeds such as range(5).")
    found = []
    for number, seed in enumerate(seeds):
        progress("repeat", number, len(seeds))
        found.append(measure(replace(comparison, synthetic=draw(seed), seed=seed), names))
    progress("repeat", len(seeds), len(seeds))
    return found


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
