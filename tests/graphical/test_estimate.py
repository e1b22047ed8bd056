"""Fits to marginals: exact ones are met, coarse ones reach the fine cells, noise is shared out."""

import itertools

import numpy as np
import pytest

from trasunto.graphical.beliefs import spread
from trasunto.graphical.estimate import Measurement, estimate, levels_of, total_of
from trasunto.graphical.scales import scale_of
from trasunto.graphical.select import counted

SIZES = (4, 3, 2, 5)


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    first = rng.integers(0, 4, 4_000)
    second = (first + rng.integers(0, 2, 4_000)) % 3
    third = (rng.random(4_000) < 0.2 + 0.2 * second).astype(int)
    return np.stack([first, second, third, (first + third + rng.integers(0, 3, 4_000)) % 5], axis=1)


@pytest.fixture(scope="module")
def scales(rows):
    return [
        scale_of(np.bincount(rows[:, at], minlength=size).astype(float), 1.0, ordered=True, null=False, sizes=(8, 4, 2))
        for at, size in enumerate(SIZES)
    ]


def measured(rows, scales, columns, levels, sigma=1.0, noise=None):
    counts = counted(rows, columns, levels, scales).astype(float)
    if noise is not None:
        counts = counts + noise.normal(0, sigma, counts.shape)
    return Measurement.of(columns, levels, counts, np.array(sigma**2))


def singles(rows, scales, **how):
    return [measured(rows, scales, (at,), (0,), **how) for at in range(len(SIZES))]


def marginal(found, columns):
    every = tuple(range(len(found.field.sizes)))
    product = np.ones(found.field.sizes)
    for table, clique in zip(found.field.factors, found.field.tree.cliques, strict=True):
        product = product * spread(table[None], clique, every)[0]
    assert product.sum() == pytest.approx(1.0)
    return product.sum(axis=tuple(column for column in every if column not in columns))


def test_exact_marginals_are_met(rows, scales):
    columns = ((0, 1), (1, 2), (0, 2, 3))
    wanted = [measured(rows, scales, each, (0,) * len(each)) for each in columns]
    found = estimate(scales, [*singles(rows, scales), *wanted], total=4_000.0, steps=400)
    for each, m in zip(columns, wanted, strict=True):
        # Cells without rows are approached, not reached.
        assert np.abs(marginal(found, each) - m.counts / 4_000).sum() < 0.02


def test_a_fit_ends_where_its_misfit_is_that_of_the_noise(rows, scales):
    rng = np.random.default_rng(3)
    wanted = [measured(rows, scales, each, (0, 0), 20.0, rng) for each in ((0, 1), (1, 2), (2, 3))]
    every = [*singles(rows, scales, sigma=20.0, noise=rng), *wanted]
    long, short = (estimate(scales, every, total=4_000.0, steps=300, enough=each) for each in (0.0, 1.0))
    assert long.loss < short.loss <= 1.0


def test_what_is_not_measured_is_as_even_as_can_be(rows, scales):
    found = estimate(scales, singles(rows, scales), total=4_000.0, steps=200)
    shares = [np.bincount(rows[:, at], minlength=SIZES[at]) / 4_000 for at in (0, 3)]
    assert marginal(found, (0, 3)) == pytest.approx(np.multiply.outer(*shares), abs=1e-4)


def test_a_coarse_marginal_tells_the_groups_and_leaves_the_rest(rows, scales):
    levels = (1, 0)
    m = measured(rows, scales, (0, 2), levels)
    found = estimate(scales, [*singles(rows, scales), m], total=4_000.0, steps=400)
    assert found.levels == (1, 0, 0, 0) and found.field.sizes[0] == 2
    assert np.abs(marginal(found, (0, 2)) - m.counts / 4_000).sum() < 1e-3
    # Another marginal asks for more, and parameters go on from where they were.
    finer = measured(rows, scales, (0, 3), (0, 0))
    again = estimate(scales, [*found.measurements, finer], total=4_000.0, steps=400)
    assert again.levels == (0, 0, 0, 0)
    coarse = np.add.reduceat(marginal(again, (0, 2)), scales[0].sums(0, 1), axis=0)
    assert np.abs(coarse - m.counts / 4_000).sum() < 2e-3


def test_a_fit_goes_on_where_the_last_one_ended(rows, scales):
    wanted = [*singles(rows, scales), measured(rows, scales, (0, 2, 3), (0, 0, 0))]
    first = estimate(scales, wanted, total=4_000.0, steps=60)
    second = estimate(scales, first.measurements, total=4_000.0, steps=60)
    assert second.loss < first.loss


def test_marginals_together_are_nearer_to_the_truth_than_each(rows, scales):
    rng = np.random.default_rng(1)
    sigma = 40.0
    columns = list(itertools.combinations(range(4), 2))
    wanted = [measured(rows, scales, each, (0, 0), sigma, rng) for each in columns]
    found = estimate(scales, [*singles(rows, scales, sigma=sigma, noise=rng), *wanted], total=4_000.0, steps=300)
    off = {"noisy": 0.0, "fitted": 0.0}
    for each, m in zip(columns, wanted, strict=True):
        true = counted(rows, each, (0, 0), scales) / 4_000
        off["noisy"] += np.abs(m.counts / 4_000 - true).sum()
        off["fitted"] += np.abs(marginal(found, each) - true).sum()
    assert off["fitted"] < 0.75 * off["noisy"]


def test_the_number_of_rows_is_told_by_all_sums(rows, scales):
    rng = np.random.default_rng(2)
    found = [measured(rows, scales, each, (0, 0), 30.0, rng) for each in itertools.combinations(range(4), 2)]
    assert abs(total_of(found) - 4_000) < 150
    assert levels_of(scales, [((0, 1), (1, 0)), ((2,), (1,))]) == [1, 0, 0, 0]
