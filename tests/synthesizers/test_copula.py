"""The Gaussian copula: correlations behind cut variables are found again, what is asked is met exactly."""

import numpy as np
import polars as pl
import pytest
from scipy.stats import norm

import trasunto as tr
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, TableSchema
from trasunto.errors import FitError, SampleError
from trasunto.synthesizers.copula import Copula, CopulaJoint
from trasunto.synthesizers.joint import Evidence
from trasunto.synthesizers.latent import correlated, cuts_of, positive, ranked_categories
from trasunto.synthesizers.normal import truncated


def table(**columns):
    frame = pl.DataFrame(columns)
    kinds = {pl.String: "category", pl.Int64: "integer", pl.Float64: "number", pl.Boolean: "boolean"}
    schema = TableSchema(tuple(Column(name, kinds[frame[name].dtype.base_type()]) for name in frame.columns))
    return Dataset.of(Table(schema, frame))


def normals(correlation, rows, seed=0):
    root = np.linalg.cholesky(np.asarray(correlation, dtype=float))
    return np.random.default_rng(seed).standard_normal((rows, len(root))) @ root.T


def cut(values, shares):
    """Codes of normal values cut into intervals of these shares."""
    return np.searchsorted(norm.ppf(np.cumsum(shares)[:-1]), values)


CORRELATION = np.array([[1.0, 0.7, -0.4], [0.7, 1.0, 0.2], [-0.4, 0.2, 1.0]])


class TestWhatIsLearnt:
    def test_the_correlation_behind_coarse_codes_is_found_again(self):
        """Of 40,000 rows a polychoric correlation of two halves has a standard error of about 0.008."""
        z = normals(CORRELATION, 40_000)
        shares = {"a": [0.5, 0.5], "b": [0.2, 0.3, 0.5], "c": [0.01] * 100}
        coded = {name: cut(z[:, at], shares[name]) for at, name in enumerate("abc")}
        cuts = [cuts_of(n, np.bincount(c), ordered=True, null=False) for n, c in coded.items()]
        assert np.abs(correlated(cuts, coded) - CORRELATION).max() < 0.035
        plain = np.corrcoef(np.stack([coded[n] for n in "abc"]))
        assert abs(plain[0, 1] - 0.7) > 0.1

    def test_gaps_have_a_variable_of_their_own(self):
        z = normals(CORRELATION, 40_000)
        coded = {"a": cut(z[:, 0], [0.02] * 50), "b": np.where(z[:, 1] > norm.ppf(0.7), 20, cut(z[:, 2], [0.05] * 20))}
        cuts = [cuts_of(n, np.bincount(c), ordered=True, null=n == "b") for n, c in coded.items()]
        assert cuts[1].missing == pytest.approx(0.3, abs=0.01)
        found = correlated(cuts, coded)
        # Where values are missing hangs on a; the values themselves do in their own way.
        assert found[0, 2] == pytest.approx(0.7, abs=0.03)
        assert found[0, 1] < -0.3

    def test_of_a_few_rows_correlations_are_nearer_to_0(self):
        coded = {"a": np.array([0, 1, 2, 3, 4, 5]), "b": np.array([0, 1, 2, 3, 4, 5])}
        cuts = [cuts_of(n, np.bincount(c), ordered=True, null=False) for n, c in coded.items()]
        assert 0.3 < correlated(cuts, coded)[0, 1] < 0.6

    def test_a_matrix_that_is_none_of_correlations_becomes_one(self):
        broken = np.array([[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]])
        found = positive(broken)
        assert np.linalg.eigvalsh(found).min() > 0
        assert np.diag(found) == pytest.approx(np.ones(3))

    def test_categories_stand_in_the_order_of_what_they_go_along_with(self):
        rng = np.random.default_rng(0)
        size = rng.integers(0, 5, 5000)
        relabelled = np.array([3, 0, 4, 1, 2])[size]
        number = np.clip(size * 10 + rng.integers(0, 10, 5000), 0, 49)
        cuts = [
            cuts_of("kind", np.bincount(relabelled), ordered=False, null=False),
            cuts_of("number", np.bincount(number), ordered=True, null=False),
        ]
        order = ranked_categories(cuts, {"kind": relabelled, "number": number})[0].codes.tolist()
        assert order in ([3, 0, 4, 1, 2], [2, 1, 4, 0, 3])


def joint():
    """Three cut variables of which everything is known."""
    shares = {"a": [0.1] * 10, "b": [0.3, 0.3, 0.4], "c": [0.05] * 20}
    cuts = tuple(cuts_of(n, np.array(s), ordered=True, null=False) for n, s in shares.items())
    return CopulaJoint(30, cuts, CORRELATION), shares


class TestWhatIsDrawn:
    rows = 20_000

    def test_shares_and_correlations_are_met(self):
        model, shares = joint()
        drawn = model.draw(Evidence(self.rows), np.random.default_rng(0))
        for name, wanted in shares.items():
            # Standard errors of shares are below 0.0035.
            assert np.abs(np.bincount(drawn[name]) / self.rows - wanted).max() < 0.015
        assert np.abs(correlated(model.cuts, drawn) - CORRELATION).max() < 0.03

    def test_given_a_column_and_a_set_the_rest_follows_as_among_many_rows(self):
        model, _ = joint()
        many = model.draw(Evidence(400_000), np.random.default_rng(1))
        fits = (many["a"] == 8) & np.isin(many["c"], [0, 1, 15, 16])
        allowed = {"c": np.isin(np.arange(20), [0, 1, 15, 16])}
        known = {"a": np.full(self.rows, 8, dtype=np.int32)}
        drawn = model.draw(Evidence(self.rows, known, allowed), np.random.default_rng(2))
        assert (drawn["a"] == 8).all() and allowed["c"][drawn["c"]].all()
        for name, size in (("b", 3), ("c", 20)):
            truth = np.bincount(many[name][fits], minlength=size) / fits.sum()
            # A few thousand of the many rows fit: standard errors are below 0.008.
            assert np.abs(np.bincount(drawn[name], minlength=size) / self.rows - truth).max() < 0.03

    def test_a_case_that_never_occurs_is_drawn_all_the_same(self):
        model, _ = joint()
        known = {"a": np.zeros(50, dtype=np.int32), "b": np.full(50, 2, dtype=np.int32)}
        allowed = {"c": np.arange(20) == 0}
        drawn = model.draw(Evidence(50, known, allowed), np.random.default_rng(0))
        assert (drawn["a"] == 0).all() and (drawn["b"] == 2).all() and (drawn["c"] == 0).all()

    def test_a_cold_draw_is_narrow(self):
        model, _ = joint()
        cold = model.draw(Evidence(2000, temperature=0.1), np.random.default_rng(0))
        warm = model.draw(Evidence(2000), np.random.default_rng(0))
        assert cold["c"].std() < 0.5 * warm["c"].std()
        assert abs(cold["c"].mean() - 9.5) < 1

    def test_nothing_allowed_is_refused(self):
        model, _ = joint()
        with pytest.raises(SampleError, match="'b'"):
            model.draw(Evidence(5, {}, {"b": np.zeros(3, dtype=bool)}), np.random.default_rng(0))

    def test_cut_normal_values_stay_inside_however_far_out(self):
        rng = np.random.default_rng(0)
        low = np.array([-50.0, -1.0, 30.0, -np.inf, 5.0])
        high = np.array([-49.0, 1.0, np.inf, -20.0, 5.001])
        for _ in range(50):
            found = truncated(np.zeros(5), 1.0, low, high, rng)
            assert (found >= low).all() and (found <= high).all()


def shop(rows=4000):
    """Numbers that go together, categories that hang on them, and gaps where the price is high."""
    z = normals(CORRELATION, rows, seed=5)
    price = np.exp(3 + z[:, 0])
    weight = np.where(price > 40, np.nan, 100 + 10 * z[:, 1])
    return table(
        price=price.tolist(),
        weight=pl.Series(weight).fill_nan(None),
        kind=np.array(["dear", "fair", "cheap"])[cut(-z[:, 0], [0.2, 0.5, 0.3])].tolist(),
        sold=np.round(50 + 20 * z[:, 2]).astype(int).tolist(),
    )


class TestTheWhole:
    def test_ties_gaps_and_categories_are_kept(self):
        real = shop()
        made = tr.fit(real, "copula", seed=0).sample(4000, seed=1).rows
        for rows in (real.rows, made):
            ranks = rows.select(pl.corr("price", "sold", method="spearman")).item()
            assert ranks == pytest.approx(-0.385, abs=0.06)
        dear = made.filter(pl.col("price") > 40)["weight"].null_count() / made.filter(pl.col("price") > 40).height
        cheap = made.filter(pl.col("price") < 15)["weight"].null_count() / made.filter(pl.col("price") < 15).height
        assert dear > 0.7 and cheap < 0.05
        means = dict(made.group_by("kind").agg(pl.col("price").median()).iter_rows())
        assert means["cheap"] < means["fair"] < means["dear"]

    def test_saved_and_loaded_it_draws_the_same_rows_under_conditions(self, tmp_path):
        model = tr.fit(shop(), "copula", seed=0)
        model.save(tmp_path / "model")
        again = tr.load(tmp_path / "model")
        asked = {"seed": 3, "where": "price > 42.5 and kind != 'dear' and weight is not None", "temperature": 0.9}
        one, two = model.sample(300, **asked), again.sample(300, **asked)
        assert one.digest() == two.digest()
        assert one.rows["price"].min() > 42.5 and "dear" not in one.rows["kind"].to_list()
        assert one.rows["weight"].null_count() == 0

    def test_gaps_are_filled_to_fit_the_row(self):
        real = shop()
        rows = real.rows.head(500)
        filled = tr.fit(real, "copula", seed=0).impute(rows.with_columns(pl.lit(None).alias("kind")), seed=1).rows
        assert filled["price"].to_list() == rows["price"].to_list()
        cheap = filled.filter(pl.col("price") < 8)
        assert (cheap["kind"] == "cheap").mean() > 0.7

    def test_settings_out_of_range_are_refused(self):
        with pytest.raises(FitError, match="sweeps is 0"):
            Copula(sweeps=0)
