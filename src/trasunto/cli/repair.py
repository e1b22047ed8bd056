from __future__ import annotations

import click

from trasunto.cli.main import DONE
from trasunto.cli.progress import shown
from trasunto.cli.say import json_option, quiet_option, say_json, say_table, seed_option, settings_of


@click.command("repair")
@click.argument("model")
@click.option("-n", "--rows", type=int, required=True, help="How many rows to draw.")
@click.option("--protected", required=True, metavar="a,b", help="Columns whose combinations are the groups.")
@click.option("--target", metavar="COL", help="The outcome that is to be fair.")
@click.option("--positive", metavar="VALUE", help="Its favourable value.  [default: of two the rarer]")
@click.option(
    "--mode",
    default="decisions",
    show_default=True,
    help="parity, decisions, odds, reweigh, rebalance, fill or counterfactual.",
)
@click.option("--intensity", type=float, default=1.0, show_default=True, help="0 changes nothing, 1 repairs all.")
@click.option("--set", "settings", multiple=True, metavar="field=value", help="Others: shares, least, redraw.")
@click.option("-o", "--output", required=True, metavar="OUT", help="File; its suffix says the format.")
@seed_option
@json_option
@quiet_option
def command(
    model: str,
    rows: int,
    protected: str,
    target: str | None,
    positive: str | None,
    mode: str,
    intensity: float,
    settings: tuple[str, ...],
    output: str,
    seed: int,
    as_json: bool,
    quiet: bool,
) -> int:
    """Draw rows from a saved model that are fairer than what it learnt from.

    They carry a mark: OUT.mark.json says that the distribution was deliberately altered, and by how much. What that
    does to models is for `trasunto evaluate --protected` to measure.

    \b
    Examples:
      trasunto repair model -n 10000 --protected sex --target income -o fairer.csv
      trasunto repair model -n 10000 --protected sex,race --target income --mode parity --intensity 0.5 -o fairer.csv
      trasunto repair model -n 10000 --protected race --mode fill --set least=500 -o filled.csv
      trasunto repair model -n 10000 --protected sex --mode counterfactual -o pairs.csv
    """
    from trasunto.connectors.address import open_sink
    from trasunto.pipeline.fairness import repaired, write_mark
    from trasunto.synthesizers.model import load_model

    sink = open_sink(output)
    columns = tuple(name.strip() for name in protected.split(",") if name.strip())
    asked = {"mode": mode, "intensity": intensity, **settings_of(settings)}
    with shown(quiet) as progress:
        made = repaired(
            load_model(model),
            rows,
            protected=columns,
            target=target,
            positive=positive,
            settings=asked,
            seed=seed,
            progress=progress,
        )
        sink.write(made.dataset)
    marked = write_mark(made, output)
    if as_json:
        say_json(made.to_dict())
        return DONE
    pairs = {"share of rows": made.mark.shares, "favourable outcome": made.mark.rates}
    for title, found in pairs.items():
        lines = [(name, f"{before:.1%}", f"{after:.1%}") for name, (before, after) in found.items()]
        if lines:
            say_table(title, ("group", "before", "after"), lines, right=(1, 2))
    click.echo(made.mark.sentence)
    click.echo(f"Wrote {len(made.dataset):,} rows to {output}, and the mark to {marked}.")
    return DONE
