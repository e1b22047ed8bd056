from __future__ import annotations

import click

from trasunto.cli.main import DONE
from trasunto.cli.say import say_json


@click.command("schema")
def command() -> int:
    """Print the JSON Schema of a recipe.

    \b
    Example, for completion in VS Code with the YAML extension:
      trasunto schema > recipe.schema.json
    and as the first line of the recipe:
      # yaml-language-server: $schema=recipe.schema.json
    """
    from trasunto.pipeline.recipe import json_schema

    say_json(json_schema())
    return DONE
