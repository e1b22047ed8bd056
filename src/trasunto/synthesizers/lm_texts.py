"""Texts and labels of a table, as a language model is shown them."""

from __future__ import annotations

import polars as pl

from trasunto.data.dataset import Dataset
from trasunto.errors import FitError


def prompt_of(label: str) -> str:
    """What stands before a text of a label; "" without one."""
    return f"{label}:" if label else "text:"


def labels_of(rows: pl.DataFrame, label: str | None) -> list[str]:
    """The label of each row as text; "" without a label column, and for a missing one."""
    return [""] * len(rows) if label is None else rows[label].cast(pl.String).fill_null("").to_list()


def columns_of(real: Dataset) -> tuple[str, str | None]:
    """The text column and the label column."""
    if len(real.tables) != 1:
        raise FitError(f"lm-finetune takes one table, not {len(real.tables)}.", "Fit each table by itself.")
    schema = real.only.schema
    texts = [column.name for column in schema.of_kind("text")]
    if len(texts) != 1:
        raise FitError(
            f"lm-finetune takes one column of free text and finds {len(texts)}: {', '.join(texts) or 'none'}.",
            "Name it with data.text in a recipe, or set its kind to text in the schema; drop the others.",
        )
    named = [*schema.of_role("label"), *schema.of_role("target")]
    classes = list(schema.of_kind("category", "boolean"))
    label = named[0].name if named else classes[0].name if len(classes) == 1 else None
    return texts[0], label
