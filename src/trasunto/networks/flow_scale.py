"""Numbers as normal scores, and what is known of a score when it is seen through noise.

A score z is standard normal by construction; seen at level a, between 0 (nothing) and 1 (all), it is
x = a z + sqrt(1 - a^2) e with standard normal e, which is standard normal at every level too: the variance-preserving
path of Song et al. 2021, "Score-based generative modeling through stochastic differential equations", and of flow
matching (Lipman et al. 2023). Without anything else known, z given x is normal with mean a x and variance 1 - a^2; a
network only has to say by how much each of a few intervals of z is likelier than that.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

# Chances below this count as this much; what is likelier elsewhere is not moved by it.
LEAST = 1e-12
# How steep a slope and a bend of 1 are: close ties need steep ones, and soon.
SLOPE = 6.0
# Scores lie within this, about one in ten million.
FARTHEST = 5.2
# The highest level at which a score that is asked for is seen.
HIGHEST = 0.9995


@dataclass(frozen=True)
class Scale:
    """The line of one column.

    codes: (m,) int32, rising: those on the line; shares: (m,) of the rows on it, above 0 and adding up to 1.
    """

    codes: np.ndarray
    shares: np.ndarray

    @cached_property
    def ends(self) -> np.ndarray:
        """(m + 1,) cumulated shares, from 0 to 1."""
        found = np.concatenate([[0.0], np.cumsum(self.shares)])
        return found / found[-1]

    def score(self, places: np.ndarray, spread: np.ndarray) -> np.ndarray:
        """Normal scores, float32, of positions in `codes`. spread: of like shape, 0 to 1, the place inside a code."""
        from scipy.special import ndtri

        share = self.ends[places] + spread * (self.ends[places + 1] - self.ends[places])
        return np.clip(ndtri(share), -FARTHEST, FARTHEST).astype(np.float32)

    def code(self, scores: np.ndarray) -> np.ndarray:
        """Codes, int32, of normal scores."""
        from scipy.special import ndtr

        places = np.searchsorted(self.ends, ndtr(scores.astype(np.float64)), side="right") - 1
        return self.codes[np.clip(places, 0, len(self.codes) - 1)]


def scale_of(counts: np.ndarray, codes: np.ndarray) -> Scale:
    """The line of these codes of a column. counts: (size,) rows of each code of it."""
    weight = counts[codes] + 0.5
    return Scale(codes.astype(np.int32), weight / weight.sum())


def cuts(bins: int) -> np.ndarray:
    """(bins + 1,) ends of intervals of scores that are equally likely, the outer ones infinite."""
    from scipy.special import ndtri

    found: np.ndarray = ndtri(np.linspace(0, 1, bins + 1))
    return found


def shapes(bins: int) -> np.ndarray:
    """(shapes, bins) float32, what a network adds up to say how much likelier each interval is.

    A slope and a bend over the scores, which are all that columns tied as normal ones are need (their chance given
    others is normal, and a normal density over another is the exponential of a parabola); runs of 4 intervals; each.
    """
    ends = np.clip(cuts(bins), -3, 3)
    middle = (ends[1:] + ends[:-1]) / 2
    runs = np.arange(bins)[None] // 4 == np.arange(-(-bins // 4))[:, None]
    found = np.concatenate([SLOPE * middle[None], SLOPE * (middle[None] ** 2 - 1), 2 * runs, np.eye(bins)])
    return found.astype(np.float32)


def seen(scores: Any, level: Any, noise: Any) -> Any:
    """Scores seen at levels, all tensors of one shape."""
    return level * scores + (1 - level**2).clamp(min=0).sqrt() * noise


def chances(values: Any, level: Any, ends: Any) -> Any:
    """(..., bins) log-probability that a score lies in each interval, by what is seen of it alone.

    values, level: (...) as `seen` gives them; level below 1. ends: (bins + 1,).
    """
    import torch

    low, high = _ends(values, level, ends)
    # Differences in the upper tail are those of the lower one mirrored, where they are not rounded away.
    flip = (low > 0).to(values.dtype) * -2 + 1
    found = (torch.special.ndtr(flip * high) - torch.special.ndtr(flip * low)).abs()
    return found.clamp(min=LEAST).log()


def means(values: Any, level: Any, ends: Any) -> Any:
    """(..., bins) the mean of a score that lies in each interval, by what is seen of it; arguments as of `chances`."""
    import torch

    low, high = _ends(values, level, ends)
    share = chances(values, level, ends).exp()
    away, middle = (1 - level**2).sqrt().unsqueeze(-1), (level * values).unsqueeze(-1)
    found = middle + away * (_density(low) - _density(high)) / share
    nearest = torch.where(high < 0, ends[1:], ends[:-1])
    found = torch.where(share > 2 * LEAST, found, nearest)
    return torch.minimum(torch.maximum(found, ends[:-1]), ends[1:]).clamp(-FARTHEST, FARTHEST)


def _density(values: Any) -> Any:
    return (-0.5 * values**2).exp() * 0.3989422804


def drawn(values: Any, level: Any, bins: Any, ends: Any, spread: Any) -> Any:
    """Scores drawn inside chosen intervals. bins, spread: like values; spread from 0 to 1."""
    import torch

    away = (1 - level**2).sqrt()
    low, high = (ends[bins + side] - level * values for side in (0, 1))
    below, above = torch.special.ndtr(low / away), torch.special.ndtr(high / away)
    inside = level * values + away * torch.special.ndtri(below + spread * (above - below))
    # An interval that what is seen all but rules out: its nearer end.
    nearest = torch.where(high < 0, ends[bins + 1], ends[bins])
    found = torch.where(above - below > LEAST, inside, nearest)
    return torch.minimum(torch.maximum(found, ends[bins]), ends[bins + 1]).clamp(-FARTHEST, FARTHEST)


def _ends(values: Any, level: Any, ends: Any) -> tuple[Any, Any]:
    """(..., bins) ends of each interval in standard deviations from what is seen."""
    away = (1 - level**2).sqrt().unsqueeze(-1)
    centred = (ends - (level * values).unsqueeze(-1)) / away
    return centred[..., :-1], centred[..., 1:]
