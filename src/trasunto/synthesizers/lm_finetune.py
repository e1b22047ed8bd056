"""`lm-finetune`: a small language model, fine-tuned to private texts, writes new ones for each label.

The label (and any other column) is drawn first by `tree`; the text is then written to the label. What repeats a
private text is thrown away, and so is what a classifier of the real texts gives another label. Both filters are
counted.

Under a budget the adapter is trained by DP-SGD with labels as control codes (Yue et al. 2023, "Synthetic text
generation with differential privacy"), a share of the budget pays the other columns, and there is no filter: both
look into the private texts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Schema, TableSchema
from trasunto.errors import FitError, ModelError, SampleError
from trasunto.language.curation.sieve import Sieve, fit_sieve
from trasunto.language.curation.sifting import Curation, Sifting
from trasunto.language.finetune import Adaptation, Adapter, Prompted, finetune, merged
from trasunto.language.generate import Sampling, Writer
from trasunto.language.head import Head
from trasunto.language.offline import find
from trasunto.networks.loop import Loop
from trasunto.privacy.budget import Budget, Guarantee
from trasunto.progress import Progress, quiet
from trasunto.synthesizers.coded import CodedModel
from trasunto.synthesizers.condition import conform
from trasunto.synthesizers.lm_private import taught_privately
from trasunto.synthesizers.lm_texts import columns_of, labels_of, prompt_of
from trasunto.synthesizers.measured import Descended
from trasunto.synthesizers.model import in_parts, load_model, read_document
from trasunto.synthesizers.tree import Tree
from trasunto.writing import aside

ROUNDS = 6
# Seconds that fine-tuning takes at most when nothing is said.
USUAL = 150.0


@dataclass(frozen=True)
class LmFinetune:
    """Settings.

    base: a generator's name (see `trasunto doctor`) or a folder. epochs, learning_rate, batch, rank, max_seconds: of
    fine-tuning; no seconds are 150, and no limit under a budget. longest: tokens after which a text is cut.
    temperatures: half of the texts are written at each; a low one keeps to the label, a high one varies. top_p: of
    sampling. agree: throw away texts that a classifier of the real texts gives another label. encoder: the model under
    that classifier.

    Under a budget: rate, steps, clip: the chance of each text to be in a step, how many steps, and the largest norm of
    a text's gradient. attributed: the share of the budget that the other columns get. private_rate, private_rank: the
    learning rate and the rank of the adapter. A fit takes about 0.2 seconds of a core times rate, steps and rows;
    from a thousand texts it learns nothing of use (docs/privacy.md).
    """

    base: str = "smollm2-135m"
    epochs: int = 2
    learning_rate: float = 1e-3
    batch: int = 16
    rank: int = 16
    max_seconds: float | None = None
    longest: int = 96
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
        if not self.temperatures or min(self.temperatures) <= 0:
            raise FitError(f"temperatures are {self.temperatures}; each must be above 0.", "Try (1.0, 0.7).")

    def fit(
        self, real: Dataset, *, seed: int, budget: Budget | None = None, progress: Progress = quiet
    ) -> LmFinetuneModel:
        """Fit to one table with one column of free text. Raises FitError otherwise, or without any text. budget: train
        the adapter by DP-SGD; BudgetError for what was neither declared nor paid for."""
        if budget is not None:
            taught = taught_privately(self, real, budget, seed, progress)
            nothing = np.empty(0, dtype=np.uint64)
            return LmFinetuneModel(
                Schema({real.name: taught.schema}), self, taught.text, taught.label, taught.adapter,
                Sieve("", nothing, nothing, nothing, taught.labels),
                taught.attributes, taught.facts, taught.rows, taught.guarantee,
            )  # fmt: skip
        text, label = columns_of(real)
        rows = real.rows.filter(pl.col(text).is_not_null() & (pl.col(text).str.strip_chars() != ""))
        if len(rows) < 8:
            raise FitError(f"Column {text!r} holds {len(rows)} texts; 8 are the least to learn from.", "Give more.")
        base = find(self.base)
        table = real.only
        kept = TableSchema(tuple(column for column in table.schema.columns if column.name != text))
        attributes = None
        if kept.columns:
            others = Dataset.of(Table(kept, rows.drop(text)), real.name)
            attributes = Tree().fit(others, seed=seed)
        texts = rows[text].to_list()
        labels = labels_of(rows, label)
        loop = Loop(
            epochs=self.epochs,
            batch=self.batch,
            learning_rate=self.learning_rate,
            max_seconds=self.max_seconds or USUAL,
        )
        adapter, facts = finetune(
            [Prompted(prompt_of(name), f" {each}") for each, name in zip(texts, labels, strict=True)],
            base=base,
            settings=Adaptation(rank=self.rank, alpha=2 * self.rank, longest=self.longest, loop=loop),
            seed=seed,
            progress=progress,
        )
        progress("learn what is private", 0, 1)
        sieve = fit_sieve(texts, labels, encoder=self.encoder, agree=self.agree and label is not None, seed=seed)
        progress("learn what is private", 1, 1)
        public = replace(table.schema, primary_key=(), foreign_keys=())
        return LmFinetuneModel(
            Schema({real.name: public}), self, text, label, adapter, sieve, attributes, facts, len(rows)
        )


@dataclass(frozen=True)
class LmFinetuneModel:
    """A fine-tuned writer. attributes: draws every column but the text; None when there is none. guarantee: of
    differential privacy, when it was fitted under a budget."""

    schema: Schema
    settings: LmFinetune
    text: str
    label: str | None
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
    ) -> Dataset:
        """Draw rows. given: a table with a row for each, holding some of the columns but the text. where: a condition
        on those columns. temperature: of the other columns; that of the writing is a setting.

        Raises SampleError for a negative count, or when the filters leave too few texts of a label.
        """
        drawn = self._attributes(rows, seed, given, where, temperature, first)
        # The first part of the rows is what is drawn in one go; later ones go on with seeds of their own.
        own = int(np.random.SeedSequence([seed, first]).generate_state(1)[0]) if first else seed
        return self._written(rows, drawn, own, quiet)[0]

    def sample_with_curation(
        self, rows: int, *, seed: int, given: Any = None, progress: Progress = quiet
    ) -> tuple[Dataset, Curation]:
        """The rows, and what was thrown away on the way to them."""
        return self._written(rows, self._attributes(rows, seed, given), seed, progress)

    def _written(
        self, rows: int, drawn: pl.DataFrame | None, seed: int, progress: Progress
    ) -> tuple[Dataset, Curation]:
        labels = labels_of(drawn, self.label) if drawn is not None else [""] * rows
        texts, curation = self._texts(labels, seed, progress) if rows else ([], Curation(0, 0, {}))
        column = pl.Series(self.text, texts, dtype=pl.String)
        whole = (drawn if drawn is not None else pl.DataFrame()).with_columns(column)
        schema = self.schema.only
        table = Table(schema, whole.select(schema.names))
        return Dataset(self.schema, {next(iter(self.schema.tables)): table}), curation

    def batches(self, rows: int, *, seed: int, size: int) -> Iterator[Dataset]:
        yield from in_parts(self, rows, seed, size)

    def examples(self, dataset: Dataset) -> list[Prompted]:
        """The texts of a dataset as this model was shown those it learned; rows without one are left out."""
        rows = dataset.rows.filter(pl.col(self.text).is_not_null() & (pl.col(self.text).str.strip_chars() != ""))
        texts, labels = rows[self.text].to_list(), labels_of(rows, self.label)
        return [Prompted(prompt_of(label), f" {text}") for text, label in zip(texts, labels, strict=True)]

    def save(self, folder: str | Path) -> None:
        """Write model.json, the adapter (safetensors), the filters (plain arrays); the base is named, not copied."""
        document = {
            "synthesizer": "lm-finetune",
            "version": 1,
            "schema": self.schema.to_dict(),
            "settings": {**asdict(self.settings), "temperatures": list(self.settings.temperatures)},
            "text": self.text,
            "label": self.label,
            "sieve": {"salt": self.sieve.salt, "labels": list(self.sieve.labels), "encoder": self.sieve.encoder},
            "facts": self.facts,
            "fitted_to": self.fitted_to,
            "guarantee": self.guarantee.to_dict() if self.guarantee is not None else None,
        }
        head = self.sieve.head
        arrays = {"runs": self.sieve.runs, "near": self.sieve.near, "whole": self.sieve.whole}
        if head is not None:
            arrays |= {"weight": head.weight, "bias": head.bias}
        with aside(folder, folder=True) as place:
            (place / "model.json").write_text(json.dumps(document, indent=1, ensure_ascii=False), encoding="utf-8")
            np.savez(place / "sieve.npz", allow_pickle=False, **arrays)
            self.adapter.save(place)
            if self.attributes is not None:
                self.attributes.save(place / "attributes")

    @staticmethod
    def load(folder: Path) -> LmFinetuneModel:
        document = read_document(folder)
        try:
            with np.load(folder / "sieve.npz", allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
            known = document["sieve"]
            head = Head(arrays["weight"], arrays["bias"]) if "weight" in arrays else None
            runs, near, whole = (arrays[name] for name in ("runs", "near", "whole"))
            sieve = Sieve(known["salt"], runs, near, whole, tuple(known["labels"]), head, known["encoder"])
            settings = document["settings"]
            made = LmFinetune(**{**settings, "temperatures": tuple(settings["temperatures"])})
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(f"The model in {folder} is broken: {error!r}.", "Fit it again.") from error
        drawn = folder / "attributes"
        attributes: Any = load_model(drawn) if drawn.is_dir() else None
        promised = document.get("guarantee")
        return LmFinetuneModel(
            Schema.from_dict(document["schema"]),
            made,
            document["text"],
            document["label"],
            Adapter.load(folder),
            sieve,
            attributes,
            document["facts"],
            document["fitted_to"],
            Guarantee.from_dict(promised) if promised is not None else None,
        )

    def describe(self) -> dict[str, Any]:
        promised = {} if self.guarantee is None else {"guarantee": self.guarantee.to_dict()}
        return {
            "method": "A small language model, adapted to the real texts with LoRA, writes to a label drawn first.",
            "source": "Hu et al. 2021; Yue et al. 2023",
            "base": self.settings.base,
            "settings": asdict(self.settings),
            "fitted_to": self.fitted_to,
            "labels": list(self.sieve.labels),
            **self.facts,
            **promised,
        }

    def _attributes(
        self,
        rows: int,
        seed: int,
        given: Any,
        where: str | None = None,
        temperature: float = 1.0,
        first: int = 0,
    ) -> pl.DataFrame | None:
        """Every column but the text; None when there is none."""
        if rows < 0:
            raise SampleError(f"Cannot draw {rows} rows.", "Ask for 0 or more.")
        if self.attributes is None:
            if given is not None or where is not None:
                raise SampleError("This model writes text alone; nothing can be given.", "Leave `given` out.")
            return None
        others = self.attributes.schema.only.names
        if given is not None and where is None:
            fixed = conform(given, self.attributes.schema.only)
            if set(fixed.schema.names) == set(others) and len(fixed) == rows:
                return fixed.rows.select(others)
        made = self.attributes.sample(rows, seed=seed, given=given, where=where, temperature=temperature, first=first)
        return made.rows

    def _texts(self, labels: list[str], seed: int, progress: Progress) -> tuple[list[str], Curation]:
        """A text for each label, in rounds: write more than is missing, sift, fill in."""
        sifting = Sifting(self.sieve)
        waiting: dict[str, list[int]] = {}
        for place, label in enumerate(labels):
            waiting.setdefault(label, []).append(place)
        texts = [""] * len(labels)
        tokenizer, network, device = merged(find(self.settings.base), self.adapter)
        with Writer(tokenizer, network, device) as writer:
            for number in range(ROUNDS):
                asked = [name for name, places in sorted(waiting.items()) for _ in range(_more(len(places), number))]
                if not asked:
                    break
                for text, label in self._round(writer, asked, sifting, (seed, number), progress):
                    if waiting[label]:
                        texts[waiting[label].pop()] = text
        doubtful = 0
        for text, label in sifting.doubtful:
            if waiting[label]:
                texts[waiting[label].pop()] = text
                doubtful += 1
        short = {label: len(places) for label, places in waiting.items() if places}
        if short:
            raise SampleError(
                f"After {sifting.written} texts the filters leave too few for {short} (label: missing); "
                f"thrown away: {dict(sifting.rejected)}.",
                "Ask for fewer rows, or fit with more texts or epochs.",
            )
        counts = {reason: count for reason, count in sorted(sifting.rejected.items()) if count}
        return texts, Curation(sifting.written, len(texts), counts, doubtful)

    def _round(
        self, writer: Writer, asked: list[str], sifting: Sifting, seeds: tuple[int, int], progress: Progress
    ) -> list[tuple[str, str]]:
        kept: list[tuple[str, str]] = []
        for number, temperature in enumerate(self.settings.temperatures):
            part = asked[number :: len(self.settings.temperatures)]
            if not part:
                continue
            # Few noisy steps hardly teach where a text ends.
            cut = self.guarantee is not None
            settings = Sampling(temperature, self.settings.top_p, self.settings.longest, cut)
            chosen = int(np.random.SeedSequence([*seeds, number]).generate_state(1)[0] % 2**31)
            prompts = [prompt_of(label) for label in part]
            kept += sifting.keep(writer.write(prompts, settings, seed=chosen, progress=progress), part)
        return kept


def _more(missing: int, number: int) -> int:
    """How many texts to write for so many missing: half as many again, more in later rounds."""
    return 0 if missing == 0 else int(np.ceil(missing * (1.5 + 0.5 * number))) + 2
