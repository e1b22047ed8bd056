"""Every breach of a schema at once, with row numbers."""

import polars as pl
import pytest

from trasunto.data.check import check, require
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, Constraint, ForeignKey, Schema, TableSchema
from trasunto.errors import BreachError, SchemaError


def test_every_breach_is_told_with_its_rows():
    schema = TableSchema(
        (
            Column("id", "id", False),
            Column("age", "integer", False, bounds=(0, 120)),
            Column("sex", "category", categories=("f", "m")),
        ),
        primary_key=("id",),
    )
    rows = pl.DataFrame({"id": ["a", "b", "b"], "age": [10, None, 300], "sex": ["f", "x", None]})
    dataset = Dataset.of(Table(schema, rows))
    found = {(breach.column, breach.rule): breach.rows for breach in check(dataset)}
    assert found == {
        ("age", "missing values"): (1,),
        ("age", "values outside 0 to 120"): (2,),
        ("sex", "values outside the categories"): (1,),
        ("id", "repeated keys"): (1, 2),
    }
    with pytest.raises(BreachError) as caught:
        require(dataset)
    assert len(caught.value.breaches) == 4
    assert "data.age: 1 missing values (rows 1)" in str(caught.value)


def test_rows_without_a_parent_are_found():
    parent = TableSchema((Column("p", "id"),), primary_key=("p",))
    child = TableSchema((Column("p", "id"),), foreign_keys=(ForeignKey(("p",), "parents", ("p",)),))
    schema = Schema({"parents": parent, "children": child})
    tables = {
        "parents": Table(parent, pl.DataFrame({"p": ["a", "b"]})),
        "children": Table(child, pl.DataFrame({"p": ["a", "z", None]})),
    }
    (breach,) = check(Dataset(schema, tables))
    assert (breach.rule, breach.rows) == ("references to no row of parents", (1,))


def test_good_rows_have_no_breach():
    schema = TableSchema((Column("n", "integer", bounds=(0, 5)),))
    require(Dataset.of(Table(schema, pl.DataFrame({"n": [0, 5, None]}))))


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"tables": {"t": {"columns": [{"name": "a", "kind": "integr"}]}}}, "'integer'"),
        ({"tables": {"t": {"columns": [{"name": "a", "kind": "integer", "rol": "target"}]}}}, "'role'"),
        ({"tables": {"t": {"columns": [{"kind": "integer"}]}}}, "no 'name'"),
        ({"tables": {"t": {"columns": [{"name": "a", "kind": "id"}, {"name": "a", "kind": "id"}]}}}, "Two columns"),
        ({"tables": {"t": {"columns": [], "primary_key": ["x"]}}}, "'x'"),
        ({"tables": {}}, "needs `tables`"),
        ([], "Expected a mapping"),
    ],
)
def test_a_schema_that_contradicts_itself_is_refused(document, words):
    with pytest.raises(SchemaError, match=words):
        Schema.from_dict(document)


@pytest.mark.parametrize("name", ["schema.json", "schema.yaml"])
def test_a_schema_is_written_and_read(tmp_path, name):
    schema = Schema(
        {
            "t": TableSchema(
                (Column("a", "integer", bounds=(0, 9), declared=True), Column("é", "category", categories=("x", "y"))),
                primary_key=("a",),
                sequence=("a", "é"),
                constraints=(Constraint("a > 0"), Constraint("a >= 0", False, 1.0, "Seen in every row.")),
            )
        }
    )
    schema.save(tmp_path / name)
    assert Schema.load(tmp_path / name) == schema
