"""Real related tables as what each unit learns from: wide rows with degrees, labels of matched keys, and owners."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from trasunto.data import relations
from trasunto.data.constraints import across, read_across, read_rule
from trasunto.data.dataset import Dataset, Table
from trasunto.data.relations import Link
from trasunto.data.schema import Column, Constraint, TableSchema
from trasunto.encoders.codes import as_floats, fit_codes
from trasunto.encoders.ids import fit_ids
from trasunto.errors import FitError, SchemaError, near
from trasunto.synthesizers.relational_cells import fit_cells
from trasunto.synthesizers.relational_keys import Keys, Maker, fit_makers
from trasunto.synthesizers.relational_parts import Carried, Degree, Label, Part
from trasunto.synthesizers.relational_plan import Plan, Unit
from trasunto.synthesizers.relational_rows import (
    TOLD,
    World,
    label_of,
    real_world,
    spread,
    taken,
    together,
    unit_rows,
)

# A copied table with so many rows or fewer is a category, when each row is pointed to so often on average.
FEW, OFTEN = 200, 5
# Counts of so many rows that are told as one.
ALIKE = 5
# Children that each of a few parents has on average, when they are no sequence.
MANY = 20
# A row reached another way is told of when it is the same in this share of the rows.
SAME = 0.05
# Rows needed to believe that one date never comes before another.
SURE = 50


@dataclass(frozen=True)
class Job:
    """What one unit learns from. rows: (n,) own columns, owner by owner. context: of the owners, and owner: (n,) the
    position of each row's; None for a root."""

    part: Part
    rows: Table
    context: Table | None
    owner: np.ndarray | None


def jobs_of(dataset: Dataset, plan: Plan, keys: Keys, seed: int) -> tuple[Job, ...]:
    """What the units learn from. Raises FitError for free text, SchemaError for a rule that cannot be read."""
    real = real_world(dataset, plan)
    world = World(plan, real.size, copied=real.copied)
    makers: dict[str, dict[str, dict[str, Maker]]] = {}
    degrees: dict[str, dict[Link, Degree]] = {}
    for unit in plan.units:
        makers[unit.name] = {name: _makers(dataset, name, keys) for name in unit.tables}
        world.own[unit.name] = _plain(dataset, unit, makers[unit.name])
    for unit in plan.units:
        degrees[unit.name] = _count(world, unit, real)
    labels: dict[str, dict[Link, Label]] = {unit.name: {} for unit in plan.units}
    for unit in plan.units:
        world.at[unit.name] = {unit.generating: real.at[unit.name][unit.generating]} if unit.generating else {}
        for link in unit.links:
            if link not in unit.late:
                labels[unit.name][link] = _label(dataset, world, unit, link, real.at[unit.name][link], seed)
                world.at[unit.name][link] = real.at[unit.name][link]
    for unit in plan.units:
        for link in unit.late:
            labels[unit.name][link] = _label(dataset, world, unit, link, real.at[unit.name][link], seed)
            world.at[unit.name][link] = real.at[unit.name][link]
    found = []
    for unit in plan.units:
        carried = _carried(dataset, world, unit)
        found.append(_job(dataset, world, unit, degrees[unit.name], labels[unit.name], carried, makers[unit.name]))
        world.tell(unit)
    return tuple(found)


def _makers(dataset: Dataset, name: str, keys: Keys) -> dict[str, Maker]:
    table = dataset.tables[name]
    referenced = [link.references for link in relations.links(dataset.schema) if link.parent == name]
    texts = table.schema.of_kind("text")
    if texts:
        raise FitError(
            f"Related tables cannot hold free text, and column {name}.{texts[0].name} does.",
            "Drop the column, declare it a category when its texts repeat, or mark the table as copied.",
        )
    made = fit_makers(table, referenced, keys)
    foreign = {column for key in table.schema.foreign_keys for column in key.columns}
    words = [c for c in table.schema.of_kind("category") if c.name not in made and c.name not in foreign]
    if words and len(table):
        # Where no value repeats, new ones are made in their shape.
        alone = fit_codes(Table(TableSchema(tuple(words)), table.rows.select(c.name for c in words))).ids
        made |= {column: Maker(fit_ids(table.rows[column])) for column in alone}
    return made


def _plain(dataset: Dataset, unit: Unit, makers: dict[str, dict[str, Maker]]) -> Table:
    """The columns of a unit that are neither keys nor made anew."""
    columns: list[Column] = []
    series: list[pl.Series] = []
    for name, rows in unit_rows(dataset, unit).items():
        schema = dataset.schema.tables[name]
        foreign = {column for key in schema.foreign_keys for column in key.columns}
        for column in schema.columns:
            if column.name not in foreign and column.name not in makers[name]:
                label = label_of(unit, name, column.name)
                columns.append(replace(column, name=label, role=column.role if name == unit.name else None))
                series.append(rows[column.name].alias(label))
    return Table(TableSchema(tuple(columns)), pl.DataFrame(series))


def _count(world: World, unit: Unit, real: World) -> dict[Link, Degree]:
    """Add the columns that count the rows that point to a unit's rows."""
    table, rows = world.own[unit.name], world.size[unit.name]
    found: dict[Link, Degree] = {}
    below = world.plan.below(unit)
    for other, link in below:
        at = real.at[other.name][link]
        if not table.schema.columns:
            rows = max(rows, int(at.max(initial=-1)) + 1)
    for other, link in below:
        at = real.at[other.name][link]
        counts = np.bincount(at[at >= 0], minlength=rows)
        several = sum(each.child == link.child for _, each in below) > 1
        name = f"rows of {link.child}" + (f" by {'+'.join(link.columns)}" if several else "")
        name = _free(table, name)
        table = _with(table, Column(name, "integer", False), pl.Series(name, counts, dtype=pl.Int64))
        spread_ = _spread(counts) if ALIKE * 2 <= len(counts) < FEW else ()
        found[link] = Degree(name, int(counts.min(initial=0)), int(counts.max(initial=0)), spread_)
    world.own[unit.name] = table
    return found


def _spread(counts: np.ndarray) -> tuple[float, ...]:
    """Means of so many neighbours each, rising: no count of a single row."""
    parts = np.array_split(np.sort(counts), len(counts) // ALIKE)
    return tuple(float(part.mean()) for part in parts)


def _label(dataset: Dataset, world: World, unit: Unit, link: Link, at: np.ndarray, seed: int) -> Label:
    """Add the column that says which rows a key may point to, and keep how it is matched."""
    name = _free(world.own[unit.name], f"{'+'.join(link.columns)} to {link.parent}")
    own, rows = world.own[unit.name], len(at)
    parents = world.rows_at(link.parent)
    count = len(dataset.tables[link.parent])
    texts = np.full(rows, None, dtype=object)
    free = at >= 0
    if link.itself:
        loops = at == np.arange(rows)
        texts[loops] = "self"
        free = free & ~loops
    same: list[tuple[Link, ...]] = []
    if not link.itself and link not in unit.late:
        chance = 1 / max(count, 1)
        for path, other in world.reach(unit.name).items():
            if path[-1].parent != link.parent or not free.any():
                continue
            alike = free & (other == at)
            if alike.sum() / rows > max(SAME, 3 * chance):
                texts[alike] = f"same {len(same)}"
                same.append(path)
                free = free & ~alike
    copied = link.parent in world.plan.copied
    popular, cells = None, None
    if copied and count <= FEW and rows >= OFTEN * count:
        texts[free] = [f"r{place}" for place in at[free]]
    elif free.any():
        cells = fit_cells(parents, np.where(free, at, -1), _telling(world, unit), seed)
        texts[free] = [f"c{cell}" for cell in cells.of(parents)[at[free]]]
    if copied:
        popular = np.bincount(at[at >= 0], minlength=count).astype(float)
        few = popular < OFTEN
        popular[few] = popular[few].mean() if few.any() else 0.0
    labels = pl.Series(name, texts.tolist(), dtype=pl.String)
    counts = labels.drop_nulls().value_counts()
    # What few rows have is not passed on: they may point to any row.
    rare = counts.filter(pl.col("count") < OFTEN)[name].to_list()
    labels = labels.replace(rare, ["any"] * len(rare))
    own = _with(own, Column(name, "category"), labels)
    level = ""
    if link.itself:
        level = _free(own, f"level by {'+'.join(link.columns)}")
        own = _with(own, Column(level, "integer", False), pl.Series(level, _levels(at), dtype=pl.Int64))
    world.own[unit.name] = own
    most = 1 if np.bincount(at[at >= 0], minlength=1).max() == 1 and not copied else None
    group, shared = _grouped(dataset, world, unit, link, at)
    optional = relations.optional(dataset.schema, link)
    apart = most is None and _differ(world.at[unit.name], at)
    missing = float((at < 0).sum())
    return Label(name, tuple(same), cells, level, popular, missing, most, apart, group, shared, optional)


def _telling(world: World, unit: Unit) -> Table:
    """What a unit's rows and their owners are like, to see what a parent's columns tell of them."""
    parts = [world.own[unit.name]]
    for link, at in world.at[unit.name].items():
        if link == unit.generating:
            above = world.rows_at(link.parent)
            columns = tuple(replace(c, name=f"\x1e{c.name}") for c in above.schema.columns)
            frame = above.rows.rename({c.name: f"\x1e{c.name}" for c in above.schema.columns})
            parts.append(spread(Table(TableSchema(columns), frame), at))
    return together(parts, world.size[unit.name])


def _levels(at: np.ndarray) -> np.ndarray:
    """How many steps each row is from one that refers to none, or to itself."""
    level = np.where((at < 0) | (at == np.arange(len(at))), 0, -1)
    while (level < 0).any():
        above = taken(level, at)
        reached = (level < 0) & (above >= 0)
        # Rows in a circle hang from none: they are put on the first level.
        if not reached.any():
            level[level < 0] = 1
            break
        level[reached] = above[reached] + 1
    return level


def _grouped(dataset: Dataset, world: World, unit: Unit, link: Link, at: np.ndarray) -> tuple[str, tuple[str, ...]]:
    """Which rows may be matched at all."""
    known = at >= 0
    group = ""
    if known.any() and link.itself and unit.generating:
        owner = world.at[unit.name][unit.generating]
        group = "owner" if (taken(owner, at)[known] == owner[known]).mean() >= 0.95 else ""
    if known.any() and link in unit.late:
        above = world.plan.unit_of(link.parent)
        for back, other in world.at[above.name].items() if above else ():
            if back.parent in unit.tables and (taken(other, at)[known] == np.flatnonzero(known)).mean() >= 0.95:
                group = "own"
    others = [each for each in world.at[unit.name] if each != link and each.child == link.child]
    shared = tuple(column for column in link.columns if any(column in each.columns for each in others))
    return group, shared


def _differ(filled: dict[Link, np.ndarray], at: np.ndarray) -> bool:
    """Whether no two rows have all keys so far and this one alike."""
    known = at >= 0
    if not filled or not known.any():
        return False
    keys = pl.DataFrame({str(n): each for n, each in enumerate([*filled.values(), at])})
    return not keys.filter(pl.Series(known)).is_duplicated().any()


def _carried(dataset: Dataset, world: World, unit: Unit) -> tuple[Carried, ...]:
    """Columns that repeat one of a row above, dates that never come before one above, and rules that say so."""
    own = world.own[unit.name]
    found: dict[str, Carried] = {}
    held: list[Carried] = []
    reach = {path: at for path, at in world.reach(unit.name).items() if path[0] not in unit.late and not path[0].itself}
    for path, at in reach.items():
        above = spread(world.rows_at(path[-1].parent), at)
        for column in own.schema.columns:
            if column.name in found or column.name.startswith(("rows of ", "level by ")):
                continue
            for other in above.schema.columns:
                if other.kind != column.kind or other.name.startswith(("rows of ", "level by ")):
                    continue
                mine, theirs = own.rows[column.name], above.rows[other.name]
                if mine.n_unique() > 1 and (at >= 0).all() and mine.equals(theirs, null_equal=True, check_names=False):
                    found[column.name] = Carried(column.name, "==", path, other.name)
                    break
                if column.kind == "datetime" and path[0] == unit.generating and _never_before(theirs, mine):
                    held.append(Carried(column.name, "<=", path, other.name))
    rules = _rules(dataset, world, unit, set(reach))
    return (*found.values(), *(each for each in (*held, *rules) if each.column not in found))


def _never_before(early: pl.Series, late: pl.Series) -> bool:
    a, b = as_floats(early), as_floats(late)
    both = np.isfinite(a) & np.isfinite(b)
    # Where one whole column lies before the other there is nothing to hold.
    return bool(both.sum() >= SURE and (a[both] <= b[both]).all() and a[both].max() > b[both].min())


def _rules(dataset: Dataset, world: World, unit: Unit, paths: set[tuple[Link, ...]]) -> list[Carried]:
    """Confirmed rules that tie a column to one of a row above: `parent.date <= date`."""
    found = []
    for name in unit.tables:
        for rule in across(dataset.schema.tables[name]):
            path = next((p for p in sorted(paths, key=len) if p[-1].parent == rule.table and p[0].child == name), None)
            if path is None:
                raise SchemaError(
                    f"The rule {rule.text!r} of table {name!r} names {rule.table!r}, which it does not refer to.",
                    near(rule.table, {p[-1].parent for p in paths}),
                )
            above = world.plan.unit_of(rule.table)
            source = rule.column if above is None else label_of(above, rule.table, rule.column)
            mine = label_of(unit, name, rule.mine)
            for label, where in ((source, world.rows_at(rule.table)), (mine, world.own[unit.name])):
                if label not in where.schema:
                    raise SchemaError(f"The rule {rule.text!r} names {label!r}.", near(label, where.schema.names))
            found.append(Carried(mine, rule.op, path, source))
    return found


def _job(
    dataset: Dataset,
    world: World,
    unit: Unit,
    degrees: dict[Link, Degree],
    labels: dict[Link, Label],
    carried: tuple[Carried, ...],
    makers: dict[str, dict[str, Maker]],
) -> Job:
    equal = {each.column for each in carried if each.op == "=="}
    whole = world.own[unit.name]
    columns = tuple(c for c in whole.schema.columns if c.name not in equal)
    names = [c.name for c in columns]
    rules = _own_rules(dataset.schema.tables[unit.name], set(names))
    own = Table(TableSchema(columns, constraints=rules), whole.rows.select(names))
    count = len(dataset.tables[unit.name])
    order = None
    if unit.generating is None:
        given = next((link for link in unit.links if labels[link].popular is not None and not labels[link].cells), None)
        part = Part(unit, own.schema, degrees, labels, carried, makers, None, 0.0, count, given)
        if given is not None:
            own = own.with_role(labels[given].name, "context")
        return Job(part, own, None, None)
    at = world.at[unit.name][unit.generating]
    context = world.context_of(unit)
    context = Table(TableSchema(context.schema.columns[:TOLD]), context.rows.select(context.schema.names[:TOLD]))
    alone = np.flatnonzero(at < 0)
    owner = at.copy()
    if alone.size:
        # Rows without a parent have an owner each of whom nothing is known.
        context = spread(context, np.concatenate([np.arange(len(context)), np.full(alone.size, -1)]))
        owner[alone] = len(context) - alone.size + np.arange(alone.size)
    loose = _loose(dataset, unit, at)
    if loose:
        context, owner = spread(context, owner), np.arange(count)
    order = _order(dataset, unit, own, owner)
    if len(columns):
        keys = [as_floats(own.rows[order])] if order else []
        sorted_ = np.lexsort((np.arange(count), *keys, owner))
        own, owner = own.take(sorted_), owner[sorted_]
    lonely = alone.size / max(count, 1)
    part = Part(unit, own.schema, degrees, labels, carried, makers, order, lonely, count, loose=loose)
    return Job(part, own, context, owner)


def _own_rules(schema: TableSchema, names: set[str]) -> tuple[Constraint, ...]:
    """The rules of a table over columns that are drawn."""
    found = [each for each in schema.constraints if each.confirmed and read_across(each.rule, schema) is None]
    return tuple(each for each in found if set(read_rule(each.rule, schema).columns) <= names)


def _loose(dataset: Dataset, unit: Unit, at: np.ndarray) -> bool:
    """Whether a parent is more of a dimension than an owner: few of them, with many rows each, not said to be a
    sequence."""
    sequence = dataset.schema.tables[unit.name].sequence
    owners = len(np.unique(at[at >= 0]))
    return sequence is None and 0 < owners < FEW and len(at) >= MANY * owners


def _order(dataset: Dataset, unit: Unit, own: Table, owner: np.ndarray) -> str | None:
    """The column that rows of one owner are in order of: as the schema says, else their first date."""
    if not len(owner) or np.bincount(owner).max() < 2:
        return None
    sequence = dataset.schema.tables[unit.name].sequence
    assert unit.generating is not None
    dates = [c.name for c in own.schema.of_kind("datetime")]
    if sequence and sequence[0] in unit.generating.columns and sequence[1] in own.schema:
        dates = [sequence[1]]
    whole = [name for name in dates if own.rows[name].null_count() == 0 and "." not in name]
    return whole[0] if whole else None


def _with(table: Table, column: Column, values: pl.Series) -> Table:
    schema = replace(table.schema, columns=(*table.schema.columns, column))
    return Table(schema, pl.DataFrame([*table.rows.get_columns(), values]))


def _free(table: Table, name: str) -> str:
    """A name that no column of the table has."""
    while name in table.schema:
        name += "'"
    return name
