"""Training under differential privacy: Poisson samples, clipped gradients of single examples, Gaussian noise.

DP-SGD (Abadi et al. 2016, "Deep learning with differential privacy", algorithm 1). The number of steps, the chance of
an example to be in a step and the noise are fixed before the first step; nothing is measured on private rows but
clipped sums under noise, so that no validation, no early stopping and no loss is told. Samples and noise come from the
machine's randomness, never from the seed of the training.

Gradients of single examples are not written down: the norm of that of a linear layer follows from what goes in and
what comes back (Goodfellow 2015, "Efficient per-example gradient computations"), and norms and clipped sums come from
one backward pass (Bu et al. 2023, "Differentially private optimization on large model at small cost").
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from trasunto.errors import BudgetError
from trasunto.networks.checkpoint import Parts
from trasunto.networks.course import Curves, Loop, watched_folder
from trasunto.networks.loop import train_steps
from trasunto.privacy.accountant import dpsgd_epsilon, dpsgd_noise
from trasunto.privacy.budget import Budget, Spending
from trasunto.privacy.mechanisms import FLOATS, noise
from trasunto.progress import Progress, quiet
from trasunto.writing import aside

# What a step tells of itself: it is made of the noisy gradient, which is released anyway.
NOISY = "norm of the noisy gradient"
# Shares by which a norm is taken for larger than floats say, so that rounding never lets a clipped one be above.
ROUNDED = 1e-5
ASSUMED = (
    "The number of steps, the sampling rate, the clipping and the other settings were not chosen by looking at the "
    "private rows.",
    "Sums of gradients are taken as exact, though they are computed in floating point.",
    FLOATS,
)


@dataclass(frozen=True)
class Descent:
    """A private descent as it is planned.

    rate: the chance of each example to be in a step, by itself (Poisson sampling). steps: how many. clip: the largest
    norm of an example's gradient. noise: standard deviation of the noise, in units of `clip`. batch: examples that a
    step has in the mean, reckoned from a count that is public or bought; sums are divided by it.
    """

    rate: float
    steps: int
    clip: float
    noise: float
    batch: float

    def factors(self, squares: Any) -> Any:
        """(n,) what each example's gradient is multiplied with. squares: (n,) of their norms; 0 where not finite."""
        import torch

        norms = squares.sqrt() * (1 + ROUNDED)
        found = (self.clip / norms.clamp(min=1e-12)).clamp(max=1.0)
        return torch.where(torch.isfinite(norms), found, torch.zeros_like(found))

    def release(self, weights: Mapping[str, Any], sums: Mapping[str, Any]) -> Any:
        """Put the noisy mean gradient where an optimizer looks for it, and return its norm.

        weights: parameters that learn, by name. sums: clipped gradients summed over the sample, by name; zeros where
        there is none.
        """
        import torch

        sizes = [each.numel() for each in weights.values()]
        # One draw for all: never the same noise twice.
        drawn = torch.from_numpy(noise().normals(sum(sizes)) * (self.noise * self.clip))
        whole = drawn.new_zeros(())
        for (name, weight), added in zip(weights.items(), drawn.split(sizes), strict=True):
            found = sums.get(name)
            noisy = added.view(weight.shape).to(weight.device, torch.float32)
            if found is not None:
                noisy = noisy + found.float()
            weight.grad = (noisy / self.batch).to(weight.dtype)
            whole = whole + (noisy / self.batch).double().square().sum().cpu()
        return whole.sqrt()


def descent(budget: Budget, *, rate: float, steps: int, clip: float, rows: int, beside: float | None = None) -> Descent:
    """The descent that spends the budget in so many steps.

    rows: a public or bought count. beside: noise multiplier of a Gaussian measurement that is paid from the same
    budget (see `dpsgd_noise`). Raises BudgetError for a rate or a clip outside its range.
    """
    if not 0 < rate <= 1:
        raise BudgetError(f"The sampling rate is {rate}.", "It is a share of the examples, above 0 and up to 1.")
    if steps < 1:
        raise BudgetError(f"A private training of {steps} steps learns nothing.", "Give 1 or more.")
    if not clip > 0:
        raise BudgetError(f"Gradients are clipped to {clip}.", "Give a norm above 0.")
    found = dpsgd_noise(budget, rate=rate, steps=steps, beside=beside)
    return Descent(rate, steps, clip, found, max(rate * rows, 1.0))


def train_private(
    network: Any,
    sums_of: Callable[[np.ndarray], Mapping[str, Any]],
    rows: int,
    plan: Descent,
    settings: Loop,
    *,
    seed: int,
    progress: Progress = quiet,
) -> Curves:
    """Train the parameters of `network` that ask for gradients, in place, by Adam on noisy gradients.

    sums_of: (k,) example numbers, k = 0 as well → by name of the parameter, the sum of the clipped gradients of these
    examples. rows: how many examples there are. settings: rates, average and time; its epochs and batch say nothing.
    A training that is taken up again goes on with the step it was at, with samples and noise that were never used.
    Raises BudgetError for a network with batch normalisation: it mixes examples.
    """
    import torch

    refuse_mixing(network)
    weights = {name: each for name, each in network.named_parameters() if each.requires_grad}
    optimizer = torch.optim.AdamW(weights.values(), lr=settings.learning_rate, weight_decay=settings.weight_decay)

    def step(batch: np.ndarray) -> dict[str, Any]:
        size = plan.release(weights, sums_of(batch))
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return {NOISY: size}

    parts = Parts({"network": network}, {"adam": optimizer}, ("network",), {})
    return train_steps(parts, step, rows, sampled(settings, plan), seed=seed, progress=progress)


def sampled(settings: Loop, plan: Descent) -> Loop:
    """The settings of a loop, with the samples of a plan in the place of passes."""
    return replace(settings, sampling=plan.rate, steps=plan.steps, noise=plan.noise, clip=plan.clip)


def once(key: str, measure: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """What `measure` gives, kept beside the checkpoints of the `watched` block around, where there is one.

    A fit that is taken up again then does not measure, and pay, a second time. key: all that the measurement hangs on
    but the data, which the folder stands for.
    """
    folder = watched_folder()
    if folder is None:
        return measure()
    path = folder / f"measured-{hashlib.sha256(key.encode()).hexdigest()[:16]}.npz"
    if path.exists():
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    found = measure()
    folder.mkdir(parents=True, exist_ok=True)
    with aside(path) as temporary, Path(temporary).open("wb") as file:
        np.savez(file, allow_pickle=False, **found)
    return found


def refuse_mixing(network: Any) -> None:
    """BudgetError when a module computes one example from others: no example's own gradient can then be told."""
    import torch

    for name, each in network.named_modules():
        if isinstance(each, torch.nn.modules.batchnorm._NormBase):
            raise BudgetError(
                f"Module {name!r} is a {type(each).__name__}: it mixes the examples of a batch.",
                "Use layer or group normalisation, or train without a budget.",
            )


def secret() -> np.random.Generator:
    """A generator for what is drawn for each example of a sample by itself (masks, latent noise).

    It comes from the machine's randomness: with a known seed, a row more or less would change what the rows behind it
    draw, and the sums of neighbouring data would differ in more than one example.
    """
    bits = noise().bernoulli(0.5, 128)
    return np.random.default_rng(np.packbits(bits).tolist())


def spending(plan: Descent, delta: float, steps: int, beside: float | None = None) -> Spending:
    """What so many steps of a plan have cost, with the Gaussian measurement beside them: epsilon by privacy loss
    distributions, and by Renyi privacy in the note."""
    exact, renyi = dpsgd_epsilon(plan.noise, rate=plan.rate, steps=max(steps, 1), delta=delta, beside=beside)
    paid = " together with the counts beside it" if beside is not None else ""
    note = (
        f"{steps:,} of {plan.steps:,} steps, sampling rate {plan.rate:g} (Poisson), noise multiplier {plan.noise:.4g}, "
        f"clipping norm {plan.clip:g}; epsilon{paid} {exact:.4g} (PLD), {renyi:.4g} (RDP)"
    )
    return Spending("the weights of the network", "DP-SGD (Abadi et al. 2016)", epsilon=exact, delta=delta, note=note)


class Taps:
    """The linear layers of a network as one pass uses them: enough to know the gradient of every example.

    net: parameters by name. Each may be used once in a pass, and examples must not meet but in the loss.
    """

    def __init__(self, net: Mapping[str, Any]) -> None:
        self.net = net
        self.seen: list[tuple[Any, str, str | None, Any, Any]] = []

    def linear(self, inputs: Any, weight: str, bias: str | None = None, at: Any = None) -> Any:
        """(..., n, out) of (..., n, in): the product with a weight, plus a bias. at: which of stacked weights."""
        import torch

        matrix = self.net[weight] if at is None else self.net[weight][at]
        found = torch.matmul(inputs, matrix)
        if bias is not None:
            found = found + (self.net[bias] if at is None else self.net[bias][at])
        self.seen.append((inputs.detach(), weight, bias, at, found))
        return found

    def lookup(self, places: Any, weight: str) -> Any:
        """(n, k, width) rows of a weight at (n, k) places; the places of an example differ, or their gradient is 0."""
        import torch

        found = torch.nn.functional.embedding(places, self.net[weight])
        self.seen.append((places, weight, None, None, found))
        return found

    def sums(self, loss: Any, plan: Descent) -> dict[str, Any]:
        """By name, the sum of the clipped gradients of all examples. loss: the sum of theirs."""
        import torch

        if len({weight for _, weight, *_ in self.seen}) < len(self.seen):
            raise AssertionError("A weight was used twice: the norm of its gradient is not that of its parts.")
        back = torch.autograd.grad(loss, [found for *_, found in self.seen])
        with torch.no_grad():
            parts = [self._squares(*each[:3], slope) for each, slope in zip(self.seen, back, strict=True)]
            factors = plan.factors(torch.stack(parts).sum(0))
            made: dict[str, Any] = {}
            for (inputs, weight, bias, at, _), slope in zip(self.seen, back, strict=True):
                self._add(made, inputs, weight, bias, at, slope, factors)
        return made

    def _squares(self, inputs: Any, weight: str, bias: str | None, slope: Any) -> Any:
        """(n,) squared norms of the examples' gradients of one layer."""
        squares = slope.square().sum(-1)
        if not inputs.is_floating_point():
            return squares.sum(-1)
        by_bias = 1.0 if bias is not None and self.net[bias].requires_grad else 0.0
        found = squares * (inputs.square().sum(-1) + by_bias)
        return found.flatten(0, -2).sum(0) if found.dim() > 1 else found

    def _add(
        self, made: dict[str, Any], inputs: Any, weight: str, bias: str | None, at: Any, slope: Any, factors: Any
    ) -> None:
        """Put the clipped sums of one layer under the names of its parameters."""
        import torch

        if not inputs.is_floating_point():
            kept = _scaled(slope, factors[:, None, None])
            made[weight] = torch.zeros_like(self.net[weight]).index_add_(0, inputs.flatten(), kept.flatten(0, 1))
            return
        kept = _scaled(slope, factors[:, None])
        if not bool((factors > 0).all()):
            inputs = torch.where(factors[:, None] > 0, inputs, torch.zeros_like(inputs))
        made[weight] = _placed(self.net[weight], at, inputs.transpose(-1, -2) @ kept)
        if bias is not None and self.net[bias].requires_grad:
            made[bias] = _placed(self.net[bias], at, kept.sum(-2, keepdim=self.net[bias].dim() > 1))


def _scaled(slope: Any, factors: Any) -> Any:
    """The product, 0 where the factor is: what is not finite has no place in a sum."""
    import torch

    return torch.where(factors > 0, slope * factors, torch.zeros_like(slope))


def _placed(weight: Any, at: Any, part: Any) -> Any:
    """A gradient of the weight's shape, of the part at `at`."""
    import torch

    if at is None or isinstance(at, slice):
        return part
    whole = torch.zeros_like(weight)
    whole[at] = part
    return whole
