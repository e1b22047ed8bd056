"""The workers of a Ray cluster (https://docs.ray.io), as an executor.

Ray hands functions and values to its workers as pickles, in memory and inside the cluster alone: whoever can reach the
cluster can run code on it (docs/scaling.md). Nothing is told to Ray's makers.
"""

from __future__ import annotations

import os
import socket
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trasunto import __version__, registry
from trasunto.errors import ExecutorError, TrasuntoError
from trasunto.executors import alone, called, single
from trasunto.machine import cores

# Seconds that a cluster has to answer, and to run a first task.
REACHED, ANSWERED = 10.0, 60.0
# How often a part is begun anew when its worker or its machine is lost, or when memory runs out.
TRIES, TRIES_IN_MEMORY = 5, 2
# Where Ray keeps the token of its clusters.
TOKEN = Path("~/.ray/auth_token")
# Read by Ray when it is first imported.
SET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_task_oom_retries": str(TRIES_IN_MEMORY),
}


@dataclass(frozen=True)
class Cluster:
    """Workers of a Ray cluster. address: as it was asked for; started: whether it was started for this."""

    address: str
    started: bool
    here: bool
    apart: bool = field(default=True, init=False)

    @property
    def workers(self) -> int:
        """How many parts are done at a time: the processors of the cluster as it is now."""
        return max(1, int(_ray().cluster_resources().get("CPU", 1)))

    def map(self, function: Callable[..., Any], items: Iterable[Any], *, shared: Any = None) -> Iterator[Any]:
        """See Executor. A part whose worker or machine is lost is done anew, up to 5 times.

        Raises ExecutorError when that does not help, or memory runs out, or the cluster is gone.
        """
        alone_here, items = single(items)
        if alone_here:
            yield called(function, next(items), shared)
            return
        ray = _ray()
        # In a list, so that a worker fetches it once and not with each part.
        lent = [] if shared is None else [ray.put(shared)]
        task = ray.remote(num_cpus=1, max_retries=TRIES, retry_exceptions=False, scheduling_strategy="SPREAD")(_part)
        ahead = 2 * self.workers + 2
        waiting: deque[Any] = deque()
        hurry = False
        try:
            for item in items:
                waiting.append(task.remote(function, item, lent))
                if len(waiting) >= ahead:
                    yield _fetched(waiting.popleft())
            while waiting:
                yield _fetched(waiting.popleft())
        except KeyboardInterrupt:
            hurry = True
            raise
        except ConnectionError as error:
            waiting.clear()
            raise ExecutorError(
                f"The cluster {self.address} took no more work: {_last(error)}",
                "Does it live (`ray status`)? Has it the same packages as this machine?",
            ) from error
        finally:
            for each in waiting:
                ray.cancel(each, force=hurry)

    def together(self, function: Callable[..., Any], item: Any, *, files: Path) -> Any:
        """See Executor: one actor a processor, or one an accelerator where there are some.

        Raises ExecutorError when one of them is lost four times.
        """
        from trasunto.integrations.ray_together import together

        return together(_ray(), function, item, files)

    def close(self) -> None:
        """Leave the cluster, and end it when it was started for this."""
        _ray().shutdown()


def ray(address: str) -> Cluster:
    """Workers of a Ray cluster: `ray` (started on this machine, and ended afterwards), `ray://host:10001` (through its
    client port), `ray:auto` (the cluster that this machine is part of), `ray:host:6379` (the same, by its address).

    Raises MissingLibraryError without Ray, ExecutorError for a cluster that cannot be reached, has another version of
    Python or Ray, or has no Trasunto.
    """
    where = address.removeprefix("ray").removeprefix(":")
    if where.startswith("//"):
        where = f"ray:{where}"
    if where not in ("", "auto"):
        _knock(address, where)
    if where.startswith("ray://") and (os.environ.get("RAY_AUTH_TOKEN") or TOKEN.expanduser().exists()):
        # Clients show the token of a cluster only when they are told to.
        os.environ.setdefault("RAY_AUTH_MODE", "token")
    ray = _ray()
    if ray.is_initialized():
        raise ExecutorError("This process works on a Ray cluster already.", "Leave it first: ray.shutdown().")
    quiet = {"log_to_driver": False, "logging_level": "ERROR"}
    try:
        if not where:
            ray.init("local", num_cpus=cores(), include_dashboard=False, **quiet)
        else:
            ray.init(where, **quiet)
    except (ConnectionError, RuntimeError, ValueError, TimeoutError, OSError) as error:
        ray.shutdown()
        raise _unreached(address, error) from error
    try:
        _answers(address)
    except BaseException:
        ray.shutdown()
        raise
    return Cluster(address, not where, not where)


def _ray() -> Any:
    for name, value in SET.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError as error:
        raise registry.missing(error, "executors: ray") from error
    return ray


def _knock(address: str, where: str) -> None:
    """Whether anybody listens there, before Ray tries for minutes."""
    host, _, port = where.removeprefix("ray://").rpartition(":")
    if not host or not port.isdecimal():
        raise ExecutorError(f"The address of the cluster {where!r} has no port.", "Write ray://host:10001.")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=REACHED).close()
    except OSError as error:
        raise _unreached(address, error) from error


def _unreached(address: str, error: Exception) -> ExecutorError:
    first = str(error).strip().partition("\n")[0] or type(error).__name__
    if "ersion mismatch" in str(error):
        told = " ".join(str(error).split())
        return ExecutorError(
            f"The cluster {address} has other versions than this machine: {told}", "Use the same Python and Ray."
        )
    return ExecutorError(
        f"The cluster {address} cannot be reached: {first}.",
        "Start one (`ray start --head --ray-client-server-port 10001`), or leave the address out: `ray`. One that asks "
        "for a token takes it from RAY_AUTH_TOKEN.",
    )


def _answers(address: str) -> None:
    """Run a first task. ExecutorError when it does not come back, or runs another release of Trasunto."""
    ray = _ray()
    try:
        there = ray.get(ray.remote(num_cpus=1)(_release).remote(), timeout=ANSWERED)
    except ray.exceptions.GetTimeoutError as error:
        raise ExecutorError(
            f"The cluster {address} has run nothing for {ANSWERED:.0f} s.",
            "Look at `ray status`: is it busy, or empty?",
        ) from error
    except ray.exceptions.RayError as error:
        raise ExecutorError(
            f"The workers of the cluster {address} cannot run Trasunto: {_last(error)}",
            "Install it there as here: pip install 'trasunto[ray]'.",
        ) from error
    if there != __version__:
        raise ExecutorError(
            f"The workers of the cluster {address} run Trasunto {there}, this machine {__version__}.",
            "Install the same release on all.",
        )


def _release() -> str:
    return __version__


# Of a worker: the last thing that was shared with it, by its mark.
_taken: dict[str, Any] = {}


def _part(function: Callable[..., Any], item: Any, lent: list[Any]) -> bytes:
    """One part, on a worker: its result, or an error of ours.

    As bytes, which are copied when they are fetched: arrays that lie in the cluster's memory cannot be written to, and
    are gone with it.
    """
    import ray

    shared = None
    if lent:
        mark = lent[0].hex()
        if mark not in _taken:
            _taken.clear()
            _taken[mark] = ray.get(lent[0])
        shared = _taken[mark]
    try:
        found = (True, alone(function, item, shared))
    except TrasuntoError as error:
        found = (False, error)
    packed: bytes = ray.cloudpickle.dumps(found)
    return packed


def _fetched(reference: Any) -> Any:
    """What a part has given. Its own error when it failed."""
    ray = _ray()
    try:
        done, value = ray.cloudpickle.loads(ray.get(reference))
    except ray.exceptions.RayTaskError as error:
        raise error.cause from error
    except ray.exceptions.OutOfMemoryError as error:
        raise ExecutorError(
            f"A worker of the cluster ran out of memory {TRIES_IN_MEMORY + 1} times.",
            "Start workers with fewer processors (`ray start --num-cpus`) or more memory.",
        ) from error
    except (ray.exceptions.RayError, ConnectionError) as error:
        raise ExecutorError(
            f"The cluster has lost a part of the work, and could not make it anew: {_last(error)}",
            "Look at `ray status`, and begin again.",
        ) from error
    if not done:
        raise value
    return value


def _last(error: Exception) -> str:
    """The last line of an error that spans many, or its kind."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
