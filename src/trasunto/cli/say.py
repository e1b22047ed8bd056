"""What commands print: tables for people on standard output, or one JSON object for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from trasunto.language.evaluation import Evaluation
    from trasunto.language.text_evaluation import TextEvaluation
    from trasunto.metrics.score import Score, Verdict
    from trasunto.pipeline.run import Run

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


def say_scores(scores: Sequence[Score], language: str = "en") -> None:
    """Headline scores, each with its interval, baseline and control."""
    from trasunto.reports.console_words import headed
    from trasunto.reports.words import known
    from trasunto.reports.words import say as reading

    rows = [
        (
            score.metric,
            number(score.value, language),
            between(score.interval, language),
            number(score.goal, language),
            number(score.baseline, language),
            number(score.control, language),
            reading(score.metric, language) if language != "en" and known(score.metric) else score.reading,
        )
        for score in scores
        if not score.subject
    ]
    say_table("", headed("scores_head", language), rows, right=(1, 3, 4, 5))


def say_evaluations(evaluations: Sequence[Evaluation], title: str | None = None, language: str = "en") -> None:
    """Language models side by side. title: None for rows that nothing has seen."""
    from trasunto.reports.console_words import amount, headed, say

    rows: list[tuple[str, ...]] = [
        (
            _arm(each.arm, language),
            amount(each.trained_on, language),
            number(each.accuracy, language),
            number(each.macro_precision, language),
            number(each.macro_recall, language),
            number(each.macro_f1, language),
            between(each.intervals["macro_f1"], language),
        )
        for each in evaluations
    ]
    say_table(title or say("unseen", language), headed("evaluations_head", language), rows, right=(1, 2, 3, 4, 5))


def say_asked(asked: dict[str, Any]) -> None:
    """The first prompts of a model that is prompted, with their answers, and what all would take."""
    for number, each in enumerate(asked["shown"], start=1):
        click.echo(f"── prompt {number}\n{each['prompt']}\n── answer\n{each['answer']}\n")
    cost = f", cost about {asked['cost']:g}" if asked["cost"] else ""
    click.echo(
        f"{asked['prompts']:,} prompts at least: about {asked['tokens_in']:,} tokens in and {asked['tokens_out']:,} "
        f"out{cost}. {asked['leaves']}".strip()
    )


def say_written(evaluations: Sequence[TextEvaluation], title: str | None = None, language: str = "en") -> None:
    """Language models that write, side by side. title: None for rows that nothing has seen."""
    from trasunto.reports.console_words import amount, headed, say

    names = list(dict.fromkeys(name for each in evaluations for name in each.scores))
    rows: list[tuple[str, ...]] = []
    for each in evaluations:
        scores = (number(each.scores.get(name), language) for name in names)
        interval = between(each.intervals[each.leading], language)
        rows.append((_arm(each.arm, language), amount(each.trained_on, language), *scores, interval))
    arm, count, interval = headed("written_head", language)
    head = (arm, count, *names, f"{interval} {evaluations[0].leading}")
    say_table(title or say("unseen", language), head, rows, right=range(1, len(names) + 2))


def _arm(arm: str, language: str) -> str:
    """What a model was trained on: in English the word that files use."""
    from trasunto.reports.classified import arm_name

    return arm if language == "en" else arm_name(arm, language)


def between(interval: tuple[float, float] | None, language: str) -> str:
    """ "0.1 to 0.2", or "" for none."""
    joint = " to " if language == "en" else " a "
    return "" if interval is None else joint.join(number(end, language) for end in interval)


def say_run(run: Run) -> None:
    """What a finished run found, for a person, in the language of its report."""
    from trasunto.reports.console_words import amount, say

    report = run.report
    wanted: tuple[str, ...] = ("fidelity.c2st", "fidelity.shapes", "fidelity.trends", "fidelity.text", "utility.tstr")
    wanted += ("privacy.singling_out", "privacy.linkability", "privacy.inference", "privacy.membership")
    wanted += ("privacy.exact_copies", "privacy.nearer_to_train", "privacy.verbatim_text")
    wanted += ("sequences.lengths", "sequences.gaps", "sequences.transitions", "sequences.discriminative")
    wanted += tuple(score.metric for score in report.scores if score.metric.startswith("relations."))
    if run.recipe.privacy is not None:
        wanted += ("privacy.singling_out", "privacy.linkability", "privacy.inference", "privacy.membership")
    scores = [score for score in report.scores if score.metric in wanted and not score.subject]
    at = report.language
    click.echo()
    click.echo(run.recipe.title)
    say_scores(scores, at)
    if report.written:
        say_written(report.written, language=at)
    if report.evaluations:
        say_evaluations(report.evaluations, language=at)
    if run.manifest.get("guarantee"):
        spent = run.manifest["guarantee"]["spent"]
        unit = run.manifest["guarantee"]["unit"]
        unit = "fila" if at == "es" and unit == "row" else unit
        comma = "," if at == "es" else "."
        epsilon, delta = (f"{spent.get(name, 0):g}".replace(".", comma) for name in ("epsilon", "delta"))
        click.echo(say("guarantee", at, epsilon=epsilon, delta=delta, unit=unit))
    say_verdicts(report.verdicts, at)
    seconds = amount(round(run.manifest["seconds"]), at)
    click.echo(say("finished", at, seconds=seconds, report=_first_report(run)))


def say_verdicts(verdicts: Sequence[Verdict], language: str = "en") -> None:
    """Whether each gate was passed, and what was measured."""
    from trasunto.reports.console_words import say

    for verdict in verdicts:
        value = verdict.value
        found = say("unmeasured", language)
        if value is not None:
            found = say("measured", language, value=number(value, language))
        click.echo(say("gate_passed" if verdict.passed else "gate_failed", language, gate=verdict.gate, found=found))


def counted(count: int, noun: str) -> str:
    """ "1 row", "1,200 rows"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def number(value: float | None, language: str = "en") -> str:
    """A number short enough to read: three digits after the point, more for small ones."""
    if value is None:
        return ""
    text = f"{value:.4f}" if 0 < abs(value) < 0.01 else f"{value:.3f}".rstrip("0").rstrip(".") or "0"
    return text if language == "en" else text.replace(".", ",")


def _first_report(run: Run) -> str:
    forms = run.recipe.report.formats
    return str((run.folder / f"report.{forms[0]}").resolve()) if forms else str(run.folder.resolve())
