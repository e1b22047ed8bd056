"""A trained language model as a function: text in, plain values out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

from trasunto.data.dataset import Dataset
from trasunto.data.dialogues import Turn
from trasunto.errors import DataError, ModelError
from trasunto.language.classify import Classifier
from trasunto.language.tasks.responder import Responder
from trasunto.language.tasks.stored import kind_of, load_language_model
from trasunto.progress import Progress, quiet


@dataclass(frozen=True)
class Used:
    """A model that is called with texts. task: "classification", "answering", "translation", "chat", "generation"."""

    task: str
    model: Classifier | Responder

    @property
    def label(self) -> str | None:
        """The column that a classifier tells; None for a model that writes."""
        return self.model.label if isinstance(self.model, Classifier) else None

    @overload
    def __call__(self, text: str, *, progress: Progress = quiet) -> Any: ...

    @overload
    def __call__(self, text: Sequence[str], *, progress: Progress = quiet) -> list[Any]: ...

    def __call__(self, text: str | Sequence[str], *, progress: Progress = quiet) -> Any:
        """For one text one value, for a list of texts a list.

        A classifier gives {"label", "probability", "probabilities"}; a translator, an answerer and a writer a string.
        """
        texts = [text] if isinstance(text, str) else list(text)
        values = self._values(texts, progress) if texts else []
        return values[0] if isinstance(text, str) else values

    def of_rows(self, dataset: Dataset) -> list[Any]:
        """A value for each row of a table: its text column, or the row as text where the model reads rows.

        Raises DataError for columns that are not there.
        """
        table = dataset.only
        if isinstance(self.model, Classifier) and self.model.lines is not None:
            lost = [name for name in self.model.lines.columns if name not in table.schema]
            if lost:
                raise DataError(f"The rows lack the columns {lost} that the model reads.", "Give the same columns.")
            return self(self.model.lines.encode(table))
        wanted = self.model.text if isinstance(self.model, Classifier) else None
        names = [each.name for each in table.schema.of_kind("text")]
        column = wanted if wanted in table.schema.names else names[0] if len(names) == 1 else None
        if column is None:
            raise DataError(
                f"Which column holds the texts? These could: {', '.join(names) or 'none'}.",
                f"Call it {wanted!r}." if wanted else "Give one column of text.",
            )
        return self([str(each or "") for each in table.rows[column].to_list()])

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

    def _values(self, texts: list[str], progress: Progress) -> list[Any]:
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
        return list(self.model.answer(texts, progress=progress))


def expect(folder: str | Path, tasks: Sequence[str], verb: str) -> Used:
    """The model in a folder, which must be one for these tasks. ModelError that says what it is and what suits it.

    verb: what is asked of it ("translate").
    """
    kind = kind_of(folder)
    task = "classification" if kind == "classifier" else kind
    if task not in tasks:
        command = {"classification": "classify", "translation": "translate"}.get(task, "chat")
        raise ModelError(f"{folder} holds a model for {task}; it does not {verb}.", f"Use: trasunto {command} {folder}")
    return use(folder)


def use(folder: str | Path) -> Used:
    """The language model in a folder, ready to be called:

        translate = trasunto.use("translator")
        translate("Where is the station?")            # "¿Dónde está la estación?"
        trasunto.use("filter")("You won a prize!")    # {"label": "spam", "probability": 0.98, "probabilities": {…}}

    Raises ModelError when the folder holds no language model.
    """
    model = load_language_model(folder)
    return Used("classification" if isinstance(model, Classifier) else model.task, model)
