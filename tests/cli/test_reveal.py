"""`trasunto protect --vault` and `trasunto reveal`: what was hidden comes back for who holds the key."""

import json
import stat

import pytest

from trasunto.cli.main import code_of
from trasunto.privacy import vault

POLICY = "columns: {person_id: pseudonymise, name: drop, email: {action: pseudonymise, form: email}}"


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setattr(vault, "_COST", {"n": 2**10, "r": 8, "p": 1})
    monkeypatch.setenv("TRASUNTO_VAULT_KEY", "a passphrase for tests")
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"P{n:03d},Ana Ruiz,{20 + n % 40},a{n}@x.es\n" for n in range(60))
    (tmp_path / "people.csv").write_text("person_id,name,age,email\n" + rows, encoding="utf-8")
    (tmp_path / "policy.yaml").write_text(POLICY)
    assert code_of(["protect", "--new-key", "secret.key"]) == 0
    return tmp_path


def protected(*more):
    return code_of(
        ["protect", "people.csv", "--policy", "policy.yaml", "--key-file", "secret.key", "-o", "safe.csv", *more]
    )


def test_there_and_back(data, capsys):
    assert protected("--vault", "people.vault", "--report", "r.md") == 0
    assert "120 pseudonyms in the vault people.vault" in capsys.readouterr().out
    assert "A vault turns the pseudonyms" in (data / "r.md").read_text()
    assert "P001" not in (data / "safe.csv").read_text()
    assert code_of(["reveal", "safe.csv", "--vault", "people.vault", "-o", "named.csv"]) == 0
    told = capsys.readouterr().out
    assert "safe.person_id" in told and "It names people again" in told
    lines = (data / "named.csv").read_text().splitlines()
    assert lines[1] == "P000,20,a0@x.es" and lines[60].startswith("P059,")
    assert stat.S_IMODE((data / "named.csv").stat().st_mode) == 0o600
    arguments = ["reveal", "safe.csv", "--vault", "people.vault", "-o", "again.csv", "--json", "--language", "es"]
    assert code_of(arguments) == 0
    assert json.loads(capsys.readouterr().out)["columns"] == {"safe.person_id": 60, "safe.email": 60}


def test_the_wrong_key_is_told_before_any_work(data, capsys, monkeypatch):
    assert protected("--vault", "people.vault") == 0
    monkeypatch.setenv("TRASUNTO_VAULT_KEY", "another passphrase!!")
    (data / "safe.csv").unlink()
    assert protected("--vault", "people.vault") == 2
    assert "not the key of the vault people.vault" in capsys.readouterr().err and not (data / "safe.csv").exists()
    assert code_of(["reveal", "people.csv", "--vault", "people.vault", "-o", "named.csv"]) == 2
    monkeypatch.delenv("TRASUNTO_VAULT_KEY")
    assert protected("--vault", "other.vault") == 2
    assert "--vault-key-file" in capsys.readouterr().err and not (data / "other.vault").exists()


def test_a_vault_lies_apart_from_what_it_opens(data, capsys):
    assert protected("--vault", "people.csv") == 2
    assert protected("--vault", "safe.csv") == 2
    assert protected("--vault", "people.vault", "--propose") == 2 and not (data / "people.vault").exists()
    assert protected("--vault", "safe.csv/inside.vault") == 2
    assert (data / "people.csv").read_text().startswith("person_id")
    assert protected("--vault", "people.vault") == 0
    assert code_of(["reveal", "safe.csv", "--vault", "people.vault", "-o", "people.vault"]) == 2
    assert code_of(["reveal", "safe.csv", "--vault", "people.vault", "-o", "safe.csv"]) == 2
    capsys.readouterr()
    assert code_of(["reveal", "people.csv", "--vault", "people.vault", "-o", "named.csv"]) == 2
    assert "--unknown keep" in capsys.readouterr().err
