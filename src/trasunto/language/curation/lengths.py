"""Texts that are shorter or longer than they should be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trasunto.language.curation.looks import Finding


@dataclass(frozen=True)
class Lengths:
    """shortest, longest: characters; None where there is no limit."""

    shortest: int | None
    longest: int | None

    def look(self, texts: Sequence[str], labels: Sequence[str]) -> list[Finding]:
        return [self._finding(len(text.strip())) for text in texts]

    def _finding(self, size: int) -> Finding:
        if size == 0:
            return "empty", ""
        if self.shortest is not None and size < self.shortest:
            return "short", f"{size} characters; {self.shortest} are the least"
        if self.longest is not None and size > self.longest:
            return "long", f"{size} characters; {self.longest} are the most"
        return None


def fit_lengths(
    train: Sequence[str], *, quantiles: tuple[float, float] | None, shortest: int | None, longest: int | None
) -> Lengths:
    """Limits as given; where none is, those quantiles of the training texts."""
    if quantiles is not None and train:
        sizes = np.array([len(text.strip()) for text in train])
        low, high = (float(end) for end in np.quantile(sizes, quantiles))
        shortest = int(np.floor(low)) if shortest is None else shortest
        longest = int(np.ceil(high)) if longest is None else longest
    return Lengths(shortest, longest)
