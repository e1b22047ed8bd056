"""The graph of a schema: orders, paths, cycles, and where references lead."""

import polars as pl
import pytest

from trasunto.data import relations
from trasunto.data.check import check
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, ForeignKey, Schema, TableSchema
from trasunto.errors import BreachError, SchemaError


def table(columns, key=(), keys=(), nullable=(), **more):
    """columns: names of ids; keys: (columns, table, references)."""
    made = tuple(Column(name, "id", name in nullable) for name in columns.split())
    return TableSchema(made, tuple(key), tuple(ForeignKey(tuple(a), b, tuple(c)) for a, b, c in keys), **more)


BANK = Schema(
    {
        "card": table("card disp", ["card"], [(["disp"], "disp", ["disp"])]),
        "disp": table(
            "disp client account",
            ["disp"],
            [(["client"], "client", ["client"]), (["account"], "account", ["account"])],
        ),
        "client": table("client district", ["client"], [(["district"], "district", ["district"])]),
        "account": table("account district", ["account"], [(["district"], "district", ["district"])]),
        "district": table("district", ["district"]),
    }
)


def test_parents_come_before_children():
    made = relations.order(BANK)
    assert sorted(made) == sorted(BANK.tables)
    assert all(made.index(link.parent) < made.index(link.child) for link in relations.links(BANK))
    assert relations.roots(BANK) == ("district",)
    assert [link.child for link in relations.children(BANK, "district")] == ["client", "account"]
    assert [link.parent for link in relations.parents(BANK, "disp")] == ["client", "account"]
    assert set(relations.descendants(BANK, "account")) == {"disp", "card"}


def test_paths_of_keys_are_found():
    assert len(relations.hops(BANK, 1)) == 5
    two = {(path[0].child, path[-1].parent) for path in relations.hops(BANK, 2)}
    assert two == {("card", "client"), ("card", "account"), ("disp", "district")}
    three = [tuple(link.child for link in path) for path in relations.hops(BANK, 3)]
    assert sorted(three) == [("card", "disp", "account"), ("card", "disp", "client")]
    assert relations.hops(BANK, 4) == ()


def test_a_cycle_that_may_be_open_is_closed_last():
    def company(nullable):
        return Schema(
            {
                "department": table("d head", "d", [(["head"], "employee", ["e"])], nullable),
                "employee": table("e d boss", "e", [("d", "department", "d"), (["boss"], "employee", "e")], ["boss"]),
            }
        )

    (closing,) = relations.late(company(["head"]))
    assert str(closing) == "department.head → employee"
    assert relations.order(company(["head"])) == ("department", "employee")
    assert relations.roots(company(["head"])) == ("department",)
    with pytest.raises(SchemaError, match="department, employee form a cycle of keys"):
        relations.order(company([]))
    rows = {"department": pl.DataFrame({"d": ["a"], "head": ["x"]})}
    rows["employee"] = pl.DataFrame({"e": ["x"], "d": ["a"], "boss": [None]}, schema_overrides={"boss": pl.String})
    schema = company([])
    cyclic = Dataset(schema, {name: Table(schema.tables[name], each) for name, each in rows.items()})
    assert [breach.rule[:13] for breach in check(cyclic)] == ["cycle of keys"]
    (itself,) = relations.itself(schema, "employee")
    assert [path for path in relations.hops(schema, 1) if path[0].itself] == [(itself,)]


def two(parents, children, key=("a", "b")):
    schema = Schema({"p": table("a b", key), "c": table("a b", (), [(["a", "b"], "p", ["a", "b"])], ["a", "b"])})
    frames = {
        "p": pl.DataFrame(parents, ["a", "b"], orient="row"),
        "c": pl.DataFrame(children, ["a", "b"], orient="row"),
    }
    return Dataset(schema, {name: Table(schema.tables[name], frame) for name, frame in frames.items()})


def test_references_of_several_columns_lead_to_rows():
    dataset = two([("x", "1"), ("x", "2"), ("y", "1")], [("y", "1"), ("x", None), ("x", "2"), ("y", "2")])
    (link,) = relations.links(dataset.schema)
    assert relations.places(dataset, link).tolist() == [2, relations.MISSING, 1, relations.LOST]
    with pytest.raises(BreachError, match="1 of 4 rows"):
        relations.require_related(dataset)


def test_what_cannot_be_learnt_is_told_before_long_work():
    with pytest.raises(SchemaError, match="no key of 'p'"):
        relations.require_related(two([("x", "1"), ("x", "1")], [("x", "1")]))
    with pytest.raises(SchemaError, match="one table"):
        relations.require_related(Dataset.of(Table(table("a"), pl.DataFrame({"a": ["1"]}))))
    for keys, said in (
        ([("a", "q", "a")], "refers to 'q'"),
        ([("z", "p", "a")], "names p.z"),
        ([("a", "p", "")], "as many columns"),
    ):
        with pytest.raises(SchemaError, match=said):
            relations.links(Schema({"p": table("a", "a", keys)}))


def test_a_reference_to_what_repeats_is_a_breach():
    dataset = two([("x", "1"), ("x", "1")], [("x", "1")], key=())
    assert [(breach.table, breach.count) for breach in check(dataset)] == [("p", 2)]


def test_a_table_of_dimensions_is_kept_in_documents(tmp_path):
    schema = Schema({"country": table("c", ["c"], copied=True), "city": table("c")})
    for suffix in ("json", "yaml"):
        schema.save(tmp_path / f"schema.{suffix}")
        assert Schema.load(tmp_path / f"schema.{suffix}") == schema
    assert "copied" not in schema.to_dict()["tables"]["city"]
