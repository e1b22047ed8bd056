"""Tables of families learnt under one budget: what is studied, how rows are weighed, and what each study may spend.

Neighbouring data differ by one family, which may have many rows of a table. So all rows that a family has in one study
weigh as one row together: each stands in it so many times that they come to a fixed number of copies, of which at most
that number belong to a family. What is rho-zCDP for one row is (copies)^2 rho for as many (Bun and Steinke 2016,
proposition 27), and is charged as that. How many rows a family has is told as a column, so that what is learnt of few
rows of many families holds for each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from trasunto.data.dataset import Table
from trasunto.encoders.codes import Steps
from trasunto.errors import BudgetError
from trasunto.privacy.accountant import rho_of
from trasunto.privacy.budget import Budget, Spending
from trasunto.privacy.mechanisms import Noise
from trasunto.progress import Progress
from trasunto.synthesizers.children import Children, ChildrenSettings
from trasunto.synthesizers.children_forms import Forms
from trasunto.synthesizers.children_wide import wide_tables
from trasunto.synthesizers.coded import CodedModel
from trasunto.synthesizers.marginals import Marginals
from trasunto.synthesizers.private import prepare_declared
from trasunto.synthesizers.private_forms import blank, told_of
from trasunto.synthesizers.relational_rows import spread

# Most copies that the rows of a family are weighed out to.
COPIES = 12
# What a column that is told weighs beside one that is drawn, when a budget is split.
TOLD = 0.5
# Columns of the rows above that are told at most, and values of a category that is.
ABOVE, VALUES = 8, 30

Key = tuple[str, str]


@dataclass(frozen=True)
class Study:
    """One table to learn.

    unit: whose rows. key: which of its row models; None for the only one. table: rows, weighed out. made: codes that
    differ from what is declared. copies: rows that belong to one family at most.
    """

    unit: str
    key: Key | None
    table: Table
    copies: int
    made: Mapping[str, Steps] = field(default_factory=dict)

    @property
    def weight(self) -> float:
        """Its part of the budget: by columns."""
        told = len(self.table.schema.of_role("context"))
        return len(self.table.schema.columns) - told + TOLD * told

    @property
    def label(self) -> str:
        """What it is called where a guarantee says how a budget was spent."""
        if self.key is None:
            return f"rows of {self.unit}"
        what = "times" if self.key[1] == "time" else "values"
        return f"{what} of {self.key[0]} rows of {self.unit}"


@dataclass(frozen=True)
class Hanging:
    """Rows that hang from owners. events: owner by owner and in order, every column declared. owner, family: (rows,).
    most: rows of one owner. owners: of one family, at most."""

    unit: str
    context: Table
    events: Table
    owner: np.ndarray
    family: np.ndarray
    most: int
    owners: int

    def studies(self, forms: Forms, noise: Noise) -> tuple[Study, ...]:
        """Of first rows and of later ones, times and values."""
        dummies = min(self.most, 2)
        context = spread(self.context, np.append(np.arange(len(self.context)), -1))
        frame = self.events.rows
        events = Table(self.events.schema, frame.vstack(blank(self.events.schema, frame, forms.order, dummies)))
        owner = np.append(self.owner, np.full(dummies, len(self.context)))
        family = np.append(self.family, np.full(dummies, -1))
        wide = wide_tables(context, events, owner, forms, 1, np.ones(len(owner), dtype=bool))
        place = np.arange(len(owner)) - owner.searchsorted(owner, side="left")
        # Round by round, as the wide tables stand.
        at = np.lexsort((owner, place))
        found = []
        for key, table in wide.items():
            first = key[0] == "first"
            whose = family[at[(place[at] == 0) == first]]
            learnt, made = told_of(table, forms, key[1], first=first, most=self.most)
            copies = min(self.owners * (1 if first else self.most - 1), COPIES)
            kept = np.flatnonzero(whose >= 0)
            chosen = kept[weighed(whose[kept], copies, noise)]
            found.append(Study(self.unit, key, learnt.take(chosen), copies, made))
        return tuple(found)


def told_above(context: Table) -> Table:
    """The columns of the rows above that are told: those of nearest rows first, none with too many values."""
    columns = [c for c in context.schema.columns if c.kind != "category" or len(c.categories or ()) <= VALUES]
    columns = columns[:ABOVE]
    schema = replace(context.schema, columns=tuple(columns))
    return Table(schema, context.rows.select(schema.names))


def weighed(family: np.ndarray, copies: int, noise: Noise) -> np.ndarray:
    """Positions of rows such that each family stands there `copies` times: its rows as evenly as can be, chosen at
    random where they do not divide, and no more than one time each where there are more of them."""
    if not len(family):
        return np.empty(0, dtype=np.int64)
    order = np.lexsort((noise.ranks(len(family)), family))
    ranked = family[order]
    first = ranked.searchsorted(ranked, side="left")
    count = ranked.searchsorted(ranked, side="right") - first
    place = np.arange(len(ranked)) - first
    times = copies // count + (place < copies % count)
    found: np.ndarray = np.sort(np.repeat(order, times))
    return found


def learnt(
    studies: tuple[Study, ...],
    row: Marginals,
    budget: Budget,
    *,
    families: int,
    seed: int,
    noise: Noise,
    progress: Progress,
) -> tuple[dict[tuple[str, Key | None], CodedModel], tuple[Spending, ...]]:
    """Row models by unit and key, and what each has spent: together all of the budget.

    families: about how many there are. BudgetError for a delta of 0, and where there is nothing to learn.
    """
    whole, weights = rho_of(budget), [study.weight for study in studies]
    if not studies:
        raise BudgetError("No column has values to learn: all are identifiers.", "Fit without a budget.")
    models: dict[tuple[str, Key | None], CodedModel] = {}
    spending = []
    for number, (study, weight) in enumerate(zip(studies, weights, strict=True)):
        progress("fit tables", number, len(studies))
        rho = whole * weight / sum(weights)
        ready = prepare_declared(study.table, study.unit, noise, bins=row.bins, made=study.made)
        root = study.key is None
        model, marginals, sigma = row.learnt(
            ready, rho=rho / study.copies**2, rows=families if root else None, seed=seed + number, noise=noise
        )
        models[study.unit, study.key] = replace(model, fitted_to=round(model.fitted_to / study.copies))
        off = f"{sigma / study.copies:.1f}"
        told = f"{marginals} marginals; noise on the last has a standard deviation of {off} families."
        mechanism = "discrete Gaussian noise, exponential mechanism"
        spending.append(Spending(study.label, mechanism, rho=rho, note=told))
    progress("fit tables", len(studies), len(studies))
    return models, tuple(spending)


def children_of(
    hanging: Hanging, forms: Forms, models: Mapping[tuple[str, Key | None], CodedModel], settings: ChildrenSettings
) -> Children:
    """The model of rows that hang from owners, made of its row models."""
    own = {key: model for (unit, key), model in models.items() if unit == hanging.unit and key is not None}
    first = max((model.fitted_to for key, model in own.items() if key[0] == "first"), default=0)
    return Children(forms.schema, hanging.context.schema, forms, replace(settings, lags=1), own, first)
