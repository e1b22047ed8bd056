"""The learning curve: few real texts, with and without synthetic ones, and how many real texts those are worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trasunto.errors import FitError
from trasunto.language.classify import Classifier, ClassifySettings, train_classifier
from trasunto.language.corpus import Corpus
from trasunto.language.embed import load_embedder
from trasunto.language.evaluate import Chances, coded, evaluate_predictions, percentiles
from trasunto.language.evaluation import Evaluation
from trasunto.language.few import Few, fit_few
from trasunto.language.offline import find
from trasunto.language.paired import f1_of
from trasunto.progress import Progress, quiet

THOUSAND = 1_000
RESAMPLES = 300


@dataclass(frozen=True, eq=False)
class Drawn:
    """Models trained on draws of one size. arm: as in an Evaluation. size: real texts a class, 0 for none. examples:
    (draws,) texts trained on. answers: what each model makes of the test texts."""

    arm: str
    size: int
    examples: tuple[int, ...]
    answers: tuple[Chances, ...]

    def middle(self, test: Corpus, seed: int) -> Evaluation:
        """The draw in the middle, scored; the macro F1 of all draws stands in its facts."""
        found = [float(each) for each in self.f1(test, np.arange(len(test))[None, :])[:, 0]]
        place = int(np.argsort(found, kind="stable")[len(found) // 2])
        chances = self.answers[place]
        scored = evaluate_predictions(
            self.arm, test.labels, chances.called(), trained_on=self.examples[place], seed=seed, chances=chances
        )
        return replace(scored, facts={"draws": found})

    def f1(self, test: Corpus, rows: np.ndarray) -> np.ndarray:
        """(draws, resamples) macro F1 on the (resamples, n) test texts drawn."""
        labels = sorted({*test.labels, *(label for each in self.answers for label in each.labels)})
        truth = coded(labels, test.labels)
        return np.stack([f1_of(truth, coded(labels, each.called()), rows, len(labels)) for each in self.answers])


def learning_curve(
    truth: Corpus,
    test: Corpus,
    sizes: Sequence[int],
    *,
    settings: ClassifySettings,
    draws: int,
    seed: int,
    made: Corpus | None = None,
    start: Classifier | None = None,
    progress: Progress = quiet,
) -> list[Drawn]:
    """So many draws of few real texts a class, and, given synthetic texts, the same few with as much of these as the
    few show to help (language/few.py); where they show nothing the few stay alone.

    start: go on from this classifier, trained on the synthetic texts, instead; "finetune" needs it. A size that less
    than half of the classes can fill is left out. Raises FitError without a start that is needed.
    """
    if made is not None and start is None and settings.method != "frozen":
        raise FitError("Few texts are added to a model that was trained on the synthetic ones.", "Give it as start.")
    labels = np.array(truth.labels, dtype=object)
    counts = [int((labels == label).sum()) for label in truth.classes]
    wanted = [size for size in sizes if sum(count >= size for count in counts) * 2 >= len(counts)]
    found: list[Drawn] = []
    for place, size in enumerate(wanted):
        progress("learning curve", place, len(wanted))
        few = [_few(truth, labels, size, np.random.default_rng([seed, size, draw])) for draw in range(draws)]
        models = [train_classifier(each, settings=settings, seed=seed) for each in few]
        alone = tuple(answers(model, test) for model in models)
        found.append(Drawn(f"real, {size} per class", size, tuple(len(each) for each in few), alone))
        if made is None:
            continue
        with_made, examples = [], []
        for each, model in zip(few, models, strict=True):
            if start is not None:
                both, used = train_classifier(each, settings=settings, seed=seed, start=start), len(made)
            else:
                both, used = with_synthetic(model, each, made, seed=seed)
            with_made.append(answers(both, test))
            examples.append(len(each) + used)
        found.append(Drawn(f"real, {size} per class + synthetic", size, tuple(examples), tuple(with_made)))
    if wanted:
        progress("learning curve", len(wanted), len(wanted))
    return found


def with_synthetic(alone: Classifier, few: Corpus, made: Corpus, *, seed: int) -> tuple[Classifier, int]:
    """A frozen classifier of few real texts and of as much of the synthetic ones as the few show to help, and how many
    of those count: 0 when nothing is shown, and the classifier stays as it is. alone: that of the few. Synthetic texts
    of labels that the few do not have are left out."""
    made = made.take([place for place, label in enumerate(made.labels) if label in alone.labels])
    embedder = load_embedder(find(alone.settings.base))
    places = {label: place for place, label in enumerate(alone.labels)}
    vectors = [embedder.embed(each.texts) for each in (few, made)]
    truth = [np.array([places[label] for label in each.labels], dtype=int) for each in (few, made)]
    parts = Few(vectors[0], truth[0], vectors[1], truth[1], len(places), alone.settings.regularisation)
    head, used = fit_few(parts, alone.head, seed=seed)
    return replace(alone, head=head), used


def answers(model: Classifier, test: Corpus) -> Chances:
    """What a classifier makes of every test text."""
    return Chances(model.labels, model.probabilities(test.texts))


def synthetic_thousand(made: Corpus, test: Corpus, *, settings: ClassifySettings, draws: int, seed: int) -> Drawn:
    """Models trained on draws of a thousand synthetic texts, or once on all when there are no more."""
    few = [made.draw(THOUSAND, seed=seed + draw) for draw in range(draws if len(made) > THOUSAND else 1)]
    called = [answers(train_classifier(each, settings=settings, seed=seed), test) for each in few]
    return Drawn("synthetic", 0, tuple(len(each) for each in few), tuple(called))


def worth(curve: Sequence[Drawn], made: Drawn, test: Corpus, *, seed: int = 0) -> dict[str, Any] | None:
    """How many real examples give the macro F1 of so many synthetic ones, by the curve of real ones alone (means over
    the draws, straight in the logarithm between its points, never falling).

    {"synthetic", "count", "low", "high", "side", "open"}: side is "more" or "less" beyond the curve's ends; low and
    high are the 95 % interval over draws and test texts drawn again together, and open tells which of the two lie at
    an end of the curve, and may lie beyond. None without two points.
    """
    points = sorted((each for each in curve if not each.arm.endswith("synthetic")), key=lambda each: each.examples[0])
    if len(points) < 2:
        return None
    rng = np.random.default_rng(seed)
    everything = np.arange(len(test))
    rows = np.vstack([everything, rng.integers(0, len(test), (RESAMPLES, len(test)))])
    reached = np.stack([_mean_again(each.f1(test, rows), rng) for each in points])
    value = _mean_again(made.f1(test, rows), rng)
    reached = np.maximum.accumulate(reached, axis=0)
    numbers = np.log([np.mean(each.examples) for each in points])
    found = np.exp([np.interp(v, path, numbers) for v, path in zip(value, reached.T, strict=True)])
    low, high = percentiles(found[1:])
    more, less = value > reached[-1], value < reached[0]
    ends = [end for end, beyond in (("low", less[1:].mean()), ("high", more[1:].mean())) if beyond > 0.025]
    return {
        "synthetic": int(np.mean(made.examples)),
        "count": float(found[0]),
        "low": low,
        "high": high,
        "side": "more" if more[0] else "less" if less[0] else "",
        "open": ends,
    }


def gain(alone: Drawn, other: Drawn, test: Corpus, *, seed: int = 0) -> dict[str, Any]:
    """Macro F1 of `other` less that of `alone`, mean over draws of the same texts: value, and the 95 % interval with
    draws and test texts drawn again together."""
    rng = np.random.default_rng(seed)
    rows = np.vstack([np.arange(len(test)), rng.integers(0, len(test), (RESAMPLES, len(test)))])
    differences = _mean_again(other.f1(test, rows) - alone.f1(test, rows), rng)
    return {"size": alone.size, "value": float(differences[0]), "interval": list(percentiles(differences[1:]))}


def _few(truth: Corpus, labels: np.ndarray, size: int, rng: np.random.Generator) -> Corpus:
    return truth.take(
        np.concatenate([rng.permutation(np.flatnonzero(labels == label))[:size] for label in truth.classes])
    )


def _mean_again(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(resamples,) means over the draws, from (draws, resamples): over all in the first, over draws drawn again in the
    others."""
    chosen = rng.integers(0, len(values), values.shape)
    chosen[:, 0] = np.arange(len(values))
    return np.asarray(np.take_along_axis(values, chosen, axis=0).mean(axis=0))
