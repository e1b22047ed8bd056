"""Chains of trees: what they hold of the table while they grow, and what their leaves hold in the end."""

import gc
import weakref

import numpy as np
import polars as pl

import trasunto as tr
from trasunto.synthesizers import branches, tree
from trasunto.synthesizers.branches import grow, leaf_of
from trasunto.synthesizers.growing import Growth


def made(rows=400):
    rng = np.random.default_rng(0)
    x = rng.normal(size=rows).round(2)
    return tr.read(pl.DataFrame({"x": x, "y": (x + rng.normal(size=rows)).round(2), "z": np.where(x > 0, "a", "b")}))


def test_rows_that_nobody_else_holds_are_gone_when_trees_grow():
    held = []

    def look(stage, done, total):
        gc.collect()
        held.append(real() is not None)

    data = made()
    real = weakref.ref(data.only)
    handed = [data]
    del data
    tr.fit(handed.pop(), "tree", seed=0, progress=look)
    assert held
    assert not any(held)


def test_rows_that_somebody_holds_are_left_alone():
    data = made()
    before = data.digest()
    tr.fit(data, "tree", seed=0)
    assert data.digest() == before


def test_chains_that_keep_some_rows_hold_the_codes_of_those(monkeypatch):
    monkeypatch.setattr(tree, "KEPT", 150)
    model = tr.fit(made(), "tree", seed=0)
    for chain in model.joint.chains:
        assert {len(each.codes) for each in chain.trees.values()} == {150}
    assert model.sample(50, seed=1).digest() == tr.fit(made(), "tree", seed=0).sample(50, seed=1).digest()


def test_each_leaf_holds_the_codes_of_its_rows_sorted(monkeypatch):
    # Rows go down the tree in blocks.
    monkeypatch.setattr(branches, "BLOCK", 700)
    rng = np.random.default_rng(1)
    codes = {"a": rng.integers(0, 300, 2_000).astype(np.int16), "b": rng.integers(0, 5, 2_000).astype(np.int8)}
    response = ((codes["a"] // 3 + 20 * codes["b"] + rng.integers(0, 9, 2_000)) % 300).astype(np.int16)
    sizes = {"a": 300, "b": 5, "y": 300}
    growth = Growth(min_leaf=10, max_depth=8, penalty=1.0, smoothing=1.0, max_rows=1_000)
    found = grow(codes, response, sizes=sizes, worded=frozenset({"b"}), name="y", growth=growth, rng=rng)
    assert found.leaves > 3
    leaf = leaf_of(found, codes, 2_000)
    for node in np.flatnonzero(found.left < 0):
        assert found.codes[found.start[node] : found.stop[node]].tolist() == sorted(response[leaf == node].tolist())
