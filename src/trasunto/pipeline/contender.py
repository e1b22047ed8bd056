"""One synthesizer at work in a process of its own: fitted, sampled, and what both cost.

A process of its own starts with an empty memory, so that its peak is the synthesizer's; it can be stopped, and when it
breaks down nothing else does. It is given a folder with job.json, schema.json and train.parquet, says what it does in
lines of JSON, and leaves the rows of each seed there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import polars as pl

from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Schema
from trasunto.errors import FitError, TrasuntoError
from trasunto.progress import Progress, quiet

MEBI = 2**20
# Seconds between two words on progress.
OFTEN = 0.2


@dataclass(frozen=True)
class Job:
    """What to do. seeds: a sample each, from one model, which is fitted with the first."""

    name: str
    settings: dict[str, Any]
    seeds: tuple[int, ...]
    rows: int


@dataclass(frozen=True)
class Made:
    """Rows of one seed, and their cost.

    fit_seconds and sample_seconds: wall time, reading and importing left out. cpu_seconds: of both, over all threads.
    peak_mb: the most memory the process has held until then, in MiB, Python and its libraries (held_mb before fitting)
    among them; None where the system does not tell.
    """

    seed: int
    fit_seconds: float
    sample_seconds: float
    cpu_seconds: float
    peak_mb: float | None
    held_mb: float | None


def handed(folder: Path, train: Dataset) -> None:
    """Write the training rows where every contender finds them."""
    train.rows.write_parquet(folder / "train.parquet")
    train.schema.save(folder / "schema.json")


def made(
    folder: Path, train: Dataset, job: Job, *, limit: float | None = None, progress: Progress = quiet
) -> Iterator[tuple[Made, Dataset]]:
    """Let a process do a job in a folder that `handed` filled; each sample as soon as it is there.

    limit: seconds after which the process is stopped. Raises FitError with what the process said when it fails, stops
    without a word, takes too long, or leaves other columns than those of the training rows.
    """
    (folder / "job.json").write_text(json.dumps(asdict(job)), encoding="utf-8")
    with (folder / "words.txt").open("w+b") as words, _process(folder, words, limit) as (process, late):
        assert process.stdout is not None
        for line in process.stdout:
            try:
                told = json.loads(line)
            except ValueError:
                # A library that prints while it is imported.
                continue
            if "progress" in told:
                what, done, total = told["progress"]
                progress(what, done, total)
            elif "failed" in told:
                raise FitError(told["failed"])
            else:
                found = Made(**told["made"])
                yield found, _taken(folder / f"{found.seed}.parquet", train, job.name)
        code = process.wait()
        if late.is_set():
            raise FitError(f"{job.name} was stopped after {limit:g} s.", "Give it a higher --time-limit.")
        if code:
            raise FitError(f"{job.name} ended without a word ({_ending(code)}).", _last(words))


@contextmanager
def _process(
    folder: Path, words: IO[bytes], limit: float | None
) -> Iterator[tuple[subprocess.Popen[str], threading.Event]]:
    late = threading.Event()
    command = [sys.executable, "-m", "trasunto.pipeline.contender", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=words, stdin=subprocess.DEVNULL, text=True)

    def stop() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(limit, stop) if limit is not None else None
    try:
        if timer:
            timer.start()
        yield process, late
    finally:
        if timer:
            timer.cancel()
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def _taken(path: Path, train: Dataset, name: str) -> Dataset:
    rows, wanted = pl.read_parquet(path), train.only.schema
    path.unlink()
    if set(rows.columns) != set(wanted.names):
        raise FitError(f"{name} drew the columns {rows.columns}, not those of the training rows.")
    return train.with_table(Table(wanted, rows.select(wanted.names)))


def _ending(code: int) -> str:
    if code == -9:
        return "killed, as a system does when memory runs out"
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _last(words: IO[bytes]) -> str:
    words.seek(0)
    lines = words.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else ""


def main(folder: Path) -> int:
    """What the process does."""
    from trasunto.pipeline.verbs import make

    tell = _teller()
    try:
        document = json.loads((folder / "job.json").read_text(encoding="utf-8"))
        job = Job(document["name"], document["settings"], tuple(document["seeds"]), document["rows"])
        schema = Schema.load(folder / "schema.json")
        train = Dataset.of(Table(schema.only, pl.read_parquet(folder / "train.parquet")), next(iter(schema.tables)))
        method = make(job.name, job.settings)
        held = _memory("VmRSS")
        began, spent = time.perf_counter(), time.process_time()
        model = method.fit(train, seed=job.seeds[0], progress=_progress(tell))
        fitted = time.perf_counter() - began
        for seed in job.seeds:
            began = time.perf_counter()
            rows = model.sample(job.rows, seed=seed + 1)
            sampled = time.perf_counter() - began
            cost = Made(seed, fitted, sampled, time.process_time() - spent, _memory("VmHWM"), held)
            rows.rows.write_parquet(folder / f"{seed}.parquet")
            tell({"made": asdict(cost)})
    except TrasuntoError as error:
        tell({"failed": str(error)})
    except Exception as error:
        traceback.print_exc()
        tell({"failed": f"{type(error).__name__}: {error}"})
    return 0


def _teller() -> Any:
    """A way to say things to the process that waits. Whatever else is printed goes where errors go."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)

    def tell(value: Any) -> None:
        channel.write(json.dumps(value) + "\n")

    return tell


def _progress(tell: Any) -> Progress:
    said = [0.0]

    def progress(what: str, done: int, total: int) -> None:
        now = time.monotonic()
        if done == 0 or done == total or now - said[0] >= OFTEN:
            said[0] = now
            tell({"progress": [what, done, total]})

    return progress


def _memory(key: str) -> float | None:
    """Memory held now (VmRSS) or at most (VmHWM), in MiB. Elsewhere than on Linux the peak alone may be known."""
    status = Path("/proc/self/status")
    if status.exists():
        # Not what getrusage says: Linux counts what the starting process held into that.
        line = next((line for line in status.read_text().splitlines() if line.startswith(key)), "")
        return int(line.split()[1]) / 1024 if line else None
    if key == "VmRSS" or sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / MEBI if sys.platform == "darwin" else peak / 1024


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
