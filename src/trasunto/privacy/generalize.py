"""Hierarchies: coarser and coarser spellings of a column's values, and what each level loses.

Numbers go into bands, dates to month, quarter, year and decade, times of day to hours, codes to their beginnings,
categories into groups that are given, or the rare ones together; at the top all values are one. What a value loses at a
level is its normalised certainty penalty (NCP, Xu et al. 2006): the width of its band or the share of the values in its
group, 0 to 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from trasunto.data.schema import Column, Format
from trasunto.data.written import is_clock
from trasunto.errors import RecipeError

ALL = "*"
DATES = ("month", "quarter", "year", "decade")
# Of times of day, and how many hours go together.
CLOCK = {"hour": 1, "six hours": 6}
# Shares of the rows below which a category is rare, level by level.
RARE = (0.005, 0.02, 0.05, 0.15)


@dataclass(frozen=True)
class Hierarchy:
    """Levels of one column. values: the different values (one may be None), in order.

    names: of each level. groups: for each level (values,) int64, the group each value belongs to. texts: for each
    level, the groups as they are written, in order (None is a missing value). costs: for each level (values,) NCP.
    """

    column: str
    values: tuple[Any, ...]
    names: tuple[str, ...]
    groups: tuple[np.ndarray, ...]
    texts: tuple[tuple[str | None, ...], ...]
    costs: tuple[np.ndarray, ...]

    def __len__(self) -> int:
        return len(self.names)

    def codes(self, values: pl.Series) -> np.ndarray:
        """(n,) int64 place of each row's value in `values`."""
        keys = pl.DataFrame({"value": pl.Series(list(self.values), dtype=values.dtype)}).with_row_index("code")
        return (
            pl.DataFrame({"value": values})
            .join(keys, on="value", how="left", nulls_equal=True, maintain_order="left")["code"]
            .cast(pl.Int64)
            .to_numpy()
        )

    def applied(self, level: int, values: pl.Series, column: Column) -> tuple[pl.Series, Column]:
        """The values at a level, and their column: level 0 is left as it is, others are categories in order."""
        if level == 0:
            return values, column
        texts = pl.Series(list(self.texts[level]), dtype=pl.String)
        written = texts.gather(self.groups[level][self.codes(values)]).alias(values.name)
        present = [text for text in self.texts[level] if text is not None]
        return written, as_category(column, present, f"Generalised: {self.names[level]}.")


def as_category(column: Column, categories: Sequence[str], reason: str) -> Column:
    """The column as a category of these values, in their order; its role stays."""
    return replace(column, kind="category", categories=tuple(categories), bounds=None, format=Format(), reason=reason)


def hierarchy(
    values: pl.Series,
    column: Column,
    *,
    widths: Sequence[float] = (),
    groups: Sequence[Mapping[str, Sequence[str]]] = (),
    prefix: Sequence[int] = (),
    other: str = "other",
) -> Hierarchy:
    """The levels of a column, from its values as they are to all in one.

    widths: of bands of numbers, ascending. groups: for categories, mappings of a group's name to its values, each
    coarser than the one before. prefix: how many letters of a code are kept, descending. By default bands are round
    steps, codes of digits are cut, and rare categories go together.
    """
    distinct = values.unique().sort(nulls_last=True)
    if column.kind == "datetime":
        return _of_dates(column, distinct)
    if column.kind in ("integer", "number") or (column.kind == "id" and values.dtype == pl.Int64):
        return _of_numbers(column, distinct, widths)
    texts = distinct.cast(pl.String)
    if prefix or (not groups and _is_code(texts)):
        return _of_codes(column, texts, prefix)
    given = [_grouped(texts, each, column.name) for each in groups]
    return _of_categories(column, values.cast(pl.String), texts, given, other)


def banded(values: pl.Series, width: float, *, whole: bool) -> tuple[list[str | None], np.ndarray]:
    """(labels in order, (n,) place of each value's band). whole: numbers are integers, "20-24", else "20-25"."""
    low = np.floor(values.cast(pl.Float64).fill_null(np.nan).to_numpy() / width)
    present = np.unique(low[~np.isnan(low)])
    labels: list[str | None] = [_band(start * width, width, whole) for start in present]
    places = np.searchsorted(present, np.where(np.isnan(low), np.inf, low))
    return [*labels, None], places.astype(np.int64)


def cut(values: pl.Series, edges: Sequence[float], *, whole: bool) -> tuple[list[str | None], np.ndarray]:
    """Bands between given edges, ascending: below the first, between, from the last on."""
    numbers = values.cast(pl.Float64).fill_null(np.nan).to_numpy()
    places = np.searchsorted(np.asarray(edges, dtype=float), numbers, side="right")
    ends = [_plain(edge - 1) if whole else _plain(edge) for edge in edges]
    labels: list[str | None] = [f"<{_plain(edges[0])}"]
    labels += [f"{_plain(low)}-{high}" for low, high in zip(edges[:-1], ends[1:], strict=True)]
    labels += [f">={_plain(edges[-1])}", None]
    return labels, np.where(np.isnan(numbers), len(labels) - 1, places).astype(np.int64)


def dates_of(column: Column) -> tuple[str, ...]:
    """The levels of a column of dates or of times of day."""
    return tuple(CLOCK) if is_clock(column) else DATES


def dated(values: pl.Series, level: str) -> pl.Series:
    """Dates as text: "2024-03", "2024-Q1", "2024" or "2020s"; times of day: "08:00-08:59" or "06:00-11:59"."""
    if level in CLOCK:
        hours = CLOCK[level]
        low = values.dt.hour().cast(pl.Int64) // hours * hours
        texts = [None if first is None else f"{first:02d}:00-{first + hours - 1:02d}:59" for first in low.to_list()]
        return pl.Series(values.name, texts, dtype=pl.String)
    if level == "month":
        return values.dt.strftime("%Y-%m")
    year = values.dt.year().cast(pl.String)
    if level == "quarter":
        return year + "-Q" + values.dt.quarter().cast(pl.String)
    return year if level == "year" else (values.dt.year() // 10 * 10).cast(pl.String) + "s"


def with_rare_merged(values: pl.Series, least: int, other: str = "other", *, blank: bool = False) -> pl.Series:
    """Categories of fewer than `least` rows as `other`; the next rarest join until `other` has so many, or all are one.

    A single rare value under another name would be as rare as before. blank: where that would cost a category of three
    times as many rows, the rare ones become missing values instead.
    """
    counts = values.drop_nulls().value_counts().sort(["count", values.name])
    # What is called so already counts with the merged.
    kept, merged = (
        counts.filter(pl.col(values.name) != other),
        int(counts.filter(pl.col(values.name) == other)["count"].sum()),
    )
    gone: list[str] = []
    for value, count in kept.iter_rows():
        if count >= least and (merged == 0 or merged >= least):
            break
        if blank and gone and count >= 3 * least:
            return pl.select(pl.when(~values.is_in(gone)).then(values)).to_series().alias(values.name)
        gone.append(value)
        merged += count
    if not gone:
        return values
    return pl.select(pl.when(values.is_in(gone)).then(pl.lit(other)).otherwise(values)).to_series().alias(values.name)


def _of_numbers(column: Column, distinct: pl.Series, widths: Sequence[float]) -> Hierarchy:
    present = distinct.drop_nulls().cast(pl.Float64)
    whole = distinct.dtype == pl.Int64
    low, high = (float(present.min()), float(present.max())) if len(present) else (0.0, 0.0)  # type: ignore[arg-type]
    # Steps and losses are of where the values are: a single one far out would make every band as wide as all of them.
    span = float(present.quantile(0.95) or 0.0) - float(present.quantile(0.05) or 0.0) if len(present) else 0.0
    span = span or max(high - low, 1e-12)
    levels = []
    for width in widths or _widths(span, whole):
        labels, places = banded(distinct, width, whole=whole)
        start = np.floor(distinct.cast(pl.Float64).fill_null(low).to_numpy() / width) * width
        reach = np.minimum(start + width - (1 if whole else 0), high) - np.maximum(start, low)
        cost = np.where(distinct.is_null().to_numpy(), 0.0, np.clip(reach / span, 0.0, 1.0))
        levels.append((f"bands of {_plain(width)}", places, tuple(labels), cost))
    return _built(column.name, distinct, levels)


def _of_dates(column: Column, distinct: pl.Series) -> Hierarchy:
    clock = is_clock(column)
    # In days; in hours for times of day.
    wide: dict[str, float] = {**CLOCK} if clock else {"month": 30.4, "quarter": 91.3, "year": 365.0, "decade": 3652.0}
    seconds = distinct.drop_nulls().dt.epoch("s")
    reach = int(np.ptp(seconds.to_numpy())) if len(seconds) else 0
    span = max(reach // (3_600 if clock else 86_400), 1)
    levels = []
    for name in dates_of(column):
        texts = dated(distinct, name)
        labels = [*texts.drop_nulls().unique(maintain_order=True).to_list(), None]
        places = np.array([labels.index(text) for text in texts.to_list()], dtype=np.int64)
        cost = np.where(distinct.is_null().to_numpy(), 0.0, min(1.0, wide[name] / span))
        levels.append((f"to {name}", places, tuple(labels), cost))
    return _built(column.name, distinct, levels)


def _of_codes(column: Column, texts: pl.Series, prefix: Sequence[int]) -> Hierarchy:
    longest = int(texts.str.len_chars().max() or 1)  # type: ignore[arg-type]
    levels = []
    for kept in prefix or range(longest - 1, 0, -1):
        cut_off = prefixed(texts, kept)
        levels.append((f"first {kept} letters", *_told(cut_off)))
    return _built(column.name, texts, levels)


def prefixed(texts: pl.Series, kept: int) -> pl.Series:
    """The first letters of codes, a star for each that is taken away: "28013" is "280**"."""
    return pl.select(
        pl.when(texts.str.len_chars() <= kept).then(texts).otherwise(
            texts.str.slice(0, kept) + texts.str.slice(kept).str.replace_all(r"\S", "*")
        )
    ).to_series().alias(texts.name)  # fmt: skip


def _of_categories(
    column: Column, values: pl.Series, texts: pl.Series, given: Sequence[pl.Series], other: str
) -> Hierarchy:
    levels = [(f"groups {place}", *_told(each)) for place, each in enumerate(given, 1)]
    if not given:
        for share in RARE:
            merged = with_rare_merged(values, max(2, int(np.ceil(share * len(values)))), other)
            spelt = dict(zip(values.to_list(), merged.to_list(), strict=True))
            told = pl.Series([spelt[text] for text in texts.to_list()], dtype=pl.String)
            levels.append((f"rarer than {share:.1%} together", *_told(told)))
    return _built(column.name, texts, levels)


def _told(texts: pl.Series) -> tuple[np.ndarray, tuple[str | None, ...], np.ndarray]:
    """(groups, labels, costs) of values spelt in a coarser way."""
    labels = [*texts.drop_nulls().unique(maintain_order=True).to_list(), None]
    place = {text: number for number, text in enumerate(labels)}
    places = np.array([place[text] for text in texts.to_list()], dtype=np.int64)
    sizes = np.bincount(places, minlength=len(labels))[places]
    known = max(len(texts) - texts.null_count(), 1)
    return places, tuple(labels), np.where((sizes > 1) & texts.is_not_null().to_numpy(), sizes / known, 0.0)


def _built(
    name: str, distinct: pl.Series, levels: Sequence[tuple[str, np.ndarray, tuple[str | None, ...], np.ndarray]]
) -> Hierarchy:
    """A hierarchy with its lowest and highest levels; levels that tell no more apart than one before are left out."""
    count = len(distinct)
    names, groups = ["as it is"], [np.arange(count)]
    texts: list[tuple[str | None, ...]] = [tuple(None if v is None else str(v) for v in distinct.to_list())]
    costs, fewest = [np.zeros(count)], count
    for level, places, labels, cost in levels:
        used = len(np.unique(places))
        if 1 < used < fewest:
            names.append(level)
            groups.append(places)
            texts.append(labels)
            costs.append(cost)
            fewest = used
    if count > 1:
        names.append("all together")
        groups.append(np.zeros(count, dtype=np.int64))
        texts.append((ALL,))
        costs.append(np.ones(count))
    return Hierarchy(name, tuple(distinct.to_list()), tuple(names), tuple(groups), tuple(texts), tuple(costs))


def _grouped(texts: pl.Series, groups: Mapping[str, Sequence[str]], column: str) -> pl.Series:
    """Values by the name of their group; what is in none stays as it is."""
    names: dict[str, str] = {}
    for name, members in groups.items():
        for member in members:
            if str(member) in names:
                raise RecipeError(f"{member!r} of column {column!r} is in two groups.", "Name it in one.")
            names[str(member)] = str(name)
    return texts.replace(names)


def _is_code(texts: pl.Series) -> bool:
    """Codes of one length, mostly digits: postcodes and the like."""
    present = texts.drop_nulls()
    return len(present) > 20 and bool(present.str.contains(r"^[A-Z]{0,2}\d[\dA-Z -]{2,7}$").all())


def _widths(span: float, whole: bool) -> list[float]:
    """Round steps, from some twenty bands to two."""
    if whole and 20 < span <= 130:
        return [2, 5, 10, 20, 40]
    step = 10.0 ** np.floor(np.log10(span / 20)) if span > 0 else 1.0
    found = [step * times for times in (1, 2, 5, 10, 20, 50, 100) if 1.5 <= span / (step * times) <= 40]
    return [width for width in found if not whole or width >= 2] or [span]


def _band(low: float, width: float, whole: bool) -> str:
    return f"{_plain(low)}-{_plain(low + width - 1 if whole else low + width)}"


def _plain(number: float) -> str:
    return f"{number:.10g}"
