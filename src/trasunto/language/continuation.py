"""Tokens sampled from a causal language model of transformers, a batch at a time, what is finished dropped on the way.

Each draw takes one number that hangs on the seed, the text's place and the step alone, so that the batch a text is
written in does not change what is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

# Tokens that are looked at in each step, the likeliest.
CANDIDATES = 256
# What is finished is dropped once it is this share of the batch: dropping copies what the others remember.
DROPPED = 0.15


def continued(
    network: Any,
    prompts: Sequence[Sequence[int]],
    chance: tuple[float, float],
    longest: int,
    *,
    ends: Sequence[int],
    seeds: Sequence[tuple[int, int]],
) -> list[list[int]]:
    """What follows each prompt: at most `longest` tokens, the end mark last where one was written.

    chance: (temperature, top_p); a temperature of 0 takes the likeliest. seeds: (seed, number) of each text.
    """
    import torch

    device = next(network.parameters()).device
    chances = _uniforms(seeds, longest)
    width = max(map(len, prompts))
    inputs = torch.zeros((len(prompts), width), dtype=torch.long)
    mask = torch.zeros_like(inputs)
    for number, tokens in enumerate(prompts):
        inputs[number, width - len(tokens) :] = torch.tensor(tokens)
        mask[number, width - len(tokens) :] = 1
    inputs, mask = inputs.to(device), mask.to(device)
    # Prompts of one length need no mask.
    padded = bool((mask == 0).any())
    found: list[list[int]] = [[] for _ in prompts]
    here = np.arange(len(prompts))
    memory = empty_memory(network)
    (cache,) = memory.values()
    with torch.inference_mode():
        for step in range(longest):
            positions = (mask.cumsum(1) - 1).clamp(min=0)[:, -inputs.shape[1] :]
            shown = {"attention_mask": mask, "position_ids": positions} if padded else {}
            logits = network(input_ids=inputs, use_cache=True, logits_to_keep=1, **shown, **memory).logits[:, -1]
            tokens = _drawn(logits.float(), chance, torch.from_numpy(chances[here, step]).to(device))
            for place, token in zip(here.tolist(), tokens.tolist(), strict=True):
                # One that is over stays in the batch until it is dropped.
                if not (found[place] and found[place][-1] in ends):
                    found[place].append(token)
            alive = np.array([found[place][-1] not in ends for place in here.tolist()])
            if not alive.any():
                break
            inputs = tokens[:, None]
            if padded:
                mask = torch.cat([mask, torch.ones_like(mask[:, :1])], dim=1)
            if (~alive).mean() >= DROPPED:
                rows = torch.from_numpy(np.flatnonzero(alive)).to(device)
                cache.batch_select_indices(rows)
                inputs, mask, here = inputs[rows], mask[rows] if padded else mask, here[alive]
    return found


def empty_memory(network: Any) -> dict[str, Any]:
    """An empty cache of states, under the name that this version of transformers takes it by."""
    from inspect import signature

    from transformers import DynamicCache

    name = "cache" if "cache" in signature(network.forward).parameters else "past_key_values"
    return {name: DynamicCache(config=network.config)}


def _drawn(logits: Any, chance: tuple[float, float], numbers: Any) -> Any:
    """(rows,) tokens, from (rows, words) logits and (rows,) numbers in 0 to 1."""
    temperature, top_p = chance
    if temperature == 0:
        return logits.argmax(dim=1)
    top = logits.topk(min(CANDIDATES, logits.shape[1]), dim=1)
    shares = (top.values / temperature).softmax(dim=1)
    # A token counts while those before it have not reached top_p; the likeliest always does.
    before = shares.cumsum(dim=1) - shares
    shares = shares * ((before < top_p) | (before == 0))
    sums = shares.cumsum(dim=1)
    picked = (sums < numbers[:, None].to(sums) * sums[:, -1:]).sum(dim=1)
    return top.indices.gather(1, picked[:, None].clamp(max=shares.shape[1] - 1))[:, 0]


def _uniforms(seeds: Sequence[tuple[int, int]], steps: int) -> np.ndarray:
    """(texts, steps) numbers in 0 to 1, a row for each seed."""
    return np.stack([np.random.default_rng(each).random(steps) for each in seeds])
