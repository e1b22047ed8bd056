"""What was done to protect the people in a data set: findings, actions, measures. It holds no value of any row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trasunto.data.dataset import Dataset
from trasunto.privacy.anonymity import Anonymity
from trasunto.privacy.consent import ConsentRecord
from trasunto.privacy.identifiers import Finding
from trasunto.privacy.protect_text import CALLED
from trasunto.privacy.pseudonyms import Assigned


@dataclass(frozen=True)
class Treated:
    """One column and what became of it. settings: of the action. why: what named it in the policy. kind: what it was
    found to be. rows: how many changed. taken: in free text, kind → places taken away."""

    table: str
    column: str
    action: str
    kind: str = ""
    why: str = ""
    rows: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)
    taken: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Protection:
    """The record of one call of `protect`.

    before, after: counted over the quasi-identifiers of `table`, None when it has none. levels: quasi-identifier → what
    was done to reach k. loss: mean normalised certainty penalty of those cells, 0 to 1. suppressed: rows left out, by
    table. known: values sought in texts and outputs; left: column → rows that still hold one. key: a fingerprint of the
    key, which tells nothing of it. notes: what a reader must know, as sentences. vault: that one
    turns pseudonyms back: how many, of which columns, by what it is encrypted; never where it lies nor what it holds.
    """

    findings: tuple[Finding, ...]
    actions: tuple[Treated, ...]
    digest_before: str
    digest_after: str
    purpose: str = ""
    domain: str = ""
    key: str | None = None
    consent: ConsentRecord | None = None
    table: str | None = None
    before: Anonymity | None = None
    after: Anonymity | None = None
    levels: Mapping[str, str] = field(default_factory=dict)
    method: str | None = None
    loss: float | None = None
    discernibility: float | None = None
    suppressed: Mapping[str, int] = field(default_factory=dict)
    known: int = 0
    left: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    vault: Mapping[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON. `before` and `after` have k, and the least l and largest t over the sensitive columns, on top."""
        return {
            "called": CALLED if any(each.action == "redact" for each in self.actions) else None,
            "purpose": self.purpose,
            "findings": [finding.to_dict() for finding in self.findings],
            "actions": [
                {**vars(each), "settings": dict(each.settings), "taken": dict(each.taken)} for each in self.actions
            ],
            "consent": self.consent.to_dict() if self.consent else None,
            "table": self.table,
            "before": _told(self.before),
            "after": _told(self.after),
            "levels": dict(self.levels),
            "method": self.method,
            "loss": self.loss,
            "discernibility": self.discernibility,
            "suppressed": dict(self.suppressed),
            "known": self.known,
            "left": dict(self.left),
            "domain": self.domain,
            "key": self.key,
            "digest": {"before": self.digest_before, "after": self.digest_after},
            "notes": list(self.notes),
            "vault": dict(self.vault) if self.vault else None,
        }

    @staticmethod
    def from_dict(document: Mapping[str, Any]) -> Protection:
        """What `to_dict` gave."""
        return Protection(
            tuple(Finding.from_dict(each) for each in document["findings"]),
            tuple(Treated(**each) for each in document["actions"]),
            document["digest"]["before"],
            document["digest"]["after"],
            document["purpose"],
            document["domain"],
            document["key"],
            ConsentRecord.from_dict(document["consent"]) if document["consent"] else None,
            document["table"],
            _read(document["before"]),
            _read(document["after"]),
            document["levels"],
            document["method"],
            document["loss"],
            document["discernibility"],
            document["suppressed"],
            document["known"],
            document["left"],
            tuple(document["notes"]),
            document.get("vault"),
        )


@dataclass(frozen=True)
class Protected:
    """A protected dataset and the record of how it became so. pseudonyms: what they stand for, which is written nowhere
    but into a vault (vault.keep)."""

    dataset: Dataset
    protection: Protection
    pseudonyms: tuple[Assigned, ...] = field(default=(), repr=False)


def _told(counted: Anonymity | None) -> dict[str, Any] | None:
    if counted is None:
        return None
    each = counted.diversity.values()
    return {
        **counted.to_dict(),
        "l": min((d.distinct for d in each), default=None),
        "t": max((d.t for d in each), default=None),
    }


def _read(document: Mapping[str, Any] | None) -> Anonymity | None:
    if document is None:
        return None
    return Anonymity.from_dict({key: value for key, value in document.items() if key not in ("l", "t")})
