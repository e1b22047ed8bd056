"""Membership by shadow models: the method is fitted again and again, with and without each of the most unusual people.

Carlini et al. 2022, "Membership inference attacks from first principles" (LiRA), on synthetic rows and on the most
vulnerable people (Meeus et al. 2023, "Achilles' heels"): what the synthetic rows look like around a person when he was
among the training rows, and when he was not, is learnt from shadow models; then the rows to be judged are asked which
of the two they look like.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.stats import norm

from trasunto.data.dataset import Dataset, Table
from trasunto.errors import MetricError
from trasunto.metrics.attacks.battery import NEIGHBOURS
from trasunto.metrics.attacks.places import scale_of, totals
from trasunto.metrics.frames import arrays
from trasunto.metrics.interval import auc, auc_interval, share_above
from trasunto.metrics.score import Comparison, Score
from trasunto.pipeline.verbs import make
from trasunto.progress import Progress, quiet

# Shadow models, people attacked of each kind, and rows that a shadow model is fitted to at most.
SHADOWS = 16
PEOPLE = 200
MOST_ROWS = 5_000
LEAST_UNSEEN = 200
NEAREST = 3


def shadow(
    comparison: Comparison, synthesizer: str, *, shadows: int = SHADOWS, progress: Progress = quiet
) -> tuple[Score, ...]:
    """privacy.membership_shadow: the chance that the attack ranks an unusual training row above an unusual unseen one;
    privacy.membership_shadow_tpr_10: the share of such rows found while wrong about 10 % of the unseen.

    synthesizer: by name, with its defaults, the method that made the rows or one like it. One half of the holdout is
    the attacker's own, and every shadow model is fitted to it and a random half of the people attacked: 200 training
    rows and 200 rows of the other half, those furthest from the attacker's rows. shadows: at least 4. () without a
    holdout or columns but text and identifiers; MetricError with fewer than 200 rows of it.
    """
    given = arrays(comparison)
    if comparison.holdout is None or not given.names:
        return ()
    if len(comparison.holdout) < LEAST_UNSEEN:
        raise MetricError(
            f"Shadow models need at least {LEAST_UNSEEN} rows of holdout and there are {len(comparison.holdout)}.",
            "Give more rows that the synthesizer has not seen.",
        )
    rng = np.random.default_rng(comparison.seed)
    order = rng.permutation(len(comparison.holdout))
    half = len(order) // 2
    own, others = _rows(comparison.holdout, order[half:][:MOST_ROWS]), _rows(comparison.holdout, order[:half])
    number = min(PEOPLE, half, len(comparison.real))
    members = _unusual(_rows(comparison.real, rng.permutation(len(comparison.real))[:MOST_ROWS]), own, number)
    people = _joined(members, _unusual(others, own, number))
    rows = len(own) + number
    judged = _look(people, own, _rows(comparison.synthetic, rng.permutation(len(comparison.synthetic))[:rows]))
    inside = np.array([rng.permutation(2 * number) < number for _ in range(max(4, shadows))])
    seen = np.empty((len(inside), *judged.shape))
    method = make(synthesizer, {})
    for place, chosen in enumerate(inside):
        progress("shadow models", place, len(inside))
        model = method.fit(_joined(own, _rows(people, np.flatnonzero(chosen))), seed=comparison.seed + place)
        seen[place] = _look(people, own, model.sample(rows, seed=comparison.seed + place + 1))
    progress("shadow models", len(inside), len(inside))
    score = _likelier(judged, seen, inside)
    reading = (
        f"Chance that {len(inside)} shadow models of {synthesizer!r} rank an unusual training row above an unusual "
        "unseen one; 0.5 means nobody can tell who was there."
    )
    parts = score[:number], score[number:]
    found, interval = share_above(*parts, 0.1)
    told = "Share of unusual training rows that shadow models find while wrong about 10 % of the unseen."
    return (
        Score("privacy.membership_shadow", auc(*parts), 0.5, auc_interval(*parts), 0.5, 0.5, reading=reading),
        Score("privacy.membership_shadow_tpr_10", found, 0.1, interval, 0.1, 0.1, reading=told),
    )


def _rows(data: Dataset, places: np.ndarray) -> Dataset:
    return data.with_table(data.only.take(places))


def _joined(one: Dataset, other: Dataset) -> Dataset:
    """The rows of both, held as those of the first are."""
    table = one.only
    return one.with_table(Table(table.schema, pl.concat([table.rows, other.rows.select(table.rows.columns)])))


def _unusual(data: Dataset, own: Dataset, number: int) -> Dataset:
    """So many of the rows furthest from their fifth neighbour among the attacker's own."""
    given = arrays(Comparison(data, own))
    scale = scale_of(given, given.parts["synthetic"], given.parts["real"])
    far = np.empty(len(data))
    asked, searched = scale.places(given.parts["real"]), scale.places(given.parts["synthetic"])
    for block, total in totals(scale, asked, searched):
        far[block] = np.partition(total, NEIGHBOURS - 1, axis=1)[:, NEIGHBOURS - 1]
    return _rows(data, np.argsort(-far, kind="stable")[:number])


def _look(people: Dataset, own: Dataset, made: Dataset) -> np.ndarray:
    """(people, neighbours) logs of the distances to the nearest synthetic rows, on the scale of the attacker's rows."""
    given = arrays(Comparison(people, made, own))
    scale = scale_of(given, given.parts["holdout"], given.parts["real"], given.parts["synthetic"])
    asked, searched = scale.places(given.parts["real"]), scale.places(given.parts["synthetic"])
    found = np.empty((len(people), NEAREST))
    for block, total in totals(scale, asked, searched):
        found[block] = np.log(np.sort(np.partition(total, NEAREST - 1, axis=1)[:, :NEAREST], axis=1) + 1.0)
    return found


def _likelier(judged: np.ndarray, seen: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """(people,) log of how much likelier it is to see what is judged with the person inside than outside: normal, with
    means of the person and one spread for all."""
    weights = inside[:, :, None].astype(float)
    means = {
        part: (seen * w).sum(axis=0) / np.maximum(w.sum(axis=0), 1.0)
        for part, w in (("in", weights), ("out", 1.0 - weights))
    }
    left = seen - np.where(inside[:, :, None], means["in"], means["out"])
    spread = np.sqrt((left**2).mean(axis=(0, 1))) + 1e-6
    each = norm.logpdf(judged, means["in"], spread) - norm.logpdf(judged, means["out"], spread)
    found: np.ndarray = each.sum(axis=1)
    return found
