"""What workers bring and cost: fit, sample and score with 1, 2, … of them, as threads, processes and on a Ray cluster.

    python benchmarks/scaling.py TRAIN.csv HOLDOUT.csv --rows 1000000 --workers 1 2

Everything runs on this machine; the results of all are compared, and must be equal. Wall time says what a user waits
on these cores, CPU time what the work costs wherever it is done.
"""

import argparse
import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
from pathlib import Path

import trasunto as tr
from trasunto.executors import Local, Processes, current, executing, executor_of
from trasunto.metrics.measure import measure
from trasunto.metrics.score import Comparison
from trasunto.synthesizers.landed import drawn_to

TICK = os.sysconf("SC_CLK_TCK")


def nothing(item):
    return item


def sized(item, shared):
    return len(shared)


def processor_seconds(kind):
    """Of this process, its children, and the workers of a cluster on this machine."""
    own = sum(os.times()[:4])
    if kind != "ray":
        return own
    for place in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            if place.name.isdecimal() and b"ray::" in (place / "cmdline").read_bytes()[:40]:
                fields = (place / "stat").read_text().rpartition(")")[2].split()
                own += (int(fields[11]) + int(fields[12])) / TICK
    return own


def workers_memory(kind):
    """Megabytes of the largest worker of a cluster, shared memory included."""
    found = [0.0]
    for place in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            if kind == "ray" and place.name.isdecimal() and b"ray::" in (place / "cmdline").read_bytes()[:40]:
                status = dict(line.split(":", 1) for line in (place / "status").read_text().splitlines() if ":" in line)
                found.append(int(status["VmHWM"].split()[0]) / 1024)
    return max(found)


class Timed:
    """Wall and CPU seconds of a block."""

    def __init__(self, kind):
        self.kind = kind

    def __enter__(self):
        self.wall, self.cpu = time.perf_counter(), processor_seconds(self.kind)
        return self

    def __exit__(self, *_):
        self.wall, self.cpu = time.perf_counter() - self.wall, processor_seconds(self.kind) - self.cpu

    def told(self):
        return {"wall": round(self.wall, 2), "cpu": round(self.cpu, 2)}


@contextlib.contextmanager
def opened(kind, workers):
    """An executor of so many workers."""
    if kind != "ray":
        yield {"threads": Local, "processes": Processes}[kind](workers)
        return
    from ray.cluster_utils import Cluster

    place = tempfile.mkdtemp(prefix="t", dir="/tmp")
    cluster = Cluster(
        initialize_head=True,
        head_node_args={
            "num_cpus": workers,
            "object_store_memory": 512 << 20,
            "include_dashboard": False,
            "temp_dir": place,
        },
    )
    executor = executor_of(f"ray:{cluster.address}")
    try:
        yield executor
    finally:
        executor.close()
        cluster.shutdown()
        shutil.rmtree(place, ignore_errors=True)


def one(kind, workers, train, holdout, rows, place):
    """Figures of one executor, and a digest of all that it made."""
    found, digest = {"kind": kind, "workers": workers}, hashlib.sha256()
    with Timed(kind) as start, opened(kind, workers) as executor, executing(executor):
        list(executor.map(nothing, range(2 * workers)))
        start.__exit__()
        found["start"] = start.told()
        with Timed(kind) as tasks:
            list(executor.map(nothing, range(400)))
        found["task_ms"] = round(1000 * tasks.wall / 400, 3)
        with Timed(kind) as shared:
            list(executor.map(sized, range(2 * workers), shared=bytes(100 << 20)))
        found["share_100_mb"] = shared.told()
        folder = place / f"{kind}-{workers}"
        with Timed(kind) as fit:
            model = tr.fit(train, "tree", seed=0)
        model.save(folder / "model")
        found["fit"] = fit.told()
        with Timed(kind) as sample:
            drawn_to(f"parquet:{folder / 'rows'}", folder / "model", rows, seed=1)
        size = sum(path.stat().st_size for path in (folder / "rows").rglob("*") if path.is_file())
        rate = {"rows_per_second": round(rows / sample.wall), "cpu_us_per_row": round(1e6 * sample.cpu / rows, 2)}
        found["sample"] = {**sample.told(), **rate, "bytes_per_row": round(size / rows, 1)}
        found["model_mb"] = round(sum(path.stat().st_size for path in (folder / "model").rglob("*")) / 2**20, 1)
        made = tr.read(f"parquet:{folder / 'rows'}", rows=len(train))
        with Timed(kind) as scores:
            comparison = Comparison(train, made, holdout, target=train.only.schema.names[-1], seed=0)
            measured = measure(comparison, ["fidelity", "privacy.nearer_to_train", "utility.tstr"])
        found["measure"] = scores.told()
        found["worker_mb"] = round(workers_memory(kind))
        assert current() is executor
    for path in sorted((folder / "model").rglob("*")):
        digest.update(path.read_bytes() if path.is_file() else b"")
    digest.update(tr.read(f"parquet:{folder / 'rows'}").digest().encode())
    digest.update(json.dumps([each.to_dict() for each in measured], sort_keys=True).encode())
    shutil.rmtree(folder)
    return {**found, "digest": digest.hexdigest()[:12]}


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("train")
    asked.add_argument("holdout")
    asked.add_argument("--rows", type=int, default=1_000_000)
    asked.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    asked.add_argument("--kinds", nargs="+", default=["threads", "processes", "ray"])
    given = asked.parse_args()
    train, holdout = tr.read(given.train), tr.read(given.holdout)
    found = []
    with tempfile.TemporaryDirectory() as place:
        for kind in given.kinds:
            for workers in given.workers:
                found.append(one(kind, workers, train, holdout, given.rows, Path(place)))
                print(json.dumps(found[-1]), flush=True)
    same = len({each["digest"] for each in found}) == 1
    print(json.dumps({"rows": given.rows, "trained_on": len(train), "all_equal": same, "runs": found}))
    assert same


if __name__ == "__main__":
    main()
