"""A generative language model adapted under differential privacy: DP-SGD on gradients of single examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from trasunto.errors import BudgetError
from trasunto.language.decoder.decoder import Decoder
from trasunto.language.decoder.settings import DecoderSettings, Example
from trasunto.language.decoder.start import computes_halves, pretrained
from trasunto.language.decoder.tokens import Coded, code
from trasunto.language.finetune import Adapter, adapted
from trasunto.language.pretrained import halves
from trasunto.language.private import Granted, descend
from trasunto.networks.course import Loop
from trasunto.networks.cross_entropy import summed_loss
from trasunto.networks.private import Descent, sampled
from trasunto.progress import Progress, quiet


def train_decoder_private(
    examples: Sequence[Example],
    granted: Granted,
    plan: Descent,
    *,
    settings: DecoderSettings = DecoderSettings(),  # noqa: B008
    seed: int = 0,
    progress: Progress = quiet,
) -> Decoder:
    """As `train_decoder` with an adapter, under the budget that was granted (language/private.py).

    plan: of the steps (networks/private.py `descent` on `granted.rest`). The unit is an example, its prompt included;
    examples are padded, not packed. Nothing is held out, nothing measured on the examples is told, and time does not
    end it. Raises BudgetError for a method without an adapter.
    """
    import torch

    if settings.method != "lora":
        raise BudgetError(
            f"Under a budget a generative model cannot be trained with method {settings.method!r}.", "Take lora."
        )
    folder, tokenizer, network = pretrained(settings)
    coded = code(tokenizer, examples, settings.longest)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        taught = adapted(network, settings.rank, 2 * settings.rank)
        half = computes_halves(settings)

        def loss_of(batch: np.ndarray) -> Any:
            return padded_loss(network, [coded[place] for place in batch], half)

        loop = Loop(learning_rate=settings.rate, weight_decay=settings.weight_decay)
        lengths = np.array([len(each) for each in coded])
        curves = descend(taught, loss_of, lengths, plan, loop, seed=seed, progress=progress)
    trained = {name: each.detach().cpu().clone() for name, each in taught.named_parameters() if each.requires_grad}
    told = curves.to_dict()
    facts = {
        "base_folder": folder.name,
        "parameters": sum(each.numel() for each in taught.parameters()),
        "trained_parameters": sum(each.numel() for each in trained.values()),
        "hyperparameters": {**asdict(settings), **asdict(sampled(loop, plan))},
        **told,
        "curves": {name: values for name, values in told["curves"].items() if values},
    }
    whole = taught.float().merge_and_unload().requires_grad_(False).eval()
    adapter = Adapter(settings.rank, 2 * settings.rank, trained)
    return Decoder(settings, facts, tokenizer, whole, adapter, granted.guarantee(plan, curves.steps), half)


def padded_loss(network: Any, rows: Sequence[Coded], half: bool) -> Any:
    """The sum of the cross-entropies of what counts, an example a row, so that gradients of rows can be told apart.

    Padding stands behind an example, where a causal model never looks.
    """
    import torch

    device = next(network.parameters()).device
    width = max(len(each) for each in rows)
    tokens, counted = torch.zeros((2, len(rows), width), dtype=torch.int64)
    for number, each in enumerate(rows):
        tokens[number, : len(each)] = torch.from_numpy(each.tokens)
        counted[number, : len(each)] = torch.from_numpy(each.counted)
    tokens, chosen = tokens.to(device), counted[:, 1:].to(device).bool()
    with halves(device.type):
        states = network.get_decoder()(input_ids=tokens, use_cache=False).last_hidden_state[:, :-1]
    head = network.get_output_embeddings().weight
    return summed_loss(states[chosen], head, tokens[:, 1:][chosen], half=half)
