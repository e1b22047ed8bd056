"""Wording that carries no meaning: white space, quotes, dashes, capitals."""

from __future__ import annotations

import re

from trasunto.language.corpus import clean

_PLAIN = str.maketrans(
    {
        **dict.fromkeys("“”„‟«»″", '"'),
        **dict.fromkeys("‘’‚‛´′", "'"),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        "…": "...",
        "\u00a0": " ",
    }
)
_I = re.compile(r"\bi\b(?!\.\w)")
# Letters a text must have, and the share of them in capitals, to be called shouted.
SHOUTED, SHARE = 8, 0.7


def cleaned(text: str) -> str:
    """`corpus.clean` line by line: line breaks stay, more than one empty line becomes one."""
    lines = [clean(line) for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def plain_marks(text: str) -> str:
    """Straight quotes, hyphens for dashes, three points for an ellipsis."""
    return text.translate(_PLAIN)


def cased(text: str, rule: str, *, english: bool) -> str:
    """The text in the capitals of a rule: "lower", "sentence", "calm" (sentence where shouted) or "keep".

    english: "I" stays a capital.
    """
    if rule == "keep" or (rule == "calm" and not is_shouted(text)):
        return text
    low = text.lower()
    if rule == "lower":
        return low
    if english:
        low = _I.sub("I", low)
    return _begun(low)


def _begun(text: str) -> str:
    """The first letter of each sentence and line as a capital."""
    letters = list(text)
    begins, ended = True, False
    for place, letter in enumerate(letters):
        if letter == "\n" or (ended and letter.isspace()):
            begins = True
        elif begins and letter.isalnum():
            letters[place] = letter.upper()
            begins = False
        ended = letter in ".!?…"
    return "".join(letters)


def is_shouted(text: str) -> bool:
    """Two words or more, almost all in capitals."""
    letters = [letter for letter in text if letter.isalpha()]
    return (
        len(letters) >= SHOUTED
        and len(text.split()) > 1
        and sum(letter.isupper() for letter in letters) >= SHARE * len(letters)
    )
