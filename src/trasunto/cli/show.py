from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import click

from trasunto.cli.main import DONE
from trasunto.cli.say import json_option, say_json, say_table

# Longest lists and texts of one line, and most lines of lists.
LISTED, LONG, LINES = 8, 70, 3


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
    rows = [(key.replace("_", " "), _shown(value)) for key, value in told.items() if value not in ({}, [], None)]
    say_table(f"{document['synthesizer']}: {model}", ("", ""), [(key, text) for key, text in rows if text])
    deep = any(_depth(value) > 2 for value in told.values())
    if tables:
        _say_tables(tables)
        click.echo(f"All that was learnt, to the last detail: trasunto show {model} --json")
        return DONE
    every = [column for table in fitted.schema.tables.values() for column in table.columns]
    kinds = {c.name: c.kind for c in every}
    lines = [(name, kinds.pop(name, ""), _facts(facts)) for name, facts in columns.items()]
    told_of = {
        c.name: "made anew" if c.kind == "id" else "its fields, one by one" if c.format.nested else "" for c in every
    }
    lines += [(name, kind, told_of[name]) for name, kind in kinds.items()]
    if lines:
        say_table("Columns", ("column", "kind", "what is kept of it"), lines)
    papers = sorted(Path(model).glob("*.yaml"))
    if papers:
        click.echo("To read, sign or mend: " + ", ".join(str(path) for path in papers))
    if deep:
        click.echo(f"All that was learnt, to the last detail: trasunto show {model} --json")
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


def _shown(value: Any) -> str:
    """A value of the table: what holds others in a line for each, what lies deeper by its name alone, or not at all."""
    if isinstance(value, dict) and _depth(value) > 1:
        plain = {key: each for key, each in value.items() if not _depth(each) and each is not None}
        held = {key: each for key, each in value.items() if _depth(each)}
        lines = {
            key: _short(each) if _depth(each) == 1 else ", ".join(each)
            for key, each in held.items()
            if isinstance(each, dict) or _depth(each) == 1
        }
        told = [f"{key.replace('_', ' ')}: {text}" for key, text in lines.items()]
        return "\n".join([_short(plain), *told] if plain else told)
    if isinstance(value, list | tuple) and _depth(value) > 1 and not any(isinstance(each, dict) for each in value):
        # Parts of a column that stand beside each other, marked by a separator (synthesizers/coarse.py), name it once.
        names = [[str(each).partition("\x1e")[0] for each in row] for row in value] if _depth(value) == 2 else []
        rows = [[name for name, _ in itertools.groupby(row)] for row in names]
        more = len(rows) - LINES
        return "\n".join(map(_short, rows) if more <= 1 else [*map(_short, rows[:LINES]), f"and {more} more"])
    return _short(value)


def _depth(value: Any) -> int:
    """How many containers are inside one another; an empty one is none."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return 1 + max(map(_depth, inside)) if inside else 0


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
