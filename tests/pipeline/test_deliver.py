"""A delivery that was interrupted is made up for: nothing is fitted or drawn again, and all of it arrives or nothing."""

import sqlite3
from contextlib import closing

import pytest

import trasunto as tr
from trasunto.errors import TrasuntoError
from trasunto.pipeline import run as runs
from trasunto.pipeline.recipe import Recipe
from trasunto.pipeline.run import run


def recipe_for(target, **deliver):
    return Recipe.from_dict(
        {
            "title": "Tumours",
            "data": {"source": "packaged:breast_cancer", "target": "target", "rows": 120},
            "synthesizer": {"name": "independent"},
            "metrics": ["fidelity.shapes"],
            "report": {"formats": ["json"]},
            "deliver": {"to": target, **deliver},
        }
    )


@pytest.mark.parametrize("rows", [None, 500])
def test_a_run_stopped_while_it_delivers_is_finished_from_what_was_made(tmp_path, monkeypatch, rows):
    path = tmp_path / "made.db"
    recipe = recipe_for(f"sqlite:///{path}?table=tumours&timeout=1", **({"rows": rows} if rows else {}))
    with closing(sqlite3.connect(path)) as other:
        # Somebody else holds the database.
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(TrasuntoError, match="lock"):
            run(recipe, folder=tmp_path / "run")
    assert not (tmp_path / "run" / "run.json").exists()

    def again(*_, **__):
        raise AssertionError("fitted again")

    monkeypatch.setattr(runs, "fitting", again)
    monkeypatch.setattr(runs.steps, "sample", again)
    done = run(recipe, folder=tmp_path / "run", resume=True)
    sent = tr.read(f"sqlite:///{path}")
    made = tr.read(tmp_path / "run" / "synthetic" / f"{next(iter(done.manifest['delivered']['rows']))}.csv")
    assert list(sent.tables) == ["tumours"] and len(sent) == (rows or len(made))
    # What has arrived does not go twice.
    assert run(recipe, folder=tmp_path / "run", resume=True).manifest["digest"] == done.manifest["digest"]
    assert len(tr.read(f"sqlite:///{path}")) == len(sent)
