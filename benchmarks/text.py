"""What a language model trained on synthetic texts alone is worth on real ones, beside its real-trained twin.

    python benchmarks/text.py --train train.csv --test test.csv --text text --label intent [--seeds 1]
        [--rows N] [--set epochs=3] [--set max_seconds=200]

Fits `lm-finetune` to the training texts, writes as many (or --rows), and judges on the test texts, which nothing else
sees. Prints every arm and one JSON line at the end.
"""

from __future__ import annotations

import argparse
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


def main() -> None:
    asked = _arguments()
    train, test = (_texts(path, asked.text, asked.label) for path in (asked.train, asked.test))
    found = [_one(asked, train, test, seed) for seed in range(asked.seeds)]
    mean = {key: float(np.mean([each[key] for each in found])) for key in found[0]}
    print(json.dumps({"texts": len(train), "tested_on": len(test), "seeds": asked.seeds, "mean": mean}))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name in ("--train", "--test", "--text", "--label"):
        parser.add_argument(name, required=True)
    parser.add_argument("--rows", type=int, default=None)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--set", action="append", default=[], dest="settings")
    return parser.parse_args()


def _texts(path: str, text: str, label: str) -> Dataset:
    rows = tr.read(path).rows.select(pl.col(text).cast(pl.String), pl.col(label).cast(pl.String)).drop_nulls()
    return Dataset.of(Table(TableSchema((Column(text, "text"), Column(label, "category", role="label"))), rows))


def _one(asked: argparse.Namespace, train: Dataset, test: Dataset, seed: int) -> dict[str, Any]:
    started = time.process_time()
    model = tr.fit(train, "lm-finetune", seed=seed, settings=settings_of(asked.settings))
    fitted = time.process_time()
    made, curation = model.sample_with_curation(asked.rows or len(train), seed=seed + 1)
    sampled = time.process_time()
    real = corpus_of(train)
    judged = judge(corpus_of(made, like=real), real, corpus_of(test, like=real), curve=(5, 10, 20, 50), seed=seed)
    for each in judged.evaluations:
        print(f"{each.arm:24s} {each.trained_on:6d}  accuracy {each.accuracy:.3f}  macro F1 {each.macro_f1:.3f}")
    print(f"{curation}\ndifference {judged.facts['difference']}", flush=True)
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
