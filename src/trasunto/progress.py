"""How long work tells where it is: a function of three values that a door may draw, and `quiet`.

Work calls `progress(what, done, total)` as it goes: `what` names the step in a few words, `done` counts
up to `total` (same unit; total 0 means not known). It must be cheap and must not change any result.
"""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    def __call__(self, what: str, done: int, total: int) -> None: ...


def quiet(what: str, done: int, total: int) -> None:
    """Say nothing."""
