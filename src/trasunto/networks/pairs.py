"""How far the pairs of modes that a network expects are from those of real rows.

A network that draws the columns of a row apart, given what the row is made from, expects of two columns the product of
their probabilities. Summed over rows that is the table of the pair without the noise of draws.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

# Widest that all modes together may be to keep the table of all pairs; of wider rows some columns are drawn each time.
PAIRED = 1024
# Rows that the table of all pairs is counted on, and rows that pairs are counted on when some columns are drawn.
COUNTED, GLANCED = 100_000, 2_048
# Rows that are one-hots at a time.
PART = 10_000
# What is added to a share that a difference is divided by, so that rare pairs do not drown the others.
DAMPED = 0.01


@dataclass(frozen=True)
class Pairs:
    """sizes: by column, its modes. table: (rows, columns) int64 tensor of the modes of real rows. shares: (hot, hot)
    tensor of the shares of all pairs of modes, where they are known otherwise; the table is then not looked at."""

    sizes: tuple[int, ...]
    table: Any
    shares: Any = None

    def loss(self, expected: Any, rng: np.random.Generator) -> Any:
        """A number whose mean is how far (n, hot) expected modes are from the real rows, n > 1: chi-square distances
        of the tables of two columns, mean over the couples, and of one, mean over the columns.

        The product of the errors of two halves of the rows is in the mean the square of the error of endless rows; the
        square of the error of all n would be more.
        """
        expected, counted, apart, columns = self._chosen(expected, rng)
        couples = max(columns * (columns - 1), 1)
        halves = expected[0::2], expected[1::2]
        one, other = (half.t() @ half / len(half) - counted for half in halves)
        together = (one * other * apart / (counted + DAMPED)).sum() / couples
        shares = counted.diagonal()
        first, second = (half.mean(0) - shares for half in halves)
        return together + (first * second / (shares + DAMPED)).sum() / columns

    def distance(self, expected: Any, rng: np.random.Generator) -> Any:
        """Half the L1 distance of the tables of two columns, mean over couples; of one where there is one only."""
        expected, counted, apart, columns = self._chosen(expected, rng)
        if columns == 1:
            return (expected.mean(0) - counted.diagonal()).abs().sum() / 2
        away = (expected.t() @ expected / len(expected) - counted).abs() * apart
        return away.sum() / (2 * columns * (columns - 1))

    @cached_property
    def _whole(self) -> tuple[Any, Any]:
        """Shares of the pairs of all modes, and 1 where the two are of different columns."""
        import torch

        if self.shares is not None:
            return self.shares, _apart(self.sizes, self.shares.device)
        starts, hot = np.cumsum(self.sizes) - self.sizes, sum(self.sizes)
        summed = torch.zeros(hot, hot, device=self.table.device)
        for part in self.table[:COUNTED].split(PART):
            one = one_hots(hot, starts, part)
            summed += one.t() @ one
        return summed / min(len(self.table), COUNTED), _apart(self.sizes, self.table.device)

    def _chosen(self, expected: Any, rng: np.random.Generator) -> tuple[Any, Any, Any, int]:
        """Expected modes of some columns or all, (k, k) shares of pairs, which are apart, and how many columns."""
        import torch

        if sum(self.sizes) <= PAIRED or self.shares is not None:
            return expected, *self._whole, len(self.sizes)
        order = rng.permutation(len(self.sizes))
        taken = np.sort(order[: max(1, int((np.cumsum(np.array(self.sizes)[order]) <= PAIRED).sum()))])
        starts = np.cumsum(self.sizes) - self.sizes
        sizes = [self.sizes[at] for at in taken]
        places = np.concatenate([starts[at] + np.arange(self.sizes[at]) for at in taken])
        rows = torch.from_numpy(rng.integers(0, len(self.table), GLANCED)).to(self.table.device)
        columns = torch.from_numpy(taken).to(self.table.device)
        one = one_hots(sum(sizes), np.cumsum(sizes) - sizes, self.table[rows][:, columns])
        chosen = expected[:, torch.from_numpy(places).to(self.table.device)]
        return chosen, one.t() @ one / GLANCED, _apart(sizes, self.table.device), len(taken)


def one_hots(hot: int, starts: np.ndarray, modes: Any) -> Any:
    """(n, hot) float32 of (n, columns) modes. starts: (columns,) the first place of each column."""
    import torch

    places = modes + torch.from_numpy(np.asarray(starts, dtype=np.int64)).to(modes.device)
    return torch.zeros(len(modes), hot, device=modes.device).scatter_(1, places, 1.0)


def _apart(sizes: Any, device: Any) -> Any:
    import torch

    owner = torch.from_numpy(np.repeat(np.arange(len(sizes)), sizes)).to(device)
    return (owner[:, None] != owner[None, :]).float()
