"""Related tables told as one."""

import polars as pl
import pytest

from trasunto.data.dataset import Dataset, Table
from trasunto.data.flat import flattened, keys_in
from trasunto.data.schema import Column, ForeignKey, Schema, TableSchema
from trasunto.errors import SchemaError


def bank():
    """Two districts, three accounts (the last without a district), loans of two, orders of one."""
    district = TableSchema((Column("id", "id"), Column("region", "category")), primary_key=("id",))
    account = TableSchema(
        (Column("id", "id"), Column("home", "id"), Column("work", "id"), Column("age", "integer")),
        primary_key=("id",),
        foreign_keys=(ForeignKey(("home",), "district", ("id",)), ForeignKey(("work",), "district", ("id",))),
    )
    to_account = (ForeignKey(("account",), "account", ("id",)),)
    loan = TableSchema((Column("account", "id"), Column("status", "category")), foreign_keys=to_account)
    order = TableSchema((Column("account", "id"), Column("amount", "number")), foreign_keys=to_account)
    rows = {
        "district": pl.DataFrame({"id": [1, 2], "region": ["n", "s"]}),
        "account": pl.DataFrame({"id": [7, 8, 9], "home": [2, 1, None], "work": [1, 1, None], "age": [30, 40, 50]}),
        "loan": pl.DataFrame({"account": [9, 7], "status": ["A", "B"]}),
        "order": pl.DataFrame({"account": [7, 7], "amount": [10.0, 20.0]}),
    }
    schemas = {"district": district, "account": account, "loan": loan, "order": order}
    return Dataset(Schema(schemas), {name: Table(schemas[name], rows[name]) for name in schemas})


def test_a_row_brings_what_it_refers_to_in_its_own_order():
    flat = flattened(bank(), "loan", target="loan.status")
    assert flat.rows.to_dicts() == [
        {"loan.status": "A", "account.age": 50, "account.district[home].region": None, "account.district[work].region": None},
        {"loan.status": "B", "account.age": 30, "account.district[home].region": "s", "account.district[work].region": "n"},
    ]  # fmt: skip
    assert flat.only.schema["loan.status"].role == "target"


def test_rows_that_refer_to_it_are_counted_and_averaged():
    flat = flattened(bank(), "account").rows
    assert flat["order rows"].to_list() == [2, 0, 0] and flat["order.amount mean"].to_list() == [15.0, None, None]
    assert flat["loan rows"].to_list() == [1, 0, 1]


def test_keys_are_left_out_and_unknown_names_refused():
    assert keys_in(bank().schema.tables["account"]) == {"id", "home", "work"}
    with pytest.raises(SchemaError, match="loan"):
        flattened(bank(), "loans")
    with pytest.raises(SchemaError, match=r"loan\.status"):
        flattened(bank(), "loan", target="loan.stat")
