"""Rows of a saved model drawn and written: by the workers themselves where the target takes that, else by one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from trasunto.connectors.address import open_sink
from trasunto.connectors.landing import File, Landing, landing_of
from trasunto.connectors.stream import write_parts
from trasunto.data.dataset import Dataset, Table
from trasunto.errors import SampleError
from trasunto.executors import Executor, Local, current
from trasunto.progress import Progress, quiet
from trasunto.synthesizers.parallel import (
    Drawing,
    Part,
    drawers,
    drawing_of,
    drawn,
    made_of,
    model_of,
    parts_of,
    size_of,
)
from trasunto.synthesizers.relational import RelationalModel

# Rows of all tables of one part of related tables: enough to match their keys, few enough for flat memory.
FAMILIES = 2_000_000


def drawn_to(
    output: str,
    folder: str | Path,
    rows: int,
    *,
    seed: int,
    where: str | None = None,
    temperature: float = 1.0,
    progress: Progress = quiet,
) -> int:
    """Write rows of the model in a folder to an address, whole or not at all; how many.

    The same rows whoever writes them. Raises what `Model.sample` and the connector raise.
    """
    parts = parts_of(rows, None, size_of(folder))
    executor = drawers(len(parts), None)
    landing = landing_of(open_sink(output)) if executor.apart and len(parts) > 1 else None
    if landing is None or (landing.here and not executor.here):
        made = drawn(folder, rows, seed=seed, where=where, temperature=temperature, progress=progress)
        return write_parts(output, made)
    drawing = drawing_of(folder, executor, seed, where, temperature)
    return landing.commit(_written(executor, parts, drawing, landing, rows, progress))


def families_to(
    output: str,
    folder: str | Path,
    model: RelationalModel,
    roots: int,
    *,
    seed: int,
    temperature: float = 1.0,
    progress: Progress = quiet,
) -> dict[str, int]:
    """Write related tables with so many rows of the first root, in parts of whole families; rows by table.

    folder: where `model` is saved. A part has about 2,000,000 rows in all, so that memory stays flat where the target
    is written in parts; other targets are gathered first. The same rows whoever draws and writes them.
    """
    parts = _families(model, roots)
    landing = landing_of(open_sink(output)) if len(parts) > 1 else None
    executor = drawers(len(parts), None)
    drawing = drawing_of(folder, executor, seed, None, temperature)
    counts = dict.fromkeys(model.schema.tables, 0)
    if landing is not None and (executor.here or not landing.here):
        found = executor.map(_one_family, list(enumerate(parts)), shared=(drawing, landing))
        landing.commit(_counted(found, counts, len(parts), progress))
        return counts
    made = joined(list(executor.map(_family, parts, shared=drawing)))
    open_sink(output).write(made)
    return {name: len(table) for name, table in made.tables.items()}


def gathered(model: Any, folder: str | Path, rows: Any, *, seed: int, progress: Progress = quiet) -> Dataset:
    """All rows of `model`, which is saved in `folder`, at once: those that `drawn_to` and `families_to` write.

    rows: as `Model.sample` takes them. Many are drawn in parts, by the executor around where it has processes, else
    here. Raises what `Model.sample` raises.
    """
    executor = current() if current().apart else Local(1)
    if isinstance(model, RelationalModel):
        parts = _families(model, rows) if isinstance(rows, int) else []
        if len(parts) > 1:
            drawing = drawing_of(folder, executor, seed, None, 1.0)
            return joined(list(executor.map(_family, parts, shared=drawing)))
    elif rows > size_of(folder):
        workers = None if executor.apart else 1
        return joined(list(drawn(folder, rows, seed=seed, workers=workers, progress=progress)))
    progress("sample", 0, 1)
    made: Dataset = model.sample(rows, seed=seed)
    progress("sample", 1, 1)
    return made


def joined(parts: list[Dataset]) -> Dataset:
    """Datasets of the same tables, one after another."""
    first = parts[0]
    tables = {
        name: Table(table.schema, pl.concat([each.tables[name].rows for each in parts]))
        for name, table in first.tables.items()
    }
    return Dataset(first.schema, tables)


def _families(model: RelationalModel, roots: int) -> list[Part]:
    """Rows of the first root, so many in a part that all tables together have about 2,000,000."""
    if roots < 0:
        raise SampleError(f"Cannot draw {roots} rows.", "Ask for 0 or more.")
    head = next(unit.name for unit in model.plan.units if unit.generating is None)
    drawn_rows = sum(size for name, size in model.sizes.items() if name not in model.copied)
    size = max(1, FAMILIES * model.sizes[head] // max(drawn_rows, 1))
    return [Part(start, min(size, roots - start)) for start in range(0, roots, size)] or [Part(0, 0)]


def _family(part: Part, drawing: Drawing) -> Dataset:
    made = made_of(part, drawing)
    if not part.first:
        return made
    # Tables that are copied come with the first part.
    copied = model_of(drawing).copied
    tables = {name: table.take([]) if name in copied else table for name, table in made.tables.items()}
    return Dataset(made.schema, tables)


def _one_family(numbered: tuple[int, Part], shared: tuple[Drawing, Landing]) -> tuple[File, ...]:
    number, part = numbered
    drawing, landing = shared
    return landing.write(number, _family(part, drawing))


def _counted(
    found: Iterator[tuple[File, ...]], counts: dict[str, int], parts: int, progress: Progress
) -> Iterator[tuple[File, ...]]:
    progress("sample", 0, parts)
    for done, files in enumerate(found):
        for each in files:
            counts[each.table] += each.rows
        progress("sample", done + 1, parts)
        yield files


def _written(
    executor: Executor, parts: list[Part], drawing: Drawing, landing: Landing, rows: int, progress: Progress
) -> Iterator[tuple[File, ...]]:
    done = 0
    progress("sample", 0, rows)
    # Held by the loop alone: when it stops, workers have stopped before what they wrote is taken away.
    for part, files in zip(parts, executor.map(_one, list(enumerate(parts)), shared=(drawing, landing)), strict=True):
        done += part.rows
        progress("sample", done, rows)
        yield files


def _one(numbered: tuple[int, Part], shared: tuple[Drawing, Landing]) -> tuple[File, ...]:
    number, part = numbered
    drawing, landing = shared
    return landing.write(number, made_of(part, drawing))
