"""An engine behind an address: any server that speaks OpenAI's chat completions (vLLM, Ollama, llama-server, ...).

What can go better is tried again, with back-off and as the server's Retry-After says; what cannot is one clear error.
Each answer is kept as it comes, so that what was stopped pays for nothing twice.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from trasunto import registry
from trasunto.errors import EngineError
from trasunto.language.engines.asked import Reply, Request, cost_of, key_of, seeds_of
from trasunto.language.engines.cache import Cache
from trasunto.language.engines.chat import answer_of, body_of, held, message_of, refused, tokens_of
from trasunto.language.engines.pace import Pace, back_off, retry_after
from trasunto.language.engines.serving import Serving
from trasunto.progress import Progress, quiet

# So many requests that fail in a row are no accident.
GIVE_UP = 8
BIGGEST = 16_000_000


@dataclass(frozen=True)
class Server:
    """A server at an address like "http://localhost:8000/v1".

    Raises EngineError for an address that is none, MissingLibraryError without httpx.
    """

    address: str
    serving: Serving = field(default_factory=Serving)
    chats: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "address", _address(self.address))
        _httpx()

    @property
    def name(self) -> str:
        """The address, and the model where it is named."""
        return f"{self.serving.model} at {self.address}" if self.serving.model else self.address

    @property
    def local(self) -> bool:
        """Whether the server runs on this machine."""
        host = urlsplit(self.address).hostname or ""
        return host in ("localhost", "::1") or host.startswith("127.")

    @property
    def prices(self) -> tuple[float, float]:
        return self.serving.prices

    def complete(self, requests: Sequence[Request], *, seed: int, progress: Progress = quiet) -> list[Reply]:
        """An answer to each request. EngineError when the server is down, refuses, or fails again and again."""
        cache = Cache(self.serving.cache)
        talk = _Talk.of(self)
        try:
            told = f"{self.address}\0{self.serving.model}\0{json.dumps(dict(self.serving.extra), sort_keys=True)}"
            seeds = seeds_of(requests, seed)
            keys = [key_of(told, request, each) for request, each in zip(requests, seeds, strict=True)]
            replies: list[Reply | None] = [cache.get(key) for key in keys]
            missing = [place for place, reply in enumerate(replies) if reply is None]
            if missing:
                talk.model = self.serving.model or talk.only_model()
                jobs = {place: partial(talk.answer, requests[place], seeds[place], keys[place]) for place in missing}
                _together(jobs, talk, cache, replies, progress)
            progress("ask", len(requests), len(requests))
            return [reply for reply in replies if reply is not None]
        finally:
            talk.client.close()
            cache.close()


@dataclass
class _Talk:
    """A conversation with a server under way, shared by threads."""

    server: Server
    client: Any
    key: str
    pace: Pace
    over: threading.Event
    model: str = ""
    left_out: set[str] = field(default_factory=set)

    @staticmethod
    def of(server: Server) -> _Talk:
        httpx, serving = _httpx(), server.serving
        key = os.environ.get(serving.key_variable, "").strip()
        over = threading.Event()
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        limits = httpx.Timeout(serving.timeout, connect=min(10.0, serving.timeout))
        # A proxy is for the world outside.
        client = httpx.Client(headers=headers, timeout=limits, trust_env=not server.local)
        pace = Pace(serving.requests_per_minute, serving.tokens_per_minute, sleep=over.wait)
        return _Talk(server, client, key, pace, over)

    def only_model(self) -> str:
        """The one model that the server has."""
        found = self._call("GET", "/models", None, np.random.default_rng(0), 0)
        document = found.document if isinstance(found.document, dict) else {}
        names = [str(each["id"]) for each in document.get("data") or () if isinstance(each, dict) and "id" in each]
        if len(names) == 1:
            return names[0]
        there = f"It has: {', '.join(names[:12])}." if names else "It does not say which it has."
        raise EngineError(f"Which model at {self.server.address}? {there}", "Name it in the setting `model`.")

    def answer(self, request: Request, seed: int, key: str) -> Reply:
        """The reply to one request, repaired until it fits its schema."""
        rng = np.random.default_rng(seed)
        if request.schema is None:
            return self._reply(request, seed, rng)
        plain = self.server.serving.structured == "plain" or "response_format" in self.left_out
        return held(request, lambda asked: self._reply(asked, seed, rng), plain)

    def _reply(self, request: Request, seed: int, rng: np.random.Generator) -> Reply:
        """A reply with words; an empty one is asked for again with another seed."""
        path, tokens = "/chat/completions", tokens_of(request.characters) + request.longest
        answer, retries, spent = None, 0, (0, 0)
        for again in range(self.server.serving.tries):
            body = body_of(
                request, model=self.model, seed=seed + again, left_out=self.left_out, extra=self.server.serving.extra
            )
            found = self._call("POST", path, body, rng, tokens)
            retries += found.retries + int(again > 0)
            if found.problem:
                return Reply("", False, *spent, error=found.problem, retries=retries)
            answer = answer_of(found.document, request)
            if answer.reply is not None:
                spent = spent[0] + answer.reply.tokens_in, spent[1] + answer.reply.tokens_out
                if not answer.problem:
                    return replace(answer.reply, tokens_in=spent[0], tokens_out=spent[1], retries=retries)
            self.over.wait(back_off(1, rng, self.server.serving.first_wait))
        assert answer is not None
        return Reply("", False, *spent, error=answer.problem, retries=retries)

    def _call(self, method: str, path: str, body: dict[str, Any] | None, rng: np.random.Generator, tokens: int) -> _Got:
        """What the server sends, once all tries are used a problem. EngineError for what stays wrong."""
        httpx, serving, where = _httpx(), self.server.serving, f"{self.server.address}{path}"
        problem, down = "", False
        tried = 0
        while tried < serving.tries:
            if self.over.is_set():
                return _Got(None, "it was stopped before", tried)
            self.pace.wait(tokens)
            tried += 1
            pause: float | None = None
            try:
                status, headers, content = self._sent(method, where, body)
                problem, down, pause, found = self._judged(status, headers, content, body)
                if found is not None:
                    return replace(found, retries=tried - 1)
                if problem in self.left_out and body is not None:
                    left = body.pop(problem, None)
                    if problem == "max_tokens":
                        body["max_completion_tokens"] = left
                    tried -= 1
                    continue
            except httpx.TimeoutException:
                problem, down = f"it did not answer within {serving.timeout:g} s", False
            except httpx.TransportError as error:
                problem, down = f"it cannot be reached ({str(error) or type(error).__name__})", True
            if tried < serving.tries:
                self.over.wait(back_off(tried, rng, serving.first_wait) if pause is None else pause)
        if down:
            raise EngineError(
                f"The server {self.server.address} is down: {self._safe(problem)}, {tried} times.",
                "Start it, or mend the address. What was answered is kept: the same command goes on from there.",
            )
        return _Got(None, self._safe(problem), tried - 1)

    def _sent(self, method: str, where: str, body: dict[str, Any] | None) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and content. A server that drips is cut off at the timeout, one that floods at a size."""
        httpx, clock = _httpx(), self.pace.clock
        until = clock() + self.server.serving.timeout
        content = b""
        with self.client.stream(method, where, json=body) as response:
            for part in response.iter_bytes():
                content += part
                if clock() > until:
                    raise httpx.ReadTimeout("it drips")
                if len(content) > BIGGEST:
                    raise httpx.ReadTimeout("it floods")
            return response.status_code, response.headers, content

    def _judged(
        self, status: int, headers: Mapping[str, str], content: bytes, body: dict[str, Any] | None
    ) -> tuple[str, bool, float | None, _Got | None]:
        """(problem, whether the server is down, pause it orders, what there is when there is no point in more).

        A parameter that the server does not know is the problem, and is left out from now on.
        """
        address, said = self.server.address, self._safe(message_of(content))
        if status == 200:
            try:
                return "", False, None, _Got(json.loads(content))
            except ValueError:
                return f"it answered with what is no JSON: {said or 'nothing'}", False, None, None
        if status in (401, 403):
            variable = self.server.serving.key_variable
            there = f"the key in {variable}" if self.key else f"no key, for {variable} is not set"
            raise EngineError(
                f"The server {address} does not let us in ({status}): {said}", f"It was sent {there}: mend it."
            )
        if 300 <= status < 400:
            there = headers.get("location", "another place")
            raise EngineError(f"The server {address} sends us to {there}.", "Give the address it names.")
        unknown = refused(status, said, body or {})
        if unknown and not (unknown == "response_format" and self.server.serving.structured == "schema"):
            self.left_out.add(unknown)
            return unknown, False, None, None
        if status == 404:
            raise EngineError(
                f"The server {address} does not know the model {self.model!r} or the address (404): {said}",
                "The address ends in /v1 mostly; `model` is a name that GET /v1/models lists.",
            )
        if status in (408, 409, 425, 429) or status >= 500:
            pause = retry_after(headers.get("retry-after"))
            if pause is not None:
                self.pace.hold(min(pause, 600))
                pause = 0.0
            kind = "it is asked too often" if status == 429 else "it fails"
            return f"{kind} ({status}): {said}", False, pause, None
        return "", False, None, _Got(None, f"it refuses the request ({status}): {said}")

    def _safe(self, text: str) -> str:
        """Without the key, which a server may quote."""
        return text.replace(self.key, "***") if self.key else text


@dataclass(frozen=True)
class _Got:
    """A document, or the problem why there is none; and how often it was tried again."""

    document: Any
    problem: str = ""
    retries: int = 0


def _together(
    jobs: Mapping[int, partial[Reply]], talk: _Talk, cache: Cache, replies: list[Reply | None], progress: Progress
) -> None:
    """Do the jobs, some at a time, and put each reply in its place and into the cache as it comes."""
    serving, address = talk.server.serving, talk.server.address
    waiting = list(jobs)
    under_way: dict[Future[Reply], int] = {}
    done, failed, cost = 0, 0, 0.0
    pool = ThreadPoolExecutor(serving.concurrency)
    try:
        while waiting or under_way:
            while waiting and len(under_way) < serving.concurrency:
                place = waiting.pop(0)
                under_way[pool.submit(jobs[place])] = place
            for each in wait(under_way, timeout=0.5, return_when=FIRST_COMPLETED).done:
                place = under_way.pop(each)
                reply = each.result()
                replies[place] = reply
                cache.put(jobs[place].args[2], reply)
                done += 1
                failed = failed + 1 if reply.error and not reply.unfit else 0
                cost += cost_of(reply.tokens_in, reply.tokens_out, serving.prices)
                progress("ask", len(replies) - len(jobs) + done, len(replies))
                if failed >= min(GIVE_UP, len(jobs)):
                    raise EngineError(
                        f"The server {address} failed {failed} requests in a row; the last: {reply.error}.",
                        "Mend what it says, or ask less at once (serving.concurrency, serving.requests_per_minute).",
                    )
            if serving.most and cost > serving.most and (waiting or under_way):
                raise EngineError(
                    f"{cost:.4f} is spent, which is over serving.most, {serving.most:g}; {done} of {len(jobs)} "
                    "requests are answered.",
                    "Raise serving.most: what was answered is kept and costs nothing again.",
                )
    finally:
        talk.over.set()
        # What is under way is paid for: it is waited for and kept.
        for each, place in under_way.items():
            if not each.cancel() and (late := _result(each)) is not None:
                cache.put(jobs[place].args[2], late)
        pool.shutdown(wait=True)


def _result(job: Future[Reply]) -> Reply | None:
    try:
        return job.result()
    except EngineError:
        return None


def _address(text: str) -> str:
    """An address without a slash at its end, with /v1 when it has no path. EngineError for what is none."""
    parts = urlsplit(text.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise EngineError(f"{text!r} is no address of a server.", 'Write it like "http://localhost:8000/v1".')
    if parts.username or parts.password or parts.query:
        raise EngineError(
            f"The address of {parts.hostname} holds a name, a password or a key.",
            "Leave it out, and put the key into the environment variable that serving.key_variable names.",
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/') or '/v1'}"


def _httpx() -> Any:
    try:
        import httpx
    except ImportError as error:
        raise registry.missing(error, "a server as engine") from error
    return httpx
