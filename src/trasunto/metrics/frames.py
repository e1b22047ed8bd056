"""Tables as arrays, the same way for every part of a comparison, made once and shared by the metrics."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import polars as pl

from trasunto.data.dataset import Dataset
from trasunto.data.schema import TableSchema
from trasunto.metrics.score import Comparison

# More categories than this are counted together in the trees of scikit-learn, which take 255 at most.
MOST_CATEGORIES = 250
PARTS = ("real", "synthetic", "holdout", "independent")


@dataclass(frozen=True)
class Arrays:
    """The columns of a comparison as float64 arrays, NaN for a missing value.

    names: columns in order, free text and identifiers left out. category: (columns,) whether a column's values
    have no order (they are then codes from 0). parts: (rows, columns) by name; "holdout" only when there is one.
    """

    names: tuple[str, ...]
    category: np.ndarray
    parts: dict[str, np.ndarray]


@lru_cache(maxsize=2)
def arrays(comparison: Comparison) -> Arrays:
    """Every part of a comparison as arrays. "independent" is `real` with each column shuffled by itself."""
    schema = comparison.real.only.schema
    names = tuple(c.name for c in schema.columns if c.kind not in ("text", "id"))
    datasets = {"real": comparison.real, "synthetic": comparison.synthetic, "holdout": comparison.holdout}
    given = {name: _kept(dataset, names) for name, dataset in datasets.items() if dataset is not None}
    columns = [_column(schema, name, {part: rows[name] for part, rows in given.items()}) for name in names]
    parts = {
        part: np.column_stack([each[part] for each in columns]) if columns else np.empty((len(rows), 0))
        for part, rows in given.items()
    }
    rng = np.random.default_rng(comparison.seed)
    shuffled = [rng.permutation(parts["real"][:, place]) for place in range(len(names))]
    parts["independent"] = np.column_stack(shuffled) if shuffled else parts["real"].copy()
    category = np.array([schema[name].kind in ("category", "boolean") for name in names], dtype=bool)
    return Arrays(names, category, parts)


def _kept(dataset: Dataset, names: tuple[str, ...]) -> pl.DataFrame:
    return dataset.rows.select(names)


def _column(schema: TableSchema, name: str, parts: dict[str, pl.Series]) -> dict[str, np.ndarray]:
    kind = schema[name].kind
    if kind == "category":
        joined = pl.concat([values.cast(pl.String) for values in parts.values()])
        # Codes by frequency in all parts together, so that the rarest share the last one.
        order = joined.drop_nulls().value_counts(sort=True)[name].to_list()
        places = {value: min(place, MOST_CATEGORIES) for place, value in enumerate(order)}
        return {part: _codes(values.cast(pl.String), places) for part, values in parts.items()}
    result = {}
    for part, values in parts.items():
        plain = values.cast(pl.Int64) if kind == "datetime" else values
        result[part] = plain.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return result


def _codes(values: pl.Series, places: dict[str, int]) -> np.ndarray:
    coded = values.replace_strict(places, default=None, return_dtype=pl.Float64) if places else values.cast(pl.Float64)
    return coded.fill_null(float("nan")).to_numpy()


def at_most(rows: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """At most so many of the rows, drawn without replacement, in their order."""
    return rows if len(rows) <= most else rows[np.sort(rng.choice(len(rows), most, replace=False))]
