"""Named distributions have the shape their name and parameters say."""

import numpy as np
import polars as pl
import pytest
import scipy.stats

from trasunto.errors import RecipeError
from trasunto.rules.distributions import DISCRETE, NUMPY, families
from trasunto.synthesizers.rules import Rules

PARAMETERS = {
    "normal": [3, 2], "lognormal": [0.5, 0.7], "gamma": [2.5, 3], "beta": [2, 5], "exponential": [4],
    "uniform": [-1, 4], "triangular": [0, 1, 5], "weibull": [1.7], "pareto": [3], "power": [2.5], "laplace": [1, 2],
    "logistic": [1, 2], "gumbel": [1, 2], "rayleigh": [2], "chisquare": [4], "standard_t": [5], "vonmises": [0.5, 2],
    "wald": [2, 3], "poisson": [3.2], "binomial": [12, 0.3], "geometric": [0.2], "negative_binomial": [4, 0.4],
    "hypergeometric": [30, 40, 20], "logseries": [0.6], "zipf": [3.5],
}  # fmt: skip


def made(rule, rows=20_000, seed=0):
    return Rules.of({"columns": {"x": rule}}).sample(rows, seed=seed).rows["x"]


def twin(family):
    """The distribution of scipy.stats a rule is checked and truncated with."""
    from trasunto.rules.distributions import _SCIPY

    name, named = _SCIPY[family](**dict(zip(NUMPY[family], PARAMETERS[family], strict=True)))
    return getattr(scipy.stats, name)(**named)


def test_every_family_is_tried():
    assert set(PARAMETERS) == set(NUMPY)
    assert len(families()) > 120


@pytest.mark.parametrize("family", sorted(NUMPY))
def test_draws_follow_the_same_law_as_the_one_that_truncates(family):
    found, law = made({family: PARAMETERS[family]}).to_numpy(), twin(family)
    if family in DISCRETE:
        assert found.dtype == np.int64
        values = np.arange(found.min(), np.quantile(found, 0.99) + 1)
        shares = (found[:, None] <= values).mean(axis=0)
        # Kolmogorov and Smirnov's bound at one in 100,000; it is conservative for whole numbers.
        assert abs(shares - law.cdf(values)).max() < np.sqrt(np.log(2 / 1e-5) / 2 / len(found))
    else:
        assert scipy.stats.kstest(found, law.cdf).pvalue > 1e-5


@pytest.mark.parametrize(
    ("rule", "low", "high"),
    [
        ({"normal": [0, 1], "min": -0.5, "max": 2}, -0.5, 2),
        ({"normal": [0, 1], "min": 3}, 3, np.inf),
        ({"normal": [0, 1], "min": 9}, 9, np.inf),
        ({"gamma": [2, 3], "max": 0.5}, -np.inf, 0.5),
    ],
)
def test_truncated_keeps_the_shape_between_its_ends(rule, low, high):
    found = made(rule).to_numpy()
    name = next(iter(rule))
    law = scipy.stats.norm if name == "normal" else scipy.stats.gamma(2, scale=3)
    least, most = law.sf(max(low, -40)), law.sf(high)
    assert found.min() >= low and found.max() <= high
    assert scipy.stats.kstest(found, lambda x: (least - law.sf(x)) / (least - most)).pvalue > 1e-5


def test_truncated_whole_numbers_include_both_ends():
    found = made({"poisson": 3.2, "min": 2, "max": 4})
    assert sorted(found.unique()) == [2, 3, 4] and found.dtype == pl.Int64
    assert sorted(made({"poisson": 3.2, "min": 11, "max": 13}).unique())[:2] == [11, 12]


def test_decimals_round():
    assert made({"normal": [170, 8], "decimals": 0}).dtype == pl.Int64
    two = made({"lognormal": [3.2, 0.6], "decimals": 2})
    assert np.allclose(two, two.round(2)) and two.n_unique() > 2000


def test_any_law_of_scipy_goes_by_its_name():
    found = made({"skewnorm": {"a": 5, "loc": 1, "scale": 2}}).to_numpy()
    assert scipy.stats.kstest(found, scipy.stats.skewnorm(5, 1, 2).cdf).pvalue > 1e-5
    assert made({"bernoulli": 0.3}).dtype == pl.Int64


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"normal": [1, 2, 3]}, "3 numbers were given"),
        ({"normal": [1, -2]}, "cannot have loc 1, scale -2"),
        ({"normal": {"mu": 1}}, "no parameter 'mu'. There are: loc, scale"),
        ({"gamma": {}}, "needs shape"),
        ({"normal": "x"}, "Give its parameters: loc, scale"),
        ({"binomial": [10, 1.5]}, "cannot have n 10, p 1.5"),
        ({"normal": [0, 1], "min": 5, "max": 1}, "Write the lower number as min"),
        ({"normal": [0, 1], "min": 50, "max": 60}, "has nothing from 50 to 60"),
        ({"beta": [2, 3], "min": 5}, "has nothing from 5"),
        ({"normal": [0, 1], "min": 0.2, "max": 0.8, "decimals": 0}, "no whole number"),
        ({"normal": [0, 1], "decimals": -1}, "from 0 to 15"),
        ({"normal": [0, 1], "unique": True}, "cannot be counted"),
        ({"gausian": [0, 1]}, "Did you mean 'gaussian_kde'|Did you mean|There are"),
    ],
)
def test_refuses_and_says_why(rule, told):
    with pytest.raises(RecipeError, match=told):
        made(rule)
