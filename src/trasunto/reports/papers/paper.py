"""A paper: blocks in one language, with the files that belong beside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from trasunto.reports.blocks import Blank, Block


@dataclass(frozen=True)
class Paper:
    """One document about a run.

    name: as it is asked for ("dpia"). header: the YAML head of its Markdown form, where its readers expect one.
    """

    name: str
    title: str
    language: str
    blocks: tuple[Block, ...]
    header: dict[str, Any] = field(default_factory=dict)

    @property
    def blanks(self) -> tuple[Blank, ...]:
        """Facts that a person has still to give, each once."""
        found = {block.key: block for block in self.blocks if isinstance(block, Blank) and not block.answer}
        return tuple(found.values())
