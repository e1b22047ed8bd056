from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from trasunto.cli.main import DONE
from trasunto.cli.say import json_option, say_json, say_table

# Longest lists and texts of one line.
LISTED, LONG = 8, 70


@click.command("show")
@click.argument("model")
@json_option
def command(model: str, as_json: bool) -> int:
    """Show what a saved model has learnt, column by column.

    A model of `distributions` is itself a document to read and sign: distributions.yaml in its folder.

    \b
    Examples:
      trasunto show model
      trasunto show model --json
    """
    from trasunto.synthesizers.model import load_model, read_document

    document, fitted = read_document(model), load_model(model)
    told = {"synthesizer": document["synthesizer"], **fitted.describe()}
    if as_json:
        say_json(told)
        return DONE
    columns, tables = told.pop("columns", {}), told.pop("tables", {})
    rows = [(key.replace("_", " "), _short(value)) for key, value in told.items() if value not in ({}, [], None)]
    say_table(f"{document['synthesizer']}: {model}", ("", ""), rows)
    if tables:
        _say_tables(tables)
        return DONE
    kinds = {c.name: c.kind for table in fitted.schema.tables.values() for c in table.columns}
    lines = [(name, kinds.pop(name, ""), _facts(facts)) for name, facts in columns.items()]
    lines += [(name, kind, "made anew" if kind == "id" else "") for name, kind in kinds.items()]
    if lines:
        say_table("Columns", ("column", "kind", "what is kept of it"), lines)
    papers = sorted(Path(model).glob("*.yaml"))
    if papers:
        click.echo("To read, sign or mend: " + ", ".join(str(path) for path in papers))
    return DONE


def _say_tables(tables: dict[str, dict[str, Any]]) -> None:
    """Of each table what its rows hang from, how many hang from each of its own, and what is held in it."""
    lines = []
    for name, each in tables.items():
        children = [f"{many['least']} to {many['most']} {child}" for child, many in each["children"].items()]
        more = [f"in order of {each['order']}"] if each["order"] else []
        more += [f"matched: {link}" for link in each["matched"]] + [f"held: {rule}" for rule in each["held"]]
        above = each["hangs_from"] or "nothing"
        lines.append((name, f"{each['rows']:,}", above, each["why"], "\n".join(children), "\n".join(more)))
    head = ("table", "rows", "hangs from", "why", "of each of its rows", "besides")
    say_table("Tables", head, lines, right=(1,))


def _facts(facts: dict[str, Any]) -> str:
    told = {k: v for k, v in facts.items() if k != "kind" and v not in ({}, [], None, False, 0, "")}
    return "; ".join(key.replace("_", " ") + (f": {_short(v)}" if v is not True else "") for key, v in told.items())


def _short(value: Any) -> str:
    """A value in a few words: numbers to six digits, the first few of many; sentences one below the other."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, dict):
        parts = [f"{key.replace('_', ' ')} {_short(each)}" for key, each in value.items() if each not in ((), [], {})]
    elif isinstance(value, list | tuple):
        if any(isinstance(each, str) and len(each) > LONG for each in value):
            return "\n".join(value)
        parts = [_short(each).replace(", ", " ") if isinstance(each, dict) else _short(each) for each in value]
    else:
        return str(value)
    more = len(parts) - LISTED
    return ", ".join(parts if more <= 1 else [*parts[:LISTED], f"and {more} more"])
