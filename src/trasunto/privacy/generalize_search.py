"""Levels that reach k-anonymity, l-diversity and t-closeness with the least loss, over all combinations of levels.

The combinations form a lattice. A combination that leaves too many rows in classes of fewer than k rows (or l values)
still does so when any column is told more finely; so what fails is found by bisecting chains from the bottom to the top
(Flash, Kohlmayer et al. 2012) and all below it is passed over (Incognito, LeFevre et al. 2005). Combinations are taken
in the order of their loss without suppression, which the whole loss never falls below: the search ends with the best.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from trasunto.privacy.generalize import Hierarchy


@dataclass(frozen=True)
class Wanted:
    """What classes must keep.

    k: rows. l: different sensitive values, or with `entropy` the exponential of their entropy. t: largest distance to
    all rows; None for no limit. suppression: share of the rows that may be left out, 0 to 1.
    """

    k: int = 5
    l: float = 1.0  # noqa: E741
    entropy: bool = False
    t: float | None = None
    suppression: float = 0.02


@dataclass(frozen=True)
class Sensitive:
    """A sensitive column as codes (n,) 0 to size - 1, in order of value; ordered: numbers and dates."""

    codes: np.ndarray
    size: int
    ordered: bool


@dataclass(frozen=True)
class Choice:
    """Levels by column; keep: (n,) bool, rows that are not suppressed. loss: mean NCP, a suppressed row counting 1."""

    levels: tuple[int, ...]
    keep: np.ndarray
    loss: float
    discernibility: float
    looked_at: int


@dataclass
class Lattice:
    """The rows as classes of equal values, and what has been found of each combination of levels."""

    hierarchies: Sequence[Hierarchy]
    rows: np.ndarray
    sensitive: Sequence[Sensitive]
    wanted: Wanted
    failed: np.ndarray = field(init=False)
    seen: dict[tuple[int, ...], tuple[bool, float]] = field(init=False, default_factory=dict)
    best: tuple[float, tuple[int, ...]] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.failed = np.zeros([len(h) for h in self.hierarchies], dtype=bool)
        # Rows of equal values are one row with a weight.
        sizes = np.array([len(h.values) for h in self.hierarchies])
        _, first, self.member, self.weights = np.unique(
            _joined(self.rows, sizes), return_index=True, return_inverse=True, return_counts=True
        )
        self.distinct = self.rows[first]
        self.total = len(self.rows)
        self.cells = [
            np.bincount(self.distinct[:, place], self.weights, len(h.values))
            for place, h in enumerate(self.hierarchies)
        ]
        floors = [
            np.array([float(cost @ cells) / self.total for cost in h.costs])
            for h, cells in zip(self.hierarchies, self.cells, strict=True)
        ]
        # The mean NCP of every combination of levels when no row is suppressed.
        self.floor = np.asarray(sum(np.ix_(*floors))) / len(sizes)

    def classes(self, node: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """((distinct,) class of each distinct row, (classes,) rows in it)."""
        levels = list(enumerate(zip(self.hierarchies, node, strict=True)))
        told = np.column_stack([h.groups[level][self.distinct[:, place]] for place, (h, level) in levels])
        sizes = np.array([len(h.texts[level]) for h, level in zip(self.hierarchies, node, strict=True)])
        _, place = np.unique(_joined(told, sizes), return_inverse=True)
        return place, np.bincount(place, self.weights)

    def bad(self, node: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
        """(class of distinct rows, rows by class, which classes fail, rows that fail whatever is merged)."""
        place, rows = self.classes(node)
        few = rows < self.wanted.k
        histograms = [(s, _histogram(place[self.member], s, len(rows))) for s in self.sensitive] if self._looks else []
        if self.wanted.l > 1 and not self.wanted.entropy:
            for _, counts in histograms:
                few |= (counts > 0).sum(axis=1) < self.wanted.l
        surely = int(rows[few].sum())
        for sensitive, counts in histograms:
            if self.wanted.l > 1 and self.wanted.entropy:
                few |= entropies(counts) < math.log(self.wanted.l) - 1e-12
            if self.wanted.t is not None:
                few |= distances(counts, sensitive.ordered) > self.wanted.t + 1e-12
        return place, rows, few, surely

    @property
    def _looks(self) -> bool:
        return self.wanted.l > 1 or self.wanted.t is not None

    def look(self, node: tuple[int, ...]) -> tuple[bool, float]:
        """(whether it is allowed, its loss), counted once; what surely fails below is marked."""
        if node not in self.seen:
            place, rows, few, surely = self.bad(node)
            most = self.wanted.suppression * self.total
            allowed = int(rows[few].sum()) <= most and not few.all()
            loss = self.loss(node, few[place]) if allowed else math.inf
            self.seen[node] = (allowed, loss)
            if allowed and (self.best is None or (loss, node) < self.best):
                self.best = (loss, node)
            if surely > most or few.all():
                self.failed[tuple(slice(0, level + 1) for level in node)] = True
        return self.seen[node]

    def loss(self, node: tuple[int, ...], gone: np.ndarray) -> float:
        """Mean NCP of all cells. gone: (distinct,) bool, suppressed."""
        kept = np.where(gone, 0, self.weights)
        cells = sum(
            float(h.costs[level][self.distinct[:, p]] @ kept)
            for p, (h, level) in enumerate(zip(self.hierarchies, node, strict=True))
        )
        width = len(node)
        return (cells + width * float(self.weights[gone].sum())) / (width * self.total)


def searched(
    hierarchies: Sequence[Hierarchy], rows: np.ndarray, sensitive: Sequence[Sensitive], wanted: Wanted
) -> Choice | None:
    """The allowed levels of least loss; None when not even the top of the lattice is allowed.

    rows: (n, columns) int64 codes of the values in each hierarchy.
    """
    lattice = Lattice(hierarchies, rows, sensitive, wanted)
    for flat in np.argsort(lattice.floor, axis=None, kind="stable"):
        node = tuple(int(level) for level in np.unravel_index(flat, lattice.failed.shape))
        if lattice.best is not None and lattice.floor[node] >= lattice.best[0]:
            break
        if not lattice.failed[node] and not lattice.look(node)[0] and lattice.failed[node]:
            _bisect(lattice, node)
    if lattice.best is None:
        return None
    loss, levels = lattice.best
    place, counts, few, _ = lattice.bad(levels)
    kept = counts[~few]
    gone = float(counts[few].sum())
    discernibility = float((kept**2).sum() + gone * lattice.total)
    return Choice(levels, ~few[place][lattice.member], loss, discernibility, len(lattice.seen))


def nodes_of(hierarchies: Sequence[Hierarchy]) -> int:
    """How many combinations of levels there are."""
    return math.prod(len(h) for h in hierarchies)


def reachable(
    hierarchies: Sequence[Hierarchy], rows: np.ndarray, sensitive: Sequence[Sensitive], wanted: Wanted
) -> str:
    """What the coarsest levels give, told for an error."""
    lattice = Lattice(hierarchies, rows, sensitive, wanted)
    top = tuple(len(h) - 1 for h in hierarchies)
    place, counts = lattice.classes(top)
    told = [f"k = {int(counts.min())}"]
    for each in sensitive:
        histogram = _histogram(place[lattice.member], each, len(counts))
        told.append(f"l = {int((histogram > 0).sum(axis=1).min())}")
        told.append(f"entropy l = {math.exp(float(entropies(histogram).min())):.2f}")
        told.append(f"t = {float(distances(histogram, each.ordered).max()):.2f}")
    return ", ".join(told)


def entropies(counts: np.ndarray) -> np.ndarray:
    """(classes,) entropy in nats of (classes, values) counts."""
    share = counts / counts.sum(axis=1, keepdims=True)
    logs = np.log(share, out=np.zeros_like(share), where=share > 0)
    return np.asarray(-(share * logs).sum(axis=1))


def distances(counts: np.ndarray, ordered: bool) -> np.ndarray:
    """(classes,) earth mover's distance of (classes, values) counts to those of all classes together."""
    off = counts / counts.sum(axis=1, keepdims=True) - counts.sum(axis=0) / counts.sum()
    if not ordered:
        return np.asarray(np.abs(off).sum(axis=1) / 2)
    return np.asarray(np.abs(np.cumsum(off, axis=1))[:, :-1].sum(axis=1) / max(counts.shape[1] - 1, 1))


def _bisect(lattice: Lattice, node: tuple[int, ...]) -> None:
    """Look at combinations above one that fails until the border of failing and not is found on a chain to the top."""
    chain = [node]
    while True:
        last = chain[-1]
        up = [
            (*last[:p], last[p] + 1, *last[p + 1 :]) for p in range(len(last)) if last[p] + 1 < lattice.failed.shape[p]
        ]
        if not up:
            break
        chain.append(min(up, key=lambda each: float(lattice.floor[each])))
    low, high = 0, len(chain)
    while high - low > 1:
        middle = (low + high) // 2
        allowed, _ = lattice.look(chain[middle])
        low, high = (low, middle) if allowed else (middle, high)


def _joined(codes: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """(n,) one number for each row of codes; renumbered on the way where it would not fit into 63 bits."""
    joined, room = np.zeros(len(codes), dtype=np.int64), 1
    for place, size in enumerate(sizes):
        if room * int(size) >= 1 << 62:
            _, joined = np.unique(joined, return_inverse=True)
            room = int(joined.max()) + 1
        joined = joined * int(size) + codes[:, place]
        room *= int(size)
    return joined


def _histogram(classes: np.ndarray, sensitive: Sensitive, count: int) -> np.ndarray:
    """(classes, values) rows."""
    return np.bincount(classes * sensitive.size + sensitive.codes, minlength=count * sensitive.size).reshape(count, -1)
