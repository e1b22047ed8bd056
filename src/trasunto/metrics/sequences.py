"""Do sequences look alike: how long they are, when events come, what follows what, and what they add up to?

Errors: 0 is a perfect likeness, 1 the greatest difference. A sequence is the events of one entity in order
(`TableSchema.sequence`). Good columns do not make good sequences (Seq2Synth 2026): each measure here looks at more
than one event of an entity. Intervals take entities, not events, as the draws. The control puts unseen entities in the
place of the synthetic ones; the baseline draws each column by itself and deals the events out at random.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np

from trasunto.metrics.distances import of_numbers, shares
from trasunto.metrics.frames import Arrays
from trasunto.metrics.interval import around
from trasunto.metrics.marginals import binned
from trasunto.metrics.score import Comparison, Score
from trasunto.metrics.sequences_events import Events, Sequences, by_owner, sequences_of

SHOWN = 20
LAGS = (1, 2, 3)
# Pairs of events needed to speak of a correlation, and pairs of columns looked at.
LEAST_PAIRS = 50
MOST_PAIRS = 400
GAP = "gap"
AFTER = " The control is what as many unseen entities differ by chance, the baseline events dealt out at random."

# A measured error and the (entities,) influences on it.
Error = tuple[float, np.ndarray]


def lengths(comparison: Comparison) -> tuple[Score, ...]:
    """sequences.lengths: Kolmogorov-Smirnov distance of the number of events an entity. () without a sequence."""
    given = sequences_of(comparison)
    if given is None:
        return ()
    measure = of_numbers(given.parts["real"].lengths.astype(float))
    found = {part: measure(given.parts[part].lengths.astype(float)) for part in given.others}
    reading = "Difference of how many events an entity has; 0 is equal." + AFTER
    return (_score("sequences.lengths", found, "", reading),)


def gaps(comparison: Comparison) -> tuple[Score, ...]:
    """sequences.gaps: Kolmogorov-Smirnov distance of the gaps between events, then "first event" (when it comes) and
    "span" (from the first to the last). () without a sequence and when no real entity has two events."""
    given = sequences_of(comparison)
    if given is None or not (given.parts["real"].lengths > 1).any():
        return ()
    views = {
        "": (lambda e: e.gap[e.place > 0], lambda e: e.owner[e.place > 0]),
        "first event": (lambda e: e.when[e.starts], lambda e: np.arange(len(e.starts))),
        "span": (lambda e: e.when[e.ends] - e.when[e.starts], lambda e: np.arange(len(e.starts))),
    }
    reading = "Difference of the gaps from event to event; 0 is equal." + AFTER
    scores = []
    for subject, (values, owner) in views.items():
        measure = _distance(values(given.parts["real"]))
        found = {part: measure(values(events), owner(events), events) for part, events in _other(given)}
        scores.append(_score("sequences.gaps", found, subject, "" if subject else reading))
    return tuple(scores)


def transitions(comparison: Comparison) -> tuple[Score, ...]:
    """sequences.transitions: mean over the columns, and the gap, of the total variation distance of the tables (value
    of an event × value of the next); then one score a column, worst first. () without a sequence.

    Numbers are cut at the real deciles, the eleventh value of a category and rarer ones stand together, a missing value
    is a value. The start and the end of a sequence are values too, so that first and last events are seen.
    """
    given = sequences_of(comparison)
    if given is None:
        return ()
    names, levels, parts = _with_gap(given)
    codes, sizes = binned(Arrays(names, levels, {}), parts)
    each: dict[str, dict[str, Error]] = {}
    for column, name in enumerate(names):
        size = sizes[column]
        cells = {part: _steps(codes[part][column], size, events) for part, events in given.parts.items()}
        truth = shares(cells["real"], (size + 1) ** 2)
        each[name] = {}
        for part, events in _other(given):
            gap = shares(cells[part], (size + 1) ** 2) - truth
            influence = 0.5 * np.sign(gap)[cells[part]]
            owner = np.concatenate([events.owner, np.arange(len(events.starts))])
            entities = len(events.starts)
            each[name][part] = (
                min(1.0, 0.5 * float(np.abs(gap).sum())),
                by_owner(influence - influence.mean(), owner, entities),
            )
    reading = "Difference of what follows what, mean over the columns; 0 is equal." + AFTER
    return _headed("sequences.transitions", each, reading)


def autocorrelation(comparison: Comparison) -> tuple[Score, ...]:
    """sequences.autocorrelation: half the difference of the correlations between a column of numbers (or the gap) and
    itself or another one 1, 2 and 3 events later, mean over all; then the 20 that differ most ("amt, amt 2 later").

    Values stand as their ranks among the real ones (as in Spearman's correlation), so that no outlier rules. () without
    a sequence, and where fewer than 50 real pairs of events are known.
    """
    given = sequences_of(comparison)
    if given is None:
        return ()
    names, levels, parts = _with_gap(given)
    numbers = [place for place, level in enumerate(levels) if not level]
    ranked = {part: ranks(rows[:, numbers], parts["real"][:, numbers]) for part, rows in parts.items()}
    wanted = list(product(range(len(numbers)), range(len(numbers)), LAGS))
    if len(wanted) > MOST_PAIRS:
        chosen = np.random.default_rng(comparison.seed).choice(len(wanted), MOST_PAIRS, replace=False)
        wanted = [wanted[place] for place in np.sort(chosen)]
    each: dict[str, dict[str, Error]] = {}
    for one, other, lag in wanted:
        truth, _, pairs = _lagged(given.parts["real"], ranked["real"], one, other, lag)
        if pairs < LEAST_PAIRS:
            continue
        subject = f"{names[numbers[one]]}, {names[numbers[other]]} {lag} later"
        each[subject] = {}
        for part, events in _other(given):
            found, influence, _ = _lagged(events, ranked[part], one, other, lag)
            each[subject][part] = abs(found - truth) / 2, np.sign(found - truth) * influence / 2
    reading = "Difference of how values hang on those of earlier events, mean over columns and lags; 0 is equal."
    return _headed("sequences.autocorrelation", each, reading + AFTER)


def totals(comparison: Comparison) -> tuple[Score, ...]:
    """sequences.totals: Kolmogorov-Smirnov distance of what an entity's events come to, mean over the columns: sum,
    mean, least, greatest and change from first to last of a number, how many values of a category and how often it
    changes; then the 20 that differ most ("amt sum"). () without a sequence and without columns."""
    given = sequences_of(comparison)
    if given is None or not given.names:
        return ()
    real, each = aggregates(given, given.parts["real"]), {}
    made = {part: aggregates(given, events) for part, events in _other(given)}
    for name, values in real.items():
        measure = of_numbers(values)
        each[name] = {part: measure(found[name]) for part, found in made.items()}
    reading = "Difference of what the events of an entity come to (sums, means, extremes), mean over all; 0 is equal."
    return _headed("sequences.totals", each, reading + AFTER)


def aggregates(given: Sequences, events: Events) -> dict[str, np.ndarray]:
    """(m,) numbers by name: what the events of each entity come to, column by column; NaN where nothing is known."""
    found: dict[str, np.ndarray] = {}
    for place, name in enumerate(given.names):
        values = events.values[:, place]
        if given.category[place]:
            changed = (values[1:] != values[:-1]) & (events.owner[1:] == events.owner[:-1])
            changed &= ~(np.isnan(values[1:]) & np.isnan(values[:-1]))
            entities = len(events.starts)
            found[f"{name} changes"] = np.bincount(events.owner[1:][changed], minlength=entities).astype(float)
            pairs = np.unique(np.stack([events.owner, np.nan_to_num(values, nan=-1.0)]), axis=1)
            found[f"{name} values"] = np.bincount(pairs[0].astype(np.int64), minlength=entities).astype(float)
            continue
        known = ~np.isnan(values)
        times = np.add.reduceat(known.astype(float), events.starts)
        whole = np.add.reduceat(np.where(known, values, 0.0), events.starts)
        none = np.where(times > 0, 0.0, np.nan)
        found[f"{name} sum"] = whole + none
        found[f"{name} mean"] = whole / np.maximum(times, 1.0) + none
        found[f"{name} least"] = np.minimum.reduceat(np.where(known, values, np.inf), events.starts)
        found[f"{name} greatest"] = np.maximum.reduceat(np.where(known, values, -np.inf), events.starts)
        found[f"{name} change"] = values[events.ends] - values[events.starts]
        for what in ("least", "greatest"):
            found[f"{name} {what}"] = np.where(times > 0, found[f"{name} {what}"], np.nan)
    return found


def _distance(real: np.ndarray) -> Callable[[np.ndarray, np.ndarray, Events], Error]:
    measure = of_numbers(real)

    def measured(values: np.ndarray, owner: np.ndarray, events: Events) -> Error:
        entities = len(events.starts)
        if not len(values) or not len(real):
            return float(len(values) != len(real)), np.zeros(entities)
        error, influence = measure(values)
        return error, by_owner(influence, owner, entities)

    return measured


def _with_gap(given: Sequences) -> tuple[tuple[str, ...], np.ndarray, dict[str, np.ndarray]]:
    """The columns of every part, and the gap to the event before as one more."""
    parts = {part: np.column_stack([events.values, events.gap]) for part, events in given.parts.items()}
    return (*given.names, GAP), np.append(given.levels, 0), parts


def _steps(codes: np.ndarray, size: int, events: Events) -> np.ndarray:
    """(n + m,) steps as codes: into each event from the one before, or from the start, and from the last to the end."""
    before = np.concatenate([[size], codes[:-1]])
    before[events.starts] = size
    return np.concatenate([before * (size + 1) + codes, codes[events.ends] * (size + 1) + size])


def ranks(values: np.ndarray, real: np.ndarray) -> np.ndarray:
    """Values as the share of real ones below them, from 0 to 1; NaN stays."""
    found = np.empty_like(values)
    for place in range(values.shape[1]):
        known = np.sort(real[:, place][~np.isnan(real[:, place])])
        below = np.searchsorted(known, values[:, place], "left") + np.searchsorted(known, values[:, place], "right")
        found[:, place] = np.where(np.isnan(values[:, place]), np.nan, below / (2.0 * max(len(known), 1)))
    return found


def _lagged(events: Events, ranked: np.ndarray, one: int, other: int, lag: int) -> tuple[float, np.ndarray, int]:
    """Correlation of a column with another `lag` events later, the (m,) influences on it, and how many pairs."""
    entities = len(events.starts)
    first = np.flatnonzero(events.place + lag < events.lengths[events.owner])
    x, y, owner = ranked[first, one], ranked[first + lag, other], events.owner[first]
    known = ~(np.isnan(x) | np.isnan(y))
    x, y, owner = x[known], y[known], owner[known]
    if len(x) < 2 or x.std() < 1e-9 or y.std() < 1e-9:
        return 0.0, np.zeros(entities), len(x)
    x, y = (x - x.mean()) / x.std(), (y - y.mean()) / y.std()
    r = float((x * y).mean())
    # Devlin, Gnanadesikan and Kettenring 1975.
    return r, by_owner(x * y - r * (x**2 + y**2) / 2, owner, entities), len(x)


def _other(given: Sequences) -> list[tuple[str, Events]]:
    return [(part, given.parts[part]) for part in given.others]


def _headed(metric: str, each: dict[str, dict[str, Error]], reading: str) -> tuple[Score, ...]:
    """The mean of the errors, then the 20 greatest of them."""
    if not each:
        return ()
    parts: Sequence[str] = list(next(iter(each.values())))
    whole = {
        part: (
            float(np.mean([found[part][0] for found in each.values()])),
            np.mean([found[part][1] for found in each.values()], axis=0),
        )
        for part in parts
    }
    single = [_score(metric, found, subject, "") for subject, found in each.items()]
    return _score(metric, whole, "", reading), *sorted(single, key=lambda score: -score.value)[:SHOWN]


def _score(metric: str, found: dict[str, Error], subject: str, reading: str) -> Score:
    value, influence = found["synthetic"]
    control = found["holdout"][0] if "holdout" in found else None
    interval = around(value, influence, 0.0, 1.0)
    return Score(metric, value, 0.0, interval, found["independent"][0], control, subject, reading)
