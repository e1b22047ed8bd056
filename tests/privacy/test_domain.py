"""Domains declared, and domains bought. Noise is injected, so that each test has one outcome."""

import math

import numpy as np
import polars as pl
import pytest

from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, Constraint, ForeignKey, Format, Schema, TableSchema
from trasunto.errors import BudgetError, SchemaError
from trasunto.privacy.accountant import epsilon_of
from trasunto.privacy.budget import Budget
from trasunto.privacy.domain import (
    Domain,
    Purse,
    bought,
    declared_domain,
    declared_from,
    of_persons,
    public_schema,
)
from trasunto.privacy.mechanisms import Noise


def seeded(seed=0):
    return Noise(np.random.default_rng(seed))


class TestDeclared:
    def test_only_what_a_person_declared_is_known(self):
        assert declared_domain(Column("c", "category", categories=("a", "b"))) is None
        assert declared_domain(Column("c", "category", declared=True)) is None
        assert declared_domain(Column("n", "integer", bounds=(0, 9))) is None
        known = declared_domain(Column("c", "category", False, categories=("b", "a"), declared=True))
        assert known == Domain(False, ("b", "a"))
        assert declared_domain(Column("n", "integer", bounds=(0, 9), declared=True)) == Domain(True, low=0, high=9)
        assert declared_domain(Column("b", "boolean")) == Domain(True, (False, True))

    def test_dates_are_microseconds(self):
        days = Column("d", "datetime", bounds=("1970-01-01", "1970-01-02T00:00:00"), declared=True)
        assert declared_domain(days) == Domain(True, low=0, high=86_400e6)

    @pytest.mark.parametrize(
        ("kind", "bounds"), [("integer", (9, 0)), ("datetime", ("soon", "later")), ("number", ("a", 3))]
    )
    def test_bounds_that_are_none(self, kind, bounds):
        with pytest.raises(BudgetError, match=r"Column 'x' has the bound"):
            declared_domain(Column("x", kind, bounds=bounds, declared=True))

    def test_a_public_dataset_declares(self):
        schema = TableSchema(
            (Column("c", "category"), Column("n", "number"), Column("d", "datetime"), Column("i", "id"))
        )
        days = pl.Series([0, 86_400_000_000, None]).cast(pl.Datetime("us"))
        rows = pl.DataFrame({"c": ["b", None, "a"], "n": [1.5, 0.5, 9.0], "d": days, "i": ["x", "y", "z"]})
        found = declared_from(Dataset.of(Table(schema, rows))).only
        assert all(column.declared for column in found.columns)
        assert found["c"].categories == ("a", "b") and found["c"].nullable
        assert found["n"].bounds == (0.5, 9.0) and not found["n"].nullable
        assert found["d"].bounds == ("1970-01-01T00:00:00", "1970-01-02T00:00:00")
        again = Schema.from_dict(Schema({"t": found}).to_dict()).only
        assert [declared_domain(c) for c in again.columns if c.kind != "id"] == [
            declared_domain(c) for c in found.columns if c.kind != "id"
        ]

    def test_a_codebook_declares_what_it_tells(self):
        columns = (Column("c", "category", categories=("a",)), Column("n", "integer"), Column("b", "boolean"))
        found = declared_from(Schema({"t": TableSchema(columns)})).only
        assert [column.declared for column in found.columns] == [True, False, True]

    def test_what_was_read_from_rows_is_taken_off_a_schema(self):
        columns = (
            Column("n", "integer", False, bounds=(3, 77), reason="3 to 77 among 12 rows", format=Format(suffix=" kg")),
            Column("c", "category", False, categories=("a",), declared=True, reason="said so"),
        )
        rules = (Constraint("n > 2", support=0.98, reason="found"), Constraint("n > 3", confirmed=False, support=0.9))
        found = public_schema(TableSchema(columns, constraints=rules))
        assert found.columns[0] == Column("n", "integer", True, format=Format(suffix=" kg"))
        assert found.columns[1] == Column("c", "category", False, categories=("a",), declared=True)
        assert found.constraints == (Constraint("n > 2"),)


class TestBought:
    def test_frequent_categories_are_found_and_rare_ones_are_not(self):
        values = pl.Series(["a"] * 5000 + ["b"] * 3000 + ["one person's"] + [None] * 2000)
        purse = Purse.of(Budget(1.0, 1e-6), 1, 1, seeded())
        found = purse.categories(values)
        assert found.values == ("a", "b") and found.null
        assert found.shares == pytest.approx((0.625, 0.375), abs=0.01)
        assert not purse.categories(values.drop_nulls()).null

    def test_a_category_of_one_row_passes_as_seldom_as_delta_says(self):
        for budget in (Budget(1.0, 1e-4), Budget(0.05, 1e-3)):
            purse = Purse.of(budget, 1, 1, Noise())
            least = 1 + purse.least(purse.unseen)
            assert purse.tail(least - 1) <= purse.unseen <= budget.delta
        # And by trial, where it is not too seldom to be seen.
        purse = Purse.of(Budget(1.0, 0.02), 1, 1, Noise())
        noisy = purse.add(np.ones(10_000, dtype=np.int64))
        passed = int((noisy >= 1 + purse.least(purse.unseen)).sum())
        assert passed <= 10_000 * purse.unseen + 5 * math.sqrt(10_000 * purse.unseen)

    @pytest.mark.parametrize(("times", "unseen"), [(1, 0), (1, 1), (30, 10)])
    @pytest.mark.parametrize("delta", [1e-9, 1e-5])
    def test_all_that_is_bought_costs_no_more_than_the_budget(self, times, unseen, delta):
        budget = Budget(0.3, delta)
        purse = Purse.of(budget, times, unseen, Noise())
        spent = purse.unseen * unseen
        if purse.epsilon is not None:
            assert purse.epsilon * times <= budget.epsilon * (1 + 1e-12) and spent <= delta * (1 + 1e-12)
        else:
            left = delta - spent
            assert epsilon_of(purse.rho * times, left) <= budget.epsilon * (1 + 1e-9)

    def test_gaussian_noise_is_taken_where_it_asks_for_less(self):
        assert Purse.of(Budget(1.0, 1e-6), 1, 0, Noise()).epsilon == 1.0
        assert Purse.of(Budget(1.0, 1e-6), 30, 0, Noise()).rho is not None
        assert Purse.of(Budget(1.0), 30, 0, Noise()).epsilon == pytest.approx(1 / 30)

    @pytest.mark.parametrize(
        ("values", "low", "high"),
        [
            (np.arange(10_000) % 73 + 17, 14, 92),
            (np.linspace(-1e6, -2e5, 10_000), -1.1e6, -1.5e5),
            (np.full(10_000, 4), 3, 5),
            (np.linspace(0, 0.01, 10_000), -1e-3, 0.012),
        ],
    )
    def test_bounds_lie_about_the_values(self, values, low, high):
        found = Purse.of(Budget(1.0), 2, 0, seeded()).bounds(values.astype(float), 0)
        assert low <= found.low <= values.min() + 0.04 * np.ptp(values) + 1e-9
        assert values.max() - 0.04 * np.ptp(values) <= found.high <= high and not found.null

    def test_an_outlier_moves_no_bound(self):
        values = np.append(np.arange(10_000) % 73 + 17.0, 9e9)
        assert Purse.of(Budget(1.0), 2, 0, seeded()).bounds(values, 500).high < 200

    def test_everything_at_once_and_what_it_cost(self):
        columns = (Column("c", "category"), Column("n", "integer"), Column("d", "datetime"))
        days = pl.Series(np.arange(9000) % 3650 * 86_400_000_000 + 10**15).cast(pl.Datetime("us"))
        rows = pl.DataFrame({"c": ["a", "b", "c"] * 3000, "n": [1, 2, 3] * 3000, "d": days})
        domains, count, spending = bought(columns, rows, Budget(2.0, 1e-6), seeded(), count=True)
        assert domains["c"].values == ("a", "b", "c")
        assert domains["n"].low <= 1 and 3 <= domains["n"].high <= 8
        assert 9e14 < domains["d"].low < 1.1e15 < domains["d"].high < 2e15
        assert abs(count - 9000) < 200
        assert [each.what for each in spending] == ["categories of c", "bounds of n", "bounds of d", "number of rows"]

    def test_categories_need_a_delta(self):
        with pytest.raises(BudgetError, match=r"cost some delta, and it is 0\..*Declare"):
            Purse.of(Budget(1.0), 2, 1, Noise())


class TestPersons:
    table = Table(
        TableSchema((Column("who", "category"), Column("n", "integer"))),
        pl.DataFrame({"who": ["a"] * 50 + ["b"] * 3 + [None] * 4 + ["c"], "n": range(58)}),
    )

    def test_so_many_rows_of_each_person_stay(self):
        kept = of_persons(self.table, Budget(1.0, person="who", contributions=5), Noise())
        assert dict(kept.rows["who"].value_counts().iter_rows()) == {"a": 5, "b": 3, "c": 1}
        assert kept.schema["who"] == Column("who", "id", role="identifier")
        others = [of_persons(self.table, Budget(1.0, person="who"), Noise()).rows["n"][0] for _ in range(40)]
        assert len(set(others)) > 10

    def test_without_a_person_nothing_is_left_out(self):
        assert of_persons(self.table, Budget(1.0), Noise()) is self.table

    def test_a_person_column_that_is_not_there(self):
        with pytest.raises(BudgetError, match=r"'whom' is not there.*who"):
            of_persons(self.table, Budget(1.0, person="whom"), Noise())


def test_that_how_many_rows_name_the_same_one_is_declared_from_public_tables():
    key = ForeignKey(("of",), "shop", ("id",))
    shops = Table(TableSchema((Column("id", "id"),), ("id",)), pl.DataFrame({"id": [1, 2]}))
    sales = Table(TableSchema((Column("of", "id"),), foreign_keys=(key,)), pl.DataFrame({"of": [1, 1, 2, None]}))
    public = declared_from(Dataset.holding({"shop": shops, "sale": sales}))
    assert public.tables["sale"].foreign_keys[0].most == 2
    assert Schema.from_dict(public.to_dict()) == public


def test_that_a_key_takes_no_impossible_number_of_rows():
    with pytest.raises(SchemaError, match="most 0"):
        ForeignKey(("of",), "shop", ("id",), 0)
