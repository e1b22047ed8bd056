"""`trasunto evaluate` with chosen metrics and with what a schema file knows."""

from __future__ import annotations

import json
import re

import pytest

from trasunto.cli.main import code_of


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Real rows keep low <= high; every tenth synthetic row does not."""
    monkeypatch.chdir(tmp_path)
    real = [(i % 40, i % 40 + i % 7, "ab"[i % 2]) for i in range(200)]
    made = [(low, low - 1 if i % 10 == 0 else high, kind) for i, (low, high, kind) in enumerate(real)]
    for name, rows in (("real", real), ("made", made)):
        lines = [f"{low},{high},{kind}" for low, high, kind in rows]
        (tmp_path / f"{name}.csv").write_text("\n".join(["low,high,kind", *lines]) + "\n")
    assert code_of(["inspect", "real.csv", "--rules", "-o", "schema.yaml"]) == 0
    text = (tmp_path / "schema.yaml").read_text()
    assert "low <= high" in text
    (tmp_path / "schema.yaml").write_text(text.replace("confirmed: false", "confirmed: true"))
    return tmp_path


def said(capsys, *asked):
    capsys.readouterr()
    code = code_of(["evaluate", "--real", "real.csv", "--synthetic", "made.csv", "-q", *asked])
    return code, capsys.readouterr()


def test_the_rules_of_a_schema_file_are_judged(files, capsys):
    code, found = said(capsys, "--schema", "schema.yaml", "--metrics", "fidelity.constraints,fidelity.shapes", "--json")
    figures = json.loads(found.out)
    assert code == 0
    assert figures["fidelity_constraints"] == pytest.approx(0.1)
    assert "fidelity_shapes" in figures
    assert "fidelity_c2st" not in figures


@pytest.mark.parametrize(("language", "word"), [("en", "Rules of the schema"), ("es", "Reglas del esquema")])
def test_a_report_lists_the_rules_and_says_which_are_broken(files, capsys, language, word):
    asked = ("--schema", "schema.yaml", "--metrics", "fidelity.constraints", "-o", "report.md", "--language", language)
    assert said(capsys, *asked)[0] == 0
    report = (files / "report.md").read_text()
    assert word in report
    # In the table of rules and among the limits.
    assert len(re.findall(r"low \S+ high", report)) >= 2


def test_a_metric_that_is_not_there_is_said(files, capsys):
    code, found = said(capsys, "--metrics", "fidelity.c3st")
    assert code == 2
    assert "fidelity.c2st" in found.err


def test_several_draws_are_told_with_their_spread(files, capsys):
    asked = ("--synthetic", "real.csv", "--metrics", "fidelity.shapes")
    code, found = said(capsys, *asked, "-o", "report.md")
    assert code == 0
    assert "Over the 2 draws" in found.out
    spanish = said(capsys, *asked, "--sample-rows", "100", "-o", "informe.md", "--language", "es")[1].out
    for words in ("En las 2 extracciones", "desviación típica", "100 de 200 filas, sacadas", "Escrito informe.md."):
        assert words in spanish
    assert "Drawn again" in (files / "report.md").read_text()
    figures = json.loads(said(capsys, *asked, "--json")[1].out)
    headline = figures["repeats"][0]
    assert headline["values"] == [figures["fidelity_shapes"], 0.0]
    assert headline["mean"] == pytest.approx(figures["fidelity_shapes"] / 2)
