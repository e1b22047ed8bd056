"""What stands between private rows and what learns from them: consent, a policy, a budget and its ledger."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from trasunto.data.dataset import Dataset
from trasunto.errors import BudgetError, RecipeError
from trasunto.pipeline.recipe import Grant, Privacy, Recipe
from trasunto.privacy.accountant import rho_of
from trasunto.privacy.budget import Budget, Guarantee
from trasunto.privacy.consent import ConsentRule, consented
from trasunto.privacy.ledger import Entry, Ledger
from trasunto.privacy.mechanisms import paid_by
from trasunto.privacy.policy import Policy, load_policy
from trasunto.privacy.pseudonyms import read_key

# Methods that spend a budget as zero-concentrated differential privacy and nothing else.
CONCENTRATED = ("marginals",)


@dataclass(frozen=True)
class Source:
    """Data as the ledger knows it: by its name, and by the SHA-256 of its content."""

    name: str
    digest: str


def protected(recipe: Recipe, dataset: Dataset) -> tuple[Dataset, dict[str, Any] | None]:
    """What may enter: rows whose people agreed, columns as the policy has them; and what was done, as JSON values.

    Raises what `privacy.protect.protect` raises, and what `privacy.vault.keep` does where the recipe names a vault.
    """
    privacy = recipe.privacy
    if privacy is not None and privacy.vault is not None and privacy.policy is None:
        raise RecipeError("privacy.vault keeps pseudonyms, and no policy makes any.", "Name one with privacy.policy.")
    if privacy is None or (privacy.policy is None and privacy.consent is None):
        return dataset, None
    rule = ConsentRule(**privacy.consent.model_dump()) if privacy.consent else None
    if privacy.policy is None:
        assert rule is not None
        kept, record = consented(dataset, rule, privacy.purpose)
        return kept, {"consent": record.to_dict()}
    from trasunto.privacy.protect import protect
    from trasunto.privacy.vault import keep, require_open, secret_of

    secret = secret_of(privacy.vault_key_file) if privacy.vault is not None else b""
    if privacy.vault is not None:
        require_open(privacy.vault, secret)
    stated = privacy.policy
    policy = load_policy(stated) if isinstance(stated, str) else Policy.from_dict(stated, "privacy.policy")
    policy = replace(policy, consent=rule or policy.consent, purpose=privacy.purpose or policy.purpose)
    made = protect(dataset, policy, key=read_key(privacy.key_file), seed=recipe.seed)
    if privacy.vault is not None:
        made = keep(made, privacy.vault, secret)
    return made.dataset, made.protection.to_dict()


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


@contextmanager
def charged(
    ledger: str,
    source: Source,
    budget: Budget,
    what: str,
    *,
    grant: Grant | None = None,
    run: str = "",
    method: str = "",
) -> Iterator[dict[str, Any]]:
    """A block whose budget is written down as spent right before the first noise is drawn in it, or at its end.

    Gives how the source stands, as JSON values, once the block is left. grant: fixed first, when given; the same again
    changes nothing. method: the synthesizer; where all of its noise is of one kind, runs add up to less. Raises
    BudgetError, and nothing is charged, where no grant was made, another one was, or less is left.
    """
    book, actor = Ledger(ledger), getpass.getuser()
    if grant is not None:
        book.grant(source.name, grant.epsilon, grant.delta, digest=source.digest, actor=actor)
    if book.account(source.name, digest=source.digest).granted is None:
        raise BudgetError(
            f"Nobody has granted {source.name!r} a budget, so nothing of it may be spent.",
            "Decide once what all runs together may spend: privacy.grant in the recipe, or "
            f"`trasunto ledger {source.name} --grant {budget.epsilon:g}`.",
        )
    entries: list[Entry] = []

    def charge() -> None:
        rho = rho_of(budget) if method in CONCENTRATED and _plain(budget) else None
        entries.append(book.charge(source.name, budget, what, digest=source.digest, actor=actor, run=run, rho=rho))

    account: dict[str, Any] = {}
    with paid_by(charge):
        yield account
    if not entries:
        charge()
    account |= standing(ledger, source)


def _plain(budget: Budget) -> bool:
    """Whether a budget is spent on single rows of a declared domain, so that its noise is all it is spent on."""
    return budget.delta > 0 and budget.domain_share == 0 and budget.contributions == 1


def standing(ledger: str, source: Source) -> dict[str, Any]:
    """How a source stands in a ledger, as JSON values."""
    return {"file": ledger, **Ledger(ledger).account(source.name, digest=source.digest).to_dict()}


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
