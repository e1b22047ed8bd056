"""Charts of training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from trasunto.reports.drawing import REAL, WARM, figure
from trasunto.reports.report import Figure
from trasunto.reports.words import known, number, say


def curves(facts: dict[str, Any], at: str) -> list[Figure]:
    """Loss as training went on, of the generator and of the classifier."""
    figures = []
    sources = (
        ("synthesis", (facts.get("synthesis") or {}).get("method") or {}),
        ("training", facts.get("training") or {}),
    )
    for section, told in sources:
        found = {name: values for name, values in (told.get("curves") or {}).items() if len(values) > 1}
        # Losses of their own kind have scales of their own, and panels.
        main = [name for name in ("training loss", "validation loss") if name in found]
        groups = [group for group in (main, *([name] for name in found if name not in main)) if group]
        panels = [_panel({name: found[name] for name in group}, at) for group in groups]
        if panels:
            # Each panel has a legend of its own.
            stacked = {"vconcat": panels, "spacing": 14, "resolve": {"scale": {"color": "independent"}}}
            spec = panels[0] if len(panels) == 1 else stacked
            made = figure(f"curves-{section}", section, "fig_curves", at, spec)
            figures.append(replace(made, caption=_course(told, at)) if "stopped" in told else made)
    return figures


def _panel(found: dict[str, Sequence[float]], at: str) -> dict[str, Any]:
    """A chart of curves over one training."""
    names = {name: say(name, at) if known(name) else name for name in found}
    rows = [
        # Curves of other lengths run over the same training: their ends meet.
        {"curve": names[name], "x": (i + 1) / len(values), "loss": value}
        for name, values in found.items()
        for i, value in enumerate(values)
    ]
    title = say("loss", at) if "training loss" in found or "validation loss" in found else " "
    encoding = {
        "x": {"field": "x", "type": "quantitative", "axis": {"format": "%"}, "title": say("step", at)},
        "y": {"field": "loss", "type": "quantitative", "scale": {"zero": False}, "title": title},
        "color": {
            "field": "curve",
            "type": "nominal",
            "scale": {"domain": list(names.values()), "range": [REAL, WARM]},
            "legend": {"title": None, "orient": "top"},
        },
        "tooltip": [
            {"field": "curve", "title": " "},
            {"field": "loss", "type": "quantitative", "format": ".3f", "title": title},
        ],
    }
    mark = {"type": "line", "point": True}
    return {"width": 460, "height": 180, "data": {"values": rows}, "mark": mark, "encoding": encoding}


def _course(told: dict[str, Any], at: str) -> str:
    """How far a training went, and why it ended there."""
    why = "time limit" if "time limit" in told["stopped"] else told["stopped"]
    return say(
        "fig_curves_course",
        at,
        steps=number(told["steps"], at),
        planned=number(told["planned_steps"], at),
        seconds=number(told["seconds"], at, 1),
        why=say(why, at) if known(why) else why,
    )
