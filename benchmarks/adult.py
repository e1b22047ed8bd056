"""How faithful, useful and copy-free `tree` is on a table given as two files, and how long it takes.

    python benchmarks/adult.py --train train.csv --holdout test.csv --target income [--seeds 5] [--synthesizer tree]

Prints a line a seed, the means, and one JSON line at the end. Wall time is that of `trasunto fit` and `trasunto
sample` as two fresh processes, imports and files included. Beside them stand two references: real training rows in
place of synthetic ones (what cannot be beaten) and a bootstrap of the training rows (what copies everything).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import trasunto as tr
from judge import judged
from trasunto.data.dataset import Dataset


def main() -> None:
    asked = _arguments()
    real = tr.read(asked.train)
    holdout = tr.read(asked.holdout, schema=real.schema)
    holdout = Dataset.of(holdout.only, real.name)
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(asked.seeds):
            made, seconds = _made(asked, Path(folder) / str(seed), seed, len(real), real)
            lines.append({"seconds": seconds, **_scores(real, made, holdout, asked.target)})
            print(_line(f"{asked.synthesizer} seed {seed}", lines[-1]), flush=True)
    rng = np.random.default_rng(0)
    bootstrap = real.with_table(real.only.take(rng.integers(0, len(real), len(real))))
    copied = {"seconds": float("nan"), **_scores(real, bootstrap, holdout, asked.target)}
    print(_line("bootstrap of train", copied))
    mean = {key: float(np.mean([line[key] for line in lines])) for key in lines[0]}
    spread = {key: float(np.std([line[key] for line in lines])) for key in lines[0]}
    print(_line("mean", mean))
    print(json.dumps({"synthesizer": asked.synthesizer, "rows": len(real), "mean": mean, "spread": spread}))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--train", required=True)
    parser.add_argument("--holdout", required=True)
    parser.add_argument("--target", default=None)
    parser.add_argument("--synthesizer", default="tree")
    parser.add_argument("--seeds", type=int, default=5)
    return parser.parse_args()


def _made(asked: argparse.Namespace, folder: Path, seed: int, rows: int, real: Dataset) -> tuple[Dataset, float]:
    program = [sys.executable, "-m", "trasunto"]
    fit = ["fit", asked.train, "-o", str(folder), "--synthesizer", asked.synthesizer, "--seed", str(seed)]
    sample = ["sample", str(folder), "-n", str(rows), "-o", f"{folder}.csv", "--seed", str(seed + 1)]
    if asked.target:
        # The target leads the chain when the schema says what it is.
        schema = folder.parent / "schema.json"
        real.with_role(asked.target, "target").schema.save(schema)
        fit += ["--schema", str(schema)]
    started = time.monotonic()
    for arguments in (fit, sample):
        subprocess.run([*program, *arguments], check=True, capture_output=True)
    seconds = time.monotonic() - started
    made = tr.read(f"{folder}.csv", schema=real.schema)
    return Dataset.of(made.only, real.name), seconds


def _scores(real: Dataset, made: Dataset, holdout: Dataset, target: str | None) -> dict[str, float]:
    return {name: score.value for name, score in judged(real, made, holdout, target).items()}


def _line(name: str, values: dict[str, float]) -> str:
    return f"{name:20s} " + "  ".join(f"{key.partition('.')[2] or key} {value:.4f}" for key, value in values.items())


if __name__ == "__main__":
    main()
