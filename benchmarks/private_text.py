"""What texts written under a budget are worth: a classifier trained on them alone, beside its twin of real ones.

    python benchmarks/private_text.py --data sms.csv --text text --label label [--seeds 1] [--epsilon 8] [--delta 1e-6]
        [--synthesizer lm-evolve] [--rows 1000] [--set strength=0.4]

Halves by the hash of the row's number (shared by every benchmark on this data): one to learn from, the other to judge
with. The labels and the number of rows are public. Both classifiers are the same (frozen sentence vectors, logistic
regression) and see as many examples; every filter is inside the guarantee.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from typing import Any

import numpy as np
import polars as pl

import trasunto as tr
from trasunto.cli.say import settings_of
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, TableSchema
from trasunto.language.corpus import corpus_of
from trasunto.language.stages import judge
from trasunto.metrics.measure import measure
from trasunto.metrics.score import Comparison
from trasunto.privacy.budget import Budget


def main() -> None:
    asked = _arguments()
    frame = tr.read(asked.data).rows.select(pl.col(asked.text).cast(pl.String), pl.col(asked.label).cast(pl.String))
    half = [_half(asked.name, number) for number in range(len(frame))]
    labels = tuple(sorted(frame[asked.label].unique().to_list()))
    schema = TableSchema(
        (
            Column(asked.text, "text", nullable=False),
            Column(asked.label, "category", False, "label", categories=labels, declared=True),
        )
    )
    parts = [Dataset.of(Table(schema, frame.filter(pl.Series(half) == part)), "texts") for part in (0, 1)]
    found = [_one(asked, parts[0], parts[1], seed) for seed in range(asked.seeds)]
    mean = {key: float(np.mean([each[key] for each in found])) for key in found[0]}
    spread = {key: [round(each[key], 4) for each in found] for key in ("ratio", "synthetic_f1", "real_f1")}
    print(json.dumps({"texts": len(parts[0]), "tested_on": len(parts[1]), "mean": mean, "seeds": spread}))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name in ("--data", "--text", "--label"):
        parser.add_argument(name, required=True)
    parser.add_argument("--name", default="sms_spam", help="of the halves")
    parser.add_argument("--synthesizer", default="lm-evolve")
    parser.add_argument("--epsilon", type=float, default=8.0)
    parser.add_argument("--delta", type=float, default=1e-6)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--opening", action="append", default=[], help="LABEL=LINE: a public line before its texts")
    parser.add_argument("--set", action="append", default=[], dest="settings")
    return parser.parse_args()


def _half(name: str, key: int) -> int:
    return int(hashlib.sha256(f"trasunto:{name}:{key}".encode()).hexdigest(), 16) % 2


def _one(asked: argparse.Namespace, train: Dataset, test: Dataset, seed: int) -> dict[str, Any]:
    started = time.process_time()
    budget = Budget(asked.epsilon, asked.delta, rows=len(train))
    settings = settings_of(asked.settings)
    if asked.opening:
        settings["openings"] = dict(each.split("=", 1) for each in asked.opening)
    model = tr.fit(train, asked.synthesizer, seed=seed, settings=settings, budget=budget)
    fitted = time.process_time()
    made, curation = model.sample_with_curation(asked.rows, seed=seed + 1)
    sampled = time.process_time()
    real = corpus_of(train)
    judged = judge(corpus_of(made, like=real), real, corpus_of(test, like=real), curve=(5, 10, 20, 50), seed=seed)
    for each in judged.evaluations:
        print(f"{each.arm:24s} {each.trained_on:6d}  accuracy {each.accuracy:.3f}  macro F1 {each.macro_f1:.3f}")
    for row in made.rows.head(12).iter_rows():
        print(row)
    scores = measure(
        Comparison(train, made, test, target=asked.label, seed=seed), ("fidelity.text", "privacy.verbatim_text")
    )
    for score in scores:
        print(f"{score.metric:28s} {score.value:.3f} control {score.control} baseline {score.baseline}")
    print(f"{curation}\n{model.describe().get('chosen')}\ndifference {judged.facts['difference']}", flush=True)
    arms = {each.arm: each.macro_f1 for each in judged.evaluations}
    return {
        "ratio": judged.facts["ratio"],
        "synthetic_f1": arms["synthetic"],
        "real_f1": arms["real"],
        "fit_cpu_seconds": fitted - started,
        "sample_cpu_seconds": sampled - fitted,
    }


if __name__ == "__main__":
    main()
