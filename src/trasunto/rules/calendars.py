"""Rules of days and times, on calendars: weekdays alone, holidays, opening hours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import numpy as np

from trasunto.data.schema import Column, Format
from trasunto.errors import RecipeError, near
from trasunto.rules.rule import Block, Rule, Spec
from trasunto.rules.values import Drawn

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_YEARLY = re.compile(r"^(\d{2})-(\d{2})$")
_HOURS = re.compile(r"^(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})$")
_STEP = re.compile(r"^(\d+)\s*(s|min|h)$")
_UNITS = {"s": 1, "min": 60, "h": 3600}
_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday; weekdays count from Monday.
_WHOLE_DAY = ((0, 86_400),)
MOST_DAYS = 3_660_000


@dataclass(frozen=True)
class Calendar:
    """Which moments are open.

    days: (7,) bool from Monday. holidays: days off, as datetime64[D]. yearly: (month, day) off in every year. hours:
    for each weekday, opening spans as seconds of the day (start, end).
    """

    days: tuple[bool, ...] = (True,) * 7
    holidays: tuple[np.datetime64, ...] = ()
    yearly: tuple[tuple[int, int], ...] = ()
    hours: tuple[tuple[tuple[int, int], ...], ...] = (_WHOLE_DAY,) * 7

    def open_days(self, first: np.datetime64, last: np.datetime64) -> np.ndarray:
        """The open days from first to last, both included: datetime64[D], in order."""
        days = np.arange(first, last + 1, dtype="datetime64[D]")
        return days[self.is_open(days)]

    def is_open(self, days: np.ndarray) -> np.ndarray:
        """(n,) bool for (n,) datetime64[D]."""
        found = np.array(self.days)[weekday(days)] & ~np.isin(days, self.off)
        for month, day in self.yearly:
            months = days.astype("datetime64[M]")
            in_month = months.view(np.int64) % 12 + 1 == month
            found &= ~(in_month & ((days - months).view(np.int64) + 1 == day))
        return np.asarray(found)

    @property
    def off(self) -> np.ndarray:
        return np.array(self.holidays, dtype="datetime64[D]")

    def later(self, days: np.ndarray, steps: np.ndarray) -> np.ndarray:
        """The open days `steps` open days after (before, when negative) each day; a closed day first moves on."""
        first, last = (int(days.view(np.int64).min()), int(days.view(np.int64).max())) if len(days) else (0, 0)
        reach = int(np.abs(steps).max(initial=0)) * 14 + 400
        known = self.open_days(np.datetime64(first - reach, "D"), np.datetime64(last + reach, "D"))
        at = np.searchsorted(known, days) + steps
        return known[np.clip(at, 0, len(known) - 1)]


def weekday(days: np.ndarray) -> np.ndarray:
    """(n,) int64, Monday is 0."""
    return np.asarray((days.astype("datetime64[D]").view(np.int64) + _EPOCH_WEEKDAY) % 7)


def completed_years(birth: np.ndarray, on: Any) -> np.ndarray:
    """(n,) int64 years completed from (n,) days of birth to the day `on` (one, or (n,)), all datetime64[D]."""
    born, at = (days.astype("datetime64[M]") for days in (birth, np.asarray(on)))
    before = (on - at.astype("datetime64[D]")) < (birth - born.astype("datetime64[D]"))
    return np.asarray((at.astype(np.int64) - born.astype(np.int64) - before) // 12)


@dataclass(frozen=True)
class Dates:
    """An open day, all equally likely. open_days: datetime64[D]."""

    open_days: np.ndarray = field(repr=False)
    needs: tuple[str, ...] = ()

    @property
    def capacity(self) -> int | None:
        return len(self.open_days)

    def column(self, name: str) -> Column:
        form = Format(pattern="%Y-%m-%d", date_only=True)
        return Column(name, "datetime", nullable=False, format=form, declared=True)

    def draw(self, block: Block, name: str) -> Drawn:
        return Drawn(self.open_days[block.rng(name).integers(0, len(self.open_days), block.rows)])

    def nth(self, index: np.ndarray, block: Block, name: str) -> Drawn:
        return Drawn(self.open_days[index.astype(np.int64)])


@dataclass(frozen=True)
class Moments:
    """An open moment, all equally likely.

    days: the open days, datetime64[D]. ends: moments open up to the end of each day. spans: for each weekday, the
    start of each opening span as a step of the day, and how many moments of the day come before it. step: seconds.
    """

    days: np.ndarray = field(repr=False)
    ends: np.ndarray = field(repr=False)
    spans: tuple[tuple[np.ndarray, np.ndarray], ...] = field(repr=False)
    step: int
    needs: tuple[str, ...] = ()

    @property
    def capacity(self) -> int | None:
        return int(self.ends[-1])

    def column(self, name: str) -> Column:
        form = Format(pattern="%Y-%m-%d %H:%M:%S")
        return Column(name, "datetime", nullable=False, format=form, declared=True)

    def draw(self, block: Block, name: str) -> Drawn:
        return Drawn(self._at(block.rng(name).integers(0, int(self.ends[-1]), block.rows)))

    def nth(self, index: np.ndarray, block: Block, name: str) -> Drawn:
        return Drawn(self._at(index.astype(np.int64)))

    def _at(self, places: np.ndarray) -> np.ndarray:
        each = int(self.ends[0])
        if len(self.ends) * each == int(self.ends[-1]) and (np.diff(self.ends) == each).all():
            day = places // each
            within = places - day * each
        else:
            day = np.searchsorted(self.ends, places, side="right")
            within = places - np.where(day > 0, self.ends[day - 1], 0)
        which = weekday(self.days)[day]
        step = np.empty(len(places), dtype=np.int64)
        for number in range(7):
            mine = np.flatnonzero(which == number)
            if len(mine):
                starts, before = self.spans[number]
                span = np.searchsorted(before, within[mine], side="right") - 1
                step[mine] = starts[span] + within[mine] - before[span]
        return self.days[day].astype("datetime64[us]") + (step * (self.step * 1_000_000)).view("timedelta64[us]")


def dates(spec: Spec) -> Rule:
    """`date: [first, last]`; `days`, `holidays`, `calendar`."""
    first, last = _ends(spec, "D")
    calendar = _calendar_of(spec, hours=False)
    return Dates(_days(spec, calendar, first, last))


def moments(spec: Spec) -> Rule:
    """`datetime: [first, last]`; `days`, `holidays`, `hours`, `calendar`, `step` ("1s", "15min", "1h")."""
    first, last = _ends(spec, "s")
    calendar = _calendar_of(spec, hours=True)
    written = str(spec.option("step", "1s"))
    found = _STEP.match(written)
    step = int(found[1]) * _UNITS[found[2]] if found else 0
    if not 1 <= step <= 86_400:
        raise spec.wrong(f"step is {written!r}.", "Write it as 1s, 15min or 1h, at most a day.")
    days = _days(spec, calendar, first.astype("datetime64[D]"), last.astype("datetime64[D]"))
    spans = tuple(_spans(hours, step) for hours in calendar.hours)
    sizes = np.array([before[-1] for _, before in spans])[weekday(days)]
    if not sizes.any():
        raise spec.wrong("no moment is open.", "Widen the hours, or make the step smaller.")
    kept = sizes > 0
    ends = np.cumsum(sizes[kept], dtype=np.int64)
    made = Moments(days[kept], ends, tuple((starts, before[:-1]) for starts, before in spans), step)
    return _cut(spec, made, first, last)


def _cut(spec: Spec, made: Moments, first: np.datetime64, last: np.datetime64) -> Rule:
    """Refuse ends within the day that opening spans do not begin or end at: days are drawn whole."""
    starts = made._at(np.array([0, int(made.ends[-1]) - 1], dtype=np.int64))
    if starts[0] < first or starts[1] > last:
        opening, closing = starts.astype("datetime64[s]")
        raise spec.wrong(
            f"the first open moment is {opening} and the last {closing}, outside {first} to {last}.",
            "Give whole days as ends and opening hours for the time of day.",
        )
    return made


def _spans(hours: tuple[tuple[int, int], ...], step: int) -> tuple[np.ndarray, np.ndarray]:
    """(start of each span in steps, moments before each span and, last, in all)."""
    starts = np.array([-(-start // step) for start, _ in hours], dtype=np.int64)
    sizes = np.array([max(0, -(-end // step) - -(-start // step)) for start, end in hours], dtype=np.int64)
    return starts, np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


def _days(spec: Spec, calendar: Calendar, first: np.datetime64, last: np.datetime64) -> np.ndarray:
    if (last - first).astype(int) > MOST_DAYS:
        raise spec.wrong(f"{first} to {last} is more than 10,000 years.")
    days = calendar.open_days(first, last)
    if not len(days):
        raise spec.wrong(f"no day from {first} to {last} is open.", "Widen the dates, the weekdays or the holidays.")
    return days


def _ends(spec: Spec, unit: str) -> tuple[np.datetime64, np.datetime64]:
    if not isinstance(spec.value, list | tuple) or len(spec.value) != 2:
        raise spec.wrong(f"{spec.rule} is {spec.value!r}.", f"Write it as {spec.rule}: [2020-01-01, 2024-12-31].")
    first, last = (moment(spec, each) for each in spec.value)
    whole_last = isinstance(spec.value[1], date) and not isinstance(spec.value[1], datetime)
    if unit == "s" and (whole_last or (isinstance(spec.value[1], str) and len(spec.value[1].strip()) == 10)):
        last = last + np.timedelta64(86_399, "s")
    if first > last:
        raise spec.wrong(f"{spec.rule} goes from {spec.value[0]} to {spec.value[1]}.", "Write the earlier one first.")
    return first.astype(f"datetime64[{unit}]"), last.astype(f"datetime64[{unit}]")


def moment(spec: Spec, value: Any) -> np.datetime64:
    """A date or a moment as YAML or JSON has it."""
    try:
        if isinstance(value, date):
            return np.datetime64(value.replace(tzinfo=None) if isinstance(value, datetime) else value, "s")
        return np.datetime64(datetime.fromisoformat(str(value)).replace(tzinfo=None), "s")
    except ValueError as error:
        raise spec.wrong(f"{value!r} is no date.", "Write it as 2026-01-31 or 2026-01-31 09:30:00.") from error


def _calendar_of(spec: Spec, hours: bool) -> Calendar:
    name = spec.option("calendar")
    own = {key: spec.option(key) for key in ("days", "holidays", *(("hours",) if hours else ())) if key in spec.options}
    if name is not None and own:
        raise spec.wrong(f"it has a calendar and {', '.join(own)} of its own.", "Put all of it into the calendar.")
    if name is None:
        return calendar_of(own, spec.about)
    if name not in spec.calendars:
        raise spec.wrong(f"there is no calendar {name!r}.", near(str(name), spec.calendars))
    found: Calendar = spec.calendars[name]
    return found


def calendar_of(document: Any, about: str) -> Calendar:
    """A calendar from `days`, `holidays` and `hours`. RecipeError, beginning with `about`, for anything else."""
    if not isinstance(document, Mapping):
        raise RecipeError(f"{about}: a calendar is a mapping, not {document!r}.", "Give days, holidays and hours.")
    for key in document:
        if key not in ("days", "holidays", "hours"):
            raise RecipeError(f"{about}: a calendar has no {key!r}.", near(str(key), ("days", "holidays", "hours")))
    days = _week(document.get("days", "mon-sun"), about)
    fixed, yearly = _holidays(document.get("holidays") or [], about)
    return Calendar(days, fixed, yearly, _opening(document.get("hours", "00:00-24:00"), about))


def _week(written: Any, about: str) -> tuple[bool, ...]:
    """`mon-fri`, `sat`, or a list of them."""
    found = [False] * 7
    for part in [written] if isinstance(written, str) else written if isinstance(written, list | tuple) else [written]:
        ends = [end.strip().lower()[:3] for end in str(part).split("-")]
        if len(ends) > 2 or any(end not in WEEKDAYS for end in ends):
            raise RecipeError(f"{about}: {part!r} is no weekday.", "Write mon-fri, or a list of mon, tue, wed, …")
        at, last = WEEKDAYS.index(ends[0]), WEEKDAYS.index(ends[-1])
        found[at] = True
        while at != last:
            at = (at + 1) % 7
            found[at] = True
    return tuple(found)


def _holidays(written: Any, about: str) -> tuple[tuple[np.datetime64, ...], tuple[tuple[int, int], ...]]:
    fixed: list[np.datetime64] = []
    yearly: list[tuple[int, int]] = []
    for each in written if isinstance(written, list | tuple) else [written]:
        found = _YEARLY.match(str(each))
        try:
            if found:
                yearly.append((date(2024, int(found[1]), int(found[2])).month, int(found[2])))
            else:
                fixed.append(np.datetime64(date.fromisoformat(str(each)), "D"))
        except ValueError as error:
            raise RecipeError(
                f"{about}: {each!r} is no holiday.", 'Write 2026-12-25, or "12-25" for every year.'
            ) from error
    return tuple(fixed), tuple(yearly)


def _opening(written: Any, about: str) -> tuple[tuple[tuple[int, int], ...], ...]:
    """One text or list for all days, or {mon-fri: [...], sat: "10:00-14:00"}."""
    if not isinstance(written, Mapping):
        return (_day_spans(written, about),) * 7
    found: list[tuple[tuple[int, int], ...]] = [()] * 7
    for days, spans in written.items():
        for number, mine in enumerate(_week(days, about)):
            if mine:
                found[number] = _day_spans(spans, about)
    return tuple(found)


def _day_spans(written: Any, about: str) -> tuple[tuple[int, int], ...]:
    spans: list[tuple[int, int]] = []
    for each in written if isinstance(written, list | tuple) else [written]:
        found = _HOURS.match(str(each))
        start, end = (int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])) if found else (0, 0)
        if not 0 <= start < end <= 1440 or (spans and start * 60 < spans[-1][1]):
            raise RecipeError(f"{about}: {each!r} are no opening hours.", 'Write "09:00-14:00", in order of the day.')
        spans.append((start * 60, end * 60))
    return tuple(spans)
