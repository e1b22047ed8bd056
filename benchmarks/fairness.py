"""What repair buys and what it costs: Adult, sex and income, judged by models tested on the other half of the people.

    python benchmarks/fairness.py --data DIR [--seeds 3] [--protected sex]

DIR holds train.csv.gz and test.csv.gz. Seconds are of one process's CPU; "moved" is the greatest distance of a column
other than sex and income from the plain draw; differences are those of boosted trees trained on the rows.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

import trasunto as tr
from trasunto.data.dataset import Dataset
from trasunto.metrics.measure import measure
from trasunto.metrics.score import Comparison
from trasunto.synthesizers.fair import Repair, repair

RUNS = (
    ("decisions", 0.5), ("decisions", 1.0), ("parity", 0.5), ("parity", 0.7), ("parity", 1.0), ("odds", 1.0),
    ("reweigh", 1.0), ("rebalance", 1.0), ("counterfactual", 1.0),
)  # fmt: skip
SHOWN = ("utility.tstr", "utility.tstr_accuracy", "fairness.demographic_parity", "fairness.equalized_odds")
HEAD = (
    "rows",
    "AUC",
    "accuracy",
    "parity difference",
    "cut by, %",
    "odds difference",
    "outcomes changed, %",
    "moved",
    "CPU, s",
)


def main() -> None:
    """Print a table, and all figures as one line of JSON."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--data", required=True, type=Path)
    asked.add_argument("--seeds", type=int, default=3)
    asked.add_argument("--protected", default="sex")
    asked.add_argument("--target", default="income")
    given = asked.parse_args()
    real = tr.read(given.data / "train.csv.gz").with_role(given.target, "target")
    unseen = tr.read(given.data / "test.csv.gz", schema=real.schema)
    unseen = Dataset.of(unseen.only, real.name)
    found = [each for seed in range(given.seeds) for each in one(real, unseen, given.target, given.protected, seed)]
    print(table(found))
    print(json.dumps(found))


def one(real: Dataset, unseen: Dataset, target: str, protected: str, seed: int) -> list[dict[str, Any]]:
    """Figures of a seed: of training rows, of a plain draw, and of each repair."""
    model = tr.fit(real, "tree", seed=seed)
    plain = model.sample(len(real), seed=seed + 1)
    control, made = judged(real, plain, unseen, target, protected)
    found = [{"rows": "real", **control}, {"rows": "synthetic", **made}]
    for mode, intensity in RUNS:
        start = time.process_time()
        fair = repair(model, len(real), Repair(mode, (protected,), target, intensity=intensity), seed=seed + 1)
        seconds = time.process_time() - start
        told = {"changed": 100 * fair.mark.outcomes_changed, "moved": fair.mark.others, "seconds": seconds}
        found.append(
            {"rows": f"{mode} {intensity:g}", **judged(real, fair.dataset, unseen, target, protected)[1], **told}
        )
    return [{**each, "seed": seed, "before": made["fairness.demographic_parity"]} for each in found]


def judged(real: Dataset, made: Dataset, unseen: Dataset, target: str, protected: str) -> tuple[dict[str, Any], ...]:
    """What trees trained on real rows and on these are worth on unseen ones, and how they treat the groups."""
    comparison = Comparison(real, made, unseen, target, (protected,))
    scores = [score for score in measure(comparison, ["utility.tstr", *SHOWN[2:]]) if not score.subject]
    scores = [score for score in scores if score.metric in SHOWN]
    return {s.metric: s.control for s in scores}, {s.metric: s.value for s in scores}


def table(found: list[dict[str, Any]]) -> str:
    """Means over the seeds, in Markdown."""
    lines = ["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    for rows in dict.fromkeys(each["rows"] for each in found):
        mine = [each for each in found if each["rows"] == rows]

        def mean(key: str, places: int, mine: list[dict[str, Any]] = mine) -> str:
            values = [each[key] for each in mine if key in each]
            return f"{statistics.fmean(values):.{places}f}" if values else ""

        cut = statistics.fmean(100 * (1 - each["fairness.demographic_parity"] / each["before"]) for each in mine)
        cells = [mean("utility.tstr", 4), mean("utility.tstr_accuracy", 4), mean("fairness.demographic_parity", 3)]
        cells += [
            f"{cut:.0f}",
            mean("fairness.equalized_odds", 3),
            mean("changed", 1),
            mean("moved", 3),
            mean("seconds", 1),
        ]
        lines.append(f"| {rows} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
