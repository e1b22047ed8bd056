"""Hierarchies, and levels that reach what is wanted: the best of all combinations, tried one by one."""

import itertools

import numpy as np
import polars as pl
import pytest

import trasunto as tr
from trasunto.data.schema import Column
from trasunto.errors import RecipeError
from trasunto.privacy.anonymity import measured
from trasunto.privacy.generalize import cut, hierarchy, prefixed, with_rare_merged
from trasunto.privacy.generalize_local import Axis, parted, told
from trasunto.privacy.generalize_search import Lattice, Sensitive, Wanted, distances, searched


def people(rows=400, seed=0):
    rng = np.random.default_rng(seed)
    return tr.read(
        pl.DataFrame(
            {
                "age": rng.integers(18, 80, rows),
                "city": rng.choice(["Lugo", "Vigo", "Soria", "Teruel", "Jaca"], rows, p=[0.5, 0.3, 0.15, 0.04, 0.01]),
                "sex": rng.choice(["f", "m"], rows),
                "ill": rng.choice(["flu", "asthma", "none"], rows, p=[0.3, 0.1, 0.6]),
            }
        )
    ).only


def coded(table, names):
    ways = [hierarchy(table.rows[name], table.schema[name]) for name in names]
    return ways, np.column_stack([way.codes(table.rows[way.column]) for way in ways])


def ill(table):
    return Sensitive((table.rows["ill"].rank("dense").cast(pl.Int64) - 1).to_numpy(), 3, False)


@pytest.mark.parametrize(
    "wanted",
    [Wanted(5), Wanted(20, suppression=0.0), Wanted(3, suppression=0.1), Wanted(5, 2.0), Wanted(4, 2.0, True), Wanted(3, t=0.25), Wanted(2, 2, False, 0.3, 0.05)],
)  # fmt: skip
def test_the_best_of_all_combinations_is_found(wanted):
    table = people()
    ways, codes = coded(table, ["age", "city", "sex"])
    sensitive = [ill(table)]
    lattice = Lattice(ways, codes, sensitive, wanted)
    tried = [lattice.look(node)[1] for node in itertools.product(*(range(len(way)) for way in ways))]
    choice = searched(ways, codes, sensitive, wanted)
    assert choice is not None and choice.loss == pytest.approx(min(tried))
    rows = pl.DataFrame(
        [
            way.applied(level, table.rows[way.column], table.schema[way.column])[0]
            for way, level in zip(ways, choice.levels, strict=True)
        ]
    )
    kept = rows.with_columns(table.rows["ill"]).filter(pl.Series(choice.keep))
    found = measured(kept, ["age", "city", "sex"], ["ill"])
    assert found.k >= wanted.k and len(kept) >= (1 - wanted.suppression) * len(table)
    if wanted.l > 1:
        assert (found.diversity["ill"].entropy if wanted.entropy else found.diversity["ill"].distinct) >= wanted.l


def test_what_cannot_be_reached_is_none():
    table = people(30)
    ways, codes = coded(table, ["age", "sex"])
    assert searched(ways, codes, [], Wanted(31)) is None
    assert searched(ways, codes, [ill(table)], Wanted(2, 4.0)) is None


@pytest.mark.parametrize("wanted", [Wanted(5), Wanted(5, 2.0), Wanted(8, 1.5, True), Wanted(5, t=0.3)])
def test_parts_of_rows_keep_what_is_wanted_and_lose_less(wanted):
    table = people()
    axes = [Axis.of(table.rows[name], table.schema[name]) for name in ("age", "city", "sex")]
    parts = parted(axes, [ill(table)], wanted)
    assert sorted(np.concatenate(parts).tolist()) == list(range(400))
    columns = [told(axis, parts) for axis in axes]
    found = measured(
        pl.DataFrame([values for values, _, _ in columns]).with_columns(table.rows["ill"]),
        ["age", "city", "sex"],
        ["ill"],
    )
    assert found.k >= wanted.k
    if wanted.t is not None:
        assert found.diversity["ill"].t <= wanted.t + 1e-9
    ways, codes = coded(table, ["age", "city", "sex"])
    levels = searched(ways, codes, [ill(table)], wanted)
    assert np.mean([loss for _, _, loss in columns]) < levels.loss
    assert parted(axes, [], Wanted(401)) is None


def test_levels_of_numbers_dates_codes_and_categories():
    table = people()
    age = hierarchy(table.rows["age"], table.schema["age"])
    assert age.names == (
        "as it is",
        "bands of 2",
        "bands of 5",
        "bands of 10",
        "bands of 20",
        "bands of 40",
        "all together",
    )
    values, column = age.applied(3, pl.Series("age", [34, 18, 79]), table.schema["age"])
    assert values.to_list() == ["30-39", "10-19", "70-79"] and column.kind == "category"
    assert column.categories == ("10-19", "20-29", "30-39", "40-49", "50-59", "60-69", "70-79")
    days = tr.read({"d": ["2024-01-05", "2024-01-09", "2024-03-02", "2024-08-09", "2021-01-02", "2011-01-02"]}).only
    way = hierarchy(days.rows["d"], days.schema["d"])
    assert [way.applied(level, days.rows["d"], days.schema["d"])[0][0] for level in range(1, 5)] == [
        "2024-01",
        "2024-Q1",
        "2024",
        "2020s",
    ]
    code = hierarchy(pl.Series("zip", ["28013", "28014", "28911", "08001"]), Column("zip", "category"), prefix=[3, 2])
    assert [
        code.applied(level, pl.Series("zip", ["28013"]), Column("zip", "category"))[0][0] for level in range(4)
    ] == ["28013", "280**", "28***", "*"]
    city = hierarchy(table.rows["city"], table.schema["city"], groups=[{"Galicia": ["Lugo", "Vigo"]}])
    assert city.applied(1, pl.Series("city", ["Vigo", "Soria"]), table.schema["city"])[0].to_list() == [
        "Galicia",
        "Soria",
    ]
    with pytest.raises(RecipeError, match="in two groups"):
        hierarchy(table.rows["city"], table.schema["city"], groups=[{"a": ["Lugo"], "b": ["Lugo"]}])


def test_times_of_day_go_to_hours():
    times = tr.read({"t": ["08:05", "08:40", "11:59", None, "00:00", "23:10"]}).only
    way = hierarchy(times.rows["t"], times.schema["t"])
    assert way.names == ("as it is", "to hour", "to six hours", "all together")
    hours, parts = (way.applied(level, times.rows["t"], times.schema["t"])[0].to_list() for level in (1, 2))
    assert hours == ["08:00-08:59", "08:00-08:59", "11:00-11:59", None, "00:00-00:59", "23:00-23:59"]
    assert parts == ["06:00-11:59", "06:00-11:59", "06:00-11:59", None, "00:00-05:59", "18:00-23:59"]
    # Of 23 hours one is lost, and six.
    assert way.costs[1][0] == pytest.approx(1 / 23) and way.costs[2][0] == pytest.approx(6 / 23)


def test_a_missing_value_stays_missing_until_the_top():
    values, column = pl.Series("n", [1, None, 30, 31, 99]), Column("n", "integer")
    way = hierarchy(values, column, widths=[10])
    assert way.applied(1, values, column)[0].to_list() == ["0-9", None, "30-39", "30-39", "90-99"]
    assert way.applied(2, values, column)[0].to_list() == ["*"] * 5


def test_costs_rise_with_the_levels():
    table = people()
    for name in ("age", "city"):
        costs = [float(cost.mean()) for cost in hierarchy(table.rows[name], table.schema[name]).costs]
        assert costs == sorted(costs) and costs[0] == 0 and costs[-1] == 1


def test_rare_values_are_merged_until_other_is_not_rare():
    values = pl.Series("c", ["a"] * 50 + ["b"] * 20 + ["c"] * 3 + ["d"])
    merged = with_rare_merged(values, 10)
    assert merged.value_counts(sort=True)["count"].to_list() == [50, 24]
    assert with_rare_merged(values, 4).to_list().count("other") == 4
    assert with_rare_merged(pl.Series("c", ["a"] * 9 + ["b"] * 9), 5).to_list() == ["a"] * 9 + ["b"] * 9


def test_cuts_and_prefixes():
    labels, places = cut(pl.Series([17, 18, 64, 65, None]), (18, 65), whole=True)
    assert [labels[place] for place in places] == ["<18", "18-64", "18-64", ">=65", None]
    assert prefixed(pl.Series(["SW1A 1AA", "28"]), 4).to_list() == ["SW1A ***", "28"]


def test_distances_of_a_class_like_all_are_none():
    assert distances(np.array([[1, 2, 3], [2, 4, 6]]), True).tolist() == pytest.approx([0, 0])


def test_a_value_far_out_does_not_widen_the_bands():
    values = pl.Series("age", [*range(20, 90), 65_526])
    assert "bands of 5" in hierarchy(values, Column("age", "integer")).names


def test_a_large_category_is_not_lost_for_a_few_rare_rows():
    values = pl.Series("a", ["x"] * 200 + ["y"] * 100 + ["z"] * 3)
    assert with_rare_merged(values, 10, blank=True).value_counts().sort("count").rows() == [
        (None, 3),
        ("y", 100),
        ("x", 200),
    ]
    near = pl.Series("a", ["x"] * 200 + ["y"] * 20 + ["z"] * 3)
    assert dict(with_rare_merged(near, 10, blank=True).value_counts().rows()) == {"x": 200, "other": 23}
    assert dict(with_rare_merged(values, 10).value_counts().rows()) == {"x": 200, "other": 103}
