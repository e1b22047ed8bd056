"""Other everyday words of the same meaning, English and Spanish: light paraphrase where texts are too much alike."""

from __future__ import annotations

import re

import numpy as np

# Phrases that stand for each other wherever they occur whole.
_BOTH_WAYS = {
    "en": (
        ("hi", "hello"), ("maybe", "perhaps"), ("often", "frequently"), ("almost", "nearly"), ("until", "till"),
        ("for example", "for instance"), ("right now", "at the moment"), ("a lot of", "lots of"),
        ("anyone", "anybody"), ("everyone", "everybody"), ("someone", "somebody"), ("no one", "nobody"),
        ("thank you very much", "thanks very much"), ("thank you so much", "thanks so much"),
        ("I want to", "I would like to"), ("I need to", "I have to"), ("kids", "children"),
        ("as soon as possible", "as quickly as possible"), ("TV", "television"),
    ),
    "es": (
        ("quizás", "tal vez"), ("quisiera", "me gustaría"), ("de nuevo", "otra vez"), ("a menudo", "con frecuencia"),
        ("ahora mismo", "en este momento"), ("por lo tanto", "por eso"), ("ya que", "puesto que"),
        ("debido a", "a causa de"), ("enseguida", "de inmediato"), ("creo que", "pienso que"),
        ("empezar a", "comenzar a"), ("casi", "prácticamente"), ("por ejemplo", "pongamos por caso"),
        ("el coche", "el auto"), ("el ordenador", "la computadora"), ("el móvil", "el celular"),
        ("dime", "cuéntame"), ("al menos", "por lo menos"), ("así que", "de modo que"),
    ),
}  # fmt: skip
# The second can stand for the first, the first not everywhere for the second ("happy birthday").
_ONE_WAY = {
    "en": (
        ("glad", "happy"), ("begin", "start"), ("movie", "film"), ("buy", "purchase"), ("in order to", "to"),
        ("all of the", "all the"), ("can you please", "could you please"), ("I've been", "I have been"),
    ),
    "es": (
        ("tengo que", "debo"), ("hay que", "es necesario"), ("bonito", "lindo"), ("bonita", "linda"),
        ("contento", "feliz"), ("contenta", "feliz"), ("solamente", "solo"), ("quizá", "tal vez"),
        ("puedes", "podrías"), ("muy bien", "realmente bien"), ("sin embargo", "no obstante"),
    ),
}  # fmt: skip
# Short forms, where a word follows ("that is what it is" keeps its end); "don't you" has no long form.
_SHORT = (
    ("do not", "don't"), ("does not", "doesn't"), ("did not", "didn't"), ("is not", "isn't"), ("are not", "aren't"),
    ("was not", "wasn't"), ("will not", "won't"), ("cannot", "can't"), ("could not", "couldn't"),
    ("would not", "wouldn't"), ("should not", "shouldn't"), ("it is", "it's"), ("that is", "that's"), ("I am", "I'm"),
    ("I will", "I'll"), ("we will", "we'll"), ("you are", "you're"), ("we are", "we're"), ("they are", "they're"),
    ("I'm", "I am"), ("I'll", "I will"), ("we'll", "we will"), ("you're", "you are"), ("we're", "we are"),
    ("they're", "they are"),
)  # fmt: skip


def _table(language: str) -> dict[str, str]:
    both = {one.lower(): other for one, other in _BOTH_WAYS[language]}
    back = {other.lower(): one for one, other in _BOTH_WAYS[language]}
    short = {one.lower(): other for one, other in _SHORT} if language == "en" else {}
    return {**both, **back, **short, **{one.lower(): other for one, other in _ONE_WAY[language]}}


def _finder(language: str) -> re.Pattern[str]:
    short = {one.lower() for one, _ in _SHORT} if language == "en" else set()
    phrases = sorted(_TABLES[language], key=len, reverse=True)
    parts = [rf"{re.escape(each)}(?= \w)" if each in short else re.escape(each) for each in phrases]
    return re.compile(rf"(?<![\w'’])(?:{'|'.join(parts)})(?![\w'’])", re.I)


_TABLES = {language: _table(language) for language in ("en", "es")}
_FINDERS = {language: _finder(language) for language in ("en", "es")}


def varied(text: str, language: str, rng: np.random.Generator) -> str:
    """The text with about half of the phrases that have another form in it, at least one where there is any.

    language: "en" or "es". The first letter keeps its case.
    """
    table, finder = _TABLES[language], _FINDERS[language]
    places = [found.span() for found in finder.finditer(text)]
    if not places:
        return text
    chosen = rng.random(len(places)) < 0.5
    chosen[int(rng.integers(len(places)))] = True
    parts: list[str] = []
    last = 0
    for (start, end), taken in zip(places, chosen.tolist(), strict=True):
        phrase = text[start:end]
        other = table[phrase.lower()] if taken else phrase
        if taken and phrase[:1].isupper():
            other = other[:1].upper() + other[1:]
        elif taken and not other.startswith(("I ", "I'")):
            other = other[:1].lower() + other[1:]
        parts += [text[last:start], other]
        last = end
    return "".join([*parts, text[last:]])


_SIGNS = {
    "es": re.compile(r"[¿¡ñáéíóú]|\b(?:el|la|los|las|de|que|y|en|un|una|es|por|con|para|no|se|mi|me)\b", re.I),
    "en": re.compile(r"\b(?:the|of|and|to|a|in|is|you|i|it|for|on|my|me|this|that|with|are|be|not)\b", re.I),
}


def language_of(text: str) -> str:
    """ "es" or "en", whichever has more of its signs and little words in the text."""
    return "es" if len(_SIGNS["es"].findall(text)) > len(_SIGNS["en"].findall(text)) else "en"
