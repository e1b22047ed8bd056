"""What in the figures of fairness needs a justification in writing before anything is released."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from trasunto.metrics.score import Score

# Metric, whether its value must not fall below (or rise above) the limit, and where the limit comes from.
LIMITS = (
    ("fairness.demographic_parity_ratio", False, 0.8),  # four-fifths rule: US Uniform Guidelines 1978, § 1607.4 D
    ("fairness.equalized_odds", True, 0.1),
    ("fairness.subgroup_fidelity", True, 2.0),
    ("fairness.representation", True, 0.01),
)


@dataclass(frozen=True)
class Flag:
    """A figure beyond its limit. subject: the column or combination. as_real: whether unseen real rows (or a model
    trained on real ones) are beyond it too: then synthesis has not brought it in."""

    metric: str
    subject: str
    value: float
    limit: float
    as_real: bool

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def flags(scores: Sequence[Score]) -> tuple[Flag, ...]:
    """Every figure of a column or combination beyond its limit: a demographic parity ratio below 0.8, an equalised odds
    difference above 0.1, a group served twice as badly as as many of everyone, or whose share is a point away."""
    found = []
    for metric, above, limit in LIMITS:
        for score in scores:
            if score.metric != metric or not score.subject or ": " in score.subject:
                continue
            if _beyond(score.value, above, limit):
                real = score.control is not None and _beyond(score.control, above, limit)
                found.append(Flag(metric, score.subject, score.value, limit, real))
    return tuple(found)


def _beyond(value: float, above: bool, limit: float) -> bool:
    return value > limit if above else value < limit
