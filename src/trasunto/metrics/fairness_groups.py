"""Who is compared with whom: the groups of the protected columns and of their combinations, and the favourable answer.

A protected column of categories gives one group a value, one of numbers or dates the quarters of the real rows. A
missing value is a group of its own ("∅"): people who do not say are often treated alike. A group of fewer than 30 rows
says more of chance than of treatment: it is left out of every gap, and told in `groups_told`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import polars as pl

from trasunto.errors import MetricError, near
from trasunto.metrics.answers import MOST_GRADES
from trasunto.metrics.frames import alike, arrays
from trasunto.metrics.score import Comparison

# Rows a group must have to be judged (the rule of thumb for a share to be told with an interval).
LEAST = 30
# More values than this in one protected column are no groups of people any more.
MOST_GROUPS = 60
# A protected column of whole numbers with at most this many values is taken value by value.
FEW_VALUES = 6
QUARTERS = (0.25, 0.5, 0.75)
ABSENT = "∅"


@dataclass(frozen=True)
class Grouping:
    """One protected column, or several crossed.

    name: "sex" or "sex × race". labels: the groups' names. codes: by part, (rows,) numbers of the groups.
    """

    name: str
    columns: tuple[str, ...]
    labels: tuple[str, ...]
    codes: dict[str, np.ndarray]

    def sizes(self, part: str) -> np.ndarray:
        """(groups,) rows of each group in a part."""
        return np.bincount(self.codes[part], minlength=len(self.labels))

    def subject(self, group: int) -> str:
        """How a score names a group: "sex: Female"."""
        return f"{self.name}: {self.labels[group]}"


@dataclass(frozen=True)
class Favourable:
    """What counts as the good outcome. label: its name. code: the class, or None for numbers. cut: numbers above it."""

    label: str
    code: float | None
    cut: float = 0.0

    def of(self, values: np.ndarray) -> np.ndarray:
        """(rows,) bool: whether a value of the target is the favourable one."""
        return values == self.code if self.code is not None else values > self.cut


_KEPT: WeakKeyDictionary[Comparison, tuple[Grouping, ...]] = WeakKeyDictionary()


def groupings(comparison: Comparison) -> tuple[Grouping, ...]:
    """Every protected column, then every two of them crossed, then (of more than two) all; () when none is protected.

    Raises MetricError for a protected column that has one value or more than 60, and for one without groups.
    """
    found = _KEPT.get(comparison)
    if found is None:
        single = [_single(comparison, name) for name in comparison.protected]
        sets = list(combinations(single, 2)) + ([tuple(single)] if len(single) > 2 else [])
        found = _KEPT[comparison] = (*single, *(_crossed(each) for each in sets))
    return found


def favourable(comparison: Comparison) -> Favourable | None:
    """The favourable answer: `comparison.positive`; unnamed, True or the greater of two numbers, the rarer of two
    categories in the real rows, and for a number to be predicted all above the median of the real rows. None without a
    target, and for a target of text, identifiers or dates.

    Raises MetricError for a target of several classes of which none is named, and for a name it does not have.
    """
    target = comparison.target
    given = arrays(comparison)
    if target not in given.names:
        return None
    kind = comparison.real.only.schema[target].kind
    values = given.parts["real"][:, given.names.index(target)]
    texts = comparison.real.rows[target].cast(pl.String).to_list()
    known = values[~np.isnan(values)]
    if not known.size:
        return None
    classes, counts = np.unique(known, return_counts=True)
    if kind in ("category", "boolean") or (kind == "integer" and len(classes) <= MOST_GRADES):
        names = {code: texts[int(np.flatnonzero(values == code)[0])] for code in classes.tolist()}
        if kind == "boolean":
            # As the file spells it.
            spelt = comparison.real.only.schema[target].format
            names = {code: spelt.true if text == "true" else spelt.false for code, text in names.items()}
        return _class(comparison, kind, names, counts)
    if kind == "datetime":
        return None
    if comparison.positive is not None:
        raise MetricError(
            f"Target {target!r} is a number, and {comparison.positive!r} names one value of it.",
            "Leave it out: above the median of the real rows counts as favourable.",
        )
    middle = float(np.median(known))
    return Favourable(f"> {middle:g}", None, middle)


def groups_told(comparison: Comparison) -> list[dict[str, Any]]:
    """For the report: every group, its rows in each part, and whether they are enough to judge it (JSON values)."""
    told = []
    for grouping in groupings(comparison):
        sizes = {part: grouping.sizes(part) for part in grouping.codes}
        for place, label in enumerate(grouping.labels):
            rows = {part: int(counts[place]) for part, counts in sizes.items()}
            enough = all(count >= LEAST for count in rows.values())
            told.append({"column": grouping.name, "group": label, "rows": rows, "judged": enough})
    return told


def _class(comparison: Comparison, kind: str, names: dict[float, str], counts: np.ndarray) -> Favourable:
    target, wanted = comparison.target or "", comparison.positive
    column = comparison.real.only.schema[target]
    codes = list(names)
    if wanted is not None:
        words = {"true": column.format.true, "false": column.format.false} if kind == "boolean" else {}
        wanted = words.get(wanted.lower(), wanted)
        code = next((code for code, text in names.items() if text == wanted), None)
        if code is None:
            raise MetricError(f"Target {target!r} has no value {wanted!r}.", near(wanted, names.values()))
        return Favourable(wanted, code)
    if len(codes) > 2:
        raise MetricError(
            f"Target {target!r} has {len(codes)} values, and none is named as the favourable one.",
            f"Name it (positive, --positive): one of {', '.join(sorted(names.values())[:8])}.",
        )
    if kind == "category":
        # The rarer; of two as frequent, the one that goes second.
        code = min(zip(counts.tolist(), (-each for each in codes), strict=True))[1] * -1.0
    elif kind == "boolean":
        code = next((each for each in codes if names[each] == column.format.true), codes[0])
    else:
        code = max(codes)
    return Favourable(names[code], code)


def _single(comparison: Comparison, name: str) -> Grouping:
    kind = comparison.real.only.schema[name].kind
    values = {part: rows[name] for part, rows in alike(comparison, [name]).items()}
    real = values["real"]
    numbers = kind in ("integer", "number", "datetime")
    if numbers and real.drop_nulls().n_unique() > FEW_VALUES:
        texts, labels = _banded(values, kind)
    else:
        texts = {part: each.cast(pl.String) for part, each in values.items()}
        # Numbers in their order, others the most frequent first.
        counts = real.to_frame("value").drop_nulls().group_by("value").len()
        counts = counts.sort("value") if numbers else counts.sort(["len", "value"], descending=[True, False])
        labels = counts["value"].cast(pl.String).to_list()
    if len(labels) + bool(real.null_count()) < 2:
        raise MetricError(
            f"The protected column {name!r} has one value in the real rows: there is no group to compare.",
            "Leave it out.",
        )
    texts = {part: each.fill_null(ABSENT) for part, each in texts.items()}
    labels += sorted({label for each in texts.values() for label in each.unique().to_list()} - set(labels))
    if len(labels) > MOST_GROUPS:
        raise MetricError(
            f"The protected column {name!r} has {len(labels)} values; at most {MOST_GROUPS} groups can be compared.",
            "Join its values into fewer groups first, or protect another column.",
        )
    place = {label: number for number, label in enumerate(labels)}
    codes = {part: np.array([place[label] for label in each.to_list()], dtype=np.int64) for part, each in texts.items()}
    return Grouping(name, (name,), tuple(labels), codes)


def _banded(values: dict[str, pl.Series], kind: str) -> tuple[dict[str, pl.Series], list[str]]:
    """Numbers and dates by the quarters of the real rows, as text, and the bands in order: "≤ 28", "28–37", "> 37"."""
    plain = {part: each.cast(pl.Int64) if kind == "datetime" else each for part, each in values.items()}
    known = plain["real"].drop_nulls().cast(pl.Float64).to_numpy()
    cuts = np.unique(np.quantile(known[np.isfinite(known)], QUARTERS, method="lower"))
    edges = [str(np.datetime64(int(cut), "us"))[:10] if kind == "datetime" else f"{cut:g}" for cut in cuts]
    names = [f"≤ {edges[0]}", *(f"{a}–{b}" for a, b in pairwise(edges)), f"> {edges[-1]}"]
    found = {}
    for part, each in plain.items():
        bands = np.searchsorted(cuts, each.cast(pl.Float64).fill_null(0.0).to_numpy(), side="left")
        texts = [names[band] if there else None for band, there in zip(bands, each.is_not_null(), strict=True)]
        found[part] = pl.Series(each.name, texts, dtype=pl.String)
    return found, names


def _crossed(parts: tuple[Grouping, ...]) -> Grouping:
    """Combinations that occur in some part."""
    sizes = tuple(len(each.labels) for each in parts)
    joined = {part: np.ravel_multi_index([each.codes[part] for each in parts], sizes) for part in parts[0].codes}
    kinds, of = np.unique(np.concatenate(list(joined.values())), return_inverse=True)
    ends = np.cumsum([len(rows) for rows in joined.values()])[:-1]
    codes = dict(zip(joined, np.split(of, ends), strict=True))
    labels = tuple(
        " × ".join(each.labels[code] for each, code in zip(parts, kind, strict=True))
        for kind in zip(*np.unravel_index(kinds, sizes), strict=True)
    )
    columns = tuple(each.columns[0] for each in parts)
    return Grouping(" × ".join(columns), columns, labels, codes)
