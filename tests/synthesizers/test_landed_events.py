"""Events are drawn in parts of whole entities: the same rows whoever draws them, and by a run as by its saved model."""

import json

import numpy as np
import polars as pl
import pytest

import trasunto as tr
from trasunto.executors import Local, Processes, executing
from trasunto.synthesizers.landed import drawn_to, gathered
from trasunto.synthesizers.parallel import drawn, size_of


def journeys(entities=120):
    rng = np.random.default_rng(0)
    counts = rng.integers(1, 8, entities)
    who = np.repeat(np.arange(entities), counts)
    steps = rng.integers(1, 9, len(who))
    frame = pl.DataFrame(
        {
            "who": who,
            "step": np.cumsum(steps),
            "kind": rng.choice(["a", "b", "c"], len(who)),
            "size": rng.normal(size=len(who)).round(2),
            "home": np.repeat(rng.choice(["x", "y"], entities), counts),
        }
    )
    return tr.in_sequence(tr.read(frame, name="journeys"), "who", "step")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("events") / "model"
    tr.fit(journeys(), "sequences", seed=0, settings={"row_settings": {"orders": 1}}).save(folder)
    return folder


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr("trasunto.synthesizers.parallel.EVENTS", 400)
    monkeypatch.setattr("trasunto.synthesizers.parallel.ENTITIES", 50)


def test_a_part_has_so_many_events(model, tmp_path, monkeypatch):
    # Few a mean entity: no more entities than rows of any other model; many: enough for a round to be worth it.
    assert size_of(model) == 200_000
    monkeypatch.setattr("trasunto.synthesizers.parallel.ENTITIES", 5)
    monkeypatch.setattr("trasunto.synthesizers.parallel.EVENTS", 400)
    mean = json.loads((model / "model.json").read_text())["facts"]["events_of_an_entity"]["mean"]
    assert size_of(model) == int(400 / mean)
    monkeypatch.setattr("trasunto.synthesizers.parallel.EVENTS", 1)
    assert size_of(model) == 5
    rows = tr.read({"a": [1.5, 2.5, 3.5] * 20, "most": ["u", "v", "w"] * 20})
    tr.fit(rows, "independent", seed=0).save(tmp_path / "rows")
    assert size_of(tmp_path / "rows") == 200_000


def test_a_small_number_is_drawn_as_ever(model):
    few = tr.load(model).sample(300, seed=3)
    assert gathered(tr.load(model), model, 300, seed=3).only.rows.equals(few.only.rows)


@pytest.mark.parametrize("who", [Local(2), Processes(2), Processes(3)], ids=["threads", "two", "three"])
def test_the_same_events_whoever_draws(who, model, small_parts):
    size, fitted = size_of(model), tr.load(model)
    parts = [each.only.rows for each in fitted.batches(330, seed=3, size=size)]
    assert len(parts) == -(-330 // size) > 2
    one = pl.concat(parts)
    with executing(who):
        many = gathered(fitted, model, 330, seed=3)
    assert many.only.rows.equals(one) and many.schema == fitted.schema
    assert one["who"].n_unique() == 330
    # Each part is whole entities, in their order.
    assert one.group_by("who").agg(pl.col("step").is_sorted())["step"].all()
    assert one["who"].ne(one["who"].shift()).fill_null(True).sum() == 330


def test_workers_write_events_and_tell_of_entities(model, small_parts, tmp_path):
    pytest.importorskip("pyarrow")
    told = []
    with executing(Processes(2)):
        wrote = drawn_to(
            f"parquet:{tmp_path / 'many'}", model, 330, seed=3, progress=lambda what, done, of: told.append((done, of))
        )
    one = pl.concat([each.only.rows for each in drawn(model, 330, seed=3, workers=1)])
    many = tr.read(f"parquet:{tmp_path / 'many'}").only.rows
    assert len(list((tmp_path / "many").glob("part-*.parquet"))) > 2
    assert wrote == len(one) > 330 and many.select(one.columns).equals(one.cast(dict(many.schema)))
    assert told[-1] == (330, 330)
