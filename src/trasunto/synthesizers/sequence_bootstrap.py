"""`sequence-bootstrap`: the simple baseline of sequences, that a learnt model must beat.

How long a sequence is, what is constant in it and its first event are drawn from smoothed margins, column by column;
each later value of a column from what followed a like value of the same column (a Markov chain of first order on
bins, blended with the margin). What ties columns together, and anything longer ago, is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from trasunto.data.dataset import Dataset
from trasunto.encoders.codes import Codes
from trasunto.privacy.budget import Budget, refuse
from trasunto.progress import Progress, quiet
from trasunto.synthesizers.checked import at_least
from trasunto.synthesizers.children_past import OWN_PAST
from trasunto.synthesizers.coded import CodedModel, load_coded, prepare
from trasunto.synthesizers.independent import Margins
from trasunto.synthesizers.joint import Evidence, sharpened
from trasunto.synthesizers.sequences import SequencesModel, fit_sequences, load_sequences


@dataclass(frozen=True)
class SequenceBootstrap:
    """Settings. bins: most quantile bins of a column of numbers, within which values are drawn anew. text: the text
    synthesizer of columns of free text, by name. text_settings: its settings."""

    bins: int = 30
    text: str = "markov"
    text_settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        at_least(self, {"bins": 2})

    def fit(
        self, real: Dataset, *, seed: int, budget: Budget | None = None, progress: Progress = quiet
    ) -> SequencesModel:
        """Fit to one table with a sequence. Raises as `Sequences.fit` does."""
        refuse(budget, "sequence-bootstrap")
        return fit_sequences(
            real, "sequence-bootstrap", self, OwnPast(self.bins), lags=1, most_rows=10**9, seed=seed, progress=progress
        )

    @staticmethod
    def load(folder: Path) -> SequencesModel:
        """What `save` wrote."""
        return load_sequences(folder, SequenceBootstrap)


@dataclass(frozen=True)
class OwnPast:
    """A row synthesizer to hold: each column by itself, or on what is told of its own last value.

    bins: most quantile bins of a continuous column.
    """

    bins: int = 30

    def fit(self, real: Dataset, *, seed: int, budget: Budget | None = None, progress: Progress = quiet) -> CodedModel:
        """Fit to one table. Nothing is drawn at random, so `seed` changes nothing."""
        ready = prepare(real, "own-past", bins=self.bins)
        arrays: dict[str, np.ndarray] = {}
        for name, size in ready.sizes.items():
            codes = ready.coded[name]
            arrays[f"margin\x1f{name}"] = np.bincount(codes[codes >= 0], minlength=size)
            past = next((f"{what}:{name}" for what in OWN_PAST if f"{what}:{name}" in ready.context), None)
            if past is not None and name not in ready.context:
                wide = ready.sizes[past]
                # What is not published stands together, behind all others.
                before = np.where(ready.coded[past] < 0, wide, ready.coded[past])[codes >= 0]
                keys = before * size + codes[codes >= 0]
                table = np.bincount(keys, minlength=(wide + 1) * size).reshape(wide + 1, size)
                arrays[f"after\x1f{name}\x1f{past}"] = table
        return ready.model("own-past", self, OwnPastJoint(arrays))


@dataclass(frozen=True)
class OwnPastJoint:
    """tables: "margin" of a column, (size,) how often each code occurs; "after" another column,
    (size + 1, own size) how often each code follows each of that column."""

    tables: Mapping[str, np.ndarray]

    def draw(self, evidence: Evidence, rng: np.random.Generator) -> dict[str, np.ndarray]:
        margins = {key.split("\x1f")[1]: table for key, table in self.tables.items() if key.startswith("margin")}
        drawn = Margins(margins).draw(evidence, rng)
        for key, table in self.tables.items():
            if not key.startswith("after"):
                continue
            _, name, past = key.split("\x1f")
            margin = margins[name] / max(margins[name].sum(), 1)
            told = evidence.known.get(past, drawn[past])
            before = np.where(told < 0, len(table) - 1, told)
            for code, rows in _grouped(before):
                seen = table[code]
                # Blended with the margin as by Witten and Bell 1991, method C.
                kinds = int((seen > 0).sum())
                shares = (seen + max(kinds, 1) * margin) / (seen.sum() + max(kinds, 1))
                if name in evidence.allowed:
                    left = shares * evidence.allowed[name]
                    shares = (
                        left / left.sum() if left.sum() > 0 else evidence.allowed[name] / evidence.allowed[name].sum()
                    )
                shares = sharpened(shares / shares.sum(), evidence.temperature)
                drawn[name][rows] = rng.choice(len(shares), len(rows), p=shares)
            if name in evidence.known:
                known = evidence.known[name]
                drawn[name] = np.where(known >= 0, known, drawn[name])
        return drawn

    def arrays(self) -> dict[str, np.ndarray]:
        return dict(self.tables)

    def facts(self) -> dict[str, Any]:
        return {"method": "Each column on its own last value: a Markov chain of first order."}

    @staticmethod
    def of(settings: OwnPast, codes: Codes, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> OwnPastJoint:
        """Back from `arrays`."""
        return OwnPastJoint(dict(arrays))

    @staticmethod
    def load(folder: Path) -> CodedModel:
        return load_coded(folder, OwnPast, OwnPastJoint.of)


def _grouped(codes: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """Each code and the positions where it stands."""
    order = np.argsort(codes, kind="stable")
    kinds, first = np.unique(codes[order], return_index=True)
    return list(zip(kinds.tolist(), np.split(order, first[1:]), strict=True)) if len(codes) else []
