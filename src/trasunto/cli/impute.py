from __future__ import annotations

import click

from trasunto.cli.main import DONE
from trasunto.cli.say import say_sheets, seed_option


@click.command("impute")
@click.argument("data")
@click.option("-o", "--output", required=True, metavar="OUT", help="File; its suffix says the format.")
@click.option("--model", metavar="MODEL", help="A fitted model; without it one is fitted to DATA itself.")
@click.option("--synthesizer", default="tree", show_default=True, help="What to fit when no model is given.")
@click.option("--times", type=click.IntRange(1), default=1, show_default=True, help="Fill so often (OUT-1, OUT-2, …).")
@seed_option
def command(data: str, output: str, model: str | None, synthesizer: str, times: int, seed: int) -> int:
    """Fill the gaps of real rows with values drawn to fit the rest of each row.

    The rows stay real and as private as they were. Fill several times (multiple imputation, Rubin 1987) and compare
    the results to see how much rests on what was filled in.

    \b
    Examples:
      trasunto impute patients.csv -o full.csv
      trasunto impute patients.csv -o full.csv --model model --times 5
    """
    from pathlib import Path

    from trasunto.connectors.address import open_sink
    from trasunto.pipeline import verbs

    open_sink(output)
    fitted = verbs.load(model) if model else None
    real = verbs.read(data, schema=fitted.schema if fitted else None)
    say_sheets(data)
    fitted = fitted or verbs.fit(real, synthesizer, seed=seed)
    gaps = sum(real.rows.null_count().row(0))
    for number in range(times):
        target = Path(output)
        if times > 1:
            target = target.with_name(f"{target.name.partition('.')[0]}-{number + 1}{''.join(target.suffixes)}")
        full = verbs.impute(fitted, real, seed=seed + number)
        open_sink(target).write(full)
        left = sum(full.rows.null_count().row(0))
        click.echo(f"Filled {gaps - left:,} of {gaps:,} gaps in {len(full):,} rows: {target}.")
    return DONE
