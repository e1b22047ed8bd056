"""What epsilon means: how often anybody can be right about one person, whatever they know.

A mechanism is (epsilon, delta)-differentially private exactly when every test of "was this person in the data?"
keeps within these bounds (Kairouz, Oh and Viswanath 2015, "The composition theorem for differential privacy",
theorem 2.1). They are limits: a real attack may do far worse.
"""

from __future__ import annotations

import math


def most_found(epsilon: float, delta: float, false_alarms: float) -> float:
    """The largest share of those in the data who are found, at this share of false alarms. All within [0, 1]."""
    grown = math.exp(min(epsilon, 700.0)) * false_alarms + delta
    kept = 1.0 - math.exp(-epsilon) * (1.0 - delta - false_alarms)
    return max(0.0, min(1.0, grown, kept))


def most_right(epsilon: float, delta: float) -> float:
    """The largest share of right answers when half of those asked about were in the data: 0.5 is guessing."""
    return (1.0 + (math.tanh(epsilon / 2.0) + delta * (1.0 - math.tanh(epsilon / 2.0)))) / 2.0
