"""What is known of the private texts that a language model learned: hashes of their word runs, and a classifier."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from trasunto.language.curation.agreement import Agreement, fit_agreement
from trasunto.language.curation.copies import Copies, fit_copies
from trasunto.language.curation.duplicates import Alike, Duplicates, NearDuplicates
from trasunto.language.curation.looks import Check
from trasunto.language.curation.settings import Curate
from trasunto.language.curation.vectors import vectors_of
from trasunto.language.head import Head

# What a writer's own sieve does; the rest is asked for.
USUAL = Curate(alike=None, lengths=None, perplexity=None, language=False, toxicity=(), identifiers="keep")

# Where so many real texts say what another one does, written ones may too.
REPEATED = 0.25


@dataclass(frozen=True)
class Sieve:
    """What is known of the private texts. runs, near: sorted uint64 hashes of word runs; whole: of short texts.

    head: labels sentence vectors (None without labels); labels: its labels, in order. early, late: more checks, those
    that cost little and those that cost more; they hold what they were fitted to and are not saved.
    """

    salt: str
    runs: np.ndarray
    near: np.ndarray
    whole: np.ndarray
    labels: tuple[str, ...] = ()
    head: Head | None = None
    encoder: str = "minilm-l6"
    settings: Curate = USUAL
    early: tuple[Check, ...] = field(default=(), repr=False)
    late: tuple[Check, ...] = field(default=(), repr=False)

    def checks(self) -> list[Check]:
        """All checks in the order in which a text meets them, the cheap ones first; each remembers nothing yet."""
        settings = self.settings
        checks = [*self.early]
        if settings.duplicates:
            checks.append(Duplicates())
        if settings.verbatim and (len(self.near) or len(self.whole)):
            checks.append(Copies(self.salt, self.runs, self.near, self.whole, settings.near_copy))
        if settings.near is not None:
            checks.append(NearDuplicates(settings.near))
        checks += self.late
        if settings.alike is not None:
            checks.append(Alike(settings.alike, vectors_of(self.encoder)))
        if self.head is not None:
            checks.append(self.agreement())
        return checks

    def agreement(self) -> Agreement:
        """The classifier as a check. Needs a head."""
        assert self.head is not None
        return Agreement(self.head, self.labels, vectors_of(self.encoder), self.settings.least)


def fit_sieve(
    texts: Sequence[str], labels: Sequence[str], *, encoder: str, agree: bool, seed: int, settings: Curate = USUAL
) -> Sieve:
    """A sieve for texts like these. labels: "" for texts without. agree: whether to train a classifier on them.

    A label seen once is kept: the classifier knows it from one text.
    """
    salt = hashlib.blake2b(f"trasunto:{seed}:{len(texts)}".encode(), digest_size=8).hexdigest()
    copies = fit_copies(texts if settings.verbatim else (), salt=salt, common=settings.common)
    known = tuple(sorted(set(labels)))
    told = fit_agreement(texts, labels, vectors_of(encoder)) if agree and len(known) > 1 else None
    head = told.head if told is not None else None
    return Sieve(salt, copies.runs, copies.near, copies.whole, known, head, encoder, settings)


def as_repeated(settings: Curate, texts: Sequence[str]) -> Curate:
    """The settings, without the looks for duplicates where more than a quarter of the real texts are such: nobody could
    write as many different ones as are wanted."""
    left = list(texts)
    for check in (Duplicates(), NearDuplicates(settings.near or 1.0)):
        found = check.look(left, left)
        left = [text for text, each in zip(left, found, strict=True) if each is None]
    often = len(left) < (1 - REPEATED) * len(texts)
    return replace(settings, duplicates=False, near=None) if often else settings
