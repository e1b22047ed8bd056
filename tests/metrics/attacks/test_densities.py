import numpy as np
import pytest

from trasunto.metrics.attacks.densities import Shares, bins_of, by_columns, by_pairs, tree_of
from trasunto.metrics.frames import Arrays


def test_bins_hold_equal_counts_rare_values_share_and_missing_is_apart():
    rng = np.random.default_rng(0)
    rows = np.column_stack([rng.normal(size=2_000), np.minimum(rng.geometric(0.1, 2_000), 60) - 1.0])
    rows[:100] = np.nan
    bins = bins_of(Arrays(("x", "g"), np.array([0, 60]), {}), rows)
    codes = bins.of(rows)
    assert bins.sizes == (21, 42)
    assert (codes[:, :100] == [[20], [41]]).all()
    assert np.bincount(codes[0, 100:]).max() <= 96
    assert codes[1, 100:].max() == 40


def test_a_chain_of_columns_is_found_and_weighs_as_it_should():
    rng = np.random.default_rng(1)
    a = rng.integers(0, 4, 5_000)
    b = np.where(rng.random(5_000) < 0.8, a, rng.integers(0, 4, 5_000))
    c = np.where(rng.random(5_000) < 0.8, b, rng.integers(0, 4, 5_000))
    codes = np.array([a, c, b])
    tree = tree_of(codes, (4, 4, 4))
    assert tree == [(0, -1), (2, 0), (1, 2)]
    shares = Shares(codes, (4, 4, 4))
    every = np.array(np.meshgrid(range(4), range(4), range(4))).reshape(3, -1)
    # Chances of all rows there can be add up to one, and those of pairs know what columns alone do not.
    assert np.exp(by_columns(every, shares)).sum() == pytest.approx(1.0)
    assert np.exp(by_pairs(every, shares, tree)).sum() == pytest.approx(1.0)
    same = np.array([[2], [2], [2]])
    truth = np.mean((a == 2) & (b == 2) & (c == 2))
    assert np.exp(by_pairs(same, shares, tree))[0] == pytest.approx(truth, rel=0.05)
    assert np.exp(by_columns(same, shares))[0] < truth / 3
