"""One drawing of ordered rows, round by round: the first rows of all owners, then all second rows, and so on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from trasunto.data.dataset import Table, held
from trasunto.data.expressions import parse
from trasunto.data.schema import TableSchema
from trasunto.errors import SampleError
from trasunto.synthesizers.children_asked import RowModel
from trasunto.synthesizers.children_forms import Forms
from trasunto.synthesizers.children_past import Past, known_of_owners
from trasunto.synthesizers.children_rules import beside as beside_before
from trasunto.synthesizers.model import Model

# Rows that miss a condition are drawn again, so many times over in each turn; in the last as soon as can be.
TRIED = ((4, False), (16, False), (64, False), (16, True))
# How often gaps that lead beyond the last known time are drawn again.
TRIES = 3


@dataclass(frozen=True)
class Wanted:
    """What is asked of a drawing. first: rows drawn before with the same seed."""

    counts: np.ndarray
    seed: int
    first: int = 0
    where: str | None = None
    temperature: float = 1.0


class Drawing:
    """One call of `Children.draw`, round by round."""

    def __init__(
        self, schema: TableSchema, forms: Forms, models: Mapping[tuple[str, str], Model], past: Past, wanted: Wanted
    ) -> None:
        self.schema, self.forms, self.models, self.past, self.wanted = schema, forms, models, past, wanted
        self.counts = wanted.counts
        taken = frozenset(schema.names)
        owners = known_of_owners(past.context, taken)
        self.asked = {key: RowModel(model, owners, taken) for key, model in models.items()}
        self.frames: list[pl.DataFrame] = []
        self.owner: list[np.ndarray] = []
        self.place: list[np.ndarray] = []
        self.begun = np.zeros(len(wanted.counts), dtype=np.int64)
        self.calls = self.drawn = 0
        whole = parse(wanted.where, forms.whole) if wanted.where else None
        plain = {name for name, form in forms.forms.items() if form.how == "value" and name != forms.order}
        made = [name for name in whole.columns if name in forms.ids] if whole else []
        if made:
            raise SampleError(f"Column {made[0]!r} is made anew: nothing can be asked of it.", "Ask of other columns.")
        parts = [part for part in whole.parts if set(parse(part, forms.whole).columns) <= plain] if whole else []
        self.where = whole
        self.direct = " and ".join(f"({part})" for part in parts) or None

    def begin(self, rows: Table, owner: np.ndarray) -> None:
        """Real first rows of some owners."""
        names = self.schema.names
        lost = [name for name in names if name not in rows.schema]
        if lost:
            raise SampleError(f"The rows to go on from lack column {lost[0]!r}.", f"Give {', '.join(names)}.")
        owner = np.asarray(owner, dtype=np.int64)
        self.begun = np.bincount(owner, minlength=len(self.counts))
        if len(owner) != len(rows) or (np.diff(owner) < 0).any() or len(self.begun) != len(self.counts):
            raise SampleError("The rows to go on from do not stand owner by owner.", "Sort them by owner.")
        if (self.begun > self.counts).any():
            at = int(np.argmax(self.begun - self.counts))
            raise SampleError(
                f"An owner begins with {self.begun[at]} rows and shall have {self.counts[at]}.",
                "Ask for as many or more.",
            )
        frame = pl.DataFrame([rows.rows[c.name].cast(held(c, rows.rows[c.name].dtype)) for c in self.schema.columns])
        start = np.cumsum(self.begun) - self.begun
        numbers = {name: form.numbers(frame[name]) for name, form in self.forms.forms.items()}
        self._end(frame, start)
        for place in range(int(self.begun.max(initial=0))):
            who = np.flatnonzero(self.begun > place)
            self.past.push(who, {name: each[start[who] + place] for name, each in numbers.items()})
        self._keep(frame, owner, np.arange(len(owner)) - start[owner])

    def _end(self, frame: pl.DataFrame, start: np.ndarray) -> None:
        """Owners whose last row ends a sequence have no more."""
        who = np.flatnonzero(self.begun)
        ended = who[self.forms.rules.ended(frame[(start + self.begun - 1)[who].tolist()])]
        self.counts = self.counts.copy()
        self.counts[ended] = self.begun[ended]

    def round(self, place: int) -> None:
        """The row at this place of every owner that has one and has it not yet."""
        who = np.flatnonzero((self.counts > place) & (self.begun <= place))
        if not who.size:
            return
        frame, numbers = self._rows(who, place)
        for copies, soon in TRIED:
            missed = ~self._met(frame, who)
            if not missed.any():
                break
            for left in (True, False):
                some = np.flatnonzero(missed & ((self.left(who) > 0) == left))
                if some.size:
                    frame, numbers = self._again(frame, numbers, who, some, place, (copies, soon))
        unmet = int((~self._met(frame, who)).sum())
        if unmet:
            asked = [self.where.text] if self.where is not None else []
            asked += [rule.text for rule in (*self.forms.rules.again, *self.forms.rules.ends)]
            raise SampleError(
                f"Row {place + 1} of {unmet} owners could not be made to meet {' and '.join(map(repr, asked))}, given "
                "the rows before it.",
                "Ask for something likelier.",
            )
        self.past.push(who, numbers)
        for name, ids in self.forms.ids.items():
            rng = np.random.default_rng([self.wanted.seed, self.wanted.first, place])
            fresh = ids.make(len(who), rng, first=self.wanted.first + self.drawn, key=self.wanted.seed)
            frame = frame.with_columns(fresh.alias(name).cast(held(self.schema[name], fresh.dtype)))
        self.drawn += len(who)
        self._keep(frame, who, np.full(len(who), place))

    def _again(
        self,
        frame: pl.DataFrame,
        numbers: dict[str, np.ndarray],
        who: np.ndarray,
        missed: np.ndarray,
        place: int,
        turn: tuple[int, bool],
    ) -> tuple[pl.DataFrame, dict[str, np.ndarray]]:
        """The rows with others at those that miss a condition or a rule, where one of so many new ones keeps it."""
        copies, soon = turn
        several = np.repeat(who[missed], copies)
        other, again = self._rows(several, place, again=True, soon=soon)
        good = self._met(other, several).reshape(len(missed), copies)
        mended = good.any(axis=1)
        chosen = np.flatnonzero(mended) * copies + good[mended].argmax(axis=1)
        at, picked = missed[mended].tolist(), other[chosen.tolist()]
        frame = frame.with_columns(frame[n].scatter(at, picked[n]).alias(n) for n in frame.columns)
        for name, values in again.items():
            numbers[name][at] = values[chosen]
        return frame, numbers

    def result(self) -> tuple[Table, np.ndarray]:
        """All rows, owner by owner."""
        schema = self.schema
        if not self.frames:
            empty = {c.name: pl.Series([], dtype=held(c)) for c in schema.columns}
            return Table(schema, pl.DataFrame(empty)), np.empty(0, dtype=np.int64)
        rows, owner = pl.concat(self.frames), np.concatenate(self.owner)
        sorted_ = np.lexsort((np.concatenate(self.place), owner))
        return Table(schema, rows[sorted_].select(schema.names)), owner[sorted_]

    def left(self, who: np.ndarray) -> np.ndarray:
        """(len(who),) how many rows follow the next one of each."""
        after: np.ndarray = self.counts[who] - 1 - self.past.place[who]
        return after

    def _met(self, frame: pl.DataFrame, who: np.ndarray) -> np.ndarray:
        """(len(who),) bool: whether each row is as asked and keeps the rules."""
        rules = self.forms.rules
        rows = self._beside(frame, who) if rules.again or self.where is not None else frame
        good = rules.kept(rows, self.left(who))
        return good & self.where.holds(rows).to_numpy() if self.where is not None else good

    def _beside(self, frame: pl.DataFrame, who: np.ndarray) -> pl.DataFrame:
        """Rows with the columns of their owners and the values of the rows before beside."""
        owners = self.past.context.rows
        known = [owners[name][who] for name in owners.columns if name not in self.schema]
        earlier = {n: f.series(self.past.last[n][0, who]) for n, f in self.forms.forms.items()}
        return beside_before(frame.with_columns(known), earlier)

    def _rows(
        self, who: np.ndarray, place: int, *, again: bool = False, soon: bool = False
    ) -> tuple[pl.DataFrame, dict[str, np.ndarray]]:
        """One row for each of these owners: as a frame, and as numbers for what comes after."""
        part = "next" if place and any(key[0] == "next" for key in self.models) else "first"
        order = self.forms.order
        made: dict[str, pl.Series] = {}
        now = None
        if order is not None:
            now = self._time(order, part, who, soon)
            made[order] = self.forms.forms[order].series(now)
        names = self.forms.drawn("values", first=part == "first")
        if names:
            keep = self.forms.rules.open if again and (self.left(who) > 0).all() else ""
            where = " and ".join([each for each in (self.direct, keep) if each]) or None
            drawn = self._asked(part, "values", who, now, where)
            for name in names:
                form = self.forms.forms[name]
                since = self.past.origin(form, who, now, first=part == "first")
                moved = None if since is None else form.moved(since, drawn[name])
                made[name] = drawn[name] if moved is None else form.series(moved)
        frame = pl.DataFrame([made[n].alias(n).cast(held(self.schema[n], made[n].dtype)) for n in made])
        if self.forms.rules.computed:
            frame = self.forms.rules.compute(self._beside(frame, who), self.schema)
        frame = frame.select(list(self.forms.forms))
        return frame, {name: form.numbers(frame[name]).copy() for name, form in self.forms.forms.items()}

    def _time(self, order: str, part: str, who: np.ndarray, soon: bool) -> np.ndarray:
        """(len(who),) the place of the next row of each in the order, not beyond the last known one. soon: as little
        after the row before as rows may be."""
        form = self.forms.forms[order]
        since = self.past.origin(form, who, None, first=part == "first")
        now = np.empty(len(who))
        waiting = np.arange(len(who))
        for _ in range(TRIES):
            drawn = self._asked(part, "time", who[waiting], None, None)[order]
            now[waiting] = form.numbers(drawn) if since is None else form.moved(since[waiting], drawn)
            waiting = np.flatnonzero(now > form.high)
            if not waiting.size:
                break
        last = self.past.last[order][0, who]
        floor = np.where(np.isnan(last), -np.inf, last + max(form.least, 0.0))
        if soon:
            now = np.where(np.isnan(last), now, floor)
        kept: np.ndarray = np.maximum(np.minimum(now, form.high), floor)
        return kept

    def _asked(self, part: str, what: str, who: np.ndarray, now: np.ndarray | None, where: str | None) -> pl.DataFrame:
        """What a row model draws for these owners."""
        self.calls += 1
        told = self.past.told(who, now, first=part == "first")
        number = int(np.random.SeedSequence([self.wanted.seed, self.wanted.first, self.calls]).generate_state(1)[0])
        return self.asked[part, what].draw(who, told, seed=number, where=where, temperature=self.wanted.temperature)

    def _keep(self, frame: pl.DataFrame, owner: np.ndarray, place: np.ndarray) -> None:
        self.frames.append(frame.select(self.schema.names))
        self.owner.append(owner)
        self.place.append(place)
