"""Rows per second into and out of databases that are started here, beside pandas and the plain driver, in one run.

    python benchmarks/databases.py [--rows 1000000] [--few 20000]

Ten columns: two whole numbers, four numbers, a category, a text, a boolean, a time. Seconds are those of the clock; the
processor's seconds of this process and of the server stand beside them, for machines that have other work too.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import polars as pl

from trasunto.connectors.address import open_sink, open_source
from trasunto.connectors.local_server import LocalServer, installed, mariadb, postgresql
from trasunto.data.dataset import Dataset, Table
from trasunto.data.infer import infer
from trasunto.data.schema import Column, TableSchema


def made(rows: int, seed: int = 0) -> Dataset:
    """Rows of ten columns."""
    rng = np.random.default_rng(seed)
    frame = pl.DataFrame(
        {
            "id": np.arange(rows, dtype=np.int64), "count": rng.integers(0, 1000, rows), "a": rng.normal(size=rows),
            "b": rng.random(rows), "c": rng.exponential(size=rows), "price": rng.normal(50, 9, rows).round(2),
            "kind": rng.choice(["alpha", "beta", "gamma"], rows),
            "name": [f"name of row {each}" for each in range(rows)],
            "on": rng.random(rows) < 0.5, "seen": pl.Series(rng.integers(0, 10**15, rows)).cast(pl.Datetime("us")),
        }
    )  # fmt: skip
    kinds = {"id": "id", "count": "integer", "kind": "category", "name": "text", "on": "boolean", "seen": "datetime"}
    columns = tuple(Column(name, kinds.get(name, "number"), False) for name in frame.columns)  # type: ignore[arg-type]
    return Dataset.of(Table(TableSchema(columns, ("id",)), frame), "made")


def timed(server: LocalServer, what: str, rows: int, work: Callable[[], object]) -> float:
    """Rows per second of the processor; said."""
    begun, used, served = time.perf_counter(), time.process_time(), spent(server)
    work()
    seconds, cpu, theirs = time.perf_counter() - begun, time.process_time() - used, spent(server) - served
    print(
        f"{what:36} {rows:>9,} rows {seconds:6.2f} s {rows / seconds:>9,.0f} rows/s; of the processor {cpu:.2f} + "
        f"{theirs:.2f} s, {rows / (cpu + theirs):>9,.0f} rows/s"
    )
    return rows / (cpu + theirs)


def spent(server: LocalServer) -> float:
    """Processor's seconds of a server and of all that it has started (Linux)."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if server.process in (int(path.parent.name), int(fields[1])):
            mine = int(path.parent.name) == server.process
            # Its own, and of those of its children that have ended.
            ticks += sum(int(each) for each in fields[11 : 15 if mine else 13])
    return ticks / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure, and say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--few", type=int, default=20_000, help="rows for the slow ways")
    parser.add_argument("--memory", metavar="ADDRESS", help="(of this program itself) read in parts, say the memory")
    asked = parser.parse_args()
    if asked.memory:
        waiting = open_source(asked.memory).batches(50_000)
        count, first = len(next(waiting)), peak()
        count += sum(map(len, waiting))
        print(f"batches(50,000) of {count:,} rows: {first:.0f} MB at the first, {peak():.0f} MB at the last")
        return
    data, few = made(asked.rows), made(asked.few)
    for name, server in (("postgresql", postgresql), ("mariadb", mariadb)):
        if not installed(name):
            print(f"{name} is not installed: left out")
            continue
        with server() as running:
            measure(running, data, few, asked.rows, asked.few)


def measure(server: LocalServer, data: Dataset, few: Dataset, rows: int, fewer: int) -> None:
    """One server."""
    print(f"\n{server.scheme}")
    sink, streamed = open_sink(server.address), open_sink(f"{server.address}?table=parts")
    source = open_source(f"{server.address}?table=made")
    ours = timed(server, "Trasunto, a new table with its key", rows, lambda: sink.write(data))
    timed(server, "Trasunto, in parts of 50,000", rows, lambda: streamed.write_parts(parts(data)))
    slow = timed(server, "pandas.to_sql", fewer, lambda: to_sql(server, few))
    plain = timed(server, "executemany of the driver", fewer, lambda: executemany(server, few))
    print(f"into it: {ours / slow:.1f} × pandas.to_sql, {ours / plain:.1f} × executemany")
    ours = timed(server, "Trasunto, read", rows, lambda: source.read())
    slow = timed(server, "pandas.read_sql", rows // 5, lambda: read_sql(server, rows // 5))
    print(f"out of it: {ours / slow:.1f} × pandas.read_sql")
    command = [sys.executable, __file__, "--memory", f"{server.address}?table=made"]
    print(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())


def parts(data: Dataset) -> Iterator[Dataset]:
    """The rows in parts."""
    for start in range(0, len(data), 50_000):
        yield data.with_table(Table(data.only.schema, data.rows[start : start + 50_000]))


def engine(server: LocalServer) -> object:
    """SQLAlchemy's way to the server."""
    import sqlalchemy

    driver = "postgresql+psycopg" if server.scheme == "postgresql" else "mysql+pymysql"
    return sqlalchemy.create_engine(server.address.replace(server.scheme, driver, 1))


def to_sql(server: LocalServer, data: Dataset) -> None:
    """As pandas writes by itself."""
    data.to_pandas().to_sql("pandas", engine(server), index=False)


def read_sql(server: LocalServer, rows: int) -> object:
    """As pandas reads, and what we add: the kinds."""
    import pandas

    return infer(pl.from_pandas(pandas.read_sql(f"SELECT * FROM made LIMIT {rows}", engine(server))))


def executemany(server: LocalServer, data: Dataset) -> None:
    """As the driver inserts."""
    columns = (
        "id bigint, count bigint, a double precision, b double precision, c double precision, price double precision"
    )
    create = f"CREATE TABLE many ({columns}, kind text, name text, flag boolean, seen timestamp)"
    into = f"INSERT INTO many VALUES ({', '.join(['%s'] * 10)})"
    if server.scheme == "postgresql":
        import psycopg

        with psycopg.connect(server.address) as connection, connection.cursor() as cursor:
            cursor.execute(create)
            cursor.executemany(into, data.rows.rows())
        return
    import pymysql

    where = {"host": server.host, "port": server.port, "user": server.user, "password": server.password}
    with pymysql.connect(**where, database=server.database) as connection, connection.cursor() as cursor:  # type: ignore[arg-type]
        cursor.execute(create)
        cursor.executemany(into, data.rows.rows())
        connection.commit()


def peak() -> float:
    """Most memory of this process so far, in MB (Linux)."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main()
