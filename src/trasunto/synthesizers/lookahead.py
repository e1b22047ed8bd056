"""Two inputs that tell of a response only together, as in an exclusive or.

A tree that takes one split at a time does not see them, since neither split alone gains anything.
"""

from __future__ import annotations

import numpy as np

# Cuts of an input that are tried, at these shares of its rows; the middle one alone where there are more inputs than so
# many.
CUTS, FEW = (0.25, 0.5, 0.75), 16
# Most rows that are looked at (cuts are found by an eighth), most kinds of response, the chance to find a pair in vain.
MOST, KINDS, CHANCE = 3_000, 6, 0.01
# x log x of all numbers of rows there can be.
ENTROPIC = np.arange(MOST + 1) * np.log(np.maximum(np.arange(MOST + 1), 1))


def paired(table: np.ndarray, groups: np.ndarray, penalty: float) -> tuple[int, float] | None:
    """The input and the threshold of a first split after which another input tells the most; None where what all pairs
    of cuts gain may well be chance.

    table: (n, inputs) float32. groups: (n,) what is told apart; neighbours are taken together where there are many.
    penalty: how many times the bound of chance a pair must gain. The four parts of two cuts gain n times the mutual
    information in nats, half a chi-square variable of 3 (kinds - 1) degrees of freedom where there is nothing; it is
    held against the bound of Laurent and Massart 2000 (lemma 1), shared out over all pairs.
    """
    every = max(-(-len(table) // MOST), 1)
    table, groups = table[::every], groups[::every]
    kinds, groups = np.unique(groups, return_inverse=True)
    many = min(len(kinds), KINDS)
    inputs, thresholds = _cuts(table[::8])
    if len(np.unique(inputs)) < 2 or many < 2:
        return None
    groups = groups * many // len(kinds)
    below = (table[:, inputs] <= thresholds).astype(np.float32)
    rows = np.bincount(groups, minlength=many)
    gained = ENTROPIC[rows.sum()] - ENTROPIC[rows].sum()
    whole: list[np.ndarray] = []
    for kind, count in enumerate(rows.tolist()):
        here = below[groups == kind]
        parts = _four((here.T @ here).astype(np.int32), count)
        gained = gained + sum(ENTROPIC[part] for part in parts)
        whole = [one + other for one, other in zip(whole, parts, strict=True)] if whole else parts
    gained = gained - sum(ENTROPIC[part] for part in whole)
    gained[inputs[:, None] == inputs[None, :]] = 0.0
    first, second = np.unravel_index(int(np.argmax(gained)), gained.shape)
    freedom, rare = 3 * (many - 1), np.log(len(inputs) ** 2 / CHANCE)
    if gained[first, second] <= penalty * (freedom / 2 + np.sqrt(freedom * rare) + rare):
        return None
    return int(inputs[first]), float(thresholds[first])


def _cuts(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(cuts,) inputs and the thresholds between two of their numbers, each threshold once."""
    inputs: list[int] = []
    thresholds: list[float] = []
    if len(table):
        ordered = np.sort(table, axis=0)
        for place, column in enumerate(ordered.T):
            for share in CUTS if table.shape[1] <= FEW else CUTS[1:2]:
                at = int(np.searchsorted(column, column[int(share * len(column))], side="right"))
                # The next number above; the last one has none, and what is below it is cut off.
                at = at if at < len(column) else int(np.searchsorted(column, column[-1]))
                middle = float(column[at - 1] + column[at]) / 2 if at else 0.0
                if at and (not inputs or (inputs[-1], thresholds[-1]) != (place, middle)):
                    inputs.append(place)
                    thresholds.append(middle)
    return np.array(inputs, dtype=np.intp), np.array(thresholds, dtype=np.float32)


def _four(both: np.ndarray, count: int) -> list[np.ndarray]:
    """(cuts, cuts) rows below both of two cuts, below the first, below the second, and below none. both: the first."""
    alone = np.diag(both)
    first, second = alone[:, None] - both, alone[None, :] - both
    return [both, first, second, count - both - first - second]
