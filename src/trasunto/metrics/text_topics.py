"""What texts are about: is every topic of the real ones met, and is every synthetic one about a real topic?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trasunto.metrics.frames import threads
from trasunto.metrics.interval import wilson
from trasunto.metrics.score import Comparison, Score
from trasunto.metrics.text_vectors import vectors_of

MOST_TOPICS = 50
TEXTS_PER_TOPIC = 20
# A topic is met by a tenth of the texts that it should have, and reaches as far as this share of its real texts.
MET = 0.1
REACH = 0.95


@dataclass(frozen=True, eq=False)
class Topics:
    """centres: (topics, width). reach: (topics,) distances. shares: (topics,) of the real texts."""

    centres: np.ndarray
    reach: np.ndarray
    shares: np.ndarray

    def inside(self, vectors: np.ndarray) -> np.ndarray:
        """(n,) the nearest topic of each text, or -1 when it lies beyond its reach."""
        nearest, distance = _nearest(vectors, self.centres)
        return np.where(distance <= self.reach[nearest], nearest, -1)

    def met(self, vectors: np.ndarray) -> tuple[int, float]:
        """How many topics are met, and the share of the texts that are about one."""
        inside = self.inside(vectors)
        counts = np.bincount(inside[inside >= 0], minlength=len(self.centres))
        return int((counts >= np.maximum(1.0, MET * self.shares * len(vectors))).sum()), float((inside >= 0).mean())


def topics(comparison: Comparison) -> tuple[Score, ...]:
    """fidelity.topics: share of the topics of the training texts (k-means of their vectors, a topic for 20 texts, at
    most 50) that hold at least a tenth of the synthetic texts that they should; then fidelity.topic_precision: share
    of the synthetic texts that lie as near to a topic as 95 % of its training texts do.

    The control is that of unseen texts, the baseline that of real words in random order. () without a column of text.
    Raises MetricError with fewer than 20 texts a side.
    """
    given = vectors_of(comparison)
    if given is None:
        return ()
    found = topics_of(given.parts["real"], comparison.seed)
    number = len(found.centres)
    sides = {part: found.met(vectors) for part, vectors in given.parts.items() if part != "real"}
    met, precise = sides["synthetic"]
    unseen = sides.get("holdout")
    return (
        Score(
            "fidelity.topics",
            met / number,
            1.0,
            wilson(met, number),
            sides["salad"][0] / number,
            unseen[0] / number if unseen else None,
            reading=f"Share of the {number} topics of the training texts that the synthetic ones write about, at a "
            "tenth of the rate they should or more; the control is that of unseen texts.",
        ),
        Score(
            "fidelity.topic_precision",
            precise,
            1.0,
            wilson(precise * len(given.parts["synthetic"]), len(given.parts["synthetic"])),
            sides["salad"][1],
            unseen[1] if unseen else None,
            reading="Share of the synthetic texts that are about a topic of the training texts; the control is that "
            "of unseen texts, which is below 1 too.",
        ),
    )


def topics_of(real: np.ndarray, seed: int) -> Topics:
    """The topics of (n, width) vectors."""
    from sklearn.cluster import KMeans

    wanted = int(np.clip(len(real) // TEXTS_PER_TOPIC, 1, min(MOST_TOPICS, len(np.unique(real, axis=0)))))
    with threads(np.empty(0)):
        centres = KMeans(wanted, n_init=2, max_iter=50, random_state=seed).fit(real).cluster_centers_
    nearest, distance = _nearest(real, centres)
    counts = np.bincount(nearest, minlength=wanted)
    centres = centres[counts > 0]
    nearest, distance = _nearest(real, centres)
    reach = np.array([np.quantile(distance[nearest == place], REACH) for place in range(len(centres))])
    # A hair more: the same text must lie inside, however it is added up.
    return Topics(centres, reach + 1e-9, np.bincount(nearest, minlength=len(centres)) / len(real))


def _nearest(vectors: np.ndarray, centres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    squares = (vectors**2).sum(axis=1)[:, None] - 2.0 * vectors @ centres.T + (centres**2).sum(axis=1)[None, :]
    nearest = squares.argmin(axis=1)
    return nearest, np.sqrt(np.maximum(squares[np.arange(len(vectors)), nearest], 0.0))
