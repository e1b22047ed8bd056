"""Settings by name, as a command line or a recipe gives them, checked against the fields of what they are for."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from trasunto.errors import RecipeError, near


def built(kind: type, owner: str, values: Mapping[str, Any]) -> Any:
    """`kind`, a dataclass of settings, with these values.

    owner: how messages name it ("The synthesizer 'gan'"). Lists become tuples, whole numbers floats where floats are
    meant. RecipeError for a setting that is not there or a value of another type, before any work is done with it.
    """
    known = {field.name: field for field in fields(kind)}
    hints = get_type_hints(kind)
    # Nothing, as in `field=`, is the empty text where a text is meant.
    values = {key: "" if value is None and hints.get(key) is str else value for key, value in values.items()}
    for key, value in values.items():
        if key not in known:
            near_ones = near(key, known)
            there = "" if near_ones.startswith("There") else f" There are: {', '.join(sorted(known))}."
            raise RecipeError(f"{owner} has no setting {key!r}.", near_ones + there)
        if not _fits(value, hints[key]):
            default = known[key].default
            raise RecipeError(
                f"The setting {key!r} of {owner[0].lower()}{owner[1:]} is {value!r}; it must be {_named(hints[key])}.",
                "" if default is MISSING else f"The default is {default!r}.",
            )
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value may stand where `hint` is asked. What cannot be told here is left to the settings themselves."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return any(_fits(value, each) for each in get_args(hint))
    if origin is Literal:
        return value in get_args(hint)
    if origin is tuple:
        inner = get_args(hint)
        return isinstance(value, list | tuple) and (not inner or all(_fits(each, inner[0]) for each in value))
    if hint is type(None):
        return value is None
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, hint) if hint in (bool, str) else True


def _named(hint: Any) -> str:
    """A type in words."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return " or ".join(_named(each) for each in get_args(hint))
    if origin is Literal:
        return " or ".join(repr(each) for each in get_args(hint))
    if origin is tuple:
        inner = [each for each in get_args(hint) if each is not Ellipsis]
        return f"a list of {_named(inner[0])}" if inner else "a list"
    if hint is type(None):
        return "null"
    return {
        int: "int (a whole number)",
        float: "float (a number)",
        bool: "bool (true or false)",
        str: "str (a text)",
    }.get(hint, getattr(hint, "__name__", str(hint)))
