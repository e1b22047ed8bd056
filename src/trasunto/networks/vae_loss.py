"""What a row costs that is said to have other modes and places: cross-entropies, and a logistic law inside a mode.

The place inside a mode has a logistic law along all modes of its column, cut to the one that was drawn, so that it is
even where nothing is known of it. All gradients are written out: of many columns at once, in a tenth of the operations
that a backward pass through every one of them takes.
"""

from __future__ import annotations

from typing import Any

# Logits beyond this are no more certain; their exponentials are finite in float32.
CERTAIN = 40.0
# Logarithms of the scale of a place, in modes: from almost a point to even over any mode.
FINEST, EVEN = -4.0, 4.0
# Most columns whose sums are products with a matrix of ones and zeros.
FEW = 64


def missed(said: Any, flat: Any, inside: Any, owner: Any) -> Any:
    """The summed negative log-likelihood of rows, differentiable once in what is said.

    said: (n, hot + 2 scalars) float32 logits, centres and logarithms of scales. flat: (n, columns) modes numbered
    through. inside: (n, 3 scalars) scalars, their modes, and 1 where they say something. owner: (hot,) the column of
    each logit.
    """
    import torch

    hot = len(owner)
    with torch.no_grad():
        slope = torch.empty_like(said)
        value = _modes(said[:, :hot], flat, owner, slope[:, :hot])
        if inside.shape[1]:
            value += _places(said[:, hot:], inside, slope[:, hot:])
    # Its gradient is the slope, its value what was found.
    leading = torch.dot(said.reshape(-1), slope.reshape(-1))
    return leading + (value - leading).detach()


def _modes(logits: Any, flat: Any, owner: Any, slope: Any) -> Any:
    """The summed cross-entropy of the modes of all columns. slope: filled with shares less what is true."""
    import torch

    shares = torch.exp(logits.clamp(-CERTAIN, CERTAIN))
    columns = flat.shape[1]
    if columns <= FEW:
        ones = shares.new_zeros(len(owner), columns).scatter_(1, owner[:, None], 1.0)
        whole = shares @ ones
        torch.mul(shares, whole.reciprocal() @ ones.t(), out=slope)
    else:
        whole = shares.new_zeros(len(flat), columns).index_add_(1, owner, shares)
        torch.div(shares, whole.index_select(1, owner), out=slope)
    slope.scatter_add_(1, flat, slope.new_full((1, 1), -1.0).expand(flat.shape))
    return torch.log(whole).sum() - logits.gather(1, flat).sum()


def _places(said: Any, inside: Any, slope: Any) -> Any:
    """The summed negative log-density, on [0, 1], of the places in the modes. slope: filled with its gradient."""
    import torch

    softplus = torch.nn.functional.softplus
    (centre, spread), (scalars, modes, wide) = said.chunk(2, dim=1), inside.chunk(3, dim=1)
    # Both ends of the mode, and the place, in scales from the centre.
    kept = spread.clamp(FINEST, EVEN)
    fine = torch.exp(-kept)
    low = (modes - centre) * fine
    at, high = low + (scalars + 1) / 2 * fine, low + fine
    # A logistic law cut to an interval: its mass there is sigma(high) sigma(-low) (1 - exp(low - high)).
    part = -torch.expm1(-fine)
    lost = at + 2 * softplus(-at) + kept - softplus(-high) - softplus(low) + torch.log(part)
    by_at, by_low, by_high = torch.tanh(at / 2), -torch.sigmoid(low), torch.sigmoid(-high)
    by_centre, by_spread = slope.chunk(2, dim=1)
    torch.mul(by_at + by_low + by_high, -fine * wide, out=by_centre)
    turned = 1 - by_at * at - by_low * low - by_high * high - (1 - part) / part * fine
    torch.mul(turned, wide * (spread == kept), out=by_spread)
    return (lost * wide).sum()
