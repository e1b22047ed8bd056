"""`markov`: word n-grams with back-off write new texts for each label; the baseline that language models must beat.

The label, and any other column, is drawn first by `tree`. The text is drawn piece by piece from interpolated
Kneser-Ney n-grams (Chen and Goodman 1998) of the texts with that label, mixed with those of all texts. No run of eight
words of a training text is written, unless ten or more texts hold it, nor a word of a single text: its shape is
spelt anew. Texts whose words speak for another label are thrown away.

Under a budget the counts of words and pairs of words are noisy (synthesizers/markov_private.py), and nothing else
looks at the texts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from trasunto.data.dataset import Dataset
from trasunto.data.schema import Schema
from trasunto.errors import FitError, SampleError
from trasunto.language.curation.sifting import Curation
from trasunto.language.layouts import Layout, texts_of
from trasunto.language.ngram import Ngrams, count, from_arrays, to_arrays
from trasunto.language.ngram_copies import NOTHING, Copies, fit_copies
from trasunto.language.ngram_draw import draw, ready
from trasunto.language.ngram_labels import Labeller, fit_labeller
from trasunto.language.ngram_words import Words, fit_words
from trasunto.privacy.budget import Budget, Guarantee
from trasunto.privacy.domain import public_schema
from trasunto.progress import Progress, quiet
from trasunto.synthesizers.checked import at_least, shares
from trasunto.synthesizers.coded import CodedModel
from trasunto.synthesizers.markov_private import counted_privately
from trasunto.synthesizers.markov_texts import Gathered, numbers_of, roots_of
from trasunto.synthesizers.model import in_parts
from trasunto.synthesizers.written_columns import drawn_columns, fitted_columns, seed_of
from trasunto.synthesizers.written_models import joined, plain_settings, promised, save_writer, stored_writer

ROUNDS = 8
# Texts that are drawn side by side.
BESIDE = 8_192
LEAST_TEXTS = 8


@dataclass(frozen=True)
class Markov:
    """Settings.

    order: longest n-gram. pooled: how often a piece is drawn from all texts and not from those of the label. least: a
    word that stands in fewer texts is never written; 1 writes them all. agree: throw away texts whose words speak for
    another label. longest: pieces (words and marks) of a text; None is a little more than the longest real one has.
    kind: of text, see language/layouts.py; None by the columns. conditions: columns of categories that a text is
    written to beside the label.

    Under a budget: contributed: words, and pairs of words, that a text is counted with at most. attributed: the share
    of the budget that the other columns get.
    """

    order: int = 3
    pooled: float = 0.0
    least: int = 2
    agree: bool = True
    longest: int | None = None
    kind: str | None = None
    conditions: tuple[str, ...] = ()
    contributed: int = 30
    attributed: float = 0.05

    def __post_init__(self) -> None:
        at_least(self, {"order": 1, "least": 1, "contributed": 1})
        shares(self, ("pooled", "attributed"))
        if not 0 < self.attributed < 1:
            raise FitError(f"attributed is {self.attributed}; it must be above 0 and below 1.")
        if self.longest is not None:
            at_least(self, {"longest": 1})

    def fit(self, real: Dataset, *, seed: int, budget: Budget | None = None, progress: Progress = quiet) -> MarkovModel:
        """Fit to one table with free text. Raises FitError without, or with fewer than 8 texts.

        budget: count words under noise; BudgetError for what was neither declared nor paid for.
        """
        layout = _layout(self, real)
        if budget is not None:
            layout = replace(layout, columns=public_schema(layout.columns))
            told = counted_privately(self, real, layout, budget, seed)
            about = {"words": len(told.model.words), "longest": told.longest}
            return MarkovModel(
                Schema({real.name: told.schema}), self, layout, told.roots, told.model, NOTHING, None,
                told.attributes, about, told.rows, told.guarantee,
            )  # fmt: skip
        rows = layout.held(real.rows)
        if len(rows) < LEAST_TEXTS:
            raise FitError(
                f"{' and '.join(layout.texts)}: {len(rows)} texts; {LEAST_TEXTS} are the least to learn from.",
                "Give more.",
            )
        progress("count words", 0, 2)
        texts = layout.written(rows)
        words = fit_words(texts, min(self.least, len(texts)))
        coded, lengths = words.coded(texts)
        roots = roots_of(layout, rows)
        under = numbers_of(layout, roots, rows)
        model = count(words, coded, lengths, under, self.order)
        copies = fit_copies(words, coded, lengths, seed)
        progress("count words", 1, 2)
        labels = layout.labels(rows)
        labeller = fit_labeller(texts, labels) if self.agree and layout.label is not None else None
        attributes = fitted_columns(real, layout.texts, rows, seed=seed)
        progress("count words", 2, 2)
        longest = self.longest or int(lengths.max() * 1.2) + 2
        facts: dict[str, Any] = {
            "words": len(words),
            "longest": longest,
            "pairs": [len(level.pairs) for level in model.levels],
        }
        public = replace(real.only.schema, primary_key=(), foreign_keys=())
        return MarkovModel(
            Schema({real.name: public}), self, layout, roots, model, copies, labeller, attributes, facts, len(rows)
        )


@dataclass(frozen=True)
class MarkovModel:
    """Fitted n-grams. roots: (column, value) of each root but the last, which is that of all texts. copies: what must
    not be written. labeller: what tells labels by words; None when it is not asked. attributes: draws every column but
    the texts; None when there is none. guarantee: of differential privacy, when it was fitted under a budget."""

    schema: Schema
    settings: Markov
    layout: Layout
    roots: tuple[tuple[str, str], ...]
    ngrams: Ngrams
    copies: Copies
    labeller: Labeller | None
    attributes: CodedModel | None
    facts: dict[str, Any]
    fitted_to: int
    guarantee: Guarantee | None = None

    def sample(
        self,
        rows: int,
        *,
        seed: int,
        given: Any = None,
        where: str | None = None,
        temperature: float = 1.0,
        first: int = 0,
    ) -> Dataset:
        """Draw rows. given: a table with a row for each, holding some of the columns but the texts. where: a condition
        on those columns. temperature: of the other columns, and of each word after those before it.

        Raises SampleError for a negative count, a temperature of 0 or less, or when too few texts can be written
        without copying.
        """
        if not temperature > 0:
            raise SampleError(f"The temperature is {temperature}; it must be above 0.", "1 is as learnt.")
        drawn = drawn_columns(self.attributes, rows, (seed, first), given, where, temperature)
        own = seed_of(seed, first)
        return self._written(rows, drawn, own, temperature, quiet)[0]

    def sample_with_curation(
        self, rows: int, *, seed: int, given: Any = None, progress: Progress = quiet
    ) -> tuple[Dataset, Curation]:
        """The rows, and what was thrown away on the way to them."""
        return self._written(rows, drawn_columns(self.attributes, rows, (seed, 0), given), seed, 1.0, progress)

    def batches(self, rows: int, *, seed: int, size: int) -> Iterator[Dataset]:
        yield from in_parts(self, rows, seed, size)

    def save(self, folder: str | Path) -> None:
        """Write model.json, words.json, plain arrays. Without a budget they tell of the real texts."""

        def own(place: Path) -> dict[str, Any]:
            arrays = to_arrays(self.ngrams) | {
                "factors": self.copies.factors, "runs": self.copies.runs, "whole": self.copies.whole,
            }  # fmt: skip
            if self.labeller is not None:
                arrays |= self.labeller.to_arrays()
            words = json.dumps(list(self.ngrams.words.pieces), ensure_ascii=False)
            (place / "words.json").write_text(words, encoding="utf-8")
            np.savez_compressed(place / "arrays.npz", allow_pickle=False, **arrays)
            return {
                "layout": self.layout.to_dict(),
                "roots": [list(each) for each in self.roots],
                "labels": list(self.labeller.labels) if self.labeller is not None else None,
            }

        save_writer(self, self.settings, "markov", folder, own)

    @staticmethod
    def load(folder: Path) -> MarkovModel:
        with stored_writer(folder) as found, np.load(folder / "arrays.npz", allow_pickle=False) as kept:
            arrays = {name: kept[name] for name in kept.files}
            words = Words(tuple(json.loads((folder / "words.json").read_text(encoding="utf-8"))))
            roots = tuple((column, value) for column, value in found.document["roots"])
            order = sum(name.startswith("pairs") for name in arrays)
            labels = found.document["labels"]
            labeller = (
                Labeller(tuple(labels), arrays["rarity"], arrays["weight"], arrays["bias"])
                if labels is not None
                else None
            )
            return MarkovModel(
                found.schema, Markov(**found.settings), Layout.from_dict(found.document["layout"]), roots,
                from_arrays(words, arrays, order, len(roots) + 1),
                Copies(arrays["factors"], arrays["runs"], arrays["whole"]),
                labeller, found.attributes, found.facts, found.fitted_to, found.guarantee,
            )  # fmt: skip

    def describe(self) -> dict[str, Any]:
        return {
            "method": "Word n-grams with interpolated Kneser-Ney back-off, of the texts of a label and of all texts.",
            "source": "Chen and Goodman 1998",
            "settings": plain_settings(self.settings),
            "kind": self.layout.kind,
            "fitted_to": self.fitted_to,
            "labels": [value for column, value in self.roots if column == self.layout.label],
            **self.facts,
            **promised(self.guarantee),
        }

    def _written(
        self, rows: int, drawn: pl.DataFrame | None, seed: int, temperature: float, progress: Progress
    ) -> tuple[Dataset, Curation]:
        others = drawn if drawn is not None else pl.DataFrame()
        texts, curation = self._texts(rows, others, seed, temperature, progress)
        return joined(self.schema, drawn, self.layout.frame(texts)), curation

    def _texts(
        self, rows: int, others: pl.DataFrame, seed: int, temperature: float, progress: Progress
    ) -> tuple[list[dict[str, str]], Curation]:
        """The texts of each row, in rounds: write, sift, write again what is missing."""
        under = numbers_of(self.layout, self.roots, others, rows)
        labels = self.layout.labels(others) if others.width else [""] * rows
        gathered = Gathered(self.layout, self.labeller, labels)
        levels = ready(self.ngrams, temperature)
        for number in range(ROUNDS):
            waiting = gathered.waiting(number)
            if not len(waiting):
                break
            progress("write texts", rows - gathered.missing, rows)
            for part, start in enumerate(range(0, len(waiting), BESIDE)):
                places = waiting[start : start + BESIDE]
                rng = np.random.default_rng([seed, number, part])
                found, given_up = draw(
                    self.ngrams, levels, under[places], self._mix(under.shape[1]), self.copies,
                    longest=self.facts["longest"], rng=rng,
                )  # fmt: skip
                gathered.take(places, [self.ngrams.words.text(each, rng) for each in found], given_up)
        progress("write texts", rows, rows)
        return gathered.texts(), gathered.curation()

    def _mix(self, kinds: int) -> np.ndarray:
        """(kinds,) how often each root of a text is drawn from."""
        if kinds == 1:
            return np.ones(1)
        return np.append(np.full(kinds - 1, (1 - self.settings.pooled) / (kinds - 1)), self.settings.pooled)


def _layout(settings: Markov, real: Dataset) -> Layout:
    if len(real.tables) != 1:
        raise FitError(f"markov takes one table, not {len(real.tables)}.", "Fit each table by itself.")
    layout = texts_of(real.only.schema, "markov", kind=settings.kind, conditions=settings.conditions)
    if layout.kind == "rows":
        raise FitError("markov does not write whole rows.", "Pick lm-finetune for that, or a method for tables (auto).")
    for name in layout.conditions:
        kind = real.only.schema[name].kind
        if kind not in ("category", "boolean") and name != layout.label:
            raise FitError(f"Column {name!r} is of kind {kind}; a text is written to categories.", "Leave it out.")
    return layout
