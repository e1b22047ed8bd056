"""Several processes that train one network together, as torchrun starts them; alone, everything here does nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def world() -> int:
    """How many processes train together."""
    import torch

    return torch.distributed.get_world_size() if _joined() else 1


def rank() -> int:
    """The number of this process, from 0."""
    import torch

    return torch.distributed.get_rank() if _joined() else 0


@contextmanager
def joined() -> Iterator[None]:
    """Inside, this process is one of those that torchrun started (it sets WORLD_SIZE, RANK and LOCAL_RANK); each takes
    its own accelerator where there are some."""
    import torch

    if _joined() or int(os.environ.get("WORLD_SIZE", "1")) == 1 or not torch.distributed.is_available():
        yield
        return
    many = torch.cuda.is_available()
    if many:
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    torch.distributed.init_process_group("nccl" if many else "gloo")
    try:
        yield
    finally:
        torch.distributed.destroy_process_group()


def summed(*values: float) -> tuple[float, ...]:
    """The sums of these numbers over all processes."""
    return _reduced(values, "SUM") if _joined() else values


def largest(*values: float) -> tuple[float, ...]:
    """The largest of each number over all processes: so they agree on when to stop."""
    return _reduced(values, "MAX") if _joined() else values


def add_gradients(weights: list[Any]) -> None:
    """Put the sum over all processes in the place of each gradient."""
    import torch

    if not _joined():
        return
    for each in weights:
        if each.grad is None:
            each.grad = torch.zeros_like(each)
    kinds = {each.grad.dtype for each in weights}
    for kind in sorted(kinds, key=str):
        grads = [each.grad for each in weights if each.grad.dtype == kind]
        # One message for all: many small ones would cost more than what they carry.
        flat = torch.cat([each.flatten() for each in grads])
        torch.distributed.all_reduce(flat)
        for each, part in zip(grads, flat.split([each.numel() for each in grads]), strict=True):
            each.copy_(part.view_as(each))


def wait() -> None:
    """Until all processes are here."""
    import torch

    if _joined():
        torch.distributed.barrier()


def _joined() -> bool:
    import torch

    return bool(torch.distributed.is_available() and torch.distributed.is_initialized())


def _reduced(values: tuple[float, ...], how: str) -> tuple[float, ...]:
    import torch

    place = "cuda" if torch.distributed.get_backend() == "nccl" else "cpu"
    found = torch.tensor(values, dtype=torch.float64, device=place)
    torch.distributed.all_reduce(found, getattr(torch.distributed.ReduceOp, how))
    return tuple(found.tolist())
