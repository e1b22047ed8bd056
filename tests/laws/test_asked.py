"""What every method that draws under conditions keeps: what was asked, and the rules of the schema."""

from datetime import datetime

import numpy as np
import polars as pl
import pytest

from trasunto.data.constraints import violations
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, Constraint, TableSchema
from trasunto.errors import SampleError, SchemaError
from trasunto.synthesizers.model import load_model
from trasunto.testing import KINDS, patients


def orders():
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
    columns = tuple(Column(n, KINDS[frame[n].dtype.base_type()], False) for n in frame.columns)
    rules = (
        "total == net + tax",
        "ordered <= sent",
        "combination(city, country)",
        "one_hot(red, green, blue)",
        "increment(price, 5)",
        "implies(not returned, refund == 0)",
    )
    return Dataset.of(Table(TableSchema(columns, constraints=tuple(Constraint(r) for r in rules)), frame))


class TestAsked:
    """What every method that takes conditions must keep."""

    def test_completes_partial_rows_of_any_columns(self, conditioned, fitted):
        real = patients(1000)
        model = fitted(conditioned, real)
        seeds = pl.DataFrame({"ward": ["A", None, "B"] * 20, "age": [40, 61, None] * 20})
        made = model.sample(60, seed=1, given=seeds).rows
        for column in ("ward", "age"):
            asked = seeds[column].is_not_null()
            assert (made[column].filter(asked) == seeds[column].filter(asked)).all()
        assert made["ward"].n_unique() > 2 and made["age"].n_unique() > 5

    def test_meets_conditions_in_words_to_the_row(self, conditioned, fitted):
        model = fitted(conditioned, patients(1000))
        text = 'age > 60 and diagnosis == "ill" and ward in ["A", "B"] and dose is not None and seen < "2021-01-15"'
        made = model.sample(80, seed=1, where=text).rows
        assert len(made) == 80
        assert (made["age"] > 60).all() and (made["diagnosis"] == "ill").all() and made["dose"].null_count() == 0
        assert set(made["ward"].unique()) == {"A", "B"} and (made["seen"] < datetime(2021, 1, 15)).all()
        assert (model.sample(30, seed=1, where="gain > age").rows["gain"] > 20).all()

    def test_says_when_no_row_can_meet_a_condition(self, conditioned, fitted):
        model = fitted(conditioned, patients())
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

    def test_fills_gaps_and_leaves_the_rest(self, conditioned, fitted):
        real = patients(1000)
        model = fitted(conditioned, real)
        holes = real.rows.with_columns(
            pl.when(pl.int_range(pl.len()) % 3 == 0).then(None).otherwise(pl.col("ward")).alias("ward")
        )
        full = model.impute(holes, seed=1).rows
        assert full["ward"].null_count() == 0 and full["dose"].null_count() == 0
        kept = holes["ward"].is_not_null()
        assert (full["ward"].filter(kept) == holes["ward"].filter(kept)).all()
        assert (full["number"] == real.rows["number"]).all()

    def test_a_temperature_below_one_makes_the_likely_likelier(self, conditioned, fitted):
        model = fitted(conditioned, patients(1000))

        def zeros(temperature):
            return (model.sample(800, seed=1, temperature=temperature).rows["gain"] == 0).mean()

        assert zeros(0.5) > zeros(1.0) > zeros(3.0)
        with pytest.raises(SampleError, match="temperature is 0"):
            model.sample(1, seed=1, temperature=0)

    def test_parts_repeat_no_identifier(self, conditioned, fitted):
        ids = [f"P{i:04d}{'ABC'[i % 3]}" for i in range(500)]
        schema = TableSchema((Column("key", "id", False, "identifier"), Column("x", "integer")))
        real = Dataset.of(Table(schema, pl.DataFrame({"key": ids, "x": list(range(500))})))
        model = fitted(conditioned, real)
        made = pl.concat([part.rows for part in model.batches(5000, seed=1, size=700)])
        assert made["key"].n_unique() == 5000


class TestRules:
    """Rules of the schema hold in every row, and no row is thrown away."""

    def test_every_rule_holds_in_every_row(self, name, fitted, tmp_path):
        real = orders()
        fitted(name, real).save(tmp_path / "model")
        made = load_model(tmp_path / "model").sample(1500, seed=1)
        assert len(made) == 1500 and made.rows.columns == real.rows.columns
        assert [v.count for v in violations(made.only, like=real.only)] == [0] * 6

    def test_what_was_learnt_stays(self, taught, fitted):
        real, made = orders().rows, fitted(taught, orders()).sample(1500, seed=1).rows
        assert abs((made["city"] == "York").mean() - 0.25) < 0.05
        assert abs(made["refund"].mean() - real["refund"].mean()) < 3

    def test_rules_and_conditions_hold_together(self, conditioned, fitted):
        model = fitted(conditioned, orders())
        made = model.sample(200, seed=1, where='country == "GB" and ordered > 100').rows
        assert set(made["city"].unique()) <= {"Leeds", "York"} and (made["ordered"] > 100).all()
        assert (made["ordered"] <= made["sent"]).all()
        given = model.sample(40, seed=1, given={"city": ["Bilbao", "York"] * 20}).rows
        assert given["country"].to_list() == ["ES", "GB"] * 20
        with pytest.raises(SampleError, match="No known combination"):
            model.sample(5, seed=1, where='city == "York" and country == "ES"')
        with pytest.raises(SampleError, match="Give net, tax instead"):
            model.sample(1, seed=1, given={"total": [3.0]})
