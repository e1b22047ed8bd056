"""Rows in which the groups are as many as they should be: rebalanced, reweighed, filled up, or met in pairs.

Everything is asked of the model through conditions: the protected columns (and the target) are given, the rest of each
row is drawn to fit. Nothing is copied: a group of which the model knows little is drawn from what little it knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from trasunto.data.dataset import Dataset, Table
from trasunto.errors import SampleError, near
from trasunto.metrics.fairness_data import proxies
from trasunto.metrics.fairness_groups import Grouping, groupings
from trasunto.metrics.score import Comparison
from trasunto.synthesizers.coded import CodedModel

# From this share of a protected column on, another one gives it away, and is drawn anew in a counterfactual row.
GIVES_AWAY = 0.1


def cells(drawn: Dataset, protected: tuple[str, ...], target: str | None) -> Grouping:
    """The groups of the protected columns together, crossed with the values of the target when there is one."""
    names = (*protected, *([target] if target is not None else []))
    return groupings(Comparison(drawn, drawn, protected=names))[-1]


def weights(data: Dataset, protected: tuple[str, ...], target: str) -> np.ndarray:
    """(rows,) weights with which the target does not hang together with the protected columns: how often a group and an
    outcome would meet by chance, divided by how often they do (Kamiran and Calders 2012, section 4.2). Mean 1."""
    group, outcome = cells(data, protected, None), cells(data, (target,), None)
    both = cells(data, protected, target)
    by_chance = group.sizes("real")[group.codes["real"]] * outcome.sizes("real")[outcome.codes["real"]]
    return by_chance / len(data) / both.sizes("real")[both.codes["real"]]


def rebalanced(model: Any, drawn: Dataset, grouping: Grouping, wanted: np.ndarray, seed: int) -> Dataset:
    """As many rows as `drawn` has, of which the cells have (cells,) shares `wanted`."""
    return _of_cells(model, drawn, grouping, whole_numbers(wanted, len(drawn)), seed)


def filled(model: Any, drawn: Dataset, grouping: Grouping, least: int, seed: int) -> Dataset:
    """The rows drawn, and as many more as every cell needs to have `least`."""
    lacking = np.maximum(0, least - grouping.sizes("real"))
    if not lacking.any():
        return drawn
    more = _of_cells(model, drawn, grouping, lacking, seed, first=len(drawn))
    return drawn.with_table(Table(drawn.only.schema, pl.concat([drawn.rows, more.rows])))


def wanted_shares(grouping: Grouping, shares: Mapping[str, float] | None) -> np.ndarray:
    """(cells,) shares asked for by the cells' names, divided by their sum; equal ones when none are named.

    SampleError for a name that no cell has, a cell that is not named, and for a share below 0."""
    if shares is None:
        return np.full(len(grouping.labels), 1.0 / len(grouping.labels))
    for label, share in shares.items():
        if label not in grouping.labels:
            raise SampleError(f"There is no group {label!r} of {grouping.name}.", near(label, grouping.labels))
        if not share >= 0:
            raise SampleError(f"The share of {label!r} is {share}; it must be 0 or more.")
    lacking = [label for label in grouping.labels if label not in shares]
    if lacking or not sum(shares.values()) > 0:
        raise SampleError(
            f"No share is given for {', '.join(map(repr, lacking)) or 'any group'} of {grouping.name}.",
            "Give one for each group (0 for none of it).",
        )
    found = np.array([shares[label] for label in grouping.labels], dtype=float)
    return found / found.sum()


def independent_shares(drawn: Dataset, grouping: Grouping, protected: tuple[str, ...], target: str) -> np.ndarray:
    """(cells,) shares with which the target does not hang together with the protected columns."""
    mean = np.bincount(
        grouping.codes["real"], weights=weights(drawn, protected, target), minlength=len(grouping.labels)
    )
    return mean / mean.sum()


def twins(model: Any, drawn: Dataset, protected: tuple[str, ...], redraw: tuple[str, ...] | None, seed: int) -> Dataset:
    """The first half of the rows, then each of them again with other protected values, then what an odd number leaves.

    The twin has the protected values of a row of another group, drawn by how frequent the groups are. redraw: columns
    drawn anew to fit the rest of the twin; when None those that give the protected columns away (see
    `fairness.proxies`). All others are kept.
    """
    grouping = cells(drawn, protected, None)
    half = len(drawn) // 2
    rng = np.random.default_rng([seed, 43])
    group = grouping.codes["real"]
    other = rng.integers(0, len(drawn), half)
    for _ in range(1000):
        same = np.flatnonzero(group[other] == group[:half])
        if not same.size:
            break
        other[same] = rng.integers(0, len(drawn), same.size)
    if redraw is None:
        redraw = telltale(drawn, protected)
    anew = {*redraw, *(column.name for column in drawn.only.schema.of_kind("id"))}
    if isinstance(model, CodedModel):
        anew |= {rule.columns[0] for rule in model.plan.functions}
    rows = drawn.rows.head(half)
    given = rows.with_columns(drawn.rows[name][other.tolist()].alias(name) for name in protected)
    kept = [name for name in rows.columns if name not in anew or name in protected]
    made = model.sample(half, seed=seed, given=given.select(kept), first=len(drawn)) if half else drawn
    parts = [rows, made.rows.head(half), drawn.rows.slice(2 * half)]
    return drawn.with_table(Table(drawn.only.schema, pl.concat(parts)))


def telltale(drawn: Dataset, protected: tuple[str, ...]) -> tuple[str, ...]:
    """Columns that give at least a tenth of a protected column away."""
    found = proxies(Comparison(drawn, drawn, protected=protected))
    names = {score.subject.partition(" ← ")[2] for score in found if score.subject and score.value >= GIVES_AWAY}
    return tuple(name for name in drawn.rows.columns if name in names - set(protected))


def whole_numbers(shares: np.ndarray, rows: int) -> np.ndarray:
    """(cells,) whole numbers that add up to `rows` and are nearest to the shares of it (largest remainders)."""
    exact = shares * rows
    counts = np.floor(exact).astype(np.int64)
    counts[np.argsort(counts - exact, kind="stable")[: rows - int(counts.sum())]] += 1
    return counts


def _of_cells(model: Any, drawn: Dataset, grouping: Grouping, counts: np.ndarray, seed: int, first: int = 0) -> Dataset:
    """So many rows of each cell, in random order, with the values of rows of that cell given."""
    rng = np.random.default_rng([seed, 47])
    order = np.argsort(grouping.codes["real"], kind="stable")
    ends = np.cumsum(grouping.sizes("real"))
    places = [
        rng.choice(order[end - size : end], count)
        for end, size, count in zip(ends, grouping.sizes("real"), counts, strict=True)
        if count
    ]
    chosen = rng.permutation(np.concatenate(places)) if places else np.empty(0, dtype=np.int64)
    given = drawn.rows[chosen.tolist()].select(grouping.columns)
    made: Dataset = model.sample(len(chosen), seed=seed, given=given, first=first)
    return made
