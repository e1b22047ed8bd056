"""Addresses of databases, the passwords in them and beside them, and conditions in SQL."""

import stat

import pytest

from trasunto.connectors import credentials, local_server
from trasunto.connectors.address import open_source
from trasunto.connectors.credentials import has_password, masked, password_for, without_password
from trasunto.connectors.databases.address import read_address
from trasunto.connectors.databases.checks import rules_of_checks
from trasunto.connectors.databases.conditions import conditions
from trasunto.data.schema import Column, Constraint, TableSchema
from trasunto.errors import FileError, MissingLibraryError, RecipeError
from trasunto.pipeline.recipe import Recipe


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://ann:pw@h/db", "postgresql://ann:***@h/db"),
        ("postgresql://ann:p@ss/wo:rd@h:1/db?table=a", "postgresql://ann:***@h:1/db?table=a"),
        ("mysql+pymysql://ann:p?w@h/db", "mysql+pymysql://ann:***@h/db"),
        ("postgresql://:pw@h/db", "postgresql://:***@h/db"),
        ("postgresql://h/db?password=pw&table=a", "postgresql://h/db?password=***&table=a"),
        ("from mysql://a:b@h/x to s3://key:word@b/c", "from mysql://a:***@h/x to s3://key:***@b/c"),
    ],
)
def test_a_password_is_hidden_wherever_an_address_is_shown(address, shown):
    assert masked(address) == shown and has_password(address)
    with pytest.raises(RecipeError, match=r"data.source holds a password") as problem:
        without_password(address, "data.source")
    assert "pw" not in str(problem.value).replace("password", "") and "TRASUNTO_DB_PASSWORD" in str(problem.value)


@pytest.mark.parametrize(
    "address",
    ["postgresql://ann@h:5432/db", "postgresql://ann@h/db?keyring=me@x", "sqlite:////tmp/a.db", "a.csv", "packaged:shop",
     "http://localhost:8080/v1", "postgresql://ann:***@h/db", "documents:folder?skip"],
)  # fmt: skip
def test_an_address_without_a_password_stays_as_it_is(address):
    assert masked(address) == address and without_password(address, "data.source") == address


def test_a_recipe_with_a_password_is_refused_and_does_not_repeat_it():
    document = {"data": {"source": "postgresql://ann:hush-hush@h/db", "target": "x"}}
    with pytest.raises(RecipeError, match=r"data.source .* holds a password: postgresql://ann:\*\*\*@h/db") as problem:
        Recipe.from_dict(document)
    assert "hush-hush" not in str(problem.value)


def test_a_password_comes_from_a_file_a_keyring_or_the_environment(tmp_path, monkeypatch):
    import keyring
    from keyring.backend import KeyringBackend

    class Ring(KeyringBackend):
        priority = 1

        def get_password(self, service, username):
            return {("shop", "ann"): "of the ring"}.get((service, username))

        def set_password(self, service, username, password): ...

        def delete_password(self, service, username): ...

    before = keyring.get_keyring()
    keyring.set_keyring(Ring())
    try:
        assert password_for("mysql", "ann", {"keyring": "shop"}, environment={}) == "of the ring"
        with pytest.raises(FileError, match="keyring holds no password of 'bob' for the service 'shop'"):
            password_for("mysql", "bob", {"keyring": "shop"}, environment={})
    finally:
        keyring.set_keyring(before)
    secret = tmp_path / "secret"
    secret.write_text("of the file\n")
    given = {"TRASUNTO_DB_PASSWORD": "ours", "PGPASSWORD": "theirs", "MYSQL_PWD": "its"}
    assert password_for("postgresql", "ann", {"password_file": str(secret)}, environment=given) == "of the file"
    assert password_for("postgresql", "ann", {}, environment=given) == "ours"
    del given["TRASUNTO_DB_PASSWORD"]
    assert password_for("postgresql", "ann", {}, environment=given) == "theirs"
    assert password_for("mariadb", "ann", {}, environment=given) == "its"
    assert password_for("oracle", "ann", {}, environment=given) is None
    with pytest.raises(FileError, match=r"file of the password.*cannot be read: No such file"):
        password_for("mysql", "ann", {"password_file": str(tmp_path / "none")}, environment={})
    monkeypatch.setenv(credentials.VARIABLE, "ours")
    address = read_address("postgresql://ann:p%40ss@h/db")
    assert address.password_now() == "p@ss" and read_address("postgresql://ann@h/db").password_now() == "ours"
    assert "p@ss" not in repr(address) and "p%40ss" not in repr(address)


def test_an_address_is_read_in_its_parts():
    asked = read_address(
        "postgres://ann@db.example:5433/shop?table=a,b%2Cc&timeout=3&query=SELECT * FROM t WHERE a&1=1 AND b>2"
    )
    assert (asked.scheme, asked.user, asked.host, asked.port, asked.path) == (
        "postgresql",
        "ann",
        "db.example",
        5433,
        "shop",
    )
    assert asked.tables == ("a", "b,c") and asked.timeout == 3 and asked.query == "SELECT * FROM t WHERE a&1=1 AND b>2"
    assert asked.tls is True and read_address("postgresql://localhost/x").tls is None
    assert read_address("mysql://127.0.0.1/x?tls=on").tls is True and read_address("mysql://far/x?tls=off").tls is False
    assert read_address("sqlite:////tmp/a.db").path == "/tmp/a.db" and read_address("sqlite:///a.db").path == "a.db"
    assert read_address("mssql+pyodbc://u@h/db?driver=ODBC+18").further == {"driver": "ODBC+18"}
    wrong = {
        "postgresql://h/x?tabel=a": "'tabel' is no option.*'table'", "mysql://h/x?if_exists=maybe": "not one of fail, append, replace",
        "mysql://h/x?timeout=soon": "no whole number", "sqlite://a/b.db": "three slashes", "mysql://h:99999/x": "no host and port",
        "postgresql://h/x?tls=perhaps": "not one of on, off",
    }  # fmt: skip
    for address, said in wrong.items():
        with pytest.raises(FileError, match=said):
            read_address(address)
    with pytest.raises(FileError, match=r"no file '/nowhere/a.db'"):
        open_source("sqlite:////nowhere/a.db").read()
    with pytest.raises(FileError, match=r"postgresl:// is no scheme.*'postgresql'"):
        open_source("postgresl://h/x")


KINDS = {"age": "integer", "status": "category", "price": "number", "start": "datetime", "end": "datetime", "odd name": "integer", "ok": "boolean"}  # fmt: skip
SCHEMA = TableSchema(tuple(Column(name, kind) for name, kind in KINDS.items()))


@pytest.mark.parametrize(
    ("condition", "rules"),
    [
        ("((age >= 0) AND (age <= 120))", ["age >= 0", "age <= 120"]),
        ("((status)::text = ANY ((ARRAY['a'::character varying, 'b''s'::character varying])::text[]))", ["status in ['a', \"b's\"]"]),
        ("((status)::text <> ALL (ARRAY['a'::text]))", ["status not in ['a']"]),
        ("(price > (0)::numeric)", ["price > 0"]),
        ("(age >= '-5'::integer)", ["age >= -5"]),
        ("(start <= \"end\")", ["start <= end"]),
        ("`age` between 1 and 9 and `status` in (_utf8mb4'a','b')", ["age >= 1 and age <= 9", "status in ['a', 'b']"]),
        ("(char_length((status)::text) > 3)", ["length(status) > 3"]),
        ("(start >= '2020-01-01'::date)", ["start >= '2020-01-01'"]),
        ("age IS NOT NULL OR \"odd name\" < -3.5", ["age is not None or `odd name` < -3.5"]),
        ("NOT (age > 3 AND ok)", ["not (age > 3 and ok)"]),
        ("json_valid(`x`)", []),
        ("(age % 2) = 0", []),
        ("status ~ '^a'", []),
        ("(nobody > 3)", []),
    ],
)  # fmt: skip
def test_a_check_is_a_rule_where_both_mean_the_same(condition, rules):
    assert [each.rule for each in rules_of_checks([("named", condition)], SCHEMA)] == rules


def test_a_rule_is_a_check_where_both_mean_the_same():
    rules = {
        "age >= 0 and age < 120": '(("age" >= 0) AND ("age" < 120))', 'implies(status == "a", ok)': "(NOT COALESCE((\"status\" = 'a'), FALSE) OR \"ok\")",
        "start <= end": '("start" <= "end")', "`odd name` in [1, 2]": '("odd name" IN (1, 2))', "missing(price)": '("price" IS NULL)',
        'start > "2020-01-01"': "(\"start\" > '2020-01-01 00:00:00')", "price == 2 * age": None, 'status < "b"': None, "age % 2 == 0": None,
    }  # fmt: skip
    for rule, said in rules.items():
        schema = TableSchema(SCHEMA.columns, constraints=(Constraint(rule),))
        assert conditions(schema, lambda name: f'"{name}"') == ([said] if said else []), rule
    proposed = TableSchema(SCHEMA.columns, constraints=(Constraint("age > 0", confirmed=False),))
    assert conditions(proposed, lambda name: name) == []


def test_a_server_that_is_not_installed_names_what_to_install(monkeypatch):
    monkeypatch.setattr(local_server, "_found", lambda name: None)
    assert not local_server.installed("postgresql")
    with pytest.raises(MissingLibraryError, match=r"'initdb'.*apt-get install postgresql"), local_server.postgresql():
        pass
    with pytest.raises(MissingLibraryError, match="apt-get install mariadb-server"), local_server.mariadb():
        pass


def test_certificates_have_a_key_that_only_we_read(tmp_path):
    from trasunto.connectors.certificates import write_certificates

    assert write_certificates(tmp_path).read_text().startswith("-----BEGIN CERTIFICATE-----")
    assert stat.S_IMODE((tmp_path / "server.key").stat().st_mode) == 0o600
