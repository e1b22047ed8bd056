"""Canaries for texts: a beginning as people write, an end that nobody would, and what a writer betrays of them.

After Meeus et al. 2025 ("The Canary's Echo: Auditing Privacy Risks of LLM-Generated Synthetic Text"): synthetic texts
echo a canary when its beginning is like the texts around it, so that the writer goes there at all, and its end is
improbable, so that only who has seen it goes on so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from trasunto.data.dataset import Dataset, Table
from trasunto.errors import MetricError
from trasunto.metrics.attacks.echoes import echoed
from trasunto.metrics.words import Vocabulary
from trasunto.pipeline.canaries import CanaryAudit, enough, judged, tossed, with_rows
from trasunto.privacy.budget import Budget
from trasunto.progress import Progress, quiet
from trasunto.synthesizers.lm_finetune import LmFinetuneModel
from trasunto.synthesizers.model import Synthesizer

CANARIES = 100
# Words of the beginning, at most, and of the end.
BEGINNING = 6
END = 8
LEAST_WORDS = 4
# Synthetic texts that are looked at, at most: writing them is slow.
MOST_ROWS = 1_000


def audit_texts(
    real: Dataset,
    synthesizer: Synthesizer,
    budget: Budget | None = None,
    *,
    canaries: int = CANARIES,
    repeats: int = 1,
    seed: int = 0,
    rows: int | None = None,
    progress: Progress = quiet,
) -> CanaryAudit:
    """Plant canaries among texts, fit once, and bound epsilon from below; see `audit_canaries`.

    Attacks: what stands in the synthetic texts alone (word pairs, and the most alike text), and, where the model is a
    fine-tuned language model, how much likelier it finds a canary than its base does. repeats: how often each
    canary that is in stands among the texts; above 1 it shows how much is memorised, and with a budget it is refused
    (the claim is about one row). rows: synthetic texts to look at (as many as real ones, at most 1,000, when None; 0
    looks at the model alone).

    Raises MetricError for fewer than 20 canaries, for texts too few or too short to begin like, and for repeats below
    1, or above 1 with a budget; what fitting and writing raise, too.
    """
    enough(canaries)
    if repeats < 1 or (repeats > 1 and budget is not None):
        raise MetricError(
            f"repeats is {repeats}; the claim of a budget is about a row that stands once.",
            "Leave repeats at 1, or the budget out.",
        )
    rng = np.random.default_rng(seed)
    column = real.only.schema.of_kind("text")[0].name
    planted = craft_texts(real.only, column, canaries, rng)
    coins = tossed(canaries, rng)
    if budget is not None and budget.rows is not None:
        budget = replace(budget, rows=len(real) + canaries // 2)
    chosen = planted.take(np.repeat(np.flatnonzero(coins), repeats))
    progress("audit", 0, 3)
    model = synthesizer.fit(with_rows(real, chosen, rng), seed=seed, budget=budget)
    progress("audit", 1, 3)
    number = min(len(real), MOST_ROWS) if rows is None else rows
    attacks = {}
    if number:
        made = model.sample(number, seed=seed + 1)
        attacks = echoes(*(_texts(each.rows[column]) for each in (planted, real, made)))
    progress("audit", 2, 3)
    if isinstance(model, LmFinetuneModel):
        attacks["likelihood"] = likelihoods(model, real.with_table(planted))
    if not attacks:
        raise MetricError("There is nothing to look at: no rows, and no language model.", "Ask for some rows.")
    found = judged(attacks, coins, model.guarantee, budget, seed)
    progress("audit", 3, 3)
    return found


def craft_texts(table: Table, column: str, number: int, rng: np.random.Generator) -> Table:
    """So many rows whose text begins like a row's and ends in eight words of all texts, drawn at random, the rare as
    probable as the frequent; the other columns are that row's. MetricError when too few texts have four words."""
    texts = _texts(table.rows[column])
    words = [text.split() for text in texts]
    long = [place for place, each in enumerate(words) if len(each) >= LEAST_WORDS]
    known = sorted({word for each in words for word in each})
    if len(long) < 2 or len(known) < 2 * END:
        raise MetricError(
            f"{len(long)} texts of {column!r} have {LEAST_WORDS} words or more, of {len(known)} different words: too "
            "few to make canaries of.",
            "Give more texts.",
        )
    # A word that one text alone holds, within a canary, is the rarest there is.
    times = Counter(word for each in words for word in set(each))
    rare = [word for word in known if times[word] <= 2]
    pool = np.array(rare if len(rare) >= 2 * END else known, dtype=object)
    places = rng.choice(long, number)
    made = []
    for place in places:
        start = words[place][: max(2, min(BEGINNING, len(words[place]) // 2))]
        made.append(" ".join([*start, *rng.choice(pool, END)]))
    rows = table.rows[places].with_columns(pl.Series(column, made, dtype=pl.String))
    return Table(table.schema, rows)


def echoes(canaries: Sequence[str], real: Sequence[str], made: Sequence[str]) -> dict[str, np.ndarray]:
    """By attack (canaries,) scores from synthetic texts alone, as `metrics.attacks.echoes.echoed` has them; real: the
    texts without canaries."""
    vocabulary = Vocabulary()
    asked, known, written = (vocabulary.stream([[text] for text in part]) for part in (canaries, real, made))
    return echoed(asked, known, written, len(vocabulary))


def likelihoods(model: LmFinetuneModel, canaries: Dataset) -> np.ndarray:
    """(canaries,) how much likelier a token of each is to the adapted model than to its base, in nats, on average."""
    from trasunto.language.finetune import LEAST
    from trasunto.language.memorised_likelihood import Reader
    from trasunto.language.offline import find

    base, examples = find(model.settings.base), model.examples(canaries)
    longest = model.settings.window or model.settings.longest or LEAST
    loss = [
        np.array([each.loss for each in Reader.of(base, adapter, longest).read(examples)])
        for adapter in (model.adapter, None)
    ]
    return np.asarray(loss[1] - loss[0])


def _texts(values: pl.Series) -> list[str]:
    return values.fill_null("").to_list()
