"""Membership: can somebody tell from the synthetic rows that a person was among the training rows?

All attacks of `battery` are tried, and the best counts. So that the best of many is not the luckiest, the people are
cut in two halves: the attack that does best on one half is judged on the other, and the other way round. Judged by the
area under the ROC curve, and by what the attack finds while it is seldom wrong (Carlini et al. 2022, "Membership
inference attacks from first principles"): an attack that is sure of few people is worse for these than one that is
right about everybody now and then.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from trasunto.metrics.attacks.battery import Battery, battery_of
from trasunto.metrics.attacks.echoes import battery_of_texts
from trasunto.metrics.interval import NORMAL, auc, auc_influence, auc_interval, share_above
from trasunto.metrics.score import Comparison, Score

# Shares of people who were not there that an attacker may be wrong about.
WRONG = {"privacy.membership_tpr_10": 0.1, "privacy.membership_tpr_1": 0.01, "privacy.membership_tpr_01": 0.001}
# Of the people, the share that lies furthest from others, or has the rarest values.
APART = 0.1
LEAST_PEOPLE = 20


def membership(comparison: Comparison) -> tuple[Score, ...]:
    """privacy.membership: area under the ROC curve of the best attack, 0.5 is a coin flip; privacy.membership_tpr_10,
    _1 and _01: share of training rows that the best attack finds while it is wrong about 10 %, 1 % and 0.1 % of unseen
    rows; then area and share at 1 % of each attack.

    Shares come with Clopper-Pearson intervals, widened for the chance that lies in where the limit was drawn. Controls
    are what unseen people in the place of the training rows would give, which is chance. () without a holdout;
    MetricError with fewer than 100 rows of it.
    """
    battery = battery_of(comparison)
    if battery is None:
        return ()
    halves = _halves(battery.members, comparison.seed)
    area = _area(battery, halves, NORMAL)
    reading = (
        f"Chance that the best of {len(battery.scores)} attacks ranks a training row above an unseen one; 0.5 means "
        "nobody can tell who was there, as with unseen rows in the place of the training rows."
    )
    found = [Score("privacy.membership", area.value, 0.5, area.interval, 0.5, 0.5, reading=reading)]
    for metric, wrong in WRONG.items():
        value, interval = _found(battery, halves, wrong)
        reading = (
            f"Share of training rows that the best attack finds while it is wrong about {wrong:.1%} of unseen rows."
        )
        found.append(Score(metric, value, wrong, interval, wrong, wrong, reading=reading))
    inside = battery.members
    for name, score in battery.scores.items():
        parts = score[inside], score[~inside]
        found.append(Score("privacy.membership", auc(*parts), 0.5, auc_interval(*parts), 0.5, 0.5, name))
        share, interval = share_above(score[inside], score[~inside], 0.01)
        found.append(Score("privacy.membership_tpr_1", share, 0.01, interval, 0.01, 0.01, name))
    return tuple(found)


def membership_echoes(comparison: Comparison) -> tuple[Score, ...]:
    """privacy.membership_echoes: area under the ROC curve of the best attack on texts, that sees synthetic texts alone;
    privacy.membership_echoes_tpr_1: share of training texts that it finds while it is wrong about 1 % of unseen ones;
    then the area of each attack.

    Chosen and judged as in `membership`, with the same intervals. () without a column of text, or with fewer than 100
    unseen texts.
    """
    battery = battery_of_texts(comparison)
    if battery is None:
        return ()
    halves = _halves(battery.members, comparison.seed)
    area = _area(battery, halves, NORMAL)
    value, interval = _found(battery, halves, 0.01)
    reading = (
        "Chance that the words of the synthetic texts put a training text above an unseen one; 0.5 means nobody can "
        "tell whose text was there."
    )
    caught = "Share of training texts that the words of the synthetic texts betray, wrong about 1.0% of unseen ones."
    found = [
        Score("privacy.membership_echoes", area.value, 0.5, area.interval, 0.5, 0.5, reading=reading),
        Score("privacy.membership_echoes_tpr_1", value, 0.01, interval, 0.01, 0.01, reading=caught),
    ]
    for name, score in battery.scores.items():
        parts = _parted(score, battery.members)
        found.append(Score("privacy.membership_echoes", auc(*parts), 0.5, auc_interval(*parts), 0.5, 0.5, name))
    return tuple(found)


def outliers(comparison: Comparison) -> tuple[Score, ...]:
    """privacy.outliers: the same area for the tenth of people furthest from others, and for the tenth with the rarest
    values, of whom most leaks (Meeus et al. 2023, "Achilles' heels"). The headline is the surer leak of the two, its
    interval wide enough for both.

    () without a holdout, or with fewer than 20 such people of a kind; MetricError as `membership`.
    """
    battery = battery_of(comparison)
    if battery is None:
        return ()
    found = {}
    for subject, apart in (("far from others", battery.far), ("rare values", battery.rare)):
        chosen = apart >= np.quantile(apart, 1.0 - APART)
        counts = battery.members[chosen].sum(), (~battery.members[chosen]).sum()
        if min(counts) < LEAST_PEOPLE:
            continue
        few = Battery(
            battery.members[chosen],
            {name: score[chosen] for name, score in battery.scores.items()},
            battery.far[chosen],
            battery.rare[chosen],
        )
        found[subject] = (few, _halves(few.members, comparison.seed))
    if not found:
        return ()
    z = float(norm.ppf(1.0 - 0.025 / len(found)))
    worst = max(found, key=lambda subject: _area(*found[subject], z).interval[0])
    area = _area(*found[worst], z)
    reading = (
        f"Chance that the best attack ranks an unusual training row ({worst}) above an unusual unseen one; 0.5 means "
        "nobody can tell who was there."
    )
    headline = Score("privacy.outliers", area.value, 0.5, area.interval, 0.5, 0.5, reading=reading)
    each = [(subject, _area(*parts, NORMAL)) for subject, parts in found.items()]
    return headline, *(Score("privacy.outliers", a.value, 0.5, a.interval, 0.5, 0.5, s) for s, a in each)


def _halves(members: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two halves of the people, as places, members and others halved each."""
    rng = np.random.default_rng(seed)
    inside, outside = rng.permutation(np.flatnonzero(members)), rng.permutation(np.flatnonzero(~members))
    one, other = len(inside) // 2, len(outside) // 2
    return np.concatenate([inside[:one], outside[:other]]), np.concatenate([inside[one:], outside[other:]])


@dataclass(frozen=True)
class _Area:
    value: float
    interval: tuple[float, float]


def _area(battery: Battery, halves: tuple[np.ndarray, np.ndarray], z: float) -> _Area:
    """The area under the curve of the attack that did best on the other half, mean of both halves."""
    values, errors = [], []
    for chosen_on, judged_on in (halves, halves[::-1]):
        inside = battery.members[chosen_on]
        best = max(battery.scores, key=lambda name: auc(*_parted(battery.scores[name][chosen_on], inside)))
        score, label = battery.scores[best][judged_on], battery.members[judged_on]
        value, influence = auc_influence(score, label)
        values.append(value)
        errors.append(float(influence.std(ddof=1)) / np.sqrt(len(influence)))
    value, half = float(np.mean(values)), z * float(np.hypot(*errors)) / 2.0
    return _Area(value, (max(0.0, value - half), min(1.0, value + half)))


def _found(battery: Battery, halves: tuple[np.ndarray, np.ndarray], wrong: float) -> tuple[float, tuple[float, float]]:
    """The share of members found at a share of others wrong, by the attack that did so best on the other half."""
    ranked = np.empty(len(battery.members))
    for chosen_on, judged_on in (halves, halves[::-1]):
        inside = battery.members[chosen_on]
        best = max(
            battery.scores,
            key=lambda name: share_above(*_parted(battery.scores[name][chosen_on], inside), wrong)[0],
        )
        # Scores of two attacks side by side: each as the share of the half's others that it leaves below.
        score, outside = battery.scores[best][judged_on], ~battery.members[judged_on]
        others = np.sort(score[outside])
        ranked[judged_on] = np.searchsorted(others, score, "left") / len(others)
    return share_above(ranked[battery.members], ranked[~battery.members], wrong)


def _parted(score: np.ndarray, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return score[inside], score[~inside]
