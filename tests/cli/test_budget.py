"""Budgets on the command line: what they need, what is said of them, what is refused."""

import json

import numpy as np
import pytest

from trasunto.cli.main import code_of

rng = np.random.default_rng(0)
ROWS = "age,sex,income\n" + "".join(
    f"{20 + i % 50},{'F' if i % 3 else 'M'},{'high' if rng.random() < 0.3 else 'low'}\n" for i in range(1_000)
)
QUICK = ("--synthesizer", "autoregressive", "--set", "steps=5", "--set", "private_width=8")


@pytest.fixture
def rows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text(ROWS)
    return tmp_path


def said(capsys, *arguments):
    code = code_of(list(arguments))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_a_private_fit_tells_what_was_spent_and_keeps_it(rows, capsys):
    asked = ("--epsilon", "2", "--delta", "1e-6", "--domain-share", "0.3")
    code, out, err = said(capsys, "fit", "rows.csv", "-o", "model", *QUICK, *asked)
    assert code == 0, err
    assert "Spent epsilon 2 at delta 1e-06, for one row." in out
    document = json.loads((rows / "model" / "model.json").read_text(encoding="utf-8"))
    assert document["guarantee"]["spent"]["epsilon"] == 2.0
    assert said(capsys, "sample", "model", "-n", "20", "-o", "made.csv")[0] == 0


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("--epsilon", "0", "--delta", "1e-6"), "epsilon is 0.0"),
        (("--delta", "1e-6"), "--delta is given, and no --epsilon"),
        (("--epsilon", "1", "--delta", "1e-6", "--rows", "1000"), "Not declared"),
        (("--epsilon", "1", "--delta", "0.1", "--rows", "1000"), "delta is 0.1"),
        (("--epsilon", "1", "--contributions", "2"), "no column says whose row"),
        (("--epsilon", "1", "--delta", "1e-6", "--domain-share", "0.2", "--person", "who"), "'who'"),
        (("--epsilon", "1", "--domain-share", "0.2"), "delta"),
    ],
)
def test_a_budget_that_cannot_be_is_one_clear_error(rows, capsys, asked, told):
    code, _, err = said(capsys, "fit", "rows.csv", "-o", "model", *QUICK, *asked)
    assert code == 2 and told in err, err
    assert not (rows / "model").exists()


def test_a_method_that_promises_nothing_says_so(rows, capsys):
    code, _, err = said(capsys, "fit", "rows.csv", "-o", "model", "--epsilon", "1", "--delta", "1e-6")
    assert code == 2 and "'tree' has no differentially private version" in err


def test_training_a_language_model_takes_a_budget(rows, capsys):
    pytest.importorskip("torch")
    code, _, err = said(capsys, "train", "rows.csv", "--label", "income", "-o", "lm", "--epsilon", "-1")
    assert code == 2 and "epsilon is -1.0" in err
    code, _, err = said(
        capsys, "train", "rows.csv", "--label", "income", "-o", "lm", "--epsilon", "1", "--delta", "1e-6"
    )
    assert code == 2 and ("Not declared" in err or "text" in err)
    assert not (rows / "lm").exists()
