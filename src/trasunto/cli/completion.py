"""What a shell offers at the tab key: files where a command takes them, and the names of the registry."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

# Options and arguments whose values are names, and the group of the registry that holds them.
NAMED = {"synthesizer": "synthesizers", "synthesizers": "synthesizers", "task": "tasks", "metrics": "metrics"}


class Offered(click.ParamType):
    """Text, for which the shell is offered names of a group, or files where there is none."""

    name = "text"

    def __init__(self, group: str | None) -> None:
        self.group = group

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from trasunto import registry

        if self.group is None:
            return [CompletionItem(incomplete, type="file")]
        # Of a list with commas the last is completed.
        before, comma, begun = incomplete.rpartition(",")
        names = (name for name in registry.names(self.group) if name.startswith(begun))
        return [CompletionItem(f"{before}{comma}{name}") for name in names]


def completing(command: click.Command) -> click.Command:
    """The command with what a shell is offered for its texts."""
    for each in command.params:
        if each.type is click.STRING:
            each.type = Offered(NAMED.get(each.name or ""))
    return command
