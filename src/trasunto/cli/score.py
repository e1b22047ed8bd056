from __future__ import annotations

import click

from trasunto.cli.main import DONE
from trasunto.cli.say import json_option, number, say_evaluations, say_json, say_table, seed_option


@click.command("score")
@click.argument("lm")
@click.argument("data")
@seed_option
@json_option
def command(lm: str, data: str, seed: int, as_json: bool) -> int:
    """Score a trained language model on real data: accuracy, precision, recall and F1, with 95 % intervals.

    \b
    Example:
      trasunto score filter real-messages.csv --json
    """
    from trasunto.pipeline.verbs import score

    found = score(lm, data, seed=seed)
    if as_json:
        say_json({key: value for key, value in found.to_dict().items() if key not in ("arm", "facts")})
        return DONE
    say_evaluations([found])
    rows = [(c.label, number(c.precision), number(c.recall), number(c.f1), f"{c.support:,}") for c in found.per_class]
    say_table("By class", ("class", "precision", "recall", "F1", "rows"), rows, right=(1, 2, 3, 4))
    return DONE
