"""Rows drawn from a masked network: what is known first, then column by column.

Columns of which some codes are ruled out come before the others. When there are several of them, or the ruled-out
codes lie inside branches, each row has several candidates, and one of them is chosen by how likely the allowed codes
were at the steps where they were taken (sampling importance resampling; Rubin 1988). How rare a case is makes no
difference to the work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from trasunto.networks.device import threads
from trasunto.networks.masked import Layout, scores

# Rows, with candidates counted, on their way at once.
AT_ONCE = 2**14
# Below this chance that its values are allowed, a column counts as one of which codes are ruled out.
CERTAIN = 1 - 1e-6


@dataclass(frozen=True)
class Ancestral:
    """A trained network to draw from.

    weights: tensors by name, on the processor. candidates: for each row, where codes are ruled out.
    """

    layout: Layout
    weights: Mapping[str, Any]
    candidates: int

    def draw(
        self, known: np.ndarray, allowed: Mapping[int, np.ndarray], temperature: float, rng: np.random.Generator
    ) -> np.ndarray:
        """(n, columns) int32 codes.

        known: (n, columns) codes, -1 where free. allowed: by column, (size,) bool, at least one of them True.
        """
        import torch

        order, early = self._order(allowed)
        shares = [column.open(allowed.get(at)) for at, column in enumerate(self.layout.columns)]
        each = self.candidates if self._weighed(order[:early], shares) else 1
        parts = [np.empty((0, len(self.layout.columns)), dtype=np.int32)]
        # One thread: how sums are split among several would show in what is drawn.
        with threads(1), torch.no_grad():
            for start in range(0, len(known), max(AT_ONCE // each, 1)):
                rows = Rows(self, known[start : start + max(AT_ONCE // each, 1)], shares, temperature)
                rows.take(np.repeat(np.arange(len(rows.codes)), each))
                for column in order[:early]:
                    rows.draw(column, rng)
                if each > 1:
                    rows.choose(each, rng)
                for column in order[early:]:
                    rows.draw(column, rng)
                parts.append(rows.codes)
        return np.concatenate(parts)

    def _order(self, allowed: Mapping[int, np.ndarray]) -> tuple[list[int], int]:
        """The columns in the order in which they are drawn, and how many of them come first for their allowed codes."""
        share = {c: float(self.layout.columns[c].shares[mask].sum()) for c, mask in allowed.items()}
        early = sorted((c for c in share if share[c] < CERTAIN), key=lambda c: share[c])
        return early + [c for c in range(len(self.layout.columns)) if c not in early], len(early)

    def _weighed(self, early: list[int], shares: list[list[np.ndarray]]) -> bool:
        """Whether one candidate a row is not enough."""
        parted = any(((each > 0) & (each < CERTAIN)).any() for column in early for each in shares[column][:-1])
        return len(early) > 1 or parted


class Rows:
    """Rows on their way.

    codes: (n, columns), -1 where free. weights: (n,) logarithms. sums: (n, width) of what is known. shares: by column
    and level, what is allowed (see `Digits.open`).
    """

    def __init__(
        self, source: Ancestral, known: np.ndarray, shares: list[list[np.ndarray]], temperature: float
    ) -> None:
        import torch

        self.layout, self.net = source.layout, source.weights
        self.temperature, self.shares = temperature, shares
        self.codes = known.astype(np.int32)
        self.weights = np.zeros(len(known))
        self.sums = torch.zeros(len(known), self.net["vectors"].shape[1])
        for column, each in enumerate(self.layout.columns):
            here = np.flatnonzero(known[:, column] >= 0)
            for level, digit in enumerate(each.of(known[here, column]).T):
                self._tell(here, column, level, digit)

    def take(self, places: np.ndarray) -> None:
        """Keep the rows at these places."""
        import torch

        self.codes, self.weights = self.codes[places], self.weights[places]
        self.sums = self.sums[torch.from_numpy(places)]

    def draw(self, column: int, rng: np.random.Generator) -> None:
        """Draw a column where it is free."""
        each = self.layout.columns[column]
        free = np.flatnonzero(self.codes[:, column] < 0)
        node = np.zeros(len(free), dtype=np.int64)
        for level, share in enumerate(self.shares[column]):
            spread = rng.random(len(self.codes))[free]
            chances = self._chances(free, column, level) * (each.below[level][node] >= 0)
            kept = chances * share[node]
            steps = np.cumsum(kept, axis=1, dtype=np.float64)
            total = steps[:, -1]
            digit = (steps <= (spread * total)[:, None]).sum(axis=1)
            # A place next to 1 may round up to the end; the last branch that is open is meant.
            digit = np.minimum(digit, kept.shape[1] - 1 - np.argmax(kept[:, ::-1] > 0, axis=1))
            # What was assumed of the codes behind the branch is taken back; the next level says what they really have.
            self.weights[free] += np.log(total / chances.sum(axis=1)) - np.log(share[node, digit])
            self._tell(free, column, level, digit)
            node = each.below[level][node, digit].astype(np.int64)
        self.codes[free, column] = node

    def choose(self, each: int, rng: np.random.Generator) -> None:
        """Keep one of every `each` rows, by weight."""
        weight = self.weights.reshape(-1, each)
        steps = np.cumsum(np.exp(weight - weight.max(axis=1, keepdims=True)), axis=1)
        picked = (steps <= (rng.random(len(steps)) * steps[:, -1])[:, None]).sum(axis=1)
        self.take(np.arange(len(steps)) * each + np.minimum(picked, each - 1))

    def _digit(self, column: int, level: int) -> int:
        return int(np.searchsorted(self.layout.owner, column)) + level

    def _chances(self, places: np.ndarray, column: int, level: int) -> np.ndarray:
        """(places, branches) of a digit, above 0."""
        import torch

        at = self._digit(column, level)
        sums = self.sums[torch.from_numpy(places)].unsqueeze(0)
        width = int(self.layout.widths[at])
        logits = scores(self.net, sums, slice(at, at + 1))[0, :, :width] / self.temperature
        found: np.ndarray = torch.softmax(logits.double(), dim=1).clamp(min=1e-30).numpy()
        return found

    def _tell(self, places: np.ndarray, column: int, level: int, digit: np.ndarray) -> None:
        """Add the value of a digit to what is known of these rows."""
        import torch

        start = int(self.layout.starts[self._digit(column, level)])
        vectors = self.net["vectors"][torch.from_numpy(digit.astype(np.int64) + start)]
        self.sums.index_add_(0, torch.from_numpy(places), vectors)
