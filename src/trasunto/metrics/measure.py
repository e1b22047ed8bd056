"""Every metric that applies, in one go."""

from __future__ import annotations

from collections.abc import Sequence

from trasunto import registry
from trasunto.errors import MetricError
from trasunto.metrics.score import Comparison, Metric, Score
from trasunto.progress import Progress, quiet


def measure(
    comparison: Comparison, names: Sequence[str] | None = None, progress: Progress = quiet
) -> tuple[Score, ...]:
    """The scores of the metrics named, or of all that apply. A metric that does not apply gives none.

    Asked for by name, a metric that cannot be measured raises its MetricError; among all it is left out.
    Raises UnknownNameError for a name that no metric has, before anything is measured.
    """
    chosen: list[Metric] = [registry.load("metrics", name) for name in names or registry.names("metrics")]
    scores: list[Score] = []
    for place, metric in enumerate(chosen):
        progress("measure", place, len(chosen))
        try:
            scores += metric(comparison)
        except MetricError:
            if names:
                raise
    progress("measure", len(chosen), len(chosen))
    return tuple(scores)
