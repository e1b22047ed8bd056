"""Accounting against what another library and the definition say."""

import math

import numpy as np
import pytest
from dp_accounting import get_sigma_gaussian
from dp_accounting.pld import privacy_loss_distribution as pld

from trasunto.errors import BudgetError
from trasunto.privacy.accountant import (
    dpsgd_epsilon,
    dpsgd_noise,
    epsilon_of,
    gaussian_delta,
    gaussian_sigma,
    rho_of,
)
from trasunto.privacy.budget import Budget

CASES = [(0.1, 1e-9), (1.0, 1e-9), (1.0, 1e-5), (10.0, 1e-6)]


@pytest.mark.parametrize(("epsilon", "delta"), CASES)
def test_sigma_is_that_of_another_library(epsilon, delta):
    budget = Budget(epsilon, delta)
    assert gaussian_sigma(budget) == pytest.approx(get_sigma_gaussian(epsilon, delta), rel=1e-6)
    assert gaussian_sigma(budget, sensitivity=3.0, times=4) == pytest.approx(6 * gaussian_sigma(budget))
    assert gaussian_delta(epsilon, gaussian_sigma(budget)) == pytest.approx(delta, rel=1e-6)


@pytest.mark.parametrize(("epsilon", "delta"), CASES)
def test_rho_implies_the_budget_and_no_more(epsilon, delta):
    rho = rho_of(Budget(epsilon, delta))
    assert epsilon_of(rho, delta) <= epsilon < epsilon_of(rho * 1.001, delta)
    # Gaussian noise of that rho is within the budget by the exact account, and zCDP loses little of it.
    exact = gaussian_sigma(Budget(epsilon, delta))
    assert exact <= math.sqrt(1 / (2 * rho)) < 1.12 * exact


def test_epsilon_of_rho_is_the_lowest_over_all_orders():
    orders = 1 + np.exp(np.linspace(-6, 12, 400_000))
    every = 0.05 * orders + np.log(1 / (1e-6 * orders)) / (orders - 1) + np.log1p(-1 / orders)
    assert epsilon_of(0.05, 1e-6) == pytest.approx(every.min(), rel=1e-6)
    assert epsilon_of(0.0, 1e-6) == 0


def test_a_choice_and_a_gaussian_count_compose_as_is_said():
    # The exponential mechanism as randomised response of the same epsilon: its worst case of two outcomes.
    epsilon, sigma, delta = 0.3, 8.0, 1e-6
    rho = epsilon**2 / 8 + 1 / (2 * sigma**2)
    # Bounded range: losses differ by at most epsilon, half each way, as randomised response of epsilon / 2 has them.
    choice = pld.from_randomized_response(2 / (math.exp(epsilon / 2) + 1), 2)
    count = pld.from_gaussian_mechanism(sigma)
    assert choice.compose(count).get_epsilon_for_delta(delta) <= epsilon_of(rho, delta)


def test_noise_of_training_spends_the_budget():
    budget = Budget(1.0, 1e-5)
    noise = dpsgd_noise(budget, rate=0.01, steps=300)
    by_losses, by_renyi = dpsgd_epsilon(noise, rate=0.01, steps=300, delta=1e-5)
    assert 0.97 < by_losses <= 1.0 <= by_renyi < 1.5
    # Figures measured with the library by itself: 50,000 rows, batches of 500, 10 epochs.
    assert dpsgd_epsilon(1.0, rate=0.01, steps=1000, delta=1e-5) == pytest.approx((1.83, 2.10), abs=0.01)


def test_a_measurement_beside_a_training_is_paid_from_the_same_budget():
    budget = Budget(1.0, 1e-6)
    whole = gaussian_sigma(budget)
    alone = dpsgd_noise(budget, rate=0.05, steps=100)
    shared = dpsgd_noise(budget, rate=0.05, steps=100, beside=whole / 0.1**0.5)
    # A tenth of what is spent, as squares of 1 / sigma add up: noise grows by about 1 / sqrt(0.9).
    assert 1.02 < shared / alone < 1.08
    assert dpsgd_epsilon(shared, rate=0.05, steps=100, delta=1e-6, beside=whole / 0.1**0.5)[0] <= 1.0
    with pytest.raises(BudgetError, match="No noise brings"):
        dpsgd_noise(budget, rate=0.05, steps=100, beside=whole / 2)


@pytest.mark.parametrize("ask", [rho_of, gaussian_sigma, lambda b: dpsgd_noise(b, rate=0.1, steps=3)])
def test_gaussian_noise_needs_a_delta(ask):
    with pytest.raises(BudgetError, match="delta is 0, and Gaussian noise is never that private"):
        ask(Budget(1.0))


def test_a_rate_that_cannot_be():
    with pytest.raises(BudgetError, match=r"rate 1\.5"):
        dpsgd_epsilon(1.0, rate=1.5, steps=10, delta=1e-5)
