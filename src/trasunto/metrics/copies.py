"""Do synthetic rows repeat people, or lean on them? Counts and distances, with unseen real rows as control.

Neither number is proof of privacy: distances miss leaks that attacks find (Yao et al. 2025, "The DCR Delusion").
They can only show that something is wrong.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from trasunto.metrics.frames import Arrays, alike, arrays, at_most
from trasunto.metrics.interval import wilson
from trasunto.metrics.score import Comparison, Score

# Rows whose nearest neighbours are looked for, and rows among which they are: enough to know the share to a hundredth.
MOST_ROWS = 5_000
LEAST_ROWS = 500
BASELINE_ROWS = 2_000
MOST_NEIGHBOURS = 50_000
# Differences of one value to take on one search: on wide tables fewer rows are looked for.
MOST_DIFFERENCES = 4e9
# Differences held at a time: few enough to stay in the cache while the columns are added up.
BLOCK = 2_000_000


def exact_copies(comparison: Comparison) -> tuple[Score, ...]:
    """privacy.exact_copies: share of synthetic rows that equal a training row in every column but identifiers.

    () when there are no other columns. Where unseen real rows repeat training rows too (few columns of few values),
    a share like theirs tells of no leak.
    """
    names = [column.name for column in comparison.real.only.schema.columns if column.kind != "id"]
    if not names:
        return ()
    given = alike(comparison, names)
    real, rows = given["real"], given["synthetic"]
    rng = np.random.default_rng(comparison.seed)
    alone = pl.DataFrame([real[name].gather(rng.integers(0, real.height, rows.height)) for name in names])
    seen = real.unique()
    copied = _matches(rows, seen)
    control = _matches(given["holdout"], seen) / given["holdout"].height if "holdout" in given else None
    headline = Score(
        "privacy.exact_copies",
        copied / rows.height,
        0.0,
        wilson(copied, rows.height),
        _matches(alone, seen) / alone.height,
        control,
        reading="Share of synthetic rows that equal a training row in every column; the control is how many unseen "
        "real rows do, the baseline how many rows of columns drawn by themselves do.",
    )
    return (headline,)


def nearer_to_train(comparison: Comparison) -> tuple[Score, ...]:
    """privacy.nearer_to_train: share of synthetic rows that lie nearer to a training row than to any of as many
    holdout rows, ties half.

    Distance: the sum over columns of the difference of ranks (numbers and dates, ranks within both kinds of rows
    together, from 0 to 1) and of 0 or 1 (categories). On at most 5,000 synthetic rows, fewer for wide tables, and
    50,000 neighbours a side. () without a holdout or without columns but text and identifiers.
    """
    given = arrays(comparison)
    if comparison.holdout is None or not given.names:
        return ()
    rng = np.random.default_rng(comparison.seed)
    real, holdout = given.parts["real"], given.parts["holdout"]
    number = min(len(real), len(holdout), MOST_NEIGHBOURS)
    train, unseen = at_most(real, number, rng), at_most(holdout, number, rng)
    most = int(np.clip(MOST_DIFFERENCES / (len(given.names) * number), LEAST_ROWS, MOST_ROWS))
    rows = at_most(given.parts["synthetic"], most, rng)
    alone = at_most(given.parts["independent"], min(most, BASELINE_ROWS), rng)
    value = _share_nearer(given, rows, train, unseen)
    headline = Score(
        "privacy.nearer_to_train",
        value,
        0.5,
        wilson(value * len(rows), len(rows)),
        _share_nearer(given, alone, train, unseen),
        _control(given, most, rng),
        reading="Share of synthetic rows nearer to a training row than to an unseen one; above 0.5 they lean on the "
        "training rows. Not evidence of privacy: attacks find what distances miss. The control puts one half of the "
        "unseen rows in their place, the other half against the training rows.",
    )
    return (headline,)


def _control(given: Arrays, most: int, rng: np.random.Generator) -> float | None:
    """The share among one half of the holdout, between as many training rows and the other half."""
    holdout = rng.permutation(given.parts["holdout"])
    half = min(len(holdout) // 2, len(given.parts["real"]), MOST_NEIGHBOURS)
    if half == 0:
        return None
    rows, others = holdout[len(holdout) // 2 :][:most], holdout[:half]
    return _share_nearer(given, rows, at_most(given.parts["real"], half, rng), others)


def _matches(rows: pl.DataFrame, seen: pl.DataFrame) -> int:
    return rows.join(seen, on=rows.columns, how="semi", nulls_equal=True).height


def _share_nearer(given: Arrays, rows: np.ndarray, one: np.ndarray, other: np.ndarray) -> float:
    """Share of rows nearer to a row of `one` than to any of `other`, ties half."""
    made, first, second = _ranked(given, np.concatenate([one, other]), [rows, one, other])
    to_one, to_other = _nearest(made, first), _nearest(made, second)
    tie = np.abs(to_one - to_other) <= 1e-6
    return float(((to_one < to_other) & ~tie).mean() + tie.mean() / 2)


def _ranked(given: Arrays, among: np.ndarray, parts: list[np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Parts as (rows, categories) codes and (rows, numbers) ranks among the rows `among`, both float32.

    Ranks lie in the middle of equal values, so that a value met nowhere is as far from the next below as above. A
    missing number lies half way between the ranks, and half a unit from every known one besides.
    """
    codes = [np.nan_to_num(part[:, given.category], nan=-1.0).astype(np.float32) for part in parts]
    ranks: list[list[np.ndarray]] = [[] for _ in parts]
    for place in np.flatnonzero(~given.category):
        column = among[:, place]
        known = np.sort(column[~np.isnan(column)])
        for part, found in zip(parts, ranks, strict=True):
            values = part[:, place]
            below = np.searchsorted(known, values, "left") + np.searchsorted(known, values, "right")
            missing = np.isnan(values)
            found.append(np.where(missing, 0.5, below / (2.0 * max(len(known), 1))).astype(np.float32))
            if len(known) < len(column) or any(np.isnan(each[:, place]).any() for each in parts):
                found.append(np.where(missing, 0.5, 0.0).astype(np.float32))
    return [
        (code, np.column_stack(rank) if rank else np.empty((len(code), 0), dtype=np.float32))
        for code, rank in zip(codes, ranks, strict=True)
    ]


def _nearest(rows: tuple[np.ndarray, np.ndarray], among: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """(rows,) distance to the nearest of `among`, in blocks of flat memory."""
    (codes, ranks), (codes_among, ranks_among) = rows, among
    words = [np.ascontiguousarray(column) for column in codes_among.T]
    numbers = [np.ascontiguousarray(column) for column in ranks_among.T]
    size = len(codes_among)
    best = np.empty(len(codes), dtype=np.float32)
    height = max(1, BLOCK // size)
    total = np.empty((height, size), dtype=np.float32)
    one = np.empty_like(total)
    unequal = np.empty(total.shape, dtype=bool)
    for start in range(0, len(codes), height):
        stop = min(start + height, len(codes))
        high = stop - start
        total[:high] = 0.0
        for place, column in enumerate(words):
            np.not_equal(codes[start:stop, place, None], column, out=unequal[:high])
            total[:high] += unequal[:high]
        for place, column in enumerate(numbers):
            np.subtract(ranks[start:stop, place, None], column, out=one[:high])
            np.abs(one[:high], out=one[:high])
            total[:high] += one[:high]
        best[start:stop] = total[:high].min(axis=1)
    return best
