"""Where a network computes, and how exactly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np


def accelerator() -> Any:
    """The accelerator when there is one, else the processor, as a torch.device."""
    import torch

    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def precise(precision: str, device: Any) -> AbstractContextManager[Any]:
    """A context for forward passes. precision: "float32", or "auto" for bfloat16 on an accelerator that has it.

    On a processor bfloat16 made small networks slower even where it has instructions for it: casts cost more than
    the products save.
    """
    import torch

    half = precision == "auto" and device.type == "cuda" and torch.cuda.is_bf16_supported()
    return torch.autocast(device.type, dtype=torch.bfloat16) if half else nullcontext()


def halves(device: Any) -> bool:
    """Whether bfloat16 products are native where `device` computes: these networks train twice as fast with them."""
    import torch

    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    # Without the instructions bfloat16 is emulated, and slow.
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def resident(arrays: Mapping[str, np.ndarray], device: Any) -> dict[str, Any]:
    """Arrays as tensors, moved to the device once; batches are then gathered there."""
    import torch

    return {name: torch.from_numpy(np.ascontiguousarray(each)).to(device) for name, each in arrays.items()}


@contextmanager
def threads(count: int | None) -> Iterator[None]:
    """Compute with so many threads of the processor inside the block; None leaves them as they are.

    How sums are split depends on the number of threads, so that a fixed number makes a result repeatable.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
