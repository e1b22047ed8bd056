from __future__ import annotations

from pathlib import Path

import click

from trasunto.cli.main import DONE
from trasunto.cli.say import say_sheets


@click.command("init")
@click.argument("recipe", metavar="[RECIPE.yaml]", default="recipe.yaml")
@click.option("--data", required=True, metavar="FILE", help="My data: a file, or packaged:NAME.")
@click.option("--force", is_flag=True, help="Replace a recipe that is there already.")
def command(recipe: str, data: str, force: bool) -> int:
    """Write a commented recipe for my own data: what was found is filled in, what can be chosen is explained.

    \b
    Example:
      trasunto init recipe.yaml --data patients.csv
      trasunto run recipe.yaml --preview
    """
    from trasunto.errors import FileError
    from trasunto.pipeline.starter import starter
    from trasunto.pipeline.verbs import read
    from trasunto.writing import write_text

    if Path(recipe).exists() and not force:
        raise FileError(f"{recipe} is there already.", "Give another name, or --force to replace it.")
    write_text(recipe, starter(data, read(data)))
    say_sheets(data)
    click.echo(f"Wrote {recipe}. Read it, then: trasunto run {recipe} --preview")
    return DONE
