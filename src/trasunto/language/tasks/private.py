"""Models that answer or write, under a budget: an adapter by DP-SGD on gradients of single rows.

The unit is a row (a text, a pair, a dialogue with all its turns), or all rows of a person. Nothing is counted, left
out or held back for what another row says, and nothing measured on the rows is told.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from trasunto.data.dataset import Dataset
from trasunto.errors import BudgetError
from trasunto.language.decoder.decoder import Decoder
from trasunto.language.decoder.settings import DecoderSettings, Example
from trasunto.language.private import granted
from trasunto.networks.private import descent, secret
from trasunto.privacy.budget import Budget
from trasunto.progress import Progress, quiet


def learnt_privately(
    dataset: Dataset,
    examples_of: Callable[[Dataset], Sequence[Example]],
    budget: Budget,
    settings: Any,
    *,
    task: str,
    seed: int = 0,
    progress: Progress = quiet,
) -> tuple[Decoder, dict[str, Any]]:
    """(the model, facts about it). examples_of: rows → an example of each that has one, by itself. settings: an
    `AnswerSettings` or a `WritingSettings`.

    Raises BudgetError for a method without an adapter, and for a number of rows that is neither public nor bought.
    """
    if settings.method not in (None, "lora"):
        raise BudgetError(f"Under a budget a model for {task} is not trained by {settings.method!r}.", "Take lora.")
    started = time.monotonic()
    bounded, grant = granted(dataset, budget, None)
    plan = descent(grant.rest, rate=settings.rate, steps=settings.steps, clip=settings.clip, rows=grant.rows)
    learning = DecoderSettings(
        method="lora",
        base=settings.base,
        learning_rate=settings.private_rate,
        longest=settings.longest,
        rank=settings.private_rank,
    )
    from trasunto.language.decoder.private import train_decoder_private

    # What was bought is bought anew by a training that is taken up again: it must not go on with another's weights.
    own = seed if budget.rows is not None and not budget.domain_share else int(secret().integers(2**31))
    way = train_decoder_private(examples_of(bounded), grant, plan, settings=learning, seed=own, progress=progress)
    facts = {
        "task": task,
        "method": "lora",
        "base": settings.base,
        "architecture": "decoder, lora, by DP-SGD",
        "texts": grant.rows,
        "seed": seed,
        **way.facts,
        "seconds": round(time.monotonic() - started, 2),
    }
    return way, facts
