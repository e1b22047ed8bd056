"""What stands in the test set must not be trained on: texts, runs of eight words (Brown et al. 2020, appendix C, takes
13), and texts that say nearly the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from trasunto.language.curation.copies import RUN
from trasunto.language.curation.looks import Finding
from trasunto.language.curation.minhash import Shingles, candidates, jaccard, shingled, signatures
from trasunto.language.curation.words import runs_of, words_of
from trasunto.metrics.words import Vocabulary


@dataclass(frozen=True, eq=False)
class Leakage:
    """What is known of the test texts. least: overlap (Jaccard of runs of three words) that is nearly the same; None
    for none."""

    whole: frozenset[str]
    runs: frozenset[tuple[str, ...]]
    least: float | None
    vocabulary: Vocabulary = field(repr=False)
    shingles: Shingles = field(repr=False)
    signs: np.ndarray = field(repr=False)

    def look(self, texts: Sequence[str], labels: Sequence[str]) -> list[Finding]:
        found = [self._shared(words_of(text)) for text in texts]
        if self.least is None or not len(self.shingles):
            return found
        new = shingled(texts, self.vocabulary)
        before = len(self.shingles)
        one, other = candidates(np.concatenate([self.signs, signatures(new)]), self.least, first=before)
        tested = one < before
        one, other = one[tested], other[tested]
        close = jaccard(self.shingles.joined(new), one, other)
        for place, share in zip(other - before, close, strict=True):
            if share >= self.least and found[place] is None:
                found[place] = "leak_near", f"{share:.2f} of its word runs and those of a test text are shared"
        return found

    def _shared(self, words: list[str]) -> Finding:
        if " ".join(words) in self.whole:
            return "leak", "a test text"
        run = next((run for run in runs_of(words, RUN) if run in self.runs), None)
        return None if run is None else ("leak_run", f"“{' '.join(run)}” stands in a test text")


def fit_leakage(test: Sequence[str], *, least: float | None) -> Leakage:
    """Every test text, whole and in runs: none is too common to count."""
    words = [words_of(text) for text in test]
    runs = frozenset(run for each in words for run in runs_of(each, RUN))
    vocabulary = Vocabulary()
    shingles = shingled(test, vocabulary)
    whole = frozenset(" ".join(each) for each in words)
    return Leakage(whole, runs, least, vocabulary, shingles, signatures(shingles))
