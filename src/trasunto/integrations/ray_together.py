"""Actors of a Ray cluster that work together, as the processes of torchrun do, and begin anew when one is lost.

What the first of them leaves in its folder is fetched now and then, so that no storage need be shared: after a loss all
begin with it.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trasunto.errors import ExecutorError, TrasuntoError
from trasunto.executors import BEGUN, as_ranked, content_of, free_port, lay_out, ranked
from trasunto.writing import write_bytes

# Seconds between two looks at what was left; that actors have to start, and to say that they live.
LOOK, STARTED, LIVES = 5.0, 120.0, 10.0


class Rank:
    """One of the actors. Two of its methods run at a time: the work, and questions about it."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="trasunto-"))

    def place(self) -> tuple[str, str, int]:
        """The node it is on, and an address and a free port there."""
        import ray

        return ray.get_runtime_context().get_node_id(), ray.util.get_node_ip_address(), free_port()

    def work(self, told: dict[str, str], function: Callable[..., Any], item: Any, content: dict[str, bytes]) -> bytes:
        """As `as_ranked`; as bytes, like a part of a map."""
        import ray

        lay_out(content, self.folder)
        try:
            found = (True, as_ranked(told, function, item, self.folder))
        except TrasuntoError as error:
            found = (False, error)
        packed: bytes = ray.cloudpickle.dumps(found)
        return packed

    def clean(self) -> None:
        """Leave nothing on the disk of this machine."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def left(self, known: float) -> tuple[float, dict[str, bytes]]:
        """When the youngest file was left, and all files if that is later than what is known."""
        # What is not whole yet lies in hidden folders.
        times = [path.stat().st_mtime for path in self.folder.glob("[!.]*") if path.is_file()]
        youngest = max(times, default=0.0)
        content = content_of(self.folder) if youngest > known else {}
        return youngest, {name: each for name, each in content.items() if not name.startswith(".")}


class _Lost(Exception):
    """One of them is gone."""


def together(ray: Any, function: Callable[..., Any], item: Any, files: Path) -> Any:
    """See Executor.together."""
    lent = ray.put(item)
    for _ in range(BEGUN):
        try:
            return _once(ray, function, lent, files)
        except _Lost as error:
            last = error
    raise ExecutorError(
        f"One of the workers that work together was lost {BEGUN} times: {last}",
        "Look at `ray status`: is memory short? What was done is kept in checkpoints.",
    ) from last


def _once(ray: Any, function: Callable[..., Any], lent: Any, files: Path) -> Any:
    there = ray.cluster_resources()
    many = int(there.get("GPU", 0))
    count = many or max(1, int(there.get("CPU", 1)))
    kind = ray.remote(num_cpus=1, num_gpus=1 if many else 0, max_concurrency=2, scheduling_strategy="SPREAD")(Rank)
    actors = [kind.remote() for _ in range(count)]
    try:
        try:
            places = ray.get([actor.place.remote() for actor in actors], timeout=STARTED)
        except ray.exceptions.RayError as error:
            raise _Lost(str(error)) from error
        nodes = [node for node, _, _ in places]
        master = places[0][1:]
        content = content_of(files)
        parts = [
            actor.work.remote(ranked(rank, nodes[:rank].count(nodes[rank]), count, master), function, lent, content)
            for rank, actor in enumerate(actors)
        ]
        return _watched(ray, actors, parts, files)
    finally:
        with contextlib.suppress(ray.exceptions.RayError, ConnectionError):
            ray.wait([actor.clean.remote() for actor in actors], num_returns=count, timeout=LIVES)
        for actor in actors:
            ray.kill(actor)


def _watched(ray: Any, actors: list[Any], parts: list[Any], files: Path) -> Any:
    """What the first one returns when all are done; what it leaves is fetched meanwhile."""
    known, waiting = 0.0, list(parts)
    first = None
    while waiting:
        done, waiting = ray.wait(waiting, timeout=LOOK)
        for part in done:
            try:
                well, value = ray.cloudpickle.loads(ray.get(part))
            except ray.exceptions.RayTaskError as error:
                # The others fail as well when one is gone; its own error is told when all live.
                _all_live(ray, actors)
                raise error.cause from error
            except ray.exceptions.RayError as error:
                raise _Lost(str(error)) from error
            if not well:
                raise value
            first = value if part == parts[0] else first
        try:
            known, content = ray.get(actors[0].left.remote(known), timeout=LIVES)
        except ray.exceptions.RayError as error:
            raise _Lost(str(error)) from error
        for name, each in content.items():
            write_bytes(files / name, each)
    return first


def _all_live(ray: Any, actors: list[Any]) -> None:
    for actor in actors:
        try:
            ray.get(actor.place.remote(), timeout=LIVES)
        except ray.exceptions.RayError as error:
            raise _Lost(str(error)) from error
