"""Nothing half written is ever seen under its final name: write aside, flush to disk, rename."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from trasunto.errors import StoreError

# What models and data sets of the hub hold: such a folder is replaced by another of its kind.
OURS = ("model.json", "state.json", "dataset_dict.json")


def write_text(path: str | Path, text: str) -> None:
    """Write UTF-8 text under `path`, whole or not at all. StoreError when the disk is full or closed to us."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: str | Path, content: bytes) -> None:
    """Write bytes under `path`, whole or not at all. StoreError when the disk is full or closed to us."""
    with aside(path) as temporary, temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def check_writable(path: str | Path) -> None:
    """StoreError, before long work, where nothing can be written under `path`. Folders missing above it are made."""
    shutil.rmtree(_beside(Path(path)), ignore_errors=True)


@contextlib.contextmanager
def aside(path: str | Path, *, folder: bool = False, own: bool = False) -> Iterator[Path]:
    """A temporary path beside `path`, renamed to it when the block ends well and removed when it does not.

    folder: the temporary path is a new folder; a folder that stands at `path` is replaced where it holds the same
    files, or is of our making; StoreError, and nothing is lost, where it holds others. own: nobody else writes there.
    """
    target = Path(path)
    temporary = _beside(target)
    inner = temporary / target.name
    try:
        if folder:
            inner.mkdir()
        yield inner
        if folder and target.is_dir():
            if not own:
                _check_lost(target, inner)
            shutil.rmtree(target)
        inner.replace(target)
    except OSError as error:
        raise StoreError(f"Cannot write {target}: {error.strerror or error}.", "Free space or move.") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _beside(target: Path) -> Path:
    """A new folder beside a path."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise StoreError(f"Cannot write {target}: {error.strerror or error}.", "Pick another place.") from error


def _check_lost(target: Path, new: Path) -> None:
    """StoreError where a folder holds what its successor does not, and no file says that both are of our making."""
    there, then = ({each.name for each in place.iterdir()} for place in (target, new))
    lost = sorted(there - then)
    if lost and not there & then & set(OURS):
        more = f" and {len(lost) - 3} more" if len(lost) > 3 else ""
        raise StoreError(
            f"The folder {target} holds {', '.join(lost[:3])}{more}, which would be lost.",
            "Name another folder, or empty this one.",
        )
