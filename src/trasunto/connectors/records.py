"""JSON records: read line by line when a fast reader gives up, and dialogues as the nested JSON that others expect."""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from trasunto.data.dataset import Table
from trasunto.data.dialogues import is_plain, turns_of
from trasunto.errors import FileError

MESSAGES = pl.List(pl.Struct({"role": pl.String, "content": pl.String}))


def records_in(text: str, name: str) -> list[dict[str, Any]]:
    """The objects of a JSON list, or of JSON lines. FileError naming the line that holds none."""
    if text.lstrip().startswith("["):
        try:
            found = json.loads(text)
        except ValueError as error:
            raise FileError(
                f"{name} is no JSON list: {error}.",
                "Give one list of objects, or one object a line from the first line on.",
            ) from error
        numbered = list(enumerate(found, start=1))
        where = "record"
    else:
        numbered = []
        where = "line"
        for number, line in enumerate(text.split("\n"), start=1):
            if not line.strip():
                continue
            try:
                numbered.append((number, json.loads(line)))
            except ValueError as error:
                raise FileError(f"{name}, line {number}, is no JSON: {error}.", "Mend or remove that line.") from error
    for number, record in numbered:
        if not isinstance(record, dict):
            raise FileError(f"{name}, {where} {number}, is no JSON object.", "Write one object a line.")
    return [record for _, record in numbered]


def flat(records: list[dict[str, Any]]) -> pl.DataFrame:
    """Records as a frame of plain values; an object or a list of objects stays JSON text."""
    names = list(dict.fromkeys(key for record in records for key in record))
    columns = []
    for name in names:
        values = [record.get(name) for record in records]
        if all(value is None or isinstance(value, list) for value in values) and not any(map(_has_objects, values)):
            columns.append(pl.Series(name, values, strict=False))
            continue
        plain = [json.dumps(v, ensure_ascii=False) if isinstance(v, list | dict) else v for v in values]
        kinds = {type(value) for value in plain if value is not None}
        mixed = len(kinds) > 1 and not kinds <= {int, float}
        texts = [value if value is None or isinstance(value, str) else json.dumps(value) for value in plain]
        columns.append(pl.Series(name, texts if mixed else plain, strict=False))
    return pl.DataFrame(columns)


def _has_objects(value: list[Any] | None) -> bool:
    return value is not None and any(isinstance(each, dict) for each in value)


def nested(table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame, its columns of messages as lists of {"role", "content"}.

    A column stays text when a cell is no dialogue or a message holds more than role and content.
    """
    names = [c.name for c in table.schema.columns if c.format.messages]
    plain = [name for name in names if all(map(is_plain, table.rows[name].drop_nulls().to_list()))]
    lists = [pl.Series(name, [_nested(cell) for cell in table.rows[name].to_list()], dtype=MESSAGES) for name in plain]
    return frame.with_columns(lists) if lists else frame


def _nested(cell: str | None) -> list[dict[str, str]] | None:
    return None if cell is None else [{"role": turn.role, "content": turn.content} for turn in turns_of(cell)]
