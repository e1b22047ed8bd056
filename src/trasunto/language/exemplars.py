"""Real texts that are shown in prompts, chosen by label and by what else the wanted text is written to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from trasunto.language.layouts import Layout
from trasunto.language.prompts import Exemplar

# Exemplars are drawn from so many times as many as are shown, those that are most like what is wanted.
WIDER = 4


@dataclass(frozen=True)
class Pool:
    """exemplars: real rows; labels: of each; told: by column, what each is written to, as text."""

    exemplars: tuple[Exemplar, ...]
    labels: tuple[str, ...]
    told: tuple[Mapping[str, str], ...]

    @cached_property
    def of_label(self) -> dict[str, np.ndarray]:
        """(n,) places of the exemplars of each label."""
        labels = np.array(self.labels, dtype=object)
        return {label: np.flatnonzero(labels == label) for label in set(self.labels)}

    def draw(self, count: int, label: str, wanted: Mapping[str, str], rng: np.random.Generator) -> tuple[Exemplar, ...]:
        """So many, each once, of the label where it has any; those that share more of what is wanted come first."""
        places = self.of_label.get(label, np.arange(len(self.exemplars)))
        places = rng.permutation(places)
        if wanted:
            alike = np.array([sum(self.told[p].get(n) == v for n, v in wanted.items()) for p in places], dtype=int)
            places = rng.permutation(places[np.argsort(-alike, kind="stable")][: WIDER * count])
        return tuple(self.exemplars[place] for place in places[:count])

    def to_dict(self) -> list[dict[str, Any]]:
        return [
            {"written": each.written, "columns": dict(each.columns), "label": label, "told": dict(told)}
            for each, label, told in zip(self.exemplars, self.labels, self.told, strict=True)
        ]

    @staticmethod
    def from_dict(document: Sequence[Mapping[str, Any]]) -> Pool:
        return Pool(
            tuple(Exemplar(each["written"], each["columns"]) for each in document),
            tuple(each["label"] for each in document),
            tuple(each["told"] for each in document),
        )


def pool_of(layout: Layout, rows: pl.DataFrame, *, most: int, longest: int, seed: int) -> Pool:
    """At most `most` rows of each label, drawn with the seed. longest: characters of a row that is shown; where a label
    has no shorter one, a text is cut at the end of a sentence."""
    if not most:
        return Pool((), (), ())
    labels, written = layout.labels(rows), layout.written(rows)
    rng = np.random.default_rng(seed)
    chosen: list[int] = []
    for label in sorted(set(labels)):
        places = rng.permutation([place for place, each in enumerate(labels) if each == label])
        fitting = [int(place) for place in places if len(written[place]) <= longest]
        chosen += fitting[:most] or [int(place) for place in places[:most]]
    told = told_of(layout, rows[chosen])
    columns = rows[chosen].select(pl.col(layout.texts).cast(pl.String)).to_dicts()
    return Pool(
        tuple(
            Exemplar(_cut(written[place], longest), {name: text for name, text in each.items() if text is not None})
            for place, each in zip(chosen, columns, strict=True)
        ),
        tuple(labels[place] for place in chosen),
        tuple(told),
    )


def told_of(layout: Layout, rows: pl.DataFrame) -> list[dict[str, str]]:
    """For each row what its text is written to beside the label, by column, as text; what is missing is left out."""
    others = [name for name in layout.conditions if name != layout.label]
    if not others:
        return [{} for _ in range(len(rows))]
    texts = rows.select(pl.col(others).cast(pl.String))
    return [{name: value for name, value in row.items() if value is not None} for row in texts.to_dicts()]


def _cut(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    short = text[:longest]
    return short[: max(short.rfind(mark) for mark in ".!?\n") + 1] or short
