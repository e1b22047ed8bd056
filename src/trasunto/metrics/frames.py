"""The parts of a comparison as arrays, made once and shared by the metrics."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import polars as pl

from trasunto.data.dataset import Dataset, held
from trasunto.data.schema import Column
from trasunto.errors import MetricError
from trasunto.metrics.score import Comparison

# The trees of scikit-learn take 255 categories: so many keep a place of their own, the rest share the others.
OWN_PLACES = 190
SHARED_PLACES = 60
# Trees on more columns, or on more than 10,000 rows, stop growing when they gain no more on rows set aside.
WIDE = 100
MANY_VALUES = 1_000_000


@dataclass(frozen=True)
class Arrays:
    """The columns of a comparison as float64 arrays, NaN for a missing value.

    names: columns in order, free text and identifiers left out.
    levels: (columns,) how many values a column without order has in all parts together, 0 for a column of numbers;
    values without order are codes from 0, the most frequent first.
    parts: (rows, columns) by name: "real", "synthetic", "independent" (as many rows as synthetic, each column drawn
    by itself from the real values), and "holdout" when there is one.
    """

    names: tuple[str, ...]
    levels: np.ndarray
    parts: dict[str, np.ndarray]

    @property
    def category(self) -> np.ndarray:
        """(columns,) whether the values of a column have no order."""
        return self.levels > 0


# Held as long as the comparison itself is, and no longer: these are private rows.
_KEPT: WeakKeyDictionary[Comparison, Arrays] = WeakKeyDictionary()


def arrays(comparison: Comparison) -> Arrays:
    """Every part of a comparison as arrays. MetricError when a column holds another kind of value in another part."""
    found = _KEPT.get(comparison)
    if found is None:
        found = _KEPT[comparison] = _arrays(comparison)
    return found


def alike(comparison: Comparison, names: list[str]) -> dict[str, pl.DataFrame]:
    """These columns of "real", "synthetic" and "holdout" (if any), each held as the kind of the real column is.

    Raises MetricError when the values of a part cannot be held so.
    """
    schema = comparison.real.only.schema
    datasets = {"real": comparison.real, "synthetic": comparison.synthetic, "holdout": comparison.holdout}
    return {
        part: pl.DataFrame([_held(part, dataset, schema[name], comparison.real.rows[name].dtype) for name in names])
        for part, dataset in datasets.items()
        if dataset is not None
    }


def for_trees(given: Arrays, rows: np.ndarray) -> np.ndarray:
    """Rows of a part with at most 250 codes a column: the rare values share 60 places, each always the same one."""
    wide = np.flatnonzero(given.levels > OWN_PLACES + SHARED_PLACES)
    if not len(wide):
        return rows
    folded = rows.copy()
    for place in wide:
        codes = rows[:, place]
        folded[:, place] = np.where(codes < OWN_PLACES, codes, OWN_PLACES + (codes - OWN_PLACES) % SHARED_PLACES)
    return folded


def least_in_leaf(rows: int) -> int:
    """Rows a leaf of a tree must hold: 20, as is the rule, and fewer where there are few rows to grow on."""
    return min(20, max(2, rows // 20))


def threads(table: np.ndarray) -> AbstractContextManager[object]:
    """While the block lasts, one thread for trees on a table of fewer than a million values, all there are for more.

    On small tables threads gain nothing, and where the cores are busy with other work they wait for each other longer
    than one would need for all of it.
    """
    if table.size >= MANY_VALUES:
        return nullcontext()
    from threadpoolctl import threadpool_limits

    return threadpool_limits(limits=1, user_api="openmp")


def at_most(rows: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """At most so many of the rows, drawn without replacement, in their order."""
    return rows if len(rows) <= most else rows[np.sort(rng.choice(len(rows), most, replace=False))]


def _arrays(comparison: Comparison) -> Arrays:
    schema = comparison.real.only.schema
    columns = [column for column in schema.columns if column.kind not in ("text", "id")]
    names = tuple(column.name for column in columns)
    given = alike(comparison, list(names))
    parts = {part: np.empty((len(dataset), len(names))) for part, dataset in _datasets(comparison).items()}
    levels = np.zeros(len(names), dtype=np.int64)
    for place, column in enumerate(columns):
        values = {part: rows[column.name] for part, rows in given.items()}
        if column.kind in ("category", "boolean"):
            levels[place], coded = _codes(values)
        else:
            coded = _numbers(values)
        for part, codes in coded.items():
            parts[part][:, place] = codes
    rng = np.random.default_rng(comparison.seed)
    real = parts["real"]
    drawn = np.empty((len(comparison.synthetic), len(names)))
    for place in range(len(names)):
        drawn[:, place] = real[rng.integers(0, len(real), len(drawn)), place]
    return Arrays(names, levels, {**parts, "independent": drawn})


def _datasets(comparison: Comparison) -> dict[str, Dataset]:
    both = {"real": comparison.real, "synthetic": comparison.synthetic}
    return both if comparison.holdout is None else {**both, "holdout": comparison.holdout}


def _held(part: str, dataset: Dataset, column: Column, found: pl.DataType) -> pl.Series:
    values, wanted = dataset.rows[column.name], held(column, found)
    try:
        return values.cast(wanted)
    except pl.exceptions.PolarsError as error:
        raise MetricError(
            f"Column {column.name!r} is of kind {column.kind} in the real data, and the {part} data holds "
            f"{values.dtype} there that cannot be read so.",
            "Read both with the same schema.",
        ) from error


def _codes(parts: dict[str, pl.Series]) -> tuple[int, dict[str, np.ndarray]]:
    """How many different values there are (at least 1), and (n,) codes by part: the most frequent value is 0."""
    joined = pl.concat([values.cast(pl.String).alias("value") for values in parts.values()]).to_frame()
    # Values as frequent as each other go by their spelling, so that every process gives the same codes.
    order = joined.drop_nulls().group_by("value").len().sort(["len", "value"], descending=[True, False])
    order = order.select("value", code=pl.int_range(pl.len()).cast(pl.Float64))
    codes = joined.join(order, on="value", how="left", maintain_order="left")["code"]
    coded = codes.fill_null(float("nan")).to_numpy()
    ends = np.cumsum([len(values) for values in parts.values()])[:-1]
    return max(1, order.height), dict(zip(parts, np.split(coded, ends), strict=True))


def _numbers(parts: dict[str, pl.Series]) -> dict[str, np.ndarray]:
    """(n,) values by part, microseconds for datetimes; an infinite value stands as the most extreme finite one."""
    found = {}
    for part, values in parts.items():
        plain = values.cast(pl.Int64) if values.dtype == pl.Datetime("us") else values
        found[part] = plain.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    finite = np.concatenate([values[np.isfinite(values)] for values in found.values()])
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    # No metric looks at the unit of a column: the largest numbers are scaled so that their squares are numbers too.
    scale = 1e-200 if max(abs(low), abs(high)) > 1e100 else 1.0
    return {part: np.nan_to_num(values, nan=np.nan, posinf=high, neginf=low) * scale for part, values in found.items()}
