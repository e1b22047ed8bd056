"""Google's and Microsoft's stores: servers that speak their protocols, started by the test on a free port.

`pip install gcsfs adlfs gcp-storage-emulator`; `npm install --prefix .venv/stores azurite@3.36.0`.
"""

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

import trasunto as tr
from trasunto.connectors.stream import write_parts
from trasunto.errors import FileError, StoreError

# The account of every Azurite, with the key that its documentation gives.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
GOOGLE = """
import sys
from gcp_storage_emulator.server import create_server
held = create_server("127.0.0.1", int(sys.argv[1]), in_memory=True, default_bucket="lake")
held.start()
sys.stdin.read()
"""


@contextmanager
def served(command, port):
    """A process that answers on a port, ended with the block."""
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            for _ in range(300):
                with socket.socket() as tried:
                    if not tried.connect_ex(("127.0.0.1", port)):
                        break
                assert process.poll() is None, f"{command[0]} ended with {process.returncode}"
                time.sleep(0.2)
            yield
        finally:
            process.kill()


def free():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


@pytest.fixture(scope="module")
def azure():
    program = shutil.which("azurite-blob") or Path(sys.prefix) / "stores/node_modules/.bin/azurite-blob"
    if not Path(program).exists() or not importlib.util.find_spec("adlfs"):
        pytest.skip("adlfs or azurite is not installed here: pip install adlfs; npm install azurite")
    from azure.storage.blob import BlobServiceClient

    port = free()
    command = [str(program), "--inMemoryPersistence", "--blobHost", "127.0.0.1", "--blobPort", str(port)]
    said = (
        f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={KEY};"
        f"BlobEndpoint=http://127.0.0.1:{port}/devstoreaccount1;"
    )
    with served([*command, "--skipApiVersionCheck", "--silent"], port):
        with BlobServiceClient.from_connection_string(said) as client:
            client.create_container("lake")
        yield {"AZURE_STORAGE_CONNECTION_STRING": said}


@pytest.fixture(scope="module")
def google():
    if not all(importlib.util.find_spec(each) for each in ("gcsfs", "gcp_storage_emulator")):
        pytest.skip("gcsfs or gcp-storage-emulator is not installed here: pip install gcsfs gcp-storage-emulator")
    port = free()
    # Else the library asks the real Google what sort of bucket it is; read when it is loaded.
    os.environ.setdefault("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
    with served([sys.executable, "-c", GOOGLE, str(port)], port):
        yield {"STORAGE_EMULATOR_HOST": f"http://127.0.0.1:{port}"}


@pytest.fixture(params=["az", "gs"])
def store(request, monkeypatch):
    for name, value in request.getfixturevalue({"az": "azure", "gs": "google"}[request.param]).items():
        monkeypatch.setenv(name, value)
    if request.param == "gs":
        from gcsfs import retry

        # The server moves nothing (501): the library tries again for a minute before it copies instead.
        monkeypatch.setattr(retry, "is_retriable", lambda error: False)
    return request.param


def visits():
    return tr.read(
        {"year": [2024, 2024, 2025, 2026], "zip": ["01", "02", "28001", "3"], "spent": [1.5, None, 2.5, 3.0]}
    )


def same(a, b):
    return sorted(a.rows.rows(), key=str) == sorted(b.rows.select(a.rows.columns).rows(), key=str)


def test_files_are_written_read_and_replaced(store):
    whole = visits()
    for name in ("a.csv", "b.parquet"):
        whole.write(f"{store}://lake/files/{name}")
        assert same(whole, tr.read(f"{store}://lake/files/{name}", schema=whole.schema))
    assert write_parts(f"{store}://lake/files/b.parquet", [whole, whole]) == 8
    assert len(tr.read(f"{store}://lake/files/b.parquet")) == 8
    for place in ("lake/none.csv", "nowhere/none.csv"):
        with pytest.raises(FileError, match=r"Nothing lies at|no bucket"):
            tr.read(f"{store}://{place}")


def test_partitions_are_written_added_to_and_left_alone_by_what_fails(store):
    whole, address = visits(), f"parquet+{store}://lake/visits"
    whole.write(f"{address}?partition=year")
    write_parts(f"{address}?partition=year&if_exists=append", [whole])
    assert len(tr.read(f"{store}://lake/visits")) == 8
    assert tr.read(f"{address}?where=year == 2025&columns=zip").rows["zip"].to_list() == ["28001"] * 2

    def broken():
        yield whole
        raise RuntimeError("the model broke")

    with pytest.raises(RuntimeError, match="the model broke"):
        write_parts(f"{address}?partition=year&if_exists=append", broken())
    assert len(tr.read(address)) == 8


def test_delta_commits_in_azure(azure, monkeypatch):
    pytest.importorskip("deltalake")
    for name, value in azure.items():
        monkeypatch.setenv(name, value)
    visits().write("delta+az://lake/table")
    visits().write("delta+az://lake/table?if_exists=append")
    assert len(tr.read("delta+az://lake/table")) == 8 and len(tr.read("az://lake/table")) == 8
    assert same(visits(), tr.read("delta+az://lake/table?version=0"))
    with pytest.raises(StoreError, match="is there already"):
        visits().write("delta+az://lake/table")
