"""Constants, yes and no, ranges, sequences."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trasunto.errors import RecipeError
from trasunto.synthesizers.rules import Rules


def made(rule, rows=5000, seed=0):
    return Rules.of({"columns": {"x": rule}}).sample(rows, seed=seed).rows["x"]


@given(st.integers(-(2**61), 2**61), st.integers(0, 2**60), st.integers(1, 2**40))
@settings(max_examples=40, deadline=None)
def test_integers_stay_on_their_steps(low, width, step):
    found = made({"integer": [low, low + width], "step": step}, 200)
    assert found.dtype == pl.Int64
    assert found.min() >= low and found.max() <= low + width
    assert all((value - low) % step == 0 for value in found)


def test_integers_reach_both_ends_equally():
    counts = made({"integer": [1, 6]}, 60_000).value_counts()
    assert sorted(counts["x"]) == [1, 2, 3, 4, 5, 6]
    assert counts["count"].min() > 9_500 and counts["count"].max() < 10_500


def test_decimals_add_up():
    found = made({"decimal": [0, 0.3], "step": 0.05})
    assert sorted(found.unique()) == [0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3]
    assert sorted(made({"number": [-1, 1], "decimals": 1}).unique()) == [n / 10 for n in range(-10, 11)]
    assert made({"decimal": [1, 3], "decimals": 0}).dtype == pl.Int64


def test_numbers_fill_their_range():
    found = made({"number": [-3, 5]}, 20_000)
    assert -3 <= found.min() < -2.99 and 4.99 < found.max() <= 5
    assert abs(found.mean() - 1) < 0.1


def test_yes_has_its_probability():
    assert abs(made({"boolean": 0.3}, 20_000).mean() - 0.3) < 0.02
    assert made({"boolean": 1}).all() and not made({"boolean": 0}).any()


@pytest.mark.parametrize(("value", "kind"), [(5, pl.Int64), (2.5, pl.Float64), ("a", pl.String), (True, pl.Boolean)])
def test_constants_are_what_they_are(value, kind):
    found = made({"constant": value}, 3)
    assert found.to_list() == [value] * 3 and found.dtype == kind


def test_a_constant_can_be_missing():
    assert made({"constant": None}, 3).to_list() == [None] * 3


def test_sequences_go_on_over_blocks():
    found = made({"sequence": 7, "step": -3}, 70_000)
    assert found.to_list() == list(range(7, 7 - 3 * 70_000, -3))


def test_sequences_as_text_keep_their_width_and_outgrow_it():
    assert made({"sequence": 8, "format": "C-{:03}/x"}, 3).to_list() == ["C-008/x", "C-009/x", "C-010/x"]
    assert made({"sequence": 98, "format": "{:02d}"}, 4).to_list() == ["98", "99", "100", "101"]
    assert made({"sequence": 98, "format": "n{}"}, 3).to_list() == ["n98", "n99", "n100"]


def test_unique_integers_come_once_each():
    found = made({"integer": [1, 5000], "unique": True}, 5000)
    assert sorted(found) == list(range(1, 5001))
    assert found.to_list() != list(range(1, 5001))


def test_missing_values_have_their_share():
    assert abs(made({"integer": [1, 9], "missing": 0.25}, 20_000).null_count() / 20_000 - 0.25) < 0.02
    assert made({"integer": [1, 9], "missing": 1}, 10).null_count() == 10
    assert np.isclose(made({"normal": [0, 1], "missing": 0.5}, 1000).null_count(), 500, atol=80)


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"integer": [5, 1]}, "from 5 to 1"),
        ({"integer": ["a", 1]}, "'a'; it must be a number"),
        ({"integer": [1]}, r"Write it as integer: \[lowest, highest\]"),
        ({"integer": [1.5, 3]}, "whole numbers"),
        ({"integer": [0, 2**70]}, "whole numbers"),
        ({"integer": [0, 9], "step": 0}, "step is 0"),
        ({"number": [float("nan"), 1]}, "nan"),
        ({"decimal": [0.001, 0.002]}, "no number with 2 decimals"),
        ({"decimal": [0, 1], "decimals": 40}, "from 0 to 15"),
        ({"decimal": [0, 1e16]}, "more digits than a number holds"),
        ({"boolean": 2}, "a probability is from 0 to 1"),
        ({"constant": [1]}, "Give a number, a text"),
        ({"sequence": "x"}, "must be a number"),
        ({"sequence": 1, "step": 0}, "the step not 0"),
        ({"sequence": 2**63}, "too far"),
        ({"sequence": 1, "format": "abc"}, "Write it as"),
        ({"sequence": -1, "format": "A{}"}, "counts upwards"),
    ],
)
def test_refuses_and_says_why(rule, told):
    with pytest.raises(RecipeError, match=told):
        made(rule)
