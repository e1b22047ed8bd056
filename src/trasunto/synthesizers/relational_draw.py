"""One drawing of related tables: unit by unit, parents before children, keys matched and made on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from trasunto.data.dataset import Dataset, Table, held
from trasunto.data.expressions import parse
from trasunto.data.relations import Link
from trasunto.data.schema import Schema, TableSchema
from trasunto.encoders.codes import as_floats
from trasunto.errors import SampleError
from trasunto.synthesizers.children import Children
from trasunto.synthesizers.model import Model
from trasunto.synthesizers.relational_keys import Maker
from trasunto.synthesizers.relational_match import fitted, quota
from trasunto.synthesizers.relational_parts import Part
from trasunto.synthesizers.relational_plan import Plan
from trasunto.synthesizers.relational_refer import Matching
from trasunto.synthesizers.relational_rows import World, gathered_at, label_of, spread, without_keys

# Rows drawn for each that is kept, where a condition chooses among them.
FRESH = 5
# Owners below which the number of children in all is as in the real rows.
FEW = 200


@dataclass(frozen=True)
class Wanted:
    """What is asked. roots: rows of each root. exact: rows of other tables that must come out so. where: by unit, a
    condition on its own columns. given: by root, rows to complete. first: rows of the first root drawn before."""

    roots: Mapping[str, int]
    exact: Mapping[str, int]
    where: Mapping[str, str]
    given: Mapping[str, pl.DataFrame]
    seed: int
    first: int = 0
    temperature: float = 1.0


@dataclass
class Drawing:
    """The rows made so far. keys: by table, the columns of its keys, row by row of its unit."""

    plan: Plan
    parts: Mapping[str, Part]
    copied: Mapping[str, Table]
    wanted: Wanted
    world: World = field(init=False)
    matching: Matching = field(init=False)
    keys: dict[str, pl.DataFrame] = field(default_factory=dict)
    before: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.world = World(self.plan)
        for name, table in self.copied.items():
            self.keys[name] = table.rows
            self.world.copied[name] = without_keys(table)
        asked = self.wanted.where or self.wanted.given or self.wanted.temperature != 1
        self.matching = Matching(self.plan, self.parts, self.copied, self.world, self.keys, not asked)

    def draw(self) -> Dataset:
        """Every table. Raises SampleError for what cannot be met."""
        for number, unit in enumerate(self.plan.units):
            part = self.parts[unit.name]
            self.before[unit.name] = self._before(part)
            seed = int(np.random.SeedSequence([self.wanted.seed, self.wanted.first, number]).generate_state(1)[0])
            self._rows(part, seed)
            rng = np.random.default_rng([seed, 1])
            for link in unit.links:
                if link.itself:
                    self._drop(part)
                if link not in unit.late:
                    self.world.at[unit.name][link] = self.matching.match(part, link, rng)
            self._drop(part)
            self._carry(part)
            self._keys(part)
            self.world.tell(unit)
        rng = np.random.default_rng([self.wanted.seed, self.wanted.first, 77])
        for unit in self.plan.units:
            for link in unit.late:
                at = self.matching.match(self.parts[unit.name], link, rng)
                self.world.at[unit.name][link] = at
                self._refer(link, at)
        return self._dataset()

    def _rows(self, part: Part, seed: int) -> None:
        """Draw a unit's own columns, and whose rows they are."""
        unit, wanted = part.unit, self.wanted
        where, names = wanted.where.get(unit.name), [c.name for c in part.own.columns]
        if unit.generating is None:
            rows = wanted.roots[unit.name]
            frame = pl.DataFrame()
            if part.model is not None and not isinstance(part.model, Children):
                frame = self._root(part, part.model, rows, where, seed).select(names)
            self.world.size[unit.name], self.world.at[unit.name] = rows, {}
        else:
            counts, lonely = self._counts(part, np.random.default_rng([seed, 0]))
            owners = len(counts)
            context = self.world.context_of(unit)
            if lonely:
                context = spread(context, np.concatenate([np.arange(owners), np.full(lonely, -1)]))
                counts = np.concatenate([counts, np.ones(lonely, dtype=np.int64)])
            frame, owner = pl.DataFrame(), np.repeat(np.arange(len(counts)), counts)
            if isinstance(part.model, Children):
                if part.loose:
                    context, counts = spread(context, owner), np.ones(len(owner), dtype=np.int64)
                made, place = part.model.draw(context, counts, seed=seed, where=where, temperature=wanted.temperature)
                frame, owner = made.rows.select(names), owner if part.loose else place
            self.world.size[unit.name] = len(owner)
            self.world.at[unit.name] = {unit.generating: np.where(owner < owners, owner, -1)}
        if not (wanted.where or wanted.given):
            rng = np.random.default_rng([seed, 4])
            even = {degree.name: degree.even(frame[degree.name].to_numpy(), rng) for degree in part.degrees.values()}
            frame = frame.with_columns(pl.Series(name, counts, dtype=pl.Int64) for name, counts in even.items())
        self.world.own[unit.name] = Table(TableSchema(part.own.columns), frame)

    def _root(self, part: Part, model: Model, rows: int, where: str | None, seed: int) -> pl.DataFrame:
        """Rows of a root. A small copied table that they refer to is dealt out first."""
        given = self.wanted.given.get(part.unit.name)
        known = [] if given is None else [given[name] for name in given.columns if name in part.own]
        if part.given is None:
            frame = pl.DataFrame(known) if known else None
            drawn = model.sample(rows, seed=seed, given=frame, where=where, temperature=self.wanted.temperature)
            return drawn.rows
        label = part.labels[part.given]
        assert label.popular is not None
        rng = np.random.default_rng([seed, 3])
        # A condition, or given values, may go with some of these rows more than with others: some are thrown away.
        for times in (FRESH, 1) if where else (1,):
            texts = np.repeat(
                np.array([*(f"r{at}" for at in range(len(label.popular))), None], dtype=object),
                quota(np.append(label.popular, label.missing), rows * times),
            )
            dealt = pl.Series(label.name, texts[rng.permutation(len(texts))].tolist(), dtype=pl.String)
            frame = pl.DataFrame([dealt, *known])
            free = model.sample(
                rows * times,
                seed=seed,
                given=frame,
                where=where if times == 1 else None,
                temperature=self.wanted.temperature,
            ).rows
            if times > 1 and where:
                free = free.filter(parse(where, part.own).holds(free)).head(rows)
            if len(free) == rows:
                break
        return free

    def _counts(self, part: Part, rng: np.random.Generator) -> tuple[np.ndarray, int]:
        """(owners,) how many rows each has, and how many rows have none."""
        link = part.unit.generating
        assert link is not None
        owner = self.plan.unit_of(link.parent)
        assert owner is not None
        above = self.parts[owner.name]
        degree = above.degrees[link]
        counts = self.world.own[owner.name].rows[degree.name].to_numpy().astype(np.int64)
        most = degree.most if degree.most <= 1 else None
        least = degree.least if degree.least == degree.most else min(degree.least, 1)
        asked = {self.wanted.exact[name] for name in part.unit.tables if name in self.wanted.exact}
        if len(asked) > 1:
            raise SampleError(
                f"Tables {', '.join(part.unit.tables)} have as many rows as each other; {sorted(asked)} were asked.",
                "Ask for the same number, or for one of them.",
            )
        total = int(counts.sum())
        if len(counts) < FEW and not self.wanted.where and not self.wanted.given:
            # Of few owners the sum of drawn numbers would be far from what is usual.
            total = round((1 - part.alone) * part.rows * len(counts) / max(above.rows, 1))
        lonely = round(part.alone * part.rows * len(counts) / max(above.rows, 1)) if part.alone else 0
        if asked:
            lonely = round(asked.copy().pop() * part.alone)
            total = asked.pop() - lonely
        for room in self._rooms(part):
            if asked and total > room:
                raise SampleError(f"{total} rows of {part.unit.name!r} were asked and there is room for {room}.")
            total = min(total, room)
        if total != int(counts.sum()):
            made = fitted(counts, total, rng, least, most)
            if int(made.sum()) != total and part.unit.name in self.wanted.exact:
                raise SampleError(
                    f"{total} rows of {part.unit.name!r} cannot hang from {len(counts)} rows of {link.parent!r}: "
                    f"each has {degree.least} to {degree.most} of them.",
                    f"Ask for {least * len(counts)} to {most * len(counts) if most else 'more'}, "
                    f"or for other numbers of {link.parent!r}.",
                )
            counts = made
        return counts, lonely

    def _rooms(self, part: Part) -> list[int]:
        """How many rows there may be at most, where each row of another parent is pointed to once."""
        return [
            self.matching.size(link.parent)
            for link, label in part.labels.items()
            if label.most == 1 and not label.optional and not link.itself and link not in part.unit.late
        ]

    def _drop(self, part: Part) -> None:
        """Leave out rows of which a key that must be there found no partner."""
        unit = part.unit
        lost = np.zeros(self.world.size[unit.name], dtype=bool)
        for link, at in self.world.at[unit.name].items():
            label = part.labels.get(link)
            if label is not None and not label.optional:
                lost |= at < 0
        if not lost.any():
            return
        kept = np.flatnonzero(~lost)
        self.world.size[unit.name] = len(kept)
        self.world.at[unit.name] = {link: at[kept] for link, at in self.world.at[unit.name].items()}
        own = self.world.own[unit.name]
        self.world.own[unit.name] = own.take(kept) if own.schema.columns else own

    def _carry(self, part: Part) -> None:
        """Columns that repeat one of a row above, and limits that rows above set."""
        unit = part.unit
        own = self.world.own[unit.name]
        columns, series = list(own.schema.columns), {name: own.rows[name] for name in own.schema.names}
        reach = self.world.reach(unit.name) if part.carried else {}
        for each in part.carried:
            parents = self.world.rows_at(each.path[-1].parent)
            theirs = gathered_at(parents.rows[each.source], reach[each.path]).alias(each.column)
            if each.op == "==":
                if each.column not in series:
                    columns.append(replace(parents.schema[each.source], name=each.column))
                series[each.column] = theirs
            else:
                series[each.column] = _limited(series[each.column], theirs, each.op)
        self.world.own[unit.name] = Table(TableSchema(tuple(columns)), pl.DataFrame(list(series.values())))

    def _keys(self, part: Part) -> None:
        """Make the key columns of a unit's tables: folded ones first, as the head refers to them."""
        unit = part.unit
        rows = self.world.size[unit.name]
        for name in (*unit.tables[1:], unit.name):
            schema = self.plan.schema.tables[name]
            made: dict[str, pl.Series] = {}
            given = self.wanted.given.get(name)
            for link in (*unit.folded, *self.world.at[unit.name]):
                if link.child == name and not link.itself:
                    at = np.arange(rows) if link in unit.folded else self.world.at[unit.name][link]
                    for column, source in zip(link.columns, link.references, strict=True):
                        if column not in made:
                            made[column] = gathered_at(self.keys[link.parent][source], at).alias(column)
            for column, maker in sorted(part.makers[name].items(), key=lambda each: each[1].ids is None):
                dtype = held(schema[column], pl.Int64 if _whole(maker) else pl.String)
                if given is not None and column in given.columns:
                    made[column] = given[column].cast(dtype)
                    continue
                frame = pl.DataFrame({each: made[each] for each in maker.within})
                fresh = maker.make(rows, frame, dtype, seed=self.wanted.seed, first=self.before[unit.name])
                made[column] = fresh.alias(column)
            for link in (link for link in unit.links if link.child == name and link.itself):
                for column, source in zip(link.columns, link.references, strict=True):
                    made[column] = gathered_at(made[source], self.world.at[unit.name][link]).alias(column)
            self.keys[name] = pl.DataFrame(list(made.values()))

    def _refer(self, link: Link, at: np.ndarray) -> None:
        """Fill the columns of a late key."""
        columns = [
            gathered_at(self.keys[link.parent][source], at).alias(column)
            for column, source in zip(link.columns, link.references, strict=True)
            if column not in self.keys[link.child].columns
        ]
        here = self.keys[link.child]
        self.keys[link.child] = here.with_columns(columns) if here.width else pl.DataFrame(columns)

    def _before(self, part: Part) -> int:
        """How many rows of a unit may have been made before, at most: keys go on from there."""
        first, unit = self.wanted.first, part.unit
        if not first:
            return 0
        if unit.generating is None:
            heads = [each.name for each in self.plan.units if each.generating is None]
            real = self.parts[heads[0]].rows
            return -(-first * max(part.rows, 1) // max(real, 1)) + first
        owner = self.plan.unit_of(unit.generating.parent)
        assert owner is not None
        most = max(self.parts[owner.name].degrees[unit.generating].most, 1)
        return self.before[owner.name] * (most + 1) + round(part.alone * part.rows) * first

    def _dataset(self) -> Dataset:
        tables = {}
        for name, schema in self.plan.schema.tables.items():
            unit = self.plan.unit_of(name)
            if unit is None:
                tables[name] = self.copied[name]
                continue
            own, keys = self.world.own[unit.name].rows, self.keys[name]
            series = []
            for column in schema.columns:
                values = keys[column.name] if column.name in keys.columns else own[label_of(unit, name, column.name)]
                series.append(values.cast(held(column, values.dtype)).alias(column.name))
            tables[name] = Table(schema, pl.DataFrame(series))
        return Dataset(Schema({name: tables[name].schema for name in self.plan.schema.tables}), tables)


def _limited(values: pl.Series, others: pl.Series, op: str) -> pl.Series:
    """Values that keep `other op value`, moved to the limit where they do not."""
    mine, theirs = as_floats(values), as_floats(others)
    step = (86_400_000_000.0 if values.dtype == pl.Datetime("us") else 1.0) if op in ("<", ">") else 0.0
    kept = np.fmax(mine, theirs + step) if op in ("<=", "<") else np.fmin(mine, theirs - step)
    both = np.isfinite(mine) & np.isfinite(theirs)
    moved = pl.Series(values.name, np.where(both, kept, 0.0))
    if values.dtype != pl.Float64:
        moved = moved.cast(pl.Int64).cast(values.dtype)
    changed = pl.Series(both & (kept != mine))
    return (
        pl.DataFrame({"a": values, "b": moved, "c": changed})
        .select(pl.when("c").then("b").otherwise("a"))
        .to_series()
        .alias(values.name)
    )


def _whole(maker: Maker) -> bool:
    return not maker.text and (maker.ids is None or maker.ids.start is not None)
