from __future__ import annotations

from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trasunto.cli.main import DONE
from trasunto.cli.progress import shown
from trasunto.cli.say import counted, quiet_option, say_table, seed_option
from trasunto.errors import UnknownNameError, near

if TYPE_CHECKING:
    from trasunto.synthesizers.rules import RulesModel
    from trasunto.synthesizers.templates import TemplatesModel

PREVIEW = 10
# More columns than this are shown below each other, for so many rows.
WIDE, BESIDE = 6, 3


@click.command("make")
@click.argument("rules", metavar="[RULES.yaml]", required=False)
@click.option("-n", "--rows", type=int, help="How many rows to make.")
@click.option("-o", "--output", metavar="OUT", help="File; its suffix says the format: .parquet and .csv in parts.")
@click.option("--save", metavar="FOLDER", help="Keep the rules as a model, for `trasunto sample`.")
@click.option(
    "--example",
    is_flag=False,
    flag_value="rules",
    metavar="[NAME]",
    help="Print a document to start from: rules, or templates of texts (see --examples).",
)
@click.option("--examples", is_flag=True, help="List the documents that --example prints.")
@click.option("--locales", is_flag=True, help="List the locales that people can come from.")
@seed_option
@quiet_option
def command(
    rules: str | None,
    rows: int | None,
    output: str | None,
    save: str | None,
    example: str | None,
    examples: bool,
    locales: bool,
    seed: int,
    quiet: bool,
) -> int:
    """Make rows from rules, or texts from templates, without real data. Without -o it shows the first rows.

    \b
    Examples:
      trasunto make --example > rules.yaml
      trasunto make rules.yaml
      trasunto make rules.yaml -n 10000000 -o customers.parquet --seed 1
      trasunto make rules.yaml --save model && trasunto sample model -n 500 -o old.csv --where "age > 80"
      trasunto make --example reviews-es > reviews.yaml && trasunto make reviews.yaml -n 5000 -o reviews.csv
    """
    if examples:
        click.echo("\n".join(_examples()))
        return DONE
    if example is not None:
        known = _examples()
        if example not in known:
            raise UnknownNameError(f"There is no example {example!r}.", near(example, known))
        click.echo(known[example].read_text(encoding="utf-8"), nl=False)
        return DONE
    if locales:
        _list_locales()
        return DONE
    if rules is None:
        raise click.UsageError("Name a document of rules, or see `trasunto make --example`.")
    if output is not None and rows is None:
        raise click.UsageError("Say how many rows to make: -n ROWS.")
    model = _model(rules)
    _say_most(model, rows)
    if save is not None:
        model.save(save)
        click.echo(f"Saved the model in {save}.")
        if output is None:
            return DONE
    if output is None:
        _preview(model, PREVIEW if rows is None else rows, seed)
        return DONE
    assert rows is not None
    with shown(quiet) as progress:
        model.write(output, rows, seed=seed, progress=progress)
    click.echo(f"Wrote {counted(rows, 'row')} to {Path(output)}.")
    return DONE


def _examples() -> dict[str, Traversable]:
    """The documents that ship with the package, by name."""
    from importlib.resources import files

    texts = files("trasunto.language").joinpath("examples")
    found = {each.name.removesuffix(".yaml"): each for each in texts.iterdir() if each.name.endswith(".yaml")}
    return {"rules": files("trasunto.rules").joinpath("example.yaml"), **dict(sorted(found.items()))}


def _model(path: str) -> RulesModel | TemplatesModel:
    from trasunto.rules.document import load_rules
    from trasunto.synthesizers.rules import Rules
    from trasunto.synthesizers.templates import Templates, is_templates

    document = load_rules(path)
    return Templates.of(document) if is_templates(document) else Rules.of(document)


def _say_most(model: RulesModel | TemplatesModel, rows: int | None) -> None:
    """A word when more texts are asked for than there are different ones."""
    from trasunto.synthesizers.templates import TemplatesModel

    most = model.most if isinstance(model, TemplatesModel) else None
    if rows is not None and most is not None and rows > most:
        click.echo(f"At most {most:,} different texts can be made; in {rows:,} some come again.", err=True)


def _preview(model: RulesModel | TemplatesModel, rows: int, seed: int) -> None:
    from trasunto.data.edges import to_text

    text = to_text(model.sample(rows, seed=seed).only)
    if text.width <= WIDE:
        say_table("", text.columns, ([str(value) for value in row] for row in text.iter_rows()))
        return
    # Many columns do not fit side by side: they stand below each other, and rows beside each other.
    few = text.head(BESIDE)
    lines = [[name, *(str(value) for value in few[name])] for name in few.columns]
    say_table("", ("column", *(f"row {number}" for number in range(1, few.height + 1))), lines)


def _list_locales() -> None:
    from trasunto.rules.countries import LOCALES
    from trasunto.rules.locales import locale

    table = []
    for code, facts in LOCALES.items():
        known = locale(code)
        tied = " – ".join(known.places.tied) or "each by itself"
        table.append(
            (code, facts.name, f"{len(known.first.words):,}", f"{len(known.last.words):,}", tied, facts.id or "")
        )
    say_table(
        "",
        ("locale", "country", "first names", "last names", "places that belong together", "id number"),
        table,
        (2, 3),
    )
