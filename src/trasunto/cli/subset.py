from __future__ import annotations

import click

from trasunto.cli.main import DONE
from trasunto.cli.say import json_option, say_json


@click.command("subset")
@click.argument("data")
@click.argument("output")
@click.option("-n", "--roots", type=click.IntRange(1), help="Rows of the root table to keep.")
@click.option("--share", type=click.FloatRange(0, 1, min_open=True), help="Or the share of its rows.")
@click.option("--root", help="The table whose rows are chosen; else the one from which most rows hang.")
@click.option("--seed", type=int, default=0, show_default=True, help="Which rows.")
@json_option
def command(
    data: str, output: str, roots: int | None, share: float | None, root: str | None, seed: int, as_json: bool
) -> int:
    """Write a consistent part of related tables: some rows, all that hangs from them, all that they refer to.

    DATA is a folder of tables or a database; so is OUTPUT. Rows are real: this makes no data anonymous.

    \b
    Examples:
      trasunto subset bank/ small/ -n 500
      trasunto subset postgresql://ann@host/bank small/ --share 0.05 --root account
    """
    from trasunto.connectors.address import open_sink, open_source
    from trasunto.connectors.credentials import masked
    from trasunto.data.split_related import subset

    if (roots is None) == (share is None):
        raise click.UsageError("Say how much: -n ROWS or --share SHARE, one of them.")
    part = subset(open_source(data).read(), roots=roots, share=share, seed=seed, root=root)
    open_sink(output).write(part)
    counts = {name: len(table) for name, table in part.tables.items()}
    if as_json:
        say_json({"output": masked(output), "rows": counts})
        return DONE
    told = ", ".join(f"{name} {count:,}" for name, count in counts.items())
    click.echo(f"Wrote {len(part):,} rows to {masked(output)}: {told}.")
    return DONE
