from __future__ import annotations

from typing import Any

import click

from trasunto.cli.main import DONE, GATE
from trasunto.cli.on import on_option
from trasunto.cli.progress import shown
from trasunto.cli.say import (
    between,
    json_option,
    number,
    quiet_option,
    say_json,
    say_scores,
    say_sheets,
    say_table,
    say_verdicts,
    seed_option,
)

# Groups that are told by name.
SHOWN = 10


@click.command("evaluate")
@click.option("--real", required=True, metavar="TRAIN", help="The real rows that the synthetic ones were made from.")
@click.option(
    "--synthetic",
    required=True,
    multiple=True,
    metavar="SYN",
    help="The synthetic rows; again for further draws of the same model, whose scores are then told with their spread.",
)
@click.option(
    "--holdout", metavar="REAL2", help="Real rows that the synthesizer has not seen; without them no control."
)
@click.option("--target", metavar="COL", help="Column to predict, for train-synthetic-test-real.")
@click.option("--protected", metavar="a,b", help="Columns whose groups are compared: fairness, also where they cross.")
@click.option("--positive", metavar="VALUE", help="The favourable value of the target.  [default: of two the rarer]")
@click.option(
    "--sample-rows",
    type=click.IntRange(1),
    metavar="N",
    help="Compare N rows of each, drawn with the seed: for what is too large.",
)
@click.option("--schema", "schema_file", metavar="FILE", help="What is known about the columns, and their rules.")
@click.option(
    "--metrics",
    metavar="a,b,…",
    help="Names from `trasunto list metrics`; full: all, the slow ones too.  [default: all but the slow ones]",
)
@click.option("-o", "--output", metavar="REPORT", help="Write a report: .html .json .pdf .ipynb .md")
@click.option("--gate", "gates", multiple=True, metavar="metric=limit", help='A limit, like "fidelity.c2st<=0.6".')
@click.option("--language", type=click.Choice(["en", "es"]), default="en", show_default=True, help="Of the report.")
@seed_option
@json_option
@on_option
@quiet_option
def command(
    real: str,
    synthetic: tuple[str, ...],
    holdout: str | None,
    target: str | None,
    protected: str | None,
    positive: str | None,
    sample_rows: int | None,
    schema_file: str | None,
    metrics: str | None,
    output: str | None,
    gates: tuple[str, ...],
    language: str,
    seed: int,
    as_json: bool,
    quiet: bool,
) -> int:
    """Measure synthetic data against real data: faithful, useful, and how much it leans on the real rows.

    \b
    Examples:
      trasunto evaluate --real train.csv --synthetic syn.csv --holdout test.csv --target diagnosis
      trasunto evaluate --real train.csv --synthetic syn.csv --holdout test.csv -o report.html
      trasunto evaluate --real train.csv --synthetic syn.csv --holdout test.csv --gate "fidelity.c2st<=0.6"
      trasunto evaluate --real train.csv --synthetic syn.csv --holdout test.csv --target hired --protected sex,age
      trasunto evaluate --real train.csv --synthetic syn.csv --schema schema.yaml --metrics fidelity.constraints
      trasunto evaluate --real train.csv --synthetic syn.csv --holdout test.csv --target diagnosis --metrics full
    """
    from trasunto.pipeline.samples import with_samples
    from trasunto.pipeline.verbs import evaluate
    from trasunto.reports.console_words import amount, counted_in, say
    from trasunto.reports.report import check_report

    wanted = list(_named(metrics)) or None
    if output:
        check_report(output)
    for each in (real, *synthetic, *((holdout,) if holdout else ())):
        say_sheets(each)
    with shown(quiet) as progress:
        truth, made, unseen, drawn = _samples(real, synthetic, holdout, schema_file, sample_rows, seed)
        report = evaluate(
            truth,
            made,
            holdout=unseen,
            target=target,
            protected=_named(protected),
            positive=positive,
            gates=gates,
            metrics=wanted,
            seed=seed,
            language=language,
            progress=progress,
        )
        report = with_samples(report, drawn)
        if output:
            report.write(output)
    if as_json:
        from trasunto.pipeline.steps import headline

        found = {**headline(report.scores), "passed": report.passed, "gates": report.to_dict()["gates"]}
        found |= {"sampled": drawn} if drawn else {}
        say_json({**found, **({"repeats": report.facts["repeats"]} if len(synthetic) > 1 else {})})
    else:
        for part, facts in drawn.items():
            count, rows = amount(facts["rows"], language), counted_in(facts["of"], "row", language)
            click.echo(say("sampled", language, part=part, count=count, rows=rows, seed=facts["seed"]))
        say_scores(report.scores, language)
        _say_fairness(report.facts.get("fairness") or {}, language)
        _say_repeats(report.facts["repeats"], len(synthetic), language)
        say_verdicts(report.verdicts, language)
        if output:
            click.echo(say("written", language, path=output))
    return DONE if report.passed else GATE


def _samples(
    real: str, synthetic: tuple[str, ...], holdout: str | None, schema_file: str | None, rows: int | None, seed: int
) -> tuple[Any, tuple[Any, ...], Any, dict[str, Any]]:
    """Real rows, draws, holdout, as samples of so many rows (None: as they are); and what they are of."""
    from trasunto.pipeline.samples import sample_of
    from trasunto.pipeline.verbs import read

    if rows is None:
        return read(real, schema=schema_file), synthetic, holdout, {}
    truth = sample_of(real, rows, seed=seed, schema=schema_file)
    known = truth.dataset.schema
    draws = [sample_of(each, rows, seed=seed, schema=known) for each in synthetic]
    unseen = sample_of(holdout, rows, seed=seed, schema=known) if holdout else None
    named = {"train": truth, "synthetic": draws[0], **({"holdout": unseen} if unseen else {})}
    facts = {name: each.facts for name, each in named.items()}
    return truth.dataset, tuple(each.dataset for each in draws), unseen and unseen.dataset, facts


def _named(text: str | None) -> tuple[str, ...]:
    """The names in a list with commas."""
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())


def _say_fairness(facts: dict[str, Any], at: str) -> None:
    from trasunto.reports.console_words import say

    if not facts:
        return
    for column, verdict in (facts["amplification"] or {}).items():
        if column in facts["protected"]:
            click.echo(say(f"bias_{verdict}", at, column=column))
    for flag in facts["flags"]:
        told = {"metric": flag["metric"], "subject": flag["subject"], "value": number(flag["value"], at)}
        key = "to_justify_as_real" if flag["as_real"] else "to_justify"
        click.echo(say(key, at, limit=number(flag["limit"], at), **told))
    small = [f"{each['column']}: {each['group']}" for each in facts["groups"] if not each["judged"]]
    if small:
        key = "few_and_more" if len(small) > SHOWN else "few"
        click.echo(say(key, at, groups=", ".join(small[:SHOWN]), more=len(small) - SHOWN))


def _say_repeats(spreads: list[dict[str, Any]], draws: int, at: str) -> None:
    from trasunto.reports.console_words import headed, say

    if draws == 1:
        return
    rows = [
        (each["metric"], number(each["mean"], at), number(each["spread"], at), between(each["interval"], at))
        for each in spreads
        if not each["subject"] and each["interval"]
    ]
    say_table(say("draws", at, draws=draws), headed("draws_head", at), rows, right=(1, 2))
