"""What a generative language model learns from, and how it is trained: plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trasunto.errors import FitError

METHODS = ("scratch", "lora", "full", "qlora")
# Of AdamW, where none is given: what small models took without harm.
RATES = {"scratch": 2e-3, "full": 1e-4, "lora": 1e-3, "qlora": 1e-3}


@dataclass(frozen=True)
class Example:
    """A text to learn, in segments. segments: (text, whether it counts in the loss), in reading order; the model learns
    to end after the last one when that counts. turns: a dialogue of (role, content) in the place of segments, written
    in the chat template of the model that learns; what the assistant says counts.
    """

    segments: tuple[tuple[str, bool], ...] = ()
    turns: tuple[tuple[str, str], ...] = ()

    @staticmethod
    def of(prompt: str, text: str) -> Example:
        """A text after a prompt; only the text counts."""
        return Example(((prompt, False), (text, True)) if prompt else ((text, True),))

    @staticmethod
    def chat(turns: Sequence[Any]) -> Example:
        """A dialogue. turns: of two values each, role and content, or with these attributes, or mappings with them."""
        return Example(turns=spoken(turns))

    @property
    def text(self) -> str:
        """All that is said, prompts included."""
        return "".join(text for text, _ in self.segments) or "\n".join(content for _, content in self.turns)


def spoken(turns: Sequence[Any]) -> tuple[tuple[str, str], ...]:
    """(role, content) of every turn: of pairs, of mappings, of things with these attributes."""
    found = []
    for each in turns:
        if isinstance(each, dict):
            found.append((str(each["role"]), str(each["content"])))
        elif isinstance(each, tuple):
            role, content = each
            found.append((str(role), str(content)))
        else:
            found.append((str(each.role), str(each.content)))
    return tuple(found)


@dataclass(frozen=True)
class DecoderSettings:
    """How to train.

    method: "scratch", an own tokenizer and a small Llama (Touvron et al. 2023); "full", all weights of the base;
    "lora", an adapter on every linear layer (Hu et al. 2021); "qlora", that on a base of 4 bits a weight (Dettmers et
    al. 2023). base: a pretrained model by name or folder; scratch takes none. learning_rate: of AdamW; None takes
    what fits the method. batch_tokens: tokens a step (gradients of its micro-batches are added up). micro_tokens:
    tokens that are computed at once, halved by itself when memory runs out. longest: tokens of an example, its prompt
    included. rank: of LoRA. validation: share held out to stop in time and keep the best weights. patience: checks
    without a better validation loss, of `checks` in all. max_seconds: stop after so many; None never.
    precision: "auto" computes in bfloat16 where the machine does so by itself and keeps what learns in float32;
    "float32". checkpointing: keep no activations, compute them again (less memory, a third more work). compile:
    torch.compile the layers (needs a C++ compiler; it did not pay on a processor). shard: share out the weights, their
    gradients and what the optimizer remembers over the processes that train (networks/shards.py): each holds a part.
    vocabulary, width, layers, heads: of a model from scratch.
    """

    method: str = "lora"
    base: str = "smollm2-135m"
    epochs: int = 3
    learning_rate: float | None = None
    batch_tokens: int = 1024
    micro_tokens: int = 4096
    longest: int = 512
    rank: int = 16
    weight_decay: float = 0.0
    warmup: float = 0.05
    validation: float = 0.05
    patience: int = 3
    checks: int = 6
    max_seconds: float | None = None
    precision: str = "auto"
    checkpointing: bool = False
    compile: bool = False
    shard: bool = False
    vocabulary: int = 4096
    width: int = 256
    layers: int = 6
    heads: int = 4

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise FitError(f"No way of training is called {self.method!r}.", f"There are: {', '.join(METHODS)}.")
        if self.precision not in ("auto", "float32"):
            raise FitError(f"The precision is {self.precision!r}.", 'It is "auto" or "float32".')
        least = {"epochs": 1, "batch_tokens": 1, "micro_tokens": 1, "longest": 2, "rank": 1, "patience": 1, "checks": 1}
        least |= {"vocabulary": 260, "width": 8, "layers": 1, "heads": 1}
        for name, smallest in least.items():
            if getattr(self, name) < smallest:
                raise FitError(f"{name} is {getattr(self, name)}.", f"Give {smallest} or more.")
        if self.epochs > 1000:
            raise FitError(f"epochs is {self.epochs}.", "Give 1,000 or fewer.")
        if not 0 <= self.validation < 1:
            raise FitError(f"The share for validation is {self.validation}.", "Give 0 (none) or more, below 1.")
        if self.learning_rate is not None and not self.learning_rate > 0:
            raise FitError(f"The learning rate is {self.learning_rate}.", "Give a number above 0, or none.")
        if self.shard and (self.compile or self.method == "qlora"):
            what = "compiled layers" if self.compile else "weights of 4 bits"
            raise FitError(f"A network with {what} is not shared out.", "Leave out shard, or take lora or full.")
        if self.method == "scratch" and self.width % (2 * self.heads):
            raise FitError(
                f"A width of {self.width} cannot be split over {self.heads} heads.",
                "Give a width that twice the heads divide.",
            )

    @property
    def rate(self) -> float:
        """The learning rate, where none is given that of the method."""
        return self.learning_rate if self.learning_rate is not None else RATES[self.method]
