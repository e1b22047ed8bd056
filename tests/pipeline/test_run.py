"""A run does the whole chain, survives being killed anywhere, and says the same thing every time."""

import json
import signal
import subprocess
import sys

import polars as pl
import pytest

from trasunto.data.schema import Schema
from trasunto.errors import DataError, EmptyDataError, RecipeError, StoreError, UnknownNameError
from trasunto.pipeline.recipe import Recipe
from trasunto.pipeline.run import preview, run
from trasunto.store.folder import digest_of, read_manifest


def recipe_for(source="packaged:breast_cancer", **changes):
    document = {
        "title": "Tumours",
        "data": {"source": str(source), "target": "target", "rows": 300},
        "metrics": ["fidelity.shapes", "privacy.exact_copies"],
        "report": {"formats": ["json"]},
    }
    for key, value in changes.items():
        document[key] = {**document.get(key, {}), **value} if isinstance(value, dict) else value
    return Recipe.from_dict(document)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run(recipe_for(), folder=tmp_path_factory.mktemp("runs") / "whole")


def test_a_run_leaves_everything_by_digest(finished):
    manifest = read_manifest(finished.folder)
    assert set(manifest["steps"]) == {"split", "fit", "sample", "measure"}
    for name, digest in manifest["artifacts"].items():
        assert digest_of(finished.folder / name) == digest
    parts = manifest["split"]["parts"]
    assert parts["train"]["rows"] + parts["holdout"]["rows"] == 300
    assert parts["train"]["digest"] != parts["holdout"]["digest"]
    assert (finished.folder / "report.json").is_file()
    assert not [path for path in finished.folder.rglob(".*") if path.is_file()]


def test_the_private_rows_are_nowhere_in_the_folder(finished):
    """No column of the synthetic table may equal the real one, and no other table is kept."""
    tables = [path for path in finished.folder.rglob("*") if path.suffix in (".csv", ".parquet")]
    assert {path.parent.name for path in tables} == {"synthetic"}


def test_the_summary_has_what_a_program_wants(finished):
    summary = finished.summary()
    assert 0 <= summary["scores"]["fidelity_shapes"] < 0.2
    assert summary["passed"] is True
    json.dumps(summary)


def test_the_same_recipe_gives_the_same_digest_and_another_seed_another(finished, tmp_path):
    again = run(recipe_for(), folder=tmp_path / "again")
    assert again.manifest["digest"] == finished.manifest["digest"]
    other = run(recipe_for(seed=1), folder=tmp_path / "other")
    assert other.manifest["digest"] != finished.manifest["digest"]


def test_several_draws_are_measured_and_their_spread_reaches_the_report(finished, tmp_path):
    asked = recipe_for(repeats=3, report={"formats": ["md"]})
    report = run(asked, folder=tmp_path / "again").report
    first = finished.report.score("fidelity.shapes").value
    spread = next(
        each for each in report.facts["repeats"] if each["metric"] == "fidelity.shapes" and not each["subject"]
    )
    assert spread["values"][0] == first == report.score("fidelity.shapes").value
    assert len(set(spread["values"])) == 3
    assert "Drawn again" in (tmp_path / "again" / "report.md").read_text()
    # What papers are filled from is there whether or not it was asked for.
    assert json.loads((tmp_path / "again" / "report.json").read_text())["facts"]["data"]["rows"] == 300


KILLED = """
import os, signal, sys
from trasunto.pipeline.recipe import Recipe
from trasunto.pipeline.run import run


def killer(what, done, total):
    if what.startswith(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)

run(Recipe.from_dict(__import__("yaml").safe_load(sys.argv[1])), folder=sys.argv[2], progress=killer)
"""


@pytest.mark.parametrize(("moment", "kept"), [("sample", ["split", "fit"]), ("report", ["split", "fit", "sample"])])
def test_a_killed_run_resumes_without_doing_finished_steps_again(finished, tmp_path, moment, kept):
    folder = tmp_path / "killed"
    done = subprocess.run([sys.executable, "-c", KILLED, recipe_for().to_yaml(), folder, moment], check=False)
    assert done.returncode == -signal.SIGKILL
    assert not (folder / "run.json").exists()

    resumed = run(recipe_for(), folder=folder, resume=True)
    events = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    assert [e["step"] for e in events if e["event"] == "kept"][: len(kept)] == kept
    assert resumed.manifest["digest"] == finished.manifest["digest"]


def test_an_interrupted_run_is_logged_and_resumes(finished, tmp_path):
    def interrupt(what, done, total):
        if what.startswith("sample"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(recipe_for(), folder=tmp_path / "stopped", progress=interrupt)
    assert "stopped" in (tmp_path / "stopped" / "log.jsonl").read_text()
    resumed = run(recipe_for(), folder=tmp_path / "stopped", resume=True)
    assert resumed.manifest["digest"] == finished.manifest["digest"]


def test_a_source_that_changed_between_stop_and_resume_is_refused(tmp_path):
    source = tmp_path / "rows.csv"
    frame = pl.DataFrame({"a": list(range(40)), "target": ["x", "y"] * 20})
    frame.write_csv(source)
    recipe = recipe_for(source, data={"rows": None})

    def interrupt(what, done, total):
        if what.startswith("sample"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(recipe, folder=tmp_path / "run", progress=interrupt)
    frame.with_columns(pl.col("a") * 2).write_csv(source)
    with pytest.raises(DataError, match="has changed"):
        run(recipe, folder=tmp_path / "run", resume=True)


def test_a_finished_folder_is_not_overwritten(finished):
    with pytest.raises(StoreError, match="holds a run already"):
        run(recipe_for(), folder=finished.folder)


def test_gates_pass_and_fail(tmp_path):
    good = run(recipe_for(gates=["fidelity.shapes <= 0.5"]), folder=tmp_path / "good")
    assert good.report.passed
    bad = run(recipe_for(gates=["fidelity.shapes <= 0.0001"]), folder=tmp_path / "bad")
    assert not bad.report.passed
    assert bad.summary()["gates"][0]["passed"] is False


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"data": {"target": "taget"}}, RecipeError, "'target'"),
        ({"data": {"drop": ["nothing"]}}, RecipeError, "data.drop names no column"),
        ({"synthesizer": {"name": "three"}}, UnknownNameError, "tree"),
        ({"synthesizer": {"settings": {"leafs": 3}}}, RecipeError, "no setting 'leafs'"),
        ({"metrics": ["fidelity.shape"]}, UnknownNameError, "fidelity.shapes"),
        ({"gates": ["fidelity.c2st maybe"]}, RecipeError, "Cannot read the gate"),
        ({"train": {"task": "clasification"}}, UnknownNameError, "classification"),
        ({"data": {"rows": 3}}, EmptyDataError, "usable rows"),
    ],
)
def test_what_can_be_known_is_refused_before_any_work(tmp_path, changes, error, words):
    with pytest.raises(error, match=words):
        run(recipe_for(**changes), folder=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_preview_shows_rows_and_a_plan_and_keeps_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    look = preview(recipe_for(), rows=5)
    assert len(look.rows) == 5
    assert look.plan["seconds"] > 0
    assert isinstance(look.rows.schema, Schema)
    assert list(tmp_path.iterdir()) == []


def test_every_metric_can_be_asked_for_at_once():
    """`full` stands for all metrics, the slow ones too; it is a word, no metric."""
    asked = recipe_for(metrics=["full"], synthesizer={"name": "independent"})
    assert len(preview(asked, rows=2).rows) == 2
