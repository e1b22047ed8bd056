"""What is random in a training. Of a step it hangs on its rows alone, so that a training that is taken up again goes on
as it would have; of a validation it is the same each time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def seed_of(seed: int, batch: np.ndarray) -> np.random.SeedSequence:
    """Of what is drawn for a step with these (n,) row numbers."""
    return np.random.SeedSequence([seed, len(batch), *batch[:4].tolist()])


def validation(
    loss: Callable[[np.ndarray, np.random.Generator], Any], seed: int, rows: np.ndarray, batch: int
) -> Callable[[], float]:
    """The mean loss of rows, with the same randomness at each call. loss: of (n,) row numbers, summed."""

    def found() -> float:
        rng = np.random.default_rng([seed, 1])
        parts = [rows[start : start + batch] for start in range(0, len(rows), batch)]
        return sum(float(loss(part, rng)) for part in parts) / len(rows)

    return found
