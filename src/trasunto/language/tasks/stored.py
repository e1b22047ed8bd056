"""Any language model out of its folder: by what its model.json says it is."""

from __future__ import annotations

import json
from pathlib import Path

from trasunto.data.dataset import Dataset
from trasunto.errors import ModelError, near
from trasunto.language.classify import Classifier, load_classifier, score
from trasunto.language.evaluation import Evaluation
from trasunto.language.tasks.exchanges import dialogues_of
from trasunto.language.tasks.responder import Responder, load_responder
from trasunto.language.text_evaluation import TextEvaluation
from trasunto.progress import Progress, quiet

ANSWERS = ("answering", "translation", "chat", "generation")


def kind_of(folder: str | Path) -> str:
    """What a folder holds: "classifier", or the task of a model that writes. ModelError for no language model."""
    path = Path(folder) / "model.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(
            f"No model in {folder}: there is no model.json.", "Train one: trasunto train DATA -o FOLDER."
        ) from error
    except (OSError, ValueError) as error:
        raise ModelError(f"The model in {folder} cannot be read: {error}.", "Train it again.") from error
    kind = document.get("language_model") if isinstance(document, dict) else None
    if kind is None:
        raise ModelError(
            f"{folder} holds a synthesizer's model, no language model.", f"Draw rows from it: trasunto sample {folder}."
        )
    if kind != "classifier" and kind not in ANSWERS:
        raise ModelError(f"{folder} holds a language model of the kind {kind!r}.", near(str(kind), ANSWERS))
    return str(kind)


def score_language_model(
    model: Classifier | Responder, dataset: Dataset, *, seed: int = 0, progress: Progress = quiet
) -> Evaluation | TextEvaluation:
    """What a trained model is worth on real data that it has not seen, by the measures of its task."""
    if isinstance(model, Classifier):
        return score(model, dataset, seed=seed)
    if model.task == "generation":
        from trasunto.language.tasks.generation import score_generation

        return score_generation(model, dataset, seed=seed)
    from trasunto.language.tasks.judging import score_answers

    dialogues = dialogues_of(dataset, "translation" if model.task == "translation" else None)
    return score_answers(model, dialogues, seed=seed, progress=progress)


def load_language_model(folder: str | Path) -> Classifier | Responder:
    """The language model in a folder. ModelError when there is none, or a broken one."""
    return load_classifier(folder) if kind_of(folder) == "classifier" else load_responder(folder)
