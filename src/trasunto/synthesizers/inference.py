"""Rows drawn from a Bayesian network of columns, with nothing asked or given what is known of them.

Without conditions columns are drawn in order. With them, several candidates of each row go through the network,
weighted by how likely what is known is given what they drew (sequential importance resampling; Doucet, de Freitas
and Gordon 2001, chapter 1). Then each free value is drawn again given all others (Gibbs sampling; Geman and Geman
1984), which is exact at once for a row with one gap. The number of steps is fixed, however rare the case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from trasunto.errors import SampleError
from trasunto.graphical.rows import even
from trasunto.synthesizers.dag import Parent, contexts_of, smoothed
from trasunto.synthesizers.joint import Evidence, sharpened
from trasunto.synthesizers.within import Shares, Within

# Fewest candidates of one draw, so that a handful of rows is chosen among many.
LEAST_CANDIDATES = 1_000
# What the logarithm of nothing is taken to be.
TINY = 1e-300


@dataclass(frozen=True)
class Node:
    """A column of the network.

    groups: (size,) group of each code. counts: (contexts, k) rows by the parents' merged groups and the own group.
    within: how codes fall inside groups; None when each group is one code. back: a later column that hangs on the very
    codes of this one, and how often each of these was met with each of its codes: where to look first when that column
    is known and this one is not.
    """

    name: str
    groups: np.ndarray
    parents: tuple[Parent, ...]
    counts: np.ndarray
    within: Within | None
    back: tuple[str, Shares] | None = None

    @cached_property
    def table(self) -> np.ndarray:
        """(contexts, k) probabilities."""
        return smoothed(self.counts, [p.width for p in self.parents], [p.strength for p in self.parents])


@dataclass(frozen=True)
class Lens:
    """A node as one request sees it.

    table: (contexts, k) probabilities at its temperature. kept: those of the allowed codes, each row of the table
    adding up to 1; left: (contexts,) what they added up to before. free: codes inside groups when they are free.
    masked: whether codes are ruled out.
    """

    node: Node
    table: np.ndarray
    within: Within | None
    kept: np.ndarray
    left: np.ndarray
    free: Within | None
    masked: bool

    @staticmethod
    def of(node: Node, mask: np.ndarray | None, temperature: float) -> Lens:
        table = sharpened(node.table, temperature)
        fine = node.within.under(None, temperature) if node.within is not None and temperature != 1.0 else node.within
        if mask is None:
            return Lens(node, table, fine, table, np.ones(len(table)), fine, False)
        free = fine.under(mask, 1.0) if fine is not None else None
        every = np.arange(table.shape[1])
        share = (
            free.left(every, None) if free is not None else mask[np.argsort(node.groups, kind="stable")].astype(float)
        )
        kept = table * share
        left = kept.sum(axis=1)
        if not (left > 0).all():
            raise SampleError(
                f"No value of column {node.name!r} is allowed.", "Ask for values that the model has learnt."
            )
        return Lens(node, table, fine, kept / left[:, None], left, free, True)

    @cached_property
    def steps(self) -> np.ndarray:
        """(contexts * k,) cumulative probabilities, each context one above the last, to look all rows up at once."""
        summed = self.kept.cumsum(axis=1)
        result: np.ndarray = (summed / summed[:, -1:] + np.arange(len(summed))[:, None]).ravel()
        return result

    @cached_property
    def logs(self) -> np.ndarray:
        return np.log(self.kept + TINY)

    @cached_property
    def whole_logs(self) -> np.ndarray:
        return np.log(self.table + TINY)

    def draw(self, context: np.ndarray, spread: np.ndarray) -> np.ndarray:
        """(rows,) a group for each row. spread: (rows,) places in [0, 1)."""
        k = self.kept.shape[1]
        group = np.searchsorted(self.steps, context + spread, side="right") - context * k
        # A place next to 1 may round up into the next context.
        return np.clip(group, 0, k - 1)


@dataclass
class Drawn:
    """Rows on their way through the network: groups and codes by column.

    owed: by a later known column, the logarithm of weights that rows get when that column is reached.
    """

    groups: dict[str, np.ndarray] = field(default_factory=dict)
    codes: dict[str, np.ndarray] = field(default_factory=dict)
    owed: dict[str, np.ndarray] = field(default_factory=dict)

    def take(self, places: np.ndarray) -> Drawn:
        return Drawn(*({n: v[places] for n, v in part.items()} for part in (self.groups, self.codes, self.owed)))


def forward(lenses: tuple[Lens, ...], rows: int, rng: np.random.Generator) -> Drawn:
    """Rows drawn column by column."""
    drawn = Drawn()
    for lens in lenses:
        context = contexts_of(lens.node.parents, drawn.codes, drawn.groups, rows)
        value = lens.within.value(drawn.codes, drawn.groups) if lens.within is not None else None
        group = lens.draw(context, even(context, rng))
        drawn.groups[lens.node.name] = group
        drawn.codes[lens.node.name] = _inside(lens, group, value, even(group, rng), rng)
    return drawn


def _inside(
    lens: Lens, group: np.ndarray, value: np.ndarray | None, spread: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """A code in each group. value: of the column that codes hang on, where they do. spread: places in [0, 1)."""
    if lens.free is None:
        return np.argsort(lens.node.groups, kind="stable")[group]
    return lens.free.draw(group, value, spread, rng)


def as_asked(
    lenses: Sequence[Lens], evidence: Evidence, *, candidates: int, sweeps: int, rng: np.random.Generator
) -> Drawn:
    """Rows that meet the evidence, at least one. candidates: for each row. sweeps: of Gibbs sampling."""
    names = [lens.node.name for lens in lenses if lens.node.name in evidence.known]
    alike = np.zeros(evidence.rows, dtype=np.int64)
    if names:
        # Rows of which the same is known share their candidates.
        _, alike = np.unique(np.stack([evidence.known[n] for n in names], axis=1), axis=0, return_inverse=True)
    order = np.argsort(alike.ravel(), kind="stable")
    wanted = np.bincount(alike.ravel())
    each = max(candidates, -(-LEAST_CANDIDATES // evidence.rows))
    owner = np.repeat(order, each)
    drawn, weight = Drawn(), np.zeros(len(owner))
    for lens in lenses:
        told = _step(lens, drawn, evidence.known, owner, rng)
        if told is not None:
            weight = weight + told
            picks, fresh = _renewed(weight, wanted * each, rng)
            if fresh.any():
                drawn, weight = drawn.take(picks), np.where(fresh, 0.0, weight)
    drawn = drawn.take(_picked(weight, wanted * each, wanted, rng))
    known = {name: evidence.known[name][order] for name in names}
    for _ in range(sweeps):
        for lens in lenses:
            free = np.flatnonzero(known[lens.node.name] < 0) if lens.node.name in known else np.arange(len(order))
            if free.size:
                _again(lens, lenses, drawn, free, rng)
    return drawn.take(np.argsort(order, kind="stable"))


def _step(
    lens: Lens, drawn: Drawn, known: Mapping[str, np.ndarray], owner: np.ndarray, rng: np.random.Generator
) -> np.ndarray | None:
    """Set a column of all candidates; the logarithm of how likely what is asked of it was, None for nothing asked.

    owner: (candidates,) the row that each is for.
    """
    node, rows = lens.node, len(owner)
    context = contexts_of(node.parents, drawn.codes, drawn.groups, rows)
    value = lens.within.value(drawn.codes, drawn.groups) if lens.within is not None else None
    group = lens.draw(context, rng.random(rows))
    codes = _inside(lens, group, value, rng.random(rows), rng)
    told = None
    if lens.masked:
        told = np.log(lens.left[context])
        if lens.free is not None and value is not None:
            told += np.log(lens.free.left(group, value) + TINY) - np.log(lens.free.left(group, None))
    elif node.back is not None and node.back[0] in known:
        # Weighed only where that column comes in: until then the candidates that fit it would be lost.
        name = node.back[0]
        weight = _look_back(lens, (group, codes), (context, value), known[name][owner], rng)
        drawn.owed[name] = drawn.owed.get(name, 0.0) + weight
    mine = known[node.name][owner] if node.name in known else np.empty(0, dtype=np.int32)
    if (mine >= 0).any():
        set_ = np.flatnonzero(mine >= 0)
        codes[set_] = mine[set_]
        group[set_] = node.groups[mine[set_]]
        told = np.zeros(rows) if told is None else told
        told[set_] = np.log(_likely(lens, codes, group, context, value)[set_] + TINY)
    drawn.groups[node.name], drawn.codes[node.name] = group, codes
    if node.name in drawn.owed:
        told = drawn.owed.pop(node.name) + (0.0 if told is None else told)
    return told


def _likely(
    lens: Lens, codes: np.ndarray, group: np.ndarray, context: np.ndarray, value: np.ndarray | None
) -> np.ndarray:
    """(rows,) probability of each code given the columns before it."""
    share: np.ndarray = lens.table[context, group]
    return share if lens.within is None else share * lens.within.probability(codes, group, value)


def _look_back(
    lens: Lens,
    found: tuple[np.ndarray, np.ndarray],
    where: tuple[np.ndarray, np.ndarray | None],
    later: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw half of the candidates anew from the codes met with a later column's known ones (`later`; -1 unknown).

    found: groups and codes, changed in place. where: context, and value of the column that codes hang on. The result
    is the logarithm of how much likelier the network makes each than this mixture does.
    """
    assert lens.node.back is not None
    back, (group, codes) = lens.node.back[1], found
    _, met = back.place(later)
    moved = np.flatnonzero(met & (rng.random(len(later)) < 0.5))
    codes[moved] = back.draw(later[moved], rng.random(moved.size))
    group[moved] = lens.node.groups[codes[moved]]
    of_net = _likely(lens, codes, group, *where)
    of_back = back.times_of(later, codes, len(lens.node.groups)) / np.maximum(back.left(later)[1], 1.0)
    return np.where(met, np.log(of_net + TINY) - np.log(0.5 * of_net + 0.5 * of_back + TINY), 0.0)


def _renewed(weight: np.ndarray, sizes: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Candidates drawn anew by weight where few of them carry most of it; their places, and which those are.

    sizes: candidates of each set of rows, which lie side by side.
    """
    share = _shares(weight, sizes)
    starts = np.cumsum(sizes) - sizes
    worth = 1.0 / np.add.reduceat(share**2, starts)
    fresh = np.repeat(worth < sizes / 2, sizes)
    return np.where(fresh, _picked(weight, sizes, sizes, rng), np.arange(len(weight))), fresh


def _picked(weight: np.ndarray, sizes: np.ndarray, wanted: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Places of `wanted` candidates of each set, drawn by weight with evenly spread steps (systematic resampling)."""
    ends = np.cumsum(sizes)
    steps = np.cumsum(_shares(weight, sizes))
    owner = np.repeat(np.arange(len(sizes)), wanted)
    rank = np.arange(len(owner)) - np.repeat(np.cumsum(wanted) - wanted, wanted)
    spread = owner + (rank + rng.random(len(sizes))[owner]) / wanted[owner]
    return np.clip(np.searchsorted(steps, spread, side="right"), (ends - sizes)[owner], ends[owner] - 1)


def _shares(weight: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Weights as shares of their set. weight: logarithms."""
    starts = np.cumsum(sizes) - sizes
    raised = np.exp(weight - np.repeat(np.maximum.reduceat(weight, starts), sizes))
    result: np.ndarray = raised / np.repeat(np.add.reduceat(raised, starts), sizes)
    return result


def _again(lens: Lens, lenses: Sequence[Lens], drawn: Drawn, free: np.ndarray, rng: np.random.Generator) -> None:
    """Draw a column again in the rows `free`, given all their other columns."""
    name = lens.node.name
    groups = {n: v[free] for n, v in drawn.groups.items()}
    codes = {n: v[free] for n, v in drawn.codes.items()}
    k = lens.table.shape[1]
    context = contexts_of(lens.node.parents, codes, groups, len(free))
    value = lens.within.value(codes, groups) if lens.within is not None else None
    likely = lens.logs[context]
    if lens.masked and lens.free is not None and value is not None:
        every = np.tile(np.arange(k), len(free))
        likely = likely + np.log(lens.free.left(every, np.repeat(value, k)) + TINY).reshape(-1, k)
        likely -= np.log(lens.free.left(np.arange(k), None) + TINY)
    for child in lenses:
        place = next((at for at, parent in enumerate(child.node.parents) if parent.name == name), None)
        if place is not None and not child.node.parents[place].by_code:
            parent = child.node.parents[place]
            stride = int(np.prod([each.width for each in child.node.parents[place + 1 :]]))
            now = contexts_of(child.node.parents, codes, groups, len(free)) - parent.levels[groups[name]] * stride
            own = groups[child.node.name]
            likely += child.whole_logs.ravel()[
                (now[:, None] + parent.levels[:k] * stride) * child.table.shape[1] + own[:, None]
            ]
    steps = np.exp(likely - likely.max(axis=1, keepdims=True)).cumsum(axis=1)
    group = np.minimum((steps <= (rng.random(len(free)) * steps[:, -1])[:, None]).sum(axis=1), k - 1)
    code = _inside(lens, group, value, rng.random(len(free)), rng)
    taken = _accepted(name, lenses, (groups, codes), (group, code), rng)
    drawn.groups[name][free[taken]] = group[taken]
    drawn.codes[name][free[taken]] = code[taken]


def _accepted(
    name: str,
    lenses: Sequence[Lens],
    now: tuple[dict[str, np.ndarray], dict[str, np.ndarray]],
    new: tuple[np.ndarray, np.ndarray],
    rng: np.random.Generator,
) -> np.ndarray:
    """Which rows take a new value of a column, where others hang on its very code, or their codes on it.

    A step of Metropolis and Hastings: the proposal has weighed all but these.
    """
    gain = np.zeros(len(new[0]))
    groups, codes = now
    moved = {**groups, name: new[0]}, {**codes, name: new[1]}
    for child in lenses:
        own, fine, parents = child.node.name, child.within, child.node.parents
        if any(parent.name == name and parent.by_code for parent in parents):
            for sign, (g, c) in ((-1, now), (1, moved)):
                gain += sign * child.whole_logs[contexts_of(parents, c, g, len(gain)), groups[own]]
        if fine is not None and fine.parent == name:
            for sign, (g, c) in ((-1, now), (1, moved)):
                gain += sign * np.log(fine.probability(codes[own], groups[own], fine.value(c, g)) + TINY)
    result: np.ndarray = np.log(rng.random(len(gain))) < gain
    return result
