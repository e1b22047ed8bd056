"""Which label a text has, by its words alone: what holds n-gram texts against their label, without a language model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

# Hashed words and pairs of words (Weinberger et al. 2009, "Feature hashing for large scale multitask learning").
WIDTH = 1 << 15
REGULARISATION = 10.0


@dataclass(frozen=True)
class Labeller:
    """A logistic regression on TF-IDF of words and pairs of words.

    labels: in the order of the columns of `probabilities`. rarity: (WIDTH,) inverse document frequencies. weight:
    (labels, WIDTH) float32 and bias: (labels,).
    """

    labels: tuple[str, ...]
    rarity: np.ndarray
    weight: np.ndarray
    bias: np.ndarray

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """(n, labels) float64."""
        if not texts:
            return np.empty((0, len(self.labels)))
        logits = _weighted(_counts(texts), self.rarity) @ self.weight.T + self.bias
        grown = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(grown / grown.sum(axis=1, keepdims=True), dtype=np.float64)

    def agrees(self, texts: Sequence[str], labels: Sequence[str]) -> np.ndarray:
        """(n,) whether the likeliest label of each text is the one it was written for."""
        called = self.probabilities(texts).argmax(axis=1)
        return np.array([self.labels[c] == label for c, label in zip(called, labels, strict=True)], dtype=bool)

    def to_arrays(self) -> dict[str, np.ndarray]:
        return {"rarity": self.rarity, "weight": self.weight, "bias": self.bias}


def fit_labeller(texts: Sequence[str], labels: Sequence[str]) -> Labeller | None:
    """Fit to texts with labels; None when there are no two labels. Labels count alike, however rare."""
    from sklearn.linear_model import LogisticRegression

    known = tuple(sorted(set(labels)))
    if len(known) < 2:
        return None
    counts = _counts(texts)
    seen = np.asarray((counts > 0).sum(axis=0)).ravel()
    rarity = (np.log((1 + len(texts)) / (1 + seen)) + 1).astype(np.float32)
    truth = np.array([known.index(label) for label in labels])
    fitted = LogisticRegression(C=REGULARISATION, max_iter=300, class_weight="balanced").fit(
        _weighted(counts, rarity), truth
    )
    weight, bias = fitted.coef_, fitted.intercept_
    if len(known) == 2:
        # One column of weights says how much the second label is likelier than the first.
        weight, bias = np.concatenate([np.zeros_like(weight), weight]), np.array([0.0, float(bias[0])])
    return Labeller(known, rarity, weight.astype(np.float32), bias.astype(np.float64))


def _counts(texts: Sequence[str]) -> Any:
    from sklearn.feature_extraction.text import HashingVectorizer

    hashing = HashingVectorizer(
        n_features=WIDTH, ngram_range=(1, 2), alternate_sign=False, norm=None, token_pattern=r"(?u)\w+|[^\w\s]"
    )
    return hashing.transform(texts)


def _weighted(counts: Any, rarity: np.ndarray) -> Any:
    """TF-IDF with damped counts, each row of length one."""
    from sklearn.preprocessing import normalize

    table = counts.copy()
    table.data = (np.log(table.data) + 1) * rarity[table.indices]
    return normalize(table)
