"""`independent`: each column by itself. The baseline: whatever ties columns together is lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trasunto.data.dataset import Dataset
from trasunto.data.schema import Schema
from trasunto.encoders.codes import Codes, fit_codes
from trasunto.errors import FitError, SampleError
from trasunto.privacy.budget import Budget, Guarantee, refuse
from trasunto.progress import Progress, quiet
from trasunto.synthesizers.model import in_parts
from trasunto.synthesizers.stored import load_codes, save_codes
from trasunto.synthesizers.tree import described, learnable
from trasunto.writing import aside


@dataclass(frozen=True)
class Independent:
    """Settings. bins: most quantile bins of a continuous column."""

    bins: int = 300

    def __post_init__(self) -> None:
        if self.bins < 2:
            raise FitError(f"bins is {self.bins}; it must be at least 2.", "Leave it out for 300.")

    def fit(
        self, real: Dataset, *, seed: int, budget: Budget | None = None, progress: Progress = quiet
    ) -> IndependentModel:
        """Fit to one table. Nothing is drawn at random, so `seed` changes nothing."""
        refuse(budget, "independent")
        table = learnable(real, "independent")
        progress("fit independent", 0, 1)
        codes = fit_codes(table, bins=self.bins)
        sizes = codes.sizes()
        counts = {n: np.bincount(c[c >= 0], minlength=sizes[n]) for n, c in codes.encode(table).items()}
        progress("fit independent", 1, 1)
        return IndependentModel(Schema({real.name: codes.schema}), self, codes, counts, len(table))


@dataclass(frozen=True)
class IndependentModel:
    """How frequent each code of each column is."""

    schema: Schema
    settings: Independent
    codes: Codes
    counts: dict[str, np.ndarray]
    fitted_to: int

    @property
    def guarantee(self) -> Guarantee | None:
        return None

    def sample(self, rows: int, *, seed: int, given: Dataset | None = None) -> Dataset:
        """Draw rows. Raises SampleError for a negative count or for `given`."""
        if rows < 0:
            raise SampleError(f"Cannot draw {rows} rows.", "Ask for 0 or more.")
        if given is not None:
            raise SampleError("independent takes no given columns.", "Use the synthesizer 'tree'.")
        rng = np.random.default_rng(seed)
        drawn = {n: rng.choice(len(c), rows, p=c / c.sum()).astype(np.int32) for n, c in self.counts.items()}
        table = self.codes.decode(drawn, rows=rows, rng=rng)
        return Dataset(self.schema, {next(iter(self.schema.tables)): table})

    def batches(self, rows: int, *, seed: int, size: int) -> Iterator[Dataset]:
        yield from in_parts(self, rows, seed, size)

    def save(self, folder: str | Path) -> None:
        document = {
            "synthesizer": "independent",
            "version": 1,
            "settings": asdict(self.settings),
            "fitted_to": self.fitted_to,
        }
        with aside(folder, folder=True) as place:
            save_codes(place, self.schema, self.codes, document, self.counts)

    @staticmethod
    def load(folder: Path) -> IndependentModel:
        schema, codes, document, counts = load_codes(folder)
        return IndependentModel(schema, Independent(**document["settings"]), codes, counts, document["fitted_to"])

    def describe(self) -> dict[str, Any]:
        return {
            "method": "Each column by itself: what ties columns together is lost.",
            "settings": asdict(self.settings),
            "fitted_to": self.fitted_to,
            "columns": {name: described(self.codes, name) for name in self.codes.names},
        }
