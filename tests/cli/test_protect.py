"""`trasunto protect`: propose, protect, report; the data stay as they are."""

import json

import pytest

from trasunto.cli.main import code_of


@pytest.fixture
def data(tmp_path):
    people = "".join(
        f"{n},Ana {name},{20 + n % 40},{'mf'[n % 2]},a{n}@x.es\n" for n, name in enumerate(["Ruiz", "Gil", "Sanz"] * 20)
    )
    path = tmp_path / "people.csv"
    path.write_text("person_id,name,age,sex,email\n" + people, encoding="utf-8")
    return path


def test_propose_then_protect_then_report(data, tmp_path, capsys):
    before = data.read_bytes()
    policy, key, out = tmp_path / "policy.yaml", tmp_path / "secret.key", tmp_path / "out.csv"
    assert code_of(["protect", "--new-key", str(key)]) == 0
    assert code_of(["protect", str(data), "--propose", "-o", str(policy)]) == 0
    assert "fake" in policy.read_text()
    for report, words in (
        ("r.md", "Who can be singled out"),
        ("r.html", "What remains"),
        ("r.json", "de-identification"),
    ):
        arguments = ["protect", str(data), "--policy", str(policy), "--key-file", str(key), "-o", str(out)]
        assert code_of([*arguments, "--report", str(tmp_path / report)]) == 0
        told = (tmp_path / report).read_text(encoding="utf-8")
        assert words in told or report == "r.json"
        assert "Ruiz" not in told
    assert data.read_bytes() == before and "Ruiz" not in out.read_text() and "@x.es" not in out.read_text()
    capsys.readouterr()
    assert code_of(["protect", str(data), "--policy", str(policy), "--key-file", str(key), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["after"]["k"] >= 5 and document["before"]["k"] < 5


def test_the_report_speaks_spanish(data, tmp_path):
    report = tmp_path / "r.md"
    assert code_of(["protect", str(data), "--report", str(report), "--language", "es"]) == 0
    told = report.read_text(encoding="utf-8")
    assert "Quién puede ser singularizado" in told
    assert "Lo dice el nombre de la columna" in told and "The name says" not in told


def test_what_is_printed_speaks_spanish(data, tmp_path, capsys):
    assert code_of(["protect", str(data), "-o", str(tmp_path / "out.csv"), "--language", "es"]) == 0
    told = capsys.readouterr().out
    assert "hallazgos" in told and "suprimir (drop)" in told and "Datos protegidos escritos en" in told
    assert not [word for word in ("findings", "why we think so", "What was done", "Wrote", "direct ") if word in told]


def test_without_a_key_what_names_people_is_dropped(data, tmp_path):
    out = tmp_path / "out.csv"
    assert code_of(["protect", str(data), "-o", str(out)]) == 0
    assert out.read_text().splitlines()[0] == "age,sex"


def test_mistakes_are_told(data, tmp_path, capsys):
    assert code_of(["protect", str(data), "-o", str(data)]) == 2
    assert code_of(["protect"]) == 2
    (tmp_path / "p.yaml").write_text("columns: {nam: drop}")
    assert code_of(["protect", str(data), "--policy", str(tmp_path / "p.yaml")]) == 2
    assert "Did you mean 'name'" in capsys.readouterr().err
    assert code_of(["protect", str(data), "--report", str(tmp_path / "r.doc")]) == 2
