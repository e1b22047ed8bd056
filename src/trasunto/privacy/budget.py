"""A privacy budget that is granted, and the guarantee that a model carries once it is spent."""

from __future__ import annotations

import math
from dataclasses import dataclass

from trasunto.errors import BudgetError


@dataclass(frozen=True)
class Budget:
    """(epsilon, delta) of differential privacy (Dwork and Roth 2014, definition 2.4), granted once."""

    epsilon: float
    delta: float = 0.0

    def __post_init__(self) -> None:
        if not (self.epsilon > 0 and math.isfinite(self.epsilon)):
            raise BudgetError(f"epsilon is {self.epsilon}; it must be a finite number above 0.")
        if not 0 <= self.delta < 1:
            raise BudgetError(f"delta is {self.delta}; it must be at least 0 and below 1.")

    def split(self, *weights: float) -> tuple[Budget, ...]:
        """Parts in proportion to the weights; spent one after the other they add up to the whole."""
        if not weights or min(weights) <= 0:
            raise BudgetError(f"Cannot split a budget by {weights}.", "Give one or more weights above 0.")
        whole = sum(weights)
        return tuple(Budget(self.epsilon * w / whole, self.delta * w / whole) for w in weights)


@dataclass(frozen=True)
class Guarantee:
    """What a fitted model promises: the budget spent, for whom (row or person), by which mechanism."""

    spent: Budget
    unit: str
    mechanism: str


def refuse(budget: Budget | None, name: str) -> None:
    """What a synthesizer without a private version does with a budget: BudgetError, never silence."""
    if budget is not None:
        raise BudgetError(
            f"Synthesizer {name!r} has no differentially private version, but epsilon {budget.epsilon} was asked.",
            "Leave the budget out, or pick a synthesizer that gives a guarantee.",
        )
