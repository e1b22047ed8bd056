"""Databases as sources and sinks, on real servers that are started here, and on files."""

import os
import socket
from contextlib import closing, contextmanager
from datetime import datetime

import polars as pl
import pytest

import trasunto as tr
from trasunto.cli import main
from trasunto.connectors.address import open_sink, open_source
from trasunto.connectors.certificates import write_certificates
from trasunto.connectors.local_server import installed, mariadb, postgresql
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, Constraint, ForeignKey, Format, Schema, TableSchema
from trasunto.errors import DataError, FileError, SchemaError, StoreError

WANTED = {"postgresql": "postgresql", "mariadb": "mariadb-server"}
SERVERS = {"postgresql": postgresql, "mariadb": mariadb}


@contextmanager
def _server(name):
    if not installed(name):
        pytest.skip(f"{name} is not installed here: apt-get install {WANTED[name]}")
    with SERVERS[name](tls=True) as server:
        yield server


@pytest.fixture(scope="module")
def postgres():
    with _server("postgresql") as server:
        yield server


@pytest.fixture(scope="module")
def maria():
    with _server("mariadb") as server:
        yield server


def ask(server, *statements, database=None, script=False):
    """Statements by the driver itself; what the last one gives."""
    if server.scheme == "postgresql":
        import psycopg

        with psycopg.connect(server.as_user(server.user, server.password, database), autocommit=True) as connection:
            for each in statements:
                last = connection.execute(each)
            return last.fetchall() if last.description else None
    import pymysql

    where = {"host": server.host, "port": server.port, "user": server.user, "password": server.password}
    with (
        closing(pymysql.connect(**where, database=database or server.database, autocommit=True)) as connection,
        connection.cursor() as cursor,
    ):
        for each in statements:
            cursor.execute(each)
        return list(cursor.fetchall())


@pytest.fixture
def place(request, tmp_path):
    """The address of an empty database of the kind that the test is parametrised with."""
    kind = request.param
    if kind in ("sqlite", "duckdb"):
        return f"{kind}:///{tmp_path / 'made.db'}"
    server = request.getfixturevalue({"postgresql": "postgres", "mariadb": "maria"}[kind])
    name = f"t{os.urandom(5).hex()}"
    ask(server, f"CREATE DATABASE {name}")
    return server.as_user(server.user, server.password, name)


EVERY = pytest.mark.parametrize("place", ["postgresql", "mariadb", "sqlite", "duckdb"], indirect=True)
ODD = [
    "plain", "", " spaced ", "quote \" and ' and `", "back\\slash \\n \\. \\N", "tab\tline\nreturn\rboth\r\n", "NULL",
    "NaN", "ünïcödé 漢字 العربية", "emoji 😀👩‍👩‍👧", "comma,semicolon;", "x" * 100_000, "%s {0} ${a}", "a", "A",
]  # fmt: skip


def family():
    """Three tables: texts of every sort, composite and self-referring keys, rules, enumerations, gaps."""
    n = len(ODD)
    numbers = [0.1, -1e300, 1e-300, 123456789.123456789, None, 2.5] * n
    owners = Table(
        TableSchema(
            (
                Column("id", "id", False, "identifier"),
                Column("boss", "id"),
                Column("words", "text", False),
                Column("kind of", "category"),
                Column("code", "id", False),
                Column("mood", "category", categories=("sad", "it's ok", "ünïcøde"), declared=True),
                Column("big", "integer"),
                Column("real", "number"),
                Column("price", "number", format=Format(decimals=2)),
                Column("yes", "boolean"),
                Column("born", "datetime", format=Format(date_only=True)),
                Column("seen", "datetime"),
                Column("packed", "category", format=Format(nested=True)),
            ),
            ("id",),
            (ForeignKey(("boss",), "owners", ("id",)),),
            constraints=(Constraint("big >= -9223372036854775807 or big < 0"), Constraint("born <= seen")),
        ),
        pl.DataFrame(
            {
                "id": pl.Series(range(1, n + 1), dtype=pl.Int64),
                "boss": pl.Series([None, *[max(1, k // 2) for k in range(2, n + 1)]], dtype=pl.Int64),
                "words": ODD,
                "kind of": [None if k % 3 == 0 else ODD[k] for k in range(n)],
                "code": [f"k{k:03}" for k in range(n)],
                "mood": ["sad", None, "it's ok", "ünïcøde", "sad"] * (n // 5),
                "big": pl.Series([2**63 - 1, -(2**63) + 1, 0, None, 7] * (n // 5), dtype=pl.Int64),
                "real": pl.Series(numbers[:n], dtype=pl.Float64),
                "price": pl.Series([12.34, -0.01, None, 1234567.89, 0.0] * (n // 5), dtype=pl.Float64),
                "yes": [True, None, False] * (n // 3),
                "born": pl.Series(
                    [datetime(1, 1, 1), datetime(9999, 12, 31), None] * (n // 3), dtype=pl.Datetime("us")
                ),
                "seen": pl.Series(
                    [datetime(2024, 2, 29, 23, 59, 59, 123456), None, datetime(1970, 1, 1)] * (n // 3),
                    dtype=pl.Datetime("us"),
                ),
                "packed": ['{"a": 1, "b": "x\\"y"}', None, "{}"] * (n // 3),
            }
        ),
    )
    lines = Table(
        TableSchema(
            (Column("owner", "id", False), Column("place", "integer", False), Column("note", "text")),
            ("owner", "place"),
            (ForeignKey(("owner",), "owners", ("id",)),),
        ),
        pl.DataFrame({"owner": [1, 1, 2], "place": [1, 2, 1], "note": [None, "a b c", ""]}),
    )
    marks = Table(
        TableSchema(
            (Column("name", "category"), Column("owner", "id"), Column("place", "integer")),
            (),
            (ForeignKey(("owner", "place"), "lines", ("owner", "place")),),
        ),
        pl.DataFrame({"name": ["one", "one", None], "owner": [1, 2, None], "place": [2, 1, None]}),
    )
    empty = Table(
        TableSchema((Column("id", "id", False), Column("n", "number"), Column("t", "text")), ("id",)),
        pl.DataFrame(schema={"id": pl.String, "n": pl.Float64, "t": pl.String}),
    )
    tables = {"owners": owners, "empty": empty, "lines": lines, "marks": marks}
    return Dataset(Schema({name: table.schema for name, table in tables.items()}), tables)


@EVERY
def test_labels_that_no_enumeration_takes_are_texts(place):
    labels = ("x" * 80, "spaced ", "😀", "plain", "a", "A")
    column = Column("odd", "category", categories=labels, declared=True)
    made = Dataset.of(Table(TableSchema((column,)), pl.DataFrame({"odd": [*labels, None]})), "odd")
    open_sink(place).write(made)
    again = open_source(place).read()
    assert again.rows.equals(made.rows) and again.only.schema["odd"].kind == "category"


@EVERY
def test_what_goes_into_a_database_comes_out_of_it(place):
    made = family()
    if place.startswith("duckdb"):
        # DuckDB verifies a reference before the row that it names is there when both come at once.
        made = _without_boss(made)
    open_sink(place).write(made)
    again = open_source(place).read()
    assert set(again.tables) == set(made.tables)
    for name, table in made.tables.items():
        known = again.schema.tables[name]
        assert [(c.name, c.kind, c.nullable) for c in known.columns] == [
            (c.name, c.kind, c.nullable) for c in table.schema.columns
        ]
        assert known.primary_key == table.schema.primary_key
        assert set(known.foreign_keys) == set(table.schema.foreign_keys)
        order = list(table.schema.primary_key) or table.schema.names[:2]
        assert again.tables[name].rows.sort(order).equals(table.rows.sort(order)), name
    owners = again.schema.tables["owners"]
    assert owners["mood"].categories == ("sad", "it's ok", "ünïcøde") and owners["mood"].declared
    assert owners["price"].format.decimals == 2 and owners["born"].format.date_only and owners["packed"].format.nested
    rules = {each.rule.replace("(", "").replace(")", "") for each in owners.constraints}
    assert rules >= {"big >= -9223372036854775807 or big < 0", "born <= seen"}
    assert again.schema.tables["owners"]["id"].role == "identifier"


def _without_boss(dataset):
    owners = dataset.tables["owners"]
    schema = TableSchema(owners.schema.columns, ("id",), (), None, owners.schema.constraints)
    tables = dict(dataset.tables) | {"owners": Table(schema, owners.rows)}
    return Dataset(Schema({name: table.schema for name, table in tables.items()}), tables)


SMALL = TableSchema(
    (Column("id", "id", False, "identifier"), Column("n", "integer"), Column("word", "category")), ("id",)
)


def small(first=1, rows=3, name="small"):
    frame = pl.DataFrame({"id": range(first, first + rows), "n": range(rows), "word": ["a", "b", None] * (rows // 3)})
    return Dataset.of(Table(SMALL, frame), name)


def parts(count=4, rows=3, name="small"):
    return (small(1 + rows * each, rows, name) for each in range(count))


def test_types_keys_checks_enumerations_and_comments_of_postgresql_are_reflected(postgres):
    ask(
        postgres,
        "CREATE DATABASE shop",
    )
    ask(
        postgres,
        "CREATE TYPE mood AS ENUM ('sad', 'ok')",
        "CREATE DOMAIN positive AS integer CHECK (value > 0)",
        """CREATE TABLE region (id serial PRIMARY KEY, "the name" varchar(40) NOT NULL UNIQUE)""",
        """CREATE TABLE person (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, region int REFERENCES region,
           boss bigint REFERENCES person, age smallint CHECK (age BETWEEN 0 AND 120), mood mood, born date, seen timestamptz,
           price numeric(10,2), big numeric(30,0), whole numeric(12,0), short real, ok boolean, u uuid, j jsonb, words text[],
           ip inet, span interval, clock time, cash money, code char(5), few positive,
           status varchar(9) CHECK (status IN ('on', 'off')), twice int GENERATED ALWAYS AS (age * 2) STORED)""",
        "COMMENT ON COLUMN person.born IS 'Date of birth, as told'",
        """INSERT INTO region ("the name") VALUES ('north'), ('south')""",
        """INSERT INTO person (region, age, mood, born, seen, price, big, whole, short, ok, u, j, words, ip, span, clock,
           cash, code, few, status) VALUES (1, 30, 'ok', '1990-01-02', '2020-01-01 12:00+02', 12.5,
           123456789012345678901234567890, 42, 0.1, true, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"a": 1}', '{x,"y z"}',
           '10.0.0.1', '1 day 2 hours', '08:30', '12.30', 'ab', 3, 'on'), (2, NULL, NULL, NULL, 'epoch', NULL, NULL, NULL,
           'NaN', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)""",
        database="shop",
    )  # fmt: skip
    address = postgres.as_user(postgres.user, postgres.password, "shop")
    read = open_source(address).read()
    assert list(read.tables) == ["region", "person"]
    person, row = read.schema.tables["person"], read.tables["person"].rows.row(0, named=True)
    assert row | {"seen": datetime(2020, 1, 1, 10), "born": datetime(1990, 1, 2)} == row
    wanted = {
        "id": ("id", 1), "region": ("id", 1), "age": ("integer", 30), "mood": ("category", "ok"), "price": ("number", 12.5),
        "big": ("category", "123456789012345678901234567890"), "whole": ("integer", 42), "short": ("number", 0.1),
        "ok": ("boolean", True), "u": ("id", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"), "j": ("category", '{"a": 1}'),
        "words": ("category", '["x","y z"]'), "ip": ("category", "10.0.0.1/32"), "span": ("number", 93600.0),
        "clock": ("category", "08:30:00"), "cash": ("number", 12.3), "code": ("category", "ab"), "few": ("integer", 3),
        "status": ("category", "on"), "twice": ("integer", 60), "born": ("datetime", datetime(1990, 1, 2)),
    }  # fmt: skip
    assert {name: (person[name].kind, row[name]) for name in wanted} == wanted
    assert read.tables["person"].rows["short"].to_list() == [pytest.approx(0.1), None]
    assert person["mood"].categories == ("sad", "ok") and person["status"].categories == ("on", "off")
    assert person["price"].format.decimals == 2 and person["born"].format.date_only
    assert person["born"].reason == "Comment: Date of birth, as told" and "in UTC" in person["seen"].reason
    assert {key.table for key in person.foreign_keys} == {"region", "person"}
    assert {each.rule for each in person.constraints} == {"age >= 0", "age <= 120", "status in ['on', 'off']"}
    assert read.schema.tables["region"]["the name"].kind == "id" and not read.schema.tables["region"]["id"].nullable
    # What is generated is left to the database, counters go on behind the greatest key, a list is an array again.
    more = (
        read.tables["person"].rows.with_columns(id=pl.lit(70, dtype=pl.Int64), boss=pl.lit(1, dtype=pl.Int64)).head(1)
    )
    open_sink(f"{address}?if_exists=append").write(Dataset(Schema({"person": person}), {"person": Table(person, more)}))
    ask(postgres, "INSERT INTO person (age) VALUES (5)", database="shop")
    assert ask(postgres, "SELECT id, words::text, span::text FROM person WHERE id > 69 ORDER BY id", database="shop") == [
        (70, '{x,"y z"}', "26:00:00"), (71, None, None),
    ]  # fmt: skip
    # A type that nobody maps, and a column that is left out.
    ask(postgres, "ALTER TABLE person ADD COLUMN blob bytea", database="shop")
    with pytest.raises(
        SchemaError, match=r"'blob' of table 'person' is of type bytea, which nobody maps.*\?skip=person.blob"
    ):
        open_source(address).read()
    assert "blob" not in open_source(f"{address}?skip=person.blob").read().schema.tables["person"]
    with pytest.raises(SchemaError, match=r"names no column.*'blob'"):
        open_source(f"{address}?skip=blub").read()
    # Tables by name, a query, the first rows with all that hangs from them.
    assert list(open_source(f"{address}?table=region").read().tables) == ["region"]
    asked = open_source(f"{address}?query=SELECT id, price FROM person WHERE price > 1&table=dear").read()
    assert asked.name == "dear" and asked.rows.columns == ["id", "price"] and len(asked) == 2
    few = open_source(f"{address}?skip=blob").read(rows=1)
    assert few.tables["region"].rows["id"].to_list() == [1] and few.tables["person"].rows["id"].sort().to_list() == [
        1,
        70,
        71,
    ]


def test_types_keys_checks_enumerations_and_comments_of_mariadb_are_reflected(maria):
    ask(maria, "CREATE DATABASE shop")
    ask(
        maria,
        "CREATE TABLE region (id int AUTO_INCREMENT PRIMARY KEY, name varchar(40) NOT NULL UNIQUE)",
        """CREATE TABLE person (id bigint AUTO_INCREMENT PRIMARY KEY, region int, age tinyint unsigned CHECK (age BETWEEN 0 AND
           120), mood enum('sad','o''k'), born date COMMENT 'Date of birth', seen timestamp(6) NULL, price decimal(10,2),
           big bigint unsigned, short float, ok bool, bits bit(1), j json, u uuid, clock time, y year, few set('x','y'),
           status varchar(9) CHECK (status IN ('on', 'off')), twice int GENERATED ALWAYS AS (age * 2) STORED, odd tinyint(1),
           FOREIGN KEY (region) REFERENCES region (id))""",
        "INSERT INTO region (name) VALUES ('north'), ('south')",
        """INSERT INTO person (region, age, mood, born, seen, price, big, short, ok, bits, j, u, clock, y, few, status, odd)
           VALUES (1, 30, 'o''k', '1990-01-02', '2020-01-01 12:00:00.25', 12.5, 18446744073709551615, 0.1, true, b'1',
           '{"a": 1}', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '08:30', 2020, 'x,y', 'on', 7)""",
        "SET sql_mode = ''",
        "INSERT INTO person (region, born) VALUES (2, '0000-00-00')",
        database="shop",
    )  # fmt: skip
    address = maria.as_user(maria.user, maria.password, "shop")
    read = open_source(address).read()
    person, row = read.schema.tables["person"], read.tables["person"].rows.row(0, named=True)
    wanted = {
        "id": ("id", 1), "region": ("id", 1), "age": ("integer", 30), "mood": ("category", "o'k"), "price": ("number", 12.5),
        "big": ("category", "18446744073709551615"), "short": ("number", 0.1), "ok": ("boolean", True), "bits": ("boolean", True),
        "j": ("category", '{"a": 1}'), "u": ("id", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"), "clock": ("category", "08:30:00"),
        "y": ("integer", 2020), "few": ("category", "x,y"), "status": ("category", "on"), "twice": ("integer", 60),
        "odd": ("integer", 7), "seen": ("datetime", datetime(2020, 1, 1, 12, 0, 0, 250_000)),
    }  # fmt: skip
    assert {name: (person[name].kind, row[name]) for name in wanted} == wanted
    assert read.tables["person"].rows["born"].to_list() == [datetime(1990, 1, 2), None]
    assert person["mood"].categories == ("sad", "o'k") and person["born"].reason == "Comment: Date of birth"
    assert {each.rule for each in person.constraints} == {"age >= 0", "age <= 120", "status in ['on', 'off']"}
    asked = open_source(f"{address}?query=SELECT id, price, born FROM person WHERE price > 1").read()
    assert [c.kind for c in asked.only.schema.columns] == ["integer", "number", "datetime"] and len(asked) == 1
    ask(maria, "ALTER TABLE person ADD COLUMN b blob", database="shop")
    with pytest.raises(SchemaError, match="'b' of table 'person' is of type blob, which nobody maps"):
        open_source(address).read()
    assert [len(t) for t in open_source(f"{address}?skip=person.b").read(rows=1).tables.values()] == [1, 1]


@EVERY
def test_a_table_that_is_there_is_kept_added_to_or_replaced(place):
    open_sink(f"{place}?table=small").write(small(name="other"))
    with pytest.raises(StoreError, match="has a table 'small' already; nothing was written"):
        open_sink(place).write(small(9))
    with pytest.raises(DataError, match=r"key.* (is there already|stands twice).*\?keys=continue"):
        open_sink(f"{place}?if_exists=append").write(small(3))
    assert len(open_source(place).read()) == 3
    open_sink(f"{place}?if_exists=append").write(small(4))
    open_sink(f"{place}?if_exists=append&keys=continue").write(small(1))
    assert open_source(place).read().rows["id"].sort().to_list() == list(range(1, 10))
    assert open_sink(f"{place}?if_exists=append&keys=continue").write_parts(parts()) == 12
    assert len(open_source(place).read()) == 21
    open_sink(f"{place}?if_exists=replace").write(small(5))
    assert open_source(place).read().rows["id"].to_list() == [5, 6, 7]
    wider = Dataset.of(
        Table(TableSchema((*SMALL.columns, Column("wrod", "text"))), small().rows.with_columns(wrod=pl.lit("x")))
    )
    with pytest.raises(SchemaError, match=r"has no column 'wrod'.*'word'"):
        open_sink(f"{place}?if_exists=append&table=small").write(wider)
    gap = small(50).rows.with_columns(id=pl.when(pl.col("n") > 0).then("id"))
    with pytest.raises(
        DataError, match=r"'id' of table 'small' must not be missing.*in 1 rows, the first of them row 0"
    ):
        open_sink(f"{place}?if_exists=append").write(Dataset.of(Table(SMALL, gap), "small"))
    assert len(open_source(place).read()) == 3


@EVERY
def test_keys_that_go_on_carry_their_references_along(place):
    people = TableSchema((Column("id", "id", False), Column("boss", "id")), ("id",))
    visits = TableSchema(
        (Column("person", "id", False), Column("n", "integer")), (), (ForeignKey(("person",), "people", ("id",)),)
    )
    made = Dataset(
        Schema({"people": people, "visits": visits}),
        {
            "people": Table(people, pl.DataFrame({"id": [0, 1], "boss": pl.Series([None, 0], dtype=pl.Int64)})),
            "visits": Table(visits, pl.DataFrame({"person": [1, 1, 0], "n": [1, 2, 3]})),
        },
    )
    open_sink(place).write(made)
    open_sink(f"{place}?if_exists=append&keys=continue").write(made)
    read = open_source(place).read()
    assert read.tables["people"].rows["id"].sort().to_list() == [0, 1, 2, 3]
    assert sorted(read.tables["visits"].rows["person"].to_list()) == [0, 1, 1, 2, 3, 3]
    # A reference to nobody: nothing stays, of the other table neither.
    lost = made.tables["visits"].rows.with_columns(person=pl.lit(77, dtype=pl.Int64))
    for how in ("append&keys=continue", "replace"):
        with pytest.raises(DataError, match="nothing was written"):
            open_sink(f"{place}?if_exists={how}").write(
                Dataset(made.schema, dict(made.tables) | {"visits": Table(visits, lost)})
            )
    assert [len(open_source(place).read().tables[name]) for name in ("people", "visits")] == [4, 6]


@EVERY
def test_batches_are_the_table_in_order_and_a_failing_part_leaves_nothing(place):
    assert open_sink(place).write_parts(parts(5)) == 15
    whole = open_source(place).read()
    got = list(open_source(place).batches(4))
    assert [len(each) for each in got] == [4, 4, 4, 3]
    assert pl.concat([each.rows for each in got]).equals(whole.rows) and all(
        each.schema == whole.schema for each in got
    )

    def broken():
        yield from parts(2, name="more")
        raise RuntimeError("the model broke")

    for name in ("more", "small"):
        with pytest.raises(RuntimeError, match="broke"):
            open_sink(f"{place}?if_exists=replace&table={name}").write_parts(broken())
    assert open_source(place).read().rows.equals(whole.rows)


def test_nothing_of_a_failed_write_stays_in_a_file(tmp_path):
    bad = small().rows.with_columns(id=pl.lit(1, dtype=pl.Int64))
    for kind in ("sqlite", "duckdb"):
        with pytest.raises(DataError, match="nothing was written"):
            open_sink(f"{kind}:///{tmp_path / kind}.db").write(Dataset.of(Table(SMALL, bad)))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["postgres", "maria"])
def test_what_cannot_be_reached_is_said_clearly_and_without_the_password(request, kind):
    server = request.getfixturevalue(kind)
    secret = "s3cr3t-and-long"
    with pytest.raises(FileError, match="wrong password, or no such user") as problem:
        open_source(server.as_user("trasunto", secret)).read()
    assert secret not in str(problem.value) and server.password not in str(problem.value)
    with pytest.raises(FileError, match=r"there is no database 'trasunt'.*'trasunto'") as problem:
        open_source(server.as_user(server.user, server.password, "trasunt")).read()
    assert server.password not in str(problem.value)
    ask(server, "DROP TABLE IF EXISTS known", "CREATE TABLE known (id int PRIMARY KEY)")
    with pytest.raises(FileError, match=r"no table 'knwon'.*'known'"):
        open_source(f"{server.address}?table=knwon").read()
    # A port that listens and never answers.
    with pytest.raises(FileError, match=r"cannot be reached .we wait 1 s at most"), socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        open_source(f"{server.scheme}://u:{secret}@127.0.0.1:{port}/x?timeout=1").read()
    with pytest.raises(FileError, match="cannot be reached"):
        open_source(f"{server.scheme}://u@127.0.0.1:1/x").read()
    assert secret not in repr(open_source(f"{server.scheme}://u:{secret}@127.0.0.1:1/x"))
    with pytest.raises(FileError, match="does not understand"):
        open_source(f"{server.address}?query=SELEC 1").read()


@pytest.mark.parametrize("kind", ["postgres", "maria"])
def test_a_certificate_is_verified_unless_it_is_said_otherwise(request, kind, tmp_path):
    server = request.getfixturevalue(kind)
    ask(server, "DROP TABLE IF EXISTS known", "CREATE TABLE known (id int PRIMARY KEY)")
    table = "table=known"
    assert open_source(f"{server.address}?tls=on&ssl_ca={server.ca}&{table}").read().name == "known"
    assert open_source(f"{server.address}?tls=off&{table}").read().name == "known"
    wrong = write_certificates(tmp_path)
    for doubted in (f"tls=on&ssl_ca={wrong}", "tls=on"):
        with pytest.raises(FileError, match=r"does not prove who it is over TLS.*\?ssl_ca=FILE"):
            open_source(f"{server.address}?{doubted}&{table}").read()
    with pytest.raises(FileError, match="sslmode=require encrypts without knowing for whom"):
        open_source(f"{server.address}?sslmode=require&{table}").read()


@pytest.mark.parametrize("kind", ["postgres", "maria"])
def test_a_connection_that_is_dropped_in_mid_write_leaves_the_target_as_it_was(request, kind):
    server = request.getfixturevalue(kind)
    name = f"dropped{kind}"
    ask(server, f"CREATE DATABASE {name}")
    address = server.as_user(server.user, server.password, name)
    open_sink(address).write(small())

    def cut():
        yield small(100, 3)
        if kind == "postgres":
            ask(server, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        else:
            for number, *_ in ask(server, f"SELECT id FROM information_schema.processlist WHERE db = '{name}'"):
                ask(server, f"KILL {number}")
        for each in range(200):
            yield small(1000 + 3000 * each, 3000)

    for how in ("append", "replace"):
        with pytest.raises(
            StoreError, match=f"connection to {server.scheme}://.* was dropped while writing small; nothing was"
        ):
            open_sink(f"{address}?if_exists={how}").write_parts(cut())
        read = open_source(address).read()
        assert list(read.tables) == ["small"] and len(read) == 3


def test_a_table_that_is_being_altered_is_not_read_half(postgres, maria):
    import psycopg

    ask(
        postgres,
        "DROP TABLE IF EXISTS moving",
        "CREATE TABLE moving (id int PRIMARY KEY, a int)",
        "INSERT INTO moving VALUES (1, 2)",
    )
    with psycopg.connect(postgres.address) as other:
        other.execute("ALTER TABLE moving DROP COLUMN a")
        with pytest.raises(FileError, match=r"Somebody else holds a lock.*we waited 1 s"):
            open_source(f"{postgres.address}?table=moving&timeout=1").read()
        other.rollback()
    # While it is read, nobody alters it, and what is added meanwhile is not seen.
    reading = open_source(f"{postgres.address}?table=moving").batches(1)
    ask(postgres, "INSERT INTO moving SELECT n, n FROM generate_series(2, 500) n")
    assert len(next(reading)) == 1
    with pytest.raises(psycopg.errors.LockNotAvailable):
        ask(postgres, "SET lock_timeout = '200ms'", "ALTER TABLE moving DROP COLUMN a")
    reading.close()
    ask(postgres, "ALTER TABLE moving DROP COLUMN a")
    # MariaDB says so when a table changes after the moment that is read.
    ask(
        maria,
        "DROP TABLE IF EXISTS moving",
        "CREATE TABLE moving (id int PRIMARY KEY, a int)",
        "INSERT INTO moving VALUES (1, 2)",
    )
    from trasunto.connectors.databases import mysql

    held = mysql.Link.rows

    def altered(link, sql, values=()):
        if sql.startswith("SELECT 1 FROM"):
            ask(maria, "ALTER TABLE moving ADD COLUMN b int, ALGORITHM=COPY")
        return held(link, sql, values)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mysql.Link, "rows", altered)
        with pytest.raises(FileError, match="A table was altered while it was read"):
            open_source(f"{maria.address}?table=moving").read()


@pytest.mark.parametrize("kind", ["postgres", "maria"])
def test_rows_that_the_database_refuses_are_named(request, kind):
    server = request.getfixturevalue(kind)
    ask(
        server,
        "DROP TABLE IF EXISTS strict",
        "CREATE TABLE strict (id int PRIMARY KEY, n int CHECK (n < 5), word varchar(4), day date NOT NULL)",
    )
    schema = TableSchema(
        (Column("id", "id", False), Column("n", "integer"), Column("word", "text"), Column("day", "datetime")), ("id",)
    )
    fine = {"id": 1, "n": 1, "word": "four", "day": datetime(2020, 1, 1)}
    cases = [
        ({"id": 2**40}, "beyond what its column holds"), ({"n": 7}, "breaks a CHECK"), ({"word": "five!"}, "(longer than|does not fit) its column"),
        ({"day": None}, "'day' of table 'strict' must not be missing"),
    ]  # fmt: skip
    for change, said in cases:
        row = pl.DataFrame(
            [fine | change], schema={"id": pl.Int64, "n": pl.Int64, "word": pl.String, "day": pl.Datetime("us")}
        )
        with pytest.raises(DataError, match=f"(?s){said}.*nothing was written"):
            open_sink(f"{server.address}?if_exists=append").write(Dataset.of(Table(schema, row), "strict"))
    short = TableSchema((Column("id", "id", False),), ("id",))
    with pytest.raises(SchemaError, match="needs a value of 'day'"):
        open_sink(f"{server.address}?if_exists=append").write(
            Dataset.of(Table(short, pl.DataFrame({"id": [9]})), "strict")
        )
    assert ask(server, "SELECT count(*) FROM strict") == [(0,)]


def test_where_load_data_is_off_rows_are_inserted(maria):
    ask(maria, "CREATE DATABASE slow")
    address = maria.as_user(maria.user, maria.password, "slow")
    ask(maria, "SET GLOBAL local_infile = 0")
    try:
        open_sink(address).write(family())
        again = open_source(address).read()
    finally:
        ask(maria, "SET GLOBAL local_infile = 1")
    assert again.tables["owners"].rows.sort("id").equals(family().tables["owners"].rows)


def test_a_full_disk_leaves_the_target_as_it_was(postgres):
    ask(postgres, "CREATE DATABASE full_up")
    address = postgres.as_user(postgres.user, postgres.password, "full_up")
    open_sink(address).write(small())
    # Rows that no temporary space is left for: the server gives up in the middle.
    ask(
        postgres,
        "ALTER DATABASE full_up SET temp_file_limit = 0",
        "ALTER DATABASE full_up SET maintenance_work_mem = '1MB'",
    )
    many = small(1, 90_000, "big")
    with pytest.raises(StoreError, match="nothing was written"):
        open_sink(address).write(many)
    assert list(open_source(address).read().tables) == ["small"]


@pytest.mark.parametrize("driver", ["sqlite", "postgresql+psycopg"])
def test_other_databases_go_by_their_dialect(request, tmp_path, monkeypatch, driver):
    from trasunto.connectors.databases import database, problems

    monkeypatch.setattr(database, "NATIVE", ())
    monkeypatch.setattr(
        problems, "driver_errors", lambda scheme: (pytest.importorskip("sqlalchemy").exc.SQLAlchemyError,)
    )
    place = f"sqlite:///{tmp_path / 'made.db'}"
    if driver != "sqlite":
        server = request.getfixturevalue("postgres")
        ask(server, "CREATE DATABASE dialect")
        place = server.as_user(server.user, server.password, "dialect").replace("postgresql", driver)
    made = family()
    open_sink(place).write(made)
    again = open_source(place).read()
    for name, table in made.tables.items():
        order = list(table.schema.primary_key) or table.schema.names[:2]
        assert again.tables[name].rows.sort(order).equals(table.rows.sort(order)), name
        assert again.schema.tables[name].primary_key == table.schema.primary_key
        assert set(again.schema.tables[name].foreign_keys) == set(table.schema.foreign_keys)
    assert [len(each) for each in open_source(f"{place}?table=owners").batches(6)] == [6, 6, 3]
    assert len(open_source(f"{place}?query=SELECT id FROM owners WHERE id < 4").read()) == 3
    open_sink(f"{place}?if_exists=replace").write(made)
    with pytest.raises(DataError, match="stands twice"):
        open_sink(f"{place}?if_exists=append").write(made)


def test_the_command_line_reads_and_writes_databases(postgres, maria, tmp_path, capsys, monkeypatch):
    ask(postgres, "CREATE DATABASE told")
    address = postgres.as_user(postgres.user, postgres.password, "told")
    table = tr.read("packaged:breast_cancer", rows=200)
    open_sink(f"{address}?table=tumours").write(table)
    run = main.code_of
    assert run(["inspect", f"{address}?table=tumours"]) == 0
    monkeypatch.setenv("TRASUNTO_DB_PASSWORD", postgres.password)
    bare = f"postgresql://trasunto@127.0.0.1:{postgres.port}/told?table=tumours"
    assert run(["fit", bare, "-o", f"{tmp_path / 'm'}", "--synthesizer", "independent", "-q"]) == 0
    monkeypatch.setenv("TRASUNTO_DB_PASSWORD", maria.password)
    there = f"mysql://trasunto@127.0.0.1:{maria.port}/trasunto?table=made&if_exists=append"
    assert run(["sample", f"{tmp_path / 'm'}", "-n", "50", "-o", there, "-q"]) == 0
    assert ask(maria, "SELECT count(*) FROM made") == [(50,)]
    assert run(["convert", f"{maria.address}?table=made", f"{tmp_path / 'made.parquet'}"]) == 0
    assert run(["convert", f"{tmp_path / 'made.parquet'}", f"{address}?table=back"]) == 0
    assert run(["convert", f"{address.replace(postgres.password, 'wrong-word')}", f"{tmp_path / 'x.parquet'}"]) == 2
    said = capsys.readouterr()
    assert "***" in said.out and "wrong password" in said.err
    for secret in (postgres.password, maria.password, "wrong-word"):
        assert secret not in said.out + said.err
        for path in tmp_path.rglob("*.json"):
            assert secret not in path.read_text(encoding="utf-8")


@EVERY
def test_whose_events_they_are_and_in_which_order_is_kept(place):
    columns = (
        Column("its owner", "id", False),
        Column("turn", "integer", False, reason="Comment: counted by the desk"),
        Column("said", "text"),
    )
    rows = pl.DataFrame({"its owner": ["a", "a", "b"], "turn": [1, 2, 1], "said": ["x y", "y z", None]})
    Dataset.of(Table(TableSchema(columns, sequence=("its owner", "turn")), rows), "turns").write(place)
    back = tr.read(place).only.schema
    assert back.sequence == ("its owner", "turn")
    if not place.startswith("sqlite"):
        assert back["turn"].reason == "Comment: counted by the desk"
    without = tr.read(f"{place}?skip=its%20owner").only.schema
    assert without.sequence is None
