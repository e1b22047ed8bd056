"""A step of the autoencoder with its gradients written out, which takes three quarters of the time of a backward pass
that torch derives: nothing is kept or computed that is not needed, and all weights lie in one vector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from trasunto.networks import chance
from trasunto.networks.course import TRAINING, Loop
from trasunto.networks.sums import summed_slope
from trasunto.networks.vae import BROAD, NARROW, Lesson
from trasunto.networks.vae_loss import sloped


def flattened(net: Any) -> tuple[Any, dict[str, Any]]:
    """(a torch ParameterDict of one vector of all the weights, the weights by name as parts of that vector)."""
    import torch

    vector = torch.nn.Parameter(torch.cat([each.detach().reshape(-1) for each in net.values()]))
    return torch.nn.ParameterDict({"weights": vector}), parts_of(vector.detach(), net)


def parts_of(vector: Any, like: Mapping[str, Any]) -> dict[str, Any]:
    """Parts of a vector, by the names and in the shapes of `like`."""
    found, start = {}, 0
    for name, each in like.items():
        found[name] = vector[start : start + each.numel()].view(each.shape)
        start += each.numel()
    return found


@dataclass(frozen=True)
class Steps:
    """Steps of a training. lesson: its weights are parts of `vector`. optimizer: of the vector. clip: the largest norm
    of its gradient. inner: what layers are multiplied with, by name; halved: the vector that they are parts of where
    they are bfloat16, or None. slopes: parts of the gradient of the vector."""

    lesson: Lesson
    vector: Any
    optimizer: Any
    clip: float
    inner: Mapping[str, Any]
    halved: Any
    slopes: Mapping[str, Any]

    @staticmethod
    def of(lesson: Lesson, vector: Any, settings: Loop) -> Steps:
        """With AdamW as the settings ask."""
        import torch

        rate, decay, net = settings.learning_rate, settings.weight_decay, lesson.net
        optimizer = torch.optim.AdamW([vector], lr=rate, weight_decay=decay, fused=True)
        halved = vector.detach().bfloat16() if lesson.half else None
        vector.grad = torch.zeros_like(vector)
        inner = net if halved is None else parts_of(halved, net)
        return Steps(lesson, vector, optimizer, settings.clip, inner, halved, parts_of(vector.grad, net))

    def step(self, batch: np.ndarray) -> dict[str, Any]:
        """Learn from these rows; their mean loss."""
        import torch

        seed = chance.seed_of(self.lesson.seed, batch).generate_state(1, np.uint64)
        rng = torch.Generator().manual_seed(int(seed[0] >> 1))
        noise = torch.randn(len(batch), self.lesson.net["out"].shape[0], generator=rng)
        loss = self.loss(batch, noise.to(self.vector.device))
        with torch.no_grad():
            # The gradient of the mean, and no longer than it may be.
            norm = torch.linalg.vector_norm(self.vector.grad)
            self.vector.grad.mul_((self.clip / (norm + 1e-6)).clamp(max=1 / len(batch)))
        self.optimizer.step()
        return {TRAINING: loss / len(batch)}

    def loss(self, batch: np.ndarray, noise: Any) -> Any:
        """The summed loss of rows; its gradient is put in place. noise: (n, latent)."""
        import torch

        # On an accelerator `summed_slope` asks torch for a gradient, which inference does not allow.
        with torch.no_grad() if self.vector.is_cuda else torch.inference_mode():
            if self.halved is not None:
                self.halved.copy_(self.vector)
            return _sloped(self.lesson, batch, noise, self.inner, self.slopes)


def _sloped(lesson: Lesson, batch: np.ndarray, noise: Any, inner: Mapping[str, Any], found: Mapping[str, Any]) -> Any:
    """The summed loss of rows. found: filled with its gradients."""
    import torch

    net, kind = lesson.net, inner["latent"].dtype
    flat, inside = lesson.taken(batch)
    scalars = inside[:, : len(lesson.layout.places)]
    first = torch.nn.functional.embedding_bag(flat, net["embedding"], mode="sum").add_(net["bias"])
    if scalars.shape[1]:
        first.addmm_(scalars, net["scalars"])
    first = first.relu_().to(kind)
    then, seen = _second(first, "in", inner)
    code = torch.addmm(inner["latent bias"], seen, inner["latent"]).float()
    mean, free = code.chunk(2, dim=1)
    spread = free.clamp(NARROW, BROAD)
    scale = torch.exp(spread / 2)
    off, variance = noise * scale, scale.square()
    latent = (mean + off).to(kind)
    opened = torch.addmm(inner["out bias"], latent, inner["out"]).relu_()
    more, told = _second(opened, "out2", inner)
    # Turned about, as its loss wants it.
    said = inner["said"].t().mm(told.t()).float().add_(net["said bias"][:, None])
    value, slope = sloped(said, flat.t().contiguous(), inside.t().contiguous(), lesson.owner)
    divergence = (mean.square() + variance - 1 - spread).sum() / 2

    # And back, layer by layer.
    torch.sum(slope, 1, out=found["said bias"])
    slope = slope.to(kind)
    found["said"].copy_(slope.mm(told).t())
    by_told = slope.t().mm(inner["said"].t())
    by_opened = _through(by_told, more, opened, "out2", inner, found)
    by_opened = torch.ops.aten.threshold_backward(by_opened, opened, 0)
    _kept(by_opened, latent, "out", found)
    by_latent = by_opened.mm(inner["out"].t()).float()
    by_code = torch.empty_like(code)
    by_mean, by_free = by_code.chunk(2, dim=1)
    torch.add(by_latent, mean, alpha=lesson.beta, out=by_mean)
    by_latent.mul_(off).add_(variance, alpha=lesson.beta).sub_(lesson.beta).div_(2)
    torch.mul(by_latent, free == spread, out=by_free)
    by_code = by_code.to(kind)
    _kept(by_code, seen, "latent", found)
    by_first = _through(by_code.mm(inner["latent"].t()), then, first, "in", inner, found)
    by_first = torch.ops.aten.threshold_backward(by_first, first, 0).float()
    torch.sum(by_first, 0, out=found["bias"])
    if scalars.shape[1]:
        torch.mm(scalars.t(), by_first, out=found["scalars"])
    found["embedding"].copy_(summed_slope(flat, by_first, len(lesson.owner)))
    return value + lesson.beta * divergence


def _second(read: Any, name: str, inner: Mapping[str, Any]) -> tuple[Any, Any]:
    """What a second layer adds to what it has read, and their sum. Without that layer: nothing, and what was read."""
    import torch

    if name not in inner:
        return None, read
    made = torch.addmm(inner[f"{name} bias"], read, inner[name]).relu_()
    return made, read + made


def _through(slope: Any, made: Any, read: Any, name: str, inner: Mapping[str, Any], found: Mapping[str, Any]) -> Any:
    """The gradient by what a layer of the form read + relu(read @ weight + bias) has read. slope: by what it says;
    made: its relu."""
    import torch

    if made is None:
        return slope
    own = torch.ops.aten.threshold_backward(slope, made, 0)
    _kept(own, read, name, found)
    return torch.addmm(slope, own, inner[name].t())


def _kept(slope: Any, read: Any, name: str, found: Mapping[str, Any]) -> None:
    """Put the gradients of a weight and its bias in their places."""
    found[name].copy_(read.t().mm(slope))
    found[f"{name} bias"].copy_(slope.sum(0))
