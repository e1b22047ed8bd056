"""The samplers against their laws. Each chi-square test fails by chance once in 10,000 runs, as its noise has no seed."""

import math

import numpy as np
import pytest
from scipy import stats

from trasunto.errors import BudgetError
from trasunto.privacy.mechanisms import INJECTED, injected, noise

BY_CHANCE = 1e-4
RNG = np.random.default_rng(0)


def differs(drawn, weights):
    """Whether draws of 0 ... k - 1 are not from these weights."""
    seen = np.bincount(drawn, minlength=len(weights))
    return stats.chisquare(seen, weights / weights.sum() * len(drawn)).pvalue < BY_CHANCE


@pytest.mark.parametrize("scale", [0.7, 3.0])
def test_whole_number_noise_has_its_law(scale):
    reach = math.ceil(4 * scale)
    steps = np.arange(-200, 201)
    for draw, density in (
        (noise().gaussian, np.exp(-(steps**2) / (2 * scale**2))),
        (noise().laplace, np.exp(-np.abs(steps) / scale)),
    ):
        # Both tails are one cell each.
        drawn = np.clip(draw(np.full(40_000, 7), scale) - 7, -reach, reach) + reach
        edges = np.clip(steps, -reach, reach) + reach
        assert not differs(drawn, np.bincount(edges, weights=density))
        assert differs(drawn, np.bincount(edges, weights=density**0.64))  # the same with 1.25 times the scale


def test_a_choice_has_its_law():
    scores = np.array([0.0, 1.0, 2.0, 3.0])
    drawn = np.array([noise().choose(scores, sensitivity=0.5, epsilon=1.0) for _ in range(8000)])
    assert not differs(drawn, np.exp(scores))
    assert differs(drawn, np.exp(scores / 2))


def test_normal_draws_are_normal_and_never_repeat():
    drawn = noise().normals((600, 400))
    assert drawn.shape == (600, 400)
    assert stats.kstest(drawn.ravel(), "norm").pvalue > BY_CHANCE
    assert np.unique(drawn).size == drawn.size
    # No two draws of the four are shared between sums. Chance passes 0.02 once in a million times.
    flat = drawn.ravel()
    assert all(abs(np.corrcoef(flat[:half], flat[half : 2 * half])[0, 1]) < 0.02 for half in (120_000, 60_000))


def test_batches_orders_and_picks_are_even():
    assert stats.binomtest(int(noise().bernoulli(0.3, 50_000).sum()), 50_000, 0.3).pvalue > BY_CHANCE
    assert not noise().bernoulli(0.0, 1000).any() and noise().bernoulli(1.0, 1000).all()
    order = noise().ranks(1000)
    assert sorted(order) == list(range(1000)) and not (order == np.arange(1000)).all()
    assert not differs(noise().pick(np.array([1.0, 2.0, 3.0]), 20_000), np.array([1.0, 2.0, 3.0]))


def test_noise_differs_each_time_whatever_seeds_are_set():
    zeros = np.zeros(200, dtype=np.int64)
    for draw in (
        lambda: noise().gaussian(zeros, 5.0),
        lambda: noise().laplace(zeros, 5.0),
        lambda: noise().normals(50),
    ):
        np.random.seed(3)
        first = draw()
        np.random.seed(3)
        assert not np.array_equal(first, draw())


def test_a_test_may_inject_its_own_and_the_claim_is_gone():
    zeros = np.zeros((2, 3), dtype=np.int64)
    drawn = []
    for _ in range(2):
        with injected(np.random.default_rng(1)):
            source = noise()
            drawn.append((source.gaussian(zeros, 5.0), source.laplace(zeros, 5.0), source.normals((2, 2))))
            assert source.assumptions == (INJECTED,)
            assert source.choose(np.array([0.0, 100.0]), sensitivity=1.0, epsilon=2.0) == 1
    assert all(np.array_equal(one, other) for one, other in zip(*drawn, strict=True))
    assert noise().assumptions == () and noise().rng is None


@pytest.mark.parametrize("scale", [0.0, -1.0, math.nan, math.inf])
def test_a_scale_that_cannot_be(scale):
    for draw in (noise().gaussian, noise().laplace):
        with pytest.raises(BudgetError, match="scale of noise"):
            draw(np.zeros(2, dtype=np.int64), scale)


def test_only_whole_numbers_get_noise_and_only_numbers_are_weighed():
    with pytest.raises(BudgetError, match="whole numbers, not float64"):
        noise().laplace(np.zeros(2), 1.0)
    with pytest.raises(BudgetError, match="finite"):
        noise().choose(np.array([1.0, math.nan]), sensitivity=1.0, epsilon=1.0)
    with pytest.raises(BudgetError, match="sampling rate"):
        noise().bernoulli(1.5, 3)
