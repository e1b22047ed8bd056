"""Data that is larger than what is learnt from: samples of it, through the command line and a recipe."""

import json

import numpy as np
import polars as pl
import pytest

import trasunto as tr
from trasunto.cli.main import code_of
from trasunto.connectors import sampled
from trasunto.pipeline.recipe import Recipe
from trasunto.pipeline.steps import prepare


@pytest.fixture
def large(tmp_path):
    rng = np.random.default_rng(0)
    frame = pl.DataFrame(
        {
            "age": rng.integers(18, 90, 3000),
            "ill": pl.Series(np.where(rng.random(3000) < 0.3, "yes", "no")),
            "dose": rng.normal(5, 1, 3000).round(2),
        }
    ).with_columns(pl.when(pl.int_range(3000) % 4 > 0).then("ill").alias("ill"))
    frame.write_parquet(tmp_path / "large.parquet")
    return tmp_path / "large.parquet"


def test_fit_draws_its_rows_and_says_of_how_many(large, tmp_path, capsys):
    asked = ["fit", str(large), "-o", str(tmp_path / "model"), "--sample-rows", "400", "-q"]
    assert code_of(asked) == 0
    said = capsys.readouterr().out
    assert "Drew 400 of 3,000 rows, uniformly, with seed 0." in said and "Fitted tree to 400 rows" in said
    assert code_of([*asked, "--sequence", "age,dose"]) == 2
    assert "goes neither with --sequence" in capsys.readouterr().err


def test_evaluate_compares_samples_and_says_of_what(large, tmp_path, capsys):
    out = tmp_path / "report.json"
    asked = ["evaluate", "--real", str(large), "--synthetic", str(large), "--sample-rows", "300", "-q"]
    assert code_of([*asked, "--metrics", "fidelity.shapes", "-o", str(out)]) == 0
    said = capsys.readouterr().out
    assert "Of train: 300 of 3,000 rows, drawn with seed 0." in said
    facts = json.loads(out.read_text())["facts"]["sampled"]
    assert facts["synthetic"] == {"rows": 300, "of": 3000, "seed": 0, "how": sampled.HOW}


def test_versions_of_a_lake_are_told(large, tmp_path, capsys):
    pytest.importorskip("deltalake")
    address = f"delta:{tmp_path}/t"
    tr.read(large, rows=100).write(address)
    tr.read(large, rows=50).write(f"{address}?if_exists=append")
    assert code_of(["inspect", f"{address}?version=0"]) == 0
    assert "t: version 0, 100 rows; since then 1 commit; the last is 1, 150 rows." in capsys.readouterr().out
    prepared = prepare(Recipe.from_dict({"data": {"source": f"{address}?version=0"}}))
    assert prepared.facts["versions"]["t"]["last_version"] == 1 and prepared.facts["rows"] == 100


def test_a_recipe_samples_what_is_large_while_it_is_read(large, monkeypatch):
    recipe = Recipe.from_dict({"data": {"source": str(large), "rows": 200, "target": "ill"}, "seed": 3})
    small = prepare(recipe)
    assert "sampled" not in small.facts
    monkeypatch.setattr(sampled, "LARGE", 1000)
    prepared = prepare(recipe)
    assert len(prepared.dataset) == 200 and prepared.dataset.rows["ill"].null_count() == 0
    assert prepared.facts["rows_read"] == 3000 and prepared.facts["sampled"]["seed"] == 3
    assert prepare(recipe).dataset.digest() == prepared.dataset.digest()
    # A budget is about every row: all are read.
    private = {"data": {"source": str(large), "rows": 200}, "privacy": {"purpose": "tests"}}
    assert "sampled" not in prepare(Recipe.from_dict(private)).facts
    assert tr.read(large).name == "large"
