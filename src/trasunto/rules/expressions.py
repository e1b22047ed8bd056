"""Rules of expressions over other columns and chance: `20000 + 900*age + normal(0, 3000)`.

The text is read with Python's own grammar and checked against a short list of what is allowed; nothing is evaluated as
code. Each part becomes a step over whole columns (NumPy arrays, Arrow strings). A column with an odd name stands in
backticks. What cannot be computed (a division by zero, the logarithm of a negative number) is a missing value.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trasunto.data.schema import Column, Format
from trasunto.errors import RecipeError, SampleError, near
from trasunto.rules.calendars import Calendar
from trasunto.rules.distributions import NUMPY, drawn_by_numpy
from trasunto.rules.functions import (
    CHANCE,
    FUNCTIONS,
    choose,
    combine,
    compare,
    formatted,
    is_in,
    operate,
    pick,
    sliced,
)
from trasunto.rules.rule import Block, Rule, Spec
from trasunto.rules.values import Drawn


@dataclass(frozen=True)
class Scope:
    """The rows an expression is computed for, and the name its chance belongs to."""

    block: Block
    name: str

    @property
    def rows(self) -> int:
        return self.block.rows

    def rng(self, draw: int) -> np.random.Generator:
        return self.block.rng(f"{self.name}\0draw {draw}")


Step = Callable[[Scope], Any]
# Steps that can leave a value missing whatever goes in.
_RISKY = {"sqrt", "log", "log10", "exp"}


@dataclass(frozen=True)
class Expression:
    """A checked expression. low, high: results outside are moved to them. made: its column, known after a trial."""

    text: str
    step: Step
    needs: tuple[str, ...]
    risky: bool
    low: float | None = None
    high: float | None = None
    decimals: int | None = None
    kind: str | None = None
    made: Column | None = None
    capacity: int | None = None

    def column(self, name: str) -> Column:
        if self.made is None:
            return Column(name, "number", declared=True)
        return replace(self.made, name=name)

    def draw(self, block: Block, name: str) -> Drawn:
        with np.errstate(all="ignore"):
            try:
                found = self.step(Scope(block, name))
            except (ValueError, TypeError, OverflowError) as error:
                raise SampleError(f"Column {name!r}: {self.text!r} cannot be drawn: {error}.") from error
            return self._finished(found, block.rows)

    def nth(self, index: np.ndarray, block: Block, name: str) -> Drawn:
        raise NotImplementedError

    def settled(self, block: Block, name: str) -> Expression:
        """The same with its column known, from a trial on some rows."""
        drawn = self.draw(block, name)
        nullable = self.risky or drawn.valid is not None
        bounds = (self.low, self.high) if self.low is not None and self.high is not None else None
        if drawn.is_text:
            closed = drawn.words is not None and len(drawn.words) <= 100
            kind: Any = self.kind or ("category" if closed else "text")
            categories = tuple(drawn.words.to_pylist()) if closed and kind == "category" else None
            return replace(self, made=Column(name, kind, nullable=nullable, categories=categories, declared=True))
        letter = drawn.data.dtype.kind
        if letter == "m":
            raise RecipeError(
                f"Column {name!r}: {self.text!r} is a length of time.", "Count it, as in days(end - start)."
            )
        if letter == "M":
            day = drawn.data.dtype == np.dtype("datetime64[D]")
            form = Format(pattern="%Y-%m-%d" if day else "%Y-%m-%d %H:%M:%S", date_only=bool(day))
            return replace(self, made=Column(name, "datetime", nullable=nullable, format=form, declared=True))
        kind = {"b": "boolean", "i": "integer", "u": "integer"}.get(letter, "number")
        form = Format(decimals=self.decimals or None)
        return replace(self, made=Column(name, kind, nullable=nullable, bounds=bounds, format=form, declared=True))

    def _finished(self, found: Any, rows: int) -> Drawn:
        """The result as a column: constants spread, not-numbers missing, bounds and decimals kept."""
        drawn = pick(found, rows)
        if drawn.is_text:
            return drawn
        data, valid = drawn.data, drawn.valid
        if data.dtype.kind == "f":
            finite = np.isfinite(data)
            if not finite.all():
                valid = finite if valid is None else valid & finite
                data = np.where(finite, data, 0.0)
        if data.dtype.kind in "if" and (self.low is not None or self.high is not None):
            data = np.clip(data, self.low, self.high)
        if self.decimals is not None and data.dtype.kind == "f":
            data = np.round(data, self.decimals)
            data = np.clip(data, -(2.0**62), 2.0**62).astype(np.int64) if self.decimals == 0 else data
        return Drawn(data, valid)


def expression(spec: Spec) -> Rule:
    """`expression: text`; `min`, `max`, `decimals`, `kind`."""
    text = str(spec.value)
    quoted: dict[str, str] = {}

    def hide(match: re.Match[str]) -> str:
        quoted[f"column_in_backticks_{len(quoted)}"] = match[1]
        return list(quoted)[-1]

    plain = re.sub(r"`([^`]*)`", hide, text)
    try:
        tree = ast.parse(plain.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise spec.wrong(
            f"cannot read the expression {text!r}: {error.args[0]}.", "Write it as in 900*age + 5."
        ) from error
    reader = _Reader(spec, text, quoted)
    step = reader.read(tree)
    low, high, decimals = spec.number("min"), spec.number("max"), spec.option("decimals")
    if decimals is not None:
        spec.options["decimals"] = decimals
        decimals = spec.whole("decimals", 0, 0, 15)
    if low is not None and high is not None and low > high:
        raise spec.wrong(f"min is {low} and max is {high}.", "Write the lower number as min.")
    kind = spec.option("kind")
    if kind not in (None, "text", "category", "id"):
        raise spec.wrong(f"kind is {kind!r}.", "A text may be of kind text, category or id.")
    return Expression(text, step, tuple(dict.fromkeys(reader.columns)), reader.risky, low, high, decimals, kind)


class _Reader:
    """One walk over a parsed expression; each node becomes a step from a block to a value or a constant."""

    def __init__(self, spec: Spec, text: str, quoted: dict[str, str]) -> None:
        self.spec, self.text, self.quoted = spec, text, quoted
        self.columns: list[str] = []
        self.risky = False
        self.draws = 0

    def read(self, node: ast.AST) -> Step:
        readers: dict[type, Callable[[Any], Step]] = {
            ast.Constant: self._constant,
            ast.Name: self._name,
            ast.BinOp: self._arithmetic,
            ast.UnaryOp: self._unary,
            ast.BoolOp: self._boolean,
            ast.Compare: self._comparison,
            ast.IfExp: self._either,
            ast.Call: self._call,
            ast.JoinedStr: self._template,
            ast.Subscript: self._slice,
        }
        if type(node) not in readers:
            allowed = ", ".join(sorted([*FUNCTIONS, *CHANCE, *NUMPY]))
            raise self.spec.wrong(
                f"the expression {self.text!r} holds {type(node).__name__}, which is not allowed.",
                f"Use columns, constants, arithmetic, comparisons, and/or/not, in, … if … else …, and: {allowed}.",
            )
        return readers[type(node)](node)

    def _constant(self, node: ast.Constant) -> Step:
        value = node.value
        if not isinstance(value, bool | int | float | str | None) or (isinstance(value, int) and abs(value) >= 2**63):
            raise self.spec.wrong(
                f"the expression {self.text!r} holds the constant {value!r}.", "Use numbers and texts."
            )
        self.risky |= value is None
        return lambda s: value

    def _name(self, node: ast.Name) -> Step:
        name = self.quoted.get(node.id, node.id)
        self.columns.append(name)
        return lambda s: s.block.columns[name]

    def _arithmetic(self, node: ast.BinOp) -> Step:
        left, right, kind = self.read(node.left), self.read(node.right), type(node.op)
        if kind in (ast.BitAnd, ast.BitOr, ast.BitXor, ast.LShift, ast.RShift, ast.MatMult):
            raise self.spec.wrong(f"the expression {self.text!r} holds {kind.__name__}.", "Use and, or, not.")
        by_constant = isinstance(node.right, ast.Constant) and node.right.value not in (0, 0.0)
        whole_power = isinstance(node.right, ast.Constant) and isinstance(node.right.value, int) and by_constant
        self.risky |= kind in (ast.Div, ast.FloorDiv, ast.Mod) and not by_constant
        self.risky |= kind is ast.Pow and not (whole_power and node.right.value > 0)  # type: ignore[attr-defined]
        return lambda s: operate(kind, left(s), right(s))

    def _unary(self, node: ast.UnaryOp) -> Step:
        inner = self.read(node.operand)
        if isinstance(node.op, ast.Not):
            return lambda s: combine(lambda a: ~np.asarray(a, dtype=bool), inner(s))
        if isinstance(node.op, ast.USub):
            return lambda s: combine(np.negative, inner(s))
        if isinstance(node.op, ast.UAdd):
            return inner
        raise self.spec.wrong(f"the expression {self.text!r} holds ~.", "Use not.")

    def _boolean(self, node: ast.BoolOp) -> Step:
        steps = [self.read(each) for each in node.values]
        both = np.logical_and if isinstance(node.op, ast.And) else np.logical_or

        def step(s: Scope) -> Any:
            found = steps[0](s)
            for each in steps[1:]:
                found = combine(both, found, each(s))
            return found

        return step

    def _comparison(self, node: ast.Compare) -> Step:
        made: list[Step] = []
        left = node.left
        for operator, right in zip(node.ops, node.comparators, strict=True):
            made.append(self._pair(left, type(operator), right))
            left = right

        def step(s: Scope) -> Any:
            found = made[0](s)
            for each in made[1:]:
                found = combine(np.logical_and, found, each(s))
            return found

        return step

    def _pair(self, left: ast.AST, operator: type, right: ast.AST) -> Step:
        first = self.read(left)
        if operator in (ast.In, ast.NotIn):
            if not isinstance(right, ast.List | ast.Tuple | ast.Set) or not all(
                isinstance(each, ast.Constant) for each in right.elts
            ):
                raise self.spec.wrong(f"`in` needs a list of constants in {self.text!r}.", 'Write x in ["a", "b"].')
            values = [each.value for each in right.elts if isinstance(each, ast.Constant)]
            return lambda s: is_in(first(s), values, operator is ast.NotIn)
        second = self.read(right)
        return lambda s: compare(operator, first(s), second(s))

    def _either(self, node: ast.IfExp) -> Step:
        test, then, otherwise = self.read(node.test), self.read(node.body), self.read(node.orelse)
        return lambda s: choose(test(s), then(s), otherwise(s), s.rows)

    def _template(self, node: ast.JoinedStr) -> Step:
        steps: list[Step] = []
        for each in node.values:
            if isinstance(each, ast.FormattedValue):
                steps.append(self._formatted(each))
            else:
                steps.append(self.read(each))

        def step(s: Scope) -> Any:
            found: Any = ""
            for each in steps:
                found = operate(ast.Add, found, each(s))
            return found

        return step

    def _formatted(self, node: ast.FormattedValue) -> Step:
        inner = self.read(node.value)
        form = ""
        if node.format_spec is not None:
            parts = node.format_spec.values if isinstance(node.format_spec, ast.JoinedStr) else []
            if not all(isinstance(part, ast.Constant) for part in parts):
                raise self.spec.wrong(f"a format in {self.text!r} is not a constant.", "Write it as in {price:.2f}.")
            form = "".join(str(part.value) for part in parts if isinstance(part, ast.Constant))
        if node.conversion != -1 or not re.fullmatch(r"|\.\d{1,2}f|0?\d{0,2}d|%.*", form):
            raise self.spec.wrong(f"the format {form!r} in {self.text!r} is not known.", "Use .2f, 06d or %d/%m/%Y.")
        return lambda s: formatted(inner(s), form)

    def _slice(self, node: ast.Subscript) -> Step:
        inner = self.read(node.value)
        cut = node.slice
        ends = (cut.lower, cut.upper) if isinstance(cut, ast.Slice) and cut.step is None else (cut, None)
        numbers: list[int | None] = []
        for end in ends:
            value = ast.literal_eval(end) if isinstance(end, ast.Constant | ast.UnaryOp) else end
            if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
                raise self.spec.wrong(f"the slice in {self.text!r} is not constant.", "Write name[:3].")
            numbers.append(value)
        first, last = numbers
        if not isinstance(cut, ast.Slice):
            last = None if first == -1 else (first or 0) + 1
        return lambda s: sliced(inner(s), first or 0, last)

    def _call(self, node: ast.Call) -> Step:
        name = node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)
        known = {**FUNCTIONS, **CHANCE}
        if (name not in known and name not in NUMPY) or node.keywords:
            problem = (
                f"{name} takes no named values"
                if node.keywords and name in {**known, **NUMPY}
                else f"no function {name!r}"
            )
            raise self.spec.wrong(f"{problem} in {self.text!r}.", near(name, [*known, *NUMPY]))
        if any(isinstance(each, ast.Starred) for each in node.args):
            raise self.spec.wrong(f"{name} takes no * in {self.text!r}.", "Write the values one by one.")
        steps = [self.read(each) for each in node.args]
        self.risky |= name in _RISKY
        if name in NUMPY:
            return self._drawn(name, steps)
        self._counted(name, len(steps), *(known[name][1:]))
        if name in CHANCE:
            self.draws += 1
            number, draw = self.draws, CHANCE[name][0]
            return lambda s: draw(s.rng(number), s.rows, *(step(s) for step in steps))
        function = FUNCTIONS[name][0]
        if name == "workdays":
            return self._workdays(steps)
        if name == "row":
            return lambda s: Drawn(s.block.index.astype(np.int64))
        return lambda s: function(*(step(s) for step in steps))

    def _counted(self, name: str, given: int, least: int, most: int) -> None:
        if not least <= given <= most:
            wanted = f"{least}" if least == most else f"{least} to {most}" if most < 99 else f"{least} or more"
            raise self.spec.wrong(f"{name} takes {wanted} values in {self.text!r}, not {given}.")

    def _drawn(self, name: str, steps: list[Step]) -> Step:
        names = NUMPY[name]
        least = sum(default is None for default in names.values())
        self._counted(name, len(steps), least, len(names))
        rest = [default for default in list(names.values())[len(steps) :] if default is not None]
        self.draws += 1
        number = self.draws

        def step(s: Scope) -> Any:
            found = [each(s) for each in steps]
            arrays = [each.numbers() if isinstance(each, Drawn) else each for each in found]
            valid = None
            for each in found:
                if isinstance(each, Drawn) and each.valid is not None:
                    valid = each.valid if valid is None else valid & each.valid
            return Drawn(drawn_by_numpy(s.rng(number), name, [*arrays, *rest], s.rows), valid)

        return step

    def _workdays(self, steps: list[Step]) -> Step:
        name = steps[2](Scope(Block(0, 0, 1), "workdays")) if len(steps) > 2 else None
        if name is not None and name not in self.spec.calendars:
            raise self.spec.wrong(f"there is no calendar {name!r}.", near(str(name), self.spec.calendars))
        calendar: Calendar = self.spec.calendars[name] if name else Calendar(days=(True,) * 5 + (False,) * 2)

        def moved(days: np.ndarray, count: Any) -> np.ndarray:
            whole = days.astype("datetime64[D]")
            return calendar.later(whole, np.broadcast_to(np.rint(count).astype(np.int64), whole.shape))

        return lambda s: combine(moved, steps[0](s), steps[1](s))
