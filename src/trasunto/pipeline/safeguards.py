"""What stands between private rows and what learns from them: a budget, and a ledger that is charged first."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from typing import Any

from trasunto.errors import BudgetError
from trasunto.pipeline.recipe import Grant, Privacy, Recipe
from trasunto.privacy.budget import Budget, Guarantee
from trasunto.privacy.ledger import Ledger


@dataclass(frozen=True)
class Source:
    """Data as the ledger knows it: by its name, and by the SHA-256 of its content."""

    name: str
    digest: str


def budget_of(privacy: Privacy | None) -> Budget | None:
    """The budget a recipe asks for; None without an epsilon."""
    if privacy is None or privacy.epsilon is None:
        return None
    return Budget(
        privacy.epsilon,
        privacy.delta,
        person=privacy.person,
        contributions=privacy.contributions,
        domain_share=privacy.domain_share,
        rows=privacy.rows,
    )


def source_of(recipe: Recipe, digest: str) -> Source:
    """The source of a recipe. digest: of its content."""
    named = recipe.privacy.source if recipe.privacy else None
    return Source(named or recipe.data.source, digest)


def charge(
    ledger: str,
    source: Source,
    budget: Budget | None,
    what: str,
    *,
    grant: Grant | None = None,
    run: str = "",
) -> dict[str, Any]:
    """Write down that a budget is spent, before it is; how the source stands then, as JSON values.

    budget: None where it was charged before. grant: fixed first, when given; the same again changes nothing.
    BudgetError, and nothing charged, where no grant was made, another one was, or less is left.
    """
    book, actor = Ledger(ledger), getpass.getuser()
    if grant is not None:
        book.grant(source.name, grant.epsilon, grant.delta, digest=source.digest, actor=actor)
    if budget is not None:
        if book.account(source.name, digest=source.digest).granted is None:
            raise BudgetError(
                f"Nobody has granted {source.name!r} a budget, so nothing of it may be spent.",
                "Decide once what all runs together may spend: privacy.grant in the recipe, --grant, or "
                f"`trasunto ledger {source.name} --grant {budget.epsilon:g}`.",
            )
        book.charge(source.name, budget, what, digest=source.digest, actor=actor, run=run)
    return {"file": ledger, **book.account(source.name, digest=source.digest).to_dict()}


def told(
    recipe: Recipe,
    protection: dict[str, Any] | None,
    guarantee: Guarantee | None,
    ledger: dict[str, Any] | None,
    audit: dict[str, Any] | None,
) -> dict[str, Any]:
    """What a run says of privacy, as JSON values; {} without a section on it."""
    privacy = recipe.privacy
    if privacy is None:
        return {}
    found = {
        "purpose": privacy.purpose,
        "protection": protection,
        "consent": (protection or {}).get("consent"),
        "guarantee": guarantee.to_dict() if guarantee else None,
        "ledger": ledger,
        "audit": audit,
        "keys": list(privacy.keys),
        "secrets": list(privacy.secrets),
    }
    return {key: value for key, value in found.items() if value}
