"""The private version of `bayes`: which parents a column has, and how often it goes with them, told through noise.

After PrivBayes (Zhang et al. 2017), with what has been learnt since. Three things are paid for. First a table of each
column with the column to predict, or of the column alone. Then, for each column, the parents: chosen by the exponential
mechanism among all parents in all ways to see them. What is scored is how many rows a table has elsewhere than is
expected without it, less what chance and the noise to come would give (the score of AIM, McKenna et al. 2022); one row
moves it by at most 1, whatever the size of the table. Last the chosen tables, which are drawn together with the first
ones. Everything else is made from these.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from trasunto.encoders.codes import Levels
from trasunto.privacy.budget import Budget, Spending
from trasunto.privacy.means import Means
from trasunto.privacy.transcript import Release, released
from trasunto.synthesizers.coded import Prepared
from trasunto.synthesizers.dag import Parent, contexts_of, counted, grouped, merged
from trasunto.synthesizers.inference import Lens, Node, forward
from trasunto.synthesizers.within import Shares, Within

# Parts of the budget: first tables, choices, chosen tables.
FIRST, CHOICE, CHOSEN = 0.25, 0.1, 0.65
# A column to predict of at most so many groups is a parent of all others.
CLASSES = 5
# Parents are seen with all of their groups and with about these numbers of merged ones.
MERGED = (16, 10, 6, 4, 2)
# A group of a column holds about so many times the noise of its count.
GROUP = 20.0
# Rows drawn from what is known so far, to see what it expects.
DRAWN = 60_000
# Mean absolute value of a normal draw.
MEAN = math.sqrt(2 / math.pi)
# How much of the noise to come counts against a table, and what its smaller one is worth, in noise of a context.
PENALTY, STRENGTH = 0.3, 1.0
# Parents beyond the first, for each column, about.
EXTRA = 0.5
# Columns tried as parents of one, and candidates of one further choice; of more, some by lot.
TRIED, ABLE = 40, 600
# What the shares of all rows are worth beside those of a class, inside a group, in noise of a cell.
WORTH = 2.0
# Conditional probabilities as whole numbers.
UNIT = 100_000


@dataclass(frozen=True)
class Seen:
    """A column while the network is learnt.

    narrow: (n,) group of each row: private. first: (size, classes) its first table, noise and all, and the deviation of
    that. ways: how it may be seen as a parent, levels of its groups. All but `narrow` may be used freely.
    """

    name: str
    narrow: np.ndarray
    groups: np.ndarray
    first: np.ndarray
    deviation: float
    ways: tuple[np.ndarray, ...]

    @property
    def width(self) -> int:
        return int(self.groups.max()) + 1

    @property
    def held(self) -> np.ndarray:
        """(width,) codes of each group."""
        return np.bincount(self.groups)

    @property
    def by_class(self) -> np.ndarray:
        """(classes, width) rows by class and group."""
        return np.stack([np.bincount(self.groups, column, self.width) for column in self.first.T])


@dataclass(frozen=True)
class Family:
    """A column with its parents. counts: (contexts, k), as good as they are known; variance: of each cell, about.
    table: (contexts, k) probabilities."""

    parents: tuple[Parent, ...]
    counts: np.ndarray
    variance: np.ndarray
    table: np.ndarray


@dataclass(frozen=True)
class Limits:
    """parents: most of a column. groups: about how many a column has, at most. cells: most of a table."""

    parents: int
    groups: int
    cells: int


@dataclass(frozen=True)
class Network:
    """What has been learnt so far. rows: about how many there are. target: the parent of all others, where there is
    one."""

    columns: dict[str, Seen]
    families: dict[str, Family]
    target: str | None
    rows: int
    limits: Limits

    @property
    def order(self) -> list[str]:
        """Each column after its parents."""
        done: list[str] = []
        waiting = list(self.families)
        while waiting:
            ready = [n for n in waiting if all(p.name in done for p in self.families[n].parents)]
            done.extend(ready)
            waiting = [n for n in waiting if n not in ready]
        return done

    def nodes(self) -> tuple[Node, ...]:
        return tuple(_node(self.columns[name], self.families[name], self) for name in self.order)


def learnt(
    ready: Prepared, rest: Budget, settings: Limits, rng: np.random.Generator
) -> tuple[tuple[Node, ...], tuple[Spending, ...]]:
    """The nodes of a network that spends all of `rest`, and what it was spent on.

    rng: for lots, and for what is made of noisy tables alone; never for noise.
    """
    names = list(ready.coded)
    if not names:
        return (), ()
    few = [name for name in names if name in ready.first and ready.sizes[name] <= CLASSES]
    target = few[0] if few and settings.parents > 0 else None
    hung = len(names) - (2 if target else 1) if settings.parents > (target is not None) else 0
    more = round(EXTRA * hung) if settings.parents > (target is not None) + 1 else 0
    tables = max(hung, 0) + more
    means = Means.of(rest, len(names) + tables)
    first = (FIRST if tables else 1.0) / len(names)
    columns = {}
    for name in [target, *(n for n in names if n != target)] if target is not None else names:
        columns[name] = _first(ready, name, target, means, first, settings.groups)
    network = _alone(Network(columns, {}, target, ready.rows, settings), means.deviation(first))
    if tables:
        choice, chosen = CHOICE / tables, CHOSEN / tables
        network = _tree(network, means, choice, chosen, rng)
        for _ in range(more):
            network = _refined(network, means, choice, chosen, rng)
    return network.nodes(), _spending(means, tables, target)


def _spending(means: Means, tables: int, target: str | None) -> tuple[Spending, ...]:
    what = f"a table of each column with {target!r}" if target is not None else "a table of each column"
    if not tables:
        return (means.spending(what, means.named, 1.0),)
    return (
        means.spending(what, means.named, FIRST),
        means.spending(f"{tables} choices of a parent", "exponential mechanism", CHOICE),
        means.spending(f"{tables} tables of a column with its parents", means.named, CHOSEN),
    )


def _first(ready: Prepared, name: str, target: str | None, means: Means, part: float, groups: int) -> Seen:
    """A column after its first table was counted."""
    coded, size, codes = ready.coded[name], ready.sizes[name], ready.codes.columns[name]
    classes, by = 1, np.zeros(len(coded), dtype=np.int64)
    if target is not None and name != target:
        classes, by = ready.sizes[target], ready.coded[target].astype(np.int64)
    table = means.counted(counted(by, classes, coded, size).T, part)
    seen = (name,) if classes == 1 or target is None else (name, target)
    released(lambda: Release(seen, (np.arange(size), np.arange(classes))[: len(seen)], table, means.deviation(part)))
    alone = positive(table.sum(axis=1), ready.rows)
    ordered = not isinstance(codes, Levels)
    null = ordered and codes.null and size > 1
    clear = ready.rows / (GROUP * means.deviation(part) * math.sqrt(classes))
    # The classes of a target are never merged.
    most = size if name == target else int(np.clip(clear, 4, groups))
    label = grouped(alone, ordered=ordered, null=null, most=most).astype(np.int32)
    made = Seen(name, label[coded], label, table, means.deviation(part), ())
    return replace(made, ways=_ways(made, ordered, null))


def _ways(column: Seen, ordered: bool, null: bool) -> tuple[np.ndarray, ...]:
    """Ways to see a column as a parent: all groups, neighbours merged that tell the same of the class, and groups of
    about equal share."""
    by_class = np.maximum(column.by_class.T, 0.0)
    found = [np.arange(column.width)]
    for few in MERGED:
        if few < column.width:
            found.append(grouped(by_class.sum(axis=1), ordered=ordered, null=null, most=few + null))
    if by_class.shape[1] > 1 and column.width > 2:
        found += merged(by_class, ordered=ordered, apart=int(null))
    unlike = {way.tobytes(): way for way in found if way.max() > 0}
    return tuple(unlike.values()) or (found[0],)


def _alone(network: Network, deviation: float) -> Network:
    """Each column given the class, from the first tables."""
    families = {}
    for name, column in network.columns.items():
        counts = column.by_class
        variance = deviation**2 * np.broadcast_to(column.held, counts.shape)
        classes = np.arange(len(counts))
        parents = (Parent(network.target, classes, False, 0.0),) if network.target and len(counts) > 1 else ()
        whole: np.ndarray = positive(counts.ravel(), network.rows).reshape(counts.shape)
        even = np.full_like(whole, 1.0 / whole.shape[1])
        families[name] = Family(parents, counts, variance, _shares(whole, even, 1.0))
    return replace(network, families=families)


def _tree(network: Network, means: Means, choice: float, part: float, rng: np.random.Generator) -> Network:
    """Each column hung on one of those before it: first all choices, then the tables."""
    names = [name for name in network.columns if name != network.target]
    deviation = means.deviation(part)
    options: list[tuple[str, Parent, float]] = []
    for child in names:
        others = [name for name in names if name != child]
        # Whoever is hung later must have someone to hang on: the root is tried by all.
        tried = {others[at] for at in rng.permutation(len(others))[:TRIED]} | {names[0]}
        for parent in _parents(network, child, [other for other in others if other in tried]):
            options.append((child, parent, _gain(network, child, parent, deviation, None)))
    # The root is the first column of the table, whatever the rows say.
    hung, edges = {names[0]}, []
    for _ in names[1:]:
        able = [each for each in options if each[1].name in hung and each[0] not in hung]
        child, parent, _ = able[means.chosen(np.array([score for _, _, score in able]), choice)]
        hung.add(child)
        edges.append((child, parent))
    families = {child: _extended(network, child, parent, means, part) for child, parent in edges}
    return replace(network, families={**network.families, **families})


def _refined(network: Network, means: Means, choice: float, part: float, rng: np.random.Generator) -> Network:
    """One more parent for one column."""
    able: list[tuple[str, Parent]] = []
    for child, family in network.families.items():
        if child != network.target and len(family.parents) < network.limits.parents:
            below = _below(network, child) | {parent.name for parent in family.parents}
            others = [name for name in network.columns if name not in below]
            able.extend((child, parent) for parent in _parents(network, child, others))
    if not able:
        return network
    able = [able[at] for at in rng.permutation(len(able))[:ABLE]]
    drawn = forward(tuple(Lens.of(node, None, 1.0) for node in network.nodes()), DRAWN, rng).groups
    deviation = means.deviation(part)
    scores = [_gain(network, child, parent, deviation, drawn) for child, parent in able]
    child, parent = able[means.chosen(np.array(scores), choice)]
    return replace(network, families={**network.families, child: _extended(network, child, parent, means, part)})


def _parents(network: Network, child: str, others: Sequence[str]) -> list[Parent]:
    """Ways to give a column one parent more whose table is not too large; the coarsest way when all are."""
    size = network.families[child].counts.size
    found = []
    for other in others:
        ways = network.columns[other].ways
        small = [way for way in ways if size * (int(way.max()) + 1) <= network.limits.cells]
        found += [Parent(other, way, False, 0.0) for way in small or [min(ways, key=np.max)]]
    return found


def _below(network: Network, name: str) -> set[str]:
    """A column and all that hang on it."""
    found = {name}
    for other in network.order:
        if any(parent.name in found for parent in network.families[other].parents):
            found.add(other)
    return found


def _gain(
    network: Network, child: str, parent: Parent, deviation: float, drawn: Mapping[str, np.ndarray] | None
) -> float:
    """How many rows a table with one parent more has elsewhere than is expected without it, less what chance and noise
    would give. A row more moves one cell by 1, and the score by at most 1.

    drawn: rows of the network, to see what it expects; None when the two are tied by the class alone.
    """
    family = network.families[child]
    true = _table(network, child, (*family.parents, parent), None)
    if drawn is None:
        by_child = _classes(network, child)
        by_parent = np.stack([np.bincount(parent.levels, row, parent.width) for row in _classes(network, parent.name)])
        within = by_child / np.maximum(by_child.sum(axis=1, keepdims=True), 1e-9)
        expected, more = (by_parent[:, :, None] * within[:, None, :]).reshape(true.shape), 1.0
    else:
        share = network.rows / DRAWN
        expected, more = _table(network, child, (*family.parents, parent), drawn) * share, 1 + share
    chance = MEAN * float(np.sqrt(expected * more).sum())
    return float(np.abs(true - expected).sum()) - chance - PENALTY * MEAN * deviation * true.size


def _classes(network: Network, name: str) -> np.ndarray:
    """(classes, width) rows by class and group, not negative."""
    counts = network.columns[name].by_class
    return positive(counts.ravel(), network.rows).reshape(counts.shape)


def _table(
    network: Network, child: str, parents: Sequence[Parent], drawn: Mapping[str, np.ndarray] | None
) -> np.ndarray:
    """(contexts, k) rows: the real ones, or those drawn."""
    values = drawn if drawn is not None else {name: column.narrow for name, column in network.columns.items()}
    contexts = int(np.prod([parent.width for parent in parents]))
    context = contexts_of(parents, {}, values, len(values[child]))
    return counted(context, contexts, values[child], network.columns[child].width)


def _extended(network: Network, child: str, parent: Parent, means: Means, part: float) -> Family:
    """A column with one parent more: its table is counted, and drawn together with the one it had."""
    old = network.families[child]
    parents = (*old.parents, parent)
    true = _table(network, child, parents, None)
    variance = means.deviation(part) ** 2
    noisy = means.counted(true, part).reshape(len(old.counts), parent.width, -1)
    columns = network.columns
    cells = (*(each.levels[columns[each.name].groups] for each in parents), columns[child].groups)
    seen = (*(each.name for each in parents), child)
    released(lambda: Release(seen, cells, noisy, means.deviation(part)))
    # What both tables say of the smaller one, each by its precision.
    summed, theirs = noisy.sum(axis=1), variance * parent.width
    share = old.variance / (old.variance + theirs)
    both = share * summed + (1 - share) * old.counts
    noisy = noisy + ((both - summed) / parent.width)[:, None, :]
    counts = noisy.reshape(true.shape)
    whole = projected(counts, network.rows)
    prior = np.repeat(old.table, parent.width, axis=0)
    strength = STRENGTH * math.sqrt(variance * true.shape[1])
    return Family(parents, counts, np.full(counts.shape, variance), _shares(whole, prior, strength))


def projected(counts: np.ndarray, total: float) -> np.ndarray:
    """Counts of contexts, none below 0, that add up to `total`: contexts first, then the cells of each."""
    sums = positive(counts.sum(axis=1), total)
    return np.stack(
        [positive(row, one) if one > 0 else np.zeros(len(row)) for row, one in zip(counts, sums, strict=True)]
    )


def positive(counts: np.ndarray, total: float) -> np.ndarray:
    """The nearest counts that add up to `total` with none below 0 (Duchi et al. 2008, "Efficient projections onto the
    l1-ball", figure 1)."""
    order = -np.sort(-counts)
    over = (np.cumsum(order) - total) / np.arange(1, len(order) + 1)
    last = np.flatnonzero(order > over)[-1]
    return np.maximum(counts - over[last], 0.0)


def _shares(counts: np.ndarray, prior: np.ndarray, strength: float) -> np.ndarray:
    """(contexts, k) probabilities, drawn towards a prior that is worth `strength` rows."""
    found: np.ndarray = (counts + strength * prior) / (counts.sum(axis=1, keepdims=True) + strength)
    return found


def _node(column: Seen, family: Family, network: Network) -> Node:
    counts = np.maximum(np.rint(family.table * UNIT), 0).astype(np.int64)
    counts[counts.sum(axis=1) == 0] = 1
    parents = tuple(replace(parent, strength=1e-9) for parent in family.parents)
    return Node(column.name, column.groups, parents, counts, _within(column, network))


def _within(column: Seen, network: Network) -> Within | None:
    """How codes fall inside groups, given the class, from the first table."""
    size = len(column.groups)
    if column.width == size:
        return None
    group, (_, classes) = column.groups.astype(np.int64), column.first.shape
    alone = np.rint(positive(column.first.sum(axis=1), network.rows)).astype(np.int64)
    empty = np.bincount(group, alone) == 0
    alone[empty[group]] = 1
    plain = Shares.of(*_sparse(group * size + np.arange(size), alone), size)
    if classes == 1:
        return Within(size, plain)
    whole = positive(column.first.T.ravel(), network.rows)
    cells = [(group * classes + at) * size + np.arange(size) for at in range(classes)]
    given = Shares.of(*_sparse(np.concatenate(cells), np.rint(whole).astype(np.int64)), size)
    return Within(size, plain, network.target, False, classes, WORTH * column.deviation, given)


def _sparse(keys: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Keys in order, with how often each was met, where it was."""
    order = np.argsort(keys)
    order = order[times[order] > 0]
    return keys[order], times[order]
