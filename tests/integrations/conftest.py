import shutil
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))


@pytest.fixture(scope="session")
def cluster():
    """A cluster of two nodes on this machine, with one processor each."""
    pytest.importorskip("ray")
    from trasunto.integrations.ray import _ray

    ray = _ray()
    from ray.cluster_utils import Cluster

    import work_to_do

    ray.cloudpickle.register_pickle_by_value(work_to_do)
    # A short name: sockets of Ray lie in it.
    place = tempfile.mkdtemp(prefix="t", dir="/tmp")
    made = Cluster(
        initialize_head=True,
        head_node_args={
            "num_cpus": 1,
            "object_store_memory": 80 << 20,
            "include_dashboard": False,
            "temp_dir": place,
        },
    )
    made.add_node(num_cpus=1, object_store_memory=80 << 20)
    yield made
    ray.shutdown()
    made.shutdown()
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def on(cluster):
    """The cluster, as the executor of the test."""
    from trasunto.executors import executing

    with executing(f"ray:{cluster.address}") as executor:
        yield executor
