"""Answers held to a JSON Schema: found in what a model wrote, checked, and what to say when they do not fit.

The part of JSON Schema that is read: type (object, array, string, integer, number, boolean), properties, required,
additionalProperties (false), items, minItems, maxItems, enum, minLength.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

_THOUGHT = re.compile(r"<think>.*?</think>", re.S)
_FENCE = re.compile(r"```(?:json)?\s*(.*?)```", re.S)
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list,), "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,)
}  # fmt: skip


def object_of(names: Sequence[str], choices: Mapping[str, Sequence[str]] | None = None) -> dict[str, Any]:
    """The schema of an object with these texts, none empty. choices: the only values of some of them."""
    choices = choices or {}
    held: dict[str, Any] = {
        name: {"type": "string", "enum": list(choices[name])} if name in choices else {"type": "string", "minLength": 1}
        for name in names
    }
    return {"type": "object", "properties": held, "required": list(names), "additionalProperties": False}


def list_of(items: dict[str, Any], count: int, name: str = "items") -> dict[str, Any]:
    """The schema of an object that holds a list of so many: servers want an object on top."""
    held = {"type": "array", "items": items, "minItems": count, "maxItems": count}
    return {"type": "object", "properties": {name: held}, "required": [name], "additionalProperties": False}


def read_json(text: str) -> Any:
    """The JSON in an answer: the whole of it, or in a fence, or the first object or list in it. ValueError without."""
    bare = _THOUGHT.sub("", text).strip()
    fenced = _FENCE.search(bare)
    for part in (bare, fenced[1].strip() if fenced else ""):
        if part[:1] in ("{", "["):
            try:
                return json.loads(part)
            except ValueError:
                pass
    decoder = json.JSONDecoder()
    for place in (match.start() for match in re.finditer(r"[{\[]", bare)):
        try:
            return decoder.raw_decode(bare, place)[0]
        except ValueError:
            continue
    raise ValueError("it holds no JSON")


def fault(value: Any, schema: dict[str, Any], where: str = "the answer") -> str:
    """What is wrong with a value under a schema, in one sentence; "" when nothing is."""
    kind = schema.get("type")
    if kind:
        fits = isinstance(value, _TYPES[kind]) and not (isinstance(value, bool) and kind in ("integer", "number"))
        if not fits:
            return f"{where} is {_shown(value)}, not of type {kind}"
    if "enum" in schema and value not in schema["enum"]:
        return f"{where} is {_shown(value)}, not one of {', '.join(map(str, schema['enum']))}"
    if isinstance(value, str) and len(value.strip()) < schema.get("minLength", 0):
        return f"{where} is empty"
    if isinstance(value, dict):
        return _fault_of_object(value, schema, where)
    if isinstance(value, list):
        least, most = schema.get("minItems", 0), schema.get("maxItems", len(value))
        if not least <= len(value) <= most:
            return f"{where} holds {len(value)} items, not {least} to {most}"
        for place, item in enumerate(value):
            wrong = fault(item, schema.get("items", {}), f"item {place + 1} of {where}")
            if wrong:
                return wrong
    return ""


def loosened(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema for which a list that is too long or too short will do, as long as it holds something."""
    found = {name: each for name, each in schema.items() if name != "maxItems"}
    if "minItems" in found:
        found["minItems"] = min(1, found["minItems"])
    if "items" in found:
        found["items"] = loosened(found["items"])
    if "properties" in found:
        found["properties"] = {name: loosened(each) for name, each in found["properties"].items()}
    return found


def salvaged(text: str, schema: dict[str, Any]) -> Any:
    """The whole items of a list that breaks off, under their one name; None for another schema, or without any."""
    names = list(schema.get("properties", {}))
    if len(names) != 1 or schema["properties"][names[0]].get("type") != "array":
        return None
    decoder, items = json.JSONDecoder(), []
    place = text.find("[") + 1
    while place > 0:
        begins = re.compile(r"\s*,?\s*").match(text, place)
        try:
            item, place = decoder.raw_decode(text, begins.end() if begins else place)
        except ValueError:
            break
        items.append(item)
    return {names[0]: items} if items else None


def instruction(schema: dict[str, Any]) -> str:
    """What to tell a model that nothing holds to a schema."""
    return f"Answer with JSON alone, without any other word, that fits this JSON Schema: {json.dumps(schema)}"


def _fault_of_object(value: dict[str, Any], schema: dict[str, Any], where: str) -> str:
    held = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            return f"{where} lacks {name!r}"
    for name, item in value.items():
        if name not in held:
            if schema.get("additionalProperties") is False:
                return f"{where} has {name!r}, which nobody asked for"
            continue
        wrong = fault(item, held[name], f"{name!r}")
        if wrong:
            return wrong
    return ""


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."
