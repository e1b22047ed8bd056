from __future__ import annotations

import click

from trasunto.cli.main import DONE
from trasunto.cli.say import (
    json_option,
    number,
    pairs_of,
    say_evaluations,
    say_json,
    say_sheets,
    say_table,
    say_written,
    seed_option,
)


@click.command("score")
@click.argument("lm")
@click.argument("data")
@click.option(
    "--role", "roles", multiple=True, metavar="COL=ROLE", help="What a column is for, as in `trasunto train`."
)
@seed_option
@json_option
def command(lm: str, data: str, roles: tuple[str, ...], seed: int, as_json: bool) -> int:
    """Score a trained language model on real data, with 95 % intervals: accuracy, precision, recall and F1 of one that
    labels; chrF, BLEU, TER of translations; chrF, ROUGE, similarity of answers; bits per byte of one that writes.

    \b
    Examples:
      trasunto score filter real-messages.csv --json
      trasunto score translator real-sentences.csv --role en=source --role es=translation
    """
    from trasunto.language.text_evaluation import TextEvaluation
    from trasunto.pipeline.verbs import read, score

    real = read(data)
    say_sheets(data)
    for column, role in pairs_of(roles, "--role", "COL=ROLE"):
        real = real.with_role(column, role)
    found = score(lm, real, seed=seed)
    if as_json:
        say_json({key: value for key, value in found.to_dict().items() if key not in ("arm", "facts")})
        return DONE
    # Whether the model has seen these rows is for whoever gives them to know.
    title = f"Language model, tested on {data}"
    if isinstance(found, TextEvaluation):
        say_written([found], title)
        return DONE
    say_evaluations([found], title)
    rows = [(c.label, number(c.precision), number(c.recall), number(c.f1), f"{c.support:,}") for c in found.per_class]
    say_table("By class", ("class", "precision", "recall", "F1", "rows"), rows, right=(1, 2, 3, 4))
    return DONE
