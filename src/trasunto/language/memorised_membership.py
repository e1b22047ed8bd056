"""Was a text among the training texts? Told by what the model thinks of it.

The attacks: loss (Yeom et al. 2018), loss against that of the model before it was adapted (Carlini et al. 2021 and
Mireshghallah et al. 2022, the reference attack), loss against the text's compressed size (Carlini et al. 2021), and
the least likely fifth of the tokens (Shi et al. 2024, "min-k %"). The attack is chosen on one half of the texts and
judged on the other, and the other way round: the best of several, and no better for there being several.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.stats import rankdata

from trasunto.errors import MetricError
from trasunto.language.memorised_likelihood import Seen
from trasunto.metrics.interval import auc, auc_interval, wilson
from trasunto.metrics.score import Score

LEAST_TEXTS = 20
# Share of the tokens, the least likely ones, that min-k % looks at.
LEAST_LIKELY = 0.2
FALSE_ALARMS = 0.01


def features(seen: Sequence[Seen], before: Sequence[Seen], texts: Sequence[str]) -> dict[str, np.ndarray]:
    """By attack (texts,) scores, high for a text that seems to have been trained on; before: of the model that was
    adapted, () when there is none."""
    loss = np.array([each.loss for each in seen])
    found = {
        "loss": -loss,
        "min-k": np.array([_least(each.logs) for each in seen]),
        "compressed": -loss * [len(each.logs) for each in seen] / np.array([_size(text) for text in texts]),
    }
    if before:
        found["against the base"] = np.array([each.loss for each in before]) - loss
    return found


def membership(
    members: Mapping[str, np.ndarray], unseen: Mapping[str, np.ndarray], *, seed: int, whose: str = "model"
) -> tuple[Score, ...]:
    """privacy.membership_text: chance that the attack puts a training text above an unseen one (0.5: it cannot
    tell); then privacy.membership_text_tpr, the share of training texts found where 1 % of the unseen ones are taken
    for such; and each attack by itself, by subject.

    members, unseen: scores by attack, as `features` gives. The control sets one half of the unseen texts against the
    other. Raises MetricError with fewer than 20 texts a side.
    """
    inside, outside = len(next(iter(members.values()))), len(next(iter(unseen.values())))
    if min(inside, outside) < LEAST_TEXTS:
        raise MetricError(
            f"Membership needs {LEAST_TEXTS} training and as many unseen texts; there are {inside} and {outside}.",
            "Give more texts.",
        )
    rng = np.random.default_rng(seed)
    chosen, others = _chosen(members, unseen, rng)
    halves = np.array_split(rng.permutation(outside), 2)
    one, other = ({name: values[half] for name, values in unseen.items()} for half in halves)
    control = _chosen(one, other, rng)
    found, tried = _caught(chosen, others), _caught(*control)
    headline = Score(
        "privacy.membership_text",
        auc(chosen, others),
        0.5,
        auc_interval(chosen, others),
        0.5,
        auc(*control),
        reading=f"Chance that what the {whose} thinks of a training text betrays it beside an unseen one; 0.5 is a "
        "coin flip. The control sets unseen texts against unseen texts.",
    )
    caught = Score(
        "privacy.membership_text_tpr",
        float(found.mean()),
        FALSE_ALARMS,
        wilson(int(found.sum()), len(found)),
        FALSE_ALARMS,
        float(tried.mean()),
        reading=f"Share of training texts that what the {whose} thinks of them betrays, where one unseen text of a "
        "hundred is taken for one; 0.01 is a coin flip.",
    )
    each = [
        Score(
            "privacy.membership_text",
            auc(values, unseen[name]),
            0.5,
            auc_interval(values, unseen[name]),
            0.5,
            auc(one[name], other[name]),
            subject=name,
        )
        for name, values in members.items()
    ]
    return headline, caught, *each


def _chosen(
    members: Mapping[str, np.ndarray], unseen: Mapping[str, np.ndarray], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Scores of both sides, each half scored by the attack that did best on the other half (as ranks within it)."""
    inside, outside = (np.array_split(rng.permutation(len(next(iter(each.values())))), 2) for each in (members, unseen))
    scored = [np.empty(sum(map(len, halves))) for halves in (inside, outside)]
    for judged in (0, 1):
        on = 1 - judged
        best = max(members, key=lambda name: auc(members[name][inside[on]], unseen[name][outside[on]]))
        mine, theirs = members[best][inside[judged]], unseen[best][outside[judged]]
        ranks = rankdata(np.concatenate([mine, theirs])) / (len(mine) + len(theirs))
        scored[0][inside[judged]], scored[1][outside[judged]] = ranks[: len(mine)], ranks[len(mine) :]
    return scored[0], scored[1]


def _caught(members: np.ndarray, unseen: np.ndarray) -> np.ndarray:
    """(members,) bool: above all but 1 % of the unseen ones."""
    allowed = int(FALSE_ALARMS * len(unseen))
    line = np.sort(unseen)[::-1][allowed]
    return np.asarray(members > line)


def _least(logs: np.ndarray) -> float:
    count = max(1, int(np.ceil(LEAST_LIKELY * len(logs))))
    return float(np.partition(logs, count - 1)[:count].mean())


def _size(text: str) -> int:
    return len(zlib.compress(text.encode("utf-8", "surrogatepass")))
