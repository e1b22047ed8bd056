"""One network that draws every column given any others: what it learns is known, and asked in every direction."""

import numpy as np
import polars as pl
import pytest

import trasunto as tr
from trasunto.errors import FitError, SampleError
from trasunto.networks.digits import digits_of
from trasunto.networks.masked import Layout
from trasunto.synthesizers.autoregressive import Autoregressive
from trasunto.synthesizers.joint import Evidence

ROWS = 2_000
QUICK = {"epochs": 16, "width": 64, "hidden": 64, "random": 0.4}


@pytest.fixture(scope="module")
def real():
    """b follows a, c is their sum of bits, d hangs on b; rare is 1 in 80, and only where a is 'p'."""
    rng = np.random.default_rng(0)
    a = rng.random(ROWS) < 0.4
    b = np.where(rng.random(ROWS) < 0.9, a, ~a)
    d = np.where(b, rng.normal(10, 1, ROWS), rng.normal(-10, 1, ROWS)).round(2)
    rare = (rng.random(ROWS) < 0.03) & a
    frame = {"a": np.where(a, "p", "q"), "b": np.where(b, "u", "v"), "c": (a.astype(int) + b), "d": d}
    return tr.read(pl.DataFrame({**frame, "rare": np.where(rare, "red", "grey")}))


@pytest.fixture(scope="module")
def model(real):
    return tr.fit(real, "autoregressive", seed=0, settings=QUICK)


def share(rows, condition):
    return float(rows.select(condition.mean()).item())


def test_learns_the_joint(real, model):
    made = model.sample(ROWS, seed=1).rows
    for condition in (
        pl.col("a") == "p",
        (pl.col("a") == "p") & (pl.col("b") == "u"),
        (pl.col("b") == "v") & (pl.col("d") < 0),
        (pl.col("c") == 2) & (pl.col("a") == "p") & (pl.col("b") == "u"),
        pl.col("rare") == "red",
    ):
        # Standard errors of up to 0.011 on each side.
        assert abs(share(made, condition) - share(real.rows, condition)) < 0.05


@pytest.mark.parametrize(
    ("given", "condition"),
    [
        ({"a": "p"}, pl.col("b") == "u"),
        ({"b": "u"}, pl.col("a") == "p"),
        ({"c": 2}, (pl.col("a") == "p") & (pl.col("b") == "u")),
        ({"rare": "red"}, pl.col("a") == "p"),
    ],
)
def test_answers_in_every_direction(real, model, given, condition):
    made = model.sample(800, seed=2, given={name: [value] * 800 for name, value in given.items()}).rows
    ((name, value),) = given.items()
    truth = share(real.rows.filter(pl.col(name) == value), condition)
    assert (made[name] == value).all()
    # The rare are 24 rows of 2,000; the others hundreds.
    assert abs(share(made, condition) - truth) < (0.3 if name == "rare" else 0.1)


def test_a_rare_case_with_ranges_costs_no_more_and_keeps_its_shares(real, model):
    asked = 'rare == "red" and d > 10'
    made = model.sample(400, seed=3, where=asked).rows
    assert len(made) == 400 and (made["rare"] == "red").all() and (made["d"] > 10).all()
    assert share(made, pl.col("b") == "u") > 0.9
    # Weighed candidates: a column ruled out in part keeps the shares that the rest of the row asks for.
    made = model.sample(1_500, seed=4, where='d > 0 and a == "q"').rows
    assert share(made, pl.col("b") == "u") > 0.65 and abs(made["d"].mean() - 10) < 0.5


def test_fills_gaps_from_the_rest_of_the_row(real, model):
    holes = real.rows.head(600).with_columns(b=pl.lit(None, dtype=pl.String))
    full = model.impute(holes, seed=5).rows
    assert share(full, (pl.col("b") == "u") == (pl.col("d") > 0)) > 0.9
    assert full["d"].to_list() == holes["d"].to_list()


def test_rebalances(model):
    made = tr.balanced(model, ["rare"], 400, seed=6).rows
    assert made["rare"].value_counts().sort("rare")["count"].to_list() == [200, 200]
    assert share(made.filter(pl.col("rare") == "red"), pl.col("a") == "p") > 0.7


def test_training_tells_how_it_went_and_learns_better_than_columns_alone(model):
    told = model.describe()
    curve = told["curves"]["validation loss"]
    assert curve[-1] < curve[0] - 0.2 and told["steps"] <= told["planned_steps"]
    assert told["order"][-1] == "d" and set(told["order"]) == {"a", "b", "c", "d", "rare"}
    # A column of 200 bins is drawn in digits of at most 32 branches.
    assert max(told["columns"]["d"]["digits"]) <= 32 and len(told["columns"]["d"]["digits"]) == 2


def test_what_is_to_be_predicted_comes_first(real):
    model = tr.fit(real.with_role("d", "target"), "autoregressive", settings={"epochs": 1, "width": 8, "hidden": 8})
    assert model.describe()["order"][0] == "d"


def test_a_code_that_no_row_had_can_be_asked_for_and_one_that_is_ruled_out_cannot(model):
    rng = np.random.default_rng(0)
    size = model.codes.sizes()["a"]
    drawn = model.joint.draw(Evidence(5, {"a": np.zeros(5, dtype=np.int32)}), rng)
    assert (drawn["a"] == 0).all() and set(drawn) == set(model.codes.names)
    with pytest.raises(SampleError, match="No value of column 'a'"):
        model.joint.draw(Evidence(5, {}, {"a": np.zeros(size, dtype=bool)}), rng)


def test_digits_are_coarse_to_fine_and_even():
    counts = np.full(1_000, 3)
    made = digits_of(counts, ordered=True, base=32)
    assert made.paths.shape == (1_000, 2) and max(made.widths) <= 32
    assert (np.diff(made.paths[:, 0]) >= 0).all(), "neighbours share a coarse digit"
    assert np.bincount(made.paths[:, 0]).max() <= 2 * 1_000 / 32
    spiky = digits_of(np.array([10_000, *[1] * 400]), ordered=True, base=8)
    alone = spiky.paths[0]
    assert (spiky.paths[:, 0] == alone[0]).sum() == 1, "what is frequent has a branch of its own"
    layout = Layout((made, spiky))
    before = layout.before(layout.ranks(1, 0.0, np.random.default_rng(0)))[0]
    assert (before == np.tril(np.ones_like(before), -1)).all(), "with nothing given, the order of the columns"


@pytest.mark.parametrize(
    ("settings", "words"),
    [({"epochs": 0}, "epochs is 0"), ({"groups": 1}, "at least 2"), ({"random": 1.5}, "a share"), ({"width": 0}, "width"),
     ({"learning_rate": 0.0}, "above 0"), ({"max_seconds": -1.0}, "above 0"), ({"precision": "half"}, '"auto" or')],
)  # fmt: skip
def test_settings_out_of_range_are_refused(settings, words):
    with pytest.raises(FitError, match=words):
        Autoregressive(**settings)
