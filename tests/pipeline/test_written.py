"""Free text in related tables and in events, from a recipe to where it is delivered: through Python and the command."""

import json

import numpy as np
import polars as pl
import pytest

from trasunto.cli.main import code_of
from trasunto.pipeline.recipe import Recipe
from trasunto.pipeline.run import run

ASKED = ["the invoice", "this charge", "my payment", "the router", "my signal", "this cable"]
WRONG = ["was charged twice", "looks far too high", "never arrived", "drops every evening", "is slow", "makes a noise"]


def said(rng):
    return f"Hello, {rng.choice(ASKED)} {rng.choice(WRONG)} since day {rng.integers(1, 400)}, please look at it soon"


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """Customers, and tickets of theirs with what they wrote."""
    rng, folder = np.random.default_rng(0), tmp_path_factory.mktemp("desk")
    home = rng.choice(["York", "Bilbao", "Porto"], 120)
    pl.DataFrame({"customer_id": np.arange(120) + 1, "home": home}).write_csv(folder / "customer.csv")
    of = np.repeat(np.arange(120) + 1, rng.integers(1, 4, 120))
    pl.DataFrame(
        {
            "ticket_id": np.arange(len(of)) + 1,
            "customer_id": of,
            "urgent": rng.choice(["yes", "no"], len(of)),
            "note": [said(rng) for _ in of],
        }
    ).write_csv(folder / "ticket.csv")
    return folder


def recipe_for(source, sink, metrics, **data):
    return {
        "title": "Desk",
        "data": {"source": str(source), **data},
        "synthesizer": {"name": "tree"},
        "metrics": metrics,
        "report": {"formats": ["json"]},
        "deliver": {"to": str(sink)},
    }


def test_texts_of_related_tables_reach_their_sink_by_both_doors(desk, tmp_path, capsys):
    document = recipe_for(desk, tmp_path / "sent", ["relations.integrity", "relations.text", "relations.verbatim_text"])
    by_hand = run(Recipe.from_dict(document), folder=tmp_path / "python")
    sent = {name: pl.read_csv(tmp_path / "sent" / f"{name}.csv") for name in ("customer", "ticket")}
    notes = sent["ticket"]["note"].drop_nulls()
    assert len(notes) == len(sent["ticket"])
    assert notes.str.len_chars().min() > 10
    assert set(sent["ticket"]["customer_id"]) <= set(sent["customer"]["customer_id"])
    assert {score.metric for score in by_hand.report.scores} >= {"relations.text", "relations.verbatim_text"}
    document["deliver"] = {"to": f"sqlite:///{tmp_path / 'sent.db'}"}
    (tmp_path / "recipe.yaml").write_text(json.dumps(document))
    capsys.readouterr()
    assert code_of(["run", str(tmp_path / "recipe.yaml"), "-o", str(tmp_path / "cli"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["digest"] == by_hand.manifest["digest"]
    again = tmp_path / "again.csv"
    assert code_of(["convert", f"sqlite:///{tmp_path / 'sent.db'}?table=ticket", str(again)]) == 0
    assert sorted(pl.read_csv(again)["note"]) == sorted(sent["ticket"]["note"])


def test_texts_of_events_reach_their_sink_by_both_doors(tmp_path, capsys):
    rng = np.random.default_rng(1)
    rows = [
        (f"E{one:03d}", turn, rng.choice(["a", "b"]), said(rng)) for one in range(80) for turn in range(1 + one % 4)
    ]
    frame = pl.DataFrame(rows, schema=["who", "turn", "kind", "said"], orient="row")
    frame.write_csv(tmp_path / "turns.csv")
    document = recipe_for(
        tmp_path / "turns.csv",
        tmp_path / "sent.jsonl",
        ["sequences.lengths", "fidelity.text"],
        sequence=["who", "turn"],
    )
    by_hand = run(Recipe.from_dict(document), folder=tmp_path / "python")
    sent = pl.read_ndjson(tmp_path / "sent.jsonl")
    assert sent.columns == frame.columns
    assert sent["said"].drop_nulls().str.len_chars().min() > 10
    assert sent["said"].n_unique() > len(sent) // 4
    document["deliver"] = {"to": str(tmp_path / "again.parquet")}
    (tmp_path / "recipe.yaml").write_text(json.dumps(document))
    capsys.readouterr()
    assert code_of(["run", str(tmp_path / "recipe.yaml"), "-o", str(tmp_path / "cli"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["digest"] == by_hand.manifest["digest"]
    assert pl.read_parquet(tmp_path / "again.parquet")["said"].to_list() == sent["said"].to_list()
