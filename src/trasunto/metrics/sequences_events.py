"""Sequences of a comparison as arrays, made once and shared by the metrics of sequences."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import polars as pl

from trasunto.data.dataset import Table
from trasunto.errors import MetricError
from trasunto.metrics.frames import arrays
from trasunto.metrics.score import Comparison

# Entities of a part: what is measured is known to a hundredth from so many.
MOST_ENTITIES = 20_000
MICROSECOND_DAY = 86_400e6


@dataclass(frozen=True)
class Events:
    """The n events of m entities, sorted by entity and, within an entity, by order.

    values: (n, columns), coded as in `frames.Arrays`. when: (n,) the order column; days since 1970 for datetimes.
    gap: (n,) to the event before, NaN for the first of an entity. owner: (n,) entity, from 0. place: (n,) position
    within the entity, from 0. starts, lengths: (m,) first event, and how many events.
    """

    values: np.ndarray
    when: np.ndarray
    gap: np.ndarray
    owner: np.ndarray
    place: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray

    @property
    def ends(self) -> np.ndarray:
        """(m,) position of the last event of each entity."""
        return self.starts + self.lengths - 1


@dataclass(frozen=True)
class Sequences:
    """names: columns but the entity and the order, free text and identifiers. levels: (columns,) as in `Arrays`.

    parts: "real", "synthetic", "independent" (as many events as synthetic, each column drawn by itself from the real
    values, the order too, and dealt out to as many entities at random), and "holdout" when there is one, cut to as many
    entities as synthetic.
    """

    names: tuple[str, ...]
    levels: np.ndarray
    parts: dict[str, Events]

    @property
    def category(self) -> np.ndarray:
        """(columns,) whether the values of a column have no order."""
        return self.levels > 0

    @property
    def others(self) -> list[str]:
        """The parts that are measured against the real one."""
        return [part for part in self.parts if part != "real"]


# Held as long as the comparison itself is, and no longer: these are private rows.
_KEPT: WeakKeyDictionary[Comparison, Sequences] = WeakKeyDictionary()


def sequences_of(comparison: Comparison) -> Sequences | None:
    """The parts as sequences; None when the real table has no sequence.

    Raises MetricError when the order column cannot be read as numbers or times.
    """
    if comparison.real.only.schema.sequence is None:
        return None
    found = _KEPT.get(comparison)
    if found is None:
        found = _KEPT[comparison] = _sequences(comparison)
    return found


def by_owner(influence: np.ndarray, owner: np.ndarray, entities: int) -> np.ndarray:
    """(entities,) influences from those of (n,) events: events of an entity hang together, entities do not."""
    return np.bincount(owner, influence, minlength=entities) * (entities / max(len(influence), 1))


def _sequences(comparison: Comparison) -> Sequences:
    entity, order = comparison.real.only.schema.sequence or ("", "")
    given = arrays(comparison)
    kept = [place for place, name in enumerate(given.names) if name not in (entity, order)]
    rng = np.random.default_rng(comparison.seed)
    datasets = {"real": comparison.real, "synthetic": comparison.synthetic, "holdout": comparison.holdout}
    parts: dict[str, Events] = {}
    whens: dict[str, np.ndarray] = {}
    for part, dataset in datasets.items():
        if dataset is None:
            continue
        owner = dataset.rows[entity].cast(pl.String).fill_null("").rank("dense").to_numpy().astype(np.int64) - 1
        whens[part] = _when(part, dataset.only, order)
        most = min(MOST_ENTITIES, len(parts["synthetic"].starts)) if part == "holdout" else MOST_ENTITIES
        parts[part] = _events(given.parts[part][:, kept], whens[part], owner, most, rng)
    made = len(parts["synthetic"].when)
    drawn = rng.permutation(len(given.parts["independent"]))[:made]
    order_drawn = rng.choice(whens["real"], made)
    dealt = rng.integers(0, len(parts["synthetic"].starts), made)
    alone = _events(given.parts["independent"][drawn][:, kept], order_drawn, dealt, MOST_ENTITIES, rng)
    names = tuple(given.names[place] for place in kept)
    return Sequences(names, given.levels[kept], {**parts, "independent": alone})


def _when(part: str, table: Table, order: str) -> np.ndarray:
    values = table.rows[order]
    if values.dtype == pl.Datetime("us"):
        return values.cast(pl.Int64).cast(pl.Float64).fill_null(float("nan")).to_numpy() / MICROSECOND_DAY
    found = values.cast(pl.Float64, strict=False)
    if found.null_count() > values.null_count():
        raise MetricError(
            f"The order column {order!r} of the {part} data holds values that are neither numbers nor times.",
            "Name an order column of kind integer, number or datetime in the table's sequence.",
        )
    return found.fill_null(float("nan")).to_numpy()


def _events(values: np.ndarray, when: np.ndarray, owner: np.ndarray, most: int, rng: np.random.Generator) -> Events:
    """Sorted events of at most `most` entities; events of an entity at the same time stay in the order of the rows."""
    entities = np.unique(owner)
    if len(entities) > most:
        chosen = np.isin(owner, rng.choice(entities, most, replace=False))
        values, when, owner = values[chosen], when[chosen], owner[chosen]
    sorted_rows = np.lexsort((when, owner))
    values, when = values[sorted_rows], when[sorted_rows]
    _, starts, owner, lengths = np.unique(
        owner[sorted_rows], return_index=True, return_inverse=True, return_counts=True
    )
    place = np.arange(len(owner)) - starts[owner]
    gap = np.diff(when, prepend=np.nan)
    gap[starts] = np.nan
    return Events(values, when, gap, owner, place, starts, lengths)
