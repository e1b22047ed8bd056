"""`backtranslate`: real texts said otherwise, by a translator there and back, or by a model that rewords.

Labelled texts and questions are paraphrased and keep their label or answer (Sennrich et al. 2016; Xie et al. 2020,
"Unsupervised data augmentation", section 3). Of translation pairs the source side is made anew from the real target
side by sampling, not by beam search (Edunov et al. 2018, "Understanding back-translation at scale"). What comes back
too far from where it started, or word for word, is thrown away (chrF of original and round trip, Popović 2015).

Every text goes back to a real one: this adds variety, and protects nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl

from trasunto.data.dataset import Dataset
from trasunto.data.schema import Schema
from trasunto.errors import FitError, SampleError
from trasunto.language.answers import chrf
from trasunto.language.curation.sieve import USUAL, Sieve, fit_sieve
from trasunto.language.curation.sifting import Curation, Sifting
from trasunto.language.curation.thrown import throw
from trasunto.language.engines.asked import Usage
from trasunto.language.engines.serving import Serving
from trasunto.language.exemplars import Pool, pool_of, told_of
from trasunto.language.layouts import Layout, layout_of
from trasunto.language.leaving import leaving
from trasunto.language.translators import Translator, translator_of
from trasunto.privacy.budget import Budget, Guarantee, refuse
from trasunto.progress import Progress, quiet
from trasunto.synthesizers.checked import at_least
from trasunto.synthesizers.coded import CodedModel
from trasunto.synthesizers.lm_prompt_rounds import Wrote
from trasunto.synthesizers.model import in_parts
from trasunto.synthesizers.sieved import load_sieve, save_sieve
from trasunto.synthesizers.written_columns import drawn_columns, fitted_columns, seed_of
from trasunto.synthesizers.written_models import (
    joined,
    load_pool,
    plain_settings,
    save_pool,
    save_writer,
    stored_writer,
)

ROUNDS = 6
KINDS = ("labelled", "text", "question-answer", "instruction", "translation")
LONGEST = 1_500
# Where a saved model has its real texts.
TEXTS = "texts.json"


@dataclass(frozen=True)
class Backtranslate:
    """Settings.

    translator: who translates: an engine (as in lm-prompt), the folder of a translation model trained here,
    "command:PROGRAM ARGUMENTS" or "python:MODULE:FUNCTION" (docs/prompting.md). back: who translates back, the same
    when empty. model, serving: of an engine. pivot: the language between, as a code; "" rewords in one step (an
    engine). language: that of the texts; of translation pairs that of the source side. temperature: of an engine.

    least, most: chrF (0 to 100) between a text and what came of it; for translation pairs, between the target side and
    what the new source side is translated to, where `back` is named. pool: real texts of each label to choose from.
    copies: throw away what repeats eight words of a real text. agree, encoder: throw away what a classifier of the
    real texts gives another label. allow_leaving: whether real texts may go to another machine, or to a program that
    may send them there. kind: of the texts, when their columns do not say it.
    """

    translator: str = ""
    back: str = ""
    model: str = ""
    serving: Mapping[str, Any] = field(default_factory=dict)
    pivot: str = "es"
    language: str = "en"
    temperature: float = 0.8
    least: float = 20.0
    most: float = 92.0
    pool: int = 2_000
    copies: bool = True
    agree: bool = True
    encoder: str = "minilm-l6"
    allow_leaving: bool = False
    kind: Literal["labelled", "text", "question-answer", "instruction", "translation"] | None = None

    def __post_init__(self) -> None:
        at_least(self, {"temperature": 0, "pool": 1, "least": 0})
        if not self.least < self.most <= 100:
            raise FitError(f"least is {self.least} and most {self.most}; they are chrF, 0 to 100, in order.")
        Serving.of(self.serving)

    def reached(self) -> tuple[Translator, Translator]:
        """Who translates, and who translates back."""
        if not self.translator:
            raise FitError(
                "backtranslate needs a translator.",
                'Name one: translator=http://localhost:8000/v1, a folder, "command:..." or "python:MODULE:FUNCTION".',
            )
        serving = Serving.of({**self.serving, **({"model": self.model} if self.model else {})})
        there = translator_of(self.translator, serving, self.temperature)
        return there, translator_of(self.back, serving, self.temperature) if self.back else there

    def fit(
        self, real: Dataset, *, seed: int, budget: Budget | None = None, progress: Progress = quiet
    ) -> BacktranslateModel:
        """Fit to one table; nothing is translated yet. Raises FitError for what has no text to say otherwise,
        EngineError when real texts would leave this machine and may not, BudgetError for a budget."""
        refuse(budget, "backtranslate")
        if len(real.tables) != 1:
            raise FitError(f"backtranslate takes one table, not {len(real.tables)}.", "Fit each table by itself.")
        table, (there, back) = real.only, self.reached()
        told = [leaving(each, "real texts", self.allow_leaving, "take a model here") for each in (there, back)]
        layout = layout_of(table.schema, kind=self.kind)
        if layout.kind not in KINDS:
            raise FitError(f"backtranslate does not say a {layout.kind} otherwise.", f"It takes: {', '.join(KINDS)}.")
        rows = layout.held(table.rows)
        if not len(rows):
            raise FitError("The table holds no text.", "Give some.")
        attributes = fitted_columns(real, layout.texts, rows, seed=seed)
        progress("learn what is private", 0, 1)
        labels = layout.labels(rows)
        sieve = fit_sieve(
            rows[layout.texts[0]].to_list(),
            labels,
            encoder=self.encoder,
            agree=self.agree and layout.label is not None,
            seed=seed,
            settings=USUAL if self.copies else replace(USUAL, verbatim=False, near_copy=None),
        )
        progress("learn what is private", 1, 1)
        shown = pool_of(layout, rows, most=self.pool, longest=LONGEST, seed=seed)
        facts = {"translator": there.name, "back": back.name, "leaves": " ".join(dict.fromkeys(filter(None, told)))}
        public = replace(table.schema, primary_key=(), foreign_keys=())
        schema = Schema({real.name: public})
        return BacktranslateModel(schema, self, layout, shown, sieve, attributes, facts, len(rows))


@dataclass(frozen=True)
class BacktranslateModel:
    """Real texts and who says them otherwise. pool: they lie in the folder of a saved model, which only its owner may
    read. attributes: draws every column that holds no text; None when there is none."""

    schema: Schema
    settings: Backtranslate
    layout: Layout
    pool: Pool = field(repr=False)
    sieve: Sieve = field(repr=False)
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
        """Draw rows, as `LmPromptModel.sample` does."""
        drawn = drawn_columns(self.attributes, rows, (seed, first), given, where, temperature)
        own = seed_of(seed, first)
        return self._written(rows, drawn, own, quiet)[0]

    def sample_with_curation(
        self, rows: int, *, seed: int, given: Any = None, progress: Progress = quiet
    ) -> tuple[Dataset, Wrote]:
        """The rows, what was thrown away on the way to them, and what it took."""
        return self._written(rows, drawn_columns(self.attributes, rows, (seed, 0), given), seed, progress)

    def batches(self, rows: int, *, seed: int, size: int) -> Iterator[Dataset]:
        yield from in_parts(self, rows, seed, size)

    def save(self, folder: str | Path) -> None:
        """Write model.json, the filters (plain arrays), what draws the other columns, and the real texts."""

        def own(place: Path) -> dict[str, Any]:
            save_pool(self.pool, place / TEXTS)
            return {"layout": self.layout.to_dict(), "sieve": save_sieve(self.sieve, place)}

        save_writer(self, self.settings, "backtranslate", folder, own)

    @staticmethod
    def load(folder: Path) -> BacktranslateModel:
        with stored_writer(folder) as found:
            return BacktranslateModel(
                found.schema, Backtranslate(**found.settings), Layout.from_dict(found.document["layout"]),
                load_pool(folder / TEXTS), load_sieve(found.document["sieve"], folder), found.attributes, found.facts,
                found.fitted_to,
            )  # fmt: skip

    def describe(self) -> dict[str, Any]:
        return {
            "method": "Real texts are said otherwise by a translator there and back; labels and answers stay.",
            "source": "Sennrich et al. 2016; Edunov et al. 2018",
            "settings": plain_settings(self.settings),
            "kind": self.layout.kind,
            "labels": list(self.sieve.labels),
            "fitted_to": self.fitted_to,
            "texts_kept": len(self.pool.exemplars),
            **self.facts,
        }

    def _written(self, rows: int, drawn: pl.DataFrame | None, seed: int, progress: Progress) -> tuple[Dataset, Wrote]:
        labels = self.layout.labels(drawn) if drawn is not None else [""] * rows
        wanted = told_of(self.layout, drawn) if drawn is not None else [{} for _ in range(rows)]
        texts, wrote = self._texts(labels, wanted, seed, progress)
        return joined(self.schema, drawn, self.layout.frame(texts)), wrote

    def _texts(
        self, labels: Sequence[str], wanted: Sequence[Mapping[str, str]], seed: int, progress: Progress
    ) -> tuple[list[dict[str, str]], Wrote]:
        """A text for each row, in rounds: a real one is chosen, said otherwise, sifted."""
        there, back = self.settings.reached()
        sifting, usage = Sifting(self.sieve), Usage()
        found: list[dict[str, str] | None] = [None] * len(labels)
        lost: Counter[str] = Counter()
        for number in range(ROUNDS):
            waiting = [place for place, each in enumerate(found) if each is None]
            if not waiting:
                break
            rng = np.random.default_rng([seed, number])
            chosen = [dict(self.pool.draw(1, labels[p], wanted[p], rng)[0].columns) for p in waiting]
            said, spent = self._said(chosen, (there, back), seed + number, lost, progress)
            usage += spent
            usable = [place for place, text in enumerate(said) if text]
            sifted = sifting.sift([said[p] for p in usable], [labels[waiting[p]] for p in usable])
            throw(sifting)
            for place in (usable[each] for each in sifted):
                found[waiting[place]] = {**chosen[place], self.layout.texts[0]: said[place]}
        short = sum(each is None for each in found)
        counts = {reason: times for reason, times in sorted((sifting.rejected + lost).items()) if times}
        if short:
            raise SampleError(
                f"{short} of {len(labels)} texts could not be said otherwise in {ROUNDS} rounds; "
                f"thrown away: {counts}.",
                "Ask for fewer rows, take a better translator, or widen least and most; set copies to false.",
            )
        curation = Curation(sifting.written + sum(lost.values()), len(labels), counts)
        return [each for each in found if each is not None], Wrote(curation, usage)

    def _said(
        self,
        chosen: Sequence[Mapping[str, str]],
        translators: tuple[Translator, Translator],
        seed: int,
        lost: Counter[str],
        progress: Progress,
    ) -> tuple[list[str], Usage]:
        """Each text said otherwise; "" for one that is lost on the way, or strays too far, or hardly moves."""
        settings, (there, back) = self.settings, translators
        if self.layout.kind == "translation":
            targets = [each[self.layout.texts[-1]] for each in chosen]
            said, usage = there.translate(targets, settings.language, seed=seed, progress=progress)
            if not settings.back:
                lost["lost"] += sum(not text for text in said)
                return said, usage
            again, spent = _there(back, said, settings.pivot, seed, progress)
            return _near(said, targets, again, (settings.least, 100.0), lost), usage + spent
        texts = [each[self.layout.texts[0]] for each in chosen]
        if not settings.pivot:
            said, usage = there.translate(texts, "", seed=seed, progress=progress)
        else:
            between, usage = there.translate(texts, settings.pivot, seed=seed, progress=progress)
            said, spent = _there(back, between, settings.language, seed, progress)
            usage += spent
        return _near(said, texts, said, (settings.least, settings.most), lost), usage


def _there(
    translator: Translator, texts: Sequence[str], to: str, seed: int, progress: Progress
) -> tuple[list[str], Usage]:
    """Translated texts; what is empty stays so, and nobody is asked."""
    places = [place for place, text in enumerate(texts) if text]
    found = [""] * len(texts)
    said, usage = translator.translate([texts[place] for place in places], to, seed=seed, progress=progress)
    for place, text in zip(places, said, strict=True):
        found[place] = text
    return found, usage


def _near(
    said: Sequence[str], originals: Sequence[str], again: Sequence[str], limits: tuple[float, float], lost: Counter[str]
) -> list[str]:
    """The texts whose round trip ends neither too far from the original nor on it."""
    kept = [""] * len(said)
    places = [place for place, text in enumerate(again) if text and said[place]]
    lost["lost"] += len(said) - len(places)
    if not places:
        return kept
    scores = chrf([again[place] for place in places], [(originals[place],) for place in places]).by_row()
    for place, score in zip(places, scores, strict=True):
        if score < limits[0]:
            lost["strayed"] += 1
        elif score > limits[1]:
            lost["unchanged"] += 1
        else:
            kept[place] = said[place]
    return kept
