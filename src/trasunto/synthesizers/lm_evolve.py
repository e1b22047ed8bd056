"""`lm-evolve`: a public language model writes, private texts vote on what is like them. Made for a budget.

The model is never trained, so no gradient of a text is needed, and a budget goes into three kinds of counts: how often
texts of each label hold each token (which tilts what the model writes), which of the written texts are nearest to
private ones (private evolution: Lin et al. 2024; for texts Xie et al. 2024), and a classifier of frozen sentence
vectors by DP-SGD, which gives each written text its label. What the model then writes after the chosen texts is free.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from trasunto.data.dataset import Dataset
from trasunto.data.schema import Schema
from trasunto.errors import FitError, SampleError
from trasunto.language.curation.sifting import Curation, Sifting
from trasunto.language.curation.thrown import throw
from trasunto.language.curation.vectors import vectors_of
from trasunto.language.generate import Writer
from trasunto.language.head import Head
from trasunto.language.offline import find
from trasunto.language.pretrained import load_decoder
from trasunto.privacy.budget import Budget, Guarantee
from trasunto.progress import Progress, quiet
from trasunto.synthesizers.lm_evolved import Evolved, evolved, lines_of, opening_of, prompts_of
from trasunto.synthesizers.lm_texts import labels_of
from trasunto.synthesizers.model import in_parts
from trasunto.synthesizers.sieved import nothing
from trasunto.synthesizers.written_columns import drawn_columns, seed_of
from trasunto.synthesizers.written_models import joined, plain_settings, promised, save_writer, stored_writer

ROUNDS = 8
ARRAYS = "evolved.npz"


@dataclass(frozen=True)
class LmEvolve:
    """Settings.

    base: a generator's name (see `trasunto doctor`) or a folder; encoder: of sentence vectors. openings: for each label
    the line that stands before a list of its texts, {"spam": "Unwanted advertising sent to telephones:"}; it is
    public: nothing in it may come from the rows. Without one it is made of the label's name. candidates: texts that
    are written for each label to be voted on. examples: chosen texts that stand in a prompt. strength: how far the
    model is tilted to the private tokens, 0 to 1. longest: tokens of a text. sure: the least probability of a label
    for a text to get it.

    Under a budget: attributed, words, votes: shares that the other columns, the token counts and the votes get; the
    rest trains the classifier (without labels the votes get it). most: tokens that a text adds to the counts. rate,
    steps, private_rate: of the classifier.
    """

    base: str = "smollm2-135m"
    encoder: str = "minilm-l6"
    openings: dict[str, str] = field(default_factory=dict)
    candidates: int = 600
    examples: int = 4
    strength: float = 0.4
    temperature: float = 1.0
    top_p: float = 0.95
    longest: int = 48
    sure: float = 0.6
    attributed: float = 0.1
    words: float = 0.3
    votes: float = 0.2
    most: int = 24
    rate: float = 0.2
    steps: int = 150
    private_rate: float = 0.1

    def __post_init__(self) -> None:
        shares = (self.attributed, self.words, self.votes)
        if min(shares) <= 0 or sum(shares) >= 1:
            raise FitError(f"Shares of the budget are {shares}.", "Give some above 0, below 1 together.")
        for name in ("candidates", "examples", "longest", "most", "steps"):
            if getattr(self, name) < 1:
                raise FitError(f"{name} is {getattr(self, name)}; it must be 1 or more.")
        for name in ("strength", "sure"):
            if not 0 <= getattr(self, name) <= 1:
                raise FitError(f"{name} is {getattr(self, name)}; it lies from 0 to 1.")
        if self.temperature <= 0:
            raise FitError(f"temperature is {self.temperature}; it must be above 0.", "Try 1.0.")

    def fit(
        self, real: Dataset, *, seed: int, budget: Budget | None = None, progress: Progress = quiet
    ) -> LmEvolveModel:
        """Fit to one table with one column of free text. Without a budget the counts are exact and nothing is promised.

        Raises FitError for other tables, without any text, and for an opening of a label that there is not; BudgetError
        for what was neither declared nor paid for.
        """
        return LmEvolveModel(self, evolved(self, real, budget, seed, progress))


@dataclass(frozen=True)
class LmEvolveModel:
    """A public model and what it was told of private texts."""

    settings: LmEvolve
    known: Evolved

    @property
    def schema(self) -> Schema:
        return self.known.schema

    @property
    def guarantee(self) -> Guarantee | None:
        return self.known.guarantee

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
        """Draw rows. given, where: of the columns but the text. temperature: of those columns too.

        Raises SampleError for a negative count, or when too few texts of a label are written.
        """
        drawn = drawn_columns(self.known.attributes, rows, (seed, first), given, where, temperature)
        own = seed_of(seed, first)
        return self._written(rows, drawn, own, quiet)[0]

    def sample_with_curation(
        self, rows: int, *, seed: int, given: Any = None, progress: Progress = quiet
    ) -> tuple[Dataset, Curation]:
        """The rows, and what was thrown away on the way to them."""
        return self._written(rows, drawn_columns(self.known.attributes, rows, (seed, 0), given), seed, progress)

    def batches(self, rows: int, *, seed: int, size: int) -> Iterator[Dataset]:
        yield from in_parts(self, rows, seed, size)

    def describe(self) -> dict[str, Any]:
        return {
            "method": "A public language model writes; private texts count tokens, vote for what is near them, and "
            "teach a classifier that labels it.",
            "source": "Lin et al. 2024; Xie et al. 2024",
            "base": self.settings.base,
            "settings": plain_settings(self.settings),
            "fitted_to": self.known.fitted_to,
            "labels": list(self.known.labels),
            **self.known.facts,
            **promised(self.guarantee),
        }

    def save(self, folder: str | Path) -> None:
        """Write model.json and plain arrays; base and encoder are named, not copied."""
        known = self.known

        def own(place: Path) -> dict[str, Any]:
            head = {} if known.head is None else {"weight": known.head.weight, "bias": known.head.bias}
            np.savez_compressed(place / ARRAYS, allow_pickle=False, biases=known.biases, **head)
            return {
                "text": known.text,
                "label": known.label,
                "labels": list(known.labels),
                "chosen": [list(each) for each in known.chosen],
                "weights": [each.tolist() for each in known.weights],
            }

        save_writer(known, self.settings, "lm-evolve", folder, own)

    @staticmethod
    def load(folder: Path) -> LmEvolveModel:
        with stored_writer(folder) as found, np.load(folder / ARRAYS, allow_pickle=False) as kept:
            arrays, document = {name: kept[name] for name in kept.files}, found.document
            known = Evolved(
                found.schema,
                document["text"],
                document["label"],
                tuple(document["labels"]),
                arrays["biases"],
                tuple(tuple(each) for each in document["chosen"]),
                tuple(np.array(each) for each in document["weights"]),
                Head(arrays["weight"], arrays["bias"]) if "weight" in arrays else None,
                found.attributes,
                found.facts,
                found.fitted_to,
                found.guarantee,
            )
            return LmEvolveModel(LmEvolve(**found.settings), known)

    def _written(
        self, rows: int, drawn: pl.DataFrame | None, seed: int, progress: Progress
    ) -> tuple[Dataset, Curation]:
        known = self.known
        labels = [""] * rows if drawn is None else labels_of(drawn, known.label)
        texts, curation = self._texts(labels, seed, progress) if rows else ([], Curation(0, 0, {}))
        return joined(known.schema, drawn, pl.DataFrame({known.text: texts}, schema={known.text: pl.String})), curation

    def _texts(self, labels: list[str], seed: int, progress: Progress) -> tuple[list[str], Curation]:
        """A text for each label, in rounds; a text goes to the label that the classifier gives it."""
        known = self.known
        # Nothing private is in this sieve: the hashes of private texts would need a budget of their own.
        sifting = Sifting(nothing(known.labels))
        waiting: dict[str, list[int]] = {}
        for place, label in enumerate(labels):
            waiting.setdefault(label, []).append(place)
        strange = sorted(set(waiting) - set(known.labels))
        if strange:
            raise SampleError(f"No text can be written for the label {strange[0]!r}.", "Give rows a known label.")
        texts, doubted = [""] * len(labels), 0
        tokenizer, network, device = load_decoder(find(self.settings.base), "float32")
        with ExitStack() as held:
            writers: dict[int, Writer] = {}
            for number, place in ((number, place) for number in range(ROUNDS) for place in range(len(known.labels))):
                missing = len(waiting.get(known.labels[place], ()))
                if not missing:
                    continue
                if place not in writers:
                    writers[place] = held.enter_context(
                        Writer(tokenizer, network, device, known.biases[place].astype(np.float32))
                    )
                count = int(np.ceil(missing * (1.3 + 0.7 * number))) + 2
                own = int(np.random.SeedSequence([seed, number, place]).generate_state(1)[0] % 2**31)
                written = self._write(writers[place], place, count, own, progress)
                called, likely = self._called(written)
                sure = np.flatnonzero(likely >= self.settings.sure).tolist()
                doubted += len(written) - len(sure)
                for text, name in sifting.keep([written[each] for each in sure], [called[each] for each in sure]):
                    if waiting.get(name):
                        texts[waiting[name].pop()] = text
                throw(sifting)
        short = {label: len(places) for label, places in waiting.items() if places}
        if short:
            raise SampleError(
                f"After {sifting.written + doubted} texts too few are called what was asked for: {short} (label: "
                f"missing).",
                "Say in `openings` what its texts are, ask for fewer rows, or lower `sure`.",
            )
        counts = {reason: count for reason, count in sorted(sifting.rejected.items()) if count}
        told = {"disagrees": doubted} if doubted else {}
        return texts, Curation(sifting.written + doubted, len(texts), {**counts, **told}, 0)

    def _write(self, writer: Writer, place: int, count: int, seed: int, progress: Progress) -> list[str]:
        """So many texts after the opening of a label and chosen examples."""
        known, settings = self.known, self.settings
        opening = opening_of(settings.openings, known.labels[place])
        rng = np.random.default_rng(seed)
        prompts = prompts_of(opening, known.chosen[place], known.weights[place], settings.examples, count, rng)
        return lines_of(writer, prompts, settings, seed, progress)

    def _called(self, texts: Sequence[str]) -> tuple[list[str], np.ndarray]:
        """The label that the classifier gives each text, and its probability."""
        known = self.known
        if known.head is None or not texts:
            return [known.labels[0]] * len(texts), np.ones(len(texts))
        chances = known.head.probabilities(vectors_of(self.settings.encoder)(texts))
        return [known.labels[each] for each in chances.argmax(axis=1)], chances.max(axis=1)
