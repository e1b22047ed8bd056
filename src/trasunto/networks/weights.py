"""Weights of a network as plain arrays, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def plain(net: Any) -> dict[str, np.ndarray]:
    """The weights as float32 arrays, by name."""
    return {name: each.detach().float().cpu().numpy() for name, each in net.items()}


def weights_of(arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Back as tensors."""
    import torch

    return {name: torch.from_numpy(np.array(each, dtype=np.float32)) for name, each in arrays.items()}
