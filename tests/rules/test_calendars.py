"""Days and times on calendars: weekdays, holidays, opening hours."""

from datetime import date, datetime, time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trasunto.errors import RecipeError
from trasunto.rules.calendars import Calendar, calendar_of, completed_years
from trasunto.synthesizers.rules import Rules


def made(rule, rows=3000, **document):
    return Rules.of({"columns": {"x": rule}, **document}).sample(rows, seed=0).rows["x"]


def test_dates_are_all_days_of_their_span():
    found = made({"date": ["2024-02-27", "2024-03-02"]})
    assert sorted({day.date().isoformat() for day in found.unique()}) == [
        "2024-02-27", "2024-02-28", "2024-02-29", "2024-03-01", "2024-03-02",
    ]  # fmt: skip


def test_dates_keep_to_weekdays_and_holidays():
    calendar = {"days": "mon-fri", "holidays": ["12-25", "2024-01-01", date(2024, 5, 1)]}
    found = made(
        {"date": [date(2023, 12, 1), date(2025, 12, 31)], "calendar": "office"}, calendars={"office": calendar}
    )
    days = {day.date() for day in found}
    assert {day.weekday() for day in days} == {0, 1, 2, 3, 4}
    assert not days & {date(2024, 1, 1), date(2024, 5, 1), *(date(year, 12, 25) for year in (2023, 2024, 2025))}
    assert {(12, 24), (12, 26)} & {(day.month, day.day) for day in days}


def test_times_keep_to_opening_hours_by_weekday():
    rule = {
        "datetime": ["2024-01-01", "2024-12-31"],
        "days": "mon-sat",
        "hours": {"mon-fri": ["09:00-14:00", "16:30-20:00"], "sat": "10:00-13:00"},
        "step": "15min",
    }
    found = made(rule, 20_000)
    for moment in found.unique():
        now = moment.time()
        spans = [(10, 0, 13, 0)] if moment.weekday() == 5 else [(9, 0, 14, 0), (16, 30, 20, 0)]
        assert moment.weekday() < 6 and moment.minute % 15 == 0
        assert any(time(a, b) <= now < time(c, d) for a, b, c, d in spans)
    # Every open quarter of an hour is as likely as the next: a weekday has 34 of them, a Saturday 12.
    saturdays = (found.dt.weekday() == 6).mean()
    assert abs(saturdays - 52 * 12 / (52 * 12 + 262 * 34)) < 0.02
    assert {moment.time() for moment in found} >= {time(9, 0), time(13, 45), time(16, 30), time(19, 45)}


def test_times_of_whole_days_reach_both_ends():
    found = made({"datetime": ["2024-01-01", "2024-01-02"], "step": "1h"}, 2000)
    assert found.min() == datetime(2024, 1, 1) and found.max() == datetime(2024, 1, 2, 23)


def test_unique_days_come_once():
    assert made({"date": ["2024-01-01", "2024-12-31"], "unique": True}, 366).n_unique() == 366
    rule = {"datetime": ["2024-01-01", "2024-01-02"], "hours": "09:00-10:00", "step": "1min", "unique": True}
    assert made(rule, 120).n_unique() == 120


DAYS = st.integers(-20_000, 40_000).map(lambda n: np.datetime64(n, "D"))


@given(st.lists(DAYS, min_size=1, max_size=30), st.lists(DAYS, max_size=8), st.integers(1, 127), st.integers(-40, 40))
@settings(max_examples=60, deadline=None)
def test_later_counts_open_days_as_numpy_does(days, holidays, mask, steps):
    week = tuple(bool(mask >> n & 1) for n in range(7))
    found = Calendar(week, tuple(holidays)).later(np.array(days), np.full(len(days), max(steps, 0)))
    known = np.busdaycalendar(list(week), holidays=holidays)
    assert np.array_equal(found, np.busday_offset(days, max(steps, 0), roll="forward", busdaycal=known))


@given(st.dates(date(1900, 1, 1), date(2020, 1, 1)), st.dates(date(2020, 1, 1), date(2100, 1, 1)))
def test_completed_years_are_counted_as_people_do(birth, on):
    years = on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day))
    assert completed_years(np.array([birth], "datetime64[D]"), np.datetime64(on, "D"))[0] == years


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"date": ["2020-01-02", "2020-01-01"]}, "Write the earlier one first"),
        ({"date": ["2020-13-01", "2021-01-01"]}, "'2020-13-01' is no date"),
        ({"date": ["2020-01-01"]}, r"Write it as date: \["),
        ({"date": ["2020-01-01", "2021-01-01"], "calendar": "x"}, "there is no calendar 'x'"),
        ({"date": ["2024-01-06", "2024-01-07"], "days": "mon-fri"}, "no day from 2024-01-06 to 2024-01-07 is open"),
        ({"date": ["2024-01-06", "2024-01-07"], "days": "foo"}, "'foo' is no weekday"),
        ({"date": ["2024-01-06", "2024-01-07"], "holidays": ["13-45"]}, "'13-45' is no holiday"),
        ({"datetime": ["2024-01-06", "2024-01-07"], "step": "7 parsecs"}, "Write it as 1s, 15min or 1h"),
        ({"datetime": ["2024-01-06", "2024-01-07"], "hours": "9-5"}, "are no opening hours"),
        ({"datetime": ["2024-01-06", "2024-01-07"], "hours": "09:01-09:05", "step": "15min"}, "no moment is open"),
        ({"datetime": ["2024-01-06 10:00:00", "2024-01-07"]}, "Give whole days as ends"),
        ({"date": ["0001-01-01", "9999-12-31"]}, None),
    ],
)
def test_refuses_and_says_why(rule, told):
    if told is None:
        assert made(rule, 5).len() == 5
        return
    with pytest.raises(RecipeError, match=told):
        made(rule)


@pytest.mark.parametrize(("document", "told"), [([], "a mapping"), ({"dayz": 1}, "Did you mean 'days'")])
def test_a_calendar_says_what_it_is_made_of(document, told):
    with pytest.raises(RecipeError, match=told):
        calendar_of(document, "Calendar 'x'")


def test_a_calendar_and_its_own_days_exclude_each_other():
    rule = {"date": ["2024-01-06", "2024-01-07"], "calendar": "c", "days": "mon-fri"}
    with pytest.raises(RecipeError, match="Put all of it into the calendar"):
        made(rule, calendars={"c": {"days": "mon-sun"}})
