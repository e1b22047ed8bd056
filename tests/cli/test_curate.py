"""`trasunto curate`: what is kept, what is not and why; the data stay as they are."""

import json

import pytest

from trasunto.cli.main import code_of


@pytest.fixture
def data(tmp_path):
    """Real and synthetic messages with labels; of the synthetic ones some copy, repeat, or are of the wrong label."""
    words = ("lovely", "clean", "superb", "bright"), ("dirty", "broken", "dark", "awful")
    places = ("room", "food", "view", "pool", "bed", "bar")
    real = [
        (f"the {place} that we were given was very {word} when we came", label)
        for label, each in zip(("good", "bad"), words, strict=True)
        for place in places
        for word in each
    ]
    real.append(("call the desk on 612 345 678 for anything that is lovely", "good"))
    made = [
        ("a lovely superb lift", "good"),
        ("an awful broken lift", "good"),
        ("A lovely, superb lift!", "good"),
        (real[0][0], "good"),
        ("for a lovely bed ring 612-345-678", "good"),
        ("the stairs were dark and dirty", "bad"),
        ("the garden was bright and clean", "good"),
    ]
    for name, rows in (("real", real), ("made", made), ("test", [("the garden was bright, and clean", "good")])):
        lines = [json.dumps({"stay": n, "message": text, "mood": label}) for n, (text, label) in enumerate(rows)]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return tmp_path


def arguments(data, *more):
    usual = ["--text", "message", "--label", "mood", "--set", "encoder=words", "--set", "language=false", "-q"]
    return [
        "curate",
        str(data / "made.jsonl"),
        "--real",
        str(data / "real.jsonl"),
        *usual,
        "--set",
        "lengths=null",
        *more,
    ]


def rows_of(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_what_is_kept_keeps_its_columns_and_the_rest_its_reason(data, capsys):
    kept, rejected = data / "kept.jsonl", data / "rejected.jsonl"
    before = (data / "made.jsonl").read_bytes()
    asked = arguments(data, "--test", str(data / "test.jsonl"), "-o", str(kept), "--rejected", str(rejected))
    assert code_of(asked) == 0
    assert [(row["stay"], row["mood"]) for row in rows_of(kept)] == [(0, "good"), (5, "bad")]
    found = {row["row"]: row["reason"] for row in rows_of(rejected)}
    assert found == {1: "disagrees", 2: "duplicate", 3: "verbatim", 4: "identifier", 6: "leak"}
    told = capsys.readouterr().out
    assert all(reason in told for reason in found.values()) and "612-345-678" in told and "Kept by label" in told
    assert (data / "made.jsonl").read_bytes() == before


def test_redaction_changes_the_text_and_json_counts(data, capsys):
    kept = data / "kept.jsonl"
    assert code_of(arguments(data, "--set", "identifiers=redact", "-o", str(kept), "--json")) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["counts"]["redacted"] == 1 and document["counts"]["off"] == {"leaks": "no test texts"}
    assert document["settings"]["identifiers"] == "redact"
    assert any(row["message"] == "for a lovely bed ring [phone]" for row in rows_of(kept))


def test_names_in_other_columns_are_swept_out_too(tmp_path):
    (tmp_path / "real.csv").write_text(
        "full_name,text\n" + "".join(f"Ana Ruiz{n},we were here {n} times\n" for n in range(9))
    )
    (tmp_path / "made.csv").write_text("text\nthe cook is ruiz3 ana herself\nthe cook is away\n")
    asked = ["curate", str(tmp_path / "made.csv"), "--real", str(tmp_path / "real.csv"), "--text", "text", "-q"]
    asked += [
        "--set",
        "encoder=words",
        "--set",
        "language=false",
        "--set",
        "lengths=null",
        "-o",
        str(tmp_path / "kept.csv"),
    ]
    assert code_of(asked) == 0
    assert (tmp_path / "kept.csv").read_text().splitlines() == ["text", "the cook is away"]


def test_mistakes_are_told_before_anything_is_written(data, capsys):
    made = str(data / "made.jsonl")
    for more, says in (
        (["-o", made], "written over"),
        (["--text", "mesage"], "Did you mean 'message'"),
        (["--set", "naer=0.5"], "Did you mean 'near'"),
        (["--set", "near=high"], "near"),
        (["--set", "near=7"], "from 0 to 1"),
        (["-o", str(data / "kept.doc")], "kept.doc"),
        (["--set", "encoder=nowhere"], "nowhere"),
    ):
        assert code_of(arguments(data, *more)) == 2, more
        assert says in capsys.readouterr().err, more
    assert sorted(path.name for path in data.iterdir()) == ["made.jsonl", "real.jsonl", "test.jsonl"]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([(n, n / 7, "north" if n % 2 else "south") for n in range(60)], "These could: c."),
        ([(n, n / 7, n % 5) for n in range(60)], "There is no column of text; there are a, b, c."),
    ],
)
def test_numbers_are_no_candidates_for_the_text(tmp_path, capsys, rows, says):
    lines = ["a,b,c", *(",".join(map(str, row)) for row in rows)]
    (tmp_path / "made.csv").write_text("\n".join(lines))
    assert code_of(["curate", str(tmp_path / "made.csv"), "-q"]) == 2
    assert says in capsys.readouterr().err
