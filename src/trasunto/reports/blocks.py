"""What a report is made of, whatever its form: headings, words, tables, cards, charts."""

from __future__ import annotations

from dataclasses import dataclass

from trasunto.reports.report import Figure


@dataclass(frozen=True)
class Heading:
    text: str
    anchor: str
    level: int = 2


@dataclass(frozen=True)
class Words:
    """A paragraph. tone: "" or "warning"."""

    text: str
    tone: str = ""


@dataclass(frozen=True)
class Points:
    items: tuple[str, ...]


@dataclass(frozen=True)
class Grid:
    """A table. right: columns aligned to the right. long: a table that may be folded away."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: tuple[int, ...] = ()
    long: bool = False


@dataclass(frozen=True)
class Card:
    """One number of the summary. tone: "good", "fair" or "poor"."""

    title: str
    value: str
    detail: str
    tone: str


@dataclass(frozen=True)
class Cards:
    cards: tuple[Card, ...]


@dataclass(frozen=True)
class Code:
    text: str


@dataclass(frozen=True)
class Picture:
    figure: Figure


@dataclass(frozen=True)
class Blank:
    """A fact that only a person can give.

    key: its name in the file of answers. what: what is asked. mark: who is to answer, or who has. hint: what a good
    answer holds. answer: "" while it is open.
    """

    key: str
    what: str
    mark: str
    hint: str = ""
    answer: str = ""


@dataclass(frozen=True)
class Links:
    """Files that lie beside this one: (name, address, what it is)."""

    items: tuple[tuple[str, str, str], ...]


Block = Heading | Words | Points | Grid | Cards | Code | Picture | Blank | Links
