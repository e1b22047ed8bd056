from __future__ import annotations

import click

from trasunto.cli.main import DONE, GATE, STOPPED
from trasunto.cli.on import on_option
from trasunto.cli.progress import shown
from trasunto.cli.say import json_option, quiet_option, say_json, say_sheets, say_table, seed_option


@click.command("compare")
@click.argument("data")
@click.option(
    "--synthesizers",
    multiple=True,
    default=("tree,independent",),
    show_default=True,
    metavar="a,b:key=value,…",
    help="Names from `trasunto list synthesizers`, with settings behind a colon.",
)
@click.option("--target", metavar="COL", help="Column to predict, for train-synthetic-test-real.")
@click.option("--seeds", type=click.IntRange(1), default=3, show_default=True, help="Repeats, each with its own seed.")
@click.option(
    "--holdout",
    default="0.5",
    show_default=True,
    metavar="SHARE|FILE",
    help="Unseen rows that judge: a share or a file.",
)
@click.option(
    "--bring",
    multiple=True,
    metavar="NAME=FILE",
    help="Rows made elsewhere from the same training rows (so give --holdout FILE); again for more repeats.",
)
@click.option("--fit-once", is_flag=True, help="Fit once and sample every repeat from that model.")
@click.option("--time-limit", type=float, metavar="SECONDS", help="Stop a synthesizer that takes longer than this.")
@click.option("-o", "--output", metavar="FOLDER", help="Write comparison.html and .json, frontier.svg and .png there.")
@click.option("--language", type=click.Choice(["en", "es"]), default="en", show_default=True, help="Of the page.")
@seed_option
@on_option
@json_option
@quiet_option
def command(
    data: str,
    synthesizers: tuple[str, ...],
    target: str | None,
    seeds: int,
    holdout: str,
    bring: tuple[str, ...],
    fit_once: bool,
    time_limit: float | None,
    output: str | None,
    language: str,
    seed: int,
    as_json: bool,
    quiet: bool,
) -> int:
    """Compare synthesizers on my data: likeness, usefulness, privacy, time and memory, with what real rows score.

    Half of the rows are kept from everything that learns and judge in the end. A synthesizer that fails leaves a line
    with its error, and the others go on; Ctrl-C keeps what is done. Exit code 1 when one failed. With --on, repeats run
    side by side: same scores, but seconds are then those of a busy machine.

    \b
    Examples:
      trasunto compare patients.csv --synthesizers tree,independent --target diagnosis -o compared
      trasunto compare patients.csv --synthesizers tree,tree:min_leaf=80,bins=100 --seeds 5
      trasunto compare train.csv --holdout test.csv --bring ctgan=ctgan.csv --target diagnosis
    """
    from trasunto.pipeline.compare import Contest, compare
    from trasunto.reports.words import say

    contest = Contest(
        synthesizers,
        target=target,
        holdout=_share_or_file(holdout),
        brought=tuple(_named(each) for each in bring),
        repeats=seeds,
        seed=seed,
        fit_once=fit_once,
        time_limit=time_limit,
        language=language,
    )
    say_sheets(data)
    with shown(quiet) as progress:
        board = compare(data, contest, folder=output, progress=progress)
    if as_json:
        say_json(board.to_dict())
    else:
        head, lines = board.table(language)
        say_table(board.title, head, lines, right=range(1, len(head)))
        for row in board.rows:
            if row.error:
                click.echo(f"{row.name}: {row.error}")
        if board.unbeaten:
            click.echo(say("compare.best_there_is", language))
        if output:
            click.echo(say("compare.wrote", language, folder=output))
    if not board.facts["finished"]:
        click.echo(say("compare.kept", language), err=True)
        return STOPPED
    return GATE if any(row.error for row in board.rows) else DONE


def _share_or_file(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _named(text: str) -> tuple[str, str]:
    name, separator, path = text.partition("=")
    if not (name and separator and path):
        raise click.BadParameter(f"{text!r} is not NAME=FILE.", param_hint="--bring")
    return name, path
