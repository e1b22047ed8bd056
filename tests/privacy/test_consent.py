"""Rows without consent and columns the purpose does not need are left out, with all that refers to them."""

from dataclasses import replace

import pytest

import trasunto as tr
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Constraint, ForeignKey, Schema
from trasunto.errors import EmptyDataError, RecipeError, SchemaError
from trasunto.privacy.consent import ConsentRecord, ConsentRule, consented, dropped


def people():
    return tr.read(
        {
            "person": [1, 2, 3, 4],
            "age": [20, 30, 40, 50],
            "ok": ["Sí", "no", None, "si"],
            "uses": ["care; research", "care", "research", "Research|care"],
        }
    )


def related():
    root = people().only
    visits = tr.read({"visit": [10, 11, 12], "person": [1, 2, 4], "cost": [5, 6, 7]}).only
    schema = replace(visits.schema, foreign_keys=(ForeignKey(("person",), "people", ("person",)),))
    tables = {"people": root, "visits": Table(schema, visits.rows)}
    return Dataset(Schema({name: table.schema for name, table in tables.items()}), tables)


def test_rows_without_consent_go_and_so_does_what_refers_to_them():
    made, record = consented(related(), ConsentRule("ok"))
    assert made.tables["people"].rows["person"].to_list() == [1, 4]
    assert made.tables["visits"].rows["person"].to_list() == [1, 4]
    assert record.rows_excluded == {"people": 2, "visits": 1}
    document = record.to_dict()
    assert (document["rows_before"], document["rows_excluded"]) == (7, 3)
    assert ConsentRecord.from_dict(document) == record


def test_a_purpose_is_one_of_those_a_person_agreed_to():
    rule = ConsentRule(purposes="uses", columns={"age": ("care",)})
    made, record = consented(people(), rule, "research")
    assert made.rows["person"].to_list() == [1, 3, 4] and "age" not in made.only.schema
    assert record.columns_excluded == ("age",)
    assert "age" in consented(people(), rule, "care")[0].only.schema
    with pytest.raises(RecipeError, match="no purpose is stated"):
        consented(people(), rule)


def test_yaml_reads_yes_as_true_and_means_yes():
    assert len(consented(people(), ConsentRule("ok", ("true",)))[0]) == 2


def test_clear_errors():
    with pytest.raises(SchemaError, match="'okay'") as error:
        consented(people(), ConsentRule("okay"))
    assert "'ok'" in error.value.next_move
    with pytest.raises(EmptyDataError, match="has consent"):
        consented(people(), ConsentRule("ok", ("maybe",)))
    with pytest.raises(SchemaError, match="stands in"):
        consented(related(), ConsentRule("person"))
    with pytest.raises(SchemaError, match="No table"):
        consented(related(), ConsentRule("ok", table="peple"))


def test_a_table_without_a_column_keeps_no_rule_on_it():
    table = people().only
    table = Table(replace(table.schema, constraints=(Constraint("age >= 18"), Constraint("person > 0"))), table.rows)
    left = dropped(table, ("age",))
    assert [each.rule for each in left.schema.constraints] == ["person > 0"]
    with pytest.raises(EmptyDataError):
        dropped(table, tuple(table.schema.names))
