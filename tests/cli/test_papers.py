"""`trasunto papers`: lists, writes, asks, and says what is missing."""

import importlib.util
import json
from pathlib import Path

import pytest
import yaml

from trasunto.cli.main import code_of

RUNS = Path(__file__).parents[1] / "reports" / "papers" / "conftest.py"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    spec = importlib.util.spec_from_file_location("papers_runs", RUNS)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.make_run(tmp_path_factory.mktemp("runs") / "full")


def test_the_papers_are_listed(capsys):
    assert code_of(["papers", "--list", "--json"]) == 0
    names = [each["name"] for each in json.loads(capsys.readouterr().out)]
    assert {"data-card", "dp-statement", "dpia", "anonymisation", "ai-act"} <= set(names) and len(names) == 11


def test_papers_are_written_and_the_open_facts_told(run, tmp_path, capsys):
    asked = ["papers", str(run), "-o", str(tmp_path / "p"), "--paper", "dpia", "--language", "es", "--format", "md"]
    assert code_of(asked) == 0
    assert "18" in capsys.readouterr().out
    assert (tmp_path / "p" / "es" / "dpia.md").is_file() and not (tmp_path / "p" / "en").exists()
    assert code_of([*asked, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told["open"]) == 18 and told["papers"][0]["name"] == "dpia"


def test_answers_are_asked_for_kept_and_used(run, tmp_path, capsys):
    path = tmp_path / "answers.yaml"
    assert code_of(["papers", str(run), "--answers-template", str(path), "--paper", "lineage"]) == 0
    assert "1 questions" in capsys.readouterr().out
    document = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**document, "answers": {"actor": "Eva"}}))
    assert code_of(["papers", str(run), "--answers-template", str(path), "--paper", "dpia"]) == 0
    assert yaml.safe_load(path.read_text())["answers"]["actor"] == "Eva"
    asked = ["papers", str(run), "--answers", str(path), "--paper", "lineage", "--format", "md", "-o", str(tmp_path)]
    capsys.readouterr()
    assert code_of([*asked, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["open"] == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [([], "--list"), (["{run}", "--paper", "dpa"], "'dpia'"), (["{run}", "--format", "doc"], "'doc'"), (["nowhere"], "no finished run")],
)  # fmt: skip
def test_a_wrong_wish_ends_with_the_next_move(run, capsys, arguments, says):
    assert code_of(["papers", *(each.format(run=run) for each in arguments)]) == 2
    assert says in capsys.readouterr().err
