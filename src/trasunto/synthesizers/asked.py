"""What is asked of rows, taken apart for a coded model: evidence on codes, values to keep, conditions on whole rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from trasunto.data.constraints import Rule, alike, breaks, computed
from trasunto.data.dataset import Table
from trasunto.data.expressions import Expression, parse
from trasunto.data.schema import TableSchema
from trasunto.encoders.codes import Codes, Levels
from trasunto.encoders.plain import Plain, parted
from trasunto.errors import SampleError
from trasunto.synthesizers.condition import known_codes, read_condition
from trasunto.synthesizers.joint import Evidence


@dataclass(frozen=True)
class Asked:
    """One request.

    codes: by restated column, (rows,) codes that are given, -1 where free. allowed: by restated column, (size,) bool.
    partly: restated columns of several, of which some are given: by column, for each row the number of one of
    `masks`. limits: of codes of which a condition leaves only a part. fixed: the given values.
    wished: the condition as a whole.
    """

    codes: Mapping[str, np.ndarray]
    allowed: Mapping[str, np.ndarray]
    partly: Mapping[str, tuple[np.ndarray, list[np.ndarray]]]
    limits: Mapping[str, tuple[np.ndarray, np.ndarray]]
    fixed: Table | None
    plan: Plain
    wished: Rule | None

    @staticmethod
    def of(model: Any, fixed: Table | None, where: str | None, gaps: bool) -> Asked:
        """Raises SampleError when no row can be as asked, SchemaError when it cannot be understood."""
        plan, codes = model.plan, model.codes
        given, partly = _given(plan, codes, fixed) if fixed is not None else ({}, {})
        allowed: dict[str, np.ndarray] = {}
        limits: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        late: list[Expression] = []
        if where:
            whole = parse(where, plan.whole)
            ours = [part for part in whole.parts if _within(parse(part, plan.whole), codes)]
            late = [parse(part, plan.whole) for part in whole.parts if part not in ours]
            if ours:
                read = read_condition(" and ".join(f"({part})" for part in ours), codes)
                allowed, limits = dict(read.allowed), dict(read.limits)
                late.extend(read.late)
            for label, names in plan.joined.items():
                inside = [part for part in late if set(part.columns) <= set(names)]
                if inside:
                    allowed[label] = _of_joined(inside, label, names, codes, plan.whole, where)
                    late = [part for part in late if part not in inside]
        for name, column in codes.columns.items() if not gaps else ():
            if column.null and column.size > 1:
                mask = allowed.get(name, np.ones(column.size, dtype=bool)).copy()
                mask[-1] = False
                allowed[name] = mask
        wished = Rule(where, "expression", whole.columns, expression=whole, strict=True) if where else None
        return Asked(given, allowed, partly, limits, fixed, plan, wished)

    @property
    def names(self) -> tuple[str, ...]:
        """Columns of which values are given."""
        return self.fixed.schema.names if self.fixed is not None else ()

    def evidence(self, which: np.ndarray, temperature: float) -> Iterator[tuple[np.ndarray, Evidence]]:
        """(positions among `which`, evidence of those rows) for the rows that share what they may be."""
        known = {name: codes[which] for name, codes in self.codes.items()}
        if not self.partly:
            yield np.arange(len(which)), Evidence(len(which), known, self.allowed, temperature)
            return
        names = list(self.partly)
        pattern = np.stack([self.partly[name][0][which] for name in names], axis=1)
        kinds, of = np.unique(pattern, axis=0, return_inverse=True)
        for number, kind in enumerate(kinds):
            places = np.flatnonzero(of.ravel() == number)
            allowed = dict(self.allowed)
            for name, mask in zip(names, kind, strict=True):
                left = self.partly[name][1][mask]
                allowed[name] = left & allowed[name] if name in allowed else left
            part = {name: codes[places] for name, codes in known.items()}
            yield places, Evidence(len(places), part, allowed, temperature)

    def given(self, which: np.ndarray) -> dict[str, pl.Series]:
        """The given values of these rows, by column."""
        return {} if self.fixed is None else {n: self.fixed.rows[n][which.tolist()] for n in self.fixed.rows.columns}

    def missed(self, table: Table) -> np.ndarray:
        """Positions of rows that are not as asked."""
        return np.flatnonzero(breaks(self.wished, table)) if self.wished else np.empty(0, dtype=np.int64)

    def require(self, table: Table) -> None:
        """SampleError when rows are not as asked after all tries, or given values break a rule."""
        missed = self.missed(table)
        if missed.size:
            assert self.wished is not None
            raise SampleError(
                f"{missed.size} of {len(table)} rows could not be made to meet {self.wished.text!r}: it is too rare.",
                "Ask for fewer columns at once, or for single columns, which are met directly.",
            )
        for rule in self.plan.functions:
            name = rule.columns[0]
            if self.fixed is None or name not in self.names:
                continue
            if not alike(self.fixed.rows[name], computed(rule, table.rows)).all():
                raise SampleError(
                    f"Column {name!r} is computed by the rule {rule.text!r} and cannot be given.",
                    f"Give {', '.join(rule.columns[1:])} instead.",
                )


def _within(part: Expression, codes: Codes) -> bool:
    return all(name in codes.schema for name in part.columns)


def _given(
    plan: Plain, codes: Codes, fixed: Table
) -> tuple[dict[str, np.ndarray], dict[str, tuple[np.ndarray, list[np.ndarray]]]]:
    """Codes of the given values, and masks for columns that stand for several of which some are given."""
    own = [name for name in fixed.schema.names if name in codes.columns]
    schema = TableSchema(tuple(codes.schema[name] for name in own))
    known = known_codes(Table(schema, fixed.rows.select(own)), codes) if own else {}
    partly: dict[str, tuple[np.ndarray, list[np.ndarray]]] = {}
    for label, names in plan.joined.items():
        here = [name for name in names if name in fixed.schema]
        if here:
            partly[label] = _masks(codes, label, names, here, fixed, plan.whole)
    return known, partly


def _masks(
    codes: Codes, label: str, names: tuple[str, ...], here: list[str], fixed: Table, schema: TableSchema
) -> tuple[np.ndarray, list[np.ndarray]]:
    """For each row, which codes of a joined column agree with the values given of its parts."""
    parts = _values_of(codes, label, names, schema)
    kinds = fixed.rows.select(here).unique(maintain_order=True)
    marked = kinds.with_row_index("__kind")
    number = fixed.rows.select(here).join(marked, on=here, how="left", nulls_equal=True, maintain_order="left")[
        "__kind"
    ]
    masks = []
    for row in kinds.iter_rows():
        mask = np.ones(codes.columns[label].size, dtype=bool)
        for name, value in zip(here, row, strict=True):
            if value is not None:
                same = (parts[name] == pl.Series([value]).cast(parts[name].dtype)[0]).fill_null(False).to_numpy()
                mask &= same
        if not mask.any():
            told = ", ".join(f"{name} = {value!r}" for name, value in zip(here, row, strict=True) if value is not None)
            raise SampleError(f"No known combination of {', '.join(names)} has {told}.", "Give one that occurs.")
        masks.append(mask)
    return number.to_numpy(), masks


def _of_joined(
    parts: list[Expression], label: str, names: tuple[str, ...], codes: Codes, schema: TableSchema, where: str
) -> np.ndarray:
    values = _values_of(codes, label, names, schema)
    mask = np.ones(len(values), dtype=bool)
    for part in parts:
        mask &= part.holds(values).to_numpy()
    if not mask.any():
        raise SampleError(f"No known combination of {', '.join(names)} meets {where!r}.", "Ask for one that occurs.")
    return mask


def _values_of(codes: Codes, label: str, names: tuple[str, ...], schema: TableSchema) -> pl.DataFrame:
    """The values of the parts of a joined column, a row for each code."""
    column = codes.columns[label]
    assert isinstance(column, Levels)
    texts = pl.Series(label, [*column.values, *([None] if column.null else [])], dtype=pl.String)
    return parted(texts.to_frame(), label, names, schema)
