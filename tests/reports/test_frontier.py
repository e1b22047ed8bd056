"""The board and its chart: who is beaten by nobody, and names that can be read."""

from __future__ import annotations

import json

import numpy as np
import pytest

from trasunto.metrics.repeats import Spread
from trasunto.reports import frontier
from trasunto.reports.blocks import Points
from trasunto.reports.board import Board, Row


def row(name, c2st, nearer, seconds=None, kind="synthesizer", repeats=3, **more):
    rng = np.random.default_rng(len(name))

    def score(metric, value, goal=0.5):
        return Spread(metric, "", tuple(value + 0.004 * rng.normal(size=repeats)), goal, reading="Read it so.")

    scores = (
        score("fidelity.c2st", c2st),
        score("privacy.nearer_to_train", nearer),
        score("fidelity.shapes", 0.002, 0.0),
    )
    times = (seconds,) * repeats if seconds else ()
    return Row(name, kind, scores, times, tuple(each / 10 for each in times), tuple(900.0 for _ in times), **more)


FACTS = {"seeds": [0, 1, 2], "source": "rows", "train": 100, "holdout": 90, "columns": 4, "cores": 2, "target": "y"}


@pytest.fixture
def board():
    rows = (
        row("unseen", 0.5, 0.49, kind="reference"),
        row("bootstrap", 0.57, 1.0, kind="reference"),
        row("fast", 0.99, 0.5, 0.1),
        row("faithful", 0.53, 0.6, 3.0),
        row("private", 0.7, 0.48, 5.0),
        row("beaten", 0.75, 0.62, 6.0),
        row("peer", 0.6, 0.55, kind="brought"),
        Row("broken", "synthesizer", error="It <b>broke</b>."),
    )
    return Board("Compared <here>", rows, {**FACTS, "finished": True})


def test_who_is_beaten_by_nobody(board):
    assert set(board.unbeaten) == {"fast", "faithful", "private", "peer"}
    # Below what chance gives there is no privacy to gain.
    other = board.put(row("lower", 0.74, 0.4, 6.0))
    assert "lower" not in other.unbeaten
    assert Board("t", (), {}).unbeaten == ()


def test_a_row_is_put_in_the_place_of_its_name(board):
    again = board.put(row("fast", 0.9, 0.5, 0.2))
    assert [each.name for each in again.rows] == [each.name for each in board.rows]
    assert again.rows[2].seconds == pytest.approx(0.22)
    assert json.loads(json.dumps(again.to_dict()))["rows"][2]["name"] == "fast"


def test_the_table_shows_mean_and_spread(board):
    head, lines = board.table()
    assert head == ("method", "fit+sample s", "MB", "C2ST", "nearer", "shapes %")
    cells = dict(zip(head, lines[3], strict=True))
    assert cells["method"] == "●\u00a0faithful" and cells["fit+sample s"] == "3.0 + 0.3" and cells["MB"] == "900"
    score = board.rows[3].scores[0]
    assert cells["C2ST"] == f"{score.mean:.3f}±{score.spread:.3f}"
    assert lines[-1] == ("broken", "", "", "", "", "")
    assert board.table("es")[1][3][3] == cells["C2ST"].replace(".", ",")


def test_the_chart_shows_every_row_once_and_what_lies_beyond_at_the_edge(board):
    panels = frontier.figure(board).spec["hconcat"]
    privacy, time = ({point["name"]: point for point in panel["data"]["values"]} for panel in panels)
    assert set(privacy) == {each.name for each in board.rows} - {"broken"}
    assert set(time) == {"fast", "faithful", "private", "beaten"}
    low, high = panels[0]["layer"][1]["encoding"]["y"]["scale"]["domain"]
    assert all(low < point["y"] < high for point in privacy.values())
    assert privacy["bootstrap"]["shown"].endswith("→") and privacy["bootstrap"]["at_x"] < 0.75
    assert {name for name, point in privacy.items() if point["unbeaten"]} == set(board.unbeaten)
    assert frontier.figure(Board("t", (Row("broken", "synthesizer", error="x"),), FACTS)) is None


def test_names_cover_no_other_name_and_stay_inside():
    rng = np.random.default_rng(1)
    rows = tuple(row(f"method {place}", *rng.uniform((0.52, 0.48), (0.75, 0.6)), 1.0 + place) for place in range(14))
    for panel in frontier.figure(Board("t", rows, FACTS)).spec["hconcat"]:
        points = panel["data"]["values"]
        encoding = panel["layer"][-1]["encoding"]
        (left, right), (bottom, top) = (encoding[axis]["scale"]["domain"] for axis in "xy")
        bent = np.log if encoding["x"]["scale"]["type"] == "log" else float
        boxes = []
        for point in points:
            x = (bent(point["label_x"]) - bent(left)) / (bent(right) - bent(left)) * frontier.WIDTH
            y = (top - point["label_y"]) / (top - bottom) * frontier.HEIGHT
            wide = frontier.BROAD * len(point["shown"])
            start = x - {"left": 0.0, "center": wide / 2, "right": wide}[point["side"]]
            assert start >= -1 and start + wide <= frontier.WIDTH + 1
            boxes.append((start, y - frontier.TALL / 2, start + wide, y + frontier.TALL / 2))
        shared = [frontier._overlap(a, b) for place, a in enumerate(boxes) for b in boxes[place + 1 :]]
        # At most a corner.
        assert max(shared) < 40


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_page_tells_all_and_nothing_breaks_out(board, tmp_path, language):
    written = frontier.write(board, tmp_path, language)
    assert [path.name for path in written] == ["comparison.html", "frontier.svg", "frontier.png"]
    page = written[0].read_text()
    for told in ("faithful", "It &lt;b&gt;broke&lt;/b&gt;.", "Compared &lt;here&gt;", "fidelity.c2st"):
        assert told in page
    assert ("No other equals these" in page) == (language == "en")
    assert "faithful" in written[1].read_text()
    assert written[2].stat().st_size > 10_000


def test_a_page_before_anything_was_judged(tmp_path):
    board = Board("t", (Row("broken", "synthesizer", error="x"),), {**FACTS, "finished": False})
    written = frontier.write(board, tmp_path)
    assert [path.name for path in written] == ["comparison.html"]
    assert "Nothing was drawn yet" in written[0].read_text()


def test_the_best_on_each_axis_are_named(board):
    best = {axis: row.name for axis, row in board.best.items()}
    assert (best["likeness"], best["time"]) == ("faithful", "fast")
    # Below 0.5 there is nothing to gain.
    assert best["privacy"] in ("fast", "private")
    told = next(block for block in frontier.story(board) if isinstance(block, Points))
    assert [text.partition(": ")[2].split()[0] for text in told.items] == list(best.values())


def test_spanish_heads_and_decimals(board):
    head, lines = board.table("es")
    assert head[0] == "método"
    assert "formas %" in head
    assert not any("." in cell for line in lines for cell in line[1:])
    assert frontier.figure(board, "es").spec["config"]["locale"]["number"]["decimal"] == ","
