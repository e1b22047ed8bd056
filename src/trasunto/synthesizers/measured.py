"""What a network that is trained privately is told before its first step: noisy counts of the values of each column.

From them come the digits and modes of wide columns, and the shares that an untrained network draws by, so that
gradients need only teach what ties columns together. Counts and training are accounted as one: noise multipliers of
Gaussian measurements add up as 1 / z², by privacy loss distributions.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from trasunto.data.dataset import Dataset
from trasunto.encoders.vectors import Vectors
from trasunto.errors import BudgetError, FitError
from trasunto.networks.course import Curves, Loop
from trasunto.networks.private import ASSUMED, Descent, descent, once, spending, train_private
from trasunto.privacy.accountant import gaussian_sigma
from trasunto.privacy.budget import Budget, Guarantee, Spending, guaranteed
from trasunto.privacy.mechanisms import noise
from trasunto.progress import Progress
from trasunto.synthesizers.coded import Prepared
from trasunto.synthesizers.private import prepare_private


@dataclass(frozen=True)
class Descended:
    """How a network is trained under a budget.

    rate: the chance of each row to be in a step. steps: how many. clip: largest norm of a row's gradient.
    learning_rate: of Adam. average: decay of the moving average of the weights.
    """

    rate: float
    steps: int
    clip: float
    learning_rate: float
    average: float = 0.95

    def __post_init__(self) -> None:
        if not 0 < self.rate <= 1:
            raise FitError(f"rate is {self.rate}; it is a chance, above 0 and up to 1.")
        if self.steps < 1:
            raise FitError(f"steps is {self.steps}; it must be at least 1.")
        for what, value in (("clip", self.clip), ("private_rate", self.learning_rate)):
            if not value > 0:
                raise FitError(f"{what} is {value}; it must be above 0.")

    def check(self, *shares: float) -> None:
        """FitError for shares of a budget that leave nothing."""
        if min(shares) <= 0 or sum(shares) >= 1:
            raise FitError(f"Shares of the budget are {shares}.", "Give some above 0, below 1 together.")


@dataclass(frozen=True)
class Measured:
    """What is known before the training.

    ready: rows as codes, none negative. rest: what counts and training may spend, of one row as unit. asked: the
    budget as it was given. counts: by column, (size,) noisy ones, 0 or more. multipliers: of the noise of what was
    measured, or is yet to be, beside the training, by what it is. spending, assumptions: of preparation.
    """

    ready: Prepared
    asked: Budget
    rest: Budget
    counts: dict[str, np.ndarray]
    multipliers: dict[str, float]
    spending: tuple[Spending, ...]
    assumptions: tuple[str, ...]

    @property
    def beside(self) -> float:
        """The noise multiplier of all measurements as one."""
        return together(list(self.multipliers.values()))

    @cached_property
    def key(self) -> str:
        """Differs where anything that was measured or bought does: a checkpoint of another start is none of this."""
        found = hashlib.sha256(repr((self.rest, self.multipliers)).encode())
        for name, each in self.counts.items():
            found.update(f"{name} {each.size}".encode() + each.tobytes())
        return found.hexdigest()[:16]

    def train(
        self,
        network: Any,
        sums_of: Callable[[np.ndarray, Descent], Any],
        settings: Descended,
        *,
        max_seconds: float | None,
        progress: Progress,
    ) -> tuple[Curves, Guarantee]:
        """Train a network (see `train_private`): how it went, and what is promised."""
        plan = self.plan(settings)
        loop = Loop(
            learning_rate=settings.learning_rate,
            average=settings.average,
            max_seconds=max_seconds or float("inf"),
            threads=1,
        )
        rows = len(next(iter(self.ready.coded.values())))
        curves = train_private(
            network, lambda batch: sums_of(batch, plan), rows, plan, loop, seed=int(self.key, 16), progress=progress
        )
        return curves, self.guarantee(plan, curves.steps)

    def by_mode(self, vectors: Vectors) -> np.ndarray:
        """(hot,) the counts of all modes of vectors, column after column."""
        return np.concatenate([np.bincount(each.of, self.counts[name]) for name, each in vectors.columns.items()])

    def plan(self, settings: Descended) -> Descent:
        """The descent that spends what measurements leave."""
        return descent(
            self.rest,
            rate=settings.rate,
            steps=settings.steps,
            clip=settings.clip,
            rows=self.ready.rows,
            beside=self.beside,
        )

    def guarantee(self, plan: Descent, steps: int) -> Guarantee:
        """What is promised after so many steps; fewer than planned cost less."""
        paid = spending(plan, self.rest.delta, steps, self.beside)
        assert paid.epsilon is not None
        left = max(self.rest.epsilon - paid.epsilon, 0.0) * self.asked.contributions if steps < plan.steps else 0.0
        counted = [
            Spending(what, "Gaussian mechanism", rho=0.5 / z**2, note=f"noise multiplier {z:.4g}")
            for what, z in self.multipliers.items()
        ]
        return guaranteed(
            replace(self.asked, epsilon=self.asked.epsilon - left),
            "DP-SGD: clipped gradients of single rows of Poisson samples, under Gaussian noise",
            (*self.spending, *counted, paid),
            (*self.assumptions, *ASSUMED),
        )

    def counts_alone(self) -> Guarantee:
        """What is promised where nothing is trained: one column is known by its counts."""
        counted = Spending(COUNTS, "Gaussian mechanism", rho=0.5 / self.multipliers[COUNTS] ** 2)
        return guaranteed(self.asked, "Gaussian noise on counts", (*self.spending, counted), self.assumptions)


COUNTS = "counts of the values of each column"


def measured(real: Dataset, method: str, budget: Budget, *, bins: int, shares: dict[str, float]) -> Measured:
    """Rows as codes of a domain that is public or bought, and noisy counts of the values of each column.

    shares: of the budget, for what is measured beside the training, by what it is; one of them is COUNTS. Raises what
    `prepare_private` does, and BudgetError when the noise of a count would be larger than the number of rows.
    """
    ready, rest, spent, assumptions = prepare_private(real, method, budget, bins=bins)
    whole = gaussian_sigma(rest)
    multipliers = {what: whole / math.sqrt(share) for what, share in shares.items()}
    names, sizes = ready.codes.names, ready.sizes
    sigma = multipliers[COUNTS] * math.sqrt(max(len(names), 1))
    if sigma > ready.rows:
        raise BudgetError(
            f"With epsilon {budget.epsilon} the noise of a count (standard deviation {sigma:,.0f}) is larger than the "
            f"number of rows ({ready.rows:,}): nothing would be learnt.",
            "Give more rows, fewer columns, or a larger epsilon.",
        )

    def counted() -> dict[str, np.ndarray]:
        return {f"{at}": noise().gaussian(_counts(ready, name), sigma) for at, name in enumerate(names)}

    # What was bought is bought anew by a fit that is taken up again: counts of that would be those of another domain.
    found = counted() if spent else once(f"{method} {rest} {sigma} {sizes}", counted)
    counts = {name: np.maximum(found[f"{at}"], 0).astype(np.float64) for at, name in enumerate(names)}
    return Measured(ready, budget, rest, counts, multipliers, spent, assumptions)


def together(multipliers: Sequence[float]) -> float:
    """The noise multiplier of one Gaussian measurement that costs what several do."""
    return 1 / math.sqrt(sum(1 / z**2 for z in multipliers))


def told(curves: Curves) -> dict[str, Any]:
    """What a private training tells of itself: no loss, which would be one of private rows."""
    found = curves.to_dict()
    return {**found, "curves": {name: values for name, values in found["curves"].items() if values}}


def _counts(ready: Prepared, name: str) -> np.ndarray:
    return np.bincount(ready.coded[name], minlength=ready.sizes[name]).astype(np.int64)


__all__ = ["COUNTS", "Descended", "Measured", "measured", "together", "told"]
