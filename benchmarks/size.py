"""How a synthesizer bears large tables: time and memory of fitting to many rows and of drawing more.

    python benchmarks/size.py [--synthesizer tree] [--rows 5000000] [--columns 20] [--draw 50000000] [--quick]

A table of ten numbers, eight categories and two dates that hang together is written as Parquet. Fitting and drawing
(to Parquet, in parts) are processes of their own; the peak of each is its resident memory and that of the largest
process that it starts; reading alone is said beside them. Linux only. Prints a line each and one JSON line at the end.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

# What a fresh process does, by name; arguments are paths and numbers.
STEPS = {
    "read": "import trasunto as tr; tr.read(sys.argv[1])",
    "fit": "import trasunto as tr; tr.fit(tr.read(sys.argv[1]), sys.argv[2], seed=0).save(sys.argv[3])",
    "draw": "from trasunto.cli.main import code_of; assert code_of(sys.argv[1:]) == 0",
}
# The high-water mark of the process itself, and of the largest process it waited for, in kB.
PEAK = """
import re, resource
own = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
print(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
"""


def main() -> None:
    asked = _arguments()
    rows, draw = (asked.rows // 25, asked.draw // 25) if asked.quick else (asked.rows, asked.draw)
    with tempfile.TemporaryDirectory() as place:
        table, model, made = f"{place}/table.parquet", f"{place}/model", f"{place}/made.parquet"
        size = _written(Path(table), rows, asked.columns)
        found = {"synthesizer": asked.synthesizer, "rows": rows, "columns": asked.columns, "table_mb": size / 1e6}
        found |= _done("read", [table])
        found |= _done("fit", [table, asked.synthesizer, model])
        found |= {"drawn": draw, **_done("draw", ["sample", model, "-n", str(draw), "-o", made, "-q"])}
        found["rows_per_second"] = draw / found["draw_seconds"]
        found["drawn_file_mb"] = Path(made).stat().st_size / 1e6
        assert pl.scan_parquet(made).select(pl.len()).collect().item() == draw
    print(json.dumps({key: round(v, 1) if isinstance(v, float) else v for key, v in found.items()}))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--synthesizer", default="tree")
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--draw", type=int, default=50_000_000)
    parser.add_argument("--quick", action="store_true", help="A twenty-fifth of the rows.")
    return parser.parse_args()


def _written(path: Path, rows: int, columns: int) -> int:
    """The table as a file; its size in memory, in bytes."""
    rng = np.random.default_rng(0)
    wealth, age = rng.normal(size=rows), rng.gamma(9, 5, rows).round()
    made: dict[str, pl.Series] = {}
    for place in range(columns):
        own = 0.6 * wealth + 0.8 * rng.normal(size=rows) + 0.01 * place * age
        name = f"c{place:02}"
        if place % 10 == 9:
            day = 1_577_836_800_000_000 + (own * 100).astype(np.int64) * 86_400_000_000
            made[name] = pl.Series(day).cast(pl.Datetime("us"))
        elif place % 5 in (1, 3):
            levels = pl.Series([f"level {each}" for each in range(4 + 4 * place)])
            made[name] = levels[np.clip(((own + 3) * (4 + 4 * place) / 7).astype(np.int64), 0, 3 + 4 * place)]
        elif place % 5 == 2:
            made[name] = pl.Series(np.where(own < 0.5, 0, np.exp(own) * 1000).round()).cast(pl.Int64)
        else:
            made[name] = pl.Series(own.round(3))
    frame = pl.DataFrame(made)
    frame.write_parquet(path)
    return int(frame.estimated_size())


def _done(step: str, arguments: list[str]) -> dict[str, float]:
    """Seconds of a step, of wall and processor, and the peak of its memory in megabytes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    program = [sys.executable, "-c", f"import sys\n{STEPS[step]}\n{PEAK}", *arguments]
    started = time.monotonic()
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    seconds = time.monotonic() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    own, workers = (int(each) / 1e3 for each in done.stderr.strip().splitlines()[-1].split())
    print(
        f"{step}: {seconds:.1f} s, {spent:.1f} s of processor, peak {own:,.0f} MB, a worker {workers:,.0f}", flush=True
    )
    told = {"seconds": seconds, "cpu_seconds": spent, "peak_mb": own, "worker_peak_mb": workers}
    return {f"{step}_{key}": value for key, value in told.items()}


if __name__ == "__main__":
    main()
