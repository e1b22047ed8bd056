"""Files and tables in an object store: a server that speaks S3, started by the test on a free port."""

import socket
import subprocess
import sys
import urllib.request

import pytest

import trasunto as tr
from trasunto.connectors import delta, remote
from trasunto.connectors.address import open_sink, open_source
from trasunto.connectors.lake_address import place_of
from trasunto.connectors.landing import landing_of
from trasunto.connectors.sampled import is_large, sampled
from trasunto.connectors.stream import write_parts
from trasunto.errors import FileError, StoreError

pytest.importorskip("s3fs")
pytest.importorskip("deltalake")
pytest.importorskip("moto")


SERVER = """
import logging, sys, time
from moto.server import ThreadedMotoServer
logging.getLogger("werkzeug").setLevel(logging.ERROR)
held = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
held.start()
print("http://{}:{}".format(*held.get_host_and_port()), flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def server():
    """In a process of its own: some calls of deltalake let nothing else run in theirs."""
    command = [sys.executable, "-c", SERVER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as held:
        yield held.stdout.readline().strip()
        held.stdin.close()
        held.kill()


@pytest.fixture
def store(server, monkeypatch):
    """A client of an empty bucket called `lake`, and the environment that leads to it."""
    import boto3

    for name, value in {
        "AWS_ENDPOINT_URL": server, "AWS_ACCESS_KEY_ID": "someone", "AWS_SECRET_ACCESS_KEY": "very-secret",
        "AWS_DEFAULT_REGION": "us-east-1", "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    client = boto3.client("s3")
    client.create_bucket(Bucket="lake")
    yield client
    for each in client.list_objects_v2(Bucket="lake").get("Contents", []):
        client.delete_object(Bucket="lake", Key=each["Key"])
    client.delete_bucket(Bucket="lake")
    client.close()


def allow(server, requests):
    """So many more requests are answered without asking who asks."""
    headers = {"Content-Type": "text/plain"}
    asked = urllib.request.Request(f"{server}/moto-api/reset-auth", requests.encode(), headers, method="POST")
    urllib.request.urlopen(asked).close()


def keys(store):
    return sorted(each["Key"] for each in store.list_objects_v2(Bucket="lake").get("Contents", []))


def visits():
    return tr.read(
        {"year": [2024, 2024, 2025, 2026], "zip": ["01", "02", "28001", "3"], "spent": [1.5, None, 2.5, 3.0]}
    )


def same(a, b):
    return sorted(a.rows.rows(), key=str) == sorted(b.rows.select(a.rows.columns).rows(), key=str)


@pytest.mark.parametrize("name", ["a.parquet", "a.jsonl", "a.csv.gz"])
def test_files_of_every_format_in_a_store(store, name):
    whole = visits()
    whole.write(f"s3://lake/x/{name}")
    again = tr.read(f"s3://lake/x/{name}", schema=whole.schema)
    assert again.name == "a" and same(whole, again)
    assert write_parts(f"s3://lake/x/{name}", [whole, whole]) == 8
    parts = list(open_source(f"s3://lake/x/{name}").batches(3, schema=whole.schema))
    assert [len(each) for each in parts] == [3, 3, 2] or sum(len(each) for each in parts) == 8
    assert keys(store) == [f"x/{name}"]
    drawn = sampled(f"s3://lake/x/{name}", 5, seed=0)
    assert len(drawn.dataset) == 5 and drawn.of == 8 and not is_large(open_source(f"s3://lake/x/{name}"))


@pytest.mark.parametrize("form", ["parquet+s3", "delta+s3"])
def test_tables_in_a_store(store, form):
    whole = visits()
    address = f"{form}://lake/visits"
    whole.write(f"{address}?partition=year")
    assert same(whole, tr.read("s3://lake/visits")) and same(whole, tr.read(address))
    assert tr.read(f"{address}?where=year == 2025&columns=zip").rows["zip"].to_list() == ["28001"]
    write_parts(f"{address}?partition=year&if_exists=append", [whole, whole])
    assert len(tr.read("s3://lake/visits")) == 12
    with pytest.raises(StoreError, match="is there already"):
        whole.write(address)

    def broken():
        yield whole
        raise RuntimeError("the model broke")

    before = keys(store)
    with pytest.raises(RuntimeError, match="the model broke"):
        write_parts(f"{form}://lake/new", broken())
    assert keys(store) == before and len(tr.read("s3://lake/visits")) == 12
    whole.write(f"{address}?if_exists=replace")
    assert same(whole, tr.read(address))


def test_a_file_that_is_sent_in_pieces_is_whole_or_not_there(store, monkeypatch):
    monkeypatch.setattr(remote, "PIECE", 5 * 2**20)
    place = place_of("s3://lake/big.bin")
    with pytest.raises(RuntimeError, match="broke"), remote.sending(place) as file:
        file.write(b"x" * 12_000_000)
        raise RuntimeError("broke")
    assert not keys(store) and not store.list_multipart_uploads(Bucket="lake").get("Uploads")
    with remote.sending(place) as file:
        file.write(b"x" * 12_000_000)
    assert keys(store) == ["big.bin"]


def test_delta_commits_of_two_writers_to_one_store_all_land(store):
    visits().write("delta+s3://lake/v")
    for _ in range(2):
        visits().write("delta+s3://lake/v?if_exists=append")
    assert len(tr.read("delta+s3://lake/v")) == 12 and len(tr.read("delta+s3://lake/v?version=1")) == 8


def test_what_is_not_there_or_closed_is_said_without_secrets(store, monkeypatch):
    for address in ("s3://nowhere/a.parquet", "delta+s3://nowhere/t", "s3://nowhere/a.csv", "s3://nowhere/folder"):
        with pytest.raises(FileError, match=r"no bucket 'nowhere'|Nothing lies|No Delta table"):
            tr.read(address)
    with pytest.raises(StoreError, match="no bucket 'nowhere'"):
        visits().write("s3://nowhere/a.csv")
    for address in ("s3://lake/none.parquet", "s3://lake/none", "s3://lake/none.csv"):
        with pytest.raises(FileError, match=r"Nothing lies|holds no Parquet"):
            tr.read(address)
    with pytest.raises(FileError, match="is no setting"):
        tr.read("s3://lake/a.csv?version=3")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    for address in ("s3://lake/a.parquet", "delta+s3://lake/t"):
        with pytest.raises(FileError, match=r"does not answer at http://127.0.0.1:9") as caught:
            tr.read(address)
        assert "very-secret" not in str(caught.value)


def test_a_wrong_key_is_said(store, server, monkeypatch):
    # From now on the server checks who asks, and knows nobody.
    allow(server, "0")
    try:
        with pytest.raises(FileError, match=r"is closed to us.*AWS_ACCESS_KEY_ID"):
            tr.read("s3://lake/a.parquet")
        with pytest.raises(StoreError, match="is closed to us"):
            visits().write("s3://lake/a.csv")
    finally:
        allow(server, "Infinity")


def test_queries_reach_stores_and_lakes(store, tmp_path):
    pytest.importorskip("duckdb")
    visits().write("s3://lake/a.parquet")
    visits().write("delta+s3://lake/t?partition=year")
    visits().write(f"delta:{tmp_path}/t")
    joined = tr.read(
        "duckdb:?query=SELECT a.zip, b.spent FROM 's3://lake/a.parquet' a JOIN lake('delta+s3://lake/t') b USING (zip) "
        f"JOIN delta_scan('{tmp_path}/t') c USING (zip) WHERE b.year > 2024 ORDER BY a.zip"
    )
    assert joined.name == "query" and joined.rows.rows() == [(28001, 2.5), (3, 3.0)]


def test_other_stores_say_which_library_they_need(monkeypatch):
    import fsspec

    def absent(name, **settings):
        raise ImportError(name)

    monkeypatch.setattr(fsspec, "filesystem", absent)
    for address, package in (("gs://bucket/a.parquet", "gcsfs"), ("az://bucket/a.parquet", "adlfs")):
        with pytest.raises(tr.errors.MissingLibraryError, match=f"pip install {package}"):
            tr.read(address)


@pytest.mark.parametrize(
    ("store", "raised", "said"),
    [
        ("gs", OSError("Anonymous caller does not have storage.objects.get access"), "needs credentials"),
        ("gs", PermissionError("Forbidden: https://storage"), "closed to us.*GOOGLE_APPLICATION_CREDENTIALS"),
        (
            "az",
            OSError("Server failed to authenticate the request: AuthenticationFailed"),
            "closed to us.*AZURE_STORAGE",
        ),
        ("az", FileNotFoundError("x"), "Nothing lies at az://b/t"),
        ("gs", TimeoutError("timed out"), "does not answer"),
        ("file", OSError(28, "No space left on device"), "disk is full"),
        ("s3", OSError("odd"), "odd"),
    ],
)
def test_errors_of_stores_in_words_of_ours(store, raised, said):
    place = place_of(f"{store}://b/t" if store != "file" else "parquet:t")
    with pytest.raises(FileError, match=f"(?s){said}"), remote.reaching(place):
        raise raised


@pytest.mark.parametrize("address", ["parquet+s3://lake/out", "delta+s3://lake/table"])
def test_many_write_one_table_and_nothing_is_left_of_what_fails(store, address):
    def broken(landing):
        yield landing.write(0, visits())
        raise StoreError("A worker fails.")

    with pytest.raises(StoreError, match="A worker fails"):
        first = landing_of(open_sink(address))
        first.commit(broken(first))
    assert keys(store) == []
    landing = landing_of(open_sink(address))
    files = [landing.write(number, visits()) for number in range(2)]
    assert landing.commit(files) == 8
    there = tr.read(address)
    assert len(there) == 8 and there.only.schema["zip"].kind == visits().only.schema["zip"].kind
    assert landing_of(open_sink(address)) is None


def test_a_server_that_is_silent_is_given_up(store, monkeypatch):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(20)
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setattr(remote, "ANSWER", 1)
        monkeypatch.setattr(delta, "ANSWER", 1)
        for address in ("s3://lake/a.csv", "delta+s3://lake/t"):
            with pytest.raises(FileError, match=r"does not answer at http://127\.0\.0\.1"):
                tr.read(address)


def test_iceberg_in_a_store_by_a_catalog_of_the_user(store, server, tmp_path, monkeypatch):
    pytest.importorskip("pyiceberg")
    from pyiceberg import catalog
    from pyiceberg.utils.config import Config

    for name, value in {
        "URI": f"sqlite:///{tmp_path}/catalog.db", "WAREHOUSE": "s3://lake/warehouse", "S3__ENDPOINT": server,
        "S3__ACCESS_KEY_ID": "someone", "S3__SECRET_ACCESS_KEY": "very-secret", "S3__REGION": "us-east-1",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"PYICEBERG_CATALOG__SHOP__{name}", value)
    # What the environment says is read when the library is loaded.
    monkeypatch.setattr(catalog, "_ENV_CONFIG", Config())
    address = "iceberg:?catalog=shop&table=visits"
    whole = visits()
    whole.write(f"{address}&partition=year")
    assert same(whole, tr.read(address)) and tr.read(address).only.schema["zip"].kind == whole.only.schema["zip"].kind
    first = open_source(address).facts()["visits"]["version"]
    write_parts(f"{address}&if_exists=append", [whole, whole])
    assert len(tr.read(address)) == 12 and len(tr.read(f"{address}&version={first}")) == 4
    assert tr.read(f"{address}&where=year == 2025&columns=zip").rows["zip"].to_list() == ["28001"] * 3
    with pytest.raises(StoreError, match="is there already"):
        whole.write(address)
    before = [each for each in keys(store) if each.endswith(".parquet")]

    def broken():
        yield whole
        raise RuntimeError("the model broke")

    with pytest.raises(RuntimeError, match="the model broke"):
        write_parts(f"{address}&if_exists=append", broken())
    assert [each for each in keys(store) if each.endswith(".parquet")] == before and len(tr.read(address)) == 12
    wider = tr.read({"year": [2026], "zip": ["04"], "spent": [1.0], "town": ["Lugo"]})
    with pytest.raises(StoreError, match=r"do not fit.*town"):
        wider.write(f"{address}&if_exists=append")
    wider.write(f"{address}&if_exists=append&evolve=add")
    since = open_source(f"{address}&version={first}").facts()["visits"]["since"]
    assert since["commits"] == ["APPEND", "APPEND"] and "town" in since["columns"]
    assert tr.read(address).rows["town"].null_count() == 12
