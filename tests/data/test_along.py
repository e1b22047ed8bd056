"""Rules along a sequence: how they are read, and which events break them, whatever order the rows stand in."""

import numpy as np
import polars as pl
import pytest

from trasunto.data.constraints import breaks, read_rule, violations
from trasunto.data.dataset import Table
from trasunto.data.discover import discovered
from trasunto.data.schema import Column, Constraint, TableSchema
from trasunto.errors import SchemaError

COLUMNS = (
    Column("who", "id"),
    Column("step", "integer"),
    Column("balance", "integer"),
    Column("amount", "integer"),
    Column("event", "category"),
)
SCHEMA = TableSchema(COLUMNS, sequence=("who", "step"))


def table(rows, schema=SCHEMA):
    frame = pl.DataFrame(rows, schema=["who", "step", "balance", "amount", "event"], orient="row")
    return Table(schema, frame)


GOOD = [
    ("a", 1, 10, 10, "in"),
    ("a", 2, 15, 5, "in"),
    ("a", 3, 15, 0, "end"),
    ("b", 1, 3, 2, "in"),
    ("b", 2, 9, 6, "end"),
]
MIXED = [GOOD[3], GOOD[1], GOOD[4], GOOD[0], GOOD[2]]


@pytest.mark.parametrize(
    ("rule", "change", "broken"),
    [
        ("increasing(balance)", (1, ("a", 2, 9, 5, "in")), [1]),
        ("decreasing(amount)", (2, ("a", 3, 15, 7, "end")), [2, 4]),
        ('nothing_after(event, "end")', (0, ("a", 1, 10, 10, "end")), [1, 2]),
        ("balance == previous(balance) + amount", (4, ("b", 2, 10, 6, "end")), [4]),
        ("amount <= previous(amount)", (2, ("a", 3, 15, 6, "end")), [2, 4]),
        ("increasing(balance)", (1, ("a", 2, None, 5, "in")), []),
        ("balance == previous(balance) + amount", (1, ("a", 2, None, 5, "in")), []),
    ],
)
def test_finds_the_events_that_break_a_rule(rule, change, broken):
    rows = list(GOOD)
    rows[change[0]] = change[1]
    found = breaks(read_rule(rule, SCHEMA), table(rows))
    assert np.flatnonzero(found).tolist() == broken
    order = [3, 1, 4, 0, 2]
    mixed = breaks(read_rule(rule, SCHEMA), table([rows[at] for at in order]))
    assert [order[at] for at in np.flatnonzero(mixed)] == [at for at in order if at in broken]


def test_a_schema_holds_and_counts_them():
    rules = ("increasing(balance)", 'nothing_after(event, "end")', "balance == previous(balance) + amount")
    schema = TableSchema(COLUMNS, sequence=("who", "step"), constraints=tuple(Constraint(each) for each in rules))
    assert [each.count for each in violations(table(MIXED, schema))] == [0, 0, 0]
    assert [each.count for each in violations(table([(*r[:2], -r[1], *r[3:]) for r in MIXED], schema))] == [3, 0, 3]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("increasing(balans)", "Did you mean 'balance'"),
        ("increasing(event)", "column of numbers"),
        ("increasing(balance, amount)", "one column"),
        ("nothing_after(event)", "needs a category and a value"),
        ("nothing_after(event, end)", "Write texts in quotes"),
        ("balance == previous(balance + 1)", "previous takes one column"),
    ],
)
def test_says_what_cannot_be_read(rule, message):
    with pytest.raises(SchemaError, match=message):
        read_rule(rule, SCHEMA)
    with pytest.raises(SchemaError):
        read_rule(rule, TableSchema(COLUMNS))


def test_needs_a_sequence():
    with pytest.raises(SchemaError, match="names none"):
        read_rule("increasing(balance)", TableSchema(COLUMNS))


def test_rules_along_are_proposed():
    rng = np.random.default_rng(0)
    rows = []
    for one in range(60):
        total = 0
        for step in range(6):
            amount = int(rng.integers(0, 9))
            total += amount
            rows.append((f"p{one}", step, total, amount, "end" if step == 5 and one % 2 else ["in", "out"][step % 2]))
    found = {each.rule: each for each in discovered(table(rows))}
    wanted = {"balance == previous(balance) + amount", "increasing(balance)", 'nothing_after(event, "end")'}
    assert wanted <= set(found) and not any(found[rule].confirmed for rule in wanted)
    assert not any("previous" in r or "increasing" in r for r in set(found) - wanted)
    assert all(read_rule(each, SCHEMA).along for each in wanted)
