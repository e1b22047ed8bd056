"""The trees of the chain: grown with scikit-learn, kept as plain arrays, drawn from without it."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

# A response with more codes than this is cut into so many groups to grow the tree; leaves hold the fine codes.
GROUPS = 32


@dataclass(frozen=True)
class Branches:
    """One tree and what its nodes hold.

    left, right, parent: (nodes,) node numbers, -1 for none. feature: (nodes,) position among `inputs`.
    threshold: (nodes,). start, stop: (nodes,) the part of `codes` below each node. codes: (n,) training codes,
    sorted within each leaf. inputs: columns before this one, by name; lookup: (columns, most codes) float32, the
    number a tree compares for each code of each input.
    """

    left: np.ndarray
    right: np.ndarray
    parent: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    codes: np.ndarray
    lookup: np.ndarray
    inputs: tuple[str, ...]

    @property
    def leaves(self) -> int:
        return int((self.left < 0).sum())

    def arrays(self) -> dict[str, np.ndarray]:
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name != "inputs"}

    @staticmethod
    def of(arrays: dict[str, np.ndarray], order: tuple[str, ...]) -> Branches:
        return Branches(**arrays, inputs=order[: len(arrays["lookup"])])


def grow(
    before: dict[str, np.ndarray],
    response: np.ndarray,
    *,
    sizes: dict[str, int],
    worded: frozenset[str],
    name: str,
    settings: tuple[int, int],
    rng: np.random.Generator,
) -> Branches:
    """A tree for `response` (codes) on the columns before it (codes; -1 where not published)."""
    inputs = tuple(before)
    groups = _groups(response, sizes[name], name in worded)
    lookup = np.zeros((len(inputs), max((sizes[each] for each in inputs), default=0) + 1), dtype=np.float32)
    for place, each in enumerate(inputs):
        size = sizes[each]
        scale = _ordered(before[each], size, groups) if each in worded else np.arange(size, dtype=np.float32)
        lookup[place, :size] = scale
        # The last entry answers for codes that are not published (-1): the middle of the scale.
        lookup[place, -1] = np.median(scale) if size else 0.0
    stem = np.zeros(1, dtype=np.int32)
    none = np.full(1, -1, dtype=np.int32)
    if not inputs or len(response) < 2 * settings[0] or groups.max(initial=0) == 0:
        whole = np.array([len(response)], dtype=np.int32)
        return Branches(none, none, none, stem, stem.astype(np.float64), stem, whole, np.sort(response), lookup, inputs)
    from sklearn.tree import DecisionTreeClassifier

    table = _table(inputs, lookup, before, len(response))
    tree = DecisionTreeClassifier(
        criterion="entropy",
        min_samples_leaf=settings[0],
        max_depth=settings[1],
        random_state=int(rng.integers(2**31)),
    ).fit(table, groups)
    found = tree.tree_
    return _filled(found, found.apply(table), response, lookup, inputs)


def features(branches: Branches, drawn: dict[str, np.ndarray], rows: int) -> np.ndarray:
    """(rows, inputs) what the tree compares, for rows whose earlier columns are drawn."""
    return _table(branches.inputs, branches.lookup, drawn, rows)


def draw(branches: Branches, table: np.ndarray, rows: int, shrink: float, rng: np.random.Generator) -> np.ndarray:
    """(rows,) codes: each row falls to its leaf, climbs by chance, and takes a code of the node it ends in."""
    node = _leaf_of(branches, table, rows)
    if shrink:
        climbing = np.arange(rows)
        while climbing.size:
            here = node[climbing]
            held = branches.stop[here] - branches.start[here]
            up = (rng.random(climbing.size) < shrink / (held + shrink)) & (branches.parent[here] >= 0)
            climbing = climbing[up]
            node[climbing] = branches.parent[node[climbing]]
    return branches.codes[_places(branches, node, rng)].astype(np.int32)


def _leaf_of(branches: Branches, table: np.ndarray, rows: int) -> np.ndarray:
    node = np.zeros(rows, dtype=np.int32)
    going = np.arange(rows) if branches.left[0] >= 0 else np.empty(0, dtype=np.int64)
    while going.size:
        here = node[going]
        below = table[going, branches.feature[here]] <= branches.threshold[here]
        node[going] = np.where(below, branches.left[here], branches.right[here])
        going = going[branches.left[node[going]] >= 0]
    return node


def _places(branches: Branches, node: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A place in `codes` for each row: rows of one node are spread evenly over it, in random order.

    Even spreading (stratified sampling) keeps each node's shares closer than independent draws would.
    """
    rows = len(node)
    shuffled = rng.permutation(rows)
    by_node = shuffled[np.argsort(node[shuffled], kind="stable")]
    sorted_node = node[by_node]
    first = np.searchsorted(sorted_node, sorted_node, side="left")
    count = np.searchsorted(sorted_node, sorted_node, side="right") - first
    spread = (np.arange(rows) - first + rng.random(rows)) / np.maximum(count, 1)
    start, stop = branches.start[sorted_node], branches.stop[sorted_node]
    places = np.empty(rows, dtype=np.int64)
    places[by_node] = np.minimum(start + (spread * (stop - start)).astype(np.int64), stop - 1)
    return places


def _table(inputs: tuple[str, ...], lookup: np.ndarray, codes: dict[str, np.ndarray], rows: int) -> np.ndarray:
    table = np.empty((rows, len(inputs)), dtype=np.float32)
    for place, each in enumerate(inputs):
        table[:, place] = lookup[place][codes[each]]
    return table


def _groups(response: np.ndarray, size: int, unordered: bool) -> np.ndarray:
    """The response in few groups: quantiles of an ordered one, the most frequent codes of an unordered one."""
    if size <= GROUPS:
        return response
    counts = np.bincount(response, minlength=size)
    if unordered:
        frequent = np.argsort(-counts, kind="stable")[: GROUPS - 1]
        group = np.full(size, GROUPS - 1)
        group[frequent] = np.arange(len(frequent))
        return group[response]
    share = (np.cumsum(counts) - counts / 2) / max(counts.sum(), 1)
    return np.minimum((share * GROUPS).astype(np.int64), GROUPS - 1)[response]


def _ordered(codes: np.ndarray, size: int, groups: np.ndarray) -> np.ndarray:
    """(size,) a place on a line for each category: the first principal component of the response given it.

    With two groups this is the order by target mean (Breiman et al. 1984, theorem 4.5: the best split is among
    the cuts of that order). Small categories are drawn to the middle, as if 10 average rows were among theirs.
    """
    wide = int(groups.max(initial=0)) + 1
    known = codes >= 0
    table = np.bincount(codes[known] * wide + groups[known], minlength=size * wide).reshape(size, wide).astype(float)
    weight = table.sum(axis=1)
    overall = table.sum(axis=0) / max(weight.sum(), 1.0)
    shares = (table + 10.0 * overall) / (weight + 10.0)[:, None] - overall
    spread = (shares * weight[:, None]).T @ shares
    direction = np.linalg.eigh(spread)[1][:, -1]
    direction = direction * (1.0 if direction[np.argmax(np.abs(direction))] >= 0 else -1.0)
    return (shares @ direction).astype(np.float32)


def _filled(
    tree: object, leaf: np.ndarray, response: np.ndarray, lookup: np.ndarray, inputs: tuple[str, ...]
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
    return Branches(
        left,
        right,
        parent,
        np.maximum(tree.feature, 0).astype(np.int32),  # type: ignore[attr-defined]
        tree.threshold.astype(np.float64),  # type: ignore[attr-defined]
        start,
        (start + held).astype(np.int32),
        codes.astype(np.int32),
        lookup,
        inputs,
    )
