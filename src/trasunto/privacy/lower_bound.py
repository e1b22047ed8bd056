"""What a guarantee was seen to break: a lower bound on epsilon from right guesses about canaries, after one fit.

Canaries are records planted each by the toss of a fair coin. Whoever sees the result guesses of some of them whether
they were in. Under (epsilon, delta) nobody guesses much better than a coin of bias e^epsilon / (1 + e^epsilon) for
each; more right guesses than that coin would give refute the claim (Steinke, Nasr and Jagielski 2023, "Privacy
Auditing with One (1) Training Run", theorem 5.2).
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit
from scipy.stats import binom

from trasunto.errors import BudgetError

CONFIDENCE = 0.95
# No number of canaries that anybody plants proves more.
MOST = 64.0
HALVINGS = 50


def p_value(right: int, guesses: int, epsilon: float, *, delta: float = 0.0, canaries: int | None = None) -> float:
    """The largest chance that a mechanism of (epsilon, delta) lets so many guesses be right, within [0, 1].

    right of `guesses` guesses were right; canaries: how many were planted by a coin (the guesses when None). How many
    are guessed must not depend on which coins fell how. Raises BudgetError for counts that cannot be.
    """
    planted = guesses if canaries is None else canaries
    if not 0 <= right <= guesses <= planted:
        raise BudgetError(
            f"{right} right of {guesses} guesses about {planted} canaries cannot be.",
            "Right guesses are at most the guesses, and these at most the canaries.",
        )
    coin = float(expit(epsilon))
    found = float(binom.sf(right - 1, guesses, coin))
    if delta > 0 and right > 0:
        steps = np.arange(1, right + 1)
        below = np.cumsum(binom.pmf(right - steps, guesses, coin))
        found += 2.0 * planted * delta * float((below / steps).max())
    return min(1.0, found)


def lower_bound(
    right: int,
    guesses: int,
    *,
    delta: float = 0.0,
    canaries: int | None = None,
    confidence: float = CONFIDENCE,
) -> float:
    """The largest epsilon that so many right guesses refute: 0 when they refute none.

    With a chance of `confidence` or more the bound lies at or below every epsilon that, with this delta, the
    mechanism truly keeps. Arguments as in `p_value`; BudgetError for counts that cannot be, or for a confidence
    outside (0, 1).
    """
    if not 0 < confidence < 1:
        raise BudgetError(f"The confidence is {confidence}; it must be within 0 and 1.", "0.95 is usual.")
    allowed = 1.0 - confidence
    low, high = 0.0, MOST
    if p_value(right, guesses, low, delta=delta, canaries=canaries) >= allowed:
        return 0.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        refuted = p_value(right, guesses, middle, delta=delta, canaries=canaries) < allowed
        low, high = (middle, high) if refuted else (low, middle)
    return low


def ceiling(guesses: int, *, delta: float = 0.0, canaries: int | None = None, confidence: float = CONFIDENCE) -> float:
    """The bound when every guess is right: a claim above it cannot be refuted by so many guesses."""
    return lower_bound(guesses, guesses, delta=delta, canaries=canaries, confidence=confidence)
