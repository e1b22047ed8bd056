"""A claim of differential privacy put to the test: canaries planted by coin, one fit, and what the result betrays.

The audit is that of Steinke, Nasr and Jagielski 2023 ("Privacy Auditing with One (1) Training Run"): the synthesizer
is fitted once, with its budget, to the real rows and to those of m canaries whose coin fell so; an attacker who sees
the synthetic rows alone says of the canaries he is surest of whether they were in. How many he gets right bounds
epsilon from below. The model of the audit is thrown away: it never leaves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from trasunto.data.dataset import Dataset, Table
from trasunto.errors import MetricError
from trasunto.metrics.interval import auc, auc_interval
from trasunto.pipeline.canary_cells import betrayed
from trasunto.pipeline.canary_rows import coded, craft, scores
from trasunto.privacy.budget import Budget, Guarantee
from trasunto.privacy.lower_bound import CONFIDENCE, ceiling, lower_bound
from trasunto.privacy.transcript import overheard
from trasunto.progress import Progress, quiet
from trasunto.synthesizers.coded import CodedModel
from trasunto.synthesizers.model import Synthesizer

CANARIES = 500
LEAST_CANARIES = 20
# Synthetic rows that are looked at for each real one: what is drawn from a model costs no budget, and more rows
# show more of it.
DRAWS = 3
MOST_ROWS = 200_000
# Of m canaries about m / 2 were in, give or take: the guesses keep so many standard deviations from the middle.
MARGIN = 2.5
# All but the middle, or the surest third of them.
SHARES = (1.0, 1 / 3)


@dataclass(frozen=True)
class CanaryAudit:
    """What an attacker could tell of planted canaries.

    epsilon_lower: epsilon is above this, with the confidence given (95 %), at the delta claimed; 0 when nothing was
    refuted. epsilon_claimed, delta: of the model's guarantee; None without one. ceiling: the most that
    epsilon_lower could have been with so many canaries: a claim above it cannot be refuted. canaries, included: how
    many there were, and how many of them were planted. attack, guesses, right: of the attack that gave the bound.
    auc, interval: chance that the attack puts a planted canary above one that was not, of the attack that did best
    (0.5 is guessing), by attack in `attacks`. seed: of the coins.
    """

    epsilon_lower: float
    epsilon_claimed: float | None
    delta: float
    ceiling: float
    canaries: int
    included: int
    attack: str
    guesses: int
    right: int
    auc: float
    interval: tuple[float, float]
    attacks: dict[str, float]
    confidence: float
    seed: int

    @property
    def refuted(self) -> bool:
        """Whether the claim is broken: the bound from below is above it."""
        return self.epsilon_claimed is not None and self.epsilon_lower > self.epsilon_claimed

    @property
    def telling(self) -> bool:
        """Whether so many canaries could have refuted the claim at all."""
        return self.epsilon_claimed is None or self.ceiling > self.epsilon_claimed

    def to_dict(self) -> dict[str, Any]:
        """JSON values under the fields' names, with "refuted" and "telling"."""
        document = {**asdict(self), "interval": list(self.interval)}
        return {**document, "refuted": self.refuted, "telling": self.telling}


def audit_canaries(
    real: Dataset,
    synthesizer: Synthesizer,
    budget: Budget | None = None,
    *,
    canaries: int = CANARIES,
    seed: int = 0,
    rows: int | None = None,
    progress: Progress = quiet,
) -> CanaryAudit:
    """Plant canaries among the rows of one table, fit once, and bound epsilon from below.

    budget: what the fit may spend; None audits a method that claims nothing. canaries: crafted rows, each in by a
    fair coin. rows: synthetic rows to look at (three for each real one, at most 200,000, when None). Takes one fit
    and one large draw. The bound holds for add-or-remove-one-row neighbours; with a `person` in the budget each
    canary is a person of one row.

    A table with a column of free text is audited by its texts (`canary_texts.audit_texts`).

    Raises MetricError for fewer than 20 canaries and for a domain too small for so many; what fitting raises, too.
    """
    if real.only.schema.of_kind("text"):
        from trasunto.pipeline.canary_texts import audit_texts

        return audit_texts(real, synthesizer, budget, canaries=canaries, seed=seed, rows=rows, progress=progress)
    enough(canaries)
    rng = np.random.default_rng(seed)
    table = real.only
    person = budget.person if budget is not None else None
    if budget is not None and budget.rows is not None:
        # A public number of rows: one that does not know how the coins fell.
        budget = replace(budget, rows=len(real) + canaries // 2)
    planted = craft(table, canaries, rng, own=person)
    coins = tossed(canaries, rng)
    progress("audit", 0, 3)
    with overheard() as releases:
        model = synthesizer.fit(with_rows(real, planted.take(np.flatnonzero(coins)), rng), seed=seed, budget=budget)
    progress("audit", 1, 3)
    number = min(DRAWS * len(real), MOST_ROWS) if rows is None else rows
    made = model.sample(number, seed=seed + 1)
    progress("audit", 2, 3)
    names = [name for name in table.schema.names if name != person]
    seen = Table(
        replace(table.schema, columns=tuple(table.schema[n] for n in names), primary_key=()), table.rows[names]
    )
    parts = coded(seen, {"real": table.rows, "canaries": planted.rows, "made": made.rows})
    attacks = scores(parts["canaries"], parts["real"], parts["made"])
    if isinstance(model, CodedModel):
        attacks |= betrayed(model, releases, planted, table)
    found = judged(attacks, coins, model.guarantee, budget, seed)
    progress("audit", 3, 3)
    return found


def tossed(number: int, rng: np.random.Generator) -> np.ndarray:
    """(number,) bool: a fair coin for each, tossed again in the rare case that all fell alike."""
    coins = rng.random(number) < 0.5
    return coins if 0 < coins.sum() < number else tossed(number, rng)


def with_rows(real: Dataset, more: Table, rng: np.random.Generator) -> Dataset:
    """The rows of both, in random order: where a row stands tells nothing."""
    joined = pl.concat([real.rows, more.rows.select(real.rows.columns)], how="vertical_relaxed")
    order = rng.permutation(joined.height)
    return real.with_table(Table(real.only.schema, joined[order]))


def judged(
    attacks: Mapping[str, np.ndarray],
    coins: np.ndarray,
    guarantee: Guarantee | None,
    budget: Budget | None,
    seed: int,
    confidence: float = CONFIDENCE,
) -> CanaryAudit:
    """The verdict on (canaries,) scores by attack, high where a canary seems in; coins: (canaries,) bool, the truth.

    How many canaries are guessed is set beforehand, two numbers for each attack; the confidence is shared out over
    all these tries (Bonferroni), so that the best of them may be named.
    """
    spent = guarantee.spent if guarantee is not None else budget
    delta = spent.delta if spent is not None else 0.0
    number = len(coins)
    sides = sorted({side for share in SHARES if (side := int(_side(number) * share)) > 0}, reverse=True)
    each = 1.0 - (1.0 - confidence) / (len(attacks) * len(sides))
    best = (-1.0, 0.0, "", 0, 0)
    for name, values in attacks.items():
        # What scores alike is put in an order that does not know the coins.
        order = np.lexsort((np.random.default_rng([seed, 2]).random(number), values))
        for side in sides:
            right = int((~coins[order[:side]]).sum() + coins[order[-side:]].sum())
            bound = lower_bound(right, 2 * side, delta=delta, canaries=number, confidence=each)
            best = max(best, (bound, right / (2 * side), name, 2 * side, right))
    bound, _, name, guesses, right = best
    known = {attack: auc(values[coins], values[~coins]) for attack, values in attacks.items()}
    leading = max(known, key=lambda attack: known[attack])
    return CanaryAudit(
        epsilon_lower=bound,
        epsilon_claimed=spent.epsilon if spent is not None else None,
        delta=delta,
        ceiling=ceiling(2 * sides[0], delta=delta, canaries=number, confidence=each),
        canaries=number,
        included=int(coins.sum()),
        attack=name,
        guesses=guesses,
        right=right,
        auc=known[leading],
        interval=auc_interval(attacks[leading][coins], attacks[leading][~coins]),
        attacks=known,
        confidence=confidence,
        seed=seed,
    )


def _side(number: int) -> int:
    """How many canaries are guessed to be in, and as many to be out."""
    return max(1, int((number - MARGIN * np.sqrt(number)) / 2))


def enough(canaries: int) -> None:
    """MetricError for fewer canaries than can prove anything."""
    if canaries < LEAST_CANARIES:
        raise MetricError(
            f"{canaries} canaries can prove nothing; {LEAST_CANARIES} are the least.",
            "Ask for 500, which can refute an epsilon of up to about 4.",
        )
