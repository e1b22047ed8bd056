"""Networks under a budget: what they promise, what they learn, what they tell, and what they refuse."""

import json
import os
import signal
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import trasunto as tr
from trasunto.data.dataset import Dataset, Table
from trasunto.errors import BudgetError, FitError
from trasunto.networks.course import INTERRUPTED, Watch, watched
from trasunto.networks.gan_private import projected
from trasunto.privacy.accountant import dpsgd_epsilon
from trasunto.privacy.budget import Budget
from trasunto.privacy.domain import declared_from
from trasunto.privacy.mechanisms import injected
from trasunto.synthesizers import measured
from trasunto.synthesizers.autoregressive import Autoregressive
from trasunto.synthesizers.gan import Gan
from trasunto.synthesizers.model import load_model
from trasunto.synthesizers.vae import Vae

pytest.importorskip("torch")
ROWS = 3_000
SMALL = {
    "autoregressive": Autoregressive(steps=40, private_width=16, private_rate=0.03, rate=0.2, private_bins=20),
    "vae": Vae(steps=60, private_width=24, private_latent=4, private_rate=0.02, rate=0.2, bins=20),
    "gan": Gan(steps=50, private_width=32, rate=0.2, bins=20, noise=16),
}
METHODS = list(SMALL)


def rows(seed=0, count=ROWS):
    """b follows a, d hangs on b."""
    rng = np.random.default_rng(seed)
    a = rng.random(count) < 0.4
    b = np.where(rng.random(count) < 0.95, a, ~a)
    d = np.clip(np.where(b, rng.normal(10, 2, count), rng.normal(-10, 2, count)), -20, 20).round(1)
    return pl.DataFrame({"a": np.where(a, "p", "q"), "b": np.where(b, "u", "v"), "d": d, "who": np.arange(count) // 2})


@pytest.fixture(scope="module")
def real():
    """Rows under a schema that rows of another draw have declared."""
    public = tr.read(rows(1).drop("who"))
    schema = declared_from(public)
    return tr.read(rows().drop("who"), schema=schema)


def fit(real, method, epsilon=8.0, *, noise=0, **more):
    with injected(np.random.default_rng(noise)):
        return SMALL[method].fit(real, seed=0, budget=Budget(epsilon, 1e-6, **{"rows": ROWS, **more}))


@pytest.fixture(scope="module")
def models(real):
    return {method: fit(real, method) for method in METHODS}


@pytest.mark.parametrize("method", METHODS)
def test_learns_what_ties_columns(models, method):
    made = models[method].sample(4_000, seed=1).rows
    together = float(made.select(((pl.col("a") == "p") == (pl.col("b") == "u")).mean()).item())
    sides = float(made.select(((pl.col("b") == "u") == (pl.col("d") > 0)).mean()).item())
    # Columns that are drawn apart agree in 0.52 of the rows.
    assert together > 0.75 and sides > 0.75
    assert abs(float(made.select((pl.col("a") == "p").mean()).item()) - 0.4) < 0.08


@pytest.mark.parametrize("method", METHODS)
def test_the_guarantee_says_what_was_spent(models, method):
    promised, settings = models[method].guarantee, SMALL[method]
    assert promised.spent == Budget(8.0, 1e-6, rows=ROWS) and promised.unit == "row"
    assert promised.neighbours == "add or remove one row" and "DP-SGD" in promised.mechanism
    *counted, trained = promised.spending
    multipliers = [(0.5 / each.rho) ** 0.5 for each in counted]
    noise = float(trained.note.split("noise multiplier ")[1].split(",")[0])
    beside = measured.together(multipliers)
    exact, renyi = dpsgd_epsilon(noise, rate=settings.rate, steps=settings.steps, delta=1e-6, beside=beside)
    assert trained.epsilon == pytest.approx(exact, rel=2e-3) and trained.epsilon <= 8.0
    assert (
        f"{settings.steps} of {settings.steps} steps" in trained.note
        and f"{round(renyi, 1):g}" in f"{float(trained.note.split()[-2]):.1f}"
    )
    assert any("injected" in each for each in promised.assumptions)
    assert any("taken as public" in each for each in promised.assumptions)


@pytest.mark.parametrize("method", METHODS)
def test_what_is_saved_holds_no_loss_and_comes_back(models, method, tmp_path):
    models[method].save(tmp_path / "m")
    document = json.loads((tmp_path / "m" / "model.json").read_text(encoding="utf-8"))
    assert document["guarantee"]["spent"]["epsilon"] == 8.0
    assert not {"training loss", "validation loss"} & set(document["facts"]["curves"])
    again = load_model(tmp_path / "m")
    assert again.guarantee == models[method].guarantee
    assert again.sample(50, seed=3).rows.equals(models[method].sample(50, seed=3).rows)


@pytest.mark.parametrize("method", METHODS)
def test_conditions_are_met_as_ever(models, method):
    made = models[method].sample(60, seed=1, where="b == 'v' and d < 0").rows
    assert (made["b"] == "v").all() and (made["d"] < 0).all()


@pytest.mark.parametrize("method", METHODS)
def test_injected_noise_repeats_and_another_does_not(real, models, method):
    same, other = fit(real, method), fit(real, method, noise=1)
    first = models[method].sample(200, seed=1).rows
    assert same.sample(200, seed=1).rows.equals(first) and not other.sample(200, seed=1).rows.equals(first)


@pytest.mark.parametrize("method", METHODS)
def test_a_domain_that_nobody_declared_is_refused(method):
    with pytest.raises(BudgetError, match="Not declared"):
        SMALL[method].fit(tr.read(rows()), seed=0, budget=Budget(1.0, 1e-6))


@pytest.mark.parametrize("method", METHODS)
def test_identifiers_alone_are_made_up(method):
    people = tr.read(pl.DataFrame({"who": [f"p{at}x{at * 7}" for at in range(100)]}))
    columns = tuple(replace(each, kind="id", declared=True) for each in people.only.schema.columns)
    alone = Dataset.of(Table(replace(people.only.schema, columns=columns), people.rows))
    with injected(np.random.default_rng(0)):
        model = SMALL[method].fit(alone, seed=0, budget=Budget(1.0, 1e-6, rows=100))
    assert model.guarantee is not None and not set(model.sample(50, seed=0).rows["who"]) & set(people.rows["who"])


@pytest.mark.parametrize("method", METHODS)
def test_a_budget_that_leaves_noise_alone_is_refused(real, method):
    with pytest.raises(BudgetError, match="nothing would be learnt"):
        fit(real, method, 0.001)


def test_a_person_is_the_unit_and_two_rows_cost_double(real):
    schema = declared_from(tr.read(rows(1)))
    people = tr.read(rows(), schema=schema)
    model = fit(people, "autoregressive", person="who", contributions=2)
    assert model.guarantee.unit == "person (who)" and model.guarantee.spent.epsilon == 8.0
    assert model.guarantee.spending[-1].epsilon <= 4.0
    with pytest.raises(BudgetError, match="'nobody' is not there"):
        fit(people, "autoregressive", person="nobody")


def test_ctrl_c_spends_less_than_was_granted(real, monkeypatch):
    steps = []
    sums = measured.train_private

    def pressed(network, sums_of, *more, **named):
        def counted(batch):
            steps.append(1)
            if len(steps) == 4:
                os.kill(os.getpid(), signal.SIGINT)
            return sums_of(batch)

        return sums(network, counted, *more, **named)

    monkeypatch.setattr(measured, "train_private", pressed)
    model = fit(real, "autoregressive")
    assert model.describe()["stopped"] == INTERRUPTED and model.describe()["steps"] == 4
    assert model.guarantee.spent.epsilon < 6.0
    assert model.guarantee.spent.epsilon == pytest.approx(model.guarantee.spending[-1].epsilon)
    assert "4 of 40 steps" in model.guarantee.spending[-1].note


def test_a_fit_that_was_killed_pays_for_its_counts_once(real, tmp_path, monkeypatch):
    asked, sums = [], measured.train_private

    def killed(network, sums_of, *more, **named):
        def counted(batch):
            asked.append(batch)
            if len(asked) == 10:
                raise RuntimeError("killed")
            return sums_of(batch)

        return sums(network, counted, *more, **named)

    monkeypatch.setattr(measured, "train_private", killed)
    with watched(Watch(folder=tmp_path, every=0.0)), pytest.raises(RuntimeError, match="killed"):
        fit(real, "autoregressive", noise=1)
    with watched(Watch(folder=tmp_path, every=0.0)):
        model = fit(real, "autoregressive", noise=2)
    # Nine steps were kept; the same counts lead to the same network, whose training goes on.
    assert len(asked) == 10 + 40 - 9 and model.describe()["steps"] == 40
    assert len(list(tmp_path.glob("measured-*.npz"))) == 1


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"rate": 0.0}, "rate is 0"),
        ({"steps": 0}, "steps is 0"),
        ({"clip": -1.0}, "clip is -1"),
        ({"counted": 1.0}, "Shares of the budget"),
    ],
)
@pytest.mark.parametrize("method", [Autoregressive, Vae, Gan])
def test_settings_that_cannot_be(method, settings, told):
    with pytest.raises(FitError, match=told):
        method(**settings)


def test_packs_of_rows_are_refused(real):
    with pytest.raises(BudgetError, match="pac is 4"):
        Gan(pac=4).fit(real, seed=0, budget=Budget(1.0, 1e-6, rows=ROWS))


def test_shares_are_projected():
    assert projected(np.array([0.5, 0.7, -0.1])).tolist() == pytest.approx([0.4, 0.6, 0.0])
    assert projected(np.array([0.2, 0.8])).tolist() == pytest.approx([0.2, 0.8])
    assert projected(np.array([-5.0])).tolist() == [1.0]
