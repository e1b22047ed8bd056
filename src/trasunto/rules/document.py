"""A document of rules read and checked at once: every fault of it in one message, before anything is drawn."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from trasunto.data.schema import ROLES
from trasunto.errors import FileError, RecipeError, near
from trasunto.rules.attributes import Attribute, attribute
from trasunto.rules.calendars import calendar_of, dates, moments
from trasunto.rules.choices import cases, choices
from trasunto.rules.codes import code
from trasunto.rules.distributions import distribution, families
from trasunto.rules.expressions import expression
from trasunto.rules.numbers import Constant, Sequence, chance, constant, decimal, integer, number, sequence
from trasunto.rules.patterns import pattern
from trasunto.rules.people import UNIQUE, People, capacity, people_of
from trasunto.rules.plan import Plan, Planned, planned
from trasunto.rules.rule import Rule, Spec, Unique

RULES: dict[str, Callable[[Spec], Rule]] = {
    "constant": constant,
    "boolean": chance,
    "integer": integer,
    "number": number,
    "decimal": decimal,
    "sequence": sequence,
    "choices": choices,
    "by": cases,
    "regex": pattern,
    "expression": expression,
    "date": dates,
    "datetime": moments,
    "code": code,
}
KEYS = ("table", "locale", "today", "people", "calendars", "primary_key", "columns")
MODIFIERS = ("missing", "unique", "role", "hidden")
TODAY = "2026-01-01"


def load_rules(path: str | Path) -> dict[str, Any]:
    """The document in a YAML or JSON file. FileError when it is not there or is neither."""
    import yaml

    source = Path(path)
    try:
        text = source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(
            f"The rules {source} cannot be read: {error}.", "Check the file; `trasunto make --example`."
        ) from error
    try:
        found = json.loads(text) if source.suffix == ".json" else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError) as error:
        raise FileError(f"The rules {source} are not valid YAML or JSON: {error}.") from error
    if not isinstance(found, dict):
        raise FileError(f"The rules {source} hold no mapping.", "Begin with `columns:`; see `trasunto make --example`.")
    return found


def read_rules(document: Any) -> Plan:
    """The plan of a document.

    Raises RecipeError that lists everything wrong with it: an unknown rule or option (with the near names), a range
    that is empty, columns that need each other, values that cannot be unique, a trial row that cannot be drawn.
    """
    if not isinstance(document, Mapping):
        raise RecipeError(f"Rules are a mapping, not {type(document).__name__}.", "Begin with `columns:`.")
    for key in document:
        if key not in KEYS:
            raise RecipeError(f"Rules have no {key!r}.", near(str(key), KEYS))
    written = document.get("columns")
    if not isinstance(written, Mapping) or not written:
        raise RecipeError("Rules need `columns`, a mapping of names to rules.", "See `trasunto make --example`.")
    reader = _Reader(document)
    columns, faults = {}, []
    for name, rule in written.items():
        try:
            columns[str(name)] = reader.column(str(name), rule)
        except RecipeError as error:
            faults.append(str(error))
    if faults:
        raise RecipeError(faults[0] if len(faults) == 1 else "The rules cannot be followed:\n  " + "\n  ".join(faults))
    columns = reader.promised(columns)
    key = document.get("primary_key", [])
    if not isinstance(key, str | list | tuple):
        raise RecipeError(f"primary_key is {key!r}.", "Give the name of a column, or a list of them.")
    names = (key,) if isinstance(key, str) else tuple(map(str, key))
    return planned(str(document.get("table", "data")), columns, names)


class _Reader:
    """One walk over a document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.calendars = {
            str(name): calendar_of(each, f"Calendar {name!r}") for name, each in _mapping(document, "calendars").items()
        }
        self.locales = document.get("locale", "en_US")
        self.today = _day(document.get("today", TODAY))
        self.written = {"person": {}, **_mapping(document, "people")}
        self.known: dict[str, People] = {}
        self.unique: dict[str, set[str]] = {}

    def people(self, who: str) -> Mapping[str, People]:
        """People are read when a column asks for them: a table without any needs no lists of names."""
        if who in self.written and who not in self.known:
            self.known[who] = people_of(who, self.written[who], self.locales, self.today)
        return {name: self.known.get(name) for name in self.written}  # type: ignore[misc]

    def column(self, name: str, written: Any) -> Planned:
        about = f"Column {name!r}"
        if name.startswith("\0") or not name.strip():
            raise RecipeError(f"A column is called {name!r}.", "Give it a name.")
        if not isinstance(written, Mapping):
            raise RecipeError(f"{about}: its rule is {written!r}.", "Write it as {integer: [1, 6]}, or {constant: …}.")
        own = {key: value for key, value in written.items() if key not in MODIFIERS}
        rule = self.rule(about, own)
        missing = written.get("missing", 0.0)
        if isinstance(missing, bool) or not isinstance(missing, int | float) or not 0 <= missing <= 1:
            raise RecipeError(f"{about}: missing is {missing!r}.", "Give the share of missing values, from 0 to 1.")
        role = written.get("role")
        if role is not None and role not in ROLES:
            raise RecipeError(f"{about}: there is no role {role!r}.", near(str(role), ROLES))
        for flag in ("unique", "hidden"):
            if not isinstance(written.get(flag, False), bool):
                raise RecipeError(f"{about}: {flag} is {written[flag]!r}.", "Write true or false.")
        if written.get("unique"):
            rule = self._unique(about, rule)
        return Planned(rule, float(missing), role, written.get("hidden", False))

    def rule(self, about: str, written: Any) -> Rule:
        """A rule: a mapping with the name of one rule and its options, or a value that is always the same."""
        if not isinstance(written, Mapping):
            return constant(Spec(about, "constant", written, {}, {}, partial(self._nested, about)))
        named = [key for key in written if key in RULES or key == "person"]
        named = named or [key for key in written if key in families()]
        if len(named) != 1:
            told = (
                f"it has the rules {' and '.join(named)}" if named else f"no rule among {', '.join(map(repr, written))}"
            )
            known = [*RULES, "person", *families()]
            first = next((str(key) for key in written), "")
            raise RecipeError(f"{about}: {told}.", "Keep one." if named else near(first, known))
        name = named[0]
        options = {str(key): value for key, value in written.items() if key != name}
        spec = Spec(about, name, written[name], options, self.calendars, partial(self._nested, about))
        if name == "person":
            made = attribute(spec, self.people(str(options.get("of", "person"))))
        else:
            made = RULES.get(name, distribution)(spec)
        spec.finish()
        return made

    def _nested(self, about: str, inner: str, written: Any) -> Rule:
        made = self.rule(f"{about}, {inner}", written)
        if isinstance(made, Sequence):
            raise RecipeError(f"{about}, {inner}: a sequence counts all rows.", "Make it a column of its own.")
        return made

    def _unique(self, about: str, rule: Rule) -> Rule:
        if isinstance(rule, Sequence):
            return rule
        if isinstance(rule, Attribute):
            if rule.attribute not in UNIQUE or not capacity(rule.people, rule.attribute):
                raise RecipeError(
                    f"{about}: the {rule.attribute} of people can repeat.", f"Unique can be: {', '.join(UNIQUE)}."
                )
            self.unique.setdefault(rule.people.name, set()).add(rule.attribute)
            return rule
        if isinstance(rule, Constant) or rule.capacity is None:
            raise RecipeError(
                f"{about}: its values cannot be counted, so none can be promised to come once.",
                "Unique can be: integer, decimal, choices, regex (without two ways to one text), date, datetime, code.",
            )
        return Unique(rule, rule.capacity)

    def promised(self, columns: dict[str, Planned]) -> dict[str, Planned]:
        """The columns with people who know what must not repeat: all columns of a person have the same people."""
        people = {who: replace(each, unique=frozenset(self.unique.get(who, ()))) for who, each in self.known.items()}

        def told(planned: Planned) -> Planned:
            rule = planned.rule
            if isinstance(rule, Attribute):
                return replace(planned, rule=replace(rule, people=people[rule.people.name]))
            return planned

        return {name: told(each) for name, each in columns.items()}


def _mapping(document: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = document.get(key) or {}
    if not isinstance(found, Mapping):
        raise RecipeError(f"{key} is {found!r}.", "Write a mapping of names.")
    return {str(name): each or {} for name, each in found.items()}


def _day(value: Any) -> np.datetime64:
    try:
        return np.datetime64(value if isinstance(value, date) else date.fromisoformat(str(value)), "D")
    except ValueError as error:
        raise RecipeError(f"today is {value!r}.", "Write it as 2026-01-31.") from error
