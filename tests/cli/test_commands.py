"""The command line as a user meets it: what it prints, what it leaves, with which exit code."""

import json
import os
import subprocess
import sys

import pytest

from trasunto.cli import main
from trasunto.cli.main import COMMANDS, code_of

ROWS = "age,sex,income\n" + "".join(
    f"{20 + i % 50},{'F' if i % 3 else 'M'},{'high' if (i * 7) % 11 > 6 or i % 50 > 40 else 'low'}\n"
    for i in range(400)
)


@pytest.fixture
def rows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text(ROWS)
    (tmp_path / "more.csv").write_text(ROWS.replace("20,", "21,"))
    return tmp_path


def said(capsys, *arguments):
    code = code_of(list(arguments))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_teaches(capsys, command):
    code, out, _ = said(capsys, command, "--help")
    assert code == 0
    assert "Usage: trasunto" in out
    assert "Example" in out


def test_help_and_version(capsys):
    code, out, _ = said(capsys, "--help")
    assert code == 0
    assert all(command in out for command in COMMANDS)
    assert "trasunto, version" in said(capsys, "--version")[1]


def test_fit_sample_evaluate(rows, capsys):
    assert said(capsys, "fit", "rows.csv", "-o", "model", "--set", "min_leaf=20", "--seed", "3")[0] == 0
    code, out, _ = said(capsys, "sample", "model", "-n", "300", "-o", "synthetic.csv", "--seed", "4")
    assert code == 0
    assert "300 rows" in out
    first = (rows / "synthetic.csv").read_text()
    said(capsys, "sample", "model", "-n", "300", "-o", "again.csv", "--seed", "4")
    assert (rows / "again.csv").read_text() == first

    asked = [
        "evaluate",
        "--real",
        "rows.csv",
        "--synthetic",
        "synthetic.csv",
        "--holdout",
        "more.csv",
        "--target",
        "income",
    ]
    code, out, _ = said(capsys, *asked, "--json")
    figures = json.loads(out)
    assert code == 0
    assert {"fidelity_c2st", "fidelity_shapes", "utility_tstr", "passed"} <= set(figures)
    code, out, _ = said(capsys, *asked, "-o", "report.md", "--gate", "fidelity.shapes <= 0.00001")
    assert code == 1
    assert "Gate FAILED" in out
    assert (rows / "report.md").read_text().startswith("# ")
    code, out, _ = said(capsys, *asked, "--gate", "fidelity.shapes <= 1", "--language", "es")
    assert code == 0 and "intervalo del 95 %" in out and "cómo se lee" in out and "Umbral cumplido" in out
    assert not [word for word in ("baseline", "Mean difference", "Gate", "0.0") if word in out.replace("<= 1", "")]


def test_inspect_speaks_spanish(rows, capsys):
    code, out, _ = said(capsys, "inspect", "rows.csv", "--rules", "--language", "es", "-o", "es.yaml")
    assert code == 0
    assert "filas" in out and "por qué lo creemos" in out and "Escrito es.yaml" in out
    assert not [
        word for word in (" 400 rows", "why we think so", "Every value", "different values", "Wrote") if word in out
    ]


def test_inspect_writes_a_schema_that_fit_takes(rows, capsys):
    code, out, _ = said(capsys, "inspect", "rows.csv", "-o", "schema.yaml")
    assert code == 0
    assert "income" in out and "category" in out
    assert said(capsys, "fit", "rows.csv", "--schema", "schema.yaml", "-o", "model")[0] == 0
    told = json.loads(said(capsys, "inspect", "rows.csv", "--json")[1])
    assert told["rows"] == {"rows": 400}
    assert told["tables"]["rows"][0]["name"] == "age"


def test_init_then_run(rows, capsys):
    assert said(capsys, "init", "recipe.yaml", "--data", "rows.csv")[0] == 0
    code, _, err = said(capsys, "init", "recipe.yaml", "--data", "rows.csv")
    assert code == 2 and "--force" in err
    changes = ["--set", "train=null", "--set", "report.formats=[json]", "--set", "metrics=[fidelity.shapes]"]
    code, out, _ = said(capsys, "run", "recipe.yaml", *changes, "--preview")
    assert code == 0 and "Ten synthetic rows" in out
    code, out, _ = said(capsys, "run", "recipe.yaml", *changes, "-o", "run", "--json")
    summary = json.loads(out)
    assert code == 0 and summary["passed"] and (rows / "run" / "report.json").is_file()
    code, _, err = said(capsys, "run", "recipe.yaml", *changes, "-o", "run")
    assert code == 2 and "--resume" in err
    code, out, _ = said(capsys, "run", "recipe.yaml", *changes, "-o", "run", "--resume", "--json")
    assert code == 0 and json.loads(out)["digest"] == summary["digest"]


@pytest.mark.parametrize("what", ["synthesizers", "metrics", "connectors", "tasks", "models", "data"])
def test_lists(capsys, what):
    rows = json.loads(said(capsys, "list", what, "--json")[1])
    assert rows
    assert said(capsys, "list", what)[0] == 0


def test_doctor_and_schema(capsys):
    found = json.loads(said(capsys, "doctor", "--json")[1])
    assert found["machine"]["cores"] >= 1
    assert {each["extra"] for each in found["extras"]} >= {"lm", "report"}
    assert said(capsys, "doctor")[0] == 0
    assert json.loads(said(capsys, "schema")[1])["additionalProperties"] is False


def test_demos_are_listed(capsys):
    assert {each["name"] for each in json.loads(said(capsys, "demo", "--list", "--json")[1])} >= {"medical", "messages"}


BAD = {
    "a missing file": (["fit", "nothing.csv", "-o", "m"], "nothing.csv"),
    "a near file": (["inspect", "row.csv"], "'rows.csv'"),
    "a directory without data": (["inspect", "empty"], "no data files"),
    "an empty file": (["inspect", "void.csv"], "is empty"),
    "ragged rows": (["inspect", "ragged.csv"], "line 3"),
    "a NUL byte": (["inspect", "nul.csv"], "NUL"),
    "an infinity": (["fit", "inf.csv", "-o", "m"], "infinite"),
    "an unknown synthesizer": (["fit", "rows.csv", "-o", "m", "--synthesizer", "tre"], "'tree'"),
    "an unknown setting": (["fit", "rows.csv", "-o", "m", "--set", "leaf=3"], "min_leaf"),
    "a setting of another type": (["fit", "rows.csv", "-o", "m", "--set", "min_leaf=few"], "must be int"),
    "an unknown command": (["fitt"], "'fit'"),
    "an unknown option": (["fit", "rows.csv", "-o", "m", "--sede", "3"], "--seed"),
    "a model that is none": (["sample", "empty", "-n", "3", "-o", "s.csv"], "model.json"),
    "a negative count": (["sample", "model", "-n", "-10", "-o", "s.csv"], "-10"),
    "an unknown format": (["sample", "model", "-n", "3", "-o", "s.docx"], "docx"),
    "a missing recipe": (["run", "nothing.yaml"], "nothing.yaml"),
    "a misspelt key": (["run", "misspelt.yaml"], "'target'"),
    "a target that is not there": (["run", "target.yaml"], "'income'"),
    "a gate on nothing": (
        ["evaluate", "--real", "rows.csv", "--synthetic", "more.csv", "--gate", "fidelity.c3st<=1"],
        "fidelity.c2st",
    ),
    "a gate that is none": (["evaluate", "--real", "rows.csv", "--synthetic", "more.csv", "--gate", "good"], "good"),
    "other columns": (["evaluate", "--real", "rows.csv", "--synthetic", "other.csv"], "columns"),
    "the training data as holdout": (
        ["evaluate", "--real", "rows.csv", "--synthetic", "more.csv", "--holdout", "rows.csv"],
        "training data itself",
    ),
    "a label with one class": (["train", "one.csv", "--label", "y", "-o", "lm"], "label"),
    "a score without a language model": (["score", "model", "rows.csv"], "language model"),
    "an unknown task": (["train", "rows.csv", "--task", "clasification", "-o", "lm"], "'classification'"),
    "an unknown demo": (["demo", "medicl"], "'medical'"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_the_user_can_mend_is_one_clear_error_and_code_2(rows, capsys, case):
    (rows / "empty").mkdir()
    (rows / "void.csv").write_bytes(b"")
    (rows / "ragged.csv").write_text("a,b\n1,2\n3\n")
    (rows / "nul.csv").write_bytes(b"a,b\n1,\x00\n")
    (rows / "inf.csv").write_text("a\n1.5\ninf\n")
    (rows / "other.csv").write_text("x,y\n1,2\n")
    (rows / "one.csv").write_text("t,y\nsome words,a\nother words,a\n")
    (rows / "misspelt.yaml").write_text("data: {source: rows.csv, targit: income}\n")
    (rows / "target.yaml").write_text("data: {source: rows.csv, target: incom}\n")
    if "model" in BAD[case][0]:
        code_of(["fit", "rows.csv", "-o", "model"])
        capsys.readouterr()
    arguments, words = BAD[case]
    before = {path.name for path in rows.iterdir()}
    code, out, err = said(capsys, *arguments)
    assert code == 2, err
    assert words in err.replace("\n", " ")
    assert "Traceback" not in err + out
    assert {path.name for path in rows.iterdir()} == before


def test_what_we_did_wrong_is_code_3_with_a_log(rows, capsys, monkeypatch):
    def break_down(*args, **kwargs):
        raise ZeroDivisionError("by accident")

    monkeypatch.setattr("trasunto.pipeline.verbs.read", break_down)
    code, _, err = said(capsys, "inspect", "rows.csv")
    assert code == 3
    assert "ZeroDivisionError" in err and "trasunto-crash-" in err and "Traceback" not in err
    monkeypatch.setenv("TRASUNTO_DEBUG", "1")
    assert "Traceback" in said(capsys, "inspect", "rows.csv")[2]


def test_ctrl_c_says_what_is_kept(rows, capsys, monkeypatch):
    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("trasunto.pipeline.verbs.read", stop)
    code, _, err = said(capsys, "inspect", "rows.csv")
    assert code == 130
    assert "--resume" in err


def test_the_environment_gives_options_that_the_command_line_does_not(rows, capsys, monkeypatch):
    monkeypatch.setenv("TRASUNTO_FIT_SEED", "5")
    said(capsys, "fit", "rows.csv", "-o", "from-environment")
    monkeypatch.delenv("TRASUNTO_FIT_SEED")
    said(capsys, "fit", "rows.csv", "-o", "five", "--seed", "5")
    for name in ("arrays.npz", "model.json"):
        assert (rows / "five" / name).read_bytes() == (rows / "from-environment" / name).read_bytes()


def test_the_program_itself_runs(rows):
    done = subprocess.run(
        [sys.executable, "-m", "trasunto", "fit", "nothing.csv", "-o", "m"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert main.MENDABLE == 2


def test_a_model_is_not_fitted_where_a_file_stands(rows, capsys, monkeypatch):
    monkeypatch.setattr("trasunto.pipeline.verbs.fit", lambda *_, **__: pytest.fail("fitted"))
    code, _, err = said(capsys, "fit", "rows.csv", "-o", "rows.csv")
    assert code == 2 and "rows.csv is a file; a model is a folder" in err


def test_one_is_told_as_one(tmp_path, capsys):
    (tmp_path / "one.csv").write_text("a,b\n1,x\n", encoding="utf-8")
    assert "one: 1 row, 2 columns" in said(capsys, "inspect", str(tmp_path / "one.csv"))[1]


@pytest.mark.parametrize(
    "command",
    [
        ["convert", "book.xlsx", "out.csv"],
        ["prepare", "book.xlsx"],
        ["evaluate", "--real", "book.xlsx", "--synthetic", "more.csv", "--metrics", "fidelity.shapes", "-q"],
        ["impute", "book.xlsx", "-o", "full.csv", "--synthesizer", "independent"],
        ["init", "recipe.yaml", "--data", "book.xlsx"],
    ],
)
def test_sheets_that_are_not_read_are_named(rows, capsys, command):
    import xlsxwriter

    with xlsxwriter.Workbook("book.xlsx") as book:
        for sheet in (book.add_worksheet("people"), book.add_worksheet("notes")):
            for place, line in enumerate(ROWS.splitlines()[:40]):
                sheet.write_row(place, 0, [int(v) if v.isdigit() else v for v in line.split(",")])
    code, _, err = said(capsys, *command)
    assert err.count("'people' is read; not 'notes'") == 1
    assert code == 0 or command[0] == "prepare"


def test_a_row_is_told_as_one(rows, capsys):
    said(capsys, "fit", "rows.csv", "-o", "model", "--synthesizer", "independent", "-q")
    assert said(capsys, "sample", "model", "-n", "1", "-o", "one.csv")[1] == "Wrote 1 row to one.csv.\n"
    assert said(capsys, "sample", "model", "-n", "0", "-o", "none.csv")[1] == "Wrote 0 rows to none.csv.\n"
    assert (rows / "none.csv").read_text() == "age,sex,income\n"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["fit", "rows.csv", "-o", "rows.csv/model"], "Cannot write rows.csv/model"),
        (["evaluate", "--real", "rows.csv", "--synthetic", "more.csv", "-o", "rows.csv/r.html"], "Cannot write"),
        (["evaluate", "--real", "rows.csv", "--synthetic", "more.csv", "-o", "report.doc"], "No report format"),
    ],
)
def test_where_nothing_can_be_written_is_said_before_the_work(rows, capsys, monkeypatch, command, words):
    from trasunto.pipeline import verbs

    monkeypatch.setattr(verbs, "fit", None)
    monkeypatch.setattr(verbs, "evaluate", None)
    code, _, err = said(capsys, *command)
    assert code == 2 and words in err
    assert sorted(path.name for path in rows.iterdir()) == ["more.csv", "rows.csv"]


def test_a_reader_that_has_seen_enough_is_no_error(rows):
    asked = f"{sys.executable} -m trasunto list metrics | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "place", "offered"),
    [
        ("trasunto pr", 1, "plain,prepare"),
        ("trasunto fit ro", 2, "file,ro"),
        ("trasunto fit rows.csv --synthesizer tr", 4, "plain,tree"),
        ("trasunto compare rows.csv --synthesizers tree,indep", 4, "plain,tree,independent"),
        ("trasunto list synth", 2, "plain,synthesizers"),
    ],
)
def test_the_tab_key_completes_commands_files_and_names(words, place, offered):
    asked = {"_TRASUNTO_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(place)}
    done = subprocess.run(
        [sys.executable, "-m", "trasunto"], env={**os.environ, **asked}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and offered in done.stdout.splitlines(), done.stderr


@pytest.mark.parametrize("command", [["sample", "model", "-n", "3"], ["convert", "rows.csv"], ["fit", "rows.csv"]])
def test_a_folder_of_other_things_is_not_replaced(rows, capsys, command):
    said(capsys, "fit", "rows.csv", "-o", "model", "--synthesizer", "independent", "-q")
    (rows / "mine").mkdir()
    (rows / "mine" / "notes.txt").write_text("not to be lost")
    where = ["-o", "mine"] if command[0] != "convert" else ["mine"]
    code, _, err = said(capsys, *command, *where)
    assert code == 2 and "mine" in err
    assert [path.name for path in (rows / "mine").iterdir()] == ["notes.txt"]
    # What was written before is written anew, and so is a model by another.
    for _ in range(2):
        assert said(capsys, "sample", "model", "-n", "3", "-o", "made")[0] == 0
    assert said(capsys, "fit", "rows.csv", "-o", "model", "-q")[0] == 0
