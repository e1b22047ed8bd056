"""Texts with labels: taken from a dataset, cleaned, standardised, deduplicated; every step counted."""

from __future__ import annotations

import contextlib
import hashlib
import html
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trasunto.data.dataset import Dataset
from trasunto.data.written import write
from trasunto.encoders.lines import Lines, fit_lines
from trasunto.errors import EmptyDataError, FitError, near

_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,200}>")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060\ufeff]")
# What UTF-8 looks like when it was read as Latin-1: Ã or Â before a byte of the upper half.
_GARBLED = re.compile(r"[ÃÂ][\x80-\xbf]|â\x80")


@dataclass(frozen=True)
class Corpus:
    """Texts and their labels, side by side. lines: how rows became texts, when the texts were rows."""

    texts: tuple[str, ...]
    labels: tuple[str, ...]
    text: str | None = None
    label: str = "label"
    lines: Lines | None = None

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(sorted(set(self.labels)))

    def take(self, rows: Sequence[int] | np.ndarray) -> Corpus:
        """The texts at these places, in that order."""
        places = [int(row) for row in rows]
        return replace(self, texts=tuple(self.texts[p] for p in places), labels=tuple(self.labels[p] for p in places))

    def draw(self, rows: int, *, seed: int) -> Corpus:
        """At most `rows` texts, drawn so that the mix of labels stays as it is."""
        if rows >= len(self):
            return self
        rng = np.random.default_rng(seed)
        order = rng.permutation(len(self))
        labels = np.array(self.labels, dtype=object)[order]
        # The place of each text within its label, as a share: the lowest shares are an even draw of every label.
        share = np.empty(len(order))
        for label in set(self.labels):
            inside = np.flatnonzero(labels == label)
            share[inside] = (np.arange(len(inside)) + rng.random()) / len(inside)
        return self.take(np.sort(order[np.argsort(share, kind="stable")[:rows]]))

    def joined(self, other: Corpus) -> Corpus:
        return replace(self, texts=self.texts + other.texts, labels=self.labels + other.labels)

    def digest(self) -> str:
        """SHA-256 over texts and labels, in order."""
        return hashlib.sha256("\0".join([*self.texts, *self.labels]).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Preparation:
    """What is done to texts before a model is trained on them.

    clean: mend encoding, HTML, control characters and white space. standardise: one spelling for labels that
    differ in case or white space alone. deduplicate: keep the first of equal texts. longest: characters after
    which a text is cut.
    """

    clean: bool = True
    standardise: bool = True
    deduplicate: bool = True
    longest: int = 4_000


def corpus_of(
    dataset: Dataset, *, text: str | None = None, label: str | None = None, like: Corpus | None = None
) -> Corpus:
    """Texts and labels of a dataset of one table: a text column, or rows written as text.

    text, label: column names; found by role and kind when None. like: a corpus whose columns and line encoder
    are used again (for synthetic rows and for the test). Rows without text or label are left out.
    Raises FitError when there is no such column, EmptyDataError when nothing is left.
    """
    table = dataset.only
    schema = table.schema
    label = like.label if like is not None else label or _label_of(dataset, text)
    if label not in schema:
        raise FitError(f"There is no label column {label!r}.", near(label, schema.names))
    text = (
        like.text
        if like is not None
        else text or next((c.name for c in schema.of_kind("text") if c.name != label), None)
    )
    if text is not None and text not in schema:
        raise FitError(f"There is no text column {text!r}.", near(text, schema.names))
    lines = None
    if text is None:
        lines = like.lines if like is not None and like.lines else fit_lines(table, exclude=(label,))
        texts: list[str | None] = list(lines.encode(table))
    else:
        texts = table.rows[text].to_list()
    known = table.rows[label].is_not_null().to_list()
    labels = write(table.rows[label], schema[label]).to_list()
    kept = [(t, each) for t, each, there in zip(texts, labels, known, strict=True) if t and t.strip() and there]
    if not kept:
        raise EmptyDataError(f"No row has both a text and a {label!r}.", "Check the columns.")
    return Corpus(tuple(t for t, _ in kept), tuple(each for _, each in kept), text, label, lines)


def prepare(corpus: Corpus, settings: Preparation = Preparation()) -> tuple[Corpus, dict[str, int]]:
    """The corpus, made fit for training, and how many texts each step changed or left out."""
    texts, labels = list(corpus.texts), list(corpus.labels)
    counts = {"texts": len(texts), "cleaned": 0, "labels_respelt": 0, "empty": 0, "duplicates": 0, "cut": 0}
    if settings.clean:
        cleaned = [clean(text) for text in texts]
        counts["cleaned"] = sum(new != old for new, old in zip(cleaned, texts, strict=True))
        texts = cleaned
    if settings.standardise:
        spelt = standard_labels(labels)
        counts["labels_respelt"] = sum(spelt[label] != label for label in labels)
        labels = [spelt[label] for label in labels]
    counts["cut"] = sum(len(text) > settings.longest for text in texts)
    texts = [text[: settings.longest] for text in texts]
    kept: list[int] = []
    seen: set[tuple[str, str]] = set()
    for place, (text, label) in enumerate(zip(texts, labels, strict=True)):
        if not text:
            counts["empty"] += 1
        elif settings.deduplicate and (text.casefold(), label) in seen:
            counts["duplicates"] += 1
        else:
            seen.add((text.casefold(), label))
            kept.append(place)
    counts["kept"] = len(kept)
    whole = replace(corpus, texts=tuple(texts), labels=tuple(labels))
    return whole.take(kept), counts


def without_test_texts(training: Corpus, test: Corpus) -> tuple[Corpus, int]:
    """Training texts that are no test text (case and white space aside), and how many were left out."""
    held = {_folded(text) for text in test.texts}
    kept = [place for place, text in enumerate(training.texts) if _folded(text) not in held]
    return training.take(kept), len(training) - len(kept)


def clean(text: str) -> str:
    """Encoding mended, HTML and control characters out, Unicode NFC, runs of white space as one blank."""
    if _GARBLED.search(text):
        with contextlib.suppress(UnicodeEncodeError, UnicodeDecodeError):
            text = text.encode("cp1252").decode("utf-8")
    if "<" in text:
        text = _TAG.sub(" ", text)
    if "&" in text:
        text = html.unescape(text)
    text = _CONTROL.sub("", unicodedata.normalize("NFC", text))
    return " ".join(text.split())


def standard_labels(labels: Sequence[str]) -> dict[str, str]:
    """For each spelling the most frequent spelling that differs from it in case or white space alone."""
    counts = Counter(labels)
    best: dict[str, str] = {}
    for label, _ in sorted(counts.items(), key=lambda each: (-each[1], each[0])):
        best.setdefault(_folded(label), label)
    return {label: best[_folded(label)] for label in counts}


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _label_of(dataset: Dataset, text: str | None) -> str:
    schema = dataset.only.schema
    for role in ("label", "target"):
        found = schema.of_role(role)
        if found:
            return found[0].name
    classes = [c.name for c in schema.of_kind("category", "boolean") if c.name != text]
    if len(classes) == 1:
        return classes[0]
    raise FitError(
        f"Which column holds the label? These could: {', '.join(classes) or 'none'}.",
        "Name it (--label on the command line, label= in Python).",
    )


def counts_of(corpus: Corpus) -> dict[str, Any]:
    """Texts by label."""
    return dict(sorted(Counter(corpus.labels).items()))
