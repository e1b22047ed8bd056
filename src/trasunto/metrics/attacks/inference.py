"""Attribute inference: what somebody knows of a person tells, through the synthetic rows, what he does not know.

Giomi et al. 2023 (Anonymeter), section 5.3: the secret of the synthetic row nearest in the known columns is the guess.
Guesses hit unseen people too where columns hang together; only what they hit beyond that was leaked. The third of the
three tests of WP29 Opinion 05/2014.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trasunto.errors import MetricError, near
from trasunto.metrics.attacks.linkability import keys_of
from trasunto.metrics.attacks.places import Scale, affordable, apart, scale_of
from trasunto.metrics.attacks.risk import Attack, check_rows, scores_of
from trasunto.metrics.frames import Arrays, arrays, at_most
from trasunto.metrics.score import Comparison, Score

# People tried, synthetic rows searched, and secrets tried when none are named.
TRIES = 10_000
MOST_ROWS = 50_000
MOST_SECRETS = 20
# Whole numbers of no more values than this are guessed exactly; other numbers within this share of themselves.
MOST_GRADES = 20
WITHIN = 0.05


def inference(comparison: Comparison) -> tuple[Score, ...]:
    """privacy.inference: the share of secrets of training rows that are guessed right, beyond the share of unseen rows;
    and privacy.inference_success, the shares themselves. The headline is the secret surest to leak.

    Secrets: the `secrets` of the comparison; else the columns whose role is sensitive, and the target; else every
    column in its turn (20 at most). Known are the keys (see `linkability`), without keys all other columns. A category
    counts as hit when it is equal, a number within 5 % (a date, or a number of both signs, within 5 % of the range of
    the middle 90 %). At most 10,000 people, fewer
    on wide tables. Baseline: the most frequent value or the median. () with fewer than two
    columns but text and identifiers; MetricError for a secret that is text, an identifier or constant, and with fewer
    than 50 rows in a part.
    """
    given = arrays(comparison)
    if len(given.names) < 2:
        return ()
    secrets = secrets_of(comparison)
    check_rows("privacy.inference", comparison)
    rng = np.random.default_rng(comparison.seed)
    made = rng.permutation(at_most(given.parts["synthetic"], MOST_ROWS, rng))
    tries = affordable(len(given.names), len(made), TRIES)
    people = {part: at_most(given.parts[part], tries, rng) for part in ("real", "holdout") if part in given.parts}
    known = [given.names.index(name) for name in keys_of(comparison, given.names)]
    scale, places = scale_of(given, made, *people.values()), [given.names.index(name) for name in secrets]
    searched = scale.places(made)
    found = {part: _nearest(scale, scale.places(rows), searched, places, known) for part, rows in people.items()}
    attacks = []
    for number, place in enumerate(places):
        judge = _Judge.of(comparison, given, place)
        hits = {p: judge.hits(made[found[p][:, number], place], rows[:, place]) for p, rows in people.items()}
        unseen = (hits["holdout"], len(people["holdout"])) if "holdout" in people else (0, 0)
        guess = judge.hits(np.full(len(people["real"]), judge.likely(made[:, place])), people["real"][:, place])
        attacks.append(
            Attack(given.names[place], hits["real"], len(people["real"]), *unseen, guess / len(people["real"]))
        )
    keys = " + ".join(given.names[place] for place in known) or "all other columns"
    reading = (
        "How much more often the synthetic rows give away the secret of a training row than of an unseen row; 0 is "
        f"best. Known: {keys}."
    )
    success = (
        "Share of secrets guessed right; the control is the share of unseen people, the baseline one guess for all."
    )
    return scores_of("privacy.inference", attacks, reading, success)


def secrets_of(comparison: Comparison) -> tuple[str, ...]:
    """The columns to infer. MetricError for a secret that is text, an identifier, or always the same."""
    given = arrays(comparison)
    schema = comparison.real.only.schema
    if comparison.secrets:
        for name in comparison.secrets:
            if name not in given.names:
                raise MetricError(
                    f"The secret {name!r} is {schema[name].kind}, which cannot be inferred from columns.",
                    near(name, given.names),
                )
            if not _varies(given, name):
                raise MetricError(
                    f"The secret {name!r} has one value only in the real data: there is nothing to infer.",
                    "Name another column.",
                )
        return comparison.secrets
    wanted = {column.name for column in schema.of_role("sensitive")} | {comparison.target}
    wanted |= {column.name for column in schema.of_role("target")}
    varied = [name for name in given.names if _varies(given, name)]
    return tuple([name for name in varied if name in wanted] or varied[:MOST_SECRETS])


def _varies(given: Arrays, name: str) -> bool:
    column = given.parts["real"][:, given.names.index(name)]
    known = column[~np.isnan(column)]
    return bool(len(known)) and (len(known) < len(column) or bool((known != known[0]).any()))


def _nearest(
    scale: Scale, people: np.ndarray, searched: np.ndarray, secrets: list[int], known: list[int]
) -> np.ndarray:
    """(people, secrets) the synthetic row nearest in the known columns but the secret; the first of equals."""
    found = np.empty((people.shape[1], len(secrets)), dtype=np.int64)
    for block, each in apart(scale, people, searched):
        total = np.add.reduce(each[known] if known else each, axis=0, dtype=np.uint16)
        for number, secret in enumerate(secrets):
            left = total - each[secret] if not known or secret in known else total
            found[block, number] = left.argmin(axis=1)
    return found


@dataclass(frozen=True)
class _Judge:
    """When a guess hits. exact: whether only the value itself does. reach: how far off a number may be, None when it
    goes by the number itself."""

    exact: bool
    reach: float | None

    @staticmethod
    def of(comparison: Comparison, given: Arrays, place: int) -> _Judge:
        kind = comparison.real.only.schema[given.names[place]].kind
        column = given.parts["real"][:, place]
        known = column[~np.isnan(column)]
        if given.category[place] or (kind == "integer" and len(np.unique(known)) <= MOST_GRADES):
            return _Judge(True, None)
        if kind != "datetime" and (known.min() >= 0 or known.max() <= 0):
            return _Judge(False, None)
        low, high = np.quantile(known, [0.05, 0.95])
        return _Judge(False, WITHIN * float(high - low))

    def hits(self, guesses: np.ndarray, truth: np.ndarray) -> int:
        """How many of (n,) guesses are right; a missing value is hit by a missing one."""
        both = np.isnan(guesses) & np.isnan(truth)
        if self.exact:
            return int(((guesses == truth) | both).sum())
        reach = WITHIN * np.abs(truth) if self.reach is None else self.reach
        with np.errstate(invalid="ignore"):
            return int(((np.abs(guesses - truth) <= reach) | both).sum())

    def likely(self, made: np.ndarray) -> float:
        """The one guess for everybody: the most frequent value, or the median."""
        known = made[~np.isnan(made)]
        if len(known) * 2 < len(made):
            return float("nan")
        if self.exact:
            values, counts = np.unique(known, return_counts=True)
            return float(values[counts.argmax()])
        return float(np.median(known))
