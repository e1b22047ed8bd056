"""What a language model thinks of texts it is shown: one pass over each tells of loss, of memory and of extraction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trasunto.language.continuation import empty_memory
from trasunto.language.finetune import Adapter, Prompted, merged
from trasunto.language.generate import prompt_tokens
from trasunto.language.pretrained import halves, load_decoder
from trasunto.progress import Progress, quiet

BATCH = 32
# Tokens that a usual decoder samples from (Hayes et al. 2024, section 3).
TOP = 40


@dataclass(frozen=True)
class Seen:
    """The tokens of a text, the prompt aside.

    logs: (tokens,) natural log-likelihood of each token after all before it. first: (tokens,) bool, whether it was
    the likeliest one: a run of them is written word for word by greedy decoding. sampled: (tokens,) log-chance that
    sampling from the 40 likeliest tokens writes it, -inf where it is none of them.
    """

    logs: np.ndarray
    first: np.ndarray
    sampled: np.ndarray

    @property
    def loss(self) -> float:
        """Mean negative log-likelihood of a token, in nats."""
        return -float(self.logs.mean())


@dataclass(frozen=True)
class Reader:
    """A causal language model that reads texts. longest: tokens after which a text is cut."""

    tokenizer: Any
    network: Any
    device: str
    longest: int = 96

    @staticmethod
    def of(base: Path, adapter: Adapter | None, longest: int = 96) -> Reader:
        """The model in `base`, with an adapter worked in or as it is."""
        if adapter is None:
            return Reader(*load_decoder(base), longest)
        return Reader(*merged(base, adapter), longest)

    def read(self, examples: Sequence[Prompted], progress: Progress = quiet, what: str = "read texts") -> list[Seen]:
        """One `Seen` for each example, in order; an empty text has no tokens."""
        coded = [self.coded(each) for each in examples]
        # Texts of like length are read together: less padding.
        order = np.argsort([len(prompt) + len(text) for prompt, text in coded], kind="stable")
        found: list[Seen | None] = [None] * len(coded)
        for start in range(0, len(order), BATCH):
            progress(what, start, len(order))
            places = order[start : start + BATCH]
            for place, seen in zip(places, self._batch([coded[place] for place in places]), strict=True):
                found[place] = seen
        progress(what, len(order), len(order))
        return [each for each in found if each is not None]

    def endings(self, before: Prompted, endings: Sequence[str]) -> np.ndarray:
        """(endings,) natural log-likelihood of each ending right after a prompt and the beginning of a text.

        The tokens that all have in common are read once, and count for none.
        """
        import torch

        whole = [self.coded(Prompted(before.prompt, before.text + each), whole=True) for each in endings]
        coded = [[*prompt, *text] for prompt, text in whole]
        shared = next(
            (place for place, same in enumerate(zip(*coded, strict=False)) if len(set(same)) > 1), min(map(len, coded))
        )
        # An ending that is the beginning of another leaves it a token to tell them apart.
        shared = min(shared, min(map(len, coded)) - 1)
        start = coded[0][max(0, shared - self.longest) : shared]
        width = max(map(len, coded)) - shared
        inputs = torch.zeros((len(coded), width), dtype=torch.long)
        counted = torch.zeros((len(coded), width))
        for number, tokens in enumerate(coded):
            inputs[number, : len(tokens) - shared] = torch.tensor(tokens[shared:])
            counted[number, : len(tokens) - shared] = 1.0
        inputs, counted = inputs.to(self.device), counted.to(self.device)
        with torch.inference_mode(), halves(self.device):
            kept = empty_memory(self.network)
            (cache,) = kept.values()
            beginning = torch.tensor([start], device=self.device)
            logits = self.network(input_ids=beginning, use_cache=True, **kept).logits[:, -1:].expand(len(coded), -1, -1)
            if width > 1:
                cache.batch_repeat_interleave(len(coded))
                logits = torch.cat([logits, self.network(input_ids=inputs[:, :-1], **kept).logits], dim=1)
            logs = logits.float().log_softmax(dim=2).gather(2, inputs[:, :, None])[:, :, 0]
        return np.asarray((logs * counted).sum(dim=1).cpu().numpy(), dtype=float)

    def coded(self, example: Prompted, *, whole: bool = False) -> tuple[list[int], list[int]]:
        """(prompt tokens, text tokens): as in training, but without the end mark; cut unless it is wanted whole."""
        prompt = prompt_tokens(self.tokenizer, example.prompt)
        text = self.tokenizer(example.text, add_special_tokens=False)["input_ids"]
        # The first token of a text without a prompt is foretold by nothing.
        return prompt or [self.tokenizer.eos_token_id], text if whole else text[: self.longest]

    def _batch(self, rows: list[tuple[list[int], list[int]]]) -> list[Seen]:
        import torch

        width = max(len(prompt) + len(text) for prompt, text in rows)
        inputs = torch.zeros((len(rows), width), dtype=torch.long)
        wanted = torch.zeros((len(rows), width), dtype=torch.bool)
        for number, (prompt, text) in enumerate(rows):
            # Padding is on the right, where a causal model never looks at it.
            inputs[number, : len(prompt) + len(text)] = torch.tensor([*prompt, *text])
            wanted[number, len(prompt) : len(prompt) + len(text)] = True
        inputs = inputs.to(self.device)
        with torch.inference_mode(), halves(self.device):
            states = self.network.model(input_ids=inputs).last_hidden_state[:, :-1]
            logits = self.network.lm_head(states[wanted[:, 1:].to(self.device)]).float()
            answers = inputs[:, 1:][wanted[:, 1:].to(self.device)]
            own = logits.gather(1, answers[:, None])[:, 0]
            top = logits.topk(min(TOP, logits.shape[1]), dim=1).values
            logs = own - logits.logsumexp(dim=1)
            sampled = torch.where(own >= top[:, -1], own - top.logsumexp(dim=1), -torch.inf)
            first = own >= top[:, 0]
        ends = np.cumsum([len(text) for _, text in rows])[:-1]
        parts = [np.split(each.cpu().numpy(), ends) for each in (logs, first, sampled)]
        return [
            Seen(logs.astype(float), first, sampled.astype(float)) for logs, first, sampled in zip(*parts, strict=True)
        ]
