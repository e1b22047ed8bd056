"""Ordered rows that belong to an owner."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from trasunto.data.constraints import violations
from trasunto.data.dataset import Table
from trasunto.data.schema import Column, Constraint, TableSchema
from trasunto.errors import FitError, ModelError, SampleError
from trasunto.synthesizers.children import ChildrenSettings, fit_children, load_children
from trasunto.synthesizers.independent import Independent
from trasunto.synthesizers.tree import Tree

ROW = Tree(orders=2)


@dataclass(frozen=True)
class Visits:
    context: Table
    events: Table
    owner: np.ndarray
    counts: np.ndarray


def visits(owners=300, seed=0, rules=()):
    """Patients and their visits: gaps by group, a weight that drifts, a counter that never falls, states in turn."""
    rng = np.random.default_rng(seed)
    group = rng.choice(["slow", "quick"], owners)
    born = [datetime(1950, 1, 1) + timedelta(days=int(day)) for day in rng.integers(0, 15000, owners)]
    enrolled = [datetime(2020, 1, 1) + timedelta(days=int(day)) for day in rng.integers(0, 300, owners)]
    counts = 1 + rng.geometric(0.25, owners)
    rows = {"seen": [], "weight": [], "visits": [], "state": [], "told": []}
    for one in range(owners):
        when, weight, visit, state = enrolled[one], rng.normal(70, 12), 0, "new"
        for _ in range(counts[one]):
            when += timedelta(days=int(rng.poisson(40 if group[one] == "slow" else 5)))
            weight += rng.normal(0, 1)
            visit += int(rng.integers(0, 3))
            rows["seen"].append(when)
            rows["weight"].append(round(weight, 1))
            rows["visits"].append(visit)
            rows["state"].append(state)
            rows["told"].append(when + timedelta(days=int(rng.integers(0, 4))))
            state = {"new": "ill", "ill": "well", "well": "ill"}[state]
    context = pl.DataFrame(
        {"key": [f"P{n}" for n in range(owners)], "group": group, "born": born, "enrolled": enrolled}
    )
    kinds = {"key": "id", "group": "category", "born": "datetime", "enrolled": "datetime"}
    schema = TableSchema(tuple(Column(n, k, False) for n, k in kinds.items()))
    kinds = {"seen": "datetime", "weight": "number", "visits": "integer", "state": "category", "told": "datetime"}
    events = TableSchema(tuple(Column(n, k, False) for n, k in kinds.items()), constraints=rules)
    frame = pl.DataFrame(rows).with_columns(pl.col("seen", "told").cast(pl.Datetime("us")))
    context = context.with_columns(pl.col("born", "enrolled").cast(pl.Datetime("us")))
    owner = np.repeat(np.arange(owners), counts)
    return Visits(Table(schema, context), Table(events, frame), owner, counts)


@pytest.fixture(scope="module")
def real():
    return visits()


@pytest.fixture(scope="module")
def model(real):
    return fit_children(real.context, real.events, real.owner, row=ROW, seed=0, order="seen")


def pairs(table, owner):
    """Rows and the rows before them, of the same owner."""
    same = np.flatnonzero(owner[1:] == owner[:-1]) + 1
    return table.rows[same - 1], table.rows[same]


class TestDraw:
    def test_gives_each_owner_as_many_rows_as_asked_in_order(self, real, model):
        counts = np.array([0, 3, 1, 12] * 75)
        made, owner = model.draw(real.context, counts, seed=1)
        assert (np.bincount(owner, minlength=300) == counts).all()
        before, after = pairs(made, owner)
        assert made.rows.columns == real.events.rows.columns
        assert (after["seen"] >= before["seen"]).all() and (np.diff(owner) >= 0).all()

    def test_holds_what_ties_rows_to_time_and_to_each_other(self, real, model):
        made, owner = model.draw(real.context, real.counts, seed=1)
        before, after = pairs(made, owner)
        assert (after["visits"] >= before["visits"]).all()
        assert (made.rows["told"] >= made.rows["seen"]).all()
        enrolled = real.context.rows["enrolled"][owner]
        assert (made.rows["seen"] >= enrolled).all()
        turns = {"new": "ill", "ill": "well", "well": "ill"}
        assert (before["state"].replace_strict(turns) == after["state"]).mean() > 0.97
        # Neighbouring weights of one patient differ by about 1, those of two by about 17.
        assert (after["weight"] - before["weight"]).abs().mean() < 2
        assert abs(made.rows["weight"].std() - real.events.rows["weight"].std()) < 3

    def test_gaps_depend_on_the_owner(self, real, model):
        made, owner = model.draw(real.context, real.counts, seed=1)
        same = np.flatnonzero(owner[1:] == owner[:-1]) + 1
        gap = made.rows["seen"].diff()[same].dt.total_days().to_numpy()
        slow = (real.context.rows["group"] == "slow").to_numpy()[owner][same]
        assert abs(gap[slow].mean() - 40) < 4 and abs(gap[~slow].mean() - 5) < 2

    def test_nothing_is_later_than_the_last_known_time(self, real, model):
        made, _ = model.draw(real.context, np.full(300, 40), seed=1)
        assert made.rows["seen"].max() <= real.events.rows["seen"].max()

    def test_same_seed_same_rows_also_when_saved(self, real, model, tmp_path):
        made, owner = model.draw(real.context, real.counts, seed=3)
        model.save(tmp_path / "rows")
        again, same = load_children(tmp_path / "rows").draw(real.context, real.counts, seed=3)
        assert again.rows.equals(made.rows) and (same == owner).all()
        assert not model.draw(real.context, real.counts, seed=4)[0].rows.equals(made.rows)

    def test_goes_on_from_real_rows(self, real, model):
        few = np.flatnonzero(real.owner < 50)
        prefix = real.events.take(few), real.owner[few]
        counts = real.counts + 2
        made, owner = model.draw(real.context, counts, seed=1, prefix=prefix)
        assert (np.bincount(owner, minlength=300) == counts).all()
        for one in (0, 7, 49):
            own = made.rows.filter(pl.Series(owner == one))
            assert own.head(real.counts[one]).equals(real.events.rows.filter(pl.Series(real.owner == one)))
        before, after = pairs(made, owner)
        assert (after["seen"] >= before["seen"]).all()
        with pytest.raises(SampleError, match="begins with"):
            model.draw(real.context, np.zeros(300, dtype=int), seed=1, prefix=prefix)

    def test_meets_conditions_on_plain_and_on_restated_columns(self, real, model):
        made, _ = model.draw(real.context, real.counts, seed=1, where='weight < 90 and state != "well"')
        assert (made.rows["weight"] < 90).all() and "well" not in made.rows["state"]
        with pytest.raises(SampleError, match="could not be made"):
            model.draw(real.context, real.counts, seed=1, where="visits > 100000")

    def test_values_of_owners_that_were_never_seen_are_taken_as_missing(self, real, model):
        strange = real.context.rows.with_columns(pl.lit("martian").alias("group"), pl.col("born").dt.offset_by("200y"))
        made, _ = model.draw(Table(real.context.schema, strange), real.counts, seed=1)
        assert len(made) == len(real.events)

    def test_a_row_needs_no_owner_columns_and_no_order(self, real):
        bare = Table(TableSchema((Column("key", "id"),)), real.context.rows.select("key"))
        events = Table(TableSchema((real.events.schema["state"],)), real.events.rows.select("state"))
        model = fit_children(bare, events, real.owner, row=Independent(), seed=0)
        made, owner = model.draw(bare, real.counts, seed=1)
        assert len(made) == len(events) and (np.bincount(owner) == real.counts).all()

    def test_one_row_an_owner_is_enough(self, real):
        first = np.flatnonzero(np.diff(real.owner, prepend=-1))
        model = fit_children(real.context, real.events.take(first), np.arange(300), row=ROW, seed=0, order="seen")
        made, owner = model.draw(real.context, np.full(300, 2), seed=1)
        before, after = pairs(made, owner)
        assert len(made) == 600 and (after["seen"] >= before["seen"]).all()


def accounts(*rules, owners=200, seed=0):
    """Accounts and their bookings: a running balance, a fee of it, a counter, and a last booking that closes some."""
    rng = np.random.default_rng(seed)
    counts = 2 + rng.geometric(0.3, owners)
    rows = []
    for count in counts:
        balance, when = 0, datetime(2021, 1, 1)
        for place in range(count):
            when += timedelta(days=int(rng.integers(1, 9)))
            amount = int(rng.integers(-30, 40))
            balance = balance + amount if place else int(rng.integers(100, 900))
            last = place == count - 1 and rng.random() < 0.5
            rows.append((when, balance, amount, "close" if last else rng.choice(["in", "out"]), when.month, 2 * amount))
    names = ("when", "balance", "amount", "event", "month", "twice")
    kinds = ("datetime", "integer", "integer", "category", "integer", "integer")
    frame = pl.DataFrame(rows, schema=list(names), orient="row").with_columns(pl.col("when").cast(pl.Datetime("us")))
    schema = TableSchema(
        tuple(Column(n, k, False) for n, k in zip(names, kinds, strict=True)),
        sequence=("account", "when"),
        constraints=tuple(Constraint(rule) for rule in rules),
    )
    context = Table(TableSchema((Column("key", "id"),)), pl.DataFrame({"key": [f"A{n}" for n in range(owners)]}))
    return Visits(context, Table(schema, frame), np.repeat(np.arange(owners), counts), counts)


class TestRules:
    RULES = (
        "balance == previous(balance) + amount",
        'nothing_after(event, "close")',
        "month == month(when)",
        "twice == amount * 2",
        "amount <= balance",
        "balance < previous(balance) + 35",
    )

    def test_rules_along_and_within_rows_hold_in_every_row(self, tmp_path):
        real = accounts(*self.RULES)
        model = fit_children(real.context, real.events, real.owner, row=ROW, seed=0, order="when")
        model.save(tmp_path / "rows")
        made, owner = load_children(tmp_path / "rows").draw(real.context, real.counts, seed=1)
        schema = TableSchema((Column("account", "integer"), *made.schema.columns), (), (), ("account", "when"))
        rows = pl.DataFrame({"account": owner}).hstack(made.rows)
        found = violations(Table(replace(schema, constraints=real.events.schema.constraints), rows))
        assert [each.count for each in found] == [0] * len(self.RULES)
        assert 0.1 < (made.rows["event"] == "close").sum() / len(real.counts) < 0.9
        assert abs(made.rows["balance"].mean() - real.events.rows["balance"].mean()) < 40

    def test_nothing_is_added_to_what_has_ended(self):
        real = accounts('nothing_after(event, "close")')
        model = fit_children(real.context, real.events, real.owner, row=ROW, seed=0, order="when")
        _, owner = model.draw(real.context, real.counts + 2, seed=1, prefix=(real.events, real.owner))
        last = np.append(np.flatnonzero(np.diff(real.owner)), len(real.owner) - 1)
        closed = (real.events.rows["event"][last.tolist()] == "close").to_numpy()
        assert (np.bincount(owner) == real.counts + np.where(closed, 0, 2)).all()

    def test_a_declared_counter_goes_one_way_even_where_the_data_do_not(self):
        real = accounts("increasing(balance)")
        model = fit_children(real.context, real.events, real.owner, row=ROW, seed=0, order="when")
        made, owner = model.draw(real.context, real.counts, seed=1)
        before, after = pairs(made, owner)
        assert (after["balance"] >= before["balance"]).all()
        holes = real.events.rows.with_columns(pl.when(pl.col("amount") > 0).then("balance").alias("balance"))
        with pytest.raises(FitError, match="missing values"):
            fit_children(real.context, Table(real.events.schema, holes), real.owner, row=ROW, seed=0, order="when")

    def test_says_which_rule_cannot_hold(self):
        real = accounts("balance > previous(balance) + 1000")
        model = fit_children(real.context, real.events, real.owner, row=ROW, seed=0, order="when")
        with pytest.raises(SampleError, match="1000"):
            model.draw(real.context, real.counts, seed=1)


class TestForms:
    """A number is restated by what ties it best to the rows before it."""

    def restated(self, values, hours=1.0):
        """values: (owners, rows). How a column of them is restated, and one drawn from it."""
        owners, count = values.shape
        when = np.tile(np.arange(count) * hours * 3600e6, owners).astype(np.int64)
        frame = pl.DataFrame({"when": when, "x": values.ravel()}).with_columns(pl.col("when").cast(pl.Datetime("us")))
        events = Table(TableSchema((Column("when", "datetime", False), Column("x", "number", False))), frame)
        context = Table(TableSchema((Column("key", "id"),)), pl.DataFrame({"key": list(map(str, range(owners)))}))
        owner = np.repeat(np.arange(owners), count)
        model = fit_children(context, events, owner, row=ROW, seed=0, order="when")
        made, _ = model.draw(context, np.full(owners, count), seed=1)
        assert made.rows["when"].equals(frame["when"])
        return model.forms.forms["x"].how, made.rows["x"].to_numpy().reshape(owners, count)

    def test_a_walk_by_its_change(self):
        rng = np.random.default_rng(0)
        how, made = self.restated(rng.normal(0, 20, (60, 1)) + rng.normal(0, 1, (60, 30)).cumsum(axis=1))
        assert how == "change" and abs(np.diff(made, axis=1).std() - 1) < 0.15

    def test_a_level_by_the_mean_so_far(self):
        rng = np.random.default_rng(0)
        how, made = self.restated(rng.normal(0, 20, (60, 1)) + rng.normal(0, 1, (60, 30)))
        assert how == "level" and abs(made.std(axis=1).mean() - 1) < 0.25 and abs(made.mean(axis=1).std() - 20) < 5

    def test_a_daily_course_as_it_is(self):
        rng = np.random.default_rng(0)
        course = np.tile([0.0, 5.0, 10.0, 5.0], 45) + rng.normal(0, 0.3, 180)
        how, made = self.restated(course.reshape(1, -1), hours=6)
        assert how == "value" and np.corrcoef(made[0, 4:], made[0, :-4])[0, 1] > 0.9


class TestRefuses:
    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda e: e.with_columns(pl.col("seen").reverse()), "falls within an owner"),
            (
                lambda e: e.with_columns(pl.when(pl.col("visits") > 3).then("seen").alias("seen")),
                "no place in the order",
            ),
        ],
    )
    def test_rows_out_of_order(self, real, change, message):
        events = Table(real.events.schema, change(real.events.rows))
        with pytest.raises(FitError, match=message):
            fit_children(real.context, events, real.owner, row=ROW, seed=0, order="seen")

    def test_owners_out_of_order_and_texts(self, real):
        with pytest.raises(FitError, match="owner by owner"):
            fit_children(real.context, real.events, real.owner[::-1], row=ROW, seed=0)
        texts = Table(TableSchema((Column("note", "text"),)), pl.DataFrame({"note": ["a"] * len(real.owner)}))
        with pytest.raises(FitError, match="free text"):
            fit_children(real.context, texts, real.owner, row=ROW, seed=0)

    def test_counts_and_owners_that_cannot_be(self, real, model):
        with pytest.raises(SampleError, match="cannot have -1"):
            model.draw(real.context, np.full(300, -1), seed=1)
        with pytest.raises(SampleError, match="for 300 owners"):
            model.draw(real.context, np.ones(3), seed=1)
        with pytest.raises(SampleError, match="lack column 'group'"):
            bare = Table(TableSchema((Column("key", "id"),)), real.context.rows.select("key"))
            model.draw(bare, np.ones(300), seed=1)

    def test_a_broken_folder(self, tmp_path):
        with pytest.raises(ModelError, match="broken"):
            load_children(tmp_path)

    def test_settings_out_of_range(self):
        with pytest.raises(FitError, match="lags"):
            ChildrenSettings(lags=0)
