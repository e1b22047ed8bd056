"""Texts made by whole columns: words looked up and joined, digits spelled from numbers, without Python strings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np

from trasunto.rules.draws import Weighted
from trasunto.rules.values import Drawn, pa, pc, take, words

DIGITS = "0123456789"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
# Marks of Faker's formats: # any digit, % a digit but 0, $ from 2, ! a digit or nothing, @ 1-9 or nothing, ? a letter.
MARKS = {
    "#": tuple(DIGITS),
    "%": tuple(DIGITS[1:]),
    "$": tuple(DIGITS[2:]),
    "!": (*DIGITS, ""),
    "@": (*DIGITS[1:], ""),
    "?": tuple(LETTERS),
}

# A table of more words than this is slower to look up than two smaller ones.
MOST_SPELLINGS = 10_000


def join(pieces: Sequence[Any]) -> Any:
    """Texts side by side. pieces: literals (str), Arrow string arrays, or Drawn; at least one of them by row.

    Looked-up words are gathered from one table into one run of bytes, in row order, all pieces of a row next to each
    other: so the texts are the same bytes with fewer ends, and nothing is copied twice.
    """
    pieces = [piece for piece in pieces if not isinstance(piece, str) or piece]
    if all(isinstance(piece, str) or (isinstance(piece, Drawn) and piece.words is not None) for piece in pieces):
        return _gathered(pieces)
    arrays = [
        pa.scalar(piece) if isinstance(piece, str) else piece.texts() if isinstance(piece, Drawn) else piece
        for piece in pieces
    ]
    return arrays[0] if len(arrays) == 1 else pc.binary_join_element_wise(*arrays, "")


def _gathered(pieces: Sequence[Any]) -> Any:
    parts: list[tuple[Drawn, str, str]] = []
    before = ""
    for piece in pieces:
        if isinstance(piece, Drawn):
            parts.append((piece, before, ""))
            before = ""
        elif parts:
            drawn, head, tail = parts[-1]
            parts[-1] = (drawn, head, tail + piece)
        else:
            before += piece
    table, starts = _table_of(tuple(Kept(drawn.words, head, tail) for drawn, head, tail in parts))
    rows, count = len(parts[0][0].data), len(parts)
    places = np.empty((rows, count), dtype=np.int32)
    for number, (drawn, _, _) in enumerate(parts):
        np.add(drawn.data, starts[number], out=places[:, number], casting="unsafe")
    found = take(table, places.ravel())
    if count == 1:
        return found
    _, ends, content = found.buffers()
    offsets = np.frombuffer(ends, dtype=np.int32)[: rows * count + 1 : count].copy()
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), content)


@dataclass(frozen=True, eq=False)
class Kept:
    """A table of words with letters before and after each; the same when it is the same table."""

    words: Any
    before: str
    after: str

    def __hash__(self) -> int:
        return hash((id(self.words), self.before, self.after))

    def __eq__(self, other: object) -> bool:
        same = isinstance(other, Kept) and self.words is other.words
        return same and (self.before, self.after) == (other.before, other.after)  # type: ignore[attr-defined]


@lru_cache(maxsize=256)
def _table_of(parts: tuple[Kept, ...]) -> tuple[Any, list[int]]:
    """All words in one table, and where those of each part begin."""
    tables = []
    for part in parts:
        around = [each for each in (part.before, part.words, part.after) if not isinstance(each, str) or each]
        tables.append(part.words if len(around) == 1 else pc.binary_join_element_wise(*around, ""))
    starts = np.cumsum([0, *(len(table) for table in tables)]).tolist()
    return pa.concat_arrays(tables), starts


def fixed(letters: np.ndarray) -> Any:
    """(n, width) uint8 letters as an Arrow string array."""
    rows, width = letters.shape
    offsets = _offsets(rows, width)
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(letters)))


@lru_cache(maxsize=32)
def _offsets(rows: int, width: int) -> np.ndarray:
    return np.arange(0, rows * width + 1, width, dtype=np.int32) if width else np.zeros(rows + 1, np.int32)


def ragged(letters: np.ndarray) -> Any:
    """(n, width) uint8 letters as an Arrow string array, without the zero bytes."""
    offsets = np.zeros(len(letters) + 1, dtype=np.int32)
    np.cumsum(np.count_nonzero(letters, axis=1), out=offsets[1:])
    content = letters.tobytes().translate(None, b"\0")
    return pa.StringArray.from_buffers(len(letters), pa.py_buffer(offsets), pa.py_buffer(content))


@lru_cache(maxsize=8)
def _spelled(width: int) -> tuple[tuple[int, Any], ...]:
    """Tables of the digits of each number below 10**width: (byte they begin at, digits packed into one number)."""
    numbers = np.arange(10**width)[:, None] // 10 ** np.arange(width - 1, -1, -1) % 10
    digits = (numbers + ord("0")).astype(np.uint8)
    cuts = {1: "0B", 2: "0H", 3: "0H 2B", 4: "0I"}[width].split()
    made = []
    for at, kind in ((int(cut[0]), np.dtype(cut[1])) for cut in cuts):
        made.append((at, digits[:, at : at + kind.itemsize].copy().view(kind).ravel()))
    return tuple(made)


def split(numbers: np.ndarray, digits: int) -> list[np.ndarray]:
    """Numbers of at most `digits` digits cut into chunks of up to four, first digits first: list of (n,) int64."""
    widths = chunks(digits)
    found: list[np.ndarray] = []
    rest = numbers.astype(np.uint64, copy=False)
    for width in reversed(widths[1:]):
        ten = np.uint64(10**width)
        above = rest // ten
        found.append((rest - above * ten).astype(np.int64))
        rest = above
    return [rest.astype(np.int64), *reversed(found)]


def chunks(digits: int) -> list[int]:
    """Widths of the chunks that `split` makes: the first may be shorter than four."""
    first = digits % 4 or 4
    return [first] + [4] * ((digits - first) // 4)


def spell(letters: np.ndarray, at: int, cut: Sequence[np.ndarray], digits: int) -> None:
    """Write chunks of digits into columns at..at+digits of (n, width) uint8 letters (contiguous)."""
    rows, across = letters.shape
    if not rows:
        return
    for chunk, width in zip(cut, chunks(digits), strict=True):
        for place, table in _spelled(width):
            target = np.ndarray((rows,), table.dtype, buffer=letters, offset=at + place, strides=(across,))
            target[:] = table[chunk]
        at += width


def weigh(cut: Sequence[np.ndarray], digits: int, worth: Sequence[Sequence[int]]) -> np.ndarray:
    """(n,) int64: the sum over digits of what each is worth in its place. worth: (digits, 10)."""
    total = np.zeros(len(cut[0]), dtype=np.int64)
    at = 0
    for chunk, width in zip(cut, chunks(digits), strict=True):
        total += _worths(tuple(tuple(each) for each in worth[at : at + width]))[chunk]
        at += width
    return total


@lru_cache(maxsize=256)
def _worths(worth: tuple[tuple[int, ...], ...]) -> np.ndarray:
    tables = np.array(worth, dtype=np.int64)
    total = np.zeros(1, dtype=np.int64)
    for table in tables:
        total = (total[:, None] + table[None, :]).ravel()
    return total


def by_weight(weights: Sequence[int]) -> list[list[int]]:
    """What each digit is worth in each place when it is multiplied by a weight."""
    return [[weight * digit for digit in range(10)] for weight in weights]


@dataclass(frozen=True)
class Lexicon:
    """Words drawn by weight. words: Arrow string array of `weights`' entries."""

    words: Any
    weights: Weighted

    @staticmethod
    def of(weights: dict[str, float]) -> Lexicon:
        return Lexicon(words(weights), Weighted.of(list(weights.values())))

    def draw(self, rng: np.random.Generator, rows: int) -> Drawn:
        return Drawn(self.weights.draw(rng, rows), words=self.words)


@dataclass(frozen=True)
class Formats:
    """Texts of several words in one of several formats, by weight.

    choice: which format. slots: for each place, a table of words for each format (an empty word where it has fewer).
    """

    choice: Weighted
    slots: tuple[Lexicon, ...]

    @staticmethod
    def of(formats: Sequence[tuple[float, Sequence[dict[str, float]]]]) -> Formats:
        """formats: (weight, the words of each place with their weights)."""
        formats = _as_one(formats)
        longest = max(len(places) for _, places in formats)
        padded = [[*places, *[{"": 1.0}] * (longest - len(places))] for _, places in formats]
        slots = []
        for column in zip(*padded, strict=True):
            weights = Weighted.of(*(list(each.values()) for each in column))
            slots.append(Lexicon(words(word for each in column for word in each), weights))
        return Formats(Weighted.of([weight for weight, _ in formats]), tuple(slots))

    def draw(self, rng: np.random.Generator, rows: int) -> list[Drawn]:
        """Pieces to be joined, each of (rows,)."""
        chosen = None if len(self.choice.sizes) == 1 and self.choice.sizes[0] == 1 else self.choice.draw(rng, rows)
        return [Drawn(slot.weights.draw(rng, rows, chosen), words=slot.words) for slot in self.slots]


def _as_one(formats: Sequence[tuple[float, Sequence[dict[str, float]]]]) -> Any:
    """Formats of one place each are one format with the words of all of them."""
    if len(formats) < 2 or any(len(places) != 1 for _, places in formats):
        return formats
    made: dict[str, float] = {}
    for weight, (words_of,) in formats:
        whole = sum(words_of.values())
        for word, own in words_of.items():
            made[word] = made.get(word, 0.0) + weight * own / whole
    return [(1.0, [made])]


def templates(weights: dict[str, float]) -> Formats:
    """Texts with marks for digits and letters ("+34 6## ### ###", see MARKS), one of several by weight."""
    shapes: dict[str, dict[str, float]] = {}
    for template, weight in weights.items():
        # Templates that differ in how they begin alone are one format with several beginnings.
        cut = next((place for place, mark in enumerate(template) if mark in MARKS), len(template))
        heads = shapes.setdefault(template[cut:], {})
        heads[template[:cut]] = heads.get(template[:cut], 0.0) + weight
    made = []
    for shape, heads in shapes.items():
        rest = [dict.fromkeys(spelled, 1.0) for spelled in map(spellings, _cut(shape)) if spelled != [""]]
        made.append((sum(heads.values()), [heads, *rest] if list(heads) != [""] or not rest else rest))
    return Formats.of(made)


def spellings(template: str) -> list[str]:
    """Every text a template can spell."""
    return ["".join(each) for each in product(*(MARKS.get(mark, (mark,)) for mark in template))]


def _cut(shape: str) -> list[str]:
    """A shape cut into pieces of so few spellings that their tables stay in the cache."""
    pieces: list[str] = [""]
    size = 1
    for mark in shape:
        options = len(MARKS.get(mark, (mark,)))
        if size * options > MOST_SPELLINGS:
            pieces.append("")
            size = 1
        pieces[-1] += mark
        size *= options
    return pieces
