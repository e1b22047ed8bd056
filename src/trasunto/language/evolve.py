"""What private texts say of public ones: how often they use each token, and which of many written texts are near them.

Both are counts to which each text adds little, so that noise makes them private. The first tilts what a language
model writes (its output layer gets a bias); the second picks, among texts that the model wrote, those that are like the
private ones: private evolution (Lin et al. 2024, "Differentially private synthetic data via foundation model APIs 1";
for texts Xie et al. 2024, "Differentially private synthetic data via foundation model APIs 2: text"). The model itself
is never trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

# A noisy count below so many standard deviations is taken for none.
TOLD = 4.0
# A bias moves a token's odds by no more than this (nats), before its strength.
MOST_TILT = 6.0
# Texts that vote at a time: their distances to all candidates are held.
HELD = 1_000


def token_counts(
    texts: Sequence[str], groups: np.ndarray, count: int, tokenizer: Any, size: int, most: int
) -> np.ndarray:
    """(count, size) int64: how many texts of each group hold each token of the model.

    groups: (n,) group numbers, -1 for a text that counts nowhere. Each text adds 1 to at most its first `most`
    different tokens, so that the counts have sensitivity sqrt(most) in the Euclidean norm.
    """
    found = np.zeros((count, size), dtype=np.int64)
    for text, group in zip(texts, groups.tolist(), strict=True):
        if group >= 0:
            coded = tokenizer(f" {text}", add_special_tokens=False)["input_ids"]
            found[group, list(dict.fromkeys(coded))[:most]] += 1
    return found


def tilt(counts: np.ndarray, sigma: float, usual: np.ndarray, strength: float) -> np.ndarray:
    """(size,) float32 bias of the output layer, which makes the model use tokens as often as the counts say.

    counts: (size,) noisy; sigma: standard deviation of their noise (0: exact). usual: (size,) counts of the tokens in
    texts that the model wrote without a bias. strength: 1 for the whole ratio of frequencies, 0 for no bias.
    """
    # What is not seen on either side should stay as it is: both get a little of everything.
    bottom = max(0.05 * sigma, 0.05)
    known = np.where(counts > max(TOLD * sigma, 0.5), counts, 0.0) + bottom
    theirs = usual + 0.02
    ratio = np.log(known / known.sum()) - np.log(theirs / theirs.sum())
    return np.asarray(strength * np.clip(ratio, -MOST_TILT, MOST_TILT), dtype=np.float32)


def nearest_votes(vectors: np.ndarray, groups: np.ndarray, candidates: np.ndarray, called: np.ndarray) -> np.ndarray:
    """(m,) int64: how many of the texts have each candidate as the nearest one of their own group.

    vectors: (n, width), candidates: (m, width), both of length one; groups: (n,), called: (m,) group numbers. Each text
    gives one vote, or none when its group has no candidate: sensitivity 1.
    """
    votes = np.zeros(len(candidates), dtype=np.int64)
    for group in np.unique(groups):
        theirs = np.flatnonzero(called == group)
        if group < 0 or not len(theirs):
            continue
        voters = vectors[groups == group]
        for first in range(0, len(voters), HELD):
            near = (voters[first : first + HELD] @ candidates[theirs].T).argmax(axis=1)
            np.add.at(votes, theirs[near], 1)
    return votes


def listed(opening: str, examples: Sequence[str]) -> str:
    """The beginning of a list that goes on: an opening line, examples of what stands in it, and the next mark."""
    return "\n".join([opening, *(f"- {' '.join(each.split())}" for each in examples), "-"])
