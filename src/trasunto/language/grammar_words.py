"""Words that agree: gender and number in Spanish, number in English; plurals, articles, adjectives."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

# Forms of a word that agrees, by form: singular and plural of the masculine, then of the feminine.
FORMS = ("m", "mp", "f", "fp")
_MARKED = re.compile(r"^(.*\S)\s+(m|f)(p?)$")

# Spanish words whose forms no ending tells: masculine, plural, feminine, plural.
_SPANISH = {
    "el": "el los la las", "un": "un unos una unas", "este": "este estos esta estas",
    "ese": "ese esos esa esas", "aquel": "aquel aquellos aquella aquellas", "lo": "lo los la las",
    "al": "al a_los a_la a_las", "del": "del de_los de_la de_las", "mi": "mi mis mi mis", "tu": "tu tus tu tus",
    "su": "su sus su sus", "buen": "buen buenos buena buenas", "mal": "mal malos mala malas",
    "gran": "gran grandes gran grandes", "algún": "algún algunos alguna algunas",
    "ningún": "ningún ningunos ninguna ningunas", "primer": "primer primeros primera primeras",
    "cualquier": "cualquier cualesquiera cualquier cualesquiera", "joven": "joven jóvenes joven jóvenes",
    "es": "es son es son", "está": "está están está están", "era": "era eran era eran", "fue": "fue fueron fue fueron",
    "estaba": "estaba estaban estaba estaban", "ha": "ha han ha han", "tiene": "tiene tienen tiene tienen",
    "parece": "parece parecen parece parecen", "llega": "llega llegan llega llegan",
    "llegó": "llegó llegaron llegó llegaron", "funciona": "funciona funcionan funciona funcionan",
    "le": "le les le les",
}  # fmt: skip
# Feminine nouns that begin with a stressed a take el and un in the singular.
_STRESSED = (
    "agua",
    "águila",
    "alma",
    "aula",
    "arma",
    "área",
    "ala",
    "arpa",
    "ancla",
    "hambre",
    "hada",
    "habla",
    "haba",
)
_NO_FEMININE = ("mejor", "peor", "mayor", "menor", "interior", "exterior", "superior", "inferior", "anterior",
                "posterior", "ulterior")  # fmt: skip

_ENGLISH = {
    "this": "this these", "that": "that those", "is": "is are", "was": "was were", "has": "has have",
    "does": "does do", "it": "it them", "its": "its their", "a": "a(n) ", "an": "a(n) ", "one": "one some",
    "doesn't": "doesn't don't", "isn't": "isn't aren't", "wasn't": "wasn't weren't",
}  # fmt: skip
_ENGLISH_PLURALS = {
    "child": "children", "person": "people", "man": "men", "woman": "women", "foot": "feet", "tooth": "teeth",
    "mouse": "mice", "staff": "staff", "series": "series", "knife": "knives", "shelf": "shelves", "half": "halves",
}  # fmt: skip


@dataclass(frozen=True)
class Word:
    """A word or phrase that others agree with. feminine and plural: what it is by itself. many: its plural."""

    text: str
    many: str
    feminine: bool = False
    plural: bool = False

    @property
    def form(self) -> int:
        """The place in FORMS of what agrees with it."""
        return 2 * self.feminine + self.plural


def word_of(written: str, language: str) -> Word:
    """A word as a document writes it: "habitación f", "vistas fp", "room", "child / children".

    Without a mark the gender of a Spanish word is told by its ending.
    """
    text, _, many = (part.strip() for part in written.partition(" / "))
    marked = _MARKED.match(text) if language == "es" else None
    feminine = plural = False
    if marked:
        text, feminine, plural = marked[1], marked[2] == "f", bool(marked[3])
    elif language == "es":
        feminine = is_feminine(text)
    return Word(text, text if plural else many or plural_of(text, language), feminine, plural)


def is_feminine(text: str) -> bool:
    """Whether a Spanish noun is feminine, by the ending of its first word."""
    head = text.lower().split()[0] if text.split() else ""
    if head.endswith(("ma", "ta")) and head in {
        "problema",
        "sistema",
        "programa",
        "tema",
        "idioma",
        "clima",
        "planeta",
    }:
        return False
    return head.endswith(("a", "ción", "sión", "dad", "tad", "tud", "umbre", "ez")) and head != "día"


def plural_of(text: str, language: str) -> str:
    """The plural of a noun or phrase: the last word in English, the first in Spanish."""
    if not text:
        return text
    words = text.split(" ")
    place = 0 if language == "es" else -1
    words[place] = _spanish_plural(words[place]) if language == "es" else _english_plural(words[place])
    return " ".join(words)


def _english_plural(word: str) -> str:
    if word.lower() in _ENGLISH_PLURALS:
        return _ENGLISH_PLURALS[word.lower()]
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return f"{word}es"
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}s"


def _spanish_plural(word: str) -> str:
    last = word[-1:].lower()
    if last in "aeiouéáó":
        return f"{word}s"
    if last == "z":
        return f"{word[:-1]}ces"
    if last in "íú":
        return f"{word}es"
    bare = _unaccented(word)
    if last == "s" and (bare == word or len(re.findall("[aeiou]", bare.lower())) > 1) and word[-2:] not in ("és", "ús"):
        return word
    # "habitación" loses the accent it no longer needs.
    if word[-2:-1] in "áéíóú" and last in "ns":
        return f"{word[:-2]}{bare[-2:]}es"
    return f"{word}es"


def agreed(word: str, language: str) -> tuple[str, str, str, str]:
    """The forms of a word beside each of FORMS. Written as "sale|salen" (singular, plural) or with all four forms
    ("bueno|buenos|buena|buenas") they are taken as they stand; else the word is inflected."""
    if "|" in word:
        given = word.split("|")
        return (given[0], given[1], given[0], given[1]) if len(given) == 2 else (given[0], given[1], given[2], given[3])
    lower = word.lower()
    if language != "es":
        known = _ENGLISH.get(lower, f"{word} {word}").split(" ")
        forms = (known[0], known[1], known[0], known[1])
    elif lower in _SPANISH:
        one, two, three, four = (form.replace("_", " ") for form in _SPANISH[lower].split())
        forms = (one, two, three, four)
    else:
        forms = _spanish_adjective(lower)
    return forms if word[:1].islower() or not word[:1].isalpha() else _capitals(forms)


def _capitals(forms: Sequence[str]) -> tuple[str, str, str, str]:
    one, two, three, four = (form[:1].upper() + form[1:] for form in forms)
    return one, two, three, four


def _spanish_adjective(word: str) -> tuple[str, str, str, str]:
    head, *rest = word.split(" ")
    tail = "".join(f" {each}" for each in rest)
    feminine = head
    if head.endswith("o"):
        feminine = f"{head[:-1]}a"
    elif (head.endswith("or") and head not in _NO_FEMININE) or head.endswith(("ón", "án", "ín", "és")):
        feminine = f"{_unaccented(head)}a" if head[-2:-1] in "óáíé" else f"{head}a"
    forms = (head, _spanish_plural(head), feminine, _spanish_plural(feminine))
    if head.endswith("és"):
        forms = (head, f"{head[:-2]}eses", feminine, f"{feminine}s")
    one, two, three, four = (form + tail for form in forms)
    return one, two, three, four


def forms_beside(word: str, nouns: Sequence[Word], language: str) -> tuple[list[str], list[int]]:
    """What a word is beside each noun: the different forms, and the place of each noun's among them."""
    forms = agreed(word, language)
    places: dict[str, int] = {}
    found = []
    for noun in nouns:
        form = forms[noun.form]
        first = _unaccented(noun.text.lower().split()[0]) if noun.text.split() else ""
        if noun.form == 2 and first in _BARE and form.lower() in ("la", "una", "a la", "de la"):
            form = forms[0]
        found.append(places.setdefault(form, len(places)))
    return list(places), found


def _unaccented(text: str) -> str:
    """Without the accents of vowels; ñ and ü stay."""
    apart = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", apart.replace("\u0301", ""))


_BARE = frozenset(map(_unaccented, _STRESSED))
