"""Few real texts and many synthetic ones: the few decide by cross-validation how much the synthetic ones count.

Ways of using them (all of them or those that the model of the few is sure of, light or heavy) are weighed by what each
foretells of real texts that it has not seen: pseudo-Bayesian model averaging by folds (Yao et al. 2018, "Using stacking
to average Bayesian predictive distributions", section 3.4), with the few alone as one of the ways. Where no gain is
shown the few stay alone, so that bad texts do no harm.

This is for linear heads on frozen vectors, which train in no time: 11 ways in 5 folds. An encoder that is fine-tuned
has no folds; it goes on from the synthetic texts to the few (language/curve.py), and bad texts can do harm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trasunto.language.head import Head, fit_head

FOLDS = 5
# Texts that are foretold are enough when there are so many: more folds would only take time.
ENOUGH = 400
# What is used: "all" texts, or those that the model of the few gives their label, and as surely as this share of its
# own unseen texts.
SURE: tuple[float | None, ...] = (None, 0.0, 0.25, 0.5)
# Weight of all synthetic texts together, in that of the few; one never counts for more than a real text.
SHARES = (0.25, 1.0, 4.0)
# All texts count from the even share on: few of them, unsifted, are of no use.
WAYS = tuple((sure, share) for sure in SURE for share in SHARES if sure is not None or share >= 1.0)
# Power of the likelihood: folds share most of their texts, so that their say counts for less than it seems.
POWER = 0.5
# The few stay alone when their weight is above so many even shares.
DOUBT = 1.5
# Sharpness at which a way's chances are judged is its own best: more texts make any model sharper, and no righter.
SHARPNESS = np.exp(np.linspace(-1.5, 2.5, 17))
NEGLIGIBLE = 0.01


@dataclass(frozen=True)
class Few:
    """vectors: (n, width) of real texts; truth: (n,) label numbers. made, called: of the synthetic texts."""

    vectors: np.ndarray
    truth: np.ndarray
    made: np.ndarray
    called: np.ndarray
    labels: int
    regularisation: float

    def alone(self, rows: np.ndarray) -> Head:
        """The head of these real texts."""
        return fit_head(self.vectors[rows], self.truth[rows], self.labels, self.regularisation)

    def chosen(self, alone: Head, least: float | None) -> np.ndarray:
        """(m,) which synthetic texts count. least: chance of the label that the model of the few has to give."""
        if least is None:
            return np.ones(len(self.called), dtype=bool)
        chances = alone.probabilities(self.made)
        right = chances[np.arange(len(self.called)), self.called]
        return (chances.argmax(axis=1) == self.called) & (right >= least)

    def joined(self, rows: np.ndarray, kept: np.ndarray, share: float) -> Head:
        """The head of these real texts and the synthetic ones that count, so heavy."""
        weight = min(1.0, share * len(rows) / max(int(kept.sum()), 1))
        return fit_head(
            np.concatenate([self.vectors[rows], self.made[kept]]),
            np.concatenate([self.truth[rows], self.called[kept]]),
            self.labels,
            self.regularisation,
            weights=np.concatenate([np.ones(len(rows)), np.full(int(kept.sum()), weight)]),
        )


def fit_few(few: Few, alone: Head, *, seed: int) -> tuple[Head, int]:
    """The head of the few and of as much of the synthetic texts as is shown to help, and how many of those count (0:
    the few stay alone). alone: the head of the few."""
    folds = _folds(few.truth, np.random.default_rng(seed))
    rounds = [place for place in range(FOLDS) if _splits(few, folds, place)]
    rounds = rounds[: max(1, -(-ENOUGH * FOLDS // len(few.truth)))]
    if not rounds or not len(few.called):
        return alone, 0
    heads = {place: few.alone(np.flatnonzero(folds != place)) for place in rounds}
    seen = np.isin(folds, rounds)
    unseen = np.zeros((len(folds), few.labels))
    for place, head in heads.items():
        unseen[folds == place] = head.logits(few.vectors[folds == place])
    leasts = _leasts(unseen[seen], few.truth[seen])
    logits = np.stack([unseen, *np.zeros((len(WAYS), *unseen.shape))])
    for place, head in heads.items():
        inside, outside = np.flatnonzero(folds != place), folds == place
        for number, (sure, share) in enumerate(WAYS, start=1):
            joined = few.joined(inside, few.chosen(head, leasts[sure]), share)
            logits[number, outside] = joined.logits(few.vectors[outside])
    weights = weights_of(logits[:, seen], few.truth[seen])
    if weights[0] * len(weights) > DOUBT:
        return alone, 0
    every, used = np.arange(len(few.truth)), np.zeros(len(few.called), dtype=bool)
    parts = [(weights[0], alone)]
    for (sure, share), weight in zip(WAYS, weights[1:], strict=True):
        if weight >= NEGLIGIBLE:
            kept = few.chosen(alone, leasts[sure])
            used |= kept
            parts.append((weight, few.joined(every, kept, share)))
    if not used.any():
        return alone, 0
    total = sum(weight for weight, _ in parts)
    # Heads are linear: their mean is that of what they say, in logarithms of chances.
    mean = Head(
        sum(weight / total * head.weight for weight, head in parts),
        sum(weight / total * head.bias for weight, head in parts),
    )
    return mean, int(used.sum())


def weights_of(logits: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(ways,) that add up to one: how much each way counts, by what it foretells. logits: (ways, n, labels) of texts
    that it has not seen; truth: (n,)."""
    told = np.stack([_likelihood(logits * sharpness, truth) for sharpness in SHARPNESS]).max(axis=0)
    grown = np.exp(POWER * (told - told.max()))
    return np.asarray(grown / grown.sum())


def _likelihood(logits: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(ways,) sums of the logarithms of the chances that were given to what was true."""
    top = logits.max(axis=2, keepdims=True)
    total = np.log(np.exp(logits - top).sum(axis=2)) + top[:, :, 0]
    return np.asarray((logits[:, np.arange(len(truth)), truth] - total).clip(min=np.log(1e-12)).sum(axis=1))


def _leasts(logits: np.ndarray, truth: np.ndarray) -> dict[float | None, float | None]:
    """By share of its own unseen texts, the chance that the model of the few gives to their labels."""
    chances = np.exp(logits - logits.max(axis=1, keepdims=True))
    own = chances[np.arange(len(truth)), truth] / chances.sum(axis=1)
    return {sure: float(np.quantile(own, sure)) if sure else sure for sure in SURE}


def _folds(truth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(n,) the fold of each text; labels are spread over the folds."""
    folds = np.empty(len(truth), dtype=int)
    for label in np.unique(truth):
        inside = rng.permutation(np.flatnonzero(truth == label))
        folds[inside] = (np.arange(len(inside)) + rng.integers(FOLDS)) % FOLDS
    return folds


def _splits(few: Few, folds: np.ndarray, place: int) -> bool:
    """Whether a fold has texts, and leaves texts of two labels to learn from."""
    return bool((folds == place).any()) and len(np.unique(few.truth[folds != place])) > 1
