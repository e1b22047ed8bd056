"""Do columns of tables that are one, two or three foreign keys apart hang together as they should?

The rows of a table are joined with the row that their key leads to, and on up the path (disp → account → district), as
in ClavaDDPM (Pang et al. 2024) and GRDM (Ketata et al. 2025); then each pair of a column of the lowest and a column of
the highest table is compared as in `fidelity.trends`. Mean over the pairs of a path, and over the paths.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from trasunto.data.dataset import Dataset, Table
from trasunto.data.flat import keys_in
from trasunto.data.relations import Link, hops, links, places
from trasunto.data.schema import Schema, TableSchema
from trasunto.metrics.fidelity import MOST_PAIRS, SHOWN_PAIRS, as_many, pair_errors
from trasunto.metrics.frames import arrays
from trasunto.metrics.interval import around
from trasunto.metrics.related import Related, pooled
from trasunto.metrics.score import Comparison, Score

DISTANCES = {1: "one foreign key", 2: "two foreign keys", 3: "three foreign keys"}


def hop1(related: Related) -> tuple[Score, ...]:
    """relations.hop1: error of the pairs of columns of tables one foreign key apart; then by path, worst pairs last. ()
    without such tables."""
    return _hop(related, 1)


def hop2(related: Related) -> tuple[Score, ...]:
    """relations.hop2: as `hop1`, two foreign keys apart (disp → account → district)."""
    return _hop(related, 2)


def hop3(related: Related) -> tuple[Score, ...]:
    """relations.hop3: as `hop1`, three foreign keys apart (card → disp → account → district)."""
    return _hop(related, 3)


def _hop(related: Related, distance: int) -> tuple[Score, ...]:
    metric = f"relations.hop{distance}"
    scores, pairs = [], []
    for path in hops(related.real.schema, distance):
        found = _path(related, path, metric)
        if found is not None:
            scores.append(found[0])
            pairs += found[1]
    if not scores:
        return ()
    reading = (
        f"Mean difference of the relations between columns of tables {DISTANCES[distance]} apart from those in the "
        "training rows; 0 is equal. The control is what unseen families differ by chance, the baseline links dealt "
        "out at random."
    )
    headline = pooled(scores, [1.0] * len(scores), reading, metric)
    worst = sorted(pairs, key=lambda score: -score.value)[:SHOWN_PAIRS]
    return headline, *sorted(scores, key=lambda score: -score.value), *worst


def _path(related: Related, path: tuple[Link, ...], metric: str) -> tuple[Score, list[Score]] | None:
    """The score of a path, and those of its pairs; None where the tables have no columns or no rows meet."""
    joined = {part: _joined(dataset, path) for part, dataset in related.parts.items()}
    label = " → ".join([path[0].child, *(link.parent for link in path)])
    if any(link.parent == link.child or len(_between(related, link)) > 1 for link in path):
        label += f" ({', '.join('+'.join(link.columns) for link in path)})"
    real, width = joined["real"][0], joined["real"][2]
    if not width or width == real.rows.width or not len(real):
        return None
    if not len(joined["synthetic"][0]):
        return Score(metric, 1.0, 0.0, (1.0, 1.0), None, None, label), []
    unseen = joined["holdout"][0] if "holdout" in joined and len(joined["holdout"][0]) else None
    if unseen is not None and unseen.digest() == real.digest():
        unseen = None
    comparison = Comparison(real, joined["synthetic"][0], unseen, seed=related.seed)
    given = arrays(comparison)
    low = set(real.rows.columns[:width])
    kinds = np.array([name in low for name in given.names])
    first, second = (each.ravel() for each in np.meshgrid(np.flatnonzero(kinds), np.flatnonzero(~kinds)))
    if not len(first):
        return None
    if len(first) > MOST_PAIRS:
        chosen = np.sort(np.random.default_rng(related.seed).choice(len(first), MOST_PAIRS, replace=False))
        first, second = first[chosen], second[chosen]
    errors, influence = pair_errors(given, as_many(given, related.seed), first, second)
    value = {part: float(each.mean()) for part, each in errors.items()}
    interval = around(value["synthetic"], _by_parent(influence, joined["synthetic"][1]), 0.0, 1.0)
    # Two paths may lead from one table to another: the tables between say which it is.
    way = f" ({', '.join(link.parent for link in path[:-1])})" if len(path) > 1 else ""
    score = Score(metric, value["synthetic"], 0.0, interval, value["independent"], value.get("holdout"), label)
    return score, [
        Score(
            metric,
            float(errors["synthetic"][pair]),
            0.0,
            None,
            float(errors["independent"][pair]),
            float(errors["holdout"][pair]) if "holdout" in errors else None,
            f"{given.names[first[pair]]} × {given.names[second[pair]]}{way}",
        )
        for pair in np.argsort(-errors["synthetic"], kind="stable")[:SHOWN_PAIRS]
    ]


def _joined(dataset: Dataset, path: tuple[Link, ...]) -> tuple[Dataset, np.ndarray, int]:
    """The rows of the lowest table that lead to a row of the highest, both tables' columns side by side; the position
    of the row that each refers to; and how many of the columns are the lowest table's."""
    at = np.arange(len(dataset.tables[path[0].child]))
    rows, near = at, at
    for step, link in enumerate(path):
        found = places(dataset, link)[at]
        met = found >= 0
        at, rows, near = found[met], rows[met], found[met] if not step else near[met]
    low, high = dataset.tables[path[0].child], dataset.tables[path[-1].parent]
    columns, series = [], []
    ends = (path[0].child, low, rows), (path[-1].parent + (" above" if low is high else ""), high, at)
    widths = []
    for name, table, taken in ends:
        hidden = keys_in(table.schema)
        kept = [column for column in table.schema.columns if column.name not in hidden]
        widths.append(len(kept))
        for column in kept:
            columns.append(type(column)(f"{name}.{column.name}", column.kind, column.nullable))
            series.append(table.rows[column.name].gather(taken).alias(f"{name}.{column.name}"))
    schema = TableSchema(tuple(columns))
    table = Table(schema, pl.DataFrame(series))
    return Dataset(Schema({"joined": schema}), {"joined": table}), near, widths[0]


def _between(related: Related, link: Link) -> list[Link]:
    """The keys between the same two tables."""
    return [each for each in links(related.real.schema) if (each.child, each.parent) == (link.child, link.parent)]


def _by_parent(influence: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Influences of the rows that are referred to: their children hang together."""
    _, group = np.unique(near, return_inverse=True)
    return np.bincount(group, influence) * ((int(group.max()) + 1) / len(influence))
