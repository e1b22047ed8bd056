"""What every script here does around fit and sample: read the training rows, time the two, write what came out.

A script is started as `python script.py FOLDER`. The folder holds job.json (see Job); the script adds synthetic.csv
and times.json. Nothing but the standard library and pandas is imported, as each peer has an environment of its own.
"""

from __future__ import annotations

import json
import os
import random
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

WORDS = ("category", "boolean")
DATES = ("date", "datetime")
MEBI = 2**20


@dataclass(frozen=True)
class Job:
    """What to do.

    folder: where the results go. train: CSV of the rows to fit to. kinds: column to "category", "boolean", "integer",
    "number", "date" or "datetime". decimals: column of numbers to the most decimals it has in the training rows.
    rows: how many to draw. settings: of the peer; its defaults where nothing is said.
    """

    folder: Path
    train: Path
    kinds: dict[str, str]
    decimals: dict[str, int]
    rows: int
    seed: int
    settings: dict[str, Any]

    def columns(self, *kinds: str) -> list[str]:
        return [name for name, kind in self.kinds.items() if kind in kinds]


def run(
    fit: Callable[[Any, Job], Any],
    sample: Callable[[Any, Job], Any],
    distribution: str,
    read: Callable[[Job], Any] | None = None,
    write: Callable[[Any, Job], None] | None = None,
) -> None:
    """Read, fit, sample, write; leave the times of fit and of sample in times.json.

    CPU seconds are those of the process and of the children it has waited for; the peak of memory is that of the
    process alone.
    """
    folder = Path(sys.argv[1])
    document = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    job = Job(folder, Path(document.pop("train")), **document)
    table = (read or read_table)(job)
    _seed(job.seed)
    marks = [_now()]
    model = fit(table, job)
    marks.append(_now())
    made = sample(model, job)
    marks.append(_now())
    (write or write_table)(made, job)
    (begun, cpu_begun), (fitted, cpu_fitted), (sampled, cpu_sampled) = marks
    times = {
        "fit_wall": fitted - begun,
        "fit_cpu": cpu_fitted - cpu_begun,
        "sample_wall": sampled - fitted,
        "sample_cpu": cpu_sampled - cpu_fitted,
        "process_cpu": _now()[1],
        "peak_mb": _peak(),
        "version": f"{distribution} {version(distribution)}",
    }
    (folder / "times.json").write_text(json.dumps(times, indent=1), encoding="utf-8")


def read_table(job: Job) -> Any:
    """The training rows as a pandas frame: words as they stand, so that "007" stays what it is; dates as datetimes."""
    import pandas as pd

    words = dict.fromkeys(job.columns(*WORDS), str)
    return pd.read_csv(job.train, dtype=words, parse_dates=job.columns(*DATES))


def write_table(made: Any, job: Job) -> None:
    """The drawn rows as CSV, in the order of the training columns, numbers as fine as there and no finer: some peers
    work in single precision, and 19.219999 would pass for another number than 19.22."""
    made = made[list(job.kinds)].copy()
    for name in job.columns("integer"):
        made[name] = made[name].astype(float).round().astype("Int64")
    for name, places in job.decimals.items():
        made[name] = made[name].astype(float).round(places)
    for name in job.columns("date"):
        made[name] = made[name].dt.strftime("%Y-%m-%d")
    made.to_csv(job.folder / "synthetic.csv", index=False, date_format="%Y-%m-%d %H:%M:%S")


def in_seconds(table: Any, job: Job) -> Any:
    """The rows with dates as seconds since 1970, for a peer that takes no dates."""
    import pandas as pd

    dates = {name: (table[name] - pd.Timestamp(0)) / pd.Timedelta(1, "s") for name in job.columns(*DATES)}
    return table.assign(**dates)


def from_seconds(made: Any, job: Job) -> Any:
    """Drawn rows with dates in place of seconds since 1970."""
    import pandas as pd

    # Not by to_datetime, which pandas 2 lets overflow on missing seconds.
    second = pd.Timedelta(1, "s")
    dates = {name: pd.Timestamp(0) + made[name].astype(float).round() * second for name in job.columns(*DATES)}
    return made.assign(**dates)


def _seed(seed: int) -> None:
    """Most peers draw from the global generators and take no seed."""
    random.seed(seed)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(seed)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)


def _now() -> tuple[float, float]:
    """Wall and CPU seconds."""
    spent = os.times()
    return time.monotonic(), spent.user + spent.system + spent.children_user + spent.children_system


def _peak() -> float:
    """Most memory held, in MiB. Linux counts what the parent held into ru_maxrss, so its own count is read there."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / MEBI if sys.platform == "darwin" else peak / 1024
