from __future__ import annotations

import click

from trasunto.cli.main import DONE
from trasunto.cli.progress import shown
from trasunto.cli.say import quiet_option, seed_option


@click.command("sample")
@click.argument("model")
@click.option("-n", "--rows", type=int, required=True, help="How many rows to draw.")
@click.option("-o", "--output", required=True, metavar="OUT", help="File; its suffix says the format.")
@seed_option
@quiet_option
def command(model: str, rows: int, output: str, seed: int, quiet: bool) -> int:
    """Draw synthetic rows from a saved model.

    \b
    Examples:
      trasunto sample model -n 10000 -o synthetic.csv
      trasunto sample model -n 10000 -o synthetic.parquet --seed 1
    """
    from trasunto.connectors.address import open_sink
    from trasunto.synthesizers.model import load_model

    sink = open_sink(output)
    fitted = load_model(model)
    with shown(quiet) as progress:
        progress("sample", 0, rows)
        made = fitted.sample(rows, seed=seed)
        progress("sample", rows, rows)
        sink.write(made)
    click.echo(f"Wrote {len(made):,} rows to {output}.")
    return DONE
