"""Families stay together: subsets and parts of related tables."""

import numpy as np
import polars as pl
import pytest

from trasunto.data.check import check
from trasunto.data.dataset import Dataset, Table
from trasunto.data.relations import links, places
from trasunto.data.schema import Column, ForeignKey, Schema, TableSchema
from trasunto.data.split_related import cut_by, families_of, split_related, subset
from trasunto.errors import DataError, EmptyDataError, SchemaError


def dataset_of(**tables):
    """By name: (frame, key, {columns: (table, references)})."""
    made = {}
    for name, (frame, key, keys) in tables.items():
        columns = tuple(Column(c, "id", frame[c].null_count() > 0) for c in frame.columns)
        foreign = tuple(ForeignKey(tuple(a.split()), t, tuple(b.split())) for a, (t, b) in keys.items())
        made[name] = Table(TableSchema(columns, tuple(key.split()), foreign), frame)
    return Dataset(Schema({name: each.schema for name, each in made.items()}), made)


def bank(rows=400, seed=0):
    rng = np.random.default_rng(seed)
    two = np.arange(rows // 5)
    return dataset_of(
        district=(pl.DataFrame({"k": np.arange(10)}), "k", {}),
        account=(pl.DataFrame({"a": np.arange(rows), "k": rng.integers(0, 10, rows)}), "a", {"k": ("district", "k")}),
        client=(
            pl.DataFrame({"c": np.arange(rows + len(two)), "k": rng.integers(0, 10, rows + len(two))}),
            "c",
            {"k": ("district", "k")},
        ),
        disp=(
            pl.DataFrame({"d": np.arange(rows + len(two)), "c": np.arange(rows + len(two)), "a": [*range(rows), *two]}),
            "d",
            {"c": ("client", "c"), "a": ("account", "a")},
        ),
        card=(pl.DataFrame({"n": np.arange(50), "d": rng.choice(rows, 50, replace=False)}), "n", {"d": ("disp", "d")}),
    )


def test_families_fall_on_one_side_and_dimensions_on_both():
    parts = split_related(bank(), holdout=0.3, seed=1)
    assert (parts.root, parts.shared, parts.cut) == ("account", ("district",), {})
    assert len(parts.holdout.tables["account"]) == 120
    for part in (parts.train, parts.holdout):
        assert not check(part)
        assert len(part.tables["district"]) == 10
        assert set(part.tables["client"].rows["c"]) == set(part.tables["disp"].rows["c"])
    for name in ("account", "client", "disp", "card"):
        whole = [part.tables[name].rows[:, 0] for part in (parts.train, parts.holdout)]
        assert sorted(pl.concat(whole)) == sorted(bank().tables[name].rows[:, 0])
    assert parts.record() == split_related(bank(), holdout=0.3, seed=1).record()
    assert parts.record() != split_related(bank(), holdout=0.3, seed=2).record()


def test_a_third_part_and_a_rule_of_ones_own():
    three = split_related(bank(), holdout=0.25, validation=0.25, seed=0)
    sizes = [len(part.tables["account"]) for part in three.parts().values()]
    assert sizes == [200, 100, 100]
    side = np.arange(400) % 2
    ours = cut_by(bank(), "account", side)
    assert ours.train.tables["account"].rows["a"].to_list() == list(range(0, 400, 2))
    assert not check(ours.train) and not check(ours.holdout)


def test_people_who_share_a_parent_are_one_family_and_products_are_none():
    orders = np.arange(300)
    shop = dataset_of(
        customer=(pl.DataFrame({"c": np.arange(100), "home": np.arange(100) // 2}), "c", {"home": ("home", "h")}),
        home=(pl.DataFrame({"h": np.arange(50)}), "h", {}),
        product=(pl.DataFrame({"p": np.arange(5)}), "p", {}),
        order=(
            pl.DataFrame({"o": orders, "c": orders % 100, "p": orders % 5}),
            "o",
            {"c": ("customer", "c"), "p": ("product", "p")},
        ),
    )
    families, shared = families_of(shop, "home")
    assert shared == ("product",)
    assert len(np.unique(families["customer"])) == 50
    assert (families["customer"][shop.tables["order"].rows["c"]] == families["order"]).all()
    parts = split_related(shop, holdout=0.5, seed=0)
    assert parts.root == "home" and len(parts.train.tables["product"]) == 5


def test_references_between_families_are_cut():
    rng = np.random.default_rng(0)
    friends = [None, *rng.integers(0, 199, 199)]
    people = dataset_of(
        person=(pl.DataFrame({"p": np.arange(200), "friend": friends}), "p", {"friend": ("person", "p")}),
        message=(
            pl.DataFrame({"m": np.arange(900), "of": np.arange(900) % 200, "to": rng.integers(0, 200, 900)}),
            "m",
            {"of": ("person", "p"), "to": ("person", "p")},
        ),
    )
    parts = split_related(people, seed=0)
    assert not check(parts.train) and not check(parts.holdout)
    assert not set(parts.train.tables["person"].rows["p"]) & set(parts.holdout.tables["person"].rows["p"])
    # A friend may be missing; a message without the one it goes to may not be.
    gaps = sum(part.tables["person"].rows["friend"].null_count() for part in (parts.train, parts.holdout))
    assert parts.cut["person.friend → person"] == gaps - 1 > 50
    left = len(parts.train.tables["message"]) + len(parts.holdout.tables["message"])
    assert parts.cut["message.to → person"] == 900 - left > 300


def test_a_subset_is_whole():
    small = subset(bank(), roots=40, seed=3)
    assert not check(small)
    assert len(small.tables["account"]) == 40
    accounts = set(small.tables["account"].rows["a"])
    every = bank().tables["disp"].rows
    assert set(small.tables["disp"].rows["d"]) == set(every.filter(pl.col("a").is_in(accounts))["d"])
    assert set(small.tables["client"].rows["c"]) == set(small.tables["disp"].rows["c"])
    assert len(small.tables["district"]) <= 10
    assert subset(bank(), roots=40, seed=3).digest() == small.digest() != subset(bank(), roots=40, seed=4).digest()
    assert len(subset(bank(), share=0.5, seed=0, root="client").tables["client"]) >= 240
    for link in links(small.schema):
        assert (places(small, link) >= 0).all()


def test_what_cannot_be_cut_is_told():
    with pytest.raises(DataError, match="holdout is"):
        split_related(bank(), holdout=1.5)
    with pytest.raises(SchemaError, match="No table called 'acount'"):
        split_related(bank(), root="acount")
    with pytest.raises(DataError, match="500 rows of 'account'"):
        subset(bank(), roots=500, seed=0)
    with pytest.raises(DataError, match="one of them"):
        subset(bank(), seed=0)
    with pytest.raises(DataError, match="share is 2"):
        subset(bank(), share=2, seed=0)
    one = dataset_of(p=(pl.DataFrame({"p": [1]}), "p", {}), c=(pl.DataFrame({"p": [1, 1]}), "", {"p": ("p", "p")}))
    with pytest.raises(EmptyDataError, match="Give at least 2"):
        split_related(one, root="p")


def test_a_dataset_cuts_itself_by_families_and_events_by_entity():
    train, _ = bank().split(holdout=0.3, seed=1, root="account")
    assert train.digest() == split_related(bank(), holdout=0.3, seed=1).train.digest()
    with pytest.raises(SchemaError, match="families"):
        bank().split(stratify="k")
    events = pl.DataFrame({"who": np.repeat(np.arange(50), 4), "at": np.tile(np.arange(4), 50)})
    schema = TableSchema((Column("who", "id"), Column("at", "integer")), sequence=("who", "at"))
    one, other = Dataset.of(Table(schema, events)).split(holdout=0.3, seed=0)
    assert not set(one.rows["who"]) & set(other.rows["who"]) and len(one) + len(other) == 200
