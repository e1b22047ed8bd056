"""Texts for training chat models, in the forms that trainers read: messages, ShareGPT, ChatML, Alpaca, questions.

The form stands before the path: `messages:train.jsonl`, `sharegpt:`, `chatml:`, `alpaca:`, `question-answer:`. Any
table of dialogues, pairs, translations or labelled texts is written in any of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from trasunto.connectors.address import open_source
from trasunto.connectors.delimited import decode
from trasunto.connectors.files import content_of, dataset_of, deliver, stored, suffix_of, typed_for_json
from trasunto.connectors.records import MESSAGES, flat, records_in
from trasunto.data.dataset import Dataset, Table
from trasunto.data.dialogues import Turn, chatml, messages, turns_of
from trasunto.data.schema import Schema, TableSchema
from trasunto.errors import DataError, EmptyDataError, FileError
from trasunto.writing import aside, write_text

_END = "<|im_end|>"


@dataclass(frozen=True)
class Messages:
    """A record a dialogue, its turns under `messages` as {"role", "content"}: the form of OpenAI."""

    path: Path

    def read(self, *, rows: int | None = None, schema: Schema | None = None) -> Dataset:
        return _read(self.path, rows, schema)

    def write(self, dataset: Dataset) -> None:
        said = [[{"role": turn.role, "content": turn.content} for turn in each] for each in exchanges(dataset.only)]
        _write(self.path, dataset, pl.DataFrame({"messages": pl.Series(said, dtype=MESSAGES)}))


@dataclass(frozen=True)
class ShareGpt:
    """A record a dialogue, its turns under `conversations` as {"from", "value"}: human, gpt, system."""

    path: Path

    def read(self, *, rows: int | None = None, schema: Schema | None = None) -> Dataset:
        return _read(self.path, rows, schema)

    def write(self, dataset: Dataset) -> None:
        names = {"user": "human", "assistant": "gpt"}
        said = [
            [{"from": names.get(turn.role, turn.role), "value": turn.content} for turn in each]
            for each in exchanges(dataset.only)
        ]
        _write(self.path, dataset, pl.DataFrame({"conversations": said}))


@dataclass(frozen=True)
class ChatMl:
    """Dialogues as text with the marks <|im_start|> and <|im_end|>: a .txt file, a blank line between dialogues; or
    records with the marked text under `text`."""

    path: Path

    def read(self, *, rows: int | None = None, schema: Schema | None = None) -> Dataset:
        if suffix_of(self.path) != ".txt":
            return _read(self.path, rows, schema)
        text = decode(content_of(self.path), self.path.name).strip()
        if not text:
            raise EmptyDataError(f"{self.path.name} is empty.", "Give at least one dialogue.")
        if not text.startswith("<|im_start|>"):
            raise FileError(f"{self.path.name} does not begin with <|im_start|>.", "Is it ChatML?")
        cells = [messages(turns_of(part)) for part in _dialogues(text.replace("\r\n", "\n"))]
        return dataset_of(pl.DataFrame({"messages": cells}), self.path, rows, schema)

    def write(self, dataset: Dataset) -> None:
        texts = [chatml(each) for each in exchanges(dataset.only)]
        if suffix_of(self.path) == ".txt":
            write_text(self.path, "\n\n".join(texts) + "\n")
        else:
            _write(self.path, dataset, pl.DataFrame({"text": texts}))


@dataclass(frozen=True)
class Alpaca:
    """A record an instruction: `instruction`, `input`, `output`; `system` and `history` where a dialogue has them."""

    path: Path

    def read(self, *, rows: int | None = None, schema: Schema | None = None) -> Dataset:
        if suffix_of(self.path) in (".json", ".jsonl", ".ndjson") and schema is None:
            records = records_in(decode(content_of(self.path), self.path.name), self.path.name)
            if any(record.get("history") or record.get("system") for record in records):
                records = [_joined(record) for record in records]
            kept = [{k: v for k, v in each.items() if k not in ("history", "system")} for each in records]
            dataset = dataset_of(flat(kept), self.path, rows, None)
            _names(dataset.only.schema)
            return dataset
        return _read(self.path, rows, schema)

    def write(self, dataset: Dataset) -> None:
        table = dataset.only
        roles = _roles(table.schema)
        if "source" in roles and "prompt" in roles:
            texts = {key: table.rows[roles[role]].fill_null("") for key, role in _ALPACA.items()}
            _write(self.path, dataset, pl.DataFrame(texts))
            return
        records = [_alpaca(turns, place) for place, turns in enumerate(exchanges(table), start=1)]
        for key in ("system", "history"):
            if not any(record[key] for record in records):
                records = [{k: v for k, v in record.items() if k != key} for record in records]
        _write(self.path, dataset, pl.DataFrame(records, infer_schema_length=None))


@dataclass(frozen=True)
class QuestionAnswer:
    """A record a pair: `question` and `answer`."""

    path: Path

    def read(self, *, rows: int | None = None, schema: Schema | None = None) -> Dataset:
        return _read(self.path, rows, schema)

    def write(self, dataset: Dataset) -> None:
        pairs = []
        for place, turns in enumerate(exchanges(dataset.only), start=1):
            said = _alpaca(turns, place)
            if said["history"]:
                raise DataError(
                    f"Row {place} is a dialogue of {len(turns)} turns, no question and answer.",
                    "Write messages: instead.",
                )
            pairs.append({"question": said["instruction"], "answer": said["output"]})
        _write(self.path, dataset, pl.DataFrame(pairs))


_ALPACA = {"instruction": "prompt", "input": "source", "output": "response"}


def exchanges(table: Table) -> list[tuple[Turn, ...]]:
    """Each row as turns: a dialogue as it is; a prompt (with its source, a blank line between) and its response; a
    sentence and its translation; a text and its label. DataError when the table has none of these, or a row half."""
    names, roles = _names(table.schema), _roles(table.schema)
    if len(names) == 1:
        return [turns_of(_there(cell, names[0], row)) for row, cell in enumerate(table.rows[names[0]].to_list(), 1)]
    asked = [names[0], *([roles["source"]] if "prompt" in roles and "source" in roles else [])]
    made: list[tuple[Turn, ...]] = []
    for row, cells in enumerate(table.rows.select(*asked, names[1]).cast(pl.String).iter_rows(), start=1):
        _there(cells[0], names[0], row)
        said = "\n\n".join(cell for cell in cells[:-1] if cell)
        made.append((Turn("user", said), Turn("assistant", _there(cells[-1], names[1], row))))
    return made


def _dialogues(text: str) -> list[str]:
    """ChatML text cut where a dialogue ends: at an empty line behind an end mark, and before a system turn."""
    found: list[str] = []
    for piece in text.split(_END):
        bare = piece.lstrip()
        if not bare:
            continue
        fresh = "\n\n" in piece[: len(piece) - len(bare)].replace(" ", "") or bare.startswith("<|im_start|>system\n")
        if fresh or not found:
            found.append("")
        found[-1] += f"{bare}{_END}\n"
    return found


def _names(schema: TableSchema) -> tuple[str, ...]:
    """The column of dialogues, or the two that make up an exchange."""
    held = [column.name for column in schema.columns if column.format.messages]
    if len(held) == 1:
        return (held[0],)
    roles = _roles(schema)
    for one, other in (("prompt", "response"), ("source", "translation")):
        if one in roles and other in roles:
            return roles[one], roles[other]
    texts = [c.name for c in schema.of_kind("text")]
    classes = [c.name for c in (*schema.of_role("label"), *schema.of_role("target"))]
    classes = classes or [c.name for c in schema.of_kind("category", "boolean")]
    if len(texts) == 1 and len(classes) == 1:
        return texts[0], classes[0]
    raise DataError(
        f"These rows are no dialogues, pairs or labelled texts; the columns are {', '.join(schema.names)}.",
        "Give columns their roles in the schema: prompt and response, source and translation, or label.",
    )


def _roles(schema: TableSchema) -> dict[str, str]:
    """Role → column."""
    return {str(column.role): column.name for column in reversed(schema.columns) if column.role}


def _there(cell: Any, name: str, row: int) -> str:
    if cell is None or not str(cell).strip():
        raise DataError(f"Row {row} has nothing in column {name!r}.", "Leave out rows that are not whole.")
    return str(cell)


def _alpaca(turns: tuple[Turn, ...], row: int) -> dict[str, Any]:
    """The last exchange as instruction and output, what came before as system and history."""
    system = [turn.content for turn in turns if turn.role in ("system", "developer")]
    said = [turn for turn in turns if turn.role not in ("system", "developer")]
    asked, answered = said[::2], said[1::2]
    regular = (
        said
        and len(said) % 2 == 0
        and all(turn.role == asked[0].role for turn in asked)
        and all(turn.role == answered[0].role != asked[0].role for turn in answered)
    )
    if not regular:
        spoken = ", ".join(turn.role for turn in turns[:8])
        raise DataError(
            f"Row {row} does not go question, answer, question, answer: {spoken}.",
            "Write messages: instead, which holds any dialogue.",
        )
    history = [[one.content, other.content] for one, other in zip(asked[:-1], answered[:-1], strict=True)]
    return {
        "instruction": asked[-1].content,
        "input": "",
        "output": answered[-1].content,
        "system": "\n".join(system),
        "history": history,
    }


def _joined(record: dict[str, Any]) -> dict[str, Any]:
    """An Alpaca record with system or history as one dialogue."""
    used = ("instruction", "input", "output", "response", "system", "history")
    asked = "\n\n".join(str(record[key]) for key in ("instruction", "input") if record.get(key))
    turns = [Turn("system", str(record["system"]))] if record.get("system") else []
    for one, other in record.get("history") or []:
        turns += [Turn("user", str(one)), Turn("assistant", str(other))]
    turns += [Turn("user", asked), Turn("assistant", str(record.get("output", record.get("response", ""))))]
    return {"messages": messages(turns), **{key: value for key, value in record.items() if key not in used}}


def _read(path: Path, rows: int | None, schema: Schema | None) -> Dataset:
    """Records whose form says itself: by their keys, or by what their texts look like."""
    dataset = open_source(path).read(rows=rows, schema=schema)
    _names(dataset.only.schema)
    return dataset


def _write(path: Path, dataset: Dataset, texts: pl.DataFrame) -> None:
    """Texts in their form beside the columns that they were not made of."""
    table = dataset.only
    used = {*_names(table.schema), *(c.name for c in table.schema.of_role("source")), *texts.columns}
    others = [column for column in table.schema.columns if column.name not in used]
    rest = Table(TableSchema(tuple(others)), table.rows.select(column.name for column in others))
    suffix = suffix_of(path)
    if suffix in (".parquet", ".pq"):
        with aside(path) as place:
            (pl.concat([texts, stored(rest)], how="horizontal") if others else texts).write_parquet(place)
        return
    if suffix not in (".json", ".jsonl", ".ndjson"):
        raise FileError(
            f"{path.name}: training texts are written as JSON or Parquet, not {suffix!r}.",
            "Call it .jsonl, .json or .parquet.",
        )
    frame = pl.concat([texts, typed_for_json(rest)], how="horizontal") if others else texts
    text = frame.write_json() if suffix == ".json" else frame.write_ndjson()
    deliver(path, text.encode("utf-8"))
