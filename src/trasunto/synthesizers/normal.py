"""Rows of codes drawn from a cut normal vector (synthesizers/latent.py), free or under conditions.

What is asked of a column keeps its normal variable in one or more intervals. Those variables are drawn in turn, each
given the others and within its intervals (Gibbs sampling; Kotecha and Djurić 1999); all others then follow exactly.
The number of steps is fixed, however rare the case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from trasunto.errors import SampleError
from trasunto.synthesizers.joint import Evidence
from trasunto.synthesizers.latent import Cuts

# Rows drawn at once; kinds of rows (by the columns asked for) that are drawn one after the other.
AT_ONCE, KINDS = 2**14, 64


def draw_normal(
    cuts: Sequence[Cuts], correlation: np.ndarray, evidence: Evidence, *, sweeps: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """(rows,) codes by column as the evidence asks. SampleError when no code of a column is allowed."""
    cuts = [each.at(evidence.temperature) for each in cuts]
    for each in cuts:
        mask = evidence.allowed.get(each.name)
        if mask is not None and not mask.any():
            raise SampleError(
                f"No value of column {each.name!r} is allowed.", "Ask for values that the model has learnt."
            )
    asked = [each.name for each in cuts if each.name in evidence.known or each.name in evidence.allowed]
    kinds = np.zeros(evidence.rows, dtype=np.int64)
    some = [name for name in asked if name in evidence.known and name not in evidence.allowed]
    if some:
        given = np.stack([evidence.known[name] >= 0 for name in some], axis=1)
        kinds = np.unique(given, axis=0, return_inverse=True)[1].ravel()
        if kinds.max(initial=0) >= KINDS:
            kinds, sweeps = np.zeros(evidence.rows, dtype=np.int64), 3 * sweeps
    made = {each.name: np.zeros(evidence.rows, dtype=np.int32) for each in cuts}
    for kind in range(int(kinds.max(initial=0)) + 1):
        of_kind = np.flatnonzero(kinds == kind)
        for start in range(0, len(of_kind), AT_ONCE):
            places = of_kind[start : start + AT_ONCE]
            part = evidence.take(places)
            here = [n for n in asked if n in part.allowed or (part.known[n] >= 0).any()]
            for name, codes in _draw(cuts, correlation, part, here, sweeps, rng).items():
                made[name][places] = codes
    return made


def _draw(
    cuts: Sequence[Cuts],
    correlation: np.ndarray,
    evidence: Evidence,
    asked: Sequence[str],
    sweeps: int,
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    gap_at = {name: len(cuts) + at for at, name in enumerate(each.name for each in cuts if each.missing)}
    own = {each.name: at for at, each in enumerate(cuts)}
    held = np.array([own[n] for n in asked] + [gap_at[n] for n in asked if n in gap_at], dtype=np.int64)
    rest = np.setdiff1d(np.arange(len(correlation)), held)
    z = np.zeros((evidence.rows, len(correlation)))
    wishes = [Wish.of(cuts[own[name]], evidence, name) for name in asked]
    if held.size:
        inside = {at: place for place, at in enumerate(held.tolist())}
        where = [(inside[own[n]], inside[gap_at[n]] if n in gap_at else -1) for n in asked]
        z[:, held] = _gibbs(wishes, where, correlation[np.ix_(held, held)], evidence.rows, sweeps, rng)
    if rest.size:
        # What is not asked for is drawn exactly, given what is.
        slope = np.linalg.solve(correlation[np.ix_(held, held)], correlation[np.ix_(held, rest)])
        left = correlation[np.ix_(rest, rest)] - correlation[np.ix_(rest, held)] @ slope
        root = np.linalg.cholesky(left + 1e-10 * np.eye(len(rest)))
        z[:, rest] = z[:, held] @ slope + rng.standard_normal((evidence.rows, rest.size)) @ root.T
    made = {}
    for at, each in enumerate(cuts):
        codes = each.codes[np.searchsorted(each.edges[1:-1], z[:, at])]
        if each.missing:
            codes = np.where(z[:, gap_at[each.name]] > special.ndtri(1 - each.missing), each.gap, codes)
        made[each.name] = codes
    for wish in wishes:
        made[wish.cuts.name] = wish.kept(made[wish.cuts.name])
    return made


def _gibbs(
    wishes: Sequence[Wish],
    where: Sequence[tuple[int, int]],
    correlation: np.ndarray,
    rows: int,
    sweeps: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """(rows, d) variables of the columns that are asked for. where: of each, the variable of its value and of its gaps
    (-1 for none)."""
    z = rng.standard_normal((rows, len(correlation))) @ np.linalg.cholesky(correlation).T
    inverse = np.linalg.inv(correlation)
    spread = 1 / np.sqrt(np.diag(inverse))

    def mean(at: int) -> np.ndarray:
        found: np.ndarray = z[:, at] - (z @ inverse[:, at]) * spread[at] ** 2
        return found

    for _ in range(sweeps):
        for wish, (value, gap) in zip(wishes, where, strict=True):
            missing = z[:, gap] > wish.edge if gap >= 0 else np.zeros(rows, dtype=bool)
            z[:, value] = wish.value(mean(value), spread[value], missing, rng)
            if gap >= 0:
                z[:, gap] = wish.gap(mean(gap), spread[gap], z[:, value], rng)
    return z


@dataclass(frozen=True)
class Wish:
    """What is asked of one column, as intervals.

    known: (rows,) codes, -1 where free. runs: (m, 2) intervals that free values may lie in, None when any. allowed:
    (k,) whether each interval is allowed. gaps: whether a free value may be missing. edge: above which the gap variable
    says missing.
    """

    cuts: Cuts
    known: np.ndarray
    runs: np.ndarray | None
    allowed: np.ndarray
    gaps: bool
    edge: float

    @staticmethod
    def of(cuts: Cuts, evidence: Evidence, name: str) -> Wish:
        known = evidence.known.get(name, np.full(evidence.rows, -1, dtype=np.int32))
        mask = evidence.allowed.get(name)
        edge = float(special.ndtri(1 - cuts.missing)) if cuts.missing else np.inf
        if mask is None:
            return Wish(cuts, known, None, np.ones(len(cuts.codes), dtype=bool), True, edge)
        allowed = mask[cuts.codes]
        turns = np.flatnonzero(np.diff(np.concatenate([[0], allowed.astype(np.int8), [0]])))
        runs = np.stack([cuts.edges[turns[::2]], cuts.edges[turns[1::2]]], axis=1)
        return Wish(cuts, known, runs, allowed, bool(mask[cuts.gap]) if cuts.missing else False, edge)

    @property
    def told(self) -> np.ndarray:
        """(rows,) whether a value, not a gap, is known."""
        return (self.known >= 0) & ~self.blank

    @property
    def blank(self) -> np.ndarray:
        """(rows,) whether a gap is known."""
        found: np.ndarray = (
            (self.known == self.cuts.gap) if self.cuts.missing else np.zeros(len(self.known), dtype=bool)
        )
        return found

    def value(self, mean: np.ndarray, spread: float, missing: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """(rows,) the variable of the value, given its mean and spread under all others. missing: rows with a gap."""
        found = mean + spread * rng.standard_normal(len(mean))
        told = np.flatnonzero(self.told)
        place = self.cuts.place[self.known[told]]
        ends = self.cuts.edges
        found[told] = truncated(mean[told], spread, ends[place], ends[place + 1], rng)
        if self.runs is not None and len(self.runs):
            free = np.flatnonzero((self.known < 0) & ~missing)
            which = _run(mean[free], spread, self.runs, rng)
            found[free] = truncated(mean[free], spread, self.runs[which, 0], self.runs[which, 1], rng)
        return found

    def gap(self, mean: np.ndarray, spread: float, value: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """(rows,) the variable of the gap."""
        must, must_not = self.blank, self.told
        if self.runs is not None:
            free = self.known < 0
            inside = ((value[:, None] >= self.runs[:, 0]) & (value[:, None] <= self.runs[:, 1])).any(axis=1)
            must = must | (free & self.gaps & ~inside)
            must_not = must_not | (free & (not self.gaps))
        return truncated(mean, spread, np.where(must, self.edge, -np.inf), np.where(must_not, self.edge, np.inf), rng)

    def kept(self, codes: np.ndarray) -> np.ndarray:
        """The codes with what is known in its place, and none that is not allowed."""
        found = np.where(self.known >= 0, self.known, codes)
        if self.runs is None:
            return found
        missing = (found == self.cuts.gap) & bool(self.cuts.missing)
        place = self.cuts.place[found]
        off = np.flatnonzero((self.known < 0) & ~np.where(missing, self.gaps, self.allowed[place]))
        good = np.flatnonzero(self.allowed)
        if off.size and good.size:
            # On the very edge of an interval, or with a gap that is not wanted: the nearest code that is allowed.
            near = np.abs(place[off, None] - good[None, :]).argmin(axis=1)
            found[off] = self.cuts.codes[good[near]]
        elif off.size:
            found[off] = self.cuts.gap
        return found


def truncated(
    mean: np.ndarray, spread: float, low: np.ndarray, high: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Normal values between low and high, by the inverse of the distribution function on the side of the lower tail."""
    a, b = (low - mean) / spread, (high - mean) / spread
    turned = a > 0
    below, above = np.where(turned, -b, a), np.where(turned, -a, b)
    from_, to = special.ndtr(below), special.ndtr(above)
    x = special.ndtri(np.maximum(from_ + (to - from_) * rng.random(len(mean)), 1e-300))
    x = np.clip(x, below, above)
    result: np.ndarray = mean + spread * np.where(turned, -x, x)
    return result


def _run(mean: np.ndarray, spread: float, runs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(rows,) which of several intervals each row takes."""
    if len(runs) == 1:
        return np.zeros(len(mean), dtype=np.int64)
    a, b = ((runs[None, :, side] - mean[:, None]) / spread for side in (0, 1))
    share = np.where(a > 0, special.ndtr(-a) - special.ndtr(-b), special.ndtr(b) - special.ndtr(a))
    lost = share.sum(axis=1) <= 0
    if lost.any():
        # So far out that all shares vanish: the nearest.
        share[lost] = (
            np.minimum(np.abs(a[lost]), np.abs(b[lost])) == np.minimum(np.abs(a), np.abs(b))[lost].min(axis=1)[:, None]
        )
    steps = share.cumsum(axis=1)
    found: np.ndarray = (steps <= (rng.random(len(mean)) * steps[:, -1])[:, None]).sum(axis=1)
    return np.minimum(found, len(runs) - 1)
