"""Which columns of a table a language model writes, and what it is told first; written text back as columns.

A prompt names the label ("spam:"), and other columns that a text is written to in brackets ("spam (length is long):").
Several texts of a row stand under their columns' names, a line break before each ("question: ...\\nanswer: ...").
Rows without a text column are written as text themselves ("age is 63; sex is male"; after Borisov et al. 2023,
"Language models are realistic tabular data generators", section 3).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Any

import polars as pl

from trasunto.data.dataset import Table
from trasunto.data.dialogues import Turn, messages, transcript, turns_of
from trasunto.data.schema import Column, Role, Schema, TableSchema
from trasunto.data.written import parse
from trasunto.encoders.lines import Lines
from trasunto.errors import DataError, FitError, near
from trasunto.language.finetune import Prompted

KINDS = ("labelled", "text", "dialogue", "question-answer", "translation", "instruction", "rows")
# A text says something when it holds anything but blanks, as Python strips them.
SAID = r"[^\s\x1c-\x1f]"
# Kinds whose texts only make sense together.
PAIRS = ("question-answer", "translation", "instruction")
ROLES: tuple[Role, ...] = ("prompt", "response", "source", "translation")
# Columns beside the label that a text is written to when nothing is said: more would make long prompts.
MOST_CONDITIONS = 8
# Speakers that are roles; more are names of people.
MOST_SPEAKERS = 8
# Numbers in a prompt have so many digits that count.
DIGITS = 4


@dataclass(frozen=True)
class Layout:
    """Texts of a table as a language model is shown them.

    kind: one of `KINDS`. texts: the columns that are written, in order. conditions: the columns a text is written to,
    the label first. label: the column that labels a text, when there is one. columns: the schema of all these.
    follows: (role, role of the next turn) that a dialogue may have, "" before it and after it; () for any. whole: texts
    that must be there. lines: texts that may hold no line break.
    """

    kind: str
    texts: tuple[str, ...]
    conditions: tuple[str, ...]
    label: str | None
    columns: TableSchema
    follows: tuple[tuple[str, str], ...] = ()
    whole: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()

    def held(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows that hold what is to be learnt: any text, or all that a pair needs."""
        if self.kind == "rows":
            return rows.filter(pl.any_horizontal(pl.col(name).is_not_null() for name in self.texts))
        there = [pl.col(name).str.contains(SAID).fill_null(False) for name in self._needed]
        return rows.filter(pl.all_horizontal(there) if self.kind in PAIRS else pl.any_horizontal(there))

    def labels(self, rows: pl.DataFrame) -> list[str]:
        """The label of each row as text; "" without a label column, and for a missing one."""
        if self.label is None:
            return [""] * len(rows)
        return rows[self.label].cast(pl.String).fill_null("").to_list()

    def prompts(self, rows: pl.DataFrame) -> list[str]:
        """What stands before the text of each row. rows: need the conditions alone."""
        others = tuple(name for name in self.conditions if name != self.label)
        told = [f" ({line})" if line else "" for line in self._lines(others, rows, rounded=True)]
        heads = [f"{label}{more}" for label, more in zip(self.labels(rows), told, strict=True)]
        if len(self.texts) > 1 and self.kind != "rows":
            return [f"{head.strip()}\n{self.texts[0]}:" if head else f"{self.texts[0]}:" for head in heads]
        usual = {"dialogue": "dialogue", "rows": "row"}.get(self.kind, "text")
        return [f"{head if head[:1] not in ('', ' ') else usual + head}:" for head in heads]

    def prompted(self, rows: pl.DataFrame) -> list[Prompted]:
        """What a model learns of each row. rows: as `held` leaves them."""
        return [Prompted(*each) for each in zip(self.prompts(rows), self.written(rows), strict=True)]

    def written(self, rows: pl.DataFrame) -> list[str]:
        """The text of each row, after its prompt. DataError for a dialogue that cannot be read."""
        if self.kind == "rows":
            return [f" {line}" for line in self._lines(self.texts, rows)]
        if self.kind == "dialogue":
            return [f"\n{transcript(turns_of(text))}" for text in rows[self.texts[0]].to_list()]
        return [self._parts(row) for row in rows.select(self.texts).iter_rows()]

    def begun(self, rows: pl.DataFrame, given: Sequence[str]) -> list[str]:
        """What the text of each row begins with, up to where the next column is to be written.

        given: the first of several texts, which are there. FitError when they are not the first, or all of them.
        """
        count = len(given)
        if self.kind == "rows" or not 0 < count < len(self.texts) or set(given) != set(self.texts[:count]):
            raise FitError(
                f"Texts of {', '.join(map(repr, given))} cannot be gone on with: {', '.join(self.texts)} are "
                "written in this order.",
                "Give the first of them, and leave one or more to write.",
            )
        first = rows.select(self.texts[:count])
        return [f"{self._parts(row)}\n{self.texts[count]}:" for row in first.iter_rows()]

    def read(self, written: str) -> dict[str, str] | None:
        """The columns of a text that a model wrote; one that is missing there is left out. None when the text is not
        of the form: no dialogue, half a pair, a text that must be there or be one line and is not, a row with a column
        twice or a value that is none of its column."""
        if self.kind == "rows":
            return self._row(written.strip())
        if self.kind == "dialogue":
            return self._dialogue(written.strip())
        parts = self._split(written.strip())
        needed = (*self.whole, *(self._needed if self.kind in PAIRS else ()))
        if not parts or any(name not in parts for name in needed):
            return None
        if any("\n" in parts.get(name, "") for name in self.lines):
            return None
        return parts

    def frame(self, read: Sequence[dict[str, str]]) -> pl.DataFrame:
        """The written columns of texts that `read` has read, in the types that a table holds them in."""
        made = []
        for name in self.texts:
            column = self.columns[name]
            values = pl.Series(name, [each.get(name) for each in read], dtype=pl.String)
            made.append(parse(values, column) if self.kind == "rows" else values)
        return pl.DataFrame(made)

    def to_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "texts": list(self.texts),
            "conditions": list(self.conditions),
            "label": self.label,
            "columns": Schema({"rows": self.columns}).to_dict(),
            "follows": [list(each) for each in self.follows],
            "whole": list(self.whole),
            "lines": list(self.lines),
        }

    @staticmethod
    def from_dict(document: dict[str, Any]) -> Layout:
        texts, conditions = tuple(document["texts"]), tuple(document["conditions"])
        columns = Schema.from_dict(document["columns"]).only
        follows = tuple((one, next_one) for one, next_one in document["follows"])
        whole, lines = tuple(document["whole"]), tuple(document["lines"])
        return Layout(document["kind"], texts, conditions, document["label"], columns, follows, whole, lines)

    @property
    def _needed(self) -> tuple[str, ...]:
        """The texts of a pair that must be there: the first and the last; every text of other kinds."""
        return (self.texts[0], self.texts[-1]) if self.kind in PAIRS else self.texts

    def _lines(self, names: tuple[str, ...], rows: pl.DataFrame, rounded: bool = False) -> list[str]:
        if not names:
            return [""] * len(rows)
        part = rows.select(names)
        if rounded:
            part = part.with_columns(pl.col(pl.Float64).round_sig_figs(DIGITS))
        schema = TableSchema(tuple(self.columns[name] for name in names))
        return Lines(schema, names, {}, {}).encode(Table(schema, part))

    def _parts(self, row: Sequence[str | None]) -> str:
        """The texts of a row: the first as it is, the others under their names."""
        said = f" {self._safe(row[0])}"
        for name, text in zip(self.texts[1 : len(row)], row[1:], strict=True):
            said += f"\n{name}: {self._safe(text)}" if text and text.strip() else ""
        return said

    def _safe(self, text: str | None) -> str:
        """A text in which no line begins as another column does."""
        bare = (text or "").strip() if len(self.texts) > 1 else text or ""
        for name in self.texts[1:]:
            bare = bare.replace(f"\n{name}:", f"\n {name}:")
        return bare

    def _split(self, written: str) -> dict[str, str]:
        """Texts by column: each one ends where a later column begins."""
        if len(self.texts) == 1:
            return {self.texts[0]: written} if written else {}
        marks = "|".join(re.escape(name) for name in self.texts[1:])
        first, *rest = re.split(rf"(?:^|\n)({marks}):(?: |$|(?=\n))", written)
        found = {self.texts[0]: first.strip()}
        for name, text in zip(rest[::2], rest[1::2], strict=True):
            if name in found:
                return {}
            found[name] = text.strip()
        order = [self.texts.index(name) for name in found]
        return {name: text for name, text in found.items() if text} if order == sorted(order) else {}

    def _dialogue(self, written: str) -> dict[str, str] | None:
        try:
            turns = turns_of(written)
        except DataError:
            return None
        if not turns or not all(turn.content for turn in turns):
            return None
        if self.follows and not set(_follows(turns)) <= set(self.follows):
            return None
        return {self.texts[0]: messages(turns)}

    def _row(self, written: str) -> dict[str, str] | None:
        """The values of a row as text; None unless each is of its column and none is missing that must be there."""
        schema = TableSchema(tuple(self.columns[name] for name in self.texts))
        found = Lines(schema, self.texts, {}, {}).parts(written)
        if not found or any(name not in found and not schema[name].nullable for name in self.texts):
            return None
        return found if all(_fits(schema[name], value) for name, value in found.items()) else None


def layout_of(schema: TableSchema, *, kind: str | None = None, conditions: Sequence[str] | None = None) -> Layout:
    """The layout of a table, by the kinds and roles of its columns.

    prompt and response make a question-answer pair, with a source or a further text an instruction with its input;
    source and translation a translation pair; a column of messages is a dialogue; other texts are labelled or plain
    text; without any text the rows are written. kind: says it instead; a pair without roles is then made of the text
    columns in order. conditions: columns that a text is written to beside the label; up to eight categories, booleans
    and numbers when None (rows: none). Raises FitError for an unknown kind or column, and for texts that do not make
    up the kind.
    """
    if kind is not None and kind not in KINDS:
        raise FitError(f"There is no kind of text {kind!r}.", near(kind, KINDS))
    kind, texts = _texts(schema, kind)
    label = _label(schema, texts, kind)
    others = [c for c in schema.columns if c.name != label and (kind == "rows" or c.name not in texts)]
    if conditions is None:
        plain = [c.name for c in others if c.kind in ("category", "boolean", "integer", "number")]
        chosen = tuple(plain[:MOST_CONDITIONS]) if kind != "rows" else ()
    else:
        chosen = tuple(name for name in conditions if name != label)
        strange = [name for name in chosen if name not in {c.name for c in others}]
        if strange:
            what = "is written itself" if strange[0] in texts else "is not there"
            raise FitError(
                f"No text can be written to column {strange[0]!r}: it {what}.",
                near(strange[0], [c.name for c in others]),
            )
    named = (label, *chosen) if label is not None else chosen
    written = tuple(name for name in texts if name not in named)
    if not written:
        raise FitError("No column is left to write.", "Write to fewer columns.")
    kind = "labelled" if kind == "text" and label is not None else kind
    return Layout(kind, written, named, label, TableSchema(tuple(schema[name] for name in (*named, *written))))


def texts_of(
    schema: TableSchema, method: str, *, kind: str | None = None, conditions: Sequence[str] | None = None
) -> Layout:
    """The layout of a table for a method that writes texts: rows only where `kind` says so. Raises FitError as
    `layout_of` does, and for a table without a text."""
    layout = layout_of(schema, kind=kind, conditions=conditions)
    if layout.kind == "rows" and kind is None:
        raise FitError(
            f"{method} writes free text, and the table has no column of it.",
            "Set a column's kind to text in the schema (data.text in a recipe), pick a method for tables (auto), or "
            "set kind to rows to have whole rows written by a method that can.",
        )
    return layout


def closed(layout: Layout, rows: pl.DataFrame) -> Layout:
    """The layout in which what is read keeps to what `rows` hold: rows to their categories and between their lowest and
    highest numbers, where none are declared; dialogues to who speaks first, last and after whom, where there are few
    speakers; texts to being there, and several of them to one line, where all of `rows` do.

    It tells of the rows: a private method leaves it. DataError for a dialogue that cannot be read.
    """
    if layout.kind == "dialogue":
        found = {each for text in rows[layout.texts[0]].to_list() for each in _follows(turns_of(text))}
        spoken = {role for each in found for role in each} - {""}
        return replace(layout, follows=tuple(sorted(found)) if len(spoken) <= MOST_SPEAKERS else ())
    if layout.kind != "rows":
        texts = {name: rows[name].str.strip_chars() for name in layout.texts}
        whole = tuple(name for name, each in texts.items() if each.str.contains(SAID).fill_null(False).all())
        lines = tuple(name for name, each in texts.items() if not each.str.contains("\n").any())
        # Among several texts a line may be meant for another one; a text alone is none the worse for it.
        return replace(layout, whole=whole, lines=lines if len(texts) > 1 else ())
    columns = []
    for column in layout.columns.columns:
        values = rows[column.name].drop_nulls()
        if column.kind == "category" and column.categories is None:
            column = replace(column, categories=tuple(values.unique().sort().cast(pl.String).to_list()))
        elif column.kind in ("integer", "number") and column.bounds is None and len(values):
            column = replace(column, bounds=(float(values.min()), float(values.max())))  # type: ignore[arg-type]
        columns.append(replace(column, nullable=rows[column.name].null_count() > 0))
    return replace(layout, columns=TableSchema(tuple(columns)))


def _follows(turns: Sequence[Turn]) -> list[tuple[str, str]]:
    """Who speaks after whom; "" before the first turn and after the last."""
    roles = ["", *(turn.role for turn in turns), ""]
    return list(pairwise(roles))


def _texts(schema: TableSchema, kind: str | None) -> tuple[str, tuple[str, ...]]:
    """The kind and the columns that are written."""
    texts = tuple(c.name for c in schema.of_kind("text") if c.role not in ("label", "target"))
    role: dict[str, str] = {name: schema.of_role(name)[0].name for name in ROLES if schema.of_role(name)}
    if kind is None:
        kind = _kind(schema, texts, role)
    if kind == "rows":
        return kind, tuple(c.name for c in schema.columns if c.kind != "id")
    paired = {
        "translation": ("source", "translation"),
        "question-answer": ("prompt", "response"),
        "instruction": ("prompt", "source", "response"),
    }.get(kind, ())
    if paired and role.get(paired[0]) and role.get(paired[-1]):
        between = [role[paired[1]]] if len(paired) == 3 and paired[1] in role else []
        ends = (role[paired[0]], role[paired[-1]])
        if len(paired) == 3 and not between:
            between = [name for name in texts if name not in ends][:1]
        return kind, (ends[0], *between, ends[1])
    least, most = {"instruction": (2, 3), "question-answer": (2, 2), "translation": (2, 2), "dialogue": (1, 1)}.get(
        kind, (1, len(texts))
    )
    if not least <= len(texts) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        raise FitError(
            f"A {kind} takes {wanted} columns of free text and the table has {len(texts)}: "
            f"{', '.join(texts) or 'none'}.",
            "Give columns their roles (prompt, response, source, translation) or their kind in the schema.",
        )
    return kind, texts


def _kind(schema: TableSchema, texts: tuple[str, ...], role: dict[str, str]) -> str:
    if "prompt" in role and "response" in role:
        more = "source" in role or any(name not in (role["prompt"], role["response"]) for name in texts)
        return "instruction" if more else "question-answer"
    if "source" in role and "translation" in role:
        return "translation"
    if not texts:
        return "rows"
    return "dialogue" if len(texts) == 1 and schema[texts[0]].format.messages else "text"


def _label(schema: TableSchema, texts: tuple[str, ...], kind: str) -> str | None:
    """The column of that role; without one the only category or boolean, unless rows are written."""
    named = [*schema.of_role("label"), *schema.of_role("target")]
    if named:
        return named[0].name
    classes = [c.name for c in schema.of_kind("category", "boolean") if c.name not in texts]
    return classes[0] if kind != "rows" and len(classes) == 1 else None


@lru_cache(maxsize=65_536)
def _fits(column: Column, value: str) -> bool:
    """Whether a text is a value of a column, and one of those it may take."""
    if column.kind == "category" and column.categories is not None:
        return value in column.categories
    read = parse(pl.Series([value], dtype=pl.String), column)[0]
    if read is None or column.bounds is None or column.kind not in ("integer", "number"):
        return read is not None
    low, high = map(float, column.bounds)
    return low <= read <= high
