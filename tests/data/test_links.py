"""Foreign keys are found where names and values agree, and why is told."""

import polars as pl

from trasunto.data.infer import infer
from trasunto.data.links import linked
from trasunto.data.schema import ForeignKey


def found(**frames):
    """By table, its primary key and its foreign keys."""
    tables = linked({name: infer(frame) for name, frame in frames.items()})
    return {name: (t.schema.primary_key, t.schema.foreign_keys) for name, t in tables.items()}, tables


def key(columns, table, references=None):
    return ForeignKey(tuple(columns.split()), table, tuple((references or columns).split()))


def test_a_column_named_for_another_table_is_a_key_to_it():
    keys, tables = found(
        customers=pl.DataFrame({"id": range(1, 31), "age": [20 + n % 7 for n in range(30)]}),
        orders=pl.DataFrame(
            {
                "id": range(1, 21),
                "customer_id": [1 + n % 9 for n in range(20)],
                "billing_customer_id": [1 + n % 5 for n in range(20)],
                "size": [1 + n % 3 for n in range(20)],
            }
        ),
    )
    assert keys["orders"] == (
        ("id",),
        (key("customer_id", "customers", "id"), key("billing_customer_id", "customers", "id")),
    )
    assert keys["customers"] == (("id",), ())
    assert "named for customers.id" in tables["orders"].schema["customer_id"].reason
    # Values alone are not enough: sizes lie within the key too.
    assert "foreign key" not in tables["orders"].schema["size"].reason


def test_a_value_that_stands_nowhere_is_no_reference():
    keys, _ = found(
        users=pl.DataFrame({"id": range(10)}),
        visits=pl.DataFrame({"users_id": [0, 1, 99], "n": [1, 1, 2]}),
    )
    assert keys["visits"][1] == ()


def test_keys_of_two_columns():
    lines = [(order, line) for order in range(8) for line in range(1, 4)]
    keys, tables = found(
        line=pl.DataFrame(
            {"order": [o for o, _ in lines], "line": [n for _, n in lines], "price": [1.5 * n for n in range(24)]}
        ),
        note=pl.DataFrame({"order": [3, 3, 5, 3], "line": [1, 1, 3, 2], "text": ["a", "b", "a", "b"]}),
    )
    assert keys["line"][0] == ("order", "line")
    assert keys["note"] == ((), (key("order line", "line"),))
    assert "Together with line" in tables["note"].schema["order"].reason


def test_many_to_many_and_rows_under_rows_of_their_own_table():
    pairs = [(s, f"K{c}") for s in range(12) for c in range(s % 4)]
    keys, _ = found(
        student=pl.DataFrame({"student_id": range(12), "mentor": [None, *[0] * 11], "manager_id": [None, *range(11)]}),
        course=pl.DataFrame({"course_code": [f"K{c}" for c in range(4)]}),
        taken=pl.DataFrame({"student_id": [s for s, _ in pairs], "course_code": [c for _, c in pairs]}),
    )
    assert keys["student"][1] == (key("manager_id", "student", "student_id"),)
    assert keys["taken"] == (
        ("student_id", "course_code"),
        (key("student_id", "student"), key("course_code", "course")),
    )
