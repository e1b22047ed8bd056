"""Linkability: two tables about the same people, put together through the synthetic rows.

Giomi et al. 2023 (Anonymeter), section 5.2: an attacker holds some columns of a person in one place and others in
another. He looks for the synthetic rows nearest to each; where one row is nearest to both, he says that the two belong
together. The second of the three tests of WP29 Opinion 05/2014.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trasunto.errors import MetricError
from trasunto.metrics.attacks.places import Scale, affordable, apart, scale_of
from trasunto.metrics.attacks.risk import Attack, check_rows, scores_of
from trasunto.metrics.frames import arrays, at_most
from trasunto.metrics.score import Comparison, Score

# People tried, and synthetic rows searched.
TRIES = 5_000
MOST_ROWS = 50_000


def linkability(comparison: Comparison) -> tuple[Score, ...]:
    """privacy.linkability: the share of training rows whose two halves the synthetic rows link, beyond the share of
    unseen rows; and privacy.linkability_success, the shares themselves.

    The two column sets are the keys and the rest: the `keys` of the comparison, or the quasi-identifiers of the schema;
    without either, the columns are dealt out so that both sets tell people apart. Two halves are linked when one
    synthetic row is nearest to both, equals included. Without a holdout the baseline is the share of halves of two
    different people that are linked, where that is more than a guess. At most 5,000 people, fewer on wide tables. ()
    with fewer than two columns but text and identifiers; MetricError with fewer than 50 rows in a part, or keys that
    leave no other column.
    """
    given = arrays(comparison)
    if len(given.names) < 2:
        return ()
    check_rows("privacy.linkability", comparison)
    known = keys_of(comparison, given.names)
    one = [given.names.index(name) for name in known] if known else _dealt(given.parts["synthetic"])
    other = [place for place in range(len(given.names)) if place not in one]
    if not other:
        raise MetricError("The keys are all the columns there are: nothing is left to link.", "Name fewer keys.")
    rng = np.random.default_rng(comparison.seed)
    made = rng.permutation(at_most(given.parts["synthetic"], MOST_ROWS, rng))
    tries = affordable(len(given.names), len(made), TRIES)
    people = {part: at_most(given.parts[part], tries, rng) for part in ("real", "holdout") if part in given.parts}
    scale = scale_of(given, made, *people.values())
    searched = scale.places(made)
    hits = {part: _linked(scale, scale.places(rows), searched, one, other) for part, rows in people.items()}
    unseen = (hits["holdout"], len(people["holdout"])) if "holdout" in people else (0, 0)
    guessed = 1.0 / len(made)
    if not unseen[1]:
        # Values that hardly any row shares are as far from all of them, and so link anybody with anybody.
        mixed = scale.places(people["real"]).copy()
        mixed[other] = np.roll(mixed[other], 1, axis=1)
        guessed = max(guessed, _linked(scale, mixed, searched, one, other) / len(people["real"]))
    attack = Attack("", hits["real"], len(people["real"]), *unseen, guessed)
    names = (" + ".join(given.names[place] for place in places) for places in (one, other))
    reading = (
        "How much more often the synthetic rows link two halves of a training row than of an unseen row; 0 is best. "
        "The halves: {} and {}."
    ).format(*names)
    success = "Share of people whose two halves are linked; the control is the share of unseen people."
    return scores_of("privacy.linkability", [attack], reading, success)[:2]


def keys_of(comparison: Comparison, names: Sequence[str]) -> tuple[str, ...]:
    """What an attacker is taken to know: the keys of the comparison, or else the quasi-identifiers of the schema; those
    among `names`, in their order."""
    asked = comparison.keys or tuple(c.name for c in comparison.real.only.schema.of_role("quasi-identifier"))
    return tuple(name for name in names if name in asked)


def _linked(scale: Scale, people: np.ndarray, searched: np.ndarray, one: list[int], other: list[int]) -> int:
    """Of how many people one row is nearest to both halves."""
    found = 0
    for _, each in apart(scale, people, searched):
        first = np.add.reduce(each[one], axis=0, dtype=np.uint16)
        second = np.add.reduce(each[other], axis=0, dtype=np.uint16)
        # The nearest of the sum is as near as both nearest together only where one row is nearest to both.
        least = first.min(axis=1) + second.min(axis=1)
        found += int(((first + second).min(axis=1) == least).sum())
    return found


def _dealt(made: np.ndarray) -> list[int]:
    """Half the columns: those with the most values dealt out in turns, so that both halves have some of them."""
    values = [len(np.unique(column)) for column in made.T]
    order = sorted(range(len(values)), key=lambda place: -values[place])
    return sorted(order[0::4] + order[3::4])
