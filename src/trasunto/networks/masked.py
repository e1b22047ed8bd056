"""A network that predicts every column from any of the others, and how it is trained.

Each value has a vector; what is known of a row is the sum of the vectors of its known values, and each column is read
off that sum by a small network of its own. Trained on masks of random orders it knows all conditional distributions
(Uria, Murray and Larochelle 2014, "A deep and tractable density estimator"); the sums are those of NADE (Larochelle
and Murray 2011), one network a column is that of TabularARGN (Tiwald et al. 2025). All columns are computed at once,
each from its own mask, so that one pass trains every column of the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from trasunto.networks import chance
from trasunto.networks.digits import Digits
from trasunto.networks.private import Descent, Taps, secret

# What a branch that does not exist scores: its share is 0 in float32 and bfloat16 alike.
NONE = -1e4
# Digits predicted in one step of training, and numbers that a batch of value vectors may hold.
TARGETS, HELD = 64, 2**23
# Masks of a batch: its rows are split evenly among them.
MASKS = 4


@dataclass(frozen=True)
class Layout:
    """The digits of all columns, side by side. columns: in the order in which they are drawn."""

    columns: tuple[Digits, ...]

    @cached_property
    def owner(self) -> np.ndarray:
        """(digits,) the column of each digit."""
        return np.repeat(np.arange(len(self.columns)), [each.levels for each in self.columns])

    @cached_property
    def level(self) -> np.ndarray:
        """(digits,) the level of each digit in its column."""
        return np.concatenate([np.arange(each.levels) for each in self.columns])

    @cached_property
    def widths(self) -> np.ndarray:
        """(digits,) branches of each."""
        return np.concatenate([each.widths for each in self.columns])

    @cached_property
    def starts(self) -> np.ndarray:
        """(digits,) the first value of each in a list of all values of all digits."""
        return np.cumsum(self.widths) - self.widths

    @property
    def size(self) -> int:
        return len(self.owner)

    def table(self, coded: Sequence[np.ndarray]) -> np.ndarray:
        """(n, digits) int16 of (n,) codes by column."""
        return np.concatenate([each.of(codes) for each, codes in zip(self.columns, coded, strict=True)], axis=1)

    def counts(self, table: np.ndarray) -> list[np.ndarray]:
        """By digit, how many of (n, digits) have each branch."""
        widths = zip(table.T, self.widths, strict=True)
        return [np.bincount(digit[digit >= 0], minlength=branches) for digit, branches in widths]

    def spread(self, counts: Sequence[np.ndarray]) -> list[np.ndarray]:
        """By digit, the count of each branch, of (size,) counts of the codes by column."""
        return [
            np.bincount(digit, count, minlength=width)
            for each, count in zip(self.columns, counts, strict=True)
            for digit, width in zip(each.paths.T, each.widths, strict=True)
        ]

    def before(self, ranks: np.ndarray) -> np.ndarray:
        """(masks, digits, digits) float32: whether the second digit is known when the first is drawn.

        ranks: (masks, columns) the place of each column in an order.
        """
        place = ranks[:, self.owner] * (int(self.level.max()) + 1) + self.level
        found: np.ndarray = (place[:, None, :] < place[:, :, None]).astype(np.float32)
        return found

    def ranks(self, masks: int, shuffled: float, rng: np.random.Generator) -> np.ndarray:
        """(masks, columns) places in the order of drawing.

        With probability `shuffled` some columns come first, in random order, as those do of which something is known.
        """
        count = len(self.columns)
        found = np.tile(np.arange(count), (masks, 1))
        for mask in np.flatnonzero(rng.random(masks) < shuffled):
            # Few are known more often than many.
            first = rng.permutation(count)[: 1 + int((count - 1) * rng.random() ** 2)]
            found[mask, first] = np.arange(len(first)) - count
        return found


def network(layout: Layout, counts: Sequence[np.ndarray], *, width: int, hidden: int, layers: int, seed: int) -> Any:
    """The untrained weights, a torch ParameterDict. width: of the sums; hidden: of the networks of the columns.

    counts: by digit, of each branch, 0 or more: their shares are what the network says at first.
    """
    import torch

    generator = torch.Generator().manual_seed(seed)

    def drawn(*shape: int, scale: float) -> Any:
        return torch.nn.Parameter(torch.randn(*shape, generator=generator) * scale)

    digits, most = layout.size, int(layout.widths.max())
    shares = torch.full((digits, 1, most), NONE)
    for at, found in enumerate(counts):
        share = (found + 0.5) / (found + 0.5).sum()
        shares[at, 0, : len(share)] = torch.from_numpy(np.log(share).astype(np.float32))
    made = {
        "vectors": drawn(int(layout.widths.sum()) + 1, width, scale=0.3),
        "out": drawn(digits, hidden, most, scale=0.1 / hidden**0.5),
        "shares": torch.nn.Parameter(shares, requires_grad=False),
    }
    for layer in range(layers):
        inner = width if layer == 0 else hidden
        made[f"in{layer}"] = drawn(digits, inner, hidden, scale=inner**-0.5)
        made[f"bias{layer}"] = torch.nn.Parameter(torch.zeros(digits, 1, hidden))
    return torch.nn.ParameterDict(made)


def scores(net: Any, sums: Any, at: Any, taps: Taps | None = None) -> Any:
    """(targets, n, branches) logits. sums: (targets, n, width) of what is known; at: index of the target digits."""
    import torch

    def linear(inner: Any, weight: str, bias: str) -> Any:
        if taps is not None:
            return taps.linear(inner, weight, bias, at)
        return torch.baddbmm(net[bias][at], inner, net[weight][at])

    inner, layer = sums, 0
    while f"in{layer}" in net:
        found = torch.relu(linear(inner, f"in{layer}", f"bias{layer}"))
        inner = found if layer == 0 else inner + found
        layer += 1
    return linear(inner, "out", "shares")


@dataclass(frozen=True)
class Lesson:
    """What the network is taught with.

    table: (n, digits) tensor on the device, -1 where a value is not to be learnt. shuffled: share of masks of random
    orders. half: whether products are computed in bfloat16.
    """

    net: Any
    layout: Layout
    table: Any
    shuffled: float
    seed: int
    half: bool

    def loss(self, batch: np.ndarray) -> tuple[Any, float]:
        """(summed negative log-likelihood of these rows, how many they are), each under an order of its own draw."""
        rng = np.random.default_rng(chance.seed_of(self.seed, batch))
        return self._loss(batch, rng), float(len(batch))

    def validation(self, rows: np.ndarray, batch: int) -> Callable[[], float]:
        """The mean negative log-likelihood of rows, under the same masks at each call."""
        return chance.validation(self._loss, self.seed, rows, batch)

    def sums(self, batch: np.ndarray, plan: Descent) -> dict[str, Any]:
        """The clipped gradients of these rows, summed, by parameter. Under a budget the last row of the table is one
        of which nothing is known: masks are filled up with it."""
        rng = secret()
        # Each row draws its mask by itself, so that one more row changes no other's.
        mask = rng.integers(0, MASKS, len(batch))
        most = max(int(np.bincount(mask, minlength=MASKS).max()), 1)
        places = np.full((MASKS, most), len(self.table) - 1)
        for each in range(MASKS):
            here = batch[mask == each]
            places[each, : len(here)] = here
        taps = Taps(self.net)
        return taps.sums(self._loss(places.ravel(), rng, taps), plan)

    def _loss(self, batch: np.ndarray, rng: np.random.Generator, taps: Taps | None = None) -> Any:
        import torch

        targets = np.arange(self.layout.size)
        if self.layout.size > TARGETS:
            targets = np.sort(rng.choice(self.layout.size, TARGETS, replace=False))
        logits, goal = self._predicted(batch, targets, rng, taps)
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), goal.flatten(), ignore_index=-1, reduction="sum")
        return loss * (self.layout.size / len(targets))

    def _predicted(
        self, batch: np.ndarray, targets: np.ndarray, rng: np.random.Generator, taps: Taps | None
    ) -> tuple[Any, Any]:
        """(targets, n, branches) logits of target digits, each from its own mask, and (targets, n) their values."""
        import torch

        device, layout = self.table.device, self.layout
        masks = MASKS if len(batch) % MASKS == 0 else 1
        known = torch.from_numpy(layout.before(layout.ranks(masks, self.shuffled, rng))[:, targets]).to(device)
        drawn = self.table[torch.from_numpy(batch).to(device)].long()
        starts = torch.from_numpy(layout.starts).to(device)
        # An unknown value has the last vector, which is made nothing.
        place = torch.where(drawn >= 0, drawn + starts, int(layout.widths.sum()))
        at = slice(None) if len(targets) == layout.size else torch.from_numpy(targets).to(device)
        with _halved(self.half, device):
            table = self.net["vectors"]
            vectors = torch.nn.functional.embedding(place, table) if taps is None else taps.lookup(place, "vectors")
            vectors = vectors * (drawn >= 0).unsqueeze(-1)
            sums = torch.matmul(known[:, None], vectors.view(masks, -1, *vectors.shape[1:])).flatten(0, 1)
            logits = scores(self.net, sums.transpose(0, 1), at, taps)
        return logits.float(), drawn[:, at].t()


def batch_of(layout: Layout, width: int, rows: int) -> int:
    """Rows of one step: few of a small table, so that there are steps enough, and few of a wide one."""
    held = max(HELD // (layout.size * width), 32)
    wanted = min(held, max(rows // 40, 16), 256)
    return int(2 ** np.floor(np.log2(wanted)))


def _halved(half: bool, device: Any) -> AbstractContextManager[Any]:
    import torch

    return torch.autocast(device.type, dtype=torch.bfloat16) if half else nullcontext()
