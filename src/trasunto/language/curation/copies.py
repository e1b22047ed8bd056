"""What written texts repeat of private ones. Of those only salted hashes of word runs are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trasunto.language.curation.looks import Finding
from trasunto.language.curation.words import hashes, rare, runs_of, words_of
from trasunto.metrics.words import among

# Words in a row that are a copy, and those of the runs of which a text may be made up in part.
RUN = 8
NEAR_RUN = 4
# A run that stands in so many training texts belongs to nobody.
COMMON = 3
NEAR = 0.6


@dataclass(frozen=True, eq=False)
class Copies:
    """runs, near: sorted uint64 hashes of word runs of private texts; whole: of texts below eight words.

    near_share: share of a text's runs of four words that may be known; None for any.
    """

    salt: str
    runs: np.ndarray
    near: np.ndarray
    whole: np.ndarray
    near_share: float | None = NEAR

    def look(self, texts: Sequence[str], labels: Sequence[str]) -> list[Finding]:
        return [self.of(text) for text in texts]

    def of(self, text: str) -> Finding:
        """ "verbatim" or "near_copy" when the text repeats a private one."""
        words = words_of(text)
        if len(words) < RUN:
            if len(words) >= NEAR_RUN and self._known(self.whole, [tuple(words)]).any():
                return "verbatim", "a whole training text"
        else:
            runs = runs_of(words, RUN)
            known = self._known(self.runs, runs)
            if known.any():
                return "verbatim", f"“{' '.join(runs[int(known.argmax())])}” stands in a training text"
        short = runs_of(words, NEAR_RUN)
        if self.near_share is not None and len(short) >= 3:
            share = float(self._known(self.near, short).mean())
            if share >= self.near_share:
                return "near_copy", f"{share:.0%} of its runs of four words stand in training texts"
        return None

    def _known(self, known: np.ndarray, runs: Sequence[tuple[str, ...]]) -> np.ndarray:
        return among(hashes(runs, self.salt), known)


def fit_copies(texts: Sequence[str], *, salt: str, common: int = COMMON, near_share: float | None = NEAR) -> Copies:
    """The word runs of private texts that fewer than `common` of them hold.

    Of the short runs, for near copies, those that fewer than three hold whatever `common` is: more make up a form.
    """
    words = [words_of(text) for text in texts]
    long = rare([set(runs_of(each, RUN)) for each in words if len(each) >= RUN], common)
    short = rare([set(runs_of(each, NEAR_RUN)) for each in words], COMMON)
    whole = rare([{tuple(each)} for each in words if NEAR_RUN <= len(each) < RUN], common)
    runs, near, equal = (np.unique(hashes(part, salt)) for part in (long, short, whole))
    return Copies(salt, runs, near, equal, near_share)
