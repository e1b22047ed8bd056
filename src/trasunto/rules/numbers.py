"""Rules of numbers: constants, yes and no, ranges, sequences."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from trasunto.data.schema import Column, Format
from trasunto.rules.rule import Block, Rule, Spec
from trasunto.rules.text import fixed, join, spell, split
from trasunto.rules.values import Drawn, pa, pc, words

MOST = 2**62
LONGEST_STEP = 1_000_000
_FORMAT = re.compile(r"^(?P<before>[^{}]*)\{(?::0?(?P<width>\d+)d?)?\}(?P<after>[^{}]*)$")


@dataclass(frozen=True)
class Constant:
    """The same value in every row; None is missing."""

    value: Any
    needs: tuple[str, ...] = ()
    capacity: int | None = 1

    def column(self, name: str) -> Column:
        known = {bool: "boolean", int: "integer", float: "number"}
        kind: Any = known.get(type(self.value), "category")
        categories = (self.value,) if isinstance(self.value, str) else None
        return Column(name, kind, nullable=self.value is None, categories=categories, declared=True)

    def draw(self, block: Block, name: str) -> Drawn:
        if self.value is None:
            return Drawn(np.zeros(block.rows, np.int32), np.zeros(block.rows, bool), words([""]))
        if isinstance(self.value, str):
            return Drawn(np.zeros(block.rows, np.int32), words=words([self.value]))
        return Drawn(np.full(block.rows, self.value))

    def nth(self, index: np.ndarray, block: Block, name: str) -> Drawn:
        return self.draw(block, name)


@dataclass(frozen=True)
class Chance:
    """Yes with a probability."""

    probability: float
    needs: tuple[str, ...] = ()
    capacity: int | None = None

    def column(self, name: str) -> Column:
        return Column(name, "boolean", nullable=False, declared=True)

    def draw(self, block: Block, name: str) -> Drawn:
        return Drawn(block.rng(name).random(block.rows) < self.probability)

    def nth(self, index: np.ndarray, block: Block, name: str) -> Drawn:
        raise NotImplementedError


@dataclass(frozen=True)
class Grid:
    """Numbers low, low + step, …, all equally likely: `count` of them. decimals: None for whole numbers.

    The step is a whole number of units of the last decimal, so that 0.1 steps add up.
    """

    low: int
    step: int
    count: int
    decimals: int | None = None
    needs: tuple[str, ...] = ()

    @property
    def capacity(self) -> int | None:
        return self.count

    def column(self, name: str) -> Column:
        last = self.low + self.step * (self.count - 1)
        if self.decimals is None:
            return Column(name, "integer", nullable=False, bounds=(self.low, last), declared=True)
        unit = 10**self.decimals
        form = Format(decimals=self.decimals)
        return Column(name, "number", nullable=False, bounds=(self.low / unit, last / unit), format=form, declared=True)

    def draw(self, block: Block, name: str) -> Drawn:
        return self._valued(block.rng(name).integers(0, self.count, block.rows))

    def nth(self, index: np.ndarray, block: Block, name: str) -> Drawn:
        return self._valued(index.astype(np.int64))

    def _valued(self, places: np.ndarray) -> Drawn:
        if self.step != 1:
            places = places * self.step
        if self.low:
            places = places + self.low
        return Drawn(places if self.decimals is None else places / 10**self.decimals)


@dataclass(frozen=True)
class Span:
    """Any number from low up to high."""

    low: float
    high: float
    needs: tuple[str, ...] = ()
    capacity: int | None = None

    def column(self, name: str) -> Column:
        return Column(name, "number", nullable=False, bounds=(self.low, self.high), declared=True)

    def draw(self, block: Block, name: str) -> Drawn:
        return Drawn(block.rng(name).uniform(self.low, self.high, block.rows))

    def nth(self, index: np.ndarray, block: Block, name: str) -> Drawn:
        raise NotImplementedError


@dataclass(frozen=True)
class Sequence:
    """start, start + step, … over all rows; with a format, as text ("C-{:06}")."""

    start: int
    step: int = 1
    before: str = ""
    width: int = 0
    after: str = ""
    as_text: bool = False
    needs: tuple[str, ...] = ()

    @property
    def capacity(self) -> int | None:
        """Each number comes once as it is."""
        return MOST

    def column(self, name: str) -> Column:
        return Column(name, "id" if self.as_text else "integer", nullable=False, role="identifier", declared=True)

    def draw(self, block: Block, name: str) -> Drawn:
        numbers = block.index.astype(np.int64) * self.step + self.start
        return Drawn(self._text(numbers)) if self.as_text else Drawn(numbers)

    def nth(self, index: np.ndarray, block: Block, name: str) -> Drawn:
        return self.draw(block, name)

    def _text(self, numbers: np.ndarray) -> Any:
        """All numbers of a block have as many digits as the width, or the longest of them, asks for."""
        if self.width and numbers.max(initial=0) < 10**self.width:
            return join([self.before, fixed(_spelled(numbers, self.width)), self.after])
        plain = pa.array(numbers).cast(pa.string())
        if self.width:
            plain = pc.utf8_lpad(plain, self.width, "0")
        return join([self.before, plain, self.after])


def _spelled(numbers: np.ndarray, width: int) -> np.ndarray:
    letters = np.empty((len(numbers), width), dtype=np.uint8)
    spell(letters, 0, split(numbers, width), width)
    return letters


def constant(spec: Spec) -> Rule:
    """`constant: value`."""
    if not isinstance(spec.value, bool | int | float | str | None):
        raise spec.wrong(f"constant is {spec.value!r}.", "Give a number, a text, true, false or null.")
    return Constant(spec.value)


def chance(spec: Spec) -> Rule:
    """`boolean: 0.3`."""
    probability = spec.as_number("boolean", spec.value)
    if not 0 <= probability <= 1:
        raise spec.wrong(f"boolean is {probability}; a probability is from 0 to 1.")
    return Chance(float(probability))


def integer(spec: Spec) -> Rule:
    """`integer: [lowest, highest]`, both ends possible; `step`."""
    low, high = spec.pair()
    if low != int(low) or high != int(high) or abs(low) > MOST or abs(high) > MOST:
        raise spec.wrong(f"integer goes from {low} to {high}; both must be whole numbers.", "Use number: or decimal:.")
    step = spec.whole("step", 1, 1, MOST)
    return Grid(int(low), step, (int(high) - int(low)) // step + 1)


def number(spec: Spec) -> Rule:
    """`number: [lowest, highest]`; with `decimals`, on that grid."""
    decimals = spec.option("decimals")
    if decimals is None:
        low, high = spec.pair()
        return Span(float(low), float(high))
    spec.options["decimals"] = decimals
    return decimal(spec)


def decimal(spec: Spec) -> Rule:
    """`decimal: [lowest, highest]`, both ends possible; `decimals` (2), `step`."""
    low, high = spec.pair()
    decimals = spec.whole("decimals", 2, 0, 15)
    unit = 10**decimals
    step = spec.number("step", 1 / unit)
    steps = round(step * unit)
    first, last = int(np.ceil(round(low * unit, 6))), int(np.floor(round(high * unit, 6)))
    if steps < 1 or last < first:
        raise spec.wrong(f"there is no number with {decimals} decimals from {low} to {high} by steps of {step}.")
    if max(abs(first), abs(last)) > 2**53:
        raise spec.wrong(f"{decimals} decimals from {low} to {high} are more digits than a number holds.")
    grid = Grid(first, steps, (last - first) // steps + 1, decimals)
    return Grid(first, steps, grid.count) if decimals == 0 else grid


def sequence(spec: Spec) -> Rule:
    """`sequence: start`; `step`, `format` ("C-{:06}")."""
    start = spec.as_number("sequence", spec.value)
    step = spec.number("step", 1)
    if start != int(start) or step != int(step) or step == 0:
        raise spec.wrong(f"sequence starts at {start} by steps of {step}; both must be whole, the step not 0.")
    if abs(start) > MOST or abs(step) > LONGEST_STEP:
        raise spec.wrong(
            f"sequence starts at {start} by steps of {step}; that is too far.", "Steps reach to 1,000,000."
        )
    form = spec.option("format")
    if form is None:
        return Sequence(int(start), int(step))
    found = _FORMAT.match(str(form))
    if not found or int(found["width"] or 0) > 18:
        raise spec.wrong(f"format is {form!r}.", 'Write it as "C-{:06}": one number, up to 18 digits wide.')
    if start < 0 or step < 0:
        raise spec.wrong("a sequence with a format counts upwards from 0 or more.")
    return Sequence(int(start), int(step), found["before"], int(found["width"] or 0), found["after"], True)
