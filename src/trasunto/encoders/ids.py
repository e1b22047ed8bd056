"""Identifiers are not learned: new ones are made in the shape of the real ones, each once, in any number of parts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import gcd
from typing import Any

import numpy as np
import polars as pl

_DIGITS, _UPPER, _LOWER = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"
# Position classes of a shape: a private-use character for "any digit" and so on; others stand for themselves.
_ANY = {
    "\ue000": _DIGITS,
    "\ue001": _UPPER,
    "\ue002": _LOWER,
    "\ue003": _DIGITS[1:],
    "\ue004": "012345",
    "\ue005": "01",
}
# The shape of times of day, and what stands for its tens, so that no 71:95 is made; before twenty o'clock.
_CLOCK = re.compile("^(\ue000?)(\ue000):\ue000(\ue000)(?::\ue000(\ue000))?")
_TIME_OF_DAY = r"^([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?"
# Shapes are dealt out in blocks of so many rows, so that any part knows how many of each came before it.
BLOCK = 1000


@dataclass(frozen=True)
class Ids:
    """How to make identifiers.

    start: the first whole number after the real ones, for columns of whole numbers; None for text.
    shapes, shares: shapes of text identifiers and how frequent each is. missing: share of missing values.
    """

    start: int | None
    shapes: tuple[str, ...]
    shares: tuple[float, ...]
    missing: float

    def make(self, rows: int, rng: np.random.Generator, *, first: int = 0, key: int = 0) -> pl.Series:
        """(rows,) identifiers, each once (missing values aside); none is a real whole number.

        first: how many were made before, in other parts: parts of the same `key` never repeat each other.
        """
        if self.start is not None:
            made = pl.Series(np.arange(self.start + first, self.start + first + rows))
        else:
            made = self._texts(rows, first, np.random.default_rng(key))
        gaps = np.flatnonzero(rng.random(rows) < self.missing) if self.missing else np.empty(0, dtype=np.int64)
        return made.scatter(gaps, None) if gaps.size else made

    def _texts(self, rows: int, first: int, keyed: np.random.Generator) -> pl.Series:
        if not self.shapes or not rows:
            return pl.Series([""] * rows, dtype=pl.String)
        dealt = np.repeat(np.arange(len(self.shapes)), _quota(np.asarray(self.shares), BLOCK))
        dealt = dealt[keyed.permutation(BLOCK)]
        steps = keyed.random((len(self.shapes), 2))
        at = np.arange(first, first + rows)
        shape, within = dealt[at % BLOCK], np.zeros(rows, dtype=np.int64)
        made = np.empty(rows, dtype=object)
        for number, each in enumerate(self.shapes):
            mine = np.flatnonzero(shape == number)
            if mine.size:
                before = np.concatenate([[0], np.cumsum(dealt == number)])
                within[mine] = at[mine] // BLOCK * before[-1] + before[at[mine] % BLOCK]
                made[mine] = _spelt(each, within[mine], steps[number])
        return pl.Series(made.tolist(), dtype=pl.String)

    def to_dict(self) -> dict[str, Any]:
        return {"start": self.start, "shapes": self.shapes, "shares": self.shares, "missing": self.missing}

    @staticmethod
    def from_dict(document: dict[str, Any]) -> Ids:
        return Ids(document["start"], tuple(document["shapes"]), tuple(document["shares"]), document["missing"])


def fit_ids(values: pl.Series) -> Ids:
    """The way to make identifiers like these. Only shapes are kept, never a value."""
    missing = values.null_count() / max(len(values), 1)
    present = values.drop_nulls()
    if values.dtype.is_integer():
        return Ids(int(present.max() or 0) + 1, (), (), missing)  # type: ignore[arg-type]
    if present.is_empty():
        return Ids(None, (), (), missing)
    shaped = (
        present.str.replace_all(r"\d", "\ue000")
        .str.replace_all(r"\p{Lu}", "\ue001")
        .str.replace_all(r"\p{Ll}", "\ue002")
    )
    counts = shaped.alias("shape").value_counts(sort=True).head(50)
    # A shape that begins another could repeat it once digits are added (see _spelt): the frequent one stays.
    shapes = tuple(_constant_kept(present.filter(shaped == shape), shape) for shape in counts["shape"])
    if present.str.contains(_TIME_OF_DAY).all():
        shapes = tuple(_CLOCK.sub(_clock, shape) for shape in shapes)
    if not present.str.contains(r"^0\d").any():
        # Numbers without leading zeros: 0346 would be 346 again to whoever reads numbers.
        shapes = tuple(re.sub("^\ue000(?=[\ue000\\d]+$)", "\ue003", shape) for shape in shapes)
    times = dict(zip(shapes, counts["count"], strict=True))
    kept = _apart(tuple(times))
    return Ids(None, kept, tuple(float(times[shape]) for shape in kept), missing)


def _clock(found: re.Match[str]) -> str:
    hours, units, minutes, seconds = found.groups()
    tail = f":\ue004{seconds}" if seconds else ""
    return f"{hours and chr(0xE005)}{units}:\ue004{minutes}{tail}"


def _apart(shapes: tuple[str, ...]) -> tuple[str, ...]:
    """Shapes of which no two can spell the same text: lengths differ, or a position where both are constants does
    or their classes do."""
    kept: list[str] = []
    for shape in shapes:
        if all(_differ(shape, other) for other in kept):
            kept.append(shape)
    return tuple(kept)


def _differ(one: str, other: str) -> bool:
    if len(one) != len(other):
        return True
    for a, b in zip(one, other, strict=True):
        letters_a, letters_b = _ANY.get(a, a), _ANY.get(b, b)
        if not set(letters_a) & set(letters_b):
            return True
    return False


def _constant_kept(values: pl.Series, shape: str) -> str:
    """A shape in which the positions that never vary stand for themselves, when enough values show it."""
    if len(values) < 20:
        return shape
    kept = []
    for position, mark in enumerate(shape):
        letters = values.str.slice(position, 1)
        kept.append(letters[0] if letters.n_unique() == 1 else mark)
    return "".join(kept)


def _quota(shares: np.ndarray, total: int) -> np.ndarray:
    """Whole numbers in these proportions that add up to `total` (largest remainders)."""
    exact = shares / shares.sum() * total
    whole = np.floor(exact).astype(np.int64)
    whole[np.argsort(-(exact - whole), kind="stable")[: total - whole.sum()]] += 1
    return whole


def _spelt(shape: str, numbers: np.ndarray, steps: np.ndarray) -> list[str]:
    """Each number as a text of this shape, no two alike: number → (a · number + b) mod capacity, in mixed radix.

    When there are more numbers than the shape has texts, what is over gets a counter behind a tilde.
    """
    radix = [len(_ANY[mark]) for mark in shape if mark in _ANY]
    capacity = 1
    for each in radix:
        capacity = min(capacity * each, 2**62)
    turn, place = numbers // capacity, numbers % capacity
    # Multiplication by a number without common factors is a permutation; objects, as it may pass 64 bits.
    factor = max(1, int(steps[0] * capacity))
    while gcd(factor, capacity) != 1:
        factor += 1
    shift = int(steps[1] * capacity)
    small = capacity < 2**31
    mixed = (place * factor + shift) % capacity if small else (place.astype(object) * factor + shift) % capacity
    mixed = np.asarray(mixed, dtype=np.int64)
    columns: list[np.ndarray] = []
    for mark in reversed(shape):
        if mark in _ANY:
            letters = np.array(list(_ANY[mark]))
            mixed, digit = np.divmod(mixed, len(letters))
            columns.append(letters[digit])
        else:
            columns.append(np.full(len(numbers), mark))
    texts = ["".join(letters) for letters in zip(*reversed(columns), strict=True)] if columns else [""] * len(numbers)
    if turn.any():
        texts = [f"{text}~{again}" if again else text for text, again in zip(texts, turn.tolist(), strict=True)]
    return texts
