"""A Hugging Face folder, or a model that comes inside a package, run in this process by our own writer.

Nothing holds its answers to a schema but words and repairs; a model of 135M parameters seldom manages. Same requests
and seed, same answers on one machine.
"""

from __future__ import annotations

import hashlib
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from trasunto.errors import ModelError
from trasunto.language.engines.asked import Reply, Request, key_of, seeds_of, stopped, written
from trasunto.language.engines.cache import Cache
from trasunto.language.engines.chat import held
from trasunto.language.engines.serving import Serving
from trasunto.language.generate import Sampling, Writer
from trasunto.language.offline import find
from trasunto.language.pretrained import load_decoder
from trasunto.progress import Progress, quiet

# Requests that are written and kept together: what stops a run loses no more than these.
CHUNK = 64


@dataclass(frozen=True)
class Local:
    """base: a model's name (see `trasunto doctor`) or a folder. serving: of it, `cache` counts.

    chats: whether the model is shown instructions; else a text to go on with.
    """

    base: str
    serving: Serving = field(default_factory=Serving)
    chats: bool = False

    @property
    def name(self) -> str:
        """As it was named."""
        return self.base

    @property
    def local(self) -> bool:
        return True

    @property
    def prices(self) -> tuple[float, float]:
        return self.serving.prices

    @cached_property
    def opened(self) -> _Opened:
        """The model, loaded once, and let go of with the engine."""
        found = _Opened.of(find(self.base))
        weakref.finalize(self, found.writer.__exit__, None, None, None)
        return found

    def complete(self, requests: Sequence[Request], *, seed: int, progress: Progress = quiet) -> list[Reply]:
        """An answer to each request. ModelError for a folder that cannot be loaded."""
        folder = find(self.base)
        cache = Cache(self.serving.cache)
        try:
            seeds = seeds_of(requests, seed)
            told = f"{self.base}\0{_stamp(folder)}"
            whole = list(zip(requests, seeds, strict=True))
            # What is written together depends on each other, so chunks are kept and found as wholes.
            chunks = [whole[first : first + CHUNK] for first in range(0, len(whole), CHUNK)]
            replies: list[Reply] = []
            for number, chunk in enumerate(chunks):
                progress("ask", number * CHUNK, len(requests))
                keys = [key_of(f"{told}\0{_of(chunk)}", *each) for each in chunk]
                known = [cache.get(key) for key in keys]
                found = [each for each in known if each is not None]
                if len(found) < len(chunk):
                    found = self.opened.answers([each for each, _ in chunk], _seed_of(chunk))
                    cache.put_all(zip(keys, found, strict=True))
                replies += found
            progress("ask", len(requests), len(requests))
            return replies
        finally:
            cache.close()


@dataclass(frozen=True)
class _Opened:
    """A model that is loaded. context: tokens it can hold."""

    writer: Writer
    context: int

    @staticmethod
    def of(folder: Path) -> _Opened:
        tokenizer, network, device = load_decoder(folder)
        context = getattr(network.config, "max_position_embeddings", None)
        if tokenizer.eos_token is None:
            raise ModelError(f"The model in {folder} has no token that ends a text.", "Give another model.")
        return _Opened(Writer(tokenizer, network, device).__enter__(), context or 2048)

    def answers(self, requests: Sequence[Request], seed: int) -> list[Reply]:
        """Replies to requests that are written together; those with a schema are repaired one by one."""
        plain = [_said(request) for request in requests]
        replies = self._written(plain, seed)
        for place, request in enumerate(requests):
            if request.schema is not None and not replies[place].error:
                replies[place] = held(request, partial(self._again, iter([replies[place]]), seed), plain=True)
        return replies

    def _again(self, first: Iterator[Reply], seed: int, request: Request) -> Reply:
        """The reply that is there, then others."""
        return next(first, None) or self._written([request], seed + 1)[0]

    def _written(self, requests: Sequence[Request], seed: int) -> list[Reply]:
        replies: list[Reply | None] = [None] * len(requests)
        groups: dict[Sampling, list[int]] = {}
        for place, request in enumerate(requests):
            ends = tuple(each for each in map(self._token, request.stop) if each)
            sampling = Sampling(request.temperature, request.top_p, request.longest, ends=ends)
            groups.setdefault(sampling, []).append(place)
        for sampling, places in groups.items():
            prompts = [self._prompt(requests[place]) for place in places]
            sizes = [len(each) for each in self.writer.tokenizer(prompts, add_special_tokens=False)["input_ids"]]
            fitting = [number for number, size in enumerate(sizes) if size + sampling.longest <= self.context]
            texts = self.writer.complete([prompts[number] for number in fitting], sampling, seed=seed)
            for number, text in zip(fitting, texts, strict=True):
                said, ended = stopped(text.text, requests[places[number]].stop)
                said = said.strip()
                problem = "" if said else "it answered with nothing"
                ready = Reply(said, ended or text.ended, sizes[number], text.tokens, error=problem)
                replies[places[number]] = ready
            for number in set(range(len(places))) - set(fitting):
                problem = f"{sizes[number]} tokens and {sampling.longest} of answer do not fit into {self.context}"
                replies[places[number]] = Reply("", False, sizes[number], 0, error=problem)
        return [reply for reply in replies if reply is not None]

    def _prompt(self, request: Request) -> str:
        """The turns as the model knows them: by its chat template, else one after the other."""
        tokenizer = self.writer.tokenizer
        if tokenizer.chat_template is None:
            return "\n".join(turn.content for turn in request.turns)
        turns = [{"role": turn.role, "content": turn.content} for turn in request.turns]
        fresh = not request.continued
        prompt: str = tokenizer.apply_chat_template(
            turns, tokenize=False, add_generation_prompt=fresh, continue_final_message=not fresh
        )
        return prompt

    def _token(self, stop: str) -> str:
        """The one token that a stop is, so that writing ends there; "" when it is several and is only cut off."""
        numbers = self.writer.tokenizer(stop, add_special_tokens=False)["input_ids"]
        return str(self.writer.tokenizer.convert_ids_to_tokens(numbers[0])) if len(numbers) == 1 else ""


def _said(request: Request) -> Request:
    """A request whose schema is told in words."""
    if request.schema is None:
        return request
    from trasunto.language.engines.schemas import instruction

    last = request.turns[-1]
    turns = (*request.turns[:-1], replace(last, content=f"{last.content}\n\n{instruction(request.schema)}"))
    return replace(request, turns=turns, schema=None)


def _of(chunk: Sequence[tuple[Request, int]]) -> str:
    told = "\0".join(f"{seed}\0{written(request)}" for request, seed in chunk)
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()


def _seed_of(chunk: Sequence[tuple[Request, int]]) -> int:
    return int(_of(chunk)[:8], 16) >> 1


def _stamp(folder: Path) -> str:
    """What tells one state of a folder from another: sizes and times of its weights."""
    files: list[Any] = sorted(path for path in folder.iterdir() if path.suffix in (".safetensors", ".json", ".bin"))
    return "|".join(f"{each.name}:{each.stat().st_size}:{each.stat().st_mtime_ns}" for each in files)
