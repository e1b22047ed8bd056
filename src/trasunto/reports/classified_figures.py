"""Charts of what models that label texts are worth: arms, learning curve, calibration, confusion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from trasunto.language.evaluation import Evaluation
from trasunto.reports.classified import arm_name, mean_f1, size_of
from trasunto.reports.drawing import MADE, REAL, UNSEEN, WARM, figure
from trasunto.reports.report import Figure
from trasunto.reports.words import say


def language_model(evaluations: Sequence[Evaluation], at: str) -> list[Figure]:
    """Arms side by side, the learning curve, calibration, the confusion matrix."""
    if not evaluations:
        return []
    arms = [each for each in evaluations if not size_of(each.arm)]
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
    if len({size_of(each.arm) for each in evaluations} - {0}) > 1:
        figures.append(_few(evaluations, at))
    sure = [each for each in evaluations if each.arm in ("synthetic", "real") and each.calibration]
    if sure:
        figures.append(_reliability(sure, at))
    if 2 <= len(evaluations[0].labels) <= 25:
        figures.append(_confusion(evaluations[0], at))
    return figures


def _few(evaluations: Sequence[Evaluation], at: str) -> Figure:
    """Real texts alone and with the synthetic ones: means over the draws, and the lowest and highest of them."""
    names = {False: say("few_alone", at), True: say("few_with", at)}
    rows = []
    for each in sorted((each for each in evaluations if size_of(each.arm)), key=lambda each: size_of(each.arm)):
        draws = each.facts.get("draws") or [each.macro_f1]
        low, high = (min(draws), max(draws)) if len(draws) > 1 else each.intervals["macro_f1"]
        kind = names[each.arm.endswith("+ synthetic")]
        rows.append({"n": size_of(each.arm), "kind": kind, "value": mean_f1(each), "low": low, "high": high})
    level = next((each.macro_f1 for each in evaluations if each.arm == "synthetic"), None)
    x = {
        "field": "n",
        "type": "quantitative",
        "scale": {"type": "log", "nice": False},
        "title": say("per_class_axis", at),
        "axis": {"values": sorted({row["n"] for row in rows}), "format": "d"},
    }
    # Where all is well above nothing, the differences are what is to be seen.
    least = min([row["low"] for row in rows] + ([level] if level is not None else []))
    y = {
        "type": "quantitative",
        "scale": {"domain": [max(0.0, np.floor(least * 10) / 10), 1]},
        "title": say("macro_f1", at),
    }
    shown = [*names.values(), say("few_level", at)]
    colour = {
        "field": "kind",
        "type": "nominal",
        "scale": {"domain": shown, "range": [REAL, WARM, MADE]},
        "legend": {"title": None, "orient": "top"},
    }
    tip = [
        {"field": "kind", "title": " "},
        {"field": "n", "title": say("per_class_axis", at)},
        {"field": "value", "format": ".3f", "type": "quantitative", "title": say("macro_f1", at)},
    ]
    layers: list[dict[str, Any]] = [
        {
            "mark": {"type": "area", "opacity": 0.18},
            "encoding": {"x": x, "y": {"field": "low", **y}, "y2": {"field": "high"}, "color": colour},
        },
        {
            "mark": {"type": "line", "point": True},
            "encoding": {"x": x, "y": {"field": "value", **y}, "color": colour, "tooltip": tip},
        },
    ]
    if level is not None:
        layers.append(
            {
                "data": {"values": [{"level": level, "kind": shown[2]}]},
                "mark": {"type": "rule", "strokeWidth": 2, "strokeDash": [6, 3]},
                "encoding": {"y": {"field": "level", **y}, "color": colour},
            }
        )
    spec = {"width": 420, "height": 220, "data": {"values": rows}, "layer": layers}
    return figure("few", "results", "fig_few", at, spec)


def _reliability(evaluations: Sequence[Evaluation], at: str) -> Figure:
    """The reliability curve of each model."""
    names = [arm_name(each.arm, at) for each in evaluations]
    rows = [
        {"arm": name, "confidence": each.confidence, "right": each.right, "count": each.count}
        for name, evaluation in zip(names, evaluations, strict=True)
        for each in (evaluation.calibration.bins if evaluation.calibration else ())
    ]
    bins = [each for evaluation in evaluations if evaluation.calibration for each in evaluation.calibration.bins]
    least = min([0.5, *(min(each.confidence, each.right) for each in bins)])
    scale = {"domain": [float(np.floor(least * 10) / 10), 1]}
    x = {"type": "quantitative", "scale": scale, "title": say("confidence", at)}
    y = {"type": "quantitative", "scale": scale, "title": say("right", at)}
    colours = [MADE if each.arm == "synthetic" else REAL for each in evaluations]
    colour = {
        "field": "arm",
        "type": "nominal",
        "scale": {"domain": names, "range": colours},
        "legend": {"title": None, "orient": "top"},
    }
    tip = [
        {"field": "arm", "title": say("arm", at)},
        {"field": "confidence", "type": "quantitative", "format": ".3f", "title": say("confidence", at)},
        {"field": "right", "type": "quantitative", "format": ".3f", "title": say("right", at)},
        {"field": "count", "title": say("rows", at)},
    ]
    places = {"x": {"field": "confidence", **x}, "y": {"field": "right", **y}, "color": colour}
    size = {"field": "count", "type": "quantitative", "legend": None, "scale": {"range": [20, 300]}}
    layers = [
        {
            "data": {"values": [{"confidence": end, "right": end} for end in scale["domain"]]},
            "mark": {"type": "line", "color": UNSEEN, "strokeDash": [4, 4]},
            "encoding": {"x": {"field": "confidence", **x}, "y": {"field": "right", **y}},
        },
        {"mark": {"type": "line", "opacity": 0.5}, "encoding": places},
        {"mark": {"type": "circle", "opacity": 0.9}, "encoding": {**places, "size": size, "tooltip": tip}},
    ]
    spec = {"width": 260, "height": 260, "data": {"values": rows}, "layer": layers}
    return figure("reliability", "results", "fig_reliability", at, spec)


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
