"""Families: distribution functions against SciPy's, parameters found again, the right family picked."""

import math

import numpy as np
import pytest
from scipy import stats

from trasunto.encoders.families import FAMILIES
from trasunto.encoders.laws import WRITTEN, Law, ranked
from trasunto.encoders.marginal import _sample

ROWS = 4000
# By family: parameters as they are written, and SciPy's distribution with the same.
KNOWN = {
    "normal": ({"mean": 3.0, "deviation": 2.0}, stats.norm(3, 2)),
    "logistic": ({"mean": -4.0, "scale": 1.5}, stats.logistic(-4, 1.5)),
    "laplace": ({"median": 10.0, "scale": 3.0}, stats.laplace(10, 3)),
    "student t": ({"degrees": 3.0, "centre": 5.0, "scale": 2.0}, stats.t(3, 5, 2)),
    "gumbel": ({"mode": 7.0, "scale": 2.0}, stats.gumbel_r(7, 2)),
    "uniform": ({"low": -2.0, "high": 5.0}, stats.uniform(-2, 7)),
    "triangular": ({"low": 1.0, "mode": 2.0, "high": 6.0}, stats.triang(0.2, 1, 5)),
    "beta": ({"low": 0.0, "high": 4.0, "alpha": 1.2, "beta": 0.8}, stats.beta(1.2, 0.8, 0, 4)),
    "truncated normal": ({"mean": 1.0, "deviation": 2.0, "low": 0.0, "high": 4.0}, stats.truncnorm(-0.5, 1.5, 1, 2)),
    "exponential": ({"start": 0.0, "mean": 4.0}, stats.expon(0, 4)),
    "half-normal": ({"start": 0.0, "scale": 2.0}, stats.halfnorm(0, 2)),
    "lognormal": ({"start": 0.0, "mean_log": 1.0, "deviation_log": 0.7}, stats.lognorm(0.7, 0, math.e)),
    "gamma": ({"start": 0.0, "shape": 2.5, "scale": 3.0}, stats.gamma(2.5, 0, 3)),
    "weibull": ({"start": 0.0, "shape": 1.7, "scale": 5.0}, stats.weibull_min(1.7, 0, 5)),
    "inverse gaussian": ({"start": 0.0, "mean": 2.0, "shape": 3.0}, stats.invgauss(2 / 3, 0, 3)),
    "pareto": ({"least": 2.0, "index": 2.5}, stats.pareto(2.5, 0, 2)),
    "poisson": ({"start": 0.0, "mean": 4.0, "step": 1.0}, stats.poisson(4)),
    "geometric": ({"start": 0.0, "probability": 0.2, "step": 1.0}, stats.geom(0.2, -1)),
    "negative binomial": ({"start": 0.0, "successes": 3.0, "probability": 0.3, "step": 1.0}, stats.nbinom(3, 0.3)),
    "binomial": ({"start": 0.0, "trials": 20.0, "probability": 0.3, "step": 1.0}, stats.binom(20, 0.3)),
    "discrete uniform": ({"low": 2.0, "high": 9.0, "step": 1.0}, stats.randint(2, 10)),
}
# Parameters that are found again only to within so much of themselves; all others to 12 %.
LOOSE = {"degrees": 0.7, "successes": 0.3, "trials": 0.5, "probability": 0.3, "least": 0.2}
# Families that a richer one takes in, or that others are as near to.
ALIKE = {"truncated normal", "triangular", "half-normal", "logistic", "beta"}


def drawn(law, seed=0):
    return np.sort(law.rvs(size=ROWS, random_state=np.random.default_rng(seed)).astype(float))


def sample(values, grid):
    return _sample(values, values[:5].mean().round(12), values[-5:].mean().round(12), grid)


def test_every_family_is_known_here():
    assert set(KNOWN) | {"mixture"} == set(FAMILIES) == set(WRITTEN)
    for family, (parameters, _) in KNOWN.items():
        assert list(parameters) == [word.rstrip("+") for word in WRITTEN[family].split()]


@pytest.mark.parametrize("family", KNOWN)
def test_the_distribution_function_is_scipys(family):
    parameters, law = KNOWN[family]
    ends = law.ppf([0.001, 0.999])
    values = np.unique(
        np.concatenate([np.linspace(*ends, 101), [ends[0] - 1, ends[1] + 1], np.arange(*np.floor(ends))])
    )
    assert Law(family, parameters).cdf(values) == pytest.approx(law.cdf(values), abs=1e-6)


@pytest.mark.parametrize("family", KNOWN)
def test_parameters_are_found_again(family):
    parameters, law = KNOWN[family]
    values = drawn(law)
    found = ranked(sample(values, parameters.get("step", 0.0)), (family,), "bic")[0][1].parameters
    width = values[-1] - values[0]
    for key, value in parameters.items():
        room = max(LOOSE.get(key, 0.12) * abs(value), 0.02 * width)
        assert abs(found[key] - value) < room, key


@pytest.mark.parametrize("family", sorted(set(KNOWN) - ALIKE))
def test_the_right_family_is_near_the_top(family):
    """Within a difference of 10 ("very strong evidence", Kass and Raftery 1995) of the best, of all families."""
    parameters, law = KNOWN[family]
    found = ranked(sample(drawn(law, 1), parameters.get("step", 0.0)), tuple(FAMILIES), "bic")
    best = min(score for score, each in found if each.family == family)
    assert best < found[0][0] + 10


def test_a_mixture_finds_its_parts():
    rng = np.random.default_rng(0)
    values = np.sort(np.concatenate([rng.normal(0, 1, 3000), rng.normal(10, 2, 1000)]))
    law = ranked(sample(values, 0.0), tuple(FAMILIES), "bic")[0][1]
    assert law.family == "mixture" and len(law.parameters["weights"]) == 2
    order = np.argsort(law.parameters["means"])
    assert np.array(law.parameters["weights"])[order] == pytest.approx([0.75, 0.25], abs=0.02)
    assert np.array(law.parameters["means"])[order] == pytest.approx([0, 10], abs=0.3)
    assert np.array(law.parameters["deviations"])[order] == pytest.approx([1, 2], abs=0.2)
    assert law.cdf(np.array([-100.0, 100.0])) == pytest.approx([0, 1])


def test_values_that_start_late_are_fitted_from_their_start():
    values = np.sort(1000 + np.random.default_rng(0).exponential(3, ROWS))
    law = ranked(sample(values, 0.0), ("exponential",), "bic")[0][1]
    assert law.parameters["start"] == pytest.approx(1000, abs=0.05)
    assert law.parameters["mean"] == pytest.approx(3, rel=0.1)


def test_heavy_tails_do_not_upset_any_family():
    values = np.sort(stats.cauchy(0, 1).rvs(size=ROWS, random_state=np.random.default_rng(0)))
    found = ranked(sample(values, 0.0), tuple(FAMILIES), "bic")
    assert found[0][1].family == "student t" and found[0][1].parameters["degrees"] == 1
    assert all(math.isfinite(score) for score, _ in found)
