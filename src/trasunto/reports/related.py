"""The sections of a report on related tables: which there are, what was measured along their keys, where they went."""

from __future__ import annotations

from typing import Any

from trasunto.reports.blocks import Block, Card, Grid, Heading, Words
from trasunto.reports.report import Report
from trasunto.reports.words import number, percent, say

# Lines of the table of what was measured, for each measure.
MOST_LINES = 12


def tables(report: Report) -> list[Block]:
    """The tables, their keys, and what was copied; nothing for one table."""
    at, found = report.language, (report.facts.get("data") or {}).get("tables") or []
    if not found:
        return []
    head = tuple(say(key, at) for key in ("table", "rows", "columns_first", "key", "refers", "made_how"))
    lines = tuple(
        (
            each["name"],
            number(each["rows"], at),
            str(each["columns"]),
            " + ".join(each["key"]),
            "; ".join(f"{' + '.join(key['columns'])} → {key['table']}" for key in each["refers"]),
            say("copied_table" if each["copied"] else "made_table", at),
        )
        for each in found
    )
    blocks: list[Block] = [Heading(say("tables", at), "tables", 3), Grid(head, lines, right=(1, 2), long=True)]
    split = report.facts.get("split") or {}
    if split.get("root"):
        told = say("families_apart", at, root=split["root"])
        if split.get("shared"):
            told += " " + say("families_shared", at, tables=", ".join(split["shared"]))
        blocks.append(Words(told))
    return blocks


def drawn(report: Report) -> list[Block]:
    """What was sampled of data too large to be read whole, and which version of a lake was read."""
    at, data = report.language, report.facts.get("data") or {}
    samples = {"": data["sampled"]} if data.get("sampled") else report.facts.get("sampled") or {}
    blocks: list[Block] = []
    for part, each in samples.items():
        rows, of = number(each["rows"], at), number(each["of"], at)
        told = say("sampled", at, rows=rows, of=of, seed=each["seed"])
        blocks.append(Words(f"{part}: {told}" if part else told))
    for name, each in (data.get("versions") or {}).items():
        newer = each.get("last_version")
        told = say("version_read", at, table=name, version=each["version"])
        blocks.append(Words(told + (" " + say("version_newer", at, version=newer) if newer is not None else "")))
    return blocks


def along_keys(report: Report) -> list[Block]:
    """Each table, key and pair of tables, by what was measured of it."""
    at = report.language
    found = [s for s in report.scores if s.subject and s.metric.startswith("relations.")]
    if not found:
        return []
    names = list(dict.fromkeys(score.metric for score in found))
    chosen = []
    for name in names:
        mine = [score for score in found if score.metric == name]
        chosen += sorted(mine, key=lambda s: -abs(s.value - s.goal))[:MOST_LINES]
    head = tuple(say(key, at) for key in ("metric", "subject", "value", "baseline", "control"))
    lines = tuple(
        (s.metric, s.subject, number(s.value, at), number(s.baseline, at), number(s.control, at)) for s in chosen
    )
    return [
        Heading(say("along_keys", at), "along-keys", 3),
        Words(say("along_keys_told", at)),
        Grid(head, lines, right=(2, 3, 4), long=True),
    ]


def linked(report: Report) -> list[Card]:
    """Whether every reference leads somewhere, and how alike the numbers of children are."""
    at = report.language
    whole, alike = report.score("relations.integrity"), report.score("relations.cardinality")
    if whole is None or alike is None:
        return []
    cardinality = percent(likeness(alike), at)
    tone = "good" if likeness(whole) == 1 and likeness(alike) >= 0.97 else "fair" if likeness(whole) == 1 else "poor"
    detail = say("linked_detail", at, cardinality=cardinality)
    return [Card(say("linked", at), percent(likeness(whole), at), detail, tone)]


def likeness(score: Any) -> float:
    """A score whose best value is 0 (an error) or 1, as a likeness."""
    return float(1 - abs(score.value - score.goal))


def delivered(report: Report) -> list[Block]:
    """Where the rows went, or why they went nowhere."""
    at, found = report.language, report.facts.get("delivered") or {}
    if found.get("kept_back"):
        return [Words(say("kept_back", at), "warning")]
    if not found:
        return []
    rows = ", ".join(f"{number(count, at)} {name}" for name, count in found["rows"].items())
    return [Words(say("delivered", at, to=found["to"], rows=rows))]
