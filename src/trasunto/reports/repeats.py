"""What drawing again changes: the scores of several draws, as a table."""

from __future__ import annotations

from typing import Any

from trasunto.reports.blocks import Block, Grid, Heading, Words
from trasunto.reports.report import Report
from trasunto.reports.words import number, say


def repeats(report: Report) -> list[Block]:
    """Mean, standard deviation and 95 % interval of each headline over draws; [] when there was one draw."""
    at, found = report.language, [each for each in report.facts.get("repeats") or () if not each["subject"]]
    if not found:
        return []
    head = tuple(say(key, at) for key in ("metric", "mean", "deviation", "interval_of_mean"))
    count = max(len(each["values"]) for each in found)
    return [
        Heading(say("repeats", at), "repeats", 3),
        Words(say("repeats_told", at, count=count)),
        Grid(head, tuple(_line(each, at) for each in found), right=(1, 2, 3)),
    ]


def _line(spread: dict[str, Any], at: str) -> tuple[str, ...]:
    ends = spread["interval"]
    interval = f"{number(ends[0], at)} – {number(ends[1], at)}" if ends else ""
    return spread["metric"], number(spread["mean"], at), number(spread["spread"], at), interval
