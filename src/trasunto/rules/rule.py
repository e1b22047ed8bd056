"""What a rule is: told of a block of rows, it draws one column of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from trasunto.data.schema import Column
from trasunto.errors import RecipeError, near
from trasunto.rules.draws import BLOCK, shuffle, stream
from trasunto.rules.values import Drawn

# The largest number that a rule may name.
_LARGEST = 1.7e308


@dataclass
class Block:
    """A run of rows that are drawn together, and the columns drawn so far.

    number: counts blocks from 0. rows: how many rows it has. at: row number of each, counted over all blocks, when
    these rows are a choice of the block's. people: what was drawn of each person, by name.
    """

    seed: int
    number: int
    rows: int = BLOCK
    columns: dict[str, Drawn] = field(default_factory=dict)
    people: dict[str, Any] = field(default_factory=dict)
    at: np.ndarray | None = None
    path: str = ""

    def rng(self, name: str) -> np.random.Generator:
        """The stream of a name in this block."""
        return stream(self.seed, self.number, self.path + name)

    @cached_property
    def index(self) -> np.ndarray:
        """(rows,) uint64 row numbers over all blocks."""
        if self.at is not None:
            return self.at
        return np.arange(self.number * BLOCK, self.number * BLOCK + self.rows, dtype=np.uint64)

    def part(self, places: np.ndarray, path: str, names: tuple[str, ...]) -> Block:
        """Some rows of this block with some of its columns, and streams of their own."""
        columns = {name: self.columns[name].take(places) for name in names}
        return Block(self.seed, self.number, len(places), columns, {}, self.index[places], f"{self.path}{path}\0")


class Rule(Protocol):
    """One column's rule. Frozen; the same for every block."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Columns that must be drawn before."""
        ...

    @property
    def capacity(self) -> int | None:
        """How many different values there are when they can be counted off by `nth`; None when they cannot."""
        ...

    def column(self, name: str) -> Column: ...

    def draw(self, block: Block, name: str) -> Drawn: ...

    def nth(self, index: np.ndarray, block: Block, name: str) -> Drawn:
        """The values number `index` (uint64, below capacity): different for different numbers."""
        ...


@dataclass(frozen=True)
class Unique:
    """Another rule's values, each at most once: they are counted off in a shuffled order, over all blocks."""

    rule: Rule
    size: int

    @property
    def needs(self) -> tuple[str, ...]:
        return self.rule.needs

    @property
    def capacity(self) -> int | None:
        return self.size

    def column(self, name: str) -> Column:
        return self.rule.column(name)

    def draw(self, block: Block, name: str) -> Drawn:
        return self.rule.nth(shuffle(block.seed, name, self.size)(block.index), block, name)

    def nth(self, index: np.ndarray, block: Block, name: str) -> Drawn:
        return self.rule.nth(index, block, name)


@dataclass
class Spec:
    """One rule as it was written: its name, its value, its options; and what the document says beside it.

    about: how messages name it ("Column 'age'"). read: reads a rule nested in this one.
    """

    about: str
    rule: str
    value: Any
    options: dict[str, Any]
    calendars: Mapping[str, Any]
    read: Callable[[str, Any], Rule]

    def wrong(self, problem: str, next_move: str = "") -> RecipeError:
        return RecipeError(f"{self.about}: {problem}", next_move)

    def option(self, name: str, default: Any = None) -> Any:
        return self.options.pop(name, default)

    def number(self, name: str, default: Any = None) -> Any:
        """An option that must be a number when it is there."""
        return self.as_number(name, self.options.pop(name, default), default)

    def as_number(self, name: str, value: Any, default: Any = None) -> Any:
        """A value that must be a finite number (or the default)."""
        if value is default and not isinstance(value, int | float):
            return value
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value or abs(value) > _LARGEST:
            raise self.wrong(f"{name} is {value!r}; it must be a number.")
        return value

    def whole(self, name: str, default: int, least: int, most: int) -> int:
        """An option that must be a whole number from least to most."""
        value = self.number(name, default)
        if value != int(value) or not least <= value <= most:
            raise self.wrong(f"{name} is {value!r}; it must be a whole number from {least} to {most}.")
        return int(value)

    def pair(self) -> tuple[Any, Any]:
        """The value as [lowest, highest], in order."""
        if not isinstance(self.value, list | tuple) or len(self.value) != 2:
            raise self.wrong(f"{self.rule} is {self.value!r}.", f"Write it as {self.rule}: [lowest, highest].")
        low, high = (self.as_number(self.rule, each) for each in self.value)
        if low > high:
            raise self.wrong(f"{self.rule} goes from {low} to {high}.", "Write the lower number first.")
        return low, high

    def finish(self) -> None:
        """RecipeError for options that nothing took."""
        if self.options:
            name = next(iter(self.options))
            raise self.wrong(f"{self.rule} takes no {name!r}.", near(str(name), KNOWN_OPTIONS))


# All options of all rules, to offer near names.
KNOWN_OPTIONS = (
    "missing", "unique", "role", "hidden", "min", "max", "decimals", "step", "format", "otherwise", "cases", "of",
    "days", "hours", "holidays", "calendar", "country", "share", "networks", "kind", "weights",
)  # fmt: skip
