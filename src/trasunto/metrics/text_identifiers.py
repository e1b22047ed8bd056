"""Identifiers of training texts that come back in synthetic ones: telephones, e-mails, accounts, names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import polars as pl

from trasunto.metrics.interval import wilson
from trasunto.metrics.score import Comparison, Score
from trasunto.metrics.text import Read, texts_of
from trasunto.privacy.identifiers_text import spans_in

# Texts that are searched on each side.
MOST_TEXTS = 20_000
# An identifier of so many training texts (of one, of up to four, of more) is that of a person, a few, or a service.
RARITIES = (("in one text", 1, 1), ("in 2 to 4 texts", 2, 4), ("in 5 texts or more", 5, None))
# What a date or a place name says is said of many.
KINDS = frozenset({"date", "person"})


def replayed_identifiers(comparison: Comparison) -> tuple[Score, ...]:
    """privacy.replayed_identifiers: share of the identifiers that stand in exactly one training text, and in no unseen
    one, that a synthetic text holds; then by subject for those in 2 to 4 texts and in 5 or more.

    Identifiers are those of privacy/identifiers_text.py but dates and names of people (e-mails, telephones, accounts,
    national numbers, web addresses ...), and runs of five digits or more; compared without spaces, signs and case. At
    most 20,000 texts a side are searched. The control is the same for identifiers of one unseen text that no training
    text holds. () without a column of text, or when no training text holds any.
    """
    read = texts_of(comparison)
    if read is None:
        return ()
    found = {part: _identifiers(read, part) for part in read.texts}
    real, made = found["real"], found["synthetic"]
    unseen = found.get("holdout", Counter())
    scores = []
    for name, least, most in RARITIES:
        own, theirs = _held(real, unseen, least, most), _held(unseen, real, least, most)
        if not own:
            continue
        replayed = sum(each in made for each in own)
        control = sum(each in made for each in theirs) / len(theirs) if theirs else None
        scores.append(
            Score(
                "privacy.replayed_identifiers",
                replayed / len(own),
                0.0,
                wilson(replayed, len(own)),
                0.0,
                control,
                subject="" if least == 1 else name,
                reading=f"Share of the {len(own):,} identifiers {name.replace('in ', 'that stand in ', 1)} of the "
                "training data, and in no unseen one, that a synthetic text holds; the control is that of identifiers "
                "of unseen texts.",
            )
        )
    return tuple(scores)


def _held(found: Counter[str], elsewhere: Counter[str], least: int, most: int | None) -> list[str]:
    """The identifiers that so many texts hold, and none elsewhere."""
    return [each for each, n in found.items() if n >= least and (most is None or n <= most) and each not in elsewhere]


def _identifiers(read: Read, part: str) -> Counter[str]:
    """In how many rows each identifier stands."""
    rows = read.texts[part][:MOST_TEXTS]
    texts = pl.Series(["\n".join(row) for row in rows], dtype=pl.String)
    held: dict[int, set[str]] = {}
    for span in spans_in(texts, kinds=_kinds()):
        held.setdefault(span.row, set()).add(_plain(rows, span.row, span.start, span.end))
    for row, runs in enumerate(texts.str.extract_all(r"[0-9]{5,}").to_list()):
        known = held.setdefault(row, set())
        known.update(run for run in runs if not any(run in each for each in known))
    return Counter(each for row in held.values() for each in row)


def _plain(rows: Sequence[Sequence[str]], row: int, start: int, end: int) -> str:
    """What stands there, letters and digits alone, in lower case."""
    return "".join(sign for sign in "\n".join(rows[row])[start:end].casefold() if sign.isalnum())


def _kinds() -> list[str]:
    from trasunto.privacy.recognize import BY_KIND

    return sorted(set(BY_KIND) - KINDS)
