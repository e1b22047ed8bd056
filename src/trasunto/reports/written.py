"""What models that write scored on real data: a table, a chart, examples, and what follows from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trasunto.language.text_evaluation import GOALS, TextEvaluation
from trasunto.reports.blocks import Block, Card, Grid, Heading, Picture, Points, Words
from trasunto.reports.drawing import MADE, REAL, figure
from trasunto.reports.report import Figure, Report
from trasunto.reports.words import ends, known, number, say

# Characters of a question or an answer in a table.
MOST = 240


def written(report: Report) -> list[Block]:
    """The blocks; [] when nothing was written."""
    at, found = report.language, report.written
    if not found:
        return []
    names = list(found[0].scores)
    head = (say("arm", at), say("examples", at), *(say(f"written.{name}", at) for name in names), say("interval", at))
    rows = tuple(
        (
            arm_of(each.arm, at),
            number(each.trained_on, at),
            *(number(each.scores.get(name), at) for name in names),
            ends(each.intervals.get(each.leading), at),
        )
        for each in found
    )
    blocks: list[Block] = [
        Heading(say("model", at), "written", 3),
        Words(say("written.told", at, count=number(found[0].tested_on, at))),
        Grid(head, rows, right=tuple(range(1, 2 + len(names)))),
        *_told(report.facts.get("training") or {}, found[0], at),
        *(Picture(each) for each in report.figures if each.name == "written"),
    ]
    if found[0].examples:
        parts = ("prompt", "answer", "expected")
        lines = tuple(tuple(_short(each.get(part, "")) for part in parts) for each in found[0].examples)
        blocks += [Heading(say("written.examples", at), "answers", 3)]
        blocks.append(Grid(tuple(say(f"written.{part}", at) for part in parts), lines, long=True))
    return [*blocks, *_warned(found, at)]


def written_card(report: Report) -> list[Card]:
    """The leading score of the model of synthetic examples beside its real twin; [] when nothing was written."""
    at, arms = report.language, {each.arm: each for each in report.written}
    if "synthetic" not in arms:
        return []
    made, real = arms["synthetic"], arms.get("real")
    name = made.leading
    value, twin = made.scores[name], real.scores[name] if real else None
    share = 1.0 if not twin or not value else value / twin if GOALS[name] == "max" else twin / value
    tone = "good" if share >= 0.95 else "fair" if share >= 0.8 else "poor"
    title, label = say("model", at), say(f"written.{name}", at).rstrip(" ↓")
    return [Card(title, f"{label} {number(value, at)}", say("written.card", at, real=number(twin, at)), tone)]


def written_figure(found: Sequence[TextEvaluation], at: str) -> Figure | None:
    """The leading score of each arm, with its interval; None when nothing was written."""
    if not found:
        return None
    name = found[0].leading
    rows = [
        {
            "arm": arm_of(each.arm, at),
            "value": each.scores[name],
            "low": each.intervals[name][0],
            "high": each.intervals[name][1],
            "made": each.arm == "synthetic",
        }
        for each in found
        if name in each.scores
    ]
    y = {"field": "arm", "type": "nominal", "sort": None, "title": None, "axis": {"labelLimit": 260}}
    x: dict[str, Any] = {"type": "quantitative", "scale": {"zero": True}, "title": say(f"written.{name}", at)}
    tip = [
        {"field": "arm", "title": say("arm", at)},
        {"field": "value", "type": "quantitative", "format": ".3f", "title": say(f"written.{name}", at)},
    ]
    colour = {"condition": {"test": "datum.made", "value": MADE}, "value": REAL}
    bars = {
        "mark": {"type": "bar", "opacity": 0.85, "height": 14},
        "encoding": {"x": {"field": "value", **x}, "y": y, "color": colour, "tooltip": tip},
    }
    whiskers = {
        "mark": {"type": "rule", "strokeWidth": 2},
        "encoding": {"x": {"field": "low", **x}, "x2": {"field": "high"}, "y": y},
    }
    spec = {"width": 420, "height": {"step": 26}, "data": {"values": rows}, "layer": [bars, whiskers]}
    return figure("written", "written", "fig_written", at, spec)


def arm_of(arm: str, at: str) -> str:
    """An arm's name in the report's language."""
    words = arm.split()
    if len(words) == 3 and words[0] == "real," and words[2] == "examples":
        return say("arm_of_examples", at, count=words[1])
    return say(f"arm_{arm}", at) if known(f"arm_{arm}") else arm


def made_ready(split: dict[str, Any], at: str) -> list[Block]:
    """What was done to real texts before anyone learnt from them; [] when nothing was."""
    steps = (split.get("prepared") or {}).get("steps") or []
    if not steps:
        return []
    parts = ("changed", "left_out", "added")
    rows = tuple(
        (each["name"], *(number(each[part], at) for part in parts)) for each in steps if each["name"] != "split"
    )
    head = (say("what", at), *(say(f"step_{part}", at) for part in parts))
    title = Heading(say("made_ready", at), "made-ready", 3)
    return [title, Words(say("made_ready_told", at)), Grid(head, rows, right=(1, 2, 3))]


def _told(facts: dict[str, Any], first: TextEvaluation, at: str) -> list[Block]:
    """How far synthetic is from real, and what it is worth."""
    blocks: list[Block] = []
    name = say(f"written.{first.leading}", at).rstrip(" ↓")
    if facts.get("difference"):
        low, high = facts["difference"]["interval"]
        value = number(facts["difference"]["value"], at)
        told = say("written.difference", at, score=name, value=value, low=number(low, at), high=number(high, at))
        blocks.append(Words(told))
    if facts.get("worth"):
        key = "_".join(filter(None, ("written.worth", facts["worth"]["side"])))
        blocks.append(Words(say(key, at, count=number(round(facts["worth"]["count"]), at))))
    return blocks


def _warned(found: Sequence[TextEvaluation], at: str) -> list[Block]:
    """What a reader must not take from these figures."""
    arms = {each.arm: each.scores[each.leading] for each in found if each.scores}
    name = found[0].leading
    sign = 1.0 if GOALS[name] == "max" else -1.0
    score, warned = say(f"written.{name}", at).rstrip(" ↓"), []
    if "real" in arms and sign * arms["synthetic"] < sign * arms["real"] - 0.05 * abs(arms["real"]):
        made, real = number(arms["synthetic"], at), number(arms["real"], at)
        warned.append(say("written.behind", at, score=score, made=made, real=real))
    if "memory, real" in arms and sign * arms["memory, real"] > sign * arms["synthetic"]:
        memory, made = number(arms["memory, real"], at), number(arms["synthetic"], at)
        warned.append(say("written.memory_wins", at, score=score, memory=memory, made=made))
    return [Points(tuple(warned))] if warned else []


def _short(text: str) -> str:
    return text if len(text) <= MOST else f"{text[:MOST]}…"
