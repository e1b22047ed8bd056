"""A variational autoencoder of rows of modes and scalars.

Kingma and Welling 2014, "Auto-encoding variational Bayes"; for tables, TVAE of Xu et al. 2019, "Modeling tabular data
using conditional GAN", section 4.5. What is other than there: a mode is drawn from its softmax, not the largest taken;
and the place inside a mode has a law of its own (networks/vae_loss.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from trasunto.encoders.vectors import Vectors
from trasunto.networks import chance
from trasunto.networks.private import Descent, Taps, secret
from trasunto.networks.sums import summed
from trasunto.networks.vae_loss import EVEN, FINEST, missed

# Weights that stay in float32 where products are in bfloat16.
WHOLE = ("embedding", "scalars", "bias", "said bias")
# The second layers.
SECOND = ("in", "out2")
# Variances of latent vectors, as logarithms.
NARROW, BROAD = -12.0, 4.0


@dataclass(frozen=True)
class Layout:
    """Where columns lie in what the network reads and says. vectors: of the rows."""

    vectors: Vectors

    @cached_property
    def starts(self) -> np.ndarray:
        """(columns,) the first logit of each."""
        return np.array([span.start for span in self.vectors.spans], dtype=np.int64)

    @cached_property
    def owner(self) -> np.ndarray:
        """(hot,) the column of each logit."""
        widths = [span.stop - span.start for span in self.vectors.spans]
        return np.repeat(np.arange(len(widths)), widths)

    @cached_property
    def places(self) -> np.ndarray:
        """(scalars,) the column of each scalar."""
        return np.array([at for at, span in enumerate(self.vectors.spans) if span.scalar is not None], dtype=np.int64)

    @cached_property
    def wide(self) -> np.ndarray:
        """(hot,) bool: modes in which a scalar says something."""
        return np.concatenate([span.wide for span in self.vectors.spans])

    def counts(self, modes: np.ndarray) -> np.ndarray:
        """(hot,) how many of (n, columns) have each mode."""
        return np.bincount((modes + self.starts).ravel(), minlength=self.vectors.hot)

    @property
    def said(self) -> int:
        """Numbers that the network says of a row: logits, then centres, then logarithms of scales."""
        return self.vectors.hot + 2 * len(self.places)


def network(layout: Layout, counts: np.ndarray, *, width: int, latent: int, seed: int, deep: bool = True) -> Any:
    """The untrained weights, a torch ParameterDict. counts: (hot,) of all modes: their shares are said at first.
    deep: with a second layer on either side."""
    import torch

    generator = torch.Generator().manual_seed(seed)

    def drawn(inner: int, outer: int, gain: float = 1.0) -> Any:
        return torch.nn.Parameter(torch.randn(inner, outer, generator=generator) * gain * inner**-0.5)

    def zeros(*shape: int) -> Any:
        return torch.nn.Parameter(torch.zeros(*shape))

    hot, scalars = layout.vectors.hot, len(layout.places)
    counts = counts + 0.5
    whole = np.bincount(layout.owner, counts)[layout.owner]
    widths = np.bincount(layout.owner)[layout.places]
    first = np.concatenate([np.log(counts / whole), widths / 2, np.full(scalars, EVEN - 1)]).astype(np.float32)
    found = {
        "embedding": torch.nn.Parameter(torch.randn(hot, width, generator=generator) * len(layout.starts) ** -0.5),
        "scalars": drawn(max(scalars, 1), width),
        "bias": zeros(width),
        "in": drawn(width, width, 1.4),
        "in bias": zeros(width),
        "latent": drawn(width, 2 * latent, 0.5),
        "latent bias": zeros(2 * latent),
        "out": drawn(latent, width, 1.4),
        "out bias": zeros(width),
        "out2": drawn(width, width, 1.4),
        "out2 bias": zeros(width),
        "said": drawn(width, layout.said, 0.3),
        "said bias": torch.nn.Parameter(torch.from_numpy(first)),
    }
    if not deep:
        found = {name: each for name, each in found.items() if name.partition(" ")[0] not in SECOND}
    return torch.nn.ParameterDict(found)


def encoded(net: Any, flat: Any, scalars: Any, taps: Taps | None = None) -> tuple[Any, Any]:
    """(n, latent) means and logarithms of variances.

    flat: (n, columns) modes of all columns numbered through. scalars: (n, scalars).
    """
    import torch

    linear = _linear(net, taps)
    if taps is not None:
        # As a product with ones and zeros, whose gradients of single rows are known.
        ones = scalars.new_zeros(len(flat), len(net["embedding"])).scatter_(1, flat, 1.0)
        inner = linear(ones, "embedding", "bias")
    else:
        inner = summed(net["embedding"], flat) + net["bias"]
    if scalars.shape[1]:
        inner = inner + linear(scalars, "scalars", None)
    inner = torch.relu(inner).to(net["latent"].dtype)
    if "in" in net:
        inner = inner + torch.relu(linear(inner, "in", "in bias"))
    mean, spread = linear(inner, "latent", "latent bias").float().chunk(2, dim=1)
    return mean, spread.clamp(NARROW, BROAD)


def decoded(net: Any, latent: Any, taps: Taps | None = None) -> Any:
    """(n, said) what is said of rows with these (n, latent) vectors."""
    import torch

    linear = _linear(net, taps)
    inner = torch.relu(linear(latent, "out", "out bias"))
    if "out2" in net:
        inner = inner + torch.relu(linear(inner, "out2", "out2 bias"))
    return linear(inner, "said", "said bias")


def _linear(net: Any, taps: Taps | None) -> Callable[[Any, str, str | None], Any]:
    """A product with a weight, plus a bias, by their names."""
    import torch

    def plainly(inputs: Any, weight: str, bias: str | None) -> Any:
        matrix = net[weight]
        inputs = inputs.to(matrix.dtype)
        if bias is None:
            return inputs @ matrix
        if net[bias].dtype == matrix.dtype:
            return torch.addmm(net[bias], inputs, matrix)
        # Sums of numbers of two types take many times as long.
        return (inputs @ matrix).to(net[bias].dtype) + net[bias]

    return plainly if taps is None else taps.linear


@dataclass(frozen=True)
class Lesson:
    """What the network is taught with.

    modes: (n, columns) long and scalars: (n, scalars) float32 tensors on the device. beta: weight of the divergence
    from the standard normal distribution. half: products in bfloat16, but under a budget.
    """

    net: Any
    layout: Layout
    modes: Any
    scalars: Any
    beta: float
    seed: int
    half: bool = False

    def sums(self, batch: np.ndarray, plan: Descent) -> dict[str, Any]:
        """The clipped gradients of these rows, summed, by parameter."""
        taps = Taps(self.net)
        return taps.sums(self._loss(batch, secret(), taps), plan)

    def validation(self, rows: np.ndarray, batch: int) -> Callable[[], float]:
        """The mean loss of rows, with the same noise at each call."""
        return chance.validation(self._loss, self.seed, rows, batch)

    @cached_property
    def owner(self) -> Any:
        """(hot,) the column of each logit."""
        import torch

        return torch.from_numpy(self.layout.owner).to(self.modes.device)

    @cached_property
    def _flat(self) -> Any:
        import torch

        return self.modes + torch.from_numpy(self.layout.starts).to(self.modes.device)

    @cached_property
    def _inside(self) -> Any:
        import torch

        layout, device = self.layout, self.modes.device
        places, wide = (torch.from_numpy(each).to(device) for each in (layout.places, layout.wide))
        parts = self.scalars, self.modes[:, places].float(), wide[self._flat[:, places]].float()
        return torch.cat(parts, dim=1)

    def taken(self, batch: np.ndarray) -> tuple[Any, Any]:
        """Of these rows the (n, columns) modes of all columns numbered through, and (n, 3 scalars): scalars, their
        modes, and 1 where they say something."""
        import torch

        rows = torch.from_numpy(batch).to(self.modes.device)
        return self._flat.index_select(0, rows), self._inside.index_select(0, rows)

    def _loss(self, batch: np.ndarray, rng: np.random.Generator, taps: Taps | None = None) -> Any:
        """The summed loss of these rows, with latent vectors drawn by `rng`."""
        import torch

        flat, inside = self.taken(batch)
        net = halved(self.net) if self.half else self.net
        mean, spread = encoded(net, flat, inside[:, : len(self.layout.places)], taps)
        noise = torch.from_numpy(rng.standard_normal(mean.shape, dtype=np.float32)).to(mean.device)
        said = decoded(net, mean + noise * torch.exp(spread / 2), taps).float()
        divergence = (mean.square() + spread.exp() - 1 - spread).sum() / 2
        return missed(said, flat, inside, self.owner) + self.beta * divergence


def halved(net: Any) -> dict[str, Any]:
    """The weights, those of inner products in bfloat16. What is said at first, of rare modes too, stays exact."""
    return {name: each if name in WHOLE else each.bfloat16() for name, each in net.items()}


def drawn_inside(said: np.ndarray, modes: np.ndarray, temperature: float, rng: np.random.Generator) -> np.ndarray:
    """(n, scalars) float32 places from -1 to 1, drawn in the modes. said: (n, 2 scalars) centres and spreads."""
    centre, spread = np.split(said.astype(np.float64), 2, axis=1)
    fine = np.exp(-np.clip(spread, FINEST, EVEN)) / temperature
    low = (modes - centre) * fine
    # The same law turned about, so that the end that is near lies below: differences of chances near 1 are lost.
    turned = low > -fine / 2
    near = np.where(turned, -low - fine, low)
    from_low, from_high = _sigmoid(near), _sigmoid(near + fine)
    chance = from_low + (from_high - from_low) * rng.random(near.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        place = (np.log(chance) - np.log1p(-chance) - near) / fine
    # So far from the centre that nothing of the law is left: at the end that is nearer.
    place = np.clip(np.where(np.isfinite(place), place, 1.0), 0.0, 1.0)
    return (2 * np.where(turned, 1 - place, place) - 1).astype(np.float32)


def _sigmoid(values: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-np.clip(values, -700, 700)))
