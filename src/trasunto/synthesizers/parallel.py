"""Many rows from a saved model, drawn in several processes and handed on in order: the same rows with any number."""

from __future__ import annotations

import multiprocessing
import tempfile
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from trasunto.data.dataset import Dataset, Table
from trasunto.errors import SampleError
from trasunto.machine import cores
from trasunto.progress import Progress, quiet
from trasunto.synthesizers.model import Model, load_model

# Rows of one part: enough to be worth a message between processes, few enough for flat memory.
PART = 200_000

# Of a process that draws for another, and lives no longer than that.
_loaded: dict[str, Model] = {}


def drawn(
    folder: str | Path,
    rows: int,
    *,
    seed: int,
    given: Any = None,
    where: str | None = None,
    temperature: float = 1.0,
    workers: int | None = None,
    progress: Progress = quiet,
) -> Iterator[Dataset]:
    """Rows of the model in a folder, in parts of 200,000 (one empty part for 0 rows).

    given: partial rows to complete, as many as `rows`. workers: processes; the cores there are when None, and never
    more than there are parts. Raises what `Model.sample` raises.
    """
    if rows < 0:
        raise SampleError(f"Cannot draw {rows} rows.", "Ask for 0 or more.")
    parts = [(start, min(PART, rows - start)) for start in range(0, rows, PART)] or [(0, 0)]
    asked = [(str(folder), n, seed, _slice(given, start, n), where, temperature, start) for start, n in parts]
    done = 0
    progress("sample", 0, rows)
    for made in _in_processes(asked, min(workers or cores(), len(parts))):
        done += len(made)
        progress("sample", done, rows)
        yield made


def _in_processes(parts: list[Any], workers: int) -> Iterator[Dataset]:
    if workers < 2:
        model = load_model(parts[0][0])
        yield from (_one(model, part) for part in parts)
        return
    # Spawned, not forked: a forked copy of a process with threads (polars, torch) may hang.
    spawned = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as place, ProcessPoolExecutor(workers, mp_context=spawned) as pool:
        waiting: deque[Future[tuple[Path, Dataset]]] = deque()
        try:
            for number, part in enumerate(parts):
                waiting.append(pool.submit(_left, Path(place) / f"{number}.arrow", part))
                if len(waiting) > workers + 1:
                    yield _fetched(*waiting.popleft().result())
            while waiting:
                yield _fetched(*waiting.popleft().result())
        finally:
            for each in waiting:
                each.cancel()


def _left(path: Path, part: Any) -> tuple[Path, Dataset]:
    """A part whose rows lie in a file: through a pipe they would take four times as long."""
    folder = part[0]
    if folder not in _loaded:
        _loaded[folder] = load_model(folder)
    made = _one(_loaded[folder], part)
    made.rows.write_ipc(path)
    return path, made.with_table(made.only.take([]))


def _fetched(path: Path, empty: Dataset) -> Dataset:
    rows = pl.scan_ipc(path).collect()
    path.unlink()
    return empty.with_table(Table(empty.only.schema, rows))


def _one(model: Model, part: Any) -> Dataset:
    _, rows, seed, given, where, temperature, first = part
    return model.sample(rows, seed=seed, given=given, where=where, temperature=temperature, first=first)


def _slice(given: Any, start: int, count: int) -> Any:
    return None if given is None else given.with_table(given.only.take(np.arange(start, start + count)))
