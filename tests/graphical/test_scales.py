"""What a noisy histogram tells: spikes stay, flat runs are levelled, groups are nested."""

import numpy as np
import pytest

from trasunto.graphical.scales import pieces, scale_of

SIZES = (32, 16, 8, 4, 2)


def test_a_spike_on_a_flat_curve_is_a_piece_by_itself():
    rng = np.random.default_rng(0)
    held = np.where(np.arange(120) < 80, 300.0, 0.0)
    held[40] = 1_500
    ends = pieces(held + rng.normal(0, 50, 120), np.ones(120), 50.0)
    assert ends.tolist() == [40, 41, 80]


def test_counts_are_levelled_and_never_negative():
    rng = np.random.default_rng(1)
    true = 400 * np.exp(-0.5 * ((np.arange(200) - 60) / 25) ** 2)
    noisy = true + rng.normal(0, 60, 200)
    scale = scale_of(noisy, 60.0, ordered=True, null=False, sizes=SIZES)
    assert (scale.counts >= 0).all()
    # Noise alone is off by 48 a code.
    assert np.abs(scale.counts - true).mean() < 25


@pytest.mark.parametrize("ordered", [True, False])
def test_levels_are_nested_and_groups_hold_like_shares(ordered):
    rng = np.random.default_rng(2)
    noisy = rng.gamma(2, 500, 300)
    scale = scale_of(noisy, 20.0, ordered=ordered, null=True, sizes=SIZES)
    assert [scale.size(level) for level in range(5)] == list(SIZES)
    for level in range(1, 5):
        assert set(scale.starts[level]) <= set(scale.starts[level - 1])
        assert (scale.of_groups(level)[scale.groups] == scale.of_codes(level)).all()
        counts = np.bincount(scale.of_codes(level), scale.counts)
        finer = np.bincount(scale.of_codes(level - 1), scale.counts)
        assert np.add.reduceat(finer, scale.sums(level - 1, level)) == pytest.approx(counts)
        # A missing value is never merged.
        assert (scale.of_codes(level)[:-1] != scale.of_codes(level)[-1]).all()
    if ordered:
        assert (np.diff(scale.groups) >= 0).all()
        assert np.bincount(scale.of_codes(2), scale.counts)[:-1].max() < scale.counts.sum() / 3


def test_few_codes_are_groups_as_they_are():
    scale = scale_of(np.array([5.0, -3.0, 90.0]), 10.0, ordered=True, null=False, sizes=SIZES)
    assert scale.groups.tolist() == [0, 1, 2] and scale.counts.tolist() == [5.0, 0.0, 90.0]
    assert [scale.size(level) for level in range(len(scale.starts))] == [3, 2]
    alone = scale_of(np.array([4.0]), 10.0, ordered=False, null=True, sizes=SIZES)
    assert alone.groups.tolist() == [0] and len(alone.starts) == 1
