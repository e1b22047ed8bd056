"""Synthetic texts, looked at in every way that is asked for: what is kept, and why the rest is not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from trasunto.errors import DataError
from trasunto.language.curation.agreement import fit_ambiguity
from trasunto.language.curation.balance import herded, quotas
from trasunto.language.curation.identifiers import Identifiers, fit_identifiers
from trasunto.language.curation.languages import fit_languages
from trasunto.language.curation.leakage import fit_leakage
from trasunto.language.curation.lengths import fit_lengths
from trasunto.language.curation.looks import Check, Rejected
from trasunto.language.curation.perplexity import fit_perplexity
from trasunto.language.curation.settings import PRIVATE, REASONS, Curate
from trasunto.language.curation.sieve import Sieve, fit_sieve
from trasunto.language.curation.sifting import Sifting
from trasunto.language.curation.toxicity import fit_toxicity
from trasunto.language.curation.vectors import vectors_of
from trasunto.progress import Progress, quiet

WHOLE = Curate()


@dataclass(frozen=True)
class Curated:
    """kept: places of the texts that stay, in order; texts, labels: they themselves, as they are now (identifiers
    redacted, labels put right, when that was asked for). rejected: the others, by place. counts: of texts written,
    kept, changed and thrown away by reason, and the checks that were off."""

    kept: tuple[int, ...]
    texts: tuple[str, ...]
    labels: tuple[str, ...]
    rejected: tuple[Rejected, ...] = field(repr=False)
    counts: dict[str, Any]

    def examples(self) -> dict[str, Rejected]:
        """The first text that fell for each reason."""
        found: dict[str, Rejected] = {}
        for each in self.rejected:
            found.setdefault(each.reason, each)
        return {reason: found[reason] for reason in REASONS if reason in found}


def curate(
    texts: Sequence[str],
    labels: Sequence[str],
    settings: Curate = WHOLE,
    *,
    train: Sequence[str] = (),
    train_labels: Sequence[str] = (),
    test: Sequence[str] = (),
    more: Iterable[tuple[str, str]] = (),
    seed: int = 0,
    progress: Progress = quiet,
) -> Curated:
    """Look at written texts and keep the good ones.

    labels: one for each text, or none at all. train, train_labels: the real texts they were written after. test: texts
    on which a model will be judged. more: (kind, value) pairs of identifiers from other columns. Raises DataError when
    labels and texts are not as many, and what a missing encoder, library or list raises, before anything is looked at.
    """
    labels = _matched(texts, labels, "texts")
    train_labels = _matched(train, train_labels, "training texts")
    off = _off(settings, train, train_labels, test, labels)
    if settings.private:
        train, train_labels, test, more = (), [], (), ()
    progress("learn what to look for", 0, 1)
    # Where no text has a label there is none to doubt.
    known = train_labels if any(labels) else [""] * len(train)
    sieve, identifiers = fit_checks(settings, train, known, test, more=more, seed=seed, progress=progress)
    progress("learn what to look for", 1, 1)
    written, redacted = list(texts), 0
    if identifiers is not None and settings.identifiers == "redact":
        written = identifiers.redacted(written)
        redacted = sum(new != old for new, old in zip(written, texts, strict=True))
    spelt, relabelled = _relabelled(written, labels, sieve)
    sifting = Sifting(sieve)
    passed = sifting.sift(written, spelt, progress)
    kept = _chosen(passed, written, spelt, settings, train, train_labels)
    surplus = sorted(set(passed).difference(kept))
    fallen = [*sifting.fallen, *(Rejected(p, "surplus", "more than are kept", written[p], spelt[p]) for p in surplus)]
    fell = Counter(each.reason for each in fallen)
    counts: dict[str, Any] = {
        "written": len(texts),
        "kept": len(kept),
        "redacted": redacted,
        "relabelled": relabelled,
        "rejected": {reason: fell[reason] for reason in REASONS if fell[reason]},
        "labels": dict(sorted(Counter(spelt[place] for place in kept).items())) if any(spelt) else {},
        "off": off,
    }
    return Curated(
        tuple(kept),
        tuple(written[place] for place in kept),
        tuple(spelt[place] for place in kept),
        tuple(sorted(fallen, key=lambda each: each.index)),
        counts,
    )


def fit_checks(
    settings: Curate,
    train: Sequence[str],
    train_labels: Sequence[str],
    test: Sequence[str] = (),
    *,
    more: Iterable[tuple[str, str]] = (),
    seed: int = 0,
    progress: Progress = quiet,
) -> tuple[Sieve, Identifiers | None]:
    """A sieve with every check that is asked for and can be made, and the identifiers it sweeps out.

    more: (kind, value) pairs of identifiers from other columns.
    """
    early: list[Check] = [
        fit_lengths(train, quantiles=settings.lengths, shortest=settings.shortest, longest=settings.longest)
    ]
    if settings.toxicity or settings.toxic_words:
        early.append(fit_toxicity(settings.toxicity, settings.toxic_words))
    identifiers = fit_identifiers(train, more) if settings.identifiers != "keep" and (train or more) else None
    if identifiers is not None and settings.identifiers == "reject":
        early.append(identifiers)
    if settings.leaks and test:
        early.append(fit_leakage(test, least=settings.near))
    late: list[Check] = []
    spoken = fit_languages(train, settings.languages) if settings.language else None
    if spoken is not None:
        late.append(spoken)
    if settings.perplexity is not None:
        stranger = fit_perplexity(train, tail=settings.perplexity, reader=settings.reader, seed=seed, progress=progress)
        late += [stranger] if stranger is not None else []
    if settings.ambiguity is not None:
        vectors = vectors_of(settings.encoder, progress)
        unsure = fit_ambiguity(train, train_labels, vectors, margin=settings.ambiguity)
        late += [unsure] if unsure is not None else []
    agree = settings.agree and any(train_labels)
    sieve = fit_sieve(train, train_labels, encoder=settings.encoder, agree=agree, seed=seed, settings=settings)
    return replace(sieve, early=tuple(early), late=tuple(late)), identifiers


def _matched(texts: Sequence[str], labels: Sequence[str], what: str) -> list[str]:
    if labels and len(labels) != len(texts):
        raise DataError(f"There are {len(texts)} {what} and {len(labels)} labels.", "Give a label for each, or none.")
    return list(labels) if labels else [""] * len(texts)


def _off(
    settings: Curate, train: Sequence[str], train_labels: Sequence[str], test: Sequence[str], labels: Sequence[str]
) -> dict[str, str]:
    """The checks that cannot be made or may not be, and why."""
    inferred = ["language"] if settings.language and not settings.languages else []
    if settings.private:
        return dict.fromkeys([*PRIVATE, *inferred], "private")
    off: dict[str, str] = {}
    if not train:
        off |= dict.fromkeys(inferred, "no training texts")
        off |= dict.fromkeys([name for name in PRIVATE if name != "leaks"], "no training texts")
    elif not any(train_labels) or not any(labels):
        off |= dict.fromkeys(["agree", "ambiguity"], "no labels")
    if not test:
        off["leaks"] = "no test texts"
    chosen = {name: getattr(settings, name) for name in (*PRIVATE, "language")}
    # What was switched off needs no reason.
    return {name: why for name, why in off.items() if chosen[name] not in (None, False, "keep")}


def _relabelled(texts: Sequence[str], labels: list[str], sieve: Sieve) -> tuple[list[str], int]:
    """The labels, those that the classifier is sure are others put right, and how many."""
    least = sieve.settings.relabel
    if least is None or sieve.head is None:
        return labels, 0
    called, sure = sieve.agreement().called(texts)
    new = [other if chance >= least else label for label, other, chance in zip(labels, called, sure, strict=True)]
    return new, sum(one != other for one, other in zip(new, labels, strict=True))


def _chosen(
    passed: Sequence[int],
    texts: Sequence[str],
    labels: Sequence[str],
    settings: Curate,
    train: Sequence[str],
    train_labels: Sequence[str],
) -> list[int]:
    """The places that stay once every label has as many as it should, in order."""
    if settings.balance == "keep" and settings.rows is None:
        return list(passed)
    places = np.array(passed, dtype=np.int64)
    mine = np.array([labels[place] for place in passed], dtype=object)
    told = [label for label in train_labels if label]
    wanted = quotas(list(mine), told, settings.balance if any(mine) else "keep", settings.rows)
    if all(wanted.get(label, 0) == (mine == label).sum() for label in set(mine)):
        return list(passed)
    vectors = vectors_of(settings.encoder)
    made = vectors([texts[place] for place in passed])
    real, truth = vectors(train) if train else made[:0], np.array(train_labels, dtype=object)
    kept: list[int] = []
    for label, number in sorted(wanted.items()):
        rows = np.flatnonzero(mine == label)
        # Without labels of its own, the training set as a whole is matched.
        beside = real[truth == label] if (truth == label).any() else real
        kept += places[rows[herded(made[rows], beside, number)]].tolist()
    return sorted(kept)
