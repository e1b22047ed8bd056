"""trasunto prepare and trasunto convert, from file to file."""

import json

import pytest

import trasunto as tr
from trasunto.cli.main import code_of


@pytest.fixture
def reviews(tmp_path):
    rows = [
        f"The {what} number {n} weighs  {n} kgs,{'good' if n % 3 else 'bad'}"
        for n, what in enumerate(["cat", "dog", "old cow"] * 20)
    ]
    path = tmp_path / "reviews.csv"
    path.write_text("text,mood\n" + "\n".join(rows) + "\n")
    return path


def test_texts_are_prepared_and_told(reviews, tmp_path, capsys):
    out = tmp_path / "ready.jsonl"
    assert code_of(["prepare", str(reviews), "-o", str(out), "--set", "units=spelling", "--set", "balance=down"]) == 0
    said = capsys.readouterr().out
    assert "weighs 1 kgs" in said and "weighs 1 kg" in said and "Wrote 40 rows" in said
    assert dict(tr.read(out).rows["mood"].value_counts().iter_rows()) == {"good": 20, "bad": 20}


def test_nothing_is_written_unless_asked(reviews, capsys):
    before = sorted(reviews.parent.iterdir())
    assert code_of(["prepare", str(reviews)]) == 0
    assert "Nothing is written" in capsys.readouterr().out
    assert sorted(reviews.parent.iterdir()) == before


def test_a_split_is_two_files_and_their_hashes(reviews, tmp_path, capsys):
    out = f"messages:{tmp_path / 'ready.jsonl.gz'}"
    # All rows are of three templates: the parts hold whole templates.
    assert code_of(["prepare", str(reviews), "-o", out, "--split", "0.3", "--json"]) == 0
    counts = json.loads(capsys.readouterr().out)
    train, test = (tr.read(tmp_path / f"ready-{name}.jsonl.gz") for name in ("train", "test"))
    assert len(train) + len(test) == 60 and {len(train), len(test)} == {40, 20}
    assert list(counts["written"].values()) == [len(train), len(test)]
    record = json.loads((tmp_path / "ready-split.json").read_text())
    assert record["parts"]["train"]["rows"] == len(train) and record == counts["split"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["prepare", "FILE", "-o", "FILE"], "would be written over"),
        (["convert", "FILE", "FILE"], "would be written over"),
        (["prepare", "FILE", "--set", "unit=metric"], "no setting 'unit'"),
        (["prepare", "FILE", "--set", "balance=equal"], "balance is 'equal'"),
        (["prepare", "FILE", "--text", "txt"], "no column 'txt'"),
        (["prepare", "nothing.csv"], "no file 'nothing.csv'"),
        (["convert", "FILE", "out.xyz"], "no format we know"),
    ],
)
def test_mistakes_are_told(reviews, capsys, arguments, said):
    assert code_of([str(reviews) if each == "FILE" else each for each in arguments]) == 2
    assert said in capsys.readouterr().err


def test_data_is_converted(reviews, tmp_path, capsys):
    assert code_of(["convert", str(reviews), f"alpaca:{tmp_path / 'x.json'}", "--rows", "3"]) == 0
    assert len(json.loads((tmp_path / "x.json").read_text())) == 3
    assert code_of(["convert", str(reviews), str(tmp_path / "x.parquet"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out.partition("\n")[2])["rows"] == {"reviews": 60}
