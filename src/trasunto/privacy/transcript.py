"""What a private fit releases on its way to a model: noisy tables, for an audit to look at.

A guarantee covers every table that was counted through noise, not only what is drawn from the model in the end. Nothing
is kept unless somebody listens, and nobody but an audit does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Release:
    """A table of rows counted through noise, in terms of the model's codes.

    columns: names of its axes. cells: by axis, (codes,) the place along it at which each code is counted. counts: the
    table as released, its cells in C order of the axes. deviation: standard deviation of the noise that each cell is
    said to have.
    """

    columns: tuple[str, ...]
    cells: tuple[np.ndarray, ...]
    counts: np.ndarray
    deviation: float


_heard: ContextVar[list[Release] | None] = ContextVar("heard", default=None)


@contextmanager
def overheard() -> Iterator[list[Release]]:
    """The tables released inside, in order, as they come. For audits."""
    found: list[Release] = []
    token = _heard.set(found)
    try:
        yield found
    finally:
        _heard.reset(token)


def released(make: Callable[[], Release]) -> None:
    """Tell whoever listens of a table; it is not even made when nobody does."""
    found = _heard.get()
    if found is not None:
        found.append(make())
