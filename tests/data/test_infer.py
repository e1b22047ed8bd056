"""What a column is thought to be, and that its values come back as they were written."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trasunto.data.edges import to_text
from trasunto.data.infer import infer
from trasunto.data.schema import Column, TableSchema
from trasunto.errors import DataError, SchemaError

CASES = {
    "whole numbers": (["1", "-2", "30"], "integer"),
    "numbers": (["1.5", "2", "3.25"], "number"),
    "money": (["$1,234.50", "$12.00", "$0.99"], "number"),
    "euro": (["1.234,50 €", "12,00 €", "0,99 €"], "number"),
    "decimal comma": (["1,5", "2,25", "10,125"], "number"),
    "decimal comma, three decimals": (["0,238", "-1,234", "5,000"], "number"),
    "sign before the currency": (["-$1,234.50", "$12.00", "$0.99"], "number"),
    "sign after the currency": (["$-5.25", "$12.00"], "number"),
    "points are thousands of money": (["€ 1.000", "€ 12"], "integer"),
    "spaces that do not break": (["1\u00a0234,50\u00a0€", "12,00\u00a0€"], "number"),
    "narrow spaces": (["1\u202f234,5", "3,5"], "number"),
    "Swiss": (["1’234.50", "2.00"], "number"),
    "named currency": (["EUR 1.50", "EUR 12.00", "EUR 7.25"], "number"),
    "codes with a letter": (["A1", "A17", "A3"], "category"),
    "percent": (["10%", "12%", "7%"], "integer"),
    "integers as floats": (["1.0", "2.0", "30.0"], "integer"),
    "iso dates": (["2020-01-31", "1999-12-01", "9999-12-31"], "datetime"),
    "day first": (["31/01/2020", "01/02/2020", "15/03/2021"], "datetime"),
    "month first": (["01/31/2020", "02/01/2020", "03/15/2021"], "datetime"),
    "short dates": (["1/2/2020", "15/3/2021", "7/11/2020"], "datetime"),
    "two-digit years": (["31-01-20", "15-06-99", "01-02-03"], "datetime"),
    "month names": (["3 Jan 2020", "15 Feb 2021", "31 Dec 1999"], "datetime"),
    "time of day": (["2020-01-31 23:59:59", "2021-06-01 00:00:00", "2020-02-29 12:30:15"], "datetime"),
    "morning and afternoon": (["01/31/2020 03:15 PM", "02/01/2020 11:00 AM"], "datetime"),
    "unpadded hours": (["5/1/2020 3:15 PM", "12/31/2020 12:00 AM"], "datetime"),
    "hours of one digit": (["2020-01-02 3:15", "2020-01-02 13:15"], "datetime"),
    "times of day": ([f"{i % 24:02}:{i % 60:02}:{(7 * i) % 60:02}" for i in range(60)], "datetime"),
    "minutes of a day": (["09:05", "23:59", "00:00"], "datetime"),
    "hours unpadded": (["9:05", "23:59", "0:00"], "datetime"),
    "hours of halves of a day": (["3:15 PM", "11:00 AM"], "datetime"),
    "split seconds": (["10:30:01.250", "23:59:59.999"], "datetime"),
    "hours beyond a day": (["10:30", "24:10"], "category"),
    "times of day in two ways": ([f"{i % 24:02}:{i % 60:02}{':30' if i % 2 else ''}" for i in range(60)], "category"),
    "with zone": (["2020-01-31T23:59:59Z", "2021-06-01T00:00:00Z", "2020-02-29T12:30:15Z"], "datetime"),
    "yes and no": (["yes", "no", "yes"], "boolean"),
    "sí y no": (["Sí", "No", "Sí"], "boolean"),
    "TRUE": (["TRUE", "FALSE", "TRUE"], "boolean"),
    "leading zeros": (["00123", "04567", "00001"], "category"),
    "words": (["red", "blue", "red"], "category"),
    "beyond 64 bits": (["12345678901234567890123", "98765432109876543210987", "1"], "category"),
    "numbers and words": (["1", "two", "3"], "category"),
    "right to left": (["شكرا", "مرحبا", "شكرا"], "category"),
}


@pytest.mark.parametrize("case", CASES)
def test_kinds_are_found_and_values_come_back_as_written(case):
    written, kind = CASES[case]
    table = infer(pl.DataFrame({"x": written}))
    column = table.schema["x"]
    assert column.kind == kind, column.reason
    assert column.reason
    assert to_text(table)["x"].to_list() == written


def test_moments_of_several_zones_are_turned_to_utc():
    written = ["2023-01-01T00:03:00+01:00", "2023-07-01T00:03:00+0200", "2023-01-01T00:03:00Z"]
    table = infer(pl.DataFrame({"x": written}))
    assert table.schema["x"].kind == "datetime"
    assert "several time zones" in table.schema["x"].reason
    assert [str(each) for each in table.rows["x"]] == [
        "2022-12-31 23:03:00",
        "2023-06-30 22:03:00",
        "2023-01-01 00:03:00",
    ]
    again = infer(to_text(table), schema=table.schema)
    assert to_text(table)["x"].to_list()[1] == "2023-06-30T22:03:00+00:00"
    assert again.rows.equals(table.rows)


@pytest.mark.parametrize("mark", ["", "NA", "N/A", "null", "NaN", "?"])
def test_a_missing_value_is_null_and_comes_back_in_its_spelling(mark):
    table = infer(pl.DataFrame({"x": ["1", mark, "3"], "c": ["a", "b", mark]}))
    assert table.schema["x"].kind == "integer"
    assert table.schema["x"].nullable
    assert table.rows["x"].null_count() == table.rows["c"].null_count() == 1
    assert to_text(table)["x"].to_list() == ["1", mark, "3"]
    assert to_text(table)["c"].to_list() == ["a", "b", mark]


def test_a_dash_is_missing_among_numbers_and_a_word_among_words():
    table = infer(pl.DataFrame({"x": ["1", "-", "3"], "c": ["a", "-", "b"]}))
    assert table.rows["x"].null_count() == 1
    assert table.rows["c"].null_count() == 0


def test_constant_and_empty_columns_are_told_as_such():
    table = infer(pl.DataFrame({"same": ["x"] * 4, "empty": [""] * 4}))
    assert "same" in table.schema["same"].reason
    assert "missing" in table.schema["empty"].reason
    assert table.rows["empty"].null_count() == 4


def test_free_text_is_told_from_categories_and_identifiers():
    texts = [f"The patient number {i} came in with a cough and went home" for i in range(60)]
    codes = [f"P-{i:05d}x" for i in range(60)]
    table = infer(pl.DataFrame({"note": texts, "code": codes, "ward": ["A", "B", "C"] * 20}))
    assert table.schema["note"].kind == "text"
    assert (table.schema["code"].kind, table.schema["code"].role) == ("id", "identifier")
    assert table.schema["ward"].kind == "category"


def test_keys_are_found():
    table = infer(pl.DataFrame({"patient_id": ["7", "3", "9"], "age": ["50", "50", "60"]}))
    assert table.schema.primary_key == ("patient_id",)
    assert table.schema["patient_id"].kind == "id"


def test_e_mail_addresses_and_names_are_identifiers():
    people = [f"person{i}@example.org" for i in range(30)]
    names = [f"Name{i} Surname{i}" for i in range(30)]
    table = infer(pl.DataFrame({"contact": people, "name": names}))
    assert table.schema["contact"].role == table.schema["name"].role == "identifier"


def test_infinities_are_refused_by_name():
    with pytest.raises(DataError, match="'x' holds 1 infinite value"):
        infer(pl.DataFrame({"x": ["1.5", "inf", "2.5"]}))
    with pytest.raises(DataError, match="'x' holds 1 infinite value"):
        infer(pl.DataFrame({"x": [1.5, float("inf")]}))


def test_a_million_different_values_are_taken_in_seconds():
    table = infer(pl.DataFrame({"x": pl.int_range(1_000_000, eager=True).cast(pl.String)}))
    assert len(table) == 1_000_000


def test_a_given_schema_wins_and_must_fit():
    schema = TableSchema((Column("code", "category", declared=True), Column("n", "number")))
    table = infer(pl.DataFrame({"n": ["1", "2"], "code": ["7", "8"]}), schema=schema)
    assert table.schema is schema
    assert table.rows["code"].to_list() == ["7", "8"]
    with pytest.raises(SchemaError, match="'code'"):
        infer(pl.DataFrame({"n": ["1"], "cod": ["7"]}), schema=schema)
    with pytest.raises(DataError, match="not of kind number"):
        infer(pl.DataFrame({"n": ["one"], "code": ["7"]}), schema=schema)


@given(st.lists(st.integers(-(2**62), 2**62), min_size=1, max_size=30))
def test_any_whole_numbers_come_back(values):
    written = [str(value) for value in values]
    assert to_text(infer(pl.DataFrame({"x": written})))["x"].to_list() == written


@given(st.lists(st.decimals(-(10**9), 10**9, places=2), min_size=1, max_size=30))
def test_any_amounts_come_back(values):
    written = [f"{value:.2f}" for value in values]
    table = infer(pl.DataFrame({"x": written}))
    expected = ["0.00" if text == "-0.00" else text for text in written]
    assert [text.replace("-0.00", "0.00") if text == "-0.00" else text for text in to_text(table)["x"]] == expected


@given(
    st.lists(
        st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=12), min_size=1, max_size=20
    )
)
def test_any_words_come_back(values):
    table = infer(pl.DataFrame({"x": values}))
    if table.schema["x"].kind in ("category", "text", "id") and table.rows["x"].null_count() == 0:
        assert to_text(table)["x"].to_list() == values
