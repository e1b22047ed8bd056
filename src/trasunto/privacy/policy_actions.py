"""What can be done to a column, with its settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trasunto.errors import RecipeError, near
from trasunto.privacy.generalize import CLOCK, DATES
from trasunto.privacy.pseudonyms_formats import FORMATS
from trasunto.privacy.pseudonyms_people import ATTRIBUTES

STARTER = "Write one with `trasunto protect DATA --propose -o policy.yaml`."
FORMS = ("text", "integer", *FORMATS)
NUMBERS = ("keep_first", "keep_last", "prefix", "rare", "scale", "days", "least", "k", "l", "t", "suppression")
WORDS = ("date", "form", "group", "person", "attribute", "gender", "by", "mark", "other", "method", "table")
# Action → the settings it takes.
ACTIONS: dict[str, tuple[str, ...]] = {
    "keep": (),
    "drop": (),
    "mask": ("keep_first", "keep_last", "mark"),
    "generalise": ("bands", "date", "prefix", "groups", "rare", "other"),
    "noise": ("scale", "bounds"),
    "shift": ("days", "person"),
    "pseudonymise": ("form", "group"),
    "fake": ("attribute", "person", "gender"),
    "redact": ("by", "kinds", "least"),
}
KEYED = ("pseudonymise", "fake", "noise", "shift")


@dataclass(frozen=True)
class Action:
    """What becomes of a column.

    keep_first, keep_last, mark: letters that a mask leaves, and what stands for the others. bands: width of bands of
    numbers, or their edges. date: "month", "quarter", "year", "decade"; of times of day "hour", "six hours". prefix:
    letters of a code that stay. groups: a group's name → its values. rare: categories of fewer rows become `other`.
    scale: half the width of noise on numbers, in their unit. bounds: lowest and highest noisy value. days: dates of one
    person are all moved by the same number of days, up to this many. person: column that tells who. form: of a
    pseudonym (see pseudonyms.py); a text when null. group: columns of one group share pseudonyms; by default those of
    one kind, and keys with what they refer to. attribute: what of a fake person. gender: column to take the fake
    person's from. by: "tags" or "surrogates" in free text. kinds: only these. least: confidence from which on something
    in a text is taken away, 0 to 1.
    """

    action: str
    keep_first: int = 0
    keep_last: int = 0
    mark: str = "*"
    bands: float | tuple[float, ...] | None = None
    date: str | None = None
    prefix: int | None = None
    groups: Mapping[str, tuple[str, ...]] | None = None
    rare: int | None = None
    other: str = "other"
    scale: float | None = None
    bounds: tuple[float, float] | None = None
    days: int = 30
    person: str | None = None
    form: str | None = None
    group: str | None = None
    attribute: str | None = None
    gender: str | None = None
    by: str = "tags"
    kinds: tuple[str, ...] | None = None
    least: float = 0.5

    def __post_init__(self) -> None:
        if self.action not in ACTIONS:
            raise RecipeError(f"There is no action {self.action!r}.", near(self.action, ACTIONS))
        wrong = [problem for bad, problem in self._faults() if bad]
        if wrong:
            raise RecipeError(f"The action {self.action!r} cannot be done: {'; '.join(wrong)}.", "See docs/protect.md.")

    def _faults(self) -> list[tuple[bool, str]]:
        """(whether it is so, what is wrong)."""
        few = not any((self.bands, self.date, self.prefix, self.groups, self.rare))
        edges, width = isinstance(self.bands, tuple), isinstance(self.bands, int | float)
        levels = (*DATES, *CLOCK)
        return [
            (self.date not in (None, *levels), f"date is {self.date!r}; it is one of {', '.join(levels)}"),
            (self.form not in (None, *FORMS), f"form is {self.form!r}; it is one of {', '.join(FORMS)}"),
            (
                self.attribute not in (None, *ATTRIBUTES),
                f"attribute is {self.attribute!r}; it is one of {', '.join(ATTRIBUTES)}",
            ),
            (self.by not in ("tags", "surrogates"), f"by is {self.by!r}; it is tags or surrogates"),
            (
                self.action == "noise" and not (self.scale and self.scale > 0),
                f"noise needs a scale above 0, not {self.scale!r}",
            ),
            (self.days < 1, f"days is {self.days}; it is at least 1"),
            (min(self.keep_first, self.keep_last) < 0, "keep_first and keep_last are not below 0"),
            (
                self.bounds is not None and not self.bounds[0] < self.bounds[-1],
                f"bounds are {self.bounds}; the first is below the second",
            ),
            (width and self.bands <= 0, f"bands is {self.bands}; a width is above 0"),  # type: ignore[operator]
            (
                edges and list(self.bands) != sorted(set(self.bands)),  # type: ignore[arg-type]
                f"bands are {self.bands}; edges ascend",
            ),
            (self.action == "generalise" and few, "generalise needs one of bands, date, prefix, groups, rare"),
        ]

    def to_dict(self) -> dict[str, Any]:
        """Only what differs from the defaults."""
        document: dict[str, Any] = {"action": self.action}
        for name in ACTIONS[self.action]:
            value = getattr(self, name)
            if value != getattr(_DEFAULTS, name):
                document[name] = listed(value)
        return document

    @staticmethod
    def from_dict(document: Any, where: str) -> Action:
        """A mapping with `action`, or the bare name of one."""
        if isinstance(document, str):
            return Action(document)
        if not isinstance(document, Mapping) or not isinstance(document.get("action"), str):
            raise RecipeError(f"{where} has no action: {document!r}.", f"Write one: {', '.join(ACTIONS)}.")
        name = document["action"]
        if name not in ACTIONS:
            raise RecipeError(f"{where}: there is no action {name!r}.", near(name, ACTIONS))
        body = known_keys(document, ("action", *ACTIONS[name]), f"{where} ({name})")
        typed(body, where)
        for key in ("bands", "bounds", "kinds"):
            if isinstance(body.get(key), list | tuple):
                body[key] = tuple(body[key])
        if body.get("groups") is not None:
            body["groups"] = {str(k): tuple(map(str, v)) for k, v in body["groups"].items()}
        return Action(**body)


_DEFAULTS = Action("keep")


def known_keys(document: Any, known: Any, where: str) -> dict[str, Any]:
    """The document without nulls. RecipeError for what is no mapping, and for an unknown key."""
    if not isinstance(document, Mapping):
        raise RecipeError(f"Expected a mapping in {where}, found {document!r}.", STARTER)
    for key in document:
        if key not in known:
            raise RecipeError(f"Unknown key {key!r} in {where}.", near(str(key), known))
    return {key: value for key, value in document.items() if value is not None}


def typed(body: Mapping[str, Any], where: str) -> None:
    """RecipeError for a word where a number is due, and the other way round."""
    for key, value in body.items():
        if key in NUMBERS and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise RecipeError(f"{where}: {key} is {value!r}, no number.", "Write a number.")
        if key in WORDS and not isinstance(value, str):
            raise RecipeError(f"{where}: {key} is {value!r}, no word.", "Write a word, in quotes if need be.")
        if key in ("groups", "hierarchies") and not isinstance(value, Mapping):
            raise RecipeError(f"{where}: {key} is {value!r}, no mapping.", "Write names and their values.")


def listed(value: Any) -> Any:
    """Tuples as lists, for a document."""
    if isinstance(value, Mapping):
        return {key: listed(each) for key, each in value.items()}
    return [listed(each) for each in value] if isinstance(value, tuple | list) else value
