"""Variance: lengths within quantiles, few texts of one template, classes of like size, other words for what repeats."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from dataclasses import replace

import numpy as np
import polars as pl

from trasunto.data.dataset import Table
from trasunto.data.schema import Column
from trasunto.language.prepare.rows import Rows
from trasunto.language.prepare.settings import Prepare
from trasunto.language.prepare.templates import templates
from trasunto.language.prepare.vary import language_of, varied

WEIGHT = "weight"
# A template is uniform from so many texts on.
UNIFORM = 4
_SENTENCE = re.compile(r"(?<=[.!?…])\s+")


def trimmed(rows: Rows, settings: Prepare) -> tuple[Rows, int]:
    """Rows whose length in words lies within the quantiles, and how many texts were cut to get there."""
    lengths = np.array([len(text.split()) for text in rows.joined()])
    low, high = np.quantile(lengths, [settings.shortest, settings.longest], method="nearest")
    cuttable = len(rows.texts) == 1 and not rows.is_dialogue(rows.texts[0])
    long = np.flatnonzero(lengths > high)
    if cuttable and len(long):
        rows = rows.changed_at(long.tolist(), lambda text: shortened(text, int(high)))
    kept = np.flatnonzero((lengths >= low) & ((lengths <= high) | cuttable))
    return rows.take(kept), len(long) if cuttable else 0


def shortened(text: str, words: int) -> str:
    """The first whole sentences of at most so many words; the first words when a sentence alone is longer."""
    parts = _SENTENCE.split(text)
    taken, count = 0, 0
    for part in parts:
        count += len(part.split())
        if count > words:
            break
        taken += 1
    if taken:
        end = 0
        for part in parts[:taken]:
            end = text.index(part, end) + len(part)
        return text[:end]
    return " ".join(text.split()[:words])


def fewer(rows: Rows, ratio: float, rng: np.random.Generator) -> Rows:
    """No label with more than `ratio` times the rows of the smallest."""
    places = _by_label(rows)
    most = math.ceil(ratio * min(map(len, places.values())))
    kept = [np.array(each) if len(each) <= most else rng.choice(each, most, replace=False) for each in places.values()]
    others = [place for place, label in enumerate(rows.labels()) if label is None]
    return rows.take(np.sort(np.concatenate([*kept, np.array(others, dtype=np.int64)])).astype(np.int64))


def more(rows: Rows, settings: Prepare, rng: np.random.Generator) -> tuple[Rows, int]:
    """Rows of small labels repeated after all others, until each has 1/`ratio` of the largest; how many those are."""
    places = _by_label(rows)
    wanted = math.ceil(max(map(len, places.values())) / settings.ratio)
    added: list[np.ndarray] = []
    for each in places.values():
        missing = min(wanted, settings.most * len(each)) - len(each)
        while missing > 0:
            part = rng.permutation(each)[:missing]
            added.append(part)
            missing -= len(part)
    if not added:
        return rows, 0
    extra = rng.permutation(np.concatenate(added))
    taken = rows.take(np.concatenate([np.arange(len(rows)), extra]).astype(np.int64))
    # A key that names a row twice is none.
    schema = replace(taken.table.schema, primary_key=())
    return replace(taken, table=Table(schema, taken.table.rows)), len(extra)


def weighted(rows: Rows) -> Rows:
    """A column of weights, n / (labels × rows of the label): each label weighs the same, all rows 1 on average."""
    counts = {label: len(each) for label, each in _by_label(rows).items()}
    known = sum(counts.values())
    weights = [1.0 if label is None else known / (len(counts) * counts[label]) for label in rows.labels()]
    column = Column(WEIGHT, "number", False, reason="Makes up for the sizes of the classes.")
    schema = replace(rows.table.schema, columns=(*rows.table.schema.columns, column))
    return replace(rows, table=Table(schema, rows.table.rows.with_columns(pl.Series(WEIGHT, weights))))


def livelier(rows: Rows, repeated: int, chance: float, rng: np.random.Generator) -> tuple[Rows, int]:
    """The last `repeated` rows, and all but the first of a template with four texts or more, in other words with this
    chance; and how many have changed."""
    masks = templates(rows.joined())
    counts, seen = Counter(masks), set[str]()
    places: list[int] = []
    for place, mask in enumerate(masks):
        alike = counts[mask] >= UNIFORM and mask in seen
        seen.add(mask)
        if (alike or place >= len(rows) - repeated) and rng.random() < chance:
            places.append(place)
    made = rows.changed_at(places, lambda text: varied(text, language_of(text), rng))
    before, after = rows.joined(), made.joined()
    return made, sum(before[place] != after[place] for place in places)


def _by_label(rows: Rows) -> dict[str, list[int]]:
    """The places of each label's rows, labels sorted."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, label in enumerate(rows.labels()):
        if label is not None:
            places[label].append(place)
    return dict(sorted(places.items()))
