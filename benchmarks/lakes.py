"""Data bigger than memory: rows drawn into files and lakes, and samples drawn out of them, with memory over time.

    python benchmarks/lakes.py [--rows 100000000] [--lake-rows 10000000] [--sample 100000] [--only NAME …] [--quick]

A model of six columns (numbers, categories, a date) is drawn by `trasunto sample` to one Parquet file, then fewer rows
to CSV, to Parquet files partitioned by a column, to Delta and to Iceberg; from each a sample is drawn by
`trasunto fit --sample-rows` (of `independent`, which takes no time itself). Every step is a process of its own, whose
resident memory, and that of its largest worker, is looked at every half second. Files are removed as soon as they are
measured. Linux only. Prints a line each and one JSON line at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import trasunto as tr

TARGETS = {
    "csv": ("{}/made.csv", "{}/made.csv"),
    "partitioned": ("parquet:{}/parts?partition=region", "{}/parts"),
    "delta": ("delta:{}/delta", "{}/delta"),
    "iceberg": ("iceberg:{}/iceberg?table=made", "{}/iceberg"),
}


def main() -> None:
    asked = _arguments()
    share = 100 if asked.quick else 1
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(dir=asked.folder) as place:
        model = f"{place}/model"
        tr.fit(_table(200_000), "tree", seed=0).save(model)
        targets = {"parquet": (f"{place}/made.parquet", f"{place}/made.parquet", asked.rows // share)}
        for name, (sink, path) in TARGETS.items():
            targets[name] = (sink.format(place), path.format(place), asked.lake_rows // share)
        for name in asked.only or targets:
            sink, path, rows = targets[name]
            drawn = _watched(["sample", model, "-n", str(rows), "-o", sink, "-q"])
            drawn |= {"rows": rows, "rows_per_second": rows / drawn["seconds"], "file_mb": _size(Path(path)) / 1e6}
            fitted = ["fit", path, "-o", f"{place}/again", "--synthesizer", "independent"]
            sampled = _watched([*fitted, "--sample-rows", str(asked.sample), "-q"])
            for folder in (path, f"{place}/again"):
                shutil.rmtree(folder) if Path(folder).is_dir() else Path(folder).unlink()
            found[name] = {"drawn": drawn, "sampled": sampled}
            print(
                f"{name}: {rows:,} rows in {drawn['seconds']:.0f} s ({drawn['rows_per_second']:,.0f} a second, "
                f"{drawn['cpu']:.0f} s of processor), {drawn['file_mb']:,.0f} MB, memory {drawn['early_mb']:.0f} MB "
                f"early, {drawn['late_mb']:.0f} late, peak {drawn['peak_mb']:.0f}, a worker {drawn['worker_mb']:.0f}; "
                f"{asked.sample:,} sampled in {sampled['seconds']:.0f} s ({sampled['cpu']:.0f} s of processor), "
                f"peak {sampled['peak_mb']:.0f} MB",
                flush=True,
            )
    rounded = {
        name: {step: {key: round(value, 1) for key, value in told.items()} for step, told in steps.items()}
        for name, steps in found.items()
    }
    print(json.dumps(rounded))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=100_000_000, help="Rows of the one Parquet file.")
    parser.add_argument("--lake-rows", type=int, default=10_000_000, help="Rows of each other target.")
    parser.add_argument("--sample", type=int, default=100_000, help="Rows to sample out of each.")
    parser.add_argument("--only", nargs="*", choices=["parquet", *TARGETS], help="Some of the targets.")
    parser.add_argument("--folder", default=tempfile.gettempdir(), help="Where files are made.")
    parser.add_argument("--quick", action="store_true", help="A hundredth of the rows.")
    return parser.parse_args()


def _table(rows: int) -> tr.Dataset:
    rng = np.random.default_rng(0)
    age, wealth = rng.gamma(9, 5, rows).round().astype(int), rng.normal(size=rows)
    days = 1_577_836_800_000_000 + (rng.random(rows) * 700).astype(np.int64) * 86_400_000_000
    regions = np.array([f"region {each}" for each in range(12)])
    return tr.read(
        pl.DataFrame(
            {
                "age": age,
                "sex": np.where(rng.random(rows) < 0.5, "f", "m"),
                "region": regions[np.clip((wealth + 3) * 2, 0, 11).astype(int)],
                "income": np.where(wealth < -1.3, 0, np.exp(wealth + age / 60) * 1000).round(2),
                "visits": rng.poisson(np.exp(wealth / 2)),
                "day": pl.Series(days).cast(pl.Datetime("us")).cast(pl.Date),
            }
        )
    )


def _watched(command: list[str]) -> dict[str, float]:
    """Seconds, of wall and processor, and megabytes: the peak, the middle of the first and of the last fifth of the
    time, and the peak of the largest worker."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    code = "import sys; from trasunto.cli.main import code_of; sys.exit(code_of(sys.argv[1:]))"
    started = time.monotonic()
    process = subprocess.Popen([sys.executable, "-c", code, *command], stdout=subprocess.DEVNULL)
    own: list[float] = []
    workers = [0.0]
    while process.poll() is None:
        own.append(_resident(process.pid))
        workers.append(max(map(_resident, _children(process.pid)), default=0.0))
        time.sleep(0.5)
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    fifth = max(1, len(own) // 5)
    return {
        "seconds": time.monotonic() - started,
        "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "peak_mb": max(own),
        "early_mb": float(np.median(own[fifth : 2 * fifth] or own)),
        "late_mb": float(np.median(own[-fifth:])),
        "worker_mb": max(workers),
    }


def _resident(process: int) -> float:
    try:
        text = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0.0
    return int(text.partition("VmRSS:")[2].split()[0]) / 1e3 if "VmRSS:" in text else 0.0


def _children(process: int) -> list[int]:
    try:
        tasks = os.listdir(f"/proc/{process}/task")  # noqa: PTH208
        lines = [Path(f"/proc/{process}/task/{each}/children").read_text() for each in tasks]
    except OSError:
        return []
    return [int(each) for line in lines for each in line.split()]


def _size(path: Path) -> int:
    return (
        path.stat().st_size
        if path.is_file()
        else sum(each.stat().st_size for each in path.rglob("*") if each.is_file())
    )


if __name__ == "__main__":
    main()
