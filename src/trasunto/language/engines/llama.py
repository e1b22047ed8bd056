"""A GGUF file run in this process by llama.cpp (xllamacpp), answers held to a JSON Schema by its grammar.

One seed, one answer, whatever is asked beside it and on any number of threads: nothing of earlier prompts is kept.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trasunto import registry
from trasunto.errors import EngineError, ModelError
from trasunto.language.engines.asked import Reply, Request, key_of, seeds_of
from trasunto.language.engines.cache import Cache
from trasunto.language.engines.chat import answer_of, body_of, held
from trasunto.language.engines.serving import Serving
from trasunto.machine import cores
from trasunto.progress import Progress, quiet


@dataclass(frozen=True)
class Llama:
    """A model in a GGUF file. serving: of it, `context`, `cache` and `extra` count.

    chats: whether it is told what to do, else it goes on with a list. Raises nothing before it is asked.
    """

    path: Path
    serving: Serving = field(default_factory=Serving)
    chats: bool = True
    known_as: str = ""

    @property
    def name(self) -> str:
        """The name of the model, else of its file."""
        return f"gguf:{self.known_as or self.path.name}"

    @property
    def local(self) -> bool:
        return True

    @property
    def prices(self) -> tuple[float, float]:
        return self.serving.prices

    def complete(self, requests: Sequence[Request], *, seed: int, progress: Progress = quiet) -> list[Reply]:
        """An answer to each request. ModelError when the file cannot be loaded, EngineError when all fail."""
        cache = Cache(self.serving.cache)
        try:
            file = self.path.stat()
            # A file of the same name may hold another model later.
            told = "\0".join(
                map(
                    str,
                    (
                        self.name,
                        file.st_size,
                        file.st_mtime_ns,
                        self.serving.context,
                        sorted(self.serving.extra.items()),
                    ),
                )
            )
            seeds = seeds_of(requests, seed)
            keys = [key_of(told, request, each) for request, each in zip(requests, seeds, strict=True)]
            replies: list[Reply | None] = [cache.get(key) for key in keys]
            missing = [place for place, reply in enumerate(replies) if reply is None]
            if missing:
                self._fill(requests, seeds, keys, replies, missing, cache, progress)
            progress("ask", len(requests), len(requests))
            return [reply for reply in replies if reply is not None]
        except OSError as error:
            raise ModelError(f"{self.path} cannot be read: {error.strerror}.", "Name a GGUF file.") from error
        finally:
            cache.close()

    def _fill(
        self,
        requests: Sequence[Request],
        seeds: Sequence[int],
        keys: Sequence[str],
        replies: list[Reply | None],
        missing: Sequence[int],
        cache: Cache,
        progress: Progress,
    ) -> None:
        slots = min(cores(), len(missing))
        model = _loaded(self.path, slots, self.serving.context)
        before = len(replies) - len(missing)
        with ThreadPoolExecutor(slots) as pool:
            try:
                answers = pool.map(lambda place: self._answer(model, requests[place], seeds[place]), missing)
                for done, (place, reply) in enumerate(zip(missing, answers, strict=True), start=1):
                    replies[place] = reply
                    cache.put(keys[place], reply)
                    progress("ask", before + done, len(replies))
            finally:
                pool.shutdown(wait=True, cancel_futures=True)
        failed = [reply.error for reply in replies if reply is not None and reply.error and not reply.unfit]
        if len(failed) == len(replies):
            raise EngineError(
                f"{self.name} answered none of {len(replies)} requests; the last: {failed[-1]}.",
                "Ask for shorter texts, show fewer exemplars, or raise serving.context.",
            )

    def _answer(self, model: Any, request: Request, seed: int) -> Reply:
        if request.schema is None:
            return self._reply(model, request, seed)
        return held(request, lambda asked: self._reply(model, asked, seed), plain=False)

    def _reply(self, model: Any, request: Request, seed: int) -> Reply:
        body = body_of(request, model="", seed=seed, left_out=("model",), extra=self.serving.extra)
        # A prompt that goes on from an earlier one's memory is computed in other steps, and answers otherwise.
        body |= {"cache_prompt": False, "top_k": 0, "min_p": 0.0}
        try:
            document = model.handle_chat_completions(body)
        except (ValueError, RuntimeError) as error:
            return Reply("", False, 0, 0, error=str(error))
        if isinstance(document, dict) and "error" in document:
            said = document["error"]
            return Reply("", False, 0, 0, error=str(said.get("message", said) if isinstance(said, dict) else said))
        answer = answer_of(document, request)
        if answer.reply is None or answer.problem:
            spent = answer.reply.tokens_in if answer.reply else 0
            return Reply("", False, spent, 0, error=answer.problem)
        return answer.reply


def _loaded(path: Path, slots: int, context: int) -> Any:
    """llama.cpp with so many slots, each of so many tokens."""
    try:
        import xllamacpp
    except ImportError as error:
        raise registry.missing(error, "a GGUF file as engine") from error
    settings = xllamacpp.CommonParams()
    settings.model.path = str(path)
    settings.n_ctx, settings.n_parallel = context * slots, slots
    # Threads of llama.cpp wait for each other at full speed: where fewer are wanted, more would only heat.
    told = os.environ.get("OMP_NUM_THREADS", "")
    threads = min(cores(), int(told)) if told.isdigit() and int(told) else cores()
    settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = threads
    settings.warmup = False
    settings.verbosity = -1
    try:
        return xllamacpp.Server(settings)
    except RuntimeError as error:
        raise ModelError(f"llama.cpp cannot load {path}: {error}", "Give a whole GGUF file of a text model.") from error
