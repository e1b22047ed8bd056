"""What one method of generation is, seen from the table around it: a distribution over rows of codes.

`synthesizers/coded.py` wraps a joint with all that is the same for every method: constraints, identifiers, conditions
in words, gaps to fill, saving. A method answers one question: given what is known of some columns of each row, draw
the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from trasunto.errors import SampleError


@dataclass(frozen=True)
class Evidence:
    """What is asked of the rows to draw.

    rows: how many. known: by column, (rows,) int32 codes, -1 where the value is free. allowed: by column, (size,)
    bool, the codes that free values may take (all of them when a column is not named). temperature: above 0; below 1
    likely values become likelier, above 1 rare ones do; 1 draws what was learnt.
    """

    rows: int
    known: Mapping[str, np.ndarray] = field(default_factory=dict)
    allowed: Mapping[str, np.ndarray] = field(default_factory=dict)
    temperature: float = 1.0

    @property
    def open(self) -> bool:
        """Whether nothing is asked but a number of rows."""
        return not self.known and not self.allowed and self.temperature == 1.0

    def check(self) -> None:
        """SampleError when no value of a column is allowed."""
        for name, mask in self.allowed.items():
            if not mask.any():
                raise SampleError(f"No value of column {name!r} is allowed.", "Ask for values the model has learnt.")

    def take(self, places: np.ndarray) -> Evidence:
        """The evidence of the rows at these positions."""
        known = {name: codes[places] for name, codes in self.known.items()}
        return Evidence(len(places), known, self.allowed, self.temperature)

    def met(self, drawn: Mapping[str, np.ndarray]) -> np.ndarray:
        """(rows,) bool: whether each row of codes is as asked."""
        good = np.ones(self.rows, dtype=bool)
        for name, codes in self.known.items():
            good &= (codes < 0) | (drawn[name] == codes)
        for name, mask in self.allowed.items():
            free = self.known[name] < 0 if name in self.known else np.ones(self.rows, dtype=bool)
            good &= ~free | mask[drawn[name]]
        return good


# What a training tells of itself (Curves.to_dict; the second of two trainings with its own end).
COURSE = ("curves", "steps", "planned_steps", "seconds", "stopped", "odds_stopped")


def course_of(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What is told of the training among the facts of a joint."""
    return {key: facts[key] for key in COURSE if key in facts}


class Source(Protocol):
    """Draws rows of codes side by side: known (n, columns) with -1 where a value is free, allowed by position."""

    def draw(
        self, known: np.ndarray, allowed: Mapping[int, np.ndarray], temperature: float, rng: np.random.Generator
    ) -> np.ndarray: ...


def drawn_from(
    source: Callable[[], Source], names: Sequence[str], evidence: Evidence, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """What `Joint.draw` gives, by a source of columns in this order, which is not asked for when there are none."""
    evidence.check()
    if not names:
        return {}
    free = np.full(evidence.rows, -1, dtype=np.int32)
    known = np.stack([evidence.known.get(name, free) for name in names], axis=1)
    allowed = {names.index(name): mask for name, mask in evidence.allowed.items()}
    drawn = source().draw(known, allowed, evidence.temperature, rng)
    return {name: np.ascontiguousarray(drawn[:, at]) for at, name in enumerate(names)}


class Joint(Protocol):
    """A fitted distribution over rows of codes. Same generator state, same rows."""

    def draw(self, evidence: Evidence, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """(rows,) int32 codes by column, each as the evidence asks. SampleError when that cannot be met."""
        ...

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything learnt, as plain arrays (int, float, bool) by name: what is saved."""
        ...

    def facts(self) -> dict[str, Any]:
        """For the report, JSON values only: sizes, order, curves ("curves": {name: [...]}), per column facts."""
        ...


def by_rejection(joint: Any, evidence: Evidence, rng: np.random.Generator, *, method: str) -> dict[str, np.ndarray]:
    """Rows as asked by drawing many and keeping those that fit, for methods that cannot draw given a later column.

    joint.free(rows, temperature, rng) draws without evidence. Rows that share their known values share the draws.
    SampleError after 200 draws a wanted row (at least 200,000) without enough hits: it says how many were found.
    """
    done: dict[str, np.ndarray] = {}
    waiting = np.arange(evidence.rows)
    tries, most = 0, max(200_000, 200 * evidence.rows)
    while waiting.size:
        if tries >= most:
            raise SampleError(
                f"{method} met these conditions in {evidence.rows - waiting.size} of {tries:,} rows it drew.",
                "Use 'tree' or 'autoregressive', which draw rare cases directly, or ask for less.",
            )
        pool = min(max(4 * waiting.size, 10_000), 200_000)
        drawn = joint.free(pool, evidence.temperature, rng)
        tries += pool
        done = done or {name: np.zeros(evidence.rows, dtype=np.int32) for name in drawn}
        waiting = _matched(evidence, waiting, drawn, done)
    return done


def _matched(
    evidence: Evidence, waiting: np.ndarray, drawn: dict[str, np.ndarray], done: dict[str, np.ndarray]
) -> np.ndarray:
    """Give each waiting row a drawn row that fits it, each drawn row once; the rows that still wait."""
    ok = np.ones(len(next(iter(drawn.values()))), dtype=bool)
    for name, mask in evidence.allowed.items():
        if name not in evidence.known:
            ok &= mask[drawn[name]]
    free = np.flatnonzero(ok)
    wanted = evidence.take(waiting).known
    if not wanted:
        count = min(waiting.size, free.size)
        for name, codes in drawn.items():
            done[name][waiting[:count]] = codes[free[:count]]
        return waiting[count:]
    names = sorted(wanted)
    pattern = np.stack([wanted[name] for name in names], axis=1)
    kinds, of = np.unique(pattern, axis=0, return_inverse=True)
    left = []
    for number, kind in enumerate(kinds):
        rows = waiting[of.ravel() == number]
        fits = free
        for name, code in zip(names, kind, strict=True):
            if code >= 0:
                fits = fits[drawn[name][fits] == code]
            elif name in evidence.allowed:
                fits = fits[evidence.allowed[name][drawn[name][fits]]]
        count = min(rows.size, fits.size)
        for name, codes in drawn.items():
            done[name][rows[:count]] = codes[fits[:count]]
        left.append(rows[count:])
    return np.sort(np.concatenate(left))


def sharpened(shares: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities along the last axis at a temperature; zeros stay zero."""
    if temperature == 1.0:
        return shares
    raised = np.where(shares > 0, shares, 1.0) ** (1.0 / temperature) * (shares > 0)
    total = raised.sum(axis=-1, keepdims=True)
    return raised / np.where(total > 0, total, 1.0)
