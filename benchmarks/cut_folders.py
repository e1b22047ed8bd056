"""What the benchmarks of related tables and of sequences share: a timed fit and draw, and scores told and kept."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import trasunto as tr
from trasunto.data.dataset import Dataset
from trasunto.metrics.score import Score
from trasunto.writing import write_text


def fitted_and_drawn(
    real: Dataset, synthesizer: str, settings: str, rows: int | None, *, seed: int, out: Path
) -> Dataset:
    """Fit one of ours and draw so many rows (None: as many as it sees fit); seconds of clock and processor stand in
    times.json. settings: JSON."""
    marks = [(time.monotonic(), time.process_time())]
    model = tr.fit(real, synthesizer, seed=seed, settings=json.loads(settings))
    marks.append((time.monotonic(), time.process_time()))
    made = model.sample(rows, seed=seed + 1)
    marks.append((time.monotonic(), time.process_time()))
    (w0, c0), (w1, c1), (w2, c2) = marks
    times = {"fit_wall": w1 - w0, "fit_cpu": c1 - c0, "sample_wall": w2 - w1, "sample_cpu": c2 - c1}
    write_text(out / "times.json", json.dumps(times, indent=1))
    print(json.dumps(times))
    return made


def judged(texts: list[str], judge: Callable[[Path], Any]) -> dict[str, list[Score]]:
    """Scores by name of `[NAME=]FOLDER`."""
    found: dict[str, list[Score]] = {}
    for text in texts:
        name, _, place = text.rpartition("=")
        found[name or Path(place).parent.name] = list(judge(Path(place)))
    return found


def show(found: Mapping[str, list[Score]], table: str, *, details: bool, out: str | None) -> None:
    """Print the table, every score where details are wanted, and add them to a JSON file."""
    if details:
        for name, scores in found.items():
            for score in scores:
                print(f"{name:12} {score.metric:28} {score.subject:60} {score.value:.4f}  control {score.control}")
    print(table)
    if out:
        path = Path(out)
        known: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        known |= {name: [score.to_dict() for score in scores] for name, scores in found.items()}
        write_text(path, json.dumps(known, indent=1, ensure_ascii=False))
