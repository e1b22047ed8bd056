"""The columns of a table of texts that are not written: learnt by themselves, drawn first, or given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import TableSchema
from trasunto.errors import SampleError
from trasunto.synthesizers.coded import CodedModel
from trasunto.synthesizers.condition import conform
from trasunto.synthesizers.tree import Tree


def other_columns(real: Dataset, texts: Sequence[str], rows: pl.DataFrame) -> Dataset | None:
    """Every column but the texts, of these rows of a dataset; None when there is none."""
    kept = TableSchema(tuple(column for column in real.only.schema.columns if column.name not in texts))
    return Dataset.of(Table(kept, rows.select(kept.names)), real.name) if kept.columns else None


def fitted_columns(real: Dataset, texts: Sequence[str], rows: pl.DataFrame, *, seed: int) -> CodedModel | None:
    """What draws every column but the texts, learnt from these rows by `tree`; None when there is none."""
    others = other_columns(real, texts, rows)
    return None if others is None else Tree().fit(others, seed=seed)


def seed_of(seed: int, first: int) -> int:
    """The seed of what is written after `first` rows: the first part is what is drawn in one go, later ones go on with
    seeds of their own."""
    return int(np.random.SeedSequence([seed, first]).generate_state(1)[0]) if first else seed


def drawn_columns(
    attributes: CodedModel | None,
    rows: int,
    seed: tuple[int, int],
    given: Any = None,
    where: str | None = None,
    temperature: float = 1.0,
) -> pl.DataFrame | None:
    """Every column that is not written; None when there is none.

    seed: and the number of rows drawn before with it. SampleError for a negative count, and for what is given where
    there is nothing to give.
    """
    if rows < 0:
        raise SampleError(f"Cannot draw {rows} rows.", "Ask for 0 or more.")
    if attributes is None:
        if given is not None or where is not None:
            raise SampleError("Every column is written; none can be given or asked for.", "Leave it out.")
        return None
    others = attributes.schema.only.names
    if given is not None and where is None:
        fixed = conform(given, attributes.schema.only)
        if set(fixed.schema.names) == set(others) and len(fixed) == rows:
            return fixed.rows.select(others)
    made = attributes.sample(rows, seed=seed[0], given=given, where=where, temperature=temperature, first=seed[1])
    return made.rows
