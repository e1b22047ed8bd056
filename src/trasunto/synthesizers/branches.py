"""One decision tree over codes: grown and pruned with scikit-learn, kept as plain arrays, drawn from without it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

# A response with more codes than this is cut into so many groups to grow the tree; leaves hold the fine codes.
FEW = 32
# A truly continuous column is cut finer: a leaf then has more to pay for (see `penalty`), since in a column in which
# hardly a value repeats, what looks like structure in few rows is mostly those rows.
MANY = 150


@dataclass(frozen=True)
class Branches:
    """One tree and what its nodes hold.

    left, right, parent: (nodes,) node numbers, -1 for none; a parent's number is below its children's. feature:
    (nodes,) position among `inputs`. threshold: (nodes,). start, stop: (nodes,) the part of `codes` below each node.
    escape: (nodes,) the chance that a row drawn at a node takes its code from the node above instead. codes: (n,)
    training codes, sorted within each leaf. inputs: columns before this one, by name; lookup: (columns, most codes)
    float32, the number a tree compares for each code of each input.
    """

    left: np.ndarray
    right: np.ndarray
    parent: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    escape: np.ndarray
    codes: np.ndarray
    lookup: np.ndarray
    inputs: tuple[str, ...]

    @property
    def leaves(self) -> int:
        return int((self.left < 0).sum())

    @cached_property
    def places(self) -> np.ndarray:
        """(n,) sorted keys code * (n + 1) + place in `codes`: how often a code occurs below a node is two searches."""
        keys: np.ndarray = np.sort(self.codes.astype(np.int64) * (len(self.codes) + 1) + np.arange(len(self.codes)))
        return keys

    def arrays(self) -> dict[str, np.ndarray]:
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name != "inputs"}


@dataclass(frozen=True)
class Growth:
    """How a tree is grown: see the settings of `tree`."""

    min_leaf: int
    max_depth: int
    penalty: float
    smoothing: float
    max_rows: int
    max_inputs: int


def grow(
    before: dict[str, np.ndarray],
    response: np.ndarray,
    *,
    sizes: dict[str, int],
    worded: frozenset[str],
    name: str,
    growth: Growth,
    rng: np.random.Generator,
) -> Branches:
    """A tree for `response` (codes) on the columns before it (codes; -1 where not published)."""
    continuous = name not in worded and sizes[name] > MANY
    groups = _groups(response, sizes[name], name in worded, MANY if continuous else FEW)
    coarse = _groups(response, sizes[name], name in worded, FEW)
    rows = len(response)
    few = rng.permutation(rows)[: growth.max_rows] if rows > growth.max_rows else np.arange(rows)
    inputs = _telling({each: codes[few] for each, codes in before.items()}, coarse[few], sizes, growth.max_inputs)
    lookup = np.zeros((len(inputs), max((sizes[each] for each in inputs), default=0) + 1), dtype=np.float32)
    for place, each in enumerate(inputs):
        size = sizes[each]
        scale = _ordered(before[each][few], size, groups[few]) if each in worded else np.arange(size, dtype=np.float32)
        lookup[place, :size] = scale
        # The last entry answers for codes that are not published (-1): the middle of the scale.
        lookup[place, -1] = np.median(scale) if size else 0.0
    many = int(groups.max(initial=0)) + 1
    if not inputs or rows < 2 * growth.min_leaf or many < 2:
        return _stump(response, lookup, inputs, sizes[name])
    from sklearn.tree import DecisionTreeClassifier

    tree = DecisionTreeClassifier(
        criterion="entropy",
        min_samples_leaf=growth.min_leaf,
        max_depth=growth.max_depth,
        # Pruned to the least of entropy + penalty * leaves (Breiman et al. 1984, chapter 3). In bits a row, a leaf
        # costs `penalty` times half a nat for each of the shares it fits: what splitting noise would gain.
        ccp_alpha=growth.penalty * (len(np.unique(groups[few])) - 1) / (2 * len(few) * np.log(2)),
        random_state=int(rng.integers(2**31)),
    ).fit(table_of(inputs, lookup, {each: before[each][few] for each in inputs}, len(few)), groups[few])
    found = tree.tree_
    leaf = found.apply(table_of(inputs, lookup, before, rows))
    return _filled(found, leaf, response, lookup, inputs, sizes[name], growth.smoothing)


def leaf_of(branches: Branches, drawn: dict[str, np.ndarray], rows: int) -> np.ndarray:
    """(rows,) the leaf of each row whose earlier columns are drawn."""
    node = np.zeros(rows, dtype=np.int32)
    if branches.left[0] < 0:
        return node
    used, feature = np.unique(branches.feature[branches.left >= 0], return_inverse=True)
    place = np.zeros(len(branches.left), dtype=np.int64)
    place[branches.left >= 0] = feature * rows
    numbers = np.concatenate([branches.lookup[each][drawn[branches.inputs[each]]] for each in used.tolist()])
    threshold = branches.threshold.astype(np.float32)
    children = np.stack([branches.right, branches.left], axis=1).ravel()
    going, here = np.arange(rows), node.copy()
    while going.size:
        below = numbers[place[here] + going] <= threshold[here]
        here = children[2 * here + below]
        ended = branches.left[here] < 0
        node[going[ended]] = here[ended]
        going, here = going[~ended], here[~ended]
    return node


def table_of(inputs: tuple[str, ...], lookup: np.ndarray, codes: dict[str, np.ndarray], rows: int) -> np.ndarray:
    """(rows, inputs) float32: what a tree compares."""
    table = np.empty((rows, len(inputs)), dtype=np.float32)
    for place, each in enumerate(inputs):
        table[:, place] = lookup[place][codes[each]]
    return table


def _telling(before: dict[str, np.ndarray], groups: np.ndarray, sizes: dict[str, int], most: int) -> tuple[str, ...]:
    """The inputs that tell most of the response, by mutual information on coarse codes, when there are many."""
    names = tuple(before)
    if len(names) <= most:
        return names
    some = slice(0, 20_000)
    wide = int(groups.max(initial=0)) + 1
    told = []
    for name in names:
        size = sizes[name]
        coarse = before[name][some].astype(np.int64)
        if size > FEW:
            coarse = np.where(coarse >= 0, coarse * FEW // size, FEW)
        coarse = np.where(coarse < 0, min(size, FEW), coarse)
        joint = np.bincount(coarse * wide + groups[some], minlength=(FEW + 1) * wide).reshape(-1, wide) / len(coarse)
        outer = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
        some_mass = joint > 0
        bits = float((joint[some_mass] * np.log(joint[some_mass] / outer[some_mass])).sum())
        # What chance alone would tell (Miller 1955), so that wide columns have no head start.
        told.append(bits - (np.count_nonzero(joint.sum(axis=1)) - 1) * (wide - 1) / (2 * len(coarse)))
    chosen = set(np.argsort(-np.array(told), kind="stable")[:most].tolist())
    return tuple(name for place, name in enumerate(names) if place in chosen)


def _groups(response: np.ndarray, size: int, unordered: bool, most: int) -> np.ndarray:
    """The response in few groups: quantiles of an ordered one, the most frequent codes of an unordered one."""
    if size <= most:
        return response
    counts = np.bincount(response, minlength=size)
    if unordered:
        frequent = np.argsort(-counts, kind="stable")[: most - 1]
        group = np.full(size, most - 1)
        group[frequent] = np.arange(len(frequent))
        return group[response]
    share = (np.cumsum(counts) - counts / 2) / max(counts.sum(), 1)
    return np.minimum((share * most).astype(np.int64), most - 1)[response]


def _ordered(codes: np.ndarray, size: int, groups: np.ndarray) -> np.ndarray:
    """(size,) a place on a line for each category: the first principal component of the response given it.

    With two groups this is the order by target mean (Breiman et al. 1984, theorem 4.5: the best split is among
    the cuts of that order). Small categories are drawn to the middle, as if 10 average rows were among theirs.
    """
    wide = int(groups.max(initial=0)) + 1
    known = codes >= 0
    keys = codes[known].astype(np.int64) * wide + groups[known]
    table = np.bincount(keys, minlength=size * wide).reshape(size, wide).astype(float)
    weight = table.sum(axis=1)
    overall = table.sum(axis=0) / max(weight.sum(), 1.0)
    shares = (table + 10.0 * overall) / (weight + 10.0)[:, None] - overall
    heavy = shares * np.sqrt(weight)[:, None]
    if size <= wide:
        # The same component from the smaller of the two square matrices.
        direction = heavy.T @ np.linalg.eigh(heavy @ heavy.T)[1][:, -1]
    else:
        direction = np.linalg.eigh(heavy.T @ heavy)[1][:, -1]
    direction = direction * (1.0 if direction[np.argmax(np.abs(direction))] >= 0 else -1.0)
    return (shares @ direction).astype(np.float32)


def _stump(response: np.ndarray, lookup: np.ndarray, inputs: tuple[str, ...], size: int) -> Branches:
    stem, none = np.zeros(1, dtype=np.int32), np.full(1, -1, dtype=np.int32)
    whole = np.array([len(response)], dtype=np.int32)
    codes: np.ndarray = np.sort(response).astype(smallest(size))
    zero = np.zeros(1)
    return Branches(none, none, none, stem, zero, stem, whole, zero, codes, lookup, inputs)


def _filled(
    tree: object,
    leaf: np.ndarray,
    response: np.ndarray,
    lookup: np.ndarray,
    inputs: tuple[str, ...],
    size: int,
    smoothing: float,
) -> Branches:
    """The grown tree with its leaves filled: node numbers are in depth-first order, so that the codes below any
    node lie side by side."""
    left = tree.children_left.astype(np.int32)  # type: ignore[attr-defined]
    right = tree.children_right.astype(np.int32)  # type: ignore[attr-defined]
    nodes = len(left)
    parent = np.full(nodes, -1, dtype=np.int32)
    inner = np.flatnonzero(left >= 0)
    parent[left[inner]] = inner
    parent[right[inner]] = inner
    held = np.bincount(leaf, minlength=nodes)
    for node in range(nodes - 1, 0, -1):
        held[parent[node]] += held[node]
    start = np.zeros(nodes, dtype=np.int32)
    for node in inner.tolist():
        start[left[node]] = start[node]
        start[right[node]] = start[node] + held[left[node]]
    codes = response[np.lexsort((response, start[leaf]))]
    stop = (start + held).astype(np.int32)
    feature = np.maximum(tree.feature, 0).astype(np.int32)  # type: ignore[attr-defined]
    threshold = tree.threshold.astype(np.float64)  # type: ignore[attr-defined]
    escape = _escape(codes, start, stop, parent, size, smoothing)
    return Branches(
        left, right, parent, feature, threshold, start, stop, escape, codes.astype(smallest(size)), lookup, inputs
    )


def _escape(
    codes: np.ndarray, start: np.ndarray, stop: np.ndarray, parent: np.ndarray, size: int, smoothing: float
) -> np.ndarray:
    """(nodes,) the chance to leave each node upwards: s * kinds / (rows + s * kinds) (Witten and Bell 1991, method C).

    A node in which one code rules is left as good as never, one in which every row differs every other time.
    """
    kinds = np.empty(len(start))
    for node, (first, last) in enumerate(zip(start.tolist(), stop.tolist(), strict=True)):
        kinds[node] = np.count_nonzero(np.bincount(codes[first:last], minlength=size)) if last > first else 0
    held = stop - start
    chance = smoothing * kinds / np.maximum(held + smoothing * kinds, 1e-9)
    # A leaf that growth on a sample left without rows is always left.
    chance[held == 0] = 1.0
    chance[parent < 0] = 0.0
    return chance


def smallest(size: int) -> type:
    """The smallest type of whole numbers that holds codes below `size`."""
    return np.uint8 if size <= 2**8 else np.uint16 if size <= 2**16 else np.int32
