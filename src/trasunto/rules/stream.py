"""Rows written to a file as they are drawn: memory stays flat, whatever their number.

Blocks are drawn by some threads and written in order by one; a block depends on the seed and its number alone, so the
file is the same for any number of threads.
"""

from __future__ import annotations

import gzip
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from trasunto import registry
from trasunto.connectors.address import open_sink, parted
from trasunto.data.dataset import Dataset, Table
from trasunto.data.edges import to_text
from trasunto.errors import FileError
from trasunto.machine import cores
from trasunto.progress import Progress, quiet
from trasunto.rules.draws import BLOCK
from trasunto.rules.plan import Plan, blocks
from trasunto.rules.values import POOL, pa
from trasunto.writing import aside

# Blocks of a row group of Parquet; formats that are not written in parts take at most this many rows.
GROUP = 4
WHOLE = 5_000_000
# Blocks that wait beside those under way: so many are drawn while a row group is written.
AHEAD = 6


def write_rows(
    plan: Plan, rows: int, path: str | Path, *, seed: int, threads: int | None = None, progress: Progress = quiet
) -> None:
    """Draw rows 0..rows-1 into a file, whole or not at all: Parquet or CSV (also .gz) in parts, else at once.

    threads: that draw; None for as many as there are cores. Raises SampleError for rows that cannot be, FileError for
    an unknown suffix or more than 5,000,000 rows in a format that is not written in parts.
    """
    plan.check(rows)
    target = Path(path)
    name = "" if parted(str(path))[0] else target.name.lower()
    keep_freed_memory()
    progress("make", 0, rows)
    workers = min(threads or cores(), 4)
    if name.endswith((".parquet", ".pq")):
        _write_parquet(plan, rows, target, seed, workers, progress)
    elif name.removesuffix(".gz").endswith((".csv", ".tsv", ".tab")):
        _write_delimited(plan, rows, target, seed, workers, progress)
    else:
        sink = open_sink(target)
        if rows > WHOLE:
            raise FileError(f"{rows:,} rows cannot be written to {target.name!r} in parts.", "Write .parquet or .csv.")
        sink.write(Dataset(plan.schema, {plan.table: Table(plan.schema.only, plan.rows(0, rows, seed))}))
        progress("make", rows, rows)


def ordered(work: Callable[[int], Any], numbers: Iterator[int], threads: int) -> Iterator[Any]:
    """work(number) for each number, in order, drawn ahead by some threads."""
    with ThreadPoolExecutor(threads) as pool:
        ahead: deque[Future[Any]] = deque()
        for number in numbers:
            ahead.append(pool.submit(work, number))
            if len(ahead) > threads + AHEAD:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


@lru_cache(maxsize=1)
def keep_freed_memory() -> None:
    """Let the C library keep the memory of arrays for the next ones.

    glibc hands blocks above a threshold back to the system at once, and every new array is paged in again: arithmetic
    on blocks of rows gets ten times slower. Giving one large block back raises the threshold to its size (mallopt(3),
    M_MMAP_THRESHOLD, "dynamic").
    """
    np.empty(31 << 20, dtype=np.uint8)


def _write_parquet(plan: Plan, rows: int, target: Path, seed: int, threads: int, progress: Progress) -> None:
    try:
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise registry.missing(error, "rules") from error
    schema = plan.arrow_schema
    repeated = [field.name for field in schema if pa.types.is_dictionary(field.type)]
    # The least and the greatest of texts that hardly repeat help no reader, and cost as much as drawing some.
    told = [field.name for field in schema if not pa.types.is_string(field.type)]
    counts = {number: count for number, _, count in blocks(0, rows)}
    done = 0
    with (
        aside(target) as place,
        # Fast compression; the types of Arrow are not stored beside, so that any reader sees plain texts.
        parquet.ParquetWriter(
            place,
            schema,
            compression="snappy",
            use_dictionary=repeated,
            write_statistics=told,
            store_schema=False,
            write_batch_size=BLOCK,
            memory_pool=POOL,
        ) as writer,
    ):
        batches: list[Any] = []
        for number, batch in enumerate(ordered(lambda n: plan.batch(seed, n), iter(counts), threads)):
            batches.append(batch if counts[number] == BLOCK else batch.slice(0, counts[number]))
            done += counts[number]
            if len(batches) == GROUP or done == rows:
                writer.write_table(pa.Table.from_batches(batches, schema), row_group_size=GROUP * BLOCK)
                batches = []
                progress("make", done, rows)


def _write_delimited(plan: Plan, rows: int, target: Path, seed: int, threads: int, progress: Progress) -> None:
    plain = target.name.lower().removesuffix(".gz")
    separator = "," if plain.endswith(".csv") else "\t"
    counts = {number: count for number, _, count in blocks(0, rows)}

    def text(number: int) -> bytes:
        frame = plan.table_of(plan.block(seed, number), 0, counts[number])
        return _delimited(Table(plan.schema.only, frame), separator, number == 0)

    done = 0
    with aside(target) as place, gzip.open(place, "wb", 1) if target.suffix == ".gz" else place.open("wb") as file:
        if not rows:
            file.write(_delimited(Table(plan.schema.only, plan.rows(0, 0, seed)), separator, True))
        for number, part in enumerate(ordered(text, iter(counts), threads)):
            file.write(part)
            done += counts[number]
            progress("make", done, rows)


def _delimited(table: Table, separator: str, head: bool) -> bytes:
    """Rows as the connector for delimited files writes them."""
    import polars as pl

    written = to_text(table).with_columns(pl.all().replace("", None))
    return written.write_csv(separator=separator, null_value="", include_header=head).encode()
