"""A finished run as its files, made by hand: what a recipe with privacy and fairness leaves behind."""

import hashlib
import json

import polars as pl
import pytest
import yaml

from trasunto.data.schema import Column, Schema, TableSchema
from trasunto.metrics.score import Score

DAY = "2026-11-20T10:00:"
GUARANTEE = {
    "spent": {"epsilon": 1.5, "delta": 1e-7, "person": "patient", "contributions": 2, "domain_share": 0.1},
    "unit": "person (patient)",
    "mechanism": "AIM with discrete Gaussian noise",
    "neighbours": "add or remove all rows of one person (at most 2 of them learnt from)",
    "spending": [
        {"what": "categories of city", "mechanism": "Laplace counts", "epsilon": 0.15, "note": "below 20 joined"},
        {"what": "marginals", "mechanism": "discrete Gaussian", "rho": 0.021},
    ],
    "assumptions": ["The column names are public.", "The number of rows is not protected by secrecy."],
}
PRIVACY = {
    "purpose": "research on readmission",
    "guarantee": GUARANTEE,
    "ledger": {
        "source": "ward", "granted": {"epsilon": 4.0, "delta": 1e-6}, "spent": {"epsilon": 2.5, "delta": 2e-7},
        "left": {"epsilon": 1.5, "delta": 8e-7}, "entries": [{"what": "charge", "actor": "Evangelina"}, {"what": "charge"}],
    },
    "protection": {
        "findings": [{"column": "name", "kind": "person", "confidence": 0.98, "reason": "Garcia ..."}],
        "actions": [
            {"table": "ward", "column": "name", "action": "pseudonymise", "kind": "person", "rows": 400, "settings": {}},
            {"table": "ward", "column": "birth", "action": "generalise", "kind": "date_of_birth", "rows": 400, "settings": {}},
            {"table": "ward", "column": "age", "action": "keep", "kind": "age", "rows": 0, "settings": {}},
        ],
        "before": {"k": 1, "unique": 31, "risk": 0.21, "l": 1, "t": 0.4, "diversity": {}},
        "after": {"k": 7, "unique": 0, "risk": 0.06, "l": 2, "t": 0.2, "diversity": {}},
        "suppressed": {"ward": 5}, "left": {"notes": 3}, "notes": ["A note of the run."],
    },
    "consent": {
        "column": "agreed", "values": ["yes"], "purpose": "research", "rows_before": 431, "rows_excluded": 31,
        "columns_excluded": ["religion"],
    },
    "keys": ["city", "age"],
    "secrets": ["diagnosis"],
    "audit": {"epsilon_lower": 0.37, "epsilon_claimed": 1.5, "canaries": 1000, "ceiling": 5.81},
}  # fmt: skip


def score(metric, value, low=None, high=None, control=None, baseline=None, subject=""):
    interval = None if low is None else (low, high)
    return Score(metric, value, 0.0, interval, baseline, control, subject).to_dict()


FAIRNESS = {
    "protected": ["city"],
    "repair": {
        "mode": "parity",
        "intensity": 1.0,
        "mark": {"outcomes_changed": 0.067, "rows_added": 0, "shares": {"Rareville": [0.1, 0.2]}},
    },
    "flags": [{"metric": "fairness.equalized_odds", "subject": "city", "value": 0.17, "limit": 0.1, "as_real": True}],
    "before": [
        score("fairness.demographic_parity", 0.317, 0.29, 0.34),
        score("fairness.selection_rate", 0.5, 0.4, 0.6, subject="city = Rareville"),
    ],
    "after": [score("fairness.demographic_parity", 0.021, 0.0, 0.05)],
    "cost": {"utility.tstr": -0.013},
}
ATTACKS = [
    score("privacy.singling_out", 0.043, 0.011, 0.077, 0.0, 0.0),
    score("privacy.singling_out_success", 0.052, 0.04, 0.064, 0.012, 0.008),
    score("privacy.linkability", 0.002, 0.0, 0.0191, 0.0, 0.0),
    score("privacy.inference", 0.004, 0.0, 0.0257, 0.0, 0.0),
    score("privacy.membership", 0.513, 0.491, 0.534, 0.505, 0.5),
    score("privacy.membership_tpr_1", 0.013, 0.006, 0.024, 0.01, 0.01),
    score("privacy.near_copies", 0.0123, 0.008, 0.018, 0.01, 0.009),
    score("privacy.outliers", 0.521, 0.47, 0.57, 0.5, 0.5),
]
OTHERS = [
    score("fidelity.c2st", 0.557, 0.51, 0.6, 0.507, 0.889),
    score("utility.tstr", 0.963, 0.95, 0.98, 0.984, 0.565),
    score("privacy.exact_copies", 0.0, 0.0, 0.003, 0.0, 0.0),
    score("privacy.exact_copies", 1.0, subject="city = Rareville"),
]
TRAINING = {
    "task": "classification", "base": "minilm-l6", "examples": 300, "texts": 300, "seed": 3, "seconds": 14.2,
    "architecture": "sentence encoder, mean over tokens, frozen, linear head",
    "parameters": 22715911, "trained_parameters": 2695, "labels": {"synthetic": {"rare syndrome": 2, "well": 298}},
    "hyperparameters": {"epochs": 4, "longest": 256}, "prepare": {"synthetic": {"texts": 300, "kept": 299}},
    "difference": {"value": -0.031, "interval": [-0.076, 0.001]},
}  # fmt: skip


def evaluation(arm, value):
    numbers = {f"macro_{name}": value for name in ("precision", "recall", "f1")}
    return {
        "arm": arm, "trained_on": 300, "tested_on": 101, "accuracy": value, **numbers,
        "intervals": {"macro_f1": [value - 0.05, value + 0.05]}, "per_class": [], "labels": ["a", "b"],
        "confusion": [[1, 0], [0, 1]], "facts": {},
    }  # fmt: skip


def make_run(folder, *, privacy=PRIVACY, fairness=FAIRNESS, attacks=True, training=True, report=True, change=None):
    """Write a run into `folder`. change: a function of (facts, manifest, recipe) that alters them before."""
    schema = Schema({"ward": TableSchema((
        Column("age", "integer", nullable=False, declared=True, bounds=(0, 110)),
        Column("city", "category", role="protected", categories=("Rareville", "Madrid")),
        Column("blood pressure", "number"), Column("agreed", "boolean"), Column("seen", "datetime"),
        Column("diagnosis", "category", role="sensitive", categories=("rare syndrome", "well")),
    ))})  # fmt: skip
    rows = pl.DataFrame({
        "age": [40, 51, 33], "city": ["Madrid", "Rareville", None], "blood pressure": [12.5, None, 11.0],
        "agreed": [True, False, True], "seen": pl.Series(["2020-01-01", "2021-02-03", None]).str.to_datetime("%Y-%m-%d"),
        "diagnosis": ["well", "well", "rare syndrome"],
    })  # fmt: skip
    (folder / "synthetic").mkdir(parents=True)
    (folder / "model").mkdir()
    (folder / "steps").mkdir()
    schema.save(folder / "synthetic" / "schema.json")
    rows.write_parquet(folder / "synthetic" / "ward.parquet")
    rows.write_csv(folder / "synthetic" / "ward.csv")
    write(folder / "model" / "model.json", {"any": "thing"})
    write(folder / "scores.json", [*OTHERS, *(ATTACKS if attacks else [])])
    outputs = {"fit": ["model/model.json"], "measure": ["scores.json"]}
    outputs["sample"] = [f"synthetic/{name}" for name in ("schema.json", "ward.csv", "ward.parquet")]
    if training:
        (folder / "language_model").mkdir()
        write(folder / "language_model" / "model.json", {"any": "thing"})
        write(folder / "evaluations.json", [evaluation("synthetic", 0.721), evaluation("real", 0.752)])
        outputs["train"] = ["evaluations.json", "language_model/model.json"]
    recipe = {
        "title": "Readmission", "use_case": "A ward wants to share its data.", "seed": 3,
        "data": {"source": "ward.csv", "drop": ["address"], "recode": {"diagnosis": {"X": "rare syndrome"}}},
        "synthesizer": {"name": "marginals", "settings": {}}, "gates": ["privacy.singling_out <= 0.05"],
    }  # fmt: skip
    steps = {"split": 0.1, "fit": 2.0, "sample": 0.5, "measure": 3.25, **({"train": 14.2} if training else {})}
    manifest = {
        "id": "readmission-1234abcd", "finished": f"{DAY}59Z", "seconds": 20.5, "steps": steps, "seed": 3, "cores": 2,
        "versions": {"python": "3.11.7", "trasunto": "0.1.0", "opendp": "0.16.0"},
        "split": {"parts": {"train": {"rows": 299, "digest": "a" * 64}, "holdout": {"rows": 101, "digest": "b" * 64}}},
        "guarantee": privacy.get("guarantee"), "digest": "d" * 64,
        "gates": [{"gate": "privacy.singling_out <= 0.05", "value": 0.043, "passed": True}],
    }  # fmt: skip
    facts = {
        "use_case": recipe["use_case"],
        "data": {
            "source": "ward.csv", "licence": "CC BY 4.0", "rows": 400, "rows_read": 431, "digest": "c" * 64, "breaches": [],
            "columns": [{"name": "city", "kind": "category", "role": "protected", "reason": "2 values: Rareville, Madrid"}],
        },
        "synthesis": {
            "synthesizer": "marginals", "settings": {}, "seed": 3, "rows": 3, "fit_seconds": 2.0,
            "method": {"method": "Marginals with noise.", "source": "McKenna et al. 2022", "settings": {"rounds": 9}},
        },
        "training": TRAINING if training else None,
        "privacy": privacy, "fairness": fairness,
        "run": {"digest": manifest["digest"]},
    }  # fmt: skip
    facts = {key: value for key, value in facts.items() if value}
    if change:
        change(facts, manifest, recipe)
    manifest["artifacts"] = {name: sha(folder / name) for names in outputs.values() for name in names}
    events = [{"time": f"{DAY}01Z", "event": "started"}]
    for number, step in enumerate(steps):
        events += [
            {"time": f"{DAY}{10 + number}Z", "event": "begun", "step": step},
            {"time": f"{DAY}{11 + number}Z", "event": "finished", "step": step, "seconds": steps[step]},
        ]
        named = {name: manifest["artifacts"][name] for name in outputs.get(step, [])}
        write(folder / "steps" / f"{step}.json", {"seconds": steps[step], "facts": {}, "files": named})
    (folder / "log.jsonl").write_text("\n".join(json.dumps(each) for each in events) + "\n")
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    write(folder / "run.json", manifest)
    if report:
        document = {
            "title": "Readmission",
            "language": "en",
            "scores": [],
            "evaluations": [],
            "gates": [],
            "figures": [],
        }
        write(folder / "report.json", {**document, "facts": facts})
    return folder


def write(path, value):
    path.write_text(json.dumps(value))


def sha(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="session")
def full(tmp_path_factory):
    """A run with a guarantee, attacks, groups, consent, identifiers and a language model."""
    return make_run(tmp_path_factory.mktemp("runs") / "full")


@pytest.fixture(scope="session")
def bare(tmp_path_factory):
    """A run of which nothing about privacy or fairness is known."""
    return make_run(tmp_path_factory.mktemp("runs") / "bare", privacy={}, fairness={}, attacks=False, training=False)


@pytest.fixture(scope="session")
def maker():
    """`make_run`, to make runs that differ."""
    return make_run
