"""Rules that tie the columns of a row together: what they are, how they are written, and which rows break them.

A rule is a text. Any expression of `data/expressions.py` that is true or false is one (`start <= end`,
`implies(sex == "M", pregnant == False)`, `total == net + tax`); four families have a form of their own:

    combination(city, country)     only combinations that occur in the data
    one_hot(red, green, blue)      at most one of these is on, as in the data
    unique(order, line)            no two rows alike in these
    increment(price, 5)            whole multiples of a step

In a table of events (one whose schema names a sequence) rules also hold along each sequence (data/along.py):

    increasing(total)              never falls from an event to the next; decreasing never rises
    nothing_after(event, "death")  no event of the same entity comes after it
    balance == previous(balance) + amount
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl

from trasunto.data.dataset import Table
from trasunto.data.expressions import Expression, before, parse
from trasunto.data.schema import TableSchema
from trasunto.errors import SchemaError, near

Family = Literal["combination", "one_hot", "unique", "increment", "function", "expression", "along"]
_ACROSS = re.compile(r"\s*([\w.` -]+?)\s*(<=|>=|==|<|>)\s*([\w.` -]+?)\s*")
_TURNED = {"<=": ">=", ">=": "<=", "<": ">", ">": "<", "==": "=="}
FORMS = ("combination", "one_hot", "unique", "increment")
ALONG = ("increasing", "decreasing", "nothing_after")
# How far a computed number may lie from the one in the table, as a share of it: sums of floats are not exact.
CLOSE = 1e-6


@dataclass(frozen=True)
class Rule:
    """A constraint, read.

    family: how it is held. columns: what it ties, in order; of a function the first is the computed one. step: of an
    increment. expression: of an expression, true where it holds; of a function, the value of its first column.
    strict: whether a missing value breaks it. along: how a rule along a sequence is written: "increasing",
    "decreasing", "nothing_after", "running" (a column computed with the row before) or "expression". value: what
    nothing comes after.
    """

    text: str
    family: Family
    columns: tuple[str, ...]
    step: float = 0.0
    expression: Expression | None = None
    strict: bool = False
    along: str = ""
    value: Any = None


@dataclass(frozen=True)
class Violations:
    """How many rows of a table break a rule."""

    rule: str
    count: int
    rows: int

    @property
    def share(self) -> float:
        return self.count / self.rows if self.rows else 0.0


def read_rule(text: str, schema: TableSchema) -> Rule:
    """Raises SchemaError for a rule that cannot be read or names no column."""
    form = re.fullmatch(r"\s*(\w+)\s*\((.*)\)\s*", text, re.DOTALL)
    if form and form[1] in ALONG:
        return _along(text.strip(), form[1], form[2], schema)
    if form and form[1] in FORMS:
        return _form(text.strip(), form[1], form[2], schema)
    whole = parse(text, schema)
    if not whole.columns:
        raise SchemaError(f"The rule {text!r} names no column.", f"The table has {', '.join(schema.names)}.")
    equal = _equal_to(text, schema)
    if whole.before:
        name, right = equal or (whole.columns[0], whole)
        columns = tuple(dict.fromkeys((name, *right.columns)))
        return Rule(whole.text, "along", columns, expression=right, along="running" if equal else "expression")
    if equal is not None:
        name, right = equal
        return Rule(whole.text, "function", (name, *right.columns), expression=right)
    return Rule(whole.text, "expression", whole.columns, expression=whole)


def rules_of(schema: TableSchema) -> tuple[Rule, ...]:
    """The confirmed rules of a table, read; those across tables aside."""
    rules = (each.rule for each in schema.constraints if each.confirmed)
    return tuple(read_rule(rule, schema) for rule in rules if read_across(rule, schema) is None)


@dataclass(frozen=True)
class Across:
    """A rule across tables: `column` of `table`, a table above, stands in relation `op` to the row's own `mine`."""

    text: str
    table: str
    column: str
    op: str
    mine: str


def read_across(text: str, schema: TableSchema) -> Across | None:
    """A rule of two columns one of which is of another table; None for any other."""
    read = _ACROSS.fullmatch(text)
    if read is None:
        return None
    left, op, right = (part.strip().replace("`", "") for part in read.groups())
    if left in schema and "." in right and right not in schema:
        left, op, right = right, _TURNED[op], left
    if right not in schema or "." not in left or left in schema:
        return None
    table, _, column = left.partition(".")
    return Across(text.strip(), table, column, op, right)


def across(schema: TableSchema) -> tuple[Across, ...]:
    """The confirmed rules of a table across tables."""
    found = (read_across(each.rule, schema) for each in schema.constraints if each.confirmed)
    return tuple(each for each in found if each is not None)


def breaks(rule: Rule, table: Table) -> np.ndarray:
    """(n,) bool: the rows that break a rule. Where a value it needs is missing, it is not broken.

    Every row holds a combination of its own table; use `known` combinations to compare tables.
    """
    rows = table.rows
    if rule.family == "along":
        return breaks_along(rule, table)
    if rule.family == "unique":
        key = rows.select(rule.columns)
        return (
            key.is_duplicated() & ~pl.Series(key.select(pl.any_horizontal(pl.all().is_null())).to_series())
        ).to_numpy()
    if rule.family == "one_hot":
        return (
            (rows.select(pl.sum_horizontal(pl.col(rule.columns).cast(pl.Int64))).to_series() > 1)
            .fill_null(False)
            .to_numpy()
        )
    if rule.family == "increment":
        values = rows[rule.columns[0]].cast(pl.Float64).to_numpy()
        return np.abs(values / rule.step - np.round(values / rule.step)) > CLOSE
    if rule.family == "function":
        return ~alike(rows[rule.columns[0]], computed(rule, rows))
    if rule.family == "expression":
        assert rule.expression is not None
        return ~rule.expression.holds(rows, unknown=not rule.strict).to_numpy()
    return np.zeros(len(table), dtype=bool)


def violations(table: Table, *, like: Table | None = None, schema: TableSchema | None = None) -> tuple[Violations, ...]:
    """How often each confirmed rule of the schema is broken. like: the table whose combinations are the known ones."""
    found = []
    for rule in rules_of(schema or table.schema):
        broken = breaks(rule, table)
        if rule.family == "combination" and like is not None:
            known = like.rows.select(rule.columns).unique()
            marked = table.rows.select(rule.columns).with_row_index("__row")
            lost = marked.join(known, on=list(rule.columns), how="anti", nulls_equal=True)["__row"]
            broken[lost.to_numpy()] = True
        found.append(Violations(rule.text, int(broken.sum()), len(table)))
    return tuple(found)


def computed(rule: Rule, rows: pl.DataFrame) -> pl.Series:
    """The value of a function's first column for each row."""
    assert rule.expression is not None
    return rule.expression.values(rows)


def alike(values: pl.Series, others: pl.Series) -> np.ndarray:
    """(n,) bool: equal, or close enough for computed numbers; true where either is missing."""
    either = (values.is_null() | others.is_null()).to_numpy()
    if values.dtype.is_numeric() and others.dtype.is_numeric():
        a, b = (each.cast(pl.Float64).fill_null(0).to_numpy() for each in (values, others))
        return either | (np.abs(a - b) <= CLOSE * np.maximum(1.0, np.abs(a)))
    return either | (values == others.cast(values.dtype)).fill_null(True).to_numpy()


def _form(text: str, form: str, inside: str, schema: TableSchema) -> Rule:
    names = [each.strip().strip("`\"'") for each in inside.split(",") if each.strip()]
    step = 0.0
    if form == "increment":
        if len(names) != 2:
            raise SchemaError(f"{text!r} needs a column and a step.", "Write increment(price, 5).")
        try:
            step = float(names.pop())
        except ValueError as error:
            raise SchemaError(f"The step of {text!r} is no number.", "Write increment(price, 5).") from error
        if step <= 0:
            raise SchemaError(f"The step of {text!r} is {step}; it must be above 0.")
    for name in names:
        if name not in schema:
            raise SchemaError(f"The rule {text!r} names no column {name!r}.", near(name, schema.names))
    if form in ("combination", "one_hot") and len(names) < 2:
        raise SchemaError(f"{text!r} needs two columns or more.")
    if form == "increment" and schema[names[0]].kind not in ("integer", "number"):
        raise SchemaError(f"{text!r} needs a column of numbers; {names[0]!r} is of kind {schema[names[0]].kind}.")
    return Rule(text, form, tuple(names), step)  # type: ignore[arg-type]


def _equal_to(text: str, schema: TableSchema) -> tuple[str, Expression] | None:
    """(column, expression) when a rule says that a column equals something made of other columns."""
    quoted = dict(enumerate(re.findall(r"`([^`]*)`", text)))
    plain = re.sub(r"`[^`]*`", "__quoted__", text)
    try:
        tree: Any = ast.parse(plain.strip(), mode="eval").body
    except SyntaxError:
        return None
    if not (isinstance(tree, ast.Compare) and len(tree.ops) == 1 and isinstance(tree.ops[0], ast.Eq)):
        return None
    if not isinstance(tree.left, ast.Name):
        return None
    name = quoted.get(0, "") if tree.left.id == "__quoted__" else tree.left.id
    said = text.split("==", 1)[1]
    right = parse(said, schema)
    # A column that equals a constant is a plain expression; so is one that depends on itself in the same row.
    same_row = parse(re.sub(r"\bprevious\s*\([^)]*\)", "0", said), schema).columns if right.before else right.columns
    return (name, right) if right.columns and name not in same_row else None


def _along(text: str, form: str, inside: str, schema: TableSchema) -> Rule:
    if schema.sequence is None:
        raise SchemaError(f"{text!r} holds along a sequence, and the table names none.", "Give it `sequence`.")
    first, comma, last = inside.partition(",")
    name = first.strip().strip("`\"'")
    if name not in schema:
        raise SchemaError(f"The rule {text!r} names no column {name!r}.", near(name, schema.names))
    kind = schema[name].kind
    if form == "nothing_after":
        if not comma or kind not in ("category", "boolean", "integer"):
            raise SchemaError(f"{text!r} needs a category and a value.", 'Write nothing_after(event, "death").')
        try:
            value = ast.literal_eval(last.strip())
        except (SyntaxError, ValueError) as error:
            raise SchemaError(f"The value of {text!r} cannot be read.", "Write texts in quotes.") from error
        return Rule(text, "along", (name,), along=form, value=value)
    if comma or kind not in ("integer", "number", "datetime"):
        raise SchemaError(f"{text!r} needs one column of numbers or dates.", "Write increasing(total).")
    return Rule(text, "along", (name,), along=form)


def breaks_along(rule: Rule, table: Table) -> np.ndarray:
    """(n,) bool: the rows that break a rule along the sequences of a table, whatever order the rows stand in. Where a
    value it needs is missing, or there is no row before, it is not broken."""
    assert table.schema.sequence is not None
    entity, order = table.schema.sequence
    marked = table.rows.with_row_index("__row").sort(entity, order, maintain_order=True)
    column = pl.col(rule.columns[0])
    if rule.along in ("increasing", "decreasing"):
        known = column.forward_fill().shift(1).over(entity)
        found = column < known if rule.along == "increasing" else column > known
    elif rule.along == "nothing_after":
        found = (column == rule.value).fill_null(False).cast(pl.Int8).cum_max().shift(1).over(entity) == 1
    else:
        assert rule.expression is not None
        earlier = [pl.col(name).shift(1).over(entity).alias(before(name)) for name in rule.expression.before]
        beside = marked.with_columns(earlier)
        if rule.along == "running":
            broken = ~alike(beside[rule.columns[0]], computed(rule, beside))
        else:
            broken = ~rule.expression.holds(beside, unknown=True).to_numpy()
        found = pl.lit(pl.Series("broken", broken))
    sorted_ = marked.select("__row", found.fill_null(False).alias("broken")).sort("__row")
    return sorted_["broken"].to_numpy()
