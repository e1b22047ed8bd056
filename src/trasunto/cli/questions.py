from __future__ import annotations

import click

from trasunto.cli.main import DONE
from trasunto.cli.progress import shown
from trasunto.cli.say import json_option, quiet_option, say_json, say_table, seed_option, settings_of

SHOWN = 5


@click.command("questions")
@click.argument("documents")
@click.option("-o", "--output", required=True, metavar="OUT", help="File; its suffix says the format.")
@click.option("--engine", default="", metavar="ENGINE", help="Who asks; rules alone by default. See docs/prompting.md.")
@click.option("--model", default="", metavar="NAME", help="The model of a server.")
@click.option("--set", "settings", multiple=True, metavar="field=value", help="A setting, like several=5; repeatable.")
@seed_option
@json_option
@quiet_option
def command(
    documents: str,
    output: str,
    engine: str,
    model: str,
    settings: tuple[str, ...],
    seed: int,
    as_json: bool,
    quiet: bool,
) -> int:
    """Make questions with their answers out of documents.

    DOCUMENTS is a file or a folder of them, or a table with a column `text`. Answers are held to what the documents
    say. Ctrl-C loses nothing that an engine has answered: the same command goes on from there.

    \b
    Settings: several (questions of a part), size, overlap (characters of a part), grounded (share of the words of an
    answer that must stand in its part), language (auto, en, es), rules (beside the engine), allow_leaving, serving.

    \b
    Examples:
      trasunto questions handbook.md -o pairs.jsonl
      trasunto questions manuals/ -o pairs.jsonl --engine http://localhost:8000/v1 --model qwen3 --set several=5
      trasunto questions handbook.pdf -o pairs.jsonl --engine gguf:model.gguf --set rules=true
    """
    from trasunto.connectors.address import open_sink
    from trasunto.language.questions import Questions, questions
    from trasunto.pipeline.settings import built
    from trasunto.pipeline.verbs import read

    open_sink(output)
    asked = built(Questions, "The command 'questions'", {**settings_of(settings), "engine": engine, "model": model})
    with shown(quiet) as progress:
        made, told = questions(read(documents), asked, seed=seed, progress=progress)
        made.write(output)
    if as_json:
        say_json(told.to_dict())
        return DONE
    say_table("", ("question", "answer"), made.rows.select("question", "answer").head(SHOWN).rows())
    fallen = ", ".join(f"{times} {reason}" for reason, times in told.rejected.items()) or "none"
    click.echo(f"{told.kept:,} pairs of {told.chunks:,} parts in {output}; thrown away: {fallen}.")
    if told.leaves:
        click.echo(told.leaves)
    if told.usage.requests:
        used = told.usage
        click.echo(f"{used.tokens_in:,} tokens in, {used.tokens_out:,} out, cost {used.cost:g}.")
    return DONE
