"""Named laws tied by correlations: what is learnt, the document that is the model, and what edits of it do."""

import math

import numpy as np
import polars as pl
import pytest
import yaml

import trasunto as tr
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, TableSchema
from trasunto.errors import FitError, ModelError
from trasunto.synthesizers.distributions import Distributions
from trasunto.synthesizers.latent import cuts_of
from trasunto.synthesizers.sheet import SHEET, matrix_of, pairs_of


def table(schema=None, **columns):
    frame = pl.DataFrame(columns)
    kinds = {pl.String: "category", pl.Int64: "integer", pl.Float64: "number", pl.Boolean: "boolean"}
    kinds[pl.Datetime] = "datetime"
    columns = schema or tuple(Column(name, kinds[frame[name].dtype.base_type()]) for name in frame.columns)
    return Dataset.of(Table(TableSchema(columns), frame), "clinic")


def clinic(rows=3000):
    rng = np.random.default_rng(0)
    z = rng.standard_normal((rows, 2))
    z[:, 1] = 0.8 * z[:, 0] + 0.6 * z[:, 1]
    dose = np.exp(3 + 0.5 * z[:, 0])
    ward = np.array(["A", "B", "yes"])[np.digitize(z[:, 1], [-0.5, 0.7])]
    seen = 1_600_000_000_000_000 + (rng.integers(0, 700, rows) * 86_400_000_000)
    return table(
        dose=pl.Series(np.where(rng.random(rows) < 0.1, np.nan, dose)).fill_nan(None),
        visits=rng.poisson(30, rows),
        ward=np.where(np.arange(rows) < 2, "Zoé", ward).tolist(),
        smokes=(rng.random(rows) < 0.3).tolist(),
        seen=pl.Series(seen).cast(pl.Datetime("us")),
        card=[f"C-{n:05d}" for n in range(rows)],
    )


@pytest.fixture(scope="module")
def model():
    return tr.fit(clinic(), "distributions", seed=0)


@pytest.fixture
def saved(model, tmp_path):
    model.save(tmp_path / "model")
    return tmp_path / "model"


def edited(saved, change):
    """The model after a change of its document."""
    told = yaml.safe_load((saved / SHEET).read_text(encoding="utf-8"))
    change(told)
    (saved / SHEET).write_text(yaml.safe_dump(told, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return tr.load(saved)


class TestWhatIsLearnt:
    def test_columns_are_named_laws(self, model):
        told = model.describe()["columns"]
        assert told["dose"]["family"] == "lognormal" and told["dose"]["missing"] == pytest.approx(0.1, abs=0.02)
        assert told["dose"]["parameters"]["mean_log"] == pytest.approx(3, abs=0.05)
        assert told["visits"]["family"] == "poisson"
        assert told["visits"]["parameters"]["mean"] == pytest.approx(30, abs=0.4)
        assert set(told["ward"]["shares"]) == {"A", "B", "yes"} and told["ward"]["rare_left_out"] == 1
        assert told["smokes"]["shares"]["True"] == pytest.approx(0.3, abs=0.03)

    def test_rows_have_their_ties(self, model):
        made, real = model.sample(3000, seed=1).rows, clinic().rows
        for rows in (real, made):
            means = dict(rows.group_by("ward").agg(pl.col("dose").median()).iter_rows())
            assert means["A"] < means["B"] < means["yes"]
        assert made["dose"].median() == pytest.approx(real["dose"].median(), rel=0.05)
        assert made["seen"].dt.truncate("1d").n_unique() > 300

    def test_none_ties_nothing(self):
        made = tr.fit(clinic(), "distributions", seed=0, settings={"correlation": "none"}).sample(3000, seed=1).rows
        means = dict(made.group_by("ward").agg(pl.col("dose").log().mean()).iter_rows())
        assert max(means.values()) - min(means.values()) < 0.12

    def test_conditions_gaps_and_rare_cases(self, model):
        made = model.sample(100, seed=1, where="dose > 60 and ward == 'A' and seen >= '2022-01-01'").rows
        assert made["dose"].min() > 60 and set(made["ward"]) == {"A"}
        assert made["seen"].dt.year().min() >= 2022
        holes = clinic().rows.slice(2, 50).with_columns(pl.lit(None, dtype=pl.Float64).alias("dose"))
        filled = model.impute(holes, seed=1).rows
        assert filled["dose"].null_count() == 0 and filled["ward"].to_list() == holes["ward"].to_list()

    @pytest.mark.parametrize(
        ("settings", "said"),
        [
            ({"correlation": "gausian"}, "Did you mean 'gaussian'"),
            ({"criterion": "dic"}, "Did you mean"),
            ({"families": ("gama",)}, "Did you mean 'gamma'"),
            ({"sweeps": 0}, "sweeps is 0"),
        ],
    )
    def test_settings_out_of_range_are_refused(self, settings, said):
        with pytest.raises(FitError, match=said):
            Distributions(**settings)


class TestTheDocument:
    def test_it_says_in_words_what_it_is_and_what_is_not_kept(self, saved):
        text = (saved / SHEET).read_text(encoding="utf-8")
        assert text.startswith('# The fitted model of table "clinic"')
        assert "lognormal" in text and "Zoé" not in text
        assert 'Rare categories: 1 of column "ward"' in text and "only the shape" in text
        assert "strong, the same way (+0." in text or "opposite ways (-0." in text
        assert "{digit}{digit}" in text

    def test_nothing_else_is_saved_of_the_rows(self, saved):
        import json

        document = json.loads((saved / "model.json").read_text(encoding="utf-8"))
        assert document["facts"] == document["levels"] == document["steps"] == document["ids"] == {}
        with np.load(saved / "arrays.npz") as arrays:
            assert arrays.files == []

    def test_unchanged_it_draws_the_same_rows(self, saved, model):
        asked = {"seed": 4, "where": "visits > 25", "temperature": 0.9}
        assert tr.load(saved).sample(200, **asked).digest() == model.sample(200, **asked).digest()
        assert edited(saved, lambda told: None).sample(200, **asked).digest() == model.sample(200, **asked).digest()

    def test_saved_again_it_is_the_same_document(self, saved, tmp_path):
        tr.load(saved).save(tmp_path / "again")
        assert (tmp_path / "again" / SHEET).read_bytes() == (saved / SHEET).read_bytes()

    def test_a_parameter_changes_what_is_drawn(self, saved, model):
        before = model.sample(2000, seed=1).rows

        def change(told):
            told["columns"]["visits"]["parameters"]["mean"] = 33.0
            told["columns"]["smokes"]["shares"] = {False: 0.1, True: 0.9}
            told["columns"]["seen"]["high"] = "2021-12-31"

        made = edited(saved, change).sample(2000, seed=1).rows
        assert made["visits"].mean() > before["visits"].mean() + 2
        assert made["smokes"].mean() == pytest.approx(0.9, abs=0.03)
        assert made["seen"].dt.year().max() == 2021 < before["seen"].dt.year().max()

    def test_a_correlation_changes_what_is_drawn(self, saved):
        def change(told):
            told["correlations"]["pairs"] = {"visits": {"dose": -0.9}}

        made = edited(saved, change).sample(3000, seed=1).rows.drop_nulls("dose")
        assert np.corrcoef(made["dose"].log(), made["visits"])[0, 1] < -0.8

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            (lambda t: t["columns"]["dose"].update(low=1e9), "Column 'dose'.*low must be below high"),
            (lambda t: t["columns"]["dose"].pop("grid"), "Column 'dose'.*'grid' is not there"),
            (lambda t: t["columns"]["dose"].update(spikes=[{"vale": 3}]), "Column 'dose'.*not as it was written"),
            (lambda t: t["columns"].update(dose=3), "Column 'dose'.*not as it was written"),
            (lambda t: t["columns"]["ward"]["shares"].update(A=0.9), "Column 'ward'.*the shares add up to 1"),
            (lambda t: t["columns"]["ward"]["shares"].update({7: 0.0}), "value 7 is none.*put texts in quotes"),
            (lambda t: t["columns"]["ward"].update(kind="law"), "kind is 'law'"),
            (lambda t: t["columns"].pop("ward"), "has no column 'ward'"),
            (lambda t: t["columns"].update(wart={}), "has a column 'wart'"),
            (lambda t: t["correlations"].update(method="magic"), "no method 'none' or 'gaussian'"),
            (lambda t: t["correlations"].update(pairs={"dose": {"wart": 0.1}}), "no 'wart'.*Did you mean 'ward'"),
            (lambda t: t["correlations"].update(pairs={"ward": {"dose": 1.1}}), "is 1.1; it must be between"),
            (lambda t: t["correlations"].update(pairs=[1]), "The correlations of"),
            (
                lambda t: t["correlations"].update(
                    pairs={"visits": {"dose": 0.9}, "ward": {"dose": 0.9, "visits": -0.9}}
                ),
                "contradict each other",
            ),
            (lambda t: t.update(version=9), "no document of distributions"),
        ],
    )
    def test_a_faulty_edit_is_one_clear_error(self, saved, change, said):
        with pytest.raises(ModelError, match=f"(?s){said}"):
            edited(saved, change)

    def test_what_is_no_yaml_says_where(self, saved):
        (saved / SHEET).write_text("model: [", encoding="utf-8")
        with pytest.raises(ModelError, match=r"(?s)distributions\.yaml is no YAML.*line 2"):
            tr.load(saved)
        (saved / SHEET).unlink()
        with pytest.raises(ModelError, match="cannot be read"):
            tr.load(saved)


class TestCorrelations:
    def cuts(self, count):
        return [cuts_of(f"x{at}", np.full(10, 0.1), ordered=True, null=False) for at in range(count)]

    def test_small_ones_are_left_out_and_the_rest_rounded(self):
        matrix = np.array([[1, 0.123456, 0.004], [0.123456, 1, -0.5], [0.004, -0.5, 1]])
        pairs = pairs_of(self.cuts(3), matrix)
        assert pairs == {"x1": {"x0": 0.1235}, "x2": {"x1": -0.5}}
        assert matrix_of(self.cuts(3), pairs)[0, 1] == 0.1235

    def test_what_is_written_is_always_a_correlation_matrix(self):
        rng = np.random.default_rng(0)
        for size in (5, 60):
            loadings = rng.normal(0, 1, (size, 2)) + 0.001
            matrix = loadings @ loadings.T + 1e-6 * np.eye(size)
            scale = np.sqrt(np.diag(matrix))
            wanted = matrix / scale / scale[:, None]
            found = matrix_of(self.cuts(size), pairs_of(self.cuts(size), wanted))
            assert np.linalg.eigvalsh(found).min() > 0
            assert np.abs(found - wanted).max() < 0.05

    def test_a_column_named_like_the_gaps_of_another_is_no_trouble(self):
        gap = np.random.default_rng(0).random(400) < 0.3
        real = table(
            x=pl.Series(np.where(gap, np.nan, np.arange(400.0))).fill_nan(None),
            **{"x is missing": np.where(gap, "yes", "no").tolist()},
        )
        made = tr.fit(real, "distributions", seed=0).sample(400, seed=1).rows
        assert ((made["x is missing"] == "yes") == made["x"].is_null()).mean() > 0.9


@pytest.mark.parametrize(
    "real",
    [
        table(x=[1, 2]),
        table(x=list(range(30)), y=[f"{n % 3}" for n in range(30)]),
        table(x=pl.Series([None] * 40, dtype=pl.Float64), y=pl.Series([None] * 40, dtype=pl.String)),
        table(x=[3] * 50, y=[1.5] * 50),
        table(x=np.random.default_rng(0).standard_cauchy(500).tolist()),
        table(x=[0.0] * 450 + [math.exp(n / 9) for n in range(50)]),
        table(x=pl.Series([-62_135_596_800_000_000, 253_402_214_400_000_000] * 30).cast(pl.Datetime("us"))),
        table(x=[f"c{n}" for n in range(2000)] * 5),
    ],
    ids=["two rows", "thirty", "nothing", "constant", "heavy", "zeros", "ends of time", "many"],
)
def test_ugly_columns_are_written_and_read(real, tmp_path):
    model = tr.fit(real, "distributions", seed=0)
    model.save(tmp_path / "model")
    made = tr.load(tmp_path / "model").sample(50, seed=1)
    assert made.digest() == model.sample(50, seed=1).digest() and len(made) == 50
    if real.rows["x"].dtype.is_numeric() and real.rows["x"].null_count() == 0:
        assert made.rows["x"].min() >= real.rows["x"].min() and made.rows["x"].max() <= real.rows["x"].max()
