"""Dialogues out of a dataset: questions and answers, translations and chats are turns that a model goes on from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from trasunto.data.dataset import Dataset
from trasunto.data.dialogues import Turn, turns_of
from trasunto.errors import DataError, EmptyDataError, FitError
from trasunto.language.corpus import clean
from trasunto.language.layouts import Layout, layout_of

# What of a dialogue is left out when it is shown to a model that reads one text: all but the last turns.
RECALLED = 3


@dataclass(frozen=True)
class Dialogues:
    """Dialogues side by side. turns: of "system", "user" and "assistant". labels: the intent of each, () without."""

    turns: tuple[tuple[Turn, ...], ...]
    labels: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.turns)

    def take(self, places: Sequence[int] | np.ndarray) -> Dialogues:
        """The dialogues at these places, in that order."""
        chosen = [int(place) for place in places]
        labels = tuple(self.labels[place] for place in chosen) if self.labels else ()
        return replace(self, turns=tuple(self.turns[place] for place in chosen), labels=labels)

    def draw(self, count: int, *, seed: int) -> Dialogues:
        """At most so many, by chance, in their order."""
        if count >= len(self):
            return self
        return self.take(np.sort(np.random.default_rng(seed).permutation(len(self))[:count]))

    def joined(self, other: Dialogues) -> Dialogues:
        labels = self.labels + other.labels if self.labels and other.labels else ()
        return Dialogues(self.turns + other.turns, labels)

    def without(self, test: Dialogues) -> tuple[Dialogues, int]:
        """The dialogues whose user says other things than any user of the test (case and white space aside), and how
        many were left out."""
        held = {_asked(each) for each in test.turns}
        kept = [place for place, each in enumerate(self.turns) if _asked(each) not in held]
        return self.take(kept), len(self) - len(kept)

    def sizes(self) -> np.ndarray:
        """(n,) characters of each."""
        return np.array([sum(len(turn.content) for turn in each) for each in self.turns])


@dataclass(frozen=True)
class Questions:
    """What is asked of a model: the turns before each answer, the answers that are right, the dialogue it is of."""

    before: tuple[tuple[Turn, ...], ...]
    right: tuple[tuple[str, ...], ...]
    groups: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.before)


def dialogues_of(dataset: Dataset, kind: str | None = None) -> Dialogues:
    """The dialogues of a table: a column of messages or transcripts, or pairs of prompt and answer.

    kind: as a layout names it ("translation"); by the roles of the columns when None. Rows without an answer are left
    out. Raises FitError for columns that make up no dialogue, EmptyDataError when nothing is left.
    """
    table = dataset.only
    layout = layout_of(table.schema, kind=kind, conditions=())
    if layout.kind not in ("dialogue", "question-answer", "translation", "instruction"):
        raise FitError(
            f"There are no dialogues in these columns: {', '.join(table.schema.names)}.",
            "Give two columns the roles prompt and response (or source and translation), or one column of messages.",
        )
    held = layout.held(table.rows)
    labels = layout.labels(held) if layout.label is not None else []
    read = _chats(held[layout.texts[0]].to_list()) if layout.kind == "dialogue" else _pairs(layout, held)
    kept = [place for place, each in enumerate(read) if any(turn.role == "assistant" for turn in each)]
    if not kept:
        raise EmptyDataError(f"Not one of {len(table)} rows holds a question and its answer.", "Check the columns.")
    return Dialogues(tuple(map(tuple, read)), tuple(labels)).take(kept)


def questions_of(dialogues: Dialogues, *, several: bool = False) -> Questions:
    """Every answer of an assistant, with what was said before it. several: equal questions become one, to which all
    their answers are right (as translations are)."""
    before: list[tuple[Turn, ...]] = []
    right: list[list[str]] = []
    groups: list[int] = []
    known: dict[tuple[Turn, ...], int] = {}
    for number, turns in enumerate(dialogues.turns):
        for place, turn in enumerate(turns):
            if turn.role != "assistant" or place == 0:
                continue
            asked = turns[:place]
            if several and asked in known:
                right[known[asked]].append(turn.content)
                continue
            known[asked] = len(before)
            before.append(asked)
            right.append([turn.content])
            groups.append(number)
    numbers = {group: new for new, group in enumerate(dict.fromkeys(groups))}
    return Questions(tuple(before), tuple(map(tuple, right)), tuple(numbers[each] for each in groups))


def shown(turns: Sequence[Turn]) -> str:
    """What was said before an answer as one text: the question itself, and of a longer talk the last turns."""
    last = [turn for turn in turns if turn.role != "system"][-RECALLED:]
    if len(last) == 1:
        return last[0].content
    return "\n".join(f"{turn.role}: {turn.content}" for turn in last)


def last_asked(turns: Sequence[Turn]) -> str:
    """What the user said last."""
    return next((turn.content for turn in reversed(turns) if turn.role == "user"), "")


def asked(text: str) -> tuple[Turn, ...]:
    """A single question as turns."""
    return (Turn("user", text),)


def _pairs(layout: Layout, rows: object) -> list[list[Turn]]:
    import polars as pl

    assert isinstance(rows, pl.DataFrame)
    found = []
    for row in rows.select(layout.texts).iter_rows():
        *questions, answer = (clean(each or "") for each in row)
        question = "\n".join(each for each in questions if each)
        found.append([Turn("user", question), Turn("assistant", answer)] if question and answer else [])
    return found


def _chats(cells: Sequence[str]) -> list[list[Turn]]:
    """The dialogues of cells, with the roles of a chat. DataError that names the row."""
    found = []
    for place, cell in enumerate(cells):
        try:
            turns = turns_of(cell)
        except DataError as error:
            raise DataError(f"Dialogue {place + 1}: {error.problem}", error.next_move) from error
        found.append([turn for turn in _as_chat(turns) if turn.content])
    return found


def _as_chat(turns: Sequence[Turn]) -> list[Turn]:
    """Where nobody is an assistant, the first speaker is the user and everybody else the assistant."""
    if any(turn.role == "assistant" for turn in turns):
        return [turn if turn.role in ("system", "assistant") else replace(turn, role="user") for turn in turns]
    first = next((turn.role for turn in turns if turn.role != "system"), "")
    return [
        turn if turn.role == "system" else replace(turn, role="user" if turn.role == first else "assistant")
        for turn in turns
    ]


def _asked(turns: Sequence[Turn]) -> str:
    return "\n".join(" ".join(turn.content.split()).casefold() for turn in turns if turn.role == "user")
