"""The tasks that answer: questions, translations, chats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from trasunto.data.dataset import Dataset
from trasunto.language.classify import Classifier, ClassifySettings, train_classifier
from trasunto.language.corpus import Corpus
from trasunto.language.tasks.exchanges import Dialogues, dialogues_of
from trasunto.language.tasks.judging import Ways, judge_answers, measures_of
from trasunto.language.tasks.responder import USUAL, AnswerSettings, Responder, train_responder
from trasunto.language.tasks.task import Judged, Task
from trasunto.progress import Progress, quiet

# What a layout calls the data of a task; None takes any dialogue there is.
_KINDS = {"translation": "translation", "answering": None, "chat": None}


def _judged(
    task: str,
    parts: tuple[Dataset, Dataset, Dataset],
    settings: AnswerSettings,
    curve: Sequence[int],
    seed: int,
    progress: Progress,
) -> Judged:
    translates = task == "translation"
    ways = Ways(task, measures_of(task, settings), several=translates, copied=translates)
    read = [dialogues_of(each, _KINDS[task]) for each in parts]
    evaluations, model, facts = judge_answers(
        ways, (read[0], read[1], read[2]), settings=settings, curve=curve, seed=seed, progress=progress
    )
    labels: list[Any] = []
    if task == "chat" and _has_intents(read[0]) and _has_intents(read[1]):
        intents = _judged_intents(read, settings, seed, progress)
        labels, facts = list(intents.evaluations), {**facts, "intents": intents.facts}
        model = replace(model, intents=intents.model)
    return Judged((*evaluations, *labels), model, facts)


def _trained(task: str, dataset: Dataset, settings: AnswerSettings, seed: int, progress: Progress) -> Responder:
    dialogues = dialogues_of(dataset, _KINDS[task])
    model = train_responder(dialogues, task=task, settings=settings, seed=seed, progress=progress)
    if task == "chat" and _has_intents(dialogues):
        model = replace(model, intents=_intents(dialogues, settings, seed, progress))
    return model


def _has_intents(dialogues: Dialogues) -> bool:
    return len({label for label in dialogues.labels if label}) > 1


def _openings(dialogues: Dialogues) -> Corpus:
    """What users begin with, and the intent of it."""
    first = [next((turn.content for turn in turns if turn.role == "user"), "") for turns in dialogues.turns]
    pairs = [(text, label) for text, label in zip(first, dialogues.labels, strict=True) if text and label]
    return Corpus(tuple(text for text, _ in pairs), tuple(label for _, label in pairs), "prompt", "intent")


def _intent_settings(settings: AnswerSettings) -> ClassifySettings:
    return ClassifySettings(base=settings.encoder or ClassifySettings().base)


def _intents(dialogues: Dialogues, settings: AnswerSettings, seed: int, progress: Progress) -> Classifier:
    return train_classifier(_openings(dialogues), settings=_intent_settings(settings), seed=seed, progress=progress)


def _judged_intents(read: Sequence[Dialogues], settings: AnswerSettings, seed: int, progress: Progress) -> Judged:
    """The classifier of what users want, judged beside."""
    from trasunto.language.stages import judge

    made, truth, test = (_openings(each) for each in read)
    found = judge(made, truth, test, settings=_intent_settings(settings), curve=(), seed=seed, progress=progress)
    return Judged(found.evaluations, found.classifier, found.facts)


def train_answering(
    dataset: Dataset, *, settings: AnswerSettings = USUAL, seed: int = 0, progress: Progress = quiet
) -> Responder:
    """Train on columns of the roles prompt and response."""
    return _trained("answering", dataset, settings, seed, progress)


def judge_answering(
    synthetic: Dataset,
    real: Dataset,
    test: Dataset,
    *,
    settings: AnswerSettings = USUAL,
    curve: Sequence[int] = (),
    seed: int = 0,
    progress: Progress = quiet,
) -> Judged:
    """Answers to unseen questions: chrF, ROUGE-L, exact match, similarity."""
    return _judged("answering", (synthetic, real, test), settings, curve, seed, progress)


def train_translation(
    dataset: Dataset, *, settings: AnswerSettings = USUAL, seed: int = 0, progress: Progress = quiet
) -> Responder:
    """Train on columns of the roles source and translation."""
    return _trained("translation", dataset, settings, seed, progress)


def judge_translation(
    synthetic: Dataset,
    real: Dataset,
    test: Dataset,
    *,
    settings: AnswerSettings = USUAL,
    curve: Sequence[int] = (),
    seed: int = 0,
    progress: Progress = quiet,
) -> Judged:
    """Translations of unseen sentences: chrF, BLEU, TER; all translations of a sentence in the test are right."""
    return _judged("translation", (synthetic, real, test), settings, curve, seed, progress)


def train_chat(
    dataset: Dataset, *, settings: AnswerSettings = USUAL, seed: int = 0, progress: Progress = quiet
) -> Responder:
    """Train on a column of dialogues, or on prompts and responses; a label column gives the intents of users."""
    return _trained("chat", dataset, settings, seed, progress)


def judge_chat(
    synthetic: Dataset,
    real: Dataset,
    test: Dataset,
    *,
    settings: AnswerSettings = USUAL,
    curve: Sequence[int] = (),
    seed: int = 0,
    progress: Progress = quiet,
) -> Judged:
    """Replies in unseen real dialogues: chrF, ROUGE-L, exact match, similarity; resampled by dialogue. Where rows have
    an intent, a classifier of it is judged beside (`Judged.labelled`, `facts["intents"]`)."""
    return _judged("chat", (synthetic, real, test), settings, curve, seed, progress)


ANSWERING = Task(
    "answering",
    "Questions are answered: chrF, ROUGE-L, exact match and similarity of answers to unseen questions.",
    AnswerSettings,
    train_answering,
    judge_answering,
)
TRANSLATION = Task(
    "translation",
    "Texts are translated: chrF, BLEU and TER of unseen sentences.",
    AnswerSettings,
    train_translation,
    judge_translation,
)
CHAT = Task(
    "chat",
    "Dialogues go on: chrF, ROUGE-L and similarity of replies in unseen dialogues, and what users want.",
    AnswerSettings,
    train_chat,
    judge_chat,
)
