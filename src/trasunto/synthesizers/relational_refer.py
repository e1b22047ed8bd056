"""Keys of drawn rows led to rows that are there: by another way up, by cell, level by level, or within a group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from trasunto.data.dataset import Table
from trasunto.data.relations import Link
from trasunto.synthesizers.relational_match import Side, apart, matched, quota
from trasunto.synthesizers.relational_parts import Label, Part
from trasunto.synthesizers.relational_plan import Plan
from trasunto.synthesizers.relational_rows import World, gathered_at


@dataclass
class Matching:
    """What matching needs of a drawing. keys: by table, the columns of its keys so far. free: whether nothing is asked
    of the rows, so that rows of copied tables are referred to as often as the real ones."""

    plan: Plan
    parts: Mapping[str, Part]
    copied: Mapping[str, Table]
    world: World
    keys: dict[str, pl.DataFrame]
    free: bool

    def match(self, part: Part, link: Link, rng: np.random.Generator) -> np.ndarray:
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
        itself = (texts == "self").fill_null(False).to_numpy()
        at[itself] = np.flatnonzero(itself)
        if not self.free or label.blind:
            straight = texts.str.starts_with("r").fill_null(False).to_numpy()
            at[straight] = numbers[straight]
        wanted = texts.is_not_null().to_numpy() & (at < 0)
        if label.blind:
            count = self.size(link.parent)
            at[wanted] = rng.integers(count, size=int(wanted.sum())) if count else -1
            return at
        cell = np.where(texts.str.contains("^[cr]").fill_null(False).to_numpy(), numbers, -1)
        if label.level:
            return self._by_level(part, link, at, cell, rng)
        free = np.flatnonzero(wanted)
        mine, theirs = self._groups(part, link)
        places = self._places(label, link, int(wanted.sum()), at, rng)
        parents = self._cells(label, link)
        open_ = np.flatnonzero(places > 0) if label.most == 1 and (at >= 0).any() else np.arange(len(places))
        found = matched(
            Side(cell[free], mine[free]),
            Side(parents[open_], theirs[open_]),
            places[open_],
            rng,
            most=label.most,
            firm=label.cells is None,
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
            every = quota(label.popular, wanted + int((at >= 0).sum()))
            return np.maximum(every - np.bincount(at[at >= 0], minlength=len(every)), 0)
        above = self.plan.unit_of(link.parent)
        assert above is not None
        degree = self.parts[above.name].degrees[link]
        counts = self.world.own[above.name].rows[degree.name].to_numpy().astype(np.int64)
        return np.maximum(counts - np.bincount(at[at >= 0], minlength=len(counts)), 0)

    def _cells(self, label: Label, link: Link) -> np.ndarray:
        parents = self.world.rows_at(link.parent)
        if label.cells is None:
            # Each row of a small copied table is a cell of its own.
            return np.arange(self.size(link.parent))
        return label.cells.of(parents) if label.cells.axes else np.zeros(self.size(link.parent), dtype=np.int64)

    def _groups(self, part: Part, link: Link) -> tuple[np.ndarray, np.ndarray]:
        """Numbers of the groups within which rows are matched: of the rows, and of the parent's."""
        label, unit = part.labels[link], part.unit
        rows, parents = self.world.size[unit.name], self.size(link.parent)
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
                    mine[column] = gathered_at(self.keys[other.parent][source], at)
                    break
            theirs[column] = self.keys[link.parent][link.references[link.columns.index(column)]].alias(column)
        both = pl.concat([pl.DataFrame(mine), pl.DataFrame(theirs)], how="vertical_relaxed")
        codes = both.select(pl.struct(pl.all()).rank("dense")).to_series().to_numpy().astype(np.int64)
        return codes[:rows], codes[rows:]

    def size(self, table: str) -> int:
        above = self.plan.unit_of(table)
        return len(self.copied[table]) if above is None else self.world.size[above.name]
