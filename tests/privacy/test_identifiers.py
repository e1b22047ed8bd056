"""Columns of all sorts, named in two languages or not at all: what names people is never missed."""

import random

import polars as pl
import pytest
from stdnum.es import dni

import trasunto as tr
from trasunto.data.dataset import Dataset
from trasunto.privacy.identifiers import Finding, find, judge, roles_proposed, with_roles

ROWS = 60
R = random.Random(5)
FIRST = ["Ana", "Luis", "María", "John", "Emma", "Pedro", "Lucía", "Peter", "Laura", "Carlos", "Sofía", "James"]
LAST = [
    "García",
    "Smith",
    "López",
    "Johnson",
    "Martínez",
    "Brown",
    "Sánchez",
    "Taylor",
    "Pérez",
    "Wilson",
    "Gómez",
    "Davies",
]


def number(count):
    return str(R.randrange(10 ** (count - 1), 10**count))


def a_dni():
    body = number(8)
    return body + dni.calc_check_digit(body)


def many(make):
    return [make() for _ in range(ROWS)]


def full():
    return f"{R.choice(FIRST)} {R.choice(LAST)}"


def words():
    return " ".join(
        R.choice(["the", "room", "was", "clean", "and", "bright", "but", "noisy", "today"]) for _ in range(9)
    ) + str(R.random())


def date():
    return f"{R.randrange(1930, 2005)}-{R.randrange(1, 13):02d}-{R.randrange(1, 28):02d}"


PHONE = lambda: "6" + number(8)  # noqa: E731
MAIL = lambda: f"u{number(6)}@mail.com"  # noqa: E731
COLUMNS = [
    ("direct", "name", full), ("direct", "nombre", lambda: R.choice(FIRST)), ("direct", "apellidos", lambda: R.choice(LAST)),
    ("direct", "first_name", lambda: R.choice(FIRST)), ("direct", "surname", lambda: R.choice(LAST)), ("direct", "col7", full),
    ("direct", "patient", full), ("direct", "nombre_paciente", full), ("direct", "email", MAIL), ("direct", "correo", MAIL),
    ("direct", "x1", MAIL), ("direct", "phone", PHONE), ("direct", "telefono", PHONE), ("direct", "movil", PHONE),
    ("direct", "dni", a_dni), ("direct", "documento", a_dni), ("direct", "v12", a_dni), ("direct", "nif", a_dni),
    ("direct", "ssn", lambda: f"{R.randrange(100, 600)}-{R.randrange(10, 99)}-{R.randrange(1000, 9999)}"),
    ("direct", "passport_number", lambda: "AB" + number(7)), ("direct", "pasaporte", lambda: "X" + number(8)),
    ("direct", "mrn", lambda: number(7)), ("direct", "nhc", lambda: number(6)), ("direct", "numero_historia", lambda: number(6)),
    ("direct", "patient_id", lambda: number(6)), ("direct", "customer_no", lambda: "C" + number(6)), ("direct", "id_cliente", lambda: number(6)),
    ("direct", "address", lambda: f"{R.randrange(1, 99)} {R.choice(LAST)} Street"), ("direct", "domicilio", lambda: f"Calle {R.choice(LAST)}, {R.randrange(1, 99)}"),
    ("direct", "ip_address", lambda: f"10.{R.randrange(255)}.{R.randrange(255)}.{R.randrange(1, 255)}"), ("direct", "user_name", lambda: "user" + number(5)),
    ("direct", "matricula", lambda: f"{number(4)} BCD"), ("direct", "url", lambda: f"https://x.org/{number(5)}"), ("direct", "mac", lambda: ":".join(f"{R.randrange(256):02x}" for _ in range(6))),
    ("direct", "fullName", full), ("direct", "policyNumber", lambda: "P" + number(7)),
    ("quasi", "age", lambda: R.randrange(18, 90)), ("quasi", "edad", lambda: R.randrange(18, 90)), ("quasi", "sex", lambda: R.choice("MF")),
    ("quasi", "genero", lambda: R.choice(["hombre", "mujer"])), ("quasi", "fecha_nacimiento", date), ("quasi", "dob", date), ("quasi", "birthDate", date),
    ("quasi", "zip", lambda: number(5)), ("quasi", "codigo_postal", lambda: "28" + f"{R.randrange(100):03d}"), ("quasi", "city", lambda: R.choice(["Madrid", "Paris", "Rome"])),
    ("quasi", "provincia", lambda: R.choice(["Soria", "Lugo"])), ("quasi", "country", lambda: R.choice(["Spain", "France", "Italy"])), ("quasi", "marital_status", lambda: R.choice(["single", "married", "widowed"])),
    ("quasi", "estado_civil", lambda: R.choice(["soltero", "casado"])), ("quasi", "race", lambda: R.choice(["White", "Black", "Asian"])), ("quasi", "occupation", lambda: R.choice(["clerk", "driver", "nurse"])),
    ("quasi", "nivel_estudios", lambda: R.choice(["primaria", "superior"])), ("quasi", "nacionalidad", lambda: R.choice(["española", "francesa"])),
    ("sensitive", "diagnosis", lambda: R.choice(["diabetes", "asthma", "flu"])), ("sensitive", "diagnostico", lambda: R.choice(["asma", "gripe", "otros"])), ("sensitive", "religion", lambda: R.choice(["a", "b"])),
    ("sensitive", "salary", lambda: R.randrange(10_000, 90_000)), ("sensitive", "ingresos", lambda: R.randrange(10_000, 90_000)), ("sensitive", "hiv_status", lambda: R.choice(["pos", "neg"])),
    ("sensitive", "c9", lambda: R.choice(["diabetes mellitus", "asthma", "breast cancer"])),
    ("text", "comments", words), ("text", "observaciones", words),
    ("", "price", lambda: round(R.random() * 90, 2)), ("", "quantity", lambda: R.randrange(9)), ("", "colour", lambda: R.choice(["red", "blue"])),
]  # fmt: skip


def category(name, make):
    dataset = tr.read({name: many(make)})
    found = find(dataset)
    for finding in found:
        if finding.where == "column":
            return finding.category
    return next((f.category for f in found), "")


def test_sixty_labelled_columns():
    judged = {(name, wanted): category(name, make) for wanted, name, make in COLUMNS}
    missed = [name for (name, wanted), found in judged.items() if wanted == "direct" and found != "direct"]
    wrong = [(name, wanted, found) for (name, wanted), found in judged.items() if wanted != found]
    assert len(judged) >= 60
    assert not missed
    assert len(wrong) <= 0.05 * len(judged), wrong


def test_what_a_name_says_is_doubted_when_values_cannot_be_that():
    assert category("mobile", lambda: R.choice(["yes", "no"])) != "direct"
    assert category("product_name", lambda: R.choice(["chair", "table", "lamp", "sofa"])) != "direct"
    assert category("card", lambda: R.choice(["gold", "silver"])) != "direct"


def test_inside_text_every_kind_is_counted_and_no_value_is_kept():
    texts = [
        "Call Ana Ruiz on 612 345 678",
        "nothing here at all today",
        "write to ana.ruiz@uni.es or Ana Ruiz please",
    ] * 10
    texts = [f"{place}: {text}" for place, text in enumerate(texts)]
    found = {f.kind: f for f in find(tr.read({"note": texts})) if f.where == "text"}
    assert found["person"].count == 20 and found["phone"].count == 10 and found["email"].count == 10
    assert found["person"].share == pytest.approx(2 / 3)
    row, start, end = found["person"].places[0]
    assert texts[row][start:end] == "Ana Ruiz"
    assert "Ruiz" not in str([each.to_dict() for each in found.values()])
    assert Finding.from_dict(found["person"].to_dict()) == found["person"]


def test_roles_are_proposed_and_never_taken_back():
    dataset = tr.read(
        {"age": [30, 40, 50], "city": ["Rome", "Paris", "Rome"], "name": ["Ana Ruiz", "Luis Gil", "Eva Sanz"]}
    )
    dataset = dataset.with_role("age", "target")
    findings = find(dataset)
    assert roles_proposed(findings)[("data", "age")] == "quasi-identifier"
    schema = with_roles(dataset, findings).only.schema
    assert (schema["age"].role, schema["city"].role, schema["name"].role) == (
        "target",
        "quasi-identifier",
        "identifier",
    )


def test_a_role_that_a_person_gave_is_a_finding():
    dataset = tr.read({"c1": ["a", "b", "a", "b"]}).with_role("c1", "sensitive")
    assert judge(dataset.only.schema["c1"], dataset.rows["c1"])[0] == "sensitive"


def test_keys_of_other_tables_name_people_too():
    people = tr.read({"person_id": [1, 2, 3], "age": [20, 30, 40]}).only
    visits = tr.read({"visit": [7, 8, 9], "person_id": [1, 1, 2]}).only
    from dataclasses import replace

    from trasunto.data.dataset import Table
    from trasunto.data.schema import ForeignKey, Schema

    visits = Table(
        replace(visits.schema, foreign_keys=(ForeignKey(("person_id",), "people", ("person_id",)),)), visits.rows
    )
    dataset = Dataset(Schema({"people": people.schema, "visits": visits.schema}), {"people": people, "visits": visits})
    assert ("visits", "person_id") in {(f.table, f.column) for f in find(dataset) if f.category == "direct"}


def test_an_empty_column_is_none():
    assert not find(Dataset.of(tr.read(pl.DataFrame({"name": [None, None], "x": [1.5, 2.5]})).only))
