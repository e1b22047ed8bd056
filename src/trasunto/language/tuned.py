"""An encoder with a linear head, all of it trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trasunto.language.embed import load_embedder
from trasunto.language.head import Head, fit_head
from trasunto.language.pretrained import halves, load_encoder
from trasunto.networks.loop import Loop, train
from trasunto.progress import Progress

VALIDATION = 0.1


@dataclass(frozen=True)
class Tuned:
    """A fine-tuned encoder. linear: torch.nn.Linear from the mean token state to the labels."""

    tokenizer: Any
    encoder: Any
    linear: Any
    device: str

    def head(self) -> Head:
        weight = self.linear.weight.detach().float().cpu().numpy()
        return Head(weight, self.linear.bias.detach().float().cpu().numpy())

    def logits(self, texts: Sequence[str], longest: int) -> Any:
        """(n, labels) torch tensor: the head on the mean token state at length one, as for frozen models."""
        import torch

        inputs = self.tokenizer(list(texts), padding=True, truncation=True, max_length=longest, return_tensors="pt").to(
            self.device
        )
        states = self.encoder(**inputs).last_hidden_state
        mask = inputs["attention_mask"].unsqueeze(-1).to(states.dtype)
        mean = (states * mask).sum(1) / mask.sum(1)
        return self.linear(torch.nn.functional.normalize(mean.float(), dim=1)).float()

    def save(self, folder: Path) -> None:
        """A Hugging Face folder (safetensors) and the head beside it."""
        from safetensors.torch import save_file

        folder.mkdir()
        self.encoder.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)
        save_file(
            {name: each.contiguous() for name, each in self.linear.state_dict().items()}, folder / "head.safetensors"
        )


def load_tuned(folder: Path) -> Tuned:
    """What `save` wrote."""
    import torch
    from safetensors.torch import load_file

    tokenizer, encoder, device = load_encoder(folder)
    state = load_file(folder / "head.safetensors")
    linear = torch.nn.Linear(state["weight"].shape[1], state["weight"].shape[0]).to(device)
    linear.load_state_dict(state)
    return Tuned(tokenizer, encoder, linear, device)


def tune(
    texts: Sequence[str],
    truth: np.ndarray,
    labels: int,
    base: Path,
    settings: Any,
    seed: int,
    start: Any,
    progress: Progress,
) -> tuple[Tuned, dict[str, Any]]:
    """Fine-tune on texts; a tenth of them is held out to stop in time. Returns the network and facts about it."""
    import torch

    tokenizer, encoder, device = load_encoder(base)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        linear = torch.nn.Linear(encoder.config.hidden_size, labels).to(device)
        tuned = Tuned(tokenizer, encoder, linear, device)
        # First the head alone, then everything: a random head would first undo what the encoder knows (Kumar et
        # al. 2022, "Fine-tuning can distort pretrained features").
        probe = fit_head(load_embedder(base).embed(texts, progress), truth, labels, settings.regularisation)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(probe.weight))
            linear.bias.copy_(torch.from_numpy(probe.bias))
        if start is not None and start.network is not None and start.network.linear.out_features == labels:
            encoder.load_state_dict(start.network.encoder.state_dict())
            linear.load_state_dict(start.network.linear.state_dict())
        order = np.random.default_rng(seed).permutation(len(texts))
        aside = order[: int(len(texts) * VALIDATION)] if len(texts) >= 100 else order[:0]
        inside = order[len(aside) :]
        # The word vectors stay: they are half of the weights, and few texts say little about rare words.
        for each in encoder.get_input_embeddings().parameters():
            each.requires_grad_(False)
        answers = torch.from_numpy(truth).to(device)
        half = halves(device)

        def loss_of(batch: np.ndarray) -> tuple[Any, float]:
            places = inside[batch]
            with half:
                logits = tuned.logits([texts[place] for place in places], settings.longest)
            return torch.nn.functional.cross_entropy(logits, answers[places], reduction="sum"), float(len(batch))

        def validate() -> float:
            total = 0.0
            with torch.inference_mode(), half:
                for first in range(0, len(aside), 64):
                    places = aside[first : first + 64]
                    logits = tuned.logits([texts[place] for place in places], settings.longest)
                    total += float(torch.nn.functional.cross_entropy(logits, answers[places], reduction="sum"))
            return total / len(aside)

        network = torch.nn.ModuleList([encoder, linear])
        curves = train(
            network,
            loss_of,
            [len(texts[place]) for place in inside],
            Loop(
                epochs=settings.epochs,
                batch=settings.batch,
                learning_rate=settings.learning_rate,
                weight_decay=0.01,
                max_seconds=settings.max_seconds,
            ),
            seed=seed,
            validate=validate if len(aside) else None,
            progress=progress,
        )
    size = sum(each.numel() for each in network.parameters())
    trained = sum(each.numel() for each in network.parameters() if each.requires_grad)
    return tuned, {"parameters": size, "trained_parameters": trained, **curves.to_dict()}


def probabilities(network: Tuned, texts: Sequence[str], settings: Any) -> np.ndarray:
    """(n, labels) float64, in batches of like length."""
    import torch

    order = np.argsort([len(text) for text in texts], kind="stable")
    result = np.zeros((len(texts), network.linear.out_features))
    with torch.inference_mode(), halves(network.device):
        for first in range(0, len(texts), 64):
            places = order[first : first + 64]
            logits = network.logits([texts[place] for place in places], settings.longest)
            result[places] = torch.softmax(logits.double(), dim=1).cpu().numpy()
    return result
