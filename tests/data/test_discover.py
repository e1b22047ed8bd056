import numpy as np
import polars as pl
import pytest

from trasunto.data.check import check
from trasunto.data.constraints import breaks, read_rule, violations
from trasunto.data.dataset import Dataset, Table
from trasunto.data.discover import discovered, with_proposals
from trasunto.data.schema import Column, Constraint, Schema, TableSchema
from trasunto.errors import SchemaError


def orders(rows=600, seed=0):
    rng = np.random.default_rng(seed)
    price, count = rng.integers(2, 90, rows) * 5, rng.integers(1, 9, rows)
    place, kind = rng.integers(0, 5, rows), rng.integers(0, 3, rows)
    start = rng.integers(0, 200, rows)
    paid = rng.random(rows) < 0.7
    frame = pl.DataFrame(
        {
            "price": price,
            "count": count,
            "total": price * count,
            "start": start,
            "end": start + rng.integers(0, 60, rows),
            "city": np.array(["Lugo", "Vigo", "Leeds", "York", "Nice"])[place],
            "country": np.array(["ES", "ES", "GB", "GB", "FR"])[place],
            "card": kind == 0,
            "cash": kind == 1,
            "transfer": kind == 2,
            "paid": paid,
            "days": pl.Series(rng.integers(1, 40, rows))
            .to_frame()
            .select(pl.when(pl.Series(paid)).then(pl.first()))
            .to_series(),
            "noise": rng.normal(size=rows),
        }
    )
    kinds = {pl.String: "category", pl.Int64: "integer", pl.Float64: "number", pl.Boolean: "boolean"}
    return Table(TableSchema(tuple(Column(n, kinds[frame[n].dtype.base_type()]) for n in frame.columns)), frame)


def test_finds_the_rules_that_are_there_and_no_other():
    found = {each.rule: each for each in discovered(orders())}
    assert set(found) == {
        "total == price * count",
        "start <= end",
        "one_hot(card, cash, transfer)",
        "combination(city, country)",
        "increment(price, 5)",
        "increment(total, 5)",
        "implies(paid == False, days is None)",
    }
    assert all(not each.confirmed and each.support == 1.0 and each.reason for each in found.values())
    for rule in found:
        assert not breaks(read_rule(rule, orders().schema), orders()).any()


def test_finds_nothing_in_noise_or_in_a_few_rows():
    rng = np.random.default_rng(1)
    frame = pl.DataFrame({name: rng.normal(size=500) for name in "abcd"})
    table = Table(TableSchema(tuple(Column(n, "number") for n in "abcd")), frame)
    assert discovered(table) == ()
    assert discovered(orders(20)) == ()


def test_proposals_are_written_to_the_schema_and_held_only_when_confirmed(tmp_path):
    made = with_proposals(Dataset.of(orders()))
    made.schema.save(tmp_path / "schema.yaml")
    again = Schema.load(tmp_path / "schema.yaml")
    assert again == made.schema and len(again.only.constraints) == 7
    assert not check(Dataset(again, {"data": Table(again.only, orders().rows.with_columns(total=pl.lit(1)))}))


def test_confirmed_rules_are_checked_row_by_row():
    table = orders()
    schema = TableSchema(
        table.schema.columns, constraints=(Constraint("start <= end"), Constraint("total == price * count"))
    )
    bad = table.rows.with_columns(end=pl.when(pl.int_range(pl.len()) == 3).then(-1).otherwise("end"))
    breaches = check(Dataset.of(Table(schema, bad)))
    assert [(b.count, b.rows) for b in breaches] == [(1, (3,))]
    assert [v.count for v in violations(Table(schema, bad))] == [1, 0]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("start <= ende", "Did you mean 'end'"),
        ("increment(price)", "needs a column and a step"),
        ("increment(city, 5)", "needs a column of numbers"),
        ("increment(price, -1)", "above 0"),
        ("combination(city)", "two columns or more"),
        ("unique(city, land)", "no column 'land'"),
        ("1 < 2", "names no column"),
        ("start = end", "Write =="),
        ("open('x')", "No function 'open'"),
    ],
)
def test_a_rule_that_cannot_be_read_says_why(rule, said):
    with pytest.raises(SchemaError, match=said):
        read_rule(rule, orders().schema)
