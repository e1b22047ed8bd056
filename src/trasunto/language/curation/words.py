"""Texts as words, and runs of words as keyed hashes: what is private is held by hash alone."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

import numpy as np

from trasunto.metrics.words import WORD

Run = tuple[str, ...]


def words_of(text: str) -> list[str]:
    """Words in lower case, punctuation aside; a text without a single one ("?!") is one word by itself."""
    bare = text.strip()
    return WORD.findall(text.lower()) or ([bare] if bare else [])


def runs_of(words: Sequence[str], length: int) -> list[Run]:
    """Every run of so many words."""
    return [tuple(words[start : start + length]) for start in range(len(words) - length + 1)]


def rare(texts: Sequence[set[Run]], common: int) -> list[Run]:
    """Runs that stand in fewer texts than belong to nobody."""
    counts = Counter(run for runs in texts for run in runs)
    return [run for run, count in counts.items() if count < common]


def hashes(runs: Sequence[Run], salt: str) -> np.ndarray:
    """(n,) uint64 keyed hashes of word runs."""
    key = salt.encode()
    digests = b"".join(
        hashlib.blake2b(" ".join(run).encode("utf-8", "surrogatepass"), digest_size=8, key=key).digest() for run in runs
    )
    return np.frombuffer(digests, dtype=np.uint64)
