"""`trasunto make`: the example, a look at some rows, files, models."""

import polars as pl
import pytest

from trasunto.cli.main import code_of

RULES = "locale: es_ES\ncolumns:\n  n: {sequence: 1}\n  age: {integer: [18, 90]}\n"


@pytest.fixture
def rules(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.yaml").write_text(RULES)
    return tmp_path


def said(capsys, *arguments):
    code = code_of(["make", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_the_example_can_be_made(rules, capsys):
    code, out, _ = said(capsys, "--example")
    (rules / "example.yaml").write_text(out)
    assert code == 0
    code, out, _ = said(capsys, "example.yaml")
    assert code == 0 and "C-0000001" in out and "row 3" in out


def test_it_shows_rows_and_writes_files(rules, capsys):
    code, out, _ = said(capsys, "rules.yaml", "-n", "3")
    assert code == 0 and len([line for line in out.splitlines() if line.strip()[:1].isdigit()]) == 3
    assert said(capsys, "rules.yaml", "-n", "1000", "-o", "x.parquet", "-q")[1] == "Wrote 1,000 rows to x.parquet.\n"
    assert pl.read_parquet("x.parquet")["n"].to_list() == list(range(1, 1001))


def test_a_saved_model_can_be_sampled(rules, capsys):
    assert said(capsys, "rules.yaml", "--save", "model")[0] == 0
    assert code_of(["sample", "model", "-n", "50", "-o", "old.csv", "--where", "age > 80", "-q"]) == 0
    found = pl.read_csv("old.csv")
    assert found.height == 50 and found["age"].min() > 80 and found["n"].to_list() == list(range(1, 51))


def test_locales_are_listed(capsys):
    code, out, _ = said(capsys, "--locales")
    assert code == 0 and all(name in out for name in ("es_ES", "en_GB", "curp"))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "Name a document of rules"),
        (("rules.yaml", "-o", "x.csv"), "Say how many rows"),
        (("none.yaml",), "cannot be read"),
        (("rules.yaml", "-n", "-5"), "Cannot draw -5 rows"),
        (("bad.yaml",), "Did you mean 'integer'"),
    ],
)
def test_it_refuses_with_exit_code_two(rules, capsys, arguments, told):
    (rules / "bad.yaml").write_text("columns: {a: {intger: [1, 2]}}")
    code, _, err = said(capsys, *arguments)
    assert code == 2 and told in err and "Traceback" not in err
