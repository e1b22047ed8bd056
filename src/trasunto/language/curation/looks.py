"""The form of a check: texts in, for each a reason to throw it away or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

# Reason and detail; None for a text that may stay.
Finding = tuple[str, str] | None


class Check(Protocol):
    """One check. One that remembers what it saw finds in a later round what stood in an earlier one."""

    def look(self, texts: Sequence[str], labels: Sequence[str]) -> list[Finding]:
        """(n,) a finding for each text; labels: "" for texts without."""
        ...


@dataclass(frozen=True)
class Rejected:
    """A text that was thrown away. index: its place among the texts that were given."""

    index: int
    reason: str
    detail: str
    text: str = ""
    label: str = ""
