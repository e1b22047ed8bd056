"""Rows into folders by the values of some columns (`year=2026/country=ES/`), an open file in each, in flat memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import polars as pl

from trasunto.connectors.lake_types import arrow
from trasunto.errors import StoreError

# Folders of one data set: a file stands open in each.
PARTITIONS = 500
# Bytes of rows that wait for the groups of their files; and of a file that go to a store as one piece: the least that
# S3 takes, since each open file holds so many.
WAITING, PIECE = 48 * 2**20, 5 * 2**20


def write_folders(
    store: Any, folder: str, tables: Iterator[Any], kinds: Any, partition: tuple[str, ...], name: str, shown: str
) -> None:
    """Arrow tables, all cast to `kinds`, as one Parquet file `name` in the folder of each value of `partition`.

    Rows wait until there are 48 MB of all of them; then the folder that has most writes its own as one group of rows,
    so that groups are large where folders are few, and memory stays flat whatever their number. (The writer of data
    sets of pyarrow would hold up to eight million rows.) shown: the place, for a message. StoreError for more than 500
    folders.
    """
    from pyarrow import dataset, parquet

    pa = arrow()
    inner = pa.schema([each for each in kinds if each.name not in partition], kinds.metadata)
    form = dataset.partitioning(pa.schema([kinds.field(each) for each in partition]).remove_metadata(), flavor="hive")
    waiting: dict[str, list[Any]] = {}
    writers: dict[str, Any] = {}
    sizes: dict[str, int] = {}

    def flush(path: str) -> None:
        if path not in writers:
            store.makedirs(path, exist_ok=True)
            file = stack.enter_context(store.open(f"{path}/{name}.parquet", "wb", block_size=PIECE))
            writers[path] = stack.enter_context(parquet.ParquetWriter(file, inner, compression="snappy"))
        writers[path].write_table(pa.concat_tables(waiting.pop(path)))
        del sizes[path]

    with ExitStack() as stack:
        for table in tables:
            for inside, rows in _divided(table.cast(kinds), partition, form):
                path = f"{folder}/{inside}"
                waiting.setdefault(path, []).append(rows.cast(inner))
                sizes[path] = sizes.get(path, 0) + rows.nbytes
            if len(waiting.keys() | writers) > PARTITIONS:
                raise StoreError(
                    f"partition={','.join(partition)} makes more than {PARTITIONS} folders of {shown}.",
                    "Name columns with fewer values.",
                )
            while sum(sizes.values()) > WAITING:
                flush(max(sizes, key=sizes.__getitem__))
        for path in list(waiting):
            flush(path)


def _divided(table: Any, partition: tuple[str, ...], form: Any) -> Iterator[tuple[str, Any]]:
    """The folder of each value, as pyarrow spells it, with its rows, without the columns that it says."""
    from pyarrow import compute

    pa = arrow()
    keys = pl.DataFrame([pl.Series(each, table.column(each)) for each in partition]).with_row_index("")
    rest = table.drop_columns(list(partition))
    for found in keys.group_by(*partition, maintain_order=True).agg(pl.col("")).get_column("").to_list():
        rows = pa.array(found, pa.int64())
        values = [table.column(each)[found[0]] for each in partition]
        whole: Any = None
        for each, value in zip(partition, values, strict=True):
            said = compute.field(each) == value if value.is_valid else compute.field(each).is_null()
            whole = said if whole is None else whole & said
        yield form.format(whole)[0].strip("/"), rest.take(rows)
