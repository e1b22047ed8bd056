"""Where written rows come from, for sinks whose commits can say so: tables of lakes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from trasunto import __version__

_ORIGIN: ContextVar[Mapping[str, str] | None] = ContextVar("origin", default=None)


@contextmanager
def drawn_by(model: str | Path, *, seed: int) -> Iterator[None]:
    """Rows that are written inside come from the model in a folder, drawn with this seed."""
    path = Path(model) / "model.json"
    told = {"model": f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"} if path.is_file() else {}
    before = _ORIGIN.set({**told, "seed": str(seed)})
    try:
        yield
    finally:
        _ORIGIN.reset(before)


def origin() -> dict[str, str]:
    """What a commit says of its rows: that they are synthetic, what wrote them, and of which model they are."""
    return {"synthetic": "true", "producer": f"trasunto {__version__}", **(_ORIGIN.get() or {})}
