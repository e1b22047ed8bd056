"""A budget spent in parts."""

import math

import numpy as np
import pytest

from trasunto.privacy.accountant import epsilon_of
from trasunto.privacy.budget import Budget
from trasunto.privacy.means import Means
from trasunto.privacy.mechanisms import Noise, injected


def test_the_noise_that_asks_for_less_is_taken():
    assert Means.of(Budget(1.0), 30).rho is None
    assert Means.of(Budget(1.0, 1e-6), 1).rho is None
    many = Means.of(Budget(1.0, 1e-6), 30)
    assert many.rho is not None and many.deviation(1 / 30) < Means.of(Budget(1.0), 30).deviation(1 / 30)


@pytest.mark.parametrize("budget", [Budget(2.0), Budget(2.0, 1e-6)])
def test_noise_has_the_deviation_it_says(budget):
    means = Means.of(budget, 30)
    drawn = means.counted(np.full((100, 100), 50), 0.02) - 50
    # The standard error of a deviation is 0.7 % (Gaussian) or 1.1 % (Laplace) of it.
    assert drawn.std() == pytest.approx(means.deviation(0.02), rel=0.06) and abs(drawn.mean()) < 0.06 * drawn.std()


def test_parts_add_up_to_the_budget():
    for budget in (Budget(2.0, 1e-6), Budget(2.0)):
        means = Means.of(budget, 30)
        told = [means.spending("a", "b", part) for part in (0.25, 0.75)]
        if means.rho is not None:
            assert epsilon_of(sum(each.rho for each in told), budget.delta) == pytest.approx(2.0)
            assert 1 / (2 * means.deviation(0.25) ** 2) == pytest.approx(told[0].rho)
        else:
            assert sum(each.epsilon for each in told) == 2.0
            assert math.sqrt(2) / means.deviation(0.25) == pytest.approx(told[0].epsilon)


def test_a_choice_costs_its_part():
    asked = []

    class Asking:
        def choose(self, scores, *, sensitivity, epsilon):
            asked.append(epsilon / sensitivity)
            return 0

    Means(Asking(), 2.0, 0.08).chosen(np.zeros(3), 0.25)
    Means(Asking(), 2.0, None).chosen(np.zeros(3), 0.25)
    # epsilon**2 / 8 of rho; of epsilon its part.
    assert asked == pytest.approx([math.sqrt(8 * 0.02), 0.5], rel=1e-5)
    assert asked[0] < math.sqrt(8 * 0.02) and asked[1] < 0.5


def test_high_scores_are_chosen():
    with injected(np.random.default_rng(0)):
        means = Means.of(Budget(5.0), 2)
        assert isinstance(means.source, Noise) and means.named == "discrete Laplace noise"
        found = [means.chosen(np.array([0.0, 30.0, 3.0]), 0.5) for _ in range(20)]
    assert found == [1] * 20
