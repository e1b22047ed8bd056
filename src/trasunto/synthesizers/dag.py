"""What a Bayesian network of columns is learnt from: groups, order, parents and tables, each from counts alone.

Rows are read in one place, `counted`; all else takes counts, so that noise can be added to each of them. The greedy
choice follows PrivBayes (Zhang et al. 2017, "PrivBayes: private data release via Bayesian networks", Algorithms 2
and 4, and its generalised parents of section 5.2), with the held-out likelihood of tables in the place of mutual
information: it stops by itself where a further parent would only learn the rows by heart.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

# Rows that the table with one parent fewer is worth: tried while parents are chosen, and for those that were.
ROUGH = (4.0, 64.0)
STRENGTHS = (1.0, 4.0, 16.0, 64.0, 256.0)
# Parents are tried with all of their groups and with these numbers of merged ones.
MERGED = (16, 8, 5, 3, 2)
# How many of the best ways to add a parent are tried again for the next.
KEPT = 24
# A column tells another when its codes guess so many of the other's groups right; codes of fewer rows than SURE say
# too little.
TOLD, SURE = 0.8, 5
# More than any gain.
FAR = 1e30
# Smallest probability of a held-out value that no other row has.
LEAST = 1e-9


@dataclass(frozen=True)
class Parent:
    """A parent as one table sees it.

    levels: (its groups,) merged group of each, or of each of its codes when by_code. strength: how many rows the table
    without it is worth.
    """

    name: str
    levels: np.ndarray
    by_code: bool
    strength: float

    @property
    def width(self) -> int:
        return int(self.levels.max()) + 1


@dataclass(frozen=True)
class Column:
    """A column while the network is learnt.

    coded: (n,) codes, `size` for a value that is not published. groups: (size,) group of each code. narrow: (n,)
    groups; values that are not published are a group after all others, which is seen by children and never drawn.
    ordered: whether only neighbouring groups may be merged. null: whether the last group is that of missing values.
    """

    name: str
    coded: np.ndarray
    groups: np.ndarray
    narrow: np.ndarray
    ordered: bool
    null: bool

    @property
    def size(self) -> int:
        return len(self.groups)

    @property
    def width(self) -> int:
        """Groups that are drawn."""
        return int(self.groups.max()) + 1

    @property
    def seen(self) -> np.ndarray:
        """(n,) bool: whether the value of each row is published."""
        return self.coded < self.size

    def of_rows(self, places: np.ndarray | slice) -> Column:
        return replace(self, coded=self.coded[places], narrow=self.narrow[places])


def grouped(counts: np.ndarray, *, ordered: bool, null: bool, most: int) -> np.ndarray:
    """(size,) the group of each code, at most `most` groups (ordered ones: about).

    counts: (size,). Ordered codes fall into groups of about equal share, frequent codes are groups of their own;
    of unordered ones the most frequent are. null: the last code is a missing value and a group by itself.
    """
    size = len(counts)
    if size <= most:
        return np.arange(size)
    body = counts[: size - null].astype(float)
    room = max(most - null, 2)
    if ordered:
        big = body >= body.sum() / room
        rest = np.where(big, 0.0, body)
        few = max(room - 2 * int(big.sum()), 1)
        part = ((np.cumsum(rest) - rest / 2) / max(rest.sum(), 1e-12) * few).astype(np.int64)
        starts = (part[1:] != part[:-1]) | big[1:] | big[:-1]
        groups = np.concatenate([[0], np.cumsum(starts)])
    else:
        groups = np.full(len(body), room - 1)
        frequent = np.argsort(-body, kind="stable")[: room - 1]
        groups[frequent] = np.arange(room - 1)
    return np.concatenate([groups, [groups.max() + 1]]) if null else groups


def counted(context: np.ndarray, contexts: int, child: np.ndarray, width: int) -> np.ndarray:
    """(contexts, width) how many rows have each context and child: the one place where a table reads rows."""
    flat = np.bincount(context * width + child, minlength=contexts * width)
    return flat.reshape(contexts, width)


def pairwise(columns: Sequence[Column], block: int = 2000) -> np.ndarray:
    """(d, d) mutual information of all pairs in nats, less what chance gives (Miller 1955), by sparse products.

    The counts of a block of columns with all columns are one product of one-hot matrices.
    """
    from scipy.sparse import csr_matrix

    rows, d = len(columns[0].narrow), len(columns)
    widths = np.array([each.width + 1 for each in columns])
    starts = np.concatenate([[0], np.cumsum(widths)])
    hot = np.stack([each.narrow + start for each, start in zip(columns, starts[:-1], strict=True)], axis=1).ravel()
    ones = np.ones(rows * d, dtype=np.float32)
    matrix = csr_matrix((ones, hot, np.arange(0, rows * d + 1, d)), shape=(rows, int(starts[-1])))
    found = np.zeros((d, d))
    alone = np.array([_plogp(np.bincount(each.narrow)).sum() for each in columns])
    first = 0
    while first < d:
        last = max(int(np.searchsorted(starts, starts[first] + block, side="right")) - 1, first + 1)
        counts = (matrix[:, starts[first] : starts[last]].T @ matrix).toarray().astype(np.float64)
        sums = np.add.reduceat(_plogp(counts), starts[:-1], axis=1)
        both = np.add.reduceat(sums, starts[first:last] - starts[first], axis=0)
        found[first:last] = (both - alone[first:last, None] - alone[None, :]) / rows + np.log(rows)
        first = last
    found -= (widths[:, None] - 2) * (widths[None, :] - 2) / (2 * rows)
    np.fill_diagonal(found, 0.0)
    return np.maximum(found, 0.0)


def _plogp(counts: np.ndarray) -> np.ndarray:
    return counts * np.log(np.maximum(counts, 1))


def ordered_by(shared: np.ndarray, first: Sequence[int]) -> list[int]:
    """Positions of the columns, each after the one that tells most about it.

    shared: (d, d) mutual information. first: those that come before all others; without any, the column that tells
    most of the others begins.
    """
    order = list(first) or [int(np.argmax(shared.sum(axis=0)))]
    waiting = np.ones(len(shared), dtype=bool)
    waiting[order] = False
    best = shared[order].max(axis=0)
    while waiting.any():
        taken = int(np.argmax(np.where(waiting, best, -1.0)))
        order.append(taken)
        waiting[taken] = False
        best = np.maximum(best, shared[taken])
    return order


def merged(counts: np.ndarray, *, ordered: bool, apart: int) -> list[np.ndarray]:
    """Ways to see a parent: (groups,) merged group of each, the finest first.

    counts: (parent groups, child groups); the last `apart` groups stay by themselves. The two neighbours whose merging
    loses least of what the parent tells of the child are merged again and again (agglomerative information
    bottleneck, Slonim and Tishby 1999). Unordered groups are neighbours by the first principal component of their
    children, small ones drawn to the middle.
    """
    body = counts[: len(counts) - apart].astype(float)
    place = np.arange(len(body)) if ordered else np.argsort(_profile(body), kind="stable")
    label = np.empty(len(body), dtype=np.int64)
    label[place] = np.arange(len(body))
    ways = [label.copy()]
    table = body[place]
    single = _plogp_rows(table)
    loss = single[1:] + single[:-1] - _plogp_rows(table[1:] + table[:-1])
    while len(table) > 2:
        at = int(np.argmin(loss))
        table[at] += table[at + 1]
        table, single, loss = np.delete(table, at + 1, 0), np.delete(single, at + 1), np.delete(loss, at)
        single[at] = _plogp_rows(table[at])
        for left in (at - 1, at):
            if 0 <= left < len(loss):
                loss[left] = single[left] + single[left + 1] - _plogp_rows(table[left] + table[left + 1])
        label -= label > at
        if len(table) in MERGED:
            ways.append(label.copy())
    return [np.concatenate([way, way.max() + 1 + np.arange(apart)]) for way in ways]


def leading(counts: np.ndarray) -> np.ndarray:
    """(codes,) the most frequent child of each code as its level: how a column that tells another is seen whole.

    counts: (parent codes, child groups). Codes of fewer than 5 rows, and the last one, share a level.
    """
    level = np.where(counts.sum(axis=1) < SURE, counts.shape[1], counts.argmax(axis=1))
    level[-1] = counts.shape[1]
    found: np.ndarray = np.unique(level, return_inverse=True)[1].ravel()
    return found


def _plogp_rows(table: np.ndarray) -> np.ndarray:
    """Sum of n log(n / N) along the last axis."""
    total = table.sum(axis=-1)
    result: np.ndarray = _plogp(table).sum(axis=-1) - total * np.log(np.maximum(total, 1))
    return result


def _profile(table: np.ndarray) -> np.ndarray:
    weight = table.sum(axis=1)
    overall = table.sum(axis=0) / max(weight.sum(), 1.0)
    shares = (table + 10.0 * overall) / (weight + 10.0)[:, None] - overall
    direction = np.linalg.eigh((shares * weight[:, None]).T @ shares)[1][:, -1]
    direction = direction * (1.0 if direction[np.argmax(np.abs(direction))] >= 0 else -1.0)
    result: np.ndarray = shares @ direction
    return result


def held_out(counts: np.ndarray, before: np.ndarray, strength: float) -> float:
    """Log-likelihood of each row under the table of all other rows, summed over rows.

    counts: (contexts * width, k) of a table that splits each of (contexts, k) into `width`. before: (contexts, k) the
    held-out probabilities without that split. A row is left out by taking 1 off its cell.
    """
    k = counts.shape[1]
    width = len(counts) // len(before)
    flat = counts.ravel()
    cells = np.flatnonzero(flat)
    row = cells // k
    times = flat[cells].astype(float)
    total = counts.sum(axis=1)[row]
    prior = before[row // width, cells - row * k]
    return float((times * np.log((times - 1 + strength * prior) / (total - 1 + strength))).sum())


def left_out(counts: np.ndarray, before: np.ndarray, strength: float) -> np.ndarray:
    """(contexts * width, k) what `held_out` expects of each cell when one of its rows is left out."""
    width = len(counts) // len(before)
    total = np.maximum(counts.sum(axis=1, keepdims=True) - 1, 0)
    prior = np.repeat(before, width, axis=0)
    return np.maximum((np.maximum(counts - 1, 0) + strength * prior) / (total + strength), LEAST)


def smoothed(counts: np.ndarray, widths: Sequence[int], strengths: Sequence[float]) -> np.ndarray:
    """(contexts, k) probabilities of a table, each context drawn towards the one with a parent fewer.

    counts: (contexts, k), not negative. widths, strengths: of the parents, in order. Dirichlet smoothing: the mean of
    a posterior whose prior is the smaller table, worth `strength` rows.
    """
    steps = [counts.astype(float)]
    for width in reversed(widths):
        steps.append(steps[-1].reshape(-1, width, counts.shape[1]).sum(axis=1))
    total = steps[-1].sum(axis=1, keepdims=True)
    table = steps[-1] / total if total[0, 0] > 0 else np.full_like(steps[-1], 1.0 / counts.shape[1])
    for counts_here, width, strength in zip(steps[-2::-1], widths, strengths, strict=True):
        total = counts_here.sum(axis=1, keepdims=True)
        table = (counts_here + strength * np.repeat(table, width, axis=0)) / (total + strength)
    return table


def parents_of(
    child: Column, others: Sequence[Column], *, most: int, cells: int, first: Collection[str] = ()
) -> tuple[Parent, ...]:
    """The parents of a column among those before it, added one by one as long as held-out rows grow likelier.

    others: the candidates. most: parents at most. cells: of its table at most. first: names of candidates that are
    taken before all others where they tell anything of the column: what is to be predicted stays tied to whatever
    may predict it (Friedman, Geiger and Goldszmidt 1997, section 4).
    """
    k, seen = child.width, child.seen
    if not seen.all():
        child, others = child.of_rows(seen), [other.of_rows(seen) for other in others]
    context, contexts = np.zeros(len(child.narrow), dtype=np.int64), 1
    counts = counted(context, 1, child.narrow, k)
    even = np.full((1, k), 1.0 / k)
    expected, score = left_out(counts, even, 1.0), held_out(counts, even, 1.0)
    ways = [way for other in others for way in _ways(other, child)]
    chosen: list[Parent] = []
    while len(chosen) < most and ways:
        gains = np.full(len(ways), -np.inf)
        for place, (_, way, values, _) in enumerate(ways):
            width = int(way.max()) + 1
            if contexts * width * k <= cells:
                tried = counted(context * width + way[values], contexts * width, child.narrow, k)
                gains[place] = max(held_out(tried, expected, strength) for strength in ROUGH) - score
        ahead = gains + np.array(
            [FAR if gain > 0 and way[0] in first else 0.0 for gain, way in zip(gains, ways, strict=True)]
        )
        best = int(np.argmax(ahead))
        if gains[best] <= 0:
            break
        name, way, values, by_code = ways[best]
        width = int(way.max()) + 1
        context, contexts = context * width + way[values], contexts * width
        counts = counted(context, contexts, child.narrow, k)
        scores = [held_out(counts, expected, strength) for strength in STRENGTHS]
        score, strength = max(scores), STRENGTHS[int(np.argmax(scores))]
        expected = left_out(counts, expected, strength)
        chosen.append(Parent(name, way, by_code, strength))
        again = [int(at) for at in np.argsort(-gains, kind="stable") if ways[at][0] != name][:KEPT]
        ways = [ways[at] for at in again]
    return tuple(chosen)


def _ways(other: Column, child: Column) -> list[tuple[str, np.ndarray, np.ndarray, bool]]:
    """Ways to see a possible parent: (name, level of each of its values, (n,) values, whether these are codes)."""
    pair = counted(other.narrow, other.width + 1, child.narrow, child.width)
    found = merged(pair, ordered=other.ordered, apart=other.null + 1)
    ways = [(other.name, way, other.narrow, False) for way in found if way.max() > 1]
    if other.width < other.size:
        pair = counted(other.coded, other.size + 1, child.narrow, child.width)
        if pair.max(axis=1).sum() >= TOLD * pair.sum():
            ways.append((other.name, leading(pair), other.coded, True))
    return ways


def contexts_of(
    parents: Sequence[Parent], codes: Mapping[str, np.ndarray], groups: Mapping[str, np.ndarray], rows: int
) -> np.ndarray:
    """(rows,) the context of each row: its parents' levels as one number, the last parent running fastest."""
    context = np.zeros(rows, dtype=np.int64)
    for parent in parents:
        value = (codes if parent.by_code else groups)[parent.name]
        context = context * parent.width + parent.levels[value]
    return context
