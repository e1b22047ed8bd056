"""The groups that test rows belong to, beside their texts."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from trasunto.data.dataset import Dataset
from trasunto.data.written import write
from trasunto.errors import DataError, MetricError, near
from trasunto.language.corpus import Corpus

# A column of numbers is cut into quarters of as many rows; one with few values is taken as it is.
PIECES = 4
FEW = 10


def groups_of(dataset: Dataset, corpus: Corpus, columns: Sequence[str]) -> dict[str, tuple[str | None, ...]]:
    """By column, the value of each text of a corpus that was taken from this dataset; numbers and dates of more than 10
    values as a quarter ("18 to 25"), a missing value as None.

    Raises DataError for a column that is not there, MetricError for one of free text or identifiers, and when the
    corpus is not of the dataset.
    """
    table = dataset.only
    kept = _rows(dataset, corpus)
    if int(kept.sum()) != len(corpus):
        raise MetricError(
            f"{len(corpus)} texts do not belong to {int(kept.sum())} rows with text and label.",
            "Give the dataset that the texts were taken from.",
        )
    found = {}
    for name in columns:
        if name not in table.schema:
            raise DataError(f"There is no column {name!r} to group by.", near(name, table.schema.names))
        column = table.schema[name]
        if column.kind in ("text", "id"):
            raise MetricError(
                f"Column {name!r} is of kind {column.kind}: its values are no groups.", "Group by a category or number."
            )
        values = table.rows[name].filter(kept)
        wide = column.kind in ("integer", "number", "datetime") and values.n_unique() > FEW
        told = _quarters(values) if wide else write(values, column).to_list()
        # Written to a file, a missing value is an empty one.
        found[name] = tuple(t if there else None for t, there in zip(told, values.is_not_null(), strict=True))
    return found


def _rows(dataset: Dataset, corpus: Corpus) -> pl.Series:
    """Whether each row has a text and a label, as `corpus_of` asks."""
    rows = dataset.only.rows
    kept = rows[corpus.label].is_not_null()
    if corpus.text is None:
        return kept
    text = rows[corpus.text].cast(pl.String)
    # Whatever Python counts as white space, and not only what Polars does.
    return kept & pl.Series([bool(each and each.strip()) for each in text], dtype=pl.Boolean)


def _quarters(values: pl.Series) -> list[str | None]:
    known = values.drop_nulls().sort()
    cuts = sorted({known[(len(known) * piece) // PIECES] for piece in range(1, PIECES)} - {known[0]})
    starts = [known[0], *cuts]
    ends = [*(known.filter(known < cut)[-1] for cut in cuts), known[-1]]
    names = [f"{_told(low)} to {_told(high)}" for low, high in zip(starts, ends, strict=True)]
    return [None if each is None else names[sum(each >= cut for cut in cuts)] for each in values.to_list()]


def _told(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
