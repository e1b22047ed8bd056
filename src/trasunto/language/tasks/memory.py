"""The nearest question that is known, and its answer: a translation memory, an answer by retrieval. Of a talk, what
the user said last is the question.

Nothing is learnt, and no answer is new; for few examples, or answers that repeat, it is hard to beat.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from trasunto.data.dialogues import Turn
from trasunto.errors import ModelError
from trasunto.language.tasks.exchanges import Dialogues, last_asked, questions_of
from trasunto.progress import Progress, quiet

FILE = "memory.json"


@dataclass(frozen=True)
class Memory:
    """Questions and their answers. encoder: whose sentence vectors tell what is near; None compares character
    n-grams, in any language. index: of the questions."""

    questions: tuple[str, ...]
    answers: tuple[str, ...]
    encoder: str | None
    index: Any = field(default=None, repr=False)
    facts: dict[str, Any] = field(default_factory=dict)

    def answer(
        self, before: Sequence[Sequence[Turn]], *, longest: int = 128, seed: int = 0, progress: Progress = quiet
    ) -> list[str]:
        """The answer to the nearest question for each; as long as it is, whatever `longest` says."""
        return [self.answers[place] for place in self.nearest([last_asked(each) for each in before]).tolist()]

    def nearest(self, texts: Sequence[str]) -> np.ndarray:
        """(n,) places of the nearest questions; of equally near ones the first."""
        if not texts:
            return np.zeros(0, dtype=int)
        if self.encoder is not None:
            vectors = _vectors(self.encoder, texts)
            parts = [vectors[first : first + 512] @ self.index.T for first in range(0, len(vectors), 512)]
            return np.concatenate([part.argmax(axis=1) for part in parts])
        letters, table = self.index
        found = letters.transform(texts)
        return np.concatenate(
            [
                np.asarray((found[first : first + 512] @ table.T).toarray().argmax(axis=1))
                for first in range(0, len(texts), 512)
            ]
        )

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        document = {"encoder": self.encoder, "questions": list(self.questions), "answers": list(self.answers)}
        (folder / FILE).write_text(json.dumps(document, ensure_ascii=False, indent=0), encoding="utf-8")


def remember(dialogues: Dialogues, encoder: str | None) -> Memory:
    """The memory of every answer in the dialogues."""
    questions = questions_of(dialogues)
    texts = tuple(last_asked(each) for each in questions.before)
    return _indexed(texts, tuple(each[0] for each in questions.right), encoder)


def load_memory(folder: Path) -> Memory:
    """What `save` wrote. ModelError when it is broken."""
    try:
        document = json.loads((folder / FILE).read_text(encoding="utf-8"))
        texts, answers = tuple(document["questions"]), tuple(document["answers"])
        return _indexed(texts, answers, document["encoder"])
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"The memory in {folder} cannot be read: {error!r}.", "Train it again.") from error


def _indexed(texts: tuple[str, ...], answers: tuple[str, ...], encoder: str | None) -> Memory:
    index: Any
    if encoder is not None:
        index = _vectors(encoder, texts)
    else:
        from sklearn.feature_extraction.text import TfidfVectorizer

        letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True)
        index = (letters, letters.fit_transform(texts))
    facts = {
        "architecture": "nearest known question, by " + ("sentence vectors" if encoder else "character n-grams"),
        "base": encoder or "",
        "parameters": 0,
        "trained_parameters": 0,
        "examples": len(texts),
        "holds_training_texts": True,
    }
    return Memory(texts, answers, encoder, index, facts)


def _vectors(encoder: str, texts: Sequence[str]) -> np.ndarray:
    from trasunto.language.embed import load_embedder
    from trasunto.language.offline import find

    return load_embedder(find(encoder)).embed(texts)
