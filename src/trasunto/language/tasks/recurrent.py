"""A small encoder and decoder with attention, from scratch: what learns to translate from a few thousand short pairs.

A bidirectional GRU reads the question, a GRU writes the answer and looks back at what it reads (Bahdanau et al. 2015;
attention by products after Luong et al. 2015, section 3.1), over a byte-level BPE vocabulary of its own that both
sides share, with tied embeddings. On 10,000 short pairs it learns several times as fast as a transformer of the same
size (docs/language.md has the figures).
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from trasunto.data.dialogues import Turn
from trasunto.errors import FitError, ModelError
from trasunto.language.decoder.tokens import train_tokenizer
from trasunto.language.tasks.exchanges import Dialogues, questions_of, shown
from trasunto.networks.device import accelerator, precise
from trasunto.networks.loop import Loop, train
from trasunto.progress import Progress, quiet

WEIGHTS, DOCUMENT = "recurrent.safetensors", "recurrent.json"
# Tokens that are read; what stands before them is cut.
READ = 192
VALIDATION = 0.03
BATCH = 128


@dataclass(frozen=True)
class RecurrentSettings:
    """width: of embeddings and states. vocabulary: tokens. dropout, smoothing: of labels (Szegedy et al. 2016).
    longest: tokens of an answer that are learnt."""

    width: int = 256
    vocabulary: int = 4000
    dropout: float = 0.2
    smoothing: float = 0.1
    longest: int = 128
    loop: Loop = field(default_factory=lambda: Loop(epochs=12, batch=64, learning_rate=2e-3, max_seconds=120.0))


@dataclass(frozen=True)
class Recurrent:
    """A trained model. tokenizer: of transformers; network: a torch.nn.ModuleDict."""

    settings: RecurrentSettings
    tokenizer: Any
    network: Any
    facts: dict[str, Any] = field(default_factory=dict)

    def answer(
        self, before: Sequence[Sequence[Turn]], *, longest: int = 128, seed: int = 0, progress: Progress = quiet
    ) -> list[str]:
        """The likeliest next token each time, up to `longest` of them; the seed changes nothing."""
        import torch

        if not before:
            return []
        coded = self._coded([shown(each) for each in before])
        order = np.argsort([len(each) for each in coded], kind="stable")
        texts = [""] * len(coded)
        with torch.inference_mode():
            for first in range(0, len(order), BATCH):
                progress("write texts", first, len(order))
                places = order[first : first + BATCH].tolist()
                tokens = _written(self, [coded[place] for place in places], longest)
                for place, each in zip(places, tokens, strict=True):
                    texts[place] = self.tokenizer.decode(each).strip()
        progress("write texts", len(order), len(order))
        return texts

    def save(self, folder: Path) -> None:
        from safetensors.torch import save_file

        folder.mkdir(parents=True, exist_ok=True)
        state = {name: each.detach().cpu().contiguous() for name, each in self.network.state_dict().items()}
        save_file(state, folder / WEIGHTS)
        self.tokenizer.save_pretrained(folder)
        text = json.dumps({"settings": asdict(self.settings), "facts": self.facts}, ensure_ascii=False, indent=1)
        (folder / DOCUMENT).write_text(text, encoding="utf-8")

    def _coded(self, texts: Sequence[str]) -> list[list[int]]:
        """Tokens with the end mark."""
        found = self.tokenizer([f" {each}" for each in texts], add_special_tokens=False)["input_ids"]
        return [[*each[-READ:], self.tokenizer.eos_token_id] for each in found]


def train_recurrent(
    dialogues: Dialogues,
    *,
    settings: RecurrentSettings = RecurrentSettings(),
    seed: int = 0,
    start: Recurrent | None = None,
    progress: Progress = quiet,
) -> Recurrent:
    """Train on every answer of the dialogues. start: a model to go on from, with its vocabulary.

    A few of the pairs are held out to stop in time. FitError when there is nothing to learn from.
    """
    import torch

    questions = questions_of(dialogues)
    if not len(questions):
        raise FitError("There are no answers to learn from.", "Give questions and answers.")
    asked, answers = [shown(each) for each in questions.before], [each[0] for each in questions.right]
    tokenizer = (
        start.tokenizer if start else train_tokenizer([f" {each}" for each in asked + answers], settings.vocabulary)
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = _network(len(tokenizer), settings).to(accelerator())
        if start is not None:
            network.load_state_dict(start.network.state_dict())
        model = Recurrent(settings, tokenizer, network)
        end = tokenizer.eos_token_id
        given = model._coded(asked)
        wanted = [[*each[: settings.longest], end] for each in (row[:-1] for row in model._coded(answers))]
        order = np.random.default_rng(seed).permutation(len(given))
        held = order[: int(len(order) * VALIDATION)] if len(order) >= 200 else order[:0]
        inside = order[len(held) :]

        def part(places: np.ndarray, smoothing: float) -> tuple[Any, float]:
            return _loss(model, [given[place] for place in places], [wanted[place] for place in places], smoothing)

        def validate() -> float:
            total = count = 0.0
            with torch.inference_mode():
                for first in range(0, len(held), BATCH):
                    loss, tokens = part(held[first : first + BATCH], 0.0)
                    total, count = total + float(loss), count + tokens
            return total / max(count, 1.0)

        lengths = [len(given[place]) + len(wanted[place]) for place in inside]
        curves = train(
            network,
            lambda batch: part(inside[batch], settings.smoothing),
            lengths,
            settings.loop,
            seed=seed,
            validate=validate if len(held) else None,
            progress=progress,
        )
    network.eval()
    size = sum(each.numel() for each in network.parameters())
    facts = {
        "architecture": "recurrent encoder and decoder with attention, from scratch",
        "base": "",
        "examples": len(questions),
        "parameters": size,
        "trained_parameters": size,
        "hyperparameters": asdict(settings) | asdict(settings.loop),
        **curves.to_dict(),
    }
    facts["hyperparameters"].pop("loop")
    return Recurrent(settings, tokenizer, network, facts)


def load_recurrent(folder: Path) -> Recurrent:
    """What `save` wrote. ModelError when it is broken."""
    from safetensors.torch import load_file
    from transformers import PreTrainedTokenizerFast

    try:
        document = json.loads((folder / DOCUMENT).read_text(encoding="utf-8"))
        loop = Loop(**{**document["settings"]["loop"], "undecayed": tuple(document["settings"]["loop"]["undecayed"])})
        settings = RecurrentSettings(**{**document["settings"], "loop": loop})
        tokenizer = PreTrainedTokenizerFast.from_pretrained(str(folder), local_files_only=True)
        network = _network(len(tokenizer), settings)
        network.load_state_dict(load_file(folder / WEIGHTS))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise ModelError(f"The model in {folder} cannot be read: {error!r}.", "Train it again.") from error
    return Recurrent(settings, tokenizer, network.to(accelerator()).eval(), document["facts"])


def _network(vocabulary: int, settings: RecurrentSettings) -> Any:
    import torch
    from torch import nn

    width = settings.width
    network: Any = nn.ModuleDict(
        {
            "words": nn.Embedding(vocabulary, width),
            "reader": nn.GRU(width, width // 2, batch_first=True, bidirectional=True),
            "first": nn.Linear(width, width),
            "writer": nn.GRU(width, width, batch_first=True),
            "look": nn.Linear(width, width),
            "join": nn.Linear(2 * width, width),
            "drop": nn.Dropout(settings.dropout),
        }
    )
    with torch.no_grad():
        network["words"].weight.normal_(0.0, width**-0.5)
    return network


def _embedded(network: Any, tokens: Any) -> Any:
    words = network["words"]
    return network["drop"](words(tokens) * math.sqrt(words.embedding_dim))


def _read(network: Any, rows: Sequence[Sequence[int]], device: Any) -> tuple[Any, Any, Any]:
    """(states of what is read, where nothing is, the writer's first state)."""
    import torch
    from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

    tokens = _padded(rows).to(device)
    lengths = torch.tensor([len(each) for each in rows])
    # Packed, so that a question reads the same whatever stands beside it in the batch.
    packed = pack_padded_sequence(_embedded(network, tokens), lengths, batch_first=True, enforce_sorted=False)
    states = pad_packed_sequence(network["reader"](packed)[0], batch_first=True)[0]
    nothing = torch.arange(tokens.shape[1])[None, :] >= lengths[:, None]
    nothing = nothing.to(device)
    mean = states.sum(1) / lengths[:, None].to(device)
    return states, nothing, torch.tanh(network["first"](mean))[None]


def _looked(network: Any, written: Any, states: Any, nothing: Any) -> Any:
    """(rows, steps, vocabulary) logits of the writer's states, after a look at what was read."""
    import torch

    match = network["look"](written) @ states.transpose(1, 2) / math.sqrt(states.shape[-1])
    seen = match.masked_fill(nothing[:, None, :], float("-inf")).softmax(-1) @ states
    joined = network["drop"](torch.tanh(network["join"](torch.cat([written, seen], -1))))
    return torch.nn.functional.linear(joined, network["words"].weight)


def _loss(
    model: Recurrent, given: Sequence[Sequence[int]], wanted: Sequence[Sequence[int]], smoothing: float
) -> tuple[Any, float]:
    """Summed cross-entropy of the answers' tokens, and how many there are."""
    import torch

    network, end = model.network, model.tokenizer.eos_token_id
    device = network["words"].weight.device
    with precise("auto", device):
        states, nothing, first = _read(network, given, device)
        shown_tokens = _padded([[end, *each[:-1]] for each in wanted]).to(device)
        written, _ = network["writer"](_embedded(network, shown_tokens), first)
        logits = _looked(network, written, states, nothing).float()
    there = torch.arange(shown_tokens.shape[1])[None, :] < torch.tensor([len(each) for each in wanted])[:, None]
    truth = _padded(wanted).to(device)[there]
    loss = torch.nn.functional.cross_entropy(logits[there], truth, reduction="sum", label_smoothing=smoothing)
    return loss, float(len(truth))


def _written(model: Recurrent, rows: Sequence[Sequence[int]], longest: int) -> list[list[int]]:
    """The tokens that are written after each question, without the end mark."""
    import torch

    network, end = model.network, model.tokenizer.eos_token_id
    device = network["words"].weight.device
    states, nothing, state = _read(network, rows, device)
    last = torch.full((len(rows), 1), end, device=device)
    found: list[list[int]] = [[] for _ in rows]
    done = [False] * len(rows)
    # An answer that does not end goes round in circles.
    most = min(longest, 3 * max(map(len, rows)) + 10)
    for _ in range(most):
        written, state = network["writer"](_embedded(network, last), state)
        last = _looked(network, written, states, nothing).argmax(-1)
        for place, token in enumerate(last[:, 0].tolist()):
            done[place] = done[place] or token == end or len(found[place]) >= 3 * len(rows[place]) + 10
            if not done[place]:
                found[place].append(token)
        if all(done):
            break
    return found


def _padded(rows: Sequence[Sequence[int]]) -> Any:
    import torch

    width = max(map(len, rows))
    return torch.tensor([[*each, *[0] * (width - len(each))] for each in rows])
