"""What a trained language model scored on real data, as a value."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from trasunto.errors import ModelError

# 1: without AUC, calibration and groups. 2: with them.
VERSION = 2


@dataclass(frozen=True)
class ClassScore:
    """One class: shares within [0, 1]; `support` counts the test rows that truly have the label."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Bin:
    """Answers that were given with like confidence: the mean confidence, the share of them that is right, how many."""

    confidence: float
    right: float
    count: int


@dataclass(frozen=True)
class Calibration:
    """Whether a model is as sure as it is right.

    ece: expected calibration error over 15 equal bins of the confidence in the answer (Guo et al. 2017, section 2);
    0 is best. brier: half the mean squared distance of the chances from the truth, within [0, 1] (for two classes the
    usual Brier score); 0 is best. bins: those that hold answers, for the reliability curve.
    """

    ece: float
    brier: float
    bins: tuple[Bin, ...]


@dataclass(frozen=True)
class GroupScore:
    """The test rows that have one value of a column. Intervals: 95 % bootstrap, by "accuracy" and "macro_f1"; macro F1
    is the mean over the labels that occur in the group."""

    column: str
    group: str
    rows: int
    accuracy: float
    macro_f1: float
    intervals: dict[str, tuple[float, float]]


@dataclass(frozen=True)
class Evaluation:
    """One model on one test set.

    arm: what it was trained on: "synthetic", "real", "synthetic then real", "synthetic + real", "majority",
    "tf-idf, real", "real, 10 per class", "real, 10 per class + synthetic".
    trained_on, tested_on: rows.
    accuracy, macro_precision, macro_recall, macro_f1: shares within [0, 1]; a class that is never
    predicted has precision 0 (scikit-learn's zero_division=0).
    intervals: 95 % percentile bootstrap over test rows, by the names above, "micro_f1", "ece" and "brier"; "auc" by
    DeLong's method.
    labels, confusion: confusion[i][j] test rows of labels[i] were called labels[j].
    facts: JSON values for the report: base, method, parameters, hyper-parameters, seconds, curves.
    auc: area under the ROC curve, mean over the labels of the truth, each against the rest; None without chances.
    calibration: None without chances. groups: for each value of each column asked for.
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
    auc: float | None = None
    calibration: Calibration | None = None
    groups: tuple[GroupScore, ...] = ()

    @property
    def micro_f1(self) -> float:
        """F1 over all decisions at once: where every text has one label and gets one answer, the accuracy."""
        return self.accuracy

    def to_dict(self) -> dict[str, Any]:
        return {"version": VERSION, **asdict(self), "micro_f1": self.micro_f1}

    @staticmethod
    def from_dict(document: dict[str, Any]) -> Evaluation:
        """What `to_dict` wrote, of this version or an older one. ModelError for one that is newer."""
        version = document.get("version", 1)
        if version > VERSION:
            raise ModelError(f"The evaluation is of version {version}, newer than {VERSION}.", "Update trasunto.")
        told = {name: value for name, value in document.items() if name not in ("version", "micro_f1")}
        given = told.get("calibration")
        return Evaluation(
            **{
                **told,
                "intervals": _intervals(told["intervals"]),
                "per_class": tuple(ClassScore(**each) for each in told["per_class"]),
                "labels": tuple(told["labels"]),
                "confusion": tuple(tuple(row) for row in told["confusion"]),
                "calibration": given
                and Calibration(given["ece"], given["brier"], tuple(Bin(**each) for each in given["bins"])),
                "groups": tuple(
                    GroupScore(**{**each, "intervals": _intervals(each["intervals"])})
                    for each in told.get("groups", ())
                ),
            }
        )


def _intervals(document: dict[str, Any]) -> dict[str, tuple[float, float]]:
    return {name: (low, high) for name, (low, high) in document.items()}
