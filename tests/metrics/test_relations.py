import numpy as np
import pytest

from trasunto.metrics import relations, relations_aggregate, relations_hops
from trasunto.metrics.related import Related


@pytest.fixture(scope="module")
def parts(shop):
    return shop.shops(200, 0), shop.shops(200, 1), shop.shops(200, 2), shop.shops(200, 1, linked=False)


def heads(metric, parts, made):
    """Scores by subject; of a metric with two figures the first."""
    return {score.subject: score for score in reversed(metric(Related(parts[0], made, parts[2])))}


@pytest.mark.parametrize(
    "metric",
    [
        relations.cardinality,
        relations_hops.hop1,
        relations_hops.hop2,
        relations_hops.hop3,
        relations_aggregate.aggregate_c2st,
    ],
    ids=lambda metric: metric.__name__,
)
def test_loose_links_show_and_held_ones_are_as_unseen_families(metric, parts):
    held, loose = (heads(metric, parts, made)[""] for made in (parts[1], parts[3]))
    goal = held.goal
    assert held.value == pytest.approx(held.control, abs=0.06)
    assert abs(loose.value - goal) > abs(held.value - goal) + 0.03
    # Which is what the baseline does.
    assert loose.value == pytest.approx(loose.baseline, abs=0.1)


def test_tables_by_themselves_do_not_see_loose_links(parts):
    for metric in (relations.shapes, relations.trends, relations.c2st):
        score = heads(metric, parts, parts[3])[""]
        assert abs(score.value - score.goal) < abs(score.control - score.goal) + 0.05


def test_columns_that_differ_show_by_table_and_by_column(parts, shop):
    amount = parts[1].tables["order"].rows["amount"].to_numpy()
    other = shop.changed(parts[1], "order", amount=np.random.default_rng(0).permutation(amount) + 30)
    shaped, tried = heads(relations.shapes, parts, other), heads(relations.c2st, parts, other)
    assert next(name for name in reversed(shaped) if name) == "order"
    assert shaped["order.amount"].value > 0.5
    assert next(name for name in reversed(tried) if name) == "order"
    assert tried["order"].value > 0.9
    assert heads(relations.trends, parts, other)["order.amount × order.paid"].value > 0.5


def small(shop, orders, items=()):
    """Two customers of one region; orders as (number, customer), items as the number of their order."""
    return shop.tables(
        region={"code": ["r"], "climate": ["dry"], "wealth": [0.0]},
        customer={"key": ["a", "b"], "code": ["r", "r"], "age": [1, 2]},
        order={
            "number": [number for number, _ in orders],
            "key": [key for _, key in orders],
            "amount": [1.0] * len(orders),
            "paid": ["card"] * len(orders),
        },
        item={"number": list(items), "price": [1.0] * len(items)},
    )


def test_integrity_by_hand(shop):
    real = small(shop, [("1", "a"), ("2", "b")], ["1", None])
    made = small(shop, [("1", "a"), ("1", "x"), ("3", None), ("4", "b")], ["1", "4", "9", None])
    scores = {score.subject: score.value for score in relations.integrity(Related(real, made))}
    # An order may not lack its customer, an item may lack its order.
    assert scores["order.key → customer"] == 0.5
    assert scores["item.number → order"] == 0.75
    assert scores["order key"] == 0.75
    assert scores["customer key"] == 1.0
    assert scores[""] == 0.5


def test_cardinality_by_hand(shop):
    real = small(shop, [("1", "a"), ("2", "a"), ("3", "a")])
    made = small(shop, [("1", "a"), ("2", "b"), ("3", "b")])
    scores = {score.subject: score for score in relations.cardinality(Related(real, made)) if score.subject}
    # 0 and 3 children a customer against 1 and 2: nothing in common, but half a step apart below.
    assert scores["order.key → customer"].value == 1.0
    by = {(score.metric, score.subject): score.value for score in relations.cardinality(Related(real, made))}
    assert by["relations.cardinality", "order.key → customer"] == 0.5


def test_aggregates_by_hand(shop):
    data = small(shop, [("1", "a"), ("2", "a"), ("3", "b")], ["1", "1", "3", None])
    data = shop.changed(data, "order", amount=[2.0, 4.0, None], paid=["card", "cash", "cash"])
    rows = relations_aggregate.aggregated(data, "customer").rows
    assert rows["order rows"].to_list() == [2.0, 1.0]
    assert rows["order.amount mean"].to_list() == [3.0, None]
    assert rows["order.amount greatest"].to_list() == [4.0, None]
    assert rows["order.paid most"].to_list() == ["card", "cash"]
    assert rows["order.paid values"].to_list() == [2.0, 1.0]
    # Grandchildren through the child: two items of one order, none of the other.
    assert rows["order.item rows sum"].to_list() == [2.0, 1.0]
    assert rows["order.item rows greatest"].to_list() == [2.0, 1.0]
    assert rows.columns[0] == "age"


def test_paths_are_told_by_their_tables(parts):
    second = [subject for subject in heads(relations_hops.hop2, parts, parts[1]) if "×" not in subject]
    assert sorted(second) == ["", "item → order → customer", "order → customer → region"]
    third = heads(relations_hops.hop3, parts, parts[1])
    assert "item → order → customer → region" in third
    assert "item.price × region.wealth (order, customer)" in third
