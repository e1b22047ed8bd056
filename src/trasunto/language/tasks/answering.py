"""The tasks that answer: questions, translations, chats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from trasunto.data.dataset import Dataset
from trasunto.language.classify import Classifier, ClassifySettings, train_classifier
from trasunto.language.corpus import Corpus
from trasunto.language.decoder.settings import Example
from trasunto.language.tasks.exchanges import Dialogues, dialogues_of
from trasunto.language.tasks.judging import Ways, judge_answers, measures_of
from trasunto.language.tasks.responder import USUAL, AnswerSettings, Responder, train_responder
from trasunto.language.tasks.task import Judged, Task
from trasunto.privacy.budget import Budget
from trasunto.progress import Progress, quiet

# What a layout calls the data of a task; None takes any dialogue there is.
_KINDS = {"translation": "translation", "answering": None, "chat": None}


def _judged(
    task: str,
    synthetic: Dataset,
    real: Dataset,
    test: Dataset,
    *,
    settings: AnswerSettings = USUAL,
    curve: Sequence[int] = (),
    seed: int = 0,
    progress: Progress = quiet,
) -> Judged:
    """Answers to what unseen real data ask; all translations of a sentence in the test are right, and dialogues are
    resampled whole. Where rows of a chat have an intent, a classifier of it is judged beside."""
    translates = task == "translation"
    ways = Ways(task, measures_of(task, settings), several=translates, copied=translates)
    read = [dialogues_of(each, _KINDS[task]) for each in (synthetic, real, test)]
    evaluations, model, facts = judge_answers(
        ways, (read[0], read[1], read[2]), settings=settings, curve=curve, seed=seed, progress=progress
    )
    labels: list[Any] = []
    if task == "chat" and _has_intents(read[0]) and _has_intents(read[1]):
        intents = _judged_intents(read, settings, seed, progress)
        labels, facts = list(intents.evaluations), {**facts, "intents": intents.facts}
        model = replace(model, intents=intents.model)
    return Judged((*evaluations, *labels), model, facts)


def _trained(
    task: str,
    dataset: Dataset,
    *,
    settings: AnswerSettings = USUAL,
    seed: int = 0,
    budget: Budget | None = None,
    progress: Progress = quiet,
) -> Responder:
    """Train on columns by their roles: prompt and response, source and translation, or a column of dialogues; a label
    column gives the intents of the users of a chat. budget: by DP-SGD (language/tasks/private.py), without intents."""
    if budget is not None:
        from trasunto.language.tasks.private import learnt_privately

        def examples(rows: Dataset) -> list[Example]:
            return [Example.chat(turns) for turns in dialogues_of(rows, _KINDS[task]).turns]

        way, facts = learnt_privately(dataset, examples, budget, settings, task=task, seed=seed, progress=progress)
        return Responder(task, replace(settings, method="lora"), way, facts)
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


def _task(name: str, about: str) -> Task:
    return Task(name, about, AnswerSettings, partial(_trained, name), partial(_judged, name))


ANSWERING = _task(
    "answering",
    "Questions are answered: chrF, ROUGE-L, exact match and similarity of answers to unseen questions.",
)
TRANSLATION = _task("translation", "Texts are translated: chrF, BLEU and TER of unseen sentences.")
CHAT = _task(
    "chat",
    "Dialogues go on: chrF, ROUGE-L and similarity of replies in unseen dialogues, and what users want.",
)
