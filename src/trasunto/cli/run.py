from __future__ import annotations

import click

from trasunto.cli.main import DONE, GATE
from trasunto.cli.on import on_option
from trasunto.cli.progress import shown
from trasunto.cli.say import json_option, quiet_option, say_asked, say_json, say_run, say_sheets, say_table


@click.command("run")
@click.argument("recipe", metavar="RECIPE.yaml")
@click.option("--set", "settings", multiple=True, metavar="section.field=value", help="Change the recipe; repeatable.")
@click.option("-o", "--output", metavar="DIR", help="Folder of the run; a new one under trasunto-runs/ by default.")
@click.option("--resume", is_flag=True, help="Finish the run in the folder of -o; finished steps are not done again.")
@click.option("--preview", is_flag=True, help="Show the plan and ten synthetic rows of a small fit; keep nothing.")
@json_option
@on_option
@quiet_option
def command(
    recipe: str,
    settings: tuple[str, ...],
    output: str | None,
    resume: bool,
    preview: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Do the whole job that a recipe describes: read, check, split, synthesize, measure, train, report.

    \b
    Examples:
      trasunto run recipe.yaml
      trasunto run recipe.yaml --preview
      trasunto run recipe.yaml --set split.holdout=0.3 --set seed=7 -o runs/seven
      trasunto run recipe.yaml -o runs/seven --resume
    """
    from trasunto.pipeline import run as pipeline
    from trasunto.pipeline.recipe import load_recipe

    asked = load_recipe(recipe, settings)
    say_sheets(asked.data.source)
    with shown(quiet) as progress:
        if preview:
            look = pipeline.preview(asked, progress=progress)
        else:
            done = pipeline.run(asked, folder=output, resume=resume, progress=progress)
    if preview:
        rows = look.rows.to_polars()
        if as_json:
            say_json({"plan": look.plan, "rows": rows.to_dicts()})
        elif "asked" in look.plan:
            say_asked(look.plan["asked"])
        elif not rows.height:
            click.echo(f"The whole job takes {look.plan['text']}. No rows are shown: each look would spend budget.")
        else:
            click.echo(f"The whole job takes {look.plan['text']}. Ten synthetic rows of a small fit:")
            say_table("", rows.columns, [[_short(value) for value in row] for row in rows.rows()])
        return DONE
    say_json(done.summary()) if as_json else say_run(done)
    return DONE if done.report.passed else GATE


def _short(value: object) -> str:
    return "" if value is None else str(value)[:60]
