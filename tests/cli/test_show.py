"""`show` tells what a model has learnt, for people and for programs, and where there is a document to sign."""

import json

import pytest

from trasunto.cli.main import code_of

ROWS = "age,sex,income\n" + "".join(f"{20 + i % 50},{'FM'[i % 2]},{900 + (i * 37) % 1000}\n" for i in range(300))


@pytest.mark.parametrize("name", ["distributions", "tree", "copula", "bayes"])
def test_a_model_is_told_column_by_column(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text(ROWS)
    assert code_of(["fit", "rows.csv", "-o", "model", "--synthesizer", name, "-q"]) == 0
    capsys.readouterr()
    assert code_of(["show", "model"]) == 0
    out = capsys.readouterr().out
    assert name in out and "fitted to" in out and "income" in out and "integer" in out
    assert ("To read, sign or mend: model/distributions.yaml" in out) == (name == "distributions")
    assert code_of(["show", "model", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["synthesizer"] == name and told["fitted_to"] == 300 and set(told["columns"]) == {"age", "sex", "income"}


def test_of_laws_the_parameters_are_shown(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text(ROWS)
    code_of(["fit", "rows.csv", "-o", "model", "--synthesizer", "distributions", "-q"])
    capsys.readouterr()
    code_of(["show", "model"])
    out = capsys.readouterr().out
    assert "family: " in out and "runners up" in out and "not kept" in out and "shares: F 0.5, M 0.5" in out


def test_what_holds_others_is_told_in_lines_and_what_lies_deeper_by_name(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    visits = "who,day,paid\n" + "".join(f"{i // 3},2024-01-{1 + i % 28:02d},{i % 7}\n" for i in range(120))
    (tmp_path / "visits.csv").write_text(visits)
    (tmp_path / "rows.csv").write_text(ROWS)
    code_of(["fit", "visits.csv", "--sequence", "who,day", "-o", "events", "-q"])
    code_of(["fit", "rows.csv", "-o", "model", "-q"])
    capsys.readouterr()
    code_of(["show", "events"])
    out = capsys.readouterr().out
    assert "columns: day, paid" in out and "row models: first-time" in out and "trasunto show events --json" in out
    assert "settings: lags 2" in out and "{" not in out and "leaves" not in out and "\x1e" not in out
    code_of(["show", "model"])
    out = capsys.readouterr().out
    orders = out.partition("orders")[2].partition("Columns")[0].split("\n")
    assert len([line for line in orders if "age" in line]) == 3 and "more" in out and "age, age" not in out


def test_what_is_no_model_is_one_clear_error(tmp_path, capsys):
    assert code_of(["show", str(tmp_path)]) == 2
    assert "No model in" in capsys.readouterr().err
