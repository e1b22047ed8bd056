"""anonymeter: its three attacks on the files it is given. Run by `benchmarks/attacks.py` in its own environment.

python anonymeter_attacks.py JOB.json, where the job is {real, synthetic, holdout: parquet files, halves: [[columns],
[columns]], secrets: {column: whether it is a number}, known: [columns] or null for all others, attacks: {kind: how
many}}; prints one JSON object: by attack, risk and interval, and the rates.
"""

import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from anonymeter.evaluators import InferenceEvaluator, LinkabilityEvaluator, SinglingOutEvaluator

# So many neighbours are looked at to link; the tool's own example takes 10.
NEIGHBOURS = 10


def told(evaluator, seconds):
    results = evaluator.results()
    risk = results.risk()
    rates = {"main": results.attack_rate, "baseline": results.baseline_rate, "control": results.control_rate}
    return {
        "risk": risk.value,
        "interval": list(risk.ci),
        "rates": {name: rate.value for name, rate in rates.items()},
        "cpu": round(time.process_time() - seconds, 2),
    }


def main(job):
    parts = {name: pd.read_parquet(job[name]) for name in ("real", "synthetic", "holdout")}
    given = {"ori": parts["real"], "syn": parts["synthetic"], "control": parts["holdout"]}
    found = {}
    for mode in ("univariate", "multivariate"):
        start = time.process_time()
        count = job["attacks"]["singling_out"]
        evaluator = SinglingOutEvaluator(**given, n_attacks=count, n_cols=job["columns"], max_attempts=200_000)
        evaluator.evaluate(mode=mode)
        found[f"singling out, {mode}"] = told(evaluator, start)
    start = time.process_time()
    halves = tuple(job["halves"])
    linker = LinkabilityEvaluator(
        **given, n_attacks=job["attacks"]["linkability"], aux_cols=halves, n_neighbors=NEIGHBOURS
    )
    linker.evaluate(n_jobs=1)
    found["linkability"] = told(linker, start)
    for secret, number in job["secrets"].items():
        start = time.process_time()
        known = [name for name in job["known"] or parts["real"].columns if name != secret]
        inferrer = InferenceEvaluator(
            **given, n_attacks=job["attacks"]["inference"], aux_cols=known, secret=secret, regression=number
        )
        inferrer.evaluate(n_jobs=1)
        found[f"inference, {secret}"] = told(inferrer, start)
    return found


if __name__ == "__main__":
    np.random.seed(0)
    warnings.simplefilter("ignore")
    print(json.dumps(main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))))
