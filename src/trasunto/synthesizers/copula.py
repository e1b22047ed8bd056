"""`copula`: each column by itself, tied to the others by the correlation of normal variables behind them.

The Gaussian copula (Nelsen 2006, "An introduction to copulas", section 2.3; for tables: Patki, Wedge and
Veeramachaneni 2016) over codes: numbers are cut at their quantiles, categories are intervals in an order that suits
the other columns, and gaps are a variable of their own, so that what makes values missing is kept. Correlations are
those of the variables before they are cut (synthesizers/latent.py), not the weaker ones of the codes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trasunto.data.dataset import Dataset
from trasunto.encoders.codes import Codes, Levels
from trasunto.machine import one_thread
from trasunto.privacy.budget import Budget, refuse
from trasunto.progress import Progress, quiet
from trasunto.synthesizers.checked import at_least
from trasunto.synthesizers.coded import CodedModel, load_coded, prepare
from trasunto.synthesizers.joint import Evidence
from trasunto.synthesizers.latent import Cuts, correlated, cuts_of, ranked_categories
from trasunto.synthesizers.normal import draw_normal

# Rows from which correlations are learnt, at most.
SEEN = 200_000


@dataclass(frozen=True)
class Copula:
    """Settings.

    bins: most quantile bins of a continuous column. sweeps: how often the variables of what is asked of rows are drawn
    anew to agree with each other; more are closer to exact.
    """

    bins: int = 300
    sweeps: int = 30

    def __post_init__(self) -> None:
        at_least(self, {"bins": 2, "sweeps": 1})

    def fit(self, real: Dataset, *, seed: int, budget: Budget | None = None, progress: Progress = quiet) -> CodedModel:
        """Fit to one table. Raises FitError for several tables, no rows or free text; BudgetError for a budget."""
        refuse(budget, "copula")
        ready = prepare(real, "copula", bins=self.bins)
        progress("fit copula", 0, 2)
        sizes = ready.sizes
        counts = {name: np.bincount(codes[codes >= 0], minlength=sizes[name]) for name, codes in ready.coded.items()}
        progress("fit copula", 1, 2)
        cuts, correlation = tied(ready.codes, counts, ready.coded, seed)
        progress("fit copula", 2, 2)
        return ready.model("copula", self, CopulaJoint(self.sweeps, cuts, correlation))


@dataclass(frozen=True)
class CopulaJoint:
    """Cut normal variables and their correlation. correlation: (d, d), values in the order of `cuts`, then gaps."""

    sweeps: int
    cuts: tuple[Cuts, ...]
    correlation: np.ndarray

    def draw(self, evidence: Evidence, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Rows as asked. SampleError when no value of a column is allowed."""
        with one_thread():
            return draw_normal(self.cuts, self.correlation, evidence, sweeps=self.sweeps, rng=rng)

    def free(self, rows: int, temperature: float, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Rows without conditions."""
        return self.draw(Evidence(rows, temperature=temperature), rng)

    def arrays(self) -> dict[str, np.ndarray]:
        found = {"correlation": self.correlation}
        for each in self.cuts:
            found |= {f"{each.name}\x1fcodes": each.codes, f"{each.name}\x1fshares": each.shares}
        return found

    def facts(self) -> dict[str, Any]:
        return {
            "method": "Each column by itself, tied by the correlation of normal variables behind them.",
            "source": "Nelsen 2006, section 2.3",
            "order": [each.name for each in self.cuts],
            "columns": {
                each.name: {"share_missing": each.missing, "ordered": each.ordered, "gap": each.gap}
                for each in self.cuts
            },
        }

    @staticmethod
    def of(settings: Copula, codes: Codes, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> CopulaJoint:
        """Back from what `arrays` and `facts` gave."""
        cuts = []
        for name in facts["order"]:
            told = facts["columns"][name]
            parts = arrays[f"{name}\x1fcodes"], arrays[f"{name}\x1fshares"]
            cuts.append(Cuts(name, *parts, told["share_missing"], told["ordered"], told["gap"]))
        return CopulaJoint(settings.sweeps, tuple(cuts), arrays["correlation"])

    @staticmethod
    def load(folder: Path) -> CodedModel:
        return load_coded(folder, Copula, CopulaJoint.of)


def tied(
    codes: Codes, shares: Mapping[str, np.ndarray], coded: Mapping[str, np.ndarray], seed: int
) -> tuple[tuple[Cuts, ...], np.ndarray]:
    """Columns cut by these shares (or counts) of their codes, and the correlation behind the codes of the rows.

    shares: (size,) by column. coded: (n,) codes by column, -1 for what is not published.
    """
    cuts = cuts_by(codes, shares)
    rows = len(next(iter(coded.values()))) if coded else 0
    if rows > SEEN:
        seen = np.random.default_rng(seed).permutation(rows)[:SEEN]
        coded = {name: values[seen] for name, values in coded.items()}
    if not cuts:
        return (), np.zeros((0, 0))
    with one_thread():
        cuts = ranked_categories(cuts, coded)
        return tuple(cuts), correlated(cuts, coded)


def cuts_by(codes: Codes, shares: Mapping[str, np.ndarray]) -> list[Cuts]:
    """Columns cut by these shares (or counts), categories as they stand."""
    found: list[Cuts] = []
    for name, each in codes.columns.items():
        found.append(cuts_of(name, shares[name], ordered=not isinstance(each, Levels), null=each.null))
    return found


def matrix_told(names: Sequence[str], matrix: np.ndarray) -> dict[str, dict[str, float]]:
    """A correlation matrix to read: by name, the correlations with the columns before it, to four places."""
    return {
        name: {other: round(float(matrix[at, place]), 4) for place, other in enumerate(names[:at])}
        for at, name in enumerate(names)
    }
