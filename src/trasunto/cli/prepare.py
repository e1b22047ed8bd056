from __future__ import annotations

from typing import Any

import click

from trasunto.cli.main import DONE
from trasunto.cli.say import counted, json_option, number, say_json, say_sheets, say_table, seed_option, settings_of

SHOWN = 70


@click.command("prepare")
@click.argument("data")
@click.option("-o", "--output", metavar="OUT", help="File; its suffix says the format.  [default: only show]")
@click.option("--text", metavar="a,b", help="Columns of text; all of that kind when left out.")
@click.option("--label", metavar="COL", help="The column of labels; found by role when there is one.")
@click.option("--set", "settings", multiple=True, metavar="field=value", help="A setting, like balance=up.")
@click.option("--split", type=click.FloatRange(0, 1, min_open=True, max_open=True), help="Share of rows that judge.")
@click.option("-n", "--rows", type=click.IntRange(1), help="Read at most this many rows.")
@seed_option
@json_option
def command(
    data: str,
    output: str | None,
    text: str | None,
    label: str | None,
    settings: tuple[str, ...],
    split: float | None,
    rows: int | None,
    seed: int,
    as_json: bool,
) -> int:
    """Make texts ready to learn from: clean, standardise, even out, split.

    By default texts are mended (encoding, HTML, white space, quotes), labels spelt one way and repeats left out. What
    changes wording, mix or number of texts is asked for (docs/text.md lists every setting):

    \b
      units=metric dates=%Y-%m-%d case=calm     one way to write measures, dates, shouted texts
      labels=misspellings                       "postive" is "positive"
      shortest=0.01 longest=0.99 templates=3    no outliers in length; few texts of one template
      balance=up ratio=2 vary=0.5               small classes repeated, in other words

    --split keeps texts that are nearly alike on one side: OUT.jsonl becomes OUT-train.jsonl, OUT-test.jsonl and
    OUT-split.json (hashes of both). Lengths, templates, balance and variation then change the training rows alone.

    \b
    Examples:
      trasunto prepare reviews.csv
      trasunto prepare reviews.csv -o ready.jsonl --set units=metric --set balance=up
      trasunto prepare reviews.csv -o ready.parquet --split 0.2
      trasunto prepare talks.jsonl -o messages:ready.jsonl --json
    """
    from trasunto.language.prepare.settings import Prepare
    from trasunto.pipeline.prepare import prepare_files
    from trasunto.pipeline.settings import built

    asked = settings_of(settings)
    if text:
        asked["columns"] = [name.strip() for name in text.split(",") if name.strip()]
    if label:
        asked["label"] = label
    wanted: Prepare = built(Prepare, "The preparation", asked)
    say_sheets(data)
    counts = prepare_files(data, output, wanted, split=split, rows=rows, seed=seed)
    if as_json:
        say_json(counts)
        return DONE
    _say(counts)
    return DONE


def _say(counts: dict[str, Any]) -> None:
    lines = [
        (each["name"], *(f"{each[key]:,}" if each[key] else "" for key in ("changed", "left_out", "added")),
         f"{each['after']['rows']:,}")
        for each in counts["steps"]
    ]  # fmt: skip
    say_table("What was done", ("step", "changed", "left out", "added", "rows then"), lines, right=(1, 2, 3, 4))
    shown = [
        (each["name"], _short(before), _short(after)) for each in counts["steps"] for before, after in each["examples"]
    ]
    if shown:
        say_table("For example", ("step", "before", "after"), shown)
    names = {
        "rows": "rows", "words": "words a text", "words_low": "words, 5 % quantile",
        "words_high": "words, 95 % quantile",
        "vocabulary": "different words", "templates": "templates by rows", "labels": "labels",
        "imbalance": "rows of the largest label for one of the smallest",
    }  # fmt: skip
    figures = [
        (said, number(counts["before"].get(key)), number(counts["after"].get(key)))
        for key, said in names.items()
        if key in counts["before"]
    ]
    say_table(
        "Texts" if "split" not in counts else "Texts (after: training rows)", ("", "before", "after"), figures, (1, 2)
    )
    for place, rows in counts["written"].items():
        click.echo(f"Wrote {counted(rows, 'row')} to {place}.")
    if not counts["written"]:
        click.echo("Nothing is written: give -o OUT.")


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= SHOWN else f"{plain[: SHOWN - 1]}…"
