"""Many rows from a saved model, drawn in parts by several workers: the same rows wherever and by however many."""

from __future__ import annotations

import io
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from trasunto.data.dataset import Dataset, Table
from trasunto.errors import SampleError
from trasunto.executors import Executor, Local, Processes, content_of, current, lay_out
from trasunto.progress import Progress, quiet
from trasunto.synthesizers.model import load_model, read_document

# Rows of one part: enough to be worth a message between processes, few enough for flat memory.
PART = 200_000
# Where rows are entities, events of one part; and entities that it has at least: events are drawn round by round, and a
# round costs as much as about 1,000 events, however few it has.
EVENTS = 1_000_000
ENTITIES = 5_000


@dataclass(frozen=True)
class Drawing:
    """What all parts have in common. folder: of the model; files: its content, for workers that cannot see it; aside:
    a folder for rows on their way, where workers share the disk."""

    folder: str
    files: dict[str, bytes] | None
    seed: int
    where: str | None
    temperature: float
    aside: str = ""
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)


@dataclass(frozen=True)
class Part:
    """Rows `first` and following; given: as many partial rows, or None."""

    first: int
    rows: int
    given: Any = None


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
    """Rows of the model in a folder, in parts of 200,000 or as `size_of` says (one empty part for 0 rows); of events
    `rows` are entities.

    given: partial rows to complete, as many as `rows`. workers: processes of this machine, where no executor around
    says otherwise; the cores there are when None, and never more than there are parts. Raises what `Model.sample`
    raises.
    """
    parts = parts_of(rows, given, size_of(folder))
    executor = drawers(len(parts), workers)
    drawing = drawing_of(folder, executor, seed, where, temperature)
    done = 0
    progress("sample", 0, rows)
    with tempfile.TemporaryDirectory() as aside:
        drawing = replace(drawing, aside=aside if executor.here else "")
        draw = _sent if executor.apart else made_of
        for asked, made in zip(parts, executor.map(draw, parts, shared=drawing), strict=True):
            done += asked.rows
            progress("sample", done, rows)
            yield _received(made) if isinstance(made, tuple) else made


def parts_of(rows: int, given: Any = None, size: int | None = None) -> list[Part]:
    """Parts of so many rows, in order, of 200,000 when `size` is None. SampleError for a negative count."""
    if rows < 0:
        raise SampleError(f"Cannot draw {rows} rows.", "Ask for 0 or more.")
    step = size or PART
    counts = [(start, min(step, rows - start)) for start in range(0, rows, step)] or [(0, 0)]
    return [Part(start, count, _slice(given, start, count)) for start, count in counts]


def size_of(folder: str | Path) -> int:
    """Rows of a part of the model in a folder: 200,000; of a model of events, whose rows are entities, as many as have
    about 1,000,000 events, 5,000 to 200,000. ModelError when the folder holds no model."""
    document = read_document(folder)
    if "most" not in document:
        return PART
    # Where a budget keeps the mean to itself, the public bound stands in for it.
    facts = document.get("facts", {}).get("events_of_an_entity", {})
    mean = max(float(facts.get("mean", document["most"])), 1.0)
    return min(max(int(EVENTS / mean), ENTITIES), PART)


def drawers(parts: int, workers: int | None) -> Executor:
    """Who draws: the executor around, unless it has but threads, which Python lets draw one at a time."""
    executor = current()
    if executor.apart and workers is None:
        return executor
    count = min(workers or executor.workers, parts)
    return Processes(count) if count > 1 else Local(1)


def drawing_of(folder: str | Path, executor: Executor, seed: int, where: str | None, temperature: float) -> Drawing:
    """What all parts have in common. ModelError when the folder holds no model."""
    read_document(folder)
    return Drawing(str(folder), None if executor.here else content_of(Path(folder)), seed, where, temperature)


def made_of(part: Part, drawing: Drawing) -> Dataset:
    """The rows of a part."""
    return model_of(drawing).sample(
        part.rows,
        seed=drawing.seed,
        given=part.given,
        where=drawing.where,
        temperature=drawing.temperature,
        first=part.first,
    )


# Of a process: the last model it has drawn from.
_loaded: dict[str, Any] = {}


def model_of(drawing: Drawing) -> Any:
    """The model, loaded once in a process."""
    if drawing.mark not in _loaded:
        _loaded.clear()
        if drawing.files is None:
            _loaded[drawing.mark] = load_model(drawing.folder)
        else:
            # Models are read whole; nothing of them stays on a worker's disk.
            with tempfile.TemporaryDirectory(prefix="trasunto-model-") as place:
                lay_out(drawing.files, Path(place))
                _loaded[drawing.mark] = load_model(place)
    return _loaded[drawing.mark]


def _sent(part: Part, drawing: Drawing) -> tuple[bytes | Path, Dataset]:
    """A part as it travels: its rows as Arrow, in a file where both ends share a disk; as they are they would take four
    times as long."""
    made = made_of(part, drawing)
    empty = made.with_table(made.only.take([]))
    if drawing.aside:
        path = Path(drawing.aside) / f"{part.first}.arrow"
        made.rows.write_ipc(path)
        return path, empty
    content = io.BytesIO()
    made.rows.write_ipc(content)
    return content.getvalue(), empty


def _received(sent: tuple[bytes | Path, Dataset]) -> Dataset:
    found, empty = sent
    if isinstance(found, bytes):
        rows = pl.read_ipc(found)
    else:
        rows = pl.scan_ipc(found).collect()
        found.unlink()
    return empty.with_table(Table(empty.only.schema, rows))


def _slice(given: Any, start: int, count: int) -> Any:
    return None if given is None else given.with_table(given.only.take(np.arange(start, start + count)))
