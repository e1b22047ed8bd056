"""What related tables are worth: every metric of the group "relations" that applies, in one go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import polars as pl

from trasunto import registry
from trasunto.data.dataset import Dataset, Table
from trasunto.data.flat import without_keys
from trasunto.data.relations import links
from trasunto.errors import MetricError
from trasunto.metrics.measure import scored
from trasunto.metrics.score import Comparison, Score
from trasunto.progress import Progress, quiet


@dataclass(frozen=True, eq=False)
class Related:
    """Several tables to compare. All datasets have the tables and the columns of `real`, whose schema holds the keys.

    real: what the synthesizer was fitted to. synthetic: what it drew. holdout: real families that nothing has seen;
    without it, scores have no control. Raises MetricError for other tables or columns and for a table without rows.
    """

    real: Dataset
    synthetic: Dataset
    holdout: Dataset | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for what, dataset in (("synthetic", self.synthetic), ("holdout", self.holdout)):
            if dataset is None:
                continue
            if set(dataset.tables) != set(self.real.tables):
                raise MetricError(
                    f"The {what} data has the tables {sorted(dataset.tables)}, the real data "
                    f"{sorted(self.real.tables)}.",
                    "Give both the same tables.",
                )
            for name, table in self.real.tables.items():
                wanted, found = set(table.schema.names), set(dataset.tables[name].schema.names)
                if wanted != found:
                    raise MetricError(
                        f"Table {name!r} of the {what} data has other columns: missing {sorted(wanted - found)}, "
                        f"extra {sorted(found - wanted)}.",
                        "Give both the same columns.",
                    )
        if not any(len(table) for table in self.real.tables.values()):
            raise MetricError("The real data has no rows.", "Give at least a few hundred.")
        links(self.real.schema)

    @property
    def parts(self) -> dict[str, Dataset]:
        """ "real", "synthetic", and "holdout" when there is one; all with the schema of `real`."""
        datasets = {"real": self.real, "synthetic": self.synthetic, "holdout": self.holdout}
        return {part: _alike(self.real, dataset) for part, dataset in datasets.items() if dataset is not None}


# Held as long as the comparison itself is, and no longer: these are private rows.
_KEPT: WeakKeyDictionary[Related, dict[str, Any]] = WeakKeyDictionary()


def measure_related(
    related: Related, names: Sequence[str] | None = None, progress: Progress = quiet
) -> tuple[Score, ...]:
    """Every metric asked for by name, or all of the group "relations"; what cannot be measured on these tables is left
    out unless it was asked for.

    Each gives its headline (subject ""), then scores by table, key, path or columns. progress: called with ("measure",
    metrics done, metrics in all). Raises UnknownNameError for a name that no metric has, before anything is measured.
    """
    return scored("relations", list(names or registry.names("relations")), related, names or (), progress)


def table_comparisons(related: Related) -> dict[str, Comparison]:
    """A comparison of one table for each that was synthesised and has rows on every side, made once.

    Keys are left out: they tell rows apart and say nothing. A table that the holdout shares with the real data (a
    dimension) has no unseen rows, so its comparison has no holdout; one that is marked as copied, or was copied, says
    nothing of a synthesizer and is left out.
    """
    kept = _KEPT.setdefault(related, {})
    if "tables" not in kept:
        found = {}
        for name in related.real.tables:
            told = {part: without_keys(dataset.tables[name]) for part, dataset in related.parts.items()}
            parts = {part: Dataset.of(table, name) for part, table in told.items() if table is not None}
            copied = related.real.tables[name].schema.copied or same(related.real, related.synthetic, name)
            if copied or not all(len(parts.get(part, ())) for part in ("real", "synthetic")):
                continue
            real, synthetic = parts["real"], parts["synthetic"]
            unseen = parts.get("holdout")
            if unseen is not None and (not len(unseen) or same(related.real, related.parts["holdout"], name)):
                unseen = None
            found[name] = Comparison(real, synthetic, unseen, seed=related.seed)
        kept["tables"] = found
    return kept["tables"]


def pooled(scores: Sequence[Score], weights: Sequence[float], reading: str, metric: str) -> Score:
    """The weighted mean of scores as one. Its interval takes them as independent of each other; the baseline and the
    control are means over those that have one, the missing ones taken as the mean of the others."""
    share = np.array(weights, dtype=float) / sum(weights)
    value = float(share @ [score.value for score in scores])
    half = [(score.interval[1] - score.interval[0]) / 2 if score.interval else 0.0 for score in scores]
    wide = float(np.sqrt(((share * half) ** 2).sum()))
    ends = (max(0.0, value - wide), min(1.0, value + wide))
    baseline = _mean([score.baseline for score in scores], share)
    control = _mean([score.control for score in scores], share)
    return Score(metric, value, scores[0].goal, ends, baseline, control, reading=reading)


def _mean(values: Sequence[float | None], share: np.ndarray) -> float | None:
    known = [place for place, value in enumerate(values) if value is not None]
    if not known or not share[known].sum():
        return None
    return float(share[known] @ np.array([values[place] for place in known], dtype=float) / share[known].sum())


def same(one: Dataset, other: Dataset, name: str) -> bool:
    """Whether a table holds the same rows in both, in whatever order."""
    first, second = one.tables[name].rows, other.tables[name].rows
    if first.height != second.height:
        return False
    try:
        return first.sort(first.columns).equals(second.select(first.columns).sort(first.columns))
    except pl.exceptions.PolarsError:
        return False


def _alike(real: Dataset, dataset: Dataset) -> Dataset:
    """The tables in the real order, with the real schema."""
    tables = {
        name: Table(table.schema, dataset.tables[name].rows.select(table.schema.names))
        for name, table in real.tables.items()
    }
    return Dataset(real.schema, tables)
