"""A privacy budget that is granted, how it was spent, and the guarantee that a model carries then."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from trasunto.errors import BudgetError, near

# A delta below this is nothing that an accountant still tells from 0.
LEAST_DELTA = 1e-280


@dataclass(frozen=True)
class Budget:
    """(epsilon, delta) of differential privacy (Dwork and Roth 2014, definition 2.4), granted once.

    person: the column that says whose row it is; the unit of the claim is then a person, else a row. contributions:
    most rows of one person that are learnt from (others are left out at random). domain_share: the share, from 0 to
    below 1, that buys what was not declared (categories, bounds, number of rows); with 0 what was not declared is
    refused. rows: the number of rows, where it is public. family: whether `person` names a table instead: the unit of
    the claim is then one of its rows with all that hangs from it, contributions how many rows hang from one at most
    where their keys do not say, and rows how many there are of it. Raises BudgetError for what cannot be.
    """

    epsilon: float
    delta: float = 0.0
    person: str | None = None
    contributions: int = 1
    domain_share: float = 0.0
    rows: int | None = None
    family: bool = False

    def __post_init__(self) -> None:
        if not (self.epsilon > 0 and math.isfinite(self.epsilon)):
            raise BudgetError(f"epsilon is {self.epsilon}; it must be a finite number above 0.")
        if not 0 <= self.delta < 1:
            raise BudgetError(f"delta is {self.delta}; it must be at least 0 and below 1.")
        if self.contributions < 1 or self.contributions != int(self.contributions):
            raise BudgetError(f"contributions is {self.contributions}; it must be a whole number of 1 or more.")
        if self.contributions > 1 and self.person is None:
            raise BudgetError(
                f"contributions is {self.contributions}, but no column says whose row it is.",
                "Name that column as `person`.",
            )
        if not 0 <= self.domain_share < 1:
            raise BudgetError(f"domain_share is {self.domain_share}; it must be at least 0 and below 1.")
        if self.rows is not None:
            if self.rows < 1 or self.rows != int(self.rows):
                raise BudgetError(f"rows is {self.rows}; it must be a whole number of 1 or more.")
            small_enough(self.delta, self.rows)

    @property
    def unit(self) -> str:
        """Who is protected: "row", "person (column)" or "family (table)"."""
        return "row" if self.person is None else f"{'family' if self.family else 'person'} ({self.person})"

    @property
    def neighbours(self) -> str:
        """Which tables the claim makes hard to tell apart."""
        if self.person is None:
            return "add or remove one row"
        if self.family:
            return f"add or remove one row of {self.person} with all rows that hang from it"
        most = f"at most {self.contributions}" if self.contributions > 1 else "one"
        return f"add or remove all rows of one person ({most} of them learnt from)"

    def split(self, *weights: float) -> tuple[Budget, ...]:
        """Parts in proportion to the weights; spent one after the other they add up to the whole."""
        if not weights or min(weights) <= 0:
            raise BudgetError(f"Cannot split a budget by {weights}.", "Give one or more weights above 0.")
        whole = sum(weights)
        return tuple(replace(self, epsilon=self.epsilon * w / whole, delta=self.delta * w / whole) for w in weights)

    def one_row(self) -> Budget:
        """What may be spent with one row as the unit, so that `contributions` rows together are within this budget.

        Group privacy: a mechanism of (e, d) for a row is (k e, d (exp(k e) - 1) / (exp(e) - 1)) for k rows (Vadhan
        2017, "The complexity of differential privacy", lemma 2.2). BudgetError when no delta above 1e-280 is left.
        """
        k = self.contributions
        if k == 1:
            return replace(self, person=None)
        epsilon = self.epsilon / k
        # expm1(epsilon) / expm1(k epsilon), without passing the largest float.
        shrink = math.exp(epsilon - self.epsilon) * math.expm1(-epsilon) / math.expm1(-self.epsilon)
        delta = self.delta * shrink
        if self.delta and delta < LEAST_DELTA:
            raise BudgetError(
                f"With {k} rows of a person and epsilon {self.epsilon}, delta {self.delta} leaves nothing for one row.",
                "Learn from fewer rows of each person, or ask for a smaller epsilon.",
            )
        return replace(self, epsilon=epsilon, delta=delta, person=None, contributions=1)

    def to_dict(self) -> dict[str, Any]:
        """For JSON; fields that say nothing are left out."""
        plain = {"person": None, "contributions": 1, "domain_share": 0.0, "rows": None, "family": False}
        return {name: value for name, value in asdict(self).items() if name not in plain or value != plain[name]}

    @staticmethod
    def from_dict(document: Mapping[str, Any]) -> Budget:
        """Back from `to_dict`. BudgetError for a key that is not there."""
        known = [each.name for each in fields(Budget)]
        for key in document:
            if key not in known:
                raise BudgetError(f"A budget has no {key!r}.", near(key, known))
        return Budget(**document)


def small_enough(delta: float, rows: int) -> None:
    """BudgetError when delta is 1/rows or more: to publish a row drawn at random would then be private."""
    if delta * rows >= 1:
        raise BudgetError(
            f"delta is {delta}, and with {rows:,} rows it must be below {1 / rows:.2g}.",
            f"Choose {1 / (10 * rows):.1g} or less.",
        )


@dataclass(frozen=True)
class Spending:
    """One thing that a budget was spent on.

    what: what was learnt, in words. mechanism: how. epsilon and delta, or rho (zero-concentrated, Bun and Steinke
    2016), of one row as unit (of one family, where that is the unit); all None where nothing is spent. note: a
    sentence more.
    """

    what: str
    mechanism: str
    epsilon: float | None = None
    rho: float | None = None
    delta: float = 0.0
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value not in (None, "", 0.0)}


@dataclass(frozen=True)
class Guarantee:
    """What a fitted model promises.

    spent: the budget. unit: "row", "person (column)" or "family (table)". mechanism: how, in words. neighbours: which
    tables cannot be told apart. spending: how the budget was spent. assumptions: sentences on what is taken as public
    and what the claim leaves out.
    """

    spent: Budget
    unit: str
    mechanism: str
    neighbours: str = "add or remove one row"
    spending: tuple[Spending, ...] = ()
    assumptions: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {
            "spent": self.spent.to_dict(),
            "unit": self.unit,
            "mechanism": self.mechanism,
            "neighbours": self.neighbours,
            "spending": [each.to_dict() for each in self.spending],
            "assumptions": list(self.assumptions),
        }

    @staticmethod
    def from_dict(document: Mapping[str, Any]) -> Guarantee:
        """Back from `to_dict`. KeyError or TypeError for a document of another shape."""
        return Guarantee(
            Budget.from_dict(document["spent"]),
            document["unit"],
            document["mechanism"],
            document["neighbours"],
            tuple(Spending(**each) for each in document["spending"]),
            tuple(document["assumptions"]),
        )


def guaranteed(
    budget: Budget, mechanism: str, spending: tuple[Spending, ...] = (), assumptions: tuple[str, ...] = ()
) -> Guarantee:
    """The guarantee that a method gives once it has spent a budget."""
    return Guarantee(budget, budget.unit, mechanism, budget.neighbours, spending, assumptions)


def refuse(budget: Budget | None, name: str) -> None:
    """What a synthesizer without a private version does with a budget: BudgetError, never silence."""
    if budget is not None:
        raise BudgetError(
            f"Synthesizer {name!r} has no differentially private version, but epsilon {budget.epsilon} was asked.",
            "Leave it out, or pick one that gives a guarantee: marginals, bayes, autoregressive, vae, gan, auto.",
        )
