"""Rules of regular expressions: texts that match, made a position at a time for all rows.

Bounded expressions alone: `[A-Z]{3}-\\d{4}`, `(red|green)\\d?`, `a{2,5}`. Every letter of a class is equally likely,
and every branch, and every number of repeats. Python's own reader parses them, so what is made matches under
`re.fullmatch`.
"""

from __future__ import annotations

import string
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from itertools import product
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from re import error as RegexError
from typing import Any

import numpy as np

from trasunto.data.schema import Column
from trasunto.rules.numbers import MOST
from trasunto.rules.rule import Block, Rule, Spec
from trasunto.rules.text import fixed, ragged
from trasunto.rules.values import Drawn, scattered

PRINTABLE = "".join(chr(code) for code in range(32, 127))
_CLASSES = {
    op.CATEGORY_DIGIT: string.digits,
    op.CATEGORY_WORD: string.ascii_letters + string.digits + "_",
    op.CATEGORY_SPACE: " ",
}
_NOT_CLASSES = {
    op.CATEGORY_NOT_DIGIT: op.CATEGORY_DIGIT,
    op.CATEGORY_NOT_WORD: op.CATEGORY_WORD,
    op.CATEGORY_NOT_SPACE: op.CATEGORY_SPACE,
}
LONGEST = 1000
SHAPES = 1000


@dataclass(frozen=True)
class Letter:
    """One position. table: (letters, bytes) uint8, the letters in UTF-8 with zero bytes behind shorter ones."""

    letters: str
    table: np.ndarray

    @staticmethod
    def of(letters: Iterable[str]) -> Letter:
        kept = "".join(dict.fromkeys(letters))
        coded = [letter.encode() for letter in kept]
        width = max(map(len, coded))
        table = np.frombuffer(b"".join(c.ljust(width, b"\0") for c in coded), dtype=np.uint8).reshape(-1, width)
        return Letter(kept, table)


@dataclass(frozen=True)
class Repeat:
    """A part that stands from `least` to `most` times."""

    least: int
    most: int
    inner: tuple[Any, ...]


@dataclass(frozen=True)
class Branch:
    """One of several parts."""

    ways: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Pattern:
    """Texts of a regular expression. shapes: every fixed sequence of letters it allows; None when two may be alike."""

    text: str
    nodes: tuple[Any, ...]
    shapes: tuple[tuple[Letter, ...], ...] | None
    needs: tuple[str, ...] = ()

    @property
    def capacity(self) -> int | None:
        return None if self.shapes is None else min(MOST, sum(map(_size, self.shapes)))

    def column(self, name: str) -> Column:
        return Column(name, "text", nullable=False, declared=True)

    def draw(self, block: Block, name: str) -> Drawn:
        made: list[np.ndarray] = []
        _write(self.nodes, block.rng(name), block.rows, None, made)
        letters = np.concatenate(made, axis=1) if made else np.zeros((block.rows, 0), np.uint8)
        return Drawn(fixed(letters) if _steady(self.nodes) else ragged(letters))

    def nth(self, index: np.ndarray, block: Block, name: str) -> Drawn:
        assert self.shapes is not None
        ends = np.cumsum([min(_size(shape), MOST) for shape in self.shapes], dtype=np.uint64)
        chosen = np.searchsorted(ends, index, side="right")
        parts = []
        for number, shape in enumerate(self.shapes):
            places = np.flatnonzero(chosen == number)
            start = ends[number - 1] if number else np.uint64(0)
            parts.append((places, Drawn(_counted(shape, index[places] - start))))
        return scattered(parts, len(index))


def _size(shape: tuple[Letter, ...]) -> int:
    return reduce(lambda size, letter: size * len(letter.letters), shape, 1)


def _steady(nodes: tuple[Any, ...]) -> bool:
    """Whether every text has the same number of bytes."""
    for node in nodes:
        if isinstance(node, Branch) or (isinstance(node, Letter) and not node.table.all()):
            return False
        if isinstance(node, Repeat) and (node.least != node.most or not _steady(node.inner)):
            return False
    return True


def _write(
    nodes: tuple[Any, ...], rng: np.random.Generator, rows: int, active: np.ndarray | None, made: list[np.ndarray]
) -> None:
    """Add the letters of nodes, zero where a row is not active (None: all are)."""
    for node in nodes:
        if isinstance(node, Letter):
            size = len(node.letters)
            letters = node.table[rng.integers(0, size, rows)] if size > 1 else np.repeat(node.table, rows, axis=0)
            made.append(letters if active is None else letters * active[:, None])
        elif isinstance(node, Repeat):
            times = None if node.least == node.most else rng.integers(node.least, node.most + 1, rows)
            for turn in range(node.most):
                here = None if turn < node.least or times is None else times > turn
                _write(node.inner, rng, rows, _both(active, here), made)
        else:
            way = rng.integers(0, len(node.ways), rows)
            for number, inner in enumerate(node.ways):
                _write(inner, rng, rows, _both(active, way == number), made)


def _both(one: np.ndarray | None, other: np.ndarray | None) -> np.ndarray | None:
    if one is None or other is None:
        return one if other is None else other
    return one & other


def _counted(shape: tuple[Letter, ...], index: np.ndarray) -> Any:
    """The texts of a shape number `index`, the last letter counting fastest."""
    rest = index.astype(np.uint64)
    columns: list[np.ndarray] = []
    for letter in reversed(shape):
        size = np.uint64(len(letter.letters))
        above = rest // size
        columns.append(letter.table[(rest - above * size).astype(np.int64)])
        rest = above
    letters = np.concatenate(columns[::-1], axis=1) if columns else np.zeros((len(index), 0), np.uint8)
    return fixed(letters) if all(letter.table.all() for letter in shape) else ragged(letters)


def pattern(spec: Spec) -> Rule:
    """`regex: text`, bounded."""
    if not isinstance(spec.value, str):
        raise spec.wrong(f"regex is {spec.value!r}.", "Give a text.")
    try:
        parsed = parser.parse(spec.value)
    except (RegexError, OverflowError, RecursionError) as error:
        raise spec.wrong(f"cannot read the regex {spec.value!r}: {error}.") from error
    nodes = _nodes(spec, parsed)
    if _longest(nodes) > LONGEST:
        raise spec.wrong(f"the regex {spec.value!r} can be longer than {LONGEST} letters.", "Bound it, as in {1,20}.")
    return Pattern(spec.value, nodes, _shapes(nodes))


def _longest(nodes: tuple[Any, ...]) -> int:
    total = 0
    for node in nodes:
        if isinstance(node, Repeat):
            total += node.most * _longest(node.inner)
        else:
            total += sum(map(_longest, node.ways)) if isinstance(node, Branch) else 1
    return total


def _nodes(spec: Spec, parsed: Any) -> tuple[Any, ...]:
    found: list[Any] = []
    for code, value in parsed:
        if code is op.LITERAL:
            found.append(Letter.of(_allowed(spec, chr(value))))
        elif code is op.NOT_LITERAL:
            found.append(Letter.of(letter for letter in PRINTABLE if letter != chr(value)))
        elif code is op.ANY:
            found.append(Letter.of(PRINTABLE))
        elif code is op.IN:
            found.append(Letter.of(_class(spec, value)))
        elif code in (op.MAX_REPEAT, op.MIN_REPEAT):
            least, most, inner = value
            if most is op.MAXREPEAT:
                raise spec.wrong(f"the regex {spec.value!r} has no end.", "Bound * and +, as in {0,10} and {1,10}.")
            found.append(Repeat(int(least), int(most), _nodes(spec, inner)))
        elif code is op.SUBPATTERN:
            if value[1] or value[2]:
                raise spec.wrong(f"the regex {spec.value!r} sets flags, which are not supported.", "Leave them out.")
            found.extend(_nodes(spec, value[3]))
        elif code is op.BRANCH:
            found.append(Branch(tuple(_nodes(spec, way) for way in value[1])))
        elif code is op.AT and value in (op.AT_BEGINNING, op.AT_BEGINNING_STRING, op.AT_END, op.AT_END_STRING):
            continue
        else:
            raise spec.wrong(
                f"the regex {spec.value!r} uses {str(code).lower()}, which is not supported.",
                "Use letters, classes, groups, | and bounded repeats.",
            )
    return tuple(found)


def _class(spec: Spec, items: Any) -> str:
    negated = bool(items) and items[0][0] is op.NEGATE
    letters = ""
    for code, value in items:
        if code is op.LITERAL:
            letters += chr(value)
        elif code is op.RANGE:
            letters += "".join(chr(each) for each in range(value[0], value[1] + 1))
        elif code is op.CATEGORY and value in _CLASSES:
            letters += _CLASSES[value]
        elif code is op.CATEGORY:
            letters += "".join(letter for letter in PRINTABLE if letter not in _CLASSES[_NOT_CLASSES[value]])
    if negated:
        letters = "".join(letter for letter in PRINTABLE if letter not in letters)
    return _allowed(spec, letters)


def _allowed(spec: Spec, letters: str) -> str:
    if not letters or "\0" in letters:
        raise spec.wrong(f"the regex {spec.value!r} has a class with no letter that can be written.")
    return letters


def _shapes(nodes: tuple[Any, ...]) -> tuple[tuple[Letter, ...], ...] | None:
    """Every fixed sequence of letters; None when there are too many, or when two of them could spell the same text."""
    found = _unrolled(nodes)
    if found is None:
        return None
    by_length: dict[int, list[tuple[Letter, ...]]] = {}
    for shape in found:
        beside = by_length.setdefault(len(shape), [])
        if any(all(set(a.letters) & set(b.letters) for a, b in zip(shape, other, strict=True)) for other in beside):
            return None
        beside.append(shape)
    return tuple(found)


def _unrolled(nodes: tuple[Any, ...]) -> list[tuple[Letter, ...]] | None:
    found: list[tuple[Letter, ...]] = [()]
    for node in nodes:
        if isinstance(node, Letter):
            ways: list[tuple[Letter, ...]] | None = [(node,)]
        elif isinstance(node, Branch):
            unrolled = [_unrolled(way) for way in node.ways]
            ways = None if None in unrolled else [shape for each in unrolled if each for shape in each]
        else:
            ways = _turns(node)
        if ways is None or len(found) * len(ways) > SHAPES:
            return None
        found = [before + after for before, after in product(found, ways)]
    return found


def _turns(node: Repeat) -> list[tuple[Letter, ...]] | None:
    inner = _unrolled(node.inner)
    if inner is None or sum(min(SHAPES, len(inner)) ** min(t, 10) for t in range(node.least, node.most + 1)) > SHAPES:
        return None
    return [
        tuple(letter for part in parts for letter in part)
        for turns in range(node.least, node.most + 1)
        for parts in product(inner, repeat=turns)
    ]
