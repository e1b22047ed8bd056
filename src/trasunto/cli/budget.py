"""The budget of differential privacy, as options of a command."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from trasunto.privacy.budget import Budget

GIVEN = "trasunto.budget"


def _noted(context: click.Context, option: click.Parameter, value: Any) -> None:
    context.meta.setdefault(GIVEN, {})[option.name] = value


# Read by `budget_asked`, so that they are one thing to a command and not six.
_OPTIONS = tuple(
    click.option(name, type=kind, metavar=metavar, expose_value=False, callback=_noted, help=told)
    for name, kind, metavar, told in (
        ("--epsilon", float, "E", "Differential privacy: the budget that may be spent."),
        ("--delta", float, "D", "Of the budget; well below 1 / rows, as 1e-6.  [default: 0]"),
        ("--person", str, "COL", "The column that names whose row it is: people are protected, not rows."),
        ("--contributions", int, "K", "Most rows of one person that are learnt from.  [default: 1]"),
        ("--domain-share", float, "S", "Share of the budget that buys categories, bounds and rows nobody declared."),
        ("--rows", int, "N", "The number of rows, where it is public."),
    )
)


def budget_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of a budget, for `budget_asked` inside the command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def budget_asked() -> Budget | None:
    """The budget on the command line; None without --epsilon. BudgetError for what cannot be, or lacks an epsilon."""
    from trasunto.errors import BudgetError
    from trasunto.privacy.budget import Budget

    noted = click.get_current_context().meta.get(GIVEN, {})
    given = {name: value for name, value in noted.items() if value is not None}
    if given and "epsilon" not in given:
        first = next(iter(given)).replace("_", "-")
        raise BudgetError(f"--{first} is given, and no --epsilon.", "Give --epsilon too: it is the budget.")
    return Budget(**given) if given else None


@contextmanager
def charging(data: str, dataset: Any, budget: Budget | None, what: str, method: str = "") -> Iterator[None]:
    """A block that is charged to the ledger of the source, where somebody granted it a budget; says so where nobody
    did. BudgetError, before anything is learnt, for more than is left.
    """
    if budget is None:
        yield
        return
    from trasunto.connectors.credentials import masked
    from trasunto.pipeline.recipe import LEDGER
    from trasunto.pipeline.safeguards import Source, charged
    from trasunto.privacy.ledger import Ledger

    # A password in the address of a database is no part of its name.
    data = masked(data)
    source = Source(data, dataset.digest())
    if Ledger(LEDGER).account(source.name, digest=source.digest).granted is None:
        yield
        click.echo(f"No ledger counts what {data} spends. To limit it: trasunto ledger {data} --grant 1", err=True)
        return
    with charged(LEDGER, source, budget, what, method=method) as account:
        yield
    click.echo(f"Charged to {LEDGER}: epsilon {account['left']['epsilon']:g} is left.", err=True)


def say_guarantee(model: Any) -> None:
    """One line on what a model promises, if it does."""
    promised = model.guarantee
    if promised is not None:
        spent = promised.spent
        click.echo(f"Spent epsilon {spent.epsilon:.4g} at delta {spent.delta:g}, for one {promised.unit}.")
