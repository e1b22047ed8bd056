"""Rules of named distributions: NumPy's by NumPy's names and parameters, any other of scipy.stats by its own.

`normal: [170, 8]` or `normal: {loc: 170, scale: 8}`; `min` and `max` truncate (the shape between them is kept, nothing
piles up at the ends); `decimals` rounds, and 0 makes whole numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from trasunto.data.schema import Column, Format
from trasunto.errors import near
from trasunto.rules.rule import Block, Rule, Spec
from trasunto.rules.values import Drawn

# Name → parameters, in order; one with a default may be left out.
NUMPY: dict[str, dict[str, float | None]] = {
    "normal": {"loc": 0.0, "scale": 1.0},
    "lognormal": {"mean": 0.0, "sigma": 1.0},
    "gamma": {"shape": None, "scale": 1.0},
    "beta": {"a": None, "b": None},
    "exponential": {"scale": 1.0},
    "uniform": {"low": 0.0, "high": 1.0},
    "triangular": {"left": None, "mode": None, "right": None},
    "weibull": {"a": None},
    "pareto": {"a": None},
    "power": {"a": None},
    "laplace": {"loc": 0.0, "scale": 1.0},
    "logistic": {"loc": 0.0, "scale": 1.0},
    "gumbel": {"loc": 0.0, "scale": 1.0},
    "rayleigh": {"scale": 1.0},
    "chisquare": {"df": None},
    "standard_t": {"df": None},
    "vonmises": {"mu": None, "kappa": None},
    "wald": {"mean": None, "scale": None},
    "poisson": {"lam": None},
    "binomial": {"n": None, "p": None},
    "geometric": {"p": None},
    "negative_binomial": {"n": None, "p": None},
    "hypergeometric": {"ngood": None, "nbad": None, "nsample": None},
    "logseries": {"p": None},
    "zipf": {"a": None},
}
# The same distributions as scipy.stats has them: for checks of parameters, and for truncation.
_SCIPY: dict[str, Callable[..., tuple[str, dict[str, float]]]] = {
    "normal": lambda loc, scale: ("norm", {"loc": loc, "scale": scale}),
    "lognormal": lambda mean, sigma: ("lognorm", {"s": sigma, "scale": float(np.exp(mean))}),
    "gamma": lambda shape, scale: ("gamma", {"a": shape, "scale": scale}),
    "beta": lambda a, b: ("beta", {"a": a, "b": b}),
    "exponential": lambda scale: ("expon", {"scale": scale}),
    "uniform": lambda low, high: ("uniform", {"loc": low, "scale": high - low}),
    "triangular": lambda left, mode, right: (
        "triang",
        {"c": (mode - left) / (right - left) if right > left else np.nan, "loc": left, "scale": right - left},
    ),
    "weibull": lambda a: ("weibull_min", {"c": a}),
    "pareto": lambda a: ("lomax", {"c": a}),
    "power": lambda a: ("powerlaw", {"a": a}),
    "laplace": lambda loc, scale: ("laplace", {"loc": loc, "scale": scale}),
    "logistic": lambda loc, scale: ("logistic", {"loc": loc, "scale": scale}),
    "gumbel": lambda loc, scale: ("gumbel_r", {"loc": loc, "scale": scale}),
    "rayleigh": lambda scale: ("rayleigh", {"scale": scale}),
    "chisquare": lambda df: ("chi2", {"df": df}),
    "standard_t": lambda df: ("t", {"df": df}),
    "vonmises": lambda mu, kappa: ("vonmises", {"loc": mu, "kappa": kappa}),
    "wald": lambda mean, scale: ("invgauss", {"mu": mean / scale if scale else np.nan, "scale": scale}),
    "poisson": lambda lam: ("poisson", {"mu": lam}),
    "binomial": lambda n, p: ("binom", {"n": n, "p": p}),
    "geometric": lambda p: ("geom", {"p": p}),
    "negative_binomial": lambda n, p: ("nbinom", {"n": n, "p": p}),
    "hypergeometric": lambda ngood, nbad, nsample: ("hypergeom", {"M": ngood + nbad, "n": ngood, "N": nsample}),
    "logseries": lambda p: ("logser", {"p": p}),
    "zipf": lambda a: ("zipf", {"a": a}),
}
DISCRETE = {"poisson", "binomial", "geometric", "negative_binomial", "hypergeometric", "logseries", "zipf"}
# Below this share of draws inside the bounds, values come from the inverse of the distribution function.
_REDRAW = 0.2


@dataclass(frozen=True)
class Distribution:
    """A named distribution. parameters: in order of name. low, high: where it is truncated, or None."""

    family: str
    parameters: tuple[tuple[str, float], ...]
    low: float | None = None
    high: float | None = None
    decimals: int | None = None
    needs: tuple[str, ...] = ()
    capacity: int | None = None

    @property
    def whole(self) -> bool:
        """Whether its values are whole numbers."""
        return self.decimals == 0 or is_discrete(self.family)

    @cached_property
    def frozen(self) -> Any:
        """The distribution of scipy.stats with these parameters."""
        import scipy.stats

        given = dict(self.parameters)
        name, named = _SCIPY[self.family](**given) if self.family in NUMPY else (self.family, given)
        return getattr(scipy.stats, name)(**named)

    @cached_property
    def ends(self) -> tuple[float, float]:
        """Shares of the whole distribution below the lower and the upper end."""
        least = 0.0 if self.low is None else float(self.frozen.cdf(np.ceil(self.low) - 1 if self._steps else self.low))
        return least, 1.0 if self.high is None else float(self.frozen.cdf(self.high))

    @property
    def _steps(self) -> bool:
        return is_discrete(self.family)

    def column(self, name: str) -> Column:
        low, high = self.low, self.high
        bounds = (low, high) if low is not None and high is not None else None
        kind: Any = "integer" if self.whole else "number"
        form = Format(decimals=None if self.whole else self.decimals)
        return Column(name, kind, nullable=False, bounds=bounds, format=form, declared=True)

    def draw(self, block: Block, name: str) -> Drawn:
        rng = block.rng(name)
        if self.low is None and self.high is None:
            values = self._plain(rng, block.rows)
        elif self.ends[1] - self.ends[0] >= _REDRAW:
            values = self._redrawn(rng, block.rows)
        else:
            values = self._inverted(rng, block.rows)
        return Drawn(self._rounded(values))

    def nth(self, index: np.ndarray, block: Block, name: str) -> Drawn:
        raise NotImplementedError

    def _plain(self, rng: np.random.Generator, rows: int) -> np.ndarray:
        if self.family not in NUMPY:
            return np.asarray(self.frozen.rvs(size=rows, random_state=rng))
        return drawn_by_numpy(rng, self.family, [value for _, value in self.parameters], rows)

    def _redrawn(self, rng: np.random.Generator, rows: int) -> np.ndarray:
        values = self._plain(rng, rows)
        low = -np.inf if self.low is None else self.low
        high = np.inf if self.high is None else self.high
        outside = np.flatnonzero((values < low) | (values > high))
        while len(outside):
            values[outside] = again = self._plain(rng, len(outside))
            outside = outside[(again < low) | (again > high)]
        return values

    def _inverted(self, rng: np.random.Generator, rows: int) -> np.ndarray:
        if self.low is not None and self.ends[0] > 0.5:
            # Far in the upper tail the distribution function is 1 to all digits; its complement is not.
            last = np.ceil(self.low) - 1 if self._steps else self.low
            most, least = float(self.frozen.sf(last)), 0.0 if self.high is None else float(self.frozen.sf(self.high))
            values = self.frozen.isf(least + (most - least) * rng.random(rows))
        else:
            values = self.frozen.ppf(self.ends[0] + (self.ends[1] - self.ends[0]) * (1.0 - rng.random(rows)))
        low = self.low if self.low is not None else -np.inf
        return np.clip(values, low, self.high if self.high is not None else np.inf)

    def _rounded(self, values: np.ndarray) -> np.ndarray:
        if self.whole:
            rounded = values if values.dtype.kind in "iu" else np.rint(values)
            return np.clip(rounded, -(2.0**62), 2.0**62).astype(np.int64)
        return values if self.decimals is None else np.round(values, self.decimals)


def drawn_by_numpy(rng: np.random.Generator, family: str, parameters: list[Any], rows: int) -> np.ndarray:
    """Draws of a family of NUMPY; each parameter a number or an array of (rows,)."""
    method = getattr(rng, "uniform" if family == "uniform" else family)
    made: np.ndarray = method(*parameters, size=rows)
    return made


@lru_cache(maxsize=256)
def is_discrete(family: str) -> bool:
    """Whether a known distribution has whole numbers alone."""
    if family in NUMPY:
        return family in DISCRETE
    import scipy.stats

    return isinstance(getattr(scipy.stats, family), scipy.stats.rv_discrete)


@lru_cache(maxsize=1)
def families() -> frozenset[str]:
    """Every name a distribution can go by."""
    import scipy.stats

    kinds = (scipy.stats.rv_continuous, scipy.stats.rv_discrete)
    return frozenset({*NUMPY, *(name for name, each in vars(scipy.stats).items() if isinstance(each, kinds))})


def parameter_names(family: str) -> dict[str, float | None]:
    """The parameters of a family, in order, with their defaults (None: there is none)."""
    if family in NUMPY:
        return NUMPY[family]
    import scipy.stats

    shapes = getattr(scipy.stats, family).shapes
    needed: dict[str, float | None] = {name.strip(): None for name in (shapes.split(",") if shapes else ())}
    return needed | ({"loc": 0.0} if is_discrete(family) else {"loc": 0.0, "scale": 1.0})


def distribution(spec: Spec) -> Rule:
    """`FAMILY: [parameters in order]` or `FAMILY: {name: value}`; `min`, `max`, `decimals`."""
    names = parameter_names(spec.rule)
    given = spec.value
    if isinstance(given, int | float) and not isinstance(given, bool):
        given = [given]
    if isinstance(given, list | tuple):
        if len(given) > len(names):
            raise spec.wrong(f"{spec.rule} takes {', '.join(names)}; {len(given)} numbers were given.")
        given = dict(zip(names, given, strict=False))
    if not isinstance(given, dict):
        raise spec.wrong(f"{spec.rule} is {spec.value!r}.", f"Give its parameters: {', '.join(names)}.")
    for name in given:
        if name not in names:
            raise spec.wrong(f"{spec.rule} has no parameter {name!r}.", near(str(name), names))
    lacking = [name for name, default in names.items() if default is None and name not in given]
    if lacking:
        raise spec.wrong(f"{spec.rule} needs {', '.join(lacking)}.", f"Its parameters are {', '.join(names)}.")
    values = tuple((name, spec.as_number(name, given.get(name, default))) for name, default in names.items())
    low, high = spec.number("min"), spec.number("max")
    decimals = spec.option("decimals")
    if decimals is not None:
        spec.options["decimals"] = decimals
        decimals = spec.whole("decimals", 0, 0, 15)
    made = Distribution(spec.rule, values, low, high, decimals)
    _check(spec, made)
    return made


def _check(spec: Spec, made: Distribution) -> None:
    told = ", ".join(f"{name} {value:g}" for name, value in made.parameters)
    with np.errstate(all="ignore"):
        possible = bool(np.isfinite(made.frozen.ppf(0.5))) and bool(np.isfinite(made.frozen.cdf(0.0)))
    if not possible:
        raise spec.wrong(f"{spec.rule} cannot have {told}.", "See the range of each parameter in the reference.")
    if made.low is not None and made.high is not None and made.low > made.high:
        raise spec.wrong(f"min is {made.low} and max is {made.high}.", "Write the lower number as min.")
    if made.ends[1] - made.ends[0] < 1e-12 and not _tail(made):
        between = f"from {'-∞' if made.low is None else made.low} to {'∞' if made.high is None else made.high}"
        raise spec.wrong(f"{spec.rule} with {told} has nothing {between}.", "Move min or max, or the parameters.")
    if made.decimals == 0:
        low = -np.inf if made.low is None else made.low
        if np.floor(np.inf if made.high is None else made.high) < np.ceil(low):
            raise spec.wrong(f"there is no whole number from {made.low} to {made.high}.")


def _tail(made: Distribution) -> bool:
    """Whether there is something in the upper tail that the distribution function is too coarse to show."""
    if made.low is None:
        return False
    above = 0.0 if made.high is None else float(made.frozen.sf(made.high))
    return float(made.frozen.sf(made.low)) - above > 1e-300
