"""Can a classifier tell synthetic sequences from real ones? The two-sample test of `structure`, on whole sequences."""

from __future__ import annotations

import numpy as np

from trasunto.errors import MetricError
from trasunto.metrics.frames import Arrays
from trasunto.metrics.score import Comparison, Score
from trasunto.metrics.sequences import aggregates
from trasunto.metrics.sequences_events import Events, Sequences, sequences_of
from trasunto.metrics.structure import FOLDS, told_apart

# Events at the start of a sequence that stand by themselves, value by value.
FIRST = 5
# The entities of the baseline: it is plain to see.
BASELINE_ENTITIES = 2_000


def discriminative(comparison: Comparison) -> tuple[Score, ...]:
    """sequences.discriminative: chance that boosted trees, cross-fitted, score a synthetic sequence above an unseen
    real one; 0.5 is a coin flip. They see what the events of an entity come to (see `totals`), how many they are, when
    they come, and the first 5 events value by value. () without a sequence.

    Without a holdout the training entities stand in its place, which rewards copying. Raises MetricError with fewer
    than 10 entities a side.
    """
    given = sequences_of(comparison)
    if given is None:
        return ()
    seen = features(given)
    unseen = "holdout" in seen.parts
    against, made = seen.parts["holdout" if unseen else "real"], seen.parts["synthetic"]
    number = min(len(against), len(made))
    if number < 2 * FOLDS:
        raise MetricError(
            f"sequences.discriminative needs {2 * FOLDS} entities a side and has {number}.", "Give more entities."
        )
    seed = comparison.seed
    value, interval = told_apart(seen, made, against, number, seed)
    few = min(number, BASELINE_ENTITIES, len(seen.parts["independent"]))
    baseline, _ = told_apart(seen, seen.parts["independent"], against, few, seed)
    control = None
    if unseen and len(seen.parts["real"]) >= 2 * FOLDS:
        control, _ = told_apart(seen, seen.parts["real"], against, min(number, len(seen.parts["real"])), seed)
    reading = (
        "Chance that boosted trees score a synthetic sequence above an unseen real one; 0.5 means they cannot tell. "
        "The control puts training entities in the place of the synthetic ones, the baseline events dealt out at "
        "random."
        if unseen
        else "Chance that boosted trees score a synthetic sequence above a training one; 0.5 means they cannot tell. "
        "Without a holdout this rewards copying."
    )
    return (Score("sequences.discriminative", value, 0.5, interval, baseline, control, reading=reading),)


def features(given: Sequences) -> Arrays:
    """A row an entity: what its events come to, their number and times, and its first 5 events."""
    names: list[str] = []
    levels: list[int] = []
    parts: dict[str, np.ndarray] = {}
    for part, events in given.parts.items():
        found = {**_times(events), **aggregates(given, events)}
        names, levels = list(found), [0] * len(found)
        columns = list(found.values())
        for place in range(FIRST):
            at = np.where(events.lengths > place, events.starts + place, -1)
            columns.append(_at(events.gap, at))
            names.append(f"gap at {place}")
            levels.append(0)
            for column, name in enumerate(given.names):
                columns.append(_at(events.values[:, column], at))
                names.append(f"{name} at {place}")
                levels.append(int(given.levels[column]))
        parts[part] = np.column_stack(columns)
    return Arrays(tuple(names), np.array(levels), parts)


def _times(events: Events) -> dict[str, np.ndarray]:
    """(m,) how many events, when the first and the last come, and how the gaps are spread."""
    gap = np.nan_to_num(events.gap)
    steps = np.maximum(events.lengths - 1, 1)
    none = np.where(events.lengths > 1, 0.0, np.nan)
    mean = np.add.reduceat(gap, events.starts) / steps
    square = np.add.reduceat(gap**2, events.starts) / steps
    return {
        "events": events.lengths.astype(float),
        "first": events.when[events.starts],
        "last": events.when[events.ends],
        "gap mean": mean + none,
        "gap spread": np.sqrt(np.maximum(square - mean**2, 0.0)) + none,
        "gap greatest": np.maximum.reduceat(gap, events.starts) + none,
    }


def _at(values: np.ndarray, place: np.ndarray) -> np.ndarray:
    """The values at these positions, NaN at -1."""
    return np.where(place >= 0, values[place], np.nan)
