"""Weighted tables give each entry its weight; shuffles are bijections; streams belong to a name and a block."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trasunto.rules.draws import SMALL, Shuffle, Weighted, shuffle, stream

WEIGHTS = st.lists(st.floats(0, 1e6), min_size=1, max_size=40).filter(lambda w: sum(w) > 1e-3)


def shares(table, rows=1):
    """What a table of weights gives each of its entries, worked out from its buckets."""
    size = int(table.sizes[0])
    if table.keep is None:
        return np.full(size, 1 / size)
    found = np.zeros(size)
    kept = table.keep[:size] / 2**32
    np.add.at(found, np.arange(size), kept / size)
    np.add.at(found, table.other[:size], (1 - kept) / size)
    return found


@given(WEIGHTS)
@settings(max_examples=100, deadline=None)
def test_each_entry_has_its_share(weights):
    found = shares(Weighted.of(weights))
    wanted = np.array(weights) / sum(weights)
    assert np.allclose(found[: len(weights)], wanted, atol=1e-8)
    assert np.allclose(found[len(weights) :], 0, atol=1e-8)


@given(WEIGHTS, WEIGHTS)
@settings(max_examples=30, deadline=None)
def test_groups_draw_from_their_own_table(one, other):
    table = Weighted.of(one, other)
    groups = np.arange(4000) % 2
    drawn = table.draw(np.random.default_rng(0), 4000, groups)
    assert set(drawn[groups == 0]) <= {i for i, w in enumerate(one) if w > 0 or len(set(one)) == 1}
    assert set(drawn[groups == 1] - len(one)) <= {i for i, w in enumerate(other) if w > 0 or len(set(other)) == 1}


@pytest.mark.parametrize("weights", [[0.7, 0.25, 0.05], [1, 1, 1], [5], [1] * 7 + [20]])
def test_draws_have_the_frequencies_of_the_weights(weights):
    rows = 200_000
    drawn = Weighted.of(weights).draw(np.random.default_rng(3), rows)
    share = np.array(weights) / sum(weights)
    # Five standard deviations of a binomial share.
    assert (abs(np.bincount(drawn, minlength=len(weights)) / rows - share) <= 5 * np.sqrt(share / rows)).all()


@given(st.integers(1, 5000), st.integers(0, 2**63))
@settings(max_examples=30, deadline=None)
def test_a_small_shuffle_is_a_bijection(size, key):
    index = np.arange(size, dtype=np.uint64)
    assert np.array_equal(np.sort(Shuffle(size, key)(index)), index)


@given(st.integers(SMALL + 1, 10**18), st.integers(0, 2**63))
@settings(max_examples=30, deadline=None)
def test_a_large_shuffle_stays_inside_and_repeats_nothing(size, key):
    index = np.arange(5000, dtype=np.uint64)
    found = Shuffle(size, key)(np.concatenate([index, np.uint64(size - 1) - index]))
    assert found.max() < size
    assert len(np.unique(found)) == 10_000


def test_a_large_shuffle_is_a_bijection_to_its_end():
    size = SMALL + 12_345
    found = Shuffle(size, 7)(np.arange(size, dtype=np.uint64))
    assert np.array_equal(np.sort(found), np.arange(size, dtype=np.uint64))


def test_a_shuffle_mixes():
    found = shuffle(1, "x", 10**9)(np.arange(10_000, dtype=np.uint64)).astype(float)
    assert abs(np.corrcoef(np.arange(10_000), found)[0, 1]) < 0.05
    assert abs(found.mean() / 1e9 - 0.5) < 0.02


def test_streams_differ_by_seed_block_and_name_alone():
    def first(*of):
        return stream(*of).integers(0, 2**62)

    assert first(1, 2, "a") == first(1, 2, "a")
    assert len({first(1, 2, "a"), first(2, 2, "a"), first(1, 3, "a"), first(1, 2, "b")}) == 4
