"""Singling out: a description, read off the synthetic rows, that fits exactly one real person.

The predicates of Giomi et al. 2023 (Anonymeter), section 5.1: of one column, a value that stands once among the
synthetic rows, or beyond the lowest or highest; of several columns, a synthetic row at random and columns at random,
kept when the description fits that one synthetic row alone. Singling out is the first of the three tests of WP29
Opinion 05/2014.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from trasunto.metrics.attacks.risk import Attack, check_rows, scores_of
from trasunto.metrics.frames import Arrays, arrays, at_most
from trasunto.metrics.score import Comparison, Score

# Predicates tried, candidates looked at to find them, and columns of one predicate.
TRIES = 2_000
LEAST_TRIES = 20
CANDIDATES = 20_000
NARROW, WIDE = 3, 7
# Rows among which a predicate must stand alone.
MOST_ROWS = 50_000

# A predicate: by column, the sign ("=", "<", ">": equal, at most, at least) and the rank of the value (-1: missing).
Predicate = tuple[tuple[int, str, int], ...]


def singling_out(comparison: Comparison) -> tuple[Score, ...]:
    """privacy.singling_out: the share of descriptions that fit exactly one training row, beyond those that fit exactly
    one unseen row; and privacy.singling_out_success, the shares themselves.

    The attacks are "one column" and "several columns" (3 to 7, or as many as there are). Up to 2,000 descriptions each.
    () without columns but text and identifiers, or where no description fits one synthetic row alone. MetricError with
    fewer than 50 rows in a part.
    """
    given = arrays(comparison)
    if not given.names:
        return ()
    check_rows("privacy.singling_out", comparison)
    rng = np.random.default_rng(comparison.seed)
    parts = _parts(given, rng)
    attacks = [_attack(parts, "one column", _kept(parts["synthetic"], _single(parts["synthetic"], rng)), rng)]
    if len(given.names) > 1:
        several = _kept(parts["synthetic"], _several(parts["synthetic"], rng))
        attacks.append(_attack(parts, "several columns", several, rng))
    found = [attack for attack in attacks if attack is not None]
    reading = (
        "How much more often a description read off the synthetic rows fits exactly one training row than exactly one "
        "unseen row; 0 is best."
    )
    success = "Share of descriptions that fit exactly one training row; the control is how many fit one unseen row."
    return scores_of("privacy.singling_out", found, reading, success)


@dataclass(frozen=True)
class _Part:
    """columns: (columns, rows) values as ranks from 0, the same in all parts; -1 for a missing one. category: whether a
    column has no order. middle: the median of each column. missing: whether a column has missing values in any part.
    below: by column, how many rows lie below each rank from -1."""

    columns: tuple[np.ndarray, ...]
    category: np.ndarray
    middle: np.ndarray
    missing: np.ndarray
    below: tuple[np.ndarray, ...]

    @property
    def size(self) -> int:
        return len(self.columns[0])

    def met(self, predicate: Predicate) -> int:
        """How many rows a predicate fits, counted no further than 2."""
        rows = np.flatnonzero(self._fits(*predicate[0]))
        for part in predicate[1:]:
            if not len(rows):
                return 0
            rows = rows[self._fits(*part, rows)]
        return min(len(rows), 2)

    def _fits(self, place: int, sign: str, value: int, rows: np.ndarray | None = None) -> np.ndarray:
        column = self.columns[place] if rows is None else self.columns[place][rows]
        fits: np.ndarray
        if sign == "=":
            fits = column == value
        elif sign == ">":
            fits = column >= value
        else:
            fits = column <= value
            if self.missing[place]:
                fits &= column >= 0
        return fits


def _parts(given: Arrays, rng: np.random.Generator) -> dict[str, _Part]:
    rows = {part: at_most(each, MOST_ROWS, rng) for part, each in given.parts.items()}
    if "holdout" in rows:
        rows["holdout"] = at_most(rows["holdout"], len(rows["real"]), rng)
    ends = np.cumsum([len(each) for each in rows.values()])[:-1]
    ranked: dict[str, list[np.ndarray]] = {part: [] for part in rows}
    missing = np.zeros(len(given.names), dtype=bool)
    for place in range(len(given.names)):
        values, codes = np.unique(np.concatenate([each[:, place] for each in rows.values()]), return_inverse=True)
        known = int((~np.isnan(values)).sum())
        missing[place] = known < len(values)
        codes = np.where(codes < known, codes, -1).astype(np.int16 if known < np.iinfo(np.int16).max else np.int32)
        for part, each in zip(rows, np.split(codes, ends), strict=True):
            ranked[part].append(each)
    below = {
        part: tuple(np.concatenate([[0], np.cumsum(np.bincount(column + 1))]) for column in columns)
        for part, columns in ranked.items()
    }
    return {
        part: _Part(tuple(each), given.category, _middles(each), missing, below[part]) for part, each in ranked.items()
    }


def _middles(columns: list[np.ndarray]) -> np.ndarray:
    known = [column[column >= 0] for column in columns]
    return np.array([np.median(column) if len(column) else 0.0 for column in known])


def _single(made: _Part, rng: np.random.Generator) -> Iterator[Predicate]:
    """Values that stand once, and what lies at or beyond the ends, in random order."""
    found: list[Predicate] = []
    for place, column in enumerate(made.columns):
        values, counts = np.unique(column, return_counts=True)
        found += [((place, "=", value),) for value in values[counts == 1].tolist()]
        known = values[values >= 0].tolist()
        if known and not made.category[place]:
            found += [((place, "<", known[0]),), ((place, ">", known[-1]),)]
    for number in rng.permutation(len(found)).tolist():
        yield found[number]


def _several(made: _Part, rng: np.random.Generator) -> Iterator[Predicate]:
    """Some columns of a row: its category, or numbers at least as far from the middle as its own."""
    count = len(made.columns)
    widths = rng.integers(min(NARROW, count), min(WIDE, count) + 1, CANDIDATES).tolist()
    for row, width in zip(rng.integers(0, made.size, CANDIDATES).tolist(), widths, strict=True):
        yield _described(made, row, rng.choice(count, width, replace=False).tolist())


def _described(made: _Part, row: int, places: list[int]) -> Predicate:
    """The part that fits fewest rows first: what is left to look at is short."""
    parts = []
    for place in places:
        value = int(made.columns[place][row])
        sign = "=" if made.category[place] or value < 0 else ">" if value > made.middle[place] else "<"
        below, upto = made.below[place][value + 1], made.below[place][value + 2]
        fits = upto - below if sign == "=" else upto if sign == "<" else made.size - below
        parts.append((int(fits), (place, sign, value)))
    return tuple(part for _, part in sorted(parts))


def _kept(made: _Part, candidates: Iterator[Predicate]) -> list[Predicate]:
    """The first so many different predicates that fit one synthetic row alone."""
    kept: dict[Predicate, None] = {}
    for predicate in candidates:
        if made.met(predicate) == 1:
            kept[predicate] = None
            if len(kept) == TRIES:
                break
    return list(kept)


def _attack(
    parts: dict[str, _Part], subject: str, predicates: list[Predicate], rng: np.random.Generator
) -> Attack | None:
    if len(predicates) < LEAST_TRIES:
        return None
    real = parts["real"]
    hits = sum(real.met(predicate) == 1 for predicate in predicates)
    guesses = _guesses(parts["independent"], [len(predicate) for predicate in predicates], rng)
    guessed = sum(real.met(predicate) == 1 for predicate in guesses) / len(predicates)
    if "holdout" not in parts:
        return Attack(subject, hits, len(predicates), 0, 0, guessed)
    unseen = parts["holdout"]
    met = np.array([unseen.met(predicate) for predicate in predicates])
    singled = float((met == 1).sum())
    singled *= _more_rows(float((met == 0).mean()), float((met == 1).mean()), real.size / unseen.size)
    return Attack(subject, hits, len(predicates), min(singled, len(predicates)), len(predicates), guessed)


def _guesses(alone: _Part, widths: list[int], rng: np.random.Generator) -> list[Predicate]:
    """Descriptions made up column by column, without a look at what stands together in a row."""
    rows = rng.integers(0, alone.size, len(widths)).tolist()
    chosen = [rng.choice(len(alone.columns), width, replace=False).tolist() for width in widths]
    return [_described(alone, row, places) for row, places in zip(rows, chosen, strict=True)]


def _more_rows(none: float, one: float, times: float) -> float:
    """By how much the share of descriptions that fit exactly one row changes among `times` as many rows.

    none, one: the shares that fit no row and exactly one. How many rows a description fits is taken to be negative
    binomial (rates that vary as a gamma does), whose two numbers these shares give.
    """
    if times == 1.0 or one <= 0.0 or none <= 0.0:
        return 1.0
    # P(0) = p^a and P(1) = a (1 - p) p^a with p = a / (a + mean), so P(1) / P(0) = a (1 - p).
    ratio = one / none
    a = _shape(ratio, float(np.log(none)))
    p = 1.0 - ratio / a
    mean = a * (1.0 - p) / p

    def single(average: float) -> float:
        share = a / (a + average)
        return float(a * (1.0 - share) * share**a)

    return single(times * mean) / single(mean)


def _shape(ratio: float, aim: float) -> float:
    """The a with a log(1 - ratio / a) = aim, by halving; very great where rates do not vary (aim = -ratio)."""
    low, high = np.log(ratio * (1.0 + 1e-9)), np.log(1e6 * max(ratio, 1.0))
    for _ in range(60):
        middle = (low + high) / 2.0
        a = np.exp(middle)
        low, high = (middle, high) if a * np.log1p(-ratio / a) < aim else (low, middle)
    return float(np.exp(high))
