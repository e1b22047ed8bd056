"""What a policy means for a data set: one action for each column, and which columns share pseudonyms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from trasunto.data.dataset import Dataset
from trasunto.errors import RecipeError, SchemaError, near
from trasunto.privacy.identifiers import Finding
from trasunto.privacy.identifiers_words import words_of
from trasunto.privacy.policy import Policy
from trasunto.privacy.policy_actions import KEYED, Action
from trasunto.privacy.pseudonyms import NO_KEY, Assigned
from trasunto.privacy.pseudonyms_formats import FORMATS

Place = tuple[str, str]


@dataclass(frozen=True)
class Planned:
    """An action for one column. kind: what the column was found to be, "" for nothing. group: columns that share
    pseudonyms. why: what named it (columns, kinds, key, text, unlisted), "" for a column that stays."""

    action: Action
    kind: str
    group: str
    why: str
    direct: bool


def planned(dataset: Dataset, policy: Policy, findings: Iterable[Finding]) -> dict[Place, Planned]:
    """Every column's action. RecipeError when a direct identifier has none and the policy says to refuse."""
    columns = {(f.table, f.column): f for f in findings if f.where == "column"}
    texts: dict[Place, list[Finding]] = {}
    for finding in findings:
        if finding.where == "text":
            texts.setdefault((finding.table, finding.column), []).append(finding)
    named = _named(dataset, policy)
    links = roots(dataset)
    plan: dict[Place, Planned] = {}
    unlisted: list[str] = []
    for name, table in dataset.tables.items():
        for column in table.schema.columns:
            place = (name, column.name)
            found = columns.get(place)
            kind = found.kind if found else ""
            direct = found is not None and found.category == "direct"
            action, why = _action(policy, place, named, kind, direct, links)
            if action is None and (column.kind == "text" or _inside(texts.get(place, ()))):
                action, why = policy.text, "text"
            if action is None and direct and column.role not in ("target", "protected", "label"):
                spelt = f"{name}.{column.name}" if len(dataset.tables) > 1 else column.name
                unlisted.append(f"{spelt} ({kind})")
                action, why = Action("drop" if policy.unlisted == "drop" else "keep"), "unlisted"
            chosen = action or Action("keep")
            group = chosen.group or _group(place, kind, links)
            plan[place] = Planned(chosen, kind, group, why if action else "", direct)
    if unlisted and policy.unlisted == "refuse":
        raise RecipeError(
            f"The policy says nothing of {', '.join(unlisted)}: found to name people.",
            "Give each an action (keep is one), or set `unlisted: drop`.",
        )
    return plan


def assigned(plan: Mapping[Place, Planned], names: Mapping[tuple[str, str], Mapping[str, str]]) -> tuple[Assigned, ...]:
    """What each pseudonym stands for. names: (group, form) → value → pseudonym."""
    columns: dict[tuple[str, str], list[str]] = {}
    for (table, column), each in plan.items():
        if each.action.action == "pseudonymise":
            columns.setdefault((each.group, each.action.form or "text"), []).append(f"{table}.{column}")
    found = []
    for at, values in names.items():
        originals: dict[str, list[str]] = {}
        for value, pseudonym in sorted(values.items()):
            originals.setdefault(pseudonym, []).append(value)
        spelt = {pseudonym: tuple(each) for pseudonym, each in originals.items()}
        found.append(Assigned(*at, tuple(columns[at]), spelt))
    return tuple(found)


def require_key(plan: Mapping[Place, Planned], key: bytes | None) -> None:
    """RecipeError when an action needs a key and there is none."""
    wanted = [f"{at[0]}.{at[1]} ({each.action.action})" for at, each in plan.items() if _keyed(each.action)]
    if wanted and key is None:
        raise RecipeError(f"A secret key is needed for {', '.join(wanted[:6])}.", NO_KEY)


def roots(dataset: Dataset) -> dict[Place, Place]:
    """Columns that refer to a column of another table → that column, to the end of the chain; and that one → itself."""
    parents = {
        (name, own): (key.table, other)
        for name, table in dataset.tables.items()
        for key in table.schema.foreign_keys
        for own, other in zip(key.columns, key.references, strict=True)
    }
    found: dict[Place, Place] = {}
    for place in parents:
        end, seen = place, {place}
        while end in parents and parents[end] not in seen:
            end = parents[end]
            seen.add(end)
        found[place] = end
        found[end] = end
    return found


def attribute_of(column: str, kind: str) -> str:
    """Which part of a fake person a column holds, by its kind and name."""
    words = words_of(column)
    if kind in ("email", "address", "postcode"):
        return kind
    if kind == "username":
        return "user_name"
    if kind == "place":
        return "city"
    if kind == "sex":
        return "gender"
    both = ("y apellidos", "full", "completo", "and surname")
    if any(each in words for each in both):
        return "name"
    if any(each in words for each in ("surname", "last", "family", "apellido", "lname", "l name")):
        return "last_name"
    if any(each in words for each in ("first", "given", "forename", "fname", "f name", "pila")) or words == "nombre":
        return "first_name"
    return "name"


def form_of(kind: str) -> str:
    """The form that keeps a kind's shape and check digits; "same" for others."""
    return kind if kind in FORMATS else "same"


def _action(
    policy: Policy, place: Place, named: Mapping[Place, Action], kind: str, direct: bool, links: Mapping[Place, Place]
) -> tuple[Action | None, str]:
    if place in named:
        return named[place], "columns"
    root = links.get(place)
    if root is not None:
        # A key and what refers to it go together, or the tables fall apart.
        for other in (root, *(each for each, end in links.items() if end == root)):
            if other in named:
                return named[other], "key"
    if kind in policy.kinds and policy.kinds[kind].action != "redact":
        return policy.kinds[kind], "kinds"
    if kind in policy.kinds:
        return Action("drop") if direct else None, "kinds"
    return None, ""


def _named(dataset: Dataset, policy: Policy) -> dict[Place, Action]:
    """The actions of `columns` by table and column. SchemaError for a column that is nowhere."""
    found: dict[Place, Action] = {}
    known = [name for table in dataset.tables.values() for name in table.schema.names]
    known += [f"{t}.{name}" for t, table in dataset.tables.items() for name in table.schema.names]
    for spelt, action in policy.columns.items():
        table, _, column = spelt.partition(".")
        places = [(name, spelt) for name, each in dataset.tables.items() if spelt in each.schema]
        if not places and table in dataset.tables and column in dataset.tables[table].schema:
            places = [(table, column)]
        if not places:
            raise SchemaError(f"The policy names a column {spelt!r} that is not there.", near(spelt, known))
        for place in places:
            found[place] = action
    return found


def _inside(findings: Iterable[Finding]) -> bool:
    return any(finding.category == "direct" for finding in findings)


def _group(place: Place, kind: str, links: Mapping[Place, Place]) -> str:
    if place in links:
        return ".".join(links[place])
    return f"record_number {place[1]}" if kind in ("record_number", "") else kind


def _keyed(action: Action) -> bool:
    return action.action in KEYED or (action.action == "redact" and action.by == "surrogates")


def without_key(policy: Policy) -> Policy:
    """The policy with columns dropped that it would pseudonymise or fake: for whoever has no key."""
    columns = {name: Action("drop") if each.action in KEYED else each for name, each in policy.columns.items()}
    kinds = {name: Action("drop") if each.action in KEYED else each for name, each in policy.kinds.items()}
    return replace(policy, columns=columns, kinds=kinds)
