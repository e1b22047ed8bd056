from __future__ import annotations

import click

from trasunto.cli.main import DONE
from trasunto.cli.say import json_option, say_json, say_table


@click.command("papers")
@click.argument("run", required=False, metavar="RUN")
@click.option("--list", "list_them", is_flag=True, help="List the papers and what each is for.")
@click.option("-o", "--output", metavar="DIR", help="Folder of the papers; `papers` inside the run by default.")
@click.option("--paper", "names", multiple=True, metavar="NAME", help="A paper from --list; repeatable. [default: all]")
@click.option("--format", "formats", default="md,html,pdf", show_default=True, metavar="a,b,…", help="Forms to write.")
@click.option("--language", "languages", default="en,es", show_default=True, metavar="a,b,…", help="Languages.")
@click.option("--answers", metavar="FILE", help="What only people can answer, in YAML; kept from one time to the next.")
@click.option(
    "--answers-template", "template", metavar="FILE", help="Write the questions into this file, and no paper."
)
@json_option
def command(
    run: str | None,
    list_them: bool,
    output: str | None,
    names: tuple[str, ...],
    formats: str,
    languages: str,
    answers: str | None,
    template: str | None,
    as_json: bool,
) -> int:
    """Write the papers that a finished run can fill: data card, model cards, statement of differential privacy, record
    of processing, impact assessment, anonymisation and de-identification, consent, lineage, AI Act summary.

    What only people can answer is left as a marked blank and counted.

    \b
    Examples:
      trasunto papers trasunto-runs/thyroid-1
      trasunto papers trasunto-runs/thyroid-1 --paper dpia --language es --format pdf
      trasunto papers trasunto-runs/thyroid-1 --answers-template answers.yaml
      trasunto papers trasunto-runs/thyroid-1 --answers answers.yaml
    """
    from trasunto.reports.papers import write

    if list_them:
        told = write.listed()
        if as_json:
            say_json([{"name": name, "title": title, "about": about} for name, title, about in told])
        else:
            say_table("Papers", ("name", "title", "what it is for"), told)
        return DONE
    if not run:
        raise click.UsageError("Name the folder of a finished run, or ask for --list.")
    if template:
        return _template(run, template, names, answers, as_json)
    done = write.papers(
        run,
        names=names,
        formats=_split(formats),
        languages=_split(languages),
        folder=output,
        answers=answers,
    )
    index = next((str(path) for path in done.files if path.stem == "index"), "")
    if as_json:
        found = [{"name": p.name, "language": p.language, "open": [b.key for b in p.blanks]} for p in done.papers]
        say_json({"folder": str(done.folder), "index": index, "open": list(done.open), "papers": found})
        return DONE
    first = done.papers[0].language
    rows = [(p.name, p.title, str(len(p.blanks))) for p in done.papers if p.language == first]
    say_table("Papers", ("name", "title", "facts to complete"), rows, right=(2,))
    click.echo(f"Wrote {len(done.files)} files into {done.folder}." + (f" Begin with {index}." if index else ""))
    if done.open:
        click.echo(f"{len(done.open)} facts only people can give: write them with --answers-template answers.yaml.")
    return DONE


def _template(run: str, path: str, names: tuple[str, ...], answers: str | None, as_json: bool) -> int:
    """Write the questions; answers that the file, or the one of --answers, holds already stay."""
    from pathlib import Path

    from trasunto.reports.papers import write
    from trasunto.reports.papers.answers import Answers, read_answers

    old = answers or (path if Path(path).exists() else None)
    asked = write.template(run, path, names=names, answers=read_answers(old) if old else Answers())
    if as_json:
        say_json({"answers": path, "questions": list(asked)})
    else:
        click.echo(f"Wrote {len(asked)} questions into {path}. Fill them in, then give the file as --answers.")
    return DONE


def _split(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]
