"""One law: a family with its parameters; which family an information criterion likes best; what a person may write."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trasunto.encoders.families import FAMILIES, LEAST, Parameters, Sample
from trasunto.errors import near

# Significant digits of parameters: what is saved is what is drawn from, and is short enough to read.
DIGITS = 12
# A law that gives less than this to where it is wanted gives nothing.
NOTHING = 1e-9
# What each family is written with. +: above 0.
WRITTEN = {
    "normal": "mean deviation+",
    "logistic": "mean scale+",
    "laplace": "median scale+",
    "student t": "degrees+ centre scale+",
    "gumbel": "mode scale+",
    "uniform": "low high",
    "triangular": "low mode high",
    "beta": "low high alpha+ beta+",
    "truncated normal": "mean deviation+ low high",
    "exponential": "start mean+",
    "half-normal": "start scale+",
    "lognormal": "start mean_log deviation_log+",
    "gamma": "start shape+ scale+",
    "weibull": "start shape+ scale+",
    "inverse gaussian": "start mean+ shape+",
    "pareto": "least+ index+",
    "poisson": "start mean+ step+",
    "geometric": "start probability+ step+",
    "negative binomial": "start successes+ probability+ step+",
    "binomial": "start trials+ probability+ step+",
    "discrete uniform": "low high step+",
    "mixture": "weights+ means deviations+",
}


@dataclass(frozen=True)
class Law:
    """One distribution: a family and its parameters."""

    family: str
    parameters: Parameters

    def cdf(self, values: np.ndarray) -> np.ndarray:
        """Probability of each value or less."""
        with np.errstate(all="ignore"):
            found = FAMILIES[self.family].cdf(np.asarray(values, dtype=float), self.parameters)
        return np.clip(np.nan_to_num(found, nan=0.0), 0.0, 1.0)

    def between(self, low: float, high: float) -> float:
        """Probability of values above low, high included."""
        ends = self.cdf(np.array([low, high]))
        return float(ends[1] - ends[0])

    def quantile(self, shares: np.ndarray, low: float, high: float) -> np.ndarray:
        """Values of the law cut to [low, high], by halving the interval 60 times."""
        ends = self.cdf(np.array([low, high]))
        wanted = ends[0] + np.asarray(shares) * (ends[1] - ends[0])
        below, above = np.full(wanted.shape, float(low)), np.full(wanted.shape, float(high))
        for _ in range(60):
            middle = (below + above) / 2
            under = self.cdf(middle) < wanted
            below, above = np.where(under, middle, below), np.where(under, above, middle)
        return above

    @property
    def size(self) -> int:
        """How many numbers it takes to write the law down; the step of counts and a start of 0 are none."""
        free = (v for k, v in self.parameters.items() if k != "step" and not (k == "start" and v == 0))
        return sum(len(each) if isinstance(each, list) else 1 for each in free) - (self.family == "mixture")


def ranked(sample: Sample, names: Sequence[str], criterion: str) -> list[tuple[float, Law]]:
    """(criterion, law) of each family that applies, best first; the lower the better.

    criterion: "bic" (Schwarz 1978) or "aic" (Akaike 1974), of what each law, cut to [low, high], gives to cells.
    """
    left, right, times = sample.cells
    price = math.log(max(times.sum(), 2.0)) if criterion == "bic" else 2.0
    found = []
    for law in _fitted(sample, names):
        whole = law.between(*sample.wide)
        if not whole > NOTHING:
            continue
        share = (law.cdf(right) - law.cdf(left)) / whole
        worth = float((times * np.log(np.clip(share, LEAST, 1.0))).sum())
        found.append((price * law.size - 2 * worth, law))
    return sorted(found, key=lambda each: each[0])


def _fitted(sample: Sample, names: Sequence[str]) -> list[Law]:
    lowest = sample.low - sample.step / 2
    laws = []
    for name in names:
        family = FAMILIES[name]
        if family.counts and not sample.step:
            continue
        starts = [0.0] if not family.starts else ([0.0] if sample.zero and sample.low >= 0 else [])
        if family.starts and (not sample.zero or sample.low < 0 or sample.low > 0.05 * (sample.high - sample.low)):
            starts.append(sample.low if family.counts else lowest)
        for start in starts:
            here = replace(sample, start=start)
            with np.errstate(all="ignore"):
                parameters = family.fit(here)
            if parameters is not None:
                written = {"start": start, **parameters} if family.starts else parameters
                written = {**written, "step": sample.step} if family.counts else written
                rounded = {key: short(value) for key, value in written.items()}
                if all(np.isfinite(np.ravel(value)).all() for value in rounded.values()):
                    laws.append(Law(name, rounded))
    return laws


def short(value: Any) -> Any:
    """Numbers to 12 significant digits."""
    return [short(each) for each in value] if isinstance(value, list) else float(f"{value:.{DIGITS}g}")


def law_of(family: Any, parameters: Any) -> Law:
    """The law that a person has written down. ValueError with what is wrong and what was allowed."""
    if family not in FAMILIES:
        raise ValueError(f"there is no family {family!r}. {near(str(family), FAMILIES)}")
    marks = {word.rstrip("+"): word.endswith("+") for word in WRITTEN[family].split()}
    given = parameters if isinstance(parameters, dict) else {}
    if set(given) != set(marks):
        raise ValueError(
            f"{family!r} has the parameters {', '.join(marks)}, not {', '.join(map(str, given)) or 'none'}"
        )
    read: Parameters = {}
    for key, above in marks.items():
        many = family == "mixture"
        values = [number(each, f"{key} of {family!r}") for each in (given[key] if many else [given[key]])]
        if above and min(values, default=0.0) <= 0:
            raise ValueError(f"{key} of {family!r} is {given[key]}; it must be above 0")
        read[key] = values if many else values[0]
    if family == "mixture":
        if len({len(each) for each in read.values()}) != 1:
            raise ValueError("weights, means and deviations of 'mixture' must be as many")
        if abs(sum(read["weights"]) - 1) > 0.01:
            raise ValueError(f"the weights of 'mixture' add up to {sum(read['weights']):.6g}; they must add up to 1")
    if read.get("probability", 0.5) > 1:
        raise ValueError(f"probability of {family!r} is {read['probability']}; it must be at most 1")
    if "high" in read and not read["low"] <= read.get("mode", read["low"]) <= read["high"] > read["low"]:
        raise ValueError(f"of {family!r} low must be below high, and mode between them")
    return Law(family, read)


def number(value: Any, what: str) -> float:
    """A finite number that a person has written. ValueError that names it."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{what} is {value!r}; it must be a number")
    return float(value)
