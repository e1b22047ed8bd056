"""What a text is a copy of when numbers, names and addresses in it do not count; texts that belong together."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from trasunto.language.curation.minhash import candidates, jaccard, shingled, signatures
from trasunto.metrics.words import Vocabulary

_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|(?<![\w.+-])[\w.+-]{1,64}@[\w-]+\.[\w.-]*\w|(?<!\w)[@#]\w+")
_NUMBER = re.compile(r"[$€£]?\d[\d.,:/-]*\d|[$€£]?\d")
_CAPITALS = re.compile(r"[A-ZÀ-ÖØ-Þ]\w*(?: [A-ZÀ-ÖØ-Þ]\w*)*")
_REST = re.compile(r"[^\w@#]+")


def template(text: str) -> str:
    """The text in lower case with a sign for each number (#), name and address (@); punctuation left out.

    A text of signs alone is its own template.
    """
    masked = _ADDRESS.sub(" & ", text) if any(sign in text for sign in ("@", "#", "://", "www.")) else text
    if not masked.isupper():
        masked = _CAPITALS.sub(_named, masked)
    masked = _NUMBER.sub("#", masked).replace("&", "@")
    bare = " ".join(_REST.sub(" ", masked).lower().split())
    return bare if re.search(r"\w", bare) else text


def _named(found: re.Match[str]) -> str:
    """A sign for words with capitals: names, unless the first begins a sentence or goes on with a word."""
    before = found.string[max(0, found.start() - 2) : found.start()]
    words = found.group()
    if not before.strip() or before[0] in ".!?…:\n" or before[-1:] == "\n":
        first, _, rest = words.partition(" ")
        return f"{first} @" if rest else words
    return "@" if before[-1] in " ,;(" else words


def templates(texts: Sequence[str]) -> list[str]:
    """The template of each text."""
    return [template(text) for text in texts]


def families(
    texts: Sequence[str], *, asked: Sequence[str | None] | None = None, near: float | None = 0.75
) -> np.ndarray:
    """(n,) int64: texts with the same number belong together, also through others: of one template, sharing so many
    of their runs of three words (Jaccard, MinHash), or answering the same question.

    asked: the question of each text (its template counts), None for one without.
    """
    _, parent = np.unique(np.array(templates(texts), dtype=object), return_inverse=True)
    _, first = np.unique(parent, return_index=True)
    parents = first[parent].astype(np.int64)
    if near is not None:
        shingles = shingled(texts, Vocabulary())
        one, other = candidates(signatures(shingles), near)
        close = jaccard(shingles, one, other) >= near
        for a, b in zip(one[close].tolist(), other[close].tolist(), strict=True):
            _join(parents, a, b)
    first_of: dict[str, int] = {}
    for place, question in enumerate(asked or ()):
        if question:
            _join(parents, first_of.setdefault(template(question), place), place)
    roots = np.array([_root(parents, place) for place in range(len(texts))], dtype=np.int64)
    return np.asarray(np.unique(roots, return_inverse=True)[1], dtype=np.int64)


def within(masks: Sequence[str], most: int, rng: np.random.Generator) -> np.ndarray:
    """The places kept when each template may occur so many times, chosen evenly at random; in order."""
    counts: Counter[str] = Counter()
    kept = []
    for place in rng.permutation(len(masks)).tolist():
        counts[masks[place]] += 1
        if counts[masks[place]] <= most:
            kept.append(place)
    return np.sort(np.array(kept, dtype=np.int64))


def _join(parents: np.ndarray, one: int, other: int) -> None:
    low, high = sorted((_root(parents, one), _root(parents, other)))
    parents[high] = low


def _root(parents: np.ndarray, place: int) -> int:
    while parents[place] != place:
        parents[place] = parents[parents[place]]
        place = int(parents[place])
    return place
