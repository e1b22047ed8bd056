"""Some twenty parametric families of distributions: fitted fast, compared by an information criterion, readable.

Each family is a fit (closed form, or a few steps of a fixed point or of Newton's method) and a cumulative
distribution function. Estimators are the maximum likelihood ones of Johnson, Kotz and Balakrishnan (1994, 1995) and
Johnson, Kemp and Kotz (2005) unless a line says otherwise. encoders/marginal.py picks among them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

Parameters = dict[str, Any]
# Mixtures have from two to this many parts.
PARTS = 5
# Gain in log-likelihood under which a mixture is settled; smallest density of a mixture.
SETTLED = 0.01
LEAST = 1e-300


@dataclass(frozen=True)
class Sample:
    """What a family is fitted to.

    values: (n,) some of the values. low, high: what lies outside is never drawn. step: distance of neighbouring
    values, 0 when continuous. cells: (left, right, times) of all values, in order. start: where families of positive
    values and of counts begin. zero: whether 0 is where values may begin (not so for dates).
    """

    values: np.ndarray
    low: float
    high: float
    step: float
    cells: tuple[np.ndarray, np.ndarray, np.ndarray]
    start: float = 0.0
    zero: bool = True

    @property
    def above(self) -> np.ndarray:
        """Values above the start, at least half a step (or next to nothing) above it."""
        least = 0.5 * self.step if self.step else 1e-9 * max(self.high - self.start, 1e-300)
        return np.maximum(self.values - self.start, least)

    @property
    def counts(self) -> np.ndarray:
        """Values as counts of steps above the start."""
        return np.maximum(np.round((self.values - self.start) / self.step), 0.0)

    @property
    def weighed(self) -> tuple[np.ndarray, np.ndarray]:
        """The middle of each cell, and how many values it holds."""
        left, right, times = self.cells
        return (left + right) / 2, times

    @property
    def wide(self) -> tuple[float, float]:
        """The outer edges of the first and of the last value's cell."""
        return self.low - self.step / 2, self.high + self.step / 2


@dataclass(frozen=True)
class Family:
    """A family. fit: parameters, or None where it does not apply. cdf: (values, parameters) → probabilities.

    starts: whether it has a start: 0 or the lowest value. counts: whether it gives whole steps only.
    """

    fit: Callable[[Sample], Parameters | None]
    cdf: Callable[[np.ndarray, Mapping[str, Any]], np.ndarray]
    starts: bool = False
    counts: bool = False


# --- fits: what is not positive where it must be does not apply ---------------------------------------------------


def _normal(s: Sample) -> Parameters | None:
    return _spread({"mean": s.values.mean(), "deviation": s.values.std()})


def _spread(parameters: Parameters) -> Parameters | None:
    """The parameters when the last is above 0."""
    return parameters if list(parameters.values())[-1] > 0 else None


def _logistic(s: Sample) -> Parameters | None:
    # Moments: within a hundredth of the likelihood's scale for data of this shape.
    return _spread({"mean": s.values.mean(), "scale": s.values.std() * math.sqrt(3) / math.pi})


def _laplace(s: Sample) -> Parameters | None:
    middle = np.median(s.values)
    return _spread({"median": middle, "scale": np.abs(s.values - middle).mean()})


def _student(s: Sample) -> Parameters | None:
    """Expectation-maximisation for centre and scale at some degrees of freedom (Lange, Little and Taylor 1989)."""
    x, w = s.weighed
    best: tuple[float, Parameters] | None = None
    for degrees in (1.0, 2.0, 3.0, 5.0, 8.0, 15.0, 30.0):
        middle = float(np.median(s.values))
        scale = max(float(np.quantile(np.abs(s.values - middle), 0.68)), 1e-300)
        for _ in range(30):
            weight = w * (degrees + 1) / (degrees + ((x - middle) / scale) ** 2)
            middle = float((weight * x).sum() / weight.sum())
            scale = max(math.sqrt(float((weight * (x - middle) ** 2).sum() / w.sum())), 1e-300)
        z = ((x - middle) / scale) ** 2
        density = special.gammaln((degrees + 1) / 2) - special.gammaln(degrees / 2) - 0.5 * math.log(degrees * math.pi)
        worth = float((w * (density - math.log(scale) - (degrees + 1) / 2 * np.log1p(z / degrees))).sum())
        if best is None or worth > best[0]:
            best = worth, {"degrees": degrees, "centre": middle, "scale": scale}
    return best[1] if best is not None and best[1]["scale"] > 1e-200 else None


def _gumbel(s: Sample) -> Parameters | None:
    x, scale = s.values, float(s.values.std()) * math.sqrt(6) / math.pi
    if not scale > 0:
        return None
    for _ in range(50):
        weight = np.exp(-(x - x.min()) / scale)
        scale = 0.5 * (scale + max(float(x.mean() - (x * weight).sum() / weight.sum()), 1e-3 * scale))
    return {"mode": float(x.min()) - scale * math.log(float(np.exp(-(x - x.min()) / scale).mean())), "scale": scale}


def _uniform(s: Sample) -> Parameters | None:
    low, high = s.wide
    return {"low": low, "high": high} if high > low else None


def _triangular(s: Sample) -> Parameters | None:
    # Moments: the mean of the three corners is the mean.
    low, high = s.wide
    mode = min(max(3 * float(s.values.mean()) - low - high, low), high)
    return {"low": low, "mode": mode, "high": high} if high > low else None


def _beta(s: Sample) -> Parameters | None:
    """Newton's method on the digamma equations, begun at the moments."""
    low, high = s.wide
    if not high > low:
        return None
    y = np.clip((s.values - low) / (high - low), 1e-6, 1 - 1e-6)
    m, v = float(y.mean()), float(y.var())
    if not 0 < v < m * (1 - m):
        return None
    both = np.array([m, 1 - m]) * (m * (1 - m) / v - 1)
    target = np.array([np.log(y).mean(), np.log1p(-y).mean()])
    for _ in range(12):
        gap = special.psi(both) - special.psi(both.sum()) - target
        slope = np.diag(special.polygamma(1, both)) - special.polygamma(1, both.sum())
        both = np.maximum(both - np.linalg.solve(slope, gap), both / 3)
    return {"low": low, "high": high, "alpha": both[0], "beta": both[1]}


def _truncated_normal(s: Sample) -> Parameters | None:
    """Mean and deviation before the cut whose mean and deviation after it are the data's, by Newton's method."""
    low, high = s.wide
    m, d = float(s.values.mean()), float(s.values.std())
    if not d > 0:
        return None

    def gap(at: np.ndarray) -> np.ndarray:
        a, b = (low - at[0]) / math.exp(at[1]), (high - at[0]) / math.exp(at[1])
        mass = special.ndtr(b) - special.ndtr(a)
        fa, fb = np.exp(-a * a / 2) / 2.5066282746310002, np.exp(-b * b / 2) / 2.5066282746310002
        shift = (fa - fb) / mass
        var = 1 + (a * fa - b * fb) / mass - shift**2
        return np.array(
            [(at[0] + math.exp(at[1]) * shift - m) / d, math.exp(at[1]) * math.sqrt(max(var, 1e-12)) / d - 1]
        )

    at = np.array([m, math.log(d)])
    for _ in range(40):
        here = gap(at)
        moved = np.stack([gap(at + step) - here for step in (np.array([1e-5 * d, 0]), np.array([0, 1e-5]))], axis=1)
        slope = moved / np.array([1e-5 * d, 1e-5])
        if not np.isfinite(slope).all() or abs(np.linalg.det(slope * np.array([d, 1.0]))) < 1e-9:
            return None
        step = np.linalg.solve(slope, here)
        at = at - np.clip(step, [-d, -0.5], [d, 0.5])
    if not np.abs(gap(at)).max() < 1e-6 or abs(at[0] - m) > 20 * d:
        return None
    return {"mean": at[0], "deviation": math.exp(at[1]), "low": low, "high": high}


def _exponential(s: Sample) -> Parameters | None:
    return _spread({"mean": s.above.mean()})


def _half_normal(s: Sample) -> Parameters | None:
    return _spread({"scale": math.sqrt((s.above**2).mean())})


def _lognormal(s: Sample) -> Parameters | None:
    logs = np.log(s.above)
    return _spread({"mean_log": logs.mean(), "deviation_log": logs.std()})


def _gamma(s: Sample) -> Parameters | None:
    gap = math.log(s.above.mean()) - float(np.log(s.above).mean())
    if not gap > 1e-9:
        return None
    shape = (3 - gap + math.sqrt((gap - 3) ** 2 + 24 * gap)) / (12 * gap)
    for _ in range(6):
        slope = 1 / shape - float(special.polygamma(1, shape))
        shape = max(shape - (math.log(shape) - float(special.psi(shape)) - gap) / slope, shape / 3)
    return _spread({"shape": shape, "scale": s.above.mean() / shape})


def _weibull(s: Sample) -> Parameters | None:
    y = s.above / s.above.mean()
    logs = np.log(y)
    if not logs.std() > 1e-6:
        return None
    shape = 1.2825 / float(logs.std())
    for _ in range(20):
        raised = y**shape
        first, second = (raised * logs).sum() / raised.sum(), (raised * logs**2).sum() / raised.sum()
        step = (first - 1 / shape - logs.mean()) / (second - first**2 + 1 / shape**2)
        shape = float(np.clip(shape - step, shape / 3, shape * 3))
    return _spread({"shape": shape, "scale": float((y**shape).mean()) ** (1 / shape) * s.above.mean()})


def _inverse_gaussian(s: Sample) -> Parameters | None:
    gap = float((1 / s.above).mean() - 1 / s.above.mean())
    return {"mean": s.above.mean(), "shape": 1 / gap} if gap > 0 else None


def _pareto(s: Sample) -> Parameters | None:
    least = s.wide[0]
    logs = np.log(np.maximum(s.values, least) / least) if least > 0 and s.zero else np.zeros(1)
    return {"least": least, "index": 1 / logs.mean()} if logs.mean() > 0 else None


def _poisson(s: Sample) -> Parameters | None:
    return _spread({"mean": s.counts.mean()})


def _geometric(s: Sample) -> Parameters | None:
    return {"probability": 1 / (1 + s.counts.mean())}


def _negative_binomial(s: Sample) -> Parameters | None:
    # Moments; the likelihood has no finite optimum when the spread is no wider than a Poisson law's.
    m, v = float(s.counts.mean()), float(s.counts.var())
    return {"successes": m * m / (v - m), "probability": m / v} if v > 1.0001 * m > 0 else None


def _binomial(s: Sample) -> Parameters | None:
    m, v, most = float(s.counts.mean()), float(s.counts.var()), round((s.high - s.start) / s.step)
    if not 0 < v < m:
        return None
    trials = max(round(m * m / (m - v)), most)
    return {"trials": trials, "probability": m / trials}


def _discrete_uniform(s: Sample) -> Parameters | None:
    return {"low": s.low, "high": s.high} if s.high > s.low else None


def _mixture(s: Sample) -> Parameters | None:
    """Normal parts by expectation-maximisation on cells; their number by BIC (McLachlan and Peel 2000, section 6.9)."""
    x, w = s.weighed
    least = max(1e-3 * float(np.sqrt(np.average((x - np.average(x, weights=w)) ** 2, weights=w))), s.step / 4)
    if len(x) < 6 or not least > 0:
        return None
    best: tuple[float, Parameters] | None = None
    order = np.cumsum(w) / w.sum()
    for parts in range(2, PARTS + 1):
        means = np.interp((np.arange(parts) + 0.5) / parts, order, x)
        deviations, shares = np.full(parts, max((x[-1] - x[0]) / (2 * parts), least)), np.full(parts, 1 / parts)
        gained, likely = np.inf, -np.inf
        for _ in range(100):
            if gained < SETTLED:
                break
            near = shares / deviations * np.exp(-0.5 * ((x[:, None] - means) / deviations) ** 2) + LEAST
            total = near.sum(axis=1)
            before, likely = likely, float(w @ np.log(total))
            gained = likely - before
            each = near * (w / total)[:, None]
            held = each.sum(axis=0) + 1e-9
            shares, means = held / held.sum(), (each * x[:, None]).sum(axis=0) / held
            deviations = np.sqrt((each * (x[:, None] - means) ** 2).sum(axis=0) / held + least**2)
        worth = -2 * likely + (3 * parts - 1) * math.log(w.sum())
        if best is None or worth < best[0]:
            found = {"weights": shares.tolist(), "means": means.tolist(), "deviations": deviations.tolist()}
            best = worth, found
    return best[1] if best is not None else None


# --- cumulative distribution functions ----------------------------------------------------------------------------


def _steps(x: np.ndarray, p: Mapping[str, Any]) -> np.ndarray:
    """Whole steps above the start at or below each value."""
    found: np.ndarray = np.floor((x - p["start"]) / p["step"] + 1e-9)
    return found


def _cdf_triangular(x: np.ndarray, p: Mapping[str, Any]) -> np.ndarray:
    low, mode, high = p["low"], p["mode"], p["high"]
    x = np.clip(x, low, high)
    rising = (x - low) ** 2 / ((high - low) * max(mode - low, 1e-300))
    return np.where(x <= mode, rising, 1 - (high - x) ** 2 / ((high - low) * max(high - mode, 1e-300)))


def _cdf_truncated(x: np.ndarray, p: Mapping[str, Any]) -> np.ndarray:
    z = (np.clip(x, p["low"], p["high"]) - p["mean"]) / p["deviation"]
    ends = special.ndtr((np.array([p["low"], p["high"]]) - p["mean"]) / p["deviation"])
    found: np.ndarray = (special.ndtr(z) - ends[0]) / (ends[1] - ends[0])
    return found


def _cdf_inverse_gaussian(x: np.ndarray, p: Mapping[str, Any]) -> np.ndarray:
    y = np.maximum(x - p["start"], 1e-300)
    m, k = p["mean"], p["shape"]
    root = np.sqrt(k / y)
    found: np.ndarray = special.ndtr(root * (y / m - 1)) + np.exp(2 * k / m + special.log_ndtr(-root * (y / m + 1)))
    return np.where(x > p["start"], found, 0.0)


def _cdf_negative_binomial(x: np.ndarray, p: Mapping[str, Any]) -> np.ndarray:
    k = _steps(x, p)
    return np.where(k >= 0, special.betainc(p["successes"], np.maximum(k, 0) + 1, p["probability"]), 0.0)


def _cdf_binomial(x: np.ndarray, p: Mapping[str, Any]) -> np.ndarray:
    k = _steps(x, p)
    inside = special.betainc(np.maximum(p["trials"] - k, 1e-9), np.maximum(k, 0) + 1, 1 - p["probability"])
    return np.where(k < 0, 0.0, np.where(k >= p["trials"], 1.0, inside))


def _cdf_mixture(x: np.ndarray, p: Mapping[str, Any]) -> np.ndarray:
    parts = zip(p["weights"], p["means"], p["deviations"], strict=True)
    return sum((w * special.ndtr((x - m) / d) for w, m, d in parts), np.zeros(x.shape))


def _positive(shape: Callable[[np.ndarray, Mapping[str, Any]], np.ndarray]) -> Callable[..., np.ndarray]:
    """A cdf of values above the start."""
    return lambda x, p: np.where(x > p["start"], shape(np.maximum(x - p["start"], 0.0), p), 0.0)


FAMILIES: dict[str, Family] = {
    "normal": Family(_normal, lambda x, p: special.ndtr((x - p["mean"]) / p["deviation"])),
    "logistic": Family(_logistic, lambda x, p: special.expit((x - p["mean"]) / p["scale"])),
    "laplace": Family(
        _laplace, lambda x, p: 0.5 + 0.5 * np.sign(x - p["median"]) * -np.expm1(-np.abs(x - p["median"]) / p["scale"])
    ),
    "student t": Family(_student, lambda x, p: special.stdtr(p["degrees"], (x - p["centre"]) / p["scale"])),
    "gumbel": Family(_gumbel, lambda x, p: np.exp(-np.exp(-(x - p["mode"]) / p["scale"]))),
    "uniform": Family(_uniform, lambda x, p: (x - p["low"]) / (p["high"] - p["low"])),
    "triangular": Family(_triangular, _cdf_triangular),
    "beta": Family(
        _beta,
        lambda x, p: special.betainc(p["alpha"], p["beta"], np.clip((x - p["low"]) / (p["high"] - p["low"]), 0, 1)),
    ),
    "truncated normal": Family(_truncated_normal, _cdf_truncated),
    "exponential": Family(_exponential, _positive(lambda y, p: -np.expm1(-y / p["mean"])), True),
    "half-normal": Family(_half_normal, _positive(lambda y, p: special.erf(y / p["scale"] / math.sqrt(2))), True),
    "lognormal": Family(
        _lognormal, _positive(lambda y, p: special.ndtr((np.log(y) - p["mean_log"]) / p["deviation_log"])), True
    ),
    "gamma": Family(_gamma, _positive(lambda y, p: special.gammainc(p["shape"], y / p["scale"])), True),
    "weibull": Family(_weibull, _positive(lambda y, p: -np.expm1(-((y / p["scale"]) ** p["shape"]))), True),
    "inverse gaussian": Family(_inverse_gaussian, _cdf_inverse_gaussian, True),
    "pareto": Family(_pareto, lambda x, p: 1 - (p["least"] / np.maximum(x, p["least"])) ** p["index"]),
    "poisson": Family(
        _poisson,
        lambda x, p: np.where(x >= p["start"], special.pdtr(np.maximum(_steps(x, p), 0), p["mean"]), 0.0),
        True,
        True,
    ),
    "geometric": Family(
        _geometric, lambda x, p: -np.expm1((np.maximum(_steps(x, p), -1) + 1) * np.log1p(-p["probability"])), True, True
    ),
    "negative binomial": Family(_negative_binomial, _cdf_negative_binomial, True, True),
    "binomial": Family(_binomial, _cdf_binomial, True, True),
    "discrete uniform": Family(
        _discrete_uniform,
        lambda x, p: (np.floor((x - p["low"]) / p["step"] + 1e-9) + 1) / ((p["high"] - p["low"]) / p["step"] + 1),
        False,
        True,
    ),
    "mixture": Family(_mixture, _cdf_mixture),
}
