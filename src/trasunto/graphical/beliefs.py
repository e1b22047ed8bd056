"""Belief propagation on a junction tree, by whole tables at once.

A table of a clique has one axis for each of its columns, and a first axis for cases: distributions that differ in
what is known, and go through the tree together. Messages are sums over axes, scaled so that the largest is 1 (Hugin
propagation; Jensen, Lauritzen and Olesen 1990).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from trasunto.graphical.junction import Tree

# What a probability of nothing is taken to be, to divide by.
TINY = 1e-300


def raised(logs: np.ndarray) -> np.ndarray:
    """exp of (cases, ...) logarithms, scaled so that the largest of each case is 1."""
    flat = logs.reshape(len(logs), -1)
    return np.exp(flat - flat.max(axis=1, keepdims=True)).reshape(logs.shape)


def summed(table: np.ndarray, columns: tuple[int, ...], kept: tuple[int, ...]) -> np.ndarray:
    """A (cases, *columns) table summed over all but some columns, which stay in their order."""
    if columns == kept:
        return table
    blocks, axes, shape = _blocks(columns, kept, table.shape)
    found = table.reshape(blocks)
    if axes and axes[-1] == len(blocks) - 1:
        # A sum over the last axis is a product with ones, which is much quicker.
        found = found @ np.ones(blocks[-1])
        axes = axes[:-1]
    if axes:
        found = found.sum(axis=axes)
    return found.reshape(shape)


@lru_cache(maxsize=100_000)
def _blocks(
    columns: tuple[int, ...], kept: tuple[int, ...], shape: tuple[int, ...]
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Neighbouring axes that are kept, or summed over, as one: shape, axes to sum over, shape of the sum."""
    blocks, axes, result = [shape[0]], [], [shape[0]]
    last = True
    for column, size in zip(columns, shape[1:], strict=True):
        keep = column in kept
        if keep:
            result.append(size)
        if keep == last:
            blocks[-1] *= size
        else:
            blocks.append(size)
            if not keep:
                axes.append(len(blocks) - 1)
        last = keep
    return tuple(blocks), tuple(axes), tuple(result)


@lru_cache(maxsize=100_000)
def _fitted(columns: tuple[int, ...], over: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    sizes = dict(zip(columns, shape[1:], strict=True))
    return (shape[0], *(sizes.get(column, 1) for column in over))


def spread(table: np.ndarray, columns: tuple[int, ...], over: tuple[int, ...]) -> np.ndarray:
    """A (cases, *columns) table as one that broadcasts over a (cases, *over) table."""
    return table.reshape(_fitted(columns, over, table.shape))


def collected(tree: Tree, tables: Sequence[np.ndarray]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Tables after every clique has told the one it hangs on; and the messages, by clique, scaled.

    tables: (cases, *clique) factors, above 0 somewhere. What is known of a clique's new columns given those it shares
    with its parent is then in its table alone.
    """
    found = list(tables)
    sent: list[np.ndarray] = [np.ones(1)] * len(found)
    for at in range(len(found) - 1, 0, -1):
        message = summed(found[at], tree.cliques[at], tree.separators[at])
        flat = message.reshape(len(message), -1)
        message = (flat / np.maximum(flat.max(axis=1, keepdims=True), TINY)).reshape(message.shape)
        sent[at] = message
        parent = tree.parents[at]
        found[parent] = found[parent] * spread(message, tree.separators[at], tree.cliques[parent])
    return found, sent


def calibrated(tree: Tree, tables: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The marginals of all cliques, each adding up to 1. tables: as in `collected`."""
    found, sent = collected(tree, tables)
    for at in range(len(found)):
        if at:
            parent = tree.parents[at]
            told = summed(found[parent], tree.cliques[parent], tree.separators[at])
            ratio = told / np.maximum(sent[at], TINY)
            found[at] = found[at] * spread(ratio, tree.separators[at], tree.cliques[at])
        found[at] = found[at] / np.maximum(found[at].sum(axis=tuple(range(1, found[at].ndim)), keepdims=True), TINY)
    return found
