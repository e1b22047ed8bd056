import shutil

import polars as pl
import pytest

import trasunto as tr
from trasunto.errors import SampleError
from trasunto.synthesizers.parallel import drawn


@pytest.fixture(scope="module")
def real():
    return tr.read("packaged:breast_cancer")


@pytest.fixture(scope="module")
def model(real):
    return tr.fit(real, "tree", seed=0, settings={"orders": 3})


def test_exact_counts_under_conditions(model):
    made = tr.exactly(model, {"mean_radius > 20": 30, 'target == "benign" and mean_area < 400': 50}, seed=1).rows
    assert len(made) == 80
    assert (made["mean_radius"] > 20).sum() == 30
    assert ((made["target"] == "benign") & (made["mean_area"] < 400)).sum() == 50


def test_balance_and_shares_are_exact(model):
    even = tr.balanced(model, ["target"], 101, seed=1).rows["target"].value_counts(sort=True)["count"].to_list()
    assert even == [51, 50]
    shares = tr.balanced(model, ["target"], 100, seed=1, shares={"malignant": 9, "benign": 1}).rows
    assert (shares["target"] == "malignant").sum() == 90
    with pytest.raises(SampleError, match="no value 'none'"):
        tr.balanced(model, ["target"], 10, seed=1, shares={"none": 1.0})
    with pytest.raises(SampleError, match="cannot be balanced"):
        tr.balanced(model, ["mean_radius"], 10, seed=1)


def test_whole_numbers_of_few_values_are_balanced():
    real = tr.read({"ill": [0, 1, 0, 0] * 50, "x": [1.5, 2.5, 3.5, 0.5, 0.25] * 40})
    model = tr.fit(real, "tree", seed=0)
    assert tr.balanced(model, ["ill"], 40, seed=1).rows["ill"].sum() == 20
    assert tr.balanced(model, ["ill"], 40, seed=1, shares={"1": 3, "0": 1}).rows["ill"].sum() == 30


def test_a_value_too_rare_to_be_learnt_stays_where_gaps_are_filled():
    rows = {"town": ["Lugo", "Vigo"] * 100 + ["Ons"], "age": [30, None, 41] * 67, "pay": [1.5, 2.5, None] * 67}
    real = tr.read(rows)
    full = tr.impute(tr.fit(real, "tree", seed=0), real, seed=1).rows
    assert full["town"].to_list() == rows["town"]
    assert full["age"].null_count() == full["pay"].null_count() == 0


def test_minorities_are_topped_up_and_the_real_rows_stay(real, model):
    made = tr.topped_up(real, model, "target", seed=1)
    assert made.rows.head(len(real)).equals(real.rows)
    assert made.rows["target"].value_counts()["count"].n_unique() == 1


def test_the_same_rows_in_one_process_or_two(real, model, tmp_path, monkeypatch):
    monkeypatch.setattr("trasunto.synthesizers.parallel.PART", 400)
    model.save(tmp_path / "model")
    alone = pl.concat([part.rows for part in drawn(tmp_path / "model", 1000, seed=4, workers=1)])
    # A spawned process has its own PART, but parts are cut by the one that asks.
    both = pl.concat([part.rows for part in drawn(tmp_path / "model", 1000, seed=4, workers=2)])
    assert alone.equals(both) and len(alone) == 1000
    assert [len(part) for part in drawn(tmp_path / "model", 0, seed=4)] == [0]
    with pytest.raises(SampleError, match="-10"):
        list(drawn(tmp_path / "model", -10, seed=4))


def test_a_rare_case_is_drawn_directly(real):
    # Three malignant tumours in a hundred of this size: thousands of tries without evidence.
    model = tr.fit(real, "tree", seed=0)
    made = model.sample(200, seed=1, where='target == "benign" and mean_radius > 17').rows
    assert len(made) == 200 and (made["mean_radius"] > 17).all() and (made["target"] == "benign").all()


def test_a_model_fitted_anew_in_the_same_folder_is_the_one_that_draws(tmp_path):
    for value in ("old", "new"):
        real = tr.read({"a": [value, "both"] * 20})
        folder = tmp_path / "model"
        shutil.rmtree(folder, ignore_errors=True)
        tr.fit(real, "independent", seed=0).save(folder)
        (made,) = drawn(folder, 20, seed=1)
        assert set(made.rows["a"]) <= {value, "both"}
