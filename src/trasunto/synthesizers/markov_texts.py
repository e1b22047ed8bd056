"""Texts of n-grams as they come: what falls is counted, what is missing is asked for again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from trasunto.errors import SampleError
from trasunto.language.curation.sifting import Curation
from trasunto.language.layouts import Layout
from trasunto.language.ngram_labels import Labeller


class Gathered:
    """Texts as they come, those that fall counted under their reason; what only the labeller doubts is a reserve."""

    def __init__(self, layout: Layout, labeller: Labeller | None, labels: Sequence[str]) -> None:
        self.layout, self.labeller, self.labels = layout, labeller, labels
        self.found: list[dict[str, str] | None] = [None] * len(labels)
        self.doubtful: dict[str, list[dict[str, str]]] = {}
        self.seen: set[str] = set()
        self.counts: dict[str, int] = {}
        self.written, self.missing, self.despite = 0, len(labels), 0

    def waiting(self, number: int) -> np.ndarray:
        """The rows to write for, more than once in later rounds."""
        places = np.array([n for n, each in enumerate(self.found) if each is None], dtype=np.int64)
        return np.repeat(places, 1 + number)

    def take(self, places: np.ndarray, texts: Sequence[str], given_up: dict[str, int]) -> None:
        self.written += len(texts)
        for reason, times in given_up.items():
            self._fell(reason, times)
        kept, read = [], []
        # A text that is told again is one too many only where a text stands by itself.
        for place, text in zip(places.tolist(), texts, strict=True):
            if not text:
                continue
            parts = self.layout.read(text)
            plain = text.casefold()
            if parts is None or plain in self.seen:
                self._fell("malformed" if parts is None else "duplicate", 1)
                continue
            self.seen.add(plain)
            kept.append((place, text))
            read.append(parts)
        fine = np.ones(len(kept), dtype=bool)
        if self.labeller is not None and kept:
            fine = self.labeller.agrees([text for _, text in kept], [self.labels[p] for p, _ in kept])
        self._fell("disagrees", int((~fine).sum()))
        for (place, _), parts, good in zip(kept, read, fine, strict=True):
            if not good:
                self.doubtful.setdefault(self.labels[place], []).append(parts)
            elif self.found[place] is None:
                self.found[place] = parts
                self.missing -= 1

    def texts(self) -> list[dict[str, str]]:
        """A text for each row. SampleError when some are missing."""
        for place, each in enumerate(self.found):
            held = self.doubtful.get(self.labels[place])
            if each is None and held:
                self.found[place] = held.pop()
                self.despite += 1
        short = sum(each is None for each in self.found)
        if short:
            raise SampleError(
                f"After {self.written:,} texts {short:,} of {len(self.found):,} are missing; thrown away: "
                f"{self.counts}.",
                "Ask for fewer rows, fit with more texts, or set a lower order.",
            )
        return [each for each in self.found if each is not None]

    def curation(self) -> Curation:
        return Curation(self.written, len(self.found), dict(sorted(self.counts.items())), self.despite)

    def _fell(self, reason: str, times: int) -> None:
        if times:
            self.counts[reason] = self.counts.get(reason, 0) + times


def roots_of(layout: Layout, rows: pl.DataFrame) -> tuple[tuple[str, str], ...]:
    """(column, value) of every value that a text is written to."""
    found = []
    for name in layout.conditions:
        values = rows[name].drop_nulls().cast(pl.String).unique().sort()
        found += [(name, value) for value in values]
    return tuple(found)


def numbers_of(
    layout: Layout, roots: Sequence[tuple[str, str]], rows: pl.DataFrame, count: int | None = None
) -> np.ndarray:
    """(rows, conditions + 1) int64 roots of each row, -1 for a value that has none; the last is that of all texts.

    count: of rows, for a frame without columns.
    """
    known = {each: place for place, each in enumerate(roots)}
    columns = []
    for name in layout.conditions:
        told = rows[name].cast(pl.String).to_list()
        columns.append([known.get((name, value), -1) if value is not None else -1 for value in told])
    columns.append([len(roots)] * (len(rows) if count is None else count))
    return np.array(columns, dtype=np.int64).T
