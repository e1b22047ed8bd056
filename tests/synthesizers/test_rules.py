"""The model of a document of rules: what every model does, and what it refuses."""

import json
import subprocess
import sys
from datetime import date
from importlib.resources import files

import polars as pl
import pytest
import yaml
from hypothesis import given as tried
from hypothesis import settings
from hypothesis import strategies as st

import trasunto as tr
from trasunto.errors import FitError, ModelError, SampleError
from trasunto.rules.draws import BLOCK
from trasunto.synthesizers.model import load_model
from trasunto.synthesizers.rules import Rules, plain
from trasunto.synthesizers.wanted import balanced, exactly

EXAMPLE = yaml.safe_load(files("trasunto.rules").joinpath("example.yaml").read_text(encoding="utf-8"))
MODEL = Rules.of(EXAMPLE)
WHOLE = MODEL.sample(BLOCK + 5000, seed=4).rows


def test_the_example_follows_its_own_rules():
    rows = WHOLE.filter(pl.col("fee").is_not_null())
    assert rows.height == WHOLE.height and WHOLE["customer"].n_unique() == WHOLE.height
    assert WHOLE["email"].n_unique() == WHOLE["voucher"].n_unique() == WHOLE.height
    assert WHOLE["joined"].dt.weekday().max() == 6
    assert (WHOLE.filter(pl.col("plan") == "free")["fee"] == 0).all()
    assert not {"age", "greeting"} & set(WHOLE.columns)


@tried(st.integers(0, BLOCK + 4900), st.integers(0, 100))
@settings(max_examples=15, deadline=None)
def test_a_row_is_the_same_however_many_are_drawn(first, rows):
    assert MODEL.sample(rows, seed=4, first=first).rows.equals(WHOLE[first : first + rows])


@pytest.mark.parametrize("size", [1, 777, 10_000])
def test_parts_together_are_the_whole(size):
    rows = 3 * size + 5 if size > 1 else 40
    parts = list(MODEL.batches(rows, seed=4, size=size))
    assert [len(part) for part in parts] == [min(size, rows - at) for at in range(0, rows, size)]
    assert pl.concat([part.rows for part in parts]).equals(WHOLE[:rows])


def test_other_seeds_give_other_rows():
    other = MODEL.sample(100, seed=5).rows
    assert (other["email"] == WHOLE["email"][:100]).sum() == 0
    assert other["customer"].equals(WHOLE["customer"][:100])


def test_saved_and_loaded_in_another_process_it_draws_the_same_rows(tmp_path):
    MODEL.save(tmp_path / "model")
    assert load_model(tmp_path / "model").sample(77, seed=9).digest() == MODEL.sample(77, seed=9).digest()
    code = "import sys, trasunto as tr; print(tr.load(sys.argv[1]).sample(77, seed=9).digest())"
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "model"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == MODEL.sample(77, seed=9).digest()


def test_a_broken_model_says_so(tmp_path):
    MODEL.save(tmp_path / "model")
    document = json.loads((tmp_path / "model" / "model.json").read_text())
    document["document"]["columns"]["visits"] = {"poison": 3}
    (tmp_path / "model" / "model.json").write_text(json.dumps(document))
    with pytest.raises(ModelError, match="cannot be followed: Column 'visits': no rule among 'poison'"):
        load_model(tmp_path / "model")


def test_it_refuses_to_be_fitted_and_to_be_heated():
    with pytest.raises(FitError, match="learns nothing from data"):
        tr.fit({"a": [1, 2, 3]}, "rules")
    with pytest.raises(SampleError, match=r"no temperature 0\.5"):
        MODEL.sample(1, seed=0, temperature=0.5)


@pytest.mark.parametrize("rows", [-1, -10])
def test_it_refuses_fewer_rows_than_none(rows):
    with pytest.raises(SampleError, match=str(rows)):
        MODEL.sample(rows, seed=0)
    with pytest.raises(SampleError, match="parts of 0"):
        list(MODEL.batches(5, seed=0, size=0))
    assert len(MODEL.sample(0, seed=0)) == 0 and MODEL.sample(0, seed=0).rows.dtypes == WHOLE.dtypes


def test_unique_values_count_rows_drawn_before():
    model = Rules.of({"columns": {"x": {"integer": [1, 10], "unique": True}}})
    assert sorted([*model.sample(6, seed=0).rows["x"], *model.sample(4, seed=0, first=6).rows["x"]]) == list(
        range(1, 11)
    )
    with pytest.raises(SampleError, match="allow 10 rows with unique values, not 11"):
        model.sample(5, seed=0, first=6)


def test_given_values_are_kept_and_followed():
    made = MODEL.sample(4, seed=4, given={"plan": ["pro", None, "free", None], "joined": [date(2024, 5, 2)] * 4}).rows
    assert made["plan"].to_list()[::2] == ["pro", "free"] and made["fee"][0] >= 10 and made["fee"][2] == 0
    assert set(made["first_invoice"].dt.date()) == {date(2024, 5, 8)}
    assert made["plan"][1] == WHOLE["plan"][1] and made["name"].equals(WHOLE["name"][:4])
    with pytest.raises(SampleError, match="2 given rows, but 3"):
        MODEL.sample(3, seed=0, given={"plan": ["pro", "free"]})
    with pytest.raises(SampleError, match="'plans' is not in the model"):
        MODEL.sample(1, seed=0, given={"plans": ["pro"]})


def test_exact_counts_and_balance():
    made = exactly(MODEL, {"plan == 'pro'": 30, "plan == 'free' and salary > 40000": 20}, seed=1).rows
    assert dict(made["plan"].value_counts().iter_rows()) == {"pro": 30, "free": 20}
    even = balanced(MODEL, ["plan"], 60, seed=1).rows
    assert set(even["plan"].value_counts()["count"]) == {20} and even["customer"].n_unique() == 60


def test_it_tells_of_itself_in_json_values():
    told = MODEL.describe()
    json.dumps(told)
    assert told["hidden"] == ["age", "greeting"] and told["document"] == plain(EXAMPLE)
    assert MODEL.guarantee is None and MODEL.schema.only.primary_key == ("customer",)


def test_documents_with_days_and_odd_keys_survive_saving(tmp_path):
    document = {
        "columns": {
            "d": {"date": [date(2020, 1, 1), date(2020, 1, 9)]},
            "c": {"choices": {1: 0.5, 2: 0.5}},
            "b": {"by": "c", "cases": {1: "one", 2: "two"}},
            "t": {"by": "c", "cases": {"1": "text", "2": "text"}},
        }
    }
    model = Rules.of(document)
    model.save(tmp_path / "m")
    assert load_model(tmp_path / "m").sample(50, seed=1).digest() == model.sample(50, seed=1).digest()
    assert set(model.sample(50, seed=1).rows["b"]) == {"one", "two"}
