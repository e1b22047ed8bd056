"""Other generators and ours, side by side: the same rows, the same machine, one judge, one table.

    python benchmarks/peers.py --data adult=adult.csv:income --seeds 3 --peers sdv-copula,synthpop --ours tree

Every data set is cut in two halves by seed. Each method fits to one half in a process of its own, each peer in an
environment of its own that is made when it is first needed, and draws as many rows; the other half judges. A method may
carry settings: `ctgan:epochs=50`. Results are written after every run, and the same command goes on where it stopped.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import trasunto as tr
from judge import epochs_table, judged, means, read_drawn, table, told
from results import Results
from trasunto import registry
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, Format, TableSchema
from trasunto.data.split import split
from trasunto.errors import RecipeError, TrasuntoError, near
from trasunto.machine import cores
from trasunto.writing import write_text

SCRIPTS = Path(__file__).parent / "peers"
# By name: the script, and the file of requirements that makes its environment.
PEERS = {
    "sdv-copula": ("sdv_copula.py", "sdv.txt"),
    "ctgan": ("sdv_ctgan.py", "sdv.txt"),
    "tvae": ("sdv_tvae.py", "sdv.txt"),
    "mostlyai": ("mostlyai_argn.py", "mostlyai.txt"),
    "synthpop": ("synthpop_cart.py", "synthpop.txt"),
    "datasynthesizer": ("data_synthesizer.py", "datasynthesizer.txt"),
    "arfpy": ("arfpy_forest.py", "arfpy.txt"),
}
# Those of ours that are asked for when nothing is said, as far as they are there.
OURS = ("tree", "independent", "distributions", "bayes", "gan", "vae", "autoregressive", "diffusion")
PACKAGED = ("thyroid=packaged:thyroid:on_thyroxine", "breast_cancer=packaged:breast_cancer:target")
QUICK_ROWS = 4_000
# What the slow ones are cut to for a look; the names of the rows say so.
QUICK_EPOCHS = 10
QUICK: dict[str, dict[str, Any]] = {
    "mostlyai": {"max_epochs": 5},
    "datasynthesizer": {"k": 1},
    "arfpy": {"num_trees": 5},
}
# Fitted for so many epochs; the slope is the time of one, without what comes before the first and after the last. An
# epoch of few rows is short, and more of them are needed to see it. The median of so many slopes is told.
FEW_EPOCHS, MANY_EPOCHS, MORE_EPOCHS, SLOPES = 2, 32, 52, 3
MANY_ROWS = 10_000


@dataclass(frozen=True)
class Given:
    """One data set: rows, the column to predict, and the columns left out for everyone (identifiers, free text)."""

    name: str
    address: str
    rows: Dataset
    target: str | None
    left_out: tuple[str, ...]

    def facts(self) -> dict[str, Any]:
        size = {"rows": len(self.rows), "columns": self.rows.rows.width, "left_out": list(self.left_out)}
        return {"address": self.address, "target": self.target, **size, "digest": self.rows.digest()}


@dataclass(frozen=True)
class Method:
    """A peer, or a method of ours, with the settings that are not its own defaults."""

    name: str
    settings: dict[str, Any]
    ours: bool

    @property
    def label(self) -> str:
        return ":".join([self.name, *(f"{key}={value}" for key, value in self.settings.items())])

    @staticmethod
    def parse(text: str, ours: bool) -> Method:
        name, *settings = text.split(":")
        known = registry.names("synthesizers") if ours else list(PEERS)
        if name not in known:
            raise RecipeError(f"No {'method' if ours else 'peer'} called {name!r}.", near(name, known))
        pairs = [each.partition("=") for each in settings]
        return Method(name, {key: _value(value) for key, _, value in pairs}, ours)


class RunError(Exception):
    """A method that gave no rows, and why in one line."""


def main() -> None:
    asked = _arguments()
    methods = [Method.parse(text, True) for text in _listed(asked.ours)]
    methods += [Method.parse(text, False) for text in _listed(asked.peers)]
    if asked.quick:
        methods = [replace(each, settings={**_quick(each), **each.settings}) for each in methods]
    data = [_given(text, asked.rows) for text in asked.data]
    out = Path(asked.out)
    conditions = {"threads": asked.threads, "tell_target": asked.tell_target}
    results = Results(out, conditions, {given.name: given.facts() for given in data})
    results.forget(_listed(asked.again), [given.name for given in data])
    bench = Bench(Path(asked.envs).expanduser(), asked.threads, asked.limit, asked.tell_target)
    once = _listed(asked.once)
    for seed in range(asked.seeds):
        for given in data:
            wanted = [m for m in methods if seed == 0 or m.name not in once]
            todo = [m for m in wanted if not results.holds(given.name, seed, m.label)]
            if todo:
                _runs(bench, results, given, seed, todo)
    for given in data:
        for method in methods:
            if asked.epochs and asked.seeds and _has_epochs(method):
                _epochs(bench, results, given, method)
    runs = {name: results.of(name) for name in results.data}
    ours = next((method.label for method in methods if method.ours), None)
    shown = "\n\n".join(table(name, found, _shown(methods, found), ours, asked.shared) for name, found in runs.items())
    shown += epochs_table(results.epochs())
    write_text(out / "table.md", shown + "\n")
    print(f"\n{shown}\n")
    found = means([run for each in runs.values() for run in each])
    print(json.dumps({"benchmark": "peers", "quick": asked.quick, "means": found}))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    wide = f"NAME=FILE.csv[:target], or NAME=packaged:NAME[:target] (default: {' '.join(PACKAGED)})"
    parser.add_argument("--data", action="extend", nargs="+", default=[], metavar="NAME=FILE", help=wide)
    parser.add_argument("--peers", default=",".join(PEERS), help=f"of {', '.join(PEERS)}; empty for none")
    mine = ",".join(name for name in OURS if name in registry.names("synthesizers"))
    parser.add_argument("--ours", default=mine, help=f"times are set against the first (default: {mine})")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--once", default="", metavar="NAMES", help="methods that run with the first seed alone")
    parser.add_argument("--epochs", action=argparse.BooleanOptionalAction, default=True, help="also time one epoch")
    parser.add_argument("--shared", action="store_true", help="the machine is shared: leave wall time out of the table")
    parser.add_argument("--rows", type=int, help="use at most so many rows of a data set, train and holdout together")
    parser.add_argument("--threads", type=int, default=cores(), help="threads a method may use (default: %(default)s)")
    parser.add_argument("--limit", type=float, default=3600, help="seconds a run may take (default: %(default)s)")
    parser.add_argument("--tell-target", action="store_true", help="tell our methods which column is to be predicted")
    parser.add_argument("--again", default="", help="methods whose runs in OUT are thrown away and done again")
    parser.add_argument("--envs", default="~/.cache/trasunto/bench", help="where the peers' environments are kept")
    parser.add_argument("--out", default="trasunto-runs/bench", help="results, and every file of synthetic rows")
    parser.add_argument("--quick", action="store_true", help="one seed, few rows, few epochs: a look, in minutes")
    asked = parser.parse_args()
    asked.data = asked.data or list(PACKAGED)
    if asked.quick:
        asked.seeds, asked.rows = 1, asked.rows or QUICK_ROWS
        asked.out = asked.out if asked.out != parser.get_default("out") else f"{asked.out}-quick"
    return asked


def _given(text: str, most: int | None) -> Given:
    """Read a data set. Two files joined by "+" are one."""
    name, _, rest = text.partition("=")
    if rest.startswith("packaged:"):
        kind, packaged, *last = rest.split(":")
        address, target = f"{kind}:{packaged}", last[0] if last else None
    elif all(Path(part).exists() for part in rest.split("+")):
        address, target = rest, None
    else:
        address, _, target = rest.rpartition(":")
    if not name or not address:
        raise RecipeError(f"Cannot read --data {text!r}, or its file is not there.", "Write NAME=FILE.csv:TARGET.")
    first, *others = [address] if Path(address).exists() else address.split("+")
    real = tr.read(first)
    tables = [real.rows, *(tr.read(other, schema=real.schema).rows for other in others)]
    kept = [column for column in real.only.schema.columns if column.kind not in ("id", "text")]
    rows = pl.concat(tables).select([column.name for column in kept])
    if most is not None and most < rows.height:
        rows = rows[np.sort(np.random.default_rng(0).choice(rows.height, most, replace=False))]
    whole = Dataset.of(Table(TableSchema(tuple(plain(column) for column in kept)), rows), name)
    if target is not None:
        _ = whole.only.schema[target]
    left_out = tuple(each for each in real.only.schema.names if each not in rows.columns)
    return Given(name, address, whole, target, left_out)


def plain(column: Column, *, words: bool = False) -> Column:
    """Numbers and dates in plain notation, which every peer reads; words as they stand, unless asked for."""
    if column.kind in ("integer", "number", "datetime"):
        form = Format(decimals=column.format.decimals, date_only=column.format.date_only)
        return replace(column, format=form)
    return replace(column, format=Format()) if words else column


def _decimals(train: Dataset) -> dict[str, int]:
    """The most decimals of each column of numbers, where none is written with an exponent."""
    text = {column.name: train.rows[column.name].cast(pl.String) for column in train.only.schema.of_kind("number")}
    return {
        name: int(values.str.extract(r"\.(\d+)$").str.len_chars().max() or 0)
        for name, values in text.items()
        if not values.str.contains("[eE]").any()
    }


def _runs(bench: Bench, results: Results, given: Given, seed: int, methods: list[Method]) -> None:
    """Every method on one cut of one data set, judged and written down one by one."""
    parts = split(given.rows, holdout=0.5, seed=seed)
    for method in methods:
        # Another benchmark that fills the same folder may have done it meanwhile.
        if results.holds(given.name, seed, method.label):
            continue
        found: dict[str, Any] = {"data": given.name, "seed": seed, "method": method.label}
        try:
            folder = results.folder(given.name, seed, method.label)
            found["times"] = bench.run(folder, given, parts.train, seed, method)
            made, found["unreadable"] = read_drawn(folder / "synthetic.csv", given.rows.schema)
            scores = judged(parts.train, made, parts.holdout, given.target)
            found["scores"] = {name: score.to_dict() for name, score in scores.items()}
        except (RunError, TrasuntoError) as error:
            found = {"data": given.name, "seed": seed, "method": method.label, "failed": str(error)}
        results.add(found)
        print(told(found), flush=True)


def _quick(method: Method) -> dict[str, Any]:
    return {"epochs": QUICK_EPOCHS} if _has_epochs(method) else {} if method.ours else QUICK.get(method.name, {})


def _shown(methods: list[Method], runs: list[dict[str, Any]]) -> list[str]:
    """Ours, then the peers: those asked for, and what else was measured before."""
    labels = [method.label for method in methods]
    every = list(dict.fromkeys([*labels, *(run["method"] for run in runs)]))
    mine = [label for label in every if label.partition(":")[0] not in PEERS]
    return [*mine, *(label for label in every if label not in mine)]


def _has_epochs(method: Method) -> bool:
    if method.ours:
        return any(field.name == "epochs" for field in fields(registry.load("synthesizers", method.name)))
    return method.name in ("ctgan", "tvae")


def _epochs(bench: Bench, results: Results, given: Given, method: Method) -> None:
    """The time of one epoch of a method, by the differences of two fits."""
    rest = replace(method, settings={key: each for key, each in method.settings.items() if key != "epochs"})
    if any((each["data"], each["method"]) == (given.name, rest.label) for each in results.epochs()):
        return
    folder = results.epoch_folder(given.name, rest.label)
    train = split(given.rows, holdout=0.5, seed=0).train
    most = MANY_EPOCHS if len(train) >= MANY_ROWS else MORE_EPOCHS
    short, long = (replace(rest, settings={**rest.settings, "epochs": epochs}) for epochs in (FEW_EPOCHS, most))
    slopes: dict[str, list[float]] = {"wall": [], "cpu": []}
    try:
        for _ in range(SLOPES):
            few, many = (bench.run(folder, given, train, 0, counted, rows=100) for counted in (short, long))
            for key, found in slopes.items():
                found.append((many[f"fit_{key}"] - few[f"fit_{key}"]) / (most - FEW_EPOCHS))
    except RunError as error:
        print(f"{given.name} {rest.label}: no time of an epoch: {error}", flush=True)
        return
    each = {key: float(np.median(found)) for key, found in slopes.items()}
    results.add_epoch({"data": given.name, "method": rest.label, "rows": len(train), **each})
    spread = f"{min(slopes['wall']):.3f} to {max(slopes['wall']):.3f}"
    print(f"{given.name} {rest.label}: {each['wall']:.3f} s an epoch ({spread})", flush=True)


class Bench:
    """Runs a method in a process of its own: ours with this Python, a peer with that of its environment."""

    def __init__(self, envs: Path, threads: int, limit: float, tell_target: bool) -> None:
        self.envs, self.threads, self.limit, self.tell_target = envs, threads, limit, tell_target
        self.broken: dict[str, str] = {}

    def run(
        self, folder: Path, given: Given, train: Dataset, seed: int, method: Method, rows: int | None = None
    ) -> dict[str, Any]:
        """Fill the folder with synthetic.csv; the times. RunError when there are no rows."""
        settings, script, requirements = dict(method.settings), "trasunto_own.py", None
        if method.ours:
            to_predict = {"target": given.target} if self.tell_target and given.target else {}
            settings = {"method": method.name, **to_predict, **settings}
        else:
            script, requirements = PEERS[method.name]
        columns = train.only.schema.columns
        kinds = {each.name: "date" if each.format.date_only else each.kind for each in columns}
        job = {"kinds": kinds, "decimals": _decimals(train), "settings": settings, "seed": seed}
        return self.done(folder, train, script, requirements, {**job, "rows": rows or len(train)})

    def done(
        self, folder: Path, train: Dataset, script: str, requirements: str | None, job: dict[str, Any]
    ) -> dict[str, Any]:
        """Run a script on rows, with this Python or that of a peer's environment. job: fields of a Job but the files.

        The folder then holds synthetic.csv; the times are the result. RunError when there are no rows.
        """
        folder = folder.resolve()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        train.write(folder / "train.csv")
        python = sys.executable if requirements is None else str(self._python(requirements))
        told = {"decimals": {}, **job, "train": str(folder / "train.csv")}
        write_text(folder / "job.json", json.dumps(told))
        started = time.monotonic()
        self._finish([python, str(SCRIPTS / script), str(folder)], folder / "log.txt")
        process = time.monotonic() - started
        times = json.loads((folder / "times.json").read_text(encoding="utf-8"))
        return {**times, "process_wall": process}

    def _finish(self, program: list[str], log: Path) -> None:
        names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS")
        surroundings = {**os.environ, **dict.fromkeys(names, str(self.threads)), "PYTHONHASHSEED": "0"}
        surroundings.pop("PYTHONPATH", None)
        with log.open("wb") as file:
            running = subprocess.Popen(
                program, stdout=file, stderr=subprocess.STDOUT, env=surroundings, start_new_session=True
            )
            try:
                code = running.wait(self.limit)
            except subprocess.TimeoutExpired:
                raise RunError(f"stopped after {self.limit:g} s") from None
            finally:
                # Also what it started itself, and also on Ctrl-C.
                if running.poll() is None:
                    os.killpg(running.pid, signal.SIGKILL)
                    running.wait()
        if code:
            raise RunError(_last_line(log))

    def _python(self, requirements: str) -> Path:
        """The Python of a peer's environment, made when it is not there. RunError when it cannot be made."""
        if requirements in self.broken:
            raise RunError(self.broken[requirements])
        text = (SCRIPTS / requirements).read_text(encoding="utf-8")
        mark = hashlib.sha256(f"{text}{sys.version}".encode()).hexdigest()[:8]
        folder = self.envs / f"{Path(requirements).stem}-{mark}"
        python = folder / "bin" / "python"
        if (folder / "ready").exists():
            return python
        print(f"making the environment {folder}", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        log = folder / "log.txt"
        with log.open("wb") as file:
            for step in _steps(SCRIPTS / requirements, folder, python):
                if subprocess.run(step, stdout=file, stderr=subprocess.STDOUT, check=False).returncode:
                    self.broken[requirements] = f"its environment cannot be made: {_last_line(log)}"
                    raise RunError(self.broken[requirements])
        (folder / "ready").touch()
        return python


def _steps(requirements: Path, folder: Path, python: Path) -> list[list[str]]:
    """Commands that make an environment. torch comes first and alone, so that nothing else picks another build."""
    lines = [line.strip() for line in requirements.read_text(encoding="utf-8").splitlines()]
    pip = [str(python), "-m", "pip"]
    steps = [[sys.executable, "-m", "venv", str(folder)], [*pip, "install", "--quiet", "--upgrade", "pip"]]
    torch = [line for line in lines if line.startswith("torch==")]
    if torch:
        steps.append([*pip, "install", "--quiet", *torch])
    steps.append([*pip, "install", "--quiet", "-r", str(requirements)])
    for line in lines:
        if line.startswith("# uninstall:"):
            steps.append([*pip, "uninstall", "--quiet", "--yes", *line.partition(":")[2].split()])
    return steps


def _listed(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _last_line(log: Path) -> str:
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return lines[-1].strip()[:200] if lines else "it ended without a word"


if __name__ == "__main__":
    try:
        main()
    except TrasuntoError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("Stopped. The same command goes on from here.")
