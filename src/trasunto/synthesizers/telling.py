"""Which columns tell most of which: mutual information of every pair, at once."""

from __future__ import annotations

import numpy as np

# Groups a column is cut into, and rows looked at: enough to rank columns by.
GROUPS, LOOKED = 8, 5_000


def telling(coded: dict[str, np.ndarray], sizes: dict[str, int], seed: int) -> dict[str, list[str]]:
    """For each column the others, the one that tells most of it first.

    coded: (n,) codes by column, -1 allowed. Mutual information of coarse codes on at most 5,000 rows, less what chance
    alone would tell (Miller 1955), so that columns of many values have no head start. All pairs are counted with one
    matrix product.
    """
    names = list(coded)
    rows = len(coded[names[0]])
    few = np.random.default_rng(seed).permutation(rows)[:LOOKED]
    coarse = [_coarse(coded[name][few]) for name in names]
    width = [int(each.max(initial=0)) + 1 for each in coarse]
    start = np.concatenate([[0], np.cumsum(width)])
    marked = np.zeros((len(few), start[-1]), dtype=np.float32)
    for each, first in zip(coarse, start[:-1].tolist(), strict=True):
        marked[np.arange(len(few)), first + each] = 1.0
    counts = (marked.T @ marked) / len(few)
    alone = np.diag(counts)
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where(counts > 0, counts * np.log(counts / np.outer(alone, alone)), 0.0)
    bits = np.add.reduceat(np.add.reduceat(parts, start[:-1], axis=0), start[:-1], axis=1)
    chance = np.outer(np.array(width) - 1, np.array(width) - 1) / (2 * len(few))
    rank = np.argsort(-(bits - chance), axis=1, kind="stable")
    return {name: [names[at] for at in rank[place] if at != place] for place, name in enumerate(names)}


def _coarse(codes: np.ndarray) -> np.ndarray:
    """Codes in at most 9 groups of like size, one of them for what is not published."""
    kinds, at, counts = np.unique(codes, return_inverse=True, return_counts=True)
    if len(kinds) <= GROUPS + 1:
        return at
    share = (np.cumsum(counts) - counts / 2) / counts.sum()
    groups = np.minimum((share * GROUPS).astype(np.int64), GROUPS - 1)
    return np.unique(groups[at], return_inverse=True)[1]
