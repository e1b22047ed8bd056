"""Classifiers out of pretrained language models: frozen with a logistic regression on top, or fine-tuned."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from trasunto.data.dataset import Dataset
from trasunto.data.written import write
from trasunto.encoders.lines import Lines
from trasunto.errors import DataError, FitError, ModelError, near
from trasunto.language.corpus import Corpus, Preparation, clean, corpus_of, prepare
from trasunto.language.embed import load_embedder
from trasunto.language.evaluate import Chances, evaluate_predictions
from trasunto.language.evaluation import Evaluation
from trasunto.language.groups import groups_of
from trasunto.language.head import Head, fit_head
from trasunto.language.offline import find
from trasunto.language.private import fit_head_private, granted, public_lines
from trasunto.networks.private import descent
from trasunto.privacy.budget import Budget, Guarantee
from trasunto.progress import Progress, quiet
from trasunto.writing import aside

METHODS = ("frozen", "finetune")


@dataclass(frozen=True)
class ClassifySettings:
    """Settings.

    method: "frozen" leaves the pretrained model as it is and fits a logistic regression to its sentence vectors;
    "finetune" trains all of it. base: a model's name (see `trasunto doctor`) or a folder. regularisation: inverse
    strength of the logistic regression. epochs, learning_rate, batch, max_seconds: of fine-tuning. longest: tokens
    after which a text is cut.

    Under a budget: rate, steps, clip: the chance of each text to be in a step, how many steps, and the largest norm of
    a text's gradient. private_rate: the learning rate. "finetune" trains the head for these steps and then, for
    adapter_steps, an adapter (LoRA) of private_rank along with it, at the learning rate adapter_rate. With a thousand
    texts that was no better than the head alone, and took eight times as long (docs/privacy.md).
    """

    method: str = "frozen"
    base: str = "minilm-l6"
    regularisation: float = 10.0
    epochs: int = 4
    learning_rate: float = 1e-4
    batch: int = 16
    max_seconds: float = 600.0
    longest: int = 256
    rate: float = 0.2
    steps: int = 150
    clip: float = 1.0
    private_rate: float = 0.1
    adapter_steps: int = 20
    adapter_rate: float = 1e-3
    private_rank: int = 2

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise FitError(f"No classification method {self.method!r}.", near(self.method, METHODS))


@dataclass(frozen=True)
class Classifier:
    """A trained language model that labels texts. labels: in the order of `probabilities`' columns.

    head: maps sentence vectors to labels. network: the fine-tuned model, or None when the base is used as it is.
    guarantee: of differential privacy, when it was trained under a budget.
    """

    settings: ClassifySettings
    labels: tuple[str, ...]
    head: Head
    text: str | None
    label: str
    lines: Lines | None
    facts: dict[str, Any] = field(default_factory=dict)
    network: Any = None
    guarantee: Guarantee | None = None

    def probabilities(self, texts: Any) -> np.ndarray:
        """(n, labels) float64, rows add up to one."""
        cleaned = [clean(text) for text in texts]
        if self.network is not None:
            from trasunto.language.tuned import probabilities

            return probabilities(self.network, cleaned, self.settings)
        return self.head.probabilities(load_embedder(find(self.settings.base)).embed(cleaned))

    def predict(self, texts: Any) -> list[str]:
        """The likeliest label of each text."""
        found = self.probabilities(texts)
        return [self.labels[place] for place in found.argmax(axis=1)] if len(found) else []

    def texts_of(self, dataset: Dataset) -> Corpus:
        """Texts and labels of a dataset, taken as the training data was. FitError when its columns are not there."""
        wanted = Corpus((), (), self.text, self.label, self.lines)
        if self.lines is not None:
            lost = [name for name in self.lines.columns if name not in dataset.only.schema]
            if lost:
                raise DataError(f"The data lacks the columns {lost} that the model reads.", "Give the same columns.")
        return corpus_of(dataset, like=wanted)

    def save(self, folder: str | Path) -> None:
        """Write model.json and plain arrays; the base is named, not copied, unless it was fine-tuned."""
        document = {
            "language_model": "classifier",
            "version": 1,
            "settings": asdict(self.settings),
            "labels": list(self.labels),
            "text": self.text,
            "label": self.label,
            "lines": self.lines.to_dict() if self.lines else None,
            "facts": self.facts,
            "guarantee": self.guarantee.to_dict() if self.guarantee is not None else None,
        }
        with aside(folder, folder=True) as place:
            (place / "model.json").write_text(json.dumps(document, indent=2, ensure_ascii=False), encoding="utf-8")
            np.savez(place / "head.npz", allow_pickle=False, weight=self.head.weight, bias=self.head.bias)
            if self.network is not None:
                self.network.save(place / "network")

    def describe(self) -> dict[str, Any]:
        return self.facts if self.guarantee is None else {**self.facts, "guarantee": self.guarantee.to_dict()}


def train_classifier(
    corpus: Corpus,
    *,
    settings: ClassifySettings = ClassifySettings(),
    seed: int = 0,
    start: Classifier | None = None,
    progress: Progress = quiet,
) -> Classifier:
    """Train on a corpus. start: a classifier of the same labels to go on from (fine-tuning in two stages).

    Raises FitError with fewer than two labels, MissingLibraryError, ModelError for a base that is not there.
    """
    labels = tuple(sorted({*corpus.labels, *(start.labels if start else ())}))
    if len(set(corpus.labels)) < 2:
        raise FitError(f"All {len(corpus)} texts have the label {labels[0]!r}.", "Give texts of two labels or more.")
    base = find(settings.base)
    started = time.monotonic()
    truth = np.array([labels.index(label) for label in corpus.labels])
    network: Any = None
    told: dict[str, Any]
    if settings.method == "finetune":
        from trasunto.language.tuned import tune

        network, told = tune(corpus.texts, truth, len(labels), base, settings, seed, start, progress)
        head = network.head()
    else:
        embedder = load_embedder(base)
        vectors = embedder.embed(corpus.texts, progress)
        head = fit_head(
            vectors, truth, len(labels), settings.regularisation, _widened(start, labels) if start else None
        )
        told = {"parameters": embedder.parameters + head.size, "trained_parameters": head.size}
    facts = {
        "task": "classification",
        "base": settings.base,
        "architecture": "sentence encoder, mean over tokens, " + ("trained" if network else "frozen") + ", linear head",
        "hyperparameters": asdict(settings),
        "texts": len(corpus),
        "labels": list(labels),
        "seed": seed,
        "seconds": round(time.monotonic() - started, 2),
        **told,
    }
    return Classifier(settings, labels, head, corpus.text, corpus.label, corpus.lines, facts, network)


def _widened(start: Classifier, labels: tuple[str, ...]) -> Head:
    """The head of a classifier over more labels: those that it has not seen get no weight."""
    places = [labels.index(label) for label in start.labels]
    weight = np.zeros((len(labels), start.head.weight.shape[1]))
    bias = np.full(len(labels), start.head.bias.min())
    weight[places], bias[places] = start.head.weight, start.head.bias
    return Head(weight, bias)


def train_on(
    dataset: Dataset,
    *,
    text: str | None = None,
    label: str | None = None,
    settings: ClassifySettings = ClassifySettings(),
    seed: int = 0,
    budget: Budget | None = None,
    progress: Progress = quiet,
) -> Classifier:
    """Take texts (or rows as text) out of a dataset, prepare them, and train.

    budget: train by DP-SGD, on a frozen model the head, else an adapter with it; the labels and the number of texts
    must be public or bought, and rows as text are spelt by what is declared of their columns alone.
    Raises what `train_classifier` does, and BudgetError.
    """
    if budget is not None:
        return _train_private(dataset, text, label, settings, budget, progress)
    taken = corpus_of(dataset, text=text, label=label)
    # Equal rows of a table are equal people; equal texts are copies.
    corpus, counts = prepare(taken, Preparation(deduplicate=taken.lines is None))
    trained = train_classifier(corpus, settings=settings, seed=seed, progress=progress)
    return replace(trained, facts={**trained.facts, "prepare": counts})


def _train_private(
    dataset: Dataset,
    text: str | None,
    label: str | None,
    settings: ClassifySettings,
    budget: Budget,
    progress: Progress,
) -> Classifier:
    """The head by DP-SGD, then an adapter with it. Each text is cleaned by itself; none is left out for what another
    one says."""
    started = time.monotonic()
    label = label or corpus_of(dataset, text=text).label
    bounded, grant = granted(dataset, budget, label)
    reads = text or next((each.name for each in bounded.only.schema.of_kind("text") if each.name != label), None)
    lines = public_lines(bounded.only.schema, label) if reads is None else None
    corpus = corpus_of(bounded, like=Corpus((), (), reads, label, lines))
    column = bounded.only.schema[label]
    values = pl.Series(label, list(grant.labels or ()), dtype=bounded.only.rows[label].dtype)
    labels = tuple(write(values, column).to_list())
    if len(labels) < 2:
        raise FitError(f"The label {label!r} may be {len(labels)} thing only.", "Declare two labels or more.")
    base, texts = find(settings.base), [clean(each) for each in corpus.texts]
    embedder = load_embedder(base)
    vectors = embedder.embed(texts, progress)
    places = {each: place for place, each in enumerate(labels)}
    truth = np.array([places.get(each, -1) for each in corpus.labels])
    more = settings.adapter_steps if settings.method == "finetune" else 0
    # One plan for both: steps of like noise at a like rate cost the same, whatever learns in them.
    plan = descent(grant.rest, rate=settings.rate, steps=settings.steps + more, clip=settings.clip, rows=grant.rows)
    alone = replace(plan, steps=settings.steps)
    head, curves = fit_head_private(vectors, truth, len(labels), alone, settings.private_rate, progress)
    told = {"parameters": embedder.parameters + head.size, "trained_parameters": head.size}
    network, steps = None, curves.steps
    if more:
        from trasunto.language.tuned_private import tune_private

        along = replace(plan, steps=more)
        network, told, curves = tune_private(texts, truth, head, base, settings, along, progress)
        head, steps = network.head(), steps + curves.steps
    facts = {
        "task": "classification",
        "base": settings.base,
        "architecture": "sentence encoder, mean over tokens, " + ("adapted" if network else "frozen") + ", linear head",
        "hyperparameters": asdict(settings),
        "texts": grant.rows,
        "labels": list(labels),
        "seconds": round(time.monotonic() - started, 2),
        **told,
        "steps": steps,
        "stopped": curves.stopped,
    }
    promised = grant.guarantee(plan, steps)
    return Classifier(settings, labels, head, corpus.text, label, lines, facts, network, promised)


def load_classifier(folder: str | Path) -> Classifier:
    """The classifier that `save` wrote. ModelError when it is missing, broken or of another version."""
    place = Path(folder)
    try:
        document = json.loads((place / "model.json").read_text(encoding="utf-8"))
        if document.get("language_model") != "classifier" or document.get("version") != 1:
            raise ModelError(f"{folder} holds no classifier of version 1.", "Train it again.")
        with np.load(place / "head.npz", allow_pickle=False) as stored:
            head = Head(stored["weight"], stored["bias"])
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"The language model in {folder} cannot be read: {error!r}.", "Train it again.") from error
    network = None
    if (place / "network").is_dir():
        from trasunto.language.tuned import load_tuned

        network = load_tuned(place / "network")
    lines = Lines.from_dict(document["lines"]) if document["lines"] else None
    settings = ClassifySettings(**document["settings"])
    labels = tuple(document["labels"])
    promised = document.get("guarantee")
    guarantee = Guarantee.from_dict(promised) if promised is not None else None
    told = document["facts"]
    return Classifier(settings, labels, head, document["text"], document["label"], lines, told, network, guarantee)


def score(classifier: Classifier, dataset: Dataset, *, groups: Sequence[str] = (), seed: int = 0) -> Evaluation:
    """The classifier's answers on a dataset it has not seen, scored. groups: columns, each value of which is scored by
    itself too."""
    test = classifier.texts_of(dataset)
    chances = Chances(classifier.labels, classifier.probabilities(test.texts))
    return evaluate_predictions(
        "model",
        test.labels,
        chances.called(),
        trained_on=classifier.facts.get("texts", 0),
        seed=seed,
        facts=classifier.facts,
        chances=chances,
        groups=groups_of(dataset, test, groups),
    )
