"""Rows of a saved model drawn and written: by the workers themselves where the target takes that, else by one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from trasunto.connectors.address import open_sink
from trasunto.connectors.landing import File, Landing, landing_of
from trasunto.connectors.stream import write_parts
from trasunto.executors import Executor
from trasunto.progress import Progress, quiet
from trasunto.synthesizers.parallel import Drawing, Part, drawers, drawing_of, drawn, made_of, parts_of


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
    parts = parts_of(rows)
    executor = drawers(len(parts), None)
    landing = landing_of(open_sink(output)) if executor.apart and len(parts) > 1 else None
    if landing is None or (landing.here and not executor.here):
        made = drawn(folder, rows, seed=seed, where=where, temperature=temperature, progress=progress)
        return write_parts(output, made)
    drawing = drawing_of(folder, executor, seed, where, temperature)
    return landing.commit(_written(executor, parts, drawing, landing, rows, progress))


def _written(
    executor: Executor, parts: list[Part], drawing: Drawing, landing: Landing, rows: int, progress: Progress
) -> Iterator[File]:
    done = 0
    progress("sample", 0, rows)
    for file in executor.map(_one, list(enumerate(parts)), shared=(drawing, landing)):
        done += file.rows
        progress("sample", done, rows)
        yield file


def _one(numbered: tuple[int, Part], shared: tuple[Drawing, Landing]) -> File:
    number, part = numbered
    drawing, landing = shared
    return landing.write(number, made_of(part, drawing))
