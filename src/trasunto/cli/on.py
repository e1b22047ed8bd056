"""Where a command's work is done, as an option."""

from __future__ import annotations

from typing import Any

import click


def _entered(context: click.Context, option: click.Parameter, value: Any) -> None:
    """Everything until the end of the command is done there."""
    if value is not None and not context.resilient_parsing:
        from trasunto.executors import executing

        context.with_resource(executing(value))


on_option = click.option(
    "--on",
    metavar="WHERE",
    expose_value=False,
    callback=_entered,
    help="Who does the work: local, processes:4, ray, ray://host:10001. Same seed, same result.",
)
