"""A network whose weights are shared out over the processes that train it: each holds its part of the weights, of their
gradients and of what the optimizer remembers, and a layer is put together only while it computes.

Zhao et al. 2023, "PyTorch FSDP: experiences on scaling fully sharded data parallel", as torch does it (fully_shard);
Rajbhandari et al. 2020, "ZeRO", stage 3. Alone, everything here does nothing.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Iterable
from typing import Any

from trasunto.networks.ranks import world


def share(network: Any, layers: Iterable[Any]) -> None:
    """Share out the weights of a network, in place: those of each layer together, and then what is left.

    All processes call it, with the same weights. Gradients are summed over the processes, not averaged.
    """
    import torch
    from torch.distributed.fsdp import fully_shard

    place = next(network.parameters()).device.type
    if place == "cpu":
        _given_back()
    mesh = torch.distributed.init_device_mesh(place, (world(),))
    for each in [*layers, network]:
        made = fully_shard(each, mesh=mesh, reshard_after_forward=True)
        made.set_gradient_divide_factor(1.0)
        # gloo sums, and nothing else.
        made.set_force_sum_reduction_for_comms(True)


def _given_back() -> None:
    """Have the C library give memory of a megabyte or more back at once: else it keeps what layers leave, as it learns
    from the sizes that it sees (mallopt(3), M_MMAP_THRESHOLD)."""
    import ctypes

    told = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if told is not None:
        told(-3, 1 << 20)


def shared(weight: Any) -> bool:
    """Whether a weight is shared out."""
    if world() == 1:
        return False
    from torch.distributed.tensor import DTensor

    return isinstance(weight, DTensor)


def local(weight: Any) -> Any:
    """What of a weight this process holds, in the same memory; all of it when it is not shared out."""
    return weight.to_local() if shared(weight) else weight


def whole(part: Any, like: Any) -> Any:
    """The tensor of which this process holds `part`, shared out as `like` is; all processes call it."""
    if not shared(like):
        return part
    from torch.distributed.tensor import DTensor

    held = DTensor.from_local(
        local(part), like.device_mesh, like.placements, run_check=False, shape=like.shape, stride=like.stride()
    )
    return held.full_tensor()


def portion(full: Any, like: Any) -> Any:
    """A whole tensor, shared out as `like` is; itself when that is not."""
    if not shared(like):
        return full
    from torch.distributed.tensor import distribute_tensor

    # Every process has the tensor: nothing is sent.
    return distribute_tensor(full.to(like.device), like.device_mesh, like.placements, src_data_rank=None)


def through(network: Any, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with what is left of a shared network beside its layers put together while it computes, and its
    gradients shared out afterwards: what computes with a network by another way than calling it."""
    from torch.distributed.fsdp import register_fsdp_forward_method

    name = f"through_{len([key for key in vars(network) if key.startswith('through_')])}"
    setattr(network, name, function)
    register_fsdp_forward_method(network, name)
    found: Callable[..., Any] = getattr(network, name)
    return found


def hollow(*networks: Any) -> tuple[Any, ...]:
    """Copies of networks without their weights, to be `filled`: nothing leads from a shared network back."""
    import torch

    weights = {id(each): each for network in networks for each in network.parameters()}
    empty = {
        place: torch.nn.Parameter(torch.empty_like(each, device="meta"), requires_grad=each.requires_grad)
        for place, each in weights.items()
    }
    return tuple(copy.deepcopy(list(networks), empty))


def filled(empty: Any, network: Any) -> None:
    """Put the weights of a shared network into a hollow copy of it, whole; all processes call it."""
    import torch

    names = dict(network.named_parameters())
    made = {}
    with torch.no_grad():
        for name, each in empty.named_parameters():
            full = whole(names[name].detach(), names[name])
            made[id(each)] = torch.nn.Parameter(full, requires_grad=each.requires_grad)
    for module in empty.modules():
        for name, each in list(module.named_parameters(recurse=False, remove_duplicate=False)):
            setattr(module, name, made[id(each)])
