"""MAUVE: how much of what is said is said by both sides (Pillutla et al. 2021, "MAUVE: Measuring the gap between
neural text and human text using divergence frontiers"; 2023, "MAUVE scores for generative models")."""

from __future__ import annotations

import numpy as np

from trasunto.metrics.frames import threads
from trasunto.metrics.interval import NORMAL
from trasunto.metrics.score import Comparison, Score
from trasunto.metrics.text_vectors import Vectors, vectors_of

# As in the paper: a cluster for ten texts, divergences scaled by five, 25 mixtures of both sides.
TEXTS_PER_CLUSTER = 10
MOST_CLUSTERS = 300
SCALE = 5.0
MIXTURES = np.linspace(1e-6, 1.0 - 1e-6, 25)
# What is added to every count (Krichevsky and Trofimov 1981; section 6 of the later paper).
SMOOTHING = 0.5


def mauve(comparison: Comparison) -> tuple[Score, ...]:
    """fidelity.mauve: area under the divergence frontier of synthetic and unseen texts, both quantised by k-means of
    their vectors; 1 when both say the same as often, towards 0 when they have nothing in common.

    At most 3,000 texts a side. The control is that of training texts, the baseline that of real words in random order.
    () without a column of text. Raises MetricError with fewer than 20 texts a side.
    """
    given = vectors_of(comparison)
    if given is None:
        return ()
    counts = clustered(given, comparison.seed)
    against = counts.get("holdout", counts["real"])
    value, interval = measured(counts["synthetic"], against)
    whom = "unseen" if "holdout" in counts else "training"
    return (
        Score(
            "fidelity.mauve",
            value,
            1.0,
            interval,
            float(frontier(smoothed(counts["salad"]), smoothed(against))[0]),
            float(frontier(smoothed(counts["real"]), smoothed(against))[0]) if "holdout" in counts else None,
            reading=f"How much of what synthetic and {whom} texts say they both say equally often (MAUVE, on vectors "
            f"of {given.space}); 1 is all. The control puts training texts in their place, the baseline real words in "
            "random order.",
        ),
    )


def clustered(given: Vectors, seed: int) -> dict[str, np.ndarray]:
    """(clusters,) texts of each part in each cluster; the salad is counted in those of the others."""
    from sklearn.cluster import KMeans

    parts = [part for part in given.parts if part != "salad"]
    together = np.concatenate([given.parts[part] for part in parts])
    number = len(given.parts["real"])
    clusters = int(np.clip(number // TEXTS_PER_CLUSTER, 2, min(MOST_CLUSTERS, len(np.unique(together, axis=0)))))
    with threads(np.empty(0)):
        model = KMeans(clusters, n_init=1, max_iter=50, random_state=seed).fit(together)
        return {part: np.bincount(model.predict(vectors), minlength=clusters) for part, vectors in given.parts.items()}


def measured(counts: np.ndarray, against: np.ndarray) -> tuple[float, tuple[float, float]]:
    """The area for (clusters,) counts of two sides, and its 95 % interval by the influence of every text."""
    value = float(frontier(smoothed(counts), smoothed(against))[0])
    variance = 0.0
    for one, other in ((counts, against), (against, counts)):
        # What one text more in each cluster does: a row for each cluster.
        more = one[None, :] + 1e-3 * np.eye(len(one)) * one.sum()
        pull = (frontier(smoothed(more), smoothed(other)[None, :]) - value) / 1e-3
        mean = float((pull * one).sum() / one.sum())
        variance += float(((pull - mean) ** 2 * one).sum() / one.sum()) / float(one.sum())
    half = NORMAL * variance**0.5
    return value, (max(0.0, value - half), min(1.0, value + half))


def smoothed(counts: np.ndarray) -> np.ndarray:
    """(..., clusters) shares."""
    more = np.atleast_2d(counts) + SMOOTHING
    return np.asarray(more / more.sum(axis=1, keepdims=True))


def frontier(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """(m,) areas under the divergence frontiers of (m, clusters) shares; p or q may be one row for all."""
    p, q = np.broadcast_arrays(np.atleast_2d(p), np.atleast_2d(q))
    mixed = MIXTURES[:, None, None] * p + (1.0 - MIXTURES[:, None, None]) * q
    x = np.exp(-SCALE * (q * np.log(q / mixed)).sum(axis=2))
    y = np.exp(-SCALE * (p * np.log(p / mixed)).sum(axis=2))
    end = np.zeros((1, x.shape[1]))
    # From a mixture that is q alone to one that is p alone x falls, and y grows.
    x, y = np.concatenate([end + 1.0, x, end]), np.concatenate([end, y, end + 1.0])
    return np.asarray(((x[:-1] - x[1:]) * (y[1:] + y[:-1]) / 2.0).sum(axis=0))
