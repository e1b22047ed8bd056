"""Do the keys of related tables hold, has each parent as many children, and are the tables by themselves alike?

Cardinality is SDMetrics' CardinalityShapeSimilarity, shapes and trends are those of `fidelity`, turned from scores into
errors: 0 is a perfect likeness, 1 the greatest difference. The baseline deals the real links out at random, or draws
columns by themselves; the control puts unseen families in the place of the synthetic ones.
"""

from __future__ import annotations

from math import comb

import numpy as np
import polars as pl

from trasunto.data.dataset import Dataset
from trasunto.data.relations import LOST, Link, links, places
from trasunto.errors import MetricError
from trasunto.metrics import fidelity, structure
from trasunto.metrics.attacks import families as told
from trasunto.metrics.distances import of_categories, of_numbers
from trasunto.metrics.frames import arrays
from trasunto.metrics.interval import around
from trasunto.metrics.related import Related, pooled, table_comparisons
from trasunto.metrics.score import Score

# Children a parent beyond which a count stands with the greater ones in the table of counts.
MOST_COUNTS = 1_000
AFTER = " The control is what unseen families differ by chance, the baseline links dealt out at random."


def integrity(related: Related) -> tuple[Score, ...]:
    """relations.integrity: share of the references that name a row which is there, the least over the foreign keys;
    then by key ("loan.account_id → account"), and by table the share of its primary keys that are there and met once
    ("account key"). A missing reference counts where the real column is never missing. () without keys."""
    parts, scores = related.parts, []
    for link in links(related.real.schema):
        value = {part: _resolved(related.real, dataset, link) for part, dataset in parts.items()}
        scores.append(_integrity(value, str(link)))
    for name, table in related.real.tables.items():
        key = list(table.schema.primary_key)
        if key:
            value = {part: _unique(dataset.tables[name].rows.select(key)) for part, dataset in parts.items()}
            scores.append(_integrity(value, f"{name} key"))
    if not scores:
        return ()
    worst = min(scores, key=lambda score: score.value)
    reading = "Least share, over all keys, of references that lead to a row and of primary keys met once; 1 is sound."
    headline = Score("relations.integrity", worst.value, 1.0, None, 1.0, worst.control, reading=reading)
    return headline, *sorted(scores, key=lambda score: score.value)


def cardinality(related: Related) -> tuple[Score, ...]:
    """relations.cardinality: Kolmogorov-Smirnov distance of how many children a parent has, parents without any
    included, mean over the foreign keys; then by key. relations.cardinality_counts: the same as total variation
    distance, which also sees counts that are never or always met. () without foreign keys."""
    found: dict[str, list[Score]] = {"relations.cardinality": [], "relations.cardinality_counts": []}
    for link in links(related.real.schema):
        counts = {part: _counts(dataset, link) for part, dataset in related.parts.items()}
        if not all(map(len, counts.values())):
            continue
        rng = np.random.default_rng(related.seed)
        dealt = rng.integers(0, len(counts["real"]), int(counts["real"].sum()))
        counts["dealt"] = np.bincount(dealt, minlength=len(counts["real"])).astype(float)
        top = int(min(MOST_COUNTS, max(each.max() for each in counts.values())))
        capped = {part: np.minimum(each, top) for part, each in counts.items()}
        for metric, measure, values in (
            ("relations.cardinality", of_numbers(counts["real"]), counts),
            ("relations.cardinality_counts", of_categories(capped["real"], top + 1), capped),
        ):
            error, influence = measure(values["synthetic"])
            control = measure(values["holdout"])[0] if "holdout" in values else None
            interval = around(error, influence, 0.0, 1.0)
            found[metric].append(Score(metric, error, 0.0, interval, measure(values["dealt"])[0], control, str(link)))
    readings = {
        "relations.cardinality": "Difference of how many children a parent has, mean over the keys; 0 is equal.",
        "relations.cardinality_counts": "The same as the share of parents that have another count; 0 is equal.",
    }
    scores: list[Score] = []
    for metric, each in found.items():
        if each:
            scores.append(pooled(each, [1.0] * len(each), readings[metric] + AFTER, metric))
            scores += sorted(each, key=lambda score: -score.value)
    return tuple(scores)


def shapes(related: Related) -> tuple[Score, ...]:
    """relations.shapes: mean error of the columns of all tables (see `fidelity.shapes`); then by table, and by column
    ("loan.amount"), worst first. Copied tables do not count."""
    found = {}
    for name, comparison in table_comparisons(related).items():
        scores = fidelity.shapes(comparison)
        if scores:
            found[name] = scores, float(len(arrays(comparison).names))
    reading = (
        "Mean difference of the columns' distributions in all tables from the training rows; 0 is equal. The control "
        "is what unseen rows differ by chance, the baseline columns drawn by themselves."
    )
    return _over_tables("relations.shapes", found, reading)


def trends(related: Related) -> tuple[Score, ...]:
    """relations.trends: mean error of the pairs of columns within a table, over all tables (see `fidelity.trends`);
    then by table, and the pairs that differ most. Copied tables do not count."""
    found = {}
    for name, comparison in table_comparisons(related).items():
        scores = fidelity.trends(comparison)
        if scores:
            found[name] = scores, float(comb(len(arrays(comparison).names), 2))
    reading = (
        "Mean difference of the relations between two columns of a table from those in the training rows; 0 is equal. "
        "The control is what unseen rows differ by chance, the baseline columns drawn by themselves."
    )
    return _over_tables("relations.trends", found, reading)


def c2st(related: Related) -> tuple[Score, ...]:
    """relations.c2st: chance that boosted trees score a synthetic row above an unseen real one of the same table (see
    `fidelity.c2st`), mean over the tables; then by table, and the columns that alone tell most. A table that the
    holdout shares with the real data has no unseen rows and does not count."""
    found = {}
    for name, comparison in table_comparisons(related).items():
        if comparison.holdout is None and related.holdout is not None:
            continue
        try:
            scores = structure.c2st(comparison)
        except MetricError:
            continue
        if scores:
            found[name] = scores, 1.0
    which, after = "a training row", " Without a holdout this rewards copying."
    if related.holdout is not None:
        which, after = "an unseen real one", " The control puts training rows in the place of the synthetic ones,"
        after += " the baseline columns drawn by themselves."
    reading = (
        f"Chance that boosted trees score a synthetic row above {which} of its table, mean over the tables; 0.5 "
        f"means they cannot tell.{after}"
    )
    return _over_tables("relations.c2st", found, reading)


def families(related: Related) -> tuple[Score, ...]:
    """privacy.families and privacy.near_families: shares of synthetic families that are a real one (see
    `metrics.attacks.families`)."""
    parts = related.parts
    return told.families(parts["real"], parts["synthetic"], parts.get("holdout"), seed=related.seed)


def _over_tables(metric: str, found: dict[str, tuple[tuple[Score, ...], float]], reading: str) -> tuple[Score, ...]:
    """The mean of the tables' headlines by weight, then these, then what they tell column by column."""
    if not found:
        return ()
    heads = {name: scores[0] for name, (scores, _) in found.items()}
    whole = pooled(list(heads.values()), [weight for _, weight in found.values()], reading, metric)
    by_table = [_renamed(score, metric, name) for name, score in heads.items()]
    each = [
        _renamed(score, metric, " × ".join(f"{name}.{part}" for part in score.subject.split(" × ")))
        for name, (scores, _) in found.items()
        for score in scores[1:]
    ]
    worst = sorted(each, key=_apart, reverse=True)[: fidelity.SHOWN_PAIRS]
    return whole, *sorted(by_table, key=_apart, reverse=True), *worst


def _apart(score: Score) -> float:
    return abs(score.value - score.goal)


def _renamed(score: Score, metric: str, subject: str) -> Score:
    return Score(metric, score.value, score.goal, score.interval, score.baseline, score.control, subject)


def _integrity(value: dict[str, float], subject: str) -> Score:
    return Score("relations.integrity", value["synthetic"], 1.0, None, 1.0, value.get("holdout"), subject)


def _resolved(real: Dataset, dataset: Dataset, link: Link) -> float:
    found = places(dataset, link)
    broken = found == LOST
    keys = real.tables[link.child].rows.select(link.columns)
    if not keys.select(pl.any_horizontal(pl.all().is_null())).to_series().any():
        broken = found < 0
    return 1.0 - float(broken.mean()) if len(found) else 1.0


def _unique(keys: pl.DataFrame) -> float:
    return 1.0 if not keys.height else keys.drop_nulls().unique().height / keys.height


def _counts(dataset: Dataset, link: Link) -> np.ndarray:
    """(parents,) how many children each has."""
    found = places(dataset, link)
    return np.bincount(found[found >= 0], minlength=len(dataset.tables[link.parent])).astype(float)
