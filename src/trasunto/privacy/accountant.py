"""How much noise a budget asks for, and what a mechanism has spent.

Sequences of Gaussian measurements and choices are added up as zero-concentrated privacy (zCDP, Bun and Steinke 2016);
measurements of Gaussian noise alone exactly (Balle and Wang 2018); training with DP-SGD by privacy loss distributions
(Koskela et al. 2020) and Renyi privacy (Mironov 2017), both by `dp-accounting`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from trasunto.errors import BudgetError
from trasunto.privacy.budget import Budget
from trasunto.registry import missing

# Steps of halving an interval: more than a float64 has bits.
HALVINGS = 200
# Width of the grid of privacy losses; halving it moves epsilon by less than 0.001.
GRID = 1e-3
# Orders of Renyi privacy: whole ones, whose sums end.
ORDERS = (*range(2, 65), *range(72, 257, 8), 512, 1024)


def epsilon_of(rho: float, delta: float) -> float:
    """The least epsilon such that rho-zCDP implies (epsilon, delta) privacy.

    Canonne, Kamath and Steinke 2020 ("The discrete Gaussian for differential privacy", corollary 13). rho: 0 or more.
    delta: between 0 and 1, both excluded.
    """
    if not 0 < delta < 1:
        raise BudgetError(
            f"delta is {delta}; with Gaussian noise it must be above 0 and below 1.", "Give a small delta, as 1e-9."
        )
    if rho == 0:
        return 0.0

    def at(log_order: float) -> float:
        """epsilon by the Renyi order 1 + exp(log_order)."""
        less = math.exp(log_order)
        order = 1 + less
        return rho * order + (-math.log(delta) - math.log(order)) / less + math.log1p(-1 / order)

    # The bound holds for every order: the best one is near sqrt(log(1/delta) / rho).
    guess = math.log(math.sqrt(-math.log(delta) / rho))
    return max(_lowest(at, guess - 8, guess + 8), 0.0)


def rho_of(budget: Budget) -> float:
    """The largest rho such that rho-zCDP implies the budget's (epsilon, delta). BudgetError for a delta of 0."""
    if budget.delta == 0:
        raise BudgetError(
            "delta is 0, and Gaussian noise is never that private.",
            "Give a small delta, well below 1 / rows (1e-9 is usual).",
        )
    low, high = 0.0, budget.epsilon + 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if epsilon_of(middle, budget.delta) <= budget.epsilon:
            low = middle
        else:
            high = middle
    return low


def gaussian_sigma(budget: Budget, *, sensitivity: float = 1.0, times: int = 1) -> float:
    """Standard deviation of Gaussian noise for `times` measurements that spend the whole budget, exactly.

    sensitivity: most that a row moves one measurement (L2). Balle and Wang 2018 ("Improving the Gaussian mechanism",
    theorem 8); `times` measurements are one of sensitivity * sqrt(times). For whole-number noise of OpenDP the
    difference is below 1e-8 from a sigma of 1 on (Canonne, Kamath and Steinke 2020, theorem 7).
    """
    if budget.delta == 0:
        rho_of(budget)
    low, high = 0.0, 1.0
    while _delta(budget.epsilon, high) < budget.delta and high < 1e12:
        high *= 2
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if _delta(budget.epsilon, middle) <= budget.delta:
            low = middle
        else:
            high = middle
    return sensitivity * math.sqrt(times) / low


def gaussian_delta(epsilon: float, sigma: float, *, sensitivity: float = 1.0, times: int = 1) -> float:
    """The least delta of `times` Gaussian measurements at an epsilon."""
    return _delta(epsilon, sensitivity * math.sqrt(times) / sigma)


def dpsgd_noise(budget: Budget, *, rate: float, steps: int, beside: float | None = None) -> float:
    """Noise multiplier (standard deviation over clipping norm) with which `steps` steps spend the budget.

    rate: chance of a row to be in a batch (Poisson sampling), above 0 and at most 1. beside: noise multiplier of a
    Gaussian measurement of all rows that the same budget pays. BudgetError when that alone is more than it has.
    """
    if budget.delta == 0:
        rho_of(budget)
    _sampled(rate, steps)

    def spent(noise: float) -> float:
        return _exact(noise, rate, steps, budget.delta, beside)

    low, high = 0.1, 1.0
    while spent(high) > budget.epsilon:
        low, high = high, 2 * high
        if high > 1e6:
            raise BudgetError(
                f"No noise brings {steps} steps at rate {rate} down to epsilon {budget.epsilon}.", "Take fewer steps."
            )
    while high - low > 1e-3 * high:
        middle = math.sqrt(low * high)
        if spent(middle) > budget.epsilon:
            low = middle
        else:
            high = middle
    return high


def dpsgd_epsilon(
    noise: float, *, rate: float, steps: int, delta: float, beside: float | None = None
) -> tuple[float, float]:
    """epsilon after `steps` steps of DP-SGD, by (privacy loss distributions, Renyi privacy): both bounds hold.

    noise: the noise multiplier. beside: that of a Gaussian measurement made beside them. Neighbours differ by one row
    more or less.
    """
    from dp_accounting import rdp

    either = _accounting().NeighboringRelation.ADD_OR_REMOVE_ONE
    renyi = _composed(rdp.RdpAccountant(ORDERS, either), noise, rate, steps, beside)
    return _exact(noise, rate, steps, delta, beside), float(renyi.get_epsilon(delta))


def _exact(noise: float, rate: float, steps: int, delta: float, beside: float | None) -> float:
    """epsilon of DP-SGD by privacy loss distributions."""
    accounting = _accounting()
    from dp_accounting import pld

    made = pld.PLDAccountant(accounting.NeighboringRelation.ADD_OR_REMOVE_ONE, value_discretization_interval=GRID)
    return float(_composed(made, noise, rate, steps, beside).get_epsilon(delta))


def _composed(made: Any, noise: float, rate: float, steps: int, beside: float | None) -> Any:
    """An accountant of `dp_accounting` that has seen so many steps, and the measurement beside them."""
    accounting = _accounting()
    _sampled(rate, steps)
    made.compose(accounting.PoissonSampledDpEvent(rate, accounting.GaussianDpEvent(noise)), steps)
    if beside is not None:
        made.compose(accounting.GaussianDpEvent(beside))
    return made


def _sampled(rate: float, steps: int) -> None:
    if not 0 < rate <= 1 or steps < 1:
        raise BudgetError(f"DP-SGD of {steps} steps at rate {rate}: take 1 step or more, at a rate above 0, at most 1.")


def _delta(epsilon: float, ratio: float) -> float:
    """delta of a Gaussian measurement whose sensitivity is `ratio` standard deviations."""
    from scipy.special import log_ndtr

    above = float(log_ndtr(ratio / 2 - epsilon / ratio)) if ratio else -math.inf
    below = epsilon + float(log_ndtr(-ratio / 2 - epsilon / ratio)) if ratio else -math.inf
    return math.exp(above) - math.exp(below) if above > -745 else 0.0


def _lowest(value: Callable[[float], float], low: float, high: float) -> float:
    """The lowest value of a function with one valley (golden section)."""
    golden = (math.sqrt(5) - 1) / 2
    left, right = high - golden * (high - low), low + golden * (high - low)
    at_left, at_right = value(left), value(right)
    for _ in range(100):
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - golden * (high - low)
            at_left = value(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + golden * (high - low)
            at_right = value(right)
    return min(at_left, at_right)


def _accounting() -> Any:
    """The library `dp_accounting`, or MissingLibraryError."""
    try:
        import dp_accounting
    except ImportError as error:
        raise missing(error, "Accounting for DP-SGD") from error
    return dp_accounting
