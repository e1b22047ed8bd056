"""What a text is about: the columns of its row, and of the rows that this refers to, that tell most of its words.

A column counts by how much better the words of unseen texts are foretold by texts with the same value than by all
texts: the gain in log-likelihood of word frequencies, mixed with those of all texts (Zhai and Lafferty 2004, "A study
of smoothing methods for language models", section 2.1), over two folds. The most telling one comes first; another is
joined to it where both together tell more than chance would.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from trasunto.data.dataset import Dataset, Table
from trasunto.data.flat import flattened, keys_in
from trasunto.data.schema import Column, TableSchema

# Texts that are looked at, words that count, and texts that a value must have to be written to.
READ, WORDS, ENOUGH = 20_000, 3_000, 30
# Values of a whole number that is told like a category, and of any category.
FEW, MANY = 12, 300
# The share of a value's own words in what it foretells (Jelinek-Mercer smoothing); the others are those of all texts.
OWN = 0.5
# Columns joined at most.
JOINED = 3


@dataclass(frozen=True)
class About:
    """columns: what texts are written to, the most telling first; () for nothing. labels: those that texts enough have:
    of all the columns, or of the first of them."""

    columns: tuple[str, ...]
    labels: frozenset[str]

    def of(self, told: Table) -> pl.Series:
        """(n,) the label of each row; missing where the values of a row have too few texts."""
        found = pl.Series("", [None] * len(told), dtype=pl.String)
        for each in _joined(told, self.columns):
            known = each.is_in(list(self.labels))
            found = pl.select(pl.when(known).then(each).otherwise(found)).to_series()
        return found

    def to_dict(self) -> dict[str, Any]:
        return {"columns": list(self.columns), "labels": sorted(self.labels)}

    @staticmethod
    def from_dict(document: dict[str, Any]) -> About:
        return About(tuple(document["columns"]), frozenset(document["labels"]))


def told_of(dataset: Dataset, name: str) -> Table:
    """What is known of each row of a table beside its texts: its columns, those of the rows it refers to, and of events
    the values of the one before ("before: …"). Keys tell nothing."""
    whole = dataset.tables[name]
    flat = flattened(dataset, name).only if len(whole.schema.names) > len(keys_in(whole.schema)) else None
    columns: list[Column] = []
    series: list[pl.Series] = []
    hidden = {f"{name}.{each}" for each in whole.schema.sequence or ()}
    for column in flat.schema.columns if flat is not None else ():
        if column.name not in hidden and column.kind in ("category", "boolean", "integer", "number"):
            label = column.name.removeprefix(f"{name}.")
            columns.append(Column(label, column.kind))
            assert flat is not None
            series.append(flat.rows[column.name].alias(label))
    if whole.schema.sequence is not None:
        entity, order = whole.schema.sequence
        for column in whole.schema.of_kind("category", "boolean"):
            if column.name not in (entity, *keys_in(whole.schema)):
                label = f"before: {column.name}"
                columns.append(Column(label, column.kind))
                earlier = pl.col(column.name).shift(1).over(entity, order_by=order)
                series.append(whole.rows.select(earlier.alias(label)).to_series())
    return Table(TableSchema(tuple(columns)), pl.DataFrame(series))


def fit_about(texts: Sequence[str], told: Table, seed: int) -> About:
    """The columns that tell most of the words of texts. told: (n,) what is known of each."""
    some = np.sort(np.random.default_rng([seed, 31]).permutation(len(texts))[:READ])
    part = Table(told.schema, told.rows[some.tolist()] if told.schema.columns else told.rows)
    names = [column.name for column in part.schema.columns if _tellable(column, part.rows[column.name])]
    counts = _words([texts[at] for at in some.tolist()]) if names else None
    chosen: tuple[str, ...] = ()
    gained = np.zeros(len(some))
    while names and counts is not None and len(chosen) < JOINED:
        gains = {name: _gain(counts, _grouped(part, (*chosen, name)), seed) for name in names}
        best = max(names, key=lambda name: float(gains[name].mean()))
        more = gains[best] - gained
        # Twice the standard error: less may be chance.
        if more.mean() <= 2 * more.std() / np.sqrt(len(more)):
            break
        chosen, gained = (*chosen, best), gains[best]
        names.remove(best)
    labels = _grouped(told, chosen).drop_nulls().unique() if chosen else pl.Series([], dtype=pl.String)
    return About(chosen, frozenset(labels.to_list()))


def _tellable(column: Column, values: pl.Series) -> bool:
    most = FEW if column.kind == "integer" else MANY
    return column.kind in ("category", "boolean", "integer") and 1 < values.n_unique() <= most


def _joined(told: Table, columns: Sequence[str]) -> list[pl.Series]:
    """Labels of the first column, of the first two, and so on."""
    found: list[pl.Series] = []
    for name in columns:
        values = told.rows[name].cast(pl.String).fill_null("missing")
        if told.schema[name].kind != "category" or name.startswith("before: "):
            values = f"{name} " + values
        found.append(found[-1] + ", " + values if found else values)
    return found


def _grouped(told: Table, columns: Sequence[str]) -> pl.Series:
    """(n,) the longest label of each row that texts enough have; missing for none."""
    found = pl.Series("", [None] * len(told), dtype=pl.String)
    for each in _joined(told, columns):
        counts = each.alias("label").to_frame().select(pl.len().over("label")).to_series()
        found = pl.select(pl.when(counts >= ENOUGH).then(each).otherwise(found)).to_series()
    return found


def _words(texts: Sequence[str]) -> Any:
    """(n, words) sparse, which of the most frequent words each text has; None when there are none."""
    from sklearn.feature_extraction.text import CountVectorizer

    try:
        return (
            CountVectorizer(max_features=WORDS, binary=True, token_pattern=r"(?u)\w+")
            .fit_transform(texts)
            .astype(np.float64)
        )
    except ValueError:
        return None


def _gain(counts: Any, labels: pl.Series, seed: int) -> np.ndarray:
    """(n,) by how much likelier the words of each text are, given its label; over two folds."""
    from scipy.sparse import csr_matrix

    known = labels.drop_nulls().unique().sort().to_list()
    places = {label: place for place, label in enumerate(known)}
    of = np.array([places.get(each, len(known)) for each in labels.to_list()])
    rows = counts.shape[0]
    fold = np.random.default_rng([seed, 32]).permutation(rows) % 2
    gains = np.zeros(rows)
    for side in (0, 1):
        learn, test = np.flatnonzero(fold != side), np.flatnonzero(fold == side)
        pooled = np.asarray(counts[learn].sum(axis=0)).ravel() + 0.5
        pooled /= pooled.sum()
        ones = (np.ones(len(learn)), (of[learn], np.arange(len(learn))))
        by_label = (csr_matrix(ones, shape=(len(known) + 1, len(learn))) @ counts[learn]).toarray()
        shares = by_label / np.maximum(by_label.sum(axis=1, keepdims=True), 1.0)
        likely = np.log(OWN * shares / pooled + 1 - OWN)
        likely[len(known)] = 0.0
        part = counts[test].tocsr()
        entry = np.repeat(of[test], np.diff(part.indptr))
        gains[test] = np.bincount(
            np.repeat(np.arange(len(test)), np.diff(part.indptr)), part.data * likely[entry, part.indices], len(test)
        )
    return gains
