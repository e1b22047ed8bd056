"""A policy: what becomes of each column, kind of identifier and row before anything learns from the data.

YAML or JSON; unknown keys are refused with the near names; `policy_schema` is the JSON Schema of it. See
docs/protect.md for every action.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from trasunto.errors import FileError, RecipeError, near
from trasunto.privacy.consent import ConsentRule
from trasunto.privacy.policy_actions import STARTER, Action, known_keys, listed, typed

UNLISTED = ("refuse", "drop", "keep")
METHODS = ("auto", "levels", "local")


@dataclass(frozen=True)
class Anonymise:
    """k-anonymity and what goes with it, reached by choosing levels.

    k, l, entropy, t, suppression: see generalize_search.Wanted. quasi, sensitive: columns; by role when empty.
    hierarchies: column → `{bands: [5, 10, 20]}`, `{prefix: [3, 2]}` or a list of groups, each coarser. method:
    "levels" (one level a column for all rows, the best of all), "local" (Mondrian), "auto". table: the one table meant.
    """

    k: int = 5
    l: float = 1.0  # noqa: E741
    entropy: bool = False
    t: float | None = None
    suppression: float = 0.02
    quasi: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()
    hierarchies: Mapping[str, Any] = field(default_factory=dict)
    method: str = "auto"
    table: str | None = None

    def __post_init__(self) -> None:
        limits = ((self.k >= 1, f"k is {self.k}; it is at least 1"),
                  (self.l >= 1, f"l is {self.l}; it is at least 1"),
                  (self.t is None or 0 <= self.t <= 1, f"t is {self.t}; it lies from 0 to 1"),
                  (0 <= self.suppression < 1, f"suppression is {self.suppression}; it is a share from 0 to below 1"),
                  (self.method in METHODS, f"method is {self.method!r}; it is {', '.join(METHODS)}"))  # fmt: skip
        wrong = [problem for fine, problem in limits if not fine]
        if wrong:
            raise RecipeError(f"The policy's `anonymity` cannot be kept: {'; '.join(wrong)}.", "Mend these values.")


@dataclass(frozen=True)
class Policy:
    """What becomes of a data set.

    columns: "column" or "table.column" → action. kinds: kind of identifier → action, for columns found to be that and,
    with keep and redact, for what stands in free text. text: for free text that `columns` does not name. unlisted: what
    becomes of a direct identifier that nothing names: refuse, drop or keep. suppress: rows for which one of these
    expressions holds are left out. rare: categories of fewer rows than this are merged in every column that is kept (0:
    none). domain: pseudonyms of two domains share nothing. language: of fake people. consent, purpose: see consent.py.
    """

    columns: Mapping[str, Action] = field(default_factory=dict)
    kinds: Mapping[str, Action] = field(default_factory=dict)
    text: Action = field(default_factory=lambda: Action("redact"))
    unlisted: str = "refuse"
    suppress: tuple[str, ...] = ()
    rare: int = 0
    domain: str = "default"
    language: str = "en"
    consent: ConsentRule | None = None
    purpose: str = ""
    anonymity: Anonymise | None = None

    def __post_init__(self) -> None:
        if self.unlisted not in UNLISTED:
            raise RecipeError(f"unlisted is {self.unlisted!r}.", near(self.unlisted, UNLISTED))
        if self.language not in ("en", "es"):
            raise RecipeError(f"language is {self.language!r}.", "It is en or es.")
        if self.rare < 0:
            raise RecipeError(f"rare is {self.rare}; it is a number of rows, 0 or more.", "Write 10, say.")

    def to_dict(self) -> dict[str, Any]:
        """What differs from the defaults, in the order it is written in."""
        document: dict[str, Any] = {}
        for name in ("domain", "language", "purpose", "unlisted", "rare", "suppress"):
            value = getattr(self, name)
            if value != getattr(Policy(), name):
                document[name] = listed(value)
        if self.consent is not None:
            document["consent"] = _told(self.consent)
        if self.columns:
            document["columns"] = {name: _short(action) for name, action in self.columns.items()}
        if self.kinds:
            document["kinds"] = {kind: _short(action) for kind, action in self.kinds.items()}
        if self.text != Action("redact"):
            document["text"] = _short(self.text)
        if self.anonymity is not None:
            document["anonymity"] = {"k": self.anonymity.k, **_told(self.anonymity)}
        return document

    @staticmethod
    def from_dict(document: Any, where: str = "the policy") -> Policy:
        """RecipeError for an unknown key, action or setting, with the near names."""
        if not isinstance(document, Mapping):
            raise RecipeError(f"Expected a mapping in {where}, found {type(document).__name__}.", STARTER)
        body = known_keys(document, [f.name for f in fields(Policy)], where)
        for part in ("columns", "kinds"):
            if not isinstance(body.get(part) or {}, Mapping):
                raise RecipeError(f"`{part}` in {where} is no mapping of names to actions.", STARTER)
            body[part] = {
                str(name): Action.from_dict(each, f"{part}.{name}") for name, each in (body.get(part) or {}).items()
            }
        if "text" in body:
            body["text"] = Action.from_dict(body["text"], "text")
        body["suppress"] = tuple(body.get("suppress") or ())
        if body.get("consent") is not None:
            consent = known_keys(body["consent"], [f.name for f in fields(ConsentRule)], "consent")
            if "values" in consent:
                consent["values"] = tuple(_word(v) for v in _many(consent["values"]))
            consent["columns"] = {str(k): tuple(map(str, _many(v))) for k, v in (consent.get("columns") or {}).items()}
            body["consent"] = ConsentRule(**consent)
        if body.get("anonymity") is not None:
            wanted = known_keys(body["anonymity"], [f.name for f in fields(Anonymise)], "anonymity")
            typed(wanted, "anonymity")
            for key in ("quasi", "sensitive"):
                wanted[key] = tuple(wanted.get(key) or ())
            body["anonymity"] = Anonymise(**wanted)
        return Policy(**body)

    def save(self, path: str | Path) -> None:
        """Write as .json, or as YAML with any other suffix."""
        import yaml

        target = Path(path)
        text = (
            json.dumps(self.to_dict(), indent=2, ensure_ascii=False) + "\n"
            if target.suffix == ".json"
            else yaml.safe_dump(self.to_dict(), sort_keys=False, allow_unicode=True, width=110)
        )
        target.write_text(text, encoding="utf-8")


def load_policy(path: str | Path) -> Policy:
    """The policy in a YAML or JSON file. FileError when it cannot be read, RecipeError when it is none."""
    import yaml

    source = Path(path)
    try:
        # JSON is YAML.
        document = yaml.safe_load(source.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"The policy {source} cannot be read: {error}.", STARTER) from error
    except yaml.YAMLError as error:
        raise RecipeError(f"The policy {source} is not valid YAML: {error}", "Mend the line it names.") from error
    return Policy.from_dict(document or {}, str(source))


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _many(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _told(part: Any) -> dict[str, Any]:
    """A part of a policy without its defaults."""
    told = {f.name: (getattr(part, f.name), getattr(type(part)(), f.name)) for f in fields(part)}
    return {name: listed(value) for name, (value, default) in told.items() if value != default}


def _short(action: Action) -> Any:
    document = action.to_dict()
    return document["action"] if len(document) == 1 else document
