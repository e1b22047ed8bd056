"""What a language model wrote, sifted: each text that is thrown away is counted under its reason.

The private texts themselves are not kept for this: only salted hashes of their word runs, and a classifier.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trasunto.language.head import Head, fit_head

RUN = 8
NEAR_RUN = 4
# A run that stands in so many training texts belongs to nobody.
COMMON = 3
NEAR = 0.6
_WORD = re.compile(r"\w+")
REASONS = ("empty", "duplicate", "near_duplicate", "verbatim", "near_copy", "disagrees")
# Two written texts whose word runs overlap this far (Jaccard) are one text said twice.
ALIKE = 0.75


@dataclass(frozen=True)
class Curation:
    """How many texts were written and kept, how many fell for each reason, and an example of each."""

    written: int
    kept: int
    rejected: dict[str, int]
    despite_disagreement: int = 0

    def to_dict(self) -> dict[str, Any]:
        return {
            "written": self.written,
            "kept": self.kept,
            "rejected": self.rejected,
            "despite_disagreement": self.despite_disagreement,
        }


@dataclass(frozen=True)
class Sieve:
    """What is known of the private texts. runs, near: sorted uint64 hashes of word runs; whole: of short texts.

    head: labels sentence vectors (None without labels); labels: its labels, in order.
    """

    salt: str
    runs: np.ndarray
    near: np.ndarray
    whole: np.ndarray
    labels: tuple[str, ...] = ()
    head: Head | None = None
    encoder: str = "minilm-l6"

    def copies(self, text: str) -> str:
        """ "verbatim" or "near_copy" when the text repeats a private one, else ""."""
        words = _words(text)
        if len(words) < RUN:
            if len(words) >= NEAR_RUN and _among(self.whole, self._hashes([tuple(words)])).any():
                return "verbatim"
        elif _among(self.runs, self._hashes(_runs(words, RUN))).any():
            return "verbatim"
        short = _runs(words, NEAR_RUN)
        if len(short) >= 3 and _among(self.near, self._hashes(short)).mean() >= NEAR:
            return "near_copy"
        return ""

    def agrees(self, texts: Sequence[str], labels: Sequence[str]) -> np.ndarray:
        """(n,) whether the classifier gives each text the label it was written for. True without a classifier."""
        if self.head is None or not texts:
            return np.ones(len(texts), dtype=bool)
        vectors = _embedder(self.encoder).embed(texts)
        called = self.head.probabilities(vectors).argmax(axis=1)
        return np.array([self.labels[place] == label for place, label in zip(called, labels, strict=True)])

    def _hashes(self, runs: Sequence[tuple[str, ...]]) -> np.ndarray:
        return hashes(runs, self.salt)


@dataclass
class Sifting:
    """A sifting under way: what was kept so far, so that a duplicate is known across rounds."""

    sieve: Sieve
    seen: set[str] = field(default_factory=set)
    index: dict[tuple[str, ...], list[int]] = field(default_factory=dict)
    sizes: list[int] = field(default_factory=list)
    written: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    doubtful: list[tuple[str, str]] = field(default_factory=list)

    def keep(self, texts: Sequence[str], labels: Sequence[str]) -> list[tuple[str, str]]:
        """The (text, label) pairs that pass. Those that only the classifier doubts are remembered as doubtful."""
        passed: list[tuple[str, str]] = []
        for text, label in zip(texts, labels, strict=True):
            self.written += 1
            plain = " ".join(_words(text))
            reason = "empty" if not plain else "duplicate" if plain in self.seen else self.sieve.copies(text)
            if not reason and self._said_before(plain):
                reason = "near_duplicate"
            if reason:
                self.rejected[reason] += 1
                continue
            self.seen.add(plain)
            passed.append((text, label))
        agreed = self.sieve.agrees([text for text, _ in passed], [label for _, label in passed])
        self.doubtful += [pair for pair, fine in zip(passed, agreed, strict=True) if not fine]
        self.rejected["disagrees"] += int((~agreed).sum())
        return [pair for pair, fine in zip(passed, agreed, strict=True) if fine]

    def _said_before(self, plain: str) -> bool:
        """Whether a written text is nearly this one; if not, it is remembered."""
        runs = set(_runs(plain.split(), 3))
        shared = Counter(place for run in runs for place in self.index.get(run, ()))
        for place, count in shared.most_common(5):
            if len(runs) >= NEAR_RUN and count / (len(runs) + self.sizes[place] - count) >= ALIKE:
                return True
        for run in runs:
            self.index.setdefault(run, []).append(len(self.sizes))
        self.sizes.append(len(runs))
        return False


def fit_sieve(texts: Sequence[str], labels: Sequence[str], *, encoder: str, agree: bool, seed: int) -> Sieve:
    """A sieve for texts like these. labels: "" for texts without. agree: whether to train a classifier on them.

    A label seen once is kept: the classifier knows it from one text.
    """
    salt = hashlib.blake2b(f"trasunto:{seed}:{len(texts)}".encode(), digest_size=8).hexdigest()
    words = [_words(text) for text in texts]
    long = _rare([set(_runs(each, RUN)) for each in words if len(each) >= RUN])
    short = _rare([set(_runs(each, NEAR_RUN)) for each in words])
    whole = _rare([{tuple(each)} for each in words if NEAR_RUN <= len(each) < RUN])
    known = tuple(sorted(set(labels)))
    head = None
    if agree and len(known) > 1:
        truth = np.array([known.index(label) for label in labels])
        head = fit_head(_embedder(encoder).embed(texts), truth, len(known), 10.0)
    runs, near, equal = (np.unique(hashes(part, salt)) for part in (long, short, whole))
    return Sieve(salt, runs, near, equal, known, head, encoder)


def hashes(runs: Sequence[tuple[str, ...]], salt: str) -> np.ndarray:
    """(n,) uint64 keyed hashes of word runs."""
    key = salt.encode()
    digests = b"".join(hashlib.blake2b(" ".join(run).encode(), digest_size=8, key=key).digest() for run in runs)
    return np.frombuffer(digests, dtype=np.uint64)


def _embedder(encoder: str) -> Any:
    from trasunto.language.embed import load_embedder
    from trasunto.language.offline import find

    return load_embedder(find(encoder))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _runs(words: Sequence[str], length: int) -> list[tuple[str, ...]]:
    return [tuple(words[start : start + length]) for start in range(len(words) - length + 1)]


def _rare(texts: Sequence[set[tuple[str, ...]]]) -> list[tuple[str, ...]]:
    """Runs that stand in fewer texts than belong to nobody."""
    counts = Counter(run for runs in texts for run in runs)
    return [run for run, count in counts.items() if count < COMMON]


def _among(known: np.ndarray, asked: np.ndarray) -> np.ndarray:
    if known.size == 0:
        return np.zeros(asked.shape, dtype=bool)
    places = np.clip(np.searchsorted(known, asked), 0, known.size - 1)
    return np.asarray(known[places] == asked)
