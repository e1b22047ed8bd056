"""What this process may use."""

from __future__ import annotations

import functools
import os
from contextlib import AbstractContextManager
from typing import Any


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def one_thread() -> AbstractContextManager[Any]:
    """Linear algebra on one thread inside a `with`: threads that wait for each other over small matrices cost more
    than they bring, and sums are the same with any number of cores."""
    limited: AbstractContextManager[Any] = _pools().limit(limits=1, user_api="blas")
    return limited


@functools.cache
def _pools() -> Any:
    import numpy  # noqa: F401  (what is not loaded yet would not be found)
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
