"""Conditions as text: what goes together, and what is refused by name before any row is asked."""

import polars as pl
import pytest

from trasunto.data.expressions import parse
from trasunto.data.schema import Column, Format, TableSchema
from trasunto.errors import SchemaError

SCHEMA = TableSchema(
    (
        Column("sex", "integer"),
        Column("hired", "boolean", format=Format(true="Yes", false="No")),
        Column("city", "category"),
        Column("when", "datetime"),
        Column("code", "id"),
        Column("pay", "number"),
    )
)


@pytest.mark.parametrize(
    "text",
    ["sex == 'F'", "sex in ['F']", "city > 3", "pay + city == 1", "year(pay) == 3", "city and hired", "-city > 1"],
)
def test_a_number_beside_a_text_is_refused_by_name(text):
    with pytest.raises(SchemaError, match="does not fit its columns") as caught:
        parse(text, SCHEMA)
    assert "is of kind" in caught.value.next_move


@pytest.mark.parametrize(
    "text", ["code == 3", "code == 'a'", "sex == 1.5", "pay is None", "year(when) == 2000", "1 == 1"]
)
def test_what_goes_together_is_read(text):
    assert parse(text, SCHEMA).text == text


def test_a_boolean_is_asked_for_as_it_is_written():
    rows = pl.DataFrame({"hired": [True, False, None]})
    assert parse("hired == 'Yes'", SCHEMA).holds(rows).to_list() == [True, False, False]
    assert parse("hired in ['no']", SCHEMA).holds(rows).to_list() == [False, True, False]
    assert parse("hired != 'true'", SCHEMA).holds(rows).to_list() == [False, True, False]
    with pytest.raises(SchemaError, match="no value of 'hired'") as caught:
        parse("hired == 'maybe'", SCHEMA)
    assert caught.value.next_move == "It is 'Yes' or 'No'."
