"""Hyper-parameter search within a budget: the tree-structured Parzen estimator (Bergstra et al. 2011) of Optuna.

Every trial is written down before the next one begins, and each draws from its own seed: a search that is taken up
again goes on as if it had not been interrupted.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from trasunto import registry
from trasunto.errors import FitError, TrasuntoError
from trasunto.language.classify import ClassifySettings, train_classifier
from trasunto.language.corpus import Corpus
from trasunto.language.evaluate import coded
from trasunto.language.paired import f1_of
from trasunto.progress import Progress, quiet
from trasunto.writing import write_text

FILE = "trials.json"
# Trials that are drawn at random before the estimator has enough to go by.
RANDOM = 6
FOLDS = 3


@dataclass(frozen=True)
class Range:
    """Numbers from low to high. log: even in the logarithm. whole: whole numbers only."""

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def __post_init__(self) -> None:
        if not self.low < self.high or (self.log and self.low <= 0):
            raise FitError(
                f"Nothing can be searched from {self.low:g} to {self.high:g}{' in the logarithm' if self.log else ''}.",
                "Give a low end below the high one, above 0 for a logarithm.",
            )


@dataclass(frozen=True)
class Choice:
    """One of these values: numbers, texts, truth values or None."""

    values: tuple[Any, ...]

    def __post_init__(self) -> None:
        if not self.values:
            raise FitError("There is nothing to choose from.", "Give one value or more.")


Space = Mapping[str, Range | Choice]

FROZEN: Space = {"regularisation": Range(0.01, 1_000.0, log=True)}
TUNED: Space = {
    "learning_rate": Range(1e-5, 1e-3, log=True),
    "epochs": Range(1, 8, whole=True),
    "batch": Choice((8, 16, 32)),
}


@dataclass(frozen=True)
class Trial:
    """value: what the settings reached; None when they could not be tried, and error says why."""

    settings: dict[str, Any]
    value: float | None
    seconds: float
    error: str = ""


@dataclass(frozen=True)
class Found:
    """settings: the best that were tried. trials: in the order they were tried."""

    settings: dict[str, Any]
    value: float
    trials: tuple[Trial, ...]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def search(
    build: Callable[[dict[str, Any]], float],
    space: Space,
    *,
    trials: int = 20,
    seconds: float = math.inf,
    seed: int = 0,
    start: Mapping[str, Any] | None = None,
    folder: str | Path | None = None,
    progress: Progress = quiet,
) -> Found:
    """The settings with the highest value of `build`, within so many trials and seconds, whichever ends first.

    build: from settings of the space to how good they are on validation data cut from the training data. start: the
    settings tried first (the defaults). folder: trials are written there, and those of an earlier search of the same
    space and seed count as done. The trial under way when the time is over is ended; Ctrl-C keeps the best so far.
    Raises FitError for an empty space, when no settings could be tried, and for a folder with another search.
    """
    if not space or trials < 1:
        raise FitError(f"{trials} trials of {len(space)} settings find nothing.", "Give a setting and a trial or more.")
    document = {"seed": seed, "space": {name: [type(each).__name__, asdict(each)] for name, each in space.items()}}
    done = _earlier(folder, document)
    # Time that an earlier search took has been spent.
    left = seconds - sum(each.seconds for each in done)
    began = time.monotonic()
    try:
        while len(done) < trials and (time.monotonic() - began < left or not done):
            progress("search settings", len(done), trials)
            chosen = dict(start) if start is not None and not done else _proposed(space, done, seed)
            done.append(_tried(build, chosen))
            _keep(folder, document, done)
    except KeyboardInterrupt:
        if not any(each.value is not None for each in done):
            raise
    progress("search settings", len(done), trials)
    good = [each for each in done if each.value is not None]
    if not good:
        raise FitError(f"None of {len(done)} settings could be tried: {done[-1].error}", "Narrow the space.")
    best = max(good, key=lambda each: each.value if each.value is not None else -math.inf)
    return Found(best.settings, float(best.value or 0.0), tuple(done))


def search_classifier(
    corpus: Corpus,
    *,
    settings: ClassifySettings = ClassifySettings(),  # noqa: B008
    space: Space | None = None,
    trials: int = 20,
    seconds: float = math.inf,
    seed: int = 0,
    folder: str | Path | None = None,
    progress: Progress = quiet,
) -> tuple[ClassifySettings, Found]:
    """Settings of a classifier with the highest macro F1 on texts cut from these training texts: on three folds when
    the model is frozen, on one third when it is fine-tuned. Raises what `search` and `train_classifier` do."""
    frozen = settings.method == "frozen"
    searched = space if space is not None else FROZEN if frozen else TUNED
    unknown = [name for name in searched if name not in asdict(settings)]
    if unknown:
        raise FitError(f"A classifier has no setting {unknown[0]!r}.", f"It has {', '.join(asdict(settings))}.")
    folds = _folds(corpus, seed)[: FOLDS if frozen else 1]

    def build(chosen: dict[str, Any]) -> float:
        reached = []
        for inside, outside in folds:
            model = train_classifier(corpus.take(inside), settings=replace(settings, **chosen), seed=seed)
            reached.append(_macro_f1(corpus.take(outside), model.predict(corpus.take(outside).texts)))
        return float(np.mean(reached))

    start = {name: getattr(settings, name) for name in searched}
    found = search(
        build, searched, trials=trials, seconds=seconds, seed=seed, start=start, folder=folder, progress=progress
    )
    return replace(settings, **found.settings), found


def _macro_f1(test: Corpus, called: Sequence[str]) -> float:
    labels = sorted({*test.labels, *called})
    rows = np.arange(len(test))[None, :]
    return float(f1_of(coded(labels, test.labels), coded(labels, called), rows, len(labels))[0])


def _folds(corpus: Corpus, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Rows to train and to validate on, three times; each label is spread evenly, and one that stands once is trained
    on."""
    rng = np.random.default_rng(seed)
    labels = np.array(corpus.labels, dtype=object)
    fold = np.full(len(corpus), -1)
    for label in corpus.classes:
        inside = rng.permutation(np.flatnonzero(labels == label))
        if len(inside) > 1:
            fold[inside] = (np.arange(len(inside)) + rng.integers(FOLDS)) % FOLDS
    found = [(np.flatnonzero(fold != number), np.flatnonzero(fold == number)) for number in range(FOLDS)]
    found = [(inside, outside) for inside, outside in found if len(outside) and len(set(labels[inside])) > 1]
    if not found:
        raise FitError(f"{len(corpus)} texts are too few to search with.", "Give some texts of each label.")
    return found


def _tried(build: Callable[[dict[str, Any]], float], chosen: dict[str, Any]) -> Trial:
    began = time.monotonic()
    try:
        value, error = float(build(dict(chosen))), ""
    except TrasuntoError as failed:
        value, error = math.nan, str(failed)
    seconds = round(time.monotonic() - began, 3)
    if math.isfinite(value):
        return Trial(chosen, value, seconds)
    return Trial(chosen, None, seconds, error or f"The value is {value}.")


def _proposed(space: Space, done: Sequence[Trial], seed: int) -> dict[str, Any]:
    """What to try next, by what is known."""
    optuna = _optuna()
    distributions = {name: _distribution(optuna, each) for name, each in space.items()}
    sampler = optuna.samplers.TPESampler(
        # One for each trial, so that nothing has to be remembered between them.
        seed=int(np.random.SeedSequence([seed, len(done)]).generate_state(1)[0]),
        n_startup_trials=RANDOM,
    )
    study = optuna.create_study(direction="maximize", sampler=sampler)
    for each in done:
        # The start may lie outside of what is searched.
        if each.value is not None and all(_within(space[name], value) for name, value in each.settings.items()):
            study.add_trial(
                optuna.trial.create_trial(params=each.settings, distributions=distributions, value=each.value)
            )
    return dict(study.ask(distributions).params)


def _within(each: Range | Choice, value: Any) -> bool:
    return value in each.values if isinstance(each, Choice) else each.low <= value <= each.high


def _distribution(optuna: Any, each: Range | Choice) -> Any:
    if isinstance(each, Choice):
        return optuna.distributions.CategoricalDistribution(each.values)
    if each.whole:
        return optuna.distributions.IntDistribution(round(each.low), round(each.high), log=each.log)
    return optuna.distributions.FloatDistribution(each.low, each.high, log=each.log)


def _optuna() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise registry.missing(error, "a search of settings") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _earlier(folder: str | Path | None, document: dict[str, Any]) -> list[Trial]:
    path = Path(folder) / FILE if folder is not None else None
    if path is None or not path.exists():
        return []
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        trials = [Trial(**each) for each in found.pop("trials")]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise FitError(
            f"The search in {path} cannot be read: {error!r}.", "Remove it, or name a new folder."
        ) from error
    # As it reads after a round through JSON, in which tuples are lists.
    if found != json.loads(json.dumps(document)):
        raise FitError(f"{path} holds a search of other settings or another seed.", "Name a new folder.")
    return trials


def _keep(folder: str | Path | None, document: dict[str, Any], done: Sequence[Trial]) -> None:
    if folder is None:
        return
    Path(folder).mkdir(parents=True, exist_ok=True)
    text = json.dumps({**document, "trials": [asdict(each) for each in done]}, indent=2)
    write_text(Path(folder) / FILE, text + "\n")
