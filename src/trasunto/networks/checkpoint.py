"""The state of a training in one file: tensors as safetensors, the rest as JSON in its header. Nothing is executed
when it is read, and a file is whole or not there.

Of a network whose weights are shared out over processes the file holds them whole, tensor by tensor: any number of
processes goes on from it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trasunto.errors import ModelError
from trasunto.networks.ranks import rank
from trasunto.networks.shards import local, portion, shared, whole
from trasunto.writing import aside

FORMAT = "trasunto training 1"
# What safetensors calls the kinds of numbers that a training holds.
KINDS = {"float32": "F32", "bfloat16": "BF16", "float16": "F16", "float64": "F64", "int64": "I64", "uint8": "U8"}


@dataclass(frozen=True)
class Parts:
    """All that a training changes.

    modules, optimizers: torch's, by name. kept: names of the modules that are its result: their best weights are
    kept, and averaged when the settings say so. generators: torch or numpy generators that its steps draw from.
    """

    modules: Mapping[str, Any]
    optimizers: Mapping[str, Any]
    kept: tuple[str, ...]
    generators: Mapping[str, Any]

    def result(self) -> list[Any]:
        """The tensors of the kept modules: weights that learn, and buffers of floats."""
        return [each for name in self.kept for each in _moving(self.modules[name]).values()]

    @property
    def shared(self) -> bool:
        """Whether weights are shared out over processes, so that these write together."""
        return any(shared(each) for module in self.modules.values() for each in module.parameters())

    @property
    def device(self) -> Any:
        """Where the first weight lies."""
        return next(each for module in self.modules.values() for each in module.parameters()).device


def mark(parts: Parts, about: Mapping[str, Any], lengths: np.ndarray) -> str:
    """16 hex digits that differ when settings, sizes of the examples, or first weights do."""
    import torch

    found = hashlib.sha256(json.dumps(about, sort_keys=True, default=str).encode())
    found.update(np.ascontiguousarray(lengths).tobytes())
    for module in parts.modules.values():
        for name, each in _moving(module).items():
            found.update(f"{name} {tuple(each.shape)}".encode())
            found.update(whole(each.detach(), each).cpu().contiguous().flatten().view(torch.uint8).numpy())
    return found.hexdigest()[:16]


def save_state(path: Path, parts: Parts, more: Mapping[str, Sequence[Any]], facts: Mapping[str, Any]) -> None:
    """Write the state under `path`, whole or not at all. more: copies of `parts.result()` by name, of each what lies in
    this process; facts: JSON values. Where weights are shared out, all processes call it, and the first one writes."""
    import torch

    tensors: dict[str, tuple[Any, Any]] = {}
    plain: dict[str, Any] = {}
    for name, copies in more.items():
        pairs = zip(copies, parts.result(), strict=True)
        tensors |= {f"more/{name}/{place}": (each, like) for place, (each, like) in enumerate(pairs)}
    for name, module in parts.modules.items():
        tensors |= {f"module/{name}/{key}": (each.detach(), each) for key, each in _moving(module).items()}
    for name, optimizer in parts.optimizers.items():
        for place, state in optimizer.state_dict()["state"].items():
            for key, value in state.items():
                if isinstance(value, torch.Tensor):
                    tensors[f"optimizer/{name}/{place}/{key}"] = (value, value)
                else:
                    plain[f"optimizer/{name}/{place}/{key}"] = value
    for name, generator in parts.generators.items():
        if isinstance(generator, np.random.Generator):
            plain[f"generator/{name}"] = generator.bit_generator.state
        else:
            tensors[f"generator/{name}"] = (generator.get_state(),) * 2
    tensors["torch/cpu"] = (torch.get_rng_state(),) * 2
    if parts.device.type == "cuda":
        tensors["torch/cuda"] = (torch.cuda.get_rng_state(parts.device),) * 2
    document = json.dumps({"format": FORMAT, "facts": facts, "plain": plain})
    with aside(path) if rank() == 0 else nullcontext() as temporary:
        _write(temporary, tensors, document)


def load_state(path: Path, parts: Parts) -> tuple[dict[str, list[Any]], dict[str, Any]]:
    """Put a state back in place: (copies of the result by name, of each what belongs to this process; facts).
    ModelError when the file is broken."""
    import torch
    from safetensors import safe_open

    try:
        with safe_open(path, framework="pt") as file, torch.no_grad():
            document = json.loads(file.metadata()["state"])
            names = list(file.keys())
            if document["format"] != FORMAT:
                raise ValueError(f"its format is {document['format']!r}")
            plain, take = document["plain"], file.get_tensor
            for name, module in parts.modules.items():
                for key, each in _moving(module).items():
                    local(each).copy_(local(portion(take(f"module/{name}/{key}"), each)))
            for name, optimizer in parts.optimizers.items():
                states = _states(name, optimizer, {**plain, **dict.fromkeys(names)}, take)
                optimizer.load_state_dict({**optimizer.state_dict(), "state": states})
            for name, generator in parts.generators.items():
                if isinstance(generator, np.random.Generator):
                    generator.bit_generator.state = plain[f"generator/{name}"]
                else:
                    generator.set_state(take(f"generator/{name}"))
            torch.set_rng_state(take("torch/cpu"))
            if parts.device.type == "cuda" and "torch/cuda" in names:
                torch.cuda.set_rng_state(take("torch/cuda"), parts.device)
            more = {
                what: [
                    local(portion(take(f"more/{what}/{place}").to(parts.device), like))
                    for place, like in enumerate(parts.result())
                ]
                for what in sorted({each.split("/")[1] for each in names if each.startswith("more/")})
            }
    except Exception as error:
        # safetensors raises an error of its own kind, which is no OSError and no ValueError.
        raise ModelError(f"The checkpoint {path} cannot be read: {error!r}.", "Remove it to start anew.") from error
    return more, document["facts"]


def _write(path: Path | None, tensors: Mapping[str, tuple[Any, Any]], document: str) -> None:
    """A file of safetensors (https://github.com/huggingface/safetensors, "Format"), a tensor at a time: no more than
    one is held whole. tensors: (what lies here, what it is shared out as); path: None writes nothing."""
    import torch

    header: dict[str, Any] = {"__metadata__": {"state": document}}
    end = 0
    for name, (each, like) in tensors.items():
        size = like.numel() * each.element_size()
        kind = KINDS[str(each.dtype).removeprefix("torch.")]
        header[name] = {"dtype": kind, "shape": list(like.shape), "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") if path is not None else nullcontext() as file:
        if file is not None:
            file.write(len(text).to_bytes(8, "little") + text)
        for each, like in tensors.values():
            full = whole(each, like)
            if file is not None:
                file.write(memoryview(full.cpu().contiguous().flatten().view(torch.uint8).numpy()))


def _states(
    name: str, optimizer: Any, known: Mapping[str, Any], take: Callable[[str], Any]
) -> dict[int, dict[str, Any]]:
    """An optimizer's state by number of the weight. known: values by name, None for tensors, which are taken."""
    weights = [each for group in optimizer.param_groups for each in group["params"]]
    found: dict[int, dict[str, Any]] = {}
    start = f"optimizer/{name}/"
    for key, value in known.items():
        if key.startswith(start):
            place, _, what = key.removeprefix(start).partition("/")
            like = weights[int(place)]
            if value is None:
                full = take(key)
                value = portion(full, like) if full.shape == like.shape else full
            found.setdefault(int(place), {})[what] = value
    return found


def _moving(module: Any) -> dict[str, Any]:
    """The tensors of a module that training changes: weights that ask for gradients, and buffers of floats."""
    weights = {name: each for name, each in module.named_parameters() if each.requires_grad}
    return weights | {name: each for name, each in module.named_buffers() if each.is_floating_point()}
