"""Every kind, and every reason that is given for one, is told in Spanish."""

import polars as pl
import pytest

import trasunto as tr
from trasunto.data.dataset import Dataset
from trasunto.data.schema import ForeignKey
from trasunto.privacy.identifiers import find
from trasunto.privacy.identifiers_words import TABLES
from trasunto.privacy.recognize import RECOGNIZERS
from trasunto.reports.finding_words import KINDS, kind_told, reason_told

NAMES = ["Ana Ruiz", "Luis Gil", "María Sanz", "Pedro Díaz", "Lucía Vega", "Carlos Moreno"]
MAILS = [f"a{place}@x.es" for place in range(6)]
COLUMNS = {
    "name": NAMES,
    "whom": NAMES,
    "first": ["Ana", "Luis", "María", "Pedro", "Lucía", "Carlos"],
    "surname": ["Ruiz", "Gil", "Sanz", "Díaz", "Vega", "Moreno"],
    "contact": MAILS,
    "host": [f"10.0.0.{place}" for place in range(6)],
    "page": [f"https://www.x.es/{place}" for place in range(6)],
    "line": [f"+34 91 234 56 {place}{place}" for place in range(10, 16)],
    "papers": ["12345678Z", "87654321X", "11111111H", "22222222J", "33333333P", "44444444A"],
    "age": [31, 45, 27, 60, 38, 52],
    "zip": ["SW1A 1AA", "M1 1AE", "B33 8TH", "CR2 6XH", "DN55 1PT", "EC1A 1BB"],
    "where": ["SW1A 1AA", "M1 1AE", "B33 8TH", "CR2 6XH", "DN55 1PT", "EC1A 1BB"],
    "found": ["asthma", "cancer", "asma", "flu", "diabetes", "lupus"],
    "code": ["J45", "C50", "E11", "I10", "F32", "G40"],
    "status": ["single", "married", "single", "widowed", "married", "single"],
    "came": pl.Series(
        ["2020-01-02", "2020-03-04", "2021-05-06", "2022-01-01", "2023-02-02", "2024-03-03"]
    ).str.to_date(),
    "note": [f"Call {name} on 612 345 67{place} or write to {MAILS[place]}." for place, name in enumerate(NAMES)],
}


def test_every_reason_has_a_form():
    rows = pl.DataFrame({name: list(values) * 5 for name, values in COLUMNS.items()})
    data = tr.read(rows, name="people")
    found = find(data)
    reasons = {each.reason for each in found}
    assert len({reason.split("of the different")[-1] for reason in reasons}) > 8
    assert not [reason for reason in reasons if reason_told(reason, "es") == reason]
    assert all(reason_told(reason, "en") == reason for reason in reasons)


def test_a_key_to_another_table_is_told():
    home = tr.read(pl.DataFrame({"town": list(range(30))}), name="towns").only
    rows = tr.read(pl.DataFrame({"town": list(range(30)), "n": [1.5, 2.5] * 15}), name="visits").only
    key = ForeignKey(("town",), "towns", ("town",))
    linked = type(rows)(type(rows.schema)(rows.schema.columns, (), (key,)), rows.rows)
    found = find(Dataset.holding({"towns": home, "visits": linked}))
    reasons = [each.reason for each in found if each.table == "visits" and each.column == "town"]
    assert reasons and all(reason_told(reason, "es") != reason for reason in reasons)


def test_every_kind_has_a_word():
    kinds = {kind for table in TABLES.values() for kind, _ in table} | {each.kind for each in RECOGNIZERS}
    assert not kinds - set(KINDS)
    assert (
        kind_told("date_of_birth", "es") == "fecha de nacimiento"
        and kind_told("date_of_birth", "en") == "date of birth"
    )


@pytest.mark.parametrize(
    ("english", "spanish"),
    [
        ("The name says date of birth.", "Lo dice el nombre de la columna (fecha de nacimiento)."),
        ("The name says person, and 1,234 values differ.", "Lo dice el nombre de la columna (nombre de persona), y hay 1.234 valores distintos."),
        ("87% of the different values pass the check of a dni.", "El 87 % de los valores distintos pasan la comprobación: DNI."),
        ("A person wrote this.", "A person wrote this."),
    ],
)  # fmt: skip
def test_reasons_are_told_by_their_form(english, spanish):
    assert reason_told(english, "es") == spanish
