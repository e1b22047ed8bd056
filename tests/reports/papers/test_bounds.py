"""The table of what epsilon means, against figures worked out elsewhere and against mechanisms known by heart."""

import math

import numpy as np
import pytest
from scipy.stats import norm

from trasunto.reports.papers.bounds import most_found, most_right


@pytest.mark.parametrize(
    ("epsilon", "at_1", "at_10", "advantage"),
    [(0.5, 0.016, 0.165, 0.25), (1, 0.027, 0.272, 0.46), (2, 0.074, 0.739, 0.76), (3, 0.201, 0.955, 0.91), (5, 0.993, 0.994, 0.99)],
)  # fmt: skip
def test_the_limits_of_pure_privacy_are_those_of_the_literature(epsilon, at_1, at_10, advantage):
    assert most_found(epsilon, 0.0, 0.01) == pytest.approx(at_1, abs=6e-4)
    assert most_found(epsilon, 0.0, 0.1) == pytest.approx(at_10, abs=6e-4)
    assert 2 * most_right(epsilon, 0.0) - 1 == pytest.approx(advantage, abs=6e-3)


def test_randomised_response_reaches_the_limit():
    """It tells the truth with probability e^eps / (1 + e^eps): the best test is to believe it."""
    epsilon = 1.3
    true = math.exp(epsilon) / (1 + math.exp(epsilon))
    assert most_found(epsilon, 0.0, 1 - true) == pytest.approx(true)
    assert most_right(epsilon, 0.0) == pytest.approx(true)


@pytest.mark.parametrize(("epsilon", "delta"), [(0.1, 0.0), (1.0, 1e-3), (4.0, 0.05)])
def test_the_best_share_of_right_answers_is_the_largest_gap_of_the_limits(epsilon, delta):
    alarms = np.linspace(0, 1, 200_001)
    gap = max(most_found(epsilon, delta, a) - a for a in alarms)
    assert most_right(epsilon, delta) == pytest.approx((1 + gap) / 2, abs=1e-5)


def test_the_gaussian_mechanism_stays_below_its_limit():
    """mu-Gaussian privacy is (eps, delta(eps)) by Balle and Wang 2018; its own trade-off lies below the limit."""
    mu, epsilon = 1.0, 1.0
    delta = norm.cdf(mu / 2 - epsilon / mu) - math.exp(epsilon) * norm.cdf(-mu / 2 - epsilon / mu)
    for alarms in (0.001, 0.01, 0.1, 0.3):
        found = norm.sf(norm.isf(alarms) - mu)
        assert found <= most_found(epsilon, delta, alarms) + 1e-12


def test_limits_stay_shares_for_any_epsilon():
    for epsilon in (1e-9, 1.0, 1e6):
        assert 0.0 <= most_found(epsilon, 0.0, 0.01) <= 1.0
        assert 0.5 <= most_right(epsilon, 0.0) <= 1.0
    assert most_found(1e-12, 0.0, 0.25) == pytest.approx(0.25)
