"""Sequences: ours and other people's, one judge.

    python benchmarks/related.py cut --data cdnow --source FOLDER --out CUT
    python benchmarks/sequences.py run --cut CUT --table purchases --out CUT/sequences
    python benchmarks/sequences.py score --cut CUT --table purchases --synthetic FOLDER [FOLDER ...] --out results.json

`run` fits to the table's events in train and draws as many entities. `score` judges folders that hold the table as
CSV: train is what was fitted, holdout entities that nothing has seen. Peers are in `peers/` (sdv_par.py,
mostlyai_related.py, sdv_hma.py).
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import trasunto as tr
from cut_folders import fitted_and_drawn, judged, show
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Schema, TableSchema
from trasunto.metrics.measure import measure
from trasunto.metrics.score import Comparison, Score

METRICS = tuple(
    f"sequences.{name}"
    for name in ("lengths", "gaps", "transitions", "autocorrelation", "totals", "discriminative", "forecasting")
)


def main() -> None:
    asked = _arguments()
    asked.act(asked)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    acts = parser.add_subparsers(required=True)
    running = acts.add_parser("run", help="fit one of ours to the train folder and draw as many entities")
    running.add_argument("--cut", required=True, help="what `related.py cut` wrote")
    running.add_argument("--table", required=True)
    running.add_argument("--out", required=True)
    running.add_argument("--synthesizer", default="sequences")
    running.add_argument("--settings", default="{}", help="JSON")
    running.add_argument("--seed", type=int, default=0)
    running.set_defaults(act=_run)
    scoring = acts.add_parser("score", help="judge folders of synthetic events")
    scoring.add_argument("--cut", required=True)
    scoring.add_argument("--table", required=True)
    scoring.add_argument("--synthetic", required=True, nargs="+", metavar="[NAME=]FOLDER")
    scoring.add_argument("--metrics", default=",".join(METRICS))
    scoring.add_argument("--seed", type=int, default=0)
    scoring.add_argument("--details", action="store_true", help="show every score, not only headlines")
    scoring.add_argument("--out", help="JSON file of all scores, added to")
    scoring.set_defaults(act=_score)
    return parser.parse_args()


def schema_of(cut: Path, table: str) -> Schema:
    """The one table, without keys to others."""
    whole = Schema.load(cut / "schema.json").tables[table]
    return Schema({table: replace(whole, foreign_keys=())})


def read(folder: Path, schema: Schema) -> Dataset:
    """The table from a folder of CSV files."""
    (name,) = schema.tables
    return tr.read(str(folder / f"{name}.csv"), schema=schema)


def _run(asked: argparse.Namespace) -> None:
    cut, out = Path(asked.cut), Path(asked.out)
    real = read(cut / "train", schema_of(cut, asked.table))
    entity = (real.only.schema.sequence or ("", ""))[0]
    entities = real.rows[entity].n_unique()
    made = fitted_and_drawn(real, asked.synthesizer, asked.settings, entities, seed=asked.seed, out=out)
    (out / "synthetic").mkdir(parents=True, exist_ok=True)
    made.write(out / "synthetic" / f"{asked.table}.csv")


def _score(asked: argparse.Namespace) -> None:
    cut = Path(asked.cut)
    schema = schema_of(cut, asked.table)
    real, holdout = (read(cut / part, schema) for part in ("train", "holdout"))
    metrics = asked.metrics.split(",")

    def judge(place: Path) -> tuple[Score, ...]:
        made = only(read(place, schema), schema.only)
        return measure(Comparison(real, made, holdout, seed=asked.seed), metrics)

    found = judged(asked.synthetic, judge)
    show(found, table(found), details=asked.details, out=asked.out)


def only(dataset: Dataset, schema: TableSchema) -> Dataset:
    """The columns of the schema."""
    return dataset.with_table(Table(schema, dataset.rows.select(schema.names)))


def table(found: dict[str, list[Score]]) -> str:
    """Markdown: errors (0 is best), the area under the curve (0.5), R² (1); what unseen entities reach stands last."""
    heads = {name: {score.metric: score for score in scores if not score.subject} for name, scores in found.items()}
    metrics = list(dict.fromkeys(metric for each in heads.values() for metric in each))
    heading = " | ".join(metric.partition(".")[2] for metric in metrics)
    lines = [f"| | {heading} |", "|---" * (len(metrics) + 1) + "|"]
    for name, each in heads.items():
        shown = [f"{each[metric].value:.3f}" if metric in each else "" for metric in metrics]
        lines.append(f"| {name} | " + " | ".join(shown) + " |")
    last = next(iter(heads.values()))
    for label in ("control", "baseline"):
        values = [getattr(last[metric], label) if metric in last else None for metric in metrics]
        lines.append(f"| {label} | " + " | ".join("" if v is None else f"{v:.3f}" for v in values) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
