"""Related tables: ours and other people's, one judge.

    python benchmarks/related.py cut --data berka --source FOLDER --out FOLDER/berka
    python benchmarks/related.py run --cut FOLDER/berka --out FOLDER/berka/relational
    python benchmarks/related.py redraw --cut FOLDER/berka --tables district,account,order --out FOLDER/berka/redrawn
    python benchmarks/related.py score --cut FOLDER/berka --synthetic FOLDER [FOLDER ...] --out results.json

`cut` halves the set by its root rows, so that a root row and all that hangs from it fall on one side; tables that are
shared stand on both. It leaves schema.json and the folders train and holdout, one CSV a table. `run` fits ours to train
and writes as many rows. `redraw` draws real rows of a table with replacement, each with all that hangs from it: what
drawing so few anew costs whoever knows them perfectly. `score` judges folders of CSV files, one a table, whoever wrote
them: train is what was fitted, holdout what nothing has seen. The peers are in `peers/` (sdv_hma.py,
mostlyai_related.py).
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

import trasunto as tr
from cut_folders import fitted_and_drawn, judged, show
from trasunto.connectors.files import Folder
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, ForeignKey, Schema, TableSchema
from trasunto.metrics.related import Related, measure_related
from trasunto.metrics.score import Score

# Primary keys, and links as (table, column, parent, its column), by data set; parents before children.
KEYS = {
    "berka": {
        "district": "district_id",
        "account": "account_id",
        "client": "client_id",
        "disp": "disp_id",
        "card": "card_id",
        "loan": "loan_id",
        "order": "order_id",
    },
    "cdnow": {"users": "id", "purchases": None},
}
LINKS = {
    "berka": (
        ("account", "district_id", "district", "district_id"),
        ("client", "district_id", "district", "district_id"),
        ("disp", "client_id", "client", "client_id"),
        ("disp", "account_id", "account", "account_id"),
        ("card", "disp_id", "disp", "disp_id"),
        ("loan", "account_id", "account", "account_id"),
        ("order", "account_id", "account", "account_id"),
    ),
    "cdnow": (("purchases", "users_id", "users", "id"),),
}
ROOT = {"berka": ("account", "account_id"), "cdnow": ("users", "id")}
SHARED = {"berka": ("district",), "cdnow": ()}
SEQUENCES = {"cdnow": {"purchases": ("users_id", "date")}}


def main() -> None:
    asked = _arguments()
    asked.act(asked)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    acts = parser.add_subparsers(required=True)
    cutting = acts.add_parser("cut", help="halve a data set by its root rows")
    cutting.add_argument("--data", required=True, choices=sorted(KEYS))
    cutting.add_argument("--source", required=True, help="folder of its CSV files, gzipped or not")
    cutting.add_argument("--out", required=True)
    cutting.add_argument("--share", type=float, default=1.0, help="of the root rows, the first by hash")
    cutting.set_defaults(act=lambda asked: cut(asked.data, Path(asked.source), Path(asked.out), asked.share))
    running = acts.add_parser("run", help="fit one of ours to the train folder and write as many rows")
    running.add_argument("--cut", required=True, help="what `cut` wrote")
    running.add_argument("--out", required=True)
    running.add_argument("--synthesizer", default="relational")
    running.add_argument("--settings", default="{}", help="JSON")
    running.add_argument("--copied", default="", help="tables to copy, with commas between")
    running.add_argument("--seed", type=int, default=0)
    running.set_defaults(act=_run)
    again = acts.add_parser("redraw", help="draw real rows of a table with replacement, and all that hangs from them")
    again.add_argument("--cut", required=True, help="what `cut` wrote")
    again.add_argument("--tables", required=True, help="a table, and those that hang from it by one key each")
    again.add_argument("--out", required=True)
    again.add_argument("--seed", type=int, default=0)
    again.set_defaults(act=_redraw)
    scoring = acts.add_parser("score", help="judge folders of synthetic tables")
    scoring.add_argument("--cut", required=True, help="what `cut` wrote")
    scoring.add_argument("--synthetic", required=True, nargs="+", metavar="[NAME=]FOLDER")
    scoring.add_argument("--tables", default="", help="only these, with commas between")
    scoring.add_argument("--metrics", default="", help="only these, with commas between")
    scoring.add_argument("--seed", type=int, default=0)
    scoring.add_argument("--details", action="store_true", help="show every score, not only headlines")
    scoring.add_argument("--out", help="JSON file of all scores, added to")
    scoring.set_defaults(act=_score)
    return parser.parse_args()


def cut(data: str, source: Path, out: Path, share: float = 1.0) -> None:
    """Write schema.json, train and holdout."""
    files = {name: next(source.glob(f"{name}.csv*")) for name in KEYS[data]}
    read = {name: _keyed(data, name, tr.read(str(file)).only) for name, file in files.items()}
    root, key = ROOT[data]
    hashes = {each: _hash(data, each) for each in read[root].rows[key].to_list()}
    kept = [each for each, number in hashes.items() if number // 2 % 10_000 < 10_000 * share]
    schema = Schema({name: table.schema for name, table in read.items()})
    out.mkdir(parents=True, exist_ok=True)
    schema.save(out / "schema.json")
    for part, side in (("train", 0), ("holdout", 1)):
        rows = _from(data, read, [each for each in kept if hashes[each] % 2 == side])
        made = Dataset(schema, {name: Table(schema.tables[name], rows[name]) for name in read})
        made.write(out / part)
        print(part, {name: len(table) for name, table in made.tables.items()})


def _run(asked: argparse.Namespace) -> None:
    folder, out = Path(asked.cut), Path(asked.out)
    schema = Schema.load(folder / "schema.json")
    copied = [name for name in asked.copied.split(",") if name]
    schema = Schema({n: replace(t, copied=True) if n in copied else t for n, t in schema.tables.items()})
    real = Folder(folder / "train").read(schema=schema)
    made = fitted_and_drawn(real, asked.synthesizer, asked.settings, None, seed=asked.seed, out=out)
    made.write(out / "synthetic")


def _redraw(asked: argparse.Namespace) -> None:
    folder, names = Path(asked.cut), asked.tables.split(",")
    whole = Schema.load(folder / "schema.json")
    schema = only(whole, names)
    redrawn(read(folder / "train", whole, schema), names, asked.seed).write(Path(asked.out))


def redrawn(real: Dataset, names: Sequence[str], seed: int) -> Dataset:
    """As many rows of the first table, drawn from it with replacement, and copies of all that hangs from each.

    names: parents before children; every other table has one key to one of those before it.
    """
    first = real.tables[names[0]].rows
    places = np.random.default_rng(seed).integers(0, len(first), len(first))
    made = {names[0]: first[places.tolist()].with_row_index("copy")}
    for name in names[1:]:
        (key,) = real.schema.tables[name].foreign_keys
        above = made[key.table].select(pl.col(key.references[0]).alias(key.columns[0]), pl.col("copy").alias("above"))
        rows = above.join(real.tables[name].rows, on=key.columns[0], maintain_order="left")
        made[name] = rows.with_row_index("copy")
    tables = {}
    for name, rows in made.items():
        schema = real.schema.tables[name]
        keys = [pl.col("copy").cast(pl.Int64).alias(each) for each in schema.primary_key]
        keys += [pl.col("above").cast(pl.Int64).alias(key.columns[0]) for key in schema.foreign_keys]
        tables[name] = Table(schema, rows.with_columns(keys).select(schema.names))
    return Dataset.holding(tables)


def _score(asked: argparse.Namespace) -> None:
    folder = Path(asked.cut)
    whole = Schema.load(folder / "schema.json")
    schema = only(whole, [name for name in asked.tables.split(",") if name])
    real, holdout = (read(folder / part, whole, schema) for part in ("train", "holdout"))
    names = [
        name if name.startswith("relations.") else f"relations.{name}" for name in asked.metrics.split(",") if name
    ]
    found = judged(
        asked.synthetic,
        lambda place: measure_related(Related(real, read(place, whole, schema), holdout, asked.seed), names or None),
    )
    show(found, table(found), details=asked.details, out=asked.out)


def read(place: Path, whole: Schema, schema: Schema) -> Dataset:
    """The tables of `schema`, which is `whole` or a part of it, from a folder of CSV files that hold either."""
    tables = {}
    for name, table in schema.tables.items():
        file = place / f"{name}.csv"
        with file.open(encoding="utf-8") as lines:
            header = next(lines).strip().split(",")
        known = table if set(header) == set(table.names) else whole.tables[name]
        rows = tr.read(str(file), schema=Schema({name: known})).rows
        tables[name] = Table(table, rows.select(table.names))
    return Dataset(schema, tables)


def only(schema: Schema, names: Sequence[str]) -> Schema:
    """Some tables of a schema, without the keys to others."""
    if not names:
        return schema
    tables = {}
    for name in names:
        table = schema.tables[name]
        lost = {column for key in table.foreign_keys if key.table not in names for column in key.columns}
        columns = tuple(column for column in table.columns if column.name not in lost)
        keys = tuple(key for key in table.foreign_keys if key.table in names)
        tables[name] = replace(table, columns=columns, foreign_keys=keys)
    return Schema(tables)


def table(found: dict[str, list[Score]]) -> str:
    """Markdown: what is likest is 100 for errors, 0.5 for C2ST; what unseen families reach stands last."""
    heads = {name: {score.metric: score for score in scores if not score.subject} for name, scores in found.items()}
    metrics = list(dict.fromkeys(metric for each in heads.values() for metric in each))
    lines = [
        "| | " + " | ".join(metric.partition(".")[2] for metric in metrics) + " |",
        "|---" * (len(metrics) + 1) + "|",
    ]
    for name, each in heads.items():
        shown = [_shown(each[metric], each[metric].value) if metric in each else "" for metric in metrics]
        lines.append(f"| {name} | " + " | ".join(shown) + " |")
    last = next(iter(heads.values()))
    for label in ("control", "baseline"):
        values = [_shown(last[m], getattr(last[m], label)) if m in last else "" for m in metrics]
        lines.append(f"| {label} | " + " | ".join(values) + " |")
    return "\n".join(lines)


def _shown(score: Score, value: float | None) -> str:
    if value is None:
        return ""
    if "c2st" in score.metric:
        return f"{value:.3f}"
    return f"{100 * (value if score.goal == 1 or score.metric.startswith('privacy.') else 1 - value):.2f}"


def _keyed(data: str, name: str, table: Table) -> Table:
    """The table with its keys declared; a key is of kind id."""
    links = [ForeignKey((column,), parent, (of,)) for child, column, parent, of in LINKS[data] if child == name]
    primary = KEYS[data][name]
    keys = {*(column for link in links for column in link.columns), *([primary] if primary else [])}
    columns = tuple(
        Column(c.name, "id", c.nullable, "identifier" if c.name == primary else None)
        if c.name in keys
        # Words that are no key are no identifier either.
        else replace(c, role=None)
        for c in table.schema.columns
    )
    sequence = SEQUENCES.get(data, {}).get(name)
    schema = TableSchema(columns, (primary,) if primary else (), tuple(links), sequence, table.schema.constraints)
    return Table(schema, table.rows.with_columns(pl.col(sorted(keys)).cast(pl.Int64)))


def _from(data: str, read: dict[str, Table], roots: Sequence[int]) -> dict[str, pl.DataFrame]:
    """The root rows, what refers to them in turn, and what those rows refer to (a client of an account)."""
    root, key = ROOT[data]
    rows = {name: read[name].rows for name in SHARED[data]}
    rows[root] = read[root].rows.filter(pl.col(key).is_in(roots))
    for _ in read:
        for child, column, parent, of in LINKS[data]:
            if parent in rows and child not in rows and parent not in SHARED[data]:
                rows[child] = read[child].rows.filter(pl.col(column).is_in(rows[parent][of].implode()))
            elif child in rows and parent not in rows:
                rows[parent] = read[parent].rows.filter(pl.col(of).is_in(rows[child][column].implode()))
    return rows


def _hash(data: str, key: int) -> int:
    """Even is train, odd is holdout: the same halves everywhere, without a random number."""
    return int(hashlib.sha256(f"trasunto:{data}:{key}".encode()).hexdigest(), 16)


if __name__ == "__main__":
    main()
