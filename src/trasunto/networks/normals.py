"""Normal distributions side by side, fitted by expectation maximisation (Dempster, Laird and Rubin 1977)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Share of the variance of all points that is added to the mean covariance, so that none is flat.
FLOOR = 1e-4


@dataclass(frozen=True)
class Normals:
    """weights: (k,) adding up to 1. means: (k, d). roots: (k, d, d) lower triangles; each times its transpose is a
    covariance."""

    weights: np.ndarray
    means: np.ndarray
    roots: np.ndarray

    def draw(self, rows: int, temperature: float, rng: np.random.Generator) -> np.ndarray:
        """(rows, d) float32. temperature: what the covariances are multiplied with."""
        which = np.sort(rng.choice(len(self.weights), rows, p=self.weights))
        noise = rng.standard_normal((rows, self.means.shape[1])) * temperature**0.5
        made = np.empty_like(noise)
        ends = np.searchsorted(which, np.arange(len(self.weights) + 1))
        for each in np.unique(which):
            here = slice(ends[each], ends[each + 1])
            made[here] = self.means[each] + noise[here] @ self.roots[each].T
        return made[rng.permutation(rows)].astype(np.float32)


def fit_normals(points: np.ndarray, count: int, *, steps: int, seed: int) -> Normals:
    """`count` normal distributions, after so many steps. points: (n, d), n at least `count`.

    Each covariance is drawn to the mean of all of them, which counts for d points.
    """
    points = points.astype(np.float64)
    rows, wide = points.shape
    whole = points.var(axis=0) + 1e-6
    means = points[np.random.default_rng(seed).choice(rows, count, replace=False)]
    shares = np.zeros((rows, count))
    shares[np.arange(rows), _nearest(points / whole**0.5, means / whole**0.5)] = 1.0
    for step in range(steps):
        total = shares.sum(axis=0) + 1e-9
        means = shares.T @ points / total[:, None]
        seen = np.empty((count, wide, wide))
        for each in range(count):
            apart = (points - means[each]) * np.sqrt(shares[:, each, None])
            seen[each] = apart.T @ apart
        pooled = seen.sum(axis=0) / rows + FLOOR * np.diag(whole)
        roots = np.linalg.cholesky((seen + wide * pooled) / (total + wide)[:, None, None])
        if step < steps - 1:
            shares = _shares(points, total / total.sum(), means, roots)
    return Normals(total / total.sum(), means, roots)


def _nearest(points: np.ndarray, means: np.ndarray) -> np.ndarray:
    """(n,) the mean that is nearest to each point."""
    return np.asarray(((means**2).sum(axis=1) - 2 * points @ means.T).argmin(axis=1))


def _shares(points: np.ndarray, weights: np.ndarray, means: np.ndarray, roots: np.ndarray) -> np.ndarray:
    """(n, k) how likely each point is of each distribution."""
    scores = np.empty((len(points), len(weights)))
    for each in range(len(weights)):
        inverse = np.linalg.inv(roots[each])
        apart = (points - means[each]) @ inverse.T
        scores[:, each] = np.log(weights[each]) + np.log(np.diag(inverse)).sum() - (apart**2).sum(axis=1) / 2
    found = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(found / found.sum(axis=1, keepdims=True))
