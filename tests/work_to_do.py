"""Parts of work for tests of executors: other processes find them by the name of this module."""

import os
import threading
import time

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
