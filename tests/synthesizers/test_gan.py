"""The conditional tabular GAN."""

import numpy as np
import polars as pl
import pytest

import trasunto as tr
from trasunto.errors import FitError, SampleError
from trasunto.networks.course import watched
from trasunto.networks.device import threads
from trasunto.networks.loop import Watch
from trasunto.networks.pairs import PAIRED
from trasunto.synthesizers.gan import Gan
from trasunto.synthesizers.joint import Evidence
from trasunto.testing import table_of

SMALL = {
    "width": 32,
    "noise": 16,
    "critic_width": 32,
    "batch": 60,
    "learning_rate": 0.01,
    "pac": 2,
    "pairs": 3.0,
    "lazy": 4,
}


def rows(count=2000, seed=0):
    """A class, an amount that follows it and is nought for most, and a size that follows the class too."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(["a", "b", "c"], count, p=[0.6, 0.3, 0.1])
    rich = np.array([{"a": 0.05, "b": 0.3, "c": 0.9}[each] for each in kind])
    amount = np.where(rng.random(count) < rich, np.round(rng.lognormal(7, 1, count)), 0)
    size = rng.normal([{"a": 0.0, "b": 3.0, "c": 6.0}[each] for each in kind], 1.0)
    return table_of({"kind": kind, "amount": amount, "size": np.round(size, 3), "flag": rng.random(count) < 0.5})


@pytest.fixture(scope="module")
def model():
    return Gan(epochs=20, **SMALL).fit(rows(), seed=0)


def means(frame):
    return frame.group_by("kind").agg(pl.col("size").mean()).sort("kind")["size"].to_numpy()


def test_what_hangs_together_is_learnt(model):
    made = model.sample(3000, seed=1).rows
    truth, found = means(rows().rows), means(made)
    # Columns drawn by themselves would have three means of 1.5, which is 4.5 away from the last.
    assert np.abs(found - truth).max() < 2.2 and np.abs(found - truth)[:2].max() < 0.6
    rich = {kind[0]: part["amount"].ne(0).mean() for kind, part in made.group_by("kind")}
    assert rich["c"] > 0.6 and rich["a"] < 0.2


def test_spikes_and_shares_are_kept(model):
    real, made = rows().rows, model.sample(3000, seed=1).rows
    assert (made["amount"] == 0).mean() == pytest.approx((real["amount"] == 0).mean(), abs=0.05)
    assert (made["kind"] == "c").mean() == pytest.approx((real["kind"] == "c").mean(), abs=0.04)


def test_conditions_are_met_directly_and_shift_the_rest(model):
    made = model.sample(400, seed=1, where='kind == "c"').rows
    assert (made["kind"] == "c").all() and made["size"].mean() > 4.5
    rare = model.sample(200, seed=1, where='size > 5 and kind == "a" and amount > 0').rows
    assert len(rare) == 200 and (rare["size"] > 5).all() and (rare["amount"] > 0).all()
    given = pl.DataFrame({"size": [6.0, 0.0] * 150})
    kinds = model.sample(300, seed=1, given=given).rows["kind"].to_numpy()
    assert (kinds[0::2] == "c").mean() > 0.6 and (kinds[1::2] == "a").mean() > 0.8
    with pytest.raises(SampleError, match="No value of column 'kind'"):
        model.joint.draw(Evidence(1, allowed={"kind": np.zeros(3, dtype=bool)}), np.random.default_rng(0))


def test_gaps_are_filled_to_fit(model):
    real = rows(300, 3).rows
    holes = real.with_columns(kind=pl.lit(None, dtype=pl.String))
    full = model.impute(holes, seed=1).rows
    assert (full["size"] == real["size"]).all()
    assert (full["kind"] == real["kind"]).mean() > 0.7


@pytest.mark.parametrize("count", [1, 2])
def test_the_same_seed_gives_the_same_rows_on_any_number_of_threads(count):
    settings = Gan(epochs=2, **SMALL)
    before = settings.fit(rows(300), seed=3).sample(50, seed=4).digest()
    with threads(count):
        assert settings.fit(rows(300), seed=3).sample(50, seed=4).digest() == before
    assert settings.fit(rows(300), seed=5).sample(50, seed=4).digest() != before


class Stop(Exception):
    """Ends a training from a callback."""


def test_a_training_taken_up_again_ends_as_one_without_a_break(tmp_path):
    settings = Gan(epochs=6, rare=0.3, **SMALL)
    whole = settings.fit(rows(300), seed=0)

    def stop(check):
        if check.step > 30:
            raise Stop

    with pytest.raises(Stop), watched(Watch((stop,), tmp_path, every=0)):
        settings.fit(rows(300), seed=0)
    steps = []
    with watched(Watch((lambda check: steps.append(check.step),), tmp_path, every=0)):
        again = settings.fit(rows(300), seed=0)
    assert steps[0] > 20
    assert again.sample(100, seed=1).digest() == whole.sample(100, seed=1).digest()


def test_a_saved_model_draws_the_same_rows(model, tmp_path):
    model.save(tmp_path / "model")
    assert tr.load(tmp_path / "model").sample(60, seed=2).digest() == model.sample(60, seed=2).digest()


def test_it_tells_how_the_training_went(model):
    told = model.describe()
    curves = told["curves"]
    assert {"training loss", "critic's gap", "conditions missed", "validation loss"} <= set(curves)
    assert curves["validation loss"][-1] < curves["validation loss"][0]
    assert curves["conditions missed"][-1] < curves["conditions missed"][0] / 2
    assert told["columns"]["kind"]["modes"] == 3


def test_a_time_limit_ends_the_training():
    told = Gan(epochs=100_000, max_seconds=0.5, **SMALL).fit(rows(300), seed=0).describe()
    assert "time limit" in told["stopped"] and 0 < told["steps"] < told["planned_steps"]


@pytest.mark.parametrize(
    "real",
    [table_of({"a": ["x", "y"]}), table_of({"a": [1.5]}), table_of({"n": list(range(30)), "w": ["u", "v", None] * 10})],
    ids=["two rows", "one row", "thirty rows"],
)
@pytest.mark.parametrize("pac", [1, 10])
def test_small_tables(real, pac):
    made = Gan(epochs=2, **{**SMALL, "pac": pac}).fit(real, seed=0)
    assert len(made.sample(20, seed=0)) == 20 and len(made.sample(0, seed=0)) == 0


def test_wide_tables():
    rng = np.random.default_rng(0)
    base = rng.normal(size=200)
    real = table_of({f"c{i}": base + rng.normal(size=200) for i in range(60)})
    made = Gan(epochs=1, **SMALL).fit(real, seed=0)
    assert made.joint.vectors.hot > PAIRED
    assert made.sample(10, seed=0).rows.shape == (10, 60)


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"epochs": 0}, "epochs is 0"),
        ({"pac": 0}, "pac is 0; it must be at least 1"),
        ({"penalty": -1.0}, "penalty is -1.0"),
        ({"rare": 1.0}, "rare is 1.0"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0"),
        ({"precision": "half"}, "precision is 'half'"),
    ],
)
def test_bad_settings_are_refused(settings, why):
    with pytest.raises(FitError, match=why):
        Gan(**settings)
