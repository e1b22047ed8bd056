import numpy as np
import pytest

from trasunto.metrics.distances import of_categories, of_numbers
from trasunto.metrics.interval import around

NAN = np.nan


def test_missing_is_one_more_category():
    distance = of_categories(np.array([0.0, 0, 1, NAN]), 2)
    assert distance(np.array([0.0, 0, 1, NAN]))[0] == 0
    assert distance(np.array([NAN, NAN]))[0] == pytest.approx(0.75)


def test_numbers_differ_by_the_greater_of_values_and_missing_shares():
    distance = of_numbers(np.array([1.0, 2, 3, 4]))
    assert distance(np.array([1.0, 2, 3, 4, NAN, NAN, NAN, NAN]))[0] == pytest.approx(0.5)
    assert distance(np.array([3.0, 4, 3, 4]))[0] == pytest.approx(0.5)
    assert distance(np.array([NAN, NAN]))[0] == 1.0
    assert of_numbers(np.array([NAN, NAN]))(np.array([NAN]))[0] == 0.0


@pytest.mark.parametrize("kind", ["categories", "numbers", "missing"])
def test_influence_gives_the_bootstraps_interval(kind):
    rng = np.random.default_rng(2)
    if kind == "categories":
        real, made = rng.integers(0, 4, 2_000) * 1.0, rng.choice(4, 1_000, p=[0.4, 0.3, 0.2, 0.1]) * 1.0
        distance = of_categories(real, 4)
    else:
        real, made = rng.normal(0, 1, 2_000), rng.normal(0.5, 1, 1_000)
        made[: 600 if kind == "missing" else 100] = NAN
        distance = of_numbers(real)
    value, influence = distance(made)
    half = around(value, influence, 0.0, 1.0)[1] - value
    drawn = [distance(made[rng.integers(0, 1_000, 1_000)])[0] for _ in range(400)]
    # The spread of 400 draws is known to within 3.5 % (one standard error); four of them are allowed.
    assert half == pytest.approx(1.96 * np.std(drawn), rel=0.15)
