"""A policy proposed from what was found: a first draft that a person reads, mends and signs."""

from __future__ import annotations

from collections.abc import Iterable

from trasunto.data.dataset import Dataset
from trasunto.privacy.identifiers import PERSONAL, Finding
from trasunto.privacy.identifiers_words import words_of
from trasunto.privacy.policy import Anonymise, Policy
from trasunto.privacy.policy_actions import Action
from trasunto.privacy.protect_plan import attribute_of, without_key
from trasunto.privacy.pseudonyms_formats import FORMATS

# What is never needed to learn from: it goes.
DROPPED = ("password", "biometric", "url", "ip", "mac", "coordinates", "cadastral")
FAKED = ("person", "email", "username", "address")
K, RARE = 5, 10
_LIVES = ("date_of_birth", "date_of_death")
_CONSENT = ("consent", "consentimiento", "gdpr", "rgpd", "opt in", "acepta", "autoriza")


def proposed(dataset: Dataset, findings: Iterable[Finding], *, keyed: bool = True, language: str = "en") -> Policy:
    """Direct identifiers pseudonymised, faked or dropped, free text redacted, quasi-identifiers told so coarsely that 5
    rows at least are alike, values of fewer than 10 rows merged.

    keyed: False drops what would need a key.
    """
    found = list(findings)
    columns: dict[str, Action] = {}
    several = len(dataset.tables) > 1
    for finding in found:
        name = f"{finding.table}.{finding.column}" if several else finding.column
        if finding.where == "column" and finding.category == "direct":
            columns[name] = _direct(finding)
        elif finding.where == "text" and finding.category in ("direct", "text"):
            columns.setdefault(name, Action("redact"))
    quasi = [f for f in found if f.where == "column" and f.category == "quasi"]
    homes = {f.table: sum(1 for other in quasi if other.table == f.table) for f in quasi}
    # The table about people: that which says most of a person, not that with most columns.
    closely = {name: sum(1 for f in quasi if f.table == name and f.kind in PERSONAL) for name in homes}
    home = max(homes, key=lambda name: (closely[name], homes[name])) if homes else None
    for finding in quasi:
        if finding.table == home:
            # The search for levels tells these as coarsely as it must, and no more.
            continue
        name = f"{finding.table}.{finding.column}" if several else finding.column
        kind = dataset.tables[finding.table].schema[finding.column].kind
        if kind == "datetime":
            columns.setdefault(name, Action("generalise", date="year" if finding.kind in _LIVES else "month"))
    anonymity = None
    if home is not None:
        told = [f.column for f in quasi if f.table == home]
        harm = [f.column for f in found if f.table == home and f.where == "column" and f.category == "sensitive"]
        anonymity = Anonymise(K, quasi=tuple(told), sensitive=tuple(harm), table=home if several else None)
    policy = Policy(columns=columns, rare=RARE, language=language, anonymity=anonymity)
    return policy if keyed else without_key(policy)


# How a finding says that values are given and family names together (identifiers_values.py).
WHOLE_NAMES = "are names of people"


def consent_columns(dataset: Dataset) -> list[str]:
    """Columns whose name speaks of consent: to be named in the policy by a person."""
    return [
        f"{name}.{column}" if len(dataset.tables) > 1 else column
        for name, table in dataset.tables.items()
        for column in table.schema.names
        if any(word in words_of(column) for word in _CONSENT)
    ]


def _direct(finding: Finding) -> Action:
    if finding.kind in DROPPED:
        return Action("drop")
    if finding.kind in FAKED:
        attribute = attribute_of(finding.column, finding.kind)
        # "nombre" often holds whole names: what the values are goes before what the column is called.
        whole = attribute == "first_name" and WHOLE_NAMES in finding.reason
        return Action("fake", attribute="name" if whole else attribute)
    return Action("pseudonymise", form=finding.kind if finding.kind in FORMATS else None)
