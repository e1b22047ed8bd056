"""A disk that is really full: databases on a file system of a few megabytes, which only root may mount."""

import os
import shutil
import subprocess
from contextlib import contextmanager

import polars as pl
import pytest

import trasunto as tr
from trasunto.connectors.address import open_sink, open_source
from trasunto.connectors.local_server import installed, postgresql
from trasunto.errors import StoreError


@contextmanager
def small_disk(folder, megabytes):
    """A file system of its own in a folder. Skips where none can be mounted."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    if os.geteuid() or not shutil.which("mount") or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here: that takes root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def rows(count):
    return tr.read(
        pl.DataFrame({"key": range(count), "name": [f"somebody called {each * 7919}" for each in range(count)]})
    )


def test_a_file_on_a_full_disk_is_as_it_was(tmp_path):
    with small_disk(tmp_path / "disk", 2) as folder:
        for scheme in ("sqlite", "duckdb"):
            pytest.importorskip({"sqlite": "sqlite3"}.get(scheme, scheme))
            address = f"{scheme}:///{folder}/{scheme}.db"
            rows(10).write(f"{address}?table=few")
            with pytest.raises(StoreError, match=r"no space left.*nothing was written|disk is full"):
                rows(200_000).write(f"{address}?table=many")
            again = tr.read(address)
            assert list(again.tables) == ["few"] and len(again) == 10
            with pytest.raises(StoreError, match=r"no space left.*nothing was written|disk is full"):
                rows(200_000).write(f"{scheme}:///{folder}/new.db?table=many")
            assert sorted(each.name for each in folder.iterdir()) == [f"{scheme}.db"]
            (folder / f"{scheme}.db").unlink()


def test_a_server_on_a_full_disk_keeps_its_tables_as_they_were():
    if not installed("postgresql"):
        pytest.skip("postgresql is not installed here: apt-get install postgresql")
    psycopg = pytest.importorskip("psycopg")
    with postgresql() as server, small_disk(server.folder / "disk", 12) as folder:
        owner = (server.folder / "data").stat()
        os.chown(folder, owner.st_uid, owner.st_gid)
        with psycopg.connect(server.address, autocommit=True) as connection:
            connection.execute(f"CREATE TABLESPACE small LOCATION '{folder}'")
            connection.execute("ALTER DATABASE trasunto SET default_tablespace = small")
        try:
            open_sink(f"{server.address}?table=few").write(rows(10))
            for _ in range(2):
                with pytest.raises(StoreError, match=r"no space left.*nothing was written|disk is full"):
                    open_sink(f"{server.address}?table=many").write(rows(400_000))
                again = open_source(server.address).read()
                assert list(again.tables) == ["few"] and len(again) == 10
        finally:
            with psycopg.connect(server.address, autocommit=True) as connection:
                connection.execute("DROP TABLE IF EXISTS few")
                connection.execute("ALTER DATABASE trasunto RESET default_tablespace")
            with psycopg.connect(server.address, autocommit=True) as connection:
                connection.execute("CHECKPOINT")
                connection.execute("DROP TABLESPACE small")
