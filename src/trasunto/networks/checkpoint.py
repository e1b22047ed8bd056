"""The state of a training in one file: tensors as safetensors, the rest as JSON in its header. Nothing is executed
when it is read, and a file is whole or not there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trasunto.errors import ModelError
from trasunto.writing import aside

FORMAT = "trasunto training 1"


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
            found.update(each.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    return found.hexdigest()[:16]


def save_state(path: Path, parts: Parts, more: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
    """Write the state under `path`, whole or not at all. more: other tensors by name; facts: JSON values."""
    import torch
    from safetensors.torch import save_file

    tensors: dict[str, Any] = {f"more/{name}": each for name, each in more.items()}
    plain: dict[str, Any] = {}
    for name, module in parts.modules.items():
        tensors |= {f"module/{name}/{key}": each.detach() for key, each in _moving(module).items()}
    for name, optimizer in parts.optimizers.items():
        for place, state in optimizer.state_dict()["state"].items():
            for key, value in state.items():
                if isinstance(value, torch.Tensor):
                    tensors[f"optimizer/{name}/{place}/{key}"] = value
                else:
                    plain[f"optimizer/{name}/{place}/{key}"] = value
    for name, generator in parts.generators.items():
        if isinstance(generator, np.random.Generator):
            plain[f"generator/{name}"] = generator.bit_generator.state
        else:
            tensors[f"generator/{name}"] = generator.get_state()
    tensors["torch/cpu"] = torch.get_rng_state()
    if parts.device.type == "cuda":
        tensors["torch/cuda"] = torch.cuda.get_rng_state(parts.device)
    document = json.dumps({"format": FORMAT, "facts": facts, "plain": plain})
    with aside(path) as temporary:
        # A copy each: safetensors refuses tensors that share memory.
        save_file(
            {name: each.cpu().contiguous().clone() for name, each in tensors.items()}, temporary, {"state": document}
        )


def load_state(path: Path, parts: Parts) -> tuple[dict[str, Any], dict[str, Any]]:
    """Put a state back in place: (other tensors by name, facts). ModelError when the file is broken."""
    import torch
    from safetensors import safe_open

    try:
        with safe_open(path, framework="pt") as file:
            document = json.loads(file.metadata()["state"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no mapping)
        if document["format"] != FORMAT:
            raise ValueError(f"its format is {document['format']!r}")
        plain = document["plain"]
        with torch.no_grad():
            for name, module in parts.modules.items():
                for key, each in _moving(module).items():
                    each.copy_(tensors[f"module/{name}/{key}"])
        for name, optimizer in parts.optimizers.items():
            optimizer.load_state_dict({**optimizer.state_dict(), "state": _states(name, tensors, plain)})
        for name, generator in parts.generators.items():
            if isinstance(generator, np.random.Generator):
                generator.bit_generator.state = plain[f"generator/{name}"]
            else:
                generator.set_state(tensors[f"generator/{name}"])
        torch.set_rng_state(tensors["torch/cpu"])
        if parts.device.type == "cuda" and "torch/cuda" in tensors:
            torch.cuda.set_rng_state(tensors["torch/cuda"], parts.device)
    except Exception as error:
        # safetensors raises an error of its own kind, which is no OSError and no ValueError.
        raise ModelError(f"The checkpoint {path} cannot be read: {error!r}.", "Remove it to start anew.") from error
    more = {name.removeprefix("more/"): each for name, each in tensors.items() if name.startswith("more/")}
    return more, document["facts"]


def _states(name: str, tensors: Mapping[str, Any], plain: Mapping[str, Any]) -> dict[int, dict[str, Any]]:
    """An optimizer's state by number of the weight."""
    found: dict[int, dict[str, Any]] = {}
    start = f"optimizer/{name}/"
    for key, value in [*tensors.items(), *plain.items()]:
        if key.startswith(start):
            place, _, what = key.removeprefix(start).partition("/")
            found.setdefault(int(place), {})[what] = value
    return found


def _moving(module: Any) -> dict[str, Any]:
    """The tensors of a module that training changes: weights that ask for gradients, and buffers of floats."""
    weights = {name: each for name, each in module.named_parameters() if each.requires_grad}
    return weights | {name: each for name, each in module.named_buffers() if each.is_floating_point()}
