"""Does a model other than the writer give a text the label it was written for? And is its class the nearest one?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trasunto.language.curation.looks import Finding
from trasunto.language.curation.vectors import Vectors
from trasunto.language.head import Head, fit_head

REGULARISATION = 10.0


@dataclass(frozen=True)
class Agreement:
    """A classifier of the training texts. labels: in the head's order. least: probability that is enough although
    another label is likelier; 0 for none."""

    head: Head
    labels: tuple[str, ...]
    vectors: Vectors
    least: float = 0.0

    def look(self, texts: Sequence[str], labels: Sequence[str]) -> list[Finding]:
        if not texts:
            return []
        chances = self.head.probabilities(self.vectors(texts))
        called = chances.argmax(axis=1)
        found: list[Finding] = []
        for chance, top, label in zip(chances, called, labels, strict=True):
            own = float(chance[self.labels.index(label)]) if label in self.labels else 0.0
            fine = not label or (own >= self.least if self.least else self.labels[top] == label)
            found.append(None if fine else ("disagrees", f"called {self.labels[top]} ({chance[top]:.0%}; {own:.0%})"))
        return found

    def called(self, texts: Sequence[str]) -> tuple[list[str], np.ndarray]:
        """The likeliest label of each text and its probability, (n,)."""
        if not texts:
            return [], np.empty(0)
        chances = self.head.probabilities(self.vectors(texts))
        return [self.labels[place] for place in chances.argmax(axis=1)], chances.max(axis=1)


@dataclass(frozen=True)
class Ambiguity:
    """How much nearer a text is to its own class's centre than to the nearest other one (DDAIR, 2601.11234).

    centres: (labels, width), each of length one. margin: cosine to the own less to the other, at least.
    """

    centres: np.ndarray
    labels: tuple[str, ...]
    vectors: Vectors
    margin: float

    def look(self, texts: Sequence[str], labels: Sequence[str]) -> list[Finding]:
        if not texts:
            return []
        near = self.vectors(texts) @ self.centres.T
        found: list[Finding] = []
        for row, label in zip(near, labels, strict=True):
            if label not in self.labels:
                found.append(None)
                continue
            own = self.labels.index(label)
            others = np.where(np.arange(len(row)) == own, -2.0, row)
            other = int(others.argmax())
            gap = float(row[own] - others[other])
            found.append(None if gap >= self.margin else ("ambiguous", f"as near to {self.labels[other]} ({gap:+.2f})"))
        return found


def fit_agreement(
    train: Sequence[str], labels: Sequence[str], vectors: Vectors, *, least: float = 0.0
) -> Agreement | None:
    """A logistic regression on sentence vectors of the training texts; None with one label or none."""
    known = tuple(sorted(set(labels)))
    if len(known) < 2:
        return None
    truth = np.array([known.index(label) for label in labels])
    return Agreement(fit_head(vectors(train), truth, len(known), REGULARISATION), known, vectors, least)


def fit_ambiguity(train: Sequence[str], labels: Sequence[str], vectors: Vectors, *, margin: float) -> Ambiguity | None:
    """The mean sentence vector of each label; None with one label or none."""
    known = tuple(sorted(set(labels)))
    if len(known) < 2:
        return None
    made, truth = vectors(train), np.array(labels, dtype=object)
    means = np.stack([made[truth == label].mean(axis=0) for label in known])
    return Ambiguity(means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9), known, vectors, margin)
