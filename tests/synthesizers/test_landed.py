"""A table that several workers write holds the rows of one, and is there whole or not at all."""

import datetime
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import trasunto as tr
from trasunto.connectors.address import open_sink
from trasunto.connectors.landing import landing_of
from trasunto.data.schema import ForeignKey, Schema
from trasunto.errors import StoreError
from trasunto.executors import Local, Processes, executing
from trasunto.synthesizers.landed import drawn_to, families_to

pytest.importorskip("pyarrow")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    days = [datetime.datetime(2026, 1, 1) + datetime.timedelta(hours=5 * i) for i in range(200)]
    real = tr.read({"day": days, "kind": ["a", "b", None, "d"] * 50, "size": [i / 7 for i in range(200)]}, name="made")
    folder = tmp_path_factory.mktemp("models") / "model"
    tr.fit(real, "tree", seed=0, settings={"orders": 2}).save(folder)
    return str(folder)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    monkeypatch.setattr("trasunto.synthesizers.parallel.PART", 300)


@pytest.mark.parametrize("form", ["parquet", "delta"])
def test_workers_write_the_rows_of_one(form, model, tmp_path):
    pytest.importorskip("deltalake" if form == "delta" else "pyarrow")
    with executing(Processes(2)):
        assert drawn_to(f"{form}:{tmp_path / 'many'}", model, 1000, seed=3) == 1000
    with executing(Local(1)):
        assert drawn_to(f"{form}:{tmp_path / 'one'}", model, 1000, seed=3) == 1000
    many, one = (tr.read(f"{form}:{tmp_path / name}").only for name in ("many", "one"))
    assert len(list((tmp_path / "many").glob("part-*.parquet"))) == 4
    assert many.schema == one.schema
    order = many.rows.columns
    assert many.rows.equals(one.rows) if form == "parquet" else many.rows.sort(order).equals(one.rows.sort(order))
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []


@pytest.mark.parametrize("form", ["parquet", "delta"])
def test_nothing_is_left_of_what_fails(form, model, tmp_path, monkeypatch):
    pytest.importorskip("deltalake" if form == "delta" else "pyarrow")
    seen = []

    def stops(what, done, total):
        seen.append(done)
        if done >= 600:
            raise KeyboardInterrupt

    with executing(Processes(2)), pytest.raises(KeyboardInterrupt):
        drawn_to(f"{form}:{tmp_path / 'many'}", model, 1500, seed=3, progress=stops)
    assert seen[-1] == 600 and list(tmp_path.iterdir()) == []


def test_a_lost_race_leaves_what_the_other_wrote(model, tmp_path):
    pytest.importorskip("deltalake")
    address = f"delta:{tmp_path / 'table'}"
    made = tr.load(model)
    landings = [landing_of(open_sink(address)) for _ in range(2)]
    files = [each.write(0, made.sample(50 + place, seed=1)) for place, each in enumerate(landings)]
    assert landings[1].commit(files[1:]) == 51
    assert landing_of(open_sink(address)) is None
    with pytest.raises(StoreError, match="was not written"):
        landings[0].commit(files[:1])
    assert len(tr.read(address)) == 51
    assert not any(landings[0].mark in path.name for path in (tmp_path / "table").iterdir())


@pytest.fixture(scope="module")
def families(tmp_path_factory):
    rng = np.random.default_rng(0)
    owner = np.repeat(np.arange(60), rng.integers(0, 4, 60))
    parents = pl.DataFrame({"id": range(60), "size": rng.normal(size=60).round(2)})
    children = pl.DataFrame({"id": range(len(owner)), "owner": owner, "kind": rng.choice(["a", "b"], len(owner))})
    kept, owned = tr.read(parents).only.schema, tr.read(children).only.schema
    key = ForeignKey(("owner",), "parents", ("id",))
    schema = {
        "parents": replace(kept, primary_key=("id",)),
        "children": replace(owned, primary_key=("id",), foreign_keys=(key,)),
    }
    folder = tmp_path_factory.mktemp("related") / "model"
    tr.fit(tr.read({"parents": parents, "children": children}, schema=Schema(schema)), "relational", seed=0).save(
        folder
    )
    return folder, tr.load(folder)


@pytest.mark.parametrize("form", ["parquet", "delta"])
def test_families_are_written_in_parts_whose_keys_go_on(form, families, tmp_path, monkeypatch):
    pytest.importorskip("deltalake" if form == "delta" else "pyarrow")
    folder, model = families
    monkeypatch.setattr("trasunto.synthesizers.landed.FAMILIES", 100)
    with executing(Processes(2)):
        counts = families_to(f"{form}:{tmp_path / 'many'}", folder, model, 130, seed=3)
    with executing(Local(1)):
        assert families_to(str(tmp_path / "one"), folder, model, 130, seed=3) == counts
    many, one = tr.read(f"{form}:{tmp_path / 'many'}"), tr.read(str(tmp_path / "one"), schema=model.schema)
    assert counts == {name: len(table) for name, table in many.tables.items()} and counts["parents"] == 130
    parents, children = many.tables["parents"].rows, many.tables["children"].rows
    assert parents["id"].n_unique() == 130 and children["id"].n_unique() == len(children)
    assert set(children["owner"]) <= set(parents["id"])
    for name, table in one.tables.items():
        texts = [pl.col(column).cast(pl.String) for column in table.rows.columns]
        wanted = table.rows.select(texts).sort(pl.all())
        assert many.tables[name].rows.select(texts).sort(pl.all()).equals(wanted), name
    parts = [
        made.tables["parents"].rows for made in model.batches(130, seed=3, size=100 * 60 // sum(model.sizes.values()))
    ]
    assert pl.concat(parts)["size"].sort().equals(parents["size"].sort())
