"""Choices with weights, and a rule for each case of another column."""

from datetime import date, datetime

import polars as pl
import pytest

from trasunto.errors import RecipeError
from trasunto.synthesizers.rules import Rules


def made(rows=5000, seed=0, **columns):
    return Rules.of({"columns": columns}).sample(rows, seed=seed).rows


def test_choices_have_their_weights():
    found = made(50_000, x={"choices": {"a": 0.7, "b": 0.25, "c": 0.05}})["x"]
    shares = {value: count / 50_000 for value, count in found.value_counts().iter_rows()}
    assert shares == pytest.approx({"a": 0.7, "b": 0.25, "c": 0.05}, abs=0.01)


@pytest.mark.parametrize(
    ("choices", "kind", "values"),
    [
        ([1, 2], pl.Int64, {1, 2}),
        ([1, 2.5], pl.Float64, {1.0, 2.5}),
        ([True, False], pl.Boolean, {True, False}),
        (["a", 2, True], pl.String, {"a", "2", "true"}),
        ({4.99: 1, None: 1}, pl.Float64, {4.99, None}),
        ([["1", 2], ["2", 3]], pl.String, {"1", "2"}),
    ],
)
def test_choices_have_one_type(choices, kind, values):
    found = made(x={"choices": choices})["x"]
    assert found.dtype == kind and set(found) == values


def test_a_weight_of_nothing_is_never_drawn():
    assert set(made(20_000, x={"choices": {"a": 1, "b": 0, "c": 2}})["x"]) == {"a", "c"}


def test_unique_choices_come_once():
    assert sorted(made(3, x={"choices": ["a", "b", "c"], "unique": True})["x"]) == ["a", "b", "c"]


def test_cases_follow_their_column():
    found = made(
        plan={"choices": ["free", "plus", "pro", "none"]},
        fee={
            "by": "plan",
            "cases": {"free": 0, "plus": {"choices": [4.99, 3.99]}, "pro": {"normal": [20, 4], "min": 10, "max": 40}},
        },
    )
    by = {name: set(part["fee"]) for (name,), part in found.group_by("plan")}
    assert by["free"] == {0.0} and by["plus"] == {4.99, 3.99} and by["none"] == {None}
    assert min(by["pro"]) >= 10 and len(by["pro"]) > 500


def test_cases_can_be_spans_and_the_first_that_holds_counts():
    found = made(
        age={"integer": [0, 99]},
        band={"by": "age", "cases": {"< 18": "young", "18..64": "grown", 65: "just", ">= 65": "old"}},
    )
    for age, band in found.iter_rows():
        assert band == ("young" if age < 18 else "grown" if age < 65 else "just" if age == 65 else "old")


def test_cases_nest_for_tables_of_several_columns():
    price = {"S": 1, "L": 2}
    found = made(
        size={"choices": ["S", "L"]},
        colour={"choices": ["red", "blue"]},
        price={
            "by": "size",
            "cases": {size: {"by": "colour", "cases": {"red": n, "blue": 10 * n}} for size, n in price.items()},
        },
    )
    for size, colour, found_price in found.iter_rows():
        assert found_price == price[size] * (1 if colour == "red" else 10)


def test_cases_of_booleans_numbers_and_missing_values():
    found = made(
        old={"boolean": 0.5, "missing": 0.1},
        n={"by": "old", "cases": {True: 1, False: 2}},
        m={"choices": [1, 2, None]},
        t={"by": "m", "cases": {1: "one", 2: "two"}, "otherwise": "neither"},
    )
    assert set(found.drop_nulls("old").filter(pl.col("old"))["n"]) == {1}
    assert set(found.filter(pl.col("m").is_null())["t"]) == {"neither"}
    assert set(found.filter(pl.col("m") == 2)["t"]) == {"two"}


def test_cases_may_mix_texts_and_numbers_whatever_a_block_holds():
    # The rare case is in few blocks or none; each column keeps its type.
    found = made(
        80_000,
        b={"choices": {"u": 1, "v": 0.00003}},
        mixed={"by": "b", "cases": {"u": 1, "v": "x"}},
        number={"by": "b", "cases": {"v": 5}},
        text={"by": "b", "cases": {"v": {"regex": "[a-z]{3}"}, "u": None}},
        day={"by": "b", "cases": {"v": {"date": ["2020-01-01", "2020-02-01"]}}},
        year={"expression": "year(day)"},
        more={"expression": "number + 1"},
        joined={"expression": "f'{mixed}-{text}'"},
    )
    assert found.dtypes == [pl.String, pl.String, pl.Int64, pl.String, pl.Datetime("us"), pl.Int64, pl.Int64, pl.String]
    rare, common = found.filter(pl.col("b") == "v"), found.filter(pl.col("b") == "u")
    assert 0 < rare.height < 20
    assert set(rare["number"]) == {5} and set(rare["more"]) == {6} and set(rare["year"]) == {2020}
    assert rare["joined"].str.contains(r"^x-[a-z]{3}$").all()
    assert common["joined"].null_count() == common.height and set(common["mixed"]) == {"1"}


def test_all_cases_may_be_missing():
    assert made(3, b={"constant": 1}, a={"by": "b", "cases": {1: None}})["a"].to_list() == [None] * 3


def test_dates_in_cases_are_dates():
    found = made(
        200,
        b={"choices": ["u", "v"]},
        d={"by": "b", "cases": {"u": {"date": [date(2020, 1, 1), date(2020, 1, 9)]}, "v": None}},
    )
    assert found["d"].dtype == pl.Datetime("us")
    assert found["d"].drop_nulls().max() <= datetime(2020, 1, 9)


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"choices": []}, r"Write \[a, b\] or"),
        ({"choices": 5}, r"Write \[a, b\] or"),
        ({"choices": [None]}, "only choice is missing"),
        ({"choices": {"x": "a", "y": 1}}, "weight of 'x' is 'a'; it must be a number"),
        ({"choices": {"x": -1, "y": 1}}, "must be 0 or more"),
        ({"choices": {"x": 0}}, "all weights are 0"),
        ({"by": "b"}, "by needs cases"),
        ({"by": ["b"], "cases": {1: 2}}, "Give the name of a column"),
        ({"by": "c", "cases": {1: 2}}, "needs 'c', which is not there"),
        ({"by": "b", "cases": {1: {"intger": [1, 2]}}}, "case 1: no rule among 'intger'. Did you mean 'integer'"),
        ({"by": "b", "cases": {1: {"sequence": 1}}}, "a sequence counts all rows"),
    ],
)
def test_refuses_and_says_why(rule, told):
    with pytest.raises(RecipeError, match=told):
        made(b={"constant": 1}, a=rule)
