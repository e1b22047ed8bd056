"""Conditions and constraints as text: `age >= 18 and sex == "F"`, `total == net + tax`.

The text is read with Python's own grammar, checked against a short list of what is allowed, and turned into a polars
expression; nothing is ever evaluated as code. A column with an odd name stands in backticks: `Fare (€)`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import Any

import polars as pl

from trasunto.data.dataset import DTYPES
from trasunto.data.schema import TableSchema
from trasunto.data.written import on_a_day
from trasunto.errors import SchemaError, near

_COMPARE: dict[type, Callable[[Any, Any], Any]] = {
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
}
_ARITHMETIC: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: lambda a, b: a % b,
    ast.Pow: lambda a, b: a**b,
}
FUNCTIONS: dict[str, Callable[..., pl.Expr]] = {
    "abs": lambda x: x.abs(),
    "round": lambda x, places=None: x.round(0 if places is None else _number(places)),
    "floor": lambda x: x.floor(),
    "ceil": lambda x: x.ceil(),
    "sqrt": lambda x: x.sqrt(),
    "log": lambda x: x.log(),
    "exp": lambda x: x.exp(),
    "min": lambda *x: pl.min_horizontal(*x),
    "max": lambda *x: pl.max_horizontal(*x),
    "year": lambda x: x.dt.year(),
    "month": lambda x: x.dt.month(),
    "day": lambda x: x.dt.day(),
    "hour": lambda x: x.dt.hour(),
    "weekday": lambda x: x.dt.weekday(),
    "days": lambda x: x.dt.total_days(),
    "length": lambda x: x.str.len_chars(),
    "lower": lambda x: x.str.to_lowercase(),
    "upper": lambda x: x.str.to_uppercase(),
    "missing": lambda x: x.is_null(),
    "implies": lambda a, b: ~a.fill_null(False) | b,
}


@dataclass(frozen=True, eq=False)
class Expression:
    """A checked expression over the columns of a table.

    text: as written. columns: names it uses, in order. constants: numbers, texts and dates it holds. parts: the
    conditions that `and` ties together at the top, each as text; itself alone when there is no `and`. before: columns
    of which it takes the value of the row before, with `previous(column)`: rows need it beside, under the name that
    `before` gives it.
    """

    text: str
    columns: tuple[str, ...]
    constants: tuple[Any, ...]
    parts: tuple[str, ...]
    polars: Any
    before: tuple[str, ...] = ()

    def values(self, rows: pl.DataFrame) -> pl.Series:
        """The value for each row, null where a column it needs is missing. SchemaError without the rows before."""
        lost = [name for name in self.before if before(name) not in rows.columns]
        if lost:
            raise SchemaError(f"{self.text!r} speaks of the row before, which is not known here.", "Ask of one row.")
        return rows.select(self.polars.alias("value"))["value"] if rows.height else pl.Series("value", [])

    def holds(self, rows: pl.DataFrame, *, unknown: bool = False) -> pl.Series:
        """(n,) bool. unknown: what to say of a row in which a missing value leaves it open."""
        found = self.values(rows)
        if found.dtype != pl.Boolean:
            found = found.cast(pl.Boolean)
        return found.fill_null(unknown)


def parse(text: str, schema: TableSchema) -> Expression:
    """Read an expression over the columns of a schema.

    Raises SchemaError that names what is not understood, an unknown column (with near names) or function.
    """
    quoted: dict[str, str] = {}

    def hide(match: re.Match[str]) -> str:
        quoted[f"column_in_backticks_{len(quoted)}"] = match[1]
        return list(quoted)[-1]

    plain = re.sub(r"`([^`]*)`", hide, text)
    try:
        tree = ast.parse(plain.strip(), mode="eval").body
    except SyntaxError as error:
        hint = (
            "Write == for equal"
            if re.search(r"(?<![<>=!])=(?!=)", plain)
            else 'Write it as in `age > 60 and sex == "F"`'
        )
        raise SchemaError(f"Cannot read the expression {text!r}: {error.msg}.", f"{hint}.") from error
    reader = _Reader(text, schema, quoted)
    made = reader.read(tree)
    if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And):
        parts = tuple(_shown(each, quoted) for each in tree.values)
    else:
        parts = (text.strip(),)
    made = made if isinstance(made, pl.Expr) else pl.lit(made)
    before = tuple(dict.fromkeys(reader.before))
    names = tuple(dict.fromkeys(reader.columns))
    _fits(text, made, names, before, schema)
    return Expression(text.strip(), names, tuple(reader.constants), parts, made, before)


def _fits(text: str, made: pl.Expr, names: tuple[str, ...], before_of: tuple[str, ...], schema: TableSchema) -> None:
    """SchemaError when what is compared or computed does not go together, as a number with a text."""
    kinds = {name: DTYPES[schema[name].kind] for name in names}
    whole = {name: pl.Int64() if schema[name].kind == "id" else kind for name, kind in kinds.items()}
    for held in (kinds, whole):
        frame = pl.DataFrame(schema={**held, **{before(name): held[name] for name in before_of}})
        try:
            frame.select(made)
            return
        except (pl.exceptions.PolarsError, TypeError) as error:
            why = str(error).partition("\n")[0].rstrip(".")
    told = ", ".join(f"{name!r} is of kind {schema[name].kind}" for name in names)
    raise SchemaError(f"The expression {text!r} does not fit its columns: {why}.", f"Of the columns, {told}.")


def before(column: str) -> str:
    """What the value of a column in the row before is called."""
    return f"previous({column})"


def _shown(tree: ast.AST, quoted: dict[str, str]) -> str:
    text = ast.unparse(tree)
    for hidden, name in quoted.items():
        text = re.sub(rf"\b{hidden}\b", f"`{name}`", text)
    return text


class _Reader:
    """One walk over a parsed expression."""

    def __init__(self, text: str, schema: TableSchema, quoted: dict[str, str]) -> None:
        self.text, self.schema, self.quoted = text, schema, quoted
        self.columns: list[str] = []
        self.before: list[str] = []
        self.constants: list[Any] = []

    def read(self, node: ast.AST) -> Any:
        if isinstance(node, ast.Constant):
            return self._constant(node.value)
        if isinstance(node, ast.Name):
            return self._column(self.quoted.get(node.id, node.id))
        if isinstance(node, ast.BoolOp):
            parts = [self._condition(each) for each in node.values]
            return reduce((lambda a, b: a & b) if isinstance(node.op, ast.And) else (lambda a, b: a | b), parts)
        if isinstance(node, ast.UnaryOp):
            inner = self.read(node.operand)
            if isinstance(node.op, ast.Not):
                return ~inner
            if isinstance(node.op, ast.USub):
                self.constants.extend([-inner] if isinstance(inner, int | float) else [])
                return -inner
        if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
            return _ARITHMETIC[type(node.op)](self.read(node.left), self.read(node.right))
        if isinstance(node, ast.Compare):
            return self._comparison(node)
        if isinstance(node, ast.IfExp):
            chosen = pl.when(self.read(node.test)).then(self._expr(node.body))
            return chosen.otherwise(self._expr(node.orelse))
        if isinstance(node, ast.Call):
            return self._call(node)
        raise SchemaError(
            f"The expression {self.text!r} holds {type(node).__name__}, which is not allowed.",
            f"Use columns, constants, comparisons, and/or/not, arithmetic, in, and: {', '.join(sorted(FUNCTIONS))}.",
        )

    def _constant(self, value: Any) -> Any:
        if not isinstance(value, int | float | str | bool | None):
            raise SchemaError(f"The expression {self.text!r} holds the constant {value!r}.", "Use numbers and texts.")
        self.constants.append(value)
        return value

    def _condition(self, node: ast.AST) -> Any:
        found = self.read(node)
        return found if isinstance(found, pl.Expr) else pl.lit(bool(found))

    def _expr(self, node: ast.AST) -> pl.Expr:
        found = self.read(node)
        return found if isinstance(found, pl.Expr) else pl.lit(found)

    def _column(self, name: str) -> pl.Expr:
        if name not in self.schema:
            raise SchemaError(f"The expression {self.text!r} names no column {name!r}.", near(name, self.schema.names))
        self.columns.append(name)
        return pl.col(name)

    def _comparison(self, node: ast.Compare) -> pl.Expr:
        made = []
        left = node.left
        for operator, right in zip(node.ops, node.comparators, strict=True):
            made.append(self._pair(left, operator, right))
            left = right
        return reduce(lambda a, b: a & b, made)

    def _pair(self, left: ast.AST, operator: ast.AST, right: ast.AST) -> Any:
        if isinstance(operator, ast.In | ast.NotIn):
            if not isinstance(right, ast.List | ast.Tuple | ast.Set):
                raise SchemaError(f"`in` needs a list of values in {self.text!r}.", 'Write city in ["A", "B"].')
            values = [self._alike(self.read(each), left) for each in right.elts]
            inside = self._expr(left).is_in(values)
            return ~inside if isinstance(operator, ast.NotIn) else inside
        if isinstance(operator, ast.Is | ast.IsNot):
            gap = self._expr(left).is_null()
            return ~gap if isinstance(operator, ast.IsNot) else gap
        a, b = self.read(left), self.read(right)
        if b is None or a is None:
            gap = (a if b is None else b).is_null()
            return ~gap if isinstance(operator, ast.NotEq) else gap
        a, b = self._alike(a, right), self._alike(b, left)
        if not isinstance(a, pl.Expr) and not isinstance(b, pl.Expr):
            a = pl.lit(a)
        return _COMPARE[type(operator)](a, b)

    def _alike(self, value: Any, beside: ast.AST) -> Any:
        """A text beside a datetime column as a datetime; beside a boolean one, written as it is there, as a boolean."""
        names = [self.quoted.get(n.id, n.id) for n in ast.walk(beside) if isinstance(n, ast.Name)]
        kinds = {self.schema[name].kind for name in names if name in self.schema}
        called = any(isinstance(n, ast.Call) for n in ast.walk(beside))
        if isinstance(value, str) and kinds == {"boolean"} and not called:
            return self._truth(value, names[0])
        if not isinstance(value, str) or kinds != {"datetime"} or called:
            return value
        try:
            moment = datetime.fromisoformat(on_a_day(value))
        except ValueError as error:
            raise SchemaError(
                f"{value!r} in {self.text!r} is no date.", "Write it as 2026-01-31, a time of day as 10:30."
            ) from error
        self.constants.append(moment)
        return pl.lit(moment, dtype=pl.Datetime("us"))

    def _truth(self, value: str, name: str) -> bool:
        form = self.schema[name].format
        for spelt, truth in ((form.true, True), (form.false, False), ("true", True), ("false", False)):
            if value.casefold() == spelt.casefold():
                return truth
        raise SchemaError(
            f"{value!r} in {self.text!r} is no value of {name!r}.", f"It is {form.true!r} or {form.false!r}."
        )

    def _call(self, node: ast.Call) -> Any:
        name = node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)
        if name == "previous" and self.schema.sequence is not None:
            return self._previous(node)
        if name not in FUNCTIONS or node.keywords:
            raise SchemaError(f"No function {name!r} in {self.text!r}.", near(name, FUNCTIONS))
        try:
            return FUNCTIONS[name](*(self._expr(each) for each in node.args))
        except TypeError as error:
            raise SchemaError(f"{name} takes another number of arguments in {self.text!r}.") from error

    def _previous(self, node: ast.Call) -> pl.Expr:
        inner = node.args[0] if len(node.args) == 1 and not node.keywords else None
        if not isinstance(inner, ast.Name):
            raise SchemaError(f"previous takes one column in {self.text!r}.", "Write previous(balance).")
        name = self.quoted.get(inner.id, inner.id)
        self._column(name)
        self.before.append(name)
        return pl.col(before(name))


def _number(value: pl.Expr) -> int:
    return int(pl.select(value).item())
