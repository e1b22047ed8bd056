"""Do synthetic rows lie where real ones do, everywhere they do, and not on them? By neighbours and by balls.

Precision and recall after Kynkäänniemi et al. 2019, density and coverage after Naeem et al. 2020 ("Reliable fidelity
and diversity metrics"), alpha-precision, beta-recall and authenticity after Alaa et al. 2022 ("How faithful is your
synthetic data?", sections 2 to 4).

Read them against their control and never alone. Every one of them fails sanity checks that a measure of likeness
should pass (Räisä, van Breugel and van der Schaar 2025, "Position: all current generative fidelity and diversity
metrics are flawed", arXiv 2505.22450): on fresh real rows most are not at their best value; all change with the number
of rows and of columns; but for authenticity, copies of the training rows score as well as fresh real rows do, or
better; the balls of alpha-precision and beta-recall see how far a row lies from the middle and not in which direction.
`c2st` does not have these faults. They are here because others report them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from trasunto.errors import MetricError
from trasunto.metrics.interval import NORMAL, wilson
from trasunto.metrics.score import Comparison, Score
from trasunto.metrics.space import MOST_ROWS, MOST_TRAIN, SAME, Space, middle_of, nearest_train, space_of, squares

# Neighbours that make the ball around a row, as in Naeem et al.
NEIGHBOURS = 5
# Half-samples from which an interval is found: its width is known to a seventh.
HALVES = 24
LEVELS = (np.arange(100) + 0.5) / 100

OTHERS = ("synthetic", "independent", "holdout")
CHANCE = (
    " The control puts unseen real rows in the place of the synthetic ones, the baseline columns drawn by themselves; "
    "compare with the control, as fresh real rows do not reach the best value either."
)
READINGS = {
    "fidelity.precision": "Share of synthetic rows within the ball of 5 neighbours around some training row." + CHANCE,
    "fidelity.recall": "Share of training rows within the ball of 5 neighbours around some synthetic row." + CHANCE,
    "fidelity.density": "Balls of training rows a synthetic row lies in, divided by 5; may exceed 1." + CHANCE,
    "fidelity.coverage": "Share of training rows whose ball of 5 neighbours holds a synthetic row." + CHANCE,
    "fidelity.alpha_precision": "How well the share of synthetic rows in a ball agrees with the share of training rows "
    "in it, over all balls around their middle; 1 is full agreement." + CHANCE,
    "fidelity.beta_recall": "How well the share of training rows that balls around the middle of the synthetic rows "
    "reach agrees with the share of synthetic rows in these balls; 1 is full agreement." + CHANCE,
    "privacy.authenticity": "Share of synthetic rows that do not lie nearer to their nearest training row than any "
    "other training row does; far below the control means rows made by moving training rows a little." + CHANCE,
}

Figures = dict[str, float]
# A measure and its interval.
Measured = tuple[float, tuple[float, float] | None]


def precision(comparison: Comparison) -> tuple[Score, ...]:
    """fidelity.precision, fidelity.recall (Kynkäänniemi et al. 2019), fidelity.density and fidelity.coverage (Naeem
    et al. 2020, equations 2 to 5), all 1 at best, with 5 neighbours, on at most 2,000 rows a side, as many on each.

    They fail sanity checks (see the module): precision and recall of fresh real rows stay below 1 and an outlier among
    the rows they are measured by makes them too high; density has no upper bound; none minds copies of training
    rows. The interval is found by half-samples; None with fewer than 14 rows. () without columns but text and
    identifiers. Raises MetricError with fewer than 7 rows a side.
    """
    space = space_of(comparison)
    if space is None:
        return ()
    number = _number(space, "fidelity.precision")
    own_real = squares(space, ("real", number), ("real", number))
    found: dict[str, dict[str, Measured]] = {}
    for part in _others(space):
        own = squares(space, (part, number), (part, number))
        apart = squares(space, ("real", number), (part, number))

        def measure(real: np.ndarray, made: np.ndarray, own: np.ndarray = own, apart: np.ndarray = apart) -> Figures:
            between = apart[np.ix_(real, made)]
            within = between <= _radius(own_real[np.ix_(real, real)])[:, None] + SAME
            return {
                "fidelity.precision": float(within.any(axis=0).mean()),
                "fidelity.recall": float((between <= _radius(own[np.ix_(made, made)]) + SAME).any(axis=1).mean()),
                "fidelity.density": float(within.sum() / (NEIGHBOURS * len(made))),
                "fidelity.coverage": float(within.any(axis=1).mean()),
            }

        found[part] = _measured(measure, number, part, comparison.seed)
    return _told(found)


def alpha_precision(comparison: Comparison) -> tuple[Score, ...]:
    """fidelity.alpha_precision and fidelity.beta_recall, integrated over all levels (Alaa et al. 2022, equations 6
    to 11), both from 0 to 1, on at most 2,000 rows a side, as many on each.

    alpha-precision asks whether the ball around the middle of the training rows that holds a share alpha of them holds
    a share alpha of the synthetic rows. beta-recall asks whether a share beta of the training rows has its nearest
    synthetic row in its ball of 5 neighbours and in the ball around the middle of the synthetic rows that holds a share
    beta of them; the nearest of all, as in the authors' code: with the nearest from that ball, as in the text, columns
    drawn by themselves would score better than fresh real rows.

    They fail sanity checks (see the module): rows on the wrong side of the middle pass, and beta-recall of fresh real
    rows stays below 1. The paper learns a space in which real rows fill a ball; here it is that of the other measures,
    so that nothing has to be trained. Interval, () and MetricError as in `precision`.
    """
    space = space_of(comparison)
    if space is None:
        return ()
    number = _number(space, "fidelity.alpha_precision")
    own_real = squares(space, ("real", number), ("real", number))
    middle = middle_of(space, "real", number)
    reach = middle.squares(space, "real", number)
    found: dict[str, dict[str, Measured]] = {}
    for part in _others(space):
        apart = squares(space, ("real", number), (part, number))
        away = middle.squares(space, part, number)
        own = middle_of(space, part, number).squares(space, part, number)

        def measure(
            real: np.ndarray,
            made: np.ndarray,
            apart: np.ndarray = apart,
            away: np.ndarray = away,
            own: np.ndarray = own,
        ) -> Figures:
            # The level of a row: the share of rows in the smallest ball that holds it.
            level = np.searchsorted(np.sort(reach[real]), away[made] - SAME, side="left") / len(real)
            rank = np.searchsorted(np.sort(own[made]), own[made] + SAME, side="right") / len(made)
            between = apart[np.ix_(real, made)]
            near = between.argmin(axis=1)
            reached = between[np.arange(len(real)), near] <= _radius(own_real[np.ix_(real, real)]) + SAME
            return {
                "fidelity.alpha_precision": _agreement(level),
                "fidelity.beta_recall": _agreement(np.where(reached, rank[near], np.inf)),
            }

        found[part] = _measured(measure, number, part, comparison.seed)
    return _told(found)


def authenticity(comparison: Comparison) -> tuple[Score, ...]:
    """privacy.authenticity: share of synthetic rows no nearer to their nearest training row than that row's own nearest
    other training row (Alaa et al. 2022, section 3.2), from 0 to 1, higher is safer; 2,000 synthetic rows against
    at most 20,000 training rows.

    It fails sanity checks (see the module): fresh real rows stay far below 1, a copy of a row that stands twice in the
    training rows counts as authentic, and rows far from all others do too, whatever they say about somebody. A high
    value is no proof of privacy. () without columns but text and identifiers. Raises MetricError with fewer than 2
    training rows.
    """
    space = space_of(comparison)
    if space is None:
        return ()
    train = min(space.rows("real"), MOST_TRAIN)
    if train < 2:
        raise MetricError("privacy.authenticity needs 2 training rows and has 1.", "Give more rows.")
    found: dict[str, dict[str, Measured]] = {}
    for part in _others(space):
        rows = min(space.rows(part), MOST_ROWS)
        nearest, to_it = nearest_train(space, part, np.arange(rows), train)
        asked, place = np.unique(nearest, return_inverse=True)
        _, own = nearest_train(space, "real", asked, train)
        counted = to_it >= own[place] - SAME
        found[part] = {"privacy.authenticity": (float(counted.mean()), wilson(float(counted.sum()), rows))}
    return _told(found)


def _told(found: dict[str, dict[str, Measured]]) -> tuple[Score, ...]:
    scores = []
    for metric, reading in READINGS.items():
        if metric in found["synthetic"]:
            value, interval = found["synthetic"][metric]
            alone, unseen = found["independent"][metric][0], found.get("holdout", {}).get(metric)
            control = unseen[0] if unseen else None
            scores.append(Score(metric, value, 1.0, interval, alone, control, reading=reading))
    return tuple(scores)


def _measured(
    measure: Callable[[np.ndarray, np.ndarray], Figures], number: int, part: str, seed: int
) -> dict[str, Measured]:
    """The measures on all rows and, for synthetic rows, their intervals by half-samples.

    A bootstrap would draw rows twice, and a row drawn twice is its own neighbour. Over random halves of both sides a
    measure spreads as it does over fresh samples of the whole number (Shao and Wu 1989, the delete-d jackknife).
    """
    everything = np.arange(number)
    values = measure(everything, everything)
    if part != "synthetic" or number < 2 * (NEIGHBOURS + 2):
        return {metric: (value, None) for metric, value in values.items()}
    rng = np.random.default_rng(seed)
    halves = [measure(*(np.sort(rng.permutation(number)[: number // 2]) for _ in range(2))) for _ in range(HALVES)]
    found: dict[str, Measured] = {}
    for metric, value in values.items():
        reach = NORMAL * float(np.std([half[metric] for half in halves], ddof=1))
        high = np.inf if metric == "fidelity.density" else 1.0
        found[metric] = (value, (max(0.0, value - reach), float(min(high, value + reach))))
    return found


def _agreement(level: np.ndarray) -> float:
    """1 - 2 ∫ |P(a) - a| da, where P(a) is the share of (n,) levels up to a."""
    share = np.searchsorted(np.sort(level), LEVELS, side="right") / len(level)
    return 1.0 - 2.0 * float(np.abs(share - LEVELS).mean())


def _others(space: Space) -> list[str]:
    return [part for part in OTHERS if part in space.codes]


def _number(space: Space, metric: str) -> int:
    """Rows a side. An unseen part that is smaller than the others makes all of them smaller."""
    number = min(MOST_ROWS, *(space.rows(part) for part in space.codes))
    if number < NEIGHBOURS + 2:
        raise MetricError(f"{metric} needs {NEIGHBOURS + 2} rows a side and has {number}.", "Give more rows.")
    return number


def _radius(squares: np.ndarray) -> np.ndarray:
    """(rows,) squared distance to the fifth neighbour; the distance of a row to itself is infinite."""
    return np.partition(squares, NEIGHBOURS - 1, axis=1)[:, NEIGHBOURS - 1]
