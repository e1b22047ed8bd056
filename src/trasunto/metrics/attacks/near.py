"""Near copies: synthetic rows closer to a training row than unseen people ever come.

A count that can show that something is wrong. It is not evidence of privacy: distances miss leaks that attacks find
(Yao et al. 2025, "The DCR Delusion"), so that no gate reads it unless a person writes one.
"""

from __future__ import annotations

import numpy as np

from trasunto.metrics.attacks.places import affordable, equal, nearest, scale_of
from trasunto.metrics.attacks.risk import LEAST_ROWS, check_rows
from trasunto.metrics.frames import arrays, at_most
from trasunto.metrics.interval import share_above
from trasunto.metrics.score import Comparison, Score

# Rows looked at on a side, training rows searched, and the share of unseen rows that come so near.
MOST_ROWS = 5_000
MOST_TRAIN = 50_000
BASELINE_ROWS = 2_000
NEAR = 0.01


def near_copies(comparison: Comparison) -> tuple[Score, ...]:
    """privacy.near_copies: the share of synthetic rows nearer to a training row than all but 1 % of unseen rows are.

    Distance: see `places`. Rows equal to a training row are left out on both sides: privacy.exact_copies counts these.
    On at most 5,000 synthetic and unseen rows, fewer on wide tables; without a holdout, training rows against the
    other training rows stand for the unseen. The control is 1 % by the way it is made. () without columns but text and
    identifiers, or where fewer than 50 rows are left; MetricError with fewer than 50 rows in a part.
    """
    given = arrays(comparison)
    if not given.names:
        return ()
    check_rows("privacy.near_copies", comparison)
    rng = np.random.default_rng(comparison.seed)
    train = rng.permutation(at_most(given.parts["real"], MOST_TRAIN, rng))
    most = affordable(len(given.names), len(train), MOST_ROWS)
    if "holdout" in given.parts:
        unseen = at_most(given.parts["holdout"], most, rng)
    else:
        half = min(len(train) // 2, most)
        unseen, train = train[:half], train[half:]
    made = at_most(given.parts["synthetic"], most, rng)
    alone = at_most(given.parts["independent"], min(most, BASELINE_ROWS), rng)
    made, unseen, alone = (rows[~equal(rows, train)] for rows in (made, unseen, alone))
    if min(len(made), len(unseen)) < LEAST_ROWS:
        return ()
    scale = scale_of(given, train, unseen, made, alone)
    searched = scale.places(train)
    ours, others, guessed = (-nearest(scale, scale.places(rows), searched) for rows in (made, unseen, alone))
    value, interval = share_above(ours, others, NEAR)
    reading = (
        "Share of synthetic rows nearer to a training row than all but 1 % of unseen rows are; above 1 % there are "
        "near copies. A low share is not evidence of privacy."
    )
    baseline = share_above(guessed, others, NEAR)[0] if len(guessed) else 0.0
    control = NEAR if "holdout" in given.parts else None
    return (Score("privacy.near_copies", value, NEAR, interval, baseline, control, reading=reading),)
