"""Texts written without a pretrained language model, in any language: what a classifier trained on them is worth.

    python benchmarks/spanish.py --train train.csv --test test.csv --text text --label label [--seeds 3]
        [--method markov] [--set order=3] [--epsilon 8] [--skip-vectors]

Fits the method to the training texts, writes as many, and trains two classifiers on the real and on the synthetic
ones, with the same number of examples: TF-IDF of words and pairs with logistic regression, and frozen sentence vectors
(MiniLM, an English model) with logistic regression. The better one on real texts is the one that counts. The test
texts are scored once and seen by nothing else. Prints a line a seed and one JSON line at the end.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
from sklearn.metrics import f1_score

import trasunto as tr
from trasunto.cli.say import settings_of
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, TableSchema
from trasunto.privacy.budget import Budget

Answers = Callable[[Sequence[str], Sequence[str], Sequence[str]], list[str]]


def main() -> None:
    asked = _arguments()
    train, test = (_rows(path, asked.text, asked.label) for path in (asked.train, asked.test))
    ways: dict[str, Answers] = {"tf-idf": _by_words} | ({} if asked.skip_vectors else {"vectors": _by_vectors})
    found = [_one(asked, train, test, ways, seed) for seed in range(asked.seeds)]
    mean = {key: round(float(np.mean([each[key] for each in found])), 4) for key in found[0]}
    print(json.dumps({"texts": len(train), "tested_on": len(test), "seeds": asked.seeds, "mean": mean}))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name in ("--train", "--test", "--text", "--label"):
        parser.add_argument(name, required=True)
    parser.add_argument("--method", default="markov")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--epsilon", type=float, default=None)
    parser.add_argument("--skip-vectors", action="store_true")
    parser.add_argument("--set", action="append", default=[], dest="settings")
    return parser.parse_args()


def _rows(path: str, text: str, label: str) -> pl.DataFrame:
    rows = tr.read(path).rows.select(pl.col(text).cast(pl.String), pl.col(label).cast(pl.String)).drop_nulls()
    return rows.rename({text: "text", label: "label"})


def _one(
    asked: argparse.Namespace, train: pl.DataFrame, test: pl.DataFrame, ways: dict[str, Answers], seed: int
) -> dict[str, float]:
    schema = TableSchema((Column("text", "text"), Column("label", "category", role="label")))
    budget = Budget(asked.epsilon, 1e-5, domain_share=0.05) if asked.epsilon else None
    started = time.process_time()
    real = Dataset.of(Table(schema, train))
    model = tr.fit(real, asked.method, seed=seed, settings=settings_of(asked.settings), budget=budget)
    fitted = time.process_time()
    made = model.sample(len(train), seed=seed + 1).rows
    told: dict[str, float] = {"fit_cpu": fitted - started, "sample_cpu": time.process_time() - fitted}
    truth = test["label"].to_list()
    for name, answers in ways.items():
        scores = {
            arm: float(f1_score(truth, answers(*_columns(rows), test["text"].to_list()), average="macro"))
            for arm, rows in (("real", train), ("synthetic", made))
        }
        told |= {f"{name} {arm}": score for arm, score in scores.items()}
        told[f"{name} ratio"] = scores["synthetic"] / scores["real"]
    runs = _runs(train["text"].to_list())
    common = _runs(test["text"].to_list())
    told["verbatim"] = sum(bool((_runs([text]) & runs) - common) for text in made["text"])
    print(" ".join(f"{name} {value:.3f}" for name, value in told.items()), flush=True)
    return told


def _columns(rows: pl.DataFrame) -> tuple[list[str], list[str]]:
    return rows["text"].to_list(), rows["label"].to_list()


def _runs(texts: Sequence[str]) -> set[str]:
    """Runs of eight words, marks aside."""
    words = (re.findall(r"\w+", text.lower()) for text in texts)
    return {" ".join(said[at : at + 8]) for said in words for at in range(len(said) - 7)}


def _by_words(texts: Sequence[str], labels: Sequence[str], asked: Sequence[str]) -> list[str]:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\S+")
    model = LogisticRegression(C=10.0, max_iter=500).fit(words.fit_transform(texts), labels)
    return [str(label) for label in model.predict(words.transform(asked))]


def _by_vectors(texts: Sequence[str], labels: Sequence[str], asked: Sequence[str]) -> list[str]:
    from trasunto.language.embed import load_embedder
    from trasunto.language.head import fit_head
    from trasunto.language.offline import find

    known = sorted(set(labels))
    embedder = load_embedder(find("minilm-l6"))
    truth = np.array([known.index(label) for label in labels])
    head = fit_head(embedder.embed(texts), truth, len(known), 10.0)
    return [known[place] for place in head.probabilities(embedder.embed(asked)).argmax(axis=1)]


if __name__ == "__main__":
    main()
