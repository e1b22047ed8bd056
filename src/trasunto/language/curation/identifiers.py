"""Identifiers of training texts, swept out of written ones: telephones, accounts, e-mails, whole names, and runs of
five digits or more, however they are spelt there (case, spaces, punctuation, accents)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from trasunto.language.curation.looks import Finding
from trasunto.privacy.identifiers_sweep import Known, known_of, swept
from trasunto.privacy.identifiers_text import spans_in
from trasunto.privacy.recognize import Span, apart

# What a date says is said of many.
PUBLIC = frozenset({"date"})


@dataclass(frozen=True)
class Identifiers:
    """known: what is looked for. Never saved: these are private values."""

    known: Known

    def look(self, texts: Sequence[str], labels: Sequence[str]) -> list[Finding]:
        found: list[Finding] = [None] * len(texts)
        for span in self.spans(texts):
            found[span.row] = "identifier", f"{span.kind} of a training text"
        return found

    def redacted(self, texts: Sequence[str]) -> list[str]:
        """The texts with "[phone]" and the like in the place of each known identifier."""
        written = list(texts)
        # From the last place to the first, so that those before it stay where they are.
        for span in sorted(self.spans(texts), key=lambda each: (each.row, -each.start)):
            text = written[span.row]
            written[span.row] = f"{text[: span.start]}[{span.kind}]{text[span.end :]}"
        return written

    def spans(self, texts: Sequence[str]) -> list[Span]:
        """Places of known identifiers, none overlapping."""
        if not texts or not len(self.known):
            return []
        return apart(swept(pl.Series(texts, dtype=pl.String), self.known))


def fit_identifiers(train: Sequence[str], more: Iterable[tuple[str, str]] = ()) -> Identifiers:
    """What the training texts hold. more: (kind, value) pairs from other columns; "person" for names."""
    series = pl.Series(train, dtype=pl.String)
    held: dict[str, str] = {}
    for span in spans_in(series):
        value = train[span.row][span.start : span.end]
        # A first name alone is anybody's.
        if span.kind not in PUBLIC and (span.kind != "person" or len(value.split()) > 1):
            held.setdefault(value, span.kind)
    for runs in series.str.extract_all(r"[0-9]{5,}").to_list():
        for run in runs:
            held.setdefault(run, "number")
    return Identifiers(known_of([*((kind, value) for value, kind in held.items()), *more]))
