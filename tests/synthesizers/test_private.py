"""What is learnt from under a budget: nothing but codes of a domain that is public or paid for."""

import math
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import trasunto as tr
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, Constraint, Format, TableSchema
from trasunto.encoders.codes import Steps
from trasunto.errors import BudgetError, FitError
from trasunto.privacy.budget import Budget, Spending, guaranteed
from trasunto.privacy.mechanisms import INJECTED, injected
from trasunto.synthesizers.private import prepare_private

COLUMNS = (
    Column("number", "id", False, "identifier"),
    Column("colour", "category", categories=("red", "green", "blue"), declared=True),
    Column("age", "integer", False, bounds=(0, 99), declared=True),
    Column("gain", "integer", bounds=(-50, 100_000), declared=True),
    Column("weight", "number", bounds=(30.0, 150.0), format=Format(decimals=1), declared=True),
    Column("seen", "datetime", bounds=("2020-01-01", "2023-12-31"), format=Format(date_only=True), declared=True),
    Column("well", "boolean", False, declared=True),
)
DAY = 86_400_000_000
BUDGET = Budget(1.0, 1e-6, rows=100)


def rows_of(n, seed=0):
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "number": np.arange(7000, 7000 + n),
            "colour": rng.choice(["red", "green", "blue"], n),
            "age": rng.integers(0, 100, n),
            "gain": rng.choice([0, 0, 0, 5000, 99_999], n),
            "weight": np.round(rng.uniform(30, 150, n), 1),
            "seen": pl.Series(18_262 * DAY + rng.integers(0, 1461, n) * DAY).cast(pl.Datetime("us")),
            "well": rng.random(n) < 0.5,
        }
    )


def dataset(rows=None, columns=COLUMNS, **more):
    return Dataset.of(Table(TableSchema(columns, **more), rows_of(100) if rows is None else rows))


def public(ready):
    """All of what was prepared that a method may pass on."""
    steps = {n: (c.low.tolist(), c.high.tolist()) for n, c in ready.codes.columns.items() if isinstance(c, Steps)}
    others = {n: c for n, c in ready.codes.columns.items() if not isinstance(c, Steps)}
    model = ready.model("x", None, None)
    return steps, others, ready.codes.ids, ready.codes.schema, ready.plan, ready.rows, model.schema


def test_nothing_but_the_codes_depends_on_the_rows():
    strange = rows_of(3, seed=5).with_columns(
        colour=pl.Series(["mauve", None, "red"]), age=pl.Series([-5, 1000, 3]), number=pl.Series([10**9, 1, 2])
    )
    told = columns_with_reasons()
    one, other = dataset(), dataset(strange, told)
    first, *rest = prepare_private(one, "x", BUDGET, bins=40)
    second, *more = prepare_private(other, "x", BUDGET, bins=40)
    assert public(first) == public(second) and rest == more
    assert second.plan.left_out == 0


def columns_with_reasons():
    return tuple(replace(column, reason=f"{column.name}: 3 values among 3 rows") for column in COLUMNS)


@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.sampled_from(["red", "blue", "mauve"])),
            st.integers(-200, 300),
            st.one_of(st.none(), st.floats(-1e9, 1e9)),
            st.booleans(),
        ),
        min_size=2,
        max_size=12,
    )
)
@settings(max_examples=200, deadline=None)
def test_one_row_more_moves_each_count_by_one_row(values):
    columns = (COLUMNS[1], COLUMNS[2], COLUMNS[4], COLUMNS[6])
    rows = pl.DataFrame(values, schema=["colour", "age", "weight", "well"], orient="row", strict=False).cast(
        {"colour": pl.String, "age": pl.Int64, "weight": pl.Float64, "well": pl.Boolean}
    )
    whole, *_ = prepare_private(dataset(rows, columns), "x", BUDGET, bins=10)
    fewer, *_ = prepare_private(dataset(rows[1:], columns), "x", BUDGET, bins=10)
    names = list(whole.sizes)
    for place, name in enumerate(names):
        other = names[place - 1]
        joint = [r.coded[name] * whole.sizes[other] + r.coded[other] for r in (whole, fewer)]
        counts = [np.bincount(j, minlength=whole.sizes[name] * whole.sizes[other]) for j in joint]
        assert np.abs(counts[0] - counts[1]).sum() == 1


def test_values_come_back_where_their_code_is_one_value():
    rows = rows_of(300)
    ready, *_ = prepare_private(dataset(rows), "x", BUDGET, bins=100)
    assert ready.sizes["age"] == 100 and 100 <= ready.sizes["weight"] <= 105
    back = ready.codes.decode(ready.coded, rows=300, rng=np.random.default_rng(0)).rows
    for name in ("colour", "age", "well"):
        assert back[name].equals(rows[name])
    assert ((back["gain"] == 0) == (rows["gain"] == 0)).all()
    assert np.abs(back["weight"] - rows["weight"]).max() < 1.3 and np.allclose(back["weight"], back["weight"].round(1))
    assert (back["seen"].dt.truncate("1d") == back["seen"]).all()
    assert (back["seen"] - rows["seen"]).abs().max().days <= 16
    assert back["number"].to_list() == list(range(1, 301))


@pytest.mark.parametrize("bins", [1, 2, 3, 30, 301])
def test_bins_cover_the_bounds_without_gap_or_overlap(bins):
    ready, *_ = prepare_private(dataset(), "x", BUDGET, bins=bins)
    for name, low, high in (("gain", -50, 100_000), ("weight", 30.0, 150.0)):
        steps = ready.codes.columns[name]
        assert steps.low[0] == low and steps.high[-1] == high
        assert (np.diff(steps.low) >= 0).all()
        bin_ = steps.low < steps.high
        values = np.linspace(low, high, 5001).round(0 if name == "gain" else 1)
        inside = (values[:, None] >= steps.low) & (values[:, None] < steps.high)
        atom = values[:, None] == steps.low[~bin_]
        assert (inside.sum(axis=1) + atom.any(axis=1) == 1).all()
    assert 0 in ready.codes.columns["gain"].low[ready.codes.columns["gain"].low == ready.codes.columns["gain"].high]


def test_what_lies_outside_is_missing_or_anything():
    rows = rows_of(400).with_columns(
        colour=pl.lit("mauve"), well=pl.lit(None, dtype=pl.Boolean), age=pl.lit(500), gain=pl.lit(None, dtype=pl.Int64)
    )
    ready, *_ = prepare_private(dataset(rows), "x", BUDGET, bins=20)
    assert (ready.coded["colour"] == 3).all() and (ready.coded["gain"] == ready.sizes["gain"] - 1).all()
    assert 130 < ready.coded["well"].sum() < 270
    assert (ready.coded["age"] == ready.sizes["age"] - 1).all()


class TestRefused:
    def test_all_that_is_not_declared_is_named_at_once(self):
        columns = tuple(replace(column, declared=False) for column in COLUMNS)
        with pytest.raises(BudgetError) as caught:
            prepare_private(dataset(columns=columns), "x", Budget(1.0, 1e-6), bins=9)
        said = str(caught.value)
        for word in (
            "'colour' (categories)",
            "'age' (bounds)",
            "'seen' (bounds)",
            "number of rows",
            "domain_share",
            "declared: true",
        ):
            assert word in said
        assert "number'" not in said and "'well'" not in said

    def test_the_number_of_rows_alone(self):
        with pytest.raises(BudgetError, match=r"rows away: the number of rows\."):
            prepare_private(dataset(), "x", Budget(1.0, 1e-6), bins=9)

    def test_a_delta_too_large_for_the_bought_number_of_rows(self):
        with pytest.raises(BudgetError, match=r"delta is 0\.05, and with"):
            prepare_private(dataset(), "x", Budget(9.0, 0.05, domain_share=0.5), bins=9)

    def test_json_and_combinations_that_cannot_be_declared(self):
        nested = (Column("j", "category", format=Format(nested=True)),)
        with pytest.raises(BudgetError, match="'j' holds JSON"):
            prepare_private(
                dataset(pl.DataFrame({"j": ['{"a": 1}']}), nested), "x", replace(BUDGET, domain_share=0.1), bins=9
            )
        rules = (Constraint("combination(colour, well)"),)
        with pytest.raises(BudgetError, match=r"'colour \+ well' \(combinations that occur\)"):
            prepare_private(dataset(constraints=rules), "x", BUDGET, bins=9)

    def test_free_text_and_no_rows(self):
        with pytest.raises(FitError, match="free text"):
            prepare_private(dataset(pl.DataFrame({"t": ["a b"]}), (Column("t", "text"),)), "x", BUDGET, bins=9)
        with pytest.raises(FitError, match="0 rows"):
            prepare_private(dataset(rows_of(100)[:0]), "x", BUDGET, bins=9)


def test_a_part_of_the_budget_buys_what_was_not_declared():
    columns = tuple(replace(c, declared=c.name not in ("colour", "age")) for c in COLUMNS)
    rows = rows_of(5000).with_columns(colour=pl.Series(["red", "blue"] * 2499 + ["mauve", None]))
    asked = Budget(4.0, 1e-6, domain_share=0.5)
    with injected(np.random.default_rng(0)):
        ready, rest, spending, assumed = prepare_private(dataset(rows, columns), "x", asked, bins=50)
    assert ready.codes.columns["colour"].values == ("blue", "red") and not ready.codes.columns["colour"].null
    assert (ready.coded["colour"] >= 0).all()
    assert abs(ready.rows - 5000) < 100
    assert [each.what for each in spending] == ["categories of colour", "bounds of age", "number of rows"]
    assert (rest.epsilon, rest.delta) == (2.0, 5e-7) and INJECTED in assumed
    assert not any("colour" in sentence for sentence in assumed)
    # Nothing to buy: all of the budget is left.
    assert prepare_private(dataset(), "x", replace(BUDGET, domain_share=0.5), bins=9)[1].epsilon == 1.0


def test_a_person_is_the_unit():
    columns = (Column("who", "category"), *COLUMNS[1:])
    rows = rows_of(120).drop("number").insert_column(0, pl.Series("who", ["a"] * 100 + ["b"] * 2 + ["c"] * 18))
    asked = Budget(1.0, 1e-6, person="who", contributions=4, rows=120)
    ready, rest, _, assumed = prepare_private(dataset(rows, columns), "x", asked, bins=9)
    assert len(ready.coded["age"]) == 10 and ready.rows == 120
    assert rest.epsilon == 0.25 and rest.person is None
    assert sum(rest.delta * math.exp(i * 0.25) for i in range(4)) == pytest.approx(1e-6)
    assert any("At most 4 rows of each person in 'who'" in sentence for sentence in assumed)
    made = ready.codes.decode({n: v[:3] for n, v in ready.coded.items()}, rows=3, rng=np.random.default_rng(0))
    assert not made.rows["who"].is_in(["a", "b", "c"]).any()


def test_rules_are_kept_row_by_row_and_leave_no_trace():
    columns = (*COLUMNS[1:4], Column("a", "boolean", declared=True), Column("b", "boolean", declared=True))
    rows = rows_of(100).select("colour", "age", "gain").with_columns(a=pl.col("age") % 3 == 0, b=pl.col("age") % 3 == 1)
    rows[0, "a"], rows[0, "b"] = True, True
    rules = (
        Constraint("one_hot(a, b)", support=0.99),
        Constraint("age < 90"),
        Constraint("gain > age", confirmed=False),
    )
    ready, *_ = prepare_private(dataset(rows, columns, constraints=rules), "x", BUDGET, bins=9)
    assert ready.codes.columns["a + b"].values == ("[false, false]", "[false, true]", "[true, false]")
    kept = rows[1:].filter(pl.col("age") < 90)
    assert len(ready.coded["age"]) == len(kept) and ready.plan.left_out == 0
    assert ready.plan.whole.constraints == (Constraint("one_hot(a, b)"), Constraint("age < 90"))


def test_a_guarantee_rides_on_the_model_and_in_its_folder(tmp_path):
    _ready, rest, spending, assumed = prepare_private(dataset(), "x", BUDGET, bins=9)
    promised = guaranteed(BUDGET, "none but a test", (*spending, Spending("all", "nothing", rho=0.1)), assumed)
    plain = tr.fit(dataset(), "independent", seed=0)
    assert plain.guarantee is None and "guarantee" not in plain.describe()
    model = replace(plain, guarantee=promised)
    model.save(tmp_path / "model")
    loaded = tr.load(tmp_path / "model")
    assert loaded.guarantee == promised
    assert loaded.describe()["guarantee"]["spent"] == {"epsilon": 1.0, "delta": 1e-6, "rows": 100}
    assert rest == BUDGET
