"""A budget being spent in parts: tables of counts with noise, and choices."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from trasunto.privacy.accountant import rho_of
from trasunto.privacy.budget import Budget, Spending
from trasunto.privacy.mechanisms import Noise, noise

# Scores are sums of floats: what rounding may add to a step of 1.
DUST = 1e-6


@dataclass(frozen=True)
class Means:
    """What is there to spend, in parts of it that add up to 1: zCDP with Gaussian noise, or Laplace noise."""

    source: Noise
    epsilon: float
    rho: float | None

    @staticmethod
    def of(budget: Budget, counts: int) -> Means:
        """counts: about how many tables will be counted; Laplace noise is taken where it is less, or delta is 0."""
        plain = Means(noise(), budget.epsilon, None)
        if budget.delta == 0:
            return plain
        other = replace(plain, rho=rho_of(budget))
        return min(plain, other, key=lambda each: each.deviation(1 / counts))

    def deviation(self, part: float) -> float:
        """Standard deviation of the noise on each cell of a table that gets this part."""
        if self.rho is not None:
            return math.sqrt(1 / (2 * self.rho * part))
        return math.sqrt(2) / (self.epsilon * part)

    def counted(self, counts: np.ndarray, part: float) -> np.ndarray:
        """A table of counts with noise: a row is in one cell of it."""
        noisy = self.source.gaussian if self.rho is not None else self.source.laplace
        scale = self.deviation(part) / (1.0 if self.rho is not None else math.sqrt(2))
        return noisy(counts.astype(np.int64), scale).astype(float)

    def chosen(self, scores: np.ndarray, part: float) -> int:
        """The place of a high score; a row moves each by at most 1."""
        epsilon = math.sqrt(8 * self.rho * part) if self.rho is not None else self.epsilon * part
        return self.source.choose(scores, sensitivity=1.0 + DUST, epsilon=epsilon)

    def spending(self, what: str, mechanism: str, part: float, note: str = "") -> Spending:
        if self.rho is not None:
            return Spending(what, mechanism, rho=self.rho * part, note=note)
        return Spending(what, mechanism, epsilon=self.epsilon * part, note=note)

    @property
    def named(self) -> str:
        return "discrete Gaussian noise" if self.rho is not None else "discrete Laplace noise"
