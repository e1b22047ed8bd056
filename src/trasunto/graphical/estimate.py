"""The distribution of greatest entropy that fits noisy marginals best.

Private-PGM (McKenna, Sheldon and Miklau 2019, "Graphical-model based estimation and inference for differential
privacy"): mirror descent over the marginals of a Markov random field, with momentum and a step that adapts. Each
measurement keeps parameters of its own, so that they start warm when others join; one at a coarse level reaches the
cells of the finer ones by its groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from trasunto.graphical.beliefs import calibrated, raised, spread, summed
from trasunto.graphical.junction import Tree, junction_tree
from trasunto.graphical.rows import Field, chosen
from trasunto.graphical.scales import Scale


@dataclass(frozen=True)
class Measurement:
    """A noisy marginal.

    columns: sorted. levels: of each column's scale. counts: one axis a column. variance: of the noise of each cell,
    broadcasting over counts. weights: parameters found so far, as counts.
    """

    columns: tuple[int, ...]
    levels: tuple[int, ...]
    counts: np.ndarray
    variance: np.ndarray
    weights: np.ndarray

    @staticmethod
    def of(columns: tuple[int, ...], levels: tuple[int, ...], counts: np.ndarray, variance: np.ndarray) -> Measurement:
        return Measurement(columns, levels, counts, variance, np.zeros(counts.shape))


def total_of(measurements: Sequence[Measurement]) -> float:
    """The number of rows, from the sums of noisy marginals, each weighed by how sure it is; at least 1."""
    sums = np.array([m.counts.sum() for m in measurements])
    sure = np.array([1.0 / np.broadcast_to(m.variance, m.counts.shape).sum() for m in measurements])
    return max(float((sums * sure).sum() / sure.sum()), 1.0)


def levels_of(scales: Sequence[Scale], marginals: Sequence[tuple[tuple[int, ...], tuple[int, ...]]]) -> list[int]:
    """The level at which each column is held: the finest that a marginal of several columns asks for.

    marginals: columns and levels of each. Columns of none are held at their finest level.
    """
    found = [len(scale.starts) for scale in scales]
    for columns, levels in marginals:
        if len(columns) > 1:
            for column, level in zip(columns, levels, strict=True):
                found[column] = min(found[column], level)
    return [level if level < len(scale.starts) else 0 for level, scale in zip(found, scales, strict=True)]


@dataclass(frozen=True)
class _Part:
    """A measurement as the tree sees it. at: its clique. merge: by axis, where its groups begin among those of the
    tree, None where they are the same. groups: by axis, its group of each of the tree's."""

    at: int
    columns: tuple[int, ...]
    merge: tuple[np.ndarray | None, ...]
    groups: tuple[np.ndarray | None, ...]
    counts: np.ndarray
    sure: np.ndarray

    def of(self, beliefs: Sequence[np.ndarray], tree: Tree) -> np.ndarray:
        table = summed(beliefs[self.at], tree.cliques[self.at], self.columns)[0]
        for axis, merge in enumerate(self.merge):
            if merge is not None:
                table = np.add.reduceat(table, merge, axis=axis)
        return table

    def over(self, weights: np.ndarray, tree: Tree) -> np.ndarray:
        for axis, groups in enumerate(self.groups):
            if groups is not None:
                weights = np.take(weights, groups, axis=axis)
        return spread(weights[None], self.columns, tree.cliques[self.at])


@dataclass(frozen=True)
class Estimate:
    """A fitted field. levels: of each column. beliefs: marginals of the tree's cliques. loss: mean squared error of
    the measured cells, 1 where it is that of their noise."""

    measurements: tuple[Measurement, ...]
    levels: tuple[int, ...]
    field: Field
    loss: float


def estimate(
    scales: Sequence[Scale],
    measurements: Sequence[Measurement],
    *,
    total: float,
    steps: int,
    precise: float = 0.0,
    enough: float = 0.0,
) -> Estimate:
    """Fit from the parameters that measurements carry, by at most `steps` steps.

    precise: stop when ten steps lower the loss by less than this share. enough: stop at this loss a cell: to follow
    noisy marginals more closely than their noise allows is to learn the noise (Morozov's principle).
    """
    levels = levels_of(scales, [(m.columns, m.levels) for m in measurements])
    held = [restricted(m, levels, scales) for m in measurements]
    sizes = tuple(scale.size(level) for scale, level in zip(scales, levels, strict=True))
    tree = junction_tree(len(scales), [m.columns for m in held], sizes)
    parts = [_part(m, levels, scales, tree, sizes, total) for m in held]
    weights = [m.weights for m in held]
    weights, loss = _descended(tree, sizes, parts, weights, (steps, precise, enough))
    tables = _tables(tree, sizes, parts, weights)
    field = Field(sizes, tree, tuple(table[0] for table in calibrated(tree, tables)))
    field = replace(field, factors=_conditional(tree, field.factors))
    found = tuple(
        replace(old, weights=new if old.counts.shape == new.shape else _widened(scales, old, m, new))
        for old, m, new in zip(measurements, held, weights, strict=True)
    )
    return Estimate(found, tuple(levels), field, loss)


def restricted(measurement: Measurement, levels: Sequence[int], scales: Sequence[Scale]) -> Measurement:
    """A marginal of one column at the level its column is held at, when that is coarser than its own."""
    if len(measurement.columns) > 1:
        return measurement
    column, level = measurement.columns[0], measurement.levels[0]
    if level >= levels[column]:
        return measurement
    merge = scales[column].sums(level, levels[column])
    variance = np.broadcast_to(measurement.variance, measurement.counts.shape)
    weights = measurement.weights[merge]
    summed_up = np.add.reduceat(measurement.counts, merge), np.add.reduceat(variance, merge)
    return Measurement((column,), (levels[column],), *summed_up, weights)


def _widened(scales: Sequence[Scale], old: Measurement, held: Measurement, new: np.ndarray) -> np.ndarray:
    """Parameters of a marginal of one column that was held coarser, at its own level."""
    return new[scales[old.columns[0]].of_groups(held.levels[0], old.levels[0])]


def _part(
    m: Measurement, levels: Sequence[int], scales: Sequence[Scale], tree: Tree, sizes: tuple[int, ...], total: float
) -> _Part:
    merge, groups = [], []
    for column, level in zip(m.columns, m.levels, strict=True):
        same = level == levels[column]
        merge.append(None if same else scales[column].sums(levels[column], level))
        groups.append(None if same else scales[column].of_groups(level, levels[column]))
    sure = total**2 / m.variance
    return _Part(tree.holder(m.columns, sizes), m.columns, tuple(merge), tuple(groups), m.counts / total, sure)


def _tables(tree: Tree, sizes: tuple[int, ...], parts: list[_Part], weights: list[np.ndarray]) -> list[np.ndarray]:
    """(1, *clique) factors of every clique."""
    logs = [np.zeros((1, *(sizes[c] for c in clique))) for clique in tree.cliques]
    for part, each in zip(parts, weights, strict=True):
        logs[part.at] += part.over(each, tree)
    return [raised(each) for each in logs]


def _descended(
    tree: Tree,
    sizes: tuple[int, ...],
    parts: list[_Part],
    weights: list[np.ndarray],
    until: tuple[int, float, float],
) -> tuple[list[np.ndarray], float]:
    """Parameters of least loss that were met, and the loss a cell. until: see `estimate`."""
    steps, precise, enough = until
    cells = sum(part.counts.size for part in parts)
    whole = sum(float(np.max(part.sure)) for part in parts)

    def at(weights: list[np.ndarray]) -> tuple[float, list[np.ndarray]]:
        beliefs = calibrated(tree, _tables(tree, sizes, parts, weights))
        misses = [part.of(beliefs, tree) - part.counts for part in parts]
        pulls = [part.sure * miss for part, miss in zip(parts, misses, strict=True)]
        return sum(float((p * m).sum()) for p, m in zip(pulls, misses, strict=True)), pulls

    best, best_loss = weights, np.inf
    before, ahead = weights, weights
    rate, momentum, last = 4.0, 1.0, np.inf
    marks = []
    for _ in range(steps):
        loss, pulls = at(ahead)
        if loss < best_loss:
            best, best_loss = ahead, loss
        if loss <= enough * cells:
            break
        if loss > last:
            # Too far: from the best point on, without momentum, by shorter steps.
            rate *= 0.7 if momentum > 1 else 0.4
            momentum = 1.0
            before = ahead = best
            last = np.inf
            continue
        last = loss
        now = [w - rate / whole * p for w, p in zip(ahead, pulls, strict=True)]
        following = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        keep = (momentum - 1) / following
        ahead = [n + keep * (n - b) for n, b in zip(now, before, strict=True)]
        before, momentum = now, following
        rate *= 1.05
        marks.append(loss)
        if len(marks) > 10 and marks[-11] - marks[-1] < precise * marks[-1]:
            break
    return best, best_loss / cells


def _conditional(tree: Tree, beliefs: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    """Factors whose product is the distribution, from the marginals of the cliques: each given what it shares."""
    found = []
    for table, clique, shared in zip(beliefs, tree.cliques, tree.separators, strict=True):
        whole = summed(table[None], clique, shared)
        found.append((table[None] / spread(np.where(whole > 0, whole, 1.0), shared, clique))[0] if shared else table)
    return tuple(found)


def inside(now: Estimate, scales: Sequence[Scale], column: int) -> np.ndarray:
    """(finest groups,) the share of each within its group of the model, from the marginal of the column alone."""
    m = next(m for m in now.measurements if m.columns == (column,))
    held = np.maximum(m.counts, 0.0)
    groups = scales[column].of_groups(now.levels[column])
    whole, number = np.bincount(groups, held)[groups], np.bincount(groups)[groups]
    return np.where(whole > 0, held / np.where(whole > 0, whole, 1.0), 1.0 / number)


def finest(now: Estimate, scales: Sequence[Scale], groups: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(rows, columns) finest groups of rows drawn from the model. groups: at the model's levels."""
    found = groups.copy()
    for column, scale in enumerate(scales):
        level = now.levels[column]
        if level:
            table = np.zeros((scale.size(level), scale.size(0)))
            table[scale.of_groups(level), np.arange(scale.size(0))] = inside(now, scales, column)
            found[:, column] = chosen(table, groups[:, column].astype(np.int64), rng)
    return found
