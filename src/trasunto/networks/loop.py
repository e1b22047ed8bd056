"""The one training loop: every network of Trasunto is trained here."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from trasunto.networks.checkpoint import Parts
from trasunto.networks.course import INTERRUPTED, TRAINING, Course, Curves, Loop, Watch, batches
from trasunto.networks.device import precise, threads
from trasunto.progress import Progress, quiet

__all__ = ["Curves", "Loop", "Parts", "Watch", "batches", "train", "train_steps"]


def train(
    network: Any,
    loss_of: Callable[[np.ndarray], tuple[Any, float]],
    lengths: Sequence[int] | int,
    settings: Loop,
    *,
    seed: int,
    weight: float | None = None,
    validate: Callable[[], float] | None = None,
    progress: Progress = quiet,
    watch: Watch | None = None,
) -> Curves:
    """Train the parameters of `network` that ask for gradients, in place.

    loss_of: (batch,) example numbers → (summed loss, how many things it sums). lengths: (n,) of the examples, so
    that a batch holds examples of like length, or n when they are all alike. weight: what the summed loss of a batch
    is divided by; its own count when None. validate: the validation loss now; the best weights are kept.
    watch: callbacks and checkpoints; None takes those of the `watched` block around.
    Ctrl-C ends it at the next step with the best weights so far (`Curves.stopped` says so); a second one raises.
    """
    import torch

    weights = [each for each in network.parameters() if each.requires_grad]
    fast, kept = settings.learning_rate, settings.undecayed
    groups: dict[float, list[Any]] = {}
    for name, each in network.named_parameters():
        if each.requires_grad:
            groups.setdefault(0.0 if name in kept else settings.weight_decay, []).append(each)
    optimizer = torch.optim.AdamW(
        [{"params": part, "weight_decay": decay} for decay, part in groups.items()], lr=fast, fused=True
    )

    def step(batch: np.ndarray) -> dict[str, Any]:
        with precise(settings.precision, weights[0].device):
            loss, count = loss_of(batch)
        (loss / max(weight or count, 1.0)).backward()
        torch.nn.utils.clip_grad_norm_(weights, settings.clip)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return {TRAINING: loss.detach() / max(count, 1.0)}

    parts = Parts({"network": network}, {"adam": optimizer}, ("network",), {})
    return train_steps(parts, step, lengths, settings, seed=seed, validate=validate, progress=progress, watch=watch)


def train_steps(
    parts: Parts,
    step: Callable[[np.ndarray], dict[str, Any]],
    lengths: Sequence[int] | int,
    settings: Loop,
    *,
    seed: int,
    validate: Callable[[], float] | None = None,
    progress: Progress = quiet,
    watch: Watch | None = None,
) -> Curves:
    """The loop around steps that train `parts` by themselves, for methods with several networks.

    step: (batch,) example numbers → losses by name, as 0-d tensors off the graph; it changes the modules, and its
    optimizers' learning rates are set before it. Everything else as in `train`.
    """
    course = Course(parts, settings, lengths, seed, watch)
    with threads(settings.threads), pressed_keys() as pressed:
        try:
            _follow(course, step, validate, progress, pressed)
        except KeyboardInterrupt:
            # It did not come through the handler: not the main thread, or raised by what was called.
            if pressed or course.done == 0:
                raise
            course.stopped = INTERRUPTED
    if course.stopped == INTERRUPTED and course.watch.stops:
        raise KeyboardInterrupt
    progress("train", course.planned, course.planned)
    return course.end()


def _follow(
    course: Course,
    step: Callable[[np.ndarray], dict[str, Any]],
    validate: Callable[[], float] | None,
    progress: Progress,
    pressed: list[int],
) -> None:
    """Step until the course is at its end."""
    course.training(True)
    for batch in course.batches():
        if course.over(pressed):
            break
        course.set_rates()
        course.count(step(batch))
        progress("train", course.done, course.expected)
        if course.done % course.every == 0 or course.done == course.planned:
            course.check(validate)
        course.save_now_and_then()
    else:
        course.stopped = "all epochs done"
    if course.stopped != INTERRUPTED:
        course.check(validate)
    course.save()


@contextmanager
def pressed_keys() -> Iterator[list[int]]:
    """A list that grows by the first Ctrl-C, so that the step under way ends whole; a second one raises at once."""
    seen: list[int] = []
    before = signal.getsignal(signal.SIGINT)
    # Only the main thread may set a handler, and one that somebody else has set stays.
    if threading.current_thread() is not threading.main_thread() or before is not signal.default_int_handler:
        yield seen
        return

    def note(number: int, frame: Any) -> None:
        if seen:
            raise KeyboardInterrupt
        seen.append(number)

    signal.signal(signal.SIGINT, note)
    try:
        yield seen
    finally:
        signal.signal(signal.SIGINT, before)
