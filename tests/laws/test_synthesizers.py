"""What every synthesizer of tables must keep, whatever its method. The methods stand in conftest.py, and settings with
which the slow ones are fitted in a blink; the laws that ship with the package in trasunto/testing.py."""

import json
import subprocess
import sys
from datetime import datetime

import numpy as np
import polars as pl
import pytest

import trasunto as tr
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, Format, TableSchema
from trasunto.errors import FitError, TrasuntoError
from trasunto.synthesizers.model import load_model
from trasunto.testing import LAWS, patients, table_of


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_keeps_the_laws(law, name, trial):
    law(trial(name))


@pytest.fixture(scope="module")
def elsewhere(methods, fitted, tmp_path_factory):
    """By method, the digests of rows drawn in another process, on two threads: fitted there, and loaded there."""
    place = tmp_path_factory.mktemp("models")
    for name in methods:
        fitted(name, patients()).save(place / name)
    code = """if True:
        import json, sys, trasunto as tr
        from trasunto.testing import patients
        found = {}
        for name, settings in json.loads(sys.argv[2]).items():
            model = tr.fit(patients(), name, seed=0, settings=settings)
            loaded = tr.load(f"{sys.argv[1]}/{name}")
            found[name] = [model.sample(77, seed=9).digest(), loaded.sample(77, seed=9).digest()]
        print(json.dumps(found))
    """
    done = subprocess.run(
        [sys.executable, "-c", code, str(place), json.dumps(methods)], env={"OMP_NUM_THREADS": "2"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def test_in_another_process_the_rows_are_the_same(name, fitted, elsewhere):
    here = fitted(name, patients()).sample(77, seed=9).digest()
    assert elsewhere[name] == [here, here]


def test_keeps_gaps_spikes_and_the_grid_of_values(name, fitted):
    made = fitted(name, patients(1000)).sample(1000, seed=1).rows
    dose = made["dose"].drop_nulls()
    assert 0 < len(dose) < 1000 and np.allclose(dose, dose.round(2))
    assert (made["seen"].dt.truncate("1d") == made["seen"]).all()
    assert made["nothing"].null_count() == 1000
    assert made["same"].unique().to_list() == ["x"]
    assert made["gain"].min() == 0 and made["gain"].max() < 9_000 and (made["gain"] == 0).sum() > 10


def test_keeps_how_often_there_are_gaps_and_spikes_and_where(taught, fitted):
    real, made = patients(1000).rows, fitted(taught, patients(1000)).sample(1000, seed=1).rows

    def told(rows):
        ill = rows["diagnosis"] == "ill"
        missing = [rows["dose"].filter(part).is_null().mean() for part in (ill, ~ill)]
        return np.array([ill.mean(), (rows["gain"] == 0).mean(), rows["smokes"].filter(ill).mean(), *missing])

    # Some 300 of the ill on each side: standard errors of up to 0.04.
    assert np.abs(told(made) - told(real)).max() < 0.1
    assert told(real)[4] - told(real)[3] > 0.2 and told(made)[4] - told(made)[3] > 0.15


def test_keeps_days_to_the_end_of_time(name, fitted):
    days = pl.Series(
        "d", [datetime(9999, 12, 31), datetime(1, 1, 1), datetime(2020, 5, 17)] * 40, dtype=pl.Datetime("us")
    )
    schema = TableSchema((Column("d", "datetime", format=Format(date_only=True)),))
    made = fitted(name, Dataset.of(Table(schema, pl.DataFrame([days])))).sample(50, seed=1).rows["d"]
    assert (made.dt.truncate("1d") == made).all()


def test_keys_go_on_after_the_real_ones(name, fitted):
    made = fitted(name, patients()).sample(300, seed=1).rows["number"]
    assert made.n_unique() == 300 and made.min() == 401


def test_passes_on_no_value_of_a_continuous_column_more_than_by_chance(name, fitted):
    rng = np.random.default_rng(0)
    secret = rng.normal(0, 1, 1000)
    made = fitted(name, table_of({"x": secret, "y": rng.normal(0, 1, 1000)})).sample(1000, seed=1).rows["x"]
    assert np.isin(made.to_numpy(), secret).sum() == 0
    assert made.max() < secret.max() and made.min() > secret.min()


def test_does_not_pass_on_a_category_of_one_person(name, fitted):
    real = table_of({"town": ["Alba"] * 200 + ["Bera"] * 199 + ["Villaraíz"], "n": list(range(400))})
    made = fitted(name, real).sample(1000, seed=1).rows["town"]
    assert set(made.unique()) == {"Alba", "Bera"}


def test_does_not_pass_on_categories_that_never_repeat(name, fitted):
    real = table_of({"plate": [f"{i:04d}-XY{chr(65 + i % 26)}" for i in range(300)], "n": list(range(300))})
    with_gaps = table_of({"plate": [None] * 30 + real.rows["plate"].to_list()[30:], "n": list(range(300))})
    assert 0 < fitted(name, with_gaps).sample(300, seed=1).rows["plate"].null_count() < 150
    made = fitted(name, real).sample(100, seed=1).rows["plate"]
    assert not made.is_in(real.rows["plate"].implode()).sum() > 5
    assert made.str.contains(r"^\d{4}-XY[A-Z]\d*$").all()


def test_a_broken_or_missing_model_is_one_clear_error(name, fitted, tmp_path):
    with pytest.raises(TrasuntoError, match=r"model\.json"):
        load_model(tmp_path)
    fitted(name, patients()).save(tmp_path / "model")
    (tmp_path / "model" / "arrays.npz").write_bytes(b"not an archive")
    with pytest.raises(TrasuntoError, match="broken"):
        load_model(tmp_path / "model")
    (tmp_path / "model" / "model.json").write_text('{"synthesizer": "tree", "version": 99}')
    with pytest.raises(TrasuntoError, match="version 99"):
        load_model(tmp_path / "model")


def test_keeps_what_ties_columns_together(taught, fitted):
    def gap(rows):
        means = rows.group_by("diagnosis").agg(pl.col("age").mean()).sort("diagnosis")["age"]
        return float(means[0] - means[1])

    truth = gap(patients(1000).rows)
    assert truth > 10
    # Standard error of the difference of means is about 0.9 here, on each side.
    assert abs(gap(fitted(taught, patients(1000)).sample(1000, seed=1).rows) - truth) < 4
    assert abs(gap(fitted("independent", patients(1000)).sample(1000, seed=1).rows)) < 4


def test_a_setting_out_of_range_is_refused():
    from trasunto.synthesizers.tree import Tree

    with pytest.raises(FitError, match="min_leaf is 0"):
        Tree(min_leaf=0)
    with pytest.raises(TrasuntoError, match=r"no setting .min_leef.*min_leaf"):
        tr.fit(patients(), "tree", settings={"min_leef": 3})
