"""The shape of a decision tree: grown and pruned by scikit-learn, and beyond it where only two inputs together tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from trasunto.synthesizers.lookahead import paired

# Share of the rows that a leaf holds at least for pairs to be tried in it.
LARGE = 0.2


@dataclass(frozen=True)
class Growth:
    """How a tree is grown: see the settings of `tree`."""

    min_leaf: int
    max_depth: int
    penalty: float
    smoothing: float
    max_rows: int


@dataclass(frozen=True)
class Graft:
    """What stands in the place of a leaf: a split and a tree of scikit-learn on either side. first, second: the numbers
    of their roots among all nodes."""

    leaf: int
    feature: int
    threshold: float
    first: int
    second: int
    below: Any
    above: Any


@dataclass(frozen=True)
class Shape:
    """A tree of scikit-learn, and grafts. A parent's number is below its children's."""

    tree: Any
    grafts: tuple[Graft, ...]

    def nodes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """(nodes,) left and right children, -1 for none, features and thresholds."""
        parts = [self.tree, *(side for each in self.grafts for side in (each.below, each.above))]
        starts = np.cumsum([0, *(part.node_count for part in parts[:-1])])

        def moved(children: list[np.ndarray]) -> np.ndarray:
            found = [np.where(each >= 0, each + start, -1) for each, start in zip(children, starts, strict=True)]
            return np.concatenate(found).astype(np.int32)

        left, right = moved([part.children_left for part in parts]), moved([part.children_right for part in parts])
        feature = np.concatenate([part.feature for part in parts])
        threshold = np.concatenate([part.threshold for part in parts]).astype(np.float64)
        for each in self.grafts:
            left[each.leaf], right[each.leaf] = each.first, each.second
            feature[each.leaf], threshold[each.leaf] = each.feature, each.threshold
        return left, right, feature, threshold

    def apply(self, table: np.ndarray) -> np.ndarray:
        """(n,) int32 the leaf of each row."""
        leaf: np.ndarray = self.tree.apply(table).astype(np.int32)
        for each in self.grafts:
            here = np.flatnonzero(leaf == each.leaf)
            below = table[here, each.feature] <= each.threshold
            for side, start, rows in ((each.below, each.first, here[below]), (each.above, each.second, here[~below])):
                leaf[rows] = side.apply(table[rows]) + start
        return leaf


def grown(table: np.ndarray, groups: np.ndarray, growth: Growth, price: float, rng: np.random.Generator) -> Shape:
    """A tree for groups on a table, (n, inputs) float32. price: of a leaf, in bits a row."""
    tree = _fitted(table, groups, growth, price, rng)
    leaves = np.flatnonzero((tree.children_left < 0) & (tree.n_node_samples >= LARGE * len(table)))
    grafts: list[Graft] = []
    nodes, leaf = tree.node_count, None
    for place in leaves.tolist():
        if tree.n_node_samples[place] < 4 * growth.min_leaf or tree.impurity[place] == 0:
            continue
        leaf = tree.apply(table) if leaf is None else leaf
        here = np.flatnonzero(leaf == place)
        pair = paired(table[here], groups[here], growth.penalty)
        if pair is None:
            continue
        below = table[here, pair[0]] <= pair[1]
        halves = here[below], here[~below]
        if min(map(len, halves)) < growth.min_leaf:
            continue
        sides = [_fitted(table[rows], groups[rows], growth, price * len(table) / len(rows), rng) for rows in halves]
        if sides[0].node_count + sides[1].node_count > 2:
            grafts.append(Graft(place, *pair, nodes, nodes + sides[0].node_count, *sides))
            nodes += sides[0].node_count + sides[1].node_count
    return Shape(tree, tuple(grafts))


def _fitted(table: np.ndarray, groups: np.ndarray, growth: Growth, price: float, rng: np.random.Generator) -> Any:
    from sklearn.tree import DecisionTreeClassifier

    tree = DecisionTreeClassifier(
        criterion="entropy",
        min_samples_leaf=growth.min_leaf,
        max_depth=growth.max_depth,
        # Pruned to the least of entropy + price * leaves (Breiman et al. 1984, chapter 3).
        ccp_alpha=price,
        # Splits far below that price need not be tried further: half of it spares the work and changes next to nothing.
        min_impurity_decrease=0.5 * price,
        random_state=int(rng.integers(2**31)),
    )
    # Numbers of the type that it takes, none of them missing: it need not look.
    return tree.fit(table, groups, check_input=False).tree_
