"""Documents are read whole: every fault in one message, before anything is drawn."""

import json

import pytest

from trasunto.errors import FileError, RecipeError
from trasunto.rules.document import load_rules, read_rules
from trasunto.synthesizers.rules import Rules

ONE = {"columns": {"a": {"constant": 1}}}


def test_all_faults_come_at_once():
    with pytest.raises(RecipeError) as caught:
        read_rules({"columns": {"a": {"intger": [1, 2]}, "b": {"integer": [5, 1]}, "c": {"regex": "a*"}}})
    told = str(caught.value)
    assert all(f"Column {name!r}" in told for name in "abc") and "Did you mean 'integer'" in told


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ([1], "Rules are a mapping, not list"),
        ({}, "Rules need `columns`"),
        ({"columns": {}}, "Rules need `columns`"),
        ({"colums": {}}, "Did you mean 'columns'"),
        ({"columns": {"a": None}}, "its rule is None"),
        ({"columns": {"": {"constant": 1}}}, "Give it a name"),
        ({"columns": {"a": {"integer": [1, 2], "number": [1, 2]}}}, "it has the rules integer and number. Keep one"),
        ({"columns": {"a": {"integer": [1, 2], "stp": 1}}}, "integer takes no 'stp'. Did you mean 'step'"),
        ({"columns": {"a": {"integer": [1, 2], "missing": 2}}}, "the share of missing values"),
        ({"columns": {"a": {"integer": [1, 2], "role": "targt"}}}, "Did you mean 'target'"),
        ({"columns": {"a": {"integer": [1, 2], "unique": "no"}}}, "Write true or false"),
        ({"columns": {"a": {"constant": 1, "hidden": True}}}, "All columns are hidden"),
        ({"columns": {"a": {"boolean": 0.5, "unique": True}}}, "cannot be counted"),
        ({**ONE, "primary_key": "z"}, "names no column 'z'"),
        ({**ONE, "primary_key": "a"}, "can repeat or be missing"),
        ({**ONE, "primary_key": 5}, "Give the name of a column"),
        ({**ONE, "today": "soon"}, "Write it as 2026-01-31"),
        ({**ONE, "calendars": [1]}, "Write a mapping of names"),
        ({**ONE, "calendars": {"x": {"dayz": 1}}}, "Did you mean 'days'"),
        ({**ONE, "people": [1]}, "Write a mapping of names"),
    ],
)
def test_refuses_and_says_why(document, told):
    with pytest.raises(RecipeError, match=told):
        read_rules(document)


def test_a_file_is_yaml_or_json(tmp_path):
    (tmp_path / "r.json").write_text(json.dumps(ONE))
    (tmp_path / "r.yaml").write_text("columns: {a: {constant: 1}}")
    assert load_rules(tmp_path / "r.json") == load_rules(tmp_path / "r.yaml") == ONE
    (tmp_path / "bad.yaml").write_text("columns: [")
    (tmp_path / "text.yaml").write_text("just text")
    for name, told in (("bad.yaml", "not valid YAML"), ("text.yaml", "no mapping"), ("none.yaml", "cannot be read")):
        with pytest.raises(FileError, match=told):
            load_rules(tmp_path / name)


def test_columns_know_their_kind_role_bounds_and_categories():
    schema = Rules.of(
        {
            "primary_key": "n",
            "columns": {
                "n": {"sequence": 1, "format": "C-{:04}"},
                "c": {"choices": ["a", "b"], "role": "target"},
                "i": {"integer": [1, 9], "missing": 0.1},
                "d": {"date": ["2020-01-01", "2020-02-01"]},
                "h": {"integer": [1, 2], "hidden": True},
                "p": {"person": "email"},
            },
        }
    ).schema.only
    assert schema.names == ("n", "c", "i", "d", "p") and schema.primary_key == ("n",)
    assert [column.kind for column in schema.columns] == ["id", "category", "integer", "datetime", "text"]
    assert schema["c"].categories == ("a", "b") and schema["c"].role == "target" and not schema["c"].nullable
    assert schema["i"].bounds == (1, 9) and schema["i"].nullable
    assert schema["d"].format.date_only and schema["p"].role == "identifier"
    assert all(column.declared for column in schema.columns)


def test_columns_may_stand_in_any_order():
    found = Rules.of({"columns": {"y": {"expression": "x + 1"}, "x": {"integer": [1, 9]}}}).sample(20, seed=0).rows
    assert found.columns == ["y", "x"] and (found["y"] == found["x"] + 1).all()


def test_expressions_see_what_is_under_a_gap():
    columns = {"x": {"integer": [1, 9], "missing": 0.5}, "y": {"expression": "x * 2"}}
    found = Rules.of({"columns": columns}).sample(200, seed=0).rows
    assert found["x"].null_count() > 50 and found["y"].null_count() == 0
