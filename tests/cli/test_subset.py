"""trasunto subset: a consistent part of related tables, from folder to folder."""

import json

import polars as pl

from trasunto.cli.main import code_of
from trasunto.connectors.address import open_source
from trasunto.data.check import check


def bank(place):
    place.mkdir()
    pl.DataFrame({"account_id": range(50), "kind": ["a", "b"] * 25}).write_csv(place / "account.csv")
    pl.DataFrame({"loan_id": range(30), "account_id": [n * 3 % 50 for n in range(30)]}).write_csv(place / "loan.csv")
    return str(place)


def test_a_part_is_written_with_all_that_goes_with_it(tmp_path, capsys):
    source, target = bank(tmp_path / "bank"), str(tmp_path / "small")
    assert code_of(["subset", source, target, "-n", "10", "--json"]) == 0
    counts = json.loads(capsys.readouterr().out)["rows"]
    part = open_source(target).read()
    assert counts == {name: len(table) for name, table in part.tables.items()} and counts["account"] == 10
    assert not check(part)
    assert code_of(["subset", source, str(tmp_path / "half"), "--share", "0.5", "--seed", "1"]) == 0
    assert "account 25" in capsys.readouterr().out


def test_what_is_not_said_is_asked_for(tmp_path, capsys):
    source = bank(tmp_path / "bank")
    assert code_of(["subset", source, str(tmp_path / "small")]) == 2
    assert "Say how much" in capsys.readouterr().err
    assert code_of(["subset", source, str(tmp_path / "small"), "-n", "60"]) == 2
    assert "60 rows of 'account'" in capsys.readouterr().err
    assert code_of(["subset", source, str(tmp_path / "small"), "-n", "5", "--root", "acount"]) == 2
    assert "'account'" in capsys.readouterr().err
