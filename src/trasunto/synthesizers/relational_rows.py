"""The rows of units side by side, real or made: their own columns, where their keys lead, and what is known of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from trasunto.data.dataset import Dataset, Table
from trasunto.data.relations import Link, places
from trasunto.data.schema import Column, TableSchema
from trasunto.synthesizers.relational_plan import Plan, Unit

# How far up a row looks for rows that it reaches by more than one way.
DEEP = 3
# Most columns that are told of a parent and what is above and beside it.
TOLD = 100

Path = tuple[Link, ...]


@dataclass
class World:
    """Rows of all units so far, by unit.

    size: how many there are. at: by key, the position of the row referred to (in its unit, or in its copied table),
    below 0 for none. own: the columns that are drawn. known: what children are told. copied: tables that are copied,
    without their keys."""

    plan: Plan
    size: dict[str, int] = field(default_factory=dict)
    at: dict[str, dict[Link, np.ndarray]] = field(default_factory=dict)
    own: dict[str, Table] = field(default_factory=dict)
    known: dict[str, Table] = field(default_factory=dict)
    copied: dict[str, Table] = field(default_factory=dict)

    def rows_at(self, table: str) -> Table:
        """The own columns of the unit that a table is made in, or of a copied table."""
        unit = self.plan.unit_of(table)
        return self.copied[table] if unit is None else self.own[unit.name]

    def reach(self, unit: str, deep: int = DEEP) -> dict[Path, np.ndarray]:
        """The rows that each row of a unit reaches by one key or several, as far as keys are filled."""
        found: dict[Path, np.ndarray] = {}
        for link, at in self.at[unit].items():
            found[(link,)] = at
            above = self.plan.unit_of(link.parent)
            if above is not None and deep > 1 and above.name != unit and above.name in self.at:
                for path, further in self.reach(above.name, deep - 1).items():
                    found[(link, *path)] = taken(further, at)
        return found

    def context_of(self, unit: Unit) -> Table:
        """What is known of each possible owner of a unit's rows: the parent, what is above it, and the rows that it
        has in tables made before."""
        assert unit.generating is not None
        owner = self.plan.unit_of(unit.generating.parent)
        assert owner is not None
        parts = [self.known[owner.name]]
        for other in self.plan.units:
            if other.name == unit.name:
                break
            beside = other.generating
            if beside is not None and self.plan.unit_of(beside.parent) is owner:
                at = self.at[other.name][beside]
                parts.insert(1, gathered(self.own[other.name], at, self.size[owner.name], other.name))
        return together(parts, self.size[owner.name])

    def tell(self, unit: Unit) -> None:
        """Note what children of a unit are told of its rows, once its keys are filled."""
        own = self.own[unit.name]
        parts = [prefixed(own, unit.name)]
        above = None
        for link, at in self.at[unit.name].items():
            if link == unit.generating:
                owner = self.plan.unit_of(link.parent)
                assert owner is not None
                above = spread(self.known[owner.name], at)
            elif not link.itself and link not in unit.late:
                parts.append(spread(prefixed(self.rows_at(link.parent), "+".join(link.columns)), at))
        rows = self.size[unit.name]
        self.known[unit.name] = together([*parts, *([above] if above is not None else [])], rows)


def label_of(unit: Unit, table: str, column: str) -> str:
    """What a column of one of its tables is called in a unit."""
    return column if table == unit.name else f"{table}.{column}"


def taken(values: np.ndarray, at: np.ndarray) -> np.ndarray:
    """values[at], -1 where `at` is below 0."""
    if not len(values):
        return np.full(len(at), -1, dtype=np.int64)
    return np.where(at >= 0, values[np.maximum(at, 0)], -1)


def spread(table: Table, at: np.ndarray) -> Table:
    """The rows at these positions; missing values where one is below 0."""
    places_ = pl.Series(np.where(at >= 0, at, 0)).to_frame("at").select(pl.when(pl.Series(at >= 0)).then(pl.col("at")))
    if not table.schema.columns:
        return Table(table.schema, pl.DataFrame())
    if not len(table):
        empty = {c.name: pl.Series([None] * len(at), dtype=table.rows[c.name].dtype) for c in table.schema.columns}
        return Table(nullable(table.schema), pl.DataFrame(empty))
    rows = table.rows.select(pl.all().gather(places_["at"]))
    return Table(nullable(table.schema) if (at < 0).any() else table.schema, rows)


def gathered_at(values: pl.Series, at: np.ndarray) -> pl.Series:
    """values[at], missing where `at` is below 0."""
    if not len(values):
        return pl.Series(values.name, [None] * len(at), dtype=values.dtype)
    places = pl.DataFrame({"at": np.maximum(at, 0), "there": at >= 0})
    return values.gather(places.select(pl.when("there").then("at")).to_series())


def nullable(schema: TableSchema) -> TableSchema:
    """The same columns, of which any value may be missing."""
    return TableSchema(tuple(replace(column, nullable=True) for column in schema.columns))


def prefixed(table: Table, name: str) -> Table:
    """The columns that can be told, under names that say whose they are."""
    kept = [c for c in table.schema.columns if c.kind not in ("id", "text") and not c.format.nested]
    columns = tuple(replace(c, name=f"{name}: {c.name}", role=None) for c in kept)
    rows = pl.DataFrame([table.rows[c.name].alias(f"{name}: {c.name}") for c in kept])
    return Table(TableSchema(columns), rows)


def together(parts: list[Table], rows: int) -> Table:
    """Tables side by side, the first of columns of one name."""
    columns: list[Column] = []
    series: list[pl.Series] = []
    names: set[str] = set()
    for part in parts:
        for column in part.schema.columns:
            if column.name not in names:
                names.add(column.name)
                columns.append(column)
                series.append(part.rows[column.name])
    if not columns:
        # A frame without columns would have no rows.
        columns, series = [Column("nothing", "integer")], [pl.Series("nothing", np.zeros(rows, dtype=np.int64))]
    return Table(TableSchema(tuple(columns)), pl.DataFrame(series))


def gathered(table: Table, owner: np.ndarray, owners: int, name: str) -> Table:
    """What an owner's rows of one table come to: means of numbers and dates, the first of categories."""
    shown = prefixed(table, f"of {name}")
    frame = shown.rows.with_columns(pl.Series("\x1eowner", owner)).filter(pl.col("\x1eowner") >= 0)
    columns, asked = [], []
    for column in shown.schema.columns:
        values = pl.col(column.name)
        if column.kind in ("integer", "number"):
            columns.append(replace(column, kind="number", nullable=True))
            asked.append(values.cast(pl.Float64).mean())
        elif column.kind == "datetime":
            columns.append(replace(column, nullable=True))
            asked.append(values.dt.cast_time_unit("us").mean().dt.truncate("1d"))
        else:
            columns.append(replace(column, nullable=True))
            asked.append(values.first())
    if not columns:
        return Table(TableSchema(()), pl.DataFrame())
    found = frame.group_by("\x1eowner", maintain_order=True).agg(asked)
    every = pl.DataFrame({"\x1eowner": np.arange(owners)})
    joined = every.join(found, on="\x1eowner", how="left", maintain_order="left").drop("\x1eowner")
    return Table(TableSchema(tuple(columns)), joined)


def real_world(dataset: Dataset, plan: Plan) -> World:
    """Where the keys of real rows lead, in positions of units."""
    world = World(plan, {unit.name: len(dataset.tables[unit.name]) for unit in plan.units})
    inside: dict[str, np.ndarray] = {}
    outside: dict[str, np.ndarray] = {}
    for unit in plan.units:
        for fold in unit.folded:
            inside[fold.parent] = places(dataset, fold)
            outside[fold.parent] = np.argsort(inside[fold.parent], kind="stable")
    for unit in plan.units:
        found: dict[Link, np.ndarray] = {}
        for link in (*((unit.generating,) if unit.generating else ()), *unit.links):
            at = places(dataset, link)
            if link.child in inside:
                at = at[inside[link.child]]
            if link.parent in outside:
                at = np.where(at >= 0, outside[link.parent][np.maximum(at, 0)], -1)
            found[link] = at
        world.at[unit.name] = found
    for name in plan.copied:
        world.copied[name] = without_keys(dataset.tables[name])
    return world


def without_keys(table: Table) -> Table:
    """The columns of a copied table that tell something of its rows."""
    keys = {column for key in table.schema.foreign_keys for column in key.columns} | set(table.schema.primary_key)
    columns = tuple(c for c in table.schema.columns if c.name not in keys and c.kind not in ("id", "text"))
    return Table(TableSchema(columns), table.rows.select(c.name for c in columns))


def unit_rows(dataset: Dataset, unit: Unit) -> dict[str, pl.DataFrame]:
    """The frames of a unit's tables, row by row in the order of its head."""
    found = {unit.name: dataset.tables[unit.name].rows}
    for fold in unit.folded:
        found[fold.parent] = dataset.tables[fold.parent].rows[places(dataset, fold)]
    return found
