from __future__ import annotations

import getpass

import click

from trasunto.cli.main import DONE
from trasunto.cli.say import json_option, number, say_json, say_table


@click.command("ledger")
@click.argument("source")
@click.option("--ledger", "file", metavar="FILE", help="trasunto-runs/ledger.sqlite by default.")
@click.option("--grant", type=float, metavar="EPSILON", help="Fix what all runs together may spend.")
@click.option("--delta", type=float, default=1e-5, show_default=True, help="The delta that goes with it.")
@click.option("--change", is_flag=True, help="Replace an earlier grant; the ledger keeps both.")
@click.option("--reason", default="", help="Why; written down.")
@json_option
def command(
    source: str, file: str | None, grant: float | None, delta: float, change: bool, reason: str, as_json: bool
) -> int:
    """Show what a source was granted and what was spent of it, or grant it a budget.

    SOURCE is what runs call it: data.source of a recipe, or privacy.source. Every run with an epsilon is charged here
    before it learns anything, and refused when less is left.

    \b
    Examples:
      trasunto ledger patients.csv --grant 3 --reason "Decided by the data protection officer"
      trasunto ledger patients.csv
      trasunto ledger patients.csv --grant 5 --change --reason "New study"
    """
    from trasunto.pipeline.recipe import LEDGER
    from trasunto.privacy.ledger import Ledger

    book = Ledger(file or LEDGER)
    if grant is not None:
        book.grant(source, grant, delta, actor=getpass.getuser(), reason=reason, change=change)
    account = book.account(source)
    if as_json:
        say_json(account.to_dict())
        return DONE
    if account.granted is None:
        click.echo(f"Nothing was granted to {source!r} in {book.path}. Next: trasunto ledger {source} --grant 1")
        return DONE
    lines = [
        (_minute(each.time), each.kind, number(each.epsilon), f"{each.delta:.2g}", each.unit, each.what, each.actor)
        for each in account.entries
    ]
    say_table(source, ("time (UTC)", "entry", "epsilon", "delta", "unit", "what", "who"), lines, right=(2, 3))
    click.echo(
        f"Granted epsilon {account.granted.epsilon:g}, spent {account.spent.epsilon:g}, left {account.left.epsilon:g}."
    )
    return DONE


def _minute(time: str) -> str:
    return time[:16].replace("T", " ")
