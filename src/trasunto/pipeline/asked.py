"""Synthesizers as they are written in one line: names, each with settings behind a colon."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from trasunto.errors import RecipeError
from trasunto.pipeline.recipe import override


@dataclass(frozen=True)
class Asked:
    """A synthesizer by name, with settings; label: as it was written."""

    label: str
    name: str
    settings: dict[str, Any] = field(default_factory=dict)


def parse(texts: Sequence[str]) -> tuple[Asked, ...]:
    """Synthesizers from "tree,independent,tree:min_leaf=20,bins=100".

    A part without a name of its own ("bins=100") belongs to the synthesizer before it. Raises RecipeError for what
    cannot be read, for one that is named twice, and when there is none.
    """
    found: list[tuple[str, list[str]]] = []
    for part in (part.strip() for text in texts for part in text.split(",") if part.strip()):
        name, colon, setting = part.partition(":")
        if "=" in name:
            if not found:
                raise RecipeError(f"The setting {part!r} stands before any synthesizer.", "Write tree:min_leaf=20.")
            found[-1][1].append(part)
        elif not re.fullmatch(r"[\w.\-]+", name):
            raise RecipeError(f"Cannot read the synthesizer {part!r}.", "Write it like tree or tree:min_leaf=20.")
        else:
            found.append((name, [setting] if colon else []))
    if not found:
        raise RecipeError("There is no synthesizer to compare.", "Name some: --synthesizers tree,independent.")
    asked = tuple(Asked(":".join([name, ",".join(s)]) if s else name, name, override({}, s)) for name, s in found)
    labels = [each.label for each in asked]
    twice = next((label for label in labels if labels.count(label) > 1), None)
    if twice:
        raise RecipeError(f"The synthesizer {twice} is named twice.", "Name each once; --seeds repeats them all.")
    return asked
