"""One decision tree over codes: grown with scikit-learn (growing.py), kept as plain arrays, drawn from without it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from trasunto.synthesizers.growing import Growth, Shape, grown

# A response with more codes than this is cut into so many groups to grow the tree; leaves hold the fine codes.
FEW = 32
# Rows put before a tree at a time.
BLOCK = 100_000
# Steps down a tree before the rows at their leaves are sorted out.
STRIDE = 4
# What a tree says of each node.
TREE = ("left", "right", "parent", "feature", "threshold", "start", "stop", "escape")


@dataclass(frozen=True)
class Branches:
    """One tree and what its nodes hold.

    left, right, parent: (nodes,) node numbers, -1 for none; a parent's number is below its children's. feature:
    (nodes,) position among `inputs`. threshold: (nodes,). start, stop: (nodes,) the part of `codes` below each node.
    escape: (nodes,) the chance that a row drawn at a node takes its code from the node above instead. codes: (n,)
    training codes, sorted within each leaf. inputs: the columns it looks at, by name; lookup: float32, the number it
    compares for each code of each input, one input after the other from `offset` on; the last of each answers for
    codes that are not published (-1).
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
    offset: np.ndarray
    inputs: tuple[str, ...]

    @property
    def leaves(self) -> int:
        return int((self.left < 0).sum())

    @cached_property
    def places(self) -> np.ndarray:
        """(n,) sorted keys code * (n + 1) + place in `codes`: how often a code occurs below a node is two searches."""
        keys: np.ndarray = np.sort(self.codes.astype(np.int64) * (len(self.codes) + 1) + np.arange(len(self.codes)))
        return keys

    def numbers(self, place: int, codes: np.ndarray) -> np.ndarray:
        """(rows,) what the tree compares for these codes of the input at `place`."""
        if self.plain[place] and codes.min(initial=0) >= 0:
            return codes.astype(np.float32)
        scale = self.lookup[self.offset[place] : self.offset[place + 1]]
        found: np.ndarray = scale[codes]
        return found

    @cached_property
    def plain(self) -> list[bool]:
        """Whether each input is compared by its codes as they are."""
        scales = np.split(self.lookup, self.offset[1:-1])
        return [bool((scale[:-1] == np.arange(len(scale) - 1)).all()) for scale in scales] if self.inputs else []

    def arrays(self) -> dict[str, np.ndarray]:
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name != "inputs"}


def grow(
    before: dict[str, np.ndarray],
    response: np.ndarray,
    *,
    sizes: dict[str, int],
    worded: frozenset[str],
    name: str,
    growth: Growth,
    rng: np.random.Generator,
    within: tuple[str, np.ndarray] | None = None,
) -> Branches:
    """A tree for `response` (codes) on columns before it (codes; -1 where not published).

    within: (name of the column of groups, (size,) group of each code): the tree first takes its way by group, and
    grows anew in each.
    """
    size = sizes[name]
    groups = _groups(response, size, name in worded) if within is None else within[1][response]
    rows = len(response)
    few = rng.permutation(rows)[: growth.max_rows].copy() if rows > growth.max_rows else np.arange(rows)
    scales = {each: _scale(each, before[each][few], sizes[each], groups[few], each in worded) for each in before}
    if within is None:
        return _grown(before, response, groups, few, scales, size, growth, rng)
    parts = []
    for group in range(int(within[1].max()) + 1):
        here = np.flatnonzero(groups == group)
        inner = {each: codes[here] for each, codes in before.items()}
        fine = _groups(response[here], size, name in worded)
        inside = rng.permutation(len(here))[: max(growth.max_rows * len(here) // max(rows, 1), 1)]
        inside = np.arange(len(here)) if len(inside) == len(here) else inside
        parts.append(_grown(inner, response[here], fine, inside, scales, size, growth, rng))
    return _joined(within[0], parts)


def _grown(
    before: dict[str, np.ndarray],
    response: np.ndarray,
    groups: np.ndarray,
    few: np.ndarray,
    scales: dict[str, np.ndarray],
    size: int,
    growth: Growth,
    rng: np.random.Generator,
) -> Branches:
    """A tree grown on the rows `few` and filled with all. groups: (n,) what it tells apart."""
    rows, kinds = len(response), len(np.unique(groups[few]))
    if not before or rows < 2 * growth.min_leaf or kinds < 2:
        return stump(response, size)
    # In bits a row, a leaf costs `penalty` times what splitting noise gains at the best of many places: half a nat for
    # each of the shares that it fits, and the logarithm of the places.
    table = _table(scales, before, few)
    places = sum(max(_told_apart(scale, before[each][few]) - 1, 1) for each, scale in scales.items())
    price = growth.penalty * ((kinds - 1) / 2 + np.log(places)) / (len(few) * np.log(2))
    shape = grown(table, groups[few], growth, price, rng)
    if len(few) == rows:
        return _filled(shape, shape.apply(table), response, scales, size, growth.smoothing)
    del table
    leaf = np.empty(rows, dtype=np.int32)
    for at in range(0, rows, BLOCK):
        leaf[at : at + BLOCK] = shape.apply(_table(scales, before, slice(at, at + BLOCK)))
    return _filled(shape, leaf, response, scales, size, growth.smoothing)


def _joined(name: str, parts: list[Branches]) -> Branches:
    """One tree that takes its way to a part by the number that column `name` holds. Trees of the same scales."""
    inputs = [name, *dict.fromkeys(each for part in parts for each in part.inputs)]
    scales = {name: np.append(np.arange(len(parts)), 0.0).astype(np.float32)}
    for part in parts:
        scales |= {
            each: part.lookup[a:b] for each, a, b in zip(part.inputs, part.offset[:-1], part.offset[1:], strict=True)
        }
    columns: dict[str, list[np.ndarray]] = {key: [] for key in TREE}
    nodes, held = 0, [0, *np.cumsum([len(part.codes) for part in parts]).tolist()]

    def lay(first: int, last: int, parent: int) -> None:
        """The parts from `first` up to `last`, in depth-first order."""
        nonlocal nodes
        at = nodes
        if last - first == 1:
            part = parts[first]
            place = np.array([inputs.index(each) for each in part.inputs] or [0], dtype=np.int32)
            moved = {key: getattr(part, key) for key in TREE}
            for key in ("left", "right", "parent"):
                moved[key] = np.where(moved[key] >= 0, moved[key] + at, -1).astype(np.int32)
            moved["parent"][0] = parent
            moved["feature"] = place[part.feature]
            moved["start"], moved["stop"] = part.start + held[first], part.stop + held[first]
            nodes += len(part.left)
        else:
            middle = (first + last) // 2
            one = {"left": at + 1, "right": -1, "parent": parent, "feature": 0, "threshold": middle - 0.5}
            one |= {"start": held[first], "stop": held[last], "escape": 0.0}
            moved = {key: np.array([value]) for key, value in one.items()}
            nodes += 1
        for key, values in moved.items():
            columns[key].append(values)
        if last - first > 1:
            lay(first, middle, at)
            moved["right"][0] = nodes
            lay(middle, last, at)

    lay(0, len(parts), -1)
    laid = {key: np.concatenate(columns[key]).astype(getattr(parts[0], key).dtype) for key in TREE}
    offset = np.cumsum([0, *(len(scales[each]) for each in inputs)]).astype(np.int64)
    codes, lookup = np.concatenate([part.codes for part in parts]), np.concatenate([scales[each] for each in inputs])
    return Branches(**laid, codes=codes, lookup=lookup, offset=offset, inputs=tuple(inputs))


def leaf_of(branches: Branches, drawn: dict[str, np.ndarray], rows: int) -> np.ndarray:
    """(rows,) the leaf of each row whose earlier columns are drawn."""
    node = np.zeros(rows, dtype=np.int32)
    if branches.left[0] < 0:
        return node
    numbers = np.concatenate([branches.numbers(at, drawn[each]) for at, each in enumerate(branches.inputs)])
    threshold, leaf = branches.threshold.astype(np.float32), branches.left < 0
    # Everything that is looked up by is as wide as an address, so that no look-up has to widen it first.
    place = branches.feature.astype(np.intp) * rows
    own = np.arange(len(leaf), dtype=np.intp)
    children = np.stack([np.where(leaf, own, branches.right), np.where(leaf, own, branches.left)], axis=1).ravel()
    going, here = np.arange(rows), np.zeros(rows, dtype=np.intp)
    while going.size:
        # A row that has come to its leaf stays there; rows are sorted out once in a while only.
        for _ in range(STRIDE):
            below = numbers.take(place.take(here) + going) <= threshold.take(here)
            here = children.take(2 * here + below)
        ended = leaf.take(here)
        node[going[ended]] = here[ended]
        going, here = going[~ended], here[~ended]
    return node


def _table(scales: dict[str, np.ndarray], codes: dict[str, np.ndarray], rows: np.ndarray | slice) -> np.ndarray:
    """(rows, inputs) float32: what a tree compares."""
    return np.stack([scale[codes[each][rows]] for each, scale in scales.items()], axis=1)


def _told_apart(scale: np.ndarray, codes: np.ndarray) -> int:
    """How many numbers of a scale these codes take."""
    taken = np.zeros(len(scale), dtype=bool)
    taken[codes] = True
    return len(np.unique(scale[taken]))


def _scale(name: str, codes: np.ndarray, size: int, groups: np.ndarray, unordered: bool) -> np.ndarray:
    """(size + 1,) float32: a number for each code, and the middle for codes that are not published."""
    scale = _ordered(codes, size, groups) if unordered else np.arange(size, dtype=np.float32)
    return np.append(scale, np.float32(np.median(scale) if size else 0.0)).astype(np.float32)


def _groups(response: np.ndarray, size: int, unordered: bool) -> np.ndarray:
    """The response in few groups: quantiles of an ordered one, the most frequent codes of an unordered one."""
    most = FEW
    if len(np.unique(response)) <= most:
        return response
    counts = np.bincount(response, minlength=size)
    if unordered:
        frequent = np.argsort(-counts, kind="stable")[: most - 1]
        group = np.full(size, most - 1, dtype=np.uint8)
        group[frequent] = np.arange(len(frequent))
        return group[response]
    share = (np.cumsum(counts) - counts / 2) / max(counts.sum(), 1)
    return np.minimum((share * most).astype(np.uint8), most - 1)[response]


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


def stump(response: np.ndarray, size: int) -> Branches:
    """A tree of one leaf."""
    stem, none = np.zeros(1, dtype=np.int32), np.full(1, -1, dtype=np.int32)
    whole = np.array([len(response)], dtype=np.int32)
    codes: np.ndarray = np.sort(response).astype(smallest(size))
    zero, nothing = np.zeros(1), np.empty(0, dtype=np.float32)
    return Branches(none, none, none, stem, zero, stem, whole, zero, codes, nothing, stem, ())


def _filled(
    shape: Shape,
    leaf: np.ndarray,
    response: np.ndarray,
    scales: dict[str, np.ndarray],
    size: int,
    smoothing: float,
) -> Branches:
    """The grown tree with its leaves filled: the codes below any node lie side by side. Of the inputs only those that
    it looks at are kept."""
    left, right, looked, threshold = shape.nodes()
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
    # By leaf and within it by code, both in one number, sorted where it stands.
    keys = start.astype(np.int64)[leaf]
    keys *= size
    keys += response
    keys.sort()
    codes = (keys % size).astype(smallest(size))
    del keys
    stop = (start + held).astype(np.int32)
    used, place = np.unique(looked[inner], return_inverse=True)
    feature = np.zeros(nodes, dtype=np.int32)
    feature[inner] = place
    names = [list(scales)[each] for each in used.tolist()]
    lookup = np.concatenate([scales[each] for each in names]) if names else np.empty(0, dtype=np.float32)
    offset = np.cumsum([0, *(len(scales[each]) for each in names)]).astype(np.int64)
    escape = _escape(codes, start, stop, parent, size, smoothing)
    return Branches(left, right, parent, feature, threshold, start, stop, escape, codes, lookup, offset, tuple(names))


def _escape(
    codes: np.ndarray, start: np.ndarray, stop: np.ndarray, parent: np.ndarray, size: int, smoothing: float
) -> np.ndarray:
    """(nodes,) the chance to leave each node upwards: s * kinds / (rows + s * kinds) (Witten and Bell 1991, method C).

    A node in which one code rules is left as good as never, one in which every row differs every other time.
    """
    kinds = np.empty(len(start))
    for node, (first, last) in enumerate(zip(start.tolist(), stop.tolist(), strict=True)):
        below = codes[first:last]
        kinds[node] = len(np.unique(below)) if len(below) < size else np.count_nonzero(np.bincount(below))
    held = stop - start
    chance = smoothing * kinds / np.maximum(held + smoothing * kinds, 1e-9)
    # A leaf that growth on a sample left without rows is always left.
    chance[held == 0] = 1.0
    chance[parent < 0] = 0.0
    return chance


def smallest(size: int) -> type:
    """The smallest type of whole numbers that holds codes below `size`."""
    return np.uint8 if size <= 2**8 else np.uint16 if size <= 2**16 else np.int32
