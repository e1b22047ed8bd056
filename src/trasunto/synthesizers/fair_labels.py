"""Outcomes that no longer hang together with a protected column, in rows whose other columns stay as they were drawn.

How likely the favourable outcome is for each synthetic row is learnt from the synthetic rows themselves, so that this
works with every model and uses up no privacy. Then the chances are moved, group by group, and as few outcomes are
changed as the moved chances ask for:

- "parity": the odds of a group are multiplied by one number, until its share of favourable outcomes is the wanted one:
  the tilt that reweighing (Kamiran and Calders 2012) and MOSTLY AI's sampling give, without moving who there is.
- "decisions": a group gets a threshold of its own, such that as large a share of every group lies above; rows between
  it and one half are moved across. Thresholds by group are the best that a model with equal rates can do (Hardt, Price
  and Srebro 2016; Corbett-Davies et al. 2017), so a model trained on the rows loses least, and few outcomes change:
  those near the border, as in "massaging" (Kamiran and Calders 2012), but by chance and not by rank.
- "odds": the same, with thresholds that bring true and false positive rates together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from trasunto.metrics.frames import Arrays, at_most, for_trees
from trasunto.metrics.utility import BOOSTED

FOLDS = 3
# Rows a fold learns from.
MOST_ROWS = 100_000
# A row moved across the border of one half gets this chance, or one less it: enough for a model to learn it.
ACROSS = 0.8
# Chances are never nearer to 0 and 1 than this, so that odds can be multiplied.
EDGE = 1e-6
# Thresholds tried for equal odds.
THRESHOLDS = 400


@dataclass(frozen=True)
class Outcomes:
    """What the outcomes of (rows,) rows are, and how likely each is.

    good: bool, the favourable one. chance: of the favourable one. lead: chance less that of the likeliest other one.
    group: numbers from 0, -1 for a row to be left alone. groups: how many there are.
    """

    good: np.ndarray
    chance: np.ndarray
    lead: np.ndarray
    group: np.ndarray
    groups: int


def chances(given: Arrays, place: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """((rows, classes) chances, (classes,) codes) of the column at `place` in the synthetic rows, cross-fitted: each
    third of the rows is asked of a model of the others. Rows without a value there are asked too."""
    rows = for_trees(given, given.parts["synthetic"])
    y = given.parts["synthetic"][:, place]
    known = np.flatnonzero(~np.isnan(y))
    rng = np.random.default_rng([seed, 41])
    fold = rng.permutation(len(y)) % FOLDS
    rest = (np.arange(rows.shape[1]) != place) & ~np.isnan(rows[known]).all(axis=0)
    x, category, classes = rows[:, rest], given.category[rest], np.unique(y[known])
    found = np.zeros((len(y), len(classes)))
    for number in range(FOLDS):
        asked = np.flatnonzero(fold == number)
        train = at_most(known[fold[known] != number], MOST_ROWS, rng)
        seen = np.unique(y[train])
        if not asked.size or not seen.size:
            continue
        places = np.searchsorted(classes, seen)
        if len(seen) == 1 or not rest.any():
            found[np.ix_(asked, places)] = [np.mean(y[train] == each) for each in seen]
        else:
            varies = ~np.isnan(x[train]).all(axis=0)
            found[np.ix_(asked, places)] = BOOSTED.chances(
                x[train][:, varies], y[train], x[asked][:, varies], category[varies], seed
            )
    return found, classes


def parity(rows: Outcomes, intensity: float) -> np.ndarray:
    """(rows,) chances with which every group has the share of favourable outcomes of all, or is as far on the way
    there as `intensity` says."""
    from scipy.optimize import brentq

    whole = float(rows.good[rows.group >= 0].mean())
    moved = rows.chance.copy()
    for number in range(rows.groups):
        mine = rows.group == number
        chance, good = rows.chance[mine], rows.good[mine]
        wanted = (1 - intensity) * float(good.mean()) + intensity * whole

        def short(shift: float, chance: np.ndarray = chance, good: np.ndarray = good, wanted: float = wanted) -> float:
            return float(expected(chance, _tilted(chance, shift), good).mean()) - wanted

        # Where no odds lead there (a share of 0 or 1 is wanted), the furthest of them is taken.
        low, high = -20.0, 20.0
        shift = low if short(low) > 0 else high if short(high) < 0 else float(brentq(short, low, high))
        moved[mine] = _tilted(chance, shift)
    return moved


def decisions(rows: Outcomes, intensity: float) -> np.ndarray:
    """(rows,) chances of which as large a share of every group lies above one half."""
    whole = float((rows.lead[rows.group >= 0] > 0).mean())
    return _across(rows, intensity, lambda mine: whole)


def odds(rows: Outcomes, intensity: float) -> np.ndarray:
    """(rows,) chances of which, among the rows of each outcome, as large a share of every group lies above one half as
    of all, as nearly as one threshold a group can."""
    judged = rows.group >= 0
    wanted = [float((rows.lead[judged & (rows.good == each)] > 0).mean()) for each in (True, False)]

    def share(mine: np.ndarray) -> float:
        lead, good = rows.lead[mine], rows.good[mine]
        borders = np.unique(np.quantile(lead, np.linspace(0, 1, THRESHOLDS)))
        off = [
            np.abs(_above(lead[good == each], borders) - aim)
            for each, aim in zip((True, False), wanted, strict=True)
            if (good == each).any()
        ]
        return float((lead > borders[int(np.max(off, axis=0).argmin())]).mean())

    return _across(rows, intensity, share)


def expected(chance: np.ndarray, moved: np.ndarray, good: np.ndarray) -> np.ndarray:
    """(rows,) chance of the favourable outcome, once those drawn by `chance` are changed as little as `moved` asks."""
    up = np.clip((moved - chance) / (1 - chance), 0, 1)
    down = np.clip((chance - moved) / chance, 0, 1)
    return np.where(good, 1 - down, up)


def changed(rows: Outcomes, moved: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(rows,) bool: the outcomes anew. Those drawn by `chance` stand unless the moved chance asks for another; how many
    change in a group and direction is its expectation to within one row (systematic sampling)."""
    flip = np.abs(rows.good - expected(rows.chance, moved, rows.good))
    made = rows.good.copy()
    for number in range(rows.groups):
        for good in (True, False):
            mine = np.flatnonzero((rows.group == number) & (rows.good == good))
            mine = rng.permutation(mine)
            ends = np.floor(np.cumsum(flip[mine]) + rng.random())
            made[mine[np.diff(ends, prepend=0.0) > 0]] = not good
    return made


MODES: dict[str, Callable[[Outcomes, float], np.ndarray]] = {"parity": parity, "decisions": decisions, "odds": odds}


def _tilted(chance: np.ndarray, shift: float) -> np.ndarray:
    """Chances whose log-odds are `shift` greater."""
    raised = chance * np.exp(shift)
    return raised / (1 - chance + raised)


def _above(lead: np.ndarray, borders: np.ndarray) -> np.ndarray:
    """Share of (n,) leads above each border."""
    return 1.0 - np.searchsorted(np.sort(lead), borders, side="right") / len(lead)


def _across(rows: Outcomes, intensity: float, share: Callable[[np.ndarray], float]) -> np.ndarray:
    """Move the rows nearest to the border across it, until the wanted share of each group is above."""
    moved = rows.chance.copy()
    for number in range(rows.groups):
        mine = np.flatnonzero(rows.group == number)
        lead = rows.lead[mine]
        now = float((lead > 0).mean())
        count = round(((1 - intensity) * now + intensity * share(mine)) * len(mine))
        first = np.argsort(-lead, kind="stable")
        up, down = first[:count], first[count:]
        raised = mine[up[lead[up] <= 0]]
        lowered = mine[down[lead[down] > 0]]
        moved[raised] = np.maximum(moved[raised], ACROSS)
        moved[lowered] = np.minimum(moved[lowered], 1 - ACROSS)
    return moved
