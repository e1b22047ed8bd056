"""What an n-gram model may not write: runs of eight words of a training text, and short texts as a whole.

Only salted hashes are kept. They are sums, so that thousands of texts are held against them at once while they grow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trasunto.language.ngram_words import Words

RUN, SHORT = 8, 4
# A run of words that stands in so many training texts belongs to nobody.
COMMON = 10


@dataclass(frozen=True)
class Copies:
    """What may not be written. runs: sorted uint64 hashes of runs of 8 words that stand in fewer than 10 texts; whole:
    of texts of 4 to 7 words. factors: (8,) uint64 odd, from the salt."""

    factors: np.ndarray
    runs: np.ndarray
    whole: np.ndarray

    def among(self, window: np.ndarray) -> np.ndarray:
        """(n,) whether the last 8 words, (n, 8) uint64 hashes, are a run of a training text."""
        full = window[:, 0] != 0
        if not self.runs.size or not full.any():
            return np.zeros(len(window), dtype=bool)
        keys = (window * self.factors).sum(axis=1, dtype=np.uint64)
        places = np.minimum(np.searchsorted(self.runs, keys), self.runs.size - 1)
        found: np.ndarray = full & (self.runs[places] == keys)
        return found

    def texts(self, window: np.ndarray) -> np.ndarray:
        """(n,) whether the words of a short text, at the end of (n, 8), are those of a training text."""
        short = (window[:, 0] == 0) & (window[:, RUN - SHORT] != 0)
        keys = (window * self.factors).sum(axis=1, dtype=np.uint64)
        found: np.ndarray = short & np.isin(keys, self.whole)
        return found


NOTHING = Copies(np.ones(RUN, dtype=np.uint64), np.empty(0, np.uint64), np.empty(0, np.uint64))


def fit_copies(words: Words, coded: np.ndarray, lengths: np.ndarray, salt: int) -> Copies:
    """What training texts must not be repeated by."""
    factors = np.random.SeedSequence(salt).generate_state(RUN, np.uint64) | np.uint64(1)
    hashes = words.hashes[coded]
    owner = np.repeat(np.arange(len(lengths)), lengths)[hashes != 0]
    spoken = hashes[hashes != 0]
    runs = np.empty(0, np.uint64)
    if len(spoken) >= RUN:
        windows = np.lib.stride_tricks.sliding_window_view(spoken, RUN)
        same = owner[: len(windows)] == owner[RUN - 1 :]
        keys = (windows[same] * factors).sum(axis=1, dtype=np.uint64)
        runs = _rare(keys, owner[: len(windows)][same])
    held = np.bincount(owner, minlength=len(lengths))
    short = np.flatnonzero((held >= SHORT) & (held < RUN))
    last = np.cumsum(held) - 1
    table = np.zeros((len(short), RUN), dtype=np.uint64)
    for back in range(RUN):
        there = held[short] > back
        table[there, RUN - 1 - back] = spoken[last[short[there]] - back]
    whole = _rare((table * factors).sum(axis=1, dtype=np.uint64), short)
    return Copies(factors, runs, whole)


def _rare(keys: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """The keys that fewer than COMMON owners have, sorted."""
    order = np.lexsort((owner, keys))
    keys, owner = keys[order], owner[order]
    new = np.ones(len(keys), dtype=bool)
    new[1:] = (keys[1:] != keys[:-1]) | (owner[1:] != owner[:-1])
    found, times = np.unique(keys[new], return_counts=True)
    rare: np.ndarray = found[times < COMMON]
    return rare
