"""Grammars of texts: alternatives by weight, parts that may be left out, rules that use each other, words that agree.

A template is a text with marks:

    {item}  {item:2}          a word list, a value or a rule; with a number, another draw of it
    {Item}                    with a capital letter
    {limpio@item}             a word, or a word list, that agrees with the word drawn for `item`
    {el@item}  {is@item}      articles and verbs likewise; {sale|salen@item} gives the forms itself
    {item.plural}  {item#n}   the plural; the number that the value `n` asks for; so too {el@item.plural}
    (a|b|c)                   one of these
    [very ]  [30% very ]      may be left out: half of the time, or there in 30 % of the texts
    a(n)                      a or an, by what follows (English)
    \\{ \\[ \\( \\|               the mark itself
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from trasunto.errors import RecipeError

_NAME = re.compile(r"[^\W\d]\w*")
_SLOT = re.compile(
    r"(?P<word>[^{}@:#.]+?)(?::(?P<which>[1-9]))?(?:@(?P<beside>[^\W\d]\w*)(?::(?P<other>[1-9]))?)?"
    r"(?:\.(?P<number>plural|singular)|#(?P<count>[^\W\d]\w*))?"
)
_SHARE = re.compile(r"(\d{1,3})%\s?")


@dataclass(frozen=True)
class Literal:
    """A text as it stands."""

    text: str


@dataclass(frozen=True)
class Slot:
    """A draw by name. which: 1, or the number of another draw. number: "", "plural", "singular", or "#value".
    capital: whether it begins with a capital letter."""

    name: str
    which: int = 1
    number: str = ""
    capital: bool = False


@dataclass(frozen=True)
class Agree:
    """A word that agrees with a drawn one. word: itself, or the name of a word list. beside, other: the slot. number:
    in which that stands, as of a slot."""

    word: str
    which: int
    beside: str
    other: int = 1
    number: str = ""


@dataclass(frozen=True)
class Sequence:
    """Parts one after the other."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Choice:
    """One of some nodes, by weights. key: sets its stream of chance apart from others of one alternative."""

    options: tuple[Node, ...]
    weights: tuple[float, ...]
    key: str = ""


Node = Literal | Slot | Agree | Sequence | Choice


def parse(template: str, key: str = "") -> Node:
    """The tree of a template. key: before the keys of its choices. RecipeError for marks that do not close, empty
    ones, or shares above 100 %."""
    reader = _Reader(template, key)
    node = reader.read("")
    if reader.at < len(template):
        raise RecipeError(
            f"{template!r}: {template[reader.at]!r} at {reader.at + 1} closes nothing.", "Write \\ before."
        )
    return node


class _Reader:
    def __init__(self, template: str, key: str) -> None:
        self.template, self.key, self.at, self.choices = template, key, 0, 0

    def read(self, closing: str) -> Node:
        """Up to a closing mark, which is left; alternatives between bars only inside of brackets."""
        options: list[Node] = []
        parts: list[Node] = []
        text = ""
        while self.at < len(self.template):
            mark = self.template[self.at]
            if mark == "\\" and self.at + 1 < len(self.template):
                text += self.template[self.at + 1]
                self.at += 2
                continue
            if closing and mark in (closing, "|"):
                if mark == closing:
                    break
                options.append(_joined([*parts, Literal(text)]))
                parts, text = [], ""
            elif mark in "{[" or (mark == "(" and self._is_choice()):
                parts.append(Literal(text))
                text = ""
                parts.append({"{": self._slot, "[": self._maybe, "(": self._group}[mark]())
            elif mark in "}]" or (mark == ")" and closing == ")"):
                break
            else:
                text += mark
            self.at += 1
        whole = _joined([*parts, Literal(text)])
        if not options:
            return whole
        return self._choice((*options, whole), (1.0,) * (len(options) + 1))

    def _choice(self, options: tuple[Node, ...], weights: tuple[float, ...]) -> Choice:
        self.choices += 1
        return Choice(options, weights, f"{self.key}{self.choices}")

    def _is_choice(self) -> bool:
        """Whether a round bracket holds a bar at its own depth: else it is a bracket of the text."""
        depth, at, inside = 0, self.at, ""
        while at < len(self.template):
            mark = self.template[at]
            if mark == "\\":
                at += 2
                continue
            if mark in "([{":
                depth, inside = depth + 1, inside + mark
            elif mark in ")]}" and depth:
                depth, inside = depth - 1, inside[:-1]
                if not depth:
                    return False
            elif mark == "|" and depth == 1 and inside == "(":
                return True
            at += 1
        return False

    def _group(self) -> Node:
        start = self.at
        self.at += 1
        node = self.read(")")
        self._closed(")", start)
        return node

    def _maybe(self) -> Node:
        start = self.at
        self.at += 1
        told = _SHARE.match(self.template, self.at)
        share = 0.5
        if told:
            self.at = told.end()
            share = int(told[1]) / 100
            if share > 1:
                raise RecipeError(f"{self.template!r}: {told[1]}% is no share.", "Write 0% to 100%.")
        node = self.read("]")
        self._closed("]", start)
        return self._choice((node, Literal("")), (share, 1 - share))

    def _slot(self) -> Node:
        start = self.at
        end = self.template.find("}", start)
        if end < 0:
            self._closed("}", start)
        written = self.template[start + 1 : end]
        found = _SLOT.fullmatch(written)
        if not found:
            raise RecipeError(
                f"{self.template!r}: {{{written}}} cannot be read.",
                "Write {name}, {name:2}, {word@name}, {name.plural} or {name#value}.",
            )
        self.at = end
        word, which = found["word"], int(found["which"] or 1)
        number = found["number"] or (f"#{found['count']}" if found["count"] else "")
        if found["beside"]:
            return Agree(word, which, found["beside"], int(found["other"] or 1), number)
        if not _NAME.fullmatch(word):
            raise RecipeError(f"{self.template!r}: {{{written}}} is no name.", "Names are letters, digits and _.")
        return Slot(word, which, number)

    def _closed(self, mark: str, start: int) -> None:
        if self.at >= len(self.template) or self.template[self.at] != mark:
            opened = self.template[start]
            raise RecipeError(
                f"{self.template!r}: {opened!r} at {start + 1} is not closed.", f"Write \\{opened} for one."
            )


def _joined(parts: list[Node]) -> Node:
    kept = [part for part in parts if not (isinstance(part, Literal) and not part.text)]
    return kept[0] if len(kept) == 1 else Sequence(tuple(kept)) if kept else Literal("")


def walk(node: Node) -> Iterator[Node]:
    """A node and all below it."""
    yield node
    if isinstance(node, Sequence):
        for part in node.parts:
            yield from walk(part)
    elif isinstance(node, Choice):
        for option in node.options:
            yield from walk(option)


def replaced(node: Node, change: dict[Node, Node]) -> Node:
    """The tree with some nodes in place of others."""
    if node in change:
        return change[node]
    if isinstance(node, Sequence):
        return Sequence(tuple(replaced(part, change) for part in node.parts))
    if isinstance(node, Choice):
        return Choice(tuple(replaced(option, change) for option in node.options), node.weights, node.key)
    return node


@dataclass(frozen=True)
class Alternatives:
    """The alternatives of a rule or of a text: each realised on every side (one a language; one when there is one).

    options: (alternatives) tuples of a node a side. weights: of each.
    """

    options: tuple[tuple[Node, ...], ...]
    weights: tuple[float, ...]
