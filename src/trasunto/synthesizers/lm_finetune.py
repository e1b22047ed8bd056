"""`lm-finetune`: a small language model, fine-tuned to private texts, writes new ones for each label.

What is written, and to what, is a layout (language/layouts.py): labelled and plain text, dialogues, question-answer and
translation pairs, instructions, several texts of a row, whole rows as text. The label and every other column that is
not written are drawn first by `tree`; the text is then written to the label and to chosen ones of them. What cannot be
read back into columns is thrown away, and so is what repeats a private text, and what a classifier of the real texts
gives another label. All is counted.

Under a budget the adapter is trained by DP-SGD with labels as control codes (Yue et al. 2023, "Synthetic text
generation with differential privacy"), a share of the budget pays the other columns, and there is no filter: both
look into the private texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from trasunto.data.dataset import Dataset
from trasunto.data.schema import Schema
from trasunto.errors import FitError, SampleError
from trasunto.language.curation.sieve import USUAL, Sieve, as_repeated, fit_sieve
from trasunto.language.curation.sifting import Curation
from trasunto.language.finetune import Adaptation, Adapter, Prompted, finetune, merged
from trasunto.language.generate import Sampling, Writer
from trasunto.language.layouts import Layout, closed, texts_of
from trasunto.language.offline import find
from trasunto.language.pieces import Pieces
from trasunto.networks.loop import Loop
from trasunto.privacy.budget import Budget, Guarantee
from trasunto.progress import Progress, quiet
from trasunto.synthesizers.coded import CodedModel
from trasunto.synthesizers.condition import conform
from trasunto.synthesizers.lm_private import taught_privately
from trasunto.synthesizers.lm_texts import Writing
from trasunto.synthesizers.measured import Descended
from trasunto.synthesizers.model import in_parts
from trasunto.synthesizers.sieved import load_sieve, nothing, save_sieve
from trasunto.synthesizers.written_columns import drawn_columns, fitted_columns, seed_of
from trasunto.synthesizers.written_models import joined, plain_settings, promised, save_writer, stored_writer

# Seconds that fine-tuning takes at most when nothing is said.
USUAL_SECONDS = 150.0
# Learning rates when nothing is said.
RATES = {"lora": 1e-3, "full": 1e-4}
# Rows may well be alike, but not be a real one that stands alone.
ROWS = replace(USUAL, duplicates=False, near=None, near_copy=None)
# Beyond this share of texts that were cut in training, what does not end is kept to its last sentence.
CUT = 0.02
LEAST = 8


@dataclass(frozen=True)
class LmFinetune:
    """Settings.

    base: a generator's name (see `trasunto doctor`) or a folder. kind: of what is written (language/layouts.py); None
    tells it by the columns, but for rows. conditions: columns that a text is written to beside its label; None takes up
    to eight categories, booleans and numbers.

    method: "lora", or "full" for all weights. learning_rate: 0.001, and 0.0001 for "full", when None. epochs, batch,
    rank, max_seconds: of fine-tuning; no seconds are 150, and no limit under a budget. window: tokens that are learnt
    and written at a time; None is `longest`, or what 98 of 100 texts keep to, from 96 to 512. Longer texts are learnt
    in pieces that overlap, and written window by window, as long as real ones are (language/pieces.py). longest: tokens
    after which a text is cut; None cuts none, under a budget at 96. Where more than 2 of 100 texts are cut or long,
    written ones that do not end are kept to their last sentence. temperatures: half of the texts are written at each; a
    low one keeps to the label, a high one varies. top_p: of sampling. agree: throw away texts that a classifier of the
    real texts gives another label. encoder: the model under that classifier.

    Under a budget: rate, steps, clip: the chance of each text to be in a step, how many steps, and the largest norm of
    a text's gradient. attributed: the share of the budget that the other columns get. private_rate, private_rank: the
    learning rate and the rank of the adapter. A fit takes about 0.2 seconds of a core times rate, steps and rows;
    from a thousand texts it learns nothing of use (docs/privacy.md).
    """

    base: str = "smollm2-135m"
    kind: str | None = None
    conditions: tuple[str, ...] | None = None
    method: str = "lora"
    epochs: int = 2
    learning_rate: float | None = None
    batch: int = 16
    rank: int = 16
    max_seconds: float | None = None
    longest: int | None = None
    window: int | None = None
    temperatures: tuple[float, ...] = (1.0, 0.7)
    top_p: float = 0.97
    agree: bool = True
    encoder: str = "minilm-l6"
    rate: float = 0.1
    steps: int = 6
    clip: float = 1.0
    attributed: float = 0.1
    private_rate: float = 1e-2
    private_rank: int = 1

    def __post_init__(self) -> None:
        Descended(self.rate, self.steps, self.clip, self.private_rate).check(self.attributed)
        Adaptation(method=self.method, longest=self.longest)
        if self.window is not None and self.window < 1:
            raise FitError(f"window is {self.window}; it has a token or more.", "Leave it out, or try 512.")
        if not self.temperatures or min(self.temperatures) <= 0:
            raise FitError(f"temperatures are {self.temperatures}; each must be above 0.", "Try (1.0, 0.7).")

    def fit(
        self, real: Dataset, *, seed: int, budget: Budget | None = None, progress: Progress = quiet
    ) -> LmFinetuneModel:
        """Fit to one table. Raises FitError when its columns do not make up the kind, or hold fewer than 8 texts.
        budget: train the adapter by DP-SGD; BudgetError for what was neither declared nor paid for."""
        if len(real.tables) != 1:
            raise FitError(f"lm-finetune takes one table, not {len(real.tables)}.", "Fit each table by itself.")
        if budget is not None:
            taught = taught_privately(self, real, budget, seed, progress)
            return LmFinetuneModel(
                Schema({real.name: taught.schema}), self, taught.layout, taught.adapter, nothing(taught.labels),
                taught.attributes, taught.facts, taught.rows, taught.guarantee,
            )  # fmt: skip
        table = real.only
        layout = texts_of(table.schema, "lm-finetune", kind=self.kind, conditions=self.conditions)
        rows = layout.held(table.rows)
        if len(rows) < LEAST:
            told = ", ".join(map(repr, layout.texts))
            raise FitError(f"{told} holds {len(rows)} texts; {LEAST} are the least to learn from.", "Give more.")
        layout = closed(layout, rows)
        examples = layout.prompted(rows)
        base = find(self.base)
        attributes = fitted_columns(real, layout.texts, rows, seed=seed)
        loop = Loop(
            epochs=self.epochs,
            batch=self.batch,
            learning_rate=self.learning_rate or RATES[self.method],
            max_seconds=self.max_seconds or USUAL_SECONDS,
        )
        chosen = Adaptation(self.rank, 2 * self.rank, self.longest, loop, self.method, self.window)
        adapter, facts = finetune(examples, base=base, settings=chosen, seed=seed, progress=progress)
        progress("learn what is private", 0, 1)
        agree = self.agree and layout.label is not None and layout.kind != "rows"
        texts = [each.text.strip() for each in examples]
        settings = ROWS if layout.kind == "rows" else as_repeated(USUAL, texts)
        sieve = fit_sieve(texts, layout.labels(rows), encoder=self.encoder, agree=agree, seed=seed, settings=settings)
        progress("learn what is private", 1, 1)
        public = Schema({real.name: replace(table.schema, primary_key=(), foreign_keys=())})
        used = replace(self, longest=facts["longest"], window=facts.get("window", facts["longest"]))
        return LmFinetuneModel(public, used, layout, adapter, sieve, attributes, facts, len(rows))


@dataclass(frozen=True)
class LmFinetuneModel:
    """A fine-tuned writer. attributes: draws every column that is not written; None when there is none. guarantee: of
    differential privacy, when it was fitted under a budget."""

    schema: Schema
    settings: LmFinetune
    layout: Layout
    adapter: Adapter
    sieve: Sieve
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
        progress: Progress = quiet,
    ) -> Dataset:
        """Draw rows. given: a table with a row for each, holding some of the columns that are not written, or the first
        of several texts, which are gone on with. where: a condition on columns that are not written. temperature: of
        those columns; that of the writing is a setting.

        Raises SampleError for a negative count, or when the filters leave too few texts of a label. After Ctrl-C there
        are as many rows as have their texts (synthesizers/lm_texts.py).
        """
        own = seed_of(seed, first)
        said, given = self._said(rows, given)
        drawn = drawn_columns(self.attributes, rows, (seed, first), given, where, temperature)
        return self._written(rows, drawn, said, own, progress)[0]

    def sample_with_curation(
        self, rows: int, *, seed: int, given: Any = None, progress: Progress = quiet
    ) -> tuple[Dataset, Curation]:
        """The rows, and what was thrown away on the way to them."""
        said, given = self._said(rows, given)
        return self._written(rows, drawn_columns(self.attributes, rows, (seed, 0), given), said, seed, progress)

    def _said(self, rows: int, given: Any) -> tuple[pl.DataFrame | None, Any]:
        """The texts among the given columns, and the others; None for none."""
        if given is None:
            return None, None
        frame = conform(given, self.schema.only).rows
        texts = [name for name in frame.columns if name in self.layout.texts]
        others = frame.drop(texts) if len(texts) < len(frame.columns) else None
        if not texts:
            return None, given
        if len(frame) != rows or any(frame[name].null_count() for name in texts):
            raise SampleError(
                f"{len(frame)} rows with texts are given for {rows} rows, or a text is missing among them.",
                "Give a text for every row.",
            )
        return frame.select(texts), others

    def _written(
        self, rows: int, drawn: pl.DataFrame | None, said: pl.DataFrame | None, seed: int, progress: Progress
    ) -> tuple[Dataset, Curation]:
        writing, begun = self._writing(said.columns if said is not None else ()), []
        if said is not None:
            try:
                begun = self.layout.begun(said, said.columns)
            except FitError as error:
                raise SampleError(error.problem, error.next_move) from error
        found: list[dict[str, str] | None] = []
        curation = Curation(0, 0, {})
        if rows:
            groups = writing.groups(drawn, rows, begun)
            found, curation = writing.write(self._writer, groups, rows, seed=seed, progress=progress)
        done = pl.Series([each is not None for each in found], dtype=pl.Boolean)
        frame = self.layout.frame([each for each in found if each is not None])
        if said is not None:
            frame = frame.with_columns(said.filter(done).get_columns())
        return joined(self.schema, None if drawn is None else drawn.filter(done), frame), curation

    def _writer(self) -> Writer:
        return Writer(*merged(find(self.settings.base), self.adapter))

    def _writing(self, given: Sequence[str]) -> Writing:
        """How texts are written. given: those that are there: two may well be answered with the same words, and the
        classifier knows whole texts alone."""
        chosen = self.settings
        # Few noisy steps hardly teach where a text ends, and texts that were cut not at all.
        long = self.facts.get("pieces")
        few = self.guarantee is None and self.facts["cut"] + sum((long or {}).values()) <= CUT * self.fitted_to
        samplings = tuple(
            Sampling(temperature, chosen.top_p, chosen.longest or Adaptation().longest or 1, not few)
            for temperature in chosen.temperatures
        )
        sieve, layout = self.sieve, self.layout
        if given:
            layout = replace(layout, lines=tuple(name for name in layout.lines if name not in given))
            sieve = replace(sieve, head=None, settings=replace(sieve.settings, duplicates=False, near=None))
        pieces = Pieces(self.facts["window"], long) if long else None
        return Writing(layout, sieve, samplings, self.facts, pieces)

    def batches(self, rows: int, *, seed: int, size: int) -> Iterator[Dataset]:
        for number, part in enumerate(in_parts(self, rows, seed, size)):
            yield part
            if len(part) < min(size, rows - number * size):
                # Ctrl-C ended the writing.
                return

    def examples(self, dataset: Dataset) -> list[Prompted]:
        """The texts of a dataset as this model was shown those it learned; rows without one are left out."""
        return self.layout.prompted(self.layout.held(dataset.rows))

    def save(self, folder: str | Path) -> None:
        """Write model.json, the adapter (safetensors), the filters (plain arrays); the base is named, not copied."""

        def own(place: Path) -> dict[str, Any]:
            self.adapter.save(place)
            return {"layout": self.layout.to_dict(), "sieve": save_sieve(self.sieve, place)}

        save_writer(self, self.settings, "lm-finetune", folder, own)

    @staticmethod
    def load(folder: Path) -> LmFinetuneModel:
        with stored_writer(folder) as found:
            return LmFinetuneModel(
                found.schema, LmFinetune(**found.settings), Layout.from_dict(found.document["layout"]),
                Adapter.load(folder), load_sieve(found.document["sieve"], folder), found.attributes, found.facts,
                found.fitted_to, found.guarantee,
            )  # fmt: skip

    def describe(self) -> dict[str, Any]:
        return {
            "method": "A small language model, adapted to the real texts, writes to a label and columns drawn first.",
            "source": "Hu et al. 2021; Yue et al. 2023",
            "base": self.settings.base,
            "settings": plain_settings(self.settings),
            "fitted_to": self.fitted_to,
            "kind": self.layout.kind,
            "written": list(self.layout.texts),
            "written_to": list(self.layout.conditions),
            "labels": list(self.sieve.labels),
            **self.facts,
            **promised(self.guarantee),
        }
