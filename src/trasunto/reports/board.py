"""Synthesizers side by side: what each is worth, what it costs, and which of them no other beats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from trasunto.metrics.repeats import Spread
from trasunto.reports.words import number

Kind = Literal["synthesizer", "brought", "reference"]

# What stands for likeness and for privacy: the first that was measured.
QUALITY = ("fidelity.c2st", "fidelity.text")
PRIVACY = ("privacy.nearer_to_train", "privacy.verbatim_text")
# Column of the table, metric, what the figure is multiplied with, digits.
COLUMNS = (
    ("C2ST", "fidelity.c2st", 1, 3),
    ("text", "fidelity.text", 1, 3),
    ("TSTR", "utility.tstr", 1, 3),
    ("nearer", "privacy.nearer_to_train", 1, 3),
    ("copies %", "privacy.exact_copies", 100, 2),
    ("verbatim %", "privacy.verbatim_text", 100, 2),
    ("shapes %", "fidelity.shapes", 100, 2),
    ("trends %", "fidelity.trends", 100, 2),
    ("triples %", "fidelity.triples", 100, 2),
)


@dataclass(frozen=True)
class Row:
    """One synthesizer, rows made elsewhere, or real rows as a reference.

    scores: headlines over repeats. fit_seconds, sample_seconds, peak_mb: one a repeat; () where nothing was fitted.
    error: why there are fewer repeats than asked for, or none.
    """

    name: str
    kind: Kind
    scores: tuple[Spread, ...] = ()
    fit_seconds: tuple[float, ...] = ()
    sample_seconds: tuple[float, ...] = ()
    peak_mb: tuple[float, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    error: str = ""

    def score(self, metric: str) -> Spread | None:
        """The score of that name, or None when it was not measured."""
        return next((each for each in self.scores if each.metric == metric), None)

    @property
    def seconds(self) -> float | None:
        """Mean of fitting and sampling together; None where nothing was fitted."""
        if not self.fit_seconds:
            return None
        return float(np.mean(self.fit_seconds) + np.mean(self.sample_seconds))

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "kind": self.kind,
            "settings": self.settings,
            "error": self.error,
            "seconds": self.seconds,
            "fit_seconds": list(self.fit_seconds),
            "sample_seconds": list(self.sample_seconds),
            "peak_mb": list(self.peak_mb),
            "scores": {each.metric: each.to_dict() for each in self.scores},
        }


@dataclass(frozen=True)
class Board:
    """The rows of a comparison, in the order of work, and what was compared on (JSON values).

    facts: source, rows, columns, target, seeds, split, versions, cores, finished (False when work was stopped).
    """

    title: str
    rows: tuple[Row, ...]
    facts: dict[str, Any]

    def put(self, row: Row) -> Board:
        """The same board with a row added, or put in the place of one of the same name."""
        names = [each.name for each in self.rows]
        if row.name not in names:
            return replace(self, rows=(*self.rows, row))
        return replace(self, rows=tuple(row if each.name == row.name else each for each in self.rows))

    def axis(self, wanted: Sequence[str]) -> str | None:
        """The first of these metrics that any row has."""
        return next((metric for metric in wanted if any(row.score(metric) for row in self.rows)), None)

    @property
    def unbeaten(self) -> tuple[str, ...]:
        """Synthesizers and brought rows that no other equals or betters in likeness, privacy and time together.

        Likeness: how far the score lies from its best value. Privacy: how far it lies above what unseen real rows
        score (nearer to train: above 0.5), as below there is nothing to gain. Time: fitting and sampling; rows made
        elsewhere, whose time is not known, are taken to be the slowest. By the means: chance decides between equals.
        """
        judged = {row.name: at for row in self.rows if row.kind != "reference" and (at := self._place(row)) is not None}
        return tuple(
            name
            for name, place in judged.items()
            if not any(
                other != name and (rival <= place).all() and (rival < place).any() for other, rival in judged.items()
            )
        )

    @property
    def best(self) -> dict[str, Row]:
        """The best of the synthesizers and brought rows in "likeness", "privacy" and "time", each where it is known."""
        judged = [(row, at) for row in self.rows if row.kind != "reference" and (at := self._place(row)) is not None]
        known = {"likeness": True, "privacy": self.axis(PRIVACY), "time": any(row.seconds for row, _ in judged)}
        return {
            axis: min(judged, key=lambda each: float(each[1][place]))[0]
            for place, axis in enumerate(known)
            if judged and known[axis]
        }

    def _place(self, row: Row) -> np.ndarray | None:
        """(3,) costs; None for a row without likeness."""
        likeness, privacy = self.axis(QUALITY), self.axis(PRIVACY)
        found = row.score(likeness) if likeness else None
        if found is None:
            return None
        leaning = row.score(privacy) if privacy else None
        above = max(0.0, leaning.mean - leaning.goal) if leaning else 0.0
        return np.array([abs(found.mean - found.goal), above, np.inf if row.seconds is None else row.seconds])

    def table(self, language: str = "en") -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """Head and lines, as text: the mean over repeats with the standard deviation behind it."""
        shown = [each for each in COLUMNS if any(row.score(each[1]) for row in self.rows)]
        heads = HEADS[language]
        timed = any(row.fit_seconds for row in self.rows)
        head = (
            heads["method"],
            *((heads["time"], heads["memory"]) if timed else ()),
            *(heads.get(name, name) for name, *_ in shown),
        )
        unbeaten = self.unbeaten
        lines = []
        for row in self.rows:
            # No-break: the mark stays with its name.
            cells = [f"●\u00a0{row.name}" if row.name in unbeaten else row.name]
            if timed:
                cells += _cost(row, language)
            cells += [_cell(row.score(metric), times, digits, language) for _, metric, times, digits in shown]
            lines.append(tuple(cells))
        return head, lines

    def _repr_html_(self) -> str:
        from trasunto.data.shown import grid_html

        return grid_html(self.title, *self.table())

    def to_dict(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "unbeaten": list(self.unbeaten),
            "rows": [row.to_dict() for row in self.rows],
            "facts": self.facts,
        }


HEADS = {
    "en": {"method": "method", "time": "fit+sample s", "memory": "MB"},
    "es": {
        "method": "método",
        "time": "ajuste+muestra s",
        "memory": "MB",
        "text": "texto",
        "nearer": "cercanía",
        "copies %": "copias %",
        "verbatim %": "literal %",
        "shapes %": "formas %",
        "trends %": "parejas %",
        "triples %": "ternas %",
    },
}


def _cost(row: Row, language: str) -> list[str]:
    if not row.fit_seconds:
        return ["", ""]
    digits = 1 if np.mean(row.fit_seconds) < 100 else 0
    time = " + ".join(number(float(np.mean(each)), language, digits) for each in (row.fit_seconds, row.sample_seconds))
    return [time, f"{max(row.peak_mb):.0f}" if row.peak_mb else ""]


def _cell(found: Spread | None, times: float, digits: int, language: str) -> str:
    if found is None:
        return ""
    mean, spread = times * found.mean, times * found.spread
    digits = digits if abs(mean) < 10 else 1
    # No space: a table of ten columns has none to spare.
    text = f"{mean:.{digits}f}±{spread:.{digits}f}" if len(found.values) > 1 else f"{mean:.{digits}f}"
    return text.replace(".", ",") if language == "es" else text
