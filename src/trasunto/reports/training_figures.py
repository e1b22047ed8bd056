"""Charts of training and of what language models are worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from trasunto.language.evaluation import Evaluation
from trasunto.reports.drawing import MADE, REAL, WARM, figure
from trasunto.reports.report import Figure
from trasunto.reports.sections import arm_name
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


def language_model(evaluations: Sequence[Evaluation], at: str) -> list[Figure]:
    """Arms side by side, the learning curve, the confusion matrix."""
    if not evaluations:
        return []
    few = [
        (int(e.arm.split()[1]), e) for e in evaluations if e.arm.endswith(" per class") and e.arm.startswith("real, ")
    ]
    arms = [e for e in evaluations if not e.arm.endswith(" per class")]
    rows = [_f1_row(arm_name(e.arm, at), e) | {"made": e.arm == "synthetic"} for e in arms]
    y = {"field": "arm", "type": "nominal", "sort": None, "title": None, "axis": {"labelLimit": 240}}
    x = {"type": "quantitative", "scale": {"domain": [0, 1]}, "title": say("macro_f1", at)}
    tip = [
        {"field": "arm", "title": say("arm", at)},
        {"field": "value", "type": "quantitative", "format": ".3f", "title": say("macro_f1", at)},
    ]
    colour = {"condition": {"test": "datum.made", "value": MADE}, "value": REAL}
    spec = {
        "width": 420,
        "height": {"step": 26},
        "data": {"values": rows},
        "layer": [
            {
                "mark": {"type": "bar", "opacity": 0.85, "height": 14},
                "encoding": {"x": {"field": "value", **x}, "y": y, "color": colour, "tooltip": tip},
            },
            {
                "mark": {"type": "rule", "strokeWidth": 2},
                "encoding": {"x": {"field": "low", **x}, "x2": {"field": "high"}, "y": y},
            },
        ],
    }
    figures = [figure("arms", "results", "fig_arms", at, spec)]
    if len(few) > 1:
        figures.append(_few(sorted(few, key=lambda each: each[0]), evaluations, at))
    if 2 <= len(evaluations[0].labels) <= 25:
        figures.append(_confusion(evaluations[0], at))
    return figures


def _few(few: list[tuple[int, Evaluation]], evaluations: Sequence[Evaluation], at: str) -> Figure:
    rows = [{"n": n, **_f1_row("", e)} for n, e in few]
    level = next((e.macro_f1 for e in evaluations if e.arm == "synthetic"), None)
    x = {
        "field": "n",
        "type": "quantitative",
        "scale": {"type": "log"},
        "title": say("per_class_axis", at),
        "axis": {"values": [n for n, _ in few], "format": "d"},
    }
    y = {"type": "quantitative", "scale": {"domain": [0, 1]}, "title": say("macro_f1", at)}
    layers: list[dict[str, Any]] = [
        {
            "mark": {"type": "area", "opacity": 0.2, "color": REAL},
            "encoding": {"x": x, "y": {"field": "low", **y}, "y2": {"field": "high"}},
        },
        {
            "mark": {"type": "line", "point": True, "color": REAL},
            "encoding": {
                "x": x,
                "y": {"field": "value", **y},
                "tooltip": [
                    {"field": "n", "title": say("per_class_axis", at)},
                    {"field": "value", "format": ".3f", "type": "quantitative", "title": say("macro_f1", at)},
                ],
            },
        },
    ]
    if level is not None:
        layers.append(
            {
                "data": {"values": [{"level": level}]},
                "mark": {"type": "rule", "color": MADE, "strokeWidth": 2, "strokeDash": [6, 3]},
                "encoding": {"y": {"field": "level", **y}},
            }
        )
    spec = {"width": 420, "height": 200, "data": {"values": rows}, "layer": layers}
    return figure("few", "results", "fig_few", at, spec)


def _confusion(evaluation: Evaluation, at: str) -> Figure:
    table = np.array(evaluation.confusion, dtype=float)
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    rows = [
        {"truth": a, "answer": b, "share": round(float(shares[i, j]), 4), "count": int(table[i, j])}
        for i, a in enumerate(evaluation.labels)
        for j, b in enumerate(evaluation.labels)
    ]
    size = max(28, min(60, 420 // len(evaluation.labels)))
    axes = {
        "x": {
            "field": "answer",
            "type": "nominal",
            "title": say("answer", at),
            "axis": {"labelAngle": -40, "labelLimit": 120},
        },
        "y": {"field": "truth", "type": "nominal", "title": say("truth", at), "axis": {"labelLimit": 140}},
    }
    tips = [
        {"field": "truth", "title": say("truth", at)},
        {"field": "answer", "title": say("answer", at)},
        {"field": "count", "title": say("rows", at)},
    ]
    spec = {
        "width": {"step": size},
        "height": {"step": size},
        "data": {"values": rows},
        "encoding": axes,
        "layer": [
            {
                "mark": {"type": "rect"},
                "encoding": {
                    "color": {
                        "field": "share",
                        "type": "quantitative",
                        "scale": {"scheme": "blues", "domain": [0, 1]},
                        "legend": None,
                    },
                    "tooltip": tips,
                },
            },
            {
                "mark": {"type": "text", "fontSize": 10},
                "encoding": {
                    "text": {"field": "share", "format": ".0%"},
                    "color": {"condition": {"test": "datum.share > 0.5", "value": "white"}, "value": "black"},
                    "tooltip": tips,
                },
            },
        ],
    }
    return figure("confusion", "results", "fig_confusion", at, spec)


def _f1_row(arm: str, evaluation: Evaluation) -> dict[str, Any]:
    low, high = evaluation.intervals["macro_f1"]
    return {"arm": arm, "value": evaluation.macro_f1, "low": low, "high": high}
