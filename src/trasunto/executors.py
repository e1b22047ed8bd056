"""Where work is done: threads of this process, processes of this machine, or the workers of a cluster.

Work that falls into parts asks `current()` to map a function over them:

    results = list(current().map(grow, jobs, shared=table))

Whoever starts the work says where: `with executing("processes:4"): fit(...)`. A part depends on its item alone (with a
seed of its own where it draws), so that the results are the same wherever and by however many it is done.
"""

from __future__ import annotations

import contextvars
import multiprocessing
import os
import socket
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any, Protocol

from trasunto import registry
from trasunto.errors import ExecutorError, FitError, RecipeError
from trasunto.machine import cores

# Parts under way beside those that are worked on: nobody waits for the next one, and results do not pile up.
AHEAD = 2
# How often processes that work together begin, when one of them is lost each time.
BEGUN = 4


class Executor(Protocol):
    """Does parts of work, several at a time."""

    @property
    def workers(self) -> int:
        """How many parts are done at a time."""
        ...

    @property
    def apart(self) -> bool:
        """Whether parts are done in processes of their own: then functions stand at the top of a module, and items,
        results and what is shared are copied."""
        ...

    @property
    def here(self) -> bool:
        """Whether parts see the files of this machine."""
        ...

    def map(self, function: Callable[..., Any], items: Iterable[Any], *, shared: Any = None) -> Iterator[Any]:
        """function(item) for each item, or function(item, shared) when something is shared; results in order of items.

        shared: large values that parts only read, handed over once to each worker and not with each item. Items are
        taken as they are needed. The first part that fails ends it with its error; parts under way are called off.
        A part that maps in its turn does so one after another; a single item is done here, and may spread.
        """
        ...

    def together(self, function: Callable[..., Any], item: Any, *, files: Path) -> Any:
        """function(item, folder) in as many processes at the same time as there are workers, which find each other as
        those of torchrun do (WORLD_SIZE, RANK, LOCAL_RANK, MASTER_ADDR, MASTER_PORT); what the first of them returns.

        When one is lost all begin anew, up to 3 times. folder: what the first of them leaves there lies in `files` as
        well, and is there for all when they begin anew: checkpoints.
        """
        ...

    def close(self) -> None:
        """Let go of what it holds."""
        ...


@dataclass(frozen=True)
class Local:
    """Threads of this process, for compiled code that lets others run. threads: how many; 0 for the cores there are."""

    threads: int = 0
    apart: bool = field(default=False, init=False)
    here: bool = field(default=True, init=False)

    @property
    def workers(self) -> int:
        """How many parts are done at a time."""
        return self.threads or cores()

    def map(self, function: Callable[..., Any], items: Iterable[Any], *, shared: Any = None) -> Iterator[Any]:
        """See Executor."""
        if self.workers == 1:
            for item in items:
                yield called(function, item, shared)
            return
        whole, items = single(items)
        if whole:
            yield called(function, next(items), shared)
            return
        with ThreadPoolExecutor(self.workers) as pool:
            # What is set for this piece of work (an executor, a watch) holds in its threads as well.
            yield from _ordered(
                lambda item: pool.submit(contextvars.copy_context().run, alone, function, item, shared),
                items,
                self.workers + AHEAD,
            )

    def together(self, function: Callable[..., Any], item: Any, *, files: Path) -> Any:
        """See Executor: threads are no processes, so it is done here."""
        return function(item, files)

    def close(self) -> None:
        """Nothing is held."""


@dataclass(frozen=True)
class Processes:
    """Processes of this machine, started for each map and ended with it. count: how many; 0 for the cores there are."""

    count: int = 0
    apart: bool = field(default=True, init=False)
    here: bool = field(default=True, init=False)

    @property
    def workers(self) -> int:
        """How many parts are done at a time."""
        return self.count or cores()

    def map(self, function: Callable[..., Any], items: Iterable[Any], *, shared: Any = None) -> Iterator[Any]:
        """See Executor."""
        whole, items = single(items)
        if whole:
            yield called(function, next(items), shared)
            return
        # Spawned, not forked: a forked copy of a process with threads (polars, torch) may hang.
        spawned = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(self.workers, spawned, _take, (shared,)) as pool:
            try:
                yield from _ordered(lambda item: pool.submit(_with_taken, function, item), items, self.workers + AHEAD)
            except BrokenProcessPool as error:
                raise ExecutorError(
                    f"One of {self.workers} processes was killed in the middle of its work.",
                    "Most likely memory ran out: use fewer, as in `processes:2`.",
                ) from error

    def together(self, function: Callable[..., Any], item: Any, *, files: Path) -> Any:
        """See Executor."""
        count = self.workers
        for _ in range(BEGUN):
            master = ("127.0.0.1", free_port())
            places = [ranked(rank, rank, count, master) for rank in range(count)]
            with ProcessPoolExecutor(count, multiprocessing.get_context("spawn")) as pool:
                parts = [pool.submit(as_ranked, place, function, item, files) for place in places]
                try:
                    first, *_ = [part.result() for part in parts]
                    return first
                except BrokenProcessPool:
                    continue
        raise ExecutorError(
            f"One of {count} processes that work together was killed, {BEGUN} times.",
            "Most likely memory ran out: use fewer, as in `processes:2`.",
        )

    def close(self) -> None:
        """Nothing is held between maps."""


_EXECUTOR: contextvars.ContextVar[Executor | None] = contextvars.ContextVar("executor", default=None)


def current() -> Executor:
    """The executor of the block around; threads of this process when there is none."""
    return _EXECUTOR.get() or Local()


def chosen() -> bool:
    """Whether a block around has said who does the work."""
    return _EXECUTOR.get() is not None


@contextmanager
def executing(executor: Executor | str | None) -> Iterator[Executor]:
    """Work inside this block is done by an executor, or by the one at an address, which is closed in the end.

    None leaves it as it is. Raises as `executor_of`.
    """
    if executor is None:
        yield current()
        return
    made = executor_of(executor) if isinstance(executor, str) else executor
    token = _EXECUTOR.set(made)
    try:
        yield made
    finally:
        _EXECUTOR.reset(token)
        if isinstance(executor, str):
            made.close()


def executor_of(address: str) -> Executor:
    """The executor at an address: `local`, `local:2` (threads), `processes`, `processes:4`, `ray` (started on this
    machine), `ray://host:10001` (a Ray client's port), `ray:auto` (the cluster that this machine is part of).

    Raises UnknownNameError for another name, RecipeError for a number that is none, ExecutorError for a cluster that
    cannot be reached, MissingLibraryError.
    """
    made: Executor = registry.load("executors", address.partition(":")[0])(address)
    return made


def local(address: str) -> Local:
    """Threads of this process: `local`, or `local:2` for two; for compiled code that lets others run."""
    return Local(_count(address))


def processes(address: str) -> Processes:
    """Processes of this machine: `processes`, or `processes:4` for four."""
    return Processes(_count(address))


def check_several() -> None:
    """FitError when a network is to be shared out over the processes that train it, and there is but one."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1 and not (current().apart and current().workers > 1):
        raise FitError(
            "A network is to be shared out (shard), and one process trains it.",
            "Start several: torchrun --nproc-per-node 2 -m trasunto train ..., or --on processes:2; or leave it out.",
        )


def alone(function: Callable[..., Any], item: Any, shared: Any) -> Any:
    """One part of a map, as a worker does it: what it maps in its turn is done one after another."""
    _EXECUTOR.set(Local(1))
    return called(function, item, shared)


def called(function: Callable[..., Any], item: Any, shared: Any) -> Any:
    """One part, done as it stands."""
    return function(item) if shared is None else function(item, shared)


def single(items: Iterable[Any]) -> tuple[bool, Iterator[Any]]:
    """Whether there is exactly one item; and all of them."""
    rest = iter(items)
    first = list(islice(rest, 2))
    return len(first) == 1, chain(first, rest)


def ranked(rank: int, local: int, count: int, master: tuple[str, int]) -> dict[str, str]:
    """What a process is told of those that it works together with. local: its number on its machine; master: the
    address and a free port of the first one."""
    return {
        "RANK": str(rank),
        "LOCAL_RANK": str(local),
        "WORLD_SIZE": str(count),
        "MASTER_ADDR": master[0],
        "MASTER_PORT": str(master[1]),
    }


def as_ranked(place: dict[str, str], function: Callable[..., Any], item: Any, files: Path) -> Any:
    """function(item, files) in a process of its own, as one of several; nothing but from the first."""
    os.environ.update(place)
    # As many threads in all as there are cores, unless somebody has said so.
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, cores() // int(place["WORLD_SIZE"]))))
    found = alone(function, item, files)
    return found if place["RANK"] == "0" else None


def free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.socket() as asked:
        asked.bind(("", 0))
        port: int = asked.getsockname()[1]
    return port


def content_of(folder: Path) -> dict[str, bytes]:
    """A folder as a value, for workers that cannot see it: the content of its files, by path in it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def lay_out(content: Mapping[str, bytes], folder: Path) -> None:
    """Write what `content_of` has read into a folder."""
    for name, each in content.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(each)


def _ordered(submit: Callable[[Any], Future[Any]], items: Iterable[Any], ahead: int) -> Iterator[Any]:
    """Results in order of items, at most `ahead` of them under way."""
    waiting: deque[Future[Any]] = deque()
    try:
        for item in items:
            waiting.append(submit(item))
            if len(waiting) >= ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for each in waiting:
            each.cancel()


# Of a process that works for another, and lives no longer than one map.
_taken: list[Any] = []


def _take(shared: Any) -> None:
    _taken[:] = [shared]


def _with_taken(function: Callable[..., Any], item: Any) -> Any:
    return alone(function, item, _taken[0])


def _count(address: str) -> int:
    """The number behind the colon of an address; 0 when there is none."""
    name, colon, text = address.partition(":")
    if not colon:
        return 0
    if not text.isdecimal() or not int(text):
        raise RecipeError(f"The executor {address!r} has no number after its colon.", f"Write {name}, or {name}:4.")
    return int(text)
