"""Bars of whole numbers and lengths of time: how many rows hang from each, how many events, how long between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from trasunto.metrics.score import Comparison
from trasunto.metrics.sequences_events import sequences_of
from trasunto.reports.drawing import MADE, REAL, UNSEEN, figure
from trasunto.reports.report import Figure
from trasunto.reports.words import say

SHADES = {"real": REAL, "synthetic": MADE, "holdout": UNSEEN}
# Numbers shown one by one, and bars at most.
MOST = 8


def histories(comparison: Comparison, at: str) -> Figure | None:
    """How many events an entity has, and how long it is from one to the next; None for rows that are no events."""
    found = sequences_of(comparison)
    if found is None:
        return None
    parts = {part: events for part, events in found.parts.items() if part in SHADES}
    lengths = {part: events.lengths for part, events in parts.items()}
    gaps = {part: events.gap[~np.isnan(events.gap)] for part, events in parts.items()}
    panels = [counted(say("events_each", at), lengths, at)]
    if all(each.size for each in gaps.values()):
        panels.append(counted(say("gap_between", at), gaps, at))
    return figure("histories", "results", "fig_histories", at, side_by_side(panels))


def side_by_side(panels: list[dict[str, Any]]) -> dict[str, Any]:
    """Panels in rows of three."""
    return {
        "columns": 3,
        "concat": panels,
        "resolve": {"scale": {"color": "shared"}},
        "config": {"legend": {"orient": "top", "title": None}},
        "spacing": 18,
    }


def counted(title: str, values: Mapping[str, np.ndarray], at: str) -> dict[str, Any]:
    """A panel of the shares of values by part ("real", "synthetic", "holdout"), in bins of the real ones."""
    edges = _edges(values["real"])
    rows = []
    for part, each in values.items():
        shares = np.histogram(np.maximum(each, edges[0][0]), [*(low for low, _ in edges), np.inf])[0] / each.size
        rows += [
            {"bin": label, "part": say(part, at), "share": round(float(share), 5), "order": place}
            for place, ((_, label), share) in enumerate(zip(edges, shares, strict=True))
        ]
    colour = {
        "field": "part",
        "type": "nominal",
        "scale": {"domain": [say(part, at) for part in values], "range": [SHADES[part] for part in values]},
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
                {"field": "bin", "type": "nominal", "title": title[:44]},
                {"field": "part", "type": "nominal", "title": " "},
                {"field": "share", "type": "quantitative", "format": ".2%", "title": say("share", at)},
            ],
        },
    }


def _edges(values: np.ndarray) -> list[tuple[float, str]]:
    """Lower edges of the bins with their labels: numbers one by one while they are few, else by quantiles."""
    top = float(values.max())
    if (values == np.round(values)).all():
        if top <= MOST:
            return [(float(each), str(each)) for each in range(int(top) + 1)]
        inside = np.quantile(values, np.linspace(0, 1, MOST + 1)[:-1], method="lower").astype(int)
        lows = np.unique(np.concatenate([[0], inside, [int(np.quantile(values, 0.97))]]))
        ends = [*(int(each) - 1 for each in lows[1:]), None]
        return [
            (float(low), f"{low}+" if end is None else str(low) if end == low else f"{low}–{end}")
            for low, end in zip(lows.tolist(), ends, strict=True)
        ]
    lows = np.unique(np.quantile(values, np.linspace(0, 1, MOST + 1)[:-1]))
    return [(float(low), f"{low:.3g}+") for low in lows.tolist()]
