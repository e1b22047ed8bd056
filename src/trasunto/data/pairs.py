"""Columns whose names say that their texts belong together: instructions, questions and answers, translations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from trasunto.data.schema import Column, Role

# Names (in lower case) that give the roles; the first set that a table has all of counts.
PAIRS: tuple[tuple[tuple[str, Role], ...], ...] = (
    (("instruction", "prompt"), ("output", "response")),
    (("instruction", "prompt"), ("response", "response")),
    (("instrucción", "prompt"), ("respuesta", "response")),
    (("question", "prompt"), ("answer", "response")),
    (("pregunta", "prompt"), ("respuesta", "response")),
    (("prompt", "prompt"), ("response", "response")),
    (("prompt", "prompt"), ("completion", "response")),
    (("query", "prompt"), ("response", "response")),
    (("source", "source"), ("translation", "translation")),
    (("english", "source"), ("spanish", "translation")),
    (("inglés", "source"), ("español", "translation")),
)
# The context an instruction comes with, when it is there.
INPUTS = ("input", "context", "entrada", "contexto")
LANGUAGES = frozenset(["ca", "de", "en", "es", "eu", "fr", "gl", "it", "ja", "ko", "nl", "pl", "pt", "ro", "ru", "zh"])
# Texts that repeat more than five times each are classes ("yes", "no"), not answers.
LEAST_DISTINCT = 0.2


def paired(columns: Sequence[Column], rows: pl.DataFrame) -> list[Column]:
    """The columns, with kind text and their roles where names say that two belong together and the values are texts."""
    by_name = {column.name.lower(): column for column in columns}
    found = _found(by_name, rows)
    if not found:
        return list(columns)
    if "instruction" in found or "instrucción" in found:
        inputs = next((name for name in INPUTS if name in by_name and by_name[name].role is None), None)
        if inputs and rows[by_name[inputs].name].dtype == pl.String:
            found[inputs] = "source"
    why = "The names say that these texts belong together."
    return [
        replace(column, kind="text", role=found[column.name.lower()], reason=why)
        if column.name.lower() in found
        else column
        for column in columns
    ]


def _found(by_name: dict[str, Column], rows: pl.DataFrame) -> dict[str, Role]:
    for pair in PAIRS:
        if all(name in by_name and _is_text(by_name[name], rows) for name, _ in pair):
            return dict(pair)
    tongues = [name for name, column in by_name.items() if name in LANGUAGES and _is_text(column, rows)]
    return {tongues[0]: "source", tongues[1]: "translation"} if len(tongues) == 2 else {}


def _is_text(column: Column, rows: pl.DataFrame) -> bool:
    values = rows[column.name].drop_nulls()
    if values.dtype != pl.String or values.is_empty() or column.format.messages or column.format.nested:
        return False
    return column.kind == "text" or values.n_unique() >= LEAST_DISTINCT * len(values)
