"""Junction trees: which columns are held together so that beliefs can be passed exactly.

A set of marginals makes a graph of columns; the graph is made chordal by eliminating columns one by one, and its
maximal cliques are hung in a tree in which columns shared by two cliques lie on all cliques between them (Koller and
Friedman 2009, "Probabilistic graphical models", chapters 9 and 10).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Tree:
    """Cliques, the root first, each after the one it hangs on.

    cliques: columns of each, sorted. parents: position of the clique that each hangs on, -1 for the root. separators:
    columns shared with it, sorted; none for the root, and where two parts of the table have nothing to do with each
    other.
    """

    cliques: tuple[tuple[int, ...], ...]
    parents: tuple[int, ...]
    separators: tuple[tuple[int, ...], ...]

    def cells(self, sizes: Sequence[int]) -> int:
        """How many cells the tables of all cliques have."""
        return sum(int(np.prod([sizes[c] for c in clique], dtype=np.int64)) for clique in self.cliques)

    def holder(self, columns: Iterable[int], sizes: Sequence[int]) -> int:
        """Position of the smallest clique with all of these columns; -1 when there is none."""
        wanted = set(columns)
        held = [at for at, clique in enumerate(self.cliques) if wanted <= set(clique)]
        return min(held, key=lambda at: np.prod([float(sizes[c]) for c in self.cliques[at]]), default=-1)


def neighbours_of(count: int, marginals: Iterable[Iterable[int]]) -> list[int]:
    """(count,) for each column the columns that share a marginal with it, as bits."""
    found = [0] * count
    for columns in marginals:
        bits = 0
        for column in columns:
            bits |= 1 << column
        for column in columns:
            found[column] |= bits & ~(1 << column)
    return found


def in_order(neighbours: Sequence[int], order: Sequence[int]) -> list[int]:
    """The maximal cliques, as bits, after eliminating columns in this order. neighbours: not changed."""
    around = list(neighbours)
    cliques: list[int] = []
    # By column, the cliques met so far that hold it.
    holding: list[list[int]] = [[] for _ in around]
    for column in order:
        near, own = around[column], 1 << column
        clique = near | own
        if not any(clique & other == clique for other in holding[column]):
            cliques.append(clique)
        rest = near
        while rest:
            low = rest & -rest
            rest ^= low
            each = low.bit_length() - 1
            around[each] = (around[each] | near) & ~(low | own)
            holding[each].append(clique)
    return cliques


def good_order(neighbours: Sequence[int], sizes: Sequence[int]) -> list[int]:
    """An order to eliminate columns in: each time the one whose elimination adds fewest edges, weighted by the sizes
    they join; of equal ones that with the smallest table.

    neighbours: see `neighbours_of`; not changed.
    """
    around = list(neighbours)
    logs = np.log2(np.maximum(sizes, 1)).tolist()
    costs = {column: _cost(column, around, logs) for column in range(len(around))}
    order = []
    while costs:
        column = min(costs, key=lambda each: (costs[each], each))
        order.append(column)
        del costs[column]
        near = touched = around[column]
        for each in _bits(near):
            around[each] = (around[each] | near) & ~(1 << each) & ~(1 << column)
            touched |= around[each]
        for each in _bits(touched):
            costs[each] = _cost(each, around, logs)
    return order


def _cost(column: int, around: Sequence[int], logs: Sequence[float]) -> tuple[float, float]:
    near = around[column]
    fill, table = 0.0, logs[column]
    for each in _bits(near):
        table += logs[each]
        missing = near & ~around[each] & ~(1 << each)
        if missing:
            fill += sum(logs[each] + logs[other] for other in _bits(missing))
    return fill, table


def _bits(value: int) -> list[int]:
    found = []
    while value:
        low = value & -value
        found.append(low.bit_length() - 1)
        value ^= low
    return found


def junction_tree(count: int, marginals: Iterable[Iterable[int]], sizes: Sequence[int]) -> Tree:
    """The junction tree of `count` columns that holds every marginal in some clique.

    sizes: codes of each column. Cliques are joined where they share most columns (Prim's algorithm), from the one with
    the largest table on.
    """
    neighbours = neighbours_of(count, marginals)
    bits = in_order(neighbours, good_order(neighbours, sizes))
    cliques = [tuple(_bits(each)) for each in bits]
    weights = [float(np.sum(np.log2(np.maximum([sizes[c] for c in clique], 1)))) for clique in cliques]
    root = max(range(len(cliques)), key=lambda at: (weights[at], -at))
    order, hung = [root], {root: -1}
    best = {at: (bits[at] & bits[root], root) for at in range(len(cliques)) if at != root}
    while best:
        at = max(best, key=lambda each: (best[each][0].bit_count(), -each))
        hung[at] = best.pop(at)[1]
        order.append(at)
        for each, (shared, _) in best.items():
            new = bits[each] & bits[at]
            if new.bit_count() > shared.bit_count():
                best[each] = (new, at)
    place = {at: number for number, at in enumerate(order)}
    parents = tuple(place[hung[at]] if hung[at] >= 0 else -1 for at in order)
    ordered = tuple(cliques[at] for at in order)
    separators = tuple(
        () if parent < 0 else tuple(c for c in clique if c in ordered[parent])
        for clique, parent in zip(ordered, parents, strict=True)
    )
    return Tree(ordered, parents, separators)
