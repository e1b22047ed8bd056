from __future__ import annotations

import click

from trasunto.cli.main import DONE
from trasunto.cli.say import counted, json_option, say_json, say_sheets


@click.command("convert")
@click.argument("data")
@click.argument("output")
@click.option("-n", "--rows", type=click.IntRange(1), help="Read at most this many rows.")
@json_option
def command(data: str, output: str, rows: int | None, as_json: bool) -> int:
    """Write data in another format or form.

    The suffix says the format (.csv .tsv .jsonl .json .parquet .arrow .xlsx). What stands before the path says the
    form, in and out: messages, sharegpt, chatml, alpaca and question-answer for training chat models; hub for a folder
    of the library datasets; texts for a folder of one text a file. Read only: documents (parts of text, Markdown,
    HTML, PDF, Word), emails, packaged. A database goes by its address, in and out (docs/databases.md).

    \b
    Examples:
      trasunto convert faq.csv messages:train.jsonl
      trasunto convert sharegpt.json alpaca:train.json
      trasunto convert documents:manuals manuals.jsonl
      trasunto convert packaged:chatbot chatml:train.txt
      trasunto convert "postgresql://ann@host/shop?table=orders" orders.parquet
      trasunto convert shop/ "mysql://ann@host/shop?if_exists=replace"
    """
    from trasunto.connectors.credentials import masked
    from trasunto.pipeline.prepare import convert

    dataset = convert(data, output, rows=rows)
    say_sheets(data)
    if as_json:
        say_json({"output": masked(output), "rows": {name: len(table) for name, table in dataset.tables.items()}})
        return DONE
    click.echo(f"Wrote {counted(len(dataset), 'row')} to {masked(output)}.")
    return DONE
