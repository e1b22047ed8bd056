"""How an engine is run or reached: the settings that go with its address."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

from trasunto.errors import EngineError, near

Structured = Literal["auto", "schema", "plain"]


@dataclass(frozen=True)
class Serving:
    """Settings.

    model: name that a server knows it by; its only one when empty. key_variable: environment variable that holds the
    key of a server; the key itself is never kept or shown. concurrency: requests under way at once.
    requests_per_minute, tokens_per_minute: what a server allows; 0 for no limit. timeout: seconds for one answer.
    tries: of one request. first_wait: seconds before the second try; they double. price_in, price_out: of a million
    tokens, in any currency. most: stop before more than this is spent; 0 for no limit. structured: "schema" asks the
    server to hold answers to a JSON Schema, "plain" says so in words, "auto" tries the first. cache: file of answers;
    "" is in the cache folder, "off" keeps none. extra: what else goes into the body of a request. context: tokens that
    a model in process can hold at a time.
    """

    model: str = ""
    key_variable: str = "TRASUNTO_API_KEY"
    concurrency: int = 4
    requests_per_minute: float = 0.0
    tokens_per_minute: float = 0.0
    timeout: float = 120.0
    tries: int = 5
    first_wait: float = 1.0
    price_in: float = 0.0
    price_out: float = 0.0
    most: float = 0.0
    structured: Structured = "auto"
    cache: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
    context: int = 2048

    def __post_init__(self) -> None:
        least = {"concurrency": 1, "tries": 1, "context": 128, "first_wait": 0, "price_in": 0, "price_out": 0}
        least |= {"requests_per_minute": 0, "tokens_per_minute": 0, "most": 0}
        for name, lowest in least.items():
            _number(name, getattr(self, name), lowest, type(getattr(Serving, name)) is int)
        _number("timeout", self.timeout, 0, False)
        if not self.timeout > 0:
            raise EngineError(f"serving.timeout is {self.timeout}; it must be above 0.", "Give seconds.")
        for name in ("model", "key_variable", "cache"):
            if not isinstance(getattr(self, name), str):
                raise EngineError(f"serving.{name} is {getattr(self, name)!r}; it must be a text.")
        if self.structured not in get_args(Structured):
            told = ", ".join(get_args(Structured))
            raise EngineError(f"serving.structured is {self.structured!r}.", f"It is one of {told}.")
        if not isinstance(self.extra, Mapping):
            raise EngineError(f"serving.extra is {self.extra!r}; it must be a mapping.")
        if self.most and not (self.price_in or self.price_out):
            raise EngineError("serving.most limits what is spent, but there are no prices.", "Give serving.price_in.")

    @property
    def prices(self) -> tuple[float, float]:
        """Of a million tokens in, and out."""
        return self.price_in, self.price_out

    @staticmethod
    def of(values: Mapping[str, Any]) -> Serving:
        """EngineError for a setting that is not there or out of range."""
        known = [each.name for each in fields(Serving)]
        for name in values:
            if name not in known:
                told = near(str(name), known)
                there = "" if told.startswith("There") else f" There are: {', '.join(known)}."
                raise EngineError(f"There is no setting serving.{name}.", told + there)
        return Serving(**values)


def _number(name: str, value: Any, lowest: float, whole: bool) -> None:
    fits = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
    if not fits or not math.isfinite(value) or value < lowest:
        kind = "whole number" if whole else "number"
        raise EngineError(f"serving.{name} is {value!r}; it must be a {kind} of at least {lowest}.")
