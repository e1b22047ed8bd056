"""Tables of lakes on this machine: partitioned Parquet, Delta and Iceberg read and write alike, and fail alike."""

import json
import resource
import subprocess
import sys
import threading
from pathlib import Path

import polars as pl
import pytest

import trasunto as tr
from trasunto.connectors.address import open_source
from trasunto.connectors.lake import versions_told
from trasunto.connectors.lake_address import place_of
from trasunto.connectors.origin import drawn_by
from trasunto.connectors.stream import write_parts
from trasunto.data.schema import ForeignKey, Schema
from trasunto.errors import DataError, EmptyDataError, FileError, SchemaError, StoreError

pytest.importorskip("deltalake")
pytest.importorskip("pyiceberg")

FORMS = ("parquet", "delta", "iceberg")


def visits(**changed):
    columns = {
        "year": [2024, 2024, 2025, 2026],
        "country": ["ES", "FR", "ES", None],
        "zip": ["01", "02", "28001", "3"],
        "spent": [1.5, None, 2.5, 3.0],
        "day": pl.Series(["2024-01-01", "2024-05-05", "2025-02-02", None]).str.to_date(),
        "paid": [True, False, None, True],
    }
    return tr.read({name: values for name, values in {**columns, **changed}.items() if values is not None})


def same(a, b):
    return sorted(a.rows.rows(), key=str) == sorted(b.rows.select(a.rows.columns).rows(), key=str)


def asked(form, folder, **options):
    options = {"table": "visits", **options} if form == "iceberg" else options
    return f"{form}:{folder}?" + "&".join(f"{name}={value}" for name, value in options.items())


@pytest.mark.parametrize("form", FORMS)
def test_a_table_is_read_as_it_was_written_and_recognised_by_its_folder(tmp_path, form):
    whole = visits()
    whole.write(asked(form, tmp_path / "visits", partition="year,country"))
    for again in (tr.read(asked(form, tmp_path / "visits")), tr.read(tmp_path / "visits")):
        assert same(whole, again) and again.name == "visits"
        assert [c.kind for c in again.only.schema.columns] == [c.kind for c in whole.only.schema.columns]
        assert again.only.schema["day"].format.date_only
    assert len(tr.read(tmp_path / "visits", rows=3)) == 3


@pytest.mark.parametrize("form", FORMS)
def test_columns_and_conditions_of_an_address_choose_what_is_read(tmp_path, form):
    visits().write(asked(form, tmp_path / "v", partition="year"))
    part = tr.read(asked(form, tmp_path / "v", where="year > 2024 and spent > 2", columns="zip,spent"))
    assert sorted(part.rows.rows()) == [("28001", 2.5), ("3", 3.0)]
    later = tr.read(asked(form, tmp_path / "v", where="day >= '2024-02-01' and country in ['ES', 'FR']"))
    assert sorted(later.rows["zip"].to_list()) == ["02", "28001"]
    with pytest.raises(EmptyDataError, match=r"no rows where its condition holds"):
        tr.read(asked(form, tmp_path / "v", where="year > 3000"))
    with pytest.raises(FileError, match=r"no column 'zap'.*Did you mean 'zip'"):
        tr.read(asked(form, tmp_path / "v", columns="zap"))
    with pytest.raises(SchemaError, match="names no column"):
        tr.read(asked(form, tmp_path / "v", where="yaer > 3"))


@pytest.mark.parametrize("form", FORMS)
def test_a_table_that_is_there_is_added_to_or_replaced_only_when_asked(tmp_path, form):
    whole = visits()
    whole.write(asked(form, tmp_path / "v"))
    with pytest.raises(StoreError, match="is there already"):
        whole.write(asked(form, tmp_path / "v"))
    whole.write(asked(form, tmp_path / "v", if_exists="append"))
    assert write_parts(asked(form, tmp_path / "v", if_exists="append"), [whole, whole]) == 8
    assert len(tr.read(asked(form, tmp_path / "v"))) == 16
    whole.write(asked(form, tmp_path / "v", if_exists="replace"))
    assert same(whole, tr.read(asked(form, tmp_path / "v")))
    with pytest.raises(FileError, match="if_exists='apend'"):
        whole.write(asked(form, tmp_path / "v", if_exists="apend"))


@pytest.mark.parametrize("form", FORMS)
def test_rows_that_do_not_fit_are_told_column_by_column(tmp_path, form):
    visits().write(asked(form, tmp_path / "v"))
    other = visits(spent=["much", "little", "much", None], paid=None, mood=["a", "b", "a", "b"])
    with pytest.raises(StoreError, match=r"new 'mood'; missing 'paid'; 'spent' is double in the table and string here"):
        other.write(asked(form, tmp_path / "v", if_exists="append", evolve="add"))
    added = visits(paid=None, mood=["a", "b", "a", "b"])
    with pytest.raises(StoreError, match=r"new 'mood'; missing 'paid'.*evolve=add"):
        added.write(asked(form, tmp_path / "v", if_exists="append"))
    assert len(tr.read(asked(form, tmp_path / "v"))) == 4
    added.write(asked(form, tmp_path / "v", if_exists="append", evolve="add"))
    both = tr.read(asked(form, tmp_path / "v", **({"evolve": "add"} if form == "parquet" else {})))
    assert len(both) == 8 and both.rows["mood"].null_count() == 4 and both.rows["paid"].null_count() == 4 + 1
    assert both.only.schema["day"].format.date_only


@pytest.mark.parametrize("form", FORMS)
def test_parts_that_break_leave_the_target_as_it_was(tmp_path, form):
    whole = visits()

    def broken():
        yield whole
        raise RuntimeError("the model broke")

    with pytest.raises(RuntimeError, match="the model broke"):
        write_parts(asked(form, tmp_path / "new"), broken())
    assert not list(tmp_path.iterdir())
    whole.write(asked(form, tmp_path / "v"))
    for how in ("append", "replace"):
        with pytest.raises(RuntimeError, match="the model broke"):
            write_parts(asked(form, tmp_path / "v", if_exists=how), broken())
        assert same(whole, tr.read(asked(form, tmp_path / "v")))


@pytest.mark.parametrize("form", FORMS)
def test_related_tables_keep_their_keys_and_are_put_back_when_one_fails(tmp_path, form):
    people = tr.read({"person": [11, 12, 13], "town": ["Lugo", "Vigo", "Lugo"]}).only
    visit = tr.read({"visit": [1, 2, 3, 4], "person": [11, 11, 13, 12], "spent": [1.5, 2.0, 0.5, 3.0]}).only
    tables = {"people": people, "visits": visit}
    schema = Schema({name: table.schema for name, table in tables.items()})
    key = ForeignKey(("person",), "people", ("person",))
    from dataclasses import replace

    tied = replace(visit.schema, foreign_keys=(key,))
    tables["visits"] = type(visit)(tied, visit.rows)
    whole = tr.Dataset(Schema({**schema.tables, "visits": tied}), tables)
    whole.write(f"{form}:{tmp_path / 'shop'}")
    again = tr.read(f"{form}:{tmp_path / 'shop'}")
    assert list(again.tables) == ["people", "visits"]
    assert again.tables["visits"].schema.foreign_keys == (key,) and again.tables["people"].schema.primary_key == (
        "person",
    )
    assert again.digest() == whole.digest()
    with pytest.raises(DataError, match="holds 2 tables"):
        list(open_source(f"{form}:{tmp_path / 'shop'}").batches(10))
    # The second table does not fit: the first is as it was.
    wrong = type(visit)(
        tr.read({"visit": [9], "person": ["x"]}).only.schema, tr.read({"visit": [9], "person": ["x"]}).rows
    )
    odd = tr.Dataset(Schema({"people": people.schema, "visits": wrong.schema}), {"people": people, "visits": wrong})
    with pytest.raises(StoreError, match="do not fit"):
        odd.write(f"{form}:{tmp_path / 'shop'}?if_exists=append")
    assert tr.read(f"{form}:{tmp_path / 'shop'}").digest() == whole.digest()


@pytest.mark.parametrize("form", ["delta", "iceberg"])
def test_commits_say_what_they_hold_and_old_versions_what_changed_since(tmp_path, form):
    address = asked(form, tmp_path / "v")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.json").write_text("{}")
    with drawn_by(tmp_path / "model", seed=5):
        visits().write(address)
    visits(mood=["a", "b", "a", "b"]).write(asked(form, tmp_path / "v", if_exists="append", evolve="add"))
    if form == "delta":
        from deltalake import DeltaTable

        said, first = DeltaTable(tmp_path / "v").history()[-1], 0
    else:
        from pyiceberg.catalog.sql import SqlCatalog

        catalog = SqlCatalog("default", uri=f"sqlite:///{tmp_path / 'v' / 'catalog.sqlite'}")
        first = catalog.load_table("default.visits").snapshots()[0]
        said, first = first.summary.additional_properties, first.snapshot_id
        catalog.close()
    assert (
        said["synthetic"] == "true"
        and said["model"].startswith("sha256:44136fa355b3678a")
        and said["seed"] == "5"
        and said["producer"].startswith("trasunto ")
    )
    old = asked(form, tmp_path / "v", version=first)
    assert same(visits(), tr.read(old))
    facts = next(iter(open_source(old).facts().values()))
    assert facts["rows"] == 4 and facts["last_rows"] == 8 and facts["since"]["columns"] == "new 'mood'"
    assert len(facts["since"]["commits"]) == 1
    (told,) = versions_told(open_source(old))
    assert "4 rows; since then 1 commit, columns: new 'mood'; the last is" in told and told.endswith("8 rows.")
    with pytest.raises(FileError, match=r"has no (version|snapshot) 99"):
        tr.read(asked(form, tmp_path / "v", version=99))
    with pytest.raises(FileError, match="2001"):
        tr.read(asked(form, tmp_path / "v", timestamp="2001-01-01"))
    assert len(tr.read(asked(form, tmp_path / "v", timestamp="2999-01-01"))) == 8
    with pytest.raises(FileError, match="is no moment"):
        tr.read(asked(form, tmp_path / "v", timestamp="yesterday"))


@pytest.mark.parametrize("form", ["delta", "iceberg"])
def test_appends_that_race_all_land(tmp_path, form):
    address = asked(form, tmp_path / "v", if_exists="append")
    visits().write(address)
    failed = []

    def write():
        try:
            visits().write(address)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not failed and len(tr.read(asked(form, tmp_path / "v"))) == 20


@pytest.mark.parametrize("form", ["delta", "iceberg"])
def test_a_lost_race_to_replace_is_an_error_and_the_other_stays(tmp_path, form):
    visits().write(asked(form, tmp_path / "v"))
    other = visits(zip=["07", "08", "09", "10"])

    def parts():
        yield visits()
        # In the middle of our writing somebody else is done.
        elsewhere = threading.Thread(target=other.write, args=(asked(form, tmp_path / "v", if_exists="append"),))
        elsewhere.start()
        elsewhere.join()
        yield visits()

    with pytest.raises(StoreError, match="Another writer committed"):
        write_parts(asked(form, tmp_path / "v", if_exists="replace"), parts())
    assert sorted(tr.read(asked(form, tmp_path / "v")).rows["zip"].to_list()) == [
        "01",
        "02",
        "07",
        "08",
        "09",
        "10",
        "28001",
        "3",
    ]


def test_what_lies_there_is_said_when_it_is_no_table(tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("hello")
    for address, problem in [
        (f"delta:{tmp_path}/none", "No Delta table"),
        (f"delta:{tmp_path}/other", "No Delta table"),
        (f"iceberg:{tmp_path}/other", "neither a catalog"),
        (f"parquet:{tmp_path}/other", "holds no Parquet files"),
        (f"parquet:{tmp_path}/none", "holds no Parquet files"),
        ("iceberg:?catalog=nowhere&table=t", "knows no catalog 'nowhere'"),
    ]:
        with pytest.raises(FileError, match=problem):
            tr.read(address)
    with pytest.raises(StoreError, match="holds other files"):
        visits().write(f"delta:{tmp_path}/other")
    assert [each.name for each in (tmp_path / "other").iterdir()] == ["notes.txt"]
    visits().write(f"iceberg:{tmp_path}/w?table=t")
    with pytest.raises(FileError, match=r"no table 'default.z'"):
        tr.read(f"iceberg:{tmp_path}/w?table=z")


def test_broken_and_unlike_files_of_a_data_set_are_named(tmp_path):
    folder = tmp_path / "v"
    visits().write(f"parquet:{folder}?partition=year")
    victim = sorted(folder.rglob("*.parquet"))[-1]
    sound = victim.read_bytes()
    victim.write_bytes(sound[:-30])
    with pytest.raises(FileError, match=rf"{victim.name} is a broken Parquet file"):
        tr.read(folder)
    victim.write_bytes(sound)
    pl.DataFrame({"zip": ["9"], "spent": ["much"]}).write_parquet(folder / "year=2024" / "zz.parquet")
    with pytest.raises(DataError, match=r"zz.parquet has other columns than .*'spent' is double"):
        tr.read(folder)


@pytest.mark.parametrize("form", FORMS)
def test_a_full_disk_is_said_and_leaves_the_target_unchanged(tmp_path, form):
    """A process that may write files of at most 200 kB fails as on a full disk."""
    visits().write(asked(form, tmp_path / "v"))
    code = f"""
import resource, sys, numpy as np, trasunto as tr
from trasunto.errors import StoreError
from trasunto.connectors.stream import write_parts
import deltalake, pyiceberg.catalog.sql
rows = 60_000
rng = np.random.default_rng(0)
big = tr.read({{"zip": [f"{{x:x}}" for x in rng.integers(1 << 60, size=rows)], "spent": rng.normal(size=rows)}})
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
for folder, how in (("v", "append"), ("new", "fail")):
    try:
        write_parts(f"{form}:{tmp_path}/{{folder}}?evolve=add&if_exists={{how}}" + ("&table=visits" if "{form}" == "iceberg" else ""), [big])
    except StoreError as error:
        print(error)
    else:
        sys.exit("no error")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Free space") == 2, done.stdout
    assert same(visits(), tr.read(asked(form, tmp_path / "v")))
    assert [each.name for each in tmp_path.iterdir()] == ["v"]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 200_000


def test_a_partition_of_too_many_values_is_refused(tmp_path):
    many = tr.read({"key": list(range(600)) * 2, "value": [0.5, 1.5] * 600})
    with pytest.raises(StoreError, match=r"partition=key makes more than 500 folders.*fewer values"):
        many.write(f"parquet:{tmp_path}/v?partition=key")
    assert not list(tmp_path.iterdir())


def test_one_parquet_file_is_replaced_and_never_added_to(tmp_path):
    address = f"parquet:{tmp_path}/one.parquet"
    visits().write(address)
    assert (
        write_parts(address, [visits(), visits()]) == 8
        and len(tr.read(address)) == len(tr.read(tmp_path / "one.parquet")) == 8
    )

    def broken():
        yield visits()
        raise RuntimeError("the model broke")

    with pytest.raises(RuntimeError, match="broke"):
        write_parts(address, broken())
    for setting in ("if_exists=append", "partition=year"):
        with pytest.raises(StoreError, match="is one file"):
            visits().write(f"{address}?{setting}")
    assert len(tr.read(address)) == 8 and [each.name for each in tmp_path.iterdir()] == ["one.parquet"]


def test_types_are_mapped_or_named(tmp_path):
    pa = pytest.importorskip("pyarrow")
    from datetime import date, datetime, time
    from decimal import Decimal
    from zoneinfo import ZoneInfo

    from pyarrow import parquet

    held = {
        "price": pa.array([Decimal("1.50"), Decimal("2.25"), None], pa.decimal128(9, 2)),
        "at": pa.array(
            [datetime(2026, 1, 1, 12, tzinfo=ZoneInfo("Europe/Madrid"))] * 3, pa.timestamp("ms", "Europe/Madrid")
        ),
        "opens": pa.array([time(9, 30), time(10), None]),
        "born": pa.array([date(2000, 1, 1)] * 3),
        "kind": pa.array(["a", "b", "a"]).dictionary_encode(),
        "place": pa.array([{"x": 1, "y": 2.5}, {"x": 2, "y": None}, None]),
        "tags": pa.array([[("a", 1)], [("b", 2)], None], pa.map_(pa.string(), pa.int64())),
        "small": pa.array([1.5, 2.5, None], pa.float32()),
        "raw": pa.array([b"1", b"2", b"3"]),
        "many": pa.array([[1, 2], [3], None]),
    }
    (tmp_path / "t").mkdir()
    parquet.write_table(pa.table(held), tmp_path / "t" / "part-0.parquet")
    with pytest.raises(DataError, match=r"'raw' of .* holds binary.*columns="):
        tr.read(tmp_path / "t")
    with pytest.raises(DataError, match=r"'many'.*list<"):
        tr.read(f"parquet:{tmp_path}/t?columns=many")
    names = [name for name in held if name not in ("raw", "many")]
    found = tr.read(f"parquet:{tmp_path}/t?columns={','.join(names)}")
    kinds = {c.name: c.kind for c in found.only.schema.columns}
    assert kinds == {
        "price": "number", "at": "datetime", "opens": "datetime", "born": "datetime", "kind": "category",
        "place": "category", "tags": "category", "small": "number",
    }  # fmt: skip
    assert found.rows["at"][0] == datetime(2026, 1, 1, 11) and found.rows["price"][0] == 1.5
    assert found.rows["opens"][0] == datetime(1970, 1, 1, 9, 30) and json.loads(found.rows["tags"][0]) == {"a": 1}
    assert json.loads(found.rows["place"][0]) == {"x": 1, "y": 2.5}


def test_nothing_that_was_read_from_rows_lies_beside_a_table_unless_it_is_public(tmp_path):
    from dataclasses import replace

    whole = visits()
    schema = whole.only.schema.with_column(
        replace(whole.only.schema["country"], categories=("ES", "FR"), reason="Seen.")
    )
    schema = schema.with_column(replace(schema["year"], bounds=(2000, 2030), declared=True))
    whole.with_table(type(whole.only)(schema, whole.rows)).write(f"delta:{tmp_path}/v")
    again = tr.read(tmp_path / "v").only.schema
    assert again["country"].categories is None and not again["country"].reason
    assert again["year"].bounds == (2000, 2030) and again["year"].declared


@pytest.mark.parametrize(
    ("address", "form", "store", "path", "options"),
    [
        ("delta:/a/b", "delta", "file", "/a/b", {}),
        ("delta:///a/b?version=3", "delta", "file", "/a/b", {"version": "3"}),
        ("delta+s3://bucket/a/b/", "delta", "s3", "bucket/a/b", {}),
        ("parquet+gs://bucket/t?where=a > 1%26b&columns=a,b", "parquet", "gs", "bucket/t", {"where": "a > 1&b", "columns": "a,b"}),
        ("az://container/x.parquet", "", "az", "container/x.parquet", {}),
        ("s3://bucket", "", "s3", "bucket", {}),
    ],
)  # fmt: skip
def test_addresses(address, form, store, path, options):
    place = place_of(address)
    assert (place.form, place.store, place.path, dict(place.options)) == (form, store, path, options)


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("delta+s3://key:very@bucket/t", "holds a user or a key"),
        ("s3://bucket/t?secret_access_key=very", "holds a credential, 'secret_access_key'"),
        ("gs://bucket/t?token=very", "holds a credential"),
        ("s3:///t", "names no bucket"),
        ("delta:", "names no path"),
        ("delta:x?version", "has no value"),
        ("delta:x?versoin=3", "Did you mean 'version'"),
        ("delta:x?version=-3", "no whole number"),
        ("delta:x?version=3&timestamp=2026-01-01", "No Delta table"),
        ("delta+ftp://x/y", "no address of a lake"),
        ("delta+:x", "no address of a lake"),
    ],
)
def test_addresses_that_are_refused_do_not_repeat_secrets(address, problem):
    with pytest.raises(FileError, match=problem) as caught:
        tr.read(address)
    assert "very" not in str(caught.value)


def test_a_relative_path_and_a_home_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    visits().write("delta:v?partition=year")
    assert len(tr.read("v")) == 4 and Path("v/_delta_log").is_dir()
    assert [each.name for each in tmp_path.iterdir()] == ["v"]
