from __future__ import annotations

import json
from contextlib import ExitStack

import click

from trasunto.cli.main import DONE, GATE
from trasunto.cli.progress import shown
from trasunto.cli.say import json_option, quiet_option, say_json, say_run, say_table


@click.command("demo")
@click.argument("name", required=False)
@click.option("--list", "list_them", is_flag=True, help="List the demos and what they show.")
@click.option("--data", metavar="FILE", help="Your own data in place of the packaged; name its columns with --set.")
@click.option("-o", "--output", metavar="DIR", help="Folder of the run; a new one under trasunto-runs/ by default.")
@click.option("--language", type=click.Choice(["en", "es"]), default="en", show_default=True, help="Of the report.")
@click.option("--short", is_flag=True, help="Fewer rows: a look, or a test of the installation.")
@click.option("--set", "settings", multiple=True, metavar="section.field=value", help="Change the recipe.")
@click.option("--resume", is_flag=True, help="Finish the run in the folder of -o.")
@json_option
@quiet_option
def command(
    name: str | None,
    list_them: bool,
    data: str | None,
    output: str | None,
    language: str,
    short: bool,
    settings: tuple[str, ...],
    resume: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Run a packaged recipe on real, openly licensed data: synthetic data out, a language model trained on it and
    judged on real rows that nothing has seen, and a report.

    \b
    Examples:
      trasunto demo
      trasunto demo messages --language es
      trasunto demo reviews_es --data reviews.csv --set data.text=review --set data.label=opinion
      trasunto demo bank --data bank/ --set data.copied=[district] --set data.target=loan.status
      trasunto demo --list
    """
    from trasunto.pipeline import demos

    if list_them:
        told = [(demo.name, f"{demo.minutes:g} min", demo.title["en"], demo.use_case["en"]) for demo in demos.demos()]
        if as_json:
            say_json([{"name": n, "minutes": m, "title": t, "use_case": u} for n, m, t, u in told])
        else:
            say_table("Demos", ("name", "about", "title", "what it shows"), told)
        return DONE
    from trasunto.pipeline.run import run

    given = (f"data.source={json.dumps(data)}", *settings) if data else settings
    chosen = demos.demo_of(name or demos.DEFAULT)
    recipe = demos.recipe_of(chosen.name, language=language, quick=short, overrides=given)
    with ExitStack() as stack:
        if chosen.database:
            if resume:
                raise click.UsageError(f"The demo {chosen.name!r} has databases of its own, gone with it: begin anew.")
            recipe, where = stack.enter_context(demos.between_databases(recipe))
            if not as_json:
                click.echo(f"From database to database: {where}.")
        progress = stack.enter_context(shown(quiet))
        done = run(recipe, folder=output, resume=resume, progress=progress)
    say_json(done.summary()) if as_json else say_run(done)
    return DONE if done.report.passed else GATE
