"""Writes docs/reference from the code, so that the reference cannot say anything else than the code does.

python docs/generate.py            write it
python docs/generate.py --check    exit 1 when what is written is not what the code says
"""

from __future__ import annotations

import inspect
import json
import sys
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

import click

from trasunto import errors, registry
from trasunto.cli.main import COMMANDS, trasunto
from trasunto.pipeline.recipe import json_schema
from trasunto.privacy.policy_schema import policy_schema

HEAD = "| setting | type | default |\n| --- | --- | --- |\n"
PLACE = Path(__file__).parent / "reference"


def main() -> int:
    pages = {
        "cli.md": commands(),
        "synthesizers.md": synthesizers(),
        "metrics.md": metrics(),
        "errors.md": error_tree(),
        "recipe.schema.json": json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n",
        "policy.schema.json": json.dumps(policy_schema(), indent=2, ensure_ascii=False) + "\n",
    }
    stale = [name for name, text in pages.items() if not _same(PLACE / name, text)]
    if "--check" in sys.argv:
        print(
            f"not what the code says: {', '.join(stale)}; run `make docs`" if stale else "the reference is up to date"
        )
        return 1 if stale else 0
    PLACE.mkdir(exist_ok=True)
    for name, text in pages.items():
        (PLACE / name).write_text(text, encoding="utf-8")
    return 0


def commands() -> str:
    parts = ["# Commands\n"]
    for name in COMMANDS:
        context = click.Context(trasunto, info_name="trasunto")
        command = trasunto.get_command(context, name)
        assert command is not None
        inner = click.Context(command, info_name=name, parent=context, max_content_width=100, terminal_width=100)
        parts.append(f"## `trasunto {name}`\n\n```text\n{command.get_help(inner)}\n```\n")
    return "\n".join(parts)


def synthesizers() -> str:
    parts = ["# Synthesizers and their settings\n"]
    for name in registry.names("synthesizers"):
        kind = registry.load("synthesizers", name)
        about = inspect.getdoc(sys.modules[kind.__module__]) or ""
        rows = "\n".join(f"| `{field.name}` | `{field.type}` | `{_default(field)}` |" for field in fields(kind))
        parts.append(f"## `{name}`\n\n{about}\n\n{inspect.getdoc(kind)}\n\n{HEAD}{rows}\n")
    from trasunto.language.classify import ClassifySettings

    rows = "\n".join(f"| `{f.name}` | `{f.type}` | `{f.default!r}` |" for f in fields(ClassifySettings))
    parts.append(f"# The task `classification`\n\n{inspect.getdoc(ClassifySettings)}\n\n{HEAD}{rows}\n")
    return "\n".join(parts)


def _default(field: Field[Any]) -> str:
    """The default of a setting as Python writes it; "" for one that must be given."""
    if field.default_factory is not MISSING:
        return repr(field.default_factory())
    return "" if field.default is MISSING else repr(field.default)


def metrics() -> str:
    parts = ["# Metrics\n"]
    for name in registry.names("metrics"):
        parts.append(f"## `{name}`\n\n{inspect.getdoc(registry.load('metrics', name))}\n")
    return "\n".join(parts)


def error_tree() -> str:
    return f"# Errors\n\n```text\n{inspect.getdoc(errors)}\n```\n"


def _same(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main())
