"""The judgement: the same model trained on synthetic, on real, on both, and what each is worth on unseen real texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trasunto.errors import FitError
from trasunto.language.classify import Classifier, ClassifySettings, train_classifier
from trasunto.language.corpus import Corpus, Preparation, counts_of, prepare, without_test_texts
from trasunto.language.evaluate import evaluate_predictions, paired_difference
from trasunto.language.evaluation import Evaluation
from trasunto.progress import Progress, quiet

DRAWS = 3


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
    seed: int = 0,
    progress: Progress = quiet,
) -> Judged:
    """Train every arm and test it on the same unseen real texts.

    synthetic, real: training texts; both are cut to the same number, so that no arm has more examples than the
    other. test: real texts that neither the generator nor any arm has seen; training texts that occur in it are
    left out. curve: real examples per class; the middle one of three draws, or one draw when fine-tuning.
    Raises FitError when a part has one class only.
    """
    made, made_counts = _ready(synthetic, test, "synthetic")
    truth, real_counts = _ready(real, test, "real")
    number = min(len(made), len(truth))
    made, truth = made.draw(number, seed=seed), truth.draw(number, seed=seed)
    steps = 3
    progress("train language models", 0, steps)
    on_made = train_classifier(made, settings=settings, seed=seed, progress=progress)
    progress("train language models", 1, steps)
    on_real = train_classifier(truth, settings=settings, seed=seed, progress=progress)
    progress("train language models", 2, steps)
    both = train_classifier(truth, settings=settings, seed=seed, start=on_made, progress=progress)
    progress("train language models", 3, steps)
    called = {
        "synthetic": on_made.predict(test.texts),
        "real": on_real.predict(test.texts),
        "synthetic then real": both.predict(test.texts),
        "tf-idf, synthetic": _by_words(made, test, seed),
        "tf-idf, real": _by_words(truth, test, seed),
        "majority": [_most(truth)] * len(test),
    }
    trained = {"synthetic": on_made, "real": on_real, "synthetic then real": both}
    evaluations = [
        evaluate_predictions(
            arm,
            test.labels,
            answers,
            trained_on=2 * number if arm == "synthetic then real" else number,
            seed=seed,
            facts=trained[arm].facts if arm in trained else {},
        )
        for arm, answers in called.items()
    ]
    evaluations += _learning_curve(truth, test, settings, curve, seed, progress)
    difference = paired_difference(test.labels, called["synthetic"], called["real"], seed=seed)
    facts = {
        **on_made.facts,
        "prepare": {"synthetic": made_counts, "real": real_counts},
        "examples": number,
        "labels": {"synthetic": counts_of(made), "real": counts_of(truth), "test": counts_of(test)},
        "difference": {"value": difference[0], "interval": [difference[1], difference[2]]},
        "ratio": evaluations[0].macro_f1 / max(evaluations[1].macro_f1, 1e-12),
        "worth": worth(evaluations),
    }
    return Judged(tuple(evaluations), on_made, facts)


def worth(evaluations: Sequence[Evaluation]) -> dict[str, Any] | None:
    """How many real examples per class give the macro F1 of the synthetic texts, by the curve (log-linear between
    its points): {"count", "side"}, where side is "more" or "less" beyond its ends. None without a curve."""
    points = sorted((_per_class(each.arm), each.macro_f1) for each in evaluations if _per_class(each.arm))
    if not points:
        return None
    value = next(each.macro_f1 for each in evaluations if each.arm == "synthetic")
    numbers = np.log([number for number, _ in points])
    reached = np.maximum.accumulate([f1 for _, f1 in points])
    side = "more" if value > reached[-1] else "less" if value < reached[0] else ""
    return {"count": float(np.exp(np.interp(value, reached, numbers))), "side": side}


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


def _learning_curve(
    truth: Corpus, test: Corpus, settings: ClassifySettings, curve: Sequence[int], seed: int, progress: Progress
) -> list[Evaluation]:
    """Few real examples per class. A size that less than half of the classes can fill is left out."""
    # Fine-tuning costs too much to be done three times for each point.
    draws = DRAWS if settings.method == "frozen" else 1
    labels = np.array(truth.labels, dtype=object)
    counts = [int((labels == label).sum()) for label in truth.classes]
    evaluations: list[Evaluation] = []
    for place, size in enumerate(curve):
        progress("learning curve", place, len(curve))
        if sum(count >= size for count in counts) * 2 < len(counts):
            continue
        found = []
        for draw in range(draws):
            rng = np.random.default_rng([seed, size, draw])
            rows = [rng.permutation(np.flatnonzero(labels == label))[:size] for label in truth.classes]
            few = truth.take(np.concatenate(rows))
            answers = train_classifier(few, settings=settings, seed=seed).predict(test.texts)
            arm = f"real, {size} per class"
            found.append(evaluate_predictions(arm, test.labels, answers, trained_on=len(few), seed=seed))
        # The draw in the middle stands for the size; the spread of the draws is told beside it.
        found.sort(key=lambda each: each.macro_f1)
        middle = found[draws // 2]
        middle.facts["draws"] = [each.macro_f1 for each in found]
        evaluations.append(middle)
    if curve:
        progress("learning curve", len(curve), len(curve))
    return evaluations


def _by_words(training: Corpus, test: Corpus, seed: int) -> list[str]:
    """The classic: TF-IDF of words and word pairs with logistic regression."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\S+")
    table = words.fit_transform(training.texts)
    model = LogisticRegression(C=10.0, max_iter=500, random_state=seed).fit(table, training.labels)
    return [str(label) for label in model.predict(words.transform(test.texts))]


def _most(corpus: Corpus) -> str:
    return max(sorted(set(corpus.labels)), key=corpus.labels.count)


def _per_class(arm: str) -> int:
    """20 for "real, 20 per class", else 0."""
    words = arm.removeprefix("real, ").split()
    return int(words[0]) if arm.endswith(" per class") and words[0].isdigit() else 0
