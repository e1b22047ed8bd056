"""Drawing along a chain of trees: freely, or so that later columns are as asked (sequential Monte Carlo)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trasunto.synthesizers.branches import Branches, leaf_of
from trasunto.synthesizers.joint import Evidence, sharpened

# Rows drawn side by side for each wanted row, when what is asked concerns columns that are drawn late.
PARTICLES = 24
# The chance of a code that a tree has never met: not zero, so that unusual rows can be completed.
UNMET = 1e-9


@dataclass(frozen=True)
class Chain:
    """One order of the columns and a tree for each on those before it."""

    order: tuple[str, ...]
    trees: dict[str, Branches]

    def draw(self, evidence: Evidence, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """(rows,) codes by column, as the evidence asks."""
        if evidence.open:
            return self.free(evidence.rows, rng)
        asked = set(evidence.allowed) | set(evidence.known)
        leading = self._leading(evidence)
        if asked <= set(self.order[:leading]):
            return self.guided(evidence, rng, 1)
        return self.guided(evidence, rng, PARTICLES)

    def free(self, rows: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Rows of which nothing is asked."""
        drawn: dict[str, np.ndarray] = {}
        for name in self.order:
            tree = self.trees[name]
            node = _risen(tree, leaf_of(tree, drawn, rows), rng)
            drawn[name] = tree.codes[_places(tree, node, rng)].astype(np.int32)
        return drawn

    def guided(self, evidence: Evidence, rng: np.random.Generator, particles: int) -> dict[str, np.ndarray]:
        """Each row `particles` times over; a particle is as likely to go on as its asked values are likely
        (Doucet, de Freitas and Gordon 2001, chapter 1). Rows that are asked the same share their particles."""
        shared = not evidence.known
        rows, wide = evidence.rows, evidence.rows * particles
        drawn: dict[str, np.ndarray] = {}
        weight = np.ones(wide)
        for name in self.order:
            tree = self.trees[name]
            known = np.repeat(evidence.known[name], particles) if name in evidence.known else None
            if particles == 1 and known is not None and known.min(initial=0) >= 0:
                # How likely it was does not matter: no particle stands against another.
                drawn[name] = known
                continue
            leaf = leaf_of(tree, drawn, wide)
            mask = evidence.allowed.get(name)
            if known is None and mask is None and evidence.temperature == 1.0:
                node = _risen(tree, leaf, rng)
                drawn[name] = tree.codes[_places(tree, node, rng)].astype(np.int32)
                continue
            codes, share = _asked(tree, leaf, known, mask, evidence.temperature, rng)
            drawn[name] = codes
            if particles > 1 and (known is not None or mask is not None):
                weight *= share
                keep = _resampled(weight, rows, particles, shared, rng)
                if keep is not None:
                    drawn = {each: values[keep] for each, values in drawn.items()}
                    weight = np.ones(wide)
        if particles == 1:
            return drawn
        if shared:
            chosen = _one_of(np.broadcast_to(weight, (1, wide)), rng, rows)[0]
        else:
            chosen = np.arange(rows) * particles + _one_of(weight.reshape(rows, particles), rng, 1)[:, 0]
        return {name: values[chosen] for name, values in drawn.items()}

    def _leading(self, evidence: Evidence) -> int:
        """How many columns of the order are asked of every row, from the first on; of a column that depends on none
        before it some rows are enough."""
        for place, name in enumerate(self.order):
            alone = self.trees[name].left[0] < 0
            whole = name in evidence.known and (alone or (evidence.known[name] >= 0).all())
            if name not in evidence.allowed and not whole:
                return place
        return len(self.order)


def _risen(tree: Branches, leaf: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(rows,) nodes: each row leaves its node upwards with the node's chance of escape, again and again."""
    node = leaf.copy()
    climbing = np.arange(len(leaf))
    while climbing.size:
        here = node[climbing]
        climbing = climbing[rng.random(climbing.size) < tree.escape[here]]
        node[climbing] = tree.parent[node[climbing]]
    return node


def _places(tree: Branches, node: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A place in `codes` for each row: rows of one node are spread evenly over it, in random order.

    Even spreading (stratified sampling) keeps each node's shares closer than independent draws would.
    """
    rows = len(node)
    shuffled = rng.permutation(rows)
    # Numbers of two bytes are sorted by counting.
    key = node.astype(np.uint16) if len(tree.left) <= 2**16 else node
    by_node = shuffled[np.argsort(key[shuffled], kind="stable")]
    count_of = np.bincount(node, minlength=len(tree.left))
    first = np.concatenate([[0], np.cumsum(count_of)[:-1]])
    sorted_node = node[by_node]
    spread = (np.arange(rows) - first[sorted_node] + rng.random(rows)) / np.maximum(count_of[sorted_node], 1)
    start, stop = tree.start[sorted_node], tree.stop[sorted_node]
    places = np.empty(rows, dtype=np.int64)
    places[by_node] = np.minimum(start + (spread * (stop - start)).astype(np.int64), stop - 1)
    return places


def _asked(
    tree: Branches,
    leaf: np.ndarray,
    known: np.ndarray | None,
    mask: np.ndarray | None,
    temperature: float,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Codes as asked, and how likely the tree held what was asked: (rows,) each."""
    rows = len(leaf)
    codes, share = np.empty(rows, dtype=np.int32), np.ones(rows)
    free = np.ones(rows, dtype=bool) if known is None else known < 0
    if known is not None and not free.all():
        given = np.flatnonzero(~free)
        codes[given] = known[given]
        share[given] = _likelihood(tree, leaf[given], known[given])
    if free.any():
        where = np.flatnonzero(free)
        codes[where], held = _from_shares(tree, leaf[where], mask, temperature, rng)
        if mask is not None:
            share[where] = held
    return codes, share


def _likelihood(tree: Branches, leaf: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """(rows,) the chance that a row in this leaf takes this code."""
    keys, wide = tree.places, len(tree.codes) + 1
    total, chance, node = np.zeros(len(leaf)), np.ones(len(leaf)), leaf.astype(np.int64)
    base = codes.astype(np.int64) * wide
    while True:
        found = np.searchsorted(keys, base + tree.stop[node]) - np.searchsorted(keys, base + tree.start[node])
        escape = tree.escape[node]
        total += chance * (1 - escape) * found / np.maximum(tree.stop[node] - tree.start[node], 1)
        chance = chance * escape
        if not (chance > 0).any():
            return total + UNMET
        node = np.maximum(tree.parent[node], 0)


def _from_shares(
    tree: Branches, leaf: np.ndarray, mask: np.ndarray | None, temperature: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Codes drawn from the smoothed shares of each leaf, cut to a mask, and how much of the leaf the mask leaves."""
    codes, held = np.empty(len(leaf), dtype=np.int32), np.ones(len(leaf))
    order = np.argsort(leaf, kind="stable")
    kinds, first = np.unique(leaf[order], return_index=True)
    width = int(tree.codes.max(initial=0)) + 1 if mask is None else len(mask)
    root = np.bincount(tree.codes, minlength=width).astype(float)
    for kind, rows in zip(kinds.tolist(), np.split(order, first[1:]), strict=True):
        shares = leaf_shares(tree, kind, width)
        if mask is not None:
            left = shares * mask
            held[rows] = left.sum() + UNMET
            # What no row of the tree's data had is drawn from all rows, or evenly.
            shares = left if left.sum() > 0 else root * mask if (root * mask).sum() > 0 else mask.astype(float)
        shares = sharpened(shares / shares.sum(), temperature)
        steps = np.cumsum(shares)
        spread = (rng.permutation(len(rows)) + rng.random(len(rows))) / len(rows)
        found = np.searchsorted(steps, spread * steps[-1], side="right")
        codes[rows] = np.minimum(found, np.flatnonzero(shares)[-1])
    return codes, held


def leaf_shares(tree: Branches, leaf: int, width: int) -> np.ndarray:
    """(width,) the share of each code in a leaf, smoothed with the nodes above it."""
    shares, chance, node = np.zeros(width), 1.0, leaf
    while node >= 0 and chance > 0:
        first, last = int(tree.start[node]), int(tree.stop[node])
        if last > first:
            found = np.bincount(tree.codes[first:last], minlength=width)
            shares += chance * (1 - tree.escape[node]) * found / (last - first)
        chance *= float(tree.escape[node])
        node = int(tree.parent[node])
    return shares


def _resampled(
    weight: np.ndarray, rows: int, particles: int, shared: bool, rng: np.random.Generator
) -> np.ndarray | None:
    """Positions of the particles that go on, likelier ones more often; None while they are about even."""
    groups = weight.reshape(1, -1) if shared else weight.reshape(rows, particles)
    total = groups.sum(axis=1, keepdims=True)
    even = total[:, 0] ** 2 / np.maximum((groups**2).sum(axis=1), 1e-300)
    if (even > 0.5 * groups.shape[1]).all():
        return None
    count = groups.shape[1]
    # Systematic resampling: one random start, even steps (Kitagawa 1996).
    steps = (np.arange(count) + rng.random((len(groups), 1))) / count
    rising = np.cumsum(groups / np.maximum(total, 1e-300), axis=1)
    if shared:
        return np.minimum(np.searchsorted(rising[0], steps[0], side="right"), count - 1)
    chosen = np.minimum((rising[:, None, :] <= steps[:, :, None]).sum(axis=2), count - 1)
    return (chosen + np.arange(rows)[:, None] * particles).ravel()


def _one_of(weights: np.ndarray, rng: np.random.Generator, count: int) -> np.ndarray:
    """(groups, count) positions within each group, by weight; evenly spread, in random order."""
    rising = np.cumsum(weights, axis=1)
    if weights.shape[0] == 1:
        steps = (rng.permutation(count) + rng.random(count)) / count * rising[0, -1]
        return np.minimum(np.searchsorted(rising[0], steps, side="right"), weights.shape[1] - 1)[None, :]
    steps = rng.random((len(weights), count)) * rising[:, -1:]
    return np.minimum((rising[:, None, :] <= steps[:, :, None]).sum(axis=2), weights.shape[1] - 1)
