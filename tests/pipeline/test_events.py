"""A run over events: entities stay together, are learnt as histories, and are measured as such."""

import numpy as np
import polars as pl
import pytest

import trasunto as tr
from trasunto.errors import RecipeError, SchemaError
from trasunto.pipeline.recipe import Recipe
from trasunto.pipeline.run import run


@pytest.fixture(scope="module")
def visits(tmp_path_factory):
    """Each patient has a pace and a level; the level climbs from visit to visit."""
    rng, path = np.random.default_rng(0), tmp_path_factory.mktemp("visits") / "visits.csv"
    lines = []
    for patient in range(150):
        day, level, pace = int(rng.integers(0, 30)), float(rng.normal(50, 10)), int(rng.choice([7, 30]))
        for _ in range(1 + rng.poisson(3)):
            lines.append((patient, day, round(level, 1)))
            day, level = day + pace + int(rng.integers(0, 3)), level + abs(rng.normal(2, 0.5))
    names = ["patient", "day", "level"]
    pl.DataFrame(lines, schema=names, orient="row").write_csv(path)
    return path


def recipe_for(path, **data):
    return Recipe.from_dict(
        {"data": {"source": str(path), "sequence": ["patient", "day"], **data}, "report": {"formats": ["json", "md"]}}
    )


def test_patients_are_kept_together_and_drawn_anew(visits, tmp_path):
    done = run(recipe_for(visits), folder=tmp_path / "run")
    assert done.manifest["split"]["group"] == "patient"
    made, real = tr.read(done.folder / "synthetic" / "visits.csv").rows, tr.read(visits).rows
    assert not set(made["patient"]) & set(real["patient"])
    assert 60 < made["patient"].n_unique() < 90
    assert made.group_by("patient").agg(pl.col("day").is_sorted())["day"].all()
    told = done.report.score("sequences.gaps")
    assert told.value < told.baseline
    assert done.report.facts["synthesis"]["synthesizer"] == "sequences"
    assert "histories" in {figure.name for figure in done.report.figures}


def test_rows_are_patients_and_columns_must_be_there(visits, tmp_path):
    from trasunto.pipeline.steps import prepare

    assert prepare(recipe_for(visits, rows=20)).dataset.rows["patient"].n_unique() == 20
    with pytest.raises(RecipeError, match=r"data\.sequence"):
        run(recipe_for(visits, sequence=["patient", "dya"]), folder=tmp_path / "run")
    with pytest.raises(SchemaError, match="day"):
        tr.in_sequence(tr.read(visits), "patient", "dya")
