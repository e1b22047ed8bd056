"""What a trained language model gives away of the texts it learned: membership, extraction, exposure.

The model is shown training texts and as many unseen ones, once each, and so is the model it was made from; all three
attacks are told from that. Every figure comes with what unseen texts give (the control).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from trasunto.data.dataset import Dataset
from trasunto.errors import MetricError
from trasunto.language.classify import Classifier
from trasunto.language.exposure import exposed, exposures, numbers_in, secrets_in
from trasunto.language.extraction import extraction
from trasunto.language.finetune import LEAST, Adapter, Prompted
from trasunto.language.memorised_likelihood import Reader, Seen
from trasunto.language.memorised_membership import features, membership
from trasunto.language.offline import find
from trasunto.metrics.score import Score
from trasunto.progress import Progress, quiet


class Generator(Protocol):
    """A base with an adapter that learned texts. settings: has `base` and `longest`."""

    @property
    def settings(self) -> Any: ...
    @property
    def adapter(self) -> Adapter: ...
    def examples(self, dataset: Dataset) -> list[Prompted]:
        """The texts of a dataset as the model was shown those it learned."""
        ...


@dataclass(frozen=True)
class AttackSettings:
    """How much to look at. texts: training texts, and as many unseen ones. tries, surety: a text is extractable when
    one of so many samples writes it with such a chance. secrets: numbers in texts of each kind, each set against
    `candidates` random ones. base: whether to show the texts to the model before it was adapted, too (half of the
    time; sharpens membership).
    """

    texts: int = 200
    tries: int = 1_000
    surety: float = 0.5
    secrets: int = 12
    candidates: int = 48
    base: bool = True

    def __post_init__(self) -> None:
        if min(self.texts, self.tries, self.candidates) < 1 or self.secrets < 0 or not 0 < self.surety < 1:
            raise MetricError(
                f"Attacks cannot be made with {self}.", "Counts must be 1 or more (secrets 0), surety within 0 and 1."
            )


def language_attacks(
    model: Generator | Classifier,
    train: Dataset,
    holdout: Dataset,
    *,
    seed: int = 0,
    settings: AttackSettings = AttackSettings(),
    progress: Progress = quiet,
) -> tuple[Score, ...]:
    """Attacks on a generator (`lm-finetune`): privacy.membership_text, privacy.membership_text_tpr,
    privacy.extraction, privacy.exposure (without numbers in the texts none); on a classifier the first two.

    train: what the model learned; holdout: of the same kind, never seen. About 75 s of CPU for 200 short messages a
    side and 135 million parameters. Raises MetricError with fewer than 20 texts a side.
    """
    rng = np.random.default_rng(seed)
    if isinstance(model, Classifier):
        return membership(
            *(_trust(model, each, settings, rng) for each in (train, holdout)), seed=seed, whose="classifier"
        )
    every = [_different(model.examples(each)) for each in (train, holdout)]
    known = {each.text for each in every[0]}
    # A text that stands among the training texts too is no unseen one.
    every[1] = [each for each in every[1] if each.text not in known]
    shown = [[each[place] for place in rng.permutation(len(each))[: settings.texts]] for each in every]
    base, longest = find(model.settings.base), int(model.settings.window or model.settings.longest or LEAST)
    reader = Reader.of(base, model.adapter, longest)
    shown = [[each for each in part if reader.coded(each)[1]] for part in shown]
    seen = [reader.read(part, progress) for part in shown]
    found = _exposed(reader, every, settings, seed, progress)
    del reader
    before: list[list[Seen]] = [[], []]
    if settings.base:
        reader = Reader.of(base, None, longest)
        before = [reader.read(part, progress, "read texts with the base") for part in shown]
    scored = [
        features(each, earlier, [example.text for example in part])
        for each, earlier, part in zip(seen, before, shown, strict=True)
    ]
    return (
        *membership(scored[0], scored[1], seed=seed, whose="generator"),
        *extraction(seen[0], seen[1], before[0], tries=settings.tries, surety=settings.surety),
        *exposed(*found),
    )


def _exposed(
    reader: Reader, every: Sequence[Sequence[Prompted]], settings: AttackSettings, seed: int, progress: Progress
) -> list[np.ndarray]:
    """Exposures of numbers of one training text, and of one unseen text, that the other side does not hold."""
    rng = np.random.default_rng([seed, 1])
    numbers = [numbers_in(each) for each in every]
    secrets = [
        secrets_in(each, settings.secrets, rng, elsewhere)
        for each, elsewhere in zip(every, reversed(numbers), strict=True)
    ]
    # Numbers begin as others of their kind do; how, is told by the unseen ones.
    return [
        exposures(reader, each, candidates=settings.candidates, seed=seed, others=sorted(numbers[1]), progress=progress)
        for each in secrets
    ]


def _different(examples: Sequence[Prompted]) -> list[Prompted]:
    """Each text once."""
    return list({each.text: each for each in examples}.values())


def _trust(
    model: Classifier, dataset: Dataset, settings: AttackSettings, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """By attack (texts,) scores: how surely the classifier gives a text its own label (Yeom et al. 2018)."""
    corpus = model.texts_of(dataset)
    corpus = corpus.take(np.sort(rng.permutation(len(corpus))[: settings.texts * 10]))
    places = {label: place for place, label in enumerate(model.labels)}
    corpus = corpus.take([place for place, label in enumerate(corpus.labels) if label in places])
    chance = np.clip(model.probabilities(corpus.texts), 1e-12, 1.0)
    rows, own = np.arange(len(corpus)), np.array([places[label] for label in corpus.labels], dtype=int)
    return {"loss": np.log(chance[rows, own])}
