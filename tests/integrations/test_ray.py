"""Work on a Ray cluster of several nodes is the same as here, also when one of them is lost in the middle of it."""

import os
import socket
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import trasunto as tr
from trasunto import errors
from trasunto.cli.main import code_of
from trasunto.data.schema import ForeignKey, Schema
from trasunto.executors import Local, current, executing, executor_of
from trasunto.integrations.ray import _unreached
from trasunto.metrics.measure import measure
from trasunto.metrics.score import Comparison
from trasunto.synthesizers.parallel import drawn
from work_to_do import doubled, nested, node, refusing, stumbling, summed

NAMES = ["fidelity.shapes", "fidelity.trends", "fidelity.c2st"]


@pytest.fixture(scope="module")
def real():
    return tr.read("packaged:breast_cancer")


@pytest.fixture(scope="module")
def kept(real, tmp_path_factory):
    """A model fitted here, and its rows."""
    folder = tmp_path_factory.mktemp("here") / "model"
    tr.fit(real, "tree", seed=0, settings={"orders": 2}).save(folder)
    return folder


def lost(cluster, found):
    """One of two nodes fewer, at once."""
    cluster.remove_node(*cluster.worker_nodes, allow_graceful=False)
    found.append(True)


def arrays(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_nodes_share_the_work_and_its_results_come_in_order(on):
    assert on.workers == 2 and on.apart and not on.here
    assert list(on.map(doubled, range(9))) == [2 * each for each in range(9)]
    assert list(on.map(summed, range(3), shared=np.arange(10.0))) == [45.0, 45.0, 44.0]
    assert len(set(on.map(node, range(30)))) == 2
    assert list(on.map(nested, [2, 3])) == [(1, [0, 2]), (1, [0, 2, 4])]
    results = on.map(refusing, range(5))
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(errors.FitError, match="Item 2 cannot be done") as caught:
        next(results)
    assert caught.value.next_move == "Leave it out."


def test_a_worker_that_is_killed_is_replaced(on, tmp_path):
    assert list(on.map(stumbling, range(4), shared=str(tmp_path))) == [0, 1, 2, 3]
    assert len(list(tmp_path.iterdir())) == 2


def test_a_model_fitted_while_a_node_is_lost_is_the_same(cluster, real, kept, tmp_path):
    found = []

    def killing(what, done, total):
        if what == "fit tree" and done == 5 and not found:
            lost(cluster, found)

    with executing(f"ray:{cluster.address}"):
        model = tr.fit(real, "tree", seed=0, settings={"orders": 2}, progress=killing)
    assert found
    model.save(tmp_path / "model")
    assert arrays(tmp_path / "model") == arrays(kept)
    cluster.add_node(num_cpus=1, object_store_memory=80 << 20)


def test_rows_drawn_while_a_node_is_lost_are_the_same(cluster, kept, monkeypatch):
    monkeypatch.setattr("trasunto.synthesizers.parallel.PART", 500)
    found, parts = [], []
    with executing(f"ray:{cluster.address}"):
        for part in drawn(kept, 12_000, seed=4):
            parts.append(part.rows)
            if len(parts) == 3:
                lost(cluster, found)
    alone = pl.concat([part.rows for part in drawn(kept, 12_000, seed=4, workers=1)])
    assert found and pl.concat(parts).equals(alone)
    cluster.add_node(num_cpus=1, object_store_memory=80 << 20)


def test_scores_are_the_same(on, real, kept):
    half = len(real) // 2
    rows = [real.with_table(real.only.take(range(*ends))) for ends in ((0, half), (half, len(real)))]
    comparison = Comparison(rows[0], tr.load(kept).sample(half, seed=1), rows[1], target="target", seed=0)
    spread = measure(comparison, NAMES)
    with executing(Local(1)):
        alone = measure(comparison, NAMES)
    assert [each.to_dict() for each in spread] == [each.to_dict() for each in alone]
    few = real.with_table(real.only.take(range(5)))
    with pytest.raises(errors.MetricError, match="needs 10 rows"):
        measure(Comparison(few, few), ["fidelity.c2st", "fidelity.shapes"])


def test_commands_and_recipes_say_where(cluster, kept, tmp_path):
    where = f"ray:{cluster.address}"
    assert code_of(["sample", str(kept), "-n", "50", "-o", str(tmp_path / "a.csv"), "--on", where]) == 0
    assert code_of(["sample", str(kept), "-n", "50", "-o", str(tmp_path / "b.csv"), "--on", "local:1"]) == 0
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert current() == Local()
    assert code_of(["sample", str(kept), "-n", "5", "-o", str(tmp_path / "c.csv"), "--on", "rai"]) == 2
    recipe = {"data": {"source": "packaged:breast_cancer"}, "metrics": ["fidelity.shapes"], "report": {"formats": []}}
    recipe["synthesizer"] = {"settings": {"orders": 2}}
    runs = [
        tr.run(tr.Recipe.from_dict({**recipe, "executor": each}), folder=tmp_path / name)
        for name, each in (("there", where), ("here", None))
    ]
    assert runs[0].manifest["digest"] == runs[1].manifest["digest"]


def test_related_tables_fitted_there_are_those_fitted_here(on):
    rng = np.random.default_rng(0)
    owner = np.repeat(np.arange(60), rng.integers(0, 4, 60))
    parents = pl.DataFrame({"id": range(60), "size": rng.normal(size=60).round(2)})
    children = pl.DataFrame({"id": range(len(owner)), "owner": owner, "kind": rng.choice(["a", "b"], len(owner))})
    kept, owned = tr.read(parents).only.schema, tr.read(children).only.schema
    key = ForeignKey(("owner",), "parents", ("id",))
    schema = {"parents": replace(kept, primary_key=("id",)), "children": replace(owned, foreign_keys=(key,))}
    real = tr.read({"parents": parents, "children": children}, schema=Schema(schema))
    there = tr.fit(real, "relational", seed=0, settings={"row_settings": {"orders": 2}}).sample(seed=1)
    with executing(Local(1)):
        here = tr.fit(real, "relational", seed=0, settings={"row_settings": {"orders": 2}}).sample(seed=1)
    assert there.digest() == here.digest()


def test_another_release_is_refused(cluster, monkeypatch):
    monkeypatch.setattr("trasunto.integrations.ray.__version__", "9.9")
    with pytest.raises(errors.ExecutorError, match=r"run Trasunto 0\.\d.*this machine 9\.9"):
        executor_of(f"ray:{cluster.address}")
    refused = RuntimeError("Version mismatch: The cluster was started with:\n    Ray: 2.9\nThis process: 2.60")
    assert "other versions" in str(_unreached("ray", refused)) and "Ray: 2.9" in str(_unreached("ray", refused))


def test_what_cannot_be_reached_is_told(monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for address in (f"ray://127.0.0.1:{port}", f"ray:127.0.0.1:{port}"):
        with pytest.raises(errors.ExecutorError, match=f"{address} cannot be reached.*refused"):
            executor_of(address)
    with pytest.raises(errors.ExecutorError, match="no port"):
        executor_of("ray://127.0.0.1")
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(errors.MissingLibraryError, match=r"trasunto\[ray\]"):
        executor_of("ray")
    assert current() == Local() and os.environ["RAY_USAGE_STATS_ENABLED"] == "0"
