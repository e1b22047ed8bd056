"""What every method of events keeps."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

import trasunto as tr
from trasunto.data.constraints import violations
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, Constraint, Format, TableSchema
from trasunto.errors import BudgetError, FitError, SampleError
from trasunto.privacy.budget import Budget
from trasunto.synthesizers.model import load_model

METHODS = ("sequences", "sequence-bootstrap")
QUICK = {"sequences": {"row_settings": {"orders": 2}}}


def journeys(entities=200, seed=0):
    """Travellers and their journeys: irregular days, ties, gaps in values, a home that is constant, a rare word."""
    rng = np.random.default_rng(seed)
    rows = []
    for one in range(entities):
        home, when = rng.choice(["Bilbao", "York"]), datetime(2022, 1, 1) + timedelta(days=int(rng.integers(0, 90)))
        spent = 0.0
        for _ in range(1 + rng.geometric(0.3)):
            by = rng.choice(["train", "bus"], p=[0.8, 0.2] if home == "York" else [0.2, 0.8])
            price = round(float(rng.gamma(3, 10 if by == "train" else 2)), 2)
            spent = round(spent + price, 2)
            rows.append((f"T{one:04d}", home, when, by, None if rng.random() < 0.1 else price, spent, len(rows) + 1))
            when += timedelta(days=int(rng.integers(0, 20)))
    rows[7] = (*rows[7][:3], "airship", *rows[7][4:])
    names = ("traveller", "home", "day", "by", "price", "spent", "ticket")
    kinds = ("id", "category", "datetime", "category", "number", "number", "id")
    frame = pl.DataFrame(rows, schema=list(names), orient="row").with_columns(pl.col("day").cast(pl.Datetime("us")))
    columns = tuple(
        Column(n, k, n == "price", format=Format(date_only=n == "day")) for n, k in zip(names, kinds, strict=True)
    )
    schema = TableSchema(columns, primary_key=("ticket",), sequence=("traveller", "day"))
    # As they happened: the events of many travellers stand among each other.
    return Dataset.of(Table(schema, frame.sort("day", maintain_order=True)), "journeys")


@pytest.fixture(scope="module")
def real():
    return journeys()


@pytest.fixture(scope="module", params=METHODS)
def method(request):
    return request.param


@pytest.fixture(scope="module")
def model(real, method):
    return tr.fit(real, method, seed=0, settings=QUICK.get(method))


class TestLaws:
    def test_the_input_stays_and_the_schema_is_kept(self, real, method, model):
        before = real.digest()
        made = model.sample(50, seed=1)
        assert real.digest() == before
        assert made.rows.schema == real.rows.schema and made.name == "journeys"
        assert made.only.schema.sequence == ("traveller", "day") and made.only.schema.primary_key == ("ticket",)

    def test_rows_are_entities_with_new_names_each_once_also_in_parts(self, real, model):
        parts = list(model.batches(70, seed=1, size=30))
        assert [part.rows["traveller"].n_unique() for part in parts] == [30, 30, 10]
        rows = pl.concat([part.rows for part in parts])
        assert rows["traveller"].n_unique() == 70 and rows["ticket"].n_unique() == len(rows)
        assert not set(rows["ticket"]) & set(real.rows["ticket"])

    def test_events_stand_in_order_and_what_is_constant_is_constant(self, model):
        rows = model.sample(100, seed=1).rows
        per = rows.group_by("traveller", maintain_order=True)
        assert per.agg(pl.col("home").n_unique())["home"].max() == 1
        assert per.agg((pl.col("day").diff().dt.total_days() < 0).any())["day"].any() is False
        assert rows["day"].dt.truncate("1d").equals(rows["day"])

    def test_rare_values_and_extremes_are_not_passed_on(self, real, model):
        rows = model.sample(300, seed=1).rows
        assert "airship" not in rows["by"]
        assert rows["price"].max() <= real.rows["price"].max() and 0 < rows["price"].null_count() < len(rows) / 4

    def test_same_seed_same_rows_saved_loaded_and_in_another_process(self, method, model, tmp_path):
        made = model.sample(40, seed=3).digest()
        model.save(tmp_path / "model")
        assert load_model(tmp_path / "model").sample(40, seed=3).digest() == made
        assert model.sample(40, seed=4).digest() != made
        code = "import sys, trasunto as tr; print(tr.load(sys.argv[1]).sample(40, seed=3).digest())"
        told = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "model")], capture_output=True, text=True, check=True
        )
        assert told.stdout.strip() == made
        assert not list((tmp_path / "model").rglob("*.pkl"))

    def test_a_fit_with_the_same_seed_is_the_same(self, real, method, model):
        again = tr.fit(real, method, seed=0, settings=QUICK.get(method))
        assert again.sample(30, seed=1).digest() == model.sample(30, seed=1).digest()

    def test_tells_what_it_is_in_json(self, model):
        told = model.describe()
        assert json.loads(json.dumps(told))["static"] == ["home"] and told["entities"] == 200
        assert model.guarantee is None

    def test_none_one_and_less(self, model):
        assert len(model.sample(0, seed=1)) == 0 and model.sample(1, seed=1).rows["traveller"].n_unique() == 1
        with pytest.raises(SampleError, match="-1"):
            model.sample(-1, seed=1)

    def test_refuses_what_it_does_not_claim(self, real, method):
        bare = Dataset.of(Table(TableSchema(real.only.schema.columns), real.rows))
        with pytest.raises(FitError, match="names no sequence"):
            tr.fit(bare, method)
        with pytest.raises(FitError, match="no entity"):
            gap = real.rows.with_columns(pl.when(pl.col("ticket") > 3).then("traveller").alias("traveller"))
            tr.fit(Dataset.of(Table(real.only.schema, gap)), method)
        few = [f"{at} was so long a way" if at < 5 else None for at in range(len(real))]
        notes = real.rows.with_columns(pl.Series("note", few))
        schema = replace(real.only.schema, columns=(*real.only.schema.columns, Column("note", "text")))
        with pytest.raises(FitError, match="note holds 5 texts; 8 are the least"):
            tr.fit(Dataset.of(Table(schema, notes)), method)
        with pytest.raises(BudgetError):
            tr.fit(real, method, budget=Budget(1.0, 1e-5))


class TestAsked:
    def test_conditions_on_entities_and_on_events(self, model):
        rows = model.sample(60, seed=1, where='home == "York" and by == "bus" and day < "2022-05-01"').rows
        assert set(rows["home"]) == {"York"} and set(rows["by"]) == {"bus"}
        assert rows["traveller"].n_unique() == 60 and (rows["day"] < datetime(2022, 5, 1)).all()
        mixed = model.sample(30, seed=1, where='home == "York" or by == "bus"').rows
        assert ((mixed["home"] == "York") | (mixed["by"] == "bus")).all()
        with pytest.raises(SampleError, match="names an entity"):
            model.sample(5, seed=1, where='traveller == "T0001"')
        with pytest.raises(SampleError, match="made anew"):
            model.sample(5, seed=1, where="ticket > 3")

    def test_given_entities(self, model):
        rows = model.sample(40, seed=1, given={"home": ["York", "Bilbao"] * 20}).rows
        assert rows.group_by("traveller", maintain_order=True).first()["home"].to_list() == ["York", "Bilbao"] * 20
        with pytest.raises(SampleError, match="Given 2 rows for 3"):
            model.sample(3, seed=1, given={"home": ["York", "York"]})

    def test_goes_on_from_real_events(self, real, model):
        few = real.rows.filter(pl.col("traveller").is_in(["T0001", "T0002", "T0003"]))
        begun = few.sort("traveller", "day")
        made = model.go_on(few, seed=1, more=3).rows
        assert len(made) == len(few) + 9
        for name, own in made.group_by("traveller"):
            mine = begun.filter(pl.col("traveller") == name[0])
            assert own.head(len(mine)).sort("ticket").equals(mine.sort("ticket"))
            assert own["day"].is_sorted() and own["home"].n_unique() == 1
        assert len(model.sample(3, seed=1, given=few).rows) >= len(few)
        with pytest.raises(SampleError, match="events of 3 entities for 2"):
            model.sample(2, seed=1, given=few)
        with pytest.raises(SampleError, match="lack column 'spent'"):
            model.go_on(few.drop("spent"), seed=1)

    def test_a_temperature_below_one_makes_the_likely_likelier(self, model):
        def share(temperature):
            return (
                model.sample(150, seed=1, temperature=temperature, where='home == "York"').rows["by"] == "train"
            ).mean()

        assert share(0.3) > share(1.0) > share(5.0)
        with pytest.raises(SampleError, match="temperature"):
            model.sample(3, seed=1, temperature=0)


class TestRules:
    def test_rules_hold_along_every_sequence(self, real, method):
        rules = ("increasing(spent)", 'nothing_after(by, "bus")', 'implies(by == "bus", missing(price) or price < 9)')
        rules += ('implies(home == "York" and by == "bus", spent < 60)',)
        bound = replace(real.only.schema, constraints=tuple(Constraint(each) for each in rules))
        model = tr.fit(Dataset.of(Table(bound, real.rows)), method, seed=0, settings=QUICK.get(method))
        assert [each.count for each in violations(model.sample(120, seed=1).only)] == [0, 0, 0, 0]


class TestLearnt:
    def test_lengths_gaps_and_what_hangs_on_the_entity(self, real, model):
        made = model.sample(600, seed=2).rows
        counts = made.group_by("traveller").len()["len"]
        truth = real.rows.group_by("traveller").len()["len"]
        assert abs(counts.mean() - truth.mean()) < 0.5
        trains = made.filter(pl.col("home") == "York")["by"] == "train"
        assert abs(made["price"].mean() - real.rows["price"].mean()) < 4
        assert trains.mean() > 0.6 or "bootstrap" in model.method

    def test_a_running_total_rises(self, model):
        made = model.sample(100, seed=2).rows
        falls = made.select((pl.col("spent").diff() < 0).over("traveller").any())
        assert not falls.item()
