"""An encoder with a linear head under a budget: an adapter and the head learn together, by DP-SGD."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from trasunto.language.finetune import adapted
from trasunto.language.head import Head
from trasunto.language.pretrained import halves, load_encoder
from trasunto.language.private import descend
from trasunto.language.tuned import Tuned
from trasunto.networks.course import Curves, Loop
from trasunto.networks.private import Descent
from trasunto.progress import Progress, quiet


def tune_private(
    texts: Sequence[str],
    truth: np.ndarray,
    head: Head,
    base: Path,
    settings: Any,
    plan: Descent,
    progress: Progress = quiet,
) -> tuple[Tuned, dict[str, Any], Curves]:
    """An adapter (LoRA) on the encoder in `base`, and the head from where it stands, by DP-SGD.

    truth: (n,) label numbers, -1 for a label that is none of them: such a text teaches nothing. settings: a
    `ClassifySettings`. Returns the network with the adapter worked in, facts about it, and how its training went.
    """
    import torch

    tokenizer, encoder, device = load_encoder(base)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        encoder = adapted(encoder, settings.private_rank, 2 * settings.private_rank, "FEATURE_EXTRACTION")
    linear = torch.nn.Linear(head.weight.shape[1], head.weight.shape[0]).to(device)
    with torch.no_grad():
        linear.weight.copy_(torch.from_numpy(head.weight))
        linear.bias.copy_(torch.from_numpy(head.bias))
    tuned = Tuned(tokenizer, encoder, linear, device)
    answers = torch.from_numpy(truth).to(device)

    def loss_of(batch: np.ndarray) -> Any:
        with halves(device):
            logits = tuned.logits([texts[place] for place in batch], settings.longest)
        return torch.nn.functional.cross_entropy(logits, answers[batch], ignore_index=-1, reduction="sum")

    network = torch.nn.ModuleList([encoder, linear])
    _unreached(network, tuned.logits(["a"], settings.longest).sum())
    trained = sum(each.numel() for each in network.parameters() if each.requires_grad)
    loop = Loop(learning_rate=settings.adapter_rate, average=0.9)
    lengths = np.array([len(text) for text in texts])
    curves = descend(network, loss_of, lengths, plan, loop, seed=0, progress=progress)
    tuned = Tuned(tokenizer, encoder.merge_and_unload().eval(), linear.eval(), device)
    size = sum(each.numel() for part in (tuned.encoder, linear) for each in part.parameters())
    return tuned, {"parameters": size, "trained_parameters": trained}, curves


def _unreached(network: Any, answer: Any) -> None:
    """Leave alone what the answer to a text does not hang on, such as a layer that pools by itself."""
    import torch

    weights = [each for each in network.parameters() if each.requires_grad]
    for each, slope in zip(weights, torch.autograd.grad(answer, weights, allow_unused=True), strict=True):
        if slope is None:
            each.requires_grad_(False)
