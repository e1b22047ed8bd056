"""How much likelier a row is among real rows than among drawn ones, learnt by telling the two apart.

A classifier that is trained on as many of both says the odds (Gutmann and Hyvarinen 2010, noise contrastive
estimation); rows drawn again by their odds lie closer to the real ones (Grover et al. 2019, "Bias correction of learned
generative models using likelihood-free importance weighting").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from trasunto.networks import chance
from trasunto.networks.sums import summed
from trasunto.networks.vae import Layout

# Odds beyond e to this are not believed.
BELIEVED = 4.0


def network(layout: Layout, *, width: int, seed: int) -> Any:
    """The untrained weights, a torch ParameterDict, that find no odds at first."""
    import torch

    generator = torch.Generator().manual_seed(seed)

    def drawn(*shape: int, scale: float) -> Any:
        return torch.nn.Parameter(torch.randn(*shape, generator=generator) * scale)

    columns, scalars = len(layout.starts), max(len(layout.places), 1)
    return torch.nn.ParameterDict(
        {
            "embedding": drawn(layout.vectors.hot, width, scale=columns**-0.5),
            "scalars": drawn(scalars, width, scale=scalars**-0.5),
            "bias": torch.nn.Parameter(torch.zeros(width)),
            "inner": drawn(width, width, scale=1.4 * width**-0.5),
            "inner bias": torch.nn.Parameter(torch.zeros(width)),
            "odds": torch.nn.Parameter(torch.zeros(width, 1)),
            "odds bias": torch.nn.Parameter(torch.zeros(1)),
        }
    )


def logits(net: Any, flat: Any, scalars: Any, kept: Any = None) -> Any:
    """(n,) logarithms of the odds.

    flat: (n, columns) modes of all columns numbered through. scalars: (n, scalars). kept: (n, width), what the first
    layer is multiplied with while training (dropout).
    """
    import torch

    first = summed(net["embedding"], flat) + net["bias"]
    if scalars.shape[1]:
        first = torch.addmm(first, scalars, net["scalars"])
    first = torch.relu(first)
    if kept is not None:
        first = first * kept
    inner = first + torch.relu(torch.addmm(net["inner bias"], first, net["inner"]))
    return torch.addmm(net["odds bias"], inner, net["odds"]).squeeze(1)


@dataclass(frozen=True)
class Lesson:
    """What the classifier is taught with.

    real, drawn: each (modes, scalars) tensors on the device, modes numbered through. dropout: share of the first layer
    that is left out while training.
    """

    net: Any
    real: tuple[Any, Any]
    drawn: tuple[Any, Any]
    dropout: float
    seed: int

    def loss(self, batch: np.ndarray) -> tuple[Any, float]:
        """(summed cross-entropy of these real rows and as many drawn ones, how many they are)."""
        import torch

        rng = np.random.default_rng(chance.seed_of(self.seed, batch))
        others = rng.integers(0, len(self.drawn[0]), len(batch))
        width = self.net["bias"].shape[0]
        kept = (rng.random((2 * len(batch), width), dtype=np.float32) >= self.dropout) / np.float32(1 - self.dropout)
        return self._loss(batch, others, torch.from_numpy(kept).to(self.real[0].device)), float(2 * len(batch))

    def validation(self, rows: np.ndarray, others: np.ndarray) -> Callable[[], float]:
        """The mean cross-entropy of these real and these drawn rows, as many of both."""
        return lambda: float(self._loss(rows, others, None)) / (2 * len(rows))

    def _loss(self, batch: np.ndarray, others: np.ndarray, kept: Any) -> Any:
        import torch

        places = [torch.from_numpy(each).to(self.real[0].device) for each in (batch, others)]
        flat, scalars = (
            torch.cat([one[places[0]], other[places[1]]]) for one, other in zip(self.real, self.drawn, strict=True)
        )
        said = logits(self.net, flat, scalars, kept).float()
        truth = torch.zeros_like(said)
        truth[: len(batch)] = 1.0
        return torch.nn.functional.binary_cross_entropy_with_logits(said, truth, reduction="sum")
