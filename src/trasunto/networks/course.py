"""A training under way: its settings, where it stands, its best weights, what is told of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field
from itertools import count, islice
from pathlib import Path
from typing import Any

import numpy as np

from trasunto.errors import FitError, StoreError
from trasunto.networks.checkpoint import Parts, load_state, mark, save_state
from trasunto.networks.device import precise
from trasunto.networks.packing import best_fit
from trasunto.networks.ranks import largest, rank
from trasunto.networks.shards import local
from trasunto.privacy.mechanisms import noise

TRAINING = "training loss"
VALIDATION = "validation loss"
INTERRUPTED = "interrupted; the best so far is kept"


@dataclass(frozen=True)
class Loop:
    """How to train.

    epochs: passes over the examples. batch: examples a step. tokens: above 0, a step holds examples of at most so many
    tokens together, packed best-fit, instead of `batch` examples. learning_rate: of AdamW, after warm-up and before it
    falls in a line to zero. warmup: share of the steps. clip: largest norm of the gradient. weight_decay: of AdamW.
    undecayed: names of the parameters that it leaves alone.
    max_seconds: stop after this, at the end of a step; the schedule is stretched over the time left.
    patience: stop when the validation loss has not improved for so many checks; checks: how many a run has.
    average: decay of the moving average of the weights that is judged and kept (Polyak and Juditsky 1992); 0 keeps
    the weights themselves. precision: "float32", or "auto" for bfloat16 on an accelerator that has it.
    threads: of the processor; None leaves them as they are. With 1 the result is the same on every machine of a kind.
    sampling: above 0, the chance of each example to be in a step, by itself and by the machine's randomness, for so
    many `steps` (Poisson sampling); epochs and batch say nothing then, and `noise` is what steps add to gradients, in
    units of `clip` (networks/private.py).
    """

    epochs: int = 2
    batch: int = 16
    learning_rate: float = 1e-3
    warmup: float = 0.05
    clip: float = 1.0
    weight_decay: float = 0.0
    undecayed: tuple[str, ...] = ()
    max_seconds: float = float("inf")
    patience: int = 3
    checks: int = 6
    average: float = 0.0
    precision: str = "float32"
    threads: int | None = None
    sampling: float = 0.0
    steps: int = 0
    noise: float = 0.0
    tokens: int = 0

    def __post_init__(self) -> None:
        if self.precision not in ("float32", "auto"):
            raise FitError(f"The precision is {self.precision!r}.", 'It is "float32" or "auto".')
        if not 0 <= self.average < 1:
            raise FitError(f"The average decays by {self.average}.", "Give 0 (none) or more, below 1.")


@dataclass(frozen=True)
class Curves:
    """What was seen. train: mean loss of each thirtieth of the steps or so; validation: loss at each check; more:
    the other losses, by name, as `train`."""

    train: tuple[float, ...]
    validation: tuple[float, ...]
    steps: int
    planned: int
    seconds: float
    stopped: str
    more: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        more = {name: list(values) for name, values in self.more.items()}
        return {
            "curves": {TRAINING: list(self.train), VALIDATION: list(self.validation), **more},
            "steps": self.steps,
            "planned_steps": self.planned,
            "seconds": round(self.seconds, 1),
            "stopped": self.stopped,
        }


@dataclass(frozen=True)
class Check:
    """A training as it stands. step of planned; losses: by name, the mean since the last check; validation: the
    validation loss, None when there is none; best: whether it is the lowest so far; seconds: time spent; left: the
    seconds that are likely to be left."""

    step: int
    planned: int
    losses: Mapping[str, float]
    validation: float | None
    best: bool
    seconds: float
    left: float


@dataclass(frozen=True)
class Watch:
    """What goes with a training.

    callbacks: each is called with every Check; what one raises ends the training. folder: where checkpoints are
    written, and resumed from when a training with the same settings, seed, data sizes, first weights and place among
    the trainings of the `watched` block stands there (a finished one is taken as it is); None writes none. every:
    seconds between two checkpoints. stops: Ctrl-C writes a checkpoint and goes on up, instead of ending the training
    with the best so far.
    """

    callbacks: Sequence[Callable[[Check], None]] = ()
    folder: str | Path | None = None
    every: float = 60.0
    stops: bool = False

    def __post_init__(self) -> None:
        if not self.every >= 0:
            raise FitError(f"Checkpoints every {self.every} s.", "Give 0 (after each step) or more seconds.")


# The watch, and the numbers of the trainings inside its block.
_WATCH: ContextVar[tuple[Watch, Iterator[int]] | None] = ContextVar("watch", default=None)


@contextmanager
def watched(watch: Watch) -> Iterator[None]:
    """Every training inside this block is watched so: `with watched(Watch(folder="ck")): fit(real, "gan", seed=0)`."""
    token = _WATCH.set((watch, count()))
    try:
        yield
    finally:
        _WATCH.reset(token)


def present_watch() -> tuple[Watch, int]:
    """The watch of the block around, or one that does nothing, and the number of this training inside the block."""
    around = _WATCH.get()
    return (around[0], next(around[1])) if around is not None else (Watch(), 0)


def watching() -> Watch:
    """The watch of the block around, or one that does nothing; no training is counted."""
    around = _WATCH.get()
    return around[0] if around is not None else Watch()


def watched_folder() -> Path | None:
    """Where the trainings of the block around are kept; None when nowhere."""
    around = _WATCH.get()
    return None if around is None or around[0].folder is None else Path(around[0].folder)


class Course:
    """Where a training is: what it has seen, its best weights, its average, its time."""

    def __init__(
        self, parts: Parts, settings: Loop, lengths: Sequence[int] | int, seed: int, watch: Watch | None
    ) -> None:
        self.parts, self.settings, self.seed = parts, settings, seed
        self.watch, self.number = (watch, 0) if watch is not None else present_watch()
        self.lengths = np.zeros(lengths, dtype=np.int8) if isinstance(lengths, int) else np.asarray(lengths)
        self.planned = (
            settings.steps if settings.sampling else settings.epochs * -(-len(self.lengths) // settings.batch)
        )
        if settings.tokens:
            # How many packs there are differs from epoch to epoch.
            self.planned = sum(1 for _ in self.all_batches())
        self.every = max(1, -(-self.planned // settings.checks))
        self.done, self.since, self.looked, self.stopped, self.spent = 0, 0, 0, "", 0.0
        self.losses: dict[str, list[float]] = {}
        self.waiting: list[dict[str, Any]] = []
        self.checked: list[float] = []
        self.best: tuple[float, list[Any]] | None = None
        # The tensors themselves, or what of them lies in this process: training changes them in place.
        self.result = [local(each.detach()) for each in parts.result()]
        self.average = [each.clone() for each in self.result] if settings.average else None
        for optimizer in parts.optimizers.values():
            for group in optimizer.param_groups:
                group["initial_lr"] = group["lr"]
        self.path = self._resumed() if self.watch.folder is not None else None
        self.started = self.saved = time.monotonic()
        self.now = self.spent

    @property
    def seconds(self) -> float:
        """Time spent, that of earlier runs of it included."""
        return self.spent + time.monotonic() - self.started

    @property
    def share(self) -> float:
        """How much of the course is over, by steps or by time."""
        return max(self.done / max(self.planned, 1), self.now / self.settings.max_seconds)

    @property
    def expected(self) -> int:
        """Steps that there will be, as far as the time limit lets one see."""
        return max(self.done, min(self.planned, round(self.done / max(self.share, 1e-9))))

    def batches(self) -> Iterator[np.ndarray]:
        """The batches that are left, an epoch at a time."""
        if self.settings.sampling:
            # Never drawn again: a training that is taken up goes on with new samples.
            for _ in range(self.done, self.planned):
                yield np.flatnonzero(noise().bernoulli(self.settings.sampling, len(self.lengths)))
            return
        yield from islice(self.all_batches(), self.done, None)

    def all_batches(self) -> Iterator[np.ndarray]:
        """The batches of all epochs."""
        rng = np.random.default_rng(self.seed)
        for _ in range(self.settings.epochs):
            if self.settings.tokens:
                yield from best_fit(self.lengths, self.settings.tokens, rng)
            else:
                yield from batches(self.lengths, self.settings.batch, rng)

    def over(self, pressed: list[int]) -> bool:
        """Whether to stop before the next step."""
        # Processes that train together stop together, by the latest clock among them.
        self.now, interrupted = largest(self.seconds, len(pressed))
        if interrupted and self.done:
            self.stopped = INTERRUPTED
        elif interrupted:
            raise KeyboardInterrupt
        elif self.since >= self.settings.patience:
            self.stopped = "the validation loss had stopped falling"
        elif self.now > self.settings.max_seconds:
            self.stopped = f"the time limit of {self.settings.max_seconds:.0f} s was reached"
        return bool(self.stopped)

    def set_rates(self) -> None:
        """Warm up in a line, then fall in a line to zero."""
        warm = (self.done + 1) / max(1.0, self.settings.warmup * self.planned)
        for optimizer in self.parts.optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = group["initial_lr"] * max(min(warm, 1.0 - self.share), 0.0)

    def count(self, losses: dict[str, Any]) -> None:
        """Take note of a step."""
        import torch

        self.done += 1
        self.waiting.append(losses)
        if len(self.waiting) >= 256:
            self._read()
        if self.average is not None:
            # At the start the average would be of first weights only.
            decay = min(self.settings.average, (1 + self.done) / (10 + self.done))
            torch._foreach_lerp_(self.average, self.result, 1 - decay)

    def check(self, validate: Callable[[], float] | None) -> None:
        """Validate and tell the callbacks, unless that was done after this very step."""
        if self.looked == self.done:
            return
        self.looked = self.done
        found, better = None, False
        if validate is not None:
            found = self._validated(validate)
            better = self.best is None or found < self.best[0]
            if better:
                kept = self.average if self.average is not None else self.result
                self.best = (found, [each.detach().clone() for each in kept])
            self.checked.append(found)
            self.since = 0 if better else self.since + 1
        self._read()
        last = {name: float(np.mean(values[-self.every :])) for name, values in self.losses.items()}
        left = max(self.seconds * (1 - self.share) / max(self.share, 1e-9), 0.0)
        for each in self.watch.callbacks if rank() == 0 else ():
            each(Check(self.done, self.planned, last, found, better, self.seconds, left))

    def training(self, on: bool) -> None:
        """Put every module in training or in evaluation."""
        for module in self.parts.modules.values():
            module.train(on)

    def save_now_and_then(self) -> None:
        waited = time.monotonic() - self.saved
        if self.path is not None and self.parts.shared:
            (waited,) = largest(waited)
        if waited >= self.watch.every:
            self.save()

    def save(self) -> None:
        """Write the checkpoint, where one is wanted."""
        if self.path is None or (rank() and not self.parts.shared):
            return
        self._read()
        more = {"average": self.average} if self.average is not None else {}
        facts: dict[str, Any] = {
            "done": self.done,
            "since": self.since,
            "looked": self.looked,
            "losses": self.losses,
            "checked": self.checked,
            "seconds": self.seconds,
        }
        if self.best is not None:
            facts["best"] = self.best[0]
            more["best"] = self.best[1]
        save_state(self.path, self.parts, more, facts)
        self.saved = time.monotonic()

    def end(self) -> Curves:
        """Put the weights that are kept in place."""
        import torch

        self._read()
        kept = self.best[1] if self.best is not None else self.average
        if kept is not None:
            torch._foreach_copy_(self.result, kept)
        self.training(False)
        told = {name: _stretches(values) for name, values in self.losses.items()}
        first = told.pop(TRAINING, ())
        return Curves(first, tuple(self.checked), self.done, self.planned, self.seconds, self.stopped, told)

    def _resumed(self) -> Path:
        """Where the checkpoint lies; what stands there is taken up."""
        about = {**asdict(self.settings), "max_seconds": None, "seed": self.seed, "number": self.number}
        path = Path(self.watch.folder or ".") / f"{mark(self.parts, about, self.lengths)}.safetensors"
        try:
            # Better now than after an hour of training.
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"Cannot write {path.parent}: {error.strerror}.", "Name another folder.") from error
        if path.exists():
            more, facts = load_state(path, self.parts)
            self.average = more["average"] if self.average is not None else None
            self.best = (facts["best"], more["best"]) if "best" in facts else None
            self.done, self.since, self.looked = facts["done"], facts["since"], facts["looked"]
            self.losses, self.checked, self.spent = facts["losses"], facts["checked"], facts["seconds"]
        return path

    def _read(self) -> None:
        """Losses of past steps as numbers: once in a while, since each reading waits for the accelerator."""
        import torch

        if self.waiting:
            for name in self.waiting[0]:
                values = torch.stack([each[name].float() for each in self.waiting]).tolist()
                self.losses.setdefault(name, []).extend(values)
            self.waiting.clear()

    def _validated(self, validate: Callable[[], float]) -> float:
        """The validation loss of the averaged weights, where there are some, else of the weights."""
        import torch

        self.training(False)
        aside = [each.detach().clone() for each in self.result] if self.average is not None else None
        with torch.no_grad(), precise(self.settings.precision, self.parts.device):
            if self.average is not None:
                torch._foreach_copy_(self.result, self.average)
            found = float(validate())
            if aside is not None:
                torch._foreach_copy_(self.result, aside)
        self.training(True)
        return found


def batches(lengths: Sequence[int] | np.ndarray, size: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Every example once, in batches of like length, in random order."""
    order = np.asarray(lengths) + rng.random(len(lengths))
    sorted_examples = np.argsort(order)
    parts = [sorted_examples[start : start + size] for start in range(0, len(lengths), size)]
    return [parts[place] for place in rng.permutation(len(parts))]


def _stretches(losses: list[float]) -> tuple[float, ...]:
    """Mean loss of up to 30 stretches."""
    if not losses:
        return ()
    return tuple(float(part.mean()) for part in np.array_split(np.array(losses), min(30, len(losses))))
