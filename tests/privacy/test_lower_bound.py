"""The bound is the published one, it refutes what it should, and it hardly ever refutes what is true."""

import numpy as np
import pytest

from trasunto.errors import BudgetError
from trasunto.privacy.lower_bound import ceiling, lower_bound, p_value


@pytest.mark.parametrize(("guesses", "most"), [(100, 3.49), (500, 5.11), (1_000, 5.81), (5_000, 7.42)])
def test_the_ceiling_is_what_so_many_canaries_can_prove(guesses, most):
    assert ceiling(guesses) == pytest.approx(most, abs=0.005)
    # With every guess right the bound is known in closed form: coin ** guesses = 0.05.
    coin = 0.05 ** (1 / guesses)
    assert ceiling(guesses) == pytest.approx(np.log(coin / (1 - coin)), abs=1e-6)


@pytest.mark.parametrize(("guesses", "bound"), [(100, 0.70), (500, 0.93), (1_000, 0.98), (5_000, 1.04)])
def test_three_quarters_right(guesses, bound):
    assert lower_bound(guesses * 3 // 4, guesses) == pytest.approx(bound, abs=0.005)


def test_guessing_proves_nothing():
    assert lower_bound(500, 1_000) == lower_bound(0, 1_000) == lower_bound(0, 0) == 0.0


def test_a_delta_makes_the_bound_smaller_and_a_tiny_one_hardly():
    plain = lower_bound(900, 1_000)
    assert lower_bound(900, 1_000, delta=1e-9) == pytest.approx(plain, abs=1e-3)
    assert lower_bound(900, 1_000, delta=1e-3) < plain - 0.05
    assert lower_bound(900, 1_000, delta=1e-3, canaries=2_000) < lower_bound(900, 1_000, delta=1e-3)
    assert lower_bound(1_000, 1_000, delta=0.1) == 0.0


def test_what_delta_adds_is_the_sum_written_out():
    from scipy.stats import binom

    coin = np.e / (1 + np.e)
    inside = max(sum(binom.pmf(18 - j, 20, coin) for j in range(1, i + 1)) / i for i in range(1, 19))
    expected = binom.sf(17, 20, coin) + 2 * 30 * 1e-3 * inside
    assert p_value(18, 20, 1.0, delta=1e-3, canaries=30) == pytest.approx(expected)


def test_a_true_mechanism_is_refuted_no_more_than_one_time_in_twenty():
    """Randomised response at epsilon 1, the mechanism that the bound is tight for."""
    rng = np.random.default_rng(0)
    bounds = [lower_bound(int(rng.binomial(400, np.e / (1 + np.e))), 400) for _ in range(400)]
    # 20 of 400 are expected at the most; 34 is three standard deviations above.
    assert sum(bound > 1.0 for bound in bounds) <= 34
    # And it is not empty: the usual bound is most of the truth.
    assert np.median(bounds) > 0.7


@pytest.mark.parametrize(("right", "guesses", "canaries"), [(5, 4, None), (-1, 4, None), (2, 4, 3)])
def test_counts_that_cannot_be_are_refused(right, guesses, canaries):
    with pytest.raises(BudgetError, match=f"{right} right of {guesses} guesses"):
        lower_bound(right, guesses, canaries=canaries)


def test_a_confidence_out_of_range_is_refused():
    with pytest.raises(BudgetError, match=r"confidence is 1\.0"):
        lower_bound(1, 2, confidence=1.0)
