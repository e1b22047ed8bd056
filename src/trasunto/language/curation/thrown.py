"""Written texts that were thrown away, put into a file as they fall: none of them stays in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict
from pathlib import Path

from trasunto.errors import FileError
from trasunto.language.curation.sifting import Sifting

# What the file is called in the folder of a model or of a run.
FILE = "thrown_away.jsonl"
_PLACE: ContextVar[Path | None] = ContextVar("thrown", default=None)


@contextmanager
def thrown_to(path: str | Path) -> Iterator[Path]:
    """What models of text throw away while they write inside this block goes to a new file, JSON lines: index (its
    place among what the call sifted), reason, detail, text, label. What could not be read at all is only counted, and
    where nothing falls there is no file.

    Only its owner may read the file: some of it are copies of private texts. FileError when it cannot be written.
    """
    place = Path(path)
    _made(place).unlink()
    token = _PLACE.set(place)
    try:
        yield place
    finally:
        _PLACE.reset(token)


def throw(sifting: Sifting) -> None:
    """Forget the texts that fell, which stay counted; into the file of the block around, if there is one."""
    place = _PLACE.get()
    if place is not None and sifting.fallen:
        if not place.exists():
            _made(place)
        with place.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.writelines(json.dumps(asdict(each), ensure_ascii=False) + "\n" for each in sifting.fallen)
    sifting.fallen.clear()
    sifting.doubtful.clear()


def _made(place: Path) -> Path:
    """A new, empty file of its owner."""
    try:
        place.unlink(missing_ok=True)
        place.touch(mode=0o600)
    except OSError as error:
        raise FileError(f"{place} cannot be written: {error.strerror}.", "Name another file.") from error
    return place
