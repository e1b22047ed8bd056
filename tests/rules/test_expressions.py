"""Expressions over columns and chance: the same values as Python gives, row by row; nothing else is let in."""

from datetime import date, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trasunto.errors import RecipeError
from trasunto.synthesizers.rules import Rules

BASE = {
    "a": {"integer": [-9, 9]},
    "b": {"integer": [1, 9]},
    "x": {"number": [-2, 2]},
    "word": {"choices": ["Ávila", "león", "Rey"]},
    "code": {"regex": "[A-Z]{2}[0-9]{1,3}"},
    "day": {"date": ["2019-12-20", "2020-03-10"]},
    "at": {"datetime": ["2020-01-01", "2020-12-31"], "step": "1min"},
    "gap": {"choices": {1: 0.5, None: 0.5}},
}


def made(rows=300, seed=0, **columns):
    return (
        Rules.of({"columns": BASE | {name: {"expression": text} for name, text in columns.items()}})
        .sample(rows, seed=seed)
        .rows
    )


NUMBER = st.recursive(
    st.sampled_from(["a", "b", "2", "3", "7"]),
    lambda inner: (
        st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(lambda t: f"({' '.join(t)})")
        | st.tuples(inner, inner).map(lambda t: f"min({t[0]}, {t[1]})")
        | inner.map(lambda t: f"abs({t})")
        | st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} if {t[1]} < {t[2]} else {t[2]})")
    ),
    max_leaves=8,
)


@given(NUMBER)
@settings(max_examples=40, deadline=None)
def test_numbers_are_what_python_computes(text):
    found = made(40, y=text)
    for row in found.iter_rows(named=True):
        assert row["y"] == eval(text, {"min": min, "abs": abs}, row)


@pytest.mark.parametrize(
    ("text", "python"),
    [
        ("a / b", lambda r: r["a"] / r["b"]),
        ("a // b", lambda r: r["a"] // r["b"]),
        ("a % b", lambda r: r["a"] % r["b"]),
        ("b ** 2", lambda r: r["b"] ** 2),
        ("-a", lambda r: -r["a"]),
        ("a < 3 and b > 2 or not a > 0", lambda r: (r["a"] < 3 and r["b"] > 2) or not r["a"] > 0),
        ("1 < b <= 4", lambda r: 1 < r["b"] <= 4),
        ("a in [1, 2, 5]", lambda r: r["a"] in [1, 2, 5]),
        ("word in ['Rey', 'x']", lambda r: r["word"] in ["Rey", "x"]),
        ("word not in ['Rey']", lambda r: r["word"] not in ["Rey"]),
        ("word == 'Rey'", lambda r: r["word"] == "Rey"),
        ("code > 'M'", lambda r: r["code"] > "M"),
        ("word < code", lambda r: r["word"].encode() < r["code"].encode()),
        ("upper(word)", lambda r: r["word"].upper()),
        ("lower(code)", lambda r: r["code"].lower()),
        ("title(word)", lambda r: r["word"].title()),
        ("length(word) + length(code)", lambda r: len(r["word"]) + len(r["code"])),
        ("word[:2] + '-' + code[-1]", lambda r: r["word"][:2] + "-" + r["code"][-1]),
        ("code[2:]", lambda r: r["code"][2:]),
        ("replace(code, 'A', 'aa')", lambda r: r["code"].replace("A", "aa")),
        ("f'{word}/{b:03d}/{x:.2f}'", lambda r: f"{r['word']}/{r['b']:03d}/{round(r['x'], 2):.2f}"),
        ("f'{day:%d.%m.%Y}'", lambda r: f"{r['day']:%d.%m.%Y}"),
        ("text(a) + 'x'", lambda r: f"{r['a']}x"),
        ("year(day) * 10000 + month(day) * 100 + day(day)", lambda r: int(f"{r['day']:%Y%m%d}")),
        ("hour(at) * 60 + minute(at)", lambda r: r["at"].hour * 60 + r["at"].minute),
        ("weekday(day)", lambda r: r["day"].isoweekday()),
        ("days(day - date('2020-01-01'))", lambda r: (r["day"] - datetime(2020, 1, 1)).days),
        ("day > '2020-01-15'", lambda r: r["day"] > datetime(2020, 1, 15)),
        ("age(day, date('2030-02-28'))", lambda r: 2030 - r["day"].year - ((r["day"].month, r["day"].day) > (2, 28))),
        ("gap is None", lambda r: r["gap"] is None),
        ("gap + 1", lambda r: None if r["gap"] is None else r["gap"] + 1),
        ("5 if gap == 1 else a", lambda r: 5 if r["gap"] == 1 else r["a"]),
        ("'x' if a > 0 else None", lambda r: "x" if r["a"] > 0 else None),
        ("max(a, b, 3)", lambda r: max(r["a"], r["b"], 3)),
        ("clip(a, -2, 4)", lambda r: min(max(r["a"], -2), 4)),
        ("round(x, 1)", lambda r: float(np.round(r["x"], 1))),
        ("floor(x) + ceil(x)", lambda r: int(np.floor(r["x"])) + int(np.ceil(r["x"]))),
        ("where(a > 0, 'p', 'n')", lambda r: "p" if r["a"] > 0 else "n"),
    ],
)  # fmt: skip
def test_values_are_what_python_computes(text, python):
    for row in made(y=text).iter_rows(named=True):
        assert row["y"] == python(row), row


@pytest.mark.parametrize(
    ("text", "python"),
    [
        ("sqrt(x)", np.sqrt),
        ("log(x)", np.log),
        ("exp(x)", np.exp),
        ("sin(x) + cos(x)", lambda x: np.sin(x) + np.cos(x)),
    ],
)
def test_what_cannot_be_computed_is_missing(text, python):
    found = made(y=text)
    with np.errstate(all="ignore"):
        wanted = python(found["x"].to_numpy())
    there = np.isfinite(wanted)
    assert np.array_equal(found["y"].is_not_null().to_numpy(), there)
    assert np.allclose(found["y"].drop_nulls().to_numpy(), wanted[there])


def test_division_by_nothing_is_missing():
    found = made(y="b / (a - a)", z="a % (b - b)")
    assert found["y"].null_count() == found["z"].null_count() == 300


def test_chance_is_drawn_around_other_columns():
    found = made(50_000, salary="20000 + 900*b + normal(0, 3000)")
    rest = found["salary"] - 20_000 - 900 * found["b"]
    assert abs(rest.mean()) < 80 and abs(rest.std() - 3000) < 80
    assert abs(np.corrcoef(rest, found["b"])[0, 1]) < 0.03


def test_parameters_of_chance_can_be_columns():
    found = made(30_000, n="poisson(b)", i="integer(a, a + b)", c="chance(b / 10)", w="choice('u', 'v')")
    means = found.group_by("b").agg(pl.col("n").mean(), pl.col("c").mean())
    for b, n, c in means.iter_rows():
        assert abs(n - b) < 0.3 and abs(c - b / 10) < 0.06
    assert (found["i"] >= found["a"]).all() and (found["i"] <= found["a"] + found["b"]).all()
    assert abs((found["w"] == "u").mean() - 0.5) < 0.02


def test_two_draws_of_one_expression_are_different():
    found = made(y="normal(0, 1) - normal(0, 1)")
    assert found["y"].abs().min() > 0


def test_dates_move_by_lengths_of_time():
    found = made(y="day + days(b)", z="at + hours(2) - minutes(30)")
    assert ((found["y"] - found["day"]).dt.total_days() == found["b"]).all()
    assert ((found["z"] - found["at"]).dt.total_minutes() == 90).all()


def test_workdays_are_those_of_a_calendar():
    document = {
        "calendars": {"shop": {"days": "mon-sat", "holidays": ["2020-01-06"]}},
        "columns": {
            "day": {"date": ["2020-01-01", "2020-01-20"]},
            "n": {"integer": [0, 9]},
            "plain": {"expression": "workdays(day, n)"},
            "shop": {"expression": "workdays(day, n, 'shop')"},
            "back": {"expression": "workdays(day, -n)"},
        },
    }
    found = Rules.of(document).sample(400, seed=0).rows
    day, n = found["day"].to_numpy().astype("datetime64[D]"), found["n"].to_numpy()
    shop = np.busdaycalendar("1111110", holidays=["2020-01-06"])
    assert np.array_equal(found["plain"].to_numpy().astype("datetime64[D]"), np.busday_offset(day, n, roll="forward"))
    assert np.array_equal(
        found["shop"].to_numpy().astype("datetime64[D]"), np.busday_offset(day, n, roll="forward", busdaycal=shop)
    )
    assert ((found["back"] - found["day"]).dt.total_days() <= 2).all()
    assert set(found["back"].dt.weekday()) == {1, 2, 3, 4, 5}


def test_odd_names_stand_in_backticks_and_row_counts():
    document = {"columns": {"Fare (€)": {"integer": [1, 9]}, "y": {"expression": "`Fare (€)` * 10 + row()"}}}
    found = Rules.of(document).sample(5, seed=0).rows
    assert (found["y"] == found["Fare (€)"] * 10 + pl.Series(range(5))).all()


def test_bounds_decimals_and_kind():
    rules = {
        "y": {"expression": "normal(0, 9)", "min": 0, "max": 5, "decimals": 1},
        "n": {"expression": "normal(0, 9)", "decimals": 0},
    }
    rules["t"] = {"expression": "choice('a', 'b')", "kind": "text"}
    model = Rules.of({"columns": rules})
    found = model.sample(2000, seed=0).rows
    assert found["y"].min() == 0 and found["y"].max() == 5 and found["y"].n_unique() == 51
    assert found["n"].dtype == pl.Int64
    assert [column.kind for column in model.schema.only.columns] == ["number", "integer", "text"]
    assert model.schema.only["y"].bounds == (0, 5)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1 +", "cannot read the expression"),
        ("", "cannot read the expression"),
        ("foo(1)", "no function 'foo'. *|Did you mean 'floor'"),
        ("().__class__", "holds Attribute, which is not allowed"),
        ("(lambda: 1)()", "no function"),
        ("__import__('os')", "no function '__import__'"),
        ("[x for x in a]", "holds ListComp"),
        ("open('x')", "no function 'open'"),
        ("nothing + 1", "needs 'nothing', which is not there"),
        ("word * 2", "texts can be added, and nothing else"),
        ("word > 2", "a text is compared with a number"),
        ("log(word)", "a text stands where a number or a date is needed"),
        ("upper(a)", "a number or a date stands where a text is needed"),
        ("year(a)", "a date is needed"),
        ("day - day", "is a length of time"),
        ("normal(0, -1)", "scale < 0"),
        ("integer(5, 1)", "low > high|low >= high"),
        ("chance(2)", "not from 0 to 1"),
        ("abs()", "abs takes 1 values"),
        ("abs(a, key=1)", "takes no named values"),
        ("max(*a)", "takes no"),
        ("date('x')", "cannot be drawn"),
        ("workdays(day, 1, 'x')", "there is no calendar 'x'"),
        ("a & b", "Use and, or, not"),
        ("a in b", "`in` needs a list of constants"),
        ("f'{a:>9}'", "is not known"),
        ("f'{a:%Y}'", "is for dates"),
        ("word[a]", "the slice"),
        ("a if b > 1 else word", "one side of a choice is a text"),
        ("3 if a is b else 1", "None can be asked for"),
    ],
)
def test_refuses_and_says_why(text, told):
    with pytest.raises(RecipeError, match=told):
        made(y=text)


def test_columns_that_need_each_other_are_told_in_order():
    with pytest.raises(RecipeError, match="p → q → p"):
        made(p="q + 1", q="p + 1")


def test_dates_of_given_days_are_days():
    found = made(3, y="date('2020-02-03')")
    assert found["y"].to_list() == [datetime(2020, 2, 3)] * 3
    assert found["y"][0].date() == date(2020, 2, 3)
