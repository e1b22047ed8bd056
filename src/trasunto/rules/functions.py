"""What expressions can compute with: operators and functions over whole columns.

A value is a `Drawn` column or one constant; None is missing. Texts are Arrow strings; where they come from a table of
words, the work is done on the table.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from trasunto.rules.calendars import completed_years
from trasunto.rules.draws import Weighted
from trasunto.rules.text import join
from trasunto.rules.values import Drawn, pa, pc, words

_ARITHMETIC: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.true_divide,
    ast.FloorDiv: np.floor_divide,
    ast.Mod: np.mod,
    ast.Pow: np.float_power,
}
_COMPARE: dict[type, tuple[Callable[[Any, Any], Any], Any]] = {
    ast.Eq: (np.equal, pc.equal),
    ast.NotEq: (np.not_equal, pc.not_equal),
    ast.Lt: (np.less, pc.less),
    ast.LtE: (np.less_equal, pc.less_equal),
    ast.Gt: (np.greater, pc.greater),
    ast.GtE: (np.greater_equal, pc.greater_equal),
}


def pick(value: Any, rows: int) -> Drawn:
    """A value as a column of `rows` rows."""
    if isinstance(value, Drawn):
        if not value.is_text and value.data.ndim == 0:
            return Drawn(np.full(rows, value.data), value.valid)
        return value
    if value is None:
        return Drawn(np.zeros(rows), np.zeros(rows, dtype=bool))
    if isinstance(value, str):
        return Drawn(np.zeros(rows, dtype=np.int32), words=words([value]))
    return Drawn(np.full(rows, value))


def combine(function: Callable[..., Any], *values: Any) -> Any:
    """A function of numbers, row by row; missing where one of them is."""
    if any(value is None for value in values):
        return None
    valid = None
    arrays: list[Any] = []
    for value in values:
        if isinstance(value, str) or (isinstance(value, Drawn) and value.is_text):
            raise TypeError("a text stands where a number or a date is needed")
        if isinstance(value, Drawn):
            valid = value.valid if valid is None else valid if value.valid is None else valid & value.valid
            arrays.append(value.data)
        else:
            arrays.append(value)
    found = np.asarray(function(*arrays))
    return Drawn(found, valid) if any(isinstance(value, Drawn) for value in values) else found.item()


def is_text(value: Any) -> bool:
    """Whether a value is of text."""
    return isinstance(value, str) or (isinstance(value, Drawn) and value.is_text)


def on_words(function: Callable[[Any], Any], value: Any) -> Any:
    """A function of texts: once for each word where there is a table, else for each row."""
    if value is None:
        return None
    if isinstance(value, str):
        return function(pa.array([value]))[0].as_py()
    if not is_text(value):
        raise TypeError("a number or a date stands where a text is needed")
    made = function(value.data if value.words is None else value.words)
    if pa.types.is_string(made.type):
        return Drawn(made, value.valid) if value.words is None else Drawn(value.data, value.valid, made)
    found = np.asarray(made)
    return Drawn(found if value.words is None else found[value.data], value.valid)


def operate(kind: type, left: Any, right: Any) -> Any:
    """left kind right: + of texts joins them; dates and lengths of time add and subtract."""
    if is_text(left) or is_text(right):
        if kind is not ast.Add:
            raise TypeError("texts can be added, and nothing else")
        return _joined(left, right)
    if kind is ast.Pow:
        return combine(_power, left, right)
    found = combine(_ARITHMETIC[kind], left, right)
    if kind not in (ast.FloorDiv, ast.Mod) or not isinstance(found, Drawn) or found.data.dtype.kind != "i":
        return found
    # Whole numbers have no way to say that there is no result.
    there = np.broadcast_to(np.asarray(right.data if isinstance(right, Drawn) else right) != 0, found.data.shape)
    return found if there.all() else found.also(there)


def _power(base: Any, exponent: Any) -> Any:
    whole = isinstance(exponent, int) and exponent >= 0 and np.asarray(base).dtype.kind in "iu"
    return np.power(base, exponent) if whole and exponent <= 3 else np.float_power(base, exponent)


def _joined(left: Any, right: Any) -> Any:
    if left is None or right is None:
        return None
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    return joined([left, right])


def joined(values: list[Any]) -> Any:
    """Values as texts side by side; missing where one of them is."""
    if any(value is None for value in values):
        return None
    texts = [text_of(value) for value in values]
    columns = [text for text in texts if isinstance(text, Drawn)]
    if not columns:
        return "".join(texts)
    if len(columns) == 1 and columns[0].words is not None:
        # Constants around a table of words change the table, not the rows.
        return on_words(lambda w: join([w if isinstance(text, Drawn) else text for text in texts]), columns[0])
    made = Drawn(join(texts))
    for column in columns:
        made = made.also(column.valid)
    return made


def text_of(value: Any) -> Any:
    """A value as text: numbers as they are, dates as 2026-01-31."""
    if value is None or is_text(value):
        return value
    if not isinstance(value, Drawn):
        return ("true" if value else "false") if isinstance(value, bool) else str(value)
    data = value.data
    if data.dtype.kind == "m":
        raise TypeError("a length of time cannot be written; count it, as in days(end - start)")
    if data.dtype.kind == "M" and data.dtype != np.dtype("datetime64[D]"):
        return Drawn(pc.strftime(pa.array(data.astype("datetime64[s]")), "%Y-%m-%d %H:%M:%S"), value.valid)
    return Drawn(pa.array(data).cast(pa.string()), value.valid)


def formatted(value: Any, form: str) -> Any:
    """A value as text in a format of an f-string: "", .2f, 06d, or the marks of a date."""
    if not form or value is None:
        return text_of(value)
    column = value if isinstance(value, Drawn) else pick(value, 1)
    if column.is_text:
        raise TypeError(f"the format {form!r} is for numbers and dates, not for texts")
    if form.startswith("%") != (column.data.dtype.kind == "M"):
        raise TypeError(f"the format {form!r} is for {'dates' if form.startswith('%') else 'numbers'}")
    if form.startswith("%"):
        made = pc.strftime(pa.array(column.data.astype("datetime64[s]")), form)
    elif form.endswith("f"):
        places = int(form[1:-1])
        made = pa.array(np.round(column.data.astype(np.float64), places)).cast(pa.decimal128(38, places))
        made = made.cast(pa.string())
    else:
        made = pa.array(np.rint(column.data).astype(np.int64)).cast(pa.string())
        width = int(form[:-1] or 0)
        made = pc.utf8_lpad(made, width, "0" if form.startswith("0") else " ") if width else made
    return Drawn(made, column.valid) if isinstance(value, Drawn) else made[0].as_py()


def compare(kind: type, left: Any, right: Any) -> Any:
    """left kind right, row by row. With None: whether the other is missing."""
    if left is None or right is None or kind in (ast.Is, ast.IsNot):
        return _missing(kind, left, right)
    numeric, textual = _COMPARE[kind]
    if is_text(left) != is_text(right):
        dated = right if is_text(left) else left
        if not (isinstance(dated, Drawn) and dated.data.dtype.kind == "M"):
            raise TypeError("a text is compared with a number")
        left, right = (np.datetime64(each) if isinstance(each, str) else each for each in (left, right))
        return combine(numeric, left, right)
    if not is_text(left):
        return combine(numeric, left, right)
    if isinstance(left, str) and isinstance(right, str):
        return bool(textual(pa.scalar(left), pa.scalar(right)).as_py())
    if isinstance(right, str):
        return on_words(lambda w: textual(w, right), left)
    if isinstance(left, str):
        return on_words(lambda w: textual(pa.scalar(left), w), right)
    found = np.asarray(textual(left.texts(), right.texts()))
    return Drawn(found, left.valid).also(right.valid)


def _missing(kind: type, left: Any, right: Any) -> Any:
    if (left is not None and right is not None) or kind not in (ast.Is, ast.IsNot, ast.Eq, ast.NotEq):
        raise TypeError("None can be asked for with `is None` and `is not None` alone")
    value = right if left is None else left
    there = kind in (ast.IsNot, ast.NotEq)
    if not isinstance(value, Drawn):
        return (value is not None) == there
    valid = np.ones(len(value), dtype=bool) if value.valid is None else value.valid
    return Drawn(valid if there else ~valid)


def is_in(value: Any, values: list[Any], negated: bool) -> Any:
    """Whether each value is one of some constants."""
    if is_text(value):
        wanted = pa.array([str(each) for each in values])
        found = on_words(lambda w: pc.is_in(w, value_set=wanted), value)
    else:
        found = combine(lambda array: np.isin(array, values), value)
    return combine(np.logical_not, found) if negated else found


def choose(test: Any, then: Any, otherwise: Any, rows: int) -> Any:
    """then where test holds, else otherwise; a missing test does not hold."""
    if not isinstance(test, Drawn):
        return then if test else otherwise
    holds = np.asarray(test.data, dtype=bool) if test.valid is None else test.data.astype(bool) & test.valid
    if holds.ndim == 0:
        holds = np.full(rows, holds)
    valid = None
    sides = (then, otherwise)
    if any(side is None or (isinstance(side, Drawn) and side.valid is not None) for side in sides):
        one, other = (_there(side, rows) for side in sides)
        valid = np.where(holds, one, other)
    filler = next((side for side in sides if side is not None), None)
    if filler is None:
        return None
    if is_text(filler):
        texts = ["" if side is None else text_of(side) for side in sides]
        if all(isinstance(each, str) for each in texts):
            return Drawn(np.where(holds, np.int32(0), np.int32(1)), valid, words(texts))
        arrays = [pa.scalar(each) if isinstance(each, str) else each.texts() for each in texts]
        return Drawn(pc.if_else(pa.array(holds), *arrays), valid)
    if any(is_text(side) for side in sides):
        raise TypeError("one side of a choice is a text and the other is not")
    arrays = [side.data if isinstance(side, Drawn) else side for side in sides]
    zero = np.zeros((), dtype=np.result_type(*(each for each in arrays if each is not None)))
    return Drawn(np.where(holds, *(zero if each is None else each for each in arrays)), valid)


def _there(value: Any, rows: int) -> np.ndarray:
    if isinstance(value, Drawn) and value.valid is not None:
        return value.valid
    return np.full(rows, value is not None)


def sliced(value: Any, first: int, last: int | None) -> Any:
    """Letters first..last-1 of each text, counted from 0, from the end when negative."""
    return on_words(lambda w: pc.utf8_slice_codeunits(w, first, last), value)


def _extreme(function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def of(*values: Any) -> Any:
        found = values[0]
        for each in values[1:]:
            found = combine(function, found, each)
        return found

    return of


def _part(unit: str, above: str, first: int) -> Callable[[Any], Any]:
    def of(value: Any) -> Any:
        def counted(moments: np.ndarray) -> np.ndarray:
            if np.asarray(moments).dtype.kind != "M":
                raise TypeError("a date is needed")
            whole = moments.astype(f"datetime64[{unit}]")
            return np.asarray((whole - moments.astype(f"datetime64[{above}]")).astype(np.int64) + first)

        return combine(counted, value)

    return of


def _year(moments: np.ndarray) -> np.ndarray:
    if moments.dtype.kind != "M":
        raise TypeError("a date is needed")
    return moments.astype("datetime64[Y]").astype(np.int64) + 1970


def _weekday(moments: np.ndarray) -> np.ndarray:
    """1 for Monday to 7 for Sunday."""
    return (moments.astype("datetime64[D]").view(np.int64) + 3) % 7 + 1


def _length(seconds: int) -> Callable[[Any], Any]:
    """A number as a length of time, or a length of time as a whole number."""

    def of(value: Any) -> Any:
        def either(each: Any) -> Any:
            array = np.asarray(each)
            if array.dtype.kind == "m":
                return array.astype("timedelta64[us]").astype(np.int64) // (seconds * 1_000_000)
            if array.dtype.kind in "iu" and seconds == 86_400:
                return array.astype("timedelta64[D]")
            return np.rint(array * (seconds * 1_000_000)).astype(np.int64).astype("timedelta64[us]")

        found = combine(either, value)
        return found if isinstance(found, Drawn) or found is None else Drawn(np.asarray(either(value)))

    return of


def _age(birth: np.ndarray, on: Any) -> np.ndarray:
    """Completed years from one day to another."""
    days, until = (np.asarray(each).astype("datetime64[D]") for each in (birth, on))
    return completed_years(days, until)


def _moment(value: Any) -> Any:
    if not isinstance(value, str):
        raise TypeError("date takes a text such as '2026-01-31'")
    return Drawn(np.asarray(np.datetime64(value, "D" if len(value) == 10 else "us")))


def _replaced(value: Any, old: Any, new: Any) -> Any:
    if not isinstance(old, str) or not isinstance(new, str):
        raise TypeError("replace takes constant texts")
    return on_words(lambda w: pc.replace_substring(w, old, new), value)


def _choice(rng: np.random.Generator, rows: int, *values: Any) -> Any:
    if any(isinstance(value, Drawn) for value in values):
        raise TypeError("choice takes constants")
    places = Weighted.of(np.ones(len(values))).draw(rng, rows)
    if any(isinstance(value, str) for value in values):
        return Drawn(places, words=words(values))
    return Drawn(np.array(values)[places])


def _integer(rng: np.random.Generator, rows: int, low: Any, high: Any) -> Any:
    return combine(lambda a, b: rng.integers(a, b, rows, endpoint=True), pick(low, rows), high)


def _chance(rng: np.random.Generator, rows: int, share: Any) -> Any:
    if isinstance(share, int | float) and not 0 <= share <= 1:
        raise ValueError(f"chance is {share}, not from 0 to 1")
    return combine(lambda p: rng.random(rows) < p, pick(share, rows))


def _over(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *values: combine(function, *values)


# Name → (function of values, fewest values, most values).
FUNCTIONS: dict[str, tuple[Callable[..., Any], int, int]] = {
    "abs": (_over(np.abs), 1, 1),
    "round": (_over(lambda x, places=0: np.round(x, int(places))), 1, 2),
    "floor": (_over(lambda x: np.floor(x).astype(np.int64)), 1, 1),
    "ceil": (_over(lambda x: np.ceil(x).astype(np.int64)), 1, 1),
    "sqrt": (_over(np.sqrt), 1, 1),
    "log": (_over(np.log), 1, 1),
    "log10": (_over(np.log10), 1, 1),
    "exp": (_over(np.exp), 1, 1),
    "sin": (_over(np.sin), 1, 1),
    "cos": (_over(np.cos), 1, 1),
    "min": (_extreme(np.minimum), 1, 99),
    "max": (_extreme(np.maximum), 1, 99),
    "clip": (_over(np.clip), 3, 3),
    "where": (lambda test, a, b: choose(test, a, b, len(test) if isinstance(test, Drawn) else 1), 3, 3),
    "year": (_over(_year), 1, 1),
    "month": (_part("M", "Y", 1), 1, 1),
    "day": (_part("D", "M", 1), 1, 1),
    "hour": (_part("h", "D", 0), 1, 1),
    "minute": (_part("m", "h", 0), 1, 1),
    "weekday": (_over(_weekday), 1, 1),
    "days": (_length(86_400), 1, 1),
    "hours": (_length(3_600), 1, 1),
    "minutes": (_length(60), 1, 1),
    "seconds": (_length(1), 1, 1),
    "age": (_over(_age), 2, 2),
    "date": (_moment, 1, 1),
    "workdays": (operator.add, 2, 3),
    "row": (operator.add, 0, 0),
    "upper": (lambda value: on_words(pc.utf8_upper, value), 1, 1),
    "lower": (lambda value: on_words(pc.utf8_lower, value), 1, 1),
    "title": (lambda value: on_words(pc.utf8_title, value), 1, 1),
    "strip": (lambda value: on_words(pc.utf8_trim_whitespace, value), 1, 1),
    "length": (lambda value: on_words(lambda w: pc.utf8_length(w).cast(pa.int64()), value), 1, 1),
    "replace": (_replaced, 3, 3),
    "text": (text_of, 1, 1),
}
# Functions that draw: name → (function of a stream, the number of rows and values, fewest values, most values).
CHANCE: dict[str, tuple[Callable[..., Any], int, int]] = {
    "choice": (_choice, 1, 99),
    "integer": (_integer, 2, 2),
    "chance": (_chance, 1, 1),
}
