"""Do synthetic rows repeat people, or lean on them? Counts and distances, with unseen real rows as control.

Neither number is proof of privacy: distances miss leaks that attacks find (Yao et al. 2025, "The DCR Delusion").
They can only show that something is wrong.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from trasunto.data.dataset import Dataset
from trasunto.metrics.frames import Arrays, arrays, at_most
from trasunto.metrics.interval import wilson
from trasunto.metrics.score import Comparison, Score

MOST_ROWS = 5_000
BLOCK = 512


def exact_copies(comparison: Comparison) -> tuple[Score, ...]:
    """Share of synthetic rows that equal a training row in every column but identifiers."""
    names = [c.name for c in comparison.real.only.schema.columns if c.kind != "id"]
    if not names:
        return ()
    seen = _comparable(comparison.real, names).unique()
    rows = _comparable(comparison.synthetic, names)
    copied = _matches(rows, seen)
    control = None
    if comparison.holdout is not None:
        control = _matches(_comparable(comparison.holdout, names), seen) / len(comparison.holdout)
    rng = np.random.default_rng(comparison.seed)
    shuffled = seen.select([pl.Series(n, seen[n].gather(rng.permutation(len(seen)))) for n in names])
    headline = Score(
        "privacy.exact_copies",
        copied / len(rows),
        0.0,
        wilson(copied, len(rows)),
        _matches(shuffled, seen) / len(shuffled),
        control,
        reading="Share of synthetic rows that repeat a training row; the control is how many unseen real rows do.",
    )
    return (headline,)


def nearer_to_train(comparison: Comparison) -> tuple[Score, ...]:
    """Share of synthetic rows that lie nearer to a training row than to any of as many holdout rows, ties half.

    Distance: sum over columns of rank differences (numbers, ranks within the training rows) and of 0 or 1
    (categories, missing against known). On at most 5,000 rows. () without a holdout.
    """
    given = arrays(comparison)
    if comparison.holdout is None or not given.names:
        return ()
    rng = np.random.default_rng(comparison.seed)
    ranked = {part: _ranked(given, rows) for part, rows in given.parts.items()}
    number = min(len(ranked["real"]), len(ranked["holdout"]))
    train, holdout = at_most(ranked["real"], number, rng), at_most(ranked["holdout"], number, rng)
    made = at_most(ranked["synthetic"], MOST_ROWS, rng)
    value = _share(given, made, train, holdout)
    baseline = _share(given, at_most(ranked["independent"], 1_000, rng), train, holdout)
    control, interval = None, wilson(value * len(made), len(made))
    if number >= 8:
        # Unseen rows in place of synthetic ones: one half of the holdout, against train and the other half.
        order = rng.permutation(len(ranked["holdout"]))
        some, others = ranked["holdout"][order[: len(order) // 2]], ranked["holdout"][order[len(order) // 2 :]]
        control = _share(given, some[: MOST_ROWS // 2], at_most(ranked["real"], len(others), rng), others)
    headline = Score(
        "privacy.nearer_to_train",
        value,
        0.5,
        interval,
        baseline,
        control,
        reading="Share of synthetic rows nearer to a training row than to an unseen one; above 0.5 they lean on the "
        "training rows.",
    )
    return (headline,)


def _comparable(dataset: Dataset, names: list[str]) -> pl.DataFrame:
    return dataset.rows.select(names)


def _matches(rows: pl.DataFrame, seen: pl.DataFrame) -> int:
    return rows.join(seen, on=rows.columns, how="semi", nulls_equal=True).height


def _ranked(given: Arrays, rows: np.ndarray) -> np.ndarray:
    """(rows, columns) float32: mid-rank within the training rows for numbers, codes for categories, -1 missing."""
    result = np.empty(rows.shape, dtype=np.float32)
    for place, category in enumerate(given.category):
        column = rows[:, place]
        if category:
            result[:, place] = np.nan_to_num(column, nan=-1.0)
            continue
        real = given.parts["real"][:, place]
        known = np.sort(real[~np.isnan(real)])
        below = np.searchsorted(known, column, "left") + np.searchsorted(known, column, "right")
        result[:, place] = np.where(np.isnan(column), -1.0, below / (2.0 * max(len(known), 1)))
    return result


def _share(given: Arrays, rows: np.ndarray, train: np.ndarray, holdout: np.ndarray) -> float:
    one, other = _nearest(given, rows, train), _nearest(given, rows, holdout)
    tie = np.abs(one - other) <= 1e-6
    return float(((one < other) & ~tie).mean() + tie.mean() / 2)


def _nearest(given: Arrays, rows: np.ndarray, among: np.ndarray) -> np.ndarray:
    """(rows,) distance to the nearest of `among`, in blocks of flat memory."""
    words = np.flatnonzero(given.category)
    numbers = np.flatnonzero(~given.category)
    columns = {place: np.ascontiguousarray(among[:, place]) for place in range(among.shape[1])}
    best = np.empty(len(rows), dtype=np.float32)
    # Blocks small enough that one stays in the cache while the columns are added up.
    height = max(1, min(BLOCK, 2_000_000 // max(len(among), 1)))
    for start in range(0, len(rows), height):
        block = rows[start : start + height]
        total = np.zeros((len(block), len(among)), dtype=np.float32)
        for place in words.tolist():
            total += block[:, place, None] != columns[place]
        for place in numbers.tolist():
            total += np.abs(block[:, place, None] - columns[place])
        best[start : start + height] = total.min(axis=1)
    return best
