"""What leaves this machine with a prompt: it is said, recorded, and refused unless it was allowed."""

from __future__ import annotations

from typing import Protocol

from trasunto.errors import EngineError


class Reached(Protocol):
    """Who is sent something. local: whether it surely stays on this machine."""

    @property
    def name(self) -> str: ...
    @property
    def local(self) -> bool: ...


def leaving(engine: Reached, real: str, allowed: bool, otherwise: str) -> str:
    """What leaves this machine, in a sentence for the report; "" when nothing does.

    real: what of the real rows goes into prompts ("3 real texts in each prompt"), "" for nothing. allowed: whether a
    person has said that it may. otherwise: what else could be done. Raises EngineError when it may not.
    """
    if engine.local:
        return ""
    if real and not allowed:
        raise EngineError(
            f"{engine.name} may not be on this machine, and {real} would leave it.",
            f"Say that it may (allow_leaving: true), {otherwise}, or run the engine here.",
        )
    return f"{real[:1].upper()}{real[1:]} went to {engine.name}." if real else f"No real text went to {engine.name}."
