"""Other everyday words of the same meaning, English and Spanish: light paraphrase where texts are too much alike."""

from __future__ import annotations

import re

import numpy as np

# Phrases that stand for each other where they occur whole. Only what changes no fact, side or name.
_ENGLISH = (
    ("hi", "hello"), ("thanks", "thank you"), ("do not", "don't"), ("does not", "doesn't"), ("did not", "didn't"),
    ("is not", "isn't"), ("are not", "aren't"), ("was not", "wasn't"), ("will not", "won't"), ("cannot", "can't"),
    ("could not", "couldn't"), ("would not", "wouldn't"), ("should not", "shouldn't"), ("have not", "haven't"),
    ("I am", "I'm"), ("I will", "I'll"), ("I have", "I've"), ("I would", "I'd"), ("it is", "it's"),
    ("that is", "that's"), ("what is", "what's"), ("where is", "where's"), ("how is", "how's"), ("who is", "who's"),
    ("you are", "you're"), ("we are", "we're"), ("they are", "they're"), ("we will", "we'll"),
    ("can you", "could you"), ("can I", "may I"), ("I want to", "I would like to"), ("I need to", "I have to"),
    ("a lot of", "lots of"), ("really", "truly"), ("maybe", "perhaps"), ("however", "but"), ("also", "too"),
    ("buy", "purchase"), ("begin", "start"), ("big", "large"), ("quick", "fast"), ("glad", "happy"),
    ("often", "frequently"), ("show me", "let me see"), ("tell me", "let me know"), ("right now", "at the moment"),
)  # fmt: skip
_SPANISH = (
    ("hola", "buenas"), ("gracias", "muchas gracias"), ("quiero", "me gustaría"), ("necesito", "me hace falta"),
    ("puedes", "podrías"), ("puede", "podría"), ("tengo que", "debo"), ("quizás", "tal vez"), ("también", "además"),
    ("muy", "realmente"), ("comprar", "adquirir"), ("empezar", "comenzar"), ("terminar", "acabar"),
    ("enseñar", "mostrar"), ("bonito", "lindo"), ("bonita", "linda"), ("rápido", "veloz"), ("contento", "feliz"),
    ("contenta", "feliz"), ("a menudo", "con frecuencia"), ("ahora mismo", "en este momento"), ("dime", "cuéntame"),
    ("hay que", "es necesario"), ("por lo tanto", "así que"), ("sin embargo", "pero"), ("casi", "prácticamente"),
    ("el coche", "el auto"), ("el ordenador", "la computadora"), ("el móvil", "el celular"),
)  # fmt: skip
# Some go one way only: the other would not be the same everywhere ("but" for "however").
_ONE_WAY = frozenset(
    ["however", "also", "muy", "gracias", "contento", "contenta", "sin embargo", "hay que", "I need to", "puede",
     "I would", "también"]
)  # fmt: skip


def _table(pairs: tuple[tuple[str, str], ...]) -> dict[str, str]:
    both = {one.lower(): other for one, other in pairs}
    return both | {other.lower(): one for one, other in pairs if one not in _ONE_WAY and other.lower() not in both}


_TABLES = {"en": _table(_ENGLISH), "es": _table(_SPANISH)}
_FINDERS = {
    language: re.compile(
        rf"(?<![\w'’])(?:{'|'.join(re.escape(each) for each in sorted(table, key=len, reverse=True))})(?![\w'’])", re.I
    )
    for language, table in _TABLES.items()
}


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
