"""A small language model adapted to private texts: all of it, or with LoRA (Hu et al. 2021), where the base stays."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from trasunto import registry
from trasunto.errors import FitError, ModelError
from trasunto.language.generate import prompt_tokens
from trasunto.language.pieces import Pieces, pieces_of
from trasunto.language.pretrained import fast_halves, halves, load_decoder
from trasunto.language.private import descend
from trasunto.networks.cross_entropy import summed_loss
from trasunto.networks.loop import Loop, train
from trasunto.networks.private import Descent, sampled
from trasunto.progress import Progress, quiet

VALIDATION = 0.05
WEIGHTS = "adapter.safetensors"
METHODS = ("lora", "full")
# Tokens after which texts are cut when nothing is said: what this share of them keep to, within these limits.
KEPT, LEAST, MOST = 0.98, 96, 512
# Tokens of a step, beyond which it holds fewer texts: what a step remembers grows with them.
STEP = 3072
# What some networks do to their logits beyond the output layer: those go through the whole of it.
_SCALES = ("logit_scale", "logits_scaling", "output_multiplier")


@dataclass(frozen=True)
class Prompted:
    """A text to learn, after a prompt that is given. Only the text counts in the loss."""

    prompt: str
    text: str


@dataclass(frozen=True)
class Adaptation:
    """How to adapt.

    method: "lora" or "full". rank, alpha: of LoRA, on every linear layer. longest: tokens after which a text is cut;
    None takes what 98 of 100 texts keep to, from 96 to 512. window: tokens that are learnt at a time, where texts are
    longer: those are learnt in pieces (language/pieces.py), and None of `longest` cuts none. 0 cuts every text; None is
    what `longest` is. A step holds fewer texts than its batch when they are long.
    """

    rank: int = 16
    alpha: int = 32
    longest: int | None = 96
    loop: Loop = field(default_factory=lambda: Loop(max_seconds=150.0))
    method: str = "lora"
    window: int | None = 0

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise FitError(f"There is no method {self.method!r} of fine-tuning.", f"It is {' or '.join(METHODS)}.")
        if self.longest is not None and self.longest < 1:
            raise FitError(f"longest is {self.longest}; a text has a token or more.", "Leave it out, or try 96.")
        if self.window is not None and self.window < 0:
            raise FitError(f"window is {self.window}; tokens are counted from 1.", "Leave it out, or try 512.")


@dataclass(frozen=True)
class Adapter:
    """What was learned: the adapter's tensors by name, and how to put them on the base again. rank: 0 when they are
    the weights of the whole network."""

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
    `longest` tokens or learnt in pieces; without a window they are cut where the model's context ends, too. The
    facts hold `longest`, `window`, how many were `cut`, and the `pieces` after the first of long ones. Raises FitError
    for a prompt that leaves no room for a text.
    """
    import torch

    half = settings.method == "lora" and fast_halves()
    tokenizer, network, device = load_decoder(base, "bfloat16" if half else "float32")
    texts, longest, pieces = _all_coded(tokenizer, network, examples, settings)
    window = longest if pieces is None else pieces.window
    loop = replace(settings.loop, batch=max(1, min(settings.loop.batch, STEP // window)))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if settings.method == "lora":
            network = adapted(network, settings.rank, settings.alpha)
        order = np.random.default_rng(seed).permutation(len(texts))
        aside = int(len(texts) * VALIDATION) if len(texts) >= 100 else 0
        # The pieces of a text stay together.
        parts = [_cut(tokenizer, texts[place], pieces) for place in order]
        held = np.arange(sum(map(len, parts[:aside])))
        coded = [each for part in parts for each in part]
        inside = np.arange(len(held), len(coded))
        lengths = np.array([len(coded[place][1]) for place in inside])
        # A constant weight a batch: with the mean over each batch, short texts would count for more than long ones.
        usual = float(lengths.mean()) * min(loop.batch, len(inside))
        pad = _pad(tokenizer)

        def loss_of(batch: np.ndarray) -> tuple[Any, float]:
            return _loss(network, [coded[inside[place]] for place in batch], pad, device)

        def validate() -> float:
            total, count = 0.0, 0.0
            with torch.no_grad():
                for first in range(0, len(held), loop.batch):
                    part = held[first : first + loop.batch]
                    loss, tokens = _loss(network, [coded[place] for place in part], pad, device)
                    total, count = total + float(loss), count + tokens
            return total / max(count, 1.0)

        check = validate if len(held) else None
        curves = train(
            network, loss_of, lengths.tolist(), loop, seed=seed, weight=usual, validate=check, progress=progress
        )
    adapter = _learned(network, settings)
    facts = {
        **_sizes(network, adapter, settings, loop),
        "tokens": int(sum(len(tokens) for _, tokens, _ in coded)),
        "longest": longest,
        "cut": sum(cut for _, _, cut in texts),
        **({} if pieces is None else {"window": window, "pieces": pieces.further}),
        **curves.to_dict(),
    }
    return adapter, facts


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
    longest: 96 tokens when None, as the texts must not say it. FitError for the method "full": its gradients of single
    texts would take as much memory as the model, for each text.
    """
    import torch

    if settings.method != "lora":
        raise FitError("Under a budget only an adapter is trained.", "Set method to lora, or leave it out.")
    tokenizer, network, device = load_decoder(base, "bfloat16" if fast_halves() else "float32")
    whole = replace(settings, longest=settings.longest or LEAST, window=0)
    coded, _, _ = _all_coded(tokenizer, network, examples, whole)
    lengths = np.array([len(prompt) + len(text) for prompt, text, _ in coded])
    pad = _pad(tokenizer)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = adapted(network, settings.rank, settings.alpha)

        def loss_of(batch: np.ndarray) -> Any:
            return _loss(network, [coded[place] for place in batch], pad, device)[0]

        curves = descend(network, loss_of, lengths, plan, settings.loop, seed=seed, progress=progress)
    adapter = _learned(network, settings)
    told = curves.to_dict()
    facts = {
        **_sizes(network, adapter, settings, sampled(settings.loop, plan)),
        **told,
        "curves": {name: values for name, values in told["curves"].items() if values},
    }
    return adapter, facts, curves.steps


def merged(base: Path, adapter: Adapter) -> tuple[Any, Any, str]:
    """(tokenizer, network, device): the base with the adapter worked into its weights, in float32."""
    import torch

    tokenizer, network, device = load_decoder(base, "float32")
    if adapter.rank:
        network = adapted(network, adapter.rank, adapter.alpha)
    places = dict(network.named_parameters())
    if set(adapter.tensors) - set(places) or any(
        each.shape != places[name].shape for name, each in adapter.tensors.items()
    ):
        raise ModelError(f"The adapter does not fit the model in {base}.", "Use the base it was trained on.")
    with torch.no_grad():
        for name, each in adapter.tensors.items():
            places[name].copy_(each)
    whole = network.merge_and_unload() if adapter.rank else network
    return tokenizer, whole.eval(), device


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
        # What it says of layers laid out as in GPT-2: that it does the right thing.
        warnings.filterwarnings("ignore", message="fan_in_fan_out")
        return get_peft_model(network, config)


def _learned(network: Any, settings: Adaptation) -> Adapter:
    """What learned, off the network. All of a network is kept in bfloat16: half the size, and near enough."""
    import torch

    found = {name: each.detach().cpu().clone() for name, each in network.named_parameters() if each.requires_grad}
    if settings.method == "lora":
        return Adapter(settings.rank, settings.alpha, found)
    return Adapter(0, 0, {name: each.to(torch.bfloat16) for name, each in found.items()})


def _sizes(network: Any, adapter: Adapter, settings: Adaptation, loop: Loop) -> dict[str, Any]:
    """Facts of a training: parameters, those that learned, and how."""
    how = {name: value for name, value in {**asdict(settings), **asdict(loop)}.items() if name != "loop"}
    return {
        "parameters": sum(each.numel() for each in network.parameters()),
        "trained_parameters": sum(each.numel() for each in adapter.tensors.values()),
        "hyperparameters": how,
    }


def _pad(tokenizer: Any) -> int:
    return int(tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id)


def _all_coded(
    tokenizer: Any, network: Any, examples: Sequence[Prompted], settings: Adaptation
) -> tuple[list[tuple[list[int], list[int], bool]], int, Pieces | None]:
    """The examples as `_coded` gives them, the tokens after which a text was cut, and how long ones come in pieces."""
    context = int(getattr(network.config, "max_position_embeddings", 0) or 0) or 2**31
    prompts = max(len(prompt_tokens(tokenizer, each)) for each in {each.prompt for each in examples})
    room = context - prompts - 1
    if room < 1:
        raise FitError(
            f"A prompt of {prompts} tokens leaves no room for a text: the model reads {context}.",
            "Write to fewer columns (conditions), or choose a base with a longer context.",
        )
    texts = tokenizer([each.text for each in examples], add_special_tokens=False)["input_ids"]
    sizes = [len(each) + 1 for each in texts]
    longest = settings.longest or int(np.clip(np.quantile(sizes, KEPT, method="higher"), LEAST, MOST))
    pieces = None
    if settings.window != 0:
        window = min(settings.window or longest, room)
        pieces = pieces_of(tokenizer, window, settings.longest or max(sizes), sizes)
    longest = min(longest, room) if pieces is None else settings.longest or max(sizes)
    return [_coded(tokenizer, each, longest) for each in examples], longest, pieces


def _cut(
    tokenizer: Any, text: tuple[list[int], list[int], bool], pieces: Pieces | None
) -> list[tuple[list[int], list[int], bool]]:
    """A text in its pieces; as it is without."""
    if pieces is None:
        return [text]
    prompt, whole, cut = text
    return [(given, learnt, cut) for given, learnt in pieces.cut(tokenizer, prompt, whole, not cut)]


def _coded(tokenizer: Any, example: Prompted, longest: int) -> tuple[list[int], list[int], bool]:
    """(prompt tokens, text tokens with the end mark, whether the text was cut)."""
    prompt = prompt_tokens(tokenizer, example.prompt)
    text = tokenizer(example.text, add_special_tokens=False)["input_ids"]
    cut = len(text) > longest
    return prompt, [*text[:longest], *([] if cut else [tokenizer.eos_token_id])], cut


def _loss(network: Any, rows: list[tuple[list[int], list[int], bool]], pad: int, device: str) -> tuple[Any, float]:
    """Summed cross-entropy of the text tokens, and how many there are. Padding is on the right and behind the text,
    so that a causal model never looks at it. network: of transformers, or that with an adapter around it."""
    import torch

    width = max(len(prompt) + len(text) for prompt, text, _ in rows)
    inputs = torch.full((len(rows), width), pad)
    answers = torch.full((len(rows), width), -100)
    for number, (prompt, text, _) in enumerate(rows):
        whole = torch.tensor([*prompt, *text])
        inputs[number, : len(whole)] = whole
        answers[number, len(prompt) : len(whole)] = whole[len(prompt) :]
    inputs, answers = inputs.to(device), answers.to(device)
    wanted = answers[:, 1:]
    # Only positions that count go through the large output layer.
    counted = wanted != -100
    with halves(device):
        inner = network if not _is_adapted(network) else network.get_base_model()
        head = inner.get_output_embeddings()
        if head is None or head.bias is not None or any(getattr(inner.config, name, None) for name in _SCALES):
            logits = inner(input_ids=inputs).logits[:, :-1][counted].float()
            loss = torch.nn.functional.cross_entropy(logits, wanted[counted], reduction="sum")
        else:
            states = inner.get_decoder()(input_ids=inputs).last_hidden_state[:, :-1][counted]
            half = torch.is_autocast_enabled(device)
            cap = getattr(inner.config, "final_logit_softcapping", None)
            loss = summed_loss(states, head.weight, wanted[counted], half=half, cap=cap)
    return loss, float(counted.sum())


def _is_adapted(network: Any) -> bool:
    from peft import PeftModel

    return isinstance(network, PeftModel)
