"""A document of templates read and checked at once: every fault of it in one message, before a text is drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from trasunto.errors import RecipeError, near
from trasunto.language.grammar import Agree, Alternatives, Literal, Node, Slot, parse, replaced, walk
from trasunto.language.grammar_words import FORMS, Word, word_of
from trasunto.language.rephrase import Rephrase, read_rephrase, said_otherwise
from trasunto.rules.document import read_rules
from trasunto.rules.plan import Plan

LANGUAGES = ("en", "es")
# The columns of each kind, and under which key their templates stand; a translation has one text on two sides.
KINDS: dict[str, dict[str, str]] = {
    "labelled": {"text": "text"},
    "text": {"text": "text"},
    "question-answer": {"prompt": "prompt", "response": "response"},
    "instruction": {"prompt": "prompt", "source": "source", "response": "response"},
    "translation": {"source": "text", "translation": "text"},
    "dialogue": {"messages": "turns"},
}
OPTIONAL = ("source",)
KEYS = (
    "kind", "language", "table", "columns", "locale", "today", "people", "calendars", "values", "words", "rules",
    "labels", "text", "prompt", "source", "response", "turns", "paraphrase", "noise", "unique", "show", "depth",
)  # fmt: skip
# What stands beside the alternatives of a label, and of a turn.
ROLES = ("system", "user", "assistant")
DEPTH = 8
Roots = Mapping[str, Alternatives]


@dataclass(frozen=True)
class WordList:
    """words: by side, one each of all sides for an entry. weights: of the entries."""

    words: tuple[tuple[Word, ...], ...]
    weights: tuple[float, ...]


@dataclass(frozen=True)
class TurnRule:
    """role: of the speaker. said: what. share: of the dialogues that have the turn."""

    role: str
    said: Alternatives
    share: float = 1.0


@dataclass(frozen=True)
class Grammar:
    """A checked document. languages: of each side. columns: names of the columns, by what they are ("text", "label",
    ...). labels: with weights, {"": 1} without. roots: by label, alternatives by key; turns: by label, of a dialogue.
    show: slots that become columns. depth: how deep rules use each other at most."""

    kind: str
    languages: tuple[str, ...]
    table: str
    columns: Mapping[str, str]
    labels: Mapping[str, float]
    roots: Mapping[str, Roots]
    turns: Mapping[str, tuple[TurnRule, ...]]
    rules: Mapping[str, Alternatives]
    words: Mapping[str, WordList]
    values: Plan | None
    rephrase: Rephrase = field(default_factory=Rephrase)
    unique: bool = False
    show: tuple[str, ...] = ()
    depth: int = DEPTH

    @property
    def outputs(self) -> tuple[tuple[str, str, int], ...]:
        """(what a column is, key of its templates, side) of each column of text."""
        made = []
        for side, (what, key) in enumerate(KINDS[self.kind].items()):
            if what not in OPTIONAL or any(key in roots for roots in self.roots.values()):
                made.append((what, key, side if self.kind == "translation" else 0))
        return tuple(made)


def read_grammar(document: Any) -> Grammar:
    """The grammar of a document (a plain mapping, as YAML gives it; docs/templates.md).

    Raises RecipeError that lists everything wrong with it: an unknown key, a mark that does not close, a name that is
    not there, a word list that cannot agree, a rule that never ends, sides that differ.
    """
    if not isinstance(document, Mapping):
        raise RecipeError(
            f"Templates are a mapping, not {type(document).__name__}.", "Begin with `labels:` or `text:`."
        )
    reading = _Reading(document)
    grammar = reading.grammar()
    if reading.faults:
        first, *others = dict.fromkeys(reading.faults)
        told = first if not others else "The templates cannot be followed:\n  " + "\n  ".join((first, *others))
        raise RecipeError(told)
    return grammar


class _Reading:
    """One walk over a document; what is wrong is noted, and the walk goes on."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.faults: list[str] = []
        for key in document:
            if key not in KEYS:
                self.fault(f"Templates have no {key!r}. {near(str(key), KEYS)}")
        self.languages = self._languages()
        self.kind = self._kind()
        self.rephrase = self._safely(
            lambda: read_rephrase(document.get("paraphrase"), document.get("noise"), self.languages[0]), Rephrase()
        )
        self.values: Plan | None = self._safely(self._values, None)
        self.words = {str(n): each for n, w in self._mapping("words").items() if (each := self._words(str(n), w))}
        self.names = {*self.words, *map(str, self._mapping("values")), *map(str, self._mapping("rules"))}

    def fault(self, told: str) -> None:
        self.faults.append(told.strip())

    def grammar(self) -> Grammar:
        document = self.document
        rules = {str(name): self._alternatives(f"Rule {name!r}", each) for name, each in self._mapping("rules").items()}
        twice = [n for n in self.words if n in rules or n in self._mapping("values")]
        for name in [*twice, *(n for n in rules if n in self._mapping("values"))]:
            self.fault(f"{name!r} is the name of two things: word lists, values and rules share their names.")
        labels, roots, turns = self._contents()
        if not isinstance(document.get("unique", False), bool):
            self.fault(f"unique is {document['unique']!r}. Write true or false.")
        depth = document.get("depth", DEPTH)
        if isinstance(depth, bool) or not isinstance(depth, int) or not 1 <= depth <= 50:
            self.fault(f"depth is {depth!r}; it must be a whole number from 1 to 50.")
            depth = DEPTH
        show = document.get("show", [])
        show = [show] if isinstance(show, str) else list(show)
        for name in show:
            if name not in self.words and name not in self._mapping("values"):
                self.fault(f"show names {name!r}, which is no word list and no value. {near(str(name), self.names)}")
        made = Grammar(
            self.kind, self.languages, str(document.get("table", "texts")), self._columns(show), labels, roots, turns,
            rules, self.words, self.values, self.rephrase, bool(document.get("unique", False)), tuple(map(str, show)),
            depth,
        )  # fmt: skip
        if not self.faults:
            self._check_ends(made)
        return made

    def _contents(self) -> tuple[dict[str, float], dict[str, Roots], dict[str, tuple[TurnRule, ...]]]:
        written = self.document.get("labels")
        own = {key: self.document[key] for key in ("text", "prompt", "source", "response", "turns")
               if key in self.document}  # fmt: skip
        if written is None:
            parts: dict[str, Any] = {"": own}
        elif own or not isinstance(written, Mapping) or not written:
            self.fault("labels are a mapping of names to templates, and no text stands beside them.")
            parts = {}
        else:
            parts = {str(name): each for name, each in written.items()}
        labels: dict[str, float] = {}
        roots: dict[str, Roots] = {}
        turns: dict[str, tuple[TurnRule, ...]] = {}
        for label, each in parts.items():
            about = f"Label {label!r}, " if label else ""
            inner = {"text": each} if isinstance(each, str | list) else dict(each) if isinstance(each, Mapping) else {}
            labels[label] = self._weight(f"{about}weight", inner.pop("weight", 1))
            wanted = set(KINDS[self.kind].values())
            for key in inner:
                if key not in wanted:
                    self.fault(f"{about}{key!r} is no part of a {self.kind}. It has: {', '.join(sorted(wanted))}.")
            if self.kind == "dialogue":
                turns[label] = self._turns(about, inner.get("turns"))
                roots[label] = {}
                continue
            roots[label] = {key: self._alternatives(f"{about}{key}", inner[key]) for key in wanted if key in inner}
            for key in sorted(wanted.difference(inner, OPTIONAL)):
                self.fault(f"{about or 'The document: '}{key!r} is missing; a {self.kind} needs it.")
        return labels, roots, turns

    def _turns(self, about: str, written: Any) -> tuple[TurnRule, ...]:
        if not isinstance(written, list) or not written:
            self.fault(f"{about}turns is {written!r}. Write a list: - user: [...], then - assistant: [...].")
            return ()
        made = []
        for number, each in enumerate(written, start=1):
            inner = dict(each) if isinstance(each, Mapping) else {}
            share = self._share(f"{about}turn {number}, share", inner.pop("share", 1.0))
            if len(inner) != 1:
                self.fault(f"{about}turn {number} is {each!r}. Write a role and what it says: user: [...].")
                continue
            role, said = next(iter(inner.items()))
            made.append(TurnRule(str(role), self._alternatives(f"{about}turn {number} ({role})", said), share))
        return tuple(made)

    def _alternatives(self, about: str, written: Any) -> Alternatives:
        """One template, a list of them, or a mapping of templates to weights."""
        if isinstance(written, Mapping) and not set(map(str, written)) <= {*self.languages, "text", "weight"}:
            listed = [{"text": text, "weight": weight} for text, weight in written.items()]
        else:
            listed = written if isinstance(written, list) else [written]
        if not listed:
            self.fault(f"{about}: there are no templates.")
        options, weights = [], []
        for number, each in enumerate(listed, start=1):
            where = f"{about}, template {number}" if len(listed) > 1 else about
            sides, weight = self._sides(where, each)
            nodes = [self._node(where, str(text), side) for side, text in enumerate(sides)]
            options.append(tuple(nodes))
            weights.append(weight)
        return Alternatives(tuple(options), tuple(weights))

    def _sides(self, where: str, each: Any) -> tuple[list[Any], float]:
        """What is written for each side, and the weight."""
        if not isinstance(each, Mapping):
            given = dict.fromkeys(self.languages, each)
            weight = 1.0
        else:
            weight = self._weight(f"{where}, weight", each.get("weight", 1))
            given = {lan: each.get(lan, each.get("text")) for lan in self.languages}
            for key in each:
                if key not in (*self.languages, "text", "weight"):
                    known = (*self.languages, "text", "weight")
                    self.fault(f"{where}: {key!r} is no key of a template. {near(str(key), known)}")
        for language, text in given.items():
            if text is None or isinstance(text, Mapping | list):
                self.fault(f"{where}: {text!r} is no text" + (f" in {language}." if len(given) > 1 else "."))
                given[language] = ""
        return list(given.values()), weight

    def _node(self, where: str, text: str, side: int) -> Node:
        try:
            node = parse(text, f"{side}." if len(self.languages) > 1 else "")
        except RecipeError as error:
            self.fault(f"{where}: {error}")
            return Literal("")
        change: dict[Node, Node] = {}
        for each in walk(node):
            if isinstance(each, Slot):
                change[each] = self._slot(where, each)
            elif isinstance(each, Agree):
                change[each] = self._agree(where, each)
            elif isinstance(each, Literal):
                change[each] = said_otherwise(each, self.rephrase, self.languages[side])
        return replaced(node, change)

    def _slot(self, where: str, slot: Slot) -> Slot:
        name, capital = self._name(slot.name)
        if name is None:
            self.fault(f"{where}: there is no {slot.name!r}. {near(slot.name, self.names)}")
            return slot
        if slot.number and name not in self.words:
            self.fault(f"{where}: {name!r} is no word list, and has no plural.")
        self._counted(where, slot.number)
        return replace(slot, name=name, capital=capital)

    def _counted(self, where: str, number: str) -> None:
        """That the value which a number hangs on is there."""
        if number.startswith("#") and number[1:] not in self._mapping("values"):
            self.fault(f"{where}: {number[1:]!r} is no value. {near(number[1:], map(str, self._mapping('values')))}")

    def _agree(self, where: str, agree: Agree) -> Agree:
        if agree.beside not in self.words:
            self.fault(f"{where}: {agree.word!r} agrees with {agree.beside!r}, which is no word list. "
                       f"{near(agree.beside, self.words)}")  # fmt: skip
        if agree.word.count("|") not in (0, 1, len(FORMS) - 1):
            self.fault(f"{where}: {agree.word!r} has {agree.word.count('|') + 1} forms. Write two, or four ({FORMS}).")
        self._counted(where, agree.number)
        return agree

    def _name(self, name: str) -> tuple[str | None, bool]:
        """The thing of a name, and whether it is written with a capital it does not have itself."""
        if name in self.names:
            return name, False
        lower = name[:1].lower() + name[1:]
        return (lower, True) if lower in self.names else (None, False)

    def _words(self, name: str, written: Any) -> WordList | None:
        about = f"Word list {name!r}"
        if isinstance(written, Mapping):
            written = [{"text": text, "weight": weight} for text, weight in written.items()]
        if not isinstance(written, list) or not written:
            self.fault(f"{about} is {written!r}. Write a list of words, or words with weights.")
            return None
        sides: list[list[Word]] = [[] for _ in self.languages]
        weights = []
        for number, each in enumerate(written, start=1):
            given, weight = self._sides(f"{about}, word {number}", each)
            for side, text in enumerate(given):
                sides[side].append(word_of(str(text), self.languages[side]))
            weights.append(weight)
        return WordList(tuple(map(tuple, sides)), tuple(weights))

    def _values(self) -> Plan | None:
        written = self._mapping("values")
        if not written:
            return None
        beside = {key: self.document[key] for key in ("locale", "today", "people", "calendars") if key in self.document}
        locale = {} if "locale" in beside else {"locale": "es_ES" if self.languages[0] == "es" else "en_US"}
        return read_rules({"table": "values", **locale, **beside, "columns": written})

    def _languages(self) -> tuple[str, ...]:
        written = self.document.get("language", "en")
        languages = (written,) if isinstance(written, str) else tuple(written) if isinstance(written, list) else ()
        wrong = [each for each in languages if each not in LANGUAGES]
        if wrong or not languages or len(languages) > 2 or len({*languages}) != len(languages):
            self.fault(f"language is {written!r}. It is en or es, or [en, es] for translations.")
            return ("en",)
        return languages

    def _kind(self) -> str:
        told = self.document.get("kind")
        if told is not None and told not in KINDS:
            self.fault(f"There is no kind {told!r}. {near(str(told), KINDS)}")
            told = None
        contents: list[Any] = [self.document, *(self._mapping("labels")).values()]
        keys = {str(key) for each in contents if isinstance(each, Mapping) for key in each}
        found = (
            "translation" if len(self.languages) == 2 else "dialogue" if "turns" in keys
            else "question-answer" if "response" in keys else "labelled" if "labels" in self.document else "text"
        )  # fmt: skip
        if told == "translation" and len(self.languages) != 2:
            self.fault("A translation has two languages. Write language: [en, es].")
            return found
        return str(told or found)

    def _columns(self, show: Sequence[Any]) -> dict[str, str]:
        known = {what: what for what in KINDS[self.kind]} | {"label": "label"}
        for what, name in self._mapping("columns").items():
            if what not in known:
                self.fault(f"columns: there is no {what!r} to name. {near(str(what), known)}")
            known[str(what)] = str(name)
        names = [*known.values(), *map(str, show)]
        for name in sorted({name for name in names if names.count(name) > 1}):
            self.fault(f"Two columns are called {name!r}. Name one otherwise under `columns`.")
        return known

    def _mapping(self, key: str) -> Mapping[str, Any]:
        found = self.document.get(key) or {}
        if not isinstance(found, Mapping):
            self.fault(f"{key} is {found!r}. Write a mapping of names.")
            return {}
        return found

    def _weight(self, about: str, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e12:
            self.fault(f"{about} is {value!r}; it must be a number above 0.")
            return 1.0
        return float(value)

    def _share(self, about: str, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            self.fault(f"{about} is {value!r}; it must be a share from 0 to 1.")
            return 1.0
        return float(value)

    def _safely(self, read: Callable[[], Any], otherwise: Any) -> Any:
        try:
            return read()
        except RecipeError as error:
            self.fault(str(error))
            return otherwise

    def _check_ends(self, grammar: Grammar) -> None:
        """Every rule must have a way to end within the depth."""
        high = heights(grammar.rules)
        for name in grammar.rules:
            if high.get(name, grammar.depth) >= grammar.depth:
                self.fault(f"Rule {name!r} never ends within {grammar.depth} rules. Give it a template without rules.")


def uses(option: tuple[Node, ...], rules: Mapping[str, Alternatives]) -> set[str]:
    """The rules that an alternative uses."""
    return {n.name for node in option for n in walk(node) if isinstance(n, Slot) and n.name in rules}


def heights(rules: Mapping[str, Alternatives]) -> dict[str, int]:
    """By rule, how many rules deep its shortest derivation goes, 0 for one that uses none; left out without an end."""
    found: dict[str, int] = {}
    while True:
        new = {}
        for name, each in rules.items():
            needs = [uses(option, rules) for option in each.options]
            ends = [1 + max((found[n] for n in need), default=-1) for need in needs if need <= found.keys()]
            if ends:
                new[name] = min(ends)
        if new == found:
            return found
        found = new


__all__ = ["KINDS", "Grammar", "TurnRule", "WordList", "heights", "read_grammar", "uses"]
