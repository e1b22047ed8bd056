"""The frontier of likeness, privacy and time: a chart, still pictures of it, and a page around it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from trasunto import registry
from trasunto.metrics.repeats import Spread
from trasunto.reports.blocks import Block, Grid, Heading, Picture, Points, Words
from trasunto.reports.board import PRIVACY, QUALITY, Board, Row
from trasunto.reports.drawing import MADE, REAL, SCHEMA, UNSEEN
from trasunto.reports.report import Figure
from trasunto.reports.words import known, number, say

WIDTH, HEIGHT = 370, 370
# Labels: height and width of a letter in pixels, and the ways in which they may stand beside their point.
TALL, BROAD = 13, 6.2
# How far from its point a name may stand, in pixels; the further ones are tied to it by a line.
RINGS, TIED = (10, 24, 40, 58, 78), 24
ANGLES = tuple(np.linspace(0, 2 * np.pi, 16, endpoint=False).tolist())
# References further from the best value than this stand at the edge of the chart.
FAR = 0.15
# Grey enough to be read on white and on black.
INK = "#7d8894"
COLOURS = {"synthesizer": MADE, "brought": REAL, "reference": UNSEEN}


def figure(board: Board, language: str = "en") -> Figure | None:
    """Two charts that share likeness upwards: privacy and time to the right. None before anything was judged."""
    likeness, privacy = board.axis(QUALITY), board.axis(PRIVACY)
    rows = [row for row in board.rows if likeness and row.score(likeness)]
    if not rows or likeness is None:
        return None
    upwards = [found for row in rows if (found := row.score(likeness))]
    height = _domain([_ends(found) for found in upwards], upwards[0].goal, 0.02)
    panels = []
    if privacy:
        judged = [row for row in rows if row.score(privacy)]
        every = [(row, found) for row in judged if (found := row.score(privacy))]
        goal = every[0][1].goal
        # Copies lie at the far end: with them in the scale, everything else would be one point.
        near = [found for row, found in every if row.kind != "reference" or abs(found.mean - goal) < FAR]
        width = _domain([_ends(found) for found in near], goal, 0.01)
        points = [_point(row, row.score(privacy), row.score(likeness), board.unbeaten) for row in judged]
        best: tuple[float | None, float] = (goal, upwards[0].goal)
        titles: tuple[str, str | None] = (say(f"compare.{privacy}", language), say(f"compare.{likeness}", language))
        panels.append(_panel(points, (width, height), titles, best, language))
    timed = [row for row in rows if row.seconds is not None]
    if timed:
        seconds = [row.seconds or 0.0 for row in timed]
        scale = (min(seconds) / 1.6, max(seconds) * 1.6)
        points = [_point(row, None, row.score(likeness), board.unbeaten) for row in timed]
        titles = (say("compare.seconds", language), None if panels else say(f"compare.{likeness}", language))
        panels.append(_panel(points, (scale, height), titles, (None, upwards[0].goal), language))
    config: dict[str, Any] = {"legend": {"orient": "top", "title": None}}
    if language == "es":
        config["locale"] = {"number": {"decimal": ",", "thousands": ".", "grouping": [3], "currency": ["", " €"]}}
    spec = {"$schema": SCHEMA, "hconcat": panels, "spacing": 26, "config": config}
    return Figure("frontier", "results", say("compare.title", language), say("compare.caption", language), spec)


def _ends(found: Spread) -> tuple[float, float]:
    return found.mean - found.spread, found.mean + found.spread


def _domain(ends: Sequence[tuple[float, float]], goal: float, room: float) -> tuple[float, float]:
    """From a little below the lowest to a little above the highest, the best value among them."""
    low, high = min(goal, *(low for low, _ in ends)), max(goal, *(high for _, high in ends))
    room = max(room, 0.08 * (high - low))
    return low - room, high + room


def _point(row: Row, across: Spread | None, upward: Spread | None, unbeaten: Sequence[str]) -> dict[str, Any]:
    assert upward is not None
    point = {"name": row.name, "kind": row.kind, "unbeaten": row.name in unbeaten, "y": upward.mean}
    point["y0"], point["y1"] = _ends(upward)
    if across is not None:
        point["x"] = across.mean
        point["x0"], point["x1"] = _ends(across)
    else:
        times = np.add(row.fit_seconds, row.sample_seconds)
        point["x"], point["x0"], point["x1"] = row.seconds, float(times.min()), float(times.max())
    return point


def _panel(
    points: list[dict[str, Any]],
    domains: tuple[tuple[float, float], tuple[float, float]],
    titles: tuple[str, str | None],
    best: tuple[float | None, float],
    language: str,
) -> dict[str, Any]:
    """One chart. best: the best value to the right (None for time, on a logarithmic scale) and upwards."""
    (low, high), (bottom, top) = domains
    log = best[0] is None
    for point in points:
        point["word"], point["shown"] = say(f"compare.{point['kind']}", language), point["name"]
        if not low <= point["x"] <= high:
            value = number(point["x"], language)
            point["shown"] = f"{point['name']} ({value}) →" if point["x"] > high else f"← {point['name']} ({value})"
        for key in ("x", "x0", "x1"):
            point[f"at_{key}"] = min(max(point[key], low), high)
    _label(points, domains, best)
    scale = {"type": "log" if log else "linear", "domain": [low, high], "nice": False}
    ticks: dict[str, Any] = {"values": _powers(low, high)} if log else {"tickCount": 6}
    x = {"type": "quantitative", "scale": scale, "title": titles[0], "axis": ticks}
    axis = {"tickCount": 6, "labels": titles[1] is not None, "ticks": titles[1] is not None}
    y = {"type": "quantitative", "scale": {"domain": [bottom, top], "nice": False}, "title": titles[1], "axis": axis}
    kinds = [kind for kind in COLOURS if any(point["kind"] == kind for point in points)]
    colour = {
        "field": "word",
        "type": "nominal",
        "scale": {
            "domain": [say(f"compare.{kind}", language) for kind in kinds],
            "range": [COLOURS[kind] for kind in kinds],
        },
        "legend": {"title": None, "orient": "top", "symbolOpacity": 1, "symbolType": "circle"},
    }
    tips = [{"field": "name", "type": "nominal", "title": " "}]
    tips += [
        {"field": key, "type": "quantitative", "format": ".3f", "title": title}
        for key, title in (("x", titles[0]), ("y", titles[1] or say("compare.fidelity.c2st", language)))
    ]
    across = {"x": {"field": "at_x0", **x}, "x2": {"field": "at_x1"}, "y": {"field": "y", **y}, "color": colour}
    upward = {"y": {"field": "y0", **y}, "y2": {"field": "y1"}, "x": {"field": "at_x", **x}, "color": colour}
    place = {"x": {"field": "at_x", **x}, "y": {"field": "y", **y}, "color": colour, "tooltip": tips}
    line = {"type": "rule", "color": INK, "strokeDash": [5, 4]}
    layers: list[dict[str, Any]] = [{"mark": line, "encoding": {"y": {"datum": best[1], **y}}}]
    if not log:
        layers.append({"mark": line, "encoding": {"x": {"datum": best[0], **x}}})
    layers += [
        {"mark": {"type": "rule", "opacity": 0.55, "strokeWidth": 1.5}, "encoding": across},
        {"mark": {"type": "rule", "opacity": 0.55, "strokeWidth": 1.5}, "encoding": upward},
        _marks("datum.unbeaten", {"type": "point", "shape": "circle", "filled": True, "size": 110}, place),
        _marks("!datum.unbeaten && datum.kind != 'reference'", {"type": "point", "size": 90, "strokeWidth": 2}, place),
        _marks("datum.kind == 'reference'", {"type": "point", "shape": "diamond", "filled": True, "size": 80}, place),
    ]
    tie = {
        "x": {"field": "at_x", **x},
        "y": {"field": "y", **y},
        "x2": {"field": "label_x"},
        "y2": {"field": "label_y"},
    }
    layers.insert(0, _marks("datum.tied", {"type": "rule", "color": INK, "strokeWidth": 0.8, "opacity": 0.6}, tie))
    for side in ("left", "center", "right"):
        mark = {"type": "text", "align": side, "baseline": "middle", "color": INK, "fontSize": 11}
        spot = {"x": {"field": "label_x", **x}, "y": {"field": "label_y", **y}, "text": {"field": "shown"}}
        layers.append(_marks(f"datum.side == '{side}'", mark, spot))
    return {"width": WIDTH, "height": HEIGHT, "data": {"values": points}, "layer": layers}


def _powers(low: float, high: float) -> list[float]:
    """1, 2 and 5 times powers of ten from low to high; powers of ten alone where that would be too many."""
    first, last = int(np.floor(np.log10(low))), int(np.ceil(np.log10(high)))
    steps = (1, 2, 5) if last - first <= 3 else (1,)
    return [
        step * 10.0**power for power in range(first, last + 1) for step in steps if low <= step * 10.0**power <= high
    ]


def _marks(condition: str, mark: dict[str, Any], encoding: dict[str, Any]) -> dict[str, Any]:
    return {"transform": [{"filter": condition}], "mark": {"opacity": 1, **mark}, "encoding": encoding}


Box = tuple[float, float, float, float]


def _label(
    points: list[dict[str, Any]],
    domains: tuple[tuple[float, float], tuple[float, float]],
    best: tuple[float | None, float],
) -> None:
    """Where each name stands: as near to its point as it can without covering a point, a bar or another name."""
    (low, high), (bottom, top) = domains
    log = best[0] is None

    def bent(value: float) -> float:
        return float(np.log(value)) if log else value

    across, upward = WIDTH / (bent(high) - bent(low)), HEIGHT / (top - bottom)

    def at(x: float, y: float) -> tuple[float, float]:
        return (bent(x) - bent(low)) * across, (top - y) * upward

    dots = [at(point["at_x"], point["y"]) for point in points]
    fixed: list[Box] = [(x - 6, y - 6, x + 6, y + 6) for x, y in dots]
    for point, (x, y) in zip(points, dots, strict=True):
        (left, high_end), (right, low_end) = at(point["at_x0"], point["y1"]), at(point["at_x1"], point["y0"])
        fixed += [(left, y - 2, right, y + 2), (x - 2, high_end, x + 2, low_end)]
    level = at(high, best[1])[1]
    fixed.append((0, level - 1, WIDTH, level + 1))
    if best[0] is not None:
        line = at(best[0], top)[0]
        fixed.append((line - 1, 0, line + 1, HEIGHT))
    stands: dict[int, Box] = {}
    # Once more when all stand somewhere: the first could not know where the last would go.
    for place in [*range(len(points)), *range(len(points))]:
        (x, y), taken = dots[place], [*fixed, *(box for other, box in stands.items() if other != place)]
        side, dx, dy, stands[place], tied = _side(dots[place], BROAD * len(points[place]["shown"]), taken)
        spot = bent(low) + (x + dx) / across
        points[place]["label_x"] = float(np.exp(spot)) if log else spot
        points[place] |= {"side": side, "label_y": top - (y + dy) / upward, "tied": tied}


def _side(dot: tuple[float, float], wide: float, taken: Sequence[Box]) -> tuple[str, float, float, Box, bool]:
    """How the name of a dot is aligned, where it stands from it, what it covers, and whether a line ties them."""
    x, y = dot
    choices = []
    for rank, (ring, angle) in enumerate((ring, angle) for ring in RINGS for angle in ANGLES):
        dx, dy = ring * float(np.cos(angle)), 1.2 * ring * float(np.sin(angle))
        side = "left" if dx > ring / 2 else "right" if dx < -ring / 2 else "center"
        left = x + dx - {"left": 0.0, "center": wide / 2, "right": wide}[side]
        box = (left, y + dy - TALL / 2, left + wide, y + dy + TALL / 2)
        outside = max(0.0, -box[0]) + max(0.0, box[2] - WIDTH) + max(0.0, -box[1]) + max(0.0, box[3] - HEIGHT)
        cost = sum(_overlap(box, other) for other in taken) + TALL * outside + ring
        if ring >= TIED:
            way = [(x + part * dx, y + part * dy) for part in (0.3, 0.45, 0.6, 0.75, 0.9)]
            cost += 15 * sum(b[0] < u < b[2] and b[1] < v < b[3] for u, v in way for b in taken)
        choices.append((cost, rank, side, dx, dy, box, ring >= TIED))
    return min(choices)[2:]


def _overlap(one: Box, other: Box) -> float:
    wide = min(one[2], other[2]) - max(one[0], other[0])
    tall = min(one[3], other[3]) - max(one[1], other[1])
    return max(0.0, wide) * max(0.0, tall)


def story(board: Board, language: str = "en") -> tuple[Block, ...]:
    """The page as blocks."""
    facts = board.facts
    names = ", ".join(board.unbeaten)
    blocks: list[Block] = [Heading(say("summary", language), "summary")]
    blocks.append(Words(say("compare.unbeaten", language, names=names) if names else say("compare.alone", language)))
    if len(board.best) > 1:
        blocks.append(Points(tuple(_best(board, axis, row, language) for axis, row in board.best.items())))
    if not facts.get("finished", True):
        blocks.append(Words(say("compare.stopped", language), "warning"))
    drawn = figure(board, language)
    if drawn:
        blocks.append(Picture(drawn))
    head, lines = board.table(language)
    right = tuple(range(1, len(head)))
    blocks += [Heading(say("compare.table", language), "table"), Grid(head, tuple(lines), right)]
    seeds = len(facts["seeds"])
    blocks.append(Words(say("compare.told" if seeds > 1 else "compare.told_once", language, seeds=seeds)))
    failed = tuple(f"{row.name}: {row.error}" for row in board.rows if row.error)
    if failed:
        blocks += [Heading(say("compare.failed", language), "failed", 3), Points(failed)]
    target = say("compare.target", language, name=facts["target"]) if facts.get("target") else ""
    values = {key: number(facts[key], language) for key in ("train", "holdout", "columns")}
    blocks += [
        Heading(say("compare.how", language), "how"),
        Words(say("compare.split", language, source=facts["source"], target=target, **values)),
        Words(say("compare.references", language)),
        Words(say("compare.cost", language, cores=facts["cores"])),
    ]
    metrics = {each.metric: each.reading for row in board.rows for each in row.scores}
    rows = tuple((name, say(name, language) if known(name) else reading) for name, reading in metrics.items())
    head = (say("metric", language), say("what", language))
    return (*blocks, Heading(say("compare.glossary", language), "glossary"), Grid(head, rows))


def _best(board: Board, axis: str, row: Row, language: str) -> str:
    """The best on an axis, with its figure there."""
    metric = board.axis({"likeness": QUALITY, "privacy": PRIVACY}.get(axis, ()))
    found = row.score(metric) if metric else None
    value = number(row.seconds, language, 1) if axis == "time" else number(found.mean if found else None, language)
    return say(f"compare.{axis}", language, name=row.name, value=value)


def ready() -> None:
    """MissingLibraryError without the extra `report`, before work that would end in `write`."""
    try:
        import vl_convert  # noqa: F401
    except ImportError as error:
        raise registry.missing(error, "a comparison written to a folder") from error


def write(board: Board, folder: str | Path, language: str = "en") -> list[Path]:
    """comparison.html, and frontier.svg and frontier.png when there is something to draw; their paths.

    Raises MissingLibraryError without the extra `report`, StoreError where nothing can be written.
    """
    from trasunto.reports.html import page
    from trasunto.reports.pictures import svg
    from trasunto.writing import write_bytes, write_text

    place = Path(folder)
    written = [place / "comparison.html"]
    write_text(written[0], page(board.title, story(board, language), language))
    drawn = figure(board, language)
    if drawn:
        written += [place / "frontier.svg", place / "frontier.png"]
        write_text(written[1], svg(drawn))
        write_bytes(written[2], png(drawn))
    return written


def png(drawn: Figure, scale: float = 2.0) -> bytes:
    """The chart as a PNG picture on white. MissingLibraryError without the extra `report`."""
    try:
        import vl_convert
    except ImportError as error:
        raise registry.missing(error, "a picture of the frontier") from error
    spec = {**drawn.spec, "config": {"background": "white", **drawn.spec.get("config", {})}}
    picture: bytes = vl_convert.vegalite_to_png(spec, scale=scale)
    return picture
