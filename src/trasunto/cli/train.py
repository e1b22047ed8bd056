from __future__ import annotations

import os

import click

from trasunto.cli.budget import budget_asked, budget_options, charging, say_guarantee
from trasunto.cli.main import DONE
from trasunto.cli.on import on_option
from trasunto.cli.progress import shown
from trasunto.cli.say import pairs_of, quiet_option, say_sheets, seed_option, settings_of


@click.command("train")
@click.argument("data")
@click.option("--task", default="classification", show_default=True, help="See `trasunto list tasks`.")
@click.option("-o", "--output", required=True, metavar="LM", help="Folder for the language model.")
@click.option("--text", metavar="COL", help="The column of text; without one, rows become text.")
@click.option("--label", metavar="COL", help="The column to predict.")
@click.option(
    "--role",
    "roles",
    multiple=True,
    metavar="COL=ROLE",
    help="What a column is for: prompt, response, source, translation, label.",
)
@click.option("--base", metavar="MODEL", help="A pretrained model by name (see `trasunto list models`) or folder.")
@click.option("--set", "settings", multiple=True, metavar="field=value", help="A setting, like method=finetune.")
@click.option(
    "--shard", is_flag=True, help="Share the weights out over the processes that train; each then holds its part."
)
@budget_options
@seed_option
@on_option
@quiet_option
def command(
    data: str,
    task: str,
    output: str,
    text: str | None,
    label: str | None,
    roles: tuple[str, ...],
    base: str | None,
    settings: tuple[str, ...],
    shard: bool,
    seed: int,
    quiet: bool,
) -> int:
    """Train a language model on a data set, synthetic or real.

    Models that write are trained by several processes together under torchrun, or with --on processes:2 or --on ray;
    with --shard each of them holds a part of the weights only (methods scratch, full and lora).

    \b
    Examples:
      trasunto train synthetic.csv --task classification --text message --label spam -o filter
      trasunto train patients.csv --label diagnosis --set method=finetune -o doctor
      trasunto train sentences.csv --task translation --role en=source --role es=translation -o translator
      trasunto train help.csv --task chat --role question=prompt --role answer=response --label intent -o bot
      trasunto train messages.csv --text message --label spam --epsilon 1 --delta 1e-6 --domain-share 0.1 -o filter
      torchrun --nproc-per-node 2 -m trasunto train notes.csv --task generation -o writer
      torchrun --nproc-per-node 2 -m trasunto train notes.csv --task generation --set method=full --shard -o writer
    """
    from trasunto.pipeline.verbs import read, task_settings, train

    budget = budget_asked()
    # Under torchrun all processes train, and the first one speaks and writes.
    first = os.environ.get("RANK", "0") == "0"
    if budget is not None and os.environ.get("WORLD_SIZE", "1") != "1":
        raise click.UsageError("A model with a budget is trained by one process: leave torchrun out.")
    values = settings_of(settings) | ({"shard": True} if shard else {})
    # What cannot be is said before anything is read.
    task_settings(task, values)
    real = read(data)
    say_sheets(data)
    for column, role in pairs_of(roles, "--role", "COL=ROLE"):
        real = real.with_role(column, role)
    what = f"training of a model for {task}, seed {seed}"
    with shown(quiet or not first) as progress, charging(data, real, budget, what):
        trained = train(
            real,
            task=task,
            text=text,
            label=label,
            base=base,
            seed=seed,
            settings=values,
            budget=budget,
            progress=progress,
        )
        if not first:
            return DONE
        trained.save(output)
    say_guarantee(trained)
    if budget is not None and label is not None and task == "chat":
        click.echo(f"The intents in {label!r} were not learnt: under a budget all of it goes into the answers.")
    facts = trained.facts
    use = {"translation": "translate", "classification": "classify", "rows": "classify"}.get(task, "chat")
    click.echo(
        f"Trained on {facts['texts']:,} texts in {facts['seconds']:,.0f} s. Next: trasunto score {output} REAL.csv, "
        f"or trasunto {use} {output}"
    )
    return DONE
