"""What synthetic texts add to a few real ones: real alone against real + synthetic, on the same draws and test texts.

    python benchmarks/fewshot.py --train train.csv --test test.csv --text text --label label
        (--lead "A list of short {label} reviews:" [--write 40] | --synthetic made.csv [--saw "all training texts"])
        [--few 5,10] [--draws 9]

With --lead a small language model writes a list to each label's name and sees no real text at all: all that anybody
here knows of real texts are the few. With --synthetic the texts are those of another generator, and --saw tells what it
has learned from. Both count as far as the few show that they help (language/few.py). Prints one JSON line.
"""

from __future__ import annotations

import argparse
import json
import re
import time

import polars as pl

from trasunto.language.classify import ClassifySettings
from trasunto.language.corpus import Corpus, prepare, without_test_texts
from trasunto.language.curve import gain, learning_curve
from trasunto.language.generate import Sampling, Writer
from trasunto.language.offline import find
from trasunto.language.pretrained import load_decoder

BASE = "smollm2-135m"
ITEM = re.compile(r"^\W*\d*[.)]?\s*")
SHORTEST, LONGEST = 8, 300


def main() -> None:
    asked = _arguments()
    train, test = (_corpus(path, asked.text, asked.label) for path in (asked.train, asked.test))
    train, _ = without_test_texts(prepare(train)[0], test)
    started = time.process_time()
    made = _corpus(asked.synthetic, asked.text, asked.label) if asked.synthetic else _written(asked, train.classes)
    seconds = time.process_time() - started
    made, _ = without_test_texts(prepare(made)[0], test)
    sizes = [int(size) for size in asked.few.split(",")]
    curve = learning_curve(
        train, test, sizes, settings=ClassifySettings(), draws=asked.draws, seed=asked.seed, made=made
    )
    by_arm = {each.arm: each for each in curve}
    rows = []
    for size in sizes:
        alone, beside = by_arm[f"real, {size} per class"], by_arm[f"real, {size} per class + synthetic"]
        added = gain(alone, beside, test, seed=asked.seed)
        f1 = [sum(each.middle(test, asked.seed).facts["draws"]) / len(each.answers) for each in (alone, beside)]
        kept = sum(beside.examples) / len(beside.examples) - sum(alone.examples) / len(alone.examples)
        rows.append({"few": size, "real": f1[0], "with_synthetic": f1[1], "used": kept, **added})
    told = asked.saw if asked.synthetic else "no real text"
    print(
        json.dumps(
            {
                "generator_saw": told,
                "texts": len(made),
                "write_cpu_seconds": round(seconds, 1),
                "draws": asked.draws,
                "rows": rows,
            }
        )
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name in ("--train", "--test", "--text", "--label"):
        parser.add_argument(name, required=True)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--lead", help="what is said before a list, with {label}; several, one drawn each time, with |")
    source.add_argument("--synthetic", help="a file of synthetic texts")
    parser.add_argument("--saw", default="not said")
    parser.add_argument("--write", type=int, default=40, help="lists for each label")
    parser.add_argument("--few", default="5,10")
    parser.add_argument("--draws", type=int, default=9)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def _corpus(path: str, text: str, label: str) -> Corpus:
    rows = pl.read_csv(path, infer_schema_length=0).drop_nulls([text, label])
    return Corpus(tuple(rows[text]), tuple(rows[label]), text, label)


def _written(asked: argparse.Namespace, labels: tuple[str, ...]) -> Corpus:
    """Lists written to the labels' names, cut into their items; the last of each is broken off and left out."""
    leads = asked.lead.split("|")
    orders = [(label, leads[place % len(leads)]) for label in labels for place in range(asked.write)]
    prompts = [lead.format(label=label.replace("_", " ")) + "\n\n1." for label, lead in orders]
    with Writer(*load_decoder(find(BASE), "bfloat16")) as writer:
        lists = writer.write(prompts, Sampling(1.0, 0.95, 120, unfinished=True), seed=asked.seed)
    items = [
        (ITEM.sub("", line).strip(' "*'), label)
        for written, (label, _) in zip(lists, orders, strict=True)
        for line in written.split("\n")[:-1]
    ]
    kept = [(text, label) for text, label in dict.fromkeys(items) if SHORTEST < len(text) < LONGEST]
    return Corpus(tuple(text for text, _ in kept), tuple(label for _, label in kept), asked.text, asked.label)


if __name__ == "__main__":
    main()
