import json

import numpy as np
import polars as pl
import pytest

from trasunto.cli.main import code_of


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("repair")
    for name, seed in (("train", 0), ("test", 1)):
        rng = np.random.default_rng(seed)
        woman, skill = rng.random(900) < 0.4, rng.normal(0, 1, 900)
        hired = skill - woman + rng.normal(0, 0.4, 900) > 0
        rows = {"sex": np.where(woman, "f", "m"), "skill": skill.round(2), "hired": np.where(hired, "yes", "no")}
        pl.DataFrame(rows).write_csv(folder / f"{name}.csv")
    assert code_of(["fit", str(folder / "train.csv"), "-o", str(folder / "model"), "-q"]) == 0
    return folder


def test_rows_are_repaired_marked_and_measured(files, capsys):
    out = files / "fairer.csv"
    asked = ["repair", str(files / "model"), "-n", "900", "--protected", "sex", "--target", "hired"]
    assert code_of([*asked, "--mode", "parity", "-o", str(out), "-q"]) == 0
    said = capsys.readouterr().out
    assert "Distribution deliberately altered" in said
    made = pl.read_csv(out)
    rates = made.group_by("sex").agg((pl.col("hired") == "yes").mean())["hired"]
    assert rates.max() - rates.min() < 0.01
    mark = json.loads((files / "fairer.csv.mark.json").read_text())
    assert mark["mark"]["altered"] is True
    assert mark["mode"] == "parity"

    asked = ["evaluate", "--real", str(files / "train.csv"), "--synthetic", str(out), "--target", "hired", "-q"]
    asked += ["--holdout", str(files / "test.csv"), "--protected", "sex", "--metrics", "fairness"]
    assert code_of([*asked, "--gate", "fairness.parity<=0.02"]) == 0
    said = capsys.readouterr().out
    assert "fairness.demographic_parity" in said
    assert "Synthesis has made the bias of a model by sex smaller." in said
    assert code_of([*asked, "--gate", "fairness.parity>=0.5", "--language", "es"]) == 1
    assert "La síntesis ha reducido el sesgo de un modelo por sex." in capsys.readouterr().out


def test_settings_are_given_by_name_and_json_is_printed(files, capsys):
    asked = ["repair", str(files / "model"), "-n", "300", "--protected", "sex", "-o", str(files / "more.csv"), "-q"]
    assert code_of([*asked, "--mode", "fill", "--set", "least=200", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["least"] == 200
    assert found["mark"]["rows_added"] > 0


def test_a_mode_or_column_that_is_not_there_is_said(files, capsys):
    asked = ["repair", str(files / "model"), "-n", "300", "--target", "hired", "-o", str(files / "no.csv"), "-q"]
    assert code_of([*asked, "--protected", "sexe"]) == 2
    assert "'sex'" in capsys.readouterr().err
    assert code_of([*asked, "--protected", "sex", "--mode", "party"]) == 2
    assert "'parity'" in capsys.readouterr().err
    assert not (files / "no.csv").exists()
