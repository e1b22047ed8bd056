"""Any language model out of its folder: by what its model.json says it is."""

from __future__ import annotations

import json
from pathlib import Path

from trasunto.errors import ModelError, near
from trasunto.language.classify import Classifier, load_classifier
from trasunto.language.tasks.responder import Responder, load_responder

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


def load_language_model(folder: str | Path) -> Classifier | Responder:
    """The language model in a folder. ModelError when there is none, or a broken one."""
    return load_classifier(folder) if kind_of(folder) == "classifier" else load_responder(folder)
