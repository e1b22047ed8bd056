"""Identifiers are not learned: new ones are made in the shape of the real ones, each once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

_DIGITS, _UPPER, _LOWER = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"
# Position classes of a shape: a private-use character for "any digit" and so on; others stand for themselves.
_ANY = {"\ue000": _DIGITS, "\ue001": _UPPER, "\ue002": _LOWER}


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

    def make(self, rows: int, rng: np.random.Generator) -> pl.Series:
        """(rows,) identifiers, each once (missing values aside); none is a real whole number."""
        if self.start is not None:
            made = pl.Series(np.arange(self.start, self.start + rows))
        else:
            made = pl.Series(self._texts(rows, rng), dtype=pl.String)
        gaps = np.flatnonzero(rng.random(rows) < self.missing) if self.missing else np.empty(0, dtype=np.int64)
        return made.scatter(gaps, None) if gaps.size else made

    def _texts(self, rows: int, rng: np.random.Generator) -> list[str]:
        if not self.shapes:
            return [""] * rows
        wanted = rng.multinomial(rows, np.asarray(self.shares) / sum(self.shares))
        made: dict[str, None] = {}
        for shape, count in zip(self.shapes, wanted, strict=True):
            for text in _fill(shape, int(count), rng):
                while text in made:
                    # The shape is too small for so many: longer by a digit, and still in its style.
                    text += str(rng.integers(10))
                made[text] = None
        texts = list(made)
        rng.shuffle(texts)
        return texts

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
    shapes = tuple(_constant_kept(present.filter(shaped == shape), shape) for shape in counts["shape"])
    return Ids(None, shapes, tuple(float(count) for count in counts["count"]), missing)


def _constant_kept(values: pl.Series, shape: str) -> str:
    """A shape in which the positions that never vary stand for themselves, when enough values show it."""
    if len(values) < 20:
        return shape
    kept = []
    for position, mark in enumerate(shape):
        letters = values.str.slice(position, 1)
        kept.append(letters[0] if letters.n_unique() == 1 else mark)
    return "".join(kept)


def _fill(shape: str, count: int, rng: np.random.Generator) -> list[str]:
    columns = [rng.choice(list(_ANY[mark]), count) if mark in _ANY else np.full(count, mark) for mark in shape]
    return ["".join(letters) for letters in zip(*columns, strict=True)] if columns else [""] * count
