"""What a trained language model scored on real data, as a value."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class ClassScore:
    """One class: shares within [0, 1]; `support` counts the test rows that truly have the label."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Evaluation:
    """One model on one test set.

    arm: what it was trained on: "synthetic", "real", "synthetic then real", "majority",
    "tf-idf, real", "real, 10 per class".
    trained_on, tested_on: rows.
    accuracy, macro_precision, macro_recall, macro_f1: shares within [0, 1]; a class that is never
    predicted has precision 0 (scikit-learn's zero_division=0).
    intervals: 95 % percentile bootstrap over test rows, by the names above.
    labels, confusion: confusion[i][j] test rows of labels[i] were called labels[j].
    facts: JSON values for the report: base, method, parameters, hyper-parameters, seconds, curves.
    """

    arm: str
    trained_on: int
    tested_on: int
    accuracy: float
    macro_precision: float
    macro_recall: float
    macro_f1: float
    intervals: dict[str, tuple[float, float]]
    per_class: tuple[ClassScore, ...]
    labels: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    facts: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_dict(document: dict[str, Any]) -> Evaluation:
        return Evaluation(
            **{
                **document,
                "intervals": {name: (low, high) for name, (low, high) in document["intervals"].items()},
                "per_class": tuple(ClassScore(**each) for each in document["per_class"]),
                "labels": tuple(document["labels"]),
                "confusion": tuple(tuple(row) for row in document["confusion"]),
            }
        )
