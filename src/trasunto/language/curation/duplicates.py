"""Texts that were written before: the same but for case and punctuation, nearly the same, or the same in other words.

All three remember what they let pass, so that a duplicate is known across rounds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from trasunto.language.curation.looks import Finding
from trasunto.language.curation.minhash import Shingles, candidates, jaccard, shingled, signatures
from trasunto.language.curation.vectors import Vectors
from trasunto.language.curation.words import words_of
from trasunto.metrics.words import Vocabulary

# Vectors that are compared with all others at a time.
BLOCK = 512


@dataclass
class Duplicates:
    """Equal words in the same order."""

    seen: set[bytes] = field(default_factory=set)

    def look(self, texts: Sequence[str], labels: Sequence[str]) -> list[Finding]:
        found: list[Finding] = []
        for text in texts:
            plain = " ".join(words_of(text)).encode("utf-8", "surrogatepass")
            key = hashlib.blake2b(plain, digest_size=16).digest()
            found.append(("duplicate", "written before") if key in self.seen else None)
            self.seen.add(key)
        return found


@dataclass
class NearDuplicates:
    """Runs of three words that overlap those of an earlier text by `least` or more (Jaccard).

    MinHash with banding (Broder 1997; Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, 3.4) proposes pairs,
    their overlap is then counted exactly. Texts below six words are left to `Duplicates`.
    """

    least: float
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    known: Shingles = field(default_factory=Shingles.none)
    signs: np.ndarray | None = None

    def look(self, texts: Sequence[str], labels: Sequence[str]) -> list[Finding]:
        new = shingled(texts, self.vocabulary)
        signs = signatures(new)
        before = len(self.known)
        every = self.known.joined(new)
        together = signs if self.signs is None else np.concatenate([self.signs, signs])
        # Neither side is worth a look when both were kept before.
        one, other = candidates(together, self.least, first=before)
        close = jaccard(every, one, other)
        near = close >= self.least
        found: list[Finding] = [None] * len(texts)
        out = np.zeros(len(every), dtype=bool)
        order = np.lexsort((one[near], other[near]))
        pairs = zip(one[near][order], other[near][order], close[near][order], strict=True)
        for earlier, later, share in pairs:
            if not out[earlier] and not out[later]:
                out[later] = True
                found[later - before] = (
                    "near_duplicate",
                    f"{share:.2f} of its word runs and those of another are shared",
                )
        kept = np.flatnonzero(~out)
        self.known, self.signs = every.take(kept), together[kept]
        return found


@dataclass
class Alike:
    """Sentence vectors whose cosine to an earlier text's is `least` or more."""

    least: float
    vectors: Vectors
    known: np.ndarray | None = None

    def look(self, texts: Sequence[str], labels: Sequence[str]) -> list[Finding]:
        made = self.vectors(texts)
        kept = self.known if self.known is not None else made[:0]
        found: list[Finding] = []
        for start in range(0, len(made), BLOCK):
            part = made[start : start + BLOCK]
            highest = (part @ kept.T).max(axis=1) if len(kept) else np.zeros(len(part))
            within = part @ part.T
            stay = np.ones(len(part), dtype=bool)
            for place in range(len(part)):
                inside = within[place, :place][stay[:place]].max(initial=-1.0)
                top = max(float(highest[place]), float(inside))
                stay[place] = top < self.least
                found.append(None if stay[place] else ("alike", f"says what another does (cosine {top:.2f})"))
            kept = np.concatenate([kept, part[stay]])
        self.known = kept
        return found
