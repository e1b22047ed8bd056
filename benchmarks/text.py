"""What a language model trained on curated synthetic texts alone is worth on real ones, beside its real-trained twin.

    python benchmarks/text.py DATA sms_spam sentiment_en clinc150 [--seeds 1] [--set epochs=3]
        [--curate alike=null] [--synthesizer lm-finetune] [--most-real N] [--keep FOLDER] [--tune]

DATA: a folder with sms_spam/sms.csv.gz, sentiment_en/reviews.csv.gz and clinc150/data_full.json.gz beside domains.json.
Halves by the rule "sha256 of trasunto:SET:ROW is even", CLINC150 by its published split (the first two intents of each
of its ten domains); equal texts are left out, and test texts that stand in training.

A fifth of the training texts is set aside for choosing settings (--tune judges on it instead of the test half).
A synthesizer (`lm-finetune`) learns from the rest and writes three texts for each that it learned; `curate` keeps as
many as it learned. Neither sees the test half. Both classifiers are a logistic regression on frozen sentence vectors.
--keep: written texts are kept there and used again. Prints every arm, and one JSON line a run.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import trasunto as tr
from trasunto.cli.say import settings_of
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, TableSchema
from trasunto.language.corpus import corpus_of
from trasunto.language.curation import Curate, Curated, curate
from trasunto.language.stages import judge
from trasunto.pipeline.settings import built

Pairs = list[tuple[str, str]]
FILES = {"sms_spam": "sms.csv.gz", "sentiment_en": "reviews.csv.gz"}
SPELT = {"0": "negative", "1": "positive"}
TUNING = 0.2
# Real texts of each label that the learning curve is drawn from.
CURVE = (10, 50)
# Texts that are written for each that is kept.
WRITTEN = 3
SETTINGS: dict[str, dict[str, Any]] = {
    "lm-finetune": {"epochs": 3, "max_seconds": 7200.0, "agree": False, "temperatures": [1.0, 0.85, 0.7]}
}
# No run of eight words of a training text is common enough to stay.
CURATE: dict[str, Any] = {"balance": "real", "common": 1_000_000}


def main() -> None:
    asked = _arguments()
    for name in asked.sets:
        for seed in range(asked.seeds):
            print(
                json.dumps({"set": name, "writer": asked.synthesizer, "seed": seed, **_one(asked, name, seed)}),
                flush=True,
            )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("sets", nargs="+", choices=[*FILES, "clinc150"])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--set", action="append", default=[], dest="settings")
    parser.add_argument("--synthesizer", default="lm-finetune")
    parser.add_argument("--curate", action="append", default=[])
    parser.add_argument("--most-real", type=int, default=None, help="texts that the writer learns from at most")
    parser.add_argument("--keep", type=Path, default=None)
    parser.add_argument("--tune", action="store_true")
    return parser.parse_args()


def _one(asked: argparse.Namespace, name: str, seed: int) -> dict[str, Any]:
    train, test = _halves(asked.data, name)
    learned, aside = _cut(train, TUNING, seed=0)
    if asked.tune:
        test = aside
    if asked.most_real is not None and asked.most_real < len(learned):
        learned, _ = _cut(learned, 1 - asked.most_real / len(learned), seed=5)
    written, cost = _written(asked, name, learned, seed)
    started = time.process_time()
    wanted = built(Curate, "Curation", {"rows": len(learned), **CURATE, **settings_of(asked.curate)})
    texts, labels = ([pair[side] for pair in written] for side in (0, 1))
    real_texts, real_labels = ([pair[side] for pair in learned] for side in (0, 1))
    found = curate(texts, labels, wanted, train=real_texts, train_labels=real_labels, seed=seed)
    cost["curate_cpu_seconds"] = round(time.process_time() - started)
    print(f"\n{name}: {len(learned)} learned, {len(written)} written, {found.counts}")
    return {**_judged(learned, found, test, seed), **cost}


def _judged(learned: Pairs, found: Curated, test: Pairs, seed: int) -> dict[str, Any]:
    made = list(zip(found.texts, found.labels, strict=True))
    real, synthetic, unseen = (_dataset(part) for part in (learned, made, test))
    like = corpus_of(real)
    judged = judge(corpus_of(synthetic, like=like), like, corpus_of(unseen, like=like), curve=CURVE, seed=seed)
    for each in judged.evaluations:
        print(f"{each.arm:28s} {each.trained_on:6d}  accuracy {each.accuracy:.3f}  macro F1 {each.macro_f1:.3f}")
    arms = {each.arm: each for each in judged.evaluations}
    copied = tr.evaluate(real, synthetic, holdout=unseen, metrics=["privacy.verbatim_text"], seed=seed)
    verbatim = copied.score("privacy.verbatim_text")
    return {
        "ratio": round(judged.facts["ratio"], 4),
        "synthetic_f1": round(arms["synthetic"].macro_f1, 4),
        "interval": [round(end, 4) for end in arms["synthetic"].intervals["macro_f1"]],
        "real_f1": round(arms["real"].macro_f1, 4),
        "difference": judged.facts["difference"],
        "rows": len(made),
        "tested_on": len(test),
        "verbatim": verbatim.value,
        "verbatim_control": verbatim.control,
    }


def _written(asked: argparse.Namespace, name: str, learned: Pairs, seed: int) -> tuple[Pairs, dict[str, Any]]:
    """Texts out of `lm-finetune` before curation, and what they cost."""
    place = asked.keep / f"{asked.synthesizer}-{name}-{seed}.json" if asked.keep else None
    if place is not None and place.exists():
        stored = json.loads(place.read_text(encoding="utf-8"))
        return [(text, label) for text, label in stored["written"]], stored["cost"]
    started = time.process_time()
    settings = {**SETTINGS.get(asked.synthesizer, {}), **settings_of(asked.settings)}
    model = tr.fit(_dataset(learned), asked.synthesizer, seed=seed, settings=settings)
    fitted = time.process_time()
    made = model.sample(WRITTEN * len(learned), seed=seed + 1)
    cost = {"fit_cpu_seconds": round(fitted - started), "write_cpu_seconds": round(time.process_time() - fitted)}
    pairs = list(made.rows.select("text", "label").iter_rows())
    if place is not None:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps({"written": pairs, "cost": cost}), encoding="utf-8")
    return pairs, cost


def _halves(data: Path, name: str) -> tuple[Pairs, Pairs]:
    """(train, test), equal texts left out."""
    if name == "clinc150":
        with gzip.open(data / name / "data_full.json.gz", "rt", encoding="utf-8") as file:
            document = json.load(file)
        domains = json.loads((data / name / "domains.json").read_text(encoding="utf-8"))
        intents = {intent for each in domains.values() for intent in each[:2]}
        parts = [[(text, each) for text, each in document[part] if each in intents] for part in ("train", "test")]
    else:
        with gzip.open(data / name / FILES[name], "rt", encoding="utf-8", newline="") as file:
            rows = [(row["text"], SPELT.get(row["label"], row["label"])) for row in csv.DictReader(file)]
        sides = [int(hashlib.sha256(f"trasunto:{name}:{row}".encode()).hexdigest(), 16) % 2 for row in range(len(rows))]
        parts = [[pair for pair, mine in zip(rows, sides, strict=True) if mine == side] for side in (0, 1)]
    seen: set[str] = set()
    kept: list[Pairs] = [[], []]
    for number, part in enumerate(parts):
        for text, label in part:
            plain = " ".join(text.lower().split())
            if plain and plain not in seen:
                seen.add(plain)
                kept[number].append((" ".join(text.split()), label))
    return kept[0], kept[1]


def _cut(pairs: Pairs, share: float, *, seed: int) -> tuple[Pairs, Pairs]:
    """(the rest, a share of each label), in order."""
    rng = np.random.default_rng(seed)
    labels = np.array([label for _, label in pairs])
    out = np.zeros(len(pairs), dtype=bool)
    for label in sorted(set(labels)):
        rows = np.flatnonzero(labels == label)
        out[rng.permutation(rows)[: round(share * len(rows))]] = True
    return [p for p, gone in zip(pairs, out, strict=True) if not gone], [
        p for p, gone in zip(pairs, out, strict=True) if gone
    ]


def _dataset(pairs: Pairs) -> Dataset:
    schema = TableSchema((Column("text", "text"), Column("label", "category", role="label")))
    rows = pl.DataFrame(pairs, schema={"text": pl.String, "label": pl.String}, orient="row")
    return Dataset.of(Table(schema, rows), "texts")


if __name__ == "__main__":
    main()
