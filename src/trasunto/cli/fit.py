from __future__ import annotations

import click

from trasunto.cli.main import DONE
from trasunto.cli.progress import shown
from trasunto.cli.say import quiet_option, seed_option, settings_of


@click.command("fit")
@click.argument("data")
@click.option("-o", "--output", required=True, metavar="MODEL", help="Folder for the model.")
@click.option("--schema", "schema_file", metavar="FILE", help="What is known about the columns.")
@click.option("--synthesizer", default="tree", show_default=True, help="See `trasunto list synthesizers`.")
@click.option("--set", "settings", multiple=True, metavar="field=value", help="A setting of the synthesizer.")
@seed_option
@quiet_option
def command(
    data: str, output: str, schema_file: str | None, synthesizer: str, settings: tuple[str, ...], seed: int, quiet: bool
) -> int:
    """Fit a synthesizer to real data and save the model.

    DATA is a file, or a folder of files (one table each), or packaged:NAME.

    \b
    Examples:
      trasunto fit patients.csv -o model
      trasunto fit patients.csv -o model --set min_leaf=80 --seed 3
      trasunto fit messages.csv -o model --synthesizer lm-finetune
      trasunto fit patients.csv -o model --synthesizer auto --set max_seconds=20
    """
    from trasunto.pipeline import verbs

    verbs.make(synthesizer, settings_of(settings))
    real = verbs.read(data, schema=schema_file)
    with shown(quiet) as progress:
        model = verbs.fit(real, synthesizer, seed=seed, settings=settings_of(settings), progress=progress)
        model.save(output)
    told = model.describe()
    if "because" in told:
        synthesizer = told["chosen"]
        click.echo("\n".join([f"Chose {synthesizer}.", *told["because"]]))
    click.echo(
        f"Fitted {synthesizer} to {len(real):,} rows. Next: trasunto sample {output} -n {len(real)} -o synthetic.csv"
    )
    return DONE
