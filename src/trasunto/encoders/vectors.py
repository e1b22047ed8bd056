"""Codes as vectors of floats and back, for networks: a one-hot of modes, and a scalar inside a mode.

A category, a missing value and a value that many rows share are modes of their own. The other codes of a column of
numbers are cut into runs of about even weight, as mode-specific normalisation has it (Xu et al. 2019, Modeling Tabular
Data using Conditional GAN, section 4.2); the scalar is the place in the distribution inside the run, so that it is
uniform from -1 to 1 whatever the tails. Categories beyond a limit share modes, frequent ones with few others, and are
drawn by their shares inside one: so the width is bounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from trasunto.encoders.codes import Codes, Steps

# Widest all one-hots together, as long as each column may still have FEWEST modes.
WIDEST, FEWEST = 8192, 4
# Halvings of the interval in which the weight of a mode is looked for.
HALVINGS = 20


@dataclass(frozen=True)
class Modes:
    """One column. of: (size,) the mode of each code; shares: (size,) of the rows, above 0 and adding up to 1.
    placed: whether a scalar says which code of a mode it is; else that is drawn by the shares."""

    of: np.ndarray
    shares: np.ndarray
    placed: bool

    @property
    def count(self) -> int:
        return int(self.of.max()) + 1

    @cached_property
    def wide(self) -> np.ndarray:
        """(count,) bool: whether a mode holds several codes."""
        return np.bincount(self.of) > 1

    @property
    def scalar(self) -> bool:
        """Whether the column has a scalar beside its one-hot."""
        return self.placed and bool(self.wide.any())

    @cached_property
    def order(self) -> np.ndarray:
        """(size,) the codes by mode."""
        return np.argsort(self.of, kind="stable")

    @cached_property
    def ends(self) -> np.ndarray:
        """(size,) by mode: the mode plus where the code ends inside it, from 0 to 1."""
        mode, share = self.of[self.order], self.shares[self.order]
        summed = np.cumsum(share)
        last = np.flatnonzero(np.append(np.diff(mode) > 0, True))
        before = np.concatenate([[0.0], summed[last][:-1]])[mode]
        whole = np.bincount(mode, share)[mode]
        ends = mode + np.minimum((summed - before) / whole, 1.0)
        ends[last] = mode[last] + 1.0
        return ends

    @cached_property
    def range(self) -> tuple[np.ndarray, np.ndarray]:
        """(size,) where the scalar of each code begins and ends, from -1 to 1."""
        starts = np.concatenate([[0.0], self.ends[:-1]])
        low, high = np.empty(len(self.of)), np.empty(len(self.of))
        low[self.order], high[self.order] = starts, self.ends
        low, high = np.maximum(low - self.of, 0.0), high - self.of
        return 2 * low - 1, 2 * high - 1

    def codes(self, modes: np.ndarray, scalars: np.ndarray | None, rng: np.random.Generator) -> np.ndarray:
        """(n,) int32 codes of modes and scalars; None for scalars: drawn by their shares."""
        inside = rng.random(len(modes)) if scalars is None else (np.clip(scalars, -1, 1).astype(np.float64) + 1) / 2
        place = np.searchsorted(self.ends, modes + np.minimum(inside, 1 - 1e-12), side="right")
        return self.order[np.minimum(place, len(self.of) - 1)].astype(np.int32)


@dataclass(frozen=True)
class Span:
    """Where a column lies in a vector: its one-hot at [start, stop), its scalar at `scalar`, None for no scalar.
    wide: (stop - start,) bool, the modes in which the scalar says something; in the others it is 0."""

    name: str
    start: int
    stop: int
    scalar: int | None
    wide: np.ndarray


@dataclass(frozen=True)
class Vectors:
    """An encoder of codes to (n, width) float32 vectors. All one-hots come first, then all scalars."""

    columns: dict[str, Modes]

    @cached_property
    def spans(self) -> tuple[Span, ...]:
        """One for each column, in order."""
        found, start, scalar = [], 0, self.hot
        for name, each in self.columns.items():
            found.append(Span(name, start, start + each.count, scalar if each.scalar else None, each.wide))
            start, scalar = start + each.count, scalar + each.scalar
        return tuple(found)

    @cached_property
    def hot(self) -> int:
        """The width of all one-hots together; scalars lie behind."""
        return sum(each.count for each in self.columns.values())

    @cached_property
    def width(self) -> int:
        """The width of a vector."""
        return self.hot + sum(each.scalar for each in self.columns.values())

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.columns)

    def modes(self, coded: Mapping[str, np.ndarray]) -> np.ndarray:
        """(n, columns) int32: the mode of each value, -1 for a code below 0."""
        made = [np.where(coded[name] < 0, -1, each.of[coded[name]]) for name, each in self.columns.items()]
        return np.stack(made, axis=1).astype(np.int32)

    def scalars(self, coded: Mapping[str, np.ndarray], rng: np.random.Generator | None = None) -> np.ndarray:
        """(n, width - hot) float32: the scalars, 0 where a mode has one code only.

        rng: draws the place inside a code's own range, which leaves no steps; None takes its middle.
        """
        rows = len(next(iter(coded.values())))
        made = np.zeros((rows, self.width - self.hot), dtype=np.float32)
        with_scalar = [name for name, each in self.columns.items() if each.scalar]
        for place, name in enumerate(with_scalar):
            each, codes = self.columns[name], coded[name]
            low, high = each.range
            share = 0.5 if rng is None else rng.random(rows)
            found = low[codes] + (high - low)[codes] * share
            made[:, place] = np.where((codes >= 0) & each.wide[each.of[codes]], found, 0.0)
        return made

    def dense(self, modes: np.ndarray, scalars: np.ndarray) -> np.ndarray:
        """(n, width) float32 vectors of what `modes` and `scalars` gave. A mode of -1 is all zeros."""
        made = np.zeros((len(modes), self.width), dtype=np.float32)
        starts = np.array([span.start for span in self.spans])
        rows, columns = np.nonzero(modes >= 0)
        made[rows, (modes + starts)[rows, columns]] = 1.0
        made[:, self.hot :] = scalars
        return made

    def encode(self, coded: Mapping[str, np.ndarray], rng: np.random.Generator | None = None) -> np.ndarray:
        """(n, width) float32 vectors of (n,) codes by column; zeros for a code below 0. rng: see `scalars`."""
        return self.dense(self.modes(coded), self.scalars(coded, rng))

    def decode(
        self,
        vectors: np.ndarray,
        rng: np.random.Generator,
        *,
        draw: bool = False,
        temperature: float = 1.0,
    ) -> dict[str, np.ndarray]:
        """(n,) int32 codes by column of (n, width) vectors.

        The largest of a one-hot is its mode; with `draw`, one-hots are unnormalised log probabilities, and the mode is
        drawn at this temperature. Scalars beyond -1 or 1 are taken to the end. Codes of one mode without a scalar are
        drawn by their shares.
        """
        made = {}
        for span in self.spans:
            part = vectors[:, span.start : span.stop]
            if draw and span.stop - span.start > 1:
                part = part / temperature + rng.gumbel(size=part.shape)
            scalar = None if span.scalar is None else vectors[:, span.scalar]
            made[span.name] = self.columns[span.name].codes(part.argmax(axis=1), scalar, rng)
        return made

    def arrays(self) -> dict[str, np.ndarray]:
        """What is to be saved, by name."""
        found = {f"modes\x1f{name}": each.of for name, each in self.columns.items()}
        return found | {f"shares\x1f{name}": each.shares for name, each in self.columns.items()}

    @staticmethod
    def of(codes: Codes, arrays: Mapping[str, np.ndarray], *, scalars: bool = True) -> Vectors:
        """Back from what `arrays` gave. scalars: as when they were fitted."""
        return Vectors(
            {
                name: Modes(
                    arrays[f"modes\x1f{name}"], arrays[f"shares\x1f{name}"], scalars and isinstance(each, Steps)
                )
                for name, each in codes.columns.items()
            }
        )


def fit_vectors(
    codes: Codes, coded: Mapping[str, np.ndarray], *, modes: int = 32, categories: int = 128, scalars: bool = True
) -> Vectors:
    """Vectors for every column of codes.

    coded: (n,) codes by column, -1 for what is not published. modes: most of a column of numbers or dates; categories:
    most of a column of categories. With many columns there are fewer, so that a vector is not wider than about
    8,192, or 4 modes a column. scalars: whether a number has one, or its place in a mode is drawn by the shares.
    """
    known = {name: codes_[codes_ >= 0] for name, codes_ in coded.items()}
    counts = {name: np.bincount(known[name], minlength=each.size) for name, each in codes.columns.items()}
    return counted_vectors(codes, counts, modes=modes, categories=categories, scalars=scalars)


def counted_vectors(
    codes: Codes, counts: Mapping[str, np.ndarray], *, modes: int = 32, categories: int = 128, scalars: bool = True
) -> Vectors:
    """As `fit_vectors`, of (size,) counts of the codes by column, 0 or more."""
    share = max(FEWEST, WIDEST // max(len(codes.columns), 1))
    made = {}
    for name, each in codes.columns.items():
        ordered = isinstance(each, Steps)
        most = min(modes if ordered else categories, share)
        weight = (counts[name] + 0.5) / (counts[name] + 0.5).sum()
        made[name] = Modes(_cut(weight, each.null, ordered, most), weight, ordered and scalars)
    return Vectors(made)


def _cut(weight: np.ndarray, null: bool, ordered: bool, most: int) -> np.ndarray:
    """(size,) int32 the mode of each code, rising with the code where they are ordered; a missing value is alone."""
    size = len(weight)
    if size <= most:
        return np.arange(size, dtype=np.int32)
    present = size - null
    order = np.arange(present) if ordered else np.argsort(-weight[:present], kind="stable")
    made = np.empty(size, dtype=np.int32)
    made[order] = _runs(weight[order], most - null)
    if null:
        made[-1] = made[:-1].max() + 1
    return made


def _runs(weight: np.ndarray, most: int) -> np.ndarray:
    """(n,) rising numbers of at most `most` runs of about even weight; what weighs more is alone."""
    summed = np.concatenate([[0.0], np.cumsum(weight)])
    low, high = 0.0, float(summed[-1])
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if len(_starts(summed, middle, most)) <= most else (middle, high)
    return np.searchsorted(_starts(summed, high, most), np.arange(len(weight)), side="right") - 1


def _starts(summed: np.ndarray, heaviest: float, most: int) -> list[int]:
    """Where runs of at most this weight, or of one, begin; one more than `most` when there are too many."""
    found, at, count = [0], 0, len(summed) - 1
    while len(found) <= most:
        at = max(int(np.searchsorted(summed, summed[at] + heaviest * (1 + 1e-9), side="right")) - 1, at + 1)
        if at >= count:
            break
        found.append(at)
    return found
