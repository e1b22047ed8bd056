"""What commands print: tables for people on standard output, or one JSON object for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from trasunto.language.evaluation import Evaluation
    from trasunto.language.text_evaluation import TextEvaluation
    from trasunto.metrics.score import Score
    from trasunto.pipeline.run import Run

# What a run knows of the rows that it judges with.
UNSEEN = "Language model, tested on real rows that nothing has seen"

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
quiet_option = click.option("-q", "--quiet", is_flag=True, help="No progress bars.")
language_option = click.option(
    "--language", type=click.Choice(["en", "es"]), default="en", show_default=True, help="Of what is told."
)
seed_option = click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Same seed, same result."
)


def say_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def say_sheets(address: str) -> None:
    """Which sheets of a workbook are not read, on standard error."""
    from trasunto.connectors.address import open_source
    from trasunto.connectors.files import ExcelFile

    source = open_source(address)
    if isinstance(source, ExcelFile) and (left := source.told()):
        click.echo(left, err=True)


def say_table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int] = ()) -> None:
    """A table as wide as the terminal; `right` columns are aligned to the right."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, box=SIMPLE_HEAD, title_justify="left", title_style="bold", pad_edge=False)
    for place, name in enumerate(head):
        table.add_column(name, justify="right" if place in right else "left", overflow="fold")
    for row in rows:
        # Plain text: a column called [bold] is no mark-up.
        table.add_row(*(Text(each) for each in row))
    console = Console()
    if not console.is_terminal:
        console = Console(width=140)
    with console.capture() as printed:
        console.print(table)
    # Not printed by rich itself, for which a reader who has seen enough (| head) is an error.
    click.echo(printed.get(), nl=False)


def settings_of(pairs: Sequence[str]) -> dict[str, Any]:
    """`field=value` pairs as a dictionary; a value is read as YAML."""
    from trasunto.pipeline.recipe import override

    return override({}, pairs)


def pairs_of(given: Sequence[str], option: str, form: str) -> list[tuple[str, str]]:
    """`a=b` pairs of an option that may be given more than once."""
    found = [each.rpartition("=") for each in given]
    for pair, (name, _, value) in zip(given, found, strict=True):
        if not name or not value:
            raise click.UsageError(f"{option} {pair}: write it as {form}.")
    return [(name, value) for name, _, value in found]


def say_scores(scores: Sequence[Score], limit: int = 0) -> None:
    """Headline scores, each with its interval, baseline and control."""
    rows = [
        (
            score.metric,
            number(score.value),
            f"{number(score.interval[0])} to {number(score.interval[1])}" if score.interval else "",
            number(score.goal),
            number(score.baseline),
            number(score.control),
            score.reading,
        )
        for score in scores
        if not score.subject
    ]
    head = ("metric", "value", "95 % interval", "best", "baseline", "control", "how to read it")
    say_table("", head, rows[:limit] if limit else rows, right=(1, 3, 4, 5))


def say_evaluations(evaluations: Sequence[Evaluation], title: str = UNSEEN) -> None:
    """Language models side by side."""
    rows: list[tuple[str, ...]] = [
        (
            each.arm,
            f"{each.trained_on:,}",
            number(each.accuracy),
            number(each.macro_precision),
            number(each.macro_recall),
            number(each.macro_f1),
            "{} to {}".format(*(number(end) for end in each.intervals["macro_f1"])),
        )
        for each in evaluations
    ]
    names = ("trained on", "rows", "accuracy", "precision", "recall", "macro F1", "95 % interval of F1")
    say_table(title, names, rows, right=(1, 2, 3, 4, 5))


def say_asked(asked: dict[str, Any]) -> None:
    """The first prompts of a model that is prompted, with their answers, and what all would take."""
    for number, each in enumerate(asked["shown"], start=1):
        click.echo(f"── prompt {number}\n{each['prompt']}\n── answer\n{each['answer']}\n")
    cost = f", cost about {asked['cost']:g}" if asked["cost"] else ""
    click.echo(
        f"{asked['prompts']:,} prompts at least: about {asked['tokens_in']:,} tokens in and {asked['tokens_out']:,} "
        f"out{cost}. {asked['leaves']}".strip()
    )


def say_written(evaluations: Sequence[TextEvaluation], title: str = UNSEEN) -> None:
    """Language models that write, side by side."""
    names = list(dict.fromkeys(name for each in evaluations for name in each.scores))
    rows: list[tuple[str, ...]] = []
    for each in evaluations:
        low, high = each.intervals[each.leading]
        scores = (number(each.scores.get(name)) for name in names)
        rows.append((each.arm, f"{each.trained_on:,}", *scores, f"{number(low)} to {number(high)}"))
    head = ("trained on", "rows", *names, f"95 % interval of {evaluations[0].leading}")
    say_table(title, head, rows, right=range(1, len(names) + 2))


def say_run(run: Run) -> None:
    """What a finished run found, for a person."""
    report = run.report
    wanted: tuple[str, ...] = ("fidelity.c2st", "fidelity.shapes", "fidelity.trends", "fidelity.text", "utility.tstr")
    wanted += ("privacy.singling_out", "privacy.linkability", "privacy.inference", "privacy.membership")
    wanted += ("privacy.exact_copies", "privacy.nearer_to_train", "privacy.verbatim_text")
    wanted += ("sequences.lengths", "sequences.gaps", "sequences.transitions", "sequences.discriminative")
    wanted += tuple(score.metric for score in report.scores if score.metric.startswith("relations."))
    if run.recipe.privacy is not None:
        wanted += ("privacy.singling_out", "privacy.linkability", "privacy.inference", "privacy.membership")
    scores = [score for score in report.scores if score.metric in wanted and not score.subject]
    click.echo()
    click.echo(run.recipe.title)
    say_scores(scores)
    if report.written:
        say_written(report.written)
    if report.evaluations:
        say_evaluations(report.evaluations)
    if run.manifest.get("guarantee"):
        spent = run.manifest["guarantee"]["spent"]
        click.echo(
            f"Differential privacy: epsilon {spent['epsilon']:g}, delta {spent.get('delta', 0):g}, for each "
            f"{run.manifest['guarantee']['unit']}."
        )
    for verdict in report.verdicts:
        sign = "passed" if verdict.passed else "FAILED"
        click.echo(f"Gate {sign}: {verdict.gate} ({measured_at(verdict.value)})")
    click.echo(f"Done in {run.manifest['seconds']:,.0f} s. Report: {_first_report(run)}")


def counted(count: int, noun: str) -> str:
    """ "1 row", "1,200 rows"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def measured_at(value: float | None) -> str:
    """What was measured where a gate stands, in words."""
    return "not measured" if value is None else f"measured {number(value)}"


def number(value: float | None) -> str:
    """A number short enough to read: three digits after the point, more for small ones."""
    if value is None:
        return ""
    return f"{value:.4f}" if 0 < abs(value) < 0.01 else f"{value:.3f}".rstrip("0").rstrip(".") or "0"


def _first_report(run: Run) -> str:
    forms = run.recipe.report.formats
    return str((run.folder / f"report.{forms[0]}").resolve()) if forms else str(run.folder.resolve())
