"""What values a column may have: declared as public, or bought with a part of the budget; never just read.

Category lists, bounds, missing values and the number of rows are themselves drawn from private rows when nobody has
declared them, and give away whoever is alone with a value (Ganev et al. 2025, "The importance of being discrete").
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, ForeignKey, Schema, TableSchema
from trasunto.data.written import moments
from trasunto.errors import BudgetError, near
from trasunto.privacy.accountant import rho_of
from trasunto.privacy.budget import Budget, Spending
from trasunto.privacy.mechanisms import Noise

# Chance that noise alone moves a bought bound out to where no value is.
FALSE = 0.01
# Powers of two between which bounds are looked for, and equal bins in which they are drawn in.
POWERS, DRAWN_IN = range(-20, 62), 32
# Bounds of dates are looked for as seconds from here.
EPOCH = 946_684_800
MICRO = 1_000_000


@dataclass(frozen=True)
class Domain:
    """What values a column may have.

    values: of a category or boolean column, in order. low, high: of numbers (datetimes: microseconds), both included.
    null: whether a value may be missing. shares: (values,) about how frequent each is, where that was bought.
    """

    null: bool
    values: tuple[Any, ...] = ()
    low: float = 0.0
    high: float = 0.0
    shares: tuple[float, ...] = ()


def declared_domain(column: Column) -> Domain | None:
    """The domain of a column as declared; None when something of it was not.

    The two values of a boolean are known without being declared. Raises BudgetError for bounds that are none.
    """
    if column.kind == "boolean":
        return Domain(column.nullable if column.declared else True, (False, True))
    if not column.declared:
        return None
    if column.kind == "category":
        # A list that is empty says that every value is missing.
        return (
            None if column.categories is None else Domain(column.nullable or not column.categories, column.categories)
        )
    if column.bounds is None:
        return None
    low, high = (_as_number(bound, column) for bound in column.bounds)
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise BudgetError(
            f"Column {column.name!r} has the bounds {column.bounds}.", "Give the lowest, then the highest."
        )
    return Domain(column.nullable, low=low, high=high)


def declared_from(public: Schema | Dataset) -> Schema:
    """A schema whose columns are declared, to fit private rows under.

    public: a schema written from a codebook (columns with categories or bounds become declared), or a dataset that is
    public itself, or made up: its categories, bounds, gaps, and how many rows name the same row, are then taken as
    public. Never give private rows.
    """
    if isinstance(public, Schema):
        tables = {
            name: replace(table, columns=tuple(_trusted(column) for column in table.columns))
            for name, table in public.tables.items()
        }
        return Schema(tables)
    return Schema({name: _schema_of(table) for name, table in public.tables.items()})


def public_schema(schema: TableSchema) -> TableSchema:
    """A schema without anything that was read from rows but names, kinds, roles and how values are written."""
    columns = tuple(
        replace(column, reason="")
        if column.declared
        else replace(column, reason="", nullable=True, bounds=None, categories=None)
        for column in schema.columns
    )
    rules = tuple(replace(each, support=None, reason="") for each in schema.constraints if each.confirmed)
    return replace(schema, columns=columns, constraints=rules)


def of_persons(table: Table, budget: Budget, noise: Noise) -> Table:
    """At most `contributions` rows of each person, chosen at random; rows without a person are left out.

    The person column becomes an identifier. BudgetError when it is not there, or holds what cannot name anyone.
    """
    name = budget.person
    if name is None:
        return table
    if name not in table.schema:
        raise BudgetError(f"The person column {name!r} is not there.", near(name, table.schema.names))
    column = table.schema[name]
    if column.kind not in ("id", "category", "integer"):
        raise BudgetError(f"Column {name!r} is of kind {column.kind}; it cannot say whose row it is.")
    order = pl.Series("__order", noise.ranks(len(table)))
    place = pl.DataFrame([table.rows[name], order]).select(
        (pl.col("__order").rank("ordinal").over(name) <= budget.contributions) & pl.col(name).is_not_null()
    )
    kept = table.rows.filter(place.to_series())
    schema = table.schema.with_column(replace(column, kind="id", role="identifier", categories=None, bounds=None))
    return Table(schema, kept)


@dataclass(frozen=True)
class Purse:
    """Noise for a number of counts of which a row moves one by one, all paid from one budget.

    add: noise on counts. tail: (m) an upper bound on the chance that noise is m or more. epsilon or rho: what each of
    them costs. unseen: chance that a category of one row is published.
    """

    add: Callable[[np.ndarray], np.ndarray]
    tail: Callable[[int], float]
    mechanism: str
    unseen: float
    epsilon: float | None = None
    rho: float | None = None

    @staticmethod
    def of(budget: Budget, times: int, unseen: int, noise: Noise) -> Purse:
        """times: counts to pay. unseen: for how many of them the bins are not known beforehand.

        Laplace noise, or Gaussian where a delta is given and that asks for less. BudgetError for unknown bins and a
        delta of 0.
        """
        if unseen and budget.delta == 0:
            raise BudgetError(
                "Categories that were not declared cost some delta, and it is 0.",
                "Declare the categories in a schema file, or give a small delta (1e-9 is usual).",
            )
        failure = budget.delta / 2 / max(unseen, 1)
        epsilon = budget.epsilon / times
        laplace = Purse(
            lambda counts: noise.laplace(counts, 1 / epsilon),
            lambda m: math.exp(-epsilon * m) / (1 + math.exp(-epsilon)),
            "discrete Laplace noise",
            2 * failure,
            epsilon=epsilon,
        )
        if budget.delta == 0:
            return laplace
        rho = rho_of(replace(budget, delta=budget.delta / 2 if unseen else budget.delta)) / times
        sigma = math.sqrt(1 / (2 * rho))
        # Canonne, Kamath and Steinke 2020, proposition 25: no heavier than a normal tail a step nearer.
        gaussian = Purse(
            lambda counts: noise.gaussian(counts, sigma),
            lambda m: 0.5 * math.erfc((m - 1) / sigma / math.sqrt(2)),
            "discrete Gaussian noise",
            failure,
            rho=rho,
        )
        return min(laplace, gaussian, key=lambda each: each.least(1e-6))

    def least(self, chance: float) -> int:
        """The least number that noise alone reaches with at most this chance."""
        low, high = 1, 2
        while self.tail(high) > chance:
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.tail(middle) > chance else (low, middle)
        return high

    def spending(self, what: str, *, times: int = 1, unseen: bool = False, note: str = "") -> Spending:
        delta = self.unseen if unseen else 0.0
        each = {"epsilon": self.epsilon, "rho": self.rho}
        paid = {name: value * times for name, value in each.items() if value is not None}
        return Spending(what, self.mechanism, delta=delta, note=note, **paid)

    def categories(self, values: pl.Series) -> Domain:
        """The frequent categories: counts with noise above a threshold that a category of one row hardly reaches.

        Korolova et al. 2009, "Releasing search queries and clicks privately"; Vadhan 2017, section 3.3.
        """
        counts = values.alias("value").value_counts()
        noisy = self.add(counts["count"].to_numpy().astype(np.int64))
        least = 1 + self.least(self.unseen)
        kept = {value: int(count) for value, count in zip(counts["value"], noisy, strict=True) if count >= least}
        spelt = sorted(value for value in kept if value is not None)
        whole = sum(kept[value] for value in spelt)
        return Domain(None in kept or not spelt, tuple(spelt), shares=tuple(kept[value] / whole for value in spelt))

    def bounds(self, numbers: np.ndarray, missing: int) -> Domain:
        """Bounds within which most numbers lie: two counts.

        numbers: (n,) finite. missing: how many are not there. First powers of two by noisy counts (Wilson et al.
        2020, "Differentially private SQL with bounded user contribution"), then 32 equal bins between
        them, of which empty ends are cut off.
        """
        powers = 2.0 ** np.asarray(POWERS)
        edges = np.concatenate([-powers[::-1], [0.0], powers])
        counts = np.append(_counted(numbers, edges), missing)
        noisy = self.add(counts)
        null = bool(noisy[-1] >= self.least(FALSE))
        low, high = self._ends(noisy[:-1], edges)
        edges = np.linspace(low, high, DRAWN_IN + 1)
        low, high = self._ends(self.add(_counted(numbers, edges)), edges)
        return Domain(null, low=low, high=high)

    def _ends(self, noisy: np.ndarray, edges: np.ndarray) -> tuple[float, float]:
        """Edges around the bins that are not empty; around the fullest when all look empty."""
        least = self.least(FALSE / len(noisy))
        full = np.flatnonzero(noisy >= least)
        if not full.size:
            full = np.array([int(np.argmax(noisy))])
        return float(edges[full[0]]), float(edges[full[-1] + 1])


def bought(
    columns: Sequence[Column], rows: pl.DataFrame, budget: Budget, noise: Noise, *, count: bool
) -> tuple[dict[str, Domain], int | None, tuple[Spending, ...]]:
    """(domains of these columns, number of rows when `count`, what each cost), paid from all of the budget."""
    worded = [column for column in columns if column.kind == "category"]
    numbers = [column for column in columns if column.kind != "category"]
    times = len(worded) + 2 * len(numbers) + count
    purse = Purse.of(budget, times, len(worded), noise)
    domains, spending = {}, []
    for column in worded:
        domains[column.name] = purse.categories(rows[column.name])
        spending.append(purse.spending(f"categories of {column.name}", unseen=True, note="those above a threshold"))
    for column in numbers:
        domains[column.name] = bounds_of(purse, column, rows[column.name])
        spending.append(purse.spending(f"bounds of {column.name}", times=2))
    found = None
    if count:
        found = max(int(purse.add(np.array([len(rows)], dtype=np.int64))[0]), 1)
        spending.append(purse.spending("number of rows"))
    return domains, found, tuple(spending)


def bounds_of(purse: Purse, column: Column, values: pl.Series) -> Domain:
    """The domain of a column of numbers or dates, bought for two counts."""
    present = values.drop_nulls()
    missing = len(values) - len(present)
    if column.kind == "datetime":
        found = purse.bounds(present.cast(pl.Int64).to_numpy() / MICRO - EPOCH, missing)
        low, high = (float(np.clip((bound + EPOCH) * MICRO, *_CALENDAR)) for bound in (found.low, found.high))
        return replace(found, low=low, high=high)
    found = purse.bounds(present.cast(pl.Float64).to_numpy(), missing)
    if column.kind == "integer":
        return replace(found, low=float(math.floor(found.low)), high=float(math.ceil(found.high)))
    return found


# The first and last day that a calendar has, in microseconds.
_CALENDAR = (-62_135_596_800.0 * MICRO, 253_402_214_400.0 * MICRO)


def _counted(numbers: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """How many numbers each bin holds, those outside in the outermost ones."""
    place = np.clip(np.searchsorted(edges, numbers, side="right") - 1, 0, len(edges) - 2)
    return np.bincount(place, minlength=len(edges) - 1).astype(np.int64)


def _as_number(bound: Any, column: Column) -> float:
    try:
        if column.kind != "datetime":
            return float(bound)
        return float(moments([str(bound)]).cast(pl.Int64)[0])
    except (ValueError, TypeError, pl.exceptions.PolarsError):
        raise BudgetError(
            f"Column {column.name!r} has the bound {bound!r}, which is no {column.kind}.",
            "Write a number, or a date as 2024-12-31.",
        ) from None


def _trusted(column: Column) -> Column:
    whole = column.kind in ("boolean", "id", "text") or column.categories is not None or column.bounds is not None
    return replace(column, declared=column.declared or whole)


def _schema_of(table: Table) -> TableSchema:
    columns = []
    for column in table.schema.columns:
        values = table.rows[column.name].drop_nulls()
        found = replace(column, nullable=len(values) < len(table), declared=True, reason="")
        if column.kind == "category":
            found = replace(found, categories=tuple(values.unique().sort().to_list()))
        elif column.kind in ("integer", "number", "datetime") and len(values):
            low, high = _told(values.min()), _told(values.max())
            found = replace(found, bounds=(low, high))
        columns.append(found)
    keys = tuple(replace(key, most=_most(table, key)) for key in table.schema.foreign_keys)
    return replace(table.schema, columns=tuple(columns), foreign_keys=keys)


def _most(table: Table, key: ForeignKey) -> int | None:
    """How many rows at most name the same one by a key; None where none does."""
    named = table.rows.select(key.columns).drop_nulls()
    return int(named.group_by(key.columns).len()["len"].max()) if len(named) else None  # type: ignore[arg-type]


def _told(value: Any) -> Any:
    """A bound as a schema holds it: a number, or a datetime as ISO text."""
    return value.isoformat() if hasattr(value, "isoformat") else value
