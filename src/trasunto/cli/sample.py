from __future__ import annotations

import os
import re
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import click

from trasunto.cli.main import DONE, STOPPED
from trasunto.cli.on import on_option
from trasunto.cli.progress import shown
from trasunto.cli.sample_related import sample_related
from trasunto.cli.say import counted, quiet_option, say_asked, seed_option


@click.command("sample")
@click.argument("model")
@click.option("-n", "--rows", type=int, help="How many rows to draw; of events entities, of related tables root rows.")
@click.option("--table", "tables", multiple=True, metavar="NAME=ROWS", help="Of related tables: exactly so many rows.")
@click.option("-o", "--output", metavar="OUT", help="File, folder, database or lake, by its suffix or address.")
@click.option("--where", multiple=True, metavar="CONDITION", help="What every row meets; '500: CONDITION' for a count.")
@click.option("--given", metavar="FILE", help="Partial rows to complete: some of the columns, gaps where free.")
@click.option("--balance", multiple=True, metavar="COLUMN", help="Make the values of a column equally frequent.")
@click.option("--share", multiple=True, metavar="VALUE=SHARE", help="With one --balance: shares that are not equal.")
@click.option("--temperature", type=float, default=1.0, show_default=True, help="Below 1 the likely is likelier.")
@click.option("--preview", is_flag=True, help="Of lm-prompt: show the first prompts, two answers, and what all cost.")
@seed_option
@on_option
@quiet_option
def command(
    model: str,
    rows: int | None,
    tables: tuple[str, ...],
    output: str | None,
    where: tuple[str, ...],
    given: str | None,
    balance: tuple[str, ...],
    share: tuple[str, ...],
    temperature: float,
    preview: bool,
    seed: int,
    quiet: bool,
) -> int:
    """Draw synthetic rows from a saved model, in constant memory.

    A condition compares columns: age >= 18 and sex == "F", city in ["Madrid", "Lugo"], `Fare (€)` > 2 * tip,
    start < "2026-01-31", dose is not None. Rare cases are drawn directly, not waited for.

    \b
    Examples:
      trasunto sample model -n 10000 -o synthetic.csv
      trasunto sample model -n 500 -o old.csv --where "age > 80 and income == '>50K'"
      trasunto sample model -o mixed.csv --where "300: ill == True" --where "700: ill == False"
      trasunto sample model -n 1000 -o even.parquet --balance sex --balance income
      trasunto sample model -n 1000 -o third.csv --balance income --share ">50K=0.33" --share "<=50K=0.67"
      trasunto sample model -o complete.csv --given partial.csv
      trasunto sample prompted -n 1000 --preview
      trasunto sample bank --table account=1000 --table loan=500 --where "loan: amount > 9000" -o folder
      trasunto sample bank -n 1000 -o "postgresql://me@host/test?if_exists=append"
    """
    from trasunto.connectors.address import open_sink
    from trasunto.connectors.credentials import masked
    from trasunto.connectors.origin import drawn_by
    from trasunto.connectors.stream import write_parts
    from trasunto.synthesizers.landed import drawn_to
    from trasunto.synthesizers.model import load_model

    if preview:
        return _preview(model, rows, seed, quiet)
    if output is None:
        raise click.UsageError("Say where to write: -o synthetic.csv.")
    open_sink(output)
    if _several(model):
        return sample_related(model, output, rows, tables, where=where, temperature=temperature, seed=seed, quiet=quiet)
    if tables:
        raise click.UsageError("--table is for a model of related tables.")
    _one_wish(rows, where, given, balance, share)
    told: dict[str, Any] = {}
    fitted: Any
    with shown(quiet) as progress, drawn_by(model, seed=seed):
        if rows is not None and not (where or balance) and temperature == 1.0 and _sifts(model):
            fitted = load_model(model)
            with _thrown(model):
                made, what = fitted.sample_with_curation(rows, seed=seed, progress=progress)
            count, told = write_parts(output, [made]), what.to_dict()
        elif given is None and not balance and not _counted(where):
            assert rows is not None
            whole = " and ".join(f"({each})" for each in where) or None
            count = drawn_to(output, model, rows, seed=seed, where=whole, temperature=temperature, progress=progress)
        else:
            fitted = load_model(model)
            count = write_parts(output, [_asked(fitted, rows, where, given, balance, share, temperature, seed)])
    click.echo(f"Wrote {counted(count, 'row')} to {masked(output)}.")
    if told:
        fallen = ", ".join(f"{times:,} {reason}" for reason, times in told["rejected"].items()) or "none"
        click.echo(f"{told['written']:,} texts were written; thrown away: {fallen}.")
    if told.get("usage", {}).get("requests"):
        used = told["usage"]
        click.echo(f"{used['tokens_in']:,} tokens in, {used['tokens_out']:,} out, cost {used['cost']:g}.")
    if told.get("interrupted"):
        click.echo(f"Stopped: {count:,} of {rows:,} rows have their texts and are kept.", err=True)
        return STOPPED
    return DONE


def _thrown(model: str) -> AbstractContextManager[Any]:
    """Texts that are thrown away go into the folder of their model, where that can be written."""
    from trasunto.pipeline.texts import thrown_into

    return thrown_into(model) if os.access(model, os.W_OK) else nullcontext()


def _several(model: str) -> bool:
    from trasunto.synthesizers.model import read_document

    return bool(read_document(model)["synthesizer"] == "relational")


def _sifts(model: str) -> bool:
    """Whether the rows of a saved model are texts that are sifted."""
    from trasunto import registry
    from trasunto.synthesizers.model import Sifted, read_document

    return issubclass(registry.load("models", read_document(model)["synthesizer"]), Sifted)


def _preview(model: str, rows: int | None, seed: int, quiet: bool) -> int:
    from trasunto.synthesizers.lm_prompt import LmPromptModel
    from trasunto.synthesizers.model import load_model

    fitted = load_model(model)
    if not isinstance(fitted, LmPromptModel) or rows is None:
        raise click.UsageError("--preview shows the prompts of an lm-prompt model for -n rows.")
    with shown(quiet) as progress:
        look = fitted.look(rows, seed=seed, progress=progress)
    say_asked(look.to_dict())
    return DONE


def _asked(
    fitted: Any,
    rows: int | None,
    where: tuple[str, ...],
    given: str | None,
    balance: tuple[str, ...],
    share: tuple[str, ...],
    temperature: float,
    seed: int,
) -> Any:
    from trasunto.synthesizers.wanted import balanced, exactly

    if balance:
        assert rows is not None
        return balanced(fitted, balance, rows, seed=seed, shares=_shares(share))
    if given is not None:
        from trasunto.pipeline.verbs import read_partial

        whole = " and ".join(f"({each})" for each in where) or None
        partial = read_partial(given, fitted.schema)
        return fitted.sample(len(partial), seed=seed, given=partial, where=whole, temperature=temperature)
    return exactly(fitted, _counted(where), seed=seed, temperature=temperature)


def _counted(where: tuple[str, ...]) -> dict[str, int]:
    """Conditions that begin with a number of rows and a colon."""
    found = [re.fullmatch(r"\s*(\d+)\s*:(.*)", each, re.DOTALL) for each in where]
    return {match[2].strip(): int(match[1]) for match in found if match}


def _shares(share: tuple[str, ...]) -> dict[str, float] | None:
    shares = {}
    for pair in share:
        value, _, text = pair.rpartition("=")
        try:
            shares[value] = float(text)
        except ValueError as error:
            raise click.UsageError(f"--share {pair!r} is not VALUE=SHARE, as in '>50K=0.3'.") from error
    return shares or None


def _one_wish(
    rows: int | None, where: tuple[str, ...], given: str | None, balance: tuple[str, ...], share: tuple[str, ...]
) -> None:
    """Refuse wishes that contradict each other, before anything is read."""
    counted = _counted(where)
    if counted and len(counted) < len(where):
        raise click.UsageError("Give every --where a number of rows ('500: CONDITION'), or none of them.")
    if rows is None and not counted and given is None:
        raise click.UsageError("Say how many rows to draw: -n 1000.")
    if rows is not None and (counted or given is not None):
        raise click.UsageError("Leave -n out: --given and counted --where say how many rows there are.")
    if balance and (where or given):
        raise click.UsageError("--balance goes with neither --where nor --given.")
    if share and len(balance) != 1:
        raise click.UsageError("--share needs exactly one --balance COLUMN.")
