"""The variational autoencoder: what it must learn from 300 rows in seconds, and what must not change its rows."""

import numpy as np
import polars as pl
import pytest
import torch
from threadpoolctl import threadpool_limits

import trasunto as tr
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, TableSchema
from trasunto.encoders.vectors import Modes, Vectors
from trasunto.errors import BudgetError, FitError, SampleError
from trasunto.networks import vae as coder
from trasunto.networks.course import watched
from trasunto.networks.loop import Watch
from trasunto.networks.normals import fit_normals
from trasunto.networks.vae import Layout, drawn_inside
from trasunto.networks.vae_loss import _places
from trasunto.privacy.budget import Budget
from trasunto.synthesizers import vae
from trasunto.synthesizers.joint import Evidence
from trasunto.synthesizers.model import load_model
from trasunto.synthesizers.vae import Vae

KINDS = {pl.String: "category", pl.Int64: "integer", pl.Float64: "number"}
QUICK = {"epochs": 3, "width": 32}


def table(rows=300, seed=0):
    """Colour and size hang on kind; a fifth of the sizes are missing, and half of the gains are 0."""
    rng = np.random.default_rng(seed)
    kind = rng.random(rows) < 0.5
    size = rng.normal(np.where(kind, 10.0, -10.0), 2.0)
    frame = pl.DataFrame(
        {
            "kind": np.where(kind, "a", "b"),
            "colour": np.where(rng.random(rows) < 0.9, np.where(kind, "red", "blue"), "green"),
            "size": pl.Series(np.where(rng.random(rows) < 0.2, np.nan, size)).fill_nan(None),
            "gain": np.where(rng.random(rows) < 0.5, 0, rng.integers(1, 1000, rows)),
        }
    )
    schema = TableSchema(tuple(Column(name, KINDS[frame[name].dtype.base_type()]) for name in frame.columns))
    return Dataset.of(Table(schema, frame))


@pytest.fixture(scope="module")
def taught():
    return tr.fit(table(), "vae", seed=0, settings={"epochs": 40, "width": 64})


class TestWhatItLearns:
    def test_ties_between_columns_that_independent_loses(self, taught):
        def told(rows):
            a = rows["kind"] == "a"
            sizes = rows["size"].filter(a).mean() - rows["size"].filter(~a).mean()
            return sizes, ((rows["colour"] == "red") & ~a).mean()

        made = told(taught.sample(1000, seed=1).rows)
        alone = told(tr.fit(table(), "independent", seed=0).sample(1000, seed=1).rows)
        # In the real rows 20 and 0; the standard error of the difference is below 0.5.
        assert made[0] > 15 and abs(alone[0]) < 3
        assert made[1] < 0.1 and alone[1] > 0.15

    def test_spikes_and_gaps_as_often_as_they_are(self, taught):
        real, made = table().rows, taught.sample(2000, seed=1).rows
        assert (made["gain"] == 0).mean() == pytest.approx((real["gain"] == 0).mean(), abs=0.06)
        assert made["size"].null_count() / 2000 == pytest.approx(real["size"].null_count() / 300, abs=0.06)

    def test_curves_of_its_losses_fall(self, taught):
        curves = taught.describe()["curves"]
        assert curves["training loss"][-1] < curves["training loss"][0] - 1
        assert min(curves["validation loss"]) < curves["validation loss"][0]

    def test_odds_bring_rows_that_are_hard_to_tell_from_real_ones(self):
        real = table(1500)
        settings = {"epochs": 2, "width": 32, "candidates": 8}
        model = tr.fit(real, "vae", seed=0, settings=settings)
        assert "odds: validation loss" in model.describe()["curves"]
        plain = tr.fit(real, "vae", seed=0, settings={**settings, "candidates": 1})
        assert "odds: validation loss" not in plain.describe()["curves"]

        def wrong(rows):
            return ((rows["colour"] == "red") & (rows["kind"] == "b")).mean()

        # Two passes teach the autoencoder little; what it gets wrong the odds pass over.
        assert wrong(model.sample(2000, seed=1).rows) < 0.7 * wrong(plain.sample(2000, seed=1).rows)

    def test_many_rows_need_one_layer_a_side(self, taught, tmp_path):
        model = tr.fit(table(vae.MANY + 2_000), "vae", seed=0, settings={"epochs": 15, "width": 64})
        assert set(taught.joint.weights) - set(model.joint.weights) == {"in", "in bias", "out2", "out2 bias"}
        model.save(tmp_path / "model")
        rows = tr.load(tmp_path / "model").sample(1000, seed=1).rows
        assert rows.equals(model.sample(1000, seed=1).rows)
        a = rows["kind"] == "a"
        # In the real rows 20.
        assert rows["size"].filter(a).mean() - rows["size"].filter(~a).mean() > 17


class TestWhatIsAsked:
    def test_rare_cases_are_drawn_and_the_rest_fits_them(self, taught):
        made = taught.sample(200, seed=1, where='size > 12 and kind == "a"').rows
        assert (made["size"] > 12).all() and (made["kind"] == "a").all()
        assert (made["colour"] == "blue").mean() < 0.2
        given = taught.sample(1000, seed=1, given={"size": [-11.0] * 500 + [11.0] * 500}).rows
        assert (given["kind"][:500] == "b").mean() > 0.8 and (given["kind"][500:] == "a").mean() > 0.8

    def test_gaps_are_filled_to_fit(self, taught):
        real = table(seed=1)
        full = taught.impute(real, seed=1).rows
        holes = real.rows["size"].is_null()
        assert full["size"].null_count() == 0
        assert (full["size"].filter(~holes) == real.rows["size"].filter(~holes)).all()
        a = full.filter(holes & (full["kind"] == "a"))["size"]
        assert (a > 0).mean() > 0.8

    def test_nothing_allowed_is_an_error_that_names_the_column(self, taught):
        mask = np.zeros(taught.codes.sizes()["kind"], dtype=bool)
        with pytest.raises(SampleError, match="'kind'"):
            taught.joint.draw(Evidence(5, allowed={"kind": mask}), np.random.default_rng(0))

    def test_a_low_temperature_makes_the_likely_likelier(self, taught):
        def green(temperature):
            return (taught.sample(1500, seed=1, temperature=temperature).rows["colour"] == "green").mean()

        assert green(0.3) < green(1.0) < green(3.0)

    def test_no_rows(self, taught):
        assert len(taught.sample(0, seed=1)) == 0


class TestTheSameRows:
    def test_whatever_the_number_of_threads(self):
        real = table(1200)
        digests = []
        for count in (1, 2):
            before = torch.get_num_threads()
            torch.set_num_threads(count)
            with threadpool_limits(count):
                digests.append(tr.fit(real, "vae", seed=3, settings=QUICK).sample(300, seed=4).digest())
            torch.set_num_threads(before)
        assert digests[0] == digests[1]

    def test_saved_and_loaded(self, tmp_path):
        model = tr.fit(table(1200), "vae", seed=0, settings=QUICK)
        model.save(tmp_path / "model")
        again = load_model(tmp_path / "model")
        assert again.sample(50, seed=9).digest() == model.sample(50, seed=9).digest()
        assert again.describe() == model.describe()

    def test_taken_up_again_from_a_checkpoint(self, tmp_path):
        real = table(1200)
        whole = tr.fit(real, "vae", seed=0, settings=QUICK).sample(100, seed=1).digest()

        class Stopped(Exception):
            pass

        def stop(check):
            if check.step > 20:
                raise Stopped

        with pytest.raises(Stopped), watched(Watch(callbacks=[stop], folder=tmp_path, every=0.0)):
            tr.fit(real, "vae", seed=0, settings=QUICK)
        steps = []
        with watched(Watch(callbacks=[lambda check: steps.append(check.step)], folder=tmp_path)):
            found = tr.fit(real, "vae", seed=0, settings=QUICK)
        assert steps[0] > 20
        assert found.sample(100, seed=1).digest() == whole


class TestThePlaceInAMode:
    def test_densities_are_those_of_a_cut_logistic_law(self):
        grid = np.linspace(-1, 1, 401)
        said = torch.tensor([[2.3], [-0.7]])
        for mode in (0.0, 2.0, 5.0):
            inside = [torch.tensor([[at], [mode], [1.0]]) for at in grid.tolist()]
            lost = np.array([float(_places(said, each, torch.empty(2, 1))) for each in inside])
            # On [0, 1] the density adds up to 1.
            assert np.trapezoid(np.exp(-lost.astype(float)), (grid + 1) / 2) == pytest.approx(1.0, abs=2e-3)

    def test_draws_follow_them(self):
        rng = np.random.default_rng(0)
        said = np.tile([2.3, -0.7], (20_000, 1))
        centre, fine = 2.3, np.exp(0.7)
        for mode in (0, 2, 4):
            drawn = (drawn_inside(said, np.full((20_000, 1), mode), 1.0, rng).ravel() + 1) / 2
            ends = 1 / (1 + np.exp(-(np.array([0, 0.5, 1]) + mode - centre) * fine))
            half = (ends[1] - ends[0]) / (ends[2] - ends[0])
            # The standard error of a share of 20,000 is at most 0.0036.
            assert (drawn < 0.5).mean() == pytest.approx(half, abs=0.015)

    def test_far_from_the_centre_they_lie_at_the_near_end(self):
        said = np.array([[500.0, -4.0], [-500.0, -4.0]])
        drawn = drawn_inside(said, np.array([[3], [3]]), 1.0, np.random.default_rng(0))
        assert drawn.ravel() == pytest.approx([1.0, -1.0], abs=0.02)


class TestTheParts:
    def test_the_mixture_finds_its_parts(self):
        rng = np.random.default_rng(0)
        points = np.concatenate([rng.normal([-5, 0], [1, 0.1], (600, 2)), rng.normal([5, 3], [0.3, 2], (300, 2))])
        found = fit_normals(points, 2, steps=30, seed=0)
        first = int(found.means[0, 0] > 0)
        assert found.weights[first] == pytest.approx(2 / 3, abs=0.02)
        assert found.means[1 - first] == pytest.approx([5, 3], abs=0.4)
        spread = np.sqrt(np.diag(found.roots[first] @ found.roots[first].T))
        assert spread == pytest.approx([1, 0.1], abs=0.1)
        drawn = found.draw(4000, 1.0, rng)
        assert (drawn[:, 0] > 0).mean() == pytest.approx(1 / 3, abs=0.03)

    def test_an_untaught_network_says_the_shares_of_the_rows(self):
        vectors = Vectors({"a": Modes(np.arange(3), np.array([0.5, 0.3, 0.2]), False)})
        modes = np.array([[0]] * 50 + [[1]] * 30 + [[2]] * 20)
        net = coder.network(Layout(vectors), Layout(vectors).counts(modes), width=4, latent=2, seed=0)
        said = torch.softmax(net["said bias"], 0).detach().numpy()
        assert said == pytest.approx([0.5, 0.3, 0.2], abs=0.01)


class TestWhatItTakes:
    @pytest.mark.parametrize("rows", [1, 2, 30])
    def test_small_tables(self, rows):
        assert len(tr.fit(table(rows), "vae", seed=0, settings=QUICK).sample(20, seed=1)) == 20

    def test_one_column_and_many(self):
        one = table().only.rows.select("size")
        real = Dataset.of(Table(TableSchema((Column("size", "number"),)), one))
        assert len(tr.fit(real, "vae", seed=0, settings=QUICK).sample(20, seed=1)) == 20
        rng = np.random.default_rng(0)
        frame = pl.DataFrame({f"c{at}": rng.normal(size=60) for at in range(300)})
        real = Dataset.of(Table(TableSchema(tuple(Column(name, "number") for name in frame.columns)), frame))
        assert tr.fit(real, "vae", seed=0, settings=QUICK).sample(5, seed=1).rows.shape == (5, 300)

    def test_a_column_of_very_many_categories(self):
        rng = np.random.default_rng(0)
        frame = pl.DataFrame({"town": [f"t{at}" for at in rng.integers(0, 3000, 9000)], "n": rng.normal(size=9000)})
        real = Dataset.of(Table(TableSchema((Column("town", "category"), Column("n", "number"))), frame))
        model = tr.fit(real, "vae", seed=0, settings={"epochs": 1, "width": 16, "candidates": 1})
        assert model.sample(500, seed=1).rows["town"].n_unique() > 300
        assert model.joint.vectors.columns["town"].count <= 128

    @pytest.mark.parametrize(
        ("settings", "said"),
        [
            ({"epochs": 0}, "epochs is 0"),
            ({"width": 0}, "width is 0"),
            ({"latent": 0}, "latent is 0"),
            ({"beta": 0.0}, "beta is 0"),
            ({"modes": 1}, "modes is 1"),
            ({"candidates": 0}, "candidates is 0"),
            ({"max_seconds": -1}, "max_seconds is -1"),
            ({"precision": "half"}, "precision is 'half'"),
        ],
    )
    def test_settings_out_of_range(self, settings, said):
        with pytest.raises(FitError, match=said):
            Vae(**settings)

    def test_a_budget_is_refused(self):
        with pytest.raises(BudgetError):
            tr.fit(table(), "vae", seed=0, budget=Budget(1.0))

    def test_a_time_limit_ends_the_training(self):
        model = tr.fit(table(), "vae", seed=0, settings={"epochs": 100_000, "max_seconds": 1.0})
        assert "time limit" in model.describe()["stopped"]
