"""Cross-entropy over a large vocabulary, a few positions at a time: the whole logits are never in memory.

The gradient is made in the forward pass, while the logits of a chunk are there (Hsu et al. 2024, "Liger kernel",
section 3.2), so that nothing is computed twice.
"""

from __future__ import annotations

from functools import cache
from typing import Any

# Positions at a time: 512 rows of 50,000 logits are 100 MB.
CHUNK = 512
# The smallest chance that its logarithm is taken of.
LEAST = 1e-38


def summed_loss(states: Any, weight: Any, targets: Any, *, half: bool = False, cap: float | None = None) -> Any:
    """The sum of the cross-entropies, differentiable once in states and weight.

    states: (n, width) that go into the output layer. weight: (vocabulary, width) of it. targets: (n,) token numbers.
    half: multiply in bfloat16; sums over the vocabulary are float32 anyway. cap: of the logits, cap * tanh(l / cap).
    """
    return _function().apply(states, weight, targets, half, cap)


def losses(states: Any, weight: Any, targets: Any, *, half: bool = False, cap: float | None = None) -> Any:
    """(n,) float32 cross-entropies, without a gradient. Everything else as in `summed_loss`."""
    import torch

    with torch.no_grad():
        kind = torch.bfloat16 if half else states.dtype
        matrix, found = weight.to(kind), []
        for rows, wanted in zip(states.split(CHUNK), targets.split(CHUNK), strict=True):
            chances = torch.softmax(_logits(rows, matrix, cap)[0], 1, dtype=torch.float32)
            found.append(-chances.gather(1, wanted[:, None])[:, 0].clamp(min=LEAST).log())
        return torch.cat(found) if found else states.new_zeros(0, dtype=torch.float32)


def _logits(rows: Any, matrix: Any, cap: float | None) -> tuple[Any, Any]:
    """(logits, their tanh where there is a cap) of some positions."""
    import torch

    logits = torch.nn.functional.linear(rows.to(matrix.dtype), matrix)
    if cap is None:
        return logits, None
    bent = torch.tanh(logits.float() / cap)
    return bent * cap, bent


@cache
def _function() -> Any:
    """The autograd function, made when torch is first asked for."""
    import torch

    class Summed(torch.autograd.Function):
        """Loss and gradients in one pass over the chunks."""

        @staticmethod
        def forward(context: Any, states: Any, weight: Any, targets: Any, half: bool, cap: float | None) -> Any:
            with torch.autocast(states.device.type, enabled=False):
                kind = torch.bfloat16 if half else states.dtype
                matrix = weight.to(kind)
                by_states = torch.empty_like(states) if context.needs_input_grad[0] else None
                by_weight = torch.zeros_like(weight) if context.needs_input_grad[1] else None
                total = states.new_zeros((), dtype=torch.float32)
                for first in range(0, len(states), CHUNK):
                    rows, wanted = states[first : first + CHUNK].to(kind), targets[first : first + CHUNK]
                    logits, bent = _logits(rows, matrix, cap)
                    chances = torch.softmax(logits, 1, dtype=torch.float32)
                    total -= chances.gather(1, wanted[:, None]).clamp(min=LEAST).log().sum()
                    chances[torch.arange(len(wanted), device=wanted.device), wanted] -= 1.0
                    if bent is not None:
                        chances *= 1 - bent.square()
                    slope = chances.to(kind)
                    if by_states is not None:
                        by_states[first : first + CHUNK] = slope @ matrix
                    if by_weight is not None:
                        by_weight += slope.t() @ rows
            context.save_for_backward(by_states, by_weight)
            return total

        @staticmethod
        def backward(context: Any, slope: Any) -> tuple[Any, ...]:
            by_states, by_weight = context.saved_tensors
            return (
                None if by_states is None else by_states * slope.to(by_states.dtype),
                None if by_weight is None else by_weight * slope.to(by_weight.dtype),
                None,
                None,
                None,
            )

    return Summed
