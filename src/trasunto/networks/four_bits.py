"""Linear layers whose weights are held in 4 bits and spread out again while they are used: NF4.

Dettmers et al. 2023, "QLoRA: efficient finetuning of quantized LLMs", section 3: sixteen levels that are quantiles of a
normal distribution, and a scale for each 64 weights (kept in bfloat16, in the place of double quantisation: 4.25 bits a
weight). The weights get no gradient; what goes through them does.
"""

from __future__ import annotations

from functools import cache
from typing import Any

BLOCK = 64
# Appendix E of the paper.
LEVELS = (
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
)  # fmt: skip


def coded(weight: Any) -> tuple[Any, Any]:
    """(codes, scales) of a weight: two weights a byte, the first one high; bfloat16 scales of blocks."""
    import torch

    flat = weight.detach().float().flatten()
    flat = torch.nn.functional.pad(flat, (0, -len(flat) % BLOCK)).view(-1, BLOCK)
    scales = flat.abs().amax(1).clamp(min=1e-30).bfloat16()
    levels = torch.tensor(LEVELS, device=weight.device)
    # Between two levels the nearer one is told by their middle.
    places = torch.bucketize(flat / scales.float()[:, None], (levels[1:] + levels[:-1]) / 2).to(torch.uint8).flatten()
    return places[::2] * 16 + places[1::2], scales


def spread(codes: Any, scales: Any, shape: tuple[int, ...], kind: Any) -> Any:
    """The weight that codes and scales stand for, in this dtype."""

    size = 1
    for each in shape:
        size *= each
    pairs = _pairs(codes.device, kind).index_select(0, codes.int())
    return (pairs.view(-1, BLOCK) * scales.to(kind)[:, None]).flatten()[:size].view(shape)


def four_bits(linear: Any) -> Any:
    """A module that does what the linear layer does, with its weight in 4 bits (buffers `codes` and `scales`)."""
    return _module()(linear)


@cache
def _pairs(device: Any, kind: Any) -> Any:
    """(256, 2): the two levels of every byte."""
    import torch

    levels = torch.tensor(LEVELS, device=device)
    high = levels.repeat_interleave(16)
    return torch.stack([high, levels.repeat(16)], 1).to(kind)


@cache
def _module() -> Any:
    """The class of such layers, made when torch is first asked for."""
    import torch

    class Spread(torch.autograd.Function):
        """A product with a weight that is spread out anew on the way back, in the place of being kept."""

        @staticmethod
        def forward(context: Any, inputs: Any, codes: Any, scales: Any, shape: tuple[int, ...]) -> Any:
            context.save_for_backward(codes, scales)
            context.shape = shape
            return torch.nn.functional.linear(inputs, spread(codes, scales, shape, inputs.dtype))

        @staticmethod
        def backward(context: Any, slope: Any) -> tuple[Any, ...]:
            codes, scales = context.saved_tensors
            return slope @ spread(codes, scales, context.shape, slope.dtype), None, None, None

    class FourBits(torch.nn.Module):
        """A linear layer in 4 bits a weight."""

        def __init__(self, linear: Any) -> None:
            super().__init__()
            codes, scales = coded(linear.weight)
            self.register_buffer("codes", codes, persistent=False)
            self.register_buffer("scales", scales, persistent=False)
            self.bias = linear.bias
            self.shape = tuple(linear.weight.shape)
            self.out_features, self.in_features = self.shape

        def forward(self, inputs: Any) -> Any:
            kind = inputs.dtype
            if torch.is_autocast_enabled(inputs.device.type):
                kind = torch.get_autocast_dtype(inputs.device.type)
            found = Spread.apply(inputs.to(kind), self.codes, self.scales, self.shape)
            return found if self.bias is None else found + self.bias.to(kind)

        def plain(self) -> Any:
            """A linear layer with the weights that the codes stand for, in float32."""
            made = torch.nn.Linear(self.in_features, self.out_features, bias=self.bias is not None)
            made.weight = torch.nn.Parameter(
                spread(self.codes, self.scales, self.shape, torch.float32), requires_grad=False
            )
            if self.bias is not None:
                made.bias = self.bias
            return made

    return FourBits
