from __future__ import annotations

from pathlib import Path
from typing import Literal, cast

import click

from trasunto.cli.main import DONE
from trasunto.cli.say import json_option, language_option, say_json, say_sheets, say_table


@click.command("reveal")
@click.argument("data")
@click.option("--vault", required=True, metavar="F", help="What `trasunto protect ... --vault F` wrote.")
@click.option("--vault-key-file", metavar="F", help="The key of the vault (or TRASUNTO_VAULT_KEY holds it).")
@click.option(
    "-o", "--output", required=True, metavar="OUT", help="The data with their values back, only yours to read."
)
@click.option(
    "--unknown",
    type=click.Choice(["refuse", "keep"]),
    default="refuse",
    show_default=True,
    help="Values that are no pseudonyms of this vault: stop, or leave them as they are.",
)
@click.option("--schema", "schema_file", metavar="FILE", help="What is known about the columns.")
@language_option
@json_option
def command(
    data: str,
    vault: str,
    vault_key_file: str | None,
    output: str,
    unknown: str,
    schema_file: str | None,
    language: str,
    as_json: bool,
) -> int:
    """Turn the pseudonyms in DATA back into the values they stand for, for who has the vault and its key.

    Columns are known by their names. DATA is never changed. What is written names people again.

    \b
    Examples:
      trasunto reveal protected.csv --vault people.vault --vault-key-file vault.key -o named.csv
      trasunto reveal protected/ --vault people.vault -o named/
    """
    from trasunto.pipeline.verbs import read
    from trasunto.privacy.vault import opened, revealed, secret_of

    source, target = Path(data).resolve(), Path(output).resolve()
    if source == target or source in target.parents or target == Path(vault).resolve():
        raise click.UsageError(f"{output} is the data or the vault itself, or lies in it. Name another place with -o.")
    held = opened(vault, secret_of(vault_key_file))
    dataset = read(data, schema=schema_file)
    say_sheets(data)
    found = revealed(dataset, held, unknown=cast(Literal["refuse", "keep"], unknown))
    _write(found.dataset, target)
    told = {"columns": dict(found.columns), "unknown": dict(found.unknown), "spellings": dict(found.spellings)}
    if as_json:
        say_json({**told, "output": output})
    else:
        _tell(told, output, language)
    return DONE


def _write(dataset: object, target: Path) -> None:
    """Write what only its owner may read, from the first byte on."""
    import os

    from trasunto.data.dataset import Dataset

    assert isinstance(dataset, Dataset)
    usual = os.umask(0o077)
    try:
        dataset.write(target)
    finally:
        os.umask(usual)


def _tell(told: dict[str, dict[str, int]], output: str, language: str) -> None:
    from trasunto.reports.console_words import amount, headed, say

    rows = [
        (name, amount(rows, language), *(amount(told[key].get(name, 0), language) for key in ("unknown", "spellings")))
        for name, rows in told["columns"].items()
    ]
    say_table(say("revealed", language), headed("revealed_head", language), rows, right=(1, 2, 3))
    click.echo(say("revealed_written", language, path=output))
