"""Related tables drawn from a saved model, for `trasunto sample`."""

from __future__ import annotations

import re

import click

from trasunto.cli.main import DONE
from trasunto.cli.progress import shown


def sample_related(
    model: str,
    output: str,
    rows: int | None,
    tables: tuple[str, ...],
    *,
    where: tuple[str, ...],
    temperature: float,
    seed: int,
    quiet: bool,
) -> int:
    """Draw all tables and write them, together or not at all."""
    from trasunto.connectors.address import open_sink
    from trasunto.connectors.credentials import masked
    from trasunto.connectors.origin import drawn_by
    from trasunto.synthesizers.landed import families_to
    from trasunto.synthesizers.model import load_model
    from trasunto.synthesizers.relational import RelationalModel

    if rows is not None and tables:
        raise click.UsageError("Give -n or --table, not both.")
    fitted = load_model(model)
    names = list(fitted.schema.tables)
    conditions = _conditions(where, names)
    with shown(quiet) as progress, drawn_by(model, seed=seed):
        if rows is not None and not conditions and isinstance(fitted, RelationalModel):
            counts = families_to(output, model, fitted, rows, seed=seed, temperature=temperature, progress=progress)
        else:
            progress("sample", 0, 2)
            asked = _counts(tables, names) or rows
            # A model of several tables takes a number for each of them, and a condition for each.
            made = fitted.sample(asked, seed=seed, where=conditions or None, temperature=temperature)  # type: ignore[arg-type]
            progress("sample", 1, 2)
            open_sink(output).write(made)
            progress("sample", 2, 2)
            counts = {name: len(table) for name, table in made.tables.items()}
    told = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    click.echo(f"Wrote {told} to {masked(output)}.")
    return DONE


def _counts(tables: tuple[str, ...], names: list[str]) -> dict[str, int]:
    found = {}
    for each in tables:
        name, _, count = each.rpartition("=")
        if name not in names or not count.isdecimal():
            raise click.UsageError(f"--table {each!r} is not NAME=ROWS; the tables are {', '.join(names)}.")
        found[name] = int(count)
    return found


def _conditions(where: tuple[str, ...], names: list[str]) -> dict[str, str]:
    """Conditions by table: `loan: amount > 9000`."""
    found: dict[str, str] = {}
    for each in where:
        match = re.fullmatch(r"\s*([^:]+?)\s*:(.*)", each, re.DOTALL)
        if match is None or match[1] not in names:
            raise click.UsageError(
                f"--where {each!r} does not begin with its table, as in 'loan: amount > 9000'; "
                f"the tables are {', '.join(names)}."
            )
        stated = f"({match[2].strip()})"
        found[match[1]] = f"{found[match[1]]} and {stated}" if match[1] in found else stated
    return found
