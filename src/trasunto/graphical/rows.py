"""Rows drawn from a junction tree, exactly as likely as its tables say, given what is known of each row.

Cliques are filled from the root on, each given the columns it shares with the one before. What is known goes in
first: known columns are cut out of the tables, one case for each combination of known values, and messages are
collected for all cases at once, so that however rare a combination is, no draw is thrown away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from trasunto.graphical.beliefs import collected
from trasunto.graphical.junction import Tree

# Most cells of all tables of the cases that go through the tree at once.
CELLS_AT_ONCE = 2**22


@dataclass(frozen=True)
class Field:
    """A Markov random field over columns of few groups.

    sizes: groups of each column. tree: see Tree. factors: (*clique) tables, one a clique, at least 0; their product
    is the distribution, up to scale.
    """

    sizes: tuple[int, ...]
    tree: Tree
    factors: tuple[np.ndarray, ...]

    def draw(
        self,
        rows: int,
        known: Mapping[int, np.ndarray],
        rng: np.random.Generator,
        weights: Mapping[int, np.ndarray] = MappingProxyType({}),
    ) -> np.ndarray:
        """(rows, columns) int32 groups.

        known: by column, (rows,) groups, -1 where they are free. weights: by column, (groups,) what the probability of
        each is multiplied with where it is free.
        """
        made = np.zeros((rows, len(self.sizes)), dtype=np.int32)
        if not rows:
            return made
        names = sorted(known)
        told = np.stack([known[name] for name in names], axis=1) if names else np.empty((rows, 0), dtype=np.int32)
        patterns, of = np.unique(told < 0, axis=0, return_inverse=True)
        for number, pattern in enumerate(patterns):
            places = np.flatnonzero(of.ravel() == number)
            set_ = [at for at in range(len(names)) if not pattern[at]]
            columns = [names[at] for at in set_]
            field = self._weighted({c: w for c, w in weights.items() if c not in columns})
            field._draw(made, places, columns, told[places][:, set_], rng)
        return made

    def _weighted(self, weights: Mapping[int, np.ndarray]) -> Field:
        factors = list(self.factors)
        for column, weight in weights.items():
            at = self.tree.holder((column,), self.sizes)
            shape = [self.sizes[c] if c == column else 1 for c in self.tree.cliques[at]]
            factors[at] = factors[at] * weight.reshape(shape)
        return replace(self, factors=tuple(factors))

    def _draw(
        self, made: np.ndarray, places: np.ndarray, columns: Sequence[int], told: np.ndarray, rng: np.random.Generator
    ) -> None:
        """Fill the rows at some places, in all of which the same columns are known."""
        for at, column in enumerate(columns):
            made[places, column] = told[:, at]
        if len(columns) == len(self.sizes):
            return
        if not columns:
            self._fill(made, places, np.zeros(len(places), dtype=np.int64), self.tree, self._all(), rng)
            return
        cases, case = np.unique(told, axis=0, return_inverse=True)
        case = case.ravel()
        tree = _without(self.tree, set(columns))
        free = sum(int(np.prod([self.sizes[c] for c in clique], dtype=np.int64)) for clique in tree.cliques)
        most = max(CELLS_AT_ONCE // free, 1)
        for start in range(0, len(cases), most):
            part = cases[start : start + most]
            inside = (case >= start) & (case < start + most)
            values = dict(zip(columns, part.T, strict=True))
            tables = [
                _cut(factor, clique, values, len(part))
                for factor, clique in zip(self.factors, self.tree.cliques, strict=True)
            ]
            self._fill(made, places[inside], case[inside] - start, tree, tables, rng)

    def _all(self) -> list[np.ndarray]:
        return [factor[None] for factor in self.factors]

    def _fill(
        self,
        made: np.ndarray,
        places: np.ndarray,
        case: np.ndarray,
        tree: Tree,
        tables: list[np.ndarray],
        rng: np.random.Generator,
    ) -> None:
        found, _ = collected(tree, tables)
        for at, clique in enumerate(tree.cliques):
            shared = tree.separators[at]
            new = tuple(column for column in clique if column not in shared)
            if not new:
                continue
            axes = [0, *(1 + clique.index(column) for column in (*shared, *new))]
            table = found[at].transpose(axes)
            within = table.shape[1 : 1 + len(shared)]
            context = case
            if shared:
                context = case * int(np.prod(within)) + np.ravel_multi_index(made[places][:, shared].T, within)
            cell = chosen(table.reshape(int(np.prod(table.shape[: 1 + len(shared)])), -1), context, rng)
            made[np.ix_(places, np.array(new))] = np.stack(
                np.unravel_index(cell, table.shape[1 + len(shared) :]), axis=1
            )


def chosen(table: np.ndarray, context: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(rows,) a column of a (contexts, k) table of weights for each row, drawn by the weights of its context.

    Rows of one context are spread evenly over its weights, so that shares come out closer than by independent draws.
    """
    k = table.shape[1]
    wanted, context = np.unique(context, return_inverse=True)
    steps = np.cumsum(table[wanted], axis=1)
    total = steps[:, -1:]
    # No weight anywhere: any value is as good.
    steps = np.where(total > 0, steps / np.where(total > 0, total, 1.0), np.arange(1, k + 1) / k)
    steps = (steps + np.arange(len(wanted))[:, None]).ravel()
    cell = np.searchsorted(steps, context.ravel() + even(context.ravel(), rng), side="right") - context.ravel() * k
    result: np.ndarray = np.clip(cell, 0, k - 1)
    return result


def even(context: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(rows,) places in [0, 1), those of one context spread evenly, in random order.

    Stratified sampling: the shares of each context come out closer than by independent draws.
    """
    rows = len(context)
    shuffled = rng.permutation(rows)
    by_context = shuffled[np.argsort(context[shuffled], kind="stable")]
    ranked = context[by_context]
    first = np.searchsorted(ranked, ranked, side="left")
    count = np.searchsorted(ranked, ranked, side="right") - first
    spread = np.empty(rows)
    spread[by_context] = (np.arange(rows) - first + rng.random(rows)) / np.maximum(count, 1)
    return np.minimum(spread, 1 - 1e-9)


def _without(tree: Tree, columns: set[int]) -> Tree:
    """The tree with some columns taken out of every clique."""
    return Tree(
        tuple(tuple(c for c in clique if c not in columns) for clique in tree.cliques),
        tree.parents,
        tuple(tuple(c for c in shared if c not in columns) for shared in tree.separators),
    )


def _cut(factor: np.ndarray, clique: tuple[int, ...], values: Mapping[int, np.ndarray], cases: int) -> np.ndarray:
    """(cases, *free columns) the part of a clique's table that fits the known values of each case."""
    known = [at for at, column in enumerate(clique) if column in values]
    if not known:
        return np.broadcast_to(factor, (cases, *factor.shape))
    free = [at for at in range(len(clique)) if at not in known]
    return factor.transpose([*known, *free])[tuple(values[clique[at]] for at in known)]
