"""Private tables, ours and other people's, side by side: the same rows, budget and public domain.

    python benchmarks/private.py --train train.csv --holdout test.csv --target income [--seeds 5] [--epsilons 0.1,1,10]

Two questions. `codes`: how well are all marginals of three columns kept (mean total variation distance over all of
them, against the training rows) by a table whose domain is small whole numbers? Words are numbered as the domain lists
them, a missing one last; numbers fall into `--bins` equal parts of their range. `values`: how like are rows of the
original values to unseen real ones (C2ST), and how well do they teach (TSTR), at the epsilons of `--values`?

The domain (category lists, ranges, which columns have gaps) is that of both files together and is taken as public, and
so is the number of training rows; everyone is told it. Each method runs in a process of its own, a peer in an
environment of its own. Results are kept in --out, and the same command goes on where it stopped. The last line is
JSON. Noise of a private fit has no seed: seeds tell runs apart, and fix what is drawn from a fitted model.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import trasunto as tr
from judge import read_drawn
from peers import Bench, RunError, plain
from results import Results
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, Schema, TableSchema
from trasunto.data.split import split
from trasunto.errors import TrasuntoError
from trasunto.machine import cores
from trasunto.metrics.measure import measure
from trasunto.metrics.score import Comparison
from trasunto.privacy.domain import declared_from
from trasunto.writing import write_text

# By name: the script, the file of requirements (none for ours), what it is told, and the questions it can answer.
METHODS: dict[str, tuple[str, str | None, dict[str, Any], tuple[str, ...]]] = {
    "marginals": ("trasunto_private.py", None, {"name": "marginals", "settings": {}}, ("codes", "values")),
    "marginals:mst": (
        "trasunto_private.py",
        None,
        {"name": "marginals", "settings": {"method": "mst"}},
        ("codes", "values"),
    ),
    "bayes": ("trasunto_private.py", None, {"name": "bayes", "settings": {}}, ("codes", "values")),
    "autoregressive": ("trasunto_private.py", None, {"name": "autoregressive", "settings": {}}, ("values",)),
    "vae": ("trasunto_private.py", None, {"name": "vae", "settings": {}}, ("values",)),
    "gan": ("trasunto_private.py", None, {"name": "gan", "settings": {}}, ("values",)),
    "dpmm-aim": ("dpmm_private.py", "dpmm.txt", {"method": "aim"}, ("codes", "values")),
    "dpmm-mst": ("dpmm_private.py", "dpmm.txt", {"method": "mst"}, ("codes", "values")),
    "smartnoise-mst": ("smartnoise_private.py", "smartnoise.txt", {"method": "mst"}, ("codes",)),
    "smartnoise-aim": ("smartnoise_private.py", "smartnoise.txt", {"method": "aim"}, ("codes",)),
    "datasynthesizer": ("data_synthesizer_private.py", "datasynthesizer.txt", {}, ("codes",)),
}
QUICK_ROWS = 2_000
# What the table shows, its heading and its decimals.
SHOWN = (
    ("tvd1", "1-way TVD", 4),
    ("tvd2", "2-way TVD", 4),
    ("tvd3", "3-way TVD", 4),
    ("c2st", "C2ST", 3),
    ("tstr", "TSTR AUC", 3),
)


@dataclass(frozen=True)
class Setting:
    """One question at one epsilon, as the results are filed: what is given to everyone."""

    question: str
    epsilon: float
    delta: float

    @property
    def name(self) -> str:
        return f"{self.question}-{self.epsilon:g}"


@dataclass(frozen=True)
class Given:
    """train, holdout: rows of original values, under a declared schema. codes: the training rows as whole numbers.
    sizes: of the domain of each column."""

    train: Dataset
    holdout: Dataset
    codes: Dataset
    sizes: dict[str, int]
    target: str


def main() -> None:
    asked = _arguments()
    given = _given(asked)
    names = [name.strip() for name in asked.methods.split(",") if name.strip()]
    settings = [Setting("codes", epsilon, asked.delta) for epsilon in asked.epsilons]
    settings += [Setting("values", epsilon, asked.delta) for epsilon in asked.values]
    conditions = {"threads": asked.threads, "delta": asked.delta, "bins": asked.bins, "rows": len(given.train)}
    facts = {each.name: {"digest": given.train.digest(), "rows": len(given.train)} for each in settings}
    results = Results(Path(asked.out), conditions, facts)
    results.forget([name.strip() for name in asked.again.split(",") if name.strip()], list(facts))
    bench = Bench(Path(asked.envs).expanduser(), asked.threads, asked.limit, False)
    for seed in range(asked.seeds):
        for setting in settings:
            for name in names:
                if setting.question not in METHODS[name][3] or results.holds(setting.name, seed, name):
                    continue
                results.add(_run(bench, results, given, (setting, seed, name)))
    shown = "\n\n".join(_table(each, results.of(each.name)) for each in settings)
    write_text(Path(asked.out) / "table.md", shown + "\n")
    if not asked.json:
        print(f"\n{shown}\n")
    means = {each.name: _means(results.of(each.name)) for each in settings}
    print(json.dumps({"benchmark": "private", "quick": asked.quick, "delta": asked.delta, "means": means}))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--train", help="training rows (default: half of packaged:thyroid)")
    parser.add_argument("--holdout", help="unseen rows to judge with")
    parser.add_argument("--target", default="on_thyroxine", help="the column to predict")
    parser.add_argument("--methods", default=",".join(METHODS), help=f"of {', '.join(METHODS)}")
    parser.add_argument("--epsilons", type=_numbers, default=[0.1, 1.0, 10.0], help="of the question `codes`")
    parser.add_argument("--values", type=_numbers, default=[1.0], help="epsilons of the question `values`")
    parser.add_argument("--delta", type=float, default=1e-9)
    parser.add_argument("--bins", type=int, default=32, help="equal parts that numbers fall into, in `codes`")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=cores(), help="threads a method may use (default: %(default)s)")
    parser.add_argument("--limit", type=float, default=3_600, help="seconds a run may take (default: %(default)s)")
    parser.add_argument("--again", default="", help="methods whose runs in OUT are thrown away and done again")
    parser.add_argument("--envs", default="~/.cache/trasunto/bench", help="where the peers' environments are kept")
    parser.add_argument("--out", default="trasunto-runs/private", help="results, and every file of synthetic rows")
    parser.add_argument("--quick", action="store_true", help="one seed, few rows, epsilon 1, no peers: a look")
    parser.add_argument("--json", action="store_true", help="print nothing but a line a run and the JSON line")
    asked = parser.parse_args()
    if asked.quick:
        asked.seeds, asked.epsilons = 1, [1.0]
        asked.methods = "marginals,marginals:mst" if asked.methods == parser.get_default("methods") else asked.methods
        asked.out = asked.out if asked.out != parser.get_default("out") else f"{asked.out}-quick"
    return asked


def _numbers(text: str) -> list[float]:
    return [float(each) for each in text.split(",") if each.strip()]


def _given(asked: argparse.Namespace) -> Given:
    """The rows, their public domain, and the same rows as codes."""
    if asked.train is None:
        parts = split(tr.read("packaged:thyroid"), holdout=0.5, seed=0)
        train, holdout = parts.train, parts.holdout
    else:
        train = tr.read(asked.train)
        holdout = tr.read(asked.holdout, schema=train.schema)
    kept = [column.name for column in train.only.schema.columns if column.kind not in ("id", "text")]
    # Values in plain spelling, a missing one as nothing, which every peer reads.
    schema = TableSchema(tuple(plain(train.only.schema[name], words=True) for name in kept))
    rows = train.rows.select(kept)
    if asked.quick and len(train) > QUICK_ROWS:
        rows = rows[np.sort(np.random.default_rng(0).choice(len(train), QUICK_ROWS, replace=False))]
    unseen = holdout.rows.select(kept)
    both = Dataset.of(Table(schema, pl.concat([train.rows.select(kept), unseen])), "table")
    public = declared_from(both).only
    public = public.with_column(replace(public[asked.target], role="target"))
    domain = {column.name: _coding(column, asked.bins) for column in public.columns}
    coded = pl.DataFrame([_codes(rows[name], domain[name]) for name in kept])
    columns = tuple(Column(name, "integer", False, bounds=(0, _size(domain[name]) - 1), declared=True) for name in kept)
    return Given(
        Dataset.of(Table(public, rows), "table"),
        Dataset.of(Table(public, unseen), "table"),
        Dataset.of(Table(TableSchema(columns), coded), "table"),
        {name: _size(domain[name]) for name in kept},
        asked.target,
    )


def _coding(column: Column, bins: int) -> dict[str, Any]:
    """How the values of a column are numbered, from what is public alone."""
    if column.kind == "boolean":
        return {"words": [False, True], "null": column.nullable}
    if column.kind == "category":
        return {"words": list(column.categories or ()), "null": column.nullable}
    low, high = (_as_number(each) for each in column.bounds or (0, 0))
    whole = column.kind == "integer" and high - low < bins
    cuts = np.arange(low + 1, high + 1) if whole else np.linspace(low, high, bins + 1)[1:-1]
    return {"cuts": cuts, "null": column.nullable}


def _as_number(bound: Any) -> float:
    return float(np.datetime64(bound, "us").astype(np.int64)) if isinstance(bound, str) else float(bound)


def _size(coding: dict[str, Any]) -> int:
    return (len(coding["words"]) if "words" in coding else len(coding["cuts"]) + 1) + coding["null"]


def _codes(values: pl.Series, coding: dict[str, Any]) -> pl.Series:
    last = _size(coding) - 1
    if "words" in coding:
        found = values.replace_strict(coding["words"], list(range(len(coding["words"]))), default=last)
    else:
        numbers = values.cast(pl.Int64) if values.dtype == pl.Datetime("us") else values
        placed = np.searchsorted(coding["cuts"], numbers.fill_null(0).cast(pl.Float64).to_numpy(), side="right")
        found = pl.Series(values.name, np.where(values.is_null().to_numpy(), last, placed))
    return found.cast(pl.Int64).alias(values.name)


def _run(bench: Bench, results: Results, given: Given, what: tuple[Setting, int, str]) -> dict[str, Any]:
    """One method with one seed, measured."""
    setting, seed, name = what
    found: dict[str, Any] = {"data": setting.name, "seed": seed, "method": name}
    folder = results.folder(setting.name, seed, name).resolve()
    real = given.codes if setting.question == "codes" else given.train
    try:
        script, requirements, told, _ = METHODS[name]
        job = _job(folder, real, given, setting, told, ours=requirements is None)
        found["times"] = bench.done(folder, real, script, requirements, {**job, "rows": len(real), "seed": seed})
        made, found["unreadable"] = read_drawn(folder / "synthetic.csv", real.schema)
        found["scores"] = _errors(given, made) if setting.question == "codes" else _likeness(given, made)
        figures = "  ".join(f"{key} {value:.4f}" for key, value in found["scores"].items())
        print(f"{setting.name} seed {seed} {name}: {_seconds(found, 'wall'):.1f} s, {figures}", flush=True)
    except (RunError, TrasuntoError) as error:
        found = {"data": setting.name, "seed": seed, "method": name, "failed": str(error)}
        print(f"{setting.name} seed {seed} {name}: FAILED: {error}", flush=True)
    return found


def _job(
    folder: Path, real: Dataset, given: Given, setting: Setting, told: dict[str, Any], *, ours: bool
) -> dict[str, Any]:
    """What a method is told."""
    kinds = {each.name: each.kind for each in real.only.schema.columns}
    if ours:
        schema = folder.parent / f"{folder.name}.schema.json"
        folder.parent.mkdir(parents=True, exist_ok=True)
        Schema({"train": real.only.schema}).save(schema)
        budget = {"epsilon": setting.epsilon, "delta": setting.delta, "rows": len(real)}
        return {"kinds": kinds, "settings": {**told, "schema": str(schema), "budget": budget}}
    settings: dict[str, Any] = {**told, "epsilon": setting.epsilon, "delta": setting.delta}
    if setting.question == "codes":
        return {"kinds": kinds, "settings": {**settings, "sizes": given.sizes}}
    domain: dict[str, Any] = {}
    for column in real.only.schema.columns:
        if column.kind in ("integer", "number"):
            low, high = column.bounds or (0, 0)
            domain[column.name] = {"lower": low, "upper": high}
        else:
            domain[column.name] = {"categories": list(column.categories or ("false", "true"))}
    return {"kinds": kinds, "settings": {**settings, "domain": domain}}


def _errors(given: Given, made: Dataset) -> dict[str, float]:
    """Mean total variation distance over all marginals of one, two and three columns."""
    names = list(given.sizes)
    real, drawn = (
        [np.clip(each.rows[name].fill_null(0).to_numpy(), 0, given.sizes[name] - 1) for name in names]
        for each in (given.codes, made)
    )
    found = {}
    for size in (1, 2, 3):
        off = []
        for columns in itertools.combinations(range(len(names)), size):
            shape = [given.sizes[names[at]] for at in columns]
            shares = [
                np.bincount(np.ravel_multi_index([rows[at] for at in columns], shape), minlength=int(np.prod(shape)))
                / len(rows[0])
                for rows in (real, drawn)
            ]
            off.append(0.5 * float(np.abs(shares[0] - shares[1]).sum()))
        found[f"tvd{size}"] = statistics.fmean(off)
    return found


def _likeness(given: Given, made: Dataset) -> dict[str, float]:
    comparison = Comparison(given.train, made, given.holdout, target=given.target)
    c2st, tstr = (measure(comparison, [name])[0] for name in ("fidelity.c2st", "utility.tstr"))
    return {"c2st": c2st.value, "tstr": tstr.value}


def _seconds(run: dict[str, Any], which: str) -> float:
    return float(run["times"][f"fit_{which}"] + run["times"][f"sample_{which}"])


def _means(runs: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """By method, the mean of every figure over seeds."""
    found = {}
    for method in dict.fromkeys(run["method"] for run in runs if "failed" not in run):
        mine = [run for run in runs if run["method"] == method and "failed" not in run]
        keys = mine[0]["scores"]
        means = {key: statistics.fmean(run["scores"][key] for run in mine) for key in keys}
        found[method] = {
            **means,
            **{which: statistics.fmean(_seconds(run, which) for run in mine) for which in ("wall", "cpu")},
            "seeds": float(len(mine)),
        }
    return found


def _table(setting: Setting, runs: list[dict[str, Any]]) -> str:
    """Means and standard deviations over seeds, a line a method."""
    heads = [each for each in SHOWN if any(each[0] in run.get("scores", {}) for run in runs)]
    lines = [f"### {setting.question}, epsilon {setting.epsilon:g}, delta {setting.delta:g}", ""]
    lines.append("| method | seeds | wall, s | CPU, s | " + " | ".join(head for _, head, _ in heads) + " |")
    lines.append("|---" * (4 + len(heads)) + "|")
    for name in METHODS:
        mine = [run for run in runs if run["method"] == name]
        done = [run for run in mine if "failed" not in run]
        if done:
            times = [f"{statistics.fmean(_seconds(run, which) for run in done):.1f}" for which in ("wall", "cpu")]
            cells = [_spread([run["scores"][key] for run in done], places) for key, _, places in heads]
            lines.append("| " + " | ".join([name, str(len(done)), *times, *cells]) + " |")
        for why in dict.fromkeys(run["failed"] for run in mine if "failed" in run):
            lines.append(f"| {name} | failed: {why} |" + " |" * (2 + len(heads)))
    return "\n".join(lines)


def _spread(values: list[float], places: int) -> str:
    mean = f"{statistics.fmean(values):.{places}f}"
    return f"{mean} ± {statistics.stdev(values):.{places}f}" if len(values) > 1 else mean


if __name__ == "__main__":
    try:
        main()
    except TrasuntoError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("Stopped. The same command goes on from here.")
