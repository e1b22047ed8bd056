"""What is asked of a language model and what it answers, whatever runs it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from trasunto.data.dialogues import Turn
from trasunto.progress import Progress, quiet


@dataclass(frozen=True)
class Request:
    """One prompt.

    turns: system, user, assistant; a last turn of the assistant is gone on with. schema: JSON Schema (the part that
    `schemas` reads) that the answer is held to; None for plain text. temperature: 0 or more; top_p: within (0, 1].
    longest: tokens of the answer, 1 or more. stop: texts that end the answer and are no part of it.
    """

    turns: tuple[Turn, ...]
    schema: dict[str, Any] | None = None
    temperature: float = 1.0
    top_p: float = 0.97
    longest: int = 256
    stop: tuple[str, ...] = ()

    @property
    def continued(self) -> str:
        """What the answer goes on with; "" for a fresh answer."""
        last = self.turns[-1]
        return last.content if last.role == "assistant" else ""

    @property
    def characters(self) -> int:
        """Length of all turns, in characters."""
        return sum(len(turn.content) for turn in self.turns)


@dataclass(frozen=True)
class Reply:
    """One answer.

    text: without what it goes on with, "" when it failed. finished: whether it ended by itself or at a stop, not at
    the longest. tokens_in, tokens_out: as the engine counts them, repairs included. cached: it was paid for before.
    error: why there is none, "" when there is. retries: how often it was asked again. unfit: the engine did answer, but
    not in the form asked for.
    """

    text: str
    finished: bool
    tokens_in: int
    tokens_out: int
    cached: bool = False
    error: str = ""
    retries: int = 0
    unfit: bool = False


class Engine(Protocol):
    """What answers requests.

    name: as a report tells it, without secrets. local: whether nothing that is asked leaves this machine. chats:
    whether it is an instructed model that does what it is told; else it is shown a text to go on with.
    """

    @property
    def name(self) -> str: ...
    @property
    def local(self) -> bool: ...
    @property
    def chats(self) -> bool: ...
    @property
    def prices(self) -> tuple[float, float]:
        """Price of a million tokens that go in, and that come out."""
        ...

    def complete(self, requests: Sequence[Request], *, seed: int, progress: Progress = quiet) -> list[Reply]:
        """An answer to each request, in order. Same requests and seed, same answers where the model can.

        A request that fails by itself has a Reply with an error. Raises EngineError when nothing can be answered.
        """
        ...


@dataclass(frozen=True)
class Usage:
    """What answers took. cost: in the currency of the prices; what was cached costs nothing."""

    requests: int = 0
    cached: int = 0
    failed: int = 0
    retries: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0

    @staticmethod
    def of(replies: Sequence[Reply], prices: tuple[float, float] = (0.0, 0.0)) -> Usage:
        """prices: of a million tokens in, and out."""
        paid = [reply for reply in replies if not reply.cached]
        tokens = sum(each.tokens_in for each in paid), sum(each.tokens_out for each in paid)
        return Usage(
            len(replies),
            len(replies) - len(paid),
            sum(bool(each.error) for each in replies),
            sum(each.retries for each in replies),
            *tokens,
            cost_of(*tokens, prices),
        )

    def __add__(self, other: Usage) -> Usage:
        names = Usage.__dataclass_fields__
        return Usage(*(getattr(self, name) + getattr(other, name) for name in names))

    def to_dict(self) -> dict[str, Any]:
        counts = {name: getattr(self, name) for name in Usage.__dataclass_fields__}
        return {**counts, "cost": round(self.cost, 6)}


def cost_of(tokens_in: int, tokens_out: int, prices: tuple[float, float]) -> float:
    """In the currency of the prices, which are of a million tokens."""
    return (tokens_in * prices[0] + tokens_out * prices[1]) / 1e6


def seeds_of(requests: Sequence[Request], seed: int) -> list[int]:
    """A seed (31 bits) for each request: of the seed, what is asked, and how often it was asked before.

    What stands beside a request does not change its answer.
    """
    seen: dict[str, int] = {}
    seeds = []
    for request in requests:
        asked = written(request)
        seen[asked] = seen.get(asked, 0) + 1
        digest = hashlib.sha256(f"{seed}\0{seen[asked]}\0{asked}".encode("utf-8", "surrogatepass")).digest()
        seeds.append(int.from_bytes(digest[:4], "big") >> 1)
    return seeds


def key_of(engine: str, request: Request, seed: int) -> str:
    """SHA-256 of all that an answer depends on: equal keys, equal answers."""
    return hashlib.sha256(f"{engine}\0{seed}\0{written(request)}".encode("utf-8", "surrogatepass")).hexdigest()


def written(request: Request) -> str:
    """A request as JSON, one way only."""
    document = [
        [[turn.role, turn.content] for turn in request.turns],
        request.schema,
        request.temperature,
        request.top_p,
        request.longest,
        list(request.stop),
    ]
    return json.dumps(document, sort_keys=True, ensure_ascii=False)


def stopped(text: str, stop: Sequence[str]) -> tuple[str, bool]:
    """The text before the first stop in it, and whether there was one."""
    places = [place for place in (text.find(mark) for mark in stop if mark) if place >= 0]
    return (text[: min(places)], True) if places else (text, False)
