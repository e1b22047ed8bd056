"""The section on fairness: what needs a justification, gaps between groups, what a repair changed, and its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trasunto.metrics.score import Score
from trasunto.reports.blocks import Block, Grid, Heading, Picture, Points, Words
from trasunto.reports.drawing import MADE, REAL, UNSEEN, WARM, figure
from trasunto.reports.report import Figure, Report
from trasunto.reports.words import ends, known, number, percent, say

# Rates drawn group by group; the first is of the rows, the others of models.
DRAWN = ("label_rate", "selection_rate", "true_positive_rate", "false_positive_rate")
GAPS = ("parity", "demographic_parity", "equalized_odds", "equal_opportunity", "predictive_parity")
SHOWN_GROUPS = 12
COLOURS = (MADE, REAL, "#009E73", WARM, "#CC79A7", UNSEEN)


def fairness(report: Report) -> list[Block]:
    """The blocks of the section; [] where no group was looked at."""
    at, facts = report.language, report.facts.get("fairness") or {}
    scores = [score for score in report.scores if score.metric.startswith("fairness.")]
    if not scores and not facts:
        return []
    columns = facts.get("protected") or sorted(
        {s.subject for s in scores if s.metric == "fairness.representation"} - {""}
    )
    told = say("fair.told", at, columns=", ".join(columns))
    if facts.get("positive"):
        told += " " + say("fair.positive", at, positive=facts["positive"])
    blocks: list[Block] = [Heading(say("fairness", at), "fairness"), Words(told)]
    blocks += _flags(facts, at)
    grown = _grown(scores, facts, at)
    if grown:
        blocks.append(Points(grown))
    blocks += _small(facts, columns, at)
    figures = [each for each in report.figures if each.section == "fairness"]
    blocks += [Picture(each) for each in figures if each.name == "groups"]
    blocks += _gaps(scores, at)
    blocks += _repaired(facts, figures, at)
    return [*blocks, *_frontier(figures, at), *_budgets(facts, at)]


def fairness_figures(scores: Sequence[Score], facts: Mapping[str, Any], at: str) -> list[Figure | None]:
    """Rates by group, gaps before and after a repair, and what fairness costs; None for what there is no data for.
    facts: the report's section on fairness."""
    return [_groups(scores, at), _before_after(facts, at), _costs(facts, at)]


def _flags(facts: Mapping[str, Any], at: str) -> list[Block]:
    if "flags" not in facts:
        return []
    found = facts["flags"]
    if not found:
        return [Words(say("fair.no_flags", at))]
    lines = []
    for flag in found[:SHOWN_GROUPS]:
        named = {"name": flag["metric"], "subject": flag["subject"]}
        line = say("fair.flag", at, **named, value=number(flag["value"], at), limit=number(flag["limit"], at, 2))
        lines.append(line + (say("fair.as_real", at) if flag["as_real"] else ""))
    if len(found) > SHOWN_GROUPS:
        lines.append(say("fair.more", at, count=len(found) - SHOWN_GROUPS))
    return [Words(say("fair.flags", at), "warning"), Points(tuple(lines))]


def _grown(scores: Sequence[Score], facts: Mapping[str, Any], at: str) -> tuple[str, ...]:
    """What synthesis did to the bias of each protected column, in words."""
    verdicts = facts.get("amplification") or {}
    lines = []
    for score in scores:
        if score.metric == "fairness.amplification" and score.subject in facts.get("protected", ()) and score.interval:
            low, high = score.interval
            verdict = verdicts.get(score.subject, "kept")
            value = number(100 * abs(score.value), at, 1)
            if verdict == "reduced":
                low, high = -high, -low
            ends = {"low": number(100 * low, at, 1), "high": number(100 * high, at, 1)}
            lines.append(say(f"fair.{verdict}", at, column=score.subject, value=value, **ends))
    return tuple(lines)


def _small(facts: Mapping[str, Any], columns: Sequence[str], at: str) -> list[Block]:
    """Groups that were too small to be judged, those of single columns first."""
    small = [each for each in facts.get("groups") or [] if not each["judged"]]
    small.sort(key=lambda each: each["column"] not in columns)
    if not small:
        return []
    names = [f"{each['column']}: {each['group']} ({min(each['rows'].values())})" for each in small[:SHOWN_GROUPS]]
    if len(small) > SHOWN_GROUPS:
        names.append(say("fair.more", at, count=len(small) - SHOWN_GROUPS))
    return [Words(say("fair.small", at, groups=", ".join(names)))]


def _gaps(scores: Sequence[Score], at: str) -> list[Block]:
    rows = tuple(
        (
            score.metric,
            score.subject,
            number(score.value, at),
            ends(score.interval, at),
            number(score.goal, at, 1),
            number(score.baseline, at),
            number(score.control, at),
        )
        for score in scores
        if score.subject and ": " not in score.subject and " ← " not in score.subject
    )
    if not rows:
        return []
    head = tuple(say(key, at) for key in ("metric", "column", "value", "interval", "best", "baseline", "control"))
    return [Heading(say("fair.gaps", at), "gaps", 3), Grid(head, rows, right=(2, 4, 5, 6), long=True)]


def _repaired(facts: Mapping[str, Any], figures: Sequence[Figure], at: str) -> list[Block]:
    repair = facts.get("repair") or {}
    mark = repair.get("mark")
    if not mark:
        return []
    key = f"mode_{mark['mode']}"
    told = say(
        "fair.altered",
        at,
        mode=say(key, at) if known(key) else mark["mode"],
        intensity=number(mark["intensity"], at, 2),
        outcomes=percent(mark["outcomes_changed"], at),
        rows=number(mark["rows_added"], at),
        others=number(mark["others"], at),
    )
    blocks: list[Block] = [Heading(say("fair.repair", at), "repair", 3), Words(told, "warning")]
    if mark["left_alone"]:
        blocks.append(Words(say("fair.alone", at, groups=", ".join(mark["left_alone"]))))
    cost = facts.get("cost") or {}
    if cost:
        lines = (say("fair.cost", at, metric=name, value=_signed(value, at)) for name, value in cost.items())
        blocks.append(Points(tuple(lines)))
    return [*blocks, *(Picture(each) for each in figures if each.name == "repair")]


def _frontier(figures: Sequence[Figure], at: str) -> list[Block]:
    return [Picture(each) for each in figures if each.name == "frontier"]


def _budgets(facts: Mapping[str, Any], at: str) -> list[Block]:
    """Errors of models trained under different privacy budgets, as `across_budgets` gives them."""
    found = facts.get("budgets") or []
    if not found:
        return []
    head = tuple(
        say(key, at)
        for key in ("fair.budget_head", "column", "fair.error", "fair.worst_group", "fair.worst_error", "fair.unequal")
    )
    rows = tuple(
        (
            say("fair.none", at) if each["epsilon"] is None else number(each["epsilon"], at, 1),
            each["column"],
            percent(each["error"], at),
            each["worst_group"],
            percent(each["worst_error"], at),
            say("fair.yes" if each["unequal"] else "fair.no", at),
        )
        for each in found
    )
    return [Heading(say("fair.budgets", at), "budgets", 3), Grid(head, rows, right=(0, 2, 4))]


def _groups(scores: Sequence[Score], at: str) -> Figure | None:
    """Bars by group, one panel a rate and protected column."""
    columns = list(dict.fromkeys(s.subject for s in scores if s.metric == "fairness.representation" and s.subject))
    panels = []
    for column in (name for name in columns if " × " not in name):
        each = {rate: [s for s in scores if _of_rate(s, rate, column)] for rate in DRAWN}
        groups = list(dict.fromkeys(s.subject.partition(": ")[2] for found in each.values() for s in found))
        groups = groups[:SHOWN_GROUPS]
        row = [_panel(found, column, rate, groups, at) for rate, found in each.items() if found]
        if row:
            # The groups are named once, on the left.
            for layer in row[0]["layer"]:
                layer["encoding"]["y"] = {**layer["encoding"]["y"], "axis": {"labelLimit": 120}}
            panels.append({"hconcat": row, "spacing": 12})
    if not panels:
        return None
    spec = {"vconcat": panels, "config": {"legend": {"orient": "top", "title": None}}}
    return figure("groups", "fairness", "fig_groups", at, spec)


def _of_rate(score: Score, rate: str, column: str) -> bool:
    return score.metric == f"fairness.{rate}" and score.subject.startswith(f"{column}: ")


def _panel(found: Sequence[Score], column: str, rate: str, groups: Sequence[str], at: str) -> dict[str, Any]:
    rows: list[dict[str, Any]] = []
    made, real = say("fair.made", at), say("fair.real", at)
    for score in found:
        group = score.subject.partition(": ")[2]
        if group not in groups:
            continue
        low, high = score.interval or (score.value, score.value)
        rows.append({"group": group, "part": made, "value": score.value, "low": low, "high": high})
        if score.control is not None:
            rows.append({"group": group, "part": real, "value": score.control})
    y = {"field": "group", "type": "nominal", "scale": {"domain": list(groups)}, "title": None, "axis": None}
    x = {"type": "quantitative", "title": None, "axis": {"format": "%", "tickCount": 3}}
    parts = {"field": "part", "sort": [made, real]}
    both = {"y": y, "yOffset": parts}
    colour = {
        "field": "part",
        "type": "nominal",
        "sort": None,
        "scale": {"domain": [made, real], "range": [MADE, REAL]},
        "legend": {"title": None, "orient": "top", "labelLimit": 320},
    }
    tips = [
        {"field": "group", "type": "nominal", "title": column},
        {"field": "part", "type": "nominal", "title": " "},
        {"field": "value", "type": "quantitative", "format": ".1%", "title": say("fair.rate", at)},
    ]
    return {
        "title": {"text": say(f"fair.{rate}", at)[:30], "fontSize": 11},
        "width": 112,
        "height": {"step": 13},
        "data": {"values": rows},
        "layer": [
            {"mark": "bar", "encoding": {**both, "x": {"field": "value", **x}, "color": colour, "tooltip": tips}},
            {
                "transform": [{"filter": "isValid(datum.low)"}],
                "mark": {"type": "rule", "color": "black", "strokeWidth": 1.2},
                "encoding": {"y": y, "yOffset": parts, "x": {"field": "low", **x}, "x2": {"field": "high"}},
            },
        ],
    }


def _before_after(facts: Mapping[str, Any], at: str) -> Figure | None:
    """Gaps of the protected columns, before and after."""
    rows = []
    for side in ("before", "after"):
        for score in (Score.from_dict(each) for each in facts.get(side) or []):
            name = score.metric.partition(".")[2]
            if name in GAPS and score.subject in facts.get("protected", ()) and score.interval:
                low, high = score.interval
                gap = f"{score.subject}: {name.replace('_', ' ')}"
                rows.append(
                    {"gap": gap, "side": say(f"fair.{side}", at), "value": score.value, "low": low, "high": high}
                )
    if not rows:
        return None
    sides = [say("fair.before", at), say("fair.after", at)]
    colour = {
        "field": "side",
        "type": "nominal",
        "scale": {"domain": sides, "range": [UNSEEN, MADE]},
        "legend": {"title": None, "orient": "top"},
    }
    y = {"field": "gap", "type": "nominal", "sort": None, "title": None, "axis": {"labelLimit": 240}}
    x = {"type": "quantitative", "title": say("value", at), "scale": {"zero": True}}
    both = {"y": y, "yOffset": {"field": "side", "sort": sides}, "color": colour}
    spec = {
        "width": 380,
        "height": {"step": 13},
        "data": {"values": rows},
        "layer": [
            {
                "mark": {"type": "rule", "strokeWidth": 2},
                "encoding": {**both, "x": {"field": "low", **x}, "x2": {"field": "high"}},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1},
                "encoding": {**both, "x": {"field": "value", **x}},
            },
        ],
    }
    return figure("repair", "fairness", "fig_repair", at, spec)


def _costs(facts: Mapping[str, Any], at: str) -> Figure | None:
    """Area under the curve against the gap, a line a mode, as `frontier` of the pipeline gives the points."""
    points = [each for each in facts.get("frontier") or [] if each["auc"] is not None]
    if not points:
        return None
    modes = list(dict.fromkeys(each["mode"] for each in points))
    names = [say(f"mode_{mode}", at) if known(f"mode_{mode}") else mode for mode in modes]
    rows = [{**each, "mode": names[modes.index(each["mode"])]} for each in points]
    colour = {
        "field": "mode",
        "type": "nominal",
        "scale": {"domain": names, "range": list(COLOURS[: len(names)])},
        "legend": {"title": None, "orient": "top"},
    }
    scale = {"zero": False}
    encoding = {
        "x": {"field": "demographic_parity", "type": "quantitative", "title": say("fair.parity_axis", at)},
        "y": {"field": "auc", "type": "quantitative", "scale": scale, "title": say("fair.auc", at)},
        "color": colour,
        "order": {"field": "intensity"},
        "tooltip": [
            {"field": "mode", "type": "nominal", "title": " "},
            *(
                {"field": key, "type": "quantitative", "format": ".3f"}
                for key in ("intensity", "auc", "demographic_parity")
            ),
        ],
    }
    mark = {"type": "line", "point": {"size": 60, "filled": True}, "strokeWidth": 1.5}
    spec = {"width": 420, "height": 260, "data": {"values": rows}, "mark": mark, "encoding": encoding}
    return figure("frontier", "fairness", "fig_frontier", at, spec)


def _signed(value: float, at: str) -> str:
    return ("+" if value > 0 else "−" if value < 0 else "") + number(abs(value), at, 4)
