"""The distribution of one number or datetime column as a short record that a person can read, check and sign.

A column is gaps, spikes (values far more frequent than those around them), and a law for the rest: the family that an
information criterion likes best, cut to bounds and rounded to the column's own grid. From the record alone come the
codes of the column (encoders/codes.py) and the share of each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trasunto.encoders.codes import EXTREME, REPEATED, Steps
from trasunto.encoders.families import Sample
from trasunto.encoders.laws import NOTHING, Law, law_of, number, ranked, short

# Columns of at most so many values are listed value by value.
LISTED = 20
# A value is a spike when it is so many times as frequent as the values around it, and has so large a share.
STANDS_OUT, SPIKE, SPIKES = 4.0, 0.001, 40
# Values that families are fitted to, cells that they are compared on, and codes of a column's law, at most.
SEEN, CELLS, CODES = 10_000, 400, 400
# A stretch without values is told when it is so wide a part of the range, and so many values were to be expected in it.
WIDE, EXPECTED = 0.1, 30
# By how much shares may miss 1 when a person has rounded them.
TOLERANCE = 1e-3
# Units of datetimes, in microseconds, the coarsest first.
UNITS = {"days": 86_400e6, "seconds": 1e6, "microseconds": 1.0}


@dataclass(frozen=True)
class Marginal:
    """One column.

    law: of the values that are neither missing nor spikes; None when there are none. spikes: (value, share of all
    rows). missing: share of all rows. low, high: ends of the law. grid: distance between neighbouring values, 0 when
    continuous; offset: a value on it. unit: of all these numbers: "" or, for datetimes, "days", "seconds" or
    "microseconds" since 1970-01-01. criterion, score: by which the law was picked, and its value. runners_up: (family,
    score), best first. empty: (above, below) of stretches inside of which the law gives nothing.
    """

    law: Law | None
    spikes: tuple[tuple[float, float], ...]
    missing: float
    low: float
    high: float
    grid: float
    offset: float
    unit: str
    criterion: str
    score: float
    runners_up: tuple[tuple[str, float], ...]
    empty: tuple[tuple[float, float], ...] = ()

    @property
    def share(self) -> float:
        """Share of all rows that the law stands for."""
        return max(1.0 - self.missing - sum(share for _, share in self.spikes), 0.0)

    def to_dict(self) -> dict[str, Any]:
        """JSON and YAML values. Datetimes are ISO text; parameters of their laws are numbers in `unit` since 1970."""
        found: dict[str, Any] = {"missing": _share(self.missing)}
        found["spikes"] = [{"value": self._written(value), "share": share} for value, share in self.spikes]
        if self.law is not None:
            found["share"] = _share(self.share)
            found |= {"family": self.law.family, "parameters": dict(self.law.parameters)}
            found |= {"low": self._written(self.low), "high": self._written(self.high)}
            if self.empty:
                found["empty"] = [{"above": self._written(a), "below": self._written(b)} for a, b in self.empty]
        found |= {"grid": _plain(self.grid), "offset": _plain(self.offset)}
        if self.unit:
            found["unit"] = f"{self.unit} since 1970-01-01"
        if self.law is not None:
            runners_up = [{"family": family, self.criterion: score} for family, score in self.runners_up]
            found["picked"] = {"by": self.criterion, self.criterion: self.score, "runners_up": runners_up}
        return found

    @staticmethod
    def from_dict(told: Mapping[str, Any]) -> Marginal:
        """From what `to_dict` gave, or a person made of it. ValueError names what is wrong and what is allowed."""
        for key in ("missing", "spikes", "grid", "offset", *(("share", "low", "high") if "family" in told else ())):
            if key not in told:
                raise ValueError(f"{key!r} is not there")
        unit = str(told.get("unit", "")).partition(" ")[0]
        if unit and unit not in UNITS:
            raise ValueError(f"unit is {unit!r}; it must be one of {', '.join(UNITS)}")
        missing, grid = number(told["missing"], "missing"), number(told["grid"], "grid")
        if not 0 <= missing <= 1 or grid < 0:
            raise ValueError(f"missing is {missing} and grid {grid}; missing must be within 0 and 1, grid not below 0")
        spikes = tuple((_read(each["value"], unit), number(each["share"], "a share")) for each in told["spikes"])
        law = law_of(told["family"], told.get("parameters")) if "family" in told else None
        low, high = (_read(told[end], unit) if law is not None else 0.0 for end in ("low", "high"))
        shares = [missing, *(share for _, share in spikes), number(told.get("share", 0.0), "share")]
        if min(shares) < 0 or abs(sum(shares) - 1) > TOLERANCE:
            raise ValueError(f"missing, spikes and share add up to {sum(shares):.6g}; none may be below 0, all make 1")
        if law is not None and not low < high:
            raise ValueError(f"low is {told['low']} and high {told['high']}; low must be below high")
        picked = told.get("picked", {})
        by = picked.get("by", "")
        runners_up = tuple((each["family"], each[by]) for each in picked.get("runners_up", ()))
        offset = number(told["offset"], "offset")
        if law is not None and not law.between(low - grid / 2, high + grid / 2) > NOTHING:
            raise ValueError(f"{law.family!r} with these parameters gives nothing between low and high")
        empty = tuple((_read(each["above"], unit), _read(each["below"], unit)) for each in told.get("empty", ()))
        ends = [low, *(end for each in empty for end in each), high]
        if empty and ends != sorted(ends):
            raise ValueError("empty stretches must lie one after the other between low and high")
        score = picked.get(by, 0.0)
        return Marginal(law, spikes, missing, low, high, grid, offset, unit, by, score, runners_up, empty)

    def _written(self, value: float) -> Any:
        if not self.unit:
            return _plain(value)
        stamp = np.datetime64(round(value * UNITS[self.unit]), "us")
        return str(stamp.astype("datetime64[D]") if self.unit == "days" else stamp)

    def steps(self) -> tuple[Steps, np.ndarray]:
        """Codes of the column and (size,) the share of each. Codes of a law lie between its quantiles, closer at the
        ends, or are single values where the grid is coarse."""
        scale = UNITS.get(self.unit, 1.0)
        low, high, share = self._bins()
        low = np.concatenate([[value for value, _ in self.spikes], low])
        high = np.concatenate([[value for value, _ in self.spikes], high])
        share = np.concatenate([[part for _, part in self.spikes], share])
        if not low.size:
            return Steps(low, high, True, self.grid * scale, self.offset * scale), np.array([1.0])
        # A spike comes before a bin that begins at it.
        order = np.lexsort((high, low))
        same = low[order] == high[order]
        low, high, share = low[order], high[order], share[order]
        repeated = np.concatenate([[False], same[1:] & same[:-1] & (low[1:] == low[:-1])])
        # A spike on a value that the law has too: one code with the share of both.
        share = np.add.reduceat(share, np.flatnonzero(~repeated))
        low, high = low[~repeated] * scale, high[~repeated] * scale
        steps = Steps(low, high, self.missing > 0, self.grid * scale, self.offset * scale)
        return steps, np.append(share, self.missing) if self.missing > 0 else share

    def _bins(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Low and high edge of each code of the law, and its share."""
        if self.law is None or self.share <= 0:
            return np.empty(0), np.empty(0), np.empty(0)
        half = self.grid / 2
        if self.grid and (self.high - self.low) / self.grid < CODES:
            values = self.low + self.grid * np.arange(round((self.high - self.low) / self.grid) + 1)
            low, high, left, right = values, values, values - half, values + half
        else:
            tail = 2.0 ** -np.arange(8, 17)
            places = np.unique(np.concatenate([[0, 1], np.linspace(0, 1, 2**8 + 1), tail, 1 - tail]))
            edges = self.law.quantile(places, self.low - half, self.high + half)
            edges[0], edges[-1] = self.low, self.high
            if self.grid:
                edges = self.offset + np.round((edges - self.offset) / self.grid) * self.grid
                # Values of a bin end before its upper edge.
                edges[-1] += self.grid
            inner = [end for start, stop in self._empty() for end in (start, stop) if self.low < end < self.high]
            edges = np.unique(np.append(edges, inner))
            low, high = (edges[:-1], edges[1:]) if len(edges) > 1 else (edges, edges)
            left, right = low - half, high - half
        held = np.maximum(self.law.cdf(right) - self.law.cdf(left), 0.0)
        for start, stop in self._empty():
            held[(left >= start - 1.01 * half) & (right <= stop - 0.99 * half)] = 0.0
        if not held.sum() > 0:
            held = np.ones(len(low))
        kept = held > 1e-12 * held.sum()
        return low[kept], high[kept], self.share * held[kept] / held[kept].sum()

    def _empty(self) -> list[tuple[float, float]]:
        """Stretches without values, from the first value that is not to the next that is."""
        return [(above + self.grid, below) for above, below in self.empty]


def fit_marginal(
    values: np.ndarray, *, missing: float, steps: Steps, datetime: bool, families: Sequence[str], criterion: str
) -> Marginal:
    """The distribution of a column.

    values: (n,) those that are not missing; microseconds for datetimes. missing: share of all rows. steps:
    the column's codes, for its grid. families: names to choose from. criterion: "bic" or "aic".
    """
    whole_units = (n for n, size in UNITS.items() if steps.grid and not (steps.grid % size or steps.offset % size))
    unit = next(whole_units, "microseconds")
    scale = UNITS[unit] if datetime else 1.0
    grid, offset = steps.grid / scale, steps.offset / scale
    # A value on the grid, but none of a real row.
    offset = offset % grid if grid else 0.0
    missing = _share(missing)
    if not len(values):
        return Marginal(None, (), 1.0, 0.0, 0.0, grid, offset, unit if datetime else "", criterion, 0.0, ())
    distinct, counts = np.unique(values / scale, return_counts=True)
    listed = len(distinct) <= LISTED and len(values) >= REPEATED * len(distinct)
    if listed and (counts >= REPEATED).any():
        # Rare values of a list are no one's to publish.
        counts = np.where(counts >= REPEATED, counts, 0)
    excess = counts if listed else _spikes(distinct, counts, grid)
    rest = counts - excess
    share = (1.0 - missing) / counts.sum()
    listed_values = zip(distinct[excess > 0].tolist(), excess[excess > 0].tolist(), strict=True)
    spikes = tuple((value, _share(times * share)) for value, times in listed_values)
    nothing = Marginal(None, spikes, missing, 0.0, 0.0, grid, offset, unit if datetime else "", criterion, 0.0, ())
    whole = int(rest.sum())
    if whole == 0:
        return nothing
    few = np.sort(np.repeat(distinct, rest))
    low, high = float(few[: min(EXTREME, whole)].mean()), float(few[-min(EXTREME, whole) :].mean())
    low, high = (_on_grid(end, grid, offset) for end in (low, high))
    if not high > low:
        lone = (low, _share(whole * share))
        return replace(nothing, spikes=tuple(sorted((*spikes, lone))))
    seen = replace(_sample(few, low, high, grid), zero=not datetime)
    found = ranked(seen, families, criterion) or ranked(seen, ("uniform",), criterion)
    names = {law.family: score for score, law in reversed(found)}
    others = sorted((score, family) for family, score in names.items() if family != found[0][1].family)[:3]
    return replace(
        nothing,
        law=found[0][1],
        low=low,
        high=high,
        score=round(found[0][0], 1),
        runners_up=tuple((family, round(score, 1)) for score, family in others),
        empty=_stretches(few, low, high, grid, offset),
    )


def _spikes(distinct: np.ndarray, counts: np.ndarray, grid: float) -> np.ndarray:
    """(distinct,) by how many rows each value exceeds those around it, 0 where it does not stand out."""
    rows = int(counts.sum())
    around = np.zeros((10, len(distinct)))
    if grid:
        for place, away in enumerate([*range(-5, 0), *range(1, 6)]):
            at = np.clip(np.searchsorted(distinct, distinct + (away - 0.25) * grid), 0, len(distinct) - 1)
            near = np.abs(distinct[at] - distinct - away * grid) < 0.25 * grid
            outside = (distinct + away * grid < distinct[0]) | (distinct + away * grid > distinct[-1])
            around[place] = np.where(outside, np.nan, np.where(near, counts[at], 0))
    around[:, np.isnan(around).all(axis=0)] = 0
    usual = np.nanmedian(around, axis=0)
    excess = np.where(counts > STANDS_OUT * usual, counts - np.ceil(usual), 0).astype(np.int64)
    excess[excess < max(SPIKE * rows, 4 * REPEATED)] = 0
    if (excess > 0).sum() > SPIKES:
        excess[np.argsort(-excess, kind="stable")[SPIKES:]] = 0
    return excess


def _stretches(
    ordered: np.ndarray, low: float, high: float, grid: float, offset: float
) -> tuple[tuple[float, float], ...]:
    """Wide stretches without values, where many would be if values were spread evenly. Ends are means of 5 rows."""
    gaps, rows = np.diff(ordered), len(ordered)
    least = max(2 * EXTREME, rows // 100)
    wide = (gaps > WIDE * (high - low)) & (gaps * rows > EXPECTED * (high - low))
    found = []
    for at in np.flatnonzero(wide).tolist():
        if least <= at + 1 <= rows - least:
            ends = float(ordered[at + 1 - EXTREME : at + 1].mean()), float(ordered[at + 1 : at + 1 + EXTREME].mean())
            found.append(tuple(_on_grid(end, grid, offset) for end in ends))
    return tuple((above, below) for above, below in found if below > above)


def _on_grid(value: float, grid: float, offset: float) -> float:
    return float(f"{offset + round((value - offset) / grid) * grid:.15g}") if grid else short(value)


def _sample(ordered: np.ndarray, low: float, high: float, grid: float) -> Sample:
    """What families are fitted to: values in order, evenly thinned, and cells with the number of values in each."""
    inside = np.clip(ordered, low, high)
    thin = inside[np.linspace(0, len(inside) - 1, min(len(inside), SEEN)).astype(np.int64)]
    distinct, times = np.unique(inside, return_counts=True)
    if grid and len(distinct) <= 5 * CELLS:
        return Sample(thin, low, high, grid, (distinct - grid / 2, distinct + grid / 2, times.astype(float)))
    edges = np.unique(np.quantile(inside, np.linspace(0, 1, min(CELLS, max(len(inside) // 10, 8)) + 1)))
    held = np.histogram(inside, edges)[0].astype(float)
    return Sample(thin, low, high, grid, (edges[:-1], edges[1:], held))


def _share(value: float) -> float:
    return float(f"{value:.8g}")


def _plain(value: float) -> float | int:
    """A whole number without a point."""
    return int(value) if value == round(value) and abs(value) < 2**63 else value


def _read(value: Any, unit: str) -> float:
    """A value as `Marginal.to_dict` writes it, or YAML reads it. ValueError when it is none."""
    if not unit:
        return number(value, "a value")
    try:
        stamp = np.datetime64(str(value), "us")
    except ValueError:
        raise ValueError(f"{value!r} is no date") from None
    return int(stamp.astype(np.int64)) / UNITS[unit]
