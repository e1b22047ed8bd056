"""A generator and a critic of which only the critic sees real rows, through clipped and noisy gradients.

As in networks/gan.py, but: gradients of the critic by real rows are those of DP-SGD (Xie et al. 2018, "Differentially
private generative adversarial network"), and those by generated rows are clipped alike, so that both meet where the
rows do. The critic's slope is held between generated rows and rows whose columns are drawn apart: no real row is in
it. Conditions and tables of pairs come from counts under noise (as Liu et al. 2021, "Iterative methods for private
synthetic data", GEM, fit a generator to noisy tables). The generator only sees what is private already.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from trasunto.networks.gan import Layout, Terms, chances, drawn, logits, verdicts
from trasunto.networks.pairs import Pairs, one_hots
from trasunto.networks.private import NOISY, Descent, Taps

# Rows that are generated in a step: fewest and most.
FEWEST, MOST = 16, 1_024
# Steps of the generator for each of the critic: they see no real row, and cost none of the budget.
TURNS = 3


@dataclass(frozen=True)
class PrivateLesson:
    """What the two are taught with.

    table: (n, columns) int64 tensor of private modes, on the device. counts: (hot,) noisy ones of the modes. pairs: of
    noisy tables. optimizers: of generator and critic. random, rng: torch and numpy generators that generated rows are
    drawn from; nothing about real rows hangs on them.
    """

    generator: Any
    critic: Any
    optimizers: tuple[Any, Any]
    layout: Layout
    terms: Terms
    table: Any
    counts: np.ndarray
    pairs: Pairs
    plan: Descent
    random: Any
    rng: np.random.Generator

    def step(self, batch: np.ndarray) -> dict[str, Any]:
        """One step of the critic, and TURNS of the generator. batch: (k,) real rows of a Poisson sample, k = 0 too."""
        import torch

        size, apart = None, None
        for _ in range(TURNS):
            expected, condition = self._generated()
            made = drawn(self.layout, expected, self.random)
            if size is None:
                size = self._judge(made, torch.from_numpy(batch).to(self.table.device))
            apart = self._improve(expected, condition, made)
        return {NOISY: size, "away from the noisy tables": apart}

    def _improve(self, expected: Any, condition: Any, made: Any) -> Any:
        """Teach the generator: how far the tables of pairs that it expects are from the noisy ones."""
        import torch

        made.requires_grad_(True)
        (turned,) = torch.autograd.grad(verdicts(self.critic, made).mean(), made)
        missed = -torch.log(expected.gather(1, condition[:, None]) + 1e-9).mean()
        apart = self.pairs.loss(expected, self.rng)
        torch.autograd.backward(
            [self.terms.condition * missed + self.terms.pairs * apart, expected], [None, -self.terms.critic * turned]
        )
        self.optimizers[0].step()
        self.optimizers[0].zero_grad(set_to_none=True)
        return apart.detach()

    @property
    def rows(self) -> int:
        """How many rows are generated in a step."""
        return int(np.clip(round(self.plan.batch), FEWEST, MOST))

    def _generated(self) -> tuple[Any, Any]:
        """(rows, hot) chances of generated rows, and the places of the modes that they were generated under."""
        import torch

        column = self.rng.choice(self.layout.told, self.rows)
        asked = torch.from_numpy(self._modes[np.arange(self.rows), column] + self.layout.starts[column])
        width = self.generator["noise"].shape[0]
        given = torch.randn(self.rows, width, generator=self.random, device=self.table.device)
        asked = asked.to(self.table.device)
        return chances(self.layout, logits(self.generator, given, asked)), asked

    @property
    def _modes(self) -> np.ndarray:
        """(rows, columns) modes, columns drawn apart by their noisy counts."""
        return np.stack([self.rng.choice(len(share), self.rows, p=share) for share in self.shares], axis=1)

    @cached_property
    def shares(self) -> list[np.ndarray]:
        """By column, about how frequent each mode is."""
        parts = np.split(self.counts + 0.5, self.layout.starts[1:])
        return [part / part.sum() for part in parts]

    def _judge(self, made: Any, rows: Any) -> Any:
        """Teach the critic: the norm of its noisy gradient by real rows."""
        import torch

        weights: Mapping[str, Any] = dict(self.critic.items())
        hot, starts = self.layout.hot, self.layout.starts
        taps = Taps(self.critic)
        seen = taps.sums(-verdicts(self.critic, one_hots(hot, starts, self.table[rows]), taps).sum(), self.plan)
        taps = Taps(self.critic)
        other = taps.sums(verdicts(self.critic, made, taps).sum(), self.plan)
        apart = one_hots(hot, starts, torch.from_numpy(self._modes).to(self.table.device))
        steep = torch.autograd.grad(self.terms.penalty * self._steepness(made, apart), list(weights.values()))
        size = self.plan.release(weights, seen)
        for (name, weight), slope in zip(weights.items(), steep, strict=True):
            weight.grad += other[name] / len(made) + slope
        self.optimizers[1].step()
        self.optimizers[1].zero_grad(set_to_none=True)
        return size

    def _steepness(self, made: Any, apart: Any) -> Any:
        """How far the critic's slope is above 1 between generated rows and rows whose columns were drawn apart."""
        import torch

        between = torch.rand(len(made), 1, generator=self.random, device=made.device)
        mixed = (between * apart + (1 - between) * made).requires_grad_(True)
        (slope,) = torch.autograd.grad(verdicts(self.critic, mixed).sum(), mixed, create_graph=True)
        return ((slope.norm(dim=1) - 1) ** 2).mean()


def projected(table: np.ndarray) -> np.ndarray:
    """The nearest shares to (k,) numbers: none below 0, adding up to 1 (Duchi et al. 2008, algorithm 1)."""
    falling = np.sort(table)[::-1]
    over = (np.cumsum(falling) - 1) / np.arange(1, len(table) + 1)
    last = int(np.flatnonzero(falling > over)[-1])
    found: np.ndarray = np.maximum(table - over[last], 0.0)
    return found
