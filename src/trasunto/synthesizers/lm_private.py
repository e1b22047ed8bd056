"""A language model that is adapted to private texts by DP-SGD, with labels as control codes.

Yue et al. 2023, "Synthetic text generation with differential privacy: a simple and practical recipe". A share of the
budget pays the other columns, labels among them; the texts get the rest. Nothing else looks at a text.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import TableSchema
from trasunto.encoders.codes import Levels
from trasunto.language.finetune import Adaptation, Adapter, finetune_private
from trasunto.language.layouts import Layout, layout_of
from trasunto.language.offline import find
from trasunto.language.private import Granted, granted
from trasunto.networks.loop import Loop
from trasunto.networks.private import descent, secret
from trasunto.privacy.budget import Budget, Guarantee
from trasunto.privacy.domain import of_persons, public_schema
from trasunto.privacy.mechanisms import noise
from trasunto.progress import Progress
from trasunto.synthesizers.autoregressive import Autoregressive
from trasunto.synthesizers.coded import CodedModel


@dataclass(frozen=True)
class Taught:
    """What was learnt. labels: that the label may be; attributes: draws every column that is not written, None when
    there is none; rows: a public or bought count."""

    schema: TableSchema
    layout: Layout
    labels: tuple[str, ...]
    adapter: Adapter
    attributes: CodedModel | None
    facts: dict[str, Any]
    rows: int
    guarantee: Guarantee


def taught_privately(settings: Any, real: Dataset, budget: Budget, seed: int, progress: Progress) -> Taught:
    """Fit to one table. settings: an `LmFinetune`. Raises what its `fit` does.

    What is written to what is told by names, kinds and roles of columns alone; a value in a prompt is part of its text.
    """
    bounded = of_persons(real.only, budget, noise())
    schema = replace(public_schema(bounded.schema), primary_key=(), foreign_keys=())
    layout = layout_of(schema, kind=settings.kind, conditions=settings.conditions)
    base = find(settings.base)
    table = Table(bounded.schema, layout.held(bounded.rows))
    attributes, grant = attributed_privately(table, layout.texts, budget, settings.attributed, seed)
    plan = descent(grant.rest, rate=settings.rate, steps=settings.steps, clip=settings.clip, rows=grant.rows)
    # A clock that ends it early would waste the budget of the steps that were planned.
    loop = Loop(learning_rate=settings.private_rate, max_seconds=settings.max_seconds or float("inf"))
    adapter, facts, steps = finetune_private(
        layout.prompted(table.rows),
        plan,
        base=base,
        settings=Adaptation(settings.private_rank, 2 * settings.private_rank, settings.longest, loop, settings.method),
        # What was bought is bought anew by a fit that is taken up again: it must not go on with another's weights.
        seed=seed if budget.rows is not None and not budget.domain_share else int(secret().integers(2**31)),
        progress=progress,
    )
    drawn = attributes.codes.columns.get(layout.label or "") if attributes is not None else None
    labels = tuple(str(value) for value in drawn.values) if isinstance(drawn, Levels) else ()
    return Taught(schema, layout, labels, adapter, attributes, facts, grant.rows, grant.guarantee(plan, steps))


def attributed_privately(
    table: Table, texts: tuple[str, ...], budget: Budget, attributed: float, seed: int
) -> tuple[CodedModel | None, Granted]:
    """What draws the other columns, None when there is none, and what is left for the texts."""
    kept = tuple(column for column in table.schema.columns if column.name not in texts)
    one = budget.one_row()
    if not kept:
        grant = granted(Dataset.of(table), one, None)[1]
        return None, replace(grant, asked=budget)
    bought = budget.domain_share
    part = attributed * (1 - bought) + bought
    share, rest = one.split(part, 1 - part)
    others = Dataset.of(Table(TableSchema(kept), table.rows.drop(texts)))
    attributes = Autoregressive().fit(others, seed=seed, budget=replace(share, domain_share=bought / part))
    assert attributes.guarantee is not None
    paid = attributes.guarantee
    return attributes, Granted(budget, rest, attributes.fitted_to, None, paid.spending, paid.assumptions)
