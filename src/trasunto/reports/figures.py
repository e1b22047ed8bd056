"""Charts as Vega-Lite documents with their data inside: shares of bins and categories, never rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from trasunto.data.written import is_clock
from trasunto.language.evaluation import Evaluation
from trasunto.metrics.frames import Arrays, arrays
from trasunto.metrics.nested import unfolded
from trasunto.metrics.score import Comparison, Score
from trasunto.reports.classified_figures import language_model
from trasunto.reports.counted import histories
from trasunto.reports.drawing import MADE, REAL, UNSEEN, WARM, figure
from trasunto.reports.fairness import fairness_figures
from trasunto.reports.report import Figure
from trasunto.reports.risk_figures import attacks_figure
from trasunto.reports.training_figures import curves
from trasunto.reports.words import say

MOST_COLUMNS = 36
BINS = 20
# A bin of fewer real rows than this is not drawn by itself.
FEWEST = 5
# Categories that are drawn by name: as many as leave bars and names apart.
NAMED = 7


def picture(
    comparison: Comparison,
    scores: Sequence[Score],
    evaluations: Sequence[Evaluation],
    facts: dict[str, Any],
    language: str = "en",
) -> tuple[Figure, ...]:
    """Every figure there is data for. facts: the report's, of which the training curves are drawn."""
    comparison = unfolded(comparison)
    given = arrays(comparison)
    figures = [
        overview(scores, language),
        histories(comparison, language),
        *shapes(comparison, given, scores, language),
        _relations(given, language),
        _tells(scores, language),
        *curves(facts, language),
        *language_model(evaluations, language),
        *fairness_figures(scores, facts.get("fairness") or {}, language),
        attacks_figure(scores, language),
    ]
    return tuple(each for each in figures if each is not None)


def overview(scores: Sequence[Score], at: str) -> Figure | None:
    """The headline scores on one scale from 0 to 1, each beside its control and baseline."""
    told_apart = ("utility.tstr_ratio", *(s.metric for s in scores if s.metric.startswith("fairness.")))
    shown = [s for s in scores if not s.subject and 0 <= s.value <= 1 and s.metric not in told_apart]
    if not shown:
        return None
    rows = [
        {
            "metric": s.metric,
            "value": s.value,
            "low": s.interval[0] if s.interval else s.value,
            "high": s.interval[1] if s.interval else s.value,
            "control": s.control,
            "baseline": s.baseline,
            "best": s.goal,
        }
        for s in shown
    ]
    y = {"field": "metric", "type": "nominal", "title": None, "sort": None, "axis": {"labelLimit": 220}}
    x = {"type": "quantitative", "scale": {"domain": [0, 1]}, "title": say("value", at)}
    tips = [
        {"field": field, "type": "quantitative", "format": ".3f", "title": say(word, at)}
        for field, word in (("value", "value"), ("control", "control"), ("baseline", "baseline"), ("best", "best"))
    ]
    tips.insert(0, {"field": "metric", "type": "nominal", "title": say("metric", at)})

    def points(field: str, shape: str, colour: str, size: int) -> dict[str, Any]:
        return {
            "transform": [{"filter": f"isValid(datum.{field})"}],
            "mark": {
                "type": "point",
                "shape": shape,
                "filled": shape != "cross",
                "size": size,
                "color": colour,
                "opacity": 1,
            },
            "encoding": {"x": {"field": field, **x}, "y": y, "tooltip": tips},
        }

    layers = [
        {
            "mark": {"type": "tick", "color": UNSEEN, "thickness": 2, "strokeDash": [2, 2]},
            "encoding": {"x": {"field": "best", **x}, "y": y},
        },
        {
            "mark": {"type": "rule", "strokeWidth": 3, "color": MADE},
            "encoding": {"x": {"field": "low", **x}, "x2": {"field": "high"}, "y": y},
        },
        points("baseline", "cross", UNSEEN, 60),
        points("control", "diamond", REAL, 110),
        points("value", "circle", MADE, 90),
    ]
    spec = {"width": 460, "height": {"step": 24}, "data": {"values": rows}, "layer": layers}
    return figure("scores", "results", "fig_scores", at, spec)


def shapes(comparison: Comparison, given: Arrays, scores: Sequence[Score], at: str) -> list[Figure]:
    """Small multiples: one panel a column, the worst first."""
    worst = [s.subject for s in scores if s.metric == "fidelity.shapes" and s.subject in given.names]
    names = (worst + [name for name in given.names if name not in worst])[:MOST_COLUMNS]
    parts = [("real", REAL), ("synthetic", MADE)] + ([("holdout", UNSEEN)] if "holdout" in given.parts else [])
    panels = [_panel(comparison, given, name, [part for part, _ in parts], at) for name in names]
    panels = [panel for panel in panels if panel is not None]
    if not panels:
        return []
    spec = {
        "columns": 3,
        "concat": panels,
        # Shared offsets would be as wide as those of the panel with most categories.
        "resolve": {"scale": {"color": "shared", "xOffset": "independent"}},
        "config": {"legend": {"orient": "top", "title": None}},
        "spacing": 18,
    }
    return [figure("shapes", "results", "fig_shapes", at, spec)]


def _panel(comparison: Comparison, given: Arrays, name: str, parts: list[str], at: str) -> dict[str, Any] | None:
    place = given.names.index(name)
    columns = {part: given.parts[part][:, place] for part in parts}
    column = comparison.real.only.schema[name]
    kind = "clock" if is_clock(column) else column.kind
    binned = _categories(comparison, name, columns) if given.category[place] else _bins(columns, kind, at)
    if binned is None:
        return None
    labels, shares = binned
    # A few whole numbers stand apart as categories do.
    apart = bool(given.category[place]) or (kind == "integer" and len(labels) <= NAMED + 2)
    rows = [
        {"bin": label, "part": say(part, at), "share": round(float(shares[part][number]), 5), "order": number}
        for part in parts
        for number, label in enumerate(labels)
    ]
    colour = {
        "field": "part",
        "type": "nominal",
        "scale": {"domain": [say(part, at) for part in parts], "range": [REAL, MADE, UNSEEN][: len(parts)]},
        "legend": {"title": None, "orient": "top"},
    }
    x = {
        "field": "bin",
        "type": "ordinal",
        "sort": {"field": "order"},
        "title": None,
        "axis": {"labelAngle": -40, "labelLimit": 80, "labelOverlap": not apart},
    }
    y = {"field": "share", "type": "quantitative", "title": None, "axis": {"format": "%", "tickCount": 3}}
    tips = [
        {"field": "bin", "type": "nominal", "title": name[:60]},
        {"field": "part", "type": "nominal", "title": " "},
        {"field": "share", "type": "quantitative", "format": ".2%", "title": say("share", at)},
    ]
    mark = {"type": "bar"} if apart else {"type": "line", "interpolate": "step", "strokeWidth": 1.6}
    encoding: dict[str, Any] = {"x": x, "y": y, "color": colour, "tooltip": tips}
    if apart:
        encoding["xOffset"] = {"field": "part", "sort": None}
    return {
        "title": {"text": name[:40], "fontSize": 12},
        "width": 190,
        "height": 90,
        "data": {"values": rows},
        "mark": mark,
        "encoding": encoding,
    }


def _categories(
    comparison: Comparison, name: str, columns: dict[str, np.ndarray]
) -> tuple[list[str], dict[str, np.ndarray]] | None:
    """The most frequent categories by name; the others, and rare ones, together."""
    values = comparison.real.rows[name]
    counts = values.cast(pl.String).drop_nulls().value_counts(sort=True)
    frequent = [str(v) for v, n in counts.head(NAMED).rows() if n >= FEWEST]
    datasets = {"real": comparison.real, "synthetic": comparison.synthetic, "holdout": comparison.holdout}
    shares: dict[str, np.ndarray] = {}
    for part in columns:
        dataset = datasets[part]
        assert dataset is not None
        texts = dataset.rows[name].cast(pl.String)
        found, missing = [int((texts == value).sum()) for value in frequent], texts.null_count()
        shares[part] = np.array([*found, len(texts) - sum(found) - missing, missing]) / max(len(texts), 1)
    labels = [*(value[:24] for value in frequent), "…", "∅"]
    used = [i for i in range(len(labels)) if i < len(frequent) or any(each[i] > 0 for each in shares.values())]
    return [labels[i] for i in used], {part: each[used] for part, each in shares.items()}


def _bins(columns: dict[str, np.ndarray], kind: str, at: str) -> tuple[list[str], dict[str, np.ndarray]] | None:
    """Equal-width bins between the real 1st and 99th percentile, joined until each holds enough real rows; of whole
    numbers, bins that begin at whole numbers."""
    real = columns["real"][~np.isnan(columns["real"])]
    if real.size < FEWEST:
        return None
    low, high = np.quantile(real, [0.01, 0.99])
    if low == high:
        low, high = float(real.min()), float(real.max())
    if kind == "integer":
        step = max(1.0, np.ceil((high - low + 1) / BINS))
        edges = np.arange(np.floor(low), high + step + 0.5, step)
    else:
        edges = np.linspace(low, high, BINS + 1) if low < high else np.array([low, low + 1.0])
    counts = np.histogram(np.clip(real, edges[0], edges[-1]), edges)[0]
    kept, held = [edges[0]], 0
    for place, count in enumerate(counts):
        held += count
        if held >= FEWEST:
            kept.append(edges[place + 1])
            held = 0
    kept[-1] = edges[-1]
    if len(kept) < 2:
        return None
    shares: dict[str, np.ndarray] = {}
    for part, values in columns.items():
        there = values[~np.isnan(values)]
        found = np.histogram(np.clip(there, kept[0], kept[-1]), kept)[0] / max(len(values), 1)
        shares[part] = np.append(found, np.isnan(values).mean())
    labels = [_edge(edge, kind, at) for edge in kept[:-1]] + ["∅"]
    if not any(each[-1] > 0 for each in shares.values()):
        labels, shares = labels[:-1], {part: each[:-1] for part, each in shares.items()}
    return _unique(labels), shares


def _edge(value: float, kind: str, at: str) -> str:
    if kind in ("datetime", "clock"):
        told = str(np.datetime64(int(value), "us"))
        return told[:10] if kind == "datetime" else told[11:16]
    text = f"{value:.0f}" if kind == "integer" else f"{value:.4g}"
    return text.replace(".", ",") if at == "es" else text


def _unique(labels: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    result = []
    for label in labels:
        seen[label] = seen.get(label, 0) + 1
        result.append(label + "\u200b" * (seen[label] - 1))
    return result


def _relations(given: Arrays, at: str) -> Figure | None:
    """Cramér's V of each pair, real, synthetic and their difference."""
    names = given.names[:24]
    if len(names) < 2:
        return None
    cuts = [_quartiles(given, place) for place in range(len(names))]
    matrices = {part: _association(given.parts[part][:, : len(names)], cuts) for part in ("real", "synthetic")}
    matrices["difference_word"] = matrices["synthetic"] - matrices["real"]
    panels = []
    for part, matrix in matrices.items():
        rows = [
            {"a": names[i], "b": names[j], "v": round(float(matrix[i, j]), 4)}
            for i in range(len(names))
            for j in range(len(names))
            if i != j
        ]
        scale: dict[str, Any] = {"scheme": "blues", "domain": [0, 1]}
        if part == "difference_word":
            scale = {"scheme": "blueorange", "domain": [-0.3, 0.3], "clamp": True}
        axis = {"labelLimit": 70, "labelFontSize": 9, "title": None}
        panels.append(
            {
                "title": {"text": say(part, at), "fontSize": 12},
                "width": 185,
                "height": 185,
                "data": {"values": rows},
                "mark": {"type": "rect"},
                "encoding": {
                    "x": {"field": "a", "type": "nominal", "sort": None, "axis": {**axis, "labelAngle": -60}},
                    "y": {"field": "b", "type": "nominal", "sort": None, "axis": axis if part == "real" else None},
                    "color": {
                        "field": "v",
                        "type": "quantitative",
                        "scale": scale,
                        "legend": {"orient": "bottom", "title": None, "gradientLength": 150},
                    },
                    "tooltip": [
                        {"field": "a", "title": say("column", at)},
                        {"field": "b", "title": say("column", at)},
                        {"field": "v", "type": "quantitative", "format": ".3f", "title": "V"},
                    ],
                },
            }
        )
    spec = {"hconcat": panels, "resolve": {"scale": {"color": "independent"}}, "spacing": 14}
    return figure("trends", "results", "fig_trends", at, spec)


def _quartiles(given: Arrays, place: int) -> np.ndarray | None:
    column = given.parts["real"][:, place]
    there = column[~np.isnan(column)]
    return None if given.category[place] or there.size == 0 else np.unique(np.quantile(there, [0.25, 0.5, 0.75]))


def _association(rows: np.ndarray, cuts: list[np.ndarray | None]) -> np.ndarray:
    """Cramér's V (Cramér 1946) with Bergsma's correction for small tables, of every pair of columns."""
    coded = []
    for place, edges in enumerate(cuts):
        column = rows[:, place]
        codes = column if edges is None else np.searchsorted(edges, column, side="right").astype(float)
        coded.append(np.unique(np.where(np.isnan(column), -1.0, codes), return_inverse=True)[1])
    width, n = len(cuts), max(len(rows), 2)
    result = np.eye(width)
    for i in range(width):
        for j in range(i + 1, width):
            r, c = int(coded[i].max()) + 1, int(coded[j].max()) + 1
            if r < 2 or c < 2:
                continue
            table = np.bincount(coded[i] * c + coded[j], minlength=r * c).reshape(r, c)
            expected = table.sum(1, keepdims=True) * table.sum(0, keepdims=True) / n
            squared = float(((table - expected) ** 2 / np.maximum(expected, 1e-12)).sum()) / n
            corrected = max(0.0, squared - (r - 1) * (c - 1) / (n - 1))
            smaller = min(r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)) - 1
            result[i, j] = result[j, i] = min(1.0, np.sqrt(corrected / smaller)) if smaller > 0 else 0.0
    return result


def _tells(scores: Sequence[Score], at: str) -> Figure | None:
    found = [s for s in scores if s.metric == "fidelity.c2st" and s.subject]
    if not found:
        return None
    rows = [{"column": s.subject, "value": s.value} for s in found]
    x = {
        "field": "value",
        "type": "quantitative",
        "scale": {"domain": [0.5, max(0.7, *(s.value for s in found))]},
        "title": None,
    }
    encoding = {
        "x": x,
        "x2": {"datum": 0.5},
        "y": {"field": "column", "type": "nominal", "sort": None, "title": None, "axis": {"labelLimit": 200}},
        "tooltip": [
            {"field": "column", "title": say("column", at)},
            {"field": "value", "type": "quantitative", "format": ".3f", "title": say("value", at)},
        ],
    }
    spec = {
        "width": 420,
        "height": {"step": 20},
        "data": {"values": rows},
        # What a column alone cannot tell at all may score below chance.
        "mark": {"type": "bar", "color": WARM, "clip": True},
        "encoding": encoding,
    }
    return figure("tells", "results", "fig_tells", at, spec)
