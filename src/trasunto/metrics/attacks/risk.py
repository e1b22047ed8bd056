"""What an attack reaches beyond what it would reach anyway.

Giomi, Boenisch, Wehmeyer and Tasnadi 2023, "A unified framework for quantifying privacy risk in synthetic data"
(Anonymeter), section 4: an attack is tried on rows that were learnt from (main), on rows that nobody has seen
(control) and by guessing (baseline). What works on unseen rows too is knowledge about people in general; the risk is
what is left: (main - control) / (1 - control).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from trasunto.errors import MetricError
from trasunto.metrics.interval import NORMAL, wilson
from trasunto.metrics.score import Comparison, Score

# Fewer rows a side than this tell nothing: one row would be two points of risk.
LEAST_ROWS = 50


@dataclass(frozen=True)
class Attack:
    """How often an attack hit. subject: which one. hits of tries: on rows learnt from. unseen_hits of unseen_tries: on
    rows nobody has seen (0 of 0 without a holdout). guessed: the share that guessing hits."""

    subject: str
    hits: float
    tries: int
    unseen_hits: float
    unseen_tries: int
    guessed: float

    @property
    def rate(self) -> float:
        return self.hits / self.tries

    @property
    def unseen(self) -> float | None:
        return self.unseen_hits / self.unseen_tries if self.unseen_tries else None

    def risk(self, z: float = NORMAL) -> tuple[float, tuple[float, float]]:
        """The risk from 0 to 1, and its interval: the Wilson intervals of both rates, put together by the method of
        variance estimates recovery (Newcombe 1998). Without unseen rows, the rate itself.

        Where the attack always hits unseen rows nothing can be told: (0, (0, 1)).
        """
        low, high = wilson(self.hits, self.tries, z)
        if not self.unseen_tries:
            return self.rate, (low, high)
        control = self.unseen_hits / self.unseen_tries
        control_low, control_high = wilson(self.unseen_hits, self.unseen_tries, z)
        if control >= 1.0:
            return 0.0, (0.0, 1.0)
        left = 1.0 - control
        value = (self.rate - control) / left
        slope = max(0.0, 1.0 - self.rate) / left**2
        below = np.hypot((self.rate - low) / left, (control_high - control) * slope)
        above = np.hypot((high - self.rate) / left, (control - control_low) * slope)
        # Fewer hits than on unseen rows are chance, and no reason to be surer that the risk is nothing.
        low, value = value - below, max(0.0, value)
        return float(value), (float(np.clip(low, 0.0, value)), float(min(1.0, value + above)))

    def guessing(self) -> float:
        """The risk that guessing would come to."""
        control = self.unseen
        if control is None:
            return self.guessed
        return float(np.clip((self.guessed - control) / (1.0 - control), 0.0, 1.0)) if control < 1.0 else 0.0


def scores_of(metric: str, attacks: Sequence[Attack], reading: str, success: str) -> tuple[Score, ...]:
    """The worst attack as headline, its success, then risk and success of every attack, as `metric` and
    `metric`_success. () without attacks.

    The worst is the one whose risk is surest to be there (the greatest lower end), so that the best of many is not the
    luckiest; the intervals of the headline are wide enough to hold for all attacks at once (Bonferroni).
    """
    if not attacks:
        return ()
    z = float(norm.ppf(1.0 - 0.025 / len(attacks)))
    worst = max(attacks, key=lambda attack: (attack.risk(z)[1][0], attack.risk(z)[0]))
    told = reading
    if len(attacks) > 1:
        told += f" Of {len(attacks)} attacks, the one that is surest to work: {worst.subject}."
    if not worst.unseen_tries:
        told += " There are no unseen rows: what works on anybody counts as risk too."
    found = [*_scores(metric, worst, "", z, told, success)]
    for attack in attacks:
        found += _scores(metric, attack, attack.subject, NORMAL, "", "")
    return tuple(found)


def _scores(metric: str, attack: Attack, subject: str, z: float, reading: str, success: str) -> tuple[Score, Score]:
    value, interval = attack.risk(z)
    control = 0.0 if attack.unseen_tries else None
    rates = wilson(attack.hits, attack.tries, z)
    return (
        Score(metric, value, 0.0, interval, attack.guessing(), control, subject, reading),
        Score(f"{metric}_success", attack.rate, 0.0, rates, attack.guessed, attack.unseen, subject, success),
    )


def check_rows(metric: str, comparison: Comparison) -> None:
    """MetricError with fewer than 50 rows in a part."""
    parts = {"real": comparison.real, "synthetic": comparison.synthetic, "holdout": comparison.holdout}
    for name, part in parts.items():
        if part is not None and len(part) < LEAST_ROWS:
            raise MetricError(
                f"{metric} needs at least {LEAST_ROWS} rows of {name} data and has {len(part)}.",
                "Give more rows: on so few, chance alone would decide.",
            )
