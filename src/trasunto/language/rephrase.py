"""The same said otherwise: synonyms, contractions and politeness before a text is drawn, typing errors and SMS
spelling after it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from trasunto.errors import RecipeError, near
from trasunto.language.grammar import Choice, Literal, Node
from trasunto.language.grammar import Sequence as Row

CONTRACTIONS = {
    "do not": "don't", "does not": "doesn't", "did not": "didn't", "is not": "isn't", "are not": "aren't",
    "was not": "wasn't", "cannot": "can't", "can not": "can't", "could not": "couldn't", "will not": "won't",
    "would not": "wouldn't", "have not": "haven't", "has not": "hasn't", "I am": "I'm", "I have": "I've",
    "I will": "I'll", "I would": "I'd", "it is": "it's", "that is": "that's", "you are": "you're", "we are": "we're",
}  # fmt: skip
# (before the text, after it) by language.
POLITE = {
    "en": (("Hello, ", "Hi, ", "Good morning, ", "Excuse me, "), (" Thank you.", " Thanks!", " Many thanks.")),
    "es": (
        ("Hola, ", "Buenos días, ", "Buenas tardes, ", "Perdone, "),
        (" Gracias.", " Muchas gracias.", " Un saludo."),
    ),
}
SMS = {
    "en": {"you": "u", "are": "r", "your": "ur", "for": "4", "to": "2", "please": "pls", "thanks": "thx",
           "great": "gr8",
           "tomorrow": "2moro", "tonight": "2nite", "see": "c", "and": "&", "before": "b4", "because": "cuz",
           "people": "ppl", "with": "w/", "be": "b", "okay": "ok", "message": "msg"},
    "es": {"que": "q", "qué": "q", "por": "x", "para": "xa", "porque": "xq", "también": "tb", "mucho": "mxo",
           "muchos": "mxos", "bien": "bn", "cuando": "cnd", "donde": "dnd", "te": "t", "de": "d", "es": "s",
           "mensaje": "msj", "saludos": "slds", "besos": "bss", "hola": "ola", "quiero": "kiero", "más": "+"},
}  # fmt: skip
_NEAR = ("qwertyuiop", "asdfghjklñ", "zxcvbnm")
_BESIDE = {a: row[max(i - 1, 0) : i] + row[i + 1 : i + 2] for row in _NEAR for i, a in enumerate(row)}
_WORD = re.compile(r"[^\W\d_]+")
_NUMBERED = re.compile(r"\d")
_PLAIN = str.maketrans("áéíóúüÁÉÍÓÚÜ", "aeiouuAEIOUU")


@dataclass(frozen=True)
class Rephrase:
    """Settings.

    synonyms: groups of words or phrases that may stand for each other. contractions: how often "do not" is "don't".
    polite: share of the texts with a greeting or thanks. typos: errors a word, on average. sms: share of the texts in
    SMS spelling. lower, no_accents, no_marks: share of the texts in small letters, without the accents of vowels, and
    without punctuation.
    """

    synonyms: tuple[tuple[str, ...], ...] = ()
    contractions: float = 0.0
    polite: float = 0.0
    typos: float = 0.0
    sms: float = 0.0
    lower: float = 0.0
    no_accents: float = 0.0
    no_marks: float = 0.0

    @property
    def noisy(self) -> bool:
        return any((self.typos, self.sms, self.lower, self.no_accents, self.no_marks))


BEFORE = ("synonyms", "contractions", "polite")


def read_rephrase(paraphrase: Any, noise: Any, language: str) -> Rephrase:
    """From the keys `paraphrase` and `noise` of a document. RecipeError for what is not known or no share."""
    found: dict[str, Any] = {}
    shares = [each.name for each in fields(Rephrase) if each.name != "synonyms"]
    for key, written, known in (
        ("paraphrase", paraphrase, BEFORE),
        ("noise", noise, tuple(name for name in shares if name not in BEFORE)),
    ):
        if written is None:
            continue
        if not isinstance(written, Mapping):
            raise RecipeError(f"{key} is {written!r}.", f"Write a mapping with: {', '.join(known)}.")
        for name, value in written.items():
            if name not in known:
                raise RecipeError(f"{key} has no {name!r}.", near(str(name), known))
            found[str(name)] = _synonyms(value) if name == "synonyms" else _share(key, str(name), value)
    if found.get("contractions") and language != "en":
        raise RecipeError("contractions are of English texts.", "Leave them out.")
    return Rephrase(**found)


def _share(key: str, name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise RecipeError(f"{key}: {name} is {value!r}.", "Give a share from 0 to 1.")
    return float(value)


def _synonyms(value: Any) -> tuple[tuple[str, ...], ...]:
    groups = list(value.items()) if isinstance(value, Mapping) else value
    if not isinstance(groups, list):
        raise RecipeError(f"paraphrase: synonyms is {value!r}.", "Write lists of words: [[want, would like]].")
    made = []
    for group in groups:
        if isinstance(group, tuple):
            more = group[1] if isinstance(group[1], list) else [group[1]]
            group = [group[0], *more]
        if not isinstance(group, list) or len(group) < 2 or not all(isinstance(each, str) and each for each in group):
            raise RecipeError(f"paraphrase: {group!r} is no group of synonyms.", "Write two words or more.")
        made.append(tuple(group))
    return tuple(made)


def said_otherwise(literal: Literal, settings: Rephrase, language: str) -> Node:
    """A piece of a template with a choice where a word has synonyms, or two words a contraction."""
    table: dict[str, tuple[tuple[str, ...], tuple[float, ...]]] = {}
    for group in settings.synonyms:
        for word in group:
            table[word.lower()] = (group, (1.0,) * len(group))
    if settings.contractions and language == "en":
        share = settings.contractions
        for long, short in CONTRACTIONS.items():
            table.setdefault(long.lower(), ((long, short), (1 - share, share)))
    if not table:
        return literal
    words = "|".join(re.escape(word) for word in sorted(table, key=len, reverse=True))
    parts = re.split(rf"(?<![\w'’])({words})(?![\w'’])", literal.text, flags=re.I)
    if len(parts) == 1:
        return literal
    made: list[Node] = []
    for number, part in enumerate(parts):
        if number % 2 == 0:
            made += [Literal(part)] if part else []
            continue
        options, weights = table[part.lower()]
        spelt = [each[:1].upper() + each[1:] if part[:1].isupper() else each for each in options]
        key = f"{literal.text}\0{number}"
        made.append(Choice(tuple(map(Literal, spelt)), weights, key))
    return Row(tuple(made))


def disturbed(texts: Sequence[str], settings: Rephrase, language: str, rng: np.random.Generator) -> list[str]:
    """Texts as people type them, each disturbed by chance, in a fixed order: SMS spelling, small letters, accents,
    marks, typing errors. What holds a digit is left alone by errors."""
    asked = rng.random((len(texts), 4)) < (settings.sms, settings.lower, settings.no_accents, settings.no_marks)
    made = []
    for text, (sms, lower, bare, unmarked) in zip(texts, asked.tolist(), strict=True):
        if sms:
            text = _shortened(text, SMS.get(language, {}))
        if lower:
            text = text.lower()
        if bare:
            text = text.translate(_PLAIN)
        if unmarked:
            text = " ".join(re.sub(r"[.,;:!?¡¿\"“”()]+(?=\s|$)|[¡¿\"“”()]", "", text).split())
        made.append(text)
    return _mistyped(made, settings.typos, rng) if settings.typos else made


def _shortened(text: str, short: Mapping[str, str]) -> str:
    return _WORD.sub(lambda word: short.get(word[0].lower(), word[0]), text)


def _mistyped(texts: Sequence[str], rate: float, rng: np.random.Generator) -> list[str]:
    counts = rng.poisson([rate * (text.count(" ") + 1) for text in texts])
    made = list(texts)
    for place in np.flatnonzero(counts).tolist():
        words = made[place].split(" ")
        for _ in range(int(counts[place])):
            at = int(rng.integers(len(words)))
            words[at] = _slip(words[at], rng)
        made[place] = " ".join(words)
    return made


def _slip(word: str, rng: np.random.Generator) -> str:
    """A word with one slip: two letters swapped, one left out, doubled, or that of a key beside."""
    if len(word) < 3 or _NUMBERED.search(word) or "@" in word:
        return word
    kind, at = int(rng.integers(4)), int(rng.integers(1, len(word) - 1))
    if kind == 0:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == 1:
        return word[:at] + word[at + 1 :]
    if kind == 2:
        return word[:at] + word[at] + word[at:]
    beside = _BESIDE.get(word[at].lower(), "")
    return word[:at] + (beside[int(rng.integers(len(beside)))] if beside else word[at]) + word[at + 1 :]
