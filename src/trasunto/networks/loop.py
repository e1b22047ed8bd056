"""The one training loop: every network of Trasunto is trained here."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trasunto.progress import Progress, quiet


@dataclass(frozen=True)
class Loop:
    """How to train.

    epochs: passes over the examples. batch: examples a step. learning_rate: of AdamW, after warm-up and before it
    falls in a line to zero. warmup: share of the steps. clip: largest norm of the gradient. weight_decay: of AdamW.
    max_seconds: stop after this, at the end of a step; the schedule is stretched over the time left.
    patience: stop when the validation loss has not improved for so many checks; checks: how many a run has.
    """

    epochs: int = 2
    batch: int = 16
    learning_rate: float = 1e-3
    warmup: float = 0.05
    clip: float = 1.0
    weight_decay: float = 0.0
    max_seconds: float = float("inf")
    patience: int = 3
    checks: int = 6


@dataclass(frozen=True)
class Curves:
    """What was seen. train: mean loss of each tenth of the steps or so; validation: loss at each check."""

    train: tuple[float, ...]
    validation: tuple[float, ...]
    steps: int
    planned: int
    seconds: float
    stopped: str

    def to_dict(self) -> dict[str, Any]:
        return {
            "curves": {"training loss": list(self.train), "validation loss": list(self.validation)},
            "steps": self.steps,
            "planned_steps": self.planned,
            "seconds": round(self.seconds, 1),
            "stopped": self.stopped,
        }


def train(
    network: Any,
    loss_of: Callable[[np.ndarray], tuple[Any, float]],
    lengths: Sequence[int],
    settings: Loop,
    *,
    seed: int,
    weight: float | None = None,
    validate: Callable[[], float] | None = None,
    progress: Progress = quiet,
) -> Curves:
    """Train the parameters of `network` that ask for gradients, in place.

    loss_of: (batch,) example numbers → (summed loss, how many things it sums). lengths: (n,) of the examples, so
    that a batch holds examples of like length. weight: what the summed loss of a batch is divided by; its own
    count when None. validate: the validation loss now; the best weights are kept.
    """
    import torch

    weights = [each for each in network.parameters() if each.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=settings.learning_rate, weight_decay=settings.weight_decay)
    rng = np.random.default_rng(seed)
    plan = [batch for _ in range(settings.epochs) for batch in batches(lengths, settings.batch, rng)]
    best: tuple[float, list[Any]] | None = None
    losses: list[float] = []
    checked: list[float] = []
    every = max(1, len(plan) // settings.checks)
    started, stopped, since = time.monotonic(), "all epochs done", 0
    network.train()
    for step, batch in enumerate(plan):
        gone = time.monotonic() - started
        share = max(step / len(plan), gone / settings.max_seconds)
        if gone > settings.max_seconds:
            stopped = f"the time limit of {settings.max_seconds:.0f} s was reached"
            break
        for group in optimizer.param_groups:
            group["lr"] = settings.learning_rate * min((step + 1) / max(1.0, settings.warmup * len(plan)), 1.0 - share)
        loss, count = loss_of(batch)
        (loss / max(weight or count, 1.0)).backward()
        torch.nn.utils.clip_grad_norm_(weights, settings.clip)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        losses.append(float(loss.detach()) / max(count, 1.0))
        progress("train", step + 1, len(plan))
        if validate is not None and (step + 1) % every == 0:
            network.eval()
            checked.append(validate())
            network.train()
            if best is None or checked[-1] < best[0]:
                best, since = (checked[-1], [each.detach().clone() for each in weights]), 0
            else:
                since += 1
                if since >= settings.patience:
                    stopped = "the validation loss had stopped falling"
                    break
    progress("train", len(plan), len(plan))
    if best is not None:
        with torch.no_grad():
            for each, kept in zip(weights, best[1], strict=True):
                each.copy_(kept)
    network.eval()
    seconds = time.monotonic() - started
    return Curves(_tenths(losses), tuple(checked), len(losses), len(plan), seconds, stopped)


def batches(lengths: Sequence[int], size: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Every example once, in batches of like length, in random order."""
    order = np.asarray(lengths) + rng.random(len(lengths))
    sorted_examples = np.argsort(order, kind="stable")
    parts = [sorted_examples[start : start + size] for start in range(0, len(lengths), size)]
    return [parts[place] for place in rng.permutation(len(parts))]


def _tenths(losses: list[float]) -> tuple[float, ...]:
    """Mean loss of up to 30 stretches."""
    if not losses:
        return ()
    return tuple(float(part.mean()) for part in np.array_split(np.array(losses), min(30, len(losses))))
