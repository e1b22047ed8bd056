"""Rules of ours as CHECK conditions of a database, where the database means the same by them.

Sums of floats, orders of texts and whole-number division differ between databases, so that rules which hold them are
not written; neither are combinations, steps and one-hot columns.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from trasunto.data.constraints import rules_of
from trasunto.data.schema import Column, TableSchema

Quote = Callable[[str], str]
_SIGNS: dict[type, str] = {
    ast.Eq: "=", ast.NotEq: "<>", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*",
}  # fmt: skip


class _Unlike(Exception):
    """What the database would mean otherwise, or cannot say."""


def conditions(schema: TableSchema, quote: Quote) -> list[str]:
    """The conditions of the confirmed rules that a database can keep, in SQL."""
    found = []
    for rule in rules_of(schema):
        if rule.family != "expression" or rule.strict:
            continue
        names = re.findall(r"`([^`]*)`", rule.text)
        plain = rule.text
        for place, name in enumerate(names):
            plain = plain.replace(f"`{name}`", f"in_backticks_{place}", 1)
        try:
            found.append(_Writer(schema, quote, names).condition(ast.parse(plain.strip(), mode="eval").body))
        except _Unlike:
            continue
    return found


def uniques(schema: TableSchema) -> list[tuple[str, ...]]:
    """Columns of which no two rows have the same values."""
    return [rule.columns for rule in rules_of(schema) if rule.family == "unique"]


def text(value: str) -> str:
    """A text as SQL spells it everywhere; a backslash stands for itself (see the sessions of each database)."""
    return "'" + value.replace("'", "''") + "'"


class _Writer:
    def __init__(self, schema: TableSchema, quote: Quote, names: list[str]) -> None:
        self.schema, self.quote, self.names = schema, quote, names

    def condition(self, node: ast.AST) -> str:
        if isinstance(node, ast.BoolOp):
            word = " AND " if isinstance(node.op, ast.And) else " OR "
            return "(" + word.join(self.condition(each) for each in node.values) + ")"
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return f"(NOT {self.condition(node.operand)})"
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "implies" and len(node.args) == 2:
            first, second = (self.condition(each) for each in node.args)
            return f"(NOT COALESCE({first}, FALSE) OR {second})"
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "missing":
            return f"({self.value(node.args[0])} IS NULL)"
        if isinstance(node, ast.Compare):
            pairs = zip([node.left, *node.comparators], node.ops, node.comparators, strict=False)
            return "(" + " AND ".join(self._pair(*pair) for pair in pairs) + ")"
        column = self._column(node)
        if column is not None and column.kind == "boolean":
            return self.quote(column.name)
        raise _Unlike

    def _pair(self, left: ast.AST, sign: ast.AST, right: ast.AST) -> str:
        if isinstance(sign, ast.Is | ast.IsNot):
            return f"{self.value(left)} IS {'NOT ' if isinstance(sign, ast.IsNot) else ''}NULL"
        if isinstance(sign, ast.In | ast.NotIn) and isinstance(right, ast.List | ast.Tuple | ast.Set):
            values = ", ".join(self.value(each, beside=left) for each in right.elts)
            return f"{self.value(left)} {'NOT ' if isinstance(sign, ast.NotIn) else ''}IN ({values})"
        if type(sign) not in _SIGNS:
            raise _Unlike
        kinds = self._kinds(left) | self._kinds(right)
        ordered = not isinstance(sign, ast.Eq | ast.NotEq)
        if kinds - {"integer", "number", "datetime", "boolean"} and ordered:
            raise _Unlike
        if "number" in kinds and not ordered:
            raise _Unlike
        return f"{self.value(left, beside=right)} {_SIGNS[type(sign)]} {self.value(right, beside=left)}"

    def value(self, node: ast.AST, beside: ast.AST | None = None) -> str:
        column = self._column(node)
        if column is not None:
            return self.quote(column.name)
        if isinstance(node, ast.Constant):
            return self._constant(node.value, self._column(beside) if beside is not None else None)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return f"-{self.value(node.operand)}"
        if isinstance(node, ast.BinOp) and type(node.op) in _SIGNS and self._kinds(node) <= {"integer"}:
            return f"({self.value(node.left)} {_SIGNS[type(node.op)]} {self.value(node.right)})"
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "abs":
            return f"ABS({self.value(node.args[0])})"
        raise _Unlike

    def _constant(self, value: Any, beside: Column | None) -> str:
        if isinstance(value, bool):
            return "TRUE" if value else "FALSE"
        if isinstance(value, int | float):
            return repr(value)
        if not isinstance(value, str):
            raise _Unlike
        if beside is not None and beside.kind == "datetime":
            moment = datetime.fromisoformat(value)
            return text(moment.strftime("%Y-%m-%d") if beside.format.date_only else moment.isoformat(" "))
        return text(value)

    def _column(self, node: ast.AST | None) -> Column | None:
        if not isinstance(node, ast.Name):
            return None
        name = self.names[int(node.id[13:])] if node.id.startswith("in_backticks_") else node.id
        return next((column for column in self.schema.columns if column.name == name), None)

    def _kinds(self, node: ast.AST) -> set[str]:
        columns = [self._column(each) for each in ast.walk(node) if isinstance(each, ast.Name)]
        return {column.kind for column in columns if column is not None}
