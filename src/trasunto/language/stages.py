"""The judgement: the same model trained on synthetic, on real, on both, and what each is worth on unseen real texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trasunto.errors import FitError
from trasunto.language.classify import Classifier, ClassifySettings, train_classifier
from trasunto.language.corpus import Corpus, Preparation, counts_of, prepare, without_test_texts
from trasunto.language.curve import Drawn, answers, gain, learning_curve, synthetic_thousand, worth
from trasunto.language.evaluate import Chances, evaluate_predictions
from trasunto.language.evaluation import Evaluation
from trasunto.language.paired import paired_test
from trasunto.progress import Progress, quiet

# Arms that are set beside the real one by a paired test.
PAIRED = ("synthetic", "synthetic then real", "synthetic + real")


@dataclass(frozen=True)
class Judging:
    """What is trained besides the usual arms.

    ratios: synthetic texts added for each real one, all of which are kept ("accumulate": Gerstgrasser et al. 2024); a
    ratio that there are too few synthetic texts for is left out. curriculum: train on what is easy first (Bengio et
    al. 2009). few: add the synthetic texts to each size of the curve. draws: of each size of the curve; one when all
    of a model is trained. groups: columns of the test texts by which answers are scored by themselves.
    """

    ratios: tuple[float, ...] = (0.5, 2.0)
    curriculum: bool = True
    few: bool = True
    draws: int = 5
    groups: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.draws < 1 or any(not ratio > 0 for ratio in self.ratios):
            raise FitError(
                f"{self.draws} draws of each size and ratios {self.ratios} cannot be trained.",
                "Give one draw or more, and ratios above 0.",
            )


@dataclass(frozen=True)
class _Parts:
    """every: all synthetic texts. made, truth: as many synthetic as real ones. test: unseen real ones."""

    every: Corpus
    made: Corpus
    truth: Corpus
    test: Corpus


@dataclass(frozen=True)
class Judged:
    """evaluations: one an arm; classifier: the one trained on synthetic texts alone; facts: JSON values."""

    evaluations: tuple[Evaluation, ...]
    classifier: Classifier
    facts: dict[str, Any]


def judge(
    synthetic: Corpus,
    real: Corpus,
    test: Corpus,
    *,
    settings: ClassifySettings = ClassifySettings(),  # noqa: B008
    curve: Sequence[int] = (5, 10, 20, 50, 100),
    judging: Judging = Judging(),
    seed: int = 0,
    progress: Progress = quiet,
) -> Judged:
    """Train every arm and test it on the same unseen real texts.

    synthetic, real: training texts; both are cut to the same number, so that no arm has more examples than the
    other. test: real texts that neither the generator nor any arm has seen; training texts that occur in it are
    left out. curve: real examples per class, alone and with the synthetic texts; the middle one of the draws stands
    for its size. Raises FitError when a part has one class only.
    """
    every, made_counts = _ready(synthetic, test, "synthetic")
    truth, real_counts = _ready(real, test, "real")
    number = min(len(every), len(truth))
    made, truth = every.draw(number, seed=seed), truth.draw(number, seed=seed)
    parts = _Parts(every, made, truth, test)
    models, examples = _arms(parts, settings, judging, seed, progress)
    found = {arm: answers(model, test) for arm, model in models.items()}
    found["tf-idf, synthetic"], found["tf-idf, real"] = _by_words(made, test, seed), _by_words(truth, test, seed)
    called = {arm: each.called() for arm, each in found.items()} | {"majority": [_most(truth)] * len(test)}
    evaluations = [
        evaluate_predictions(
            arm,
            test.labels,
            answered,
            trained_on=examples.get(arm, number),
            seed=seed,
            facts=models[arm].facts if arm in models else {},
            chances=found.get(arm),
            groups=judging.groups if arm in ("synthetic", "real") else None,
        )
        for arm, answered in called.items()
    ]
    few, told = _few(models, parts, settings, curve, judging, seed, progress)
    evaluations += [each.middle(test, seed) for each in few]
    differences = {arm: paired_test(test.labels, called[arm], called["real"], seed=seed).to_dict() for arm in PAIRED}
    facts = {
        **models["synthetic"].facts,
        "prepare": {"synthetic": made_counts, "real": real_counts},
        "examples": number,
        "labels": {"synthetic": counts_of(made), "real": counts_of(truth), "test": counts_of(test)},
        "difference": differences["synthetic"],
        "differences": differences,
        "ratio": evaluations[0].macro_f1 / max(evaluations[1].macro_f1, 1e-12),
        **told,
    }
    return Judged(tuple(evaluations), models["synthetic"], facts)


def _arms(
    parts: _Parts, settings: ClassifySettings, judging: Judging, seed: int, progress: Progress
) -> tuple[dict[str, Classifier], dict[str, int]]:
    """The classifier of each arm, and how many texts it has been trained on."""
    models: dict[str, Classifier] = {}
    examples: dict[str, int] = {}
    number = len(parts.truth)
    # Where all of a model is trained, an arm takes minutes.
    thorough = settings.method == "frozen"
    mixed = [ratio for ratio in judging.ratios if thorough and round(ratio * number) <= len(parts.every)]
    steps = 4 + len(mixed) + (judging.curriculum and thorough)

    def learn(arm: str, corpus: Corpus, start: Classifier | None = None, seen: int = 0) -> Classifier:
        progress("train language models", len(models), steps)
        models[arm] = train_classifier(corpus, settings=settings, seed=seed, start=start, progress=progress)
        examples[arm] = seen or len(corpus)
        return models[arm]

    on_made = learn("synthetic", parts.made)
    learn("real", parts.truth)
    learn("synthetic then real", parts.truth, start=on_made, seen=2 * number)
    both = parts.truth.joined(parts.made)
    on_both = learn("synthetic + real", both)
    for ratio in mixed:
        learn(f"real + {ratio:g} synthetic", parts.truth.joined(parts.every.draw(round(ratio * number), seed=seed)))
    if judging.curriculum and thorough:
        easy = _easier_half(both, on_both)
        first = train_classifier(easy, settings=settings, seed=seed) if len(easy.classes) > 1 else on_both
        learn("synthetic + real, easy first", both, start=first)
    progress("train language models", steps, steps)
    return models, examples


def _easier_half(corpus: Corpus, model: Classifier) -> Corpus:
    """The half of each label's texts that the model is surest of: by the chance of the label less the best other."""
    chances = model.probabilities(corpus.texts)
    own = np.array([model.labels.index(label) for label in corpus.labels])
    places = np.arange(len(own))
    right = chances[places, own]
    chances[places, own] = -1.0
    margin = right - chances.max(axis=1)
    kept = []
    for label in np.unique(own):
        inside = np.flatnonzero(own == label)
        kept.append(inside[np.argsort(-margin[inside], kind="stable")][: (len(inside) + 1) // 2])
    return corpus.take(np.sort(np.concatenate(kept)))


def _few(
    models: dict[str, Classifier],
    parts: _Parts,
    settings: ClassifySettings,
    curve: Sequence[int],
    judging: Judging,
    seed: int,
    progress: Progress,
) -> tuple[list[Drawn], dict[str, Any]]:
    """The learning curve, and what it tells: the worth of synthetic texts, and what they add to few real ones."""
    frozen = settings.method == "frozen"
    draws = judging.draws if frozen else 1
    few = learning_curve(
        parts.truth,
        parts.test,
        curve,
        settings=settings,
        draws=draws,
        seed=seed,
        made=parts.made if judging.few else None,
        start=None if frozen else models["synthetic"],
        progress=progress,
    )
    whole = Drawn("real", 0, (len(parts.truth),), (answers(models["real"], parts.test),))
    thousand = (
        synthetic_thousand(parts.every, parts.test, settings=settings, draws=draws, seed=seed)
        if frozen and few
        else Drawn("synthetic", 0, (len(parts.made),), (answers(models["synthetic"], parts.test),))
    )
    by_arm = {each.arm: each for each in few}
    gains = [
        gain(each, by_arm[f"{each.arm} + synthetic"], parts.test, seed=seed)
        for each in few
        if f"{each.arm} + synthetic" in by_arm
    ]
    return few, {"worth": worth([*few, whole], thousand, parts.test, seed=seed) if few else None, "gains": gains}


def _ready(corpus: Corpus, test: Corpus, what: str) -> tuple[Corpus, dict[str, int]]:
    cleaned, counts = prepare(corpus, Preparation(deduplicate=corpus.lines is None))
    if corpus.lines is None:
        # Equal rows of a small table are no leak: two patients may give the same answers. Equal texts are.
        cleaned, shared = without_test_texts(cleaned, test)
        counts = {**counts, "in_test": shared, "kept": len(cleaned)}
    if len(cleaned.classes) < 2:
        raise FitError(
            f"The {what} training texts have {len(cleaned.classes)} label{'' if len(cleaned.classes) == 1 else 's'}.",
            "Give more rows, or another label.",
        )
    return cleaned, counts


def _by_words(training: Corpus, test: Corpus, seed: int) -> Chances:
    """The classic: TF-IDF of words and word pairs with logistic regression."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\S+")
    table = words.fit_transform(training.texts)
    model = LogisticRegression(C=10.0, max_iter=500, random_state=seed).fit(table, training.labels)
    return Chances(tuple(str(label) for label in model.classes_), model.predict_proba(words.transform(test.texts)))


def _most(corpus: Corpus) -> str:
    return max(sorted(set(corpus.labels)), key=corpus.labels.count)
