"""Steps of many examples, computed a few at a time: gradients are added up, over processes too, and a machine that runs
out of memory takes fewer at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trasunto.errors import FitError
from trasunto.networks.checkpoint import Parts
from trasunto.networks.course import TRAINING, Loop
from trasunto.networks.ranks import add_gradients, largest, rank, summed, world
from trasunto.networks.shards import shared


@dataclass
class Pieces:
    """How much is computed at once. tokens: of the examples of a piece; halved: how often memory ran out."""

    tokens: int
    lengths: np.ndarray
    halved: int = field(default=0)

    def of(self, batch: np.ndarray) -> list[np.ndarray]:
        """The examples of a batch in pieces, those of like length together."""
        order = batch[np.argsort(self.lengths[batch], kind="stable")[::-1]]
        found: list[list[int]] = []
        held = 0
        for place in order:
            size = int(self.lengths[place])
            if not found or held + size > self.tokens:
                found.append([])
                held = 0
            found[-1].append(int(place))
            held += size
        return [np.array(each) for each in found]

    def halve(self, batch: np.ndarray, error: BaseException) -> None:
        """Half as much at once. Raises FitError when an example alone is too much."""
        if all(len(each) == 1 for each in self.of(batch)):
            raise FitError(
                f"Memory ran out over a single example of {int(self.lengths[batch].max())} tokens.",
                "Shorten the examples (longest), turn checkpointing on, use lora or qlora, or take a smaller base.",
            ) from error
        largest = max(int(self.lengths[each].sum()) for each in self.of(batch))
        self.tokens = max(min(self.tokens, largest) // 2, 1)
        self.halved += 1


def stepping(
    network: Any,
    loss_of: Callable[[np.ndarray], tuple[Any, float]],
    pieces: Pieces,
    settings: Loop,
    *,
    weight: float,
) -> tuple[Parts, Callable[[np.ndarray], dict[str, Any]]]:
    """(what changes, a step) for `train_steps`: AdamW on the gradients of a whole step.

    loss_of: example numbers → (summed loss, how many things it sums). weight: what summed losses of a step are divided
    by, the same for all steps, so that each thing counts alike. Under torchrun each process takes its share of a step;
    where the weights are shared out, each step has as many pieces in all processes, and memory that runs out ends it.
    """
    import torch

    weights = [each for each in network.parameters() if each.requires_grad]
    apart = shared(weights[0])
    optimizer = torch.optim.AdamW(weights, lr=settings.learning_rate, weight_decay=settings.weight_decay, fused=True)

    def step(batch: np.ndarray) -> dict[str, Any]:
        mine = batch[rank() :: world()]
        if apart:
            total, count = _added_together(loss_of, mine, pieces, weight)
        else:
            total, count = _added(loss_of, mine, pieces, weight, optimizer)
            add_gradients(weights)
        total, count = summed(total, count)
        torch.nn.utils.clip_grad_norm_(weights, settings.clip)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return {TRAINING: torch.tensor(total / max(count, 1.0))}

    return Parts({"network": network}, {"adam": optimizer}, ("network",), {}), step


def _added(
    loss_of: Callable[[np.ndarray], tuple[Any, float]],
    batch: np.ndarray,
    pieces: Pieces,
    weight: float,
    optimizer: Any,
) -> tuple[float, float]:
    """(loss, count) of a step, its gradients added up; from the start again with half as much when memory runs out."""
    while True:
        try:
            total, count = 0.0, 0.0
            for piece in pieces.of(batch):
                loss, things = loss_of(piece)
                (loss / weight).backward()
                total, count = total + float(loss.detach()), count + things
            return total, count
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                raise
            pieces.halve(batch, error)
        # Behind the handler: the error holds on to the tensors of the failed pass.
        optimizer.zero_grad(set_to_none=True)
        free()


def _added_together(
    loss_of: Callable[[np.ndarray], tuple[Any, float]], batch: np.ndarray, pieces: Pieces, weight: float
) -> tuple[float, float]:
    """As `_added`, of a network that is shared out: layers are put together by all processes at the same time."""
    own = pieces.of(batch)
    most = int(largest(len(own))[0])
    total, count = 0.0, 0.0
    try:
        for place in range(most):
            # Who has less to do goes along with an example that does not count.
            counts = place < len(own)
            loss, things = loss_of(own[place] if counts else np.zeros(1, dtype=np.int64))
            (loss * (float(counts) / weight)).backward()
            if counts:
                total, count = total + float(loss.detach()), count + things
    except (RuntimeError, MemoryError) as error:
        if not out_of_memory(error):
            raise
        raise FitError(
            f"Memory ran out in one of {world()} processes that share a network.",
            "Compute fewer tokens at once (micro_tokens), turn checkpointing on, or start more processes.",
        ) from error
    return total, count


def out_of_memory(error: BaseException) -> bool:
    """Whether this is memory that ran out, of the accelerator or of the machine."""
    import torch

    said = str(error)
    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or "DefaultCPUAllocator" in said


def free() -> None:
    """Give back what is held for later."""
    import gc

    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
