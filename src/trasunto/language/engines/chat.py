"""A request as the body of a chat completion, and the document that comes back as a reply (OpenAI's form)."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from trasunto.data.dialogues import Turn
from trasunto.language.engines.asked import Reply, Request, stopped
from trasunto.language.engines.schemas import fault, instruction, loosened, read_json, salvaged

# Asked again so often when an answer does not fit its schema.
REPAIRS = 2
# What a server may not know and is then left out, or called otherwise.
OPTIONAL = ("response_format", "seed", "stop", "top_p", "temperature", "max_tokens")


@dataclass(frozen=True)
class Answer:
    """What one call gave: a reply; or a problem, and whether the same call may do better."""

    reply: Reply | None
    problem: str = ""


def body_of(
    request: Request, *, model: str, seed: int, left_out: Collection[str] = (), extra: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The body of a chat completion. left_out: parameters that the server does not know."""
    body: dict[str, Any] = {
        "model": model,
        "messages": [{"role": turn.role, "content": turn.content} for turn in request.turns],
        "temperature": request.temperature,
        "top_p": request.top_p,
        "max_tokens": request.longest,
        "seed": seed,
    }
    if request.stop:
        body["stop"] = list(request.stop)
    if request.schema is not None:
        held = {"name": "answer", "schema": request.schema, "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": held}
    for name in left_out:
        value = body.pop(name, None)
        if name == "max_tokens" and value is not None:
            body["max_completion_tokens"] = value
    return {**body, **(extra or {})}


def answer_of(document: Any, request: Request) -> Answer:
    """What a document says. A document of another shape, or without words, is a problem."""
    try:
        choice = document["choices"][0]
        text = choice["message"]["content"]
        reason = choice.get("finish_reason") or ""
    except (KeyError, IndexError, TypeError, AttributeError):
        return Answer(None, f"it answered with a document of another form: {_shown(document)}")
    if not isinstance(text, str):
        return Answer(None, "it answered without words")
    # A server that goes on with a turn may send all of it.
    text = text.removeprefix(request.continued)
    text, ended = stopped(text, request.stop)
    used = document.get("usage") if isinstance(document.get("usage"), dict) else {}
    tokens_in, tokens_out = used.get("prompt_tokens"), used.get("completion_tokens")
    reply = Reply(
        text.strip(),
        ended or reason != "length",
        tokens_in if isinstance(tokens_in, int) else tokens_of(request.characters),
        tokens_out if isinstance(tokens_out, int) else tokens_of(len(text)),
    )
    return Answer(reply) if reply.text else Answer(reply, "it answered with nothing")


def held(request: Request, ask: Callable[[Request], Reply], plain: bool) -> Reply:
    """The reply to a request whose answer must fit a schema; asked again with what was wrong.

    ask: gets one reply. plain: nothing but words holds the model to the schema, so they are said.
    """
    assert request.schema is not None
    turns = request.turns
    if plain:
        turns = (*turns[:-1], replace(turns[-1], content=f"{turns[-1].content}\n\n{instruction(request.schema)}"))
    asked = replace(request, turns=turns, schema=None if plain else request.schema)
    tokens_in = tokens_out = retries = 0
    wrong = ""
    for repair in range(REPAIRS + 1):
        reply = ask(asked)
        retries += reply.retries + int(repair > 0)
        tokens_in, tokens_out = tokens_in + reply.tokens_in, tokens_out + reply.tokens_out
        if reply.error:
            return replace(reply, tokens_in=tokens_in, tokens_out=tokens_out, retries=retries)
        value, wrong = _value(reply, request.schema)
        if not wrong:
            text = json.dumps(value, ensure_ascii=False)
            return Reply(text, reply.finished, tokens_in, tokens_out, reply.cached, retries=retries)
        if not reply.finished:
            wrong = f"it was cut after {request.longest} tokens"
            break
        again = f"This does not do: {wrong}. {instruction(request.schema)}"
        asked = replace(asked, turns=(*turns, Turn("assistant", reply.text), Turn("user", again)))
    problem = f"no answer of the form asked for: {wrong}"
    return Reply("", False, tokens_in, tokens_out, error=problem, retries=retries, unfit=True)


def refused(status: int, message: str, body: Mapping[str, Any]) -> str:
    """The parameter that a server does not take, by the words of its refusal; "" when it is something else."""
    if status not in (400, 404, 415, 422, 500, 501):
        return ""
    said = message.lower()
    words = {"response_format": ("response_format", "json_schema", "grammar", "structured output", "guided")}
    for name in OPTIONAL:
        if name in body and any(word in said for word in words.get(name, (name,))):
            return name
    return ""


def message_of(content: bytes) -> str:
    """What the body of a refusal says, in at most 200 characters."""
    text = content.decode("utf-8", "replace").strip()
    try:
        document = json.loads(text)
    except ValueError:
        return _shown(text)
    if isinstance(document, dict):
        said = document.get("error") or document.get("detail") or document.get("message") or document
        said = said.get("message", said) if isinstance(said, dict) else said
        return said[:200] if isinstance(said, str) else _shown(said)
    return _shown(document)


def tokens_of(characters: int) -> int:
    """About how many tokens a text has: four characters each, as English in most vocabularies."""
    return -(-characters // 4)


def _value(reply: Reply, schema: dict[str, Any]) -> tuple[Any, str]:
    """What a reply holds and what is wrong with it. Of a list that was cut, or is of another length, what is whole is
    taken: it was paid for."""
    value = None if reply.finished else salvaged(reply.text, schema)
    if value is None:
        try:
            value = read_json(reply.text)
        except ValueError as error:
            return None, str(error)
    return value, fault(value, loosened(schema))


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = " ".join(text.split())
    return text if len(text) <= 200 else f"{text[:197]}..."
