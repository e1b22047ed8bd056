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
from trasunto.reports.counted import counted, side_by_side
from trasunto.reports.drawing import REAL, UNSEEN, figure
from trasunto.reports.fairness import fairness_figures
from trasunto.reports.figures import overview, shapes
from trasunto.reports.report import Figure
from trasunto.reports.risk_figures import attacks_figure
from trasunto.reports.training_figures import curves
from trasunto.reports.words import number, say

# Keys whose rows are counted, and tables whose columns are drawn.
MOST_LINKS, MOST_TABLES = 12, 12


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
    named = {"real": related.real, "synthetic": related.synthetic, "holdout": related.holdout}
    panels = []
    for link in links(related.real.schema)[:MOST_LINKS]:
        counts = {part: _degrees(data, link) for part, data in named.items() if data is not None}
        if all(each.size for each in counts.values()):
            panels.append(counted(str(link), counts, at))
    return figure("cardinality", "results", "fig_cardinality", at, side_by_side(panels)) if panels else None


def _degrees(data: Dataset, link: Link) -> np.ndarray:
    """(parents,) how many rows refer to each."""
    found = places(data, link)
    return np.bincount(found[found >= 0], minlength=len(data.tables[link.parent]))


def _tables(related: Related, at: str) -> list[Figure]:
    """The columns of each table that was made."""
    found: list[Figure] = []
    for name, comparison in list(table_comparisons(related).items())[:MOST_TABLES]:
        for each in shapes(comparison, arrays(comparison), (), at):
            found.append(replace(each, name=f"shapes-{name}", title=f"{name}: {each.title}"))
    return found
