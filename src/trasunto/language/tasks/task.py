"""What a language model is trained for: one shape for all tasks.

task = registry.load("tasks", "translation")
settings = task.settings(method="recurrent")
model = task.train(real, settings=settings, seed=0)
judged = task.judge(synthetic, real, test, settings=settings, seed=0)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from trasunto.language.evaluation import Evaluation
from trasunto.language.text_evaluation import TextEvaluation


@dataclass(frozen=True)
class Judged:
    """What a task found.

    evaluations: one an arm; those of texts first, then those of labels where a task has both. model: trained on
    synthetic examples alone, with `save(folder)` and `facts`. facts: JSON values for the report.
    """

    evaluations: tuple[Evaluation | TextEvaluation, ...]
    model: Any
    facts: dict[str, Any]

    @property
    def written(self) -> tuple[TextEvaluation, ...]:
        """The evaluations of written answers."""
        return tuple(each for each in self.evaluations if isinstance(each, TextEvaluation))

    @property
    def labelled(self) -> tuple[Evaluation, ...]:
        """The evaluations of labels."""
        return tuple(each for each in self.evaluations if isinstance(each, Evaluation))


@dataclass(frozen=True)
class Task:
    """A task.

    about: what it is, in one sentence. settings: the dataclass of its settings.
    train(dataset, *, settings, seed, budget, progress) → model; budget: of differential privacy, or None.
    judge(synthetic, real, test, *, settings, curve, seed, progress) → Judged, where synthetic, real and test are
    datasets of one table; test holds real rows that nothing has seen. curve: sizes of few real examples that are tried
    beside: examples of each class for classification and
    rows, else examples in all.
    """

    name: str
    about: str
    settings: type
    train: Callable[..., Any]
    judge: Callable[..., Judged]
