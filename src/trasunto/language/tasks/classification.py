"""The tasks that label: texts, and rows of a table written as text."""

from __future__ import annotations

from collections.abc import Sequence

from trasunto.data.dataset import Dataset
from trasunto.errors import BudgetError
from trasunto.language.classify import Classifier, ClassifySettings, train_classifier, train_on
from trasunto.language.corpus import Corpus, Preparation, corpus_of, counts_of, prepare
from trasunto.language.stages import judge
from trasunto.language.tasks.task import Judged, Task
from trasunto.privacy.budget import Budget
from trasunto.progress import Progress, quiet

USUAL = ClassifySettings()


def train_classification(
    dataset: Dataset,
    *,
    settings: ClassifySettings = USUAL,
    seed: int = 0,
    budget: Budget | None = None,
    progress: Progress = quiet,
) -> Classifier:
    """Train on the text column and the label of a dataset; without a text column on its rows as text. budget: by
    DP-SGD."""
    return train_on(dataset, settings=settings, seed=seed, budget=budget, progress=progress)


def judge_classification(
    synthetic: Dataset,
    real: Dataset,
    test: Dataset,
    *,
    settings: ClassifySettings = USUAL,
    curve: Sequence[int] = (5, 10, 20, 50, 100),
    seed: int = 0,
    progress: Progress = quiet,
) -> Judged:
    """Labels of unseen texts: accuracy, precision, recall, F1 (see language/stages.py)."""
    source = corpus_of(real)
    return _judged(source, (synthetic, test), settings, curve, seed, progress)


def train_rows(
    dataset: Dataset,
    *,
    settings: ClassifySettings = USUAL,
    seed: int = 0,
    budget: Budget | None = None,
    progress: Progress = quiet,
) -> Classifier:
    """Train on rows written as text ("age is 63; sex is male"), to tell the label or target. budget: by DP-SGD, where
    no column is free text; BudgetError else."""
    if budget is not None:
        free = [column.name for column in dataset.only.schema.of_kind("text")]
        if free:
            raise BudgetError(
                f"Under a budget rows are not read as text beside free text ({', '.join(free)}).",
                "Leave these columns out, or train the task classification on one of them.",
            )
        return train_on(dataset, settings=settings, seed=seed, budget=budget, progress=progress)
    corpus, counts = prepare(rows_of(dataset), Preparation(deduplicate=False))
    trained = train_classifier(corpus, settings=settings, seed=seed, progress=progress)
    trained.facts["prepare"] = {**counts, "labels": counts_of(corpus)}
    return trained


def judge_rows(
    synthetic: Dataset,
    real: Dataset,
    test: Dataset,
    *,
    settings: ClassifySettings = USUAL,
    curve: Sequence[int] = (5, 10, 20, 50, 100),
    seed: int = 0,
    progress: Progress = quiet,
) -> Judged:
    """Labels of unseen rows that are read as text, whatever columns they have."""
    return _judged(rows_of(real), (synthetic, test), settings, curve, seed, progress)


def rows_of(dataset: Dataset) -> Corpus:
    """Rows as text with their label, text columns among them."""
    from trasunto.encoders.lines import fit_lines

    label = corpus_of(dataset).label
    lines = fit_lines(dataset.only, exclude=(label,))
    return corpus_of(dataset, like=Corpus((), (), None, label, lines))


def _judged(
    source: Corpus,
    others: tuple[Dataset, Dataset],
    settings: ClassifySettings,
    curve: Sequence[int],
    seed: int,
    progress: Progress,
) -> Judged:
    made, test = (corpus_of(each, like=source) for each in others)
    found = judge(made, source, test, settings=settings, curve=curve, seed=seed, progress=progress)
    return Judged(found.evaluations, found.classifier, found.facts)


CLASSIFICATION = Task(
    "classification",
    "Texts are labelled: accuracy, precision, recall, F1 on unseen texts; rows as text where there is no text.",
    ClassifySettings,
    train_classification,
    judge_classification,
)
ROWS = Task("rows", "Rows of a table are read as text and labelled.", ClassifySettings, train_rows, judge_rows)
