"""Parts of work for tests of executors: other processes find them by the name of this module."""

import os
import threading
import time
from pathlib import Path

from trasunto.errors import FitError
from trasunto.executors import current


def doubled(item):
    # Later items are done sooner.
    time.sleep(0.01 * max(0, 4 - item))
    return 2 * item


def summed(item, shared):
    return float(shared[item:].sum())


def refusing(item):
    if item == 2:
        raise FitError(f"Item {item} cannot be done.", "Leave it out.")
    return item


def nested(item):
    return current().workers, list(current().map(doubled, range(item)))


def own(item, shared):
    return os.getpid(), threading.get_ident()


def dying(item):
    os._exit(3)


def node(item):
    import ray

    time.sleep(0.05)
    return ray.get_runtime_context().get_node_id()


def stumbling(item, folder):
    """Dies the first time that it does an odd item."""
    path = Path(folder) / str(item)
    if item % 2 and not path.exists():
        path.touch()
        os._exit(3)
    return item


def met(item, folder):
    """Its number, how many work together, and how often they have begun before. item: a path that the last one leaves
    before it dies, the first time; None when all fail."""
    rank, count = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    if item is None:
        raise FitError("Nothing can be learnt.", "Give texts.")
    begun = len(list(folder.glob("begun*")))
    if rank == 0:
        (folder / f"begun{begun}").touch()
    if not Path(item).exists():
        time.sleep(1.5)
        if rank == count - 1:
            Path(item).touch()
            os._exit(3)
    return rank, count, begun
