"""`independent`: each column by itself. The baseline: whatever ties columns together is lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trasunto.data.dataset import Dataset
from trasunto.encoders.codes import Codes
from trasunto.errors import FitError
from trasunto.privacy.budget import Budget, refuse
from trasunto.progress import Progress, quiet
from trasunto.synthesizers.coded import CodedModel, load_coded, prepare
from trasunto.synthesizers.joint import Evidence, sharpened


@dataclass(frozen=True)
class Independent:
    """Settings. bins: most quantile bins of a continuous column."""

    bins: int = 300

    def __post_init__(self) -> None:
        if self.bins < 2:
            raise FitError(f"bins is {self.bins}; it must be at least 2.", "Leave it out for 300.")

    def fit(self, real: Dataset, *, seed: int, budget: Budget | None = None, progress: Progress = quiet) -> CodedModel:
        """Fit to one table. Nothing is drawn at random, so `seed` changes nothing."""
        refuse(budget, "independent")
        progress("fit independent", 0, 1)
        ready = prepare(real, "independent", bins=self.bins)
        sizes = ready.sizes
        counts = {n: np.bincount(c[c >= 0], minlength=sizes[n]) for n, c in ready.coded.items()}
        progress("fit independent", 1, 1)
        return ready.model("independent", self, Margins(counts))


@dataclass(frozen=True)
class Margins:
    """counts: by column, (size,) how often each code occurs."""

    counts: Mapping[str, np.ndarray]

    def draw(self, evidence: Evidence, rng: np.random.Generator) -> dict[str, np.ndarray]:
        drawn = {}
        for name, counts in self.counts.items():
            shares = counts * evidence.allowed[name] if name in evidence.allowed else counts
            # Allowed codes that no row had (of a joined column, say) are drawn evenly.
            shares = shares if shares.sum() else evidence.allowed[name].astype(float)
            shares = sharpened(shares / shares.sum(), evidence.temperature)
            drawn[name] = rng.choice(len(counts), evidence.rows, p=shares).astype(np.int32)
            if name in evidence.known:
                known = evidence.known[name]
                drawn[name] = np.where(known >= 0, known, drawn[name])
        return drawn

    def arrays(self) -> dict[str, np.ndarray]:
        return dict(self.counts)

    def facts(self) -> dict[str, Any]:
        return {"method": "Each column by itself: what ties columns together is lost."}

    @staticmethod
    def of(settings: Independent, codes: Codes, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> Margins:
        """Back from `arrays`."""
        return Margins({name: arrays[name] for name in codes.names})

    @staticmethod
    def load(folder: Path) -> CodedModel:
        return load_coded(folder, Independent, Margins.of)
