"""Texts of regular expressions match them, and unique ones are all different."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trasunto.errors import RecipeError, SampleError
from trasunto.synthesizers.rules import Rules


def made(regex, rows=300, unique=False, seed=0):
    return Rules.of({"columns": {"x": {"regex": regex, "unique": unique}}}).sample(rows, seed=seed).rows["x"]


REGEX = st.recursive(
    st.sampled_from(
        ["a", "Z", r"\d", "[a-f]", "[^0-9]", "[A-C0-3_]", "ñ", "[áé€]", r"\w", r"\s", ".", r"\.", r"[\d-]"]
    ),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map("".join)
        | st.lists(inner, min_size=2, max_size=3).map(lambda ways: f"({'|'.join(ways)})")
        | st.tuples(inner, st.sampled_from(["?", "{2}", "{0,2}", "{1,3}"])).map(lambda t: f"(?:{t[0]}){t[1]}")
    ),
    max_leaves=6,
)


@given(REGEX)
@settings(max_examples=80, deadline=None)
def test_every_text_matches(regex):
    assert all(re.fullmatch(regex, text) for text in made(regex, 40))


@pytest.mark.parametrize(
    ("regex", "size"), [(r"[a-c]\d?", 33), ("(ab|c[de])", 3), ("[01]{0,3}", 15), ("x", 1), ("(ñ|[€a]b)", 3)]
)
def test_all_texts_can_be_counted_off(regex, size):
    found = made(regex, size, unique=True)
    assert found.n_unique() == size
    assert all(re.fullmatch(regex, text) for text in found)
    with pytest.raises(SampleError, match=f"allow {size} rows"):
        made(regex, size + 1, unique=True)


def test_many_unique_texts_are_different():
    assert made("[A-HJ-NP-Z]{4}-[2-9]{6}", 100_000, unique=True).n_unique() == 100_000


def test_letters_branches_and_repeats_are_equally_likely():
    found = made("(x|y)[ab]{1,2}", 40_000)
    assert abs(found.str.starts_with("x").mean() - 0.5) < 0.02
    assert abs((found.str.len_chars() == 2).mean() - 0.5) < 0.02
    assert abs(found.str.slice(1, 1).eq("a").mean() - 0.5) < 0.02


@pytest.mark.parametrize(
    ("regex", "told"),
    [
        ("[a-", "cannot read the regex"),
        ("a*", "has no end"),
        ("a+", "has no end"),
        ("(?=a)b", "is not supported"),
        (r"(a)\1", "is not supported"),
        ("(?i:a)", "sets flags"),
        ("((a{100}){100}){100}", "longer than 1000"),
        (5, "Give a text"),
    ],
)
def test_refuses_and_says_why(regex, told):
    with pytest.raises(RecipeError, match=told):
        made(regex)


def test_texts_with_two_ways_to_them_cannot_be_unique():
    with pytest.raises(RecipeError, match="cannot be counted"):
        made("a?a?b", unique=True)
