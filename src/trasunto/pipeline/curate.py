"""Curation of a data set's texts: the columns found, the real texts beside them, what is kept and what is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from trasunto.connectors.address import open_sink
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, TableSchema
from trasunto.errors import DataError, RecipeError, near
from trasunto.language.curation.curate import Curated, curate
from trasunto.language.curation.settings import Curate
from trasunto.pipeline.verbs import read
from trasunto.privacy.identifiers_words import told_by_name
from trasunto.progress import Progress, quiet

# Distinct values of a column of identifiers that are looked for in texts.
MOST_VALUES = 100_000


def curate_dataset(
    synthetic: Dataset,
    settings: Curate,
    *,
    real: Dataset | None = None,
    test: Dataset | None = None,
    columns: tuple[str | None, str | None] = (None, None),
    seed: int = 0,
    progress: Progress = quiet,
) -> tuple[Dataset, Dataset, Curated]:
    """(what is kept, with all its columns; what is not: row, text, label, reason, detail; the curation).

    columns: of text and of labels, found by role and kind when None, the same in all data. A row without text is
    empty. Values of columns that name people in `real` are swept out of the texts too. Raises DataError without a
    column of text, and what `curate` raises.
    """
    text, label = _columns(synthetic, *columns)
    mine = _read(synthetic, text, label, "synthetic data")
    train, tested = (
        ([], []) if each is None else _read(each, text, label, what)
        for each, what in ((real, "real data"), (test, "test data"))
    )
    sought = [] if real is None or settings.private or settings.identifiers == "keep" else _named(real, text, label)
    found = curate(
        mine[0],
        mine[1],
        settings,
        train=train[0],
        train_labels=train[1],
        test=tested[0],
        more=sought,
        seed=seed,
        progress=progress,
    )
    rows = synthetic.rows[list(found.kept)].with_columns(pl.Series(text, found.texts, dtype=pl.String))
    if label is not None and found.counts["relabelled"]:
        rows = rows.with_columns(pl.Series(label, found.labels).cast(rows.schema[label]))
    schema = synthetic.only.schema
    if schema[text].kind != "text":
        schema = schema.with_column(Column(text, "text"))
    return Dataset.of(Table(schema, rows), synthetic.name), _fallen(found), found


def curate_files(
    synthetic: str,
    settings: Curate,
    *,
    beside: tuple[str | None, str | None] = (None, None),
    columns: tuple[str | None, str | None] = (None, None),
    outputs: tuple[str | None, str | None] = (None, None),
    seed: int = 0,
    progress: Progress = quiet,
) -> Curated:
    """The same from files to files. beside: the real data and the test data; outputs: where what is kept and what is
    rejected go, whole or not at all. RecipeError when an output is one of the inputs, before anything is read."""
    given = [
        Path(each).resolve() for each in (synthetic, *beside) if each is not None and not each.startswith("packaged:")
    ]
    sinks = [None if each is None else open_sink(each) for each in outputs]
    for each in outputs:
        if each is not None and Path(each).resolve() in given:
            raise RecipeError(f"{each} is read and would be written over.", "Write to another file.")
    if None not in outputs and outputs[0] == outputs[1]:
        raise RecipeError(f"{outputs[0]} cannot hold both what is kept and what is not.", "Name two files.")
    real, test = (None if each is None else read(each) for each in beside)
    *made, found = curate_dataset(
        read(synthetic), settings, real=real, test=test, columns=columns, seed=seed, progress=progress
    )
    for sink, dataset in zip(sinks, made, strict=True):
        if sink is not None:
            sink.write(dataset)
    return found


def _columns(dataset: Dataset, text: str | None, label: str | None) -> tuple[str, str | None]:
    """The column of text and that of labels; None when there is none."""
    if len(dataset.tables) != 1:
        raise DataError(f"Curation takes one table, not {len(dataset.tables)}.", "Curate each table by itself.")
    schema = dataset.only.schema
    for name in (text, label):
        if name is not None and name not in schema:
            raise DataError(f"No column called {name!r}.", near(name, schema.names))
    if text is None:
        found = [column.name for column in schema.of_kind("text") if column.name != label]
        if len(found) != 1:
            # Short texts that are few may look like categories, and those that are all different like identifiers.
            words = [c.name for c in schema.of_kind("category", "id") if c.name != label]
            could = found or [name for name in words if dataset.rows[name].cast(pl.String).str.contains(r"\p{L}").any()]
            if not could:
                raise DataError(
                    f"There is no column of text; there are {', '.join(schema.names)}.", "Give data that hold texts."
                )
            raise DataError(
                f"Which column holds the text? These could: {', '.join(could)}.",
                "Name it (--text on the command line).",
            )
        text = found[0]
    if label is None:
        roles = [*schema.of_role("label"), *schema.of_role("target")]
        classes = [column for column in schema.of_kind("category", "boolean") if column.name != text]
        label = roles[0].name if roles else classes[0].name if len(classes) == 1 else None
    return text, label


def _read(dataset: Dataset, text: str, label: str | None, what: str) -> tuple[list[str], list[str]]:
    """The texts and labels of a data set, "" for a missing one."""
    rows = dataset.rows
    if text not in rows.columns:
        raise DataError(f"The {what} has no column {text!r}.", near(text, rows.columns))
    texts = rows[text].cast(pl.String).fill_null("").to_list()
    if label is None or label not in rows.columns:
        return texts, []
    return texts, rows[label].cast(pl.String).fill_null("").to_list()


def _named(dataset: Dataset, text: str, label: str | None) -> list[tuple[str, str]]:
    """(kind, value) of every value in a column whose name says that it names people."""
    pairs: list[tuple[str, str]] = []
    for column in dataset.only.schema.columns:
        told = told_by_name(column.name)
        direct = [kind for category, kind, _ in told if category == "direct"]
        if column.name in (text, label) or not (direct or column.role == "identifier"):
            continue
        values = dataset.rows[column.name].drop_nulls().cast(pl.String).unique(maintain_order=True)
        pairs += [(direct[0] if direct else "identifier", value) for value in values[:MOST_VALUES].to_list()]
    return pairs


def _fallen(found: Curated) -> Dataset:
    """What was thrown away, as a table."""
    kinds: tuple[tuple[str, Any], ...] = (
        ("row", "integer"), ("text", "text"), ("label", "category"), ("reason", "category"), ("detail", "text"),
    )  # fmt: skip
    schema = TableSchema(tuple(Column(name, kind) for name, kind in kinds))
    rows = pl.DataFrame(
        [(each.index, each.text, each.label, each.reason, each.detail) for each in found.rejected],
        schema={"row": pl.Int64, "text": pl.String, "label": pl.String, "reason": pl.String, "detail": pl.String},
        orient="row",
    )
    return Dataset.of(Table(schema, rows), "rejected")
