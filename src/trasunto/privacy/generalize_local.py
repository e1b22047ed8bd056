"""Mondrian (LeFevre, DeWitt and Ramakrishnan 2006): rows are halved along one column after the other as long as both
halves keep what is wanted; each part is told by the range of its own rows.

For many quasi-identifiers, where no single level of each column does: parts are coarse only where rows are few. Ranges
of different parts overlap, so "20-34" and "25-29" may both occur.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from trasunto.data.schema import Column
from trasunto.privacy.generalize import ALL, as_category
from trasunto.privacy.generalize_search import Sensitive, Wanted, distances, entropies

# Values of a category that are named one by one; more are told as how many of how many.
NAMED = 4


@dataclass(frozen=True)
class Axis:
    """A column to halve along. values: different values in order (None last, where any is missing). codes: (n,) int64
    place of each row's value. places: (values,) float64 position on the line; numbers keep their distances."""

    column: Column
    values: tuple[object, ...]
    codes: np.ndarray
    places: np.ndarray

    @staticmethod
    def of(values: pl.Series, column: Column) -> Axis:
        distinct = values.unique().sort(nulls_last=True)
        if column.categories is not None and values.dtype == pl.String:
            known = [each for each in column.categories if each in set(distinct.to_list())]
            distinct = pl.Series([*known, *([None] if distinct.null_count() else [])], dtype=pl.String)
        keys = pl.DataFrame({"value": distinct}).with_row_index("code")
        joined = pl.DataFrame({"value": values}).join(
            keys, "value", how="left", nulls_equal=True, maintain_order="left"
        )
        codes = joined["code"].cast(pl.Int64).to_numpy()
        places = np.arange(len(distinct), dtype=np.float64)
        if distinct.dtype.is_numeric() or distinct.dtype.is_temporal():
            told = distinct.cast(pl.Int64 if distinct.dtype.is_temporal() else pl.Float64).cast(pl.Float64)
            top = float(told.max() or 0.0)  # type: ignore[arg-type]
            step = (top - float(told.min() or 0.0)) / max(len(told), 1)  # type: ignore[arg-type]
            places = told.fill_null(top + step).to_numpy()
        return Axis(column, tuple(distinct.to_list()), codes, places)

    @property
    def span(self) -> float:
        return float(self.places[-1] - self.places[0]) or 1.0


def parted(axes: Sequence[Axis], sensitive: Sequence[Sensitive], wanted: Wanted) -> list[np.ndarray] | None:
    """Parts of the rows, (rows,) int64 each, that cannot be halved; None when all rows together are not enough."""
    everything = np.arange(len(axes[0].codes))
    overall = [np.bincount(s.codes, minlength=s.size) for s in sensitive]
    if not _enough(everything, sensitive, overall, wanted):
        return None
    done: list[np.ndarray] = []
    waiting = [everything]
    while waiting:
        part = waiting.pop()
        halves = _halved(part, axes, sensitive, overall, wanted)
        if halves is None:
            done.append(part)
        else:
            waiting.extend(halves)
    return done


def told(axis: Axis, parts: Sequence[np.ndarray]) -> tuple[pl.Series, Column, float]:
    """(values by part, their column, the column's mean NCP)."""
    size = len(axis.codes)
    labels, order = np.empty(size, dtype=object), {}
    loss = 0.0
    for part in parts:
        held = np.unique(axis.codes[part])
        label = _label(axis, held)
        labels[part] = label
        order[label] = (float(axis.places[held[0]]), float(axis.places[held[-1]]))
        loss += len(part) * _penalty(axis, held)
    texts = pl.Series(axis.column.name, labels.tolist(), dtype=pl.String)
    present = [label for label in sorted(order, key=lambda each: order[each]) if label is not None]
    return texts, as_category(axis.column, present, "Generalised: the range of rows that are told alike."), loss / size


def _halved(
    part: np.ndarray,
    axes: Sequence[Axis],
    sensitive: Sequence[Sensitive],
    overall: Sequence[np.ndarray],
    wanted: Wanted,
) -> tuple[np.ndarray, np.ndarray] | None:
    """The halves along the widest column that allows it."""
    if len(part) < 2 * wanted.k:
        return None
    spans = []
    for place, axis in enumerate(axes):
        codes = axis.codes[part]
        low, high = int(codes.min()), int(codes.max())
        if low < high:
            spans.append(((axis.places[high] - axis.places[low]) / axis.span, -place))
    for _, place in sorted(spans, reverse=True):
        codes = axes[-place].codes[part]
        counts = np.bincount(codes)
        # The cut nearest to the middle with rows on both sides.
        running = np.cumsum(counts)
        at = int(np.argmin(np.abs(2 * running[:-1] - len(part)) + (running[:-1] == 0) * len(part) * 2))
        left = codes <= at
        halves = (part[left], part[~left])
        if all(len(half) and _enough(half, sensitive, overall, wanted) for half in halves):
            return halves
    return None


def _enough(rows: np.ndarray, sensitive: Sequence[Sensitive], overall: Sequence[np.ndarray], wanted: Wanted) -> bool:
    if len(rows) < wanted.k:
        return False
    for each, everywhere in zip(sensitive, overall, strict=True):
        if wanted.l <= 1 and wanted.t is None:
            break
        counts = np.bincount(each.codes[rows], minlength=each.size)
        if wanted.l > 1 and not wanted.entropy and int((counts > 0).sum()) < wanted.l:
            return False
        if wanted.l > 1 and wanted.entropy and float(entropies(counts[None, :])[0]) < math.log(wanted.l) - 1e-12:
            return False
        # distances() compares rows with their sum: the rest of the table stands in the second row.
        both = np.stack([counts, everywhere - counts])
        if wanted.t is not None and both[1].any() and float(distances(both, each.ordered)[0]) > wanted.t + 1e-12:
            return False
    return True


def _label(axis: Axis, held: np.ndarray) -> str | None:
    if len(held) == 1:
        value = axis.values[held[0]]
        return None if value is None else _spelt(value)
    if len(held) == len(axis.values):
        return ALL
    values = [axis.values[each] for each in held]
    known = [value for value in values if value is not None]
    gap = " or missing" if len(known) < len(values) else ""
    if isinstance(known[0], str):
        names = "|".join(map(str, known[:NAMED]))
        return f"{names}{f' and {len(known) - NAMED} more' if len(known) > NAMED else ''}{gap}"
    return f"{_spelt(known[0])}{f'-{_spelt(known[-1])}' if len(known) > 1 else ''}{gap}"


def _penalty(axis: Axis, held: np.ndarray) -> float:
    if len(held) == 1:
        return 0.0
    if isinstance(axis.values[0], str):
        return len(held) / len(axis.values)
    return float(axis.places[held[-1]] - axis.places[held[0]]) / axis.span


def _spelt(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.10g}"
    return str(value).removesuffix(" 00:00:00")
