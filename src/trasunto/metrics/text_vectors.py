"""Texts as vectors, for every metric that asks what texts are about and not which words they hold.

By default a space of our own, made of the texts that are compared: frequencies of words, word pairs and letters,
weighted by how rare they are, and their main directions ("latent semantic analysis", Deerwester et al. 1990). Whoever
has a sentence encoder puts its vectors in their place with `place`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from trasunto.errors import MetricError
from trasunto.metrics.frames import threads
from trasunto.metrics.score import Comparison
from trasunto.metrics.text import MOST_LETTERS, MOST_TEXTS, texts_of, word_salad

WIDTH = 64
LEAST_TEXTS = 20
FEATURES = 2**16
# A vector for each text: (n, width), of length one.
Embed = Callable[[Sequence[str]], np.ndarray]


@dataclass(frozen=True, eq=False)
class Vectors:
    """Equally many texts of each part, drawn at random: "real", "synthetic", "salad" (real words in random order) and
    "holdout" when there is one.

    parts: (n, width) of length one, rounded. rows: (n,) which of the part's rows with text each one is (not for the
    salad). space: what the vectors are of.
    """

    parts: dict[str, np.ndarray]
    rows: dict[str, np.ndarray]
    space: str

    @property
    def compared(self) -> np.ndarray:
        """What synthetic texts are set beside: the unseen ones, or else the training texts."""
        return self.parts.get("holdout", self.parts["real"])


_KEPT: WeakKeyDictionary[Comparison, Vectors] = WeakKeyDictionary()


def place(comparison: Comparison, embed: Embed, space: str) -> None:
    """Use the vectors of an encoder for this comparison. space: the encoder's name. Does nothing without text."""
    drawn = _drawn(comparison)
    if drawn is not None:
        texts, rows = drawn
        _KEPT[comparison] = Vectors({part: _unit(np.asarray(embed(each))) for part, each in texts.items()}, rows, space)


def vectors_of(comparison: Comparison) -> Vectors | None:
    """The texts of a comparison as vectors, at most 3,000 of each part; None without a column of text.

    Raises MetricError with fewer than 20 texts a side.
    """
    if comparison not in _KEPT:
        drawn = _drawn(comparison)
        if drawn is None:
            return None
        texts, rows = drawn
        _KEPT[comparison] = Vectors(_by_words(texts, comparison.seed), rows, "words and letters")
    return _KEPT[comparison]


def _drawn(comparison: Comparison) -> tuple[dict[str, list[str]], dict[str, np.ndarray]] | None:
    read = texts_of(comparison)
    if read is None:
        return None
    number = min(MOST_TEXTS, *(len(rows) for rows in read.texts.values()))
    if number < LEAST_TEXTS:
        raise MetricError(f"Texts are compared by what they are about from {LEAST_TEXTS} a side; there are {number}.")
    rng = np.random.default_rng(comparison.seed)
    rows = {part: np.sort(rng.permutation(len(texts))[:number]) for part, texts in read.texts.items()}
    texts = {part: ["\n".join(read.texts[part][row])[:MOST_LETTERS] for row in rows[part]] for part in rows}
    texts["salad"] = word_salad(texts["real"], number, rng)
    return texts, rows


def _by_words(texts: dict[str, list[str]], seed: int) -> dict[str, np.ndarray]:
    from scipy.sparse import hstack
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer

    joined = [text for part in texts.values() for text in part]
    words = HashingVectorizer(ngram_range=(1, 2), n_features=FEATURES, alternate_sign=False, token_pattern=r"(?u)\w+")
    letters = HashingVectorizer(analyzer="char_wb", ngram_range=(3, 4), n_features=FEATURES, alternate_sign=False)
    table = hstack([words.transform(joined), letters.transform(joined)]).tocsr()
    # What only one text holds ties it to no other.
    table = table[:, np.bincount(table.indices, minlength=table.shape[1]) > 1]
    if table.shape[1] < 2:
        return {part: _unit(np.ones((len(each), 1))) for part, each in texts.items()}
    weighted = TfidfTransformer(sublinear_tf=True).fit_transform(table)
    # The salad has no say in which directions count: it would bring its own.
    told = len(joined) - len(texts["salad"])
    width = min(WIDTH, weighted.shape[1] - 1, told - 1)
    with threads(np.empty(0)):
        directions = TruncatedSVD(width, random_state=seed).fit(weighted[:told])
        found = directions.transform(weighted)
    ends = np.cumsum([len(each) for each in texts.values()])[:-1]
    return {part: _unit(each) for part, each in zip(texts, np.split(found, ends), strict=True)}


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Of length one, and rounded: threads add up in another order, and what is nearest must not depend on it."""
    wide = vectors.astype(np.float64)
    length = np.linalg.norm(wide, axis=1, keepdims=True)
    # A text that nothing is known of lies in the first direction, as others like it do.
    wide[length[:, 0] < 1e-9, 0] = 1.0
    return np.asarray(np.round(wide / np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-9), 6))
