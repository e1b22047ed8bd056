"""Our three attacks and those of anonymeter on the same rows: do the risks agree?

    python benchmarks/attacks.py --data adult=adult.csv:income [--rows 5000] [--python ENV/bin/python]

A data set is cut in two halves by seed; `tree` is fitted to one. Three synthetic files are attacked, the other half as
control: what `tree` drew, the same with one row in ten replaced by a training row, and the training rows themselves.
anonymeter runs in an environment of its own, made where --envs says, unless --python names one that has it. Both
attack with the same column sets, secrets and known columns, each with its own sample of people. At the end stands one
table, and one JSON line: risks agree where the 95 % intervals overlap.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import polars as pl

import trasunto as tr
from trasunto.data.dataset import Dataset, Table
from trasunto.metrics.attacks.inference import inference
from trasunto.metrics.attacks.linkability import linkability
from trasunto.metrics.attacks.singling_out import singling_out
from trasunto.metrics.score import Comparison, Score

SCRIPTS = Path(__file__).parent / "peers"
# Attacks of the peer, as many as its own examples take; columns of one of its predicates.
ATTACKS = {"singling_out": 500, "linkability": 2_000, "inference": 2_000}
COLUMNS = 4
SECRETS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="NAME=FILE:TARGET")
    parser.add_argument("--rows", type=int, default=5_000, help="training rows at most")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--python", help="a Python that has anonymeter")
    parser.add_argument("--envs", default="~/.cache/trasunto/bench", help="where an environment is made")
    asked = parser.parse_args()
    name, _, rest = asked.data.partition("=")
    file, _, target = rest.rpartition(":")
    python = asked.python or environment(Path(asked.envs).expanduser() / "anonymeter")
    whole = tr.read(file).with_role(target, "target")
    real, holdout = (
        part.with_table(part.only.take(range(min(len(part), asked.rows)))) for part in whole.split(seed=asked.seed)
    )
    drawn = tr.fit(real, "tree", seed=asked.seed).sample(len(real), seed=asked.seed + 1)
    tenth = pl.concat([real.rows.head(len(real) // 10), drawn.rows.slice(len(real) // 10)])
    cases = {
        "tree": drawn,
        "one row in ten copied": real.with_table(Table(real.only.schema, tenth)),
        "the training rows": real,
    }
    found = {case: both(real, made, holdout, str(python), asked.seed) for case, made in cases.items()}
    lines = [(case, attack, *pair) for case, attacks in found.items() for attack, pair in attacks.items()]
    print(f"{name}: {len(real)} training rows, {len(holdout)} unseen")
    print("| synthetic rows | attack | ours | anonymeter | agree | CPU s, ours | anonymeter |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for case, attack, ours, theirs in lines:
        cells = (case, attack, told(ours), told(theirs), "yes" if agree(ours, theirs) else "NO", ours["cpu"])
        print("| " + " | ".join(str(cell) for cell in (*cells, theirs["cpu"])) + " |")
    print(json.dumps({"data": name, "rows": len(real), "seed": asked.seed, "attacks": found}))


def both(
    real: Dataset, made: Dataset, holdout: Dataset, python: str, seed: int
) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """By attack: what ours and theirs found."""
    schema = real.only.schema
    usable = [column for column in schema.columns if column.kind not in ("id", "text")]
    names = [column.name for column in usable]
    halves = [names[0::2], names[1::2]]
    chosen = [*schema.of_role("target"), *usable][:SECRETS]
    numbers = {c.name: c.kind in ("number", "integer") and real.rows[c.name].n_unique() > 20 for c in chosen}
    ours = own(Comparison(real, made, holdout, keys=tuple(halves[0]), seed=seed), tuple(numbers))
    with tempfile.TemporaryDirectory() as folder:
        files = {}
        for part, data in (("real", real), ("synthetic", made), ("holdout", holdout)):
            files[part] = str(Path(folder) / f"{part}.parquet")
            data.rows.select(names).write_parquet(files[part])
        job = {**files, "halves": halves, "secrets": numbers, "known": None, "attacks": ATTACKS, "columns": COLUMNS}
        path = Path(folder) / "job.json"
        path.write_text(json.dumps(job), encoding="utf-8")
        done = subprocess.run(
            [python, str(SCRIPTS / "anonymeter_attacks.py"), str(path)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            sys.exit(done.stderr)
    theirs = json.loads(done.stdout.splitlines()[-1])
    return {attack: (ours[attack], theirs[attack]) for attack in ours if attack in theirs}


def own(comparison: Comparison, secrets: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """Ours, by the names of theirs."""
    found: dict[str, dict[str, Any]] = {}
    start = time.process_time()
    singled = {s.subject: s for s in singling_out(comparison) if s.metric == "privacy.singling_out"}
    for ours, theirs in (("one column", "univariate"), ("several columns", "multivariate")):
        if ours in singled:
            found[f"singling out, {theirs}"] = figures(singled[ours], start)
    start = time.process_time()
    found["linkability"] = figures(linkability(comparison)[0], start)
    start = time.process_time()
    everything = Comparison(
        comparison.real, comparison.synthetic, comparison.holdout, secrets=secrets, seed=comparison.seed
    )
    for score in inference(everything):
        if score.metric == "privacy.inference" and score.subject:
            found[f"inference, {score.subject}"] = figures(score, start)
    return found


def figures(score: Score, start: float) -> dict[str, Any]:
    assert score.interval is not None
    return {
        "risk": score.value,
        "interval": list(score.interval),
        "cpu": round(time.process_time() - start, 2),
    }


def told(figure: dict[str, Any]) -> str:
    low, high = figure["interval"]
    return f"{figure['risk']:.3f} ({low:.3f} to {high:.3f})"


def agree(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return bool(one["interval"][0] <= other["interval"][1] and other["interval"][0] <= one["interval"][1])


def environment(folder: Path) -> Path:
    """The Python of an environment that has anonymeter, made when it is not there."""
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        print(f"making the environment {folder}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        wanted = [str(python), "-m", "pip", "install", "--quiet", "-r", str(SCRIPTS / "anonymeter.txt")]
        subprocess.run(wanted, check=True)
        (folder / "ready").touch()
    return python


if __name__ == "__main__":
    main()
