"""The metrics that apply, in one go."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import chain
from typing import Any

from trasunto import registry
from trasunto.errors import MetricError
from trasunto.executors import Local, current
from trasunto.metrics.nested import unfolded
from trasunto.metrics.score import Comparison, Score
from trasunto.progress import Progress, quiet

# Measured when asked for by name, or by `FULL`, and not by default: they take seconds, and others say the same better.
WHEN_ASKED = {
    "fidelity.precision",
    "fidelity.alpha_precision",
    "privacy.authenticity",
    "privacy.near_copies",
    "utility.learners",
    "utility.augmentation",
    "sequences.gru",
}
# Many trainings each: measured by themselves when the others are, so that workers share their trainings out.
TRAINED = {"utility.learners"}
# In place of a name: every metric there is, or all that are measured when nothing is asked.
FULL, USUAL = "full", "usual"


def measure(
    comparison: Comparison, names: Sequence[str] | None = None, progress: Progress = quiet
) -> tuple[Score, ...]:
    """The scores of the metrics named, or of all that apply but the slow ones, in the order of their names.

    names: from `trasunto list metrics`; "full" for all of them, the slow ones too; "usual" for what is measured when
    nothing is asked; a group ("privacy") for all of it. A metric that does not apply (no text, no target, no holdout)
    gives none. Asked for by name, a metric that cannot be measured raises its MetricError; among all it is left out.
    Columns of JSON objects are measured field by field.
    What the metrics share is prepared once for the comparison and let go with it. Raises UnknownNameError for a name
    that no metric has, before anything is measured.
    """
    return scored("metrics", chosen_of(names or (USUAL,)), unfolded(comparison), names or (), progress)


def scored(
    group: str, wanted: Sequence[str], about: Any, asked: Sequence[str], progress: Progress
) -> tuple[Score, ...]:
    """The scores of metrics of a group of the registry, in the order of their names.

    about: what each of them takes. One that cannot be measured is left out, unless it is among those asked for by name.
    """
    for name in wanted:
        registry.load(group, name)
    # One after another where they would share a process: what one has prepared is there for the next.
    executor = current() if current().apart else Local(1)
    last = [name for name in wanted if executor.apart and name in TRAINED]
    whole = [name for name in wanted if name not in last]
    shared = (group, about)
    scores: dict[str, tuple[Score, ...]] = {}
    progress("measure", 0, len(wanted))
    for done, (name, found) in enumerate(
        zip(
            [*whole, *last],
            chain(executor.map(_scored, whole, shared=shared), (_scored(name, shared) for name in last)),
            strict=True,
        )
    ):
        if not isinstance(found, MetricError):
            scores[name] = found
        elif name in asked:
            raise found
        progress("measure", done + 1, len(wanted))
    return tuple(score for name in wanted for score in scores.get(name, ()))


def _scored(name: str, shared: tuple[str, Any]) -> tuple[Score, ...] | MetricError:
    group, about = shared
    try:
        return finite(name, registry.load(group, name)(about))
    except MetricError as error:
        return error


def chosen_of(names: Sequence[str]) -> list[str]:
    """The metrics that names, groups, "usual" and "full" stand for, in order, each once."""
    every = registry.names("metrics")
    usual = [name for name in every if name not in WHEN_ASKED]
    groups = {group: [name for name in every if name.startswith(f"{group}.")] for group in groups_of(every)}
    found = [each for name in names for each in {FULL: every, USUAL: usual, **groups}.get(name, [name])]
    return [name for name in every if name in found] + [name for name in dict.fromkeys(found) if name not in every]


def groups_of(names: Sequence[str]) -> set[str]:
    """The parts of metrics' names before the point."""
    return {name.partition(".")[0] for name in names}


def finite(name: str, scores: tuple[Score, ...]) -> tuple[Score, ...]:
    """The scores, all of whose figures are numbers; MetricError when one is not, so that none reaches a report."""
    for score in scores:
        figures = (score.value, score.goal, score.baseline, score.control, *(score.interval or ()))
        if not all(math.isfinite(figure) for figure in figures if figure is not None):
            about = f" of {score.subject}" if score.subject else ""
            raise MetricError(f"{name} gave {score.metric}{about} a figure that is not a number: {figures}.")
    return scores
