"""Diffusion: what it must learn is built into small tables, what is asked of it holds to the row."""

import hashlib

import numpy as np
import polars as pl
import pytest

import trasunto as tr
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, TableSchema
from trasunto.errors import FitError, SampleError
from trasunto.networks.course import Watch, watched
from trasunto.synthesizers.diffusion import Diffusion
from trasunto.synthesizers.joint import Evidence

torch = pytest.importorskip("torch")
QUICK = {"width": 32, "hidden": 64, "blocks": 1, "epochs": 6, "steps": 8, "groups": 32}
KINDS = {pl.String: "category", pl.Int64: "integer", pl.Float64: "number"}


def of_columns(**columns):
    frame = pl.DataFrame(columns)
    schema = TableSchema(tuple(Column(name, KINDS[frame[name].dtype.base_type()]) for name in frame.columns))
    return Dataset.of(Table(schema, frame), "small")


def patients(rows=600, seed=0):
    """A category and two numbers that hang together, one of them with spikes and gaps."""
    rng = np.random.default_rng(seed)
    ill = rng.random(rows) < 0.4
    # The two overlap: a bin that spans a gap between them would be drawn from all over.
    age = rng.normal(40 + 20 * ill, 8)
    weight = 2 * age + rng.normal(0, 3, rows)
    gain = np.where(rng.random(rows) < np.where(ill, 0.9, 0.3), 0.0, rng.gamma(2, 50, rows))
    lost = rng.random(rows) < 0.1
    return of_columns(
        diagnosis=np.where(ill, "ill", "well"),
        age=age,
        weight=weight,
        gain=pl.Series(np.where(lost, np.nan, gain)).fill_nan(None),
    )


@pytest.fixture(scope="module")
def model():
    return Diffusion(**{**QUICK, "epochs": 25}).fit(patients(1500), seed=0)


def test_learns_how_columns_hang_together_and_keeps_each_as_it_was(model):
    real, made = patients(1500).rows, model.sample(1500, seed=1).rows
    ill = made["diagnosis"] == "ill"
    # By chance the means would not differ and the correlations would be nothing; the real ones are 20, .99 and .6.
    assert made["age"].filter(ill).mean() - made["age"].filter(~ill).mean() > 15
    assert made.select(pl.corr("age", "weight")).item() > 0.8
    zeros = made["gain"] == 0
    assert (zeros & ill).sum() / ill.sum() - (zeros & ~ill).sum() / (~ill).sum() > 0.35
    # Spikes and gaps are exact values, and as frequent as they were: a standard error is .013.
    assert abs(zeros.mean() - (real["gain"] == 0).mean()) < 0.06
    assert abs(made["gain"].null_count() - real["gain"].null_count()) / 1500 < 0.05
    assert abs(made["age"].mean() - real["age"].mean()) < 2.5 and abs(made["age"].std() / real["age"].std() - 1) < 0.12


def test_conditions_are_met_and_what_hangs_on_them_follows(model):
    made = model.sample(300, seed=1, where='age > 70 and gain > 0 and diagnosis == "ill"').rows
    assert (made["age"] > 70).all() and (made["gain"] > 0).all() and (made["diagnosis"] == "ill").all()
    assert made["weight"].mean() > 128
    # Of the ill it is 120, and of those of an age above 70 it is 147, but they are three in a hundred rows.
    seeds = pl.DataFrame({"weight": [70.0, 130.0] * 60, "gain": [0.0, None] * 60})
    rows = model.sample(120, seed=1, given=seeds).rows
    assert (rows["weight"] == seeds["weight"]).all() and (rows["gain"][::2] == 0).all()
    heavy, light = rows[1::2], rows[::2]
    # By chance both would be ill in 40 of 100 and of a mean age of 48; learnt to the end, 99 and 1, 65 and 35.
    assert (heavy["diagnosis"] == "ill").mean() - (light["diagnosis"] == "ill").mean() > 0.3
    assert heavy["age"].mean() - light["age"].mean() > 12


def test_a_range_of_codes_is_drawn_as_often_as_it_is_in_the_rest(model):
    # The share of zeros among rows that may be zero or small is that of free rows, up to what candidates can weigh.
    age = np.ones(model.codes.sizes()["age"], dtype=bool)
    age[: len(age) // 2] = False
    drawn = model.joint.draw(Evidence(1500, allowed={"age": age}), np.random.default_rng(0))
    free = model.joint.draw(Evidence(3000), np.random.default_rng(1))
    assert age[drawn["age"]].all()
    ill = model.codes.columns["diagnosis"].values.index("ill")
    expected = (free["diagnosis"][age[free["age"]]] == ill).mean()
    assert (drawn["diagnosis"] == ill).mean() == pytest.approx(expected, abs=0.12)


def test_no_allowed_code_is_refused(model):
    with pytest.raises(SampleError, match="'age' is allowed"):
        model.joint.draw(Evidence(3, allowed={"age": np.zeros(model.codes.sizes()["age"], dtype=bool)}), None)


def test_a_temperature_draws_what_is_likely_more_often(model):
    shares = [(model.sample(800, seed=1, temperature=t).rows["diagnosis"] == "ill").mean() for t in (0.3, 1.0, 4.0)]
    assert shares[0] < shares[1] < shares[2]
    spread = [model.sample(800, seed=1, temperature=t).rows["age"].std() for t in (0.3, 1.0)]
    assert spread[0] < spread[1]


def test_the_number_of_threads_changes_nothing():
    before = torch.get_num_threads()
    found = []
    for count in (1, 2):
        torch.set_num_threads(count)
        found.append(Diffusion(**{**QUICK, "epochs": 1}).fit(patients(300), seed=3).sample(200, seed=4).digest())
        assert torch.get_num_threads() == count
    torch.set_num_threads(before)
    assert found[0] == found[1]


def test_a_training_taken_up_again_ends_as_one_that_was_not_stopped(tmp_path):
    settings, real = Diffusion(**{**QUICK, "epochs": 3}), patients(300)
    whole = settings.fit(real, seed=0)

    class Stop(Exception):
        pass

    def stop(check):
        if check.step >= 20:
            raise Stop

    with pytest.raises(Stop), watched(Watch(folder=tmp_path, every=0, callbacks=(stop,))):
        settings.fit(real, seed=0)
    with watched(Watch(folder=tmp_path)):
        resumed = settings.fit(real, seed=0)
    assert digest(resumed) == digest(whole)
    told = resumed.describe()
    assert told["steps"] == told["planned_steps"] and len(told["curves"]["validation loss"]) > 1


def digest(model):
    found = hashlib.sha256()
    for name, each in sorted(model.joint.arrays().items()):
        found.update(name.encode() + np.ascontiguousarray(each).tobytes())
    return found.hexdigest()


def test_saved_and_loaded_it_draws_the_same_rows(model, tmp_path):
    model.save(tmp_path / "model")
    assert tr.load(tmp_path / "model").sample(50, seed=2).digest() == model.sample(50, seed=2).digest()


def test_a_time_limit_ends_the_training():
    model = Diffusion(**{**QUICK, "epochs": 1000, "max_seconds": 0.2}).fit(patients(300), seed=0)
    assert "time limit" in model.describe()["stopped"]
    assert len(model.sample(10, seed=0)) == 10


@pytest.mark.parametrize(
    "real",
    [
        of_columns(a=[1.5, 2.5]),
        of_columns(a=np.random.default_rng(0).normal(size=30), b=["u", "v"] * 15),
        of_columns(a=np.random.default_rng(0).normal(size=400)),
        of_columns(a=pl.Series([None] * 40, dtype=pl.Float64), b=["x"] * 40, c=list(range(40))),
        of_columns(**{f"c{i}": np.random.default_rng(i).normal(size=40) for i in range(500)}),
        of_columns(a=np.repeat(np.arange(50_000), 2).astype(str)[:2000].tolist(), b=list(range(2000))),
    ],
    ids=["two rows", "thirty rows", "one number", "empty and constant", "500 columns", "many categories"],
)
def test_takes_any_table(real):
    model = Diffusion(**{**QUICK, "epochs": 1}).fit(real, seed=0)
    made = model.sample(20, seed=1)
    assert len(made) == 20 and made.rows.dtypes == real.rows.dtypes
    assert len(model.sample(0, seed=1)) == 0


@pytest.mark.parametrize(
    ("setting", "text"),
    [
        ({"steps": 0}, "steps is 0"),
        ({"groups": 1}, "groups is 1"),
        ({"epochs": 0}, "epochs is 0"),
        ({"window": 1.5}, "window is 1.5"),
        ({"random": -0.1}, "random is -0.1"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0"),
        ({"max_seconds": -1.0}, "max_seconds is -1.0"),
        ({"precision": "half"}, "precision is 'half'"),
    ],
)
def test_bad_settings_are_refused(setting, text):
    with pytest.raises(FitError, match=text):
        Diffusion(**setting)
