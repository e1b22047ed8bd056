"""What a row costs that is said to have other modes and places: cross-entropies, and a logistic law inside a mode.

The place inside a mode has a logistic law along all modes of its column, cut to the one that was drawn, so that it is
even where nothing is known of it. All gradients are written out: of many columns at once, in a tenth of the operations
that a backward pass through every one of them takes.
"""

from __future__ import annotations

from math import log
from typing import Any

# Logits beyond this are no more certain; their exponentials are finite in float32.
CERTAIN = 40.0
# Logarithms of the scale of a place, in modes: from almost a point to even over any mode.
FINEST, EVEN = -4.0, 4.0


def missed(said: Any, flat: Any, inside: Any, owner: Any) -> Any:
    """The summed negative log-likelihood of rows, differentiable once in what is said.

    said: (n, hot + 2 scalars) float32 logits, centres and logarithms of scales. flat: (n, columns) modes numbered
    through. inside: (n, 3 scalars) scalars, their modes, and 1 where they say something. owner: (hot,) the column of
    each logit, ascending.
    """
    import torch

    with torch.no_grad():
        value, slope = sloped(said.t().contiguous(), flat.t().contiguous(), inside.t().contiguous(), owner)
    # Its gradient is the slope, its value what was found.
    leading = torch.dot(said.reshape(-1), slope.t().reshape(-1))
    return leading + (value - leading).detach()


def sloped(said: Any, flat: Any, inside: Any, owner: Any) -> tuple[Any, Any]:
    """What `missed` finds, and its gradient by what is said. All are turned about, with a column for each row of the
    table, so that sums over the modes of a column are sums of rows, which take a tenth of the time."""
    import torch

    hot = len(owner)
    slope = torch.empty_like(said)
    value = _modes(said[:hot], flat, owner, slope[:hot])
    if inside.shape[0]:
        value += _places(said[hot:], inside, slope[hot:])
    return value, slope


def _modes(logits: Any, flat: Any, owner: Any, slope: Any) -> Any:
    """The summed cross-entropy of the modes of all columns. slope: filled with shares less what is true."""
    import torch

    # Powers of two take half of the time that those of e take.
    shares = torch.mul(logits, 1 / log(2), out=slope).clamp_(-CERTAIN / log(2), CERTAIN / log(2)).exp2_()
    columns = len(flat)
    if shares.is_cuda:
        # Sums there are in any order but by a product.
        whole = shares.new_zeros(columns, len(owner)).scatter_(0, owner[None], 1.0) @ shares
    else:
        whole = shares.new_zeros(columns, shares.shape[1]).index_add_(0, owner, shares)
    shares.mul_(whole.reciprocal().index_select(0, owner))
    shares.scatter_add_(0, flat, shares.new_full((1, 1), -1.0).expand(flat.shape))
    return torch.log(whole).sum() - logits.gather(0, flat).sum()


def _places(said: Any, inside: Any, slope: Any) -> Any:
    """The summed negative log-density, on [0, 1], of the places in the modes. slope: filled with its gradient."""
    import torch

    (centre, spread), (scalars, modes, wide) = said.chunk(2), inside.chunk(3)
    # Both ends of the mode, and the place, in scales from the centre.
    kept = spread.clamp(FINEST, EVEN)
    fine = torch.exp(-kept)
    low = (modes - centre) * fine
    at, high = low + (scalars + 1) / 2 * fine, low + fine
    # A logistic law cut to an interval: its mass there is sigma(high) sigma(-low) (1 - exp(low - high)).
    part = -torch.expm1(-fine)
    ends = torch.stack([-at, low, -high])
    (soft_at, soft_low, soft_high), (by_at, by_low, by_high) = torch.nn.functional.softplus(ends), torch.sigmoid(ends)
    lost = at + 2 * soft_at + kept - soft_high - soft_low + torch.log(part)
    by_at = 1 - 2 * by_at
    by_centre, by_spread = slope.chunk(2)
    torch.mul(by_at - by_low + by_high, -fine * wide, out=by_centre)
    turned = 1 - by_at * at + by_low * low - by_high * high - (1 - part) / part * fine
    torch.mul(turned, wide * (spread == kept), out=by_spread)
    return (lost * wide).sum()
