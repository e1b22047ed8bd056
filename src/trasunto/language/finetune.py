"""A small language model adapted to private texts with LoRA (Hu et al. 2021): the base stays, an adapter learns."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from trasunto import registry
from trasunto.errors import ModelError
from trasunto.language.pretrained import fast_halves, halves, load_decoder
from trasunto.language.private import descend
from trasunto.networks.loop import Loop, train
from trasunto.networks.private import Descent, sampled
from trasunto.progress import Progress, quiet

VALIDATION = 0.05
WEIGHTS = "adapter.safetensors"


@dataclass(frozen=True)
class Prompted:
    """A text to learn, after a prompt that is given. Only the text counts in the loss."""

    prompt: str
    text: str


@dataclass(frozen=True)
class Adaptation:
    """How to adapt. rank, alpha: of LoRA, on every linear layer. longest: tokens after which a text is cut."""

    rank: int = 16
    alpha: int = 32
    longest: int = 96
    loop: Loop = field(default_factory=lambda: Loop(max_seconds=150.0))


@dataclass(frozen=True)
class Adapter:
    """What was learned: the adapter's tensors by name, and how to put them on the base again."""

    rank: int
    alpha: int
    tensors: dict[str, Any]

    def save(self, folder: Path) -> None:
        from safetensors.torch import save_file

        save_file({name: each.contiguous() for name, each in self.tensors.items()}, folder / WEIGHTS)
        (folder / "adapter.json").write_text(json.dumps({"rank": self.rank, "alpha": self.alpha}), encoding="utf-8")

    @staticmethod
    def load(folder: Path) -> Adapter:
        from safetensors.torch import load_file

        try:
            document = json.loads((folder / "adapter.json").read_text(encoding="utf-8"))
            return Adapter(document["rank"], document["alpha"], load_file(folder / WEIGHTS))
        except (OSError, ValueError, KeyError) as error:
            raise ModelError(f"The adapter in {folder} cannot be read: {error!r}.", "Fit it again.") from error


def finetune(
    examples: Sequence[Prompted],
    *,
    base: Path,
    settings: Adaptation = Adaptation(),
    seed: int = 0,
    progress: Progress = quiet,
) -> tuple[Adapter, dict[str, Any]]:
    """Adapt the model in `base` to the examples. Returns the adapter and facts for the report.

    A twentieth of the examples is held out to draw the validation curve and to stop in time. Texts are cut at
    `longest` tokens (counted in the facts).
    """
    import torch

    tokenizer, network, device = load_decoder(base, "bfloat16" if fast_halves() else "float32")
    coded = [_coded(tokenizer, each, settings.longest) for each in examples]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = adapted(network, settings.rank, settings.alpha)
        order = np.random.default_rng(seed).permutation(len(coded))
        held = order[: int(len(coded) * VALIDATION)] if len(coded) >= 100 else order[:0]
        inside = order[len(held) :]
        lengths = np.array([len(coded[place][1]) for place in inside])
        # A constant weight a batch: with the mean over each batch, short texts would count for more than long ones.
        usual = float(lengths.mean()) * min(settings.loop.batch, len(inside))
        pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id

        def loss_of(batch: np.ndarray) -> tuple[Any, float]:
            return _loss(network, [coded[inside[place]] for place in batch], pad, device)

        def validate() -> float:
            total, count = 0.0, 0.0
            with torch.inference_mode():
                for first in range(0, len(held), 16):
                    loss, tokens = _loss(network, [coded[place] for place in held[first : first + 16]], pad, device)
                    total, count = total + float(loss), count + tokens
            return total / max(count, 1.0)

        check = validate if len(held) else None
        curves = train(
            network,
            loss_of,
            lengths.tolist(),
            settings.loop,
            seed=seed,
            weight=usual,
            validate=check,
            progress=progress,
        )
    trained = {name: each.detach().cpu().clone() for name, each in network.named_parameters() if each.requires_grad}
    facts = {
        "parameters": sum(each.numel() for each in network.parameters()),
        "trained_parameters": sum(each.numel() for each in trained.values()),
        "tokens": int(sum(len(tokens) for _, tokens, _ in coded)),
        "cut": sum(cut for _, _, cut in coded),
        "hyperparameters": {**asdict(settings), **asdict(settings.loop)},
        **curves.to_dict(),
    }
    facts["hyperparameters"].pop("loop")
    return Adapter(settings.rank, settings.alpha, trained), facts


def finetune_private(
    examples: Sequence[Prompted],
    plan: Descent,
    *,
    base: Path,
    settings: Adaptation,
    seed: int = 0,
    progress: Progress = quiet,
) -> tuple[Adapter, dict[str, Any], int]:
    """As `finetune`, by DP-SGD on gradients of single texts: (adapter, facts, steps that were made).

    Nothing is held out, and the facts tell nothing that was measured on the texts. Prompts are part of their texts.
    """
    import torch

    tokenizer, network, device = load_decoder(base, "bfloat16" if fast_halves() else "float32")
    coded = [_coded(tokenizer, each, settings.longest) for each in examples]
    lengths = np.array([len(prompt) + len(text) for prompt, text, _ in coded])
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = adapted(network, settings.rank, settings.alpha)

        def loss_of(batch: np.ndarray) -> Any:
            return _loss(network, [coded[place] for place in batch], pad, device)[0]

        curves = descend(network, loss_of, lengths, plan, settings.loop, seed=seed, progress=progress)
    trained = {name: each.detach().cpu().clone() for name, each in network.named_parameters() if each.requires_grad}
    told = curves.to_dict()
    facts = {
        "parameters": sum(each.numel() for each in network.parameters()),
        "trained_parameters": sum(each.numel() for each in trained.values()),
        "hyperparameters": {**asdict(settings), **asdict(sampled(settings.loop, plan))},
        **told,
        "curves": {name: values for name, values in told["curves"].items() if values},
    }
    facts["hyperparameters"].pop("loop")
    return Adapter(settings.rank, settings.alpha, trained), facts, curves.steps


def merged(base: Path, adapter: Adapter) -> tuple[Any, Any, str]:
    """(tokenizer, network, device): the base with the adapter worked into its weights, in float32."""
    import torch

    tokenizer, network, device = load_decoder(base, "float32")
    network = adapted(network, adapter.rank, adapter.alpha)
    places = dict(network.named_parameters())
    if set(adapter.tensors) - set(places):
        raise ModelError(f"The adapter does not fit the model in {base}.", "Use the base it was trained on.")
    with torch.no_grad():
        for name, each in adapter.tensors.items():
            places[name].copy_(each)
    return tokenizer, network.merge_and_unload().eval(), device


def adapted(network: Any, rank: int, alpha: int, task: str = "CAUSAL_LM") -> Any:
    """The network with an adapter, which alone learns, on every linear layer. task: as peft calls it."""
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError as error:
        raise registry.missing(error, "fine-tuning a language model") from error
    config = LoraConfig(r=rank, lora_alpha=alpha, lora_dropout=0.0, target_modules="all-linear", task_type=task)
    with warnings.catch_warnings():
        # peft asks transformers by a name that is going away; that is for them to mend.
        warnings.simplefilter("ignore", FutureWarning)
        return get_peft_model(network, config)


def _coded(tokenizer: Any, example: Prompted, longest: int) -> tuple[list[int], list[int], bool]:
    """(prompt tokens, text tokens with the end mark, whether the text was cut)."""
    prompt = tokenizer(example.prompt, add_special_tokens=False)["input_ids"]
    text = tokenizer(example.text, add_special_tokens=False)["input_ids"]
    cut = len(text) > longest
    return prompt, [*text[:longest], *([] if cut else [tokenizer.eos_token_id])], cut


def _loss(network: Any, rows: list[tuple[list[int], list[int], bool]], pad: int, device: str) -> tuple[Any, float]:
    """Summed cross-entropy of the text tokens, and how many there are. Padding is on the right and behind the text,
    so that a causal model never looks at it."""
    import torch

    width = max(len(prompt) + len(text) for prompt, text, _ in rows)
    inputs = torch.full((len(rows), width), pad)
    answers = torch.full((len(rows), width), -100)
    for number, (prompt, text, _) in enumerate(rows):
        whole = torch.tensor([*prompt, *text])
        inputs[number, : len(whole)] = whole
        answers[number, len(prompt) : len(whole)] = whole[len(prompt) :]
    inputs, answers = inputs.to(device), answers.to(device)
    with halves(device):
        states = network.base_model.model.model(input_ids=inputs).last_hidden_state[:, :-1]
        wanted = answers[:, 1:]
        # Only positions that count go through the large output layer.
        counted = wanted != -100
        logits = network.base_model.model.lm_head(states[counted]).float()
    loss = torch.nn.functional.cross_entropy(logits, wanted[counted], reduction="sum")
    return loss, float(counted.sum())
