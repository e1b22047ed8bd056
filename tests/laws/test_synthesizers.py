"""What every synthesizer of tables must keep, whatever its method."""

import subprocess
import sys
from datetime import datetime

import numpy as np
import polars as pl
import pytest

import trasunto as tr
from trasunto.data.constraints import violations
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, Constraint, Format, TableSchema
from trasunto.errors import BudgetError, FitError, SampleError, SchemaError, TrasuntoError
from trasunto.privacy.budget import Budget
from trasunto.synthesizers.model import load_model

NAMES = ("bayes", "copula", "independent", "tree")
CONDITIONED = ("bayes", "copula", "independent", "tree")


def patients(rows=400, seed=0):
    """A table with every kind of column that a row synthesizer takes, with gaps, spikes and ties between columns."""
    rng = np.random.default_rng(seed)
    ill = rng.random(rows) < 0.3
    age = np.clip(rng.normal(50 + 15 * ill, 12, rows), 0, 99).round()
    gain = np.where(rng.random(rows) < 0.8, 0, rng.integers(1, 9_000, rows))
    dose = np.round(rng.gamma(2.0, 5.0, rows), 2)
    start = datetime(2020, 1, 1).timestamp() * 1e6
    when = (start + rng.integers(0, 700, rows) * 86_400e6).astype(np.int64)
    frame = pl.DataFrame(
        {
            "number": pl.Series(np.arange(1, rows + 1)),
            "diagnosis": pl.Series(np.where(ill, "ill", "well")),
            "age": pl.Series(age).cast(pl.Int64),
            "gain": pl.Series(gain).cast(pl.Int64),
            "dose": pl.Series(np.where(rng.random(rows) < 0.2, np.nan, dose)).fill_nan(None),
            "smokes": pl.Series(rng.random(rows) < 0.4),
            "seen": pl.Series(when).cast(pl.Datetime("us")),
            "ward": pl.Series(rng.choice(["A", "B", "C"], rows)),
            "nothing": pl.Series([None] * rows, dtype=pl.String),
            "same": pl.Series(["x"] * rows),
        }
    )
    schema = TableSchema(
        (
            Column("number", "id", False, "identifier"),
            Column("diagnosis", "category", False, "target"),
            Column("age", "integer"),
            Column("gain", "integer"),
            Column("dose", "number", format=Format(decimals=2)),
            Column("smokes", "boolean"),
            Column("seen", "datetime", format=Format(date_only=True)),
            Column("ward", "category"),
            Column("nothing", "category"),
            Column("same", "category"),
        ),
        primary_key=("number",),
    )
    return Dataset.of(Table(schema, frame), "patients")


def of_columns(**columns):
    frame = pl.DataFrame(columns)
    kinds = {pl.String: "category", pl.Int64: "integer", pl.Float64: "number", pl.Boolean: "boolean"}
    schema = TableSchema(tuple(Column(name, kinds[frame[name].dtype.base_type()]) for name in frame.columns))
    return Dataset.of(Table(schema, frame))


@pytest.mark.parametrize("name", NAMES)
class TestEvery:
    def test_leaves_its_input_as_it_was(self, name):
        real = patients()
        before = real.digest()
        tr.fit(real, name, seed=0).sample(50, seed=1)
        assert real.digest() == before

    def test_gives_the_same_rows_for_the_same_seed_and_others_for_another(self, name):
        real = patients()
        one, again = (tr.fit(real, name, seed=3).sample(200, seed=4) for _ in range(2))
        assert one.digest() == again.digest()
        assert tr.fit(real, name, seed=3).sample(200, seed=5).digest() != one.digest()

    def test_keeps_the_schema(self, name):
        real = patients()
        made = tr.fit(real, name, seed=0).sample(120, seed=1)
        assert made.name == real.name
        assert made.rows.columns == real.rows.columns
        assert made.rows.dtypes == real.rows.dtypes
        assert [c.kind for c in made.only.schema.columns] == [c.kind for c in real.only.schema.columns]
        assert len(made) == 120

    def test_keeps_gaps_spikes_and_the_grid_of_values(self, name):
        real, made = patients(2000), tr.fit(patients(2000), name, seed=0).sample(2000, seed=1).rows
        assert abs(made["dose"].null_count() - real.rows["dose"].null_count()) < 120
        assert abs((made["gain"] == 0).mean() - (real.rows["gain"] == 0).mean()) < 0.05
        dose = made["dose"].drop_nulls()
        assert np.allclose(dose, dose.round(2))
        assert (made["seen"].dt.truncate("1d") == made["seen"]).all()
        assert made["nothing"].null_count() == 2000
        assert made["same"].unique().to_list() == ["x"]

    def test_keeps_days_to_the_end_of_time(self, name):
        days = pl.Series(
            "d", [datetime(9999, 12, 31), datetime(1, 1, 1), datetime(2020, 5, 17)] * 40, dtype=pl.Datetime("us")
        )
        schema = TableSchema((Column("d", "datetime", format=Format(date_only=True)),))
        made = tr.fit(Dataset.of(Table(schema, pl.DataFrame([days]))), name, seed=0).sample(50, seed=1).rows["d"]
        assert (made.dt.truncate("1d") == made).all()

    def test_makes_new_identifiers_each_once(self, name):
        real = patients()
        made = tr.fit(real, name, seed=0).sample(300, seed=1).rows["number"]
        assert made.n_unique() == 300
        assert not made.is_in(real.rows["number"].implode()).any()

    def test_passes_on_no_value_of_a_continuous_column_more_than_by_chance(self, name):
        rng = np.random.default_rng(0)
        secret = rng.normal(0, 1, 1500)
        made = tr.fit(of_columns(x=secret, y=rng.normal(0, 1, 1500)), name, seed=0).sample(1500, seed=1).rows["x"]
        assert np.isin(made.to_numpy(), secret).sum() == 0
        assert made.max() < secret.max() and made.min() > secret.min()

    def test_does_not_pass_on_a_category_of_one_person(self, name):
        real = of_columns(town=["Alba"] * 200 + ["Bera"] * 199 + ["Villaraíz"], n=list(range(400)))
        made = tr.fit(real, name, seed=0).sample(1000, seed=1).rows["town"]
        assert set(made.unique()) == {"Alba", "Bera"}

    def test_does_not_pass_on_categories_that_never_repeat(self, name):
        real = of_columns(plate=[f"{i:04d}-XY{chr(65 + i % 26)}" for i in range(300)], n=list(range(300)))
        with_gaps = of_columns(plate=[None] * 30 + real.rows["plate"].to_list()[30:], n=list(range(300)))
        assert 0 < tr.fit(with_gaps, name, seed=0).sample(100, seed=1).rows["plate"].null_count() < 40
        made = tr.fit(real, name, seed=0).sample(100, seed=1).rows["plate"]
        assert not made.is_in(real.rows["plate"].implode()).sum() > 5
        assert made.str.contains(r"^\d{4}-XY[A-Z]\d*$").all()

    def test_saved_and_loaded_in_another_process_it_draws_the_same_rows(self, name, tmp_path):
        model = tr.fit(patients(), name, seed=0)
        model.save(tmp_path / "model")
        assert load_model(tmp_path / "model").sample(77, seed=9).digest() == model.sample(77, seed=9).digest()
        code = "import sys, trasunto as tr; print(tr.load(sys.argv[1]).sample(77, seed=9).digest())"
        done = subprocess.run(
            [sys.executable, "-c", code, tmp_path / "model"], capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == model.sample(77, seed=9).digest()

    def test_its_files_hold_no_pickle(self, name, tmp_path):
        tr.fit(patients(), name, seed=0).save(tmp_path / "model")
        assert {path.suffix for path in (tmp_path / "model").iterdir()} <= {".json", ".npz", ".npy", ".safetensors"}
        with np.load(tmp_path / "model" / "arrays.npz", allow_pickle=False) as stored:
            assert all(stored[key].dtype.kind in "iufb" for key in stored.files)

    def test_draws_in_batches_of_bounded_size(self, name):
        parts = list(tr.fit(patients(), name, seed=0).batches(250, seed=1, size=100))
        assert [len(part) for part in parts] == [100, 100, 50]
        assert parts[0].digest() != parts[1].digest()

    def test_refuses_a_budget_it_cannot_honour(self, name):
        with pytest.raises(BudgetError, match="no differentially private version"):
            tr.fit(patients(), name, seed=0, budget=Budget(1.0))

    def test_describes_itself_in_json_values(self, name):
        import json

        told = tr.fit(patients(), name, seed=0).describe()
        assert told["fitted_to"] == 400
        json.dumps(told)

    @pytest.mark.parametrize(
        "real",
        [
            of_columns(a=["x"]),
            of_columns(a=[1, 2]),
            of_columns(a=[1.5, None], b=["u", "v"]),
            of_columns(a=pl.Series([None, None, None], dtype=pl.Float64), b=[1, 2, 3]),
            of_columns(a=[str(i) for i in range(300)], b=list(range(300))),
            of_columns(a=pl.Series([None] * 297 + [1.0, 2.0, 3.0], dtype=pl.Float64), b=["u"] * 300),
            of_columns(a=[2**62, -(2**62), 0, 5] * 10),
            of_columns(a=["😀", "مرحبا", "ñandú"] * 20, b=[0.1, 1e300, -1e300] * 20),
        ],
        ids=["one row", "two rows", "a gap", "no number", "all different", "99 % gaps", "huge", "any script"],
    )
    def test_takes_ugly_tables(self, name, real):
        made = tr.fit(real, name, seed=0).sample(20, seed=1)
        assert len(made) == 20
        assert made.rows.dtypes == real.rows.dtypes

    def test_draws_no_rows_and_refuses_less_than_none(self, name):
        model = tr.fit(patients(), name, seed=0)
        assert len(model.sample(0, seed=1)) == 0
        with pytest.raises(SampleError, match="-10"):
            model.sample(-10, seed=1)

    def test_refuses_free_text_and_names_who_can_write_it(self, name):
        schema = TableSchema((Column("note", "text"),))
        real = Dataset.of(Table(schema, pl.DataFrame({"note": ["a long story", "another one"]})))
        with pytest.raises(FitError, match="lm-finetune"):
            tr.fit(real, name, seed=0)

    def test_a_broken_or_missing_model_is_one_clear_error(self, name, tmp_path):
        with pytest.raises(TrasuntoError, match=r"model\.json"):
            load_model(tmp_path)
        tr.fit(patients(), name, seed=0).save(tmp_path / "model")
        (tmp_path / "model" / "arrays.npz").write_bytes(b"not an archive")
        with pytest.raises(TrasuntoError, match="broken"):
            load_model(tmp_path / "model")
        (tmp_path / "model" / "model.json").write_text('{"synthesizer": "tree", "version": 99}')
        with pytest.raises(TrasuntoError, match="version 99"):
            load_model(tmp_path / "model")


def test_tree_keeps_what_ties_columns_together_and_independent_loses_it():
    real = patients(3000)

    def gap(rows):
        means = rows.group_by("diagnosis").agg(pl.col("age").mean()).sort("diagnosis")["age"]
        return float(means[0] - means[1])

    truth = gap(real.rows)
    assert truth > 10
    tree = gap(tr.fit(real, "tree", seed=0).sample(3000, seed=1).rows)
    alone = gap(tr.fit(real, "independent", seed=0).sample(3000, seed=1).rows)
    # Standard error of the difference of means is about 0.5 here.
    assert abs(tree - truth) < 3
    assert abs(alone) < 3


@pytest.mark.parametrize("name", CONDITIONED)
class TestAsked:
    """What every method that takes conditions must keep."""

    def test_completes_partial_rows_of_any_columns(self, name):
        real = patients(1000)
        model = tr.fit(real, name, seed=0)
        seeds = pl.DataFrame({"ward": ["A", None, "B"] * 20, "age": [40, 61, None] * 20})
        made = model.sample(60, seed=1, given=seeds).rows
        for column in ("ward", "age"):
            asked = seeds[column].is_not_null()
            assert (made[column].filter(asked) == seeds[column].filter(asked)).all()
        assert made["ward"].n_unique() > 2 and made["age"].n_unique() > 5

    def test_meets_conditions_in_words_to_the_row(self, name):
        model = tr.fit(patients(1000), name, seed=0)
        text = 'age > 60 and diagnosis == "ill" and ward in ["A", "B"] and dose is not None and seen < "2021-01-15"'
        made = model.sample(80, seed=1, where=text).rows
        assert len(made) == 80
        assert (made["age"] > 60).all() and (made["diagnosis"] == "ill").all() and made["dose"].null_count() == 0
        assert set(made["ward"].unique()) == {"A", "B"} and (made["seen"] < datetime(2021, 1, 15)).all()
        assert (model.sample(30, seed=1, where="gain > age").rows["gain"] > 20).all()

    def test_says_when_no_row_can_meet_a_condition(self, name):
        model = tr.fit(patients(), name, seed=0)
        with pytest.raises(SampleError, match="'ward' takes 'A', 'B', 'C'"):
            model.sample(5, seed=1, where='ward == "Z"')
        with pytest.raises(SampleError, match="'age' lies between"):
            model.sample(5, seed=1, where="age > 400")
        with pytest.raises(SchemaError, match="Did you mean 'ward'"):
            model.sample(5, seed=1, where='wart == "A"')
        with pytest.raises(SampleError, match="which the model does not know"):
            model.sample(1, seed=1, given={"ward": ["Z"]})
        with pytest.raises(SampleError, match="2 rows for 3"):
            model.sample(3, seed=1, given={"ward": ["A", "B"]})

    def test_fills_gaps_and_leaves_the_rest(self, name):
        real = patients(600)
        model = tr.fit(real, name, seed=0)
        holes = real.rows.with_columns(
            pl.when(pl.int_range(pl.len()) % 3 == 0).then(None).otherwise(pl.col("ward")).alias("ward")
        )
        full = model.impute(holes, seed=1).rows
        assert full["ward"].null_count() == 0 and full["dose"].null_count() == 0
        kept = holes["ward"].is_not_null()
        assert (full["ward"].filter(kept) == holes["ward"].filter(kept)).all()
        assert (full["number"] == real.rows["number"]).all()

    def test_a_temperature_below_one_makes_the_likely_likelier(self, name):
        model = tr.fit(patients(1000), name, seed=0)

        def zeros(temperature):
            return (model.sample(800, seed=1, temperature=temperature).rows["gain"] == 0).mean()

        assert zeros(0.5) > zeros(1.0) > zeros(3.0)
        with pytest.raises(SampleError, match="temperature is 0"):
            model.sample(1, seed=1, temperature=0)

    def test_parts_repeat_no_identifier(self, name):
        ids = [f"P{i:04d}{'ABC'[i % 3]}" for i in range(500)]
        real = of_columns(x=list(range(500)))
        schema = TableSchema((Column("key", "id", False, "identifier"), Column("x", "integer")))
        real = Dataset.of(Table(schema, pl.DataFrame({"key": ids, "x": list(range(500))})))
        model = tr.fit(real, name, seed=0)
        made = pl.concat([part.rows for part in model.batches(5000, seed=1, size=700)])
        assert made["key"].n_unique() == 5000


@pytest.mark.parametrize("name", CONDITIONED)
class TestRules:
    """Rules of the schema hold in every row, and no row is thrown away."""

    def orders(self):
        rng = np.random.default_rng(3)
        rows = 800
        net = np.round(rng.gamma(3, 20, rows), 2)
        tax = np.round(net * rng.choice([0.1, 0.21], rows), 2)
        ordered = rng.integers(0, 300, rows)
        place = rng.integers(0, 4, rows)
        kind = rng.integers(0, 4, rows)
        frame = pl.DataFrame(
            {
                "net": net,
                "tax": tax,
                "total": net + tax,
                "ordered": ordered,
                "sent": ordered + rng.geometric(0.3, rows) - 1,
                "city": np.array(["Bilbao", "Cádiz", "Leeds", "York"])[place],
                "country": np.array(["ES", "ES", "GB", "GB"])[place],
                "red": kind == 1,
                "green": kind == 2,
                "blue": kind == 3,
                "price": rng.integers(1, 30, rows) * 5,
                "returned": kind == 0,
                "refund": np.where(kind == 0, rng.integers(1, 50, rows), 0),
            }
        )
        kinds = {pl.String: "category", pl.Int64: "integer", pl.Float64: "number", pl.Boolean: "boolean"}
        columns = tuple(Column(n, kinds[frame[n].dtype.base_type()], False) for n in frame.columns)
        rules = (
            "total == net + tax",
            "ordered <= sent",
            "combination(city, country)",
            "one_hot(red, green, blue)",
            "increment(price, 5)",
            "implies(not returned, refund == 0)",
        )
        return Dataset.of(Table(TableSchema(columns, constraints=tuple(Constraint(r) for r in rules)), frame))

    def test_every_rule_holds_in_every_row(self, name, tmp_path):
        real = self.orders()
        model = tr.fit(real, name, seed=0)
        model.save(tmp_path / "model")
        made = load_model(tmp_path / "model").sample(1500, seed=1)
        assert len(made) == 1500 and made.rows.columns == real.rows.columns
        assert [v.count for v in violations(made.only, like=real.only)] == [0] * 6
        assert abs((made.rows["city"] == "York").mean() - 0.25) < 0.05
        if name != "independent":
            assert abs(made.rows["refund"].mean() - real.rows["refund"].mean()) < 3

    def test_rules_and_conditions_hold_together(self, name):
        model = tr.fit(self.orders(), name, seed=0)
        made = model.sample(200, seed=1, where='country == "GB" and ordered > 100').rows
        assert set(made["city"].unique()) <= {"Leeds", "York"} and (made["ordered"] > 100).all()
        assert (made["ordered"] <= made["sent"]).all()
        given = model.sample(40, seed=1, given={"city": ["Bilbao", "York"] * 20}).rows
        assert given["country"].to_list() == ["ES", "GB"] * 20
        with pytest.raises(SampleError, match="No known combination"):
            model.sample(5, seed=1, where='city == "York" and country == "ES"')
        with pytest.raises(SampleError, match="Give net, tax instead"):
            model.sample(1, seed=1, given={"total": [3.0]})


def test_a_setting_out_of_range_is_refused():
    from trasunto.synthesizers.tree import Tree

    with pytest.raises(FitError, match="min_leaf is 0"):
        Tree(min_leaf=0)
