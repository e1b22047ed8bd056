"""One column as a record: gaps, spikes, a law and its ends; written, read, mended; its codes and their shares."""

import numpy as np
import polars as pl
import pytest

from trasunto.data.dataset import Table
from trasunto.data.schema import Column, TableSchema
from trasunto.encoders.codes import fit_codes
from trasunto.encoders.families import FAMILIES
from trasunto.encoders.marginal import Marginal, fit_marginal


def fitted(values, kind="number", missing=0.0, families=tuple(FAMILIES), criterion="bic"):
    series = pl.Series("x", values).cast(
        {"number": pl.Float64, "integer": pl.Int64, "datetime": pl.Datetime("us")}[kind]
    )
    steps = fit_codes(Table(TableSchema((Column("x", kind),)), pl.DataFrame([series]))).columns["x"]
    numbers = series.cast(pl.Int64).cast(pl.Float64) if kind == "datetime" else series.cast(pl.Float64)
    return fit_marginal(
        numbers.to_numpy(),
        missing=missing,
        steps=steps,
        datetime=kind == "datetime",
        families=families,
        criterion=criterion,
    )


def drawn(marginal, rows=20_000, seed=0):
    """Values of codes drawn by their shares, missing ones left out."""
    steps, shares = marginal.steps()
    assert shares.sum() == pytest.approx(1) and len(shares) == steps.size
    rng = np.random.default_rng(seed)
    code = rng.choice(steps.size, rows, p=shares / shares.sum())
    code = code[code < len(steps.low)]
    return steps.low[code] + (steps.high - steps.low)[code] * rng.random(len(code))


def test_numbers_are_drawn_as_they_were():
    real = np.random.default_rng(0).gamma(2, 50, 5000)
    found = fitted(real, missing=0.2)
    assert found.law.family == "gamma" and found.grid == 0 and not found.spikes and found.missing == 0.2
    made = drawn(found)
    assert len(made) / 20_000 == pytest.approx(0.8, abs=0.015)
    for share in (0.01, 0.1, 0.5, 0.9, 0.99):
        assert np.quantile(made, share) == pytest.approx(np.quantile(real, share), rel=0.12)


def test_ends_are_means_of_five_and_no_one_is_left_beyond_them():
    real = np.sort(np.random.default_rng(1).normal(0, 1, 3000))
    found = fitted(real)
    assert (found.low, found.high) == pytest.approx((real[:5].mean(), real[-5:].mean()))
    made = drawn(found)
    assert found.low <= made.min() and made.max() <= found.high
    assert "1e" not in str(found.to_dict()["low"]) and real[0] not in (found.low, found.high)


def test_values_that_stand_out_are_spikes_and_the_rest_a_law():
    rng = np.random.default_rng(2)
    real = np.where(rng.random(6000) < 0.7, 0, np.where(rng.random(6000) < 0.1, 999, rng.poisson(60, 6000)))
    found = fitted(real, "integer")
    shares = dict(found.spikes)
    assert set(shares) == {0.0, 999.0}
    assert shares[0.0] == pytest.approx((real == 0).mean(), abs=0.002)
    # Of the whole numbers' laws a normal one is as good at a mean of 60: the criterion may like either.
    assert found.law.cdf(np.array([60.0])) == pytest.approx(0.53, abs=0.04)
    made = drawn(found)
    assert (made == 999).mean() == pytest.approx((real == 999).mean(), abs=0.01)


def test_a_few_values_are_listed_and_rare_ones_of_them_left_out():
    found = fitted([1] * 500 + [2] * 300 + [5] * 200 + [7] * 2, "integer")
    assert found.law is None and [value for value, _ in found.spikes] == [1, 2, 5]
    assert sum(share for _, share in found.spikes) == pytest.approx(1)


def test_the_grid_is_kept_and_tells_no_real_value():
    real = 1003 + 10 * np.random.default_rng(3).poisson(40, 3000)
    found = fitted(real, "integer")
    assert (found.grid, found.offset) == (10.0, 3.0)
    steps, _ = found.steps()
    assert ((steps.low - 3) % 10 == 0).all()


def test_an_empty_stretch_stays_empty():
    rng = np.random.default_rng(4)
    near, far = rng.normal(10, 1, 2000), rng.normal(1000, 30, 2000)
    found = fitted(np.concatenate([near, far]))
    assert found.empty[0] == pytest.approx((near.max(), far.min()), rel=0.1)
    made = drawn(found)
    above, below = found.empty[0]
    assert not ((made > above) & (made < below)).any()
    assert (made < 500).mean() == pytest.approx(0.5, abs=0.03)
    whole = fitted(np.concatenate([rng.integers(0, 50, 2000), rng.integers(5000, 5400, 2000)]), "integer")
    assert whole.empty == ((49, 5000),)
    assert not ((drawn(whole) > 49.999) & (drawn(whole) < 5000)).any()
    assert not fitted(rng.standard_cauchy(3000)).empty


def test_days_and_moments_are_written_as_such():
    days = pl.Series(pl.datetime_range(pl.datetime(2020, 1, 1), pl.datetime(2024, 12, 31), "1d", eager=True))
    found = fitted(days.to_list(), "datetime")
    told = found.to_dict()
    assert (told["low"], told["high"], told["unit"]) == ("2020-01-03", "2024-12-29", "days since 1970-01-01")
    assert found.law.family in ("uniform", "discrete uniform")
    steps, _ = found.steps()
    assert (steps.low % 86_400e6 == 0).all() and steps.grid == 86_400e6
    moments = [1_700_000_000_000_000 + 1_000_000 * int(each) for each in np.random.default_rng(0).normal(0, 9e4, 900)]
    told = fitted(moments, "datetime").to_dict()
    assert told["unit"] == "seconds since 1970-01-01" and told["low"].startswith("2023-11-1")


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (np.random.default_rng(0).lognormal(3, 1, 2000), "number"),
        (np.random.default_rng(0).poisson(3, 2000), "integer"),
        (np.round(np.random.default_rng(0).normal(3, 1, 2000), 2), "number"),
        ((np.random.default_rng(0).gamma(2, 1e15, 2000)).astype(np.int64), "datetime"),
        ([62_135_596_800_000_000 * -1, 253_402_214_400_000_000] * 20, "datetime"),
        ([1.5], "number"),
        ([1, 2], "integer"),
        ([7] * 3, "integer"),
        ([1e300, -1e300, 0.0] * 20, "number"),
        ([2**62, -(2**62), 0, 5] * 10, "integer"),
        ([], "number"),
    ],
    ids=["lognormal", "poisson", "cents", "moments", "ends of time", "one", "two", "same", "huge", "whole", "none"],
)
def test_a_record_is_read_as_it_was_written(values, kind):
    import yaml

    found = fitted(list(values), kind)
    again = Marginal.from_dict(yaml.safe_load(yaml.safe_dump(found.to_dict())))
    assert [list(part) for part in (again.steps()[0].low, again.steps()[1])] == [
        list(part) for part in (found.steps()[0].low, found.steps()[1])
    ]
    assert again.to_dict() == found.to_dict()
    assert np.isfinite(found.steps()[1]).all()


def test_aic_takes_richer_laws_than_bic():
    values = np.random.default_rng(5).gamma(1.05, 2, 400)
    assert fitted(values, criterion="aic").law.size >= fitted(values).law.size
    assert fitted(values, families=("normal",)).law.family == "normal"
    # Where no family applies there is the uniform one.
    assert fitted(-values, families=("pareto",)).law.family == "uniform"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"missing": 1.5}, "missing is 1.5"),
        ({"missing": "some"}, "missing is 'some'; it must be a number"),
        ({"missing": 0.5}, "add up to 1.5"),
        ({"share": 0.2}, "add up to 0.2"),
        ({"low": 1e9}, "low must be below high"),
        ({"family": "gama"}, "Did you mean"),
        ({"parameters": {"mean": 1e12, "deviation": 1.0}, "family": "normal"}, "gives nothing between low and high"),
        ({"unit": "weeks"}, "unit is 'weeks'; it must be one of days, seconds, microseconds"),
        ({"unit": "days since 1970-01-01", "low": "2020-13-45"}, "'2020-13-45' is no date"),
        ({"empty": [{"above": 5000, "below": 7000}]}, "empty stretches must lie"),
    ],
)
def test_a_faulty_edit_is_named(change, said):
    told = fitted(np.random.default_rng(0).gamma(2, 50, 2000)).to_dict()
    with pytest.raises(ValueError, match=said):
        Marginal.from_dict({**told, **change})
    told.pop("grid")
    with pytest.raises(ValueError, match="'grid' is not there"):
        Marginal.from_dict(told)


def test_a_mended_parameter_changes_what_is_drawn():
    found = fitted(np.random.default_rng(0).normal(100, 10, 2000))
    told = found.to_dict()
    told["parameters"]["mean"] = 120.0
    assert drawn(Marginal.from_dict(told)).mean() > drawn(found).mean() + 5
