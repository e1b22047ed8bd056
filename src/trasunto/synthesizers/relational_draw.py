"""One drawing of related tables: unit by unit, parents before children, keys matched and made on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from trasunto.data.dataset import Dataset, Table, held
from trasunto.data.relations import Link
from trasunto.data.schema import Schema, TableSchema
from trasunto.encoders.codes import as_floats
from trasunto.errors import SampleError
from trasunto.synthesizers.children import Children
from trasunto.synthesizers.relational_keys import Maker
from trasunto.synthesizers.relational_match import Side, apart, fitted, matched
from trasunto.synthesizers.relational_parts import Label, Part
from trasunto.synthesizers.relational_plan import Plan
from trasunto.synthesizers.relational_rows import World, label_of, spread, without_keys


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
    keys: dict[str, pl.DataFrame] = field(default_factory=dict)
    before: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.world = World(self.plan)
        for name, table in self.copied.items():
            self.keys[name] = table.rows
            self.world.copied[name] = without_keys(table)

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
                    self.world.at[unit.name][link] = self._match(part, link, rng)
            self._drop(part)
            self._carry(part)
            self._keys(part)
            self.world.tell(unit)
        rng = np.random.default_rng([self.wanted.seed, self.wanted.first, 77])
        for unit in self.plan.units:
            for link in unit.late:
                at = self._match(self.parts[unit.name], link, rng)
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
                given = wanted.given.get(unit.name)
                known = [] if given is None else [name for name in given.columns if name in names]
                drawn = part.model.sample(
                    rows,
                    seed=seed,
                    given=given.select(known) if given is not None and known else None,
                    where=where,
                    temperature=wanted.temperature,
                )
                frame = drawn.rows.select(names)
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
                made, owner = part.model.draw(context, counts, seed=seed, where=where, temperature=wanted.temperature)
                frame = made.rows.select(names)
            self.world.size[unit.name] = len(owner)
            self.world.at[unit.name] = {unit.generating: np.where(owner < owners, owner, -1)}
        self.world.own[unit.name] = Table(TableSchema(part.own.columns), frame)

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
                f"Tables {', '.join(part.unit.tables)} have as many rows as each other, and {sorted(asked)} were asked.",
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
            self._size(link.parent)
            for link, label in part.labels.items()
            if label.most == 1 and not label.optional and not link.itself and link not in part.unit.late
        ]

    def _size(self, table: str) -> int:
        above = self.plan.unit_of(table)
        return len(self.copied[table]) if above is None else self.world.size[above.name]

    def _match(self, part: Part, link: Link, rng: np.random.Generator) -> np.ndarray:
        """(rows,) the row that each row points to by a key."""
        label, unit = part.labels[link], part.unit
        rows = self.world.size[unit.name]
        texts = self.world.own[unit.name].rows[label.name]
        at = np.full(rows, -1, dtype=np.int64)
        numbers = texts.str.extract(r"(\d+)$").cast(pl.Int64).fill_null(-1).to_numpy()
        if label.same:
            reach = self.world.reach(unit.name)
            for number, path in enumerate(label.same):
                mine = (texts == f"same {number}").fill_null(False).to_numpy()
                at[mine] = reach[path][mine]
        straight = texts.str.starts_with("r").fill_null(False).to_numpy()
        at[straight] = numbers[straight]
        itself = (texts == "self").fill_null(False).to_numpy()
        at[itself] = np.flatnonzero(itself)
        wanted = texts.is_not_null().to_numpy() & (at < 0)
        cell = np.where(texts.str.starts_with("c").fill_null(False).to_numpy(), numbers, -1)
        if label.level:
            return self._by_level(part, link, at, cell, rng)
        free = np.flatnonzero(wanted)
        mine, theirs = self._groups(part, link)
        places = self._places(label, link, int(wanted.sum()), at, rng)
        parents = self._cells(label, link)
        open_ = np.flatnonzero(places > 0) if label.most == 1 and (at >= 0).any() else np.arange(len(places))
        found = matched(
            Side(cell[free], mine[free]), Side(parents[open_], theirs[open_]), places[open_], rng, most=label.most
        )
        at[free] = np.where(found >= 0, open_[found] if open_.size else -1, -1)
        if label.apart:
            _, owner = np.unique(np.stack(list(self.world.at[unit.name].values())), axis=1, return_inverse=True)
            at = apart(at, owner.ravel(), mine, rng)
        return at

    def _by_level(
        self, part: Part, link: Link, at: np.ndarray, cell: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Rows of a table under rows of the same table: level by level, so that no circle arises."""
        label, unit = part.labels[link], part.unit
        own = self.world.own[unit.name]
        level = own.rows[label.level].to_numpy().copy()
        level[at >= 0] = 0
        places, cells = self._places(label, link, int((level > 0).sum()), at, rng), self._cells(label, link)
        mine, theirs = self._groups(part, link)
        for depth in np.unique(level[level > 0]).tolist():
            rows = np.flatnonzero(level == depth)
            above = np.flatnonzero(level == depth - 1)
            if not above.size:
                above = np.flatnonzero(level < depth)
            found = matched(
                Side(cell[rows], mine[rows]), Side(cells[above], theirs[above]), places[above], rng, most=label.most
            )
            at[rows] = np.where(found >= 0, above[found] if above.size else -1, -1)
        if not label.optional:
            at = np.where(at < 0, np.arange(len(at)), at)
        return at

    def _places(self, label: Label, link: Link, wanted: int, at: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """How often each row of the parent is still to be pointed to."""
        if label.popular is not None:
            total = label.popular.sum()
            share = label.popular / total if total else np.full(len(label.popular), 1 / max(len(label.popular), 1))
            return rng.multinomial(wanted, share).astype(np.int64)
        above = self.plan.unit_of(link.parent)
        assert above is not None
        degree = self.parts[above.name].degrees[link]
        counts = self.world.own[above.name].rows[degree.name].to_numpy().astype(np.int64)
        return np.maximum(counts - np.bincount(at[at >= 0], minlength=len(counts)), 0)

    def _cells(self, label: Label, link: Link) -> np.ndarray:
        parents = self.world.rows_at(link.parent)
        if label.cells is None:
            return np.zeros(self._size(link.parent), dtype=np.int64)
        return label.cells.of(parents) if label.cells.axes else np.zeros(self._size(link.parent), dtype=np.int64)

    def _groups(self, part: Part, link: Link) -> tuple[np.ndarray, np.ndarray]:
        """Numbers of the groups within which rows are matched: of the rows, and of the parent's."""
        label, unit = part.labels[link], part.unit
        rows, parents = self.world.size[unit.name], self._size(link.parent)
        if label.group == "owner":
            assert unit.generating is not None
            owner = self.world.at[unit.name][unit.generating]
            return owner, owner
        if label.group == "own":
            above = self.plan.unit_of(link.parent)
            assert above is not None
            for back, at in self.world.at[above.name].items():
                if back.parent in unit.tables:
                    return np.arange(rows), at
        if not label.shared:
            return np.zeros(rows, dtype=np.int64), np.zeros(parents, dtype=np.int64)
        mine, theirs = {}, {}
        for column in label.shared:
            for other, at in self.world.at[unit.name].items():
                if other != link and other.child == link.child and column in other.columns:
                    source = other.references[other.columns.index(column)]
                    mine[column] = _gathered(self.keys[other.parent][source], at)
                    break
            theirs[column] = self.keys[link.parent][link.references[link.columns.index(column)]].alias(column)
        both = pl.concat([pl.DataFrame(mine), pl.DataFrame(theirs)], how="vertical_relaxed")
        codes = both.select(pl.struct(pl.all()).rank("dense")).to_series().to_numpy().astype(np.int64)
        return codes[:rows], codes[rows:]

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
            theirs = _gathered(parents.rows[each.source], reach[each.path]).alias(each.column)
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
                            made[column] = _gathered(self.keys[link.parent][source], at).alias(column)
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
                    made[column] = _gathered(made[source], self.world.at[unit.name][link]).alias(column)
            self.keys[name] = pl.DataFrame(list(made.values()))

    def _refer(self, link: Link, at: np.ndarray) -> None:
        """Fill the columns of a late key."""
        columns = [
            _gathered(self.keys[link.parent][source], at).alias(column)
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


def _gathered(values: pl.Series, at: np.ndarray) -> pl.Series:
    """values[at], missing where `at` is below 0."""
    if not len(values):
        return pl.Series(values.name, [None] * len(at), dtype=values.dtype)
    places = pl.DataFrame({"at": np.maximum(at, 0), "there": at >= 0})
    return values.gather(places.select(pl.when("there").then("at")).to_series())


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
    return maker.ids is None or maker.ids.start is not None
