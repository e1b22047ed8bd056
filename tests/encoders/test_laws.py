"""Laws: quantiles are the inverse of the distribution function, and what a person writes is checked word by word."""

import numpy as np
import pytest

from trasunto.encoders.laws import Law, law_of


def test_quantiles_are_those_of_the_law_cut_to_its_ends():
    law = Law("normal", {"mean": 0.0, "deviation": 1.0})
    found = law.quantile(np.array([0.0, 0.25, 0.5, 1.0]), -1.0, 1.0)
    assert found[[0, 2, 3]] == pytest.approx([-1, 0, 1], abs=1e-9)
    below = law.between(-1.0, float(found[1])) / law.between(-1.0, 1.0)
    assert below == pytest.approx(0.25)


def test_the_price_of_a_law_is_its_free_parameters():
    assert Law("normal", {"mean": 0.0, "deviation": 1.0}).size == 2
    assert Law("poisson", {"start": 0.0, "mean": 4.0, "step": 1.0}).size == 1
    assert Law("gamma", {"start": 3.0, "shape": 1.0, "scale": 1.0}).size == 3
    assert Law("mixture", {"weights": [0.5, 0.5], "means": [0.0, 1.0], "deviations": [1.0, 1.0]}).size == 5


def test_a_law_is_read_as_it_was_written():
    law = Law("gamma", {"start": 0.0, "shape": 2.5, "scale": 3.0})
    assert law_of(law.family, law.parameters) == law
    assert law_of("gamma", {"scale": 3, "shape": 2.5, "start": 0}) == law


@pytest.mark.parametrize(
    ("family", "parameters", "said"),
    [
        ("gama", {}, "no family 'gama'.*Did you mean 'gamma'"),
        ("normal", {"mean": 1}, "has the parameters mean, deviation, not mean"),
        ("normal", {"mean": 1, "deviaton": 2}, "not mean, deviaton"),
        ("normal", None, "not none"),
        ("normal", {"mean": "x", "deviation": 2}, "mean of 'normal' is 'x'; it must be a number"),
        ("normal", {"mean": float("nan"), "deviation": 2}, "must be a number"),
        ("normal", {"mean": True, "deviation": 2}, "must be a number"),
        ("normal", {"mean": 1, "deviation": 0}, "deviation of 'normal' is 0; it must be above 0"),
        ("uniform", {"low": 2, "high": 1}, "low must be below high"),
        ("triangular", {"low": 0, "mode": 7, "high": 5}, "mode between them"),
        ("geometric", {"start": 0, "probability": 1.5, "step": 1}, "must be at most 1"),
        ("mixture", {"weights": [1.0], "means": [1, 2], "deviations": [1, 2]}, "must be as many"),
        ("mixture", {"weights": [1.0, 1.0], "means": [1, 2], "deviations": [1, 2]}, "add up to 2"),
    ],
)
def test_what_is_wrong_is_named(family, parameters, said):
    with pytest.raises(ValueError, match=said):
        law_of(family, parameters)
