"""A number that never comes alone: its goal, its interval, what guessing gives, what unseen real rows give."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from trasunto.data.dataset import Dataset
from trasunto.errors import MetricError, RecipeError, near


@dataclass(frozen=True)
class Score:
    """One measured number.

    metric: dotted name, group first ("fidelity.c2st").
    value: the measurement.
    goal: the best value there is (0 for an error, 1 for an accuracy, 0.5 for a coin flip).
    interval: 95 % confidence interval, or None where the number is a count with no sampling error.
    baseline: the same measurement with each column drawn by itself (or with guessing).
    control: the same measurement with unseen real rows in place of synthetic ones.
    subject: what it is about, when not the whole dataset ("age", "age × sex", "class spam").
    reading: one plain sentence: how to read the number.
    """

    metric: str
    value: float
    goal: float
    interval: tuple[float, float] | None = None
    baseline: float | None = None
    control: float | None = None
    subject: str = ""
    reading: str = ""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_dict(document: dict[str, Any]) -> Score:
        interval = document.get("interval")
        return Score(**{**document, "interval": tuple(interval) if interval is not None else None})


@dataclass(frozen=True, eq=False)
class Comparison:
    """What a metric is given. All datasets hold one table with the same columns.

    real: the rows the synthesizer was fitted to. synthetic: what it drew.
    holdout: real rows that nothing has seen; without it, scores have no control.
    target: the column to predict in utility metrics. protected: columns for fairness, and positive: the value of the
    target that is the favourable one (as text), where it is not to be guessed.
    keys: what an attacker knows of a person; secrets: what he would like to know. Where none are given, attacks take
    the columns whose roles say so (quasi-identifier; sensitive and target), and else all columns.
    """

    real: Dataset
    synthetic: Dataset
    holdout: Dataset | None = None
    target: str | None = None
    protected: tuple[str, ...] = ()
    seed: int = 0
    keys: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    positive: str | None = None

    def __post_init__(self) -> None:
        names = self.real.only.schema.names
        for what, dataset in (("real", self.real), ("synthetic", self.synthetic), ("holdout", self.holdout)):
            if dataset is None:
                continue
            if len(dataset) == 0:
                raise MetricError(f"The {what} data has no rows.", "Give at least a few hundred.")
            if set(dataset.only.schema.names) != set(names):
                missing = sorted(set(names) - set(dataset.only.schema.names))
                extra = sorted(set(dataset.only.schema.names) - set(names))
                raise MetricError(
                    f"The {what} data has other columns than the real data: missing {missing}, extra {extra}.",
                    "Give both the same columns.",
                )
        if self.target is not None and self.target not in names:
            raise MetricError(f"No target column called {self.target!r}.", near(self.target, names))
        if self.target is not None and self.target in self.protected:
            raise MetricError(
                f"The protected column {self.target!r} is the target: a model cannot be fair to what it predicts.",
                "Protect other columns, or name another target.",
            )
        for what, columns in (("protected", self.protected), ("key", self.keys), ("secret", self.secrets)):
            for name in columns:
                if name not in names:
                    raise MetricError(f"No {what} column called {name!r}.", near(name, names))
        if self.holdout is not None and self.real.digest() == self.holdout.digest():
            raise MetricError(
                "The holdout is the training data itself.", "Give real rows that the synthesizer has not seen."
            )


# A metric returns its headline score first (subject ""), then, if it has them, scores by subject.
# It returns () when it does not apply (no target, no text), and raises MetricError when it should but cannot.
Metric = Callable[[Comparison], tuple[Score, ...]]


# Which figure of a score a gate judges, by the words around the metric's name.
ENDS = ("value", "lower", "upper")


@dataclass(frozen=True)
class Gate:
    """A limit that a run must keep: Gate.parse("fidelity.c2st <= 0.6").

    end: "value", or the "lower" or "upper" end of the 95 % interval: Gate.parse("upper(privacy.singling_out) <= 0.09")
    wants it shown that the risk is small, which few rows cannot. Where a score has no interval its value is judged.
    """

    metric: str
    sign: str
    limit: float
    end: str = "value"

    @staticmethod
    def parse(text: str) -> Gate:
        name = r"(?:(lower|upper)\(\s*([\w.\-]+)\s*\)|([\w.\-]+))"
        found = re.fullmatch(rf"\s*{name}\s*(<=|>=|<|>|=)\s*([-+0-9.eE]+)\s*", text)
        if not found:
            raise RecipeError(
                f"Cannot read the gate {text!r}.",
                'Write it like "fidelity.c2st <= 0.6", or "upper(privacy.inference) <= 0.09" for an interval.',
            )
        end, inside, plain, sign, limit = found.groups()
        try:
            return Gate(inside or plain, "<=" if sign == "=" else sign, float(limit), end or "value")
        except ValueError as error:
            raise RecipeError(f"The gate {text!r} has no number for a limit.") from error

    def verdict(self, scores: tuple[Score, ...]) -> Verdict:
        """RecipeError when no score of that name was measured: a gate that judges nothing is a mistake."""
        score = next((s for s in scores if s.metric == self.metric and not s.subject), None)
        if score is None:
            measured = {s.metric for s in scores if not s.subject}
            raise RecipeError(f"The gate {self} names a metric that was not measured.", near(self.metric, measured))
        ends = (score.value, *(score.interval or (score.value, score.value)))
        value = ends[ENDS.index(self.end)]
        kept = {"<=": value <= self.limit, ">=": value >= self.limit, "<": value < self.limit, ">": value > self.limit}
        return Verdict(self, value, kept[self.sign])

    def __str__(self) -> str:
        name = self.metric if self.end == "value" else f"{self.end}({self.metric})"
        return f"{name} {self.sign} {self.limit:g}"


@dataclass(frozen=True)
class Verdict:
    """What a gate said about a value; None where what it asks for is not known."""

    gate: Gate
    value: float | None
    passed: bool
