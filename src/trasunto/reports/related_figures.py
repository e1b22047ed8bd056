"""Charts of related tables: their map, how many rows hang from each, and the columns of each table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from trasunto.data.dataset import Dataset
from trasunto.data.relations import Link, links, order, places
from trasunto.language.evaluation import Evaluation
from trasunto.metrics.frames import arrays
from trasunto.metrics.related import Related, table_comparisons
from trasunto.metrics.score import Score
from trasunto.reports.classified_figures import language_model
from trasunto.reports.drawing import MADE, REAL, UNSEEN, figure
from trasunto.reports.fairness import fairness_figures
from trasunto.reports.figures import overview, shapes
from trasunto.reports.report import Figure
from trasunto.reports.risk_figures import attacks_figure
from trasunto.reports.training_figures import curves
from trasunto.reports.words import number, say

# Keys whose rows are counted, tables whose columns are drawn, and counts shown one by one.
MOST_LINKS, MOST_TABLES, MOST_COUNTS = 12, 12, 8


def picture_related(
    related: Related,
    scores: Sequence[Score],
    evaluations: Sequence[Evaluation],
    facts: dict[str, Any],
    language: str = "en",
) -> tuple[Figure, ...]:
    """Every figure there is data for."""
    figures = [
        _map(related, language),
        overview(scores, language),
        _cardinality(related, language),
        *_tables(related, language),
        *curves(facts, language),
        *language_model(evaluations, language),
        *fairness_figures(scores, facts.get("fairness") or {}, language),
        attacks_figure(scores, language),
    ]
    return tuple(each for each in figures if each is not None)


def _map(related: Related, at: str) -> Figure:
    """Tables as boxes, those that hang from others to their right; an arrow is a foreign key."""
    schema = related.real.schema
    depth: dict[str, int] = {}
    for name in order(schema):
        above = [depth[link.parent] for link in links(schema) if link.child == name and link.parent in depth]
        depth[name] = max(above, default=-1) + 1
    level: dict[int, int] = {}
    boxes: list[dict[str, Any]] = []
    for name, right in depth.items():
        down = level.setdefault(right, 0)
        level[right] += 1
        real, made = (number(len(data.tables[name]), at) for data in (related.real, related.synthetic))
        boxes.append({"name": name, "x": right, "y": down, "rows": f"{real} → {made}"})
    tallest = max(level.values())
    for box in boxes:
        # Short levels stand in the middle of the highest.
        box["y"] = box["y"] + (tallest - level[box["x"]]) / 2
    at_of = {box["name"]: box for box in boxes}
    arrows = [
        {
            "x": at_of[link.parent]["x"], "y": at_of[link.parent]["y"],
            "x2": at_of[link.child]["x"], "y2": at_of[link.child]["y"], "key": str(link),
        }
        for link in links(schema)
    ]  # fmt: skip
    wide, high = max(level) + 1, tallest
    x = {"field": "x", "type": "quantitative", "axis": None, "scale": {"domain": [-0.5, wide - 0.5]}}
    y = {"field": "y", "type": "quantitative", "axis": None, "scale": {"domain": [high - 0.5, -0.5]}}
    tip = [{"field": "key", "type": "nominal", "title": say("foreign_key", at)}]
    box = {"type": "rect", "width": 132, "height": 44, "cornerRadius": 6, "color": "#EAF2F8", "stroke": REAL}
    spec = {
        "width": max(420, 170 * wide),
        "height": max(90, 66 * high),
        "layer": [
            {
                "data": {"values": arrows},
                "mark": {"type": "rule", "color": UNSEEN, "strokeWidth": 1.5},
                "encoding": {"x": x, "y": y, "x2": {"field": "x2"}, "y2": {"field": "y2"}, "tooltip": tip},
            },
            {"data": {"values": boxes}, "mark": box, "encoding": {"x": x, "y": y}},
            {
                "data": {"values": boxes},
                "mark": {"type": "text", "dy": -8, "fontWeight": "bold", "fontSize": 12, "color": "#222222"},
                "encoding": {"x": x, "y": y, "text": {"field": "name"}},
            },
            {
                "data": {"values": boxes},
                "mark": {"type": "text", "dy": 9, "fontSize": 11, "color": "#444444"},
                "encoding": {"x": x, "y": y, "text": {"field": "rows"}},
            },
        ],
        "config": {"view": {"stroke": None}},
    }
    return figure("tables", "data", "fig_tables", at, spec)


def _cardinality(related: Related, at: str) -> Figure | None:
    """Share of parents by how many rows hang from them, a panel for each key."""
    parts: list[tuple[str, Dataset, str]] = [("real", related.real, REAL), ("synthetic", related.synthetic, MADE)]
    if related.holdout is not None:
        parts.append(("holdout", related.holdout, UNSEEN))
    panels = []
    for link in links(related.real.schema)[:MOST_LINKS]:
        counts = {part: _degrees(data, link) for part, data, _ in parts}
        if any(each.size == 0 for each in counts.values()):
            continue
        edges = _edges(counts["real"])
        rows = []
        for part, _, _ in parts:
            shares = np.histogram(counts[part], [*(low for low, _ in edges), np.inf])[0] / counts[part].size
            rows += [
                {"bin": label, "part": say(part, at), "share": round(float(share), 5), "order": place}
                for place, ((_, label), share) in enumerate(zip(edges, shares, strict=True))
            ]
        panels.append(_panel(str(link), rows, [(say(part, at), colour) for part, _, colour in parts], at))
    if not panels:
        return None
    spec = {
        "columns": 3,
        "concat": panels,
        "resolve": {"scale": {"color": "shared"}},
        "config": {"legend": {"orient": "top", "title": None}},
        "spacing": 18,
    }
    return figure("cardinality", "results", "fig_cardinality", at, spec)


def _degrees(data: Dataset, link: Link) -> np.ndarray:
    """(parents,) how many rows refer to each."""
    found = places(data, link)
    return np.bincount(found[found >= 0], minlength=len(data.tables[link.parent]))


def _edges(counts: np.ndarray) -> list[tuple[float, str]]:
    """Lower edges of the bins of a count, with their labels: one by one while they are few, else by quantiles."""
    top = int(counts.max())
    if top <= MOST_COUNTS:
        return [(float(each), str(each)) for each in range(top + 1)]
    inside = np.unique(np.quantile(counts, np.linspace(0, 1, MOST_COUNTS + 1)[:-1], method="lower").astype(int))
    lows = np.unique(np.concatenate([[0], inside, [int(np.quantile(counts, 0.97))]]))
    ends = [*(int(each) - 1 for each in lows[1:]), None]
    return [
        (float(low), f"{low}+" if end is None else str(low) if end == low else f"{low}–{end}")
        for low, end in zip(lows.tolist(), ends, strict=True)
    ]


def _panel(title: str, rows: list[dict[str, Any]], parts: list[tuple[str, str]], at: str) -> dict[str, Any]:
    colour = {
        "field": "part",
        "type": "nominal",
        "scale": {"domain": [name for name, _ in parts], "range": [shade for _, shade in parts]},
        "legend": {"title": None, "orient": "top"},
    }
    axis = {"labelAngle": 0, "labelOverlap": True}
    return {
        "title": {"text": title[:44], "fontSize": 12},
        "width": 190,
        "height": 90,
        "data": {"values": rows},
        "mark": {"type": "bar"},
        "encoding": {
            "x": {"field": "bin", "type": "ordinal", "sort": {"field": "order"}, "title": None, "axis": axis},
            "xOffset": {"field": "part", "sort": None},
            "y": {"field": "share", "type": "quantitative", "title": None, "axis": {"format": "%", "tickCount": 3}},
            "color": colour,
            "tooltip": [
                {"field": "bin", "type": "nominal", "title": say("rows", at)},
                {"field": "part", "type": "nominal", "title": " "},
                {"field": "share", "type": "quantitative", "format": ".2%", "title": say("share", at)},
            ],
        },
    }


def _tables(related: Related, at: str) -> list[Figure]:
    """The columns of each table that was made."""
    found: list[Figure] = []
    for name, comparison in list(table_comparisons(related).items())[:MOST_TABLES]:
        for each in shapes(comparison, arrays(comparison), (), at):
            found.append(replace(each, name=f"shapes-{name}", title=f"{name}: {each.title}"))
    return found
