"""What rows of families may hold: declared, or bought with a part of the budget from one row of each family.

One row of a family, chosen at random, moves a count by one at most, however many rows the family has: so much more is
seen above the noise than if all were counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from trasunto.data.constraints import rules_of
from trasunto.data.dataset import Dataset, Table
from trasunto.data.relations import Link
from trasunto.data.schema import Column, TableSchema
from trasunto.errors import BudgetError, FitError
from trasunto.privacy.budget import Budget, Spending, small_enough
from trasunto.privacy.domain import Domain, Purse, bounds_of, declared_domain
from trasunto.privacy.mechanisms import Noise
from trasunto.synthesizers.private_plan import Families
from trasunto.synthesizers.private_units import Held, drawn_of


@dataclass
class Till:
    """Where domains are bought. purse: None where all was declared. spending: what each cost. lost: columns of which no
    value came out above the noise."""

    budget: Budget
    purse: Purse | None
    noise: Noise
    spending: list[Spending] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def known(self, label: str, column: Column, values: pl.Series, family: np.ndarray) -> Column:
        """The column with all that it may hold declared. family: (rows,) of each value."""
        if declared_domain(column) is not None:
            return declared(column, declared_domain(column))
        assert self.purse is not None
        some = values[one_of_each(family, self.noise)]
        if column.kind == "category":
            found = self.purse.categories(some)
            told = self.purse.spending(f"categories of {label}", unseen=True, note="those above a threshold")
            if not found.values:
                self.lost.append(label)
        else:
            found = bounds_of(self.purse, column, some)
            told = self.purse.spending(f"bounds of {label}", times=2)
        self.spending.append(told)
        return declared(column, found)

    def most(self, label: str, counts: np.ndarray, family: np.ndarray) -> int:
        """About the most rows that hang from one row. counts: (rows,) of each, and family of whom."""
        assert self.purse is not None
        some = counts[one_of_each(family, self.noise)]
        found = self.purse.bounds(some.astype(np.float64), 0)
        self.spending.append(self.purse.spending(f"most {label}", times=2))
        return max(int(np.ceil(found.high)), 1)

    def rows(self, label: str, count: int) -> int:
        """About so many rows."""
        assert self.purse is not None
        self.spending.append(self.purse.spending(f"number of {label}"))
        return max(int(self.purse.add(np.array([count], dtype=np.int64))[0]), 1)

    def close(self) -> None:
        """BudgetError when too little was paid for some column."""
        if self.lost:
            raise BudgetError(
                f"{self.budget.domain_share:g} of epsilon {self.budget.epsilon:g} was too little to buy what "
                f"{', '.join(self.lost)} may hold: no value came out above the noise. What was spent is spent.",
                "Declare these columns in a schema file, or give a greater epsilon or a greater domain_share.",
            )


def opened(
    budget: Budget, columns: Mapping[str, Column], mosts: Sequence[str], rows: str, noise: Noise
) -> tuple[Till, Budget]:
    """(where domains are bought, what is left of the budget).

    columns: by label, what rows may hold. mosts: labels of numbers of rows that nobody has declared. rows: what units
    are called. BudgetError that names all that was not declared, when no share of the budget may buy it.
    """
    unknown = {label: column for label, column in columns.items() if declared_domain(column) is None}
    if not (unknown or mosts or budget.rows is None):
        return Till(budget, None, noise), budget
    if not budget.domain_share:
        lacking = [f"{n} ({'categories' if c.kind == 'category' else 'bounds'})" for n, c in unknown.items()]
        lacking += [f"the most {label}" for label in mosts]
        lacking += [f"the number of {rows}"] if budget.rows is None else []
        raise BudgetError(
            f"Not declared, so that reading it from the rows would itself give families away: {', '.join(lacking)}.",
            "Declare it in a schema file (`declared: true` with `categories` or `bounds`; `most` of a foreign key, or "
            "contributions for all of them; `rows` in the budget), or set domain_share, as 0.1, to buy it with a part "
            "of the budget.",
        )
    worded = sum(column.kind == "category" for column in unknown.values())
    times = worded + 2 * (len(unknown) - worded) + 2 * len(mosts) + (budget.rows is None)
    share, rest = budget.split(budget.domain_share, 1 - budget.domain_share)
    return Till(budget, Purse.of(share, times, worded, noise), noise), rest


def held_by(
    real: Dataset, families: Families, budget: Budget, noise: Noise
) -> tuple[Held, int, Budget, tuple[Spending, ...]]:
    """(the rows of all units, about how many families there are, what is left of the budget, what was spent).

    Every own column is declared then: by a person, or by what was bought. Raises BudgetError before any noise for what
    was neither declared nor may be bought, and FitError for free text.
    """
    most = {
        link: link.key.most or (budget.contributions if budget.contributions > 1 else None)
        for unit in families.plan.units
        for _, link in families.below(unit)
    }
    columns = {
        f"{name}.{column}": real.schema.tables[name][column]
        for unit in families.plan.units
        for name in unit.tables
        for column in drawn_of(real.schema, name)
    }
    _require(real, families, columns)
    unknown = [_hanging(link) for link, number in most.items() if number is None]
    till, rest = opened(budget, columns, unknown, f"rows of {families.root}", noise)
    if budget.rows is not None:
        small_enough(budget.delta, budget.rows)
    held = Held(real, families)
    for unit in families.plan.units:
        held.rows(unit, most[unit.generating] if unit.generating else None)
        family = held.family[unit.name]
        for _, link in families.below(unit):
            if most[link] is None:
                most[link] = till.most(_hanging(link), held.counts(unit, link), family)
        held.fill(unit, {link: number for link, number in most.items() if number is not None})
        own = held.own[unit.name]
        known = [
            till.known(_label(unit.name, column.name), column, own.rows[column.name], family)
            for column in own.schema.columns
        ]
        held.own[unit.name] = Table(TableSchema(tuple(known)), own.rows)
    count = budget.rows or till.rows(f"rows of {families.root}", len(real.tables[families.root]))
    till.close()
    small_enough(budget.delta, count)
    return held, count, rest, tuple(till.spending)


def declared(column: Column, domain: Domain | None) -> Column:
    """A column that says what it may hold, by a domain that is public or was bought."""
    assert domain is not None
    plain = replace(column, nullable=domain.null, declared=True, reason="")
    if column.kind == "category":
        return replace(plain, categories=tuple(domain.values))
    if column.kind == "boolean":
        return plain
    if column.kind == "datetime":
        ends = pl.Series([int(domain.low), int(domain.high)]).cast(pl.Datetime("us"))
        return replace(plain, bounds=(ends[0].isoformat(), ends[1].isoformat()))
    return replace(plain, bounds=(domain.low, domain.high))


def one_of_each(family: np.ndarray, noise: Noise) -> np.ndarray:
    """(families,) a position for each family that has any, chosen at random among its rows."""
    order = np.argsort(noise.ranks(len(family)), kind="stable")
    _, first = np.unique(family[order], return_index=True)
    chosen: np.ndarray = order[first]
    return chosen


def _require(real: Dataset, families: Families, columns: Mapping[str, Column]) -> None:
    """FitError for free text, BudgetError for columns and rules that no budget covers."""
    require_columns(columns)
    for name in (name for unit in families.plan.units for name in unit.tables):
        joined = [rule for rule in rules_of(real.schema.tables[name]) if rule.family == "combination"]
        if joined:
            raise BudgetError(
                f"The rule {joined[0].text!r} of table {name!r} is about which values go together, which no budget of "
                "related tables buys.",
                "Make one column of them, or leave the rule out.",
            )


def require_columns(columns: Mapping[str, Column]) -> None:
    """FitError for free text, BudgetError for columns of JSON objects. columns: by label."""
    for label, column in columns.items():
        if column.kind == "text":
            raise FitError(
                f"No budget of related tables or of events covers free text, and column {label!r} holds it.",
                "Drop the column, or declare it a category when its texts repeat.",
            )
        if column.format.nested:
            raise BudgetError(f"Column {label!r} holds JSON objects, whose fields cannot be declared.", "Drop it.")


def _hanging(link: Link) -> str:
    return f"rows of {link.child} for one row of {link.parent}"


def _label(unit: str, column: str) -> str:
    return column if "." in column else f"{unit}.{column}"
