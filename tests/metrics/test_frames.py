import gc
import weakref
from datetime import datetime

import numpy as np
import pytest

from trasunto.errors import MetricError
from trasunto.metrics.frames import OWN_PLACES, SHARED_PLACES, alike, arrays, at_most, for_trees
from trasunto.metrics.score import Comparison


def test_values_become_numbers_and_codes(build):
    real = build(
        n=("integer", [3, None]), c=("category", ["b", "b"]), b=("boolean", [True, None]), t=("text", ["a", "b"]),
        d=("datetime", [datetime(1970, 1, 1, 0, 0, 1), None]), i=("id", ["1", "2"]),
    )  # fmt: skip
    made = build(
        n=("integer", [1, 2]), c=("category", ["a", None]), b=("boolean", [False, True]), t=("text", ["a", "b"]),
        d=("datetime", [None, None]), i=("id", ["1", "2"]),
    )  # fmt: skip
    given = arrays(Comparison(real, made))
    assert given.names == ("n", "c", "b", "d")
    assert given.levels.tolist() == [0, 2, 2, 0]
    nan = np.nan
    np.testing.assert_array_equal(given.parts["real"], [[3, 0, 0, 1e6], [nan, 0, nan, nan]])
    np.testing.assert_array_equal(given.parts["synthetic"], [[1, 1, 1, nan], [2, nan, 0, nan]])
    assert "holdout" not in given.parts


def test_independent_columns_keep_their_values_and_lose_their_ties(draw):
    given = arrays(Comparison(draw(3_000, 0), draw(500, 1), seed=3))
    alone = given.parts["independent"]
    assert alone.shape == (500, 4)
    job, age = given.names.index("job"), given.names.index("age")
    assert set(alone[:, age]) <= set(given.parts["real"][:, age])
    income = given.names.index("income")
    known = ~np.isnan(alone[:, income])
    # 500 rows: a correlation by chance is within 4 / sqrt(500) = 0.18.
    assert abs(np.corrcoef(alone[known, age], alone[known, income])[0, 1]) < 0.18
    assert given.levels[job] == 3


def test_arrays_are_made_once_and_let_go_with_their_comparison(draw):
    comparison = Comparison(draw(20, 0), draw(20, 1))
    assert arrays(comparison) is arrays(comparison)
    watched = weakref.ref(comparison)
    del comparison
    gc.collect()
    assert watched() is None


def test_trees_are_given_at_most_250_codes(build):
    values = [str(place) for place in range(400)]
    given = arrays(Comparison(build(c=("category", values)), build(c=("category", values[::-1]))))
    folded = for_trees(given, given.parts["real"])
    assert len(np.unique(given.parts["real"])) == 400
    assert len(np.unique(folded)) == OWN_PLACES + SHARED_PLACES == folded.max() + 1
    # A value folds to the same code in every part.
    np.testing.assert_array_equal(folded, for_trees(given, given.parts["synthetic"])[::-1])


def test_infinite_and_huge_values_stay_numbers_whose_squares_are_numbers(build):
    real = build(x=("number", [1.0, float("inf"), 2.0]), y=("number", [1e308, -1e308, None]))
    given = arrays(Comparison(real, real))
    np.testing.assert_array_equal(given.parts["real"][:, 0], [1.0, 2.0, 2.0])
    assert np.isfinite(given.parts["real"][:2, 1] ** 2).all()


def test_another_kind_of_value_is_an_error_that_names_the_column(build):
    comparison = Comparison(build(age=("integer", [1, 2])), build(age=("category", ["old", "young"])))
    with pytest.raises(MetricError, match="Column 'age' is of kind integer in the real data, and the synthetic"):
        arrays(comparison)
    # Written another way, the values are the same.
    spelt = Comparison(build(age=("integer", [1, 2])), build(age=("category", ["1", "2"])))
    assert alike(spelt, ["age"])["synthetic"]["age"].to_list() == [1, 2]


def test_at_most_draws_without_replacement_in_order():
    rng = np.random.default_rng(0)
    drawn = at_most(np.arange(100), 10, rng)
    assert len(set(drawn)) == 10
    assert (np.diff(drawn) > 0).all()
    assert at_most(np.arange(5), 10, rng).tolist() == [0, 1, 2, 3, 4]
