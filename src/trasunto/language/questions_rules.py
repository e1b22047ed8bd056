"""Questions by rules: what defines a thing, what stands under a heading, what is missing from a sentence."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np

from trasunto.language.chunks import sentences_of
from trasunto.language.questions_words import RULES

# A thing that a sentence defines: its name at the beginning, then "is a", "are the", "es un", "son los" ...
_DEFINES = {
    "en": re.compile(r"^((?:(?:The|An?) )?[A-Z][\w'-]*(?: [\w'-]+){0,4}?) (is|are|was|were) (?:an?|the|one of) "),
    "es": re.compile(r"^((?:(?:El|La|Los|Las|Un|Una) )?[A-ZÁÉÍÓÚÑ][\w-]*(?: [\w-]+){0,4}?) (es|son|era|fue) "
                     r"(?:una?|el|la|los|las|unos|unas) "),
}  # fmt: skip
_NAMELESS = """it he she they this that these those there we you i its here what who which one él ella ellos ellas esto
eso este esta ese esa aquí lo nosotros yo tú usted qué quién"""
_PRONOUNS = frozenset(_NAMELESS.split())
_ARTICLE = re.compile(r"^(The|An?|El|La|Los|Las|Una?) ")
_HEADING = re.compile(r"^(?:#{1,6} +(.+?)#*|([^\W\d_][^.!?:;\n]{2,70}))$")
# What may be taken out of a sentence: numbers, and names that do not begin it.
_NUMBER = r"(?<![\w.,])\d[\d.,]*\d|(?<![\w.,])\d(?![\w.,]\d)"
_NAME = r"[A-ZÁÉÍÓÚÑ][\w'-]+"
_GAP = re.compile(rf"{_NUMBER}|(?<=[a-záéíóúñ,] ){_NAME}(?: {_NAME})*")
SHORTEST, LONGEST = 40, 240


def by_rules(text: str, language: str, most: int, rng: np.random.Generator) -> list[tuple[str, str, str]]:
    """At most `most` (rule, question, answer) of a text: definitions and headings first, then gaps."""
    words = RULES[language]
    found = _defined(text, language) + _headed(text)
    made = [(rule, words[rule].format(what=what, verb=verb), answer) for rule, what, verb, answer in found][:most]
    gaps = [each for each in _gapped(text) if not any(answer == each[2] for _, _, answer in made)]
    for place in rng.permutation(len(gaps))[: most - len(made)]:
        what, answer, _ = gaps[place]
        made.append(("cloze", words["cloze"].format(what=what), answer))
    return made


def _defined(text: str, language: str) -> list[tuple[str, str, str, str]]:
    found = []
    for sentence in map(_flat, sentences_of(text)):
        match = _DEFINES[language].match(sentence)
        if match is None or len(sentence) > LONGEST or match[1].split()[0].lower() in _PRONOUNS:
            continue
        name = _ARTICLE.sub(lambda article: article[0].lower(), match[1])
        found.append(("definition", name, match[2], sentence))
    return found


def _headed(text: str) -> list[tuple[str, str, str, str]]:
    """A heading and the first two sentences of the paragraph under it."""
    blocks = [block.strip() for block in re.split(r"\n\s*\n|\n(?=#)|(?<=\w)\n(?=[A-ZÁÉÍÓÚÑ¿¡])", text) if block.strip()]
    found = []
    for heading, body in pairwise(blocks):
        match = _HEADING.match(heading)
        if match is None or _HEADING.match(body) or len(body) < SHORTEST:
            continue
        answer = " ".join(map(_flat, sentences_of(body)[:2]))
        if len(answer) <= 2 * LONGEST:
            found.append(("heading", (match[1] or match[2]).strip(), "", answer))
    return found


def _gapped(text: str) -> list[tuple[str, str, str]]:
    """(sentence with a gap, what fills it, sentence)."""
    found = []
    for sentence in map(_flat, sentences_of(text)):
        if not SHORTEST <= len(sentence) <= LONGEST or sentence.startswith("#") or sentence[-1] not in ".!?":
            continue
        for match in _GAP.finditer(sentence):
            if sentence.count(match[0]) == 1:
                found.append((f"{sentence[: match.start()]}____{sentence[match.end() :]}", match[0], sentence))
    return found


def _flat(text: str) -> str:
    return " ".join(text.split())
