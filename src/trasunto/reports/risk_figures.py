"""The chart of attacks: what each hits among people in the data, among others, and by guessing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trasunto.metrics.score import Score
from trasunto.reports.drawing import MADE, REAL, UNSEEN, figure
from trasunto.reports.report import Figure
from trasunto.reports.words import known, say

MOST_SHOWN = 24


def attacks_figure(scores: Sequence[Score], at: str) -> Figure | None:
    """One line an attack, those with the most beyond the control first; None where none was made on unseen rows."""
    rows = [_row(score, at) for score in _shown(scores)]
    if not rows:
        return None
    # Those that say most: the share beyond that of other people, for the room there is.
    rows = sorted(rows, key=lambda row: row["outside"] - row["inside"])[:MOST_SHOWN]
    order = [row["attack"] for row in rows]
    y = {"field": "attack", "type": "nominal", "sort": order, "title": None, "axis": {"labelLimit": 260}}
    tips: list[dict[str, Any]] = [{"field": "attack", "type": "nominal", "title": say("risk.attack", at)}]
    for name in ("inside", "outside", "guess"):
        tips.append({"field": name, "type": "quantitative", "format": ".1%", "title": say(f"risk.{name}", at)})
    marks = (
        ("guess", {"type": "tick", "thickness": 2}, UNSEEN),
        ("outside", {"type": "point", "shape": "diamond", "filled": True, "size": 90}, REAL),
        ("inside", {"type": "circle", "size": 90}, MADE),
    )
    legend = {name: say(f"risk.{name}", at) for name, _, _ in marks}
    layers: list[dict[str, Any]] = [
        {
            "mark": {"type": "rule", "strokeWidth": 3, "color": MADE},
            "encoding": {"y": y, "x": {"field": "low", "type": "quantitative"}, "x2": {"field": "high"}},
        }
    ]
    for name, mark, _ in marks:
        colour = {
            "datum": legend[name],
            "scale": {"domain": [legend[n] for n, _, _ in marks], "range": [c for _, _, c in marks]},
            "legend": {"title": None, "orient": "top"},
        }
        x = {"field": name, "type": "quantitative", "title": say("risk.hits", at), "axis": {"format": "%"}}
        layers.append({"mark": mark, "encoding": {"y": y, "x": x, "color": colour, "tooltip": tips}})
    spec = {"data": {"values": rows}, "width": 440, "height": {"step": 22}, "layer": layers}
    return figure("attacks", "privacy", "fig_attacks", at, spec)


def _shown(scores: Sequence[Score]) -> list[Score]:
    """Successes of every attack that has a control, one by one where there are several."""
    found = [s for s in scores if s.metric.endswith("_success") and s.metric.startswith("privacy.")]
    apart = {s.metric for s in found if s.subject}
    found = [s for s in found if s.control is not None and (s.subject or s.metric not in apart)]
    return [*found, *(s for s in scores if s.metric == "privacy.membership_tpr_1" and not s.subject)]


def _row(score: Score, at: str) -> dict[str, Any]:
    kind = "membership" if "_tpr_" in score.metric else score.metric.removeprefix("privacy.").removesuffix("_success")
    subject = say(f"risk.on_{score.subject}", at) if known(f"risk.on_{score.subject}") else score.subject
    named = say(f"risk.of_{kind}", at) if known(f"risk.of_{kind}") else kind
    low, high = score.interval or (score.value, score.value)
    return {
        "attack": f"{named}: {subject}" if subject else named,
        "inside": round(score.value, 5),
        "low": round(low, 5),
        "high": round(high, 5),
        "outside": round(score.control or 0.0, 5),
        "guess": round(score.baseline or 0.0, 5),
    }
