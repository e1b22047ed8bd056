"""The JSON Schema of a policy, for editors."""

from __future__ import annotations

from typing import Any

from trasunto.privacy.generalize import CLOCK, DATES
from trasunto.privacy.policy import METHODS, UNLISTED
from trasunto.privacy.policy_actions import ACTIONS, FORMS
from trasunto.privacy.pseudonyms_people import ATTRIBUTES

_WORD: dict[str, Any] = {"type": "string"}
_WORDS: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
_NUMBER: dict[str, Any] = {"type": "number"}
_SHARE: dict[str, Any] = {"type": "number", "minimum": 0, "maximum": 1}
_COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
_PAIR: dict[str, Any] = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
_SETTINGS: dict[str, Any] = {
    "keep_first": _COUNT, "keep_last": _COUNT, "mark": _WORD, "prefix": _COUNT, "rare": _COUNT, "other": _WORD,
    "bands": {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "array", "items": _NUMBER}]},
    "date": {"enum": [*DATES, *CLOCK]}, "groups": {"type": "object", "additionalProperties": _WORDS},
    "scale": {"type": "number", "exclusiveMinimum": 0}, "bounds": _PAIR, "days": {"type": "integer", "minimum": 1},
    "person": _WORD, "form": {"enum": list(FORMS)}, "group": _WORD, "attribute": {"enum": list(ATTRIBUTES)},
    "gender": _WORD, "by": {"enum": ["tags", "surrogates"]}, "kinds": _WORDS, "least": _SHARE,
}  # fmt: skip


def policy_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of what `Policy.from_dict` takes."""
    actions = [{"enum": [name for name in ACTIONS if name not in ("noise", "generalise")]}]
    for name, settings in ACTIONS.items():
        known = {"action": {"const": name}, **{each: _SETTINGS[each] for each in settings}}
        actions.append(_closed(known, ["action", "scale"] if name == "noise" else ["action"]))
    by_name = {"type": "object", "additionalProperties": {"$ref": "#/$defs/action"}}
    values = {"anyOf": [{"type": ["string", "boolean"]}, {"type": "array", "items": {"type": ["string", "boolean"]}}]}
    consent = {
        "column": _WORD,
        "values": values,
        "purposes": _WORD,
        "columns": {"type": "object", "additionalProperties": {"anyOf": [_WORD, _WORDS]}},
        "table": _WORD,
    }
    anonymity = {
        "k": {"type": "integer", "minimum": 1},
        "l": {"type": "number", "minimum": 1},
        "entropy": {"type": "boolean"},
        "t": _SHARE,
        "suppression": _SHARE,
        "quasi": _WORDS,
        "sensitive": _WORDS,
        "hierarchies": {"type": "object"},
        "method": {"enum": list(METHODS)},
        "table": _WORD,
    }
    parts = {
        "columns": by_name,
        "kinds": by_name,
        "text": {"$ref": "#/$defs/action"},
        "unlisted": {"enum": list(UNLISTED)},
        "suppress": _WORDS,
        "rare": _COUNT,
        "domain": _WORD,
        "language": {"enum": ["en", "es"]},
        "consent": _closed(consent),
        "purpose": _WORD,
        "anonymity": _closed(anonymity),
    }
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Policy"}
    return {**head, **_closed(parts), "$defs": {"action": {"anyOf": actions}}}


def _closed(known: dict[str, Any], required: list[str] | None = None) -> dict[str, Any]:
    made = {"type": "object", "properties": known, "additionalProperties": False}
    return {**made, "required": required} if required else made
