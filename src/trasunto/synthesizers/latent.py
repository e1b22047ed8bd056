"""Columns of codes as cuts of one normal vector: scores, and the correlations behind them.

Each column is a normal variable cut into intervals, one for each code; a column with gaps has a second one that says
whether a value is missing. What ties columns is the correlation of these variables (a Gaussian copula; Nelsen 2006,
section 2.3, with the cut variables of Pearson's polychoric correlation).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from trasunto.synthesizers.joint import sharpened

# Terms of the Hermite series of a cut variable, and the strongest correlation.
TERMS, STRONGEST = 20, 0.999
# Least eigenvalue of a correlation matrix, so that it can be inverted.
FLAT = 1e-4


@dataclass(frozen=True)
class Cuts:
    """One column as intervals of a normal variable.

    codes: (k,) the code of each interval, in order. shares: (k,) of each, adding up to 1. missing: share of gaps; 0
    when the column has none, or is nothing but gaps. ordered: whether the codes have an order of their own. gap: the
    code of a gap.
    """

    name: str
    codes: np.ndarray
    shares: np.ndarray
    missing: float
    ordered: bool
    gap: int

    @property
    def edges(self) -> np.ndarray:
        """(k + 1,) ends of the intervals."""
        inner = special.ndtri(np.clip(np.cumsum(self.shares)[:-1], 1e-12, 1 - 1e-12))
        return np.concatenate([[-np.inf], inner, [np.inf]])

    @property
    def scores(self) -> np.ndarray:
        """(k,) the mean of the normal variable in each interval."""
        density = _density(self.edges)
        middle = (density[:-1] - density[1:]) / np.maximum(self.shares, 1e-12)
        found: np.ndarray = middle
        return found

    @property
    def place(self) -> np.ndarray:
        """The interval of each code; 0 for what has none."""
        found = np.zeros(int(max(self.codes.max(initial=0), self.gap)) + 1, dtype=np.int64)
        found[self.codes] = np.arange(len(self.codes))
        return found

    def at(self, temperature: float) -> Cuts:
        """Cut anew: the normal variable of an ordered column is narrower when cold, likely categories are likelier."""
        if temperature == 1.0:
            return self
        shares = sharpened(self.shares, temperature)
        if self.ordered:
            shares = np.diff(special.ndtr(self.edges / math.sqrt(temperature)))
        gaps = sharpened(np.array([1 - self.missing, self.missing]), temperature)
        return replace(self, shares=shares, missing=float(gaps[1]))


def cuts_of(name: str, counts: np.ndarray, *, ordered: bool, null: bool) -> Cuts:
    """A column from (size,) counts or shares of its codes. null: whether the last code is a gap.

    Gaps of an ordered column are apart from its values; those of an unordered one are a category like others.
    """
    size = len(counts)
    apart = null and ordered and size > 1
    body = counts[: size - apart].astype(float)
    total, whole = body.sum(), float(counts.sum())
    shares = body / total if total > 0 else np.full(len(body), 1.0 / len(body))
    missing = float(np.clip(counts[-1] / whole, 1e-9, 1 - 1e-9)) if apart and whole > 0 else 0.0
    return Cuts(name, np.arange(len(body)), shares, missing, ordered, size - 1)


def scores_of(cuts: Sequence[Cuts], coded: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """(n, d) normal scores of the variables, those of gaps last, and (n, d) whether each is seen.

    coded: (n,) codes by column, -1 for a value that is not published.
    """
    gaps = [each for each in cuts if each.missing]
    rows = len(next(iter(coded.values())))
    scores, seen = np.zeros((rows, len(cuts) + len(gaps))), np.ones((rows, len(cuts) + len(gaps)), dtype=bool)
    for at, each in enumerate(cuts):
        codes = coded[each.name]
        seen[:, at] = (codes >= 0) & ((codes != each.gap) if each.missing else True)
        scores[:, at] = np.where(seen[:, at], each.scores[each.place[codes]], 0.0)
    for at, each in enumerate(gaps, start=len(cuts)):
        edge = _density(special.ndtri(1 - each.missing))
        scores[:, at] = np.where(coded[each.name] == each.gap, edge / each.missing, -edge / (1 - each.missing))
    return scores, seen


def correlated(cuts: Sequence[Cuts], coded: Mapping[str, np.ndarray]) -> np.ndarray:
    """(d, d) correlation of the normal variables behind the codes, positive definite.

    The covariance of scores is a power series in that correlation, with the Hermite coefficients of the cuts (Lancaster
    1957); it rises with it, so that halving intervals finds what gives the covariance seen.
    """
    scores, seen = scores_of(cuts, coded)
    weight = seen.astype(float)
    pairs = np.maximum(weight.T @ weight, 1.0)
    sums = scores.T @ weight
    found = (scores.T @ scores) / pairs - (sums / pairs) * (sums.T / pairs)
    edges = [(each.edges, each.scores) for each in cuts]
    for each in cuts:
        if each.missing:
            edge = float(special.ndtri(1 - each.missing))
            height = float(_density(edge))
            both = np.array([-height / (1 - each.missing), height / each.missing])
            edges.append((np.array([-np.inf, edge, np.inf]), both))
    terms = np.stack([_hermite(*each) for each in edges])
    low, high = np.full(found.shape, -STRONGEST), np.full(found.shape, STRONGEST)
    for _ in range(30):
        middle = (low + high) / 2
        given, power = np.zeros(found.shape), np.ones(found.shape)
        for term in terms.T:
            power = power * middle
            given += power * np.outer(term, term)
        low, high = np.where(given < found, middle, low), np.where(given < found, high, middle)
    # Of few pairs little is known: correlations from fewer rows are nearer to 0.
    result = (low + high) / 2 * np.maximum(1 - 3 / pairs, 0.0)
    result[(weight.T @ weight < 5) | (np.abs(found) < 1e-12)] = 0.0
    np.fill_diagonal(result, 1.0)
    return positive(result)


def positive(matrix: np.ndarray) -> np.ndarray:
    """The matrix with eigenvalues of at least 0.0001 and ones on its diagonal (Rebonato and Jäckel 1999)."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    if values.min(initial=1.0) >= FLAT:
        return matrix
    lifted = (vectors * np.maximum(values, 2 * FLAT)) @ vectors.T
    scale = np.sqrt(np.diag(lifted))
    found: np.ndarray = lifted / scale[:, None] / scale[None, :]
    return found


def _density(x: np.ndarray | float) -> np.ndarray:
    found: np.ndarray = np.exp(-0.5 * np.square(x)) / math.sqrt(2 * math.pi)
    return found


def _hermite(edges: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """(TERMS,) coefficients of a step function in normalised Hermite polynomials 1, 2, …"""
    finite = np.where(np.isfinite(edges), edges, 0.0)
    density = np.where(np.isfinite(edges), _density(edges), 0.0)
    before, now, found = np.zeros(len(edges)), np.ones(len(edges)), np.zeros(TERMS)
    for k in range(TERMS):
        # The integral of polynomial k + 1 against the density is minus polynomial k times it, over √(k + 1).
        ends = now * density / math.sqrt(k + 1)
        found[k] = (scores * (ends[:-1] - ends[1:])).sum()
        before, now = now, (finite * now - math.sqrt(k) * before) / math.sqrt(k + 1)
    return found


def ranked_categories(cuts: list[Cuts], coded: Mapping[str, np.ndarray], rounds: int = 2) -> list[Cuts]:
    """The columns with the categories of each in the order of what they go along with in the other columns.

    That order is the first principal component of the other columns' mean scores; small categories are drawn to the
    middle, as if 10 average rows were among theirs.
    """
    from scipy.sparse import csr_matrix

    several = len(cuts) + sum(each.missing > 0 for each in cuts) > 1
    wide = [at for at, each in enumerate(cuts) if several and not each.ordered and len(each.codes) > 2]
    for _ in range(rounds):
        scores, seen = scores_of(cuts, coded)
        scores[~seen] = 0.0
        for at in wide:
            known = np.flatnonzero(coded[cuts[at].name] >= 0)
            codes, size = coded[cuts[at].name][known], int(cuts[at].codes.max()) + 1
            count = np.bincount(codes, minlength=size)
            hot = csr_matrix((np.ones(len(known)), (codes, known)), shape=(size, len(scores)))
            mean = np.delete(hot @ scores, at, axis=1) / (count + 10.0)[:, None]
            direction = np.linalg.eigh((mean * count[:, None]).T @ mean)[1][:, -1]
            direction = direction * (1.0 if direction[np.argmax(np.abs(direction))] >= 0 else -1.0)
            order = np.argsort(mean @ direction, kind="stable")
            back = np.argsort(cuts[at].codes, kind="stable")
            cuts[at] = replace(cuts[at], codes=order, shares=cuts[at].shares[back][order])
    return cuts
