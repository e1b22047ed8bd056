"""How much likelier a row is among the synthetic rows than among unseen real ones, by tables of one and two columns.

Three of the attacks of `battery`: the ratio of densities (van Breugel, Sun, Qian and van der Schaar 2023, "Membership
inference attacks against synthetic data through overfitting detection", DOMIAS), here of densities that are quick to
fit: each column by itself, and a tree of pairs (Chow and Liu 1968), which is also how graphical models and Bayesian
networks are attacked (Guépin et al. 2024, TAMIS); and a classifier of synthetic against unseen rows (Hayes et al. 2019,
LOGAN).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trasunto.metrics.frames import Arrays, at_most, for_trees, least_in_leaf, threads

# Bins of a number, and categories of a column that have a place of their own.
BINS = 20
OWN = 40
# What an unseen pair of values counts for, spread as if the columns were independent.
WEIGHT = 2.0
# The classifier: rows a side, and trees.
MOST_ROWS = 12_000
TREES = 60


@dataclass(frozen=True)
class Bins:
    """cuts: by column, between the bins of a number; none for a category. sizes: bins of each column, the last one for
    a missing value."""

    cuts: tuple[np.ndarray | None, ...]
    sizes: tuple[int, ...]

    def of(self, rows: np.ndarray) -> np.ndarray:
        """(columns, rows) bins of (rows, columns) values."""
        found = np.empty(rows.shape[::-1], dtype=np.int64)
        for place, (cuts, size) in enumerate(zip(self.cuts, self.sizes, strict=True)):
            column = rows[:, place]
            # Codes go by frequency, so the rare ones are the high ones and share a bin.
            bins = np.minimum(column, size - 2) if cuts is None else np.searchsorted(cuts, column, side="right")
            found[place] = np.where(np.isnan(column), size - 1, bins)
        return found


def bins_of(given: Arrays, rows: np.ndarray) -> Bins:
    """Bins of equally many of these rows for numbers, of the most frequent values for categories."""
    cuts: list[np.ndarray | None] = []
    sizes = []
    for place, levels in enumerate(given.levels.tolist()):
        if levels:
            cuts.append(None)
            sizes.append(min(levels, OWN + 1) + 1)
            continue
        known = rows[:, place][~np.isnan(rows[:, place])]
        edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1])) if known.size else np.empty(0)
        cuts.append(edges)
        sizes.append(len(edges) + 2)
    return Bins(tuple(cuts), tuple(sizes))


@dataclass(frozen=True)
class Shares:
    """Log shares of the bins of each column among some rows, and of pairs of columns."""

    codes: np.ndarray
    sizes: tuple[int, ...]

    def single(self, place: int) -> np.ndarray:
        counts = np.bincount(self.codes[place], minlength=self.sizes[place]) + 0.5
        found: np.ndarray = np.log(counts / counts.sum())
        return found

    def given(self, place: int, parent: int) -> np.ndarray:
        """(parent bins, bins) log share of each bin where the parent is so."""
        table = _table(self.codes, self.sizes, parent, place) + WEIGHT * np.exp(self.single(place))
        found: np.ndarray = np.log(table / table.sum(axis=1, keepdims=True))
        return found


def by_columns(targets: np.ndarray, shares: Shares) -> np.ndarray:
    """(n,) log chance of (columns, n) rows, each column by itself."""
    return np.sum([shares.single(place)[codes] for place, codes in enumerate(targets)], axis=0)


def by_pairs(targets: np.ndarray, shares: Shares, tree: list[tuple[int, int]]) -> np.ndarray:
    """(n,) log chance of (columns, n) rows, each column given its parent in the tree (-1 for none)."""
    total = np.zeros(targets.shape[1])
    for place, parent in tree:
        total += (
            shares.single(place)[targets[place]]
            if parent < 0
            else shares.given(place, parent)[targets[parent], targets[place]]
        )
    return total


def tree_of(codes: np.ndarray, sizes: tuple[int, ...]) -> list[tuple[int, int]]:
    """(column, parent) of the tree of pairs that tell most about each other (Chow and Liu 1968); -1 for the root."""
    width = len(codes)
    tied = np.zeros((width, width))
    for one in range(width):
        for other in range(one + 1, width):
            tied[one, other] = tied[other, one] = _information(_table(codes, sizes, one, other))
    found = [(0, -1)]
    best, parent = tied[0].copy(), np.zeros(width, dtype=np.int64)
    best[0] = -np.inf
    for _ in range(width - 1):
        place = int(best.argmax())
        found.append((place, int(parent[place])))
        nearer = tied[place] > best
        parent = np.where(nearer & np.isfinite(best), place, parent)
        best = np.where(np.isfinite(best), np.maximum(best, tied[place]), best)
        best[place] = -np.inf
    return found


def classified(given: Arrays, targets: np.ndarray, made: np.ndarray, unseen: np.ndarray, seed: int) -> np.ndarray:
    """(n,) how sure boosted trees are that a row is a synthetic one, after learning from synthetic and unseen rows."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    rng = np.random.default_rng(seed)
    number = min(len(made), len(unseen), MOST_ROWS)
    rows = np.concatenate([at_most(made, number, rng), at_most(unseen, number, rng)])
    varied = np.array([len(np.unique(column[~np.isnan(column)])) > 1 for column in rows.T])
    if not varied.any():
        return np.zeros(len(targets))
    table, asked = for_trees(given, rows)[:, varied], for_trees(given, targets)[:, varied]
    label = np.concatenate([np.ones(number), np.zeros(number)])
    model = HistGradientBoostingClassifier(
        categorical_features=given.category[varied],
        max_iter=TREES,
        early_stopping=False,
        min_samples_leaf=least_in_leaf(len(rows)),
        random_state=seed,
    )
    with threads(table):
        scored: np.ndarray = model.fit(table, label).predict_proba(asked)[:, 1]
    return scored


def _table(codes: np.ndarray, sizes: tuple[int, ...], one: int, other: int) -> np.ndarray:
    """(bins of one, bins of the other) counts."""
    flat = np.bincount(codes[one] * sizes[other] + codes[other], minlength=sizes[one] * sizes[other])
    return flat.reshape(sizes[one], sizes[other]).astype(float)


def _information(counts: np.ndarray) -> float:
    share = counts / counts.sum()
    alone = share.sum(axis=1, keepdims=True) * share.sum(axis=0, keepdims=True)
    met = share > 0
    return float((share[met] * np.log(share[met] / alone[met])).sum())
