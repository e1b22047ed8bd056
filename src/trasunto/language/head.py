"""Logistic regression on sentence vectors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trasunto.machine import one_thread


@dataclass(frozen=True)
class Head:
    """weight: (labels, width), bias: (labels,)."""

    weight: np.ndarray
    bias: np.ndarray

    @property
    def size(self) -> int:
        return int(self.weight.size + self.bias.size)

    def logits(self, vectors: np.ndarray) -> np.ndarray:
        """(n, labels) float64."""
        return np.asarray(vectors.astype(np.float64) @ self.weight.T + self.bias)

    def probabilities(self, vectors: np.ndarray) -> np.ndarray:
        """(n, labels) float64."""
        logits = self.logits(vectors)
        shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))


def fit_head(
    vectors: np.ndarray,
    truth: np.ndarray,
    labels: int,
    regularisation: float,
    start: Head | None = None,
    weights: np.ndarray | None = None,
) -> Head:
    """Multinomial logistic regression by L-BFGS: cross-entropy summed over texts + |w - w0|² / (2 regularisation).

    vectors: (n, width); truth: (n,) label numbers. start: w0, so that a second stage is drawn to the first one
    instead of to zero. weights: (n,) how much each text counts, 1 without. Labels that do not occur keep the bias of a
    label never seen.
    """
    from scipy.optimize import minimize

    width = vectors.shape[1]
    table = np.concatenate([vectors.astype(np.float64), np.ones((len(vectors), 1))], axis=1)
    centre = np.zeros((labels, width + 1))
    if start is not None:
        centre[:, :-1], centre[:, -1] = start.weight, start.bias
    hot = np.zeros((len(truth), labels))
    hot[np.arange(len(truth)), truth] = 1.0
    # The bias is hardly held back.
    hold = np.full(width + 1, 1.0 / regularisation)
    hold[-1] = 1e-3 / regularisation
    counts = np.ones(len(truth)) if weights is None else weights

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weight = flat.reshape(labels, width + 1)
        logits = table @ weight.T
        top = logits.max(axis=1, keepdims=True)
        grown = np.exp(logits - top)
        total = grown.sum(axis=1, keepdims=True)
        away = weight - centre
        value = float((counts * (np.log(total[:, 0]) + top[:, 0] - (logits * hot).sum(axis=1))).sum())
        gradient = (counts[:, None] * (grown / total - hot)).T @ table + away * hold
        return value + 0.5 * float((away**2 * hold).sum()), gradient.ravel()

    with one_thread():
        found = minimize(loss, centre.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 300}).x
    weight = found.reshape(labels, width + 1)
    return Head(np.ascontiguousarray(weight[:, :-1]), np.ascontiguousarray(weight[:, -1]))
