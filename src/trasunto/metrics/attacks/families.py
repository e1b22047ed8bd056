"""Whole families: a row with all rows that belong to it, told again by the synthetic tables.

A row of related tables may be new where every row by itself is common: a patient whose visits are, one by one, those of
many patients may still be the only one with just these.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import ForeignKey
from trasunto.errors import MetricError
from trasunto.metrics.interval import wilson
from trasunto.metrics.score import Score

# Generations followed: keys that lead round in a circle end here.
DEEPEST = 5


def families(real: Dataset, synthetic: Dataset, holdout: Dataset | None = None, *, seed: int = 0) -> tuple[Score, ...]:
    """privacy.families: the share of synthetic families that equal a real one; privacy.near_families: that equal one
    when some one column is left out. By parent table, the worst of them as headline.

    A family is a row that others refer to by foreign key, with at least one row that does, and theirs in turn (5
    generations at most). Its members are a multiset: in which order rows stand does not matter, nor do identifiers and
    keys. Control: the share of holdout families. Baseline: the synthetic families with their rows dealt out anew. All
    datasets have the schema of `real`. () without foreign keys or without families; MetricError for other tables or
    columns.
    """
    for name, other in (("synthetic", synthetic), ("holdout", holdout)):
        if other is not None:
            _check_alike(name, real, other)
    found: list[Score] = []
    for parent in dict.fromkeys(key.table for _, key in _keys(real)):
        found += _of_parent(parent, real, synthetic, holdout, np.random.default_rng(seed))
    heads = []
    for metric, reading in READINGS.items():
        scores = [score for score in found if score.metric == metric]
        if scores:
            worst = max(scores, key=lambda score: score.value - (score.control or 0.0))
            heads.append(
                Score(metric, worst.value, 0.0, worst.interval, worst.baseline, worst.control, reading=reading)
            )
    return (*heads, *found)


READINGS = {
    "privacy.families": "Share of synthetic families (a row with all that refer to it) that equal a real one; the "
    "control is how many unseen families do, the baseline how many do with members dealt out anew.",
    "privacy.near_families": "The same, one column left out.",
}


@dataclass(frozen=True)
class _View:
    """A dataset without one column (table, name), or whole (None)."""

    data: Dataset
    without: tuple[str, str] | None

    def told(self, parent: str) -> set[int]:
        """A number for each different family of a parent table."""
        return set(self.families(parent))

    def families(self, parent: str) -> list[int]:
        sums, sizes = self._sums(parent, 0)
        found: list[int] = sums.filter(sizes > 0).to_list()
        return found

    def _sums(self, name: str, depth: int) -> tuple[pl.Series, pl.Series]:
        """Of each row of a table: a number that tells its family, and how many rows refer to it."""
        table = self.data.tables[name]
        shown = [c for c in _shown(table) if (name, c) != self.without]
        nothing = pl.zeros(len(table), dtype=pl.UInt64, eager=True)
        parts = pl.DataFrame({"own": table.rows.select(shown).hash_rows(seed=1) if shown else nothing})
        sizes = pl.zeros(len(table), dtype=pl.Int64, eager=True)
        if depth < DEEPEST:
            for number, (child, key) in enumerate(_children(self.data, name)):
                inside, _ = self._sums(child, depth + 1)
                of = self.data.tables[child].rows.select(_keyed(key.columns)).with_columns(inside.alias("sum of child"))
                grouped = (
                    of.group_by(key.columns)
                    .agg(pl.col("sum of child").sort(), pl.len().cast(pl.Int64).alias("size of child"))
                    .rename(dict(zip(key.columns, key.references, strict=True)))
                )
                met = table.rows.select(_keyed(key.references)).join(
                    grouped, on=list(key.references), how="left", maintain_order="left"
                )
                sizes = sizes + met["size of child"].fill_null(0)
                parts = parts.with_columns(met["sum of child"].alias(f"{number}"))
        lists = [pl.col(c).list.eval(pl.element().cast(pl.String)).list.join(" ") for c in parts.columns[1:]]
        return parts.select("own", *lists).hash_rows(seed=2), sizes


def _of_parent(
    parent: str, real: Dataset, synthetic: Dataset, holdout: Dataset | None, rng: np.random.Generator
) -> Iterator[Score]:
    dealt = _dealt(synthetic, rng)
    parts = {"made": synthetic, "dealt": dealt, **({"holdout": holdout} if holdout is not None else {})}
    views = [None, *_columns(real, parent)]
    equal: dict[str, list[np.ndarray]] = {part: [] for part in parts}
    for without in views:
        known = _View(real, without).told(parent)
        for part, data in parts.items():
            told = _View(data, without).families(parent)
            equal[part].append(np.array([each in known for each in told], dtype=bool))
    count = len(equal["made"][0])
    if not count:
        return
    for metric, near in (("privacy.families", False), ("privacy.near_families", True)):
        shares = {part: np.any(met, axis=0) if near else met[0] for part, met in equal.items()}
        hits = int(shares["made"].sum())
        control = float(shares["holdout"].mean()) if "holdout" in shares and len(shares["holdout"]) else None
        baseline = float(shares["dealt"].mean()) if len(shares["dealt"]) else None
        yield Score(metric, hits / count, 0.0, wilson(hits, count), baseline, control, parent)


def _keyed(columns: tuple[str, ...]) -> list[pl.Expr]:
    """Keys as text: the two tables may hold them as different kinds."""
    return [pl.col(name).cast(pl.String) for name in columns]


def _keys(data: Dataset) -> list[tuple[str, ForeignKey]]:
    return [(name, key) for name, table in data.tables.items() for key in table.schema.foreign_keys]


def _children(data: Dataset, parent: str) -> list[tuple[str, ForeignKey]]:
    return [(name, key) for name, key in _keys(data) if key.table == parent]


def _shown(table: Table) -> list[str]:
    """Columns that tell something: no identifiers, no keys."""
    keys = {c for key in table.schema.foreign_keys for c in key.columns} | set(table.schema.primary_key)
    return [column.name for column in table.schema.columns if column.kind != "id" and column.name not in keys]


def _columns(data: Dataset, parent: str) -> list[tuple[str, str]]:
    """(table, column) of the family of a parent table."""
    tables, new = {parent: None}, [parent]
    for _ in range(DEEPEST):
        new = [child for name in new for child, _ in _children(data, name) if child not in tables]
        tables |= dict.fromkeys(new)
    return [(name, column) for name in tables for column in _shown(data.tables[name])]


def _dealt(data: Dataset, rng: np.random.Generator) -> Dataset:
    """The same tables, every row that refers to another given to some row of its kind at random."""
    tables = {}
    for name, table in data.tables.items():
        rows = table.rows
        for key in table.schema.foreign_keys:
            mixed = rows.select(key.columns)[rng.permutation(rows.height)]
            rows = rows.with_columns(mixed.get_columns())
        tables[name] = Table(table.schema, rows)
    return Dataset(data.schema, tables)


def _check_alike(what: str, real: Dataset, other: Dataset) -> None:
    if set(real.tables) != set(other.tables):
        raise MetricError(
            f"The {what} data has the tables {sorted(other.tables)}, the real data {sorted(real.tables)}.",
            "Give both the same tables.",
        )
    for name, table in real.tables.items():
        wanted, found = set(table.schema.names), set(other.tables[name].schema.names)
        if wanted != found:
            raise MetricError(
                f"Table {name!r} of the {what} data has other columns: missing {sorted(wanted - found)}, extra "
                f"{sorted(found - wanted)}.",
                "Give both the same columns.",
            )
