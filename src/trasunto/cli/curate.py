from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from trasunto.cli.main import DONE
from trasunto.cli.progress import shown
from trasunto.cli.say import json_option, quiet_option, say_json, say_table, seed_option, settings_of

if TYPE_CHECKING:
    from trasunto.language.curation.curate import Curated

SHOWN = 60


@click.command("curate")
@click.argument("synthetic")
@click.option("--real", metavar="DATA", help="The training texts that the synthetic ones were written after.")
@click.option("--test", metavar="DATA", help="Texts on which a model will be judged: nothing of them may be kept.")
@click.option("--text", metavar="COL", help="The column of text; found by kind when there is one.")
@click.option("--label", metavar="COL", help="The column of labels; found by role when there is one.")
@click.option("-o", "--output", metavar="FILE", help="What is kept: all columns, the rows in order.")
@click.option("--rejected", metavar="FILE", help="What is not: text, label, reason, detail and row.")
@click.option("--set", "settings", multiple=True, metavar="field=value", help="A setting, like near=0.8.")
@seed_option
@json_option
@quiet_option
def command(
    synthetic: str,
    real: str | None,
    test: str | None,
    text: str | None,
    label: str | None,
    output: str | None,
    rejected: str | None,
    settings: tuple[str, ...],
    seed: int,
    as_json: bool,
    quiet: bool,
) -> int:
    """Look at synthetic texts before anyone learns from them: keep the good ones, and say why not the others.

    Thrown away are: empty, too short or long, toxic texts; duplicates, near duplicates, and what says the same in
    other words; what repeats a training text or names an identifier of one; what stands in the test set; another
    language; stranger or more monotonous texts than real ones; labels that a classifier of the real texts does not
    give. Each check has a setting, and null or false turns it off (docs/curation.md lists them all):

    \b
      near=0.75, alike=0.97        overlap, and likeness in meaning, of two texts that are one
      identifiers=redact           put [phone] in the place instead of throwing the text away
      agree=false, ambiguity=0.05  the classifier's word; distance to the nearest other class
      balance=real, rows=1000      the label mix of the real texts; how many to keep
      encoder=words                no pretrained model: hashed words, for any language

    With --real and without --set private=true, what is kept was chosen by looking at private texts; a guarantee of
    differential privacy does not cover that choice.

    \b
    Examples:
      trasunto curate synthetic.jsonl --real train.csv --text message --label spam -o kept.jsonl
      trasunto curate synthetic.jsonl --real train.csv --test test.csv -o kept.jsonl --rejected rejected.jsonl
      trasunto curate synthetic.jsonl --set private=true --set 'languages=[en]' -o kept.jsonl
    """
    from trasunto.language.curation.settings import Curate
    from trasunto.pipeline.curate import curate_files
    from trasunto.pipeline.settings import built

    wanted = built(Curate, "Curation", settings_of(settings))
    with shown(quiet) as progress:
        curated = curate_files(
            synthetic,
            wanted,
            beside=(real, test),
            columns=(text, label),
            outputs=(output, rejected),
            seed=seed,
            progress=progress,
        )
    if as_json:
        say_json({"counts": curated.counts, "settings": wanted.to_dict()})
        return DONE
    _say(curated)
    for path, what in ((output, "kept"), (rejected, "rejected")):
        if path:
            click.echo(f"Wrote what was {what}: {Path(path)}")
    if not output:
        click.echo("Nothing was written; -o FILE writes what is kept.")
    return DONE


def _say(curated: Curated) -> None:
    counts = curated.counts
    written = max(counts["written"], 1)
    examples = curated.examples()
    rows = [
        (
            reason,
            f"{number:,}",
            f"{number / written:.1%}",
            _short(examples[reason].text),
            _short(examples[reason].detail),
        )
        for reason, number in counts["rejected"].items()
    ]
    rows.append(("kept", f"{counts['kept']:,}", f"{counts['kept'] / written:.1%}", "", ""))
    say_table(
        f"{counts['written']:,} texts", ("reason", "texts", "share", "for example", "because"), rows, right=(1, 2)
    )
    for name in ("redacted", "relabelled"):
        if counts[name]:
            click.echo(f"{name.capitalize()}: {counts[name]:,}")
    if counts["labels"]:
        click.echo("Kept by label: " + ", ".join(f"{name} {number:,}" for name, number in counts["labels"].items()))
    if counts["off"]:
        click.echo("Not looked at: " + ", ".join(f"{name} ({why})" for name, why in counts["off"].items()))


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= SHOWN else f"{plain[: SHOWN - 1]}…"
