"""A uniform sample of a table that is bigger than memory, drawn while it is read once, in parts.

Every row is given a random number of 64 bits, in order; the rows with the smallest numbers stay. So each set of rows is
equally likely, whatever their order, and the sample does not depend on the size of the parts: it is the bottom-k sample
of Cohen and Kaplan (Summarizing data using bottom-k sketches, PODC 2007), kept in the order of the rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from trasunto.connectors.address import Source, Streamed, open_source
from trasunto.connectors.parts import Parted, Parts, part_of
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Schema, TableSchema
from trasunto.errors import DataError, EmptyDataError
from trasunto.progress import Progress, quiet

# Rows that are read at a time, and bytes on disk from which on a table is sampled while it is read.
PART, LARGE = 100_000, 256 * 2**20


@dataclass(frozen=True)
class Sampled:
    """Rows drawn from a table, and how many there were.

    rows: drawn. of: rows of the table (those with a value in the needed column counted over the drawn ones only). seed:
    that they were drawn with.
    """

    dataset: Dataset
    of: int
    seed: int

    @property
    def facts(self) -> dict[str, Any]:
        """For a report, JSON values."""
        return {"rows": len(self.dataset), "of": self.of, "seed": self.seed, "how": HOW}


HOW = "uniform, without replacement, in one pass"


def sampled(
    source: str | Source,
    rows: int,
    *,
    seed: int,
    schema: Schema | None = None,
    needed: str | None = None,
    progress: Progress = quiet,
) -> Sampled:
    """At most `rows` rows of the one table of a source, each set of so many equally likely; all when there are no more.

    source: or its address. It is read in parts where it can be (files, lakes, databases, queries), and whole where it
    cannot. schema: what is known; types are found from the drawn rows when None. needed: a column that every drawn row
    has a value in. Raises DataError for several tables or no rows to draw, and what reading raises.
    """
    if rows < 1:
        raise DataError(f"Cannot draw {rows} rows.", "Ask for 1 or more.")
    held = open_source(source) if isinstance(source, str) else source
    parts = _parts(held, schema)
    if parts is None:
        return _of_whole(held.read(schema=schema), rows, seed, needed)
    known = part_of(schema, parts.name)
    wanted = rows
    while True:
        frame, keys, seen = _lowest(_told(parts.frames(PART), progress), wanted, seed)
        if not seen:
            raise EmptyDataError(f"{parts.name} has no rows.", "Give at least one row.")
        table, kept = _with_values(parts.typed(frame, known), keys, needed, rows)
        if kept >= rows or seen <= wanted:
            return Sampled(Dataset.of(table, parts.name), seen, seed)
        # Too many lacked the value: the same numbers once more, and more of the smallest.
        wanted = min(seen, rows * (wanted // max(kept, 1) + 2))


def is_large(source: Source) -> bool:
    """Whether a source of one table is more than 256 MB on disk, or can be read in parts and does not say its size."""
    if not isinstance(source, Parted):
        return False
    try:
        size = source.parts().size
    except DataError:
        # Several tables, or none: reading them says so.
        return False
    return size is None or size > LARGE


def _parts(source: Source, schema: Schema | None) -> Parts | None:
    if isinstance(source, Parted):
        return source.parts()
    if not isinstance(source, Streamed):
        return None
    batches = source.batches(PART, schema=schema)
    first = next(batches)
    own: TableSchema = first.only.schema

    def frames(size: int) -> Iterator[pl.DataFrame]:
        yield first.rows
        for each in batches:
            yield each.rows

    return Parts(first.name, frames, lambda frame, known: Table(own, frame))


def _told(frames: Iterator[pl.DataFrame], progress: Progress) -> Iterator[pl.DataFrame]:
    done = 0
    for frame in frames:
        done += frame.height
        # How many there will be is not known.
        progress("read", done, 0)
        yield frame


def _lowest(frames: Iterator[pl.DataFrame], rows: int, seed: int) -> tuple[pl.DataFrame, np.ndarray, int]:
    """The rows with the smallest numbers, in order; their numbers; and how many rows there were."""
    source = np.random.PCG64(seed)
    waiting: list[pl.DataFrame] = []
    keys: list[np.ndarray] = []
    limit, held, seen = np.uint64(2**64 - 1), 0, 0
    for frame in frames:
        own = source.random_raw(frame.height)
        seen += frame.height
        low = np.flatnonzero(own <= limit)
        if not len(low):
            continue
        waiting.append(frame[low])
        keys.append(own[low])
        held += len(low)
        if held > 2 * rows + PART:
            waiting, keys = _compact(waiting, keys, rows)
            limit, held = keys[0].max(), len(keys[0])
    if not waiting:
        return pl.DataFrame(), np.empty(0, np.uint64), seen
    waiting, keys = _compact(waiting, keys, rows)
    return waiting[0], keys[0], seen


def _compact(
    frames: list[pl.DataFrame], keys: list[np.ndarray], rows: int
) -> tuple[list[pl.DataFrame], list[np.ndarray]]:
    whole, numbers = pl.concat(frames, rechunk=True), np.concatenate(keys)
    # Stable, so that of two rows with one number the earlier stays.
    chosen = np.sort(np.argsort(numbers, kind="stable")[:rows])
    return [whole[chosen]], [numbers[chosen]]


def _with_values(table: Table, keys: np.ndarray, needed: str | None, rows: int) -> tuple[Table, int]:
    """The rows that have a value in a column, the `rows` with the smallest numbers of them; and how many those are."""
    chosen = np.arange(len(table))
    if needed is not None:
        table.schema[needed]
        chosen = chosen[table.rows[needed].is_not_null().to_numpy()]
    if len(chosen) > rows:
        chosen = np.sort(chosen[np.argsort(keys[chosen], kind="stable")[:rows]])
    return (table if len(chosen) == len(table) else table.take(chosen)), len(chosen)


def _of_whole(dataset: Dataset, rows: int, seed: int, needed: str | None) -> Sampled:
    frame, keys, seen = _lowest(iter([dataset.rows]), len(dataset), seed)
    table, _ = _with_values(Table(dataset.only.schema, frame), keys, needed, rows)
    return Sampled(dataset.with_table(table), seen, seed)
