"""Codes inside their groups: how a Bayesian network over few groups reaches the fine codes of a column.

A code is drawn given its group and, where that makes held-out rows likelier, one column drawn before it. Tables are
sparse: a column may have 50,000 codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from trasunto.synthesizers.dag import LEAST, STRENGTHS, Column

# Values below this are counted by place, others by sorting.
DENSE = 2**21


@dataclass(frozen=True)
class Shares:
    """How often each code was met in each context.

    contexts: (m,) sorted. starts: (m + 1,) where the codes of each begin. codes, times: (cells,) sorted by code in
    each context. whole: (m,) rows of each context, before some of its codes were ruled out.
    """

    contexts: np.ndarray
    starts: np.ndarray
    codes: np.ndarray
    times: np.ndarray
    whole: np.ndarray

    @staticmethod
    def of(keys: np.ndarray, times: np.ndarray, size: int) -> Shares:
        """From counts by key: context * size + code, sorted, each once."""
        owner = keys // size
        contexts, starts = np.unique(owner, return_index=True)
        whole = np.add.reduceat(times, starts) if len(keys) else np.zeros(0)
        return Shares(
            contexts, np.append(starts, len(keys)), keys - owner * size, times.astype(float), whole.astype(float)
        )

    def under(self, mask: np.ndarray | None, temperature: float) -> Shares:
        """With only the codes of a mask left, at a temperature (applied to the shares of each context)."""
        times = self.times
        owner = np.repeat(np.arange(len(self.contexts)), np.diff(self.starts))
        if temperature != 1.0:
            times = (times / self.whole[owner]) ** (1.0 / temperature)
            total = np.bincount(owner, times, minlength=len(self.contexts))
            times = times * (self.whole / np.maximum(total, 1e-300))[owner]
        return replace(self, times=times if mask is None else times * mask[self.codes])

    def place(self, contexts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(rows,) the position of each context, and whether it was met."""
        at = np.minimum(np.searchsorted(self.contexts, contexts), max(len(self.contexts) - 1, 0))
        return at, self.contexts[at] == contexts

    @property
    def before(self) -> np.ndarray:
        """(cells + 1,) times met before each cell."""
        return np.concatenate([[0.0], np.cumsum(self.times)])

    def left(self, contexts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(rows,) rows of each context whose codes are not ruled out, and all of its rows."""
        at, met = self.place(contexts)
        before = self.before
        held = before[self.starts[at + 1]] - before[self.starts[at]]
        return np.where(met, held, 0.0), np.where(met, self.whole[at], 0.0)

    def times_of(self, contexts: np.ndarray, codes: np.ndarray, size: int) -> np.ndarray:
        """(rows,) how often each code was met in its context."""
        owner = np.repeat(self.contexts, np.diff(self.starts))
        keys, wanted = owner * size + self.codes, contexts * size + codes
        at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where(keys[at] == wanted, self.times[at], 0.0)

    def arrays(self, name: str, size: int) -> dict[str, np.ndarray]:
        """Counts by key, as `of` takes them."""
        keys = np.repeat(self.contexts, np.diff(self.starts)) * size + self.codes
        return {f"{name}_keys": keys, f"{name}_times": self.times.astype(np.int64)}

    def draw(self, contexts: np.ndarray, spread: np.ndarray) -> np.ndarray:
        """(rows,) a code of each context; spread: (rows,) places in [0, 1)."""
        at, _ = self.place(contexts)
        before = self.before
        low, high = before[self.starts[at]], before[self.starts[at + 1]]
        cell = np.searchsorted(before, low + spread * (high - low), side="right") - 1
        return self.codes[np.clip(cell, self.starts[at], self.starts[at + 1] - 1)]


@dataclass(frozen=True)
class Within:
    """The codes of one column given its group and, when `parent` is set, one earlier column.

    plain: contexts are groups. given: contexts are group * width + the parent's code (by_code) or group. size: codes.
    strength: how many rows the plain shares are worth beside the given ones.
    """

    size: int
    plain: Shares
    parent: str | None = None
    by_code: bool = False
    width: int = 1
    strength: float = 0.0
    given: Shares | None = None

    def under(self, mask: np.ndarray | None, temperature: float) -> Within:
        given = self.given.under(mask, temperature) if self.given is not None else None
        return replace(self, plain=self.plain.under(mask, temperature), given=given)

    def value(self, codes: Mapping[str, np.ndarray], groups: Mapping[str, np.ndarray]) -> np.ndarray | None:
        """The parent's value of each row."""
        if self.parent is None:
            return None
        return (codes if self.by_code else groups)[self.parent]

    def left(self, groups: np.ndarray, value: np.ndarray | None) -> np.ndarray:
        """(rows,) probability of the codes that are not ruled out."""
        held, whole = self.plain.left(groups)
        share = held / np.maximum(whole, 1.0)
        if self.given is None or value is None:
            return share
        held, whole = self.given.left(groups.astype(np.int64) * self.width + value)
        result: np.ndarray = (held + self.strength * share) / (whole + self.strength)
        return result

    def probability(self, codes: np.ndarray, groups: np.ndarray, value: np.ndarray | None) -> np.ndarray:
        """(rows,) of each code in its group."""
        _, whole = self.plain.left(groups)
        share = self.plain.times_of(groups.astype(np.int64), codes, self.size) / np.maximum(whole, 1.0)
        if self.given is None or value is None:
            return share
        context = groups.astype(np.int64) * self.width + value
        _, whole = self.given.left(context)
        result: np.ndarray = (self.given.times_of(context, codes, self.size) + self.strength * share) / (
            whole + self.strength
        )
        return result

    def draw(
        self, groups: np.ndarray, value: np.ndarray | None, spread: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """(rows,) a code of each group. spread: (rows,) places in [0, 1)."""
        codes = self.plain.draw(groups, spread)
        if self.given is not None and value is not None:
            context = groups.astype(np.int64) * self.width + value
            held, _ = self.given.left(context)
            base, whole = self.plain.left(groups)
            rest = self.strength * base / np.maximum(whole, 1.0)
            near = np.flatnonzero(rng.random(len(groups)) * (held + rest) < held)
            codes[near] = self.given.draw(context[near], spread[near])
        return codes

    def arrays(self) -> dict[str, np.ndarray]:
        """Counts by key, as `of` takes them."""
        found = self.plain.arrays("plain", self.size)
        return found if self.given is None else found | self.given.arrays("given", self.size)

    def facts(self) -> dict[str, object]:
        return {"parent": self.parent, "by_code": self.by_code, "width": self.width, "strength": self.strength}

    @staticmethod
    def of(size: int, facts: Mapping[str, object], arrays: Mapping[str, np.ndarray]) -> Within:
        plain = Shares.of(arrays["plain_keys"], arrays["plain_times"], size)
        given = Shares.of(arrays["given_keys"], arrays["given_times"], size) if facts["parent"] is not None else None
        return Within(size, plain, given=given, **facts)  # type: ignore[arg-type]


def within(column: Column, others: list[Column], rows: np.ndarray) -> Within | None:
    """How the codes of a column fall inside its groups; None when each group is one code.

    others: columns before it, any of which may be its parent. rows: positions on which parents are compared.
    """
    size = column.size
    if column.width == size:
        return None
    seen = column.seen
    key = column.narrow.astype(np.int64) * size + column.coded
    found = Within(size, Shares.of(*np.unique(key[seen], return_counts=True), size))
    rows = rows[seen[rows]]
    expected = _left_out(column.coded[rows], column.narrow[rows])
    best = float(np.log(expected).sum())
    for other in others:
        for by_code in (False, True) if other.width < other.size else (False,):
            value, width = (other.coded, other.size + 1) if by_code else (other.narrow, other.width + 1)
            # A code tells its group, so that a cell is a value of the parent and a code.
            context = value[rows].astype(np.int64) * column.width + column.narrow[rows]
            scores = _scores(context, value[rows].astype(np.int64) * size + column.coded[rows], expected)
            if max(scores) > best:
                best, strength = max(scores), STRENGTHS[int(np.argmax(scores))]
                cells = (column.narrow.astype(np.int64) * width + value) * size + column.coded
                given = Shares.of(*np.unique(cells[seen], return_counts=True), size)
                found = Within(size, found.plain, other.name, by_code, width, strength, given)
    return found


def _left_out(cell: np.ndarray, context: np.ndarray) -> np.ndarray:
    """(rows,) share of each row's cell among the other rows of its context."""
    times, total = _times(cell), _times(context)
    result: np.ndarray = np.maximum((times - 1) / np.maximum(total - 1, 1), LEAST)
    return result


def _scores(context: np.ndarray, cell: np.ndarray, expected: np.ndarray) -> list[float]:
    """Held-out log-likelihood at each strength."""
    times, total = _times(cell) - 1, _times(context) - 1
    return [float(np.log((times + s * expected) / (total + s)).sum()) for s in STRENGTHS]


def _times(values: np.ndarray) -> np.ndarray:
    """(rows,) how often the value of each row occurs."""
    if values.size and values.max() < DENSE:
        return np.bincount(values)[values]
    _, of, counts = np.unique(values, return_inverse=True, return_counts=True)
    return counts[of.ravel()]
