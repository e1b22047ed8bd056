"""The texts and labels of a table: which columns they are, and the same change made to every text of a row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from trasunto.data.dataset import Dataset, Table
from trasunto.data.dialogues import Turn, messages, turns_of
from trasunto.data.schema import Column
from trasunto.errors import DataError, near
from trasunto.metrics.words import WORD

# Names of a column of labels, where no role says which it is.
LABELS = frozenset(["label", "labels", "etiqueta", "target", "class", "clase", "intent", "sentiment", "sentimiento"])


@dataclass(frozen=True)
class Rows:
    """A table under preparation. texts: columns of text; label: the column of labels, when there is one."""

    table: Table
    texts: tuple[str, ...]
    label: str | None

    def __len__(self) -> int:
        return len(self.table)

    def take(self, places: Any) -> Rows:
        return replace(self, table=self.table.take(places))

    def joined(self) -> list[str]:
        """All texts of a row as one, a line break between; dialogues turn by turn."""
        columns = [[_plain(cell, self.is_dialogue(n)) for cell in self.table.rows[n].to_list()] for n in self.texts]
        return ["\n".join(each for each in cells if each) for cells in zip(*columns, strict=True)]

    def questions(self) -> list[str | None] | None:
        """What the text of each row answers or translates; None for a table without a prompt or a source."""
        asked = [c.name for role in ("prompt", "source") for c in self.table.schema.columns if c.role == role]
        return self.table.rows[asked[0]].to_list() if asked and len(self.texts) > 1 else None

    def labels(self) -> list[str | None]:
        if self.label is None:
            return [None] * len(self)
        return self.table.rows[self.label].cast(pl.String).to_list()

    def is_dialogue(self, name: str) -> bool:
        return self.table.schema[name].format.messages

    def changed(self, change: Callable[[str], str]) -> Rows:
        """Every text changed; an empty one becomes missing."""
        made = self.table.rows
        for name in self.texts:
            how = _by_turn(change) if self.is_dialogue(name) else change
            # Texts repeat (labels, templates): each is changed once.
            known = {cell: how(cell) or None for cell in set(made[name].drop_nulls().to_list())}
            cells = [None if cell is None else known[cell] for cell in made[name].to_list()]
            made = made.with_columns(pl.Series(name, cells, dtype=pl.String))
        return replace(self, table=_with_rows(self.table, made))

    def changed_at(self, places: Sequence[int], change: Callable[[str], str]) -> Rows:
        """The texts of these rows changed, one after the other."""
        made = self.table.rows
        for name in self.texts:
            how = _by_turn(change) if self.is_dialogue(name) else change
            cells = made[name].to_list()
            for place in places:
                cells[place] = None if cells[place] is None else how(cells[place])
            made = made.with_columns(pl.Series(name, cells, dtype=pl.String))
        return replace(self, table=Table(self.table.schema, made))

    def with_labels(self, labels: list[str | None]) -> Rows:
        assert self.label is not None
        column = self.table.schema[self.label]
        table = self.table
        if column.categories is not None:
            used = {each for each in labels if each is not None}
            kept = tuple(each for each in column.categories if each in used)
            table = Table(table.schema.with_column(replace(column, categories=kept)), table.rows)
        made = table.rows.with_columns(pl.Series(self.label, labels, dtype=pl.String))
        return replace(self, table=_with_rows(table, made))


def rows_of(dataset: Dataset, columns: tuple[str, ...], label: str | None) -> Rows:
    """The one table of a dataset as rows to prepare.

    columns: those of text, all of that kind when empty. label: found by role, by a name that says so, or else the only
    category or boolean.
    Raises DataError for a name that is not there and for a table without texts.
    """
    table = dataset.only
    schema = table.schema
    for name in (*columns, *([label] if label else [])):
        if name not in schema:
            raise DataError(f"There is no column {name!r} to prepare.", near(name, schema.names))
    if label is None:
        named = [*schema.of_role("label"), *schema.of_role("target")]
        classes = [c for c in schema.of_kind("category", "boolean", "integer") if c.name not in columns]
        named = named or [c for c in classes if c.name.lower() in LABELS]
        classes = named or [c for c in classes if c.kind != "integer"]
        label = classes[0].name if len(classes) == 1 or named else None
    texts = columns or tuple(c.name for c in schema.of_kind("text") if c.name != label)
    strange = [name for name in texts if table.rows[name].dtype != pl.String]
    if not texts or strange:
        what = f"Column {strange[0]!r} holds no text" if strange else "There is no column of text"
        raise DataError(f"{what}; the columns are {', '.join(schema.names)}.", "Name one: --set columns=[NAME].")
    for name in texts:
        if schema[name].kind != "text":
            schema = schema.with_column(Column(name, "text", schema[name].nullable, schema[name].role))
    return Rows(Table(schema, table.rows), texts, label)


def figures(rows: Rows) -> dict[str, float]:
    """What a table of texts looks like: rows, words (mean, 5 % and 95 % quantile), different words in all, texts of
    their own (templates as a share of rows), and rows of the largest label for one of the smallest."""
    from trasunto.language.prepare.templates import templates

    texts = rows.joined()
    lengths = pl.Series([len(text.split()) for text in texts], dtype=pl.Int64)
    counts = pl.Series(rows.labels(), dtype=pl.String).drop_nulls().value_counts()
    empty = not len(rows)
    found = {
        "rows": len(rows),
        "words": 0.0 if empty else round(float(lengths.mean() or 0), 2),  # type: ignore[arg-type]
        "words_low": 0.0 if empty else float(lengths.quantile(0.05, "nearest") or 0),
        "words_high": 0.0 if empty else float(lengths.quantile(0.95, "nearest") or 0),
        "vocabulary": len({word for text in texts for word in WORD.findall(text.lower())}),
        "templates": 0.0 if empty else round(len(set(templates(texts))) / len(rows), 4),
    }
    if len(counts):
        found["labels"] = len(counts)
        found["imbalance"] = round(float(counts["count"].max()) / float(counts["count"].min()), 2)  # type: ignore[arg-type]
    return found


def _with_rows(table: Table, made: pl.DataFrame) -> Table:
    """The table with other values; a column that has gaps now may have them."""
    schema = table.schema
    for column in schema.columns:
        if not column.nullable and made[column.name].null_count():
            schema = schema.with_column(replace(column, nullable=True))
    return Table(schema, made)


def _by_turn(change: Callable[[str], str]) -> Callable[[str], str]:
    """The change made to each turn of a dialogue; a cell that is none is left alone."""

    def changed(cell: str) -> str:
        turns = turns_of(cell)
        made = [Turn(turn.role, change(turn.content)) for turn in turns]
        # Written anew only when something changed: a message may hold more than a role and a content.
        return cell if tuple(made) == turns else messages(made)

    return changed


def _plain(cell: str | None, dialogue: bool) -> str:
    if cell is None:
        return ""
    return "\n".join(turn.content for turn in turns_of(cell)) if dialogue else cell
