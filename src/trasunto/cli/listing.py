from __future__ import annotations

import click

from trasunto.cli.main import DONE
from trasunto.cli.say import json_option, say_json, say_table

GROUPS = ("synthesizers", "metrics", "relations", "connectors", "executors", "tasks", "models", "data")


@click.command("list")
@click.argument("what", type=click.Choice(GROUPS))
@json_option
def command(what: str, as_json: bool) -> int:
    """List what there is to choose from.

    \b
    Examples:
      trasunto list synthesizers
      trasunto list models --json
    """
    rows = _rows(what)
    if as_json:
        say_json(rows)
        return DONE
    head = list(rows[0]) if rows else []
    say_table(what, head, [[str(value) for value in row.values()] for row in rows])
    return DONE


def _rows(what: str) -> list[dict[str, object]]:
    if what == "models":
        from trasunto.language.offline import models

        return [
            {"name": m.name, "kind": m.kind, "found": m.found, "licence": m.licence, "languages": m.languages,
             "how to get it": m.install}
            for m in models()
        ]  # fmt: skip
    if what == "data":
        from trasunto.connectors.packaged import PACKAGED

        return [
            {"address": f"packaged:{d.name}", "what": d.title, "licence": d.licence, "source": d.attribution,
             "how to get it": d.install}
            for d in PACKAGED.values()
        ]  # fmt: skip
    from trasunto import registry

    return [{"name": name, "what": _first_line(what, name)} for name in registry.names(what)]


def _first_line(group: str, name: str) -> str:
    """The first sentence of what stands behind a name."""
    import importlib

    from trasunto import registry
    from trasunto.errors import MissingLibraryError

    try:
        thing = registry.load(group, name)
    except MissingLibraryError as error:
        return str(error)
    text = (thing.__doc__ or "").strip()
    if group == "tasks":
        text = thing.about
    if group == "synthesizers":
        text = (importlib.import_module(thing.__module__).__doc__ or "").strip()
    return " ".join(text.partition("\n\n")[0].split())
