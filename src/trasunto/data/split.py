"""Rows that learn and rows that judge: cut once, by seed, and recorded by hash."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from trasunto.data.dataset import Dataset
from trasunto.errors import DataError, EmptyDataError


@dataclass(frozen=True)
class Split:
    """Disjoint parts of one dataset, and how they were drawn."""

    train: Dataset
    validation: Dataset | None
    holdout: Dataset
    seed: int
    stratify: str | None = None
    group: str | None = None
    keep_duplicates_together: bool = False

    def parts(self) -> dict[str, Dataset]:
        named = {"train": self.train, "validation": self.validation, "holdout": self.holdout}
        return {name: part for name, part in named.items() if part is not None}

    def record(self) -> dict[str, Any]:
        """How the parts were drawn and what is in them, by hash: proof of what was kept apart."""
        return {
            "seed": self.seed,
            "stratify": self.stratify,
            "group": self.group,
            "keep_duplicates_together": self.keep_duplicates_together,
            "parts": {name: {"rows": len(part), "digest": part.digest()} for name, part in self.parts().items()},
            "shared_rows": shared_rows(self.train, self.holdout),
        }


def split(
    dataset: Dataset,
    *,
    holdout: float = 0.5,
    validation: float = 0.0,
    seed: int = 0,
    stratify: str | None = None,
    group: str | None = None,
    keep_duplicates_together: bool = False,
) -> Split:
    """Cut the one table of a dataset into train, validation (when its share is above 0) and holdout.

    holdout, validation: shares of all rows, together below 1. stratify: keep the mix of this column.
    group: rows with the same value of this column stay in one part. keep_duplicates_together: so do rows
    that are equal in every column. Same dataset and seed, same parts. Raises DataError, EmptyDataError.
    """
    table = dataset.only
    _check_shares(holdout, validation)
    for column in (stratify, group):
        if column is not None:
            _ = table.schema[column]
    if len(table) < 2:
        raise EmptyDataError(f"Cannot split {len(table)} rows.", "Give at least 2.")
    rng = np.random.default_rng(seed)
    families = _families(table.rows, group, keep_duplicates_together)
    strata = _strata(table.rows, stratify, families)
    place = np.zeros(int(families.max()) + 1, dtype=np.int8)
    for members in strata:
        shuffled = rng.permutation(members)
        weights = np.bincount(families, minlength=len(place))[shuffled]
        reached = (np.cumsum(weights) - weights / 2) / weights.sum()
        place[shuffled[reached < holdout]] = 2
        place[shuffled[(reached >= holdout) & (reached < holdout + validation)]] = 1
    rows = place[families]
    _fill_empty(rows, families, rng, [0, 2, *([1] if validation else [])])
    train, middle, last = (dataset.with_table(table.take(np.flatnonzero(rows == part))) for part in (0, 1, 2))
    return Split(train, middle if validation else None, last, seed, stratify, group, keep_duplicates_together)


def verify(parts: dict[str, Dataset], record: dict[str, Any]) -> None:
    """DataError when a part is not the one whose hash was recorded."""
    for name, part in parts.items():
        recorded = record["parts"][name]["digest"]
        if part.digest() != recorded:
            raise DataError(
                f"The {name} part has another hash than the recorded {recorded[:12]}….", "Use the old file."
            )


def shared_rows(one: Dataset, other: Dataset) -> int:
    """Rows of `other` that are equal, in every column, to a row of `one`."""
    return other.rows.join(one.rows.unique(), on=other.rows.columns, how="semi", nulls_equal=True).height


def _check_shares(holdout: float, validation: float) -> None:
    if not 0 < holdout < 1:
        raise DataError(f"holdout is {holdout}; it must be above 0 and below 1.", "Try 0.5.")
    if not 0 <= validation < 1 or holdout + validation >= 1:
        raise DataError(f"validation is {validation}; with holdout {holdout} it must leave rows to train on.")


def _families(rows: pl.DataFrame, group: str | None, duplicates: bool) -> np.ndarray:
    """A number for each row; rows with the same number stay together."""
    if group is not None:
        return rows[group].rank("dense").fill_null(0).to_numpy().astype(np.int64)
    if duplicates:
        return (
            rows.select(pl.struct(pl.all()).rank("dense").alias("n"))["n"].to_numpy().astype(np.int64)
            if (rows.width)
            else np.arange(rows.height)
        )
    return np.arange(rows.height)


def _strata(rows: pl.DataFrame, stratify: str | None, families: np.ndarray) -> list[np.ndarray]:
    """Families by the value of their first row; strata too small to cut are joined."""
    _, first = np.unique(families, return_index=True)
    if stratify is None:
        return [families[first]]
    values = rows[stratify].cast(pl.String).fill_null("").to_numpy()[first]
    strata = [families[first][values == value] for value in np.unique(values)]
    large = [stratum for stratum in strata if len(stratum) > 1]
    small = [stratum for stratum in strata if len(stratum) == 1]
    return [*large, *([np.concatenate(small)] if small else [])]


def _fill_empty(rows: np.ndarray, families: np.ndarray, rng: np.random.Generator, wanted: list[int]) -> None:
    """A part that rounding left empty gets one family from the largest part."""
    for part in wanted:
        if not (rows == part).any():
            largest = np.bincount(rows, minlength=3).argmax()
            inside = np.unique(families[rows == largest])
            if len(inside) < 2:
                raise EmptyDataError(
                    f"{len(rows)} rows in {len(np.unique(families))} families cannot be cut into {len(wanted)} parts.",
                    "Give more rows, or leave out the group.",
                )
            rows[families == rng.choice(inside)] = part
