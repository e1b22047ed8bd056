"""Many rows of a run are drawn in parts by its executor: the same whichever it is, and those of its saved model."""

import polars as pl
import pytest

import trasunto as tr
from trasunto.pipeline.recipe import Recipe
from trasunto.pipeline.run import run
from trasunto.synthesizers.parallel import drawn


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr("trasunto.synthesizers.parallel.PART", 70)


def recipe_for(executor, **more):
    return Recipe.from_dict(
        {
            "title": "Tumours",
            "data": {"source": "packaged:breast_cancer", "target": "target", "rows": 120},
            "synthesizer": {"name": "independent", "rows": 200},
            "metrics": ["fidelity.shapes"],
            "report": {"formats": ["json"]},
            "executor": executor,
            **more,
        }
    )


def test_a_run_draws_the_same_rows_wherever(tmp_path, small_parts):
    runs = {
        name: run(recipe_for(name, repeats=2), folder=tmp_path / name.replace(":", "-"))
        for name in ("local:1", "local:2", "processes:2")
    }
    first = runs["local:1"]
    for each in runs.values():
        assert each.manifest["digest"] == first.manifest["digest"]
        assert each.report.to_dict()["scores"] == first.report.to_dict()["scores"]
    made = pl.concat([part.only.rows for part in drawn(first.folder / "model", 200, seed=1, workers=1)])
    kept = tr.read(runs["processes:2"].folder / "synthetic" / "breast_cancer.csv").only.rows
    assert len(kept) == 200 and kept.columns == made.columns
    number = made.columns[0]
    assert kept[number].cast(pl.Float64).equals(made[number].cast(pl.Float64))


def test_few_rows_are_drawn_at_once(tmp_path, monkeypatch):
    def never(*_, **__):
        raise AssertionError("in parts")

    monkeypatch.setattr("trasunto.synthesizers.landed.drawn", never)
    assert len(run(recipe_for("processes:2"), folder=tmp_path / "run").report.scores) > 0
