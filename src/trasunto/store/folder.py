"""The folder of a run: what was asked, what is done, where everything lies, by digest.

    recipe.yaml     the job as it was asked, resolved
    run.json        who, when, versions, seeds, split by hash, artifacts by digest, guarantee, digest of the result
    log.jsonl       one line an event
    steps/NAME.json a finished step: its seconds, its facts, the digest of each file it wrote
    synthetic/ model/ language_model/ scores.json evaluations.json report.*

A step counts as done only when its record is there and every file it names has the digest it names, so a
run that was stopped at any moment, even by kill -9, goes on from its last whole step. The private rows are
never copied here: a resumed run reads the source again and checks it against the recorded hashes.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from trasunto.errors import StoreError
from trasunto.writing import write_text

RECIPE = "recipe.yaml"
MANIFEST = "run.json"
LOG = "log.jsonl"


@dataclass(frozen=True)
class Record:
    """A finished step: what it found (JSON values) and the files it wrote, by SHA-256."""

    name: str
    seconds: float
    facts: dict[str, Any]
    files: dict[str, str]


@dataclass(frozen=True)
class RunFolder:
    """A run's folder, held by one process at a time."""

    path: Path
    lock: int

    @staticmethod
    def open(path: str | Path, recipe: str, *, resume: bool) -> RunFolder:
        """Take a new folder for `recipe` (YAML text), or an old one of the same recipe to finish it.

        StoreError when the folder holds a run and `resume` is not asked for, holds another recipe, holds
        other files, or is held by another process.
        """
        folder = Path(path)
        old = folder / RECIPE
        if old.is_file():
            if not resume:
                raise StoreError(
                    f"{folder} holds a run already.", "Finish it with --resume, or name another folder with -o."
                )
            if old.read_text(encoding="utf-8") != recipe:
                raise StoreError(
                    f"{folder} holds a run of another recipe, so it cannot be resumed with this one.",
                    "Name another folder with -o, or resume with the recipe.yaml in that folder.",
                )
        elif folder.exists() and (not folder.is_dir() or any(each.name != "lock" for each in folder.iterdir())):
            raise StoreError(f"{folder} exists and holds no run.", "Name a new or empty folder with -o.")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StoreError(f"Cannot write {folder}: {error.strerror or error}.", "Name another folder.") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            raise StoreError(f"Another process is running in {folder}.", "Wait for it or stop it first.") from error
        if not old.is_file():
            write_text(old, recipe)
        return RunFolder(folder, lock)

    def close(self) -> None:
        """Let another process have the folder."""
        os.close(self.lock)

    def done(self, step: str) -> Record | None:
        """The record of a finished step whose files are all as it left them; None otherwise."""
        try:
            document = json.loads((self.path / "steps" / f"{step}.json").read_text(encoding="utf-8"))
            record = Record(step, document["seconds"], document["facts"], document["files"])
        except (OSError, ValueError, KeyError):
            return None
        for name, digest in record.files.items():
            if not (self.path / name).is_file() or digest_of(self.path / name) != digest:
                return None
        return record

    def finish(self, step: str, started: float, facts: dict[str, Any], outputs: Iterable[str] = ()) -> Record:
        """Record a finished step. `outputs` are files or folders, relative to the run's folder."""
        files = {name: digest_of(self.path / name) for name in self._files(outputs)}
        record = Record(step, round(time.monotonic() - started, 3), facts, files)
        body = {"seconds": record.seconds, "facts": facts, "files": files}
        write_text(self.path / "steps" / f"{step}.json", json.dumps(body, indent=2, ensure_ascii=False) + "\n")
        self.log("finished", {"step": step, "seconds": record.seconds})
        return record

    def records(self) -> dict[str, Record]:
        """Every finished step, by name."""
        steps = sorted((self.path / "steps").glob("*.json")) if (self.path / "steps").is_dir() else []
        found = [self.done(path.stem) for path in steps]
        return {record.name: record for record in found if record is not None}

    def log(self, event: str, facts: Mapping[str, object]) -> None:
        """Append one event to log.jsonl."""
        line = json.dumps({"time": now(), "event": event, **facts}, ensure_ascii=False, default=str)
        try:
            with (self.path / LOG).open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as error:
            raise StoreError(
                f"Cannot write {self.path / LOG}: {error.strerror or error}.", "Free some space."
            ) from error

    def _files(self, outputs: Iterable[str]) -> list[str]:
        names: list[str] = []
        for output in outputs:
            place = self.path / output
            inside = sorted(p for p in place.rglob("*") if p.is_file()) if place.is_dir() else [place]
            names += [str(p.relative_to(self.path)) for p in inside]
        return names


def read_manifest(folder: str | Path) -> dict[str, Any]:
    """The run.json of a finished run."""
    path = Path(folder) / MANIFEST
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(f"No finished run in {folder}: {error}.", "Finish it with --resume.") from error
    return dict(document)


def digest_of(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def now() -> str:
    """The time in UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
