"""What a model that writes scored on real data, as a value."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

# For each score: whether more or less is better, and its unit.
GOALS: dict[str, str] = {
    "bleu": "max",
    "chrf": "max",
    "ter": "min",
    "exact_match": "max",
    "rouge_l": "max",
    "similarity": "max",
    "perplexity": "min",
    "bits_per_byte": "min",
}


@dataclass(frozen=True)
class TextEvaluation:
    """One model on one test set.

    arm: what it was trained on: "synthetic", "real", "synthetic then real", "synthetic + real", or a baseline.
    task: "translation", "answering", "chat", "generation".
    trained_on: examples. tested_on: test rows (dialogues of a chat).
    scores, intervals: by the names of GOALS; 95 % percentile bootstrap over the test rows. The first score is the one
    that the task is judged by. bleu, chrf and ter run to 100 (ter beyond), exact_match, rouge_l and similarity to 1.
    examples: a few test rows: {"prompt", "answer", "expected"}.
    facts: JSON values for the report: parameters, hyper-parameters, seconds, curves.
    """

    arm: str
    task: str
    trained_on: int
    tested_on: int
    scores: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    examples: tuple[dict[str, str], ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def leading(self) -> str:
        """The name of the score that the task is judged by."""
        return next(iter(self.scores))

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_dict(document: dict[str, Any]) -> TextEvaluation:
        return TextEvaluation(
            **{
                **document,
                "intervals": {name: (low, high) for name, (low, high) in document["intervals"].items()},
                "examples": tuple(dict(each) for each in document["examples"]),
            }
        )
