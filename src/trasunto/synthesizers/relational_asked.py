"""What is asked of related tables, checked and turned to units: numbers of rows, conditions, given rows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import polars as pl

from trasunto.data.dataset import Dataset, Table, held
from trasunto.data.expressions import parse
from trasunto.errors import SampleError, near
from trasunto.synthesizers.relational_draw import Wanted
from trasunto.synthesizers.relational_parts import Part
from trasunto.synthesizers.relational_plan import Plan
from trasunto.synthesizers.relational_rows import label_of


def wanted_of(
    plan: Plan,
    parts: Mapping[str, Part],
    sizes: Mapping[str, int],
    rows: int | Mapping[str, int] | None,
    given: Any,
    where: str | Mapping[str, str] | None,
) -> Wanted:
    """Raises SampleError for unknown tables, negative numbers, and what cannot be asked of a table."""
    heads = [unit.name for unit in plan.units if unit.generating is None]
    if not heads:
        raise SampleError("Every table is copied: nothing is to be drawn.")
    kept = _given(plan, parts, heads, given)
    roots, exact = _rows(plan, parts, sizes, heads, rows, {name: len(frame) for name, frame in kept.items()})
    asked = {heads[0]: where} if isinstance(where, str) and where else dict(where or {})
    conditions: dict[str, str] = {}
    for table, text in asked.items():
        unit, condition = _condition(plan, parts, table, text)
        conditions[unit] = f"({conditions[unit]}) and ({condition})" if unit in conditions else condition
    return Wanted(roots, exact, conditions, kept, 0)


def _rows(
    plan: Plan,
    parts: Mapping[str, Part],
    sizes: Mapping[str, int],
    heads: list[str],
    rows: int | Mapping[str, int] | None,
    given: Mapping[str, int],
) -> tuple[dict[str, int], dict[str, int]]:
    """Rows of each root, and of other tables that must come out exactly."""
    numbers = dict(rows) if isinstance(rows, Mapping) else {} if rows is None else {heads[0]: rows}
    for name, count in numbers.items():
        if name not in sizes:
            raise SampleError(f"Rows of a table {name!r} were asked.", near(name, sizes))
        if count < 0:
            raise SampleError(f"Cannot draw {count} rows of {name!r}.", "Ask for 0 or more.")
        if name in plan.copied and count != sizes[name]:
            raise SampleError(f"Table {name!r} is copied and has {sizes[name]} rows, not {count}.", "Leave it out.")
    for name, count in given.items():
        if numbers.setdefault(name, count) != count:
            raise SampleError(f"Given {count} rows of {name!r} for {numbers[name]} to draw.", "Give one for each.")
    roots: dict[str, int] = {}
    exact: dict[str, int] = {}
    for name, count in numbers.items():
        unit = plan.unit_of(name)
        if unit is None:
            continue
        if unit.generating is None:
            if roots.setdefault(unit.name, count) != count:
                raise SampleError(f"{name!r} and {unit.name!r} have as many rows as each other.", "Ask for one.")
        else:
            exact[name] = count
    scales = [roots[name] / sizes[name] for name in heads if name in roots]
    for name in heads:
        if name not in roots:
            below = [exact[t] / sizes[t] for t in exact if _top(plan, t) == name]
            scale = sum(below) / len(below) if below else scales[0] if scales else 1.0
            roots[name] = max(round(scale * sizes[name]), 1 if scale > 0 else 0)
    return roots, exact


def _top(plan: Plan, table: str) -> str:
    """The root that the rows of a table hang from."""
    unit = plan.unit_of(table)
    while unit is not None and unit.generating is not None:
        unit = plan.unit_of(unit.generating.parent)
    return unit.name if unit else ""


def _condition(plan: Plan, parts: Mapping[str, Part], table: str, text: str) -> tuple[str, str]:
    """(unit, condition in the unit's columns)."""
    unit = plan.unit_of(table)
    if table not in plan.schema.tables or unit is None:
        drawn = [name for each in plan.units for name in each.tables]
        raise SampleError(f"A condition was asked of {table!r}, which is not drawn.", near(table, drawn))
    own = parts[unit.name].own
    schema = plan.schema.tables[table]
    # Of the head of a unit the numbers of children may be asked for as well.
    known = set(schema.names) | (set(own.names) if table == unit.name else set())
    asked = [name for name in known if re.search(rf"(?<![\w`.]){re.escape(name)}(?![\w`])|`{re.escape(name)}`", text)]
    for name in asked:
        label = label_of(unit, table, name) if name in schema else name
        if label not in own:
            raise SampleError(
                f"Column {name!r} of {table!r} is a key or repeats one of another table: it cannot be asked for.",
                f"Ask for {', '.join(n for n in own.names if n in schema) or 'other columns'}.",
            )
    if table == unit.name:
        parse(text, own)
        return unit.name, text
    for name in asked:
        label = label_of(unit, table, name)
        text = re.sub(rf"(?<![\w`.]){re.escape(name)}(?![\w`])|`{re.escape(name)}`", f"`{label}`", text)
    parse(text, own)
    return unit.name, text


def _given(plan: Plan, parts: Mapping[str, Part], heads: list[str], given: Any) -> dict[str, pl.DataFrame]:
    if given is None:
        return {}
    if isinstance(given, Dataset):
        frames: dict[str, Any] = {name: table.rows for name, table in given.tables.items()}
    elif isinstance(given, Mapping) and all(name in plan.schema.tables for name in given):
        frames = dict(given)
    else:
        frames = {heads[0]: given}
    made = {}
    for name, frame in frames.items():
        if name not in heads:
            raise SampleError(
                f"Rows of {name!r} were given; they can be of tables that hang from no other.", f"Give {heads}."
            )
        rows = frame.rows if isinstance(frame, Table) else pl.DataFrame(frame)
        schema = plan.schema.tables[name]
        strange = [column for column in rows.columns if column not in schema]
        if strange:
            raise SampleError(
                f"The given rows of {name!r} have a column {strange[0]!r}.", near(strange[0], schema.names)
            )
        foreign = {column for key in schema.foreign_keys for column in key.columns}
        lost = [column for column in rows.columns if column in foreign]
        if lost:
            raise SampleError(
                f"Column {lost[0]!r} of the given rows of {name!r} refers to another table.", "Leave it out."
            )
        try:
            made[name] = rows.with_columns(
                pl.col(c).cast(held(schema[c], rows[c].dtype)) for c in rows.columns if c not in schema.primary_key
            )
        except pl.exceptions.PolarsError as error:
            told = str(error).partition("\n")[0]
            raise SampleError(f"The given rows of {name!r} do not fit their columns: {told}.") from error
    return made
