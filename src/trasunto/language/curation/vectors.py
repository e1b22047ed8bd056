"""Sentence vectors for the checks that compare meanings: of a pretrained encoder, or of hashed words alone."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from trasunto.language.curation.words import runs_of, words_of
from trasunto.progress import Progress, quiet

WIDTH = 1024
# (n,) texts to (n, width) float32, each row of length one.
Vectors = Callable[[Sequence[str]], np.ndarray]


def vectors_of(encoder: str, progress: Progress = quiet) -> Vectors:
    """encoder: "words", or a model's name or folder. Raises what `offline.find` does."""
    if encoder == "words":
        return hashed
    from trasunto.language.embed import load_embedder
    from trasunto.language.offline import find

    return partial(load_embedder(find(encoder)).embed, progress=progress)


def hashed(texts: Sequence[str]) -> np.ndarray:
    """(n, 1024) float32: words and pairs of words, hashed with a sign (Weinberger et al. 2009), damped, length one."""
    table = np.zeros((len(texts), WIDTH), dtype=np.float32)
    for row, text in enumerate(texts):
        words = words_of(text)
        for piece in (*words, *(" ".join(pair) for pair in runs_of(words, 2))):
            number = zlib.crc32(piece.encode("utf-8", "surrogatepass"))
            table[row, number % WIDTH] += 1.0 if number & 0x80000000 else -1.0
    table = np.sign(table) * np.log1p(np.abs(table))
    norms = np.sqrt((table**2).sum(axis=1, keepdims=True))
    return np.asarray(table / np.maximum(norms, 1e-9), dtype=np.float32)
