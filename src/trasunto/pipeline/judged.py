"""The language model of a run: which task it is trained for, how it is judged, and its evaluations in a file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from trasunto import registry
from trasunto.data.dataset import Dataset
from trasunto.errors import DataError, RecipeError
from trasunto.language.evaluation import Evaluation
from trasunto.language.text_evaluation import TextEvaluation
from trasunto.pipeline.recipe import Recipe, Training
from trasunto.pipeline.verbs import task_settings
from trasunto.progress import Progress, quiet
from trasunto.writing import write_text

if TYPE_CHECKING:
    from trasunto.data.split import Split
    from trasunto.language.tasks.task import Judged

# Tasks whose answer is a column of the table.
LABELLING = ("classification", "rows")
CURVE = (5, 10, 20, 50, 100)
Evaluations = tuple[Evaluation | TextEvaluation, ...]


def check_training(recipe: Recipe, real: Dataset) -> None:
    """RecipeError, DataError for a training that would fail later: an unknown task or setting, nothing to predict."""
    training = recipe.train
    if training is None:
        return
    task_settings(training.task, training.settings)
    if training.search is not None and training.task != "classification":
        raise RecipeError(f"train.search is for classification, not for {training.task!r}.", "Leave it out.")
    if training.task not in LABELLING:
        _check_written(training.task, real)
        return
    judged = recipe.data.label or recipe.data.target
    if judged is None:
        raise RecipeError(
            "train needs to know what to predict: neither data.target nor data.label is given.",
            "Name the column, or leave the train section out.",
        )
    if recipe.data.text is not None and recipe.data.label is None:
        raise RecipeError("data.text is given without data.label.", "Name the column that labels the text.")
    if real.rows[judged].n_unique() < 2:
        raise DataError(f"Column {judged!r} has one value only, so there is nothing to learn.", "Pick another target.")


def judge_language_model(recipe: Recipe, parts: Split, synthetic: Dataset, progress: Progress = quiet) -> Judged:
    """Train on synthetic, on real, on both; judge each on the real holdout. The model is that of synthetic alone."""
    from trasunto.language.corpus import corpus_of
    from trasunto.language.groups import groups_of
    from trasunto.language.stages import Judging, judge
    from trasunto.language.tasks.task import Judged

    training = recipe.train
    assert training is not None
    settings = task_settings(training.task, training.settings)
    curve = curve_of(training)
    if training.task != "classification":
        made, real = (_at_most(training, each, recipe.seed) for each in (synthetic, parts.train))
        judged: Judged = registry.load("tasks", training.task).judge(
            made, real, parts.holdout, settings=settings, curve=curve, seed=recipe.seed, progress=progress
        )
        return judged
    source = corpus_of(parts.train, text=recipe.data.text, label=recipe.data.label or recipe.data.target)
    corpora = [corpus_of(synthetic, like=source), source]
    if training.rows is not None:
        corpora = [each.draw(training.rows, seed=recipe.seed) for each in corpora]
    told = {}
    if training.search is not None:
        from trasunto.language.search import search_classifier

        trials, seconds = training.search.trials, training.search.seconds
        settings, searched = search_classifier(
            corpora[0], settings=settings, trials=trials, seconds=seconds, seed=recipe.seed, progress=progress
        )
        told = {"search": searched.to_dict()}
    test = corpus_of(parts.holdout, like=source)
    protected = recipe.fairness.protected if recipe.fairness is not None else ()
    found = judge(
        corpora[0],
        corpora[1],
        test,
        settings=settings,
        curve=curve,
        judging=Judging(groups=groups_of(parts.holdout, test, protected)),
        seed=recipe.seed,
        progress=progress,
    )
    return Judged(found.evaluations, found.classifier, {**found.facts, **told})


def curve_of(training: Training) -> tuple[int, ...]:
    """The sizes of the learning curve; without any asked for, the usual ones for tasks that label."""
    usual = CURVE if training.task in LABELLING else ()
    return usual if training.curve is None else training.curve


def keep_evaluations(evaluations: Sequence[Evaluation | TextEvaluation], path: Path) -> None:
    """Write them to a JSON file."""
    document = [evaluation.to_dict() for evaluation in evaluations]
    write_text(path, json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def kept_evaluations(path: Path) -> Evaluations:
    """What `keep_evaluations` wrote."""
    documents = json.loads(path.read_text(encoding="utf-8"))
    return tuple((TextEvaluation if "task" in each else Evaluation).from_dict(each) for each in documents)


def headlines(evaluations: Sequence[Evaluation | TextEvaluation]) -> dict[str, dict[str, float]]:
    """By arm, the figures that a person wants first."""
    found: dict[str, dict[str, float]] = {}
    for each in evaluations:
        if isinstance(each, TextEvaluation):
            scores = each.scores
        else:
            scores = {"accuracy": each.accuracy, "macro_f1": each.macro_f1}
        found.setdefault(each.arm, {}).update(scores)
    return found


def _at_most(training: Training, dataset: Dataset, seed: int) -> Dataset:
    """The dataset, or so many of its rows drawn by the seed."""
    if training.rows is None or training.rows >= len(dataset):
        return dataset
    drawn = np.sort(np.random.default_rng(seed).choice(len(dataset), training.rows, replace=False))
    return dataset.with_table(dataset.only.take(drawn))


def _check_written(task: str, real: Dataset) -> None:
    """RecipeError for data that hold nothing of what the task learns."""
    from trasunto.errors import FitError
    from trasunto.language.layouts import layout_of

    try:
        kind = layout_of(real.only.schema).kind
    except FitError as error:
        raise RecipeError(f"The task {task!r} cannot use this data: {error}", "Name roles in data.roles.") from error
    wanted = {
        "translation": ("translation",),
        "answering": ("question-answer", "instruction", "dialogue"),
        "chat": ("question-answer", "instruction", "dialogue"),
    }.get(task)
    if wanted is not None and kind not in wanted:
        raise RecipeError(
            f"The task {task!r} needs {' or '.join(wanted)} data, and this is {kind}.",
            "Say what columns are for, as data.roles: {question: prompt, answer: response} or {en: source, "
            "es: translation}.",
        )
