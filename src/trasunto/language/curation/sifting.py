"""Written texts, sifted round by round: each text that is thrown away is counted under its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from trasunto.language.curation.looks import Check, Rejected
from trasunto.language.curation.sieve import Sieve
from trasunto.progress import Progress, quiet


@dataclass(frozen=True)
class Curation:
    """How many texts were written and kept, how many fell for each reason, and how many were kept although only the
    classifier doubted them, because there were no others. interrupted: Ctrl-C ended the writing early. relabelled: how
    many of those kept got another label than they were written for, because the writer does not keep to labels; they
    count as rejected, too."""

    written: int
    kept: int
    rejected: dict[str, int]
    despite_disagreement: int = 0
    interrupted: bool = False
    relabelled: int = 0

    def to_dict(self) -> dict[str, Any]:
        return {
            "written": self.written,
            "kept": self.kept,
            "rejected": self.rejected,
            "despite_disagreement": self.despite_disagreement,
            **({"interrupted": True} if self.interrupted else {}),
            **({"relabelled": self.relabelled} if self.relabelled else {}),
        }


@dataclass
class Sifting:
    """A sifting under way: its checks remember what was kept so far, so that a duplicate is known across rounds.

    written: texts seen; rejected: how many fell for each reason; fallen: each of them, with its place among all texts
    seen; doubtful: (text, label) pairs that only the classifier doubted.
    """

    sieve: Sieve
    written: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    fallen: list[Rejected] = field(default_factory=list)
    doubtful: list[tuple[str, str]] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        self.checks = self.checks or self.sieve.checks()

    def keep(self, texts: Sequence[str], labels: Sequence[str]) -> list[tuple[str, str]]:
        """The (text, label) pairs that pass. Those that only the classifier doubts are remembered as doubtful."""
        return [(texts[place], labels[place]) for place in self.sift(texts, labels)]

    def sift(self, texts: Sequence[str], labels: Sequence[str], progress: Progress = quiet) -> list[int]:
        """The places of the texts that pass, in order."""
        passed = [place for place, text in enumerate(texts) if text.strip()]
        empty = set(range(len(texts))).difference(passed)
        self._fell([(place, "empty", "") for place in sorted(empty)], texts, labels)
        for number, check in enumerate(self.checks):
            progress("sift", number, len(self.checks))
            found = check.look([texts[place] for place in passed], [labels[place] for place in passed])
            fallen = [(place, *each) for place, each in zip(passed, found, strict=True) if each is not None]
            self._fell(fallen, texts, labels)
            passed = [place for place, each in zip(passed, found, strict=True) if each is None]
        progress("sift", len(self.checks), len(self.checks))
        self.written += len(texts)
        return passed

    def _fell(self, fallen: Sequence[tuple[int, str, str]], texts: Sequence[str], labels: Sequence[str]) -> None:
        for place, reason, detail in fallen:
            self.rejected[reason] += 1
            self.fallen.append(Rejected(self.written + place, reason, detail, texts[place], labels[place]))
            if reason == "disagrees":
                self.doubtful.append((texts[place], labels[place]))
