"""The loss of the autoencoder against what torch finds by itself, and sums of rows against torch's own."""

import numpy as np
import pytest
import torch

from trasunto.networks.sums import summed
from trasunto.networks.vae_loss import CERTAIN, EVEN, FINEST, missed

ROWS, WIDTHS = 9, (3, 2, 5)


def said(columns=WIDTHS, scalars=2, seed=0):
    """What a network might say, modes numbered through, what lies inside them, and owners of the logits."""
    rng = np.random.default_rng(seed)
    owner = np.repeat(np.arange(len(columns)), columns)
    starts = np.cumsum([0, *columns[:-1]])
    modes = np.stack([rng.integers(0, width, ROWS) for width in columns], axis=1)
    numbers = rng.normal(0, 1.5, (ROWS, len(owner) + 2 * scalars)).astype(np.float32)
    inside = [rng.uniform(-1, 1, (ROWS, scalars)), modes[:, :scalars], rng.random((ROWS, scalars)) < 0.7]
    inside = np.concatenate(inside, axis=1).astype(np.float32)
    return (*(torch.from_numpy(each) for each in (numbers, modes + starts, inside, owner)),)


def by_hand(numbers, flat, inside, owner):
    """The same loss, column by column, as the laws are written down."""
    hot, place, lost = len(owner), 0, numbers.new_zeros(())
    for width in np.bincount(owner.numpy()):
        column = (owner == owner[place]).nonzero()[0, 0]
        truth = flat[:, int(owner[place])] - column
        logits = numbers[:, place : place + width]
        lost = lost + torch.nn.functional.cross_entropy(logits, truth, reduction="sum")
        place += int(width)
    scalars, modes, wide = inside.chunk(3, dim=1)
    centre, spread = numbers[:, hot:].chunk(2, dim=1)
    scale = torch.exp(spread.clamp(FINEST, EVEN))

    def below(at):
        return torch.sigmoid((at - centre) / scale)

    at = modes + (scalars + 1) / 2
    density = below(at) * (1 - below(at)) / scale
    return lost - (torch.log(density / (below(modes + 1) - below(modes))) * wide).sum()


class TestMissed:
    def test_value_and_gradient_are_those_of_the_laws(self):
        numbers, *rest = said()
        mine, theirs = (numbers.double().requires_grad_() for _ in range(2))
        inside = rest[1].double()
        found, wanted = missed(mine, rest[0], inside, rest[2]), by_hand(theirs, rest[0], inside, rest[2])
        assert found.item() == pytest.approx(wanted.item(), rel=1e-9)
        found.backward()
        wanted.backward()
        assert torch.allclose(mine.grad, theirs.grad, atol=1e-9)

    def test_no_logit_and_no_scale_is_too_much(self):
        numbers, *rest = said()
        numbers = (numbers * 1000).requires_grad_()
        found = missed(numbers, *rest)
        found.backward()
        assert torch.isfinite(found.detach()) and torch.isfinite(numbers.grad).all()
        assert numbers.abs().max() > CERTAIN


class TestSummed:
    @pytest.mark.parametrize("hot", [7, 40_000])
    def test_sums_and_their_gradient_are_torchs_own(self, hot):
        rng = np.random.default_rng(0)
        flat = torch.from_numpy(rng.integers(0, hot, (11, 3)))
        flat[0] = hot - 1
        mine, theirs = (torch.from_numpy(rng.normal(size=(hot, 4))).requires_grad_() for _ in range(2))
        theirs.data.copy_(mine.data)
        weights = torch.from_numpy(rng.normal(size=(11, 4)))
        found, wanted = summed(mine, flat), torch.nn.functional.embedding(flat, theirs).sum(1)
        assert torch.allclose(found, wanted)
        (found * weights).sum().backward()
        (wanted * weights).sum().backward()
        assert torch.allclose(mine.grad, theirs.grad)
