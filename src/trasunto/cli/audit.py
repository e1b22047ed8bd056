from __future__ import annotations

import click

from trasunto.cli.main import DONE, GATE
from trasunto.cli.progress import shown
from trasunto.cli.say import json_option, quiet_option, say_json, say_table, say_verdicts, seed_option


@click.command("audit")
@click.option("--real", required=True, metavar="TRAIN", help="The real rows that the synthetic ones were made from.")
@click.option("--synthetic", required=True, metavar="SYN", help="The synthetic rows to attack.")
@click.option(
    "--holdout", metavar="REAL2", help="Real rows that the synthesizer has not seen; without them no control."
)
@click.option(
    "--secret", "secrets", multiple=True, metavar="COL", help="What an attacker wants to know; may be repeated."
)
@click.option("--key", "keys", multiple=True, metavar="COLS", help="What he knows of a person: columns, with commas.")
@click.option("--target", metavar="COL", help="Column to predict; tried as a secret too.")
@click.option("--schema", "schema_file", metavar="FILE", help="What is known about the columns.")
@click.option("--model", metavar="FOLDER", help="The fitted model, for its guarantee of differential privacy.")
@click.option("--shadow", metavar="NAME", help="Also fit this synthesizer 16 times to other rows (minutes).")
@click.option(
    "--level", type=click.Choice(["open", "controlled", "internal"]), help="Of release: its limits must hold."
)
@click.option("-o", "--output", multiple=True, metavar="REPORT", help="Write a report: .html .json .md .pdf")
@click.option("--language", type=click.Choice(["en", "es"]), default="en", show_default=True, help="Of what is told.")
@seed_option
@json_option
@quiet_option
def command(
    real: str,
    synthetic: str,
    holdout: str | None,
    secrets: tuple[str, ...],
    keys: tuple[str, ...],
    target: str | None,
    schema_file: str | None,
    model: str | None,
    shadow: str | None,
    level: str | None,
    output: tuple[str, ...],
    language: str,
    seed: int,
    as_json: bool,
    quiet: bool,
) -> int:
    """Attack a synthetic file with all there is, and say what an attacker could learn.

    Files or folders of related tables. Needs nothing but the two files; a holdout tells leaks from common knowledge.

    \b
    Examples:
      trasunto audit --real train.csv --synthetic syn.csv --holdout test.csv
      trasunto audit --real train.csv --synthetic syn.csv --holdout test.csv --secret diagnosis --key age,town,sex
      trasunto audit --real train.csv --synthetic syn.csv --holdout test.csv --level controlled -o audit.html
    """
    from trasunto.pipeline.audit import AuditOptions, audit
    from trasunto.pipeline.verbs import read
    from trasunto.reports.console_words import say

    with shown(quiet) as progress:
        report = audit(
            read(real, schema=schema_file),
            synthetic,
            holdout=holdout,
            keys=_named(keys),
            secrets=_named(secrets),
            target=target,
            options=AuditOptions(level, model, shadow, seed, language),
            progress=progress,
        )
        for path in output:
            report.write(path)
    if as_json:
        found = report.to_dict()
        say_json({key: found[key] for key in ("passed", "scores", "gates")} | {"risks": report.facts["risks"]})
    else:
        _say(report)
        for path in output:
            click.echo(say("written", language, path=path))
    return DONE if report.passed else GATE


def _say(report: object) -> None:
    """The page's first lines and its table."""
    from trasunto.reports.report import Report
    from trasunto.reports.risks import answers, table

    assert isinstance(report, Report)
    for line in answers(report):
        click.echo(line)
    grid = table(report)
    if grid is not None:
        say_table("", grid.head, grid.rows, right=grid.right)
    say_verdicts(report.verdicts, report.language)


def _named(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.strip() for value in values for name in value.split(",") if name.strip())
