"""A generator of rows of modes and a critic of it, and how they are trained together.

A conditional tabular GAN (Xu et al. 2019, "Modeling tabular data using conditional GAN", CTGAN): rows are one-hots of
modes, each is generated under a condition on one column that a real row meets, and the critic judges packs of rows
(Lin et al. 2018, "PacGAN") under a gradient penalty (Gulrajani et al. 2017), which is reckoned in some steps only
(Karras et al. 2020, section 4.3, lazy regularisation). Generator and critic learn from one pass: the gradient that the
critic passes back to the drawn rows is turned round, and taken for that by their probabilities (straight through,
Bengio et al. 2013).

What the generator says of a row are the probabilities of each column's modes, columns apart. So what it expects of
every pair of columns is the product of those, and is held against the real tables of pairs without the noise of draws:
the information loss of CTAB-GAN+ (Zhao et al. 2022, section 3.2) with pairs in the place of means.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from trasunto.encoders.vectors import Vectors
from trasunto.networks.pairs import Pairs, one_hots
from trasunto.networks.private import Taps

# Slope of the critic's units below zero.
LEAK = 0.2
# Fewest rows of a step, and rows that validation expects pairs of.
LEAST, JUDGED = 16, 2_048


@dataclass(frozen=True)
class Terms:
    """What the two networks are taught by.

    pac: rows that the critic judges together. penalty: weight of the gradient penalty, reckoned in one of `lazy` steps.
    critic, pairs, condition: weights of the generator's three losses. rare: share of conditions drawn by the logarithm
    of their frequency.
    """

    pac: int
    penalty: float
    lazy: int
    critic: float
    pairs: float
    condition: float
    rare: float


@dataclass(frozen=True)
class Layout:
    """Where columns lie in a row of one-hots. vectors: without scalars."""

    vectors: Vectors

    @cached_property
    def sizes(self) -> list[int]:
        """By column, its modes."""
        return [span.stop - span.start for span in self.vectors.spans]

    @cached_property
    def starts(self) -> np.ndarray:
        """(columns,) the first place of each."""
        return np.array([span.start for span in self.vectors.spans], dtype=np.int64)

    @cached_property
    def told(self) -> np.ndarray:
        """Columns that a condition may be on: those that vary, or all when none does."""
        vary = np.flatnonzero(np.array(self.sizes) > 1)
        return vary if vary.size else np.arange(len(self.sizes))

    def counts(self, modes: np.ndarray) -> np.ndarray:
        """(hot,) how many of (n, columns) have each mode."""
        return np.bincount((modes + self.starts).ravel(), minlength=self.hot)

    @property
    def hot(self) -> int:
        return self.vectors.hot


def generator(layout: Layout, counts: np.ndarray, *, width: int, layers: int, noise: int, seed: int) -> Any:
    """The untrained weights of the generator, a torch ParameterDict. noise: numbers that a row is made from.

    counts: (hot,) of all modes: at first the generator draws columns by themselves, by their shares.
    """
    import torch

    new = _weights(seed)
    shares = (counts + 0.5) / (counts.sum() / max(len(layout.sizes), 1) + 0.5)
    made = {
        "noise": new(noise, width, scale=noise**-0.5),
        "condition": new(layout.hot, width, scale=0.3),
        "bias0": torch.nn.Parameter(torch.zeros(width)),
        "out": new(width, layout.hot, scale=0.1 * width**-0.5),
        "shares": torch.nn.Parameter(torch.from_numpy(np.log(shares).astype(np.float32))),
    }
    for layer in range(1, layers):
        made[f"in{layer}"] = new(width, width, scale=width**-0.5)
        made[f"bias{layer}"] = torch.nn.Parameter(torch.zeros(width))
    return torch.nn.ParameterDict(made)


def logits(net: Any, noise: Any, condition: Any) -> Any:
    """(n, hot) unnormalised log probabilities. noise: (n, numbers); condition: (n,) places of the one-hots asked."""
    import torch

    width = net["bias0"].shape
    # Sums of numbers of two types take many times as long as turning the ones into the others first.
    start = (noise @ net["noise"]).float() + torch.nn.functional.embedding(condition, net["condition"]) + net["bias0"]
    inner, layer = torch.relu(torch.nn.functional.layer_norm(start, width)), 1
    while f"in{layer}" in net:
        found = (inner @ net[f"in{layer}"]).float() + net[f"bias{layer}"]
        inner = inner + torch.relu(torch.nn.functional.layer_norm(found, width))
        layer += 1
    return (inner @ net["out"]).float() + net["shares"]


def critic(layout: Layout, *, pac: int, width: int, layers: int, seed: int) -> Any:
    """The untrained weights of the critic, a torch ParameterDict."""
    import torch

    new = _weights(seed + 1)
    # A row is as many ones as columns, so that the first sums are about as large as the next.
    made = {"in0": new(pac * layout.hot, width, scale=(2.0 / (pac * len(layout.sizes))) ** 0.5)}
    made |= {f"in{layer}": new(width, width, scale=(2.0 / width) ** 0.5) for layer in range(1, layers)}
    made |= {f"bias{layer}": torch.nn.Parameter(torch.zeros(width)) for layer in range(layers)}
    return torch.nn.ParameterDict(made | {"out": new(width, 1, scale=width**-0.5)})


def verdicts(net: Any, rows: Any, taps: Taps | None = None) -> Any:
    """(packs, 1) how real each pack looks. rows: (packs, pac × hot)."""
    import torch

    def linear(inner: Any, weight: str, bias: str) -> Any:
        return (inner @ net[weight]).float() + net[bias] if taps is None else taps.linear(inner, weight, bias)

    inner, layer = rows, 0
    while f"in{layer}" in net:
        inner = torch.nn.functional.leaky_relu(linear(inner, f"in{layer}", f"bias{layer}"), LEAK)
        layer += 1
    return (inner @ net["out"] if taps is None else taps.linear(inner, "out")).float()


def chances(layout: Layout, found: Any) -> Any:
    """(n, hot) probabilities: those of each column add up to 1."""
    import torch

    return torch.cat([part.softmax(1) for part in found.split(layout.sizes, 1)], 1)


def drawn(layout: Layout, expected: Any, random: Any) -> Any:
    """(n, hot) one-hots drawn by the probabilities of each column's modes, off the graph."""
    import torch

    # Sums go up by one a column, so that one search finds the modes of all.
    summed = expected.detach().double().cumsum(1)
    columns = torch.arange(len(layout.sizes), device=expected.device)
    even = torch.rand(len(expected), len(columns), generator=random, device=expected.device)
    starts = torch.from_numpy(layout.starts).to(expected.device)
    last = starts + torch.tensor(layout.sizes, device=expected.device) - 1
    place = torch.searchsorted(summed, columns + even.double(), right=True)
    place = torch.minimum(torch.maximum(place, starts), last)
    return torch.zeros_like(summed, dtype=torch.float32).scatter_(1, place, 1.0)


@dataclass(frozen=True)
class Lesson:
    """What the two are taught with.

    table: (n, columns) int64 tensor of modes, on the device. optimizers: of generator and critic. random, rng: torch
    and numpy generators that steps draw from. half: whether products are computed in bfloat16.
    """

    generator: Any
    critic: Any
    optimizers: tuple[Any, Any]
    layout: Layout
    terms: Terms
    table: Any
    random: Any
    rng: np.random.Generator
    half: bool

    @cached_property
    def pairs(self) -> Pairs:
        return Pairs(tuple(self.layout.sizes), self.table)

    @cached_property
    def often(self) -> Rare:
        return Rare.of(self.layout, self.table.cpu().numpy())

    def step(self, batch: np.ndarray) -> dict[str, Any]:
        """One step of both networks. batch: (n,) rows of the table."""
        import torch

        rows, condition, natural = self._conditions(self._whole(batch))
        with self._precise():
            noise = torch.randn(
                len(rows), self.generator["noise"].shape[0], generator=self.random, device=self.table.device
            )
            found = logits(self.generator, noise, condition)
        expected = chances(self.layout, found)
        made = drawn(self.layout, expected, self.random)
        turned, gap = self._judge(made, one_hots(self.layout.hot, self.layout.starts, self.table[rows]))
        missed = -torch.log(expected.gather(1, condition[:, None]) + 1e-9).mean()
        with self._precise():
            apart = self.pairs.loss(expected[:natural], self.rng)
        torch.autograd.backward(
            [self.terms.condition * missed + self.terms.pairs * apart, expected], [None, -self.terms.critic * turned]
        )
        self.optimizers[0].step()
        self.optimizers[0].zero_grad(set_to_none=True)
        return {"training loss": apart.detach(), "critic's gap": gap, "conditions missed": missed.detach()}

    def _judge(self, made: Any, real: Any) -> tuple[Any, Any]:
        """Teach the critic: (n, hot) gradient of its loss by the generated rows, and how far it told them apart."""
        import torch

        made.requires_grad_(True)
        packs = len(made) // self.terms.pac
        with self._precise():
            found = verdicts(self.critic, torch.cat([made, real]).view(2 * packs, -1))
        loss = found[:packs].mean() - found[packs:].mean()
        gap = -loss.detach()
        if self._due():
            loss = loss + self.terms.lazy * self.terms.penalty * self._steepness(made.detach(), real, packs)
        loss.backward()
        self.optimizers[1].step()
        self.optimizers[1].zero_grad(set_to_none=True)
        return made.grad, gap

    def _steepness(self, made: Any, real: Any, packs: int) -> Any:
        """How far the critic's slope is from 1 between generated and real packs."""
        import torch

        between = torch.rand(packs, 1, generator=self.random, device=made.device)
        mixed = (between * real.view(packs, -1) + (1 - between) * made.view(packs, -1)).requires_grad_(True)
        (slope,) = torch.autograd.grad(verdicts(self.critic, mixed).sum(), mixed, create_graph=True)
        return ((slope.norm(dim=1) - 1) ** 2).mean()

    def _due(self) -> bool:
        """Whether this step reckons the penalty. It is drawn, so that a training that is taken up again goes on so."""
        return bool(self.rng.random() < 1 / self.terms.lazy)

    def _whole(self, batch: np.ndarray) -> np.ndarray:
        """The rows, some of them twice, so that they fill packs."""
        size = max(len(batch), LEAST)
        return np.resize(batch, -(-size // self.terms.pac) * self.terms.pac)

    def _conditions(self, rows: np.ndarray) -> tuple[Any, Any, int]:
        """Rows, (n,) the place of the mode that each is generated under, and how many of the first are as frequent as
        they are in the table. The real rows meet the conditions too."""
        import torch

        natural = len(rows) - int(self.terms.rare * len(rows))
        column = self.rng.choice(self.layout.told, len(rows))
        if natural < len(rows):
            rows = rows.copy()
            rows[natural:] = self.often.rows(column[natural:], self.rng)
        at, place = (torch.from_numpy(each).to(self.table.device) for each in (rows, column))
        starts = torch.from_numpy(self.layout.starts).to(self.table.device)
        return at, self.table[at, place] + starts[place], natural

    def validation(self, rows: Any, noise: int, seed: int) -> Callable[[], float]:
        """How far expected tables of pairs are from those of spared rows: half their L1 distance, mean over couples.

        rows: (m, columns) modes, on the device. The same conditions and noise at each call.
        """
        import torch

        rng = np.random.default_rng([seed, 1])
        random = torch.Generator(rows.device).manual_seed(seed)
        fixed = torch.randn(JUDGED, noise, generator=random, device=rows.device)
        column = rng.choice(self.layout.told, JUDGED)
        at = torch.from_numpy(rng.integers(0, len(self.table), JUDGED)).to(rows.device)
        place = torch.from_numpy(column).to(rows.device)
        condition = self.table[at, place] + torch.from_numpy(self.layout.starts).to(rows.device)[place]
        spared = Pairs(tuple(self.layout.sizes), rows)

        def found() -> float:
            expected = chances(self.layout, logits(self.generator, fixed, condition))
            return float(spared.distance(expected, np.random.default_rng([seed, 2])))

        return found

    def _precise(self) -> AbstractContextManager[Any]:
        import torch

        device = self.table.device
        return torch.autocast(device.type, dtype=torch.bfloat16) if self.half else nullcontext()


@dataclass(frozen=True)
class Rare:
    """Rows by what they have in each column, to draw those with a rare mode more often than they come.

    order: (n, columns) rows by mode; starts: by column, where each mode begins in it; weight: by column, the
    probability of each mode, by the logarithm of its frequency.
    """

    order: np.ndarray
    starts: tuple[np.ndarray, ...]
    weight: tuple[np.ndarray, ...]

    @staticmethod
    def of(layout: Layout, table: np.ndarray) -> Rare:
        """Of (n, columns) modes."""
        counts = [np.bincount(table[:, at], minlength=size) for at, size in enumerate(layout.sizes)]
        weight = tuple(np.log1p(count) / np.log1p(count).sum() for count in counts)
        starts = tuple(np.concatenate([[0], np.cumsum(count)]) for count in counts)
        return Rare(np.argsort(table, axis=0, kind="stable").astype(np.int64), starts, weight)

    def rows(self, columns: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """(n,) rows, each with a mode of its column of (n,) columns that was drawn by the logarithm."""
        made = np.empty(len(columns), dtype=np.int64)
        for column in np.unique(columns):
            here = np.flatnonzero(columns == column)
            mode = rng.choice(len(self.weight[column]), len(here), p=self.weight[column])
            first, behind = self.starts[column][mode], self.starts[column][mode + 1]
            made[here] = self.order[first + (rng.random(len(here)) * (behind - first)).astype(np.int64), column]
        return made


def _weights(seed: int) -> Callable[..., Any]:
    """A function that draws weights of a shape and a scale."""
    import torch

    random = torch.Generator().manual_seed(seed)
    return lambda *shape, scale: torch.nn.Parameter(torch.randn(*shape, generator=random) * scale)
