"""Why a column is what it is, why a rule is proposed and what breaks a schema, told in Spanish."""

import datetime

import polars as pl
import pytest

import trasunto as tr
from trasunto.data.check import check
from trasunto.data.dataset import Dataset, Table
from trasunto.data.discover import discovered
from trasunto.data.schema import ROLES, ForeignKey
from trasunto.reports.column_words import breach_told, role_told, why_told

STORED = pl.DataFrame(
    {
        "flag": [True, False] * 15,
        "count": [3, 1, 2] * 10,
        "decimal": [0.5, 1.25, 3.5] * 10,
        "whole": [1.0, 2.0, 4.0] * 10,
        "lasting": [datetime.timedelta(seconds=n) for n in range(30)],
        "day": [datetime.date(2020, 1, 1 + n) for n in range(30)],
        "moment": [datetime.datetime(2020, 1, 1 + n, 5) for n in range(30)],
        "hour": [datetime.time(n % 24, 30) for n in range(30)],
        "none": [None] * 30,
        "number": list(range(1, 31)),
    }
)
WRITTEN = pl.DataFrame(
    {
        "n_id": [str(7 * n) for n in range(1, 31)],
        "money": [f"€ {n}.000,50" for n in range(1, 31)],
        "half": [f"{n}.50" for n in range(30)],
        "loose": [f"{n}.5" if n % 2 else f"{n}.25" for n in range(30)],
        "padded": [f"{n}.0" for n in [4, 2] * 15],
        "date": [f"0{1 + n % 9}/0{1 + n % 8}/2020" for n in range(30)],
        "yes": ["yes", "no"] * 15,
        "note": [f"this is the note of number {n} and more" for n in range(30)],
        "hour": [f"1{n % 10}:3{n % 6}" for n in range(30)],
        "code": [f"A{n}x" for n in range(30)],
        "digits": ["007", "012"] * 15,
        "far": [str(2**70 + n % 3) for n in range(30)],
        "same": ["a"] * 30,
        "town": ["a", "b", "c"] * 10,
        "mail": [f"a{n}@x.es" for n in range(30)],
        "surname": [f"Ruiz {n}" for n in range(30)],
        "record": ['{"a": 1}', '{"a": 2}'] * 15,
        "talk": ['[{"role": "user", "content": "hi"}]'] * 30,
    }
)


@pytest.mark.parametrize("rows", [STORED, WRITTEN], ids=["stored", "written"])
def test_every_reason_of_a_column_has_a_form(rows):
    columns = tr.read(rows, name="t").only.schema.columns
    assert {c.name for c in columns} == set(rows.columns)
    assert not [c.reason for c in columns if why_told(c.reason, "es") == c.reason]
    assert all(why_told(c.reason, "en") == c.reason for c in columns)


def test_rules_that_are_found_are_told():
    count = 200
    rows = pl.DataFrame(
        {
            "a": [5 * (n % 17) + 5 for n in range(count)],
            "b": [3.5 + n % 7 for n in range(count)],
            "kind": ["x", "y", "z", "w"] * (count // 4),
            "group": ["p", "q", "p", "r"] * (count // 4),
            "gone": [None if n % 4 == 0 else float(n % 9) for n in range(count)],
            **{f"on_{each}": [int(n % 3 == each) for n in range(count)] for each in range(3)},
        }
    ).with_columns(total=pl.col("a") + pl.col("b"))
    found = discovered(tr.read(rows, name="t").only)
    assert len({each.rule.partition("(")[0] for each in found}) > 3
    assert not [each.reason for each in found if why_told(each.reason, "es") == each.reason]


@pytest.mark.parametrize(
    ("english", "spanish"),
    [
        ("Every value is a whole number, each once, and they count up: an identifier.", "Todos los valores son números enteros, cada uno una sola vez, y van contando: un identificador."),
        ("Every value is a number with 2 decimals, written with prefix '€ ', thousands mark '.', decimal mark ','.", "Todos los valores son números con 2 decimales, escritos con prefijo '€ ', separador de miles '.', separador decimal ','."),
        ("1,234 different values among 5,678. It is named for a.b, and all its values stand there: a foreign key.", "1.234 valores distintos entre 5.678. Se llama como a.b, y todos sus valores están allí: una clave ajena."),
        ("Every value is a date written %d/%m/%Y. Day and month could be the other way round; day first is taken.", "Todos los valores son fechas escritas %d/%m/%Y. El día y el mes podrían ir al revés; se toma primero el día."),
        ("Times of day: 1,024 different ones among 2,000.", "Horas del día: 1.024 distintas entre 2.000."),
        ("Kept by 1,000 of 1,001 steps, of which 40 move.", "La cumplen 1.000 de 1.001 pasos, de los que 40 cambian."),
        ("It is stored as varchar(20). 3 different values among 90.", "Está guardado como varchar(20). 3 valores distintos entre 90."),
        ("Comment: how we call them", "Comment: how we call them"),
        ("", ""),
    ],
)  # fmt: skip
def test_reasons_are_told_by_their_form(english, spanish):
    assert why_told(english, "es") == spanish


def test_every_role_has_a_word():
    assert all(role_told(role, "en") == role for role in ROLES)
    assert len({role_told(role, "es") for role in ROLES}) == len(ROLES) and role_told("", "es") == ""


def test_breaches_are_told():
    child = tr.read(pl.DataFrame({"town": [1, 2, 9], "n": [1, None, 3], "word": ["a", "b", "c"]}), name="visits").only
    home = tr.read(pl.DataFrame({"town": [1, 2, 2]}), name="towns").only
    columns = tuple(
        {"n": lambda c: _with(c, nullable=False, bounds=(0, 2)), "word": lambda c: _with(c, categories=("a", "b"))}.get(
            c.name, lambda c: c
        )(c)
        for c in child.schema.columns
    )
    key = ForeignKey(("town",), "towns", ("town",))
    data = Dataset.holding({"visits": Table(type(child.schema)(columns, (), (key,)), child.rows), "towns": home})
    found = check(data)
    told = [breach_told(b.table, b.column, b.count, b.rule, b.rows, "es") for b in found]
    assert "visits.n: 1 valores ausentes (filas 1)" in told and "visits.n: 1 valores fuera de 0 a 2 (filas 2)" in told
    assert "visits.town: 1 referencias a ninguna fila de towns (filas 2)" in told and len(told) == 5
    assert not [each for each in told if "rows" in each or "values" in each]
    assert [breach_told(b.table, b.column, b.count, b.rule, b.rows, "en") for b in found] == [b.message for b in found]


def _with(column, **changed):
    from dataclasses import replace

    return replace(column, **changed)
