"""A trained language model as a function: text in, plain values out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

from trasunto.data.dialogues import Turn
from trasunto.errors import ModelError
from trasunto.language.classify import Classifier
from trasunto.language.tasks.responder import Responder
from trasunto.language.tasks.stored import load_language_model


@dataclass(frozen=True)
class Used:
    """A model that is called with texts. task: "classification", "answering", "translation", "chat", "generation"."""

    task: str
    model: Classifier | Responder

    @overload
    def __call__(self, text: str) -> Any: ...

    @overload
    def __call__(self, text: Sequence[str]) -> list[Any]: ...

    def __call__(self, text: str | Sequence[str]) -> Any:
        """For one text one value, for a list of texts a list.

        A classifier gives {"label", "probability", "probabilities"}; a translator, an answerer and a writer a string.
        """
        texts = [text] if isinstance(text, str) else list(text)
        values = self._values(texts) if texts else []
        return values[0] if isinstance(text, str) else values

    def reply(self, turns: Sequence[Any], *, seed: int = 0, temperature: float = 0.0) -> str:
        """What the model says next in a dialogue. turns: {"role", "content"} or (role, content), the user's last.

        Raises ModelError for a classifier.
        """
        if isinstance(self.model, Classifier):
            raise ModelError("A classifier does not reply.", "Call it with a text: it gives a label.")
        said = [
            Turn(str(each["role"]), str(each["content"])) if isinstance(each, dict) else Turn(*map(str, each))
            for each in turns
        ]
        return self.model.answer([said], seed=seed, temperature=temperature)[0]

    def _values(self, texts: list[str]) -> list[Any]:
        if isinstance(self.model, Classifier):
            rows = self.model.probabilities(texts)
            return [
                {
                    "label": self.model.labels[int(row.argmax())],
                    "probability": float(row.max()),
                    "probabilities": dict(zip(self.model.labels, row.tolist(), strict=True)),
                }
                for row in rows
            ]
        return list(self.model.answer(texts))


def use(folder: str | Path) -> Used:
    """The language model in a folder, ready to be called:

        translate = trasunto.use("translator")
        translate("Where is the station?")            # "¿Dónde está la estación?"
        trasunto.use("filter")("You won a prize!")    # {"label": "spam", "probability": 0.98, "probabilities": {…}}

    Raises ModelError when the folder holds no language model.
    """
    model = load_language_model(folder)
    return Used("classification" if isinstance(model, Classifier) else model.task, model)
