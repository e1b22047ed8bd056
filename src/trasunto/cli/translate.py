from __future__ import annotations

import click

from trasunto.cli.given import file_option, is_table, texts_given
from trasunto.cli.main import DONE
from trasunto.cli.progress import shown
from trasunto.cli.say import json_option, quiet_option, say_json


@click.command("translate")
@click.argument("lm")
@click.argument("texts", nargs=-1, metavar="[TEXT]...")
@file_option
@json_option
@quiet_option
def command(lm: str, texts: tuple[str, ...], file: str | None, as_json: bool, quiet: bool) -> int:
    """Translate texts with a trained translator: one line each.

    \b
    Examples:
      trasunto translate translator "Where is the station?"
      trasunto translate translator --file sentences.txt > translated.txt
      echo "I am tired." | trasunto translate translator --json
    """
    from trasunto.language.tasks.use import expect

    if is_table(file):
        raise click.UsageError("--file takes a text a line here, no table.")
    given = texts_given(texts, file)
    used = expect(lm, ("translation",), "translate")
    with shown(quiet or len(given) < 20) as progress:
        found = used(given, progress=progress)
    if as_json:
        say_json([{"text": text, "translation": said} for text, said in zip(given, found, strict=True)])
        return DONE
    for said in found:
        click.echo(said)
    return DONE
