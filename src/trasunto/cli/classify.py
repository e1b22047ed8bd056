from __future__ import annotations

import click

from trasunto.cli.given import file_option, is_table, texts_given
from trasunto.cli.main import DONE
from trasunto.cli.say import json_option, say_json


@click.command("classify")
@click.argument("lm")
@click.argument("texts", nargs=-1, metavar="[TEXT]...")
@file_option
@click.option("-o", "--output", metavar="TABLE", help="Write the table of --file with the labels as a further column.")
@json_option
def command(lm: str, texts: tuple[str, ...], file: str | None, output: str | None, as_json: bool) -> int:
    """Label texts with a trained classifier: one line each, the label and how likely it is.

    A model that reads rows as text takes a table by --file.

    \b
    Examples:
      trasunto classify filter "You have won a prize, call now" "See you at six"
      trasunto classify filter --file messages.txt
      cat messages.txt | trasunto classify filter --json
      trasunto classify doctor --file patients.csv -o labelled.csv
    """
    from trasunto.language.tasks.use import expect

    if output is not None and not is_table(file):
        raise click.UsageError("-o writes the table of --file: give a table (.csv .parquet .jsonl .xlsx).")
    if is_table(file) and texts:
        raise click.UsageError("Give texts, or --file, not both.")
    given = [] if is_table(file) else texts_given(texts, file)
    used = expect(lm, ("classification",), "label texts")
    if is_table(file):
        from trasunto.cli.rows import labelled, read_rows

        rows = read_rows(str(file), used.model)
        values = used.of_rows(rows)
        if output is not None:
            labelled(rows, values, used.label or "label").write(output)
            click.echo(f"Wrote {len(values):,} labelled rows to {output}.")
            return DONE
    else:
        values = used(given)
    if as_json:
        say_json([{"text": text, **value} for text, value in zip(given, values, strict=True)] if given else values)
        return DONE
    for value in values:
        click.echo(f"{value['label']}\t{value['probability']:.3f}")
    return DONE
