"""One judge for every file of synthetic rows, whoever drew them: the project's own metrics, on the same unseen rows."""

from __future__ import annotations

import contextlib
import statistics
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl

from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Schema
from trasunto.data.written import MISSING, MISSING_AMONG_VALUES, parse
from trasunto.errors import MetricError
from trasunto.metrics.measure import measure
from trasunto.metrics.score import Comparison, Score

SHOWN = (
    "fidelity.shapes",
    "fidelity.trends",
    "fidelity.triples",
    "fidelity.c2st",
    "utility.tstr",
    "privacy.nearer_to_train",
    "privacy.exact_copies",
)
# Headings of the table, the figure each shows, what it is multiplied with, and its decimals.
COLUMNS = (
    ("C2ST", "fidelity.c2st", 1, 3),
    ("TSTR", "utility.tstr", 1, 3),
    ("nearer to train", "privacy.nearer_to_train", 1, 3),
    ("exact copies, %", "privacy.exact_copies", 100, 2),
    ("shape error, %", "fidelity.shapes", 100, 2),
    ("trend error, %", "fidelity.trends", 100, 2),
    ("triple error, %", "fidelity.triples", 100, 2),
)
# Headings, the figures added up, and whether they are also given as a multiple of ours.
TIMES = (
    ("fit + sample, s", ("fit_wall", "sample_wall"), True),
    ("CPU, s", ("fit_cpu", "sample_cpu"), True),
    ("whole process, s", ("process_wall",), False),
    ("peak, MiB", ("peak_mb",), False),
)
# What of ours stands against what of theirs, epoch by epoch.
COUNTERPARTS = {"ctgan": "gan", "tvae": "vae"}


def judged(real: Dataset, made: Dataset, holdout: Dataset, target: str | None) -> dict[str, Score]:
    """The headline score of every metric that is shown and applies, by its name."""
    comparison = Comparison(real, made, holdout, target=target)
    found: dict[str, Score] = {}
    for name in SHOWN:
        # One that cannot be measured on so few rows leaves its column empty.
        with contextlib.suppress(MetricError):
            for score in measure(comparison, [name])[:1]:
                found[name] = score
    return found


def read_drawn(path: str | Path, schema: Schema) -> tuple[Dataset, int]:
    """Synthetic rows as a comma-separated file holds them, and how many of its values are none of their column's kind.

    Those stand as missing: a file with a few of them is judged for it, not refused.
    """
    columns = schema.only.columns
    raw = pl.read_csv(path, infer_schema_length=0)
    read, lost = [], 0
    for column in columns:
        text = raw[column.name]
        among = column.kind not in ("category", "text", "id")
        absent = text.str.strip_chars().is_in([*(MISSING_AMONG_VALUES if among else MISSING), column.format.missing])
        values = parse(text, column)
        lost += values.null_count() - int((absent | text.is_null()).sum())
        read.append(values)
    name = next(iter(schema.tables))
    return Dataset.of(Table(schema.only, pl.DataFrame(read)), name), lost


def told(run: dict[str, Any]) -> str:
    """One run in one line."""
    where = f"{run['data']} seed {run['seed']} {run['method']}"
    if "failed" in run:
        return f"{where}: FAILED: {run['failed']}"
    seconds = run["times"]["fit_wall"] + run["times"]["sample_wall"]
    figures = [
        f"{heading.partition(',')[0]} {run['scores'][name]['value'] * times:.{places}f}"
        for heading, name, times, places in COLUMNS
        if name in run["scores"]
    ]
    lost = f"; {run['unreadable']} values could not be read" if run["unreadable"] else ""
    return f"{where}: {seconds:.2f} s, {', '.join(figures)}{lost}"


def table(data: str, runs: list[dict[str, Any]], methods: list[str], ours: str | None, shared: bool = False) -> str:
    """Mean and standard deviation over seeds of every method, as a Markdown table; times also as a multiple of ours.

    shared: the machine was shared, so that wall time says nothing and is left out.
    """
    times = [each for each in TIMES if not (shared and any(key.endswith("wall") for key in each[1]))]
    done = [run for run in runs if "failed" not in run]
    against = [run for run in done if run["method"] == ours]
    head = [""]
    for heading, _, compared in times:
        head += [heading, f"× {ours}"] if compared and against else [heading]
    head += [heading for heading, *_ in COLUMNS]
    lines, notes = [], []
    seeds = len({run["seed"] for run in runs})
    for method in methods:
        mine = [run for run in done if run["method"] == method]
        why = dict.fromkeys(run["failed"] for run in runs if run["method"] == method and "failed" in run)
        notes += [f"{method}: {each}" for each in why]
        if not mine:
            lines.append([method, "–"])
            continue
        line = [method if len(mine) == seeds else f"{method} ({len(mine)} of {seeds} seeds)"]
        for _, keys, compared in times:
            spent = [_spent(run, keys) for run in mine]
            line.append(_spread(spent, _places(_mean(spent))))
            if compared and against:
                line.append(_multiple(_mean(spent), [_spent(run, keys) for run in against]))
        lines.append(line + [_cell(mine, *column[1:], "value") for column in COLUMNS])
    if done:
        # The control is the same for all methods; the one with the most seeds knows it best.
        counts = Counter(run["method"] for run in done)
        first = [run for run in done if run["method"] == counts.most_common(1)[0][0]]
        empty = len(head) - len(COLUMNS) - 1
        cells = [_cell(first, *column[1:], "control") for column in COLUMNS]
        lines.append(["real rows (control)", *[""] * empty, *cells])
    body = [line + [""] * (len(head) - len(line)) for line in lines]
    return "\n\n".join([f"### {data}", _markdown([head, *body]), *notes])


def means(runs: list[dict[str, Any]]) -> dict[str, dict[str, dict[str, float]]]:
    """Data to method to figure to its mean over seeds."""
    gathered: dict[str, dict[str, dict[str, list[float]]]] = {}
    for run in runs:
        if "failed" in run:
            continue
        method = gathered.setdefault(run["data"], {}).setdefault(run["method"], {})
        method.setdefault("fit_and_sample_s", []).append(_spent(run, TIMES[0][1]))
        for name, score in run["scores"].items():
            method.setdefault(name, []).append(score["value"])
    return {
        data: {m: {key: round(_mean(each), 5) for key, each in found.items()} for m, found in methods.items()}
        for data, methods in gathered.items()
    }


def epochs_table(epochs: list[dict[str, Any]]) -> str:
    """Seconds an epoch, theirs as a multiple of ours where ours was timed too. "" when nothing was."""
    if not epochs:
        return ""
    timed = {(each["data"], each["method"].partition(":")[0]): each for each in epochs}
    lines = [["data", "method", "rows", "s an epoch", "× ours", "CPU s an epoch", "× ours"]]
    for each in epochs:
        mine = timed.get((each["data"], COUNTERPARTS.get(each["method"].partition(":")[0], "")))
        line = [each["data"], each["method"], str(each["rows"])]
        for clock in ("wall", "cpu"):
            line += [f"{each[clock]:.3f}", f"{each[clock] / mine[clock]:.1f}" if mine else ""]
        lines.append(line)
    return "\n\n### time of an epoch\n\n" + _markdown(lines)


def _multiple(mean: float, base: list[float]) -> str:
    if not _mean(base):
        return "–"
    ratio = mean / _mean(base)
    return f"{ratio:.{_places(ratio)}f}"


def _spent(run: dict[str, Any], keys: tuple[str, ...]) -> float:
    return sum(run["times"][key] for key in keys)


def _mean(values: Iterable[float]) -> float:
    return statistics.fmean(values)


def _places(value: float) -> int:
    """Decimals of a time or a ratio: what is short is shown finer."""
    return 2 if value < 10 else 1 if value < 100 else 0


def _cell(runs: list[dict[str, Any]], name: str, times: float, places: int, figure: str) -> str:
    values = [run["scores"][name][figure] for run in runs if name in run["scores"]]
    known = [value * times for value in values if value is not None]
    return _spread(known, places) if known else "–"


def _spread(values: list[float], places: int) -> str:
    mean = f"{_mean(values):.{places}f}"
    return f"{mean} ± {statistics.stdev(values):.{places}f}" if len(values) > 1 else mean


def _markdown(lines: list[list[str]]) -> str:
    widths = [max(len(line[place]) for line in lines) for place in range(len(lines[0]))]
    rows = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    return "\n".join([rows[0], "| " + " | ".join("-" * width for width in widths) + " |", *rows[1:]])
