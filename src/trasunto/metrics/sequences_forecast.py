"""Is a sequence worth learning from? Train on synthetic, test on real: what comes next, from what has come so far.

Esteban, Hyland and Rätsch 2017 for sequences: boosted trees learn the next gap and the next value of every column from
the events before, on synthetic sequences, and are asked about unseen real ones. Numbers and gaps stand as their ranks
among the real ones, so that neither a heavy tail nor a unit rules; R² is the share of the variance explained, of a
category the share of the variance of its values as axes of 0 and 1 (one minus the Brier score over that of the shares).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trasunto.metrics.answers import Answers, Measured, Task, answered, r2
from trasunto.metrics.frames import Arrays, at_most
from trasunto.metrics.interval import around
from trasunto.metrics.score import Comparison, Score
from trasunto.metrics.sequences import GAP, ranks
from trasunto.metrics.sequences_events import Events, Sequences, by_owner, sequences_of
from trasunto.metrics.utility import BOOSTED

MOST_TRAIN = 20_000
MOST_TEST = 10_000
# Steps of a test below which nothing is said.
LEAST_TEST = 20
# Values of a category that are told apart; the others are one.
MOST_VALUES = 10
READING = (
    "Share of the variance of the next gap and the next values that trees trained on synthetic sequences explain in "
    "unseen real ones, mean over the columns; 1 is perfect, 0 is what the mean does. The control is the same trees "
    "trained on real sequences; the baseline the better of the mean and of the last value said again."
)


def forecasting(comparison: Comparison) -> tuple[Score, ...]:
    """sequences.forecasting: R² of the next gap and values in unseen entities, learned from synthetic ones, mean over
    the columns; then one score a column. () without a sequence, without a holdout, and with fewer than 20 steps from
    one unseen event to the next."""
    given = sequences_of(comparison)
    if given is None or "holdout" not in given.parts:
        return ()
    rng = np.random.default_rng(comparison.seed)
    steps = {part: _steps(given, part, rng) for part in ("synthetic", "real", "holdout")}
    test = steps["holdout"]
    if len(test.owner) < LEAST_TEST:
        return ()
    entities = int(test.owner.max()) + 1
    scores, influences = [], []
    for place, name in enumerate((GAP, *given.names)):
        known = ~np.isnan(test.targets[:, place])
        if known.sum() < LEAST_TEST or len(np.unique(test.targets[known, place])) < 2:
            continue
        category = bool(place and given.category[place - 1])
        measure = _explained if category else r2
        value: dict[str, Measured] = {}
        for part in ("synthetic", "real"):
            value[part] = measure(_asked(given, steps[part], test, place, category, comparison.seed))
        naive = max(0.0, measure(_last(test, place, category))[0])
        made, influence = value["synthetic"]
        influences.append(by_owner(influence, test.owner[known], entities))
        interval = around(made, influences[-1], -np.inf, 1.0)
        scores.append(Score("sequences.forecasting", made, 1.0, interval, naive, value["real"][0], name))
    if not scores:
        return ()
    whole = float(np.mean([score.value for score in scores]))
    interval = around(whole, np.mean(influences, axis=0), -np.inf, 1.0)
    baseline = float(np.mean([score.baseline for score in scores]))
    control = float(np.mean([score.control for score in scores]))
    headline = Score("sequences.forecasting", whole, 1.0, interval, baseline, control, reading=READING)
    return headline, *sorted(scores, key=lambda score: score.value - (score.control or 0.0))


@dataclass(frozen=True)
class _Steps:
    """s steps from an event to the next: what is known before it, what comes (the gap first), and what was last."""

    seen: np.ndarray
    targets: np.ndarray
    last: np.ndarray
    owner: np.ndarray


def _steps(given: Sequences, part: str, rng: np.random.Generator) -> _Steps:
    events = given.parts[part]
    told = _told(given, events)
    whole = np.flatnonzero(events.place + 1 < events.lengths[events.owner])
    at = at_most(whole, MOST_TEST if part == "holdout" else MOST_TRAIN, rng)
    start = events.starts[events.owner[at]]
    place = events.place[at]
    before = np.where(place > 0, at - 1, -1)
    columns = [place.astype(float), events.when[at], events.when[at] - events.when[start]]
    for column in range(told.shape[1]):
        values = told[:, column]
        columns += [values[at], np.where(before >= 0, values[before], np.nan)]
        if column == 0 or not given.category[column - 1]:
            columns.append(_running(values, events)[at])
    return _Steps(np.column_stack(columns), told[at + 1], told[at], events.owner[at])


def _told(given: Sequences, events: Events) -> np.ndarray:
    """(n, 1 + columns) the gap and the values; numbers as ranks among the real ones, rare categories as one."""
    real = given.parts["real"]
    found = ranks(np.column_stack([events.gap, events.values]), np.column_stack([real.gap, real.values]))
    for place in np.flatnonzero(given.category):
        found[:, place + 1] = np.minimum(events.values[:, place], MOST_VALUES)
    return found


def _running(values: np.ndarray, events: Events) -> np.ndarray:
    """(n,) mean of the values of an entity up to and with each event."""
    known = ~np.isnan(values)
    sums, times = np.cumsum(np.where(known, values, 0.0)), np.cumsum(known)
    start = events.starts[events.owner]
    before, met = np.where(start > 0, sums[start - 1], 0.0), np.where(start > 0, times[start - 1], 0)
    return np.where(times > met, (sums - before) / np.maximum(times - met, 1), np.nan)


def _asked(given: Sequences, train: _Steps, test: _Steps, place: int, category: bool, seed: int) -> Answers:
    """What trees trained on some steps answer to the test's, of one target."""
    width = test.seen.shape[1]
    kinds = [np.zeros(3, dtype=np.int64)]
    for column in range(1 + len(given.names)):
        own = 0 if column == 0 else int(min(given.levels[column - 1], MOST_VALUES + 1))
        kinds.append(np.array([own, own] if own else [0, 0, 0], dtype=np.int64))
    levels = np.append(np.concatenate(kinds), MOST_VALUES + 1 if category else 0)
    arrays = Arrays((*map(str, range(width)), "next"), levels, {})
    rows = {name: np.column_stack([part.seen, part.targets[:, place]]) for name, part in _both(train, test)}
    rows = {name: each[~np.isnan(each[:, -1])] for name, each in rows.items()}
    return answered(arrays, Task(width, rows["test"], category), rows["train"], BOOSTED, seed)


def _both(train: _Steps, test: _Steps) -> tuple[tuple[str, _Steps], ...]:
    return ("train", train), ("test", test)


def _last(test: _Steps, place: int, category: bool) -> Answers:
    """The last value said again; the middle where there is none."""
    known = ~np.isnan(test.targets[:, place])
    truth, called = test.targets[known, place], test.last[known, place]
    called = np.where(np.isnan(called), 0.5 if not category else -1.0, called)
    if not category:
        return Answers(truth, called, np.empty((len(truth), 0)), np.empty(0))
    classes = np.unique(np.concatenate([truth, called]))
    return Answers(truth, called, (called[:, None] == classes).astype(float), classes)


def _explained(answers: Answers) -> Measured:
    """Share of the variance of the classes, as axes of 0 and 1, that the chances explain; and the influences."""
    is_so = (answers.truth[:, None] == answers.classes).astype(float)
    wrong = ((answers.chances - is_so) ** 2).sum(axis=1)
    apart = ((is_so - is_so.mean(axis=0)) ** 2).sum(axis=1)
    left = float(wrong.mean() / apart.mean())
    return 1.0 - left, -(wrong - left * apart) / float(apart.mean())
