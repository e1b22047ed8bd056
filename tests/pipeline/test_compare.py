"""Synthesizers side by side: what is judged, what is kept, what is refused before any work."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

import trasunto as tr
from trasunto.cli.main import code_of
from trasunto.errors import (
    DataError,
    FileError,
    FitError,
    MetricError,
    MissingLibraryError,
    RecipeError,
    UnknownNameError,
)
from trasunto.executors import Processes, executing
from trasunto.pipeline import compare as module
from trasunto.pipeline.asked import parse
from trasunto.pipeline.compare import JUDGED, Contest, compare


def table(rows, seed=0):
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 80, rows)
    job = rng.choice(["cook", "clerk", "judge"], rows)
    income = (20 + age / 2 + 30 * (job == "judge") + rng.normal(0, 5, rows)).round(2)
    return pl.DataFrame({"age": age, "job": job, "income": income, "rich": np.where(income > 55, "yes", "no")})


@pytest.fixture
def data(tmp_path):
    table(160).write_csv(tmp_path / "rows.csv")
    return tmp_path / "rows.csv"


FEW = ("fidelity.shapes", "privacy.nearer_to_train", "fidelity.triples")


def test_synthesizers_with_settings_are_read():
    asked = parse(["tree, tree:min_leaf=20,bins=100", "independent"])
    assert [(each.label, each.name, each.settings) for each in asked] == [
        ("tree", "tree", {}),
        ("tree:min_leaf=20,bins=100", "tree", {"min_leaf": 20, "bins": 100}),
        ("independent", "independent", {}),
    ]
    for wrong, words in (
        ("bins=3,tree", "before any"),
        ("tree,tree", "twice"),
        (" , ", "no synthesizer"),
        ("a b", "a b"),
    ):
        with pytest.raises(RecipeError, match=words):
            parse([wrong])


def test_the_whole_job(data, tmp_path, capsys):
    folder = tmp_path / "compared"
    command = ["compare", str(data), "--synthesizers", "independent,lm-finetune", "--target", "rich", "--seeds", "1"]
    assert code_of([*command, "-o", str(folder), "-q"]) == 1
    said = capsys.readouterr().out
    board = json.loads((folder / "comparison.json").read_text())
    rows = {row["name"]: row for row in board["rows"]}
    assert list(rows) == [
        "unseen real rows",
        "each column by itself",
        "bootstrap of train",
        "independent",
        "lm-finetune",
    ]
    # lm-finetune wants a text; its line says so.
    assert "writes free text" in rows["lm-finetune"]["error"]
    assert "lm-finetune: " in said and "●\u00a0independent" in said
    assert board["facts"]["finished"] and board["facts"]["train"] == 80
    assert board["facts"]["split"]["parts"]["holdout"]["rows"] == 80
    made, real, copied = (rows[name]["scores"] for name in ("independent", "unseen real rows", "bootstrap of train"))
    assert set(made) == set(JUDGED) - {"fidelity.text", "privacy.verbatim_text"}
    assert rows["independent"]["seconds"] > 0 and rows["independent"]["peak_mb"][0] > 20
    assert copied["privacy.exact_copies"]["mean"] == 1.0
    assert copied["privacy.nearer_to_train"]["mean"] > 0.9
    assert real["privacy.exact_copies"]["mean"] < 0.1
    assert made["utility.tstr"]["mean"] < real["utility.tstr"]["mean"]
    page = (folder / "comparison.html").read_text()
    assert "vegaEmbed" in page and "independent" in page and "writes free text" in page
    assert (folder / "frontier.svg").read_text().startswith("<svg")
    assert (folder / "frontier.png").read_bytes().startswith(b"\x89PNG")


def test_the_same_seed_gives_the_same_board_and_another_split_with_another(data):
    def values(seed):
        contest = Contest(("independent",), metrics=("fidelity.shapes",), repeats=1, seed=seed)
        return [row.score("fidelity.shapes").values for row in compare(str(data), contest).rows]

    assert values(0) == values(0) != values(1)


def test_workers_side_by_side_give_the_same_scores(data):
    contest = Contest(("independent,lm-finetune",), "rich", metrics=FEW, repeats=2)
    alone = compare(str(data), contest)
    with executing(Processes(2)):
        spread = compare(str(data), contest)
    assert [row.name for row in spread.rows] == [row.name for row in alone.rows]
    for one, other in zip(alone.rows, spread.rows, strict=True):
        assert (one.scores, one.error, one.settings) == (other.scores, other.error, other.settings)
    assert len(spread.rows[3].fit_seconds) == 2 and "writes free text" in spread.rows[4].error


def test_brought_rows_and_a_holdout_file_are_judged_alike(data, tmp_path):
    table(120, 1).write_csv(tmp_path / "unseen.csv")
    table(120, 2).write_csv(tmp_path / "peer-0.csv")
    table(120, 3).write_csv(tmp_path / "peer-1.csv")
    files = tuple(("peer", str(tmp_path / f"peer-{place}.csv")) for place in (0, 1))
    contest = Contest(
        ("independent",), "rich", str(tmp_path / "unseen.csv"), files, repeats=2, fit_once=True, metrics=FEW
    )
    board = compare(str(data), contest)
    rows = {row.name: row for row in board.rows}
    assert (board.facts["train"], board.facts["holdout"]) == (160, 120)
    assert rows["peer"].kind == "brought" and rows["peer"].seconds is None
    assert len(rows["peer"].score("fidelity.triples").values) == 2
    # Made by the same rule as the real rows; columns by themselves are not.
    assert rows["peer"].score("fidelity.triples").mean < 0.9 * rows["independent"].score("fidelity.triples").mean
    assert len(set(rows["independent"].fit_seconds)) == 1
    assert len(set(rows["independent"].score("fidelity.shapes").values)) == 2


def test_stopped_work_keeps_what_was_done(data, tmp_path, monkeypatch, capsys):
    judged = module._judged
    count = []

    def stop(*given):
        count.append(1)
        if len(count) == 4:
            raise KeyboardInterrupt
        return judged(*given)

    monkeypatch.setattr(module, "_judged", stop)
    contest = Contest(("independent,tree",), repeats=2, metrics=("fidelity.shapes", "privacy.nearer_to_train"))
    stopped = compare(str(data), contest, folder=tmp_path)
    board = json.loads((tmp_path / "comparison.json").read_text())
    rows = {row["name"]: row for row in board["rows"]}
    assert not board["facts"]["finished"]
    assert len(rows["bootstrap of train"]["scores"]["fidelity.shapes"]["values"]) == 2
    assert len(rows["independent"]["scores"]["fidelity.shapes"]["values"]) == 1
    assert "tree" not in rows
    assert "stopped before its end" in (tmp_path / "comparison.html").read_text()
    monkeypatch.setattr(module, "compare", lambda *given, **named: stopped)
    assert code_of(["compare", str(data)]) == 130
    said = capsys.readouterr()
    assert "independent" in said.out and "Stopped" in said.err


def test_a_synthesizer_without_its_library_keeps_its_line(data, monkeypatch):
    def missing(name, settings):
        if name == "tree":
            raise MissingLibraryError("tree needs a library.", "Install it.")

    monkeypatch.setattr(module, "make", missing)
    board = compare(str(data), Contest(("tree,independent",), metrics=("fidelity.shapes",), repeats=1))
    rows = {row.name: row for row in board.rows}
    assert rows["tree"].error == "tree needs a library. Install it."
    assert rows["independent"].score("fidelity.shapes")


def test_what_cannot_learn_the_table_is_said_before_the_first_fit(data, monkeypatch):
    said = []
    monkeypatch.setattr(module, "_steps", lambda *given: iter(()))
    compare(str(data), Contest(("tree,markov,lm-finetune",)), progress=lambda what, *_: said.append(what))
    assert [what.partition(":")[0] for what in said] == ["markov is left out", "lm-finetune is left out", "compare"]
    written = pl.DataFrame({"words": [f"it took {k} days and {k * 7 % 50} nights to come" for k in range(60)]})
    with pytest.raises(FitError, match="tree cannot write free text"):
        compare(written, Contest(("tree",)))


def test_what_is_wrong_is_said_before_any_work(data, tmp_path, monkeypatch):
    def never(*given):
        raise AssertionError("work began")

    monkeypatch.setattr(module, "_judged", never)
    table(5, 1).drop("age").write_csv(tmp_path / "other.csv")
    cases = [
        (Contest(("tre",)), UnknownNameError, "'tree'"),
        (Contest(("tree:leaf=3",)), RecipeError, "min_leaf"),
        (Contest(("tree",), target="rch"), RecipeError, "'rich'"),
        (Contest(("tree",), holdout="nothing.csv"), FileError, "nothing.csv"),
        (Contest(("tree",), holdout=str(data)), MetricError, "training data itself"),
        (Contest(("tree",), brought=(("peer", "nothing.csv"),)), FileError, "nothing.csv"),
        (Contest(("tree",), brought=(("tree", str(data)),)), RecipeError, "something else"),
        (Contest(("markov,sequences",)), FitError, "markov writes free text"),
        (Contest(("sequences,markov",)), FitError, "names no sequence"),
    ]
    for contest, error, words in cases:
        with pytest.raises(error, match=words):
            compare(str(data), contest)
    with pytest.raises(tr.TrasuntoError, match=r"other\.csv: "):
        compare(str(data), Contest(("tree",), brought=(("peer", str(tmp_path / "other.csv")),)))
    with pytest.raises(DataError, match="needs 20"):
        compare(table(30), Contest(("tree",)))
    for settings in ({"repeats": 0}, {"time_limit": 0.0}, {"language": "fr"}):
        with pytest.raises(RecipeError):
            Contest(("tree",), **settings)
